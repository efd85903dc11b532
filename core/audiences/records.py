"""What operators make and leave behind, as inert data: audiences, lists, snapshots, exports, the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from core.lake.versions import FileRef
from core.rules.tree import Rule

Purpose = Literal["analysis", "contact"]
Format = Literal["csv", "xlsx"]
Header = Literal["key", "zh", "en"]
Action = Literal[
    "import", "activate", "save_audience", "rename_audience", "duplicate_audience", "delete_audience",
    "restore_audience", "purge_audience", "export", "reveal", "add_list", "replace_list", "remove_list",
    "snapshot_audience", "arrange_audience", "change_by_hand", "refresh", "change_setting",
    "create_tag", "change_tag", "move_tag", "merge_tag", "give_tag_values",
]  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """Who does something.

    Attributes
    ----------
    name : str
        As typed, or as the login says.
    verified : bool
        Whether a login stands behind the name; everything that shows an unverified name says so.
    """

    name: str
    verified: bool = False


@dataclass(frozen=True)
class Audience:
    """A saved rule with a name.

    Attributes
    ----------
    id : str
        Random, never reused.
    name : str
        Unique among audiences, whatever the case and width of its letters.
    rule : dict
        In JSON form, as saved; it may name tags that the present data version no longer has.
    created_at, changed_at : datetime.datetime
        UTC.
    revision : int
        1 when created, one more with every change; whoever saves names the one they saw.
    folder : str
        Its way, parts parted by ``/``; empty = in none.
    owner : str
        Who looks after it.
    fixed_to : str or None
        Id of the snapshot whose people it has, whatever the rule says now: it is static. None = it follows
        the rule: it is dynamic.
    alert : float or None
        The share by which its size may move from one refresh to the next before that is pointed out; None =
        nobody wants to know.
    """

    id: str
    name: str
    note: str
    rule: dict[str, Any]
    created_at: datetime
    created_by: Actor
    changed_at: datetime
    changed_by: Actor
    revision: int
    folder: str = ""
    owner: str = ""
    fixed_to: str | None = None
    alert: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {
            "id": self.id,
            "name": self.name,
            "note": self.note,
            "folder": self.folder,
            "owner": self.owner,
            "kind": "dynamic" if self.fixed_to is None else "static",
            "fixed_to": self.fixed_to,
            "alert": self.alert,
            "rule": self.rule,
            "revision": self.revision,
            "created": {"at": self.created_at.isoformat(timespec="seconds"), "by": self.created_by.name},
            "changed": {"at": self.changed_at.isoformat(timespec="seconds"), "by": self.changed_by.name},
        }


@dataclass(frozen=True)
class NewAudience:
    """An audience that is to be saved; of its rule in JSON form it is known that it fits."""

    name: str
    note: str
    rule: dict[str, Any]
    folder: str = ""


@dataclass(frozen=True)
class DeletedAudience:
    """An audience that was deleted and can still be restored, as it was, and who deleted it when (UTC)."""

    audience: Audience
    at: datetime
    by: Actor

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        deleted = {"at": self.at.isoformat(timespec="seconds"), "by": self.by.name}
        return {**self.audience.as_json(), "deleted": deleted}


@dataclass(frozen=True)
class PeopleList:
    """An uploaded list: who is on it, and what became of the rows of its file.

    Attributes
    ----------
    id : str
        Random, never reused; stays when the list is replaced.
    name : str
        Unique among lists, whatever the case and width of its letters.
    source : str
        Name of the file that was uploaded.
    column : str
        Its column that was looked up.
    match : str
        What with: ``id``, or the key of a personal tag.
    rows : int
        Rows of the file: empty ones, duplicates, matched and unmatched ones together.
    empty : int
        Rows without a value.
    duplicates : int
        Rows whose value stood in an earlier one.
    matched, unmatched : int
        Different values that at least one user has, and that none has.
    unreadable : int
        Rows that could not be cut into fields; not among `rows`.
    people : int
        Users on the list; a value that several users have brings all of them.
    data_version : str
        In which the values were looked up.
    file : FileRef
        Where the people are written down.
    at : datetime.datetime
        UTC.
    """

    id: str
    name: str
    source: str
    column: str
    match: str
    rows: int
    empty: int
    duplicates: int
    matched: int
    unmatched: int
    unreadable: int
    people: int
    data_version: str
    file: FileRef
    at: datetime
    by: Actor

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        numbers = ("rows", "matched", "unmatched", "duplicates", "empty", "unreadable", "people")
        return {
            "name": self.name,
            "source": self.source,
            "column": self.column,
            "match": self.match,
            **{key: getattr(self, key) for key in numbers},
            "data_version": self.data_version,
            "at": self.at.isoformat(timespec="seconds"),
            "by": self.by.name,
        }


Cause = Literal["list", "unknown", "clock", "behaviour", "data", "tag", "rule", "hand"]
CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True)
class AudienceVersion:
    """One state that an audience was in."""

    revision: int
    name: str
    note: str
    rule: dict[str, Any]
    folder: str
    owner: str
    fixed_to: str | None
    alert: float | None
    action: str
    at: datetime
    by: Actor

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        names = ("revision", "name", "note", "rule", "folder", "owner", "fixed_to", "alert", "action")
        told = {name: getattr(self, name) for name in names}
        return {**told, "at": self.at.isoformat(timespec="seconds"), "by": self.by.name}


@dataclass(frozen=True)
class ByHand:
    """One person whom somebody added to an audience, or removed from it, whatever its rule says."""

    user_no: int
    is_added: bool
    reason: str
    at: datetime
    by: Actor


@dataclass(frozen=True)
class AudienceState:
    """What an audience's people depend on besides the data and the day, as it was at a snapshot.

    Attributes
    ----------
    rules : mapping
        By id, for the audience and those that its rule names, however far: ``{"revision", "rule", "fixed",
        "added", "removed"}``, the last two lists of ``user_no``, ``fixed`` a file in JSON form or None.
    tags : mapping of str to int
        The tags of operators that are asked, with the versions of their definitions.
    lists : mapping of str to str
        The lists that are named, with the names of their files.
    """

    rules: Mapping[str, Any]
    tags: Mapping[str, int]
    lists: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {"rules": dict(self.rules), "tags": dict(self.tags), "lists": dict(self.lists)}


@dataclass(frozen=True)
class Snapshot:
    """The members of an audience on one day, written down.

    Attributes
    ----------
    id : str
        Random, never reused; what a condition names.
    audience_id : str
        Whose members.
    rule : dict
        The audience's rule as it was asked, in JSON form.
    people : int
        How many.
    file : FileRef
        Where they are written down.
    at : datetime.datetime
        UTC.
    previous : str or None
        Id of the snapshot that it is compared with; None = it is the first.
    entered, left : mapping of str to int
        How many came and went since then, by cause; causes of nobody are left out.
    changes : FileRef or None
        Who they are: one row per user, ``user_no``, ``entered`` (Boolean), ``cause``; None = nobody.
    state : AudienceState or None
        What they depended on; None for snapshots of the first releases.
    is_alert : bool
        Whether the size moved by more than the share that was set.
    """

    id: str
    audience_id: str
    as_of: date
    data_version: str
    rule: dict[str, Any]
    people: int
    file: FileRef
    at: datetime
    by: Actor
    previous: str | None = None
    entered: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    changes: FileRef | None = None
    state: AudienceState | None = None
    is_alert: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {
            "id": self.id,
            "as_of": self.as_of.isoformat(),
            "data_version": self.data_version,
            "count": self.people,
            "previous": self.previous,
            "entered": dict(self.entered),
            "left": dict(self.left),
            "alert": self.is_alert,
            "at": self.at.isoformat(timespec="seconds"),
            "by": self.by.name,
        }


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported, and why.

    Attributes
    ----------
    rule : Rule
        Who.
    fields : tuple of str or None
        Keys of tags in the order of the columns; ``user_id`` always comes first and need not be named.
        None = the tags that the rule names, without personal ones.
    purpose : {"analysis", "contact"}
        For analysis personal tags are masked; for contact they are shown, and a reason is asked for.
    as_of : datetime.date or None
        None = the workspace's default day.
    reason : str
        Why these people are to be contacted; kept in the manifest and the log.
    audience_name : str or None
        Name of the audience, or of people who are no saved audience, for the file name and the log.
    people_of : str or None
        Id of a saved audience whose people these are, `rule` being what it follows: those who were added and
        removed by hand count, and one that is fixed to a snapshot has the people of that, whatever the rule,
        which then only says which fields are wanted. None = those of the rule alone.
    out : pathlib.Path or None
        Where to write; None = a name from the audience and the day in the workspace's ``exports``.
    header : {"key", "zh", "en"}
        Whether the first row holds the tags' keys or their labels in a language.
    """

    rule: Rule
    actor: Actor
    fields: tuple[str, ...] | None = None
    purpose: Purpose = "analysis"
    format: Format = "csv"
    as_of: date | None = None
    reason: str = ""
    audience_name: str | None = None
    people_of: str | None = None
    out: Path | None = None
    header: Header = "key"


