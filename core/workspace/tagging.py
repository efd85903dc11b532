"""Tags of the data and of operators looked at: what they are, how they would be, what uses them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.analytics.explain.difference import difference
from core.audiences.masking import mask
from core.audiences.records import Audience
from core.engines.base import Breakdown, Engine
from core.engines.spread import Spread
from core.errors import NotFound, Problem, RuleError, nearest_name
from core.messages import Text, problem_as_json, say
from core.rules.check import errors_of
from core.rules.lookup import tag_of
from core.rules.making_words import describe_making
from core.rules.makings import ByRules
from core.rules.naming import tags_in
from core.rules.remains import remains_of
from core.rules.renaming import made_with_tags
from core.schema import Catalogue, Label
from core.tags import book
from core.tags.distributions import Distribution, distribution_of
from core.tags.entries import TagEntry, entries
from core.tags.graph import RuleUser, TagGraph, tag_graph
from core.tags.listing import EVERYBODY, listings
from core.tags.records import MAX_LABEL, TagDefinition, TagRecord, TagVersion
from core.tags.templates import TEMPLATES, Proposal, Template
from core.tags.templates.proposals import template_of
from core.workspace.answers import Listing
from core.workspace.explaining import Explaining

_TOLD = (
    "label", "description", "dimension", "unit", "use", "timeliness", "refresh", "owner", "validity",
    "making",
)  # fmt: skip
_NAMED_BARS = 50


@dataclass(frozen=True)
class TagPreview:
    """What a tag would be, before it is kept.

    Attributes
    ----------
    type : str
        Of its values.
    sentence : Text
        How it is made, in words.
    base, with_value : int
        Users of the base, and those who would have a value.
    breakdown : Breakdown
        How the values would be distributed; of the base in both numbers of a bar. No bars for a tag that is
        personal.
    warnings : tuple of Problem
        What is worth knowing and stops nothing.
    """

    key: str
    type: str
    sentence: Text
    base: int
    with_value: int
    breakdown: Breakdown
    warnings: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the preview, JSON-ready."""
        shown = self.breakdown
        return {
            "key": self.key,
            "type": self.type,
            "sentence": dict(self.sentence),
            "base": self.base,
            "with_value": self.with_value,
            "bars": [
                {"value": bar.value, "low": _plain(bar.low), "high": _plain(bar.high), "users": bar.base}
                for bar in shown.bars
            ],
            "other": shown.other[1],
            "missing": shown.missing[1],
            "warnings": [problem_as_json(problem) for problem in self.warnings],
        }


@dataclass(frozen=True)
class TagUse:
    """A tag, not retired, or an audience that names a tag directly; `name` is its key or id."""

    kind: str
    name: str
    label: Text

    def as_json(self) -> dict[str, Any]:
        """Return the use, JSON-ready."""
        return {"kind": self.kind, "name": self.name, "label": dict(self.label)}

    @property
    def sentence(self) -> Text:
        """What it is, in words."""
        return say(f"tag_used_by_{self.kind}", name=self.label)


