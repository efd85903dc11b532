"""The catalogue of a new data version, and the check of its computed tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from core.errors import PlanError, Problem, RuleError, nearest_name
from core.ingest.events import EventsTable
from core.ingest.inference import tag_type_of
from core.ingest.plan import AMOUNT, ComputedTag, ImportPlan
from core.ingest.stats import ColumnStats
from core.ingest.users import UsersTable
from core.messages import say
from core.rules.check import check
from core.rules.parse import parse_rule
from core.rules.tree import MEASURES_WITH_PROPERTY
from core.schema import (
    Catalogue,
    EventSpec,
    JourneyStage,
    JourneyStep,
    Label,
    Measurement,
    PropertySpec,
    TagSpec,
    TagType,
    property_column,
    tag_column,
)

_KNOWN_DIMENSIONS = (
    "journey", "rfm", "interests", "demographics", "identity", "search", "membership", "acquisition", "other",
)  # fmt: skip
_SUMMED = frozenset({"sum", "avg"})
_TIMES = frozenset({"first_at", "last_at"})


def build_catalogue(
    plan: ImportPlan,
    users: pl.DataFrame,
    tables: Sequence[UsersTable],
    events: Sequence[EventsTable],
    days: Mapping[str, tuple[date, date]],
) -> Catalogue:
    """Return the catalogue.

    Parameters
    ----------
    plan : ImportPlan
    users : polars.DataFrame
        The users table of the version.
    tables, events : sequence
        What was read from each source.
    days : mapping of str to (date, date)
        First and last day by event.

    Raises
    ------
    PlanError
        If computed tags or journey steps name what does not exist; all of them at once.
    """
    event_specs = _event_specs(plan, events, days)
    tags = _imported_tags(plan, users, tables)
    bare = Catalogue(time_zone=plan.time_zone, as_of=plan.as_of, tags=tags, events=event_specs)
    problems: list[Problem] = []
    for key, computed in plan.tags.items():
        problems += _problems_of(key, computed, bare)
    for s, stage in enumerate(plan.journey):
        for n, step in enumerate(stage.steps):
            for event in step.events:
                if event not in event_specs:
                    problems.append(_unknown_event(event, event_specs, f"journey[{s}].steps[{n}]"))
    if problems:
        raise PlanError(problems)
    for key, computed in plan.tags.items():
        tags[key] = _computed_spec(key, computed, event_specs)
    return Catalogue(
        time_zone=plan.time_zone,
        as_of=plan.as_of,
        dimensions=dimensions_of(plan.dimensions, tags),
        tags=tags,
        events=event_specs,
        journey=tuple(
            JourneyStage(
                key=stage.key,
                label=stage.label,
                steps=tuple(
                    JourneyStep(key=step.key, label=step.label, events=step.events) for step in stage.steps
                ),
            )
            for stage in plan.journey
        ),
    )


def type_of_measure(measure: str, property_type: TagType | None) -> TagType:
    """Return the type of a measure's value."""
    if measure in _TIMES:
        return TagType.DATE
    if measure in ("min", "max") and property_type is TagType.DATE:
        return TagType.DATE
    return TagType.NUMBER


def _event_specs(
    plan: ImportPlan, tables: Sequence[EventsTable], days: Mapping[str, tuple[date, date]]
) -> dict[str, EventSpec]:
    specs: dict[str, EventSpec] = {}
    for event in dict.fromkeys(event for table in tables for event in table.spools):
        sources = [table for table in tables if event in table.spools]
        rows = sum(table.spools[event].rows for table in sources)
        properties: dict[str, PropertySpec] = {}
        for table in sources:
            for column in table.kinds:
                key = column.removeprefix("prop:")
                if key in properties:
                    continue
                spec = _property_spec(event, key, [t for t in sources if column in t.kinds], rows)
                # Where one file holds many kinds, a property that a kind never has is none of its own.
                if spec.coverage > 0 or table.source.event is not None:
                    properties[key] = spec
        first, last = days.get(event, (None, None))
        specs[event] = EventSpec(
            key=event,
            label=_event_label(plan, event, sources),
            properties=properties,
            rows=rows,
            first_day=first,
            last_day=last,
        )
    return specs


def _event_label(plan: ImportPlan, event: str, sources: Sequence[EventsTable]) -> Label:
    if event in plan.event_labels:
        return plan.event_labels[event]
    own = next((table.source.label for table in sources if table.source.label is not None), None)
    return own or Label(zh=event, en=event)


def _property_spec(event: str, key: str, sources: Sequence[EventsTable], rows: int) -> PropertySpec:
    column = property_column(key)
    stats = ColumnStats()
    for table in sources:
        if column in table.spools[event].stats:
            stats.merge(table.spools[event].stats[column])
    seen = {id(t): t.spools[event].stats.get(column) for t in sources}
    holders = [t for t in sources if (found := seen[id(t)]) is not None and found.present]
    table = (holders or list(sources))[0]
    declared = table.declared[column]
    label: Label | None = None
    for source in (t.source for t in sources):
        if key == AMOUNT and source.amount is not None:
            label = label or source.amount_label or Label(**say("property_amount"))
        elif key in source.properties:
            label = label or source.properties[key].label
    return PropertySpec(
        key=key,
        type=declared or tag_type_of(table.kinds[column], stats.distinct, stats.present),
        label=label or Label(zh=key, en=key),
        coverage=stats.present / rows if rows else 0.0,
        distinct=stats.distinct,
    )