@dataclass(frozen=True)
class ExportResult:
    """A finished export: where it lies and what it holds.

    Attributes
    ----------
    rows : int
        People in the list, the header not counted.
    sha256 : str
        Of the file's bytes, in hexadecimal.
    """

    path: Path
    manifest_path: Path
    file_name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class ExportRecord:
    """One row of the log of exports; says who took what away, when and why, but no personal value.

    Attributes
    ----------
    rule : dict
        In JSON form, values of personal tags masked.
    sentence : dict
        The rule in words, ``{"zh", "en"}``, masked likewise.
    path : str
        Where the file was written; it may have been moved since.
    people : dict or None
        How the people of a saved audience come about (`core.workspace.AudienceNumbers`), if those are not its
        rule's alone.
    """

    id: str
    at: datetime
    by: Actor
    audience_name: str | None
    purpose: Purpose
    reason: str
    format: Format
    fields: tuple[str, ...]
    revealed: tuple[str, ...]
    rule: dict[str, Any]
    sentence: dict[str, str]
    data_version: str
    as_of: date
    rows: int
    sha256: str
    file_name: str
    path: str
    people: dict[str, Any] | None = None


@dataclass(frozen=True)
class LogEntry:
    """One row of the audit log.

    Attributes
    ----------
    at : datetime.datetime
        UTC.
    subject : str
        What it was done to: an audience's name, a file, a data version, the place of a reveal.
    detail : mapping
        Further facts, JSON-ready, no personal value.
    """

    id: int
    at: datetime
    by: Actor
    action: Action
    subject: str
    detail: Mapping[str, Any]
