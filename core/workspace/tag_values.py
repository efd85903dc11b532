"""Values of tags that people type in or upload, user by user or from a file, each until a day or for ever."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from core.audiences import given_files, lists, pending
from core.audiences.given_files import SINCE, UNTIL, VALUE, GivenColumns, GivenFound
from core.audiences.list_files import hidden
from core.audiences.naming import clean_actor
from core.audiences.pending import Pending
from core.audiences.records import Actor
from core.audiences.spreadsheet import neutralised
from core.errors import Conflict, ListRefused, Problem
from core.lake.versions import DataVersion
from core.rules.makings import Given
from core.schema import TAG_DTYPES, USER_NO, TagType
from core.tags.records import TagRecord
from core.workspace.tag_effects import TagEffects

MOST_EXAMPLES = 5
_TRIES = 20


@dataclass(frozen=True)
class GivenRow:
    """One value typed in: for whom, what (in text, as it would stand in a file), and until when."""

    user_id: str
    value: str
    until: date | None = None


@dataclass(frozen=True)
class GivenReport:
    """What became of values that were given.

    Attributes
    ----------
    rows : int
        Rows that were read.
    given : int
        Users who have got the value.
    duplicates : int
        Rows that a later row of the same user replaced.
    unknown, bad_values, bad_days : int
        Rows of nobody who is known; whose value does not fit the type; whose last day is none, or lies
        before the first.
    examples : tuple of str
        The first of the unknown, masked where they look personal.
    """

    rows: int
    given: int
    duplicates: int
    unknown: int
    bad_values: int
    bad_days: int
    examples: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report, JSON-ready."""
        return {
            "rows": self.rows,
            "given": self.given,
            "duplicates": self.duplicates,
            "unknown": self.unknown,
            "bad_values": self.bad_values,
            "bad_days": self.bad_days,
            "examples": list(self.examples),
        }


