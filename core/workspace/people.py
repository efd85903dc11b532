"""People written down once: uploaded lists."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from core.audiences import list_files, lists, pending
from core.audiences.naming import clean_actor, clean_name, names_list
from core.audiences.pending import Pending
from core.audiences.records import Actor, PeopleList
from core.errors import ListRefused, Problem
from core.workspace.exporting import Exporting


@dataclass(frozen=True)
class ListReport:
    """What became of an uploaded file.

    Attributes
    ----------
    kept : PeopleList
        The list, with its numbers.
    is_replaced : bool
        Whether it took the place of an earlier one of that name.
    examples : tuple of str
        The first unmatched values, masked where they are personal.
    unmatched : polars.DataFrame
        ``line`` and the column: every unmatched value as it was written, personal ones too.
    """

    kept: PeopleList
    is_replaced: bool
    examples: tuple[str, ...]
    unmatched: pl.DataFrame

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {**self.kept.as_json(), "replaced": self.is_replaced, "examples": list(self.examples)}


class People(Exporting):
    """Lists; who is on them never changes, whatever data versions follow."""

    def lists(self) -> list[PeopleList]:
        """Return every uploaded list, the last uploaded first."""
        return self._people.lists()

    def people_list(self, name: str) -> PeopleList:
        """Return one list by its name.

        Raises
        ------
        NotFound
            If there is none, with the nearest name.
        """
        return self._people.people_list(name)

    def list_ways(self) -> tuple[str, ...]:
        """Return what the values of a list can be looked up by: ``id``, and tags that tell people apart."""
        return list_files.ways(self.data_version().catalogue)

    def list_columns(self, file: Path) -> tuple[str, ...]:
        """Return the columns of a file that may become a list.

        Raises
        ------
        ListRefused
            If it is empty, too large or damaged.
        """
        return list_files.columns_of(file, file.name)

    def add_list(
        self, name: str, file: Path, *, actor: Actor, column: str | None = None, match: str = list_files.AUTO,
        replaces: bool = False, shown: str | None = None, unmatched: Path | None = None,
    ) -> ListReport:  # fmt: skip
        """Make a list of the users whose ids, phones or e-mails stand in a file; all happens or nothing.

        Values are looked up once, in the data version in use.

        Parameters
        ----------
        column : str or None
            The column to look up; None = the one with most hits.
        match : str
            ``id``, the key of a personal tag, or ``auto`` for the one with most hits.
        replaces : bool
            Whether a list of the same name gives way.
        shown : str or None
            The file's name for people; None = as it lies on disk.
        unmatched : pathlib.Path or None
            Where to write the unmatched rows, as CSV.

        Raises
        ------
        ListRefused
            If the file is empty, too large, damaged, has no such column, or nothing in it is known; or if the
            unmatched rows would be written over it.
        Conflict
            If there is a list of that name and it shall not be replaced.
        ExportRefused
            If the unmatched rows cannot be written.
        """
        actor, name = clean_actor(actor), clean_name(name, "list")
        version = self.data_version()
        self._records.open()
        if not replaces:  # a large file is not read for nothing
            self._people.refuse_taken(name)
        called = shown if shown is not None else file.name
        out = self._target(unmatched)
        if out is not None and out.exists() and file.exists() and out.samefile(file):
            raise ListRefused(Problem("list_unmatched_over_file", params={"file": called}))
        source = Path(called).name
        found = list_files.look_up(
            file, called, self._lake.tables(version), column=column, match=match,
            is_folded=bool(version.plan.get("fold_width", False)),
        )  # fmt: skip
        table = found.unmatched_table()
        with nullcontext() if out is None else pending.writing_explained(out), Pending() as files:
            if out is not None:
                lists.write_csv(table, files.add(out))
            new = PeopleList(
                id=secrets.token_hex(8), name=name, source=source, column=found.column, match=found.match,
                rows=found.rows, empty=found.empty, duplicates=found.duplicates, matched=found.matched,
                unmatched=found.unmatched.height, unreadable=found.unreadable, people=len(found.people),
                data_version=version.id, file=self._lake.lists.keep(found.people), at=self._now(), by=actor,
            )  # fmt: skip
            kept, is_replaced = self._people.put_list(new, replaces=replaces, before_commit=files.publish)
        self._lake.lists.sweep(self._people.list_files())
        return ListReport(kept, is_replaced, found.examples, table)

    def keep_list(self, name: str, user_nos: pl.Series, *, actor: Actor) -> PeopleList:
        """Make a list of users who are known by their numbers.

        Raises
        ------
        Conflict
            If there is a list of that name.
        """
        actor, name = clean_actor(actor), clean_name(name, "list")
        version = self.data_version()
        self._records.open()
        count = len(user_nos)
        new = PeopleList(
            id=secrets.token_hex(8), name=name, source="", column="", match=list_files.ID, rows=count,
            empty=0, duplicates=0, matched=count, unmatched=0, unreadable=0, people=count,
            data_version=version.id, file=self._lake.lists.keep(user_nos), at=self._now(), by=actor,
        )  # fmt: skip
        kept, _ = self._people.put_list(new, replaces=False, before_commit=lambda: None)
        return kept

    def remove_list(self, name: str, *, actor: Actor) -> PeopleList:
        """Remove a list; return what it was.

        Raises
        ------
        NotFound
            If there is none of that name.
        Conflict
            If the rule of a saved audience names it, with all such audiences.
        """
        removed = self._people.remove_list(
            name, is_named_in=names_list, actor=clean_actor(actor), at=self._now()
        )
        self._lake.lists.sweep(self._people.list_files())
        return removed