class Tagging(Explaining):
    """Every tag, whoever made it."""

    def tags(self) -> list[TagRecord]:
        """Return every tag that operators made or look after, by key; retired ones and drafts too."""
        return self._tags.all()

    def tag(self, key: str) -> TagRecord:
        """Return one of them; raises NotFound with the nearest key."""
        return self._tags.get(key)

    def tag_entries(self) -> list[TagEntry]:
        """Return every tag, those of the data too; nothing is counted."""
        return entries(self._lake_catalogue(), self.data_version().catalogue, self._tags.all(), mask)

    def tag_entry(self, key: str) -> TagEntry:
        """Return one tag; raises NotFound with the nearest key."""
        found = {entry.key: entry for entry in self.tag_entries()}
        if key not in found:
            keys = tuple(found)
            raise NotFound(Problem("tag_unknown", None, {"name": key}, keys, nearest_name(key, keys)))
        return found[key]

    def tag_versions(self, key: str) -> list[TagVersion]:
        """Return the states that a tag was in, the newest first; none for one that nobody looked after."""
        known = {record.definition.key for record in self._tags.all()}
        if key not in known and key in self._lake_catalogue().tags:
            return []
        return self._tags.versions(key)

    def tag_sentence(self, definition: TagDefinition, *, reveal: bool = True) -> Text:
        """Return how a tag is made, in words; without `reveal` personal values are masked."""
        catalogue = self.data_version().catalogue
        making = definition.making
        if making is None and definition.key in catalogue.tags:
            making = catalogue.tags[definition.key].computed
        if making is None:
            return say("tag_comes_with_data")
        return describe_making(making, catalogue, None if reveal else mask)

    def listing(self, as_of: date | None = None, *, values: int = 20) -> Listing:
        """Return every tag with its most frequent values or its range, and every event."""
        version, engine = self._engine()
        day, catalogue = self._day(version, as_of), self.catalogue()
        return Listing(
            data_version=version.id,
            as_of=day,
            base=engine.base_count(day),
            catalogue=catalogue,
            tags=tuple(listings(catalogue, engine, day, values=values)),
            entries={entry.key: entry for entry in self.tag_entries()},
        )

    def tag_coverage(self, key: str, as_of: date | None = None) -> tuple[int, int]:
        """Return how many users have a value of a tag, and how many there are."""
        version, engine = self._engine()
        day = self._day(version, as_of)
        return engine.coverage(tag_of(version.catalogue, key).key, day), engine.base_count(day)

    def tag_distribution(self, key: str, as_of: date | None = None) -> Distribution:
        """Return how a tag is distributed; of a personal one only how many have a value."""
        version, engine = self._engine()
        return distribution_of(engine, key, self._day(version, as_of))

    def tag_spread(self, key: str, as_of: date | None = None) -> Spread:
        """Return every value of a number or date tag that is not personal, with how many users have it."""
        version, engine = self._engine()
        spec = tag_of(version.catalogue, key)
        if spec.personal is not None or spec.type not in ("number", "date"):
            raise RuleError(Problem("tag_has_no_order", params={"tag": spec.label.as_text()}))
        return engine.ordered_values(key, self._day(version, as_of))

    def tag_expired(self, key: str, as_of: date | None = None) -> int:
        """Return how many users of the base have a value of a tag that is past its validity period."""
        version, engine = self._engine()
        spec, day = tag_of(version.catalogue, key), self._day(version, as_of)
        if spec.validity is None:
            return 0
        lasting = spec.model_copy(update={"validity": None})
        tags = {**version.catalogue.tags, key: lasting}
        trial = engine.seeing(version.catalogue.model_copy(update={"tags": tags}))
        return trial.coverage(key, day) - engine.coverage(key, day)

    def tag_problems(self, definition: TagDefinition) -> tuple[Problem, ...]:
        """Return everything that is wrong with a definition or worth a warning, each at its field."""
        return self._problems_of(definition, self.data_version().catalogue)

    def preview_tag(self, definition: TagDefinition, as_of: date | None = None) -> TagPreview:
        """Return what a tag would be; nothing is kept.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition.
        """
        (preview,) = self.preview_tags([definition], as_of)
        return preview

    def preview_tags(
        self, definitions: Sequence[TagDefinition], as_of: date | None = None
    ) -> list[TagPreview]:
        """Return what several tags would be, of which later ones may be made of earlier ones."""
        version, engine = self._engine()
        day, catalogue = self._day(version, as_of), version.catalogue
        previews = []
        for definition in definitions:
            problems = self._problems_of(definition, catalogue)
            refuse(problems)
            engine = self._trial(engine, definition)
            catalogue = engine.catalogue
            previews.append(_preview(engine, definition, catalogue, day, problems))
        return previews

    def tag_uses(self, key: str) -> list[TagUse]:
        """Return what names a tag directly: tags that are not retired, and audiences."""
        return uses_of(key, self._tags.all(), self._audiences.all())

    def tag_graph(self, key: str) -> TagGraph:
        """Return what a tag is made from, and what uses it: tags, audiences and the newest exports."""
        catalogue = self.data_version().catalogue
        specs = {**self._lake_catalogue().tags, **catalogue.tags}
        for record in self._tags.all():
            definition = record.definition
            if definition.making is not None and (record.status != "retired" or definition.key == key):
                specs[definition.key] = book.raw(definition)
        users = [
            RuleUser("audience", audience.id, audience.name, rule)
            for audience in self._audiences.all()
            if (rule := remains_of(audience.rule)) is not None
        ]
        users += [
            RuleUser("export", record.id, record.file_name, rule)
            for record in self._records.exports(200)
            if (rule := remains_of(record.rule)) is not None
        ]
        return tag_graph(key, specs, catalogue, users)

    def tag_changes(self, before: TagDefinition, after: TagDefinition) -> list[Text]:
        """Return what differs between two definitions, one sentence a field; of a rule tag, a value."""
        old, new = before.as_json(), after.as_json()
        changes: list[Text] = []
        for field in _TOLD:
            if old[field] == new[field]:
                continue
            if isinstance(before.making, ByRules) and isinstance(after.making, ByRules) and field == "making":
                changes += self._rule_changes(before.making, after.making)
                continue
            changes.append(
                say(
                    "tag_field_changed", field=say(f"tag_field_{field}"),
                    before=self._shown(field, before, old), after=self._shown(field, after, new),
                )
            )  # fmt: skip
        return changes

    def templates(self) -> Mapping[str, Template]:
        """Return the ready tags, by key."""
        return TEMPLATES

    def proposals(
        self, template: str, given: Mapping[str, Any] | None = None, *, free: bool = False
    ) -> tuple[TagDefinition, ...]:
        """Return the tags that a template proposes for this data, those first of which others are made.

        Parameters
        ----------
        given : mapping or None
            What the template is told; what is left out stands at its default.
        free : bool
            Where a key is taken, all of them get a number at their end.

        Raises
        ------
        NotFound
            If there is no such template.
        RuleError
            With everything that is wrong with what is given.
        """
        found = template_of(template, TEMPLATES).proposals(self.data_version().catalogue, given)
        definitions = tuple(proposed_definition(proposal) for proposal in found)
        return self._under_free_keys(definitions) if free else definitions

    def _under_free_keys(self, definitions: tuple[TagDefinition, ...]) -> tuple[TagDefinition, ...]:
        taken = {entry.key for entry in self.tag_entries()}
        keys = [definition.key for definition in definitions]
        names = dict(zip(keys, keys, strict=True))
        for number in itertools.count(2):
            if taken.isdisjoint(names.values()):
                break
            names = {key: f"{key}_{number}" for key in keys}
        return tuple(under_names(definition, names) for definition in definitions)

    def _problems_of(self, definition: TagDefinition, catalogue: Catalogue) -> tuple[Problem, ...]:
        others = {key: spec for key, spec in catalogue.tags.items() if key != definition.key}
        withheld = {key: why for key, why in catalogue.withheld.items() if key != definition.key}
        known = catalogue.model_copy(update={"tags": others, "withheld": withheld})
        round_about = book.circle_problem(definition, book.not_retired(self._tags.all()), catalogue)
        return (round_about,) if round_about else book.definition_problems(definition, known)

    def _trial(self, engine: Engine, definition: TagDefinition, *, key: str | None = None) -> Engine:
        """Return an engine that sees a definition too, in the place of its tag or under another key."""
        catalogue = engine.catalogue
        if definition.making is None:
            of_data = self._lake_catalogue().tags[definition.key]
            spec = book.looked_after(of_data, definition, self.default_as_of())
        else:
            values = self._values_of(self._tags.all())(definition.key)
            spec = book.spec_of(definition, catalogue, values)
        name = key or definition.key
        tags = {**catalogue.tags, name: spec.model_copy(update={"key": name})}
        return engine.seeing(catalogue.model_copy(update={"tags": tags}))

    def _rule_changes(self, before: ByRules, after: ByRules) -> list[Text]:
        """Return what differs between the values of two rule tags."""
        catalogue = self.data_version().catalogue
        old, new = ({one.value: one.rule for one in making.values} for making in (before, after))
        told = [say("tag_value_removed", value=value) for value in old if value not in new]
        for value, rule in new.items():
            if value not in old:
                told.append(say("tag_value_added", value=value))
                continue
            told += [
                say("tag_value_changed", value=value, change=change.text)
                for change in difference(old[value], rule, catalogue, mask)
            ]
        kept = [[value for value in values if value in old and value in new] for values in (old, new)]
        if kept[0] != kept[1]:
            told.append(say("tag_values_reordered", values=list(new)))
        for field in ("keep", "otherwise"):
            was, now = getattr(before, field), getattr(after, field)
            if was != now:
                told.append(
                    say(
                        "tag_field_changed", field=say(f"tag_field_{field}"), before=_choice(field, was),
                        after=_choice(field, now),
                    )
                )  # fmt: skip
        return told

    def _shown(self, field: str, definition: TagDefinition, as_json: Mapping[str, Any]) -> Text:
        value = as_json[field]
        if field == "making":
            return self.tag_sentence(definition)
        if field == "label":
            return definition.label.as_text()
        if field in ("use", "timeliness", "refresh"):
            return say(f"tag_{field}_{value}")
        if field == "dimension":
            label = self.data_version().catalogue.dimensions.get(value)
            return Text(zh=value, en=value) if label is None else label.as_text()
        if field == "validity" and definition.validity is not None:
            validity = definition.validity
            length = say(f"length_{validity.unit}", n=validity.n)
            if validity.since is None:
                return length
            known = self.data_version().catalogue.tags.get(validity.since)
            since = validity.since if known is None else known.label.as_text()
            return say("tag_validity_since", length=length, since=since)
        text = "—" if value in (None, "") else str(value)
        return Text(zh=text, en=text)


