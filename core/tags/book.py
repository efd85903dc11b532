"""The catalogue with what operators have made of it: their tags beside those of the data.

A tag that does not fit the data version in use is withheld with the reason, and so are those made of it; the
rest stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeAlias

import polars as pl

from core.errors import Problem
from core.ingest.catalogue import dimensions_of
from core.messages import message_of
from core.rules.check import errors_of
from core.rules.conditions import AudienceCondition, ListCondition
from core.rules.formula import tags_in_formula
from core.rules.made_of import Part, circle, in_order, rules_of, tags_of
from core.rules.making_check import gives, making_problems, validity_problems
from core.rules.making_text import at_value
from core.rules.makings import Formula, Given, GivenValues
from core.rules.tree import nodes
from core.schema import TAG_DTYPES, USER_NO, Catalogue, Making, Personal, TagSpec, TagType
from core.tags.records import TagDefinition, TagRecord, at_making

_TEXTS = (TagType.TEXT, TagType.ENUM, TagType.MULTI)

NO_VALUES = "none"
"""Stands for the values of a given tag that nobody has given any."""

ValuesOf: TypeAlias = Callable[[str], GivenValues | None]
"""From a tag's key to the values that were given; None = none yet."""


def with_tags(
    catalogue: Catalogue, records: Sequence[TagRecord], values_of: ValuesOf, data_day: date
) -> Catalogue:
    """Return the catalogue with the tags of operators in it, and what they decided of those of the data.

    Drafts are left out; retired tags, and those that cannot be computed from this data, are withheld. Where
    the data brings a tag under the key of an operator's, the operator's stays: rules that name it were made
    with it.

    Parameters
    ----------
    data_day : datetime.date
        The day to which the values belong that come with the data.
    """
    kept = {record.definition.key: record for record in records if record.status != "draft"}
    made = {key: record for key, record in kept.items() if record.definition.making is not None}
    drawn = {key: raw(record.definition) for key, record in made.items()}
    tags = dict(catalogue.tags)
    withheld: dict[str, Problem] = {}
    for key in in_order({**catalogue.tags, **drawn}):
        found = catalogue.model_copy(update={"tags": tags, "withheld": withheld})
        spec = catalogue.tags.get(key)
        record = kept.get(key)
        tags.pop(key, None)
        if record is not None and record.status == "retired":
            withheld[key] = Problem("tag_retired", params={"tag": record.definition.label.as_text()})
        elif key in made:
            tags.update(_of_operator(made[key], found, drawn, values_of, withheld))
        elif spec is not None:
            lost = next((other for other in tags_of(spec) if other in withheld), None)
            if lost is not None:
                params = {"tag": spec.label.as_text(), "why": message_of(withheld[lost])}
                withheld[key] = Problem("tag_broken", params=params)
            else:
                tags[key] = spec if record is None else looked_after(spec, record.definition, data_day)
    in_place = [key for key in (*catalogue.tags, *drawn) if key in tags]
    ordered = {key: tags[key] for key in dict.fromkeys(in_place)}
    dimensions = dimensions_of(catalogue.dimensions, ordered)
    return catalogue.model_copy(update={"tags": ordered, "withheld": withheld, "dimensions": dimensions})


def _of_operator(
    record: TagRecord,
    found: Catalogue,
    drawn: Mapping[str, TagSpec],
    values_of: ValuesOf,
    withheld: dict[str, Problem],
) -> dict[str, TagSpec]:
    """Return an operator's tag by its key; nothing, and why, if it cannot be computed."""
    definition = record.definition
    way = circle(Part("tag", definition.key), lambda part: _parts(part, drawn))
    problems = (_circle(way, found, drawn),) if way else errors_of(definition_problems(definition, found))
    if problems:
        params = {"tag": definition.label.as_text(), "why": message_of(problems[0])}
        withheld[definition.key] = Problem("tag_broken", params=params)
        return {}
    spec = spec_of(definition, found, values_of(definition.key))
    return {definition.key: spec.model_copy(update={"stands_at": record.stands_at})}


