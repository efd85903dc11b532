"""What a data version says about itself: which keys and segments it holds, their checksums, plan, report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.schema import Catalogue


class _Inert(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileRef(_Inert):
    """One immutable Parquet file.

    Attributes
    ----------
    name : str
        File name in its segment's folder (or in ``keys/``).
    sha256 : str
        Checksum of the bytes, hexadecimal.
    rows, bytes : int
    """

    name: str
    sha256: str
    rows: int
    bytes: int


class SegmentRef(_Inert):
    """One immutable segment: users, or one event type, in one or more files whose order is the rows' order.

    Attributes
    ----------
    id : str
        Made from the content, so that the same rows written again are the same segment.
    """

    id: str
    files: tuple[FileRef, ...]

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        return sum(file.bytes for file in self.files)


class DataVersion(_Inert):
    """One immutable import of users and events.

    Attributes
    ----------
    id : str
        Sorts by the moment of the commit.
    created_at : datetime.datetime
        In UTC.
    catalogue : Catalogue
    keys : tuple of FileRef
        The keys given up to this version, in order of ``user_no``.
    users : tuple of SegmentRef
    events : mapping of str to tuple of SegmentRef
        By event key; an event without rows has none.
    user_count, event_count, bytes : int
        Rows of the users table, rows of all events, bytes of all segments and keys.
    plan, report : mapping
        As JSON; without secrets.
    """

    id: str
    created_at: datetime
    catalogue: Catalogue
    keys: tuple[FileRef, ...] = ()
    users: tuple[SegmentRef, ...] = ()
    events: Mapping[str, tuple[SegmentRef, ...]] = Field(default_factory=dict)
    user_count: int = 0
    event_count: int = 0
    bytes: int = 0
    plan: Mapping[str, Any] = Field(default_factory=dict)
    report: Mapping[str, Any] = Field(default_factory=dict)

    def segments(self) -> tuple[SegmentRef, ...]:
        """Return every segment of the version."""
        return (*self.users, *(segment for group in self.events.values() for segment in group))
