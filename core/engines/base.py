"""What a maker of counts does; nothing above this layer knows which one answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

import polars as pl

from core.clock import EVER, Days
from core.engines.crossing import Contingency, Nearby
from core.engines.spread import Spread
from core.engines.tallies import Deeds, Delays, Done, Occurred, TagSum
from core.rules.conditions import SequenceCondition
from core.rules.tree import Rule
from core.schema import Catalogue, TagType


@dataclass(frozen=True)
class NodeCounts:
    """The four numbers of a node, in users (DESIGN section 6).

    Attributes
    ----------
    own : int
        Users for whom the node holds by itself, its `not` applied.
    running : int or None
        The parent's unmuted children up to and including this one, combined by the parent's match; None
        under `at_least`, and for muted children before the first unmuted one. A root's is its `own`.
    without : int
        What would match if the node were muted (for a muted node: what matches).
    missing : int
        Users who lack a value that the condition needs.
    """

    own: int
    running: int | None
    without: int
    missing: int


@dataclass(frozen=True)
class WaterfallBar:
    """One bar of the way from the base to the answer.

    Attributes
    ----------
    kind : {"base", "node", "exclude", "take", "fixed", "added", "removed"}
        ``node`` = after one unmuted child of the include root, or after the root itself where its children
        do not lead there step by step (under `at_least`, and where the root is negated). The last three are
        never an engine's: they are what a saved audience does with a rule's people.
    node : str or None
        Id of that child or root, or of the exclude root.
    count : int
        Users that remain.
    """

    kind: Literal["base", "node", "exclude", "take", "fixed", "added", "removed"]
    node: str | None
    count: int


@dataclass(frozen=True)
class Answer:
    """All numbers of one rule at one `as_of`, from one pass.

    Attributes
    ----------
    count, matched, base : int
        After take; before take; everyone who exists at `as_of`.
    nodes : mapping of str to NodeCounts
        By node id, include and exclude trees.
    waterfall : tuple of WaterfallBar
        From the base over the include root's children and the exclude to the take.
    """

    count: int
    matched: int
    base: int
    as_of: date
    nodes: Mapping[str, NodeCounts]
    waterfall: tuple[WaterfallBar, ...]


@dataclass(frozen=True)
class Bar:
    """One bar of a breakdown.

    Attributes
    ----------
    value : str, bool or None
        The tag's value; None for a histogram's bin.
    low, high : float, datetime.date or None
        The bin's ends, low in and high out (the last bin holds both); None for a value.
    matched, base : int
        Users of the answer, and of the base, in this bar.
    """

    value: str | bool | None
    low: float | date | None
    high: float | date | None
    matched: int
    base: int


@dataclass(frozen=True)
class Breakdown:
    """How one tag is distributed among the people of an answer and in the base.

    ``bars`` are the most frequent values (by base, descending; ties by value) or the bins in order; ``other``
    is the rest of the values as (matched, base), ``missing`` those without a value. For a multi tag one user
    stands in several bars; for all other types bars, other and missing add up to the count.
    """

    tag: str
    type: TagType
    bars: tuple[Bar, ...]
    other: tuple[int, int]
    missing: tuple[int, int]


@dataclass(frozen=True)
class NearMisses:
    """Who is kept out by exactly one node.

    A node *mends* a person who does not match if the person would match were the node muted; the include
    root, which mends everybody, is not asked. A person is the near miss of a node that mends them, below
    which no node does, if no other node outside of it and not around it mends them as well.

    Attributes
    ----------
    by_node : mapping of str to int
        Near misses of every node that counts, but for the include root.
    several : int
        People whom several such nodes mend, each by itself: near misses of none.
    """

    by_node: Mapping[str, int]
    several: int


@dataclass(frozen=True)
class Verdict:
    """What a rule says of one user.

    Attributes
    ----------
    user_no : int
        The user's number.
    is_in_base : bool
        Whether the user exists at `as_of`; who does not is in no answer, whatever the nodes say.
    nodes : mapping of str to bool
        For every node whether it holds by itself, its `not` applied.
    is_included, is_excluded : bool
        Whether the include tree lets the user in, and the exclude tree (if it counts) throws them out.
    is_taken : bool
        Whether the user is in the answer, after take.
    """

    user_no: int
    is_in_base: bool
    nodes: Mapping[str, bool]
    is_included: bool
    is_excluded: bool
    is_taken: bool


class Engine(Protocol):
    """Answers rules over one data version. Rules handed in have passed `check`; the engine is thread-safe."""

    catalogue: Catalogue

    def base_count(self, as_of: date) -> int:
        """Return how many users exist at `as_of`."""
        ...

    def count(self, rule: Rule, as_of: date) -> Answer:
        """Return all numbers of a rule."""
        ...

    def near_misses(self, rule: Rule, as_of: date) -> NearMisses:
        """Return how many people are kept out by exactly one node, by node."""
        ...

    def spread(self, rule: Rule, node: str, as_of: date) -> Spread:
        """Return the values that a tag or event condition compares, among those for whom it alone decides.

        The condition counts (it is not muted), and what it compares is a number or a date.
        """
        ...

    def done(self, user_nos: pl.Series, event: str, prop: str | None, first: date, last: date) -> Done:
        """Return what some users did of an event between two days, both in."""
        ...

    def sizes(self, rules: Sequence[Rule], as_of: date) -> list[int]:
        """Return how many users are in each answer, after take: `count` without the numbers of the nodes."""
        ...

    def totals(self, rules: Sequence[Rule], deeds: Deeds, span: Days, as_of: date) -> list[Done]:
        """Return what the people in each answer did in some days, none of them after `as_of`."""
        ...

    def course(self, rule: Rule, deeds: Deeds, spans: Sequence[Days], as_of: date) -> list[Done]:
        """Return what the people in an answer did in each of several stretches of days.

        The stretches have both ends, ascend and do not overlap; none reaches past `as_of`.
        """
        ...

    def users_in_each(
        self, rule: Rule, events: Sequence[str], spans: Sequence[Days], as_of: date
    ) -> list[int]:
        """Return how many of the people in an answer did one of some events in each of several stretches.

        Of each stretch it is the count of the rule for those of the people who did one of the events in it.
        """
        ...

    def delays(
        self, rule: Rule, first: Sequence[str], then: Sequence[str], as_of: date, shares: Sequence[float],
        *, span: Days = EVER, in_sessions: Sequence[SequenceCondition] = (),
    ) -> Delays:  # fmt: skip
        """Return how soon the people in an answer did one of some events after first doing one of others.

        All of what they did lies in `span`, and none of it after `as_of`. With `in_sessions` the first and
        the next are asked for in each session by itself in which one of these holds (as for `sessions`).
        """
        ...

    def sessions(self, rule: Rule, any_of: Sequence[SequenceCondition], as_of: date) -> int:
        """Return in how many sessions of the people in an answer one of some sequences holds.

        Each of them lies within one session, all within sessions of the same length of pauses, and none asks
        for the same value of a property.
        """
        ...

    def occurred(self, rule: Rule, event: str, prop: str, span: Days, as_of: date) -> list[Occurred]:
        """Return, for each value of a property, how the people in an answer did an event in some days.

        Text, enum and multi only; an occurrence with several values counts for each, one without for none.
        Most users first, then by value; values that nobody had are not there.
        """
        ...

    def deeds(
        self, rule: Rule, deeds: Deeds, properties: Sequence[str], span: Days, as_of: date
    ) -> pl.DataFrame:
        """Return what the people in an answer did in some days, none of them after `as_of`.

        One row per occurrence, by user and time: ``user_no`` (UInt32), ``at`` (Datetime[μs, UTC]) and
        ``prop:<key>`` for each of the properties, null where the occurrence has no value.
        """
        ...

    def tag_sums(self, rules: Sequence[Rule], tag: str, as_of: date) -> list[TagSum]:
        """Return the exact sum of a number tag over the people in each answer."""
        ...

    def seeing(self, catalogue: Catalogue) -> Engine:
        """Return an engine over the same data, sharing what is remembered, with other tags made of it.

        The catalogue is that of the data version, with computed tags added or changed and tags given what
        operators have decided of them (how long values hold, that they stand still).
        """
        ...

    def aside(self) -> Engine:
        """Return an engine over the same data that remembers for itself, and less.

        For questions about many other days, which would push out what the present one's need.
        """
        ...

    def verdict(self, rule: Rule, user_id: str, as_of: date) -> Verdict | None:
        """Return what a rule says of one user; None when the data version has no such user."""
        ...

    def occurrences(self, event: str, user_no: int, as_of: date) -> pl.DataFrame:
        """Return what one user did up to the end of `as_of`, oldest first: ``at``, a column a property."""
        ...

    def members(self, rule: Rule, as_of: date) -> pl.Series:
        """Return the ``user_no`` (UInt32, ascending) of everyone in the answer, after take."""
        ...

    def frame(
        self, user_nos: pl.Series, tags: Sequence[str], as_of: date, *, limit: int | None = None
    ) -> pl.DataFrame:
        """Return one row per user, sorted by ``user_id``: ``user_id`` and the tags' values under their keys.

        Computed tags have their value at `as_of`; multi tags are lists; `limit` keeps the first rows.
        """
        ...

    def breakdown(self, rule: Rule, tag: str, as_of: date, *, top: int = 12, bins: int = 20) -> Breakdown:
        """Return a tag's distribution among the answer's people against the base."""
        ...

    def values(
        self, tag: str, as_of: date, *, event: str | None = None, search: str = "", limit: int = 200
    ) -> list[tuple[str, int]]:
        """Return values with their number of users (tag) or occurrences (property of `event`).

        Text, enum and multi only; most frequent first, then by value; `search` keeps values that contain it,
        ASCII case ignored. Tags count users of the base at `as_of`.
        """
        ...

    def known_values(
        self, tag: str, wanted: Sequence[str], as_of: date, *, event: str | None = None
    ) -> set[str]:
        """Return which of the wanted values occur at all (for pasted lists); a computed tag's at `as_of`."""
        ...

    def coverage(self, tag: str, as_of: date) -> int:
        """Return how many users of the base have a value of the tag."""
        ...

    def distinct(self, tag: str, as_of: date) -> int:
        """Return how many different values of the tag users of the base have; of a multi tag, in all sets."""
        ...

    def ordered_values(self, tag: str, as_of: date, among: Rule | None = None) -> Spread:
        """Return every value of a number or date tag that people have, in order, with how many have it.

        The people are those in an answer, after take; None = the base.
        """
        ...

    def regions(self, rules: Sequence[Rule], as_of: date) -> Mapping[int, int]:
        """Return how many users are in exactly which of one to five answers.

        For every set of answers that is not empty, as a number with bit i set for the rule at place i: the
        users who are in these answers, after take, and in no other.
        """
        ...

    def nearby(self, rules: Sequence[Rule], as_of: date, *, jaccard: float) -> Nearby:
        """Return the sizes of many answers, and the pairs with at least so large a Jaccard index.

        The index is users in both as a share of those in either; answers without anybody are near to none.
        """
        ...

    def in_random_order(self, rule: Rule, seed: str, as_of: date) -> pl.Series:
        """Return the ``user_no`` (UInt32) of everyone in the answer, by their hash under a seed, ascending.

        The hash is that of `take` and `bucket`, so the same people always stand in the same order.
        """
        ...

    def contingency(self, tag: str, other: str, as_of: date) -> Contingency:
        """Return how often the values of two tags meet in one user of the base.

        Numbers and dates are in at most 10 bins of about equal size; up to 200 values each is a class of its
        own, of more the 50 most frequent are, and the rest is one. The set of a multi tag is one value.
        """
        ...

    def moves(self, tag: str, other: str, as_of: date) -> Contingency:
        """Return, of the users of the base for whom two tags differ, how often the values of both meet.

        Classes as in `contingency`. Two tags differ in a user who has another value of the one than of the
        other, or a value of one alone; where one holds text and the other numbers, say, in everybody who has
        a value of either.
        """
        ...