def looked_after(spec: TagSpec, definition: TagDefinition, data_day: date) -> TagSpec:
    """Return a tag of the data with what operators decided of it."""
    validity = definition.validity
    if validity is not None and validity.since is None:
        validity = validity.model_copy(update={"day": data_day})
    return spec.model_copy(
        update={
            "label": definition.label,
            "dimension": definition.dimension,
            "unit": definition.unit,
            "validity": validity,
        }
    )


def spec_of(definition: TagDefinition, catalogue: Catalogue, values: GivenValues | None = None) -> TagSpec:
    """Return a definition without errors, which is not one of a tag of the data, as the engine's tag.

    Parameters
    ----------
    values : GivenValues or None
        Of a given tag; None = nobody has given any.
    """
    making = definition.making
    if making is None:
        raise ValueError(f"{definition.key} comes with the data")
    if isinstance(making, Given):
        making = making.bound_to(values or _nothing(making))
    kind = gives(making, catalogue).type
    return TagSpec(
        key=definition.key,
        type=kind,
        personal=_personal(making, catalogue) if kind in _TEXTS else None,
        label=definition.label,
        dimension=definition.dimension,
        unit=definition.unit,
        computed=making,
        validity=definition.validity,
    )


def definition_problems(definition: TagDefinition, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that is wrong with a definition or worth a warning, each at its field.

    Parameters
    ----------
    catalogue : Catalogue
        Without the tag itself.
    """
    return tuple(_problems(definition, catalogue))


def circle_problem(
    definition: TagDefinition, others: Iterable[TagDefinition], catalogue: Catalogue
) -> Problem | None:
    """Return what is wrong if a definition leads back to its tag through others, with the way; else None."""
    drawn = {other.key: raw(other) for other in (*others, definition)}
    way = circle(Part("tag", definition.key), lambda part: _parts(part, drawn))
    return _circle(way, catalogue, drawn) if way else None


def not_retired(records: Iterable[TagRecord]) -> list[TagDefinition]:
    """Return the definitions that count, drafts included."""
    return [record.definition for record in records if record.status != "retired"]


def users_of(key: str, records: Sequence[TagRecord]) -> list[TagRecord]:
    """Return the tags that are directly made of a tag, retired ones left out."""
    return [r for r in records if r.status != "retired" and key in tags_of(raw(r.definition))]


def _problems(definition: TagDefinition, catalogue: Catalogue) -> Iterator[Problem]:
    making = definition.making
    if making is not None:
        for place, rule in enumerate(rules_of(making)):
            for node in nodes(rule):
                if isinstance(node, AudienceCondition | ListCondition):
                    yield at_making(at_value(place, Problem("tag_rule_names_people", node.id)))
        for problem in making_problems(making, catalogue):
            if problem.code not in ("unknown_audience", "unknown_list"):
                yield at_making(problem)
    if definition.validity is not None:
        yield from validity_problems(definition.validity, catalogue, is_computed=making is not None)


def _personal(making: Making, catalogue: Catalogue) -> Personal | None:
    """Return the kind of personal field that a formula passes on: it is masked like what it is made of."""
    if not isinstance(making, Formula):
        return None
    kinds = (catalogue.tags[key].personal for key in tags_in_formula(making.expression))
    return next((kind for kind in kinds if kind is not None), None)


def _nothing(making: Given) -> GivenValues:
    schema = {USER_NO: pl.UInt32(), "value": TAG_DTYPES[making.type], "since": pl.Date(), "until": pl.Date()}
    return GivenValues(NO_VALUES, lambda: pl.DataFrame(schema=schema))


def raw(definition: TagDefinition) -> TagSpec:
    """Return a tag of which only what it is made of matters."""
    return TagSpec(
        key=definition.key, type=TagType.TEXT, label=definition.label, computed=definition.making,
        validity=definition.validity,
    )  # fmt: skip


def _parts(part: Part, drawn: Mapping[str, TagSpec]) -> tuple[Part, ...]:
    return tuple(Part("tag", key) for key in tags_of(drawn[part.name])) if part.name in drawn else ()


def _circle(way: Sequence[Part], catalogue: Catalogue, drawn: Mapping[str, TagSpec]) -> Problem:
    known = {**catalogue.tags, **drawn}
    names = {part.name: known[part.name].label for part in way}
    path = {
        language: " → ".join(getattr(names[part.name], language) for part in way) for language in ("zh", "en")
    }
    return Problem("tag_circle", "making", {"path": path})
