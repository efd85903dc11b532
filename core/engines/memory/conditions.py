"""From a condition to the mask of users for whom it holds.

What an op means is asked of the op table: once per dictionary, once per shard of numbers, or once per user
who did something. Everything computed on the way is remembered under the segments it came from and literal
arguments, so editing one condition recomputes that one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from core.engines.memory import buckets, comparing, habits, makings, ranking, sequences, tag_conditions
from core.engines.memory.bits import CountedMask, Words, count, everybody, scatter
from core.engines.memory.cache import Cache
from core.engines.memory.columns import Column
from core.engines.memory.held import HeldVersion
from core.engines.memory.measures import Measures, Needed, asks_whether
from core.engines.memory.sequences import FoundSessions
from core.engines.memory.sessions import Sessions, sessions
from core.engines.memory.sources import Sources
from core.engines.memory.tiles import Tiles
from core.engines.memory.timelines import windows_of
from core.rules.canonical import condition_key
from core.rules.conditions import SequenceCondition
from core.rules.dispatch import meaning_of
from core.rules.literal import literal, literal_session, literal_tag
from core.rules.literal_conditions import (
    LiteralAudience,
    LiteralBucket,
    LiteralCompare,
    LiteralCondition,
    LiteralDid,
    LiteralEventCondition,
    LiteralKept,
    LiteralRank,
    LiteralRegular,
    LiteralSequence,
    LiteralTagCondition,
    events_in,
)
from core.rules.tree import Condition, Rule
from core.schema import Catalogue


class Kind(NamedTuple):
    """How the people of one kind of condition are found.

    Attributes
    ----------
    holds : callable (literal condition, sources, as_of) -> mask
        For whom it holds, before its `not`; users who are not in the base may be among them.
    needed : callable (literal condition, sources) -> Needed or None
        What a user must have for it; None = nothing that could be missing.
    """

    holds: Callable[[Any, Sources, date], Words]
    needed: Callable[[Any, Sources], Needed | None]


@dataclass(frozen=True)
class _Number:
    """A remembered number."""

    value: int
    nbytes: int = 8


class _Known(NamedTuple):
    """A condition (kept, so that its id stays its own), made literal, and what names it."""

    condition: Condition
    asked: LiteralCondition
    name: tuple[Hashable, ...]


@dataclass(frozen=True)
class Asked:
    """What is known of one condition, before its `not`.

    Attributes
    ----------
    holds : CountedMask
        The users of the base for whom it holds.
    missing : int
        Users of the base who lack a value for it.
    """

    holds: CountedMask
    missing: int


class Conditions:
    """Masks of conditions over one data version.

    Parameters
    ----------
    held : HeldVersion
        The version's columns.
    cache : Cache
        Where masks and measures are remembered.
    tiles : Tiles
        How work on rows is divided.
    answer : callable (rule, as_of) -> mask
        Everyone in the answer to a whole rule, for conditions that name an audience.
    catalogue : Catalogue
        The tags that can be asked of: those of the version, and what operators have made of them.
    in_passing : bool
        Whether many days are asked about once each (see `Measures`).
    """

    def __init__(
        self,
        held: HeldVersion,
        cache: Cache,
        tiles: Tiles,
        answer: Callable[[Rule, date], Words],
        *,
        catalogue: Catalogue,
        in_passing: bool = False,
    ) -> None:
        self._held = held
        self._cache = cache
        self._catalogue = catalogue
        self._measures = Measures(
            held, cache, tiles, lambda tag: makings.made(tag, self._sources), in_passing=in_passing
        )
        self._sources = Sources(held, cache, tiles, self._measures, answer)
        self._ahead = threading.local()

    @property
    def measures(self) -> Measures:
        """What users did, measured."""
        return self._measures

    def base(self, as_of: date) -> Words:
        """Return the users who exist at the end of the day."""
        return self._sources.base(as_of)

    def base_count(self, as_of: date) -> int:
        """Return how many users exist at the end of the day."""
        key = ("base count", self._held.segments, as_of)
        return self._cache.get(key, lambda: _Number(count(self.base(as_of)))).value

    def existed(self, as_of: date) -> CountedMask:
        """Return the users who exist at the end of the day, and how many they are."""
        return CountedMask(self.base(as_of), self.base_count(as_of))

    def asked(self, condition: Condition, as_of: date) -> Asked:
        """Return for whom of the base a condition holds, before its `not`, and who lacks a value for it."""
        asked = literal(condition, self._catalogue, as_of)
        needed = meaning_of(_KINDS, asked).needed(asked, self._sources)
        missing = 0 if needed is None else self._missing(needed, as_of)
        return Asked(self._in_base(asked, as_of), missing)

    def in_base(self, condition: Condition, as_of: date) -> CountedMask:
        """Return for whom of the base a condition holds, before its `not`."""
        known: dict[tuple[int, date], _Known] = getattr(self._ahead, "known", {})
        found = known.get((id(condition), as_of))
        if found is not None:
            return self._in_base(found.asked, as_of, found.name)
        return self._in_base(literal(condition, self._catalogue, as_of), as_of)

    @contextmanager
    def looking_ahead(self, asked: Iterable[tuple[Condition, date]]) -> Iterator[None]:
        """Look at the occurrences once for all windows of conditions, each with its day, that are new.

        What the conditions mean is found once as well: within, the asking thread takes it from there.
        """
        known: dict[tuple[int, date], _Known] = {}
        new: dict[Hashable, LiteralCondition] = {}
        for condition, as_of in asked:
            found = literal(condition, self._catalogue, as_of)
            name = self._name(found)
            known[id(condition), as_of] = _Known(condition, found, name)
            if self._key_in_base(name, as_of) not in self._cache and ("holds", name) not in self._cache:
                new[name] = found
        windows = [
            window
            for found in new.values()
            for window in windows_of(found, lambda event: asks_whether(event) is not None)
        ]
        self._ahead.known = known
        try:
            with self._measures.looking_ahead(windows):
                yield
        finally:
            self._ahead.known = {}

    def sessions(self, minutes: int) -> Sessions:
        """Return in which session every occurrence lies, where no pause is longer than so many minutes."""
        return sessions(literal_session(minutes, self._catalogue), self._sources)

    def sessions_with(self, any_of: Sequence[SequenceCondition], as_of: date) -> FoundSessions:
        """Return the sessions in which one of some sequences holds, of everybody; remembered."""
        asked = [literal(each, self._catalogue, as_of) for each in any_of]
        key = ("sessions with", *sorted(self._name(each) for each in asked))
        of_sequences = [each for each in asked if isinstance(each, LiteralSequence)]
        return self._cache.get(key, lambda: sequences.sessions_with(of_sequences, self._sources))

    def anyone(self, condition: Condition, as_of: date) -> Words:
        """Return for whom a condition holds, before its `not`, in the base or not."""
        asked = literal(condition, self._catalogue, as_of)
        return self._holds_for(asked, as_of, self._name(asked))

    def _in_base(
        self, asked: LiteralCondition, as_of: date, name: tuple[Hashable, ...] | None = None
    ) -> CountedMask:
        name = name or self._name(asked)
        is_everyone = self.base_count(as_of) == self._held.user_count

        def make() -> CountedMask:
            if is_everyone:
                mask = self._holds(asked, as_of)
            else:
                mask = self._holds_for(asked, as_of, name) & self.base(as_of)
            return CountedMask(mask, count(mask))

        return self._cache.get(self._key_in_base(name, as_of), make)

    def _key_in_base(self, name: Hashable, as_of: date) -> Hashable:
        is_everyone = self.base_count(as_of) == self._held.user_count
        return "in base", name, None if is_everyone else as_of

    def _holds_for(self, asked: LiteralCondition, as_of: date, name: Hashable) -> Words:
        """Return for whom a condition of a name holds, in the base or not; remembered."""
        return self._cache.get(("holds", name), lambda: self._holds(asked, as_of))

    def _holds(self, asked: LiteralCondition, as_of: date) -> Words:
        return meaning_of(_KINDS, asked).holds(asked, self._sources, as_of)

    def _name(self, asked: LiteralCondition) -> tuple[Hashable, ...]:
        """Name what is asked of which data."""
        return (condition_key(asked), *self._segments(asked))

    def valid(self, tag: str, as_of: date) -> Words:
        """Return the users who have a value of a tag."""
        return self._measures.valid(literal_tag(tag, self._catalogue, as_of))

    def column(self, tag: str, as_of: date) -> Column:
        """Return a tag's values; a computed tag's at `as_of`."""
        return self._measures.values(literal_tag(tag, self._catalogue, as_of))

    def column_key(self, tag: str, as_of: date) -> Hashable:
        """Return what names a tag's values at `as_of`, for those who remember something made of them."""
        return self._measures.key_of(literal_tag(tag, self._catalogue, as_of))

    def _segments(self, asked: LiteralCondition) -> tuple[Hashable, ...]:
        """Name the data that a condition is asked of."""
        of_events = tuple(self._held.tables.segments_of(event) for event in events_in(asked))
        return (self._held.segments, *of_events)

    def _missing(self, needed: Needed, as_of: date) -> int:
        def make() -> _Number:
            return _Number(count(self.base(as_of) & ~needed.having()))

        return self._cache.get(("missing", needed.name, as_of), make).value


