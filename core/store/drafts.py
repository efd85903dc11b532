"""Unsaved rules with their history, one per browser, and rules kept behind a token for links."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from core.errors import NotFound, Problem, WorkspaceError
from core.store.database import Database
from core.store.models import DraftRow, KeptRuleRow

MAX_DRAFT_BYTES = 2 * 2**20
MAX_RULE_BYTES = 2**20
MAX_OWNER = 200
DRAFT_DAYS = 90


class DraftStore:
    """Drafts and kept rules in the database, bounded in size."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, owner: str, state: Mapping[str, Any], at: datetime) -> None:
        """Keep the newest state of one owner's draft; drafts untouched for `DRAFT_DAYS` are dropped.

        Raises
        ------
        WorkspaceError
            If it is larger than `MAX_DRAFT_BYTES`; what was kept before stays.
        """
        written = _written(state, MAX_DRAFT_BYTES, "draft_too_large")
        if not 0 < len(owner) <= MAX_OWNER:
            raise WorkspaceError(Problem("draft_owner_unreadable", params={"limit": MAX_OWNER}))
        with self._database.writing() as session:
            session.execute(delete(DraftRow).where(DraftRow.changed_at < at - timedelta(days=DRAFT_DAYS)))
            # Two tabs of one browser may save their first draft at once: the later one stays.
            insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
            newest = {"state": written, "changed_at": at}
            session.execute(
                insert(DraftRow)
                .values(owner=owner, **newest)
                .on_conflict_do_update(index_elements=[DraftRow.owner], set_=newest)
            )

    def load(self, owner: str) -> dict[str, Any] | None:
        """Return an owner's draft; None = there is none."""
        with self._database.reading() as session:
            row = session.get(DraftRow, owner)
            return None if row is None else dict(json.loads(row.state))

    def keep_rule(self, rule: Mapping[str, Any], at: datetime) -> str:
        """Keep a rule and return its token; the same rule has the same token.

        The token is random, so that it says nothing of the rule's values and cannot be guessed.
        """
        written = _written(rule, MAX_RULE_BYTES, "rule_too_large")
        digest = hashlib.sha256(written.encode()).hexdigest()
        known = select(KeptRuleRow.token).where(KeptRuleRow.digest == digest)
        with self._database.reading() as session:
            token = session.scalar(known)
        if token is not None:
            return token
        token = secrets.token_urlsafe(16)
        try:
            with self._database.writing() as session:
                session.add(KeptRuleRow(token=token, digest=digest, rule=written, kept_at=at))
        except IntegrityError:
            # Somebody kept the same rule at the same moment: theirs is as good.
            with self._database.reading() as session:
                return session.scalars(known).one()
        return token

    def kept_rule(self, token: str) -> dict[str, Any]:
        """Return the rule behind a token.

        Raises
        ------
        NotFound
            If the token is unknown here.
        """
        with self._database.reading() as session:
            row = session.get(KeptRuleRow, token)
            if row is None:
                raise NotFound(Problem("kept_rule_unknown"))
            return dict(json.loads(row.rule))


def _written(value: Mapping[str, Any], limit: int, code: str) -> str:
    # ASCII escapes keep lone surrogates and NUL, which neither database stores as text.
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    if len(text) > limit:
        raise WorkspaceError(Problem(code, params={"limit_kb": limit // 1024, "kb": len(text) // 1024}))
    return text
