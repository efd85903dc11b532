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
from core.engines.memory.cache import Cache, Number
from core.engines.memory.columns import Column
from core.engines.memory.held import HeldVersion
from core.engines.memory.measures import Measures, Needed, asks_whether
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


class _Reading(NamedTuple):
    """A condition (kept, so that its id stays its own), made literal, its key, and what names it."""

    condition: Condition
    asked: LiteralCondition
    key: str
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
        self._readings = threading.local()

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
        return self._cache.get(key, lambda: Number(count(self.base(as_of)))).value

    def existed(self, as_of: date) -> CountedMask:
        """Return the users who exist at the end of the day, and how many they are."""
        return CountedMask(self.base(as_of), self.base_count(as_of))

    def asked(self, condition: Condition, as_of: date) -> Asked:
        """Return for whom of the base a condition holds, before its `not`, and who lacks a value for it."""
        read = self._read(condition, as_of)
        needed = meaning_of(_KINDS, read.asked).needed(read.asked, self._sources)
        missing = 0 if needed is None else self._missing(needed, as_of)
        return Asked(self._in_base(read, as_of), missing)

    def in_base(self, condition: Condition, as_of: date) -> CountedMask:
        """Return for whom of the base a condition holds, before its `not`."""
        return self._in_base(self._read(condition, as_of), as_of)

    def key(self, condition: Condition, as_of: date) -> str:
        """Return the stable key of a condition on a day (`core.rules.canonical.condition_key`)."""
        return self._read(condition, as_of).key

    @contextmanager
    def reading_once(self) -> Iterator[None]:
        """Find once what each condition means, however often it is asked for by the asking thread within."""
        before = getattr(self._readings, "known", None)
        self._readings.known = {} if before is None else before
        try:
            yield
        finally:
            self._readings.known = before

    @contextmanager
    def looking_ahead(self, asked: Iterable[tuple[Condition, date]]) -> Iterator[None]:
        """Look at the occurrences once for all windows of conditions, each with its day, that are new."""
        new: dict[Hashable, LiteralCondition] = {}
        seen: set[tuple[int, date]] = set()
        for condition, as_of in asked:
            if (id(condition), as_of) in seen:
                continue
            seen.add((id(condition), as_of))
            read = self._read(condition, as_of)
            if self._key_in_base(read, as_of) not in self._cache and ("holds", read.name) not in self._cache:
                new[read.name] = read.asked
        windows = [
            window
            for found in new.values()
            for window in windows_of(found, lambda event: asks_whether(event) is not None)
        ]
        with self._measures.looking_ahead(windows):
            yield

    def sessions(self, minutes: int) -> Sessions:
        """Return in which session every occurrence lies, where no pause is longer than so many minutes."""
        return sessions(literal_session(minutes, self._catalogue), self._sources)

    def sessions_with(self, any_of: Sequence[SequenceCondition], as_of: date) -> Words:
        """Return the sessions in which one of some sequences holds, of everybody, as a mask; remembered."""
        read = [self._read(each, as_of) for each in any_of]
        key = ("sessions with", *sorted((each.name for each in read), key=repr))
        asked = [each.asked for each in read if isinstance(each.asked, LiteralSequence)]
        return self._cache.get(key, lambda: sequences.sessions_with(asked, self._sources))

    def anyone(self, condition: Condition, as_of: date) -> Words:
        """Return for whom a condition holds, before its `not`, in the base or not."""
        return self._holds_for(self._read(condition, as_of), as_of)

    def _read(self, condition: Condition, as_of: date) -> _Reading:
        """Return what a condition means on a day."""
        known: dict[tuple[int, date], _Reading] | None = getattr(self._readings, "known", None)
        if known is not None and (found := known.get((id(condition), as_of))) is not None:
            return found
        asked = literal(condition, self._catalogue, as_of)
        key = condition_key(asked)
        read = _Reading(condition, asked, key, (key, *self._segments(asked)))
        if known is not None:
            known[id(condition), as_of] = read
        return read

    def _in_base(self, read: _Reading, as_of: date) -> CountedMask:
        def make() -> CountedMask:
            if self._is_everyone(as_of):
                mask = self._holds(read.asked, as_of)
            else:
                mask = self._holds_for(read, as_of) & self.base(as_of)
            return CountedMask(mask, count(mask))

        return self._cache.get(self._key_in_base(read, as_of), make)

    def _key_in_base(self, read: _Reading, as_of: date) -> Hashable:
        return "in base", read.name, None if self._is_everyone(as_of) else as_of

    def _is_everyone(self, as_of: date) -> bool:
        return self.base_count(as_of) == self._held.user_count

    def _holds_for(self, read: _Reading, as_of: date) -> Words:
        """Return for whom a condition holds, in the base or not; remembered."""
        return self._cache.get(("holds", read.name), lambda: self._holds(read.asked, as_of))

    def _holds(self, asked: LiteralCondition, as_of: date) -> Words:
        return meaning_of(_KINDS, asked).holds(asked, self._sources, as_of)

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
        def make() -> Number:
            return Number(count(self.base(as_of) & ~needed.having()))

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