def _event_needed(asked: LiteralEventCondition, sources: Sources) -> Needed | None:
    return sources.measures.needed(asked.measured) if asked.op.needs_value else None


def _in_audience(asked: LiteralAudience, sources: Sources, as_of: date) -> Words:
    people = sources.answer(asked.rule, as_of)
    return people if asked.is_in else everybody(sources.held.user_count) & ~people


def _among_kept(asked: LiteralKept, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - whenever asked
    held = sources.held
    people = scatter(held.rows_of(asked.people.user_nos()), held.user_count)
    return people if asked.is_in else everybody(held.user_count) & ~people


def _nothing(asked: LiteralCondition, sources: Sources) -> None:  # noqa: ARG001 - nothing can be missing
    return None


_KINDS: Mapping[type[Any], Kind] = {
    LiteralTagCondition: Kind(tag_conditions.holds, tag_conditions.needed),
    LiteralEventCondition: Kind(
        lambda asked, sources, as_of: sources.measures.holds(asked, as_of), _event_needed
    ),
    LiteralDid: Kind(habits.did, _nothing),
    LiteralRegular: Kind(habits.regular, _nothing),
    LiteralSequence: Kind(sequences.holds, _nothing),
    LiteralCompare: Kind(comparing.holds, comparing.needed),
    LiteralBucket: Kind(buckets.holds, _nothing),
    LiteralRank: Kind(ranking.holds, ranking.needed),
    LiteralAudience: Kind(_in_audience, _nothing),
    LiteralKept: Kind(_among_kept, _nothing),
}
