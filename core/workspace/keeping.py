"""What operators keep: audiences, drafts, rules behind links, and the log of what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.audiences.naming import clean_actor, clean_folder
from core.audiences.records import Actor, Audience, LogEntry, NewAudience
from core.rules.parse import dump_rule
from core.rules.tree import Rule
from core.workspace.questions import Questions


class Keeping(Questions):
    """Saved things. Two people who change the same audience at once: one wins, the other is told who did."""

    def audiences(self) -> list[Audience]:
        """Return every audience, the last changed first."""
        return self._audiences.all()

    def audience(self, id_or_name: str) -> Audience:
        """Return one audience by its id, else by its name.

        Raises
        ------
        NotFound
            If there is none, with the nearest name.
        """
        return self._audiences.get(id_or_name)

    def save_audience(
        self, *, name: str, rule: Rule | Mapping[str, Any], actor: Actor, note: str = "",
        audience_id: str | None = None, revision: int | None = None,
    ) -> Audience:  # fmt: skip
        """Save a rule as a new audience, or as the new state of one.

        Parameters
        ----------
        audience_id : str or None
            The audience to change; None = a new one.
        revision : int or None
            The revision that the caller saw; needed to change an audience.

        Raises
        ------
        RuleError
            If the rule does not fit the catalogue, or leads back to the audience itself.
        Conflict
            If somebody changed the audience since, or the name is taken; says who and when.
        NotFound
            If the audience is gone.
        """
        itself = ((audience_id or "", name),)  # a new one has no id yet, and no circle leads to it
        checked = self.parse(dump_rule(rule) if isinstance(rule, Rule) else rule, inside=itself)
        dumped, actor, now = dump_rule(checked), clean_actor(actor), self._now()
        if audience_id is None:
            return self._audiences.create(name, note, dumped, actor, now)
        if revision is None:
            raise ValueError("changing an audience needs the revision that was seen")
        return self._audiences.save(
            audience_id, revision, name=name, note=note, rule=dumped, actor=actor, at=now
        )

    def save_audiences(self, new: Sequence[NewAudience], *, actor: Actor) -> list[Audience]:
        """Save new audiences, all or none.

        Raises
        ------
        RuleError
            If a rule does not fit the catalogue.
        Conflict
            If names are taken, or two of them are the same: with all of these.
        """
        checked = [
            replace(each, rule=dump_rule(self.parse(each.rule)), folder=clean_folder(each.folder))
            for each in new
        ]
        return self._audiences.create_all(checked, clean_actor(actor), self._now())

    def rename_audience(
        self, audience_id: str, name: str, *, actor: Actor, revision: int | None = None
    ) -> Audience:
        """Give an audience another name; with `revision`, only if it is still what the caller saw."""
        return self._audiences.rename(audience_id, name, clean_actor(actor), self._now(), revision=revision)

    def duplicate_audience(self, audience_id: str, *, actor: Actor, name: str | None = None) -> Audience:
        """Make a copy under another name; None = the old name with a number."""
        return self._audiences.duplicate(audience_id, clean_actor(actor), self._now(), name=name)

    def delete_audience(self, audience_id: str, *, actor: Actor, revision: int | None = None) -> None:
        """Delete an audience, so that it can be restored; with `revision`, only if it is what the caller saw.

        Raises
        ------
        Conflict
            If it was changed since, or the rules of other audiences name it, with all such audiences.
        """
        self._audiences.delete(audience_id, clean_actor(actor), self._now(), revision=revision)

    def save_draft(self, owner: str, state: Mapping[str, Any]) -> None:
        """Keep the builder's unsaved rule and history for one browser, in place of what was kept before.

        Raises
        ------
        WorkspaceError
            If it is too large; what was kept before stays.
        """
        self._drafts.save(owner, state, self._now())

    def load_draft(self, owner: str) -> dict[str, Any] | None:
        """Return what was kept for a browser; None = nothing."""
        return self._drafts.load(owner)

    def keep_rule(self, rule: Rule | Mapping[str, Any]) -> str:
        """Keep a rule and return a random token for a link that must not carry its values."""
        return self._drafts.keep_rule(dump_rule(rule) if isinstance(rule, Rule) else rule, self._now())

    def kept_rule(self, token: str) -> dict[str, Any]:
        """Return the rule behind a token, as it was kept; it is yet to be checked.

        Raises
        ------
        NotFound
            If the token is unknown here.
        """
        return self._drafts.kept_rule(token)

    def log_reveal(self, fields: Sequence[str], where: str, actor: Actor) -> None:
        """Put into the log that somebody is about to see personal values, before they see them.

        Parameters
        ----------
        fields : sequence of str
            Keys of the tags.
        where : str
            The place in the interface.
        """
        self._records.add(self._now(), clean_actor(actor), "reveal", where, {"fields": list(fields)})

    def log(self, limit: int = 200) -> list[LogEntry]:
        """Return the newest entries of the audit log, newest first."""
        return self._records.entries(limit)
