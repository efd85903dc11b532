"""What can be asked of the data: counts, breakdowns, members, sentences, the journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from core.analytics import journey, journey_steps, splits
from core.analytics.asking import Asking
from core.analytics.journey import Funnel
from core.audiences.fields import known_fields
from core.audiences.masking import mask, masked
from core.engines.base import Breakdown, Engine
from core.errors import CallerError, NotFound, Problem, RuleError, nearest_name
from core.lake.versions import DataVersion
from core.messages import Text
from core.rules.check import check, errors_of
from core.rules.describe import describe, describe_node
from core.rules.named import Way, bind
from core.rules.naming import tags_asked_before
from core.rules.parse import parse_rule
from core.rules.remains import remains_of
from core.rules.tree import Rule, nodes
from core.schema import USER_ID, Catalogue, Personal, TagSpec
from core.tags.listing import EVERYBODY
from core.workspace.answers import Checked, CountAnswer
from core.workspace.versions import Versions

SPLIT_VALUES, SPLIT_BINS = 8, 6


class Questions(Versions):
    """Everything that is asked, for one day, of the data version in use."""

    def parse(self, source: str | bytes | Mapping[str, Any], *, inside: Way = ()) -> Rule:
        """Return the rule, read and checked against the catalogue.

        Parameters
        ----------
        inside : tuple of (id, name)
            The audience whose rule it will be: it must not lead back to it.

        Raises
        ------
        RuleError
            With everything that is wrong, in the whole rule.
        """
        try:
            rule = parse_rule(source)
        except RuleError as error:
            raise RuleError(self._all_wrong(source, error)) from error
        refuse_errors(self._checked(rule, inside)[1])
        return rule

    def check(self, source: str | bytes | Mapping[str, Any]) -> Checked:
        """Return the rule and everything that is wrong with it; a bad rule never raises."""
        try:
            rule = parse_rule(source)
        except RuleError as error:
            return Checked(None, self._all_wrong(source, error))
        return Checked(rule, self._checked(rule)[1])

    def _all_wrong(self, source: str | bytes | Mapping[str, Any], error: RuleError) -> tuple[Problem, ...]:
        """Return the faults of shape, and what does not fit the catalogue in the rest of the rule."""
        rest = remains_of(source)
        if rest is None:
            return error.problems
        return (*error.problems, *errors_of(self._checked(rest)[1]))

    def sentence(self, rule: Rule, *, reveal: bool = True) -> Text:
        """Return the rule in words; without `reveal` the values of personal tags are masked."""
        catalogue = self.data_version().catalogue
        return describe(self._checked(rule)[0], catalogue, None if reveal else mask)

    def node_sentences(self, rule: Rule, *, reveal: bool = True) -> dict[str, Text]:
        """Return every node of a rule in words, by id; without `reveal` personal values are masked."""
        catalogue, shown = self.data_version().catalogue, None if reveal else mask
        return {node.id: describe_node(node, catalogue, shown) for node in nodes(self._checked(rule)[0])}

    def count(self, rule: Rule, as_of: date | None = None) -> CountAnswer:
        """Return how many users a rule matches, with the numbers of all its nodes.

        Raises
        ------
        RuleError
            If the rule does not fit the catalogue.
        """
        version, engine = self._engine()
        day = self._day(version, as_of)
        rule, problems = self._checked(rule)
        refuse_errors(problems)
        return CountAnswer(
            answer=engine.count(rule, day),
            data_version=version.id,
            sentence=describe(rule, version.catalogue),
            not_historical=imported_tags(rule, version.catalogue, self._default_as_of(version), day),
            warnings=problems,
        )

    def breakdown(
        self, rule: Rule, tag: str, as_of: date | None = None, *, top: int = 12, bins: int = 20,
        reveal: bool = False,
    ) -> Breakdown:  # fmt: skip
        """Return how a tag is distributed among the members and in the base.

        Values of a personal tag are masked unless `reveal` (log it first).
        """
        version, engine, day, rule = self._asked(rule, as_of)
        spec = _tag(version.catalogue, tag)
        found = engine.breakdown(rule, tag, day, top=top, bins=bins)
        if spec.personal is None or reveal:
            return found
        bars = tuple(
            replace(
                bar, value=None if bar.value is None else mask(bar.value, spec.personal), low=None, high=None
            )
            for bar in found.bars
        )
        return replace(found, bars=bars)

    def values(
        self, tag: str, *, event: str | None = None, search: str = "", limit: int = 200,
        as_of: date | None = None, reveal: bool = False,
    ) -> list[tuple[str, int]]:  # fmt: skip
        """Return values of a tag (or of a property of `event`) with their number, the most frequent first.

        Values of a personal tag are masked unless `reveal`, and the search then looks at the masked ones.
        """
        version, engine = self._engine()
        day = self._day(version, as_of)
        personal = _field(version.catalogue, tag, event)
        if personal is None or reveal:
            return engine.values(tag, day, event=event, search=search, limit=limit)
        shown = [(mask(value, personal), n) for value, n in engine.values(tag, day, limit=limit)]
        return [(value, n) for value, n in shown if search.lower() in value.lower()]

    def known_values(self, tag: str, wanted: Sequence[str], *, event: str | None = None) -> set[str]:
        """Return which of the wanted values occur at all (for pasted lists)."""
        version, engine = self._engine()
        _field(version.catalogue, tag, event)
        return engine.known_values(tag, wanted, self._day(version, None), event=event)

    def preview(
        self, rule: Rule, fields: Sequence[str], as_of: date | None = None, *, limit: int = 20,
        reveal: bool = False,
    ) -> pl.DataFrame:  # fmt: skip
        """Return the first members by ``user_id``, one row each: ``user_id`` and the fields.

        Personal fields are masked, as text, unless `reveal`; who reveals calls `log_reveal` first.

        Raises
        ------
        NotFound
            If a field is no tag.
        """
        version, engine, day, rule = self._asked(rule, as_of)
        keys = known_fields(fields, version.catalogue)
        frame = engine.frame(engine.members(rule, day), keys, day, limit=limit)
        return frame if reveal else masked_frame(frame, version.catalogue)

    def members(self, rule: Rule, as_of: date | None = None) -> list[str]:
        """Return the members' ``user_id``, sorted by code point."""
        return self.members_frame(rule, as_of)[USER_ID].to_list()

    def members_frame(self, rule: Rule, as_of: date | None = None) -> pl.DataFrame:
        """Return the members as one column ``user_id``, sorted by code point."""
        _, engine, day, rule = self._asked(rule, as_of)
        return engine.frame(engine.members(rule, day), (), day)

    def mask(self, value: object, kind: Personal) -> str:
        """Return a personal value masked: ``王**``, ``138****1234``, ``z***@example.com``."""
        return mask(value, kind)

    def funnel(
        self, as_of: date | None = None, *, audience: Rule | None = None, split: str | None = None
    ) -> Funnel:
        """Return the journey as a funnel, of everybody or of an audience, split by one tag or not."""
        version, engine = self._engine()
        day = self._day(version, as_of)
        among = EVERYBODY
        if audience is not None:
            among, problems = self._checked(audience)
            refuse_errors(problems)
        asking = Asking(engine, version.catalogue, day, among)
        return journey.funnel(
            asking, journey_steps.way_of(version.catalogue), split=split, parts_of=parts_in(asking)
        )

    def _asked(self, rule: Rule, as_of: date | None) -> tuple[DataVersion, Engine, date, Rule]:
        """Return what answers a rule for a day, and the rule with the names in it looked up."""
        version, engine = self._engine()
        rule, problems = self._checked(rule)
        refuse_errors(problems)
        return version, engine, self._day(version, as_of), rule

    def _checked(self, rule: Rule, inside: Way = ()) -> tuple[Rule, tuple[Problem, ...]]:
        """Return the rule with the names in it looked up, and everything that is wrong with it."""
        catalogue = self.data_version().catalogue
        rule = bind(rule, self._names, lambda inner: errors_of(check(inner, catalogue)), inside)
        return rule, check(rule, catalogue)


