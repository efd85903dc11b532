"""Tags that operators make: kept, changed, moved through their life, and looked at before they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.audiences.naming import clean_actor, clean_note
from core.audiences.records import Actor, Audience
from core.engines.base import Breakdown
from core.errors import Conflict, Problem, RuleError
from core.messages import Text, problem_as_json, say
from core.rules.check import errors_of
from core.rules.making_words import describe_making
from core.rules.naming import tags_in
from core.rules.remains import remains_of
from core.schema import Label
from core.tags import book
from core.tags.listing import EVERYBODY
from core.tags.records import Status, TagDefinition, TagRecord, TagVersion
from core.tags.templates import TEMPLATES, Proposal, Template
from core.tags.templates.proposals import template_of
from core.workspace.explaining import Explaining

_TOLD = ("label", "description", "dimension", "unit", "use", "owner", "validity", "making")


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
        How the values would be distributed; of the base in both numbers of a bar.
    warnings : tuple of Problem
        What is worth knowing and stops nothing.
    """

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


class Tagging(Explaining):
    """Tags of operators. Of two people who change one at once, one wins, the other is told what changed."""

    def tags(self) -> list[TagRecord]:
        """Return every tag that operators made, by key; retired ones and drafts too."""
        return self._tags.all()

    def tag(self, key: str) -> TagRecord:
        """Return one of them; raises NotFound with the nearest key."""
        return self._tags.get(key)

    def tag_versions(self, key: str) -> list[TagVersion]:
        """Return the states that a tag was in, the newest first."""
        return self._tags.versions(key)

    def tag_sentence(self, definition: TagDefinition) -> Text:
        """Return how a tag is made, in words."""
        return describe_making(definition.making, self.data_version().catalogue)

    def tag_problems(self, definition: TagDefinition) -> tuple[Problem, ...]:
        """Return everything that is wrong with a definition or worth a warning, each at its field."""
        catalogue = self.data_version().catalogue
        others = {key: spec for key, spec in catalogue.tags.items() if key != definition.key}
        withheld = {key: why for key, why in catalogue.withheld.items() if key != definition.key}
        known = catalogue.model_copy(update={"tags": others, "withheld": withheld})
        round_about = book.circle_problem(definition, self._tags.all(), catalogue)
        return (round_about,) if round_about else book.definition_problems(definition, known)

    def preview_tag(self, definition: TagDefinition, as_of: date | None = None) -> TagPreview:
        """Return what a tag would be; nothing is kept.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition.
        """
        problems = self.tag_problems(definition)
        _refuse(problems)
        version, engine = self._engine()
        day, catalogue = self._day(version, as_of), version.catalogue
        spec = book.spec_of(definition, catalogue)
        tags = {**catalogue.tags, spec.key: spec}
        trial = engine.seeing(catalogue.model_copy(update={"tags": tags}))
        return TagPreview(
            type=spec.type.value,
            sentence=describe_making(definition.making, catalogue),
            base=trial.base_count(day),
            with_value=trial.coverage(spec.key, day),
            breakdown=trial.breakdown(EVERYBODY, spec.key, day, top=50),
            warnings=problems,
        )

    def create_tag(self, definition: TagDefinition, *, actor: Actor, status: Status = "active") -> TagRecord:
        """Keep a new tag, at once for everybody or as a draft.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition; a draft need not be right yet.
        Conflict
            If the key is taken, by a tag of the data or of an operator.
        """
        if definition.key in self._lake_catalogue().tags:
            raise Conflict(Problem("tag_key_taken", "key", {"name": definition.key}))
        if status != "draft":
            _refuse(self.tag_problems(definition))

        def admit(others: list[TagRecord]) -> None:
            self._refuse_circle(definition, others)

        actor = clean_actor(actor)
        kept = definition if definition.owner else replace(definition, owner=actor.name)
        return self._tags.create(kept, status, actor, self._now(), admit=admit)

    def update_tag(
        self, definition: TagDefinition, *, version: int, actor: Actor, note: str = ""
    ) -> TagRecord:
        """Give a tag another definition, as its next version.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition; that of a draft need not be right yet.
        Conflict
            If somebody changed it since `version`, with who, when and what.
        """
        if self._tags.get(definition.key).status != "draft":
            _refuse(self.tag_problems(definition))
        return self._tags.change(
            definition, version, clean_note(note), clean_actor(actor), self._now(),
            admit=lambda others: self._refuse_circle(definition, others), told=self.tag_changes,
        )  # fmt: skip

    def publish_tag(self, key: str, *, actor: Actor) -> TagRecord:
        """Let everybody use a draft, a paused tag again, or a retired one again.

        Raises
        ------
        RuleError
            If it does not fit the data.
        Conflict
            If it is active already.
        """

        def admit(record: TagRecord, others: list[TagRecord], audiences: list[Audience]) -> None:
            del others, audiences
            _refuse(self.tag_problems(record.definition))

        return self._tags.move(key, "active", clean_actor(actor), self._now(), admit=admit)

    def pause_tag(self, key: str, *, actor: Actor, as_of: date | None = None) -> TagRecord:
        """Let a tag keep the values of a day (None = the workspace's own) until it is published again."""
        day = self._day(self.data_version(), as_of)
        return self._tags.move(
            key, "paused", clean_actor(actor), self._now(), stands_at=day, admit=lambda *_: None
        )

    def retire_tag(self, key: str, *, actor: Actor) -> TagRecord:
        """Take a tag out of use; it can be published again.

        Raises
        ------
        Conflict
            If a tag that is not retired is made of it, or an audience names it, with all of them.
        """

        def admit(record: TagRecord, others: list[TagRecord], audiences: list[Audience]) -> None:
            users = _users(record.definition.key, others, audiences)
            if users:
                raise Conflict(Problem("tag_in_use", params={"name": key, "users": users}))

        return self._tags.move(key, "retired", clean_actor(actor), self._now(), admit=admit)

    def tag_uses(self, key: str) -> list[Text]:
        """Return what names a tag directly, in words: tags that are not retired, and audiences."""
        return _users(key, self._tags.all(), self._audiences.all())

    def tag_changes(self, before: TagDefinition, after: TagDefinition) -> list[Text]:
        """Return what differs between two definitions, one sentence a field."""
        old, new = before.as_json(), after.as_json()
        return [
            say(
                "tag_field_changed", field=say(f"tag_field_{field}"),
                before=self._shown(field, before, old), after=self._shown(field, after, new),
            )
            for field in _TOLD
            if old[field] != new[field]
        ]  # fmt: skip

    def templates(self) -> Mapping[str, Template]:
        """Return the ready tags, by key."""
        return TEMPLATES

    def proposals(self, template: str, given: Mapping[str, Any] | None = None) -> tuple[TagDefinition, ...]:
        """Return the tags that a template proposes for this data, those first of which others are made.

        Raises
        ------
        NotFound
            If there is no such template.
        RuleError
            With everything that is wrong with what is given.
        """
        found = template_of(template, TEMPLATES).proposals(self._lake_catalogue(), given)
        return tuple(_definition(proposal) for proposal in found)

    def _refuse_circle(self, definition: TagDefinition, others: Sequence[TagRecord]) -> None:
        """Refuse a way back to the tag that somebody else may have made in the meantime."""
        problem = book.circle_problem(definition, others, self.data_version().catalogue)
        if problem is not None:
            raise RuleError(problem)

    def _shown(self, field: str, definition: TagDefinition, as_json: Mapping[str, Any]) -> Text:
        if field == "making":
            return self.tag_sentence(definition)
        if field == "label":
            return Text(zh=definition.label.zh, en=definition.label.en)
        text = "—" if as_json[field] in (None, "") else str(as_json[field])
        return Text(zh=text, en=text)


def _definition(proposal: Proposal) -> TagDefinition:
    return TagDefinition(
        key=proposal.key, label=Label(**proposal.label), making=proposal.making,
        description=f"{proposal.description['zh']}\n{proposal.description['en']}",
        dimension=proposal.dimension, unit=proposal.unit, use=proposal.use,
    )  # fmt: skip


def _users(key: str, records: Sequence[TagRecord], audiences: Sequence[Audience]) -> list[Text]:
    tags = [say("tag_used_by_tag", name=r.definition.label.as_text()) for r in book.users_of(key, records)]
    named = []
    for audience in audiences:
        rule = remains_of(audience.rule)
        if rule is not None and key in tags_in(rule):
            named.append(say("tag_used_by_audience", name=audience.name))
    return [*tags, *named]


def _refuse(problems: Sequence[Problem]) -> None:
    errors = errors_of(tuple(problems))
    if errors:
        raise RuleError(errors)


def _plain(end: float | date | None) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end