@dataclass(frozen=True)
class GivenSummary:
    """What a tag's given values are at a day.

    Attributes
    ----------
    users : int
        Users of the base who have a value.
    expired : int
        Users who had one that is over.
    """

    as_of: date
    users: int
    expired: int
    changed_at: str | None
    changed_by: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the summary, JSON-ready."""
        return {
            "as_of": self.as_of.isoformat(),
            "users": self.users,
            "expired": self.expired,
            "changed": None if self.changed_at is None else {"at": self.changed_at, "by": self.changed_by},
        }


class TagValues(TagEffects):
    """Given values: nothing that was given is lost, a later value of a user counts from its own day."""

    def give_values(
        self, key: str, rows: Sequence[GivenRow], *, actor: Actor, since: date | None = None
    ) -> GivenReport:
        """Give users by id a value each.

        Parameters
        ----------
        since : datetime.date or None
            The day from which the values hold; None = the workspace's default day.

        Raises
        ------
        NotFound
            If there is no such tag of operators.
        Conflict
            If its values are not given, or it is retired.
        ListRefused
            If nothing can be used, or the tag would have too many different values.
        """
        version, kind = self._given_tag(key)
        day = self._day(version, since)
        found = given_files.read_typed(
            [row.user_id.strip() for row in rows], [row.value for row in rows], self._lake.tables(version),
            kind, since=day, until=[row.until for row in rows], is_folded=_is_folded(version),
        )  # fmt: skip
        return self._give(key, kind, found, clean_actor(actor))

    def give_values_file(
        self, key: str, file: Path, *, column: str, actor: Actor, value_column: str | None = None,
        value: str | None = None, until_column: str | None = None, since: date | None = None,
        until: date | None = None, match: str = "auto", shown: str | None = None,
        refused: Path | None = None,
    ) -> GivenReport:  # fmt: skip
        """Give the users in a file a value each, or all the same.

        Parameters
        ----------
        column : str
            Where they stand, by id or by a personal field.
        value_column, value : str or None
            Where the values stand, or the one that all get: one of the two.
        until_column, until
            Where the last days stand, and the last day of the others; None = for ever.
        since : datetime.date or None
            The day from which the values hold; None = the workspace's default day.
        match : str
            ``id``, the key of a personal tag, or ``auto`` for the one with most hits.
        shown : str or None
            The file's name for people.
        refused : pathlib.Path or None
            Where to write the rows that could not be used, as CSV.

        Raises
        ------
        NotFound
            If there is no such tag of operators.
        Conflict
            If its values are not given, or it is retired.
        ListRefused
            If the file cannot be read, nothing in it can be used, or the tag would have too many values.
        """
        version, kind = self._given_tag(key)
        if (value is None) is (value_column is None):
            raise ListRefused(Problem("tag_value_or_column"))
        same = None if value is None else given_files.one_value(value, kind)
        columns = GivenColumns(column, value_column, until_column)
        out = self._target(refused)
        found = given_files.read_file(
            file, shown or file.name, self._lake.tables(version), kind, columns, match=match, value=same,
            since=self._day(version, since), until=until, is_folded=_is_folded(version),
        )  # fmt: skip
        with nullcontext() if out is None else pending.writing_explained(out), Pending() as files:
            if out is not None:
                lists.write_csv(found.refused.with_columns(neutralised(pl.col("who"))), files.add(out))
            report = self._give(key, kind, found, clean_actor(actor))
            files.publish()
        return report

    def take_values(
        self, key: str, user_ids: Sequence[str], *, actor: Actor, since: date | None = None
    ) -> GivenReport:
        """Take the value of users away, from a day on."""
        version, kind = self._given_tag(key)
        day = self._day(version, since)
        blank = [""] * len(user_ids)
        found = given_files.read_typed(
            [user.strip() for user in user_ids], blank, self._lake.tables(version), TagType.TEXT, since=day,
            until=[None] * len(user_ids), is_folded=_is_folded(version),
        )  # fmt: skip
        nothing = found.values.with_columns(pl.lit(None, dtype=TAG_DTYPES[kind]).alias(VALUE))
        return self._give(
            key, kind, GivenFound(found.rows, nothing, found.duplicates, found.refused), clean_actor(actor)
        )

    def given_summary(self, key: str, as_of: date | None = None) -> GivenSummary:
        """Return how many have a given value at a day, and how many had one that is over."""
        version, _ = self._given_tag(key)
        day, record = self._day(version, as_of), self._tags.get(key)
        expired = 0
        if record.given is not None:
            rows = self._lake.values.read_frame(record.given.file).filter(pl.col(SINCE) <= day)
            latest = rows.sort(SINCE, maintain_order=True).unique(USER_NO, keep="last", maintain_order=True)
            expired = latest.filter(pl.col(VALUE).is_not_null() & (pl.col(UNTIL) < day)).height
        catalogue = version.catalogue
        users = self.tag_coverage(key, day)[0] if key in catalogue.tags else 0
        given = record.given
        at, by = (None, None) if given is None else (given.at.isoformat(), given.by)
        return GivenSummary(day, users, expired, at, by)

    def _give(self, key: str, kind: TagType, found: GivenFound, actor: Actor) -> GivenReport:
        faults = found.refused["fault"].value_counts().rows()
        counts = {str(name): int(number) for name, number in faults}
        unknown = found.refused.filter(pl.col("fault") == "unknown")["who"].head(MOST_EXAMPLES)
        report = GivenReport(
            rows=found.rows,
            given=found.values.height,
            duplicates=found.duplicates,
            unknown=counts.get("unknown", 0),
            bad_values=counts.get(VALUE, 0),
            bad_days=counts.get(UNTIL, 0),
            examples=tuple(hidden(str(who)) for who in unknown),
        )
        if not report.given:
            params = {
                "rows": f"{report.rows:,}", "unknown": f"{report.unknown:,}",
                "bad": f"{report.bad_values + report.bad_days:,}", "examples": report.examples,
            }  # fmt: skip
            raise ListRefused(Problem("tag_nothing_given", params=params))
        self._records.open()
        for _ in range(_TRIES):
            record = self._tags.get(key)
            held = found.values
            if record.given is not None:
                held = pl.concat([self._lake.values.read_frame(record.given.file), held])
            # Of two values of one user from the same day only the later one can ever count.
            held = held.unique([USER_NO, SINCE], keep="last", maintain_order=True)
            given_files.refuse_too_many(held[VALUE], kind)
            file = self._lake.values.keep_frame(held)
            detail = {"users": report.given, "taken": bool(found.values[VALUE].null_count())}
            if self._tags.give(key, file, record.given_no, detail, actor, self._now()) is not None:
                self._lake.values.sweep(self._tags.given_files())
                return report
        raise Conflict(Problem("tag_values_busy", params={"name": key}))

    def _given_tag(self, key: str) -> tuple[DataVersion, TagType]:
        """Return the data version and the type of a tag whose values are given."""
        record: TagRecord = self._tags.get(key)
        making = record.definition.making
        if not isinstance(making, Given):
            raise Conflict(Problem("tag_not_given", params={"name": key}))
        if record.status == "retired":
            raise Conflict(Problem("tag_retired", params={"tag": record.definition.label.as_text()}))
        return self.data_version(), making.type


def _is_folded(version: DataVersion) -> bool:
    return bool(version.plan.get("fold_width", False))
