"""Tags of operators changed: kept, given another definition, moved through their life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from core.audiences.naming import clean_actor, clean_note
from core.audiences.records import Actor, Audience
from core.errors import Conflict, Problem, RuleError
from core.messages import Text
from core.rules.check import errors_of
from core.rules.made_of import in_order, tags_of
from core.rules.makings import Given
from core.tags import book
from core.tags.records import Status, TagDefinition, TagRecord
from core.workspace.tagging import Tagging, refuse, uses_of


@dataclass(frozen=True)
class TagImported:
    """What became of one definition that was read from a file.

    Attributes
    ----------
    outcome : {"created", "changed", "same"}
    changes : tuple of Text
        Of one that was changed.
    """

    key: str
    outcome: Literal["created", "changed", "same"]
    changes: tuple[Text, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        changes = [dict(change) for change in self.changes]
        return {"key": self.key, "outcome": self.outcome, "changes": changes}


class TagLife(Tagging):
    """Changes of tags. Of two people who change one at once, one wins, the other is told what changed."""

    def create_tag(self, definition: TagDefinition, *, actor: Actor, status: Status = "active") -> TagRecord:
        """Keep a new tag, at once for everybody or as a draft.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition; a draft need not be right yet.
        Conflict
            If the key is taken, by a tag of the data or of an operator.
        """
        (record,) = self.create_tags([definition], actor=actor, status=status)
        return record

    def create_tags(
        self, definitions: Sequence[TagDefinition], *, actor: Actor, status: Status = "active"
    ) -> list[TagRecord]:
        """Keep several new tags, of which later ones may be made of earlier ones: all or none."""
        if status not in ("active", "draft"):
            raise ValueError(f"a new tag cannot be {status}")
        of_data = self._lake_catalogue().tags
        keys = [definition.key for definition in definitions]
        taken = [key for place, key in enumerate(keys) if key in of_data or key in keys[:place]]
        if taken:
            raise Conflict([Problem("tag_key_taken", "key", {"name": key}) for key in taken])
        refuse([Problem("tag_without_making", "making") for each in definitions if each.making is None])
        if status == "active":
            self._refuse_wrong(definitions)

        def admit(others: list[TagRecord]) -> None:
            for place, definition in enumerate(definitions):
                self._refuse_circle(definition, [*book.not_retired(others), *definitions[:place]])

        actor = clean_actor(actor)
        kept = [each if each.owner else replace(each, owner=actor.name) for each in definitions]
        return self._tags.create(kept, status, actor, self._now(), admit=admit)

    def update_tag(
        self, definition: TagDefinition, *, version: int, actor: Actor, note: str = ""
    ) -> TagRecord:
        """Give a tag another definition, as its next version.

        Parameters
        ----------
        version : int
            The version that the caller saw; 0 for a tag of the data that nobody has looked after.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition; that of a draft need not be right yet.
        Conflict
            If somebody changed it since `version`, with who, when and what.
        """
        of_data = self._lake_catalogue().tags
        records = {record.definition.key: record for record in self._tags.all()}
        record = records.get(definition.key)
        is_of_data = definition.key in of_data if record is None else record.definition.making is None
        if is_of_data:
            definition = replace(definition, making=None)
        elif definition.making is None:
            raise RuleError(Problem("tag_without_making", "making"))
        if record is None and is_of_data and version == 0:
            refuse(self.tag_problems(definition))
            (kept,) = self._tags.create(
                [definition], "active", clean_actor(actor), self._now(), admit=lambda _: None
            )
            return kept
        if record is not None:
            _refuse_other_type(record.definition, definition)
            definition = replace(definition, owner=definition.owner or record.definition.owner)
        if record is None or record.status != "draft":
            refuse(self.tag_problems(definition))
        return self._tags.change(
            definition, version, clean_note(note), clean_actor(actor), self._now(),
            admit=lambda others: self._refuse_circle(definition, book.not_retired(others)),
            told=self.tag_changes,
        )  # fmt: skip

    def restore_tag_version(self, key: str, wanted: int, *, version: int, actor: Actor) -> TagRecord:
        """Give a tag the definition that it had in an earlier version, as its next version.

        Parameters
        ----------
        version : int
            The version that the caller saw.

        Raises
        ------
        NotFound
            If there was no such version.
        """
        found = self._tags.version(key, wanted)
        return self.update_tag(found.definition, version=version, actor=actor, note=f"v{wanted}")

    def import_tags(
        self, definitions: Sequence[TagDefinition], *, actor: Actor, dry_run: bool = False
    ) -> list[TagImported]:
        """Bring definitions in that a team has reviewed: new ones active, others as the next version.

        Everything is checked before anything is changed. Tags that are not among them stay as they are.

        Parameters
        ----------
        dry_run : bool
            Only tell what would happen.

        Raises
        ------
        RuleError
            With everything that is wrong, each at its tag.
        Conflict
            If somebody changed one of them meanwhile.
        """
        entries = {entry.key: entry for entry in self.tag_entries()}
        drawn = {definition.key: definition for definition in definitions}
        ordered = [drawn[key] for key in in_order({key: book.raw(each) for key, each in drawn.items()})]
        _, engine = self._engine()
        problems: list[Problem] = []
        for definition in ordered:
            wrong = errors_of(self._problems_of(definition, engine.catalogue))
            problems += [replace(p, node=f"{definition.key}: {p.node or ''}") for p in wrong]
            if not wrong:
                engine = self._trial(engine, definition)
        refuse(problems)
        told = []
        for definition in ordered:
            entry = entries.get(definition.key)
            if entry is None:
                if not dry_run:
                    self.create_tag(definition, actor=actor)
                told.append(TagImported(definition.key, "created"))
                continue
            changes = tuple(self.tag_changes(entry.definition, definition))
            if changes and not dry_run:
                self.update_tag(definition, version=entry.version, actor=actor)
            told.append(TagImported(definition.key, "changed" if changes else "same", changes))
        return told

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
            refuse(self.tag_problems(record.definition))

        return self._tags.move(key, "active", clean_actor(actor), self._now(), admit=admit)

    def pause_tag(self, key: str, *, actor: Actor, as_of: date | None = None) -> TagRecord:
        """Let a tag keep the values of a day (None = the workspace's own) until it is published again.

        Raises
        ------
        Conflict
            If it comes with the data.
        """
        day = self._day(self.data_version(), as_of)

        def admit(record: TagRecord, others: list[TagRecord], audiences: list[Audience]) -> None:
            del others, audiences
            if record.definition.making is None:
                raise Conflict(Problem("tag_of_data_paused", params={"name": key}))

        self._look_after(key, actor)
        return self._tags.move(key, "paused", clean_actor(actor), self._now(), stands_at=day, admit=admit)

    def retire_tag(self, key: str, *, actor: Actor) -> TagRecord:
        """Take a tag out of use; it can be published again.

        Raises
        ------
        Conflict
            If a tag that is not retired is made of it, or an audience names it, with all of them.
        """

        def admit(record: TagRecord, others: list[TagRecord], audiences: list[Audience]) -> None:
            users = [use.sentence for use in uses_of(record.definition.key, others, audiences)]
            of_data = self._lake_catalogue().tags
            users += [
                spec.label.as_text() for spec in of_data.values() if key in tags_of(spec) and spec.key != key
            ]
            if users:
                raise Conflict(Problem("tag_in_use", params={"name": key, "users": users}))

        self._look_after(key, actor)
        return self._tags.move(key, "retired", clean_actor(actor), self._now(), admit=admit)

    def _look_after(self, key: str, actor: Actor) -> None:
        """Give a tag of the data a record of its own, if it has none."""
        entry = self.tag_entry(key)
        if entry.version == 0:
            self.update_tag(entry.definition, version=0, actor=actor)

    def _refuse_wrong(self, definitions: Sequence[TagDefinition]) -> None:
        """Refuse definitions that do not fit the data and one another."""
        _, engine = self._engine()
        for definition in definitions:
            refuse(self._problems_of(definition, engine.catalogue))
            engine = self._trial(engine, definition)

    def _refuse_circle(self, definition: TagDefinition, others: Sequence[TagDefinition]) -> None:
        """Refuse a way back to the tag that somebody else may have made in the meantime."""
        problem = book.circle_problem(definition, others, self.data_version().catalogue)
        if problem is not None:
            raise RuleError(problem)


def _refuse_other_type(before: TagDefinition, after: TagDefinition) -> None:
    """Refuse another type for values that were given already: they would fit it no more."""
    old, new = before.making, after.making
    if isinstance(old, Given) and (not isinstance(new, Given) or new.type is not old.type):
        raise RuleError(Problem("tag_given_type_fixed", "making.type", {"type": old.type.value}))
