"""An import plan as a form, one table of columns per source, and back without losing what it hides.

Nothing here draws; the page does. What a form does not show (several tags from one column, formats, computed
tags, the journey) passes through untouched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from core.ingest import ImportPlan, SourceInspection
from core.ingest.plan import EventsSource, PropertyPlan, TagPlan, UsersSource
from core.schema import Label, TagType

_P = TypeVar("_P", TagPlan, PropertyPlan)

Holds = Literal["users", "events", "nothing"]
Role = Literal["id", "registered", "tag", "at", "event", "amount", "property", "ignore"]

ROLES: Mapping[Holds, tuple[Role, ...]] = {
    "users": ("id", "registered", "tag", "ignore"),
    "events": ("id", "at", "event", "amount", "property", "ignore"),
    "nothing": ("ignore",),
}
ONCE: frozenset[Role] = frozenset({"id", "registered", "at", "event", "amount"})
"""Roles that one column of a source may have."""

PERSONAL = ("name", "phone", "email", "address", "id")

_WHEN_TURNED: Mapping[Holds, Mapping[Role, Role]] = {
    "users": {"at": "registered", "property": "tag", "amount": "tag", "event": "tag"},
    "events": {"registered": "at", "tag": "property"},
    "nothing": {},
}


@dataclass(frozen=True)
class ColumnRow:
    """One column of a source as the operator sees and corrects it.

    Attributes
    ----------
    column : str
        Its name in the file.
    role : str
        What it is used as.
    type : str
        A `TagType`'s value; counts for tags and properties.
    key : str
        Name of the tag or property in rules.
    zh, en : str
        Labels; empty = none given.
    dimension, unit, personal, separator : str or None
        As in the plan; dimension, unit and personal only for tags.
    """

    column: str
    role: Role
    type: str
    key: str
    zh: str = ""
    en: str = ""
    dimension: str = "other"
    unit: str | None = None
    personal: str | None = None
    separator: str = "|"


@dataclass(frozen=True)
class Trouble:
    """Why the form is no plan yet: the key of a text and what it names."""

    key: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceForm:
    """One source of the plan in the form.

    Attributes
    ----------
    source : str
        Path as it stands in the plan.
    holds : {"users", "events", "nothing"}
        What its rows are.
    origin : UsersSource, EventsSource or None
        The source as the plan had it; None for a file that the plan does not use.
    rows : tuple of ColumnRow
        Empty until the file has been inspected, and for queries.
    event, time_format, where : str
        Settings of the source; empty = not given. The first two count for events.
    duplicates : str
        What an id that stands twice means; counts for users.
    """

    source: str
    holds: Holds
    origin: UsersSource | EventsSource | None = None
    rows: tuple[ColumnRow, ...] = ()
    event: str = ""
    time_format: str = ""
    where: str = ""
    duplicates: str = "refuse"

    @property
    def is_query(self) -> bool:
        """Whether the rows come from SQL, whose columns only the text of the plan can change."""
        return self.origin is not None and self.origin.source is None

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return self.source.replace("\\", "/").rsplit("/", 1)[-1]


def forms_of(plan: ImportPlan, unused: Iterable[str] = ()) -> tuple[SourceForm, ...]:
    """Return a plan's sources as forms, their columns still to be filled in by `with_columns`.

    Parameters
    ----------
    plan : ImportPlan
        The plan.
    unused : iterable of str
        Paths of files at hand that no source names.
    """
    users = [
        SourceForm(
            source=source.source or f"SQL {number}",
            holds="users",
            origin=source,
            where=source.where or "",
            duplicates=source.duplicates,
        )
        for number, source in enumerate(plan.users, 1)
    ]
    events = [
        SourceForm(
            source=source.source or f"SQL {number}",
            holds="events",
            origin=source,
            event=source.event or "",
            time_format=source.time_format or "",
            where=source.where or "",
        )
        for number, source in enumerate(plan.events, 1)
    ]
    return (*users, *events, *(SourceForm(source=path, holds="nothing") for path in unused))


def with_columns(form: SourceForm, inspection: SourceInspection) -> SourceForm:
    """Return the form with a row for every column of the file, as the plan uses it."""
    inferred = {column.name: column.type for column in inspection.columns}
    return replace(form, rows=tuple(_row(form.origin, name, kind) for name, kind in inferred.items()))


def turned(form: SourceForm, holds: Holds) -> SourceForm:
    """Return the form for rows of another kind; roles become the nearest ones of that kind.

    The time column of events becomes the registered day of users, tags become properties, and back.
    """
    if holds == form.holds:
        return form
    taken: set[Role] = set()
    rows = []
    for row in form.rows:
        role = _WHEN_TURNED[holds].get(row.role, row.role)
        if role not in ROLES[holds] or (role in ONCE and role in taken):
            role = "ignore"
        taken.add(role)
        rows.append(replace(row, role=role))
    return replace(form, holds=holds, rows=tuple(rows))


def troubles(forms: Sequence[SourceForm]) -> tuple[Trouble, ...]:
    """Return everything that keeps the forms from being a plan; empty when they are one."""
    found = [trouble for form in forms if not form.is_query for trouble in _troubles_of(form)]
    if all(form.holds == "nothing" for form in forms):
        found.append(Trouble("data.problem.nothing"))
    return tuple(found)


def plan_of(
    plan: ImportPlan, forms: Sequence[SourceForm], inferred: Mapping[str, Mapping[str, TagType]]
) -> ImportPlan:
    """Return the plan that the forms say, everything else as `plan` had it.

    Parameters
    ----------
    plan : ImportPlan
        Where the settings that are no source come from.
    forms : sequence of SourceForm
        Without `troubles`.
    inferred : mapping
        By source and column, the type that the file itself suggests: a type is written only where it differs.

    Raises
    ------
    pydantic.ValidationError
        If the forms have troubles.
    """
    users = [_users_source(f, inferred.get(f.source, {})) for f in forms if f.holds == "users"]
    events = [_events_source(f, inferred.get(f.source, {})) for f in forms if f.holds == "events"]
    return ImportPlan.model_validate({**_given(plan), "users": users, "events": events})


def key_of(column: str) -> str:
    """Return a key for a column: letters of any script, digits and underscores, lower case."""
    return re.sub(r"\W+", "_", column.strip()).strip("_").lower() or "column"


def _given(model: Any) -> dict[str, Any]:
    """Return what was set in a model, as the models themselves, so that validation leaves them alone."""
    return {name: getattr(model, name) for name in model.model_fields_set}


def _row(origin: UsersSource | EventsSource | None, column: str, inferred: TagType) -> ColumnRow:
    role, key, plan = _use_of(origin, column)
    label = plan.label if plan is not None else None
    kind = plan.type if plan is not None and plan.type is not None else None
    override = origin.columns.get(column) if origin is not None else None
    row = ColumnRow(
        column=column,
        role=role,
        type=str((kind or override or inferred).value),
        key=key or key_of(column),
        zh=label.zh if label else "",
        en=label.en if label else "",
        separator=plan.separator if plan is not None else "|",
    )
    if isinstance(plan, TagPlan):
        return replace(row, dimension=plan.dimension, unit=plan.unit, personal=plan.personal)
    return row


def _use_of(
    origin: UsersSource | EventsSource | None, column: str
) -> tuple[Role, str | None, TagPlan | PropertyPlan | None]:
    """Return what the plan uses a column as, under which key, and how."""
    if isinstance(origin, UsersSource):
        if column == origin.id:
            return "id", None, None
        if column == origin.registered:
            return "registered", None, None
        for key, tag in origin.tags.items():
            if (tag.column or key) == column:
                return "tag", key, tag
    if isinstance(origin, EventsSource):
        fixed: dict[str | None, Role] = {
            origin.amount: "amount",
            origin.event_column: "event",
            origin.at: "at",
            origin.user: "id",
        }
        if column in fixed:
            return fixed[column], None, None
        for key, prop in origin.properties.items():
            if (prop.column or key) == column:
                return "property", key, prop
    return "ignore", None, None


def _troubles_of(form: SourceForm) -> list[Trouble]:
    if form.holds == "nothing":
        return []
    found = []
    by_role: dict[Role, list[str]] = {}
    for row in form.rows:
        by_role.setdefault(row.role, []).append(row.column)
    where = {"source": form.name}
    if "id" not in by_role:
        found.append(Trouble("data.problem.no_id", where))
    found += [
        Trouble("data.problem.two", {**where, "role": role, "columns": columns})
        for role, columns in by_role.items()
        if role in ONCE and len(columns) > 1
    ]
    if form.holds == "events":
        if "at" not in by_role:
            found.append(Trouble("data.problem.no_at", where))
        if "event" not in by_role and not form.event.strip():
            found.append(Trouble("data.problem.no_event", where))
    named = [row for row in form.rows if row.role in ("tag", "property")]
    found += [
        Trouble("data.problem.no_key", {**where, "column": row.column})
        for row in named
        if not row.key.strip()
    ]
    keys = Counter(row.key.strip() for row in named if row.key.strip())
    found += [Trouble("data.problem.same_key", {**where, "key": key}) for key, n in keys.items() if n > 1]
    return found


def _users_source(form: SourceForm, inferred: Mapping[str, TagType]) -> UsersSource:
    origin = form.origin if isinstance(form.origin, UsersSource) else None
    if form.is_query and origin is not None:
        return origin
    tags = {
        row.key.strip(): _tag(row, origin.tags if origin else {}, inferred) for row in _with_role(form, "tag")
    }
    return UsersSource.model_validate(
        {
            **_format_of(form),
            "id": _one(form, "id"),
            "registered": _one(form, "registered"),
            "registered_format": origin.registered_format if origin else None,
            "duplicates": form.duplicates,
            "tags": {**_unshown(origin.tags if origin else {}, form), **tags},
        }
    )


def _events_source(form: SourceForm, inferred: Mapping[str, TagType]) -> EventsSource:
    origin = form.origin if isinstance(form.origin, EventsSource) else None
    if form.is_query and origin is not None:
        return origin
    before = origin.properties if origin else {}
    properties = {row.key.strip(): _property(row, before, inferred) for row in _with_role(form, "property")}
    columns = {row.column for row in form.rows}
    expression = origin.amount if origin and origin.amount not in columns else None
    event_column = _one(form, "event")
    return EventsSource.model_validate(
        {
            **_format_of(form),
            "event": None if event_column else form.event.strip(),
            "event_column": event_column,
            "label": origin.label if origin and not event_column else None,
            "user": _one(form, "id"),
            "at": _one(form, "at"),
            "time_format": form.time_format.strip() or None,
            "amount": _one(form, "amount") or expression,
            "amount_label": origin.amount_label if origin else None,
            "properties": {**_unshown(before, form), **properties},
        }
    )


def _format_of(form: SourceForm) -> dict[str, object]:
    """Return how the file is read: as the plan had it, without the types of columns chosen otherwise."""
    chosen = {row.column: row.type for row in form.rows if row.role in ("tag", "property")}
    origin = form.origin
    kept: dict[str, object] = (
        {
            name: getattr(origin, name)
            for name in ("encoding", "delimiter", "sheet", "null_values", "time_zone")
            if name in origin.model_fields_set
        }
        if origin is not None
        else {}
    )
    stated = origin.columns if origin else {}
    columns = {c: kind for c, kind in stated.items() if chosen.get(c, kind.value) == kind.value}
    return {**kept, "source": form.source, "where": form.where.strip() or None, "columns": columns}


def _with_role(form: SourceForm, role: Role) -> list[ColumnRow]:
    return [row for row in form.rows if row.role == role]


def _one(form: SourceForm, role: Role) -> str | None:
    return next((row.column for row in form.rows if row.role == role), None)


def _unshown(before: Mapping[str, _P], form: SourceForm) -> dict[str, _P]:
    """Return what no row of the table speaks for.

    That is: columns that are not in the file, a column's second tag, and the tag of a column that is the id,
    the registered day or the like as well. A column that is ignored takes all of them away.
    """
    rows = {row.column: row for row in form.rows}
    spoken: set[str] = set()
    kept = {}
    for key, plan in before.items():
        column = plan.column or key
        row = rows.get(column)
        if row is not None and row.role == "ignore":
            continue
        is_also = row is not None and row.role in ONCE and row.role == _use_of(form.origin, column)[0]
        if row is None or is_also or column in spoken:
            kept[key] = plan
        spoken.add(column)
    return kept


def _tag(row: ColumnRow, before: Mapping[str, TagPlan], inferred: Mapping[str, TagType]) -> TagPlan:
    origin = next((t for key, t in before.items() if (t.column or key) == row.column), None)
    return TagPlan(
        column=row.column,
        type=_type_to_write(row, origin, inferred),
        label=_label(row),
        dimension=row.dimension or "other",
        unit=row.unit or None,
        personal=row.personal or None,
        separator=row.separator or "|",
        time_format=origin.time_format if origin else None,
    )


def _property(
    row: ColumnRow, before: Mapping[str, PropertyPlan], inferred: Mapping[str, TagType]
) -> PropertyPlan:
    origin = next((p for key, p in before.items() if (p.column or key) == row.column), None)
    return PropertyPlan(
        column=row.column,
        type=_type_to_write(row, origin, inferred),
        label=_label(row),
        separator=row.separator or "|",
        time_format=origin.time_format if origin else None,
    )


def _type_to_write(
    row: ColumnRow, origin: TagPlan | PropertyPlan | None, inferred: Mapping[str, TagType]
) -> TagType | None:
    chosen = TagType(row.type)
    stated = origin is not None and origin.type is not None
    return chosen if stated or inferred.get(row.column) != chosen else None


def _label(row: ColumnRow) -> Label | None:
    zh, en = row.zh.strip(), row.en.strip()
    return Label(zh=zh or en, en=en or zh) if zh or en else None
