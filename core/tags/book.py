"""The catalogue with what operators have made of it: their tags beside those of the data.

A tag that does not fit the data version in use is withheld with the reason, and so are those made of it; the
rest stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from core.errors import Problem
from core.messages import message_of
from core.rules.check import errors_of
from core.rules.conditions import AudienceCondition, ListCondition
from core.rules.made_of import Part, circle, in_order, rules_of, tags_of
from core.rules.making_check import gives, making_problems, validity_problems
from core.rules.making_text import at_value
from core.rules.tree import nodes
from core.schema import Catalogue, TagSpec, TagType
from core.tags.records import TagDefinition, TagRecord


def with_tags(catalogue: Catalogue, records: Sequence[TagRecord]) -> Catalogue:
    """Return the catalogue with the tags of operators in it.

    Drafts are left out; retired tags, and those that cannot be computed from this data, are withheld.
    """
    withheld: dict[str, Problem] = {}
    wanted: dict[str, TagRecord] = {}
    for record in records:
        key = record.definition.key
        if record.status == "retired":
            withheld[key] = Problem("tag_retired", params={"tag": _name(record.definition)})
        elif record.status != "draft" and key not in catalogue.tags:
            wanted[key] = record
    raw = {key: _raw(record.definition) for key, record in wanted.items()}
    found = catalogue.model_copy(update={"withheld": withheld})
    for key in in_order({**catalogue.tags, **raw}):
        if key not in wanted:
            continue
        record = wanted[key]
        way = circle(Part("tag", key), lambda part: _parts(part, raw))
        problems = (
            [_circle(way, found, raw)] if way else errors_of(definition_problems(record.definition, found))
        )
        if problems:
            params = {"tag": _name(record.definition), "why": message_of(problems[0])}
            withheld[key] = Problem("tag_broken", params=params)
            found = found.model_copy(update={"withheld": dict(withheld)})
        else:
            spec = spec_of(record.definition, found).model_copy(
                update={"stands_at": record.stands_at, "is_offered": record.status == "active"}
            )
            found = found.model_copy(update={"tags": {**found.tags, key: spec}})
    return found


def spec_of(definition: TagDefinition, catalogue: Catalogue) -> TagSpec:
    """Return a definition without errors as the engine's tag."""
    given = gives(definition.making, catalogue)
    return TagSpec(
        key=definition.key,
        type=given.type,
        label=definition.label,
        dimension=definition.dimension,
        unit=definition.unit,
        computed=definition.making,
        validity=definition.validity,
        order=given.order,
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
    definition: TagDefinition, records: Sequence[TagRecord], catalogue: Catalogue
) -> Problem | None:
    """Return what is wrong if a definition leads back to its tag through others, with the way; else None."""
    raw = {r.definition.key: _raw(r.definition) for r in records if r.status != "retired"}
    raw[definition.key] = _raw(definition)
    way = circle(Part("tag", definition.key), lambda part: _parts(part, raw))
    return _circle(way, catalogue, raw) if way else None


def users_of(key: str, records: Sequence[TagRecord]) -> list[TagRecord]:
    """Return the tags that are directly made of a tag, retired ones left out."""
    return [r for r in records if r.status != "retired" and key in tags_of(_raw(r.definition))]


def _problems(definition: TagDefinition, catalogue: Catalogue) -> Iterator[Problem]:
    for place, rule in enumerate(rules_of(definition.making)):
        for node in nodes(rule):
            if isinstance(node, AudienceCondition | ListCondition):
                yield replace(at_value(place, Problem("tag_rule_names_people", node.id)), severity="error")
    for problem in making_problems(definition.making, catalogue):
        if problem.code not in ("unknown_audience", "unknown_list"):
            yield problem
    if definition.validity is not None:
        yield from validity_problems(definition.validity, catalogue, is_computed=True)


def _raw(definition: TagDefinition) -> TagSpec:
    """Return a tag of which only what it is made of matters."""
    return TagSpec(
        key=definition.key, type=TagType.TEXT, label=definition.label, computed=definition.making,
        validity=definition.validity,
    )  # fmt: skip


def _parts(part: Part, raw: Mapping[str, TagSpec]) -> tuple[Part, ...]:
    return tuple(Part("tag", key) for key in tags_of(raw[part.name])) if part.name in raw else ()


def _circle(way: Sequence[Part], catalogue: Catalogue, raw: Mapping[str, TagSpec]) -> Problem:
    known = {**catalogue.tags, **raw}
    names = {part.name: known[part.name].label for part in way}
    path = {
        language: " → ".join(getattr(names[part.name], language) for part in way) for language in ("zh", "en")
    }
    return Problem("tag_circle", "making", {"path": path})


def _name(definition: TagDefinition) -> dict[str, str]:
    return definition.label.as_text()