def parts_in(asking: Asking) -> journey.PartsOf:
    """Return what tells into which parts a tag divides the members of a rule."""

    def parts_of(rule: Rule, tag: str) -> Sequence[splits.Part]:
        return splits.parts_by_size(
            asking.engine, rule, tag, asking.as_of, most=SPLIT_VALUES, bins=SPLIT_BINS
        )

    return parts_of


def masked_frame(frame: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return the frame with the columns of personal tags masked."""
    return frame.with_columns(
        masked(pl.col(key), frame.schema[key], personal).alias(key)
        for key in frame.columns
        if key in catalogue.tags and (personal := catalogue.tags[key].personal) is not None
    )


def refuse_errors(problems: Sequence[Problem]) -> None:
    """Raise what is wrong with a rule; warnings pass."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise RuleError(errors)


def _tag(catalogue: Catalogue, tag: str) -> TagSpec:
    spec = catalogue.tags.get(tag)
    if spec is None:
        raise _unknown("field_unknown", tag, tuple(catalogue.tags))
    return spec


def _field(catalogue: Catalogue, key: str, event: str | None) -> Personal | None:
    """Return the personal kind of a tag, or None; an unknown tag, event or property is refused."""
    if event is None:
        return _tag(catalogue, key).personal
    spec = catalogue.events.get(event)
    if spec is None:
        raise _unknown("event_unknown", event, tuple(catalogue.events))
    if key not in spec.properties:
        raise _unknown("field_unknown", key, tuple(spec.properties))
    return None


def _unknown(code: str, given: str, allowed: tuple[str, ...]) -> CallerError:
    return NotFound(
        Problem(code, params={"name": given}, allowed=allowed, nearest=nearest_name(given, allowed))
    )


def imported_tags(rule: Rule, catalogue: Catalogue, today: date, as_of: date) -> tuple[str, ...]:
    """Return the imported tags that the rule, asked for `as_of`, asks about as of a day before `today`."""
    asked = tags_asked_before(rule, today, as_of)
    return tuple(tag for tag in asked if catalogue.tags[tag].computed is None)