def uses_of(key: str, records: Sequence[TagRecord], audiences: Sequence[Audience]) -> list[TagUse]:
    """Return what names a tag directly: tags that are not retired, and audiences."""
    uses = [
        TagUse("tag", record.definition.key, record.definition.label.as_text())
        for record in book.users_of(key, records)
    ]
    for audience in audiences:
        rule = remains_of(audience.rule)
        if rule is not None and key in tags_in(rule):
            uses.append(TagUse("audience", audience.id, Text(zh=audience.name, en=audience.name)))
    return uses


def refuse(problems: Sequence[Problem]) -> None:
    """Raise RuleError with the problems that are no mere warnings, if there are any."""
    errors = errors_of(tuple(problems))
    if errors:
        raise RuleError(errors)


def _preview(
    engine: Engine, definition: TagDefinition, catalogue: Catalogue, day: date, problems: tuple[Problem, ...]
) -> TagPreview:
    spec = catalogue.tags[definition.key]
    sentence = (
        say("tag_comes_with_data") if spec.computed is None else describe_making(spec.computed, catalogue)
    )
    missing = engine.base_count(day) - engine.coverage(spec.key, day)
    shown = Breakdown(spec.key, spec.type, (), (0, 0), (missing, missing))
    if spec.personal is None:
        shown = engine.breakdown(EVERYBODY, spec.key, day, top=_NAMED_BARS)
    return TagPreview(
        key=spec.key,
        type=spec.type.value,
        sentence=sentence,
        base=engine.base_count(day),
        with_value=engine.coverage(spec.key, day),
        breakdown=shown,
        warnings=problems,
    )


