"""The life of audiences: where they stand, people by hand, versions, what names them, whom they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from core.analytics.explain.difference import difference
from core.audiences.masking import mask
from core.audiences.naming import (
    audiences_named,
    clean_actor,
    clean_folder,
    clean_note,
    clean_reason,
    folded,
    names_audience,
)
from core.audiences.records import Actor, Audience, AudienceVersion, ByHand
from core.errors import CallerError, NotFound, Problem, WorkspaceError, nearest_name
from core.messages import Text, say
from core.rules.parse import dump_rule
from core.rules.remains import remains_of
from core.rules.tree import Rule
from core.schema import USER_ID, USER_NO
from core.workspace.tag_values import TagValues

MOST_BY_HAND = 10_000
_TOLD = ("name", "note", "folder", "owner", "fixed_to", "alert")


@dataclass(frozen=True)
class HandRow:
    """One person by hand, by their id."""

    user_id: str
    is_added: bool
    reason: str
    at: datetime
    by: str

    def as_json(self) -> dict[str, Any]:
        """Return the row, JSON-ready."""
        return {
            "user_id": self.user_id,
            "added": self.is_added,
            "reason": self.reason,
            "at": self.at.isoformat(timespec="seconds"),
            "by": self.by,
        }


@dataclass(frozen=True)
class AudienceUse:
    """What uses an audience: another one whose rule names it, or an export of it."""

    kind: str
    id: str
    name: str

    def as_json(self) -> dict[str, str]:
        """Return the use, JSON-ready."""
        return {"kind": self.kind, "id": self.id, "name": self.name}


@dataclass(frozen=True)
class AudienceImported:
    """What became of one audience that was read from a file; `changes` of one that was changed."""

    name: str
    outcome: Literal["created", "changed", "same"]
    changes: tuple[Text, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        changes = [dict(change) for change in self.changes]
        return {"name": self.name, "outcome": self.outcome, "changes": changes}


class AudienceLife(TagValues):
    """Audiences as things that are looked after."""

    def by_hand(self, audience: str) -> list[HandRow]:
        """Return who was added to an audience or removed from it by hand, the last first."""
        rows = self._audiences.by_hand(self.audience(audience).id)
        ids = self._ids([row.user_no for row in rows])
        return [HandRow(ids[row.user_no], row.is_added, row.reason, row.at, row.by.name) for row in rows]

    def put_by_hand(
        self, audience: str, user_ids: Sequence[str], *, is_added: bool, reason: str, actor: Actor
    ) -> list[HandRow]:
        """Add people to an audience, or remove them, whatever its rule says of them.

        Parameters
        ----------
        user_ids : sequence of str
            All must be known.
        reason : str
            Why; it stands beside each of them.

        Raises
        ------
        WorkspaceError
            If no reason is given.
        NotFound
            If the audience or a user is unknown, with all who are.
        Conflict
            If more than `MOST_BY_HAND` would be listed.
        """
        saved, actor, why = self.audience(audience), clean_actor(actor), clean_reason(reason)
        if not why:
            raise WorkspaceError(Problem("by_hand_reason_missing", "reason"))
        numbers = self._numbers_of(user_ids)
        now = self._now()
        people = [ByHand(number, is_added, why, now, actor) for number in numbers]
        self._audiences.put_by_hand(saved.id, people, most=MOST_BY_HAND)
        return self.by_hand(saved.id)

    def forget_by_hand(self, audience: str, user_ids: Sequence[str], *, actor: Actor) -> list[HandRow]:
        """Leave it to the rule again whether people are in an audience."""
        saved = self.audience(audience)
        self._audiences.forget_by_hand(saved.id, self._numbers_of(user_ids), clean_actor(actor), self._now())
        return self.by_hand(saved.id)

    def arrange_audience(self, audience_id: str, *, revision: int, actor: Actor, **changes: Any) -> Audience:
        """Change where an audience stands and how it is looked after.

        Parameters
        ----------
        revision : int
            The revision that the caller saw.
        **changes
            Some of ``folder`` (parts parted by ``/``), ``owner``, ``note``, ``fixed_to`` (id of a snapshot;
            None = it follows its rule) and ``alert`` (a share above 0; None = never).

        Raises
        ------
        Conflict
            If somebody changed it since.
        NotFound
            If it is gone, or has no such snapshot.
        WorkspaceError
            If a folder, owner, note or share cannot be taken.
        """
        cleaned = dict(changes)
        if "folder" in cleaned:
            cleaned["folder"] = clean_folder(cleaned["folder"])
        if "owner" in cleaned:
            cleaned["owner"] = clean_actor(Actor(cleaned["owner"])).name
        if "note" in cleaned:
            cleaned["note"] = clean_note(cleaned["note"])
        share = cleaned.get("alert")
        if share is not None and not 0 < share <= 100:
            raise WorkspaceError(Problem("alert_out_of_range", "alert", {"given": share}))
        return self._audiences.arrange(audience_id, revision, cleaned, clean_actor(actor), self._now())

    def favourites(self, actor: Actor) -> frozenset[str]:
        """Return the ids of the audiences that somebody wants at hand."""
        return self._audiences.favourites(clean_actor(actor).name)

    def set_favourite(self, audience_id: str, *, actor: Actor, wanted: bool) -> None:
        """Keep an audience at hand for somebody, or no longer."""
        self._audiences.set_favourite(audience_id, clean_actor(actor).name, wanted=wanted)

    def audience_versions(self, audience: str) -> list[AudienceVersion]:
        """Return the states that an audience was in, the newest first."""
        return self._audiences.versions(self.audience(audience).id)

    def audience_changes(self, before: AudienceVersion, after: AudienceVersion) -> list[Text]:
        """Return what differs between two states of an audience, one sentence each."""
        told = [
            _field_changed(name, getattr(before, name), getattr(after, name))
            for name in _TOLD
            if getattr(before, name) != getattr(after, name)
        ]
        return told + self.rule_changes(before.rule, after.rule)

    def rule_changes(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Text]:
        """Return what differs between two saved rules, one sentence each; personal values masked."""
        if before == after:
            return []
        old, new = remains_of(dict(before)), remains_of(dict(after))
        if old is None or new is None:
            return [say("audience_rule_unreadable")]
        catalogue = self.data_version().catalogue
        return [change.text for change in difference(self._named(old), self._named(new), catalogue, mask)]

    def restore_audience_version(
        self, audience: str, wanted: int, *, revision: int, actor: Actor
    ) -> Audience:
        """Give an audience everything that it had in a version, as its next one; people by hand stay.

        Raises
        ------
        NotFound
            If there was no such version.
        Conflict
            If somebody changed it since `revision`, or the name is taken by now.
        RuleError
            If its rule fits the data no more.
        """
        saved = self.audience(audience)
        found = {version.revision: version for version in self._audiences.versions(saved.id)}
        if wanted not in found:
            params = {"name": saved.name, "version": wanted, "known": tuple(map(str, sorted(found)))}
            raise NotFound(Problem("audience_version_unknown", params=params))
        was = found[wanted]
        rule = dump_rule(self.parse(was.rule, inside=((saved.id, was.name),)))
        return self._audiences.revert(saved.id, wanted, revision, rule, clean_actor(actor), self._now())

    def import_audiences(
        self, filed: Sequence[Mapping[str, Any]], *, actor: Actor, dry_run: bool = False
    ) -> list[AudienceImported]:
        """Bring audiences in that a team has reviewed, told apart by their names; others stay as they are.

        Parameters
        ----------
        filed : sequence of mapping
            ``name`` and ``rule``, perhaps ``note``, ``folder``, ``owner``, ``alert``. Audiences in rules may
            be named by name, also where they are among them.
        dry_run : bool
            Only tell what would happen.

        Raises
        ------
        RuleError
            If a rule cannot be taken: audiences before it are there then, and a second run goes on.
        Conflict
            If somebody changed one of them meanwhile.
        """
        by_name = {folded(audience.name): audience for audience in self._audiences.all()}
        told = []
        for each in _inner_first(filed):
            old = by_name.get(folded(each["name"]))
            rule = self._by_id(each["rule"], by_name)
            arranged = {key: each[key] for key in ("folder", "owner", "alert") if each.get(key)}
            if old is None:
                told.append(AudienceImported(each["name"], "created"))
                if not dry_run:
                    made = self.save_audience(
                        name=each["name"], note=each.get("note", ""), rule=rule, actor=actor
                    )
                    by_name[folded(made.name)] = made
                    if arranged:
                        self.arrange_audience(made.id, revision=1, actor=actor, **arranged)
                continue
            note = each.get("note", old.note)
            changed = {key: value for key, value in arranged.items() if getattr(old, key) != value}
            texts = self.rule_changes(old.rule, rule)
            texts += [_field_changed(key, getattr(old, key), value) for key, value in changed.items()]
            if note != old.note:
                texts.append(_field_changed("note", old.note, note))
            told.append(AudienceImported(old.name, "changed" if texts else "same", tuple(texts)))
            if dry_run or not texts:
                continue
            kept = self.save_audience(
                name=old.name, note=note, rule=rule, actor=actor, audience_id=old.id, revision=old.revision
            )
            if changed:
                self.arrange_audience(kept.id, revision=kept.revision, actor=actor, **changed)
        return told

    def audience_uses(self, audience: str) -> list[AudienceUse]:
        """Return the audiences whose rules name an audience, and the newest exports that bear its name."""
        saved = self.audience(audience)
        uses = [
            AudienceUse("audience", other.id, other.name)
            for other in self._audiences.all()
            if other.id != saved.id and names_audience(other.rule, saved.id, saved.name)
        ]
        exports = [record for record in self._records.exports(200) if record.audience_name == saved.name]
        return uses + [AudienceUse("export", record.id, record.file_name) for record in exports]

    def _by_id(self, part: Any, by_name: Mapping[str, Audience]) -> Any:
        """Return a rule in JSON form that names audiences by their ids, as the builder does."""
        if isinstance(part, list):
            return [self._by_id(each, by_name) for each in part]
        if not isinstance(part, Mapping):
            return part
        told = {key: self._by_id(value, by_name) for key, value in part.items()}
        if told.get("kind") == "audience" and folded(str(told.get("audience"))) in by_name:
            told["audience"] = by_name[folded(str(told["audience"]))].id
        return told

    def _named(self, rule: Rule) -> Rule:
        return self._checked(rule)[0]

    def _numbers_of(self, user_ids: Sequence[str]) -> list[int]:
        """Return the numbers of users by their ids; raises NotFound with all who are unknown."""
        asked = list(dict.fromkeys(each.strip() for each in user_ids if each.strip()))
        if not asked:
            raise CallerError(Problem("by_hand_nobody"))
        keys = self._lake.tables(self.data_version()).keys()
        found = keys.filter(pl.col(USER_ID).is_in(asked))
        known = dict(zip(found[USER_ID].to_list(), found[USER_NO].to_list(), strict=True))
        unknown = [each for each in asked if each not in known]
        if unknown:
            problems = []
            for each in unknown[:20]:
                alike = keys[USER_ID].filter(keys[USER_ID].str.starts_with(each[: max(1, len(each) - 2)]))
                nearest = nearest_name(each, alike.head(1000).to_list())
                problems.append(Problem("user_unknown", None, {"user": each}, nearest=nearest))
            raise NotFound(problems)
        return [known[each] for each in asked]

    def _ids(self, numbers: Sequence[int]) -> dict[int, str]:
        keys = self._lake.tables(self.data_version()).keys()
        found = keys.filter(pl.col(USER_NO).is_in(list(numbers)))
        return dict(zip(found[USER_NO].to_list(), found[USER_ID].to_list(), strict=True))


def _inner_first(filed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return audiences so that each stands after those among them that its rule names."""
    by_name = {folded(each["name"]): each for each in filed}
    done: dict[str, Mapping[str, Any]] = {}
    met: set[str] = set()

    def visit(name: str) -> None:
        if name in met or name not in by_name:
            return
        met.add(name)
        for inner in audiences_named(by_name[name]["rule"]):
            visit(folded(inner))
        done[name] = by_name[name]

    for name in by_name:
        visit(name)
    return list(done.values())


def _field_changed(name: str, before: Any, after: Any) -> Text:
    return say(
        "audience_field_changed", field=say(f"audience_field_{name}"), before=_shown(name, before),
        after=_shown(name, after),
    )  # fmt: skip


def _shown(name: str, value: Any) -> Text:
    if name == "fixed_to":
        return say("audience_dynamic" if value is None else "audience_static")
    if name == "alert":
        return say("audience_alert_off") if value is None else Text(zh=f"{value:.0%}", en=f"{value:.0%}")
    text = str(value) or "—"
    return Text(zh=text, en=text)
