"""A workbench: files in a temporary folder, a plan over them, the imported version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from core.errors import CoterieError
from core.ingest import ImportReport, Progress, plan_from_toml, run_import
from core.lake.lake import Lake
from core.lake.tables import Tables
from core.messages import message_of
from core.schema import Catalogue

USERS = '[[users]]\nsource = "users.csv"\nid = "user_id"\n'
ORDERS = (
    "user_id,paid_at,amount,status,channel\n"
    "u1,2019-05-01 10:00:00,5.5,paid,app\n"
    "u1,2019-05-02 10:00:00,6,open,web\n"
    "u9,2019-06-02 23:30:00,7,paid,app\n"
)
EVENTS = '[[events]]\nsource = "orders.csv"\nevent = "purchase"\nuser = "user_id"\nat = "paid_at"\n'


@dataclass
class Workbench:
    """Files and a lake below one temporary folder."""

    folder: Path

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake")

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(
        self,
        plan: str,
        *,
        allowed_roots: list[Path] | None = None,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ImportReport:
        return run_import(
            self.lake,
            plan_from_toml(plan),
            self.folder,
            progress=progress,
            cancelled=cancelled,
            allowed_roots=allowed_roots,
        )

    @property
    def tables(self) -> Tables:
        version = self.lake.current()
        assert version is not None
        return self.lake.tables(version)

    @property
    def catalogue(self) -> Catalogue:
        return self.tables.catalogue

    def users(self, *tags: str) -> dict[str, tuple[object, ...]]:
        """The values of tags (and `exists_from`) by user_id."""
        columns = [t if t == "exists_from" else f"tag:{t}" for t in tags]
        frame = self.tables.users(["user_no", *columns]).join(self.tables.keys(), on="user_no")
        return {row[0]: row[1:] for row in frame.select("user_id", *columns).iter_rows()}

    def events(self, event: str, *columns: str) -> pl.DataFrame:
        """One event's rows with user_id, in order of (user, at)."""
        frame = self.tables.events(event, ["user_no", *columns])
        keys = self.tables.keys().select("user_no", "user_id")
        return frame.join(keys, on="user_no", how="left", maintain_order="left").select("user_id", *columns)


def refusal(error: pytest.ExceptionInfo[CoterieError]) -> str:
    """The English message of the first problem; both languages must be there."""
    text = message_of(error.value.problems[0])
    assert text["zh"]
    assert text["zh"] != text["en"]
    return text["en"]
