"""The engine that counts in memory: packed masks over dictionary codes, everything edited only once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date
from functools import partial
from typing import TypeVar

import numpy as np
import polars as pl

from core.clock import Days
from core.engines.base import Answer, Breakdown, NearMisses, NodeCounts, Verdict
from core.engines.crossing import MOST_REGIONS_OF, Contingency, Nearby
from core.engines.memory import breakdowns, contingencies, people, regions, standing, tallies
from core.engines.memory.bits import CountedMask, Words, count, rows_in, scatter
from core.engines.memory.breakdowns import Counts, Histogram
from core.engines.memory.cache import Cache, Number, Sized
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn
from core.engines.memory.conditions import Asked, Conditions
from core.engines.memory.held import HeldVersion
from core.engines.memory.listing import Listing
from core.engines.memory.tiles import SHARD_ROWS, Tiles
from core.engines.memory.timing import Timing
from core.engines.memory.tree import Counted, Masks, Pass, answering
from core.engines.memory.waterfalls import waterfall
from core.engines.spread import Spread
from core.engines.tallies import Deeds, Done
from core.lake.tables import Tables
from core.rules.asked_on import days_of, has_days
from core.rules.canonical import rule_key
from core.rules.edit import muted, replaced
from core.rules.literal import literal, literal_where
from core.rules.literal_conditions import LiteralEventCondition, LiteralTagCondition
from core.rules.ops import op_of
from core.rules.tree import Condition, Group, Rule, TakeShare, nodes
from core.schema import USER_NO, Catalogue, TagType

V = TypeVar("V", bound=Sized)

CACHE_BYTES = 512 << 20
ASIDE_SHARE = 4
"""What an engine aside may remember, as a share of the limit: one in so many."""
FEW_VALUES = 10
"""Up to so many values, one mask for each is counted faster than their codes."""


class MemoryEngine(Listing, Timing):
    """Answers rules over one data version held in memory; implements `core.engines.base.Engine`.

    Columns are loaded when they are first asked for and stay; masks, measures and computed tags are
    remembered up to a limit. Safe to share between threads.

    Parameters
    ----------
    tables : Tables
        The data version.
    cache_bytes : int
        Bytes that remembered masks, measures and computed tags may take together.
    threads : int
        Threads that work on one question.
    shard_rows : int
        Most users per shard, and about how many occurrences of an event are worked on at a time; a multiple
        of 64.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        cache_bytes: int = CACHE_BYTES,
        threads: int = 2,
        shard_rows: int = SHARD_ROWS,
    ) -> None:
        self.catalogue = tables.catalogue
        self._held = HeldVersion(tables, shard_rows)
        self._cache = Cache(cache_bytes)
        self._tiles = Tiles(threads, shard_rows)
        self._conditions = self._conditions_of(self._cache)

    @property
    def nbytes(self) -> int:
        """Bytes held: loaded columns, and what is remembered."""
        return self._held.nbytes + self._cache.nbytes

    def forget(self) -> None:
        """Drop every remembered mask, measure and computed tag; loaded columns stay."""
        self._cache.clear()

    def base_count(self, as_of: date) -> int:
        """Return how many users exist at `as_of`."""
        return self._conditions.base_count(as_of)

    def count(self, rule: Rule, as_of: date) -> Answer:
        """Return all numbers of a rule (see `core.engines.base`)."""
        counted, missing = self._counted(rule, as_of)
        base = self.base_count(as_of)
        matched = counted.matching
        taken = matched if rule.take is None else count(self._taken(rule, counted.matched, as_of))
        numbers = {
            node.id: NodeCounts(
                own=counted.own[node.id],
                running=counted.running.get(node.id),
                without=counted.without[node.id],
                missing=missing.get(node.id, 0),
            )
            for node in nodes(rule)
        }
        bars = waterfall(rule, counted, base, matched, taken)
        return Answer(taken, matched, base, as_of, numbers, bars)

    def near_misses(self, rule: Rule, as_of: date) -> NearMisses:
        """Return how many people are kept out by exactly one node, by node."""
        return standing.near_misses(rule, self._masks(rule, as_of), self._tiles)

    def spread(self, rule: Rule, node: str, as_of: date) -> Spread:
        """Return the values that a condition compares, among those for whom it alone decides; remembered."""
        condition = next(found for found in nodes(rule) if found.id == node and not isinstance(found, Group))
        day = days_of(rule, as_of)[node].within
        asked = literal(condition, self.catalogue, day)

        def make() -> Spread:
            among = standing.decided(rule, node, self._masks(rule, as_of), self._tiles)
            if isinstance(asked, LiteralTagCondition):
                return standing.spread_of_column(self._conditions.column(asked.tag.spec.key, day), among)
            if not isinstance(asked, LiteralEventCondition):
                raise TypeError(f"{condition.kind} compares no value")
            per_user = self._conditions.measures.per_user(asked.measured)
            zero = asked.measured.measure.zero_when_none
            return standing.spread_of_measure(per_user, among, zero_when_none=zero)

        # What the condition compares with makes no difference: a threshold that is dragged asks once.
        # The rest is named by its place and, for what audiences stand for, by its meaning.
        bare = replaced(rule, node, condition.model_copy(update={"op": "", "value": None}))
        rest = rule_key(muted(rule, node), self.catalogue, as_of)
        of: Hashable = None
        if isinstance(asked, LiteralTagCondition):
            of = self._conditions.measures.key_of(asked.tag)
        elif isinstance(asked, LiteralEventCondition):
            of = self._conditions.measures.key(asked.measured)
        key = ("spread", self._held.segments, bare.model_dump_json(), of, rest, node, as_of)
        return self._cache.get(key, make)

    def done(self, user_nos: pl.Series, event: str, prop: str | None, first: date, last: date) -> Done:
        """Return what some users did of an event between two days, both in."""
        people = scatter(self._held.rows_of(user_nos), self._held.user_count)
        asked = self._deeds(Deeds(event, amount=prop), last)
        return tallies.totals([people], asked, Days(first, last), self._conditions.measures)[0]

    def sizes(self, rules: Sequence[Rule], as_of: date) -> list[int]:
        """Return how many users are in each answer, after take; of it the number alone is remembered."""
        found = self._together(rules, as_of, "size", lambda rule: Number(count(self._found(rule, as_of))))
        return [size.value for size in found]

    def totals(self, rules: Sequence[Rule], deeds: Deeds, span: Days, as_of: date) -> list[Done]:
        """Return what the people in each answer did in some days."""
        groups, asked = self._answers(rules, as_of), self._deeds(deeds, as_of)
        return tallies.totals(groups, asked, span.clipped(as_of), self._conditions.measures)

    def course(self, rule: Rule, deeds: Deeds, spans: Sequence[Days], as_of: date) -> list[Done]:
        """Return what the people in an answer did in each of several stretches of days."""
        return tallies.course(
            self._answer(rule, as_of), self._deeds(deeds, as_of), [span.clipped(as_of) for span in spans],
            self._held.partition(deeds.event), self._conditions.measures,
        )  # fmt: skip

    def _deeds(self, deeds: Deeds, as_of: date) -> tallies.Asked:
        event = self.catalogue.events[deeds.event]
        return tallies.Asked(event, literal_where(deeds.where, event, as_of), deeds)

    def aside(self) -> MemoryEngine:
        """Return an engine over the same data that remembers for itself, and less."""
        other = copy(self)
        other._cache = Cache(self._cache.limit_bytes // ASIDE_SHARE)
        other._conditions = other._conditions_of(other._cache, in_passing=True)
        return other

    def seeing(self, catalogue: Catalogue) -> MemoryEngine:
        """Return an engine over the same data, which remembers the same, with other tags made of it."""
        other = copy(self)
        other.catalogue = catalogue
        other._conditions = other._conditions_of(other._cache)
        return other

    def _conditions_of(self, cache: Cache, *, in_passing: bool = False) -> Conditions:
        return Conditions(
            self._held, cache, self._tiles, self._answer, catalogue=self.catalogue, in_passing=in_passing
        )

    def verdict(self, rule: Rule, user_id: str, as_of: date) -> Verdict | None:
        """Return what a rule says of one user; None when the data version has no such user."""
        row = (self._held.user_ids() == user_id).arg_max()
        if row is None or self._held.user_ids()[row] != user_id:
            return None
        answer = self._answer(rule, as_of)
        holds = {
            node.id: CountedMask(self._of_anyone(node, day, as_of), 0)
            for node, day in _conditions_of(rule, as_of)
        }
        masks = self._dated(rule, holds, as_of)
        return standing.verdict(rule, row, int(self._held.user_nos[row]), masks, answer, self._tiles)

    def occurrences(self, event: str, user_no: int, as_of: date) -> pl.DataFrame:
        """Return what one user did up to the end of `as_of`, oldest first."""
        rows = self._held.rows_of(pl.Series([user_no], dtype=pl.UInt32))
        return self._held.partition(event).of_row(int(rows[0]), as_of)

    def members(self, rule: Rule, as_of: date) -> pl.Series:
        """Return the ``user_no`` (UInt32, ascending) of everyone in the answer, after take."""
        rows = rows_in(self._answer(rule, as_of), self._held.user_count)
        return self._held.user_nos.gather(rows).alias(USER_NO)

    def frame(
        self, user_nos: pl.Series, tags: Sequence[str], as_of: date, *, limit: int | None = None
    ) -> pl.DataFrame:
        """Return one row per user, sorted by ``user_id``, with the tags' values under their keys."""
        rows = self._held.rows_of(user_nos)
        if limit is not None and limit < len(rows):
            rows = people.first_by_id(rows, limit, self._held)
        else:
            order = None
            if people.is_many(rows, self._held):
                key = ("by user_id", self._held.segments)
                order = self._cache.get(key, lambda: people.all_by_id(self._held))
            rows = people.by_id(rows, order, self._held)
        columns = {tag: self._conditions.column(tag, as_of) for tag in tags}
        return people.table(rows, columns, self._held, self._tiles)

    def breakdown(self, rule: Rule, tag: str, as_of: date, *, top: int = 12, bins: int = 20) -> Breakdown:
        """Return a tag's distribution among the answer's people against the base."""
        spec = self.catalogue.tags[tag]
        matched = self._answer(rule, as_of)
        base = self._conditions.base(as_of)
        column = self._conditions.column(tag, as_of)
        if spec.type is TagType.NUMBER and isinstance(column, PlainColumn):
            histogram = self._histogram(tag, column, as_of, bins)
            base_counts = self._base_counts(("bins", bins, tag), tag, histogram, as_of)
            return breakdowns.of_numbers(spec, histogram, matched, base_counts)
        listed = self._with_dictionary(tag, column, as_of)
        matched_counts = self._counts_among(tag, listed, matched, as_of)
        base_counts = self._base_counts(("values", tag), tag, listed, as_of)
        if spec.type is TagType.DATE and isinstance(listed, CodedColumn):
            return breakdowns.of_dates(spec, listed, matched_counts, base_counts, bins)
        return breakdowns.of_values(spec, listed, (matched, base), (matched_counts, base_counts), top)

    def values(
        self, tag: str, as_of: date, *, event: str | None = None, search: str = "", limit: int = 200
    ) -> list[tuple[str, int]]:
        """Return values with their number of users of the base (tag) or occurrences (property of `event`)."""
        if event is None:
            column = self._with_dictionary(tag, self._conditions.column(tag, as_of), as_of)
            counts = self._base_counts(("values", tag), tag, column, as_of)
        else:
            column, counts = self._property_counts(event, tag, as_of)
        shown = np.asarray(counts[: len(column.dictionary)])
        if search:
            contains = op_of(TagType.TEXT, "contains_any")
            found = contains.expr(pl.col("value"), contains.literal([search], as_of))
            hit = column.dictionary.cast(pl.String).alias("value").to_frame().select(found).to_series()
            shown = np.where(hit.to_numpy(), shown, 0)
        order = breakdowns.most_frequent(shown)[:limit]
        return [(str(column.dictionary[code]), int(shown[code])) for code in order.tolist()]

    def known_values(
        self, tag: str, wanted: Sequence[str], as_of: date, *, event: str | None = None
    ) -> set[str]:
        """Return which of the wanted values occur at all; of a computed tag, at `as_of`."""
        column = (
            self._conditions.column(tag, as_of) if event is None else self._held.partition(event).column(tag)
        )
        held = column.values if isinstance(column, PlainColumn) else column.dictionary
        asked = pl.Series(list(dict.fromkeys(wanted)), dtype=pl.String)
        return set(asked.filter(asked.is_in(held.cast(pl.String).implode())).to_list())

    def coverage(self, tag: str, as_of: date) -> int:
        """Return how many users of the base have a value of the tag."""
        return count(self._conditions.valid(tag, as_of) & self._conditions.base(as_of))

    def distinct(self, tag: str, as_of: date) -> int:
        """Return how many different values of the tag users of the base have."""
        return breakdowns.distinct_among(self._conditions.column(tag, as_of), self._conditions.base(as_of))

    def ordered_values(self, tag: str, as_of: date, among: Rule | None = None) -> Spread:
        """Return every value of a number or date tag that people have (None = the base), with how many."""
        column = self._conditions.column(tag, as_of)
        if self.catalogue.tags[tag].type is TagType.DATE:
            column = self._with_dictionary(tag, column, as_of)
        people = self._conditions.base(as_of) if among is None else self._answer(among, as_of)
        return standing.spread_of_column(column, standing.Decided(people, 0, is_flipped=False))

    def regions(self, rules: Sequence[Rule], as_of: date) -> dict[int, int]:
        """Return how many users are in exactly which of one to five answers."""
        if not 1 <= len(rules) <= MOST_REGIONS_OF:
            raise ValueError(f"regions of 1 to {MOST_REGIONS_OF} rules, not of {len(rules)}")
        return regions.regions(self._answers(rules, as_of), self._tiles)

    def nearby(self, rules: Sequence[Rule], as_of: date, *, jaccard: float) -> Nearby:
        """Return the sizes of many answers, and the pairs with at least so large a Jaccard index."""
        return regions.nearby(self._answers(rules, as_of), jaccard, self._tiles)

    def in_random_order(self, rule: Rule, seed: str, as_of: date) -> pl.Series:
        """Return the ``user_no`` of everyone in the answer, by their hash under a seed."""
        rows = rows_in(self._answer(rule, as_of), self._held.user_count)
        return self._held.user_nos.gather(people.by_share(rows, seed, self._held)).alias(USER_NO)

    def contingency(self, tag: str, other: str, as_of: date) -> Contingency:
        """Return how often the values of two tags meet in one user of the base."""
        return contingencies.contingency(self._classes(tag, as_of), self._classes(other, as_of), self._tiles)

    def moves(self, tag: str, other: str, as_of: date) -> Contingency:
        """Return how often the values of two tags meet in one user for whom they are not the same."""
        base = self._conditions.base(as_of)
        one, two = (self._conditions.column(of, as_of) for of in (tag, other))
        moved = contingencies.differing(one, two, base)
        before = contingencies.among(self._classes(tag, as_of), moved)
        return contingencies.contingency(before, self._classes(other, as_of), self._tiles)

    def _classes(self, tag: str, as_of: date) -> contingencies.Classes:
        key = ("classes", self._conditions.column_key(tag, as_of), as_of)
        column, base = self._conditions.column(tag, as_of), self._conditions.base(as_of)
        return self._cache.get(key, lambda: contingencies.classes_of(column, base))

    def _counted(self, rule: Rule, as_of: date) -> tuple[Counted, dict[str, int]]:
        """Count a rule; also how many of the base lack a value, by condition."""
        asked = self._asked(rule, as_of)
        masks = self._dated(rule, {node: found.holds for node, found in asked.items()}, as_of)
        return Pass(rule, masks).run(self._tiles), {node: found.missing for node, found in asked.items()}

    def _of_anyone(self, condition: Condition, day: date, as_of: date) -> Words:
        """Return for whom a condition holds, in the base or not; of an earlier day, in the base of then."""
        holds = self._conditions.anyone(condition, day)
        return holds if day == as_of else holds & self._conditions.base(day)

    def _asked(self, rule: Rule, as_of: date) -> dict[str, Asked]:
        """Return for every condition for whom it holds, and how many of the base lack a value for it."""
        return {node.id: self._conditions.asked(node, day) for node, day in _conditions_of(rule, as_of)}

    def _masks(self, rule: Rule, as_of: date) -> Masks:
        holds = {node.id: self._conditions.in_base(node, day) for node, day in _conditions_of(rule, as_of)}
        return self._dated(rule, holds, as_of)

    def _dated(self, rule: Rule, holds: Mapping[str, CountedMask], as_of: date) -> Masks:
        """Return who is asked, with those who existed on the days of groups as of an earlier day."""
        base = self._conditions.existed(as_of)
        if not has_days(rule):
            return Masks(holds, base)
        days = days_of(rule, as_of)
        around = {
            node: self._conditions.existed(of.around) for node, of in days.items() if of.around != as_of
        }
        within = {
            node: self._conditions.existed(of.within) for node, of in days.items() if of.within != of.around
        }
        return Masks(holds, base, around, within)

    def _taken(self, rule: Rule, matched: Words, as_of: date) -> Words:
        take = rule.take
        if take is None:
            return matched
        if isinstance(take, TakeShare):
            key = ("share", self._held.segments, take.seed, take.share)
            share = self._cache.get(
                key, lambda: people.share_mask(take.seed, take.share, self._held, self._tiles)
            )
            return matched & share
        return people.taken_top(take, matched, self._conditions.column(take.by, as_of), self._held)

    def _answer(self, rule: Rule, as_of: date) -> Words:
        """Return everyone in the answer, after take; remembered, for charts of one rule come in numbers."""
        return self._cache.get(self._key("answer", rule, as_of), lambda: self._found(rule, as_of))

    def _answers(self, rules: Sequence[Rule], as_of: date) -> list[Words]:
        """Return everyone in each answer; remembered."""
        return self._together(rules, as_of, "answer", lambda rule: self._found(rule, as_of))

    def _found(self, rule: Rule, as_of: date) -> Words:
        return self._taken(rule, answering(rule, self._masks(rule, as_of)), as_of)

    def _key(self, what: str, rule: Rule, as_of: date) -> Hashable:
        return what, self._held.segments, rule_key(rule, self.catalogue, as_of, self._conditions.key)

    def _together(self, rules: Sequence[Rule], as_of: date, what: str, make: Callable[[Rule], V]) -> list[V]:
        """Return something of each rule, remembered; what their conditions have in common is found once."""
        with self._conditions.reading_once():
            keyed = [(self._key(what, rule, as_of), rule) for rule in rules]
            new = [rule for key, rule in keyed if key not in self._cache]
            with self._conditions.looking_ahead(each for rule in new for each in _conditions_of(rule, as_of)):
                return [self._cache.get(key, partial(make, rule)) for key, rule in keyed]

    def _with_dictionary(self, tag: str, column: Column, as_of: date) -> CodedColumn | MultiColumn:
        if not isinstance(column, PlainColumn):
            return column
        key = ("coded", self._conditions.column_key(tag, as_of))
        return self._cache.get(key, lambda: breakdowns.as_coded(column))

    def _histogram(self, tag: str, column: PlainColumn, as_of: date, bins: int) -> Histogram:
        key = ("histogram", self._conditions.column_key(tag, as_of), as_of, bins)
        base = self._conditions.base(as_of)
        return self._cache.get(key, lambda: breakdowns.histogram(column, base, bins, self._tiles))

    def _base_counts(
        self, of: tuple[object, ...], tag: str, column: CodedColumn | MultiColumn | Histogram, as_of: date
    ) -> Counts:
        """Return the base's histogram: per bin or code, the missing last; per value for a multi tag."""
        key = ("base histogram", of, self._conditions.column_key(tag, as_of), as_of)
        base = self._conditions.base(as_of)
        return self._cache.get(key, lambda: breakdowns.counts_among(column, base))

    def _counts_among(
        self, tag: str, column: CodedColumn | MultiColumn, chosen: Words, as_of: date
    ) -> Counts:
        """Return how many of the chosen have each code; for few values from one remembered mask for each."""
        if isinstance(column, MultiColumn) or column.missing_code >= FEW_VALUES:
            return breakdowns.counts_among(column, chosen)
        key = ("codes", self._conditions.column_key(tag, as_of))
        masks = self._cache.get(key, lambda: breakdowns.mask_per_code(column, self._tiles))
        return np.array([count(mask & chosen) for mask in masks], dtype=np.int64)

    def _property_counts(self, event: str, key: str, as_of: date) -> tuple[CodedColumn | MultiColumn, Counts]:
        """Return a property's values and how many occurrences up to `as_of` have each."""
        partition = self._held.partition(event)
        column = breakdowns.as_coded(partition.column(key))
        name = ("property values", self._held.tables.segments_of(event), self._held.segments, key)
        seen = partition.last_seen(as_of)
        counts = self._cache.get(
            (*name, seen), lambda: breakdowns.counts_among(column, partition.seen(as_of))
        )
        return column, counts


def _conditions_of(rule: Rule, as_of: date) -> Iterator[tuple[Condition, date]]:
    """Yield the conditions of a rule, each with the day as of which it is asked."""
    if not has_days(rule):
        return ((node, as_of) for node in nodes(rule) if not isinstance(node, Group))
    days = days_of(rule, as_of)
    return ((node, days[node.id].within) for node in nodes(rule) if not isinstance(node, Group))