def _imported_tags(plan: ImportPlan, users: pl.DataFrame, tables: Sequence[UsersTable]) -> dict[str, TagSpec]:
    specs: dict[str, TagSpec] = {}
    for source, table in zip(plan.users, tables, strict=True):
        for key, tag in source.tags.items():
            stats = ColumnStats()
            stats.add(users[tag_column(key)])
            specs[key] = TagSpec(
                key=key,
                type=table.types[key],
                label=tag.label or Label(zh=key, en=key),
                dimension=tag.dimension,
                unit=tag.unit,
                personal=tag.personal,
                coverage=stats.present / users.height if users.height else 0.0,
                distinct=stats.distinct,
            )
    return specs


def _computed_spec(key: str, tag: ComputedTag, events: Mapping[str, EventSpec]) -> TagSpec:
    measured = events[tag.event].properties[tag.property].type if tag.property is not None else None
    return TagSpec(
        key=key,
        type=type_of_measure(tag.measure, measured),
        label=tag.label or Label(zh=key, en=key),
        dimension=tag.dimension,
        unit=tag.unit,
        computed=Measurement(
            event=tag.event,
            where=tag.where,
            measure=tag.measure,
            property=tag.property,
            window=tag.window,
            missing=tag.missing,
        ),
    )


def dimensions_of(named: Mapping[str, Label], tags: Mapping[str, TagSpec]) -> dict[str, Label]:
    """Return the folders that have a name, and after them those that tags stand in all the same."""
    dimensions = dict(named)
    for spec in tags.values():
        if spec.dimension not in dimensions:
            name = spec.dimension
            known = name in _KNOWN_DIMENSIONS
            dimensions[name] = Label(**say(f"dimension_{name}")) if known else Label(zh=name, en=name)
    return dimensions


def _problems_of(key: str, tag: ComputedTag, catalogue: Catalogue) -> list[Problem]:
    """Return what is wrong with a computed tag, found by the checks that an event condition passes."""
    node = f"tags.{key}"
    events = catalogue.events
    if tag.event not in events:
        return [_unknown_event(tag.event, events, f"{node}.event")]
    properties = events[tag.event].properties
    if tag.measure in MEASURES_WITH_PROPERTY and tag.property is None:
        return [Problem("measure_needs_property", node=node, params={"measure": tag.measure})]
    if tag.measure not in MEASURES_WITH_PROPERTY and tag.property is not None:
        return [Problem("measure_takes_no_property", node=node, params={"measure": tag.measure})]
    if tag.property is not None and tag.property not in properties:
        return [
            Problem(
                "unknown_event_property",
                node=f"{node}.property",
                params={"property": tag.property, "event": tag.event},
                allowed=tuple(properties),
                nearest=nearest_name(tag.property, properties),
            )
        ]
    measured = properties[tag.property].type if tag.property is not None else None
    if tag.measure in _SUMMED and measured is not TagType.NUMBER:
        return [
            Problem(
                "measure_needs_number",
                node=f"{node}.property",
                params={"measure": tag.measure, "property": tag.property},
            )
        ]
    if tag.missing is not None and type_of_measure(tag.measure, measured) is TagType.DATE:
        return [Problem("missing_needs_number", node=f"{node}.missing", params={"measure": tag.measure})]
    return _rule_problems(tag, catalogue, type_of_measure(tag.measure, measured), node)


def _rule_problems(tag: ComputedTag, catalogue: Catalogue, kind: TagType, node: str) -> list[Problem]:
    """Return what a rule with the same `where` and `window` is told."""
    is_date = kind is TagType.DATE
    condition: dict[str, object] = {
        "kind": "event",
        "id": node,
        "event": tag.event,
        "measure": tag.measure,
        "op": "after" if is_date else "gte",
        "value": "2000-01-01" if is_date else 0,
        "where": list(tag.where),
    }
    if tag.property is not None:
        condition["property"] = tag.property
    if tag.window is not None:
        condition["window"] = tag.window
    root = {"kind": "group", "id": "root", "match": "all", "children": [condition]}
    try:
        rule = parse_rule({"version": 1, "include": root})
    except RuleError as error:
        return [_in_plan(problem, node) for problem in error.problems]
    return [problem for problem in check(rule, catalogue) if problem.severity == "error"]


def _in_plan(problem: Problem, node: str) -> Problem:
    """Return a problem of the condition with its place in the plan instead of in the rule."""
    params = {
        name: value.replace("include.children[0]", node) if isinstance(value, str) else value
        for name, value in problem.params.items()
    }
    return replace(problem, node=node, params=params)


def _unknown_event(event: str, events: Mapping[str, EventSpec], node: str) -> Problem:
    return Problem(
        "unknown_plan_event",
        node=node,
        params={"event": event},
        allowed=tuple(events),
        nearest=nearest_name(event, events),
    )
