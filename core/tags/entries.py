"""The whole catalogue for people: every tag of the data and of operators, whatever its status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from core.errors import Problem
from core.messages import Text, problem_as_json, say
from core.rules.making_words import describe_making
from core.rules.wording import Mask
from core.schema import Catalogue, Personal, TagSpec, TagType
from core.tags.records import Status, TagDefinition, TagRecord

Origin = Literal["data", "operator"]


@dataclass(frozen=True)
class TagEntry:
    """One tag.

    Attributes
    ----------
    definition : TagDefinition
        What is known of it; of a tag of the data that nobody looked after, what the plan says.
    origin : {"data", "operator"}
        Who made it.
    version : int
        0 for a tag of the data that nobody looked after; else as in `TagRecord`.
    type : TagType or None
        Of its values; None = it cannot be told, see `trouble`, or it is a draft.
    trouble : Problem or None
        Why it cannot be asked although it is active; or that the data brings another tag under its key.
    created_at, created_by, changed_at, changed_by
        None for a tag of the data that nobody looked after; `created_at` of such a tag is when somebody first
        did.
    """

    definition: TagDefinition
    origin: Origin
    status: Status
    version: int
    type: TagType | None
    sentence: Text
    personal: Personal | None = None
    stands_at: date | None = None
    trouble: Problem | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None

    @property
    def key(self) -> str:
        """What rules name."""
        return self.definition.key

    def as_json(self) -> dict[str, Any]:
        """Return the entry, JSON-ready."""
        return {
            **self.definition.as_json(),
            "origin": self.origin,
            "how_made": self.definition.how_made,
            "status": self.status,
            "version": self.version,
            "type": None if self.type is None else self.type.value,
            "sentence": dict(self.sentence),
            "personal": self.personal,
            "stands_at": None if self.stands_at is None else self.stands_at.isoformat(),
            "trouble": None if self.trouble is None else problem_as_json(self.trouble),
            "created": _when(self.created_at, self.created_by),
            "changed": _when(self.changed_at, self.changed_by),
        }


def entries(
    of_data: Catalogue, in_use: Catalogue, records: Sequence[TagRecord], mask: Mask | None = None
) -> list[TagEntry]:
    """Return every tag: those of the data in their order, then those of operators by key.

    Parameters
    ----------
    of_data : Catalogue
        What the data brings.
    in_use : Catalogue
        What rules can name (`core.tags.book.with_tags`).
    records : sequence of TagRecord
        What operators made or look after.
    mask : callable (value, kind) -> str or None
        Hides in the sentences what rules ask of personal tags; None shows it.
    """
    kept = {record.definition.key: record for record in records}
    found = [
        _of_data(spec, kept.get(key), in_use, mask)
        for key, spec in of_data.tags.items()
        if key not in kept or kept[key].definition.making is None
    ]
    found += [
        _of_operator(record, of_data, in_use, mask)
        for key, record in kept.items()
        if record.definition.making is not None or key not in of_data.tags
    ]
    return found


def definition_of(spec: TagSpec) -> TagDefinition:
    """Return what the plan says of a tag of the data."""
    return TagDefinition(
        key=spec.key, label=spec.label, making=None, dimension=spec.dimension, unit=spec.unit,
        use="basics" if spec.computed is None else "behaviour",
        timeliness="static" if spec.computed is None else "dynamic",
    )  # fmt: skip


def _of_data(spec: TagSpec, record: TagRecord | None, in_use: Catalogue, mask: Mask | None) -> TagEntry:
    sentence = say("tag_comes_with_data")
    if spec.computed is not None:
        sentence = describe_making(spec.computed, in_use, mask)
    if record is None:
        trouble = in_use.withheld.get(spec.key)
        return TagEntry(
            definition_of(spec), "data", "active", 0, spec.type, sentence, spec.personal, trouble=trouble
        )
    trouble = None if record.status == "retired" else in_use.withheld.get(spec.key)
    return _kept(record, "data", spec.type, sentence, spec.personal, trouble)


def _of_operator(record: TagRecord, of_data: Catalogue, in_use: Catalogue, mask: Mask | None) -> TagEntry:
    definition = record.definition
    if definition.making is None:
        gone = Problem("tag_not_in_data", params={"tag": definition.label.as_text()})
        return _kept(record, "data", None, say("tag_comes_with_data"), None, gone)
    spec = in_use.tags.get(definition.key)
    trouble = None if record.status == "retired" else in_use.withheld.get(definition.key)
    if definition.key in of_data.tags:
        trouble = Problem("tag_key_in_data", params={"name": definition.key}, severity="warning")
    sentence = describe_making(definition.making, in_use, mask)
    return _kept(record, "operator", None if spec is None else spec.type, sentence, None, trouble)


def _kept(
    record: TagRecord,
    origin: Origin,
    kind: TagType | None,
    sentence: Text,
    personal: Personal | None,
    trouble: Problem | None,
) -> TagEntry:
    return TagEntry(
        record.definition, origin, record.status, record.version, kind, sentence, personal, record.stands_at,
        trouble, record.created_at, record.created_by, record.changed_at, record.changed_by,
    )  # fmt: skip


def _when(at: datetime | None, by: str | None) -> dict[str, str | None] | None:
    return None if at is None else {"at": at.isoformat(), "by": by}
