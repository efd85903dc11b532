"""What an import found: rows read, refused, filtered and doubled, and what each column holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.messages import Text, say
from core.schema import TagType


class _Inert(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnReport(_Inert):
    """One column of a source, over the rows that were used.

    Attributes
    ----------
    name : str
        The column in the source.
    type : TagType
        As imported.
    inferred : bool
        False where the plan says the type.
    missing, distinct : int
        Rows without a value; different values.
    low, high : str, float, datetime.date or None
        Smallest and largest number or day; None for other types and where there is no value.
    """

    name: str
    type: TagType
    inferred: bool
    missing: int
    distinct: int
    low: float | date | None = None
    high: float | date | None = None


class Reject(_Inert):
    """One row that could not be read.

    Attributes
    ----------
    source : str
        The source's place in the plan, for example ``events[0]``.
    file : str
        File name, or "query" or "database".
    line : int
        Line in the file on which the row begins, from 1; in workbooks the row, elsewhere the row number.
    column : str or None
        Column concerned; None = the whole row.
    reason : str
        Code of a text.
    value : str or None
        What stands there, shortened.
    """

    source: str
    file: str
    line: int
    column: str | None
    reason: str
    value: str | None = None

    def text(self) -> Text:
        """Return the reason in words."""
        return say(f"reject_{self.reason}", column=self.column or "", value=self.value or "")


class SourceReport(_Inert):
    """One source of the plan.

    Attributes
    ----------
    source : str
        Its place in the plan: ``users[0]``, ``events[1]``, ``files.orders``.
    origin : str
        What it was read from: paths as the plan names them, "query" or "database".
    kind : {"users", "events"}
        For a file of [files], which is reported where it has rejects, that of the first source whose query
        needed it.
    rows_read : int
        All rows met, bad ones included: the sum of the next four.
    rows_refused, rows_filtered, duplicates, rows_used : int
        Rejects; rows that `where` left out; rows of an id that stood there already; rows imported.
    columns : tuple of ColumnReport
    first_day, last_day : datetime.date or None
        Range of the events' days.
    reasons : dict of str to int
        Rejected rows by reason.
    """

    source: str
    origin: str
    kind: Literal["users", "events"]
    rows_read: int
    rows_refused: int
    rows_filtered: int
    duplicates: int
    rows_used: int
    columns: tuple[ColumnReport, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    reasons: dict[str, int] = {}


class ImportReport(_Inert):
    """The whole import.

    Attributes
    ----------
    version : str
        Id of the committed data version.
    users, events : int
        Rows committed.
    new_users : int
        Users who had no key before.
    rejects : tuple of Reject
        The first of them.
    rejects_file : str or None
        CSV with all of them, below the lake's folder; None when there are none.
    seconds : float
    """

    version: str
    users: int
    events: int
    new_users: int
    first_day: date | None
    last_day: date | None
    sources: tuple[SourceReport, ...]
    rejects: tuple[Reject, ...] = ()
    rejects_file: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """How far an import is.

    Attributes
    ----------
    code : str
        Key of the text that says what is being done.
    share : float
        Between 0 and 1, never falling.
    params : dict
        Values that the text names.
    """

    code: str
    share: float
    params: dict[str, object] = field(default_factory=dict)