def proposed_definition(proposal: Proposal) -> TagDefinition:
    """Return what is kept of a proposal."""
    return TagDefinition(
        key=proposal.key, label=Label(**proposal.label), making=proposal.making,
        description=f"{proposal.description['zh']}\n{proposal.description['en']}",
        dimension=proposal.dimension, unit=proposal.unit, use=proposal.use,
    )  # fmt: skip


def under_names(definition: TagDefinition, names: Mapping[str, str]) -> TagDefinition:
    """Return a definition that bears the new key, if it has one, and names others under theirs.

    A number at the end of its new key stands behind its name as well: people tell tags apart by that.
    """
    making = None if definition.making is None else made_with_tags(definition.making, names)
    key, label = names.get(definition.key, definition.key), definition.label
    number = key.removeprefix(f"{definition.key}_")
    if key != definition.key and number.isdigit():
        zh, en = (f"{text[: MAX_LABEL - len(number) - 3]} ({number})" for text in (label.zh, label.en))
        label = Label(zh=zh, en=en)
    return replace(definition, key=key, label=label, making=making)


def _choice(field: str, value: str | None) -> Text:
    if field == "keep":
        return say(f"tag_keep_{value}")
    text = "—" if value is None else value
    return Text(zh=text, en=text)


def _plain(end: float | date | None) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end
