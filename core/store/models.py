"""The tables of what operators made: audiences, lists, snapshots, tags, drafts, kept rules, exports, log.

Members of audiences and people on lists never stand here: they are computed, or lie as Parquet in the lake.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An instant in UTC. SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without a zone: they would be read in whatever zone the database has."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Root of the models; constraints have names, so that a migration can find them again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcTime(),
        date: Date(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
    }


class AudienceRow(Base):
    """One audience; ``folded_name`` is what makes names unique.

    One that was deleted stays for a while with all that belongs to it, and leaves its name to others.
    """

    __tablename__ = "audiences"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(String(1000), unique=True)
    note: Mapped[str] = mapped_column(Text)
    rule: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    created_by_verified: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_by_verified: Mapped[bool]
    revision: Mapped[int]
    folder: Mapped[str] = mapped_column(String(400))
    owner: Mapped[str] = mapped_column(String(200))
    fixed_to: Mapped[str | None] = mapped_column(String(32))
    alert: Mapped[float | None] = mapped_column(Float)
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None] = mapped_column(String(200))
    deleted_by_verified: Mapped[bool | None]


class AudienceVersionRow(Base):
    """One state that an audience was in; gone with the audience."""

    __tablename__ = "audience_versions"

    audience_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("audiences.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)
    rule: Mapped[dict[str, Any]]
    folder: Mapped[str] = mapped_column(String(400))
    owner: Mapped[str] = mapped_column(String(200))
    fixed_to: Mapped[str | None] = mapped_column(String(32))
    alert: Mapped[float | None] = mapped_column(Float)
    action: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]


class ByHandRow(Base):
    """One person whom somebody added to an audience or removed from it; gone with the audience.

    Decisions of operators, a few per audience; members are never rows.
    """

    __tablename__ = "audience_by_hand"

    audience_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("audiences.id", ondelete="CASCADE"), primary_key=True
    )
    user_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    is_added: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]


class FavouriteRow(Base):
    """One audience that somebody wants at hand."""

    __tablename__ = "favourites"

    audience_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("audiences.id", ondelete="CASCADE"), primary_key=True
    )
    actor: Mapped[str] = mapped_column(String(200), primary_key=True)


class ListRow(Base):
    """One uploaded list; ``folded_name`` is what makes names unique."""

    __tablename__ = "lists"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(String(1000), unique=True)
    source: Mapped[str] = mapped_column(Text)
    column: Mapped[str] = mapped_column(Text)
    match: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(BigInteger)
    empty: Mapped[int] = mapped_column(BigInteger)
    duplicates: Mapped[int] = mapped_column(BigInteger)
    matched: Mapped[int] = mapped_column(BigInteger)
    unmatched: Mapped[int] = mapped_column(BigInteger)
    unreadable: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int] = mapped_column(BigInteger)
    data_version: Mapped[str] = mapped_column(String(100))
    file_name: Mapped[str] = mapped_column(String(100))
    file_sha256: Mapped[str] = mapped_column(String(64))
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]


class SnapshotRow(Base):
    """The members of an audience on one day; gone with the audience."""

    __tablename__ = "snapshots"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    audience_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("audiences.id", ondelete="CASCADE"), index=True
    )
    as_of: Mapped[date]
    data_version: Mapped[str] = mapped_column(String(100))
    rule: Mapped[dict[str, Any]]
    people: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str] = mapped_column(String(100))
    file_sha256: Mapped[str] = mapped_column(String(64))
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]
    previous: Mapped[str | None] = mapped_column(String(32))
    entered: Mapped[dict[str, Any] | None]
    left: Mapped[dict[str, Any] | None]
    changes: Mapped[dict[str, Any] | None]
    state: Mapped[dict[str, Any] | None]
    is_alert: Mapped[bool]


class TagRow(Base):
    """One tag that an operator made, or looks after, as it is now; never deleted.

    ``given`` names the file with the values that people typed in or uploaded, ``given_no`` counts its files.
    """

    __tablename__ = "tags"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    stands_at: Mapped[date | None]
    definition: Mapped[dict[str, Any]]
    given: Mapped[dict[str, Any] | None]
    given_no: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    created_by_verified: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_by_verified: Mapped[bool]


class TagVersionRow(Base):
    """One state that a tag was in; rows are only ever added."""

    __tablename__ = "tag_versions"

    key: Mapped[str] = mapped_column(String(64), ForeignKey("tags.key"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(16))
    stands_at: Mapped[date | None]
    definition: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]


class TagReadingRow(Base):
    """How a tag was distributed in one data version at one day; the last reading of both stays."""

    __tablename__ = "tag_readings"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    data_version: Mapped[str] = mapped_column(String(100), primary_key=True)
    as_of: Mapped[date] = mapped_column(primary_key=True)
    tag_version: Mapped[int]
    given_no: Mapped[int]
    distribution: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class RefreshRunRow(Base):
    """One refresh of a workspace; ``running`` without anybody who runs it = it was killed."""

    __tablename__ = "refresh_runs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    as_of: Mapped[date]
    data_version: Mapped[str] = mapped_column(String(100))
    result: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]


class SettingRow(Base):
    """One setting of the workspace."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[dict[str, Any]]


class DraftRow(Base):
    """An unsaved rule with its history, one per browser."""

    __tablename__ = "drafts"

    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(index=True)


class KeptRuleRow(Base):
    """A rule behind a random token, for links that must not carry its values."""

    __tablename__ = "kept_rules"

    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    rule: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime]


class ExportRow(Base):
    """One export."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]
    audience_name: Mapped[str | None] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(16))
    fields: Mapped[list[str]]
    revealed: Mapped[list[str]]
    rule: Mapped[dict[str, Any]]
    sentence: Mapped[dict[str, Any]]
    data_version: Mapped[str] = mapped_column(String(100))
    as_of: Mapped[date]
    rows: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    people: Mapped[dict[str, Any] | None]


class LogRow(Base):
    """One entry of the audit log; rows are only ever added."""

    __tablename__ = "log"
    __table_args__ = (Index("ix_log_at", "at"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    by_verified: Mapped[bool]
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
