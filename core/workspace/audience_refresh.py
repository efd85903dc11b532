"""Snapshots of audiences, taken on each refresh: who came, who left, and why."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from core.audiences.changes import CAUSE, ENTERED, Changes, Step, changes_between, different
from core.audiences.naming import clean_actor
from core.audiences.records import Actor, Audience, AudienceState, Cause, Snapshot
from core.engines.base import Engine
from core.engines.memory import MemoryEngine
from core.errors import Cancelled, CoterieError, NotFound, Problem, RuleError, WorkspaceError
from core.lake.tables import UntilTables
from core.lake.versions import DataVersion
from core.messages import Text, message_of
from core.rules.check import check, errors_of
from core.rules.conditions import AudienceCondition, ListCondition
from core.rules.made_of import tags_of
from core.rules.named import Names, bind
from core.rules.remains import remains_of
from core.rules.tree import Group, Rule, nodes
from core.schema import USER_NO, Catalogue
from core.tags.book import with_tags
from core.workspace.audience_life import AudienceLife
from core.workspace.past import PastNames, tags_as_they_were, tags_named


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did to one audience.

    Attributes
    ----------
    snapshot : Snapshot or None
        The newest one; None where it could not be taken.
    is_new : bool
        False where nothing has changed since the last one: then nothing was written.
    why_not : Text or None
        Why it could not be taken.
    """

    audience: Audience
    snapshot: Snapshot | None
    is_new: bool
    why_not: Text | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {
            "audience": self.audience.name,
            "id": self.audience.id,
            "new": self.is_new,
            "snapshot": None if self.snapshot is None else self.snapshot.as_json(),
            "error": None if self.why_not is None else dict(self.why_not),
        }


@dataclass(frozen=True)
class ChangedPerson:
    """One who came into an audience or left it, by their id."""

    user_id: str
    entered: bool
    cause: Cause

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {"user_id": self.user_id, "entered": self.entered, "cause": self.cause}


class AudienceRefresh(AudienceLife):
    """Refreshing: safe to run twice, each audience committed by itself."""

    _stood: tuple[tuple[str, date], Engine] | None = None

    def take_snapshot(self, audience: str, *, actor: Actor, as_of: date | None = None) -> Snapshot:
        """Write down the people of an audience on a day, and who came and went since the last time.

        Parameters
        ----------
        audience : str
            Its id, else its name.
        as_of : datetime.date or None
            None = the workspace's default day.

        Raises
        ------
        NotFound
            If there is no such audience.
        RuleError
            If its rule cannot be answered.
        """
        taken = self._taken(self.audience(audience), clean_actor(actor), as_of, always=True)
        if taken.snapshot is None:
            raise AssertionError("a snapshot that is always taken is there")
        return taken.snapshot

    def refresh_audience(self, audience: str, *, actor: Actor, as_of: date | None = None) -> Refreshed:
        """Take a snapshot of a dynamic audience if anything that it depends on has changed since the last.

        Raises
        ------
        NotFound
            If there is no such audience.
        WorkspaceError
            If it is static.
        RuleError
            If its rule cannot be answered.
        """
        saved = self.audience(audience)
        if saved.fixed_to is not None:
            raise WorkspaceError(Problem("audience_is_static", params={"name": saved.name}))
        return self._taken(saved, clean_actor(actor), as_of, always=False)

    def refresh_audiences(
        self,
        *,
        actor: Actor,
        as_of: date | None = None,
        progress: Callable[[int, int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Refreshed]:
        """Refresh every dynamic audience, by name; one that cannot be answered stops no other.

        Parameters
        ----------
        progress : callable (done, all, name) or None
            Told before each.
        cancelled : callable or None
            Asked before each whether to stop.

        Raises
        ------
        Cancelled
            If the caller stopped it; what is done stays.
        """
        due = sorted((each for each in self.audiences() if each.fixed_to is None), key=lambda one: one.name)
        told = []
        for done, audience in enumerate(due):
            if cancelled is not None and cancelled():
                raise Cancelled(Problem("cancelled"))
            if progress is not None:
                progress(done, len(due), audience.name)
            try:
                told.append(self._taken(audience, clean_actor(actor), as_of, always=False))
            except RuleError as error:
                told.append(Refreshed(audience, None, False, message_of(error.problems[0])))
        self._stood = None  # a whole engine: nobody asks for it again soon
        return told

    def snapshots(self, audience: str) -> list[Snapshot]:
        """Return the snapshots of an audience (by its id, else its name), the last taken first.

        Raises
        ------
        NotFound
            If there is no such audience.
        """
        return self._people.snapshots(self.audience(audience).id)

    def snapshot_changes(
        self, audience: str, snapshot: str, *, entered: bool | None = None, cause: Cause | None = None,
        limit: int = 200,
    ) -> list[ChangedPerson]:  # fmt: skip
        """Return who came and went from the snapshot before to this one, by user id.

        Parameters
        ----------
        entered, cause
            Only those; None = all.

        Raises
        ------
        NotFound
            If there is no such snapshot.
        """
        rows = self._changed_people(audience, snapshot)
        if entered is not None:
            rows = rows.filter(pl.col(ENTERED) == entered)
        if cause is not None:
            rows = rows.filter(pl.col(CAUSE) == cause)
        ids = self._ids(rows[USER_NO].to_list())
        people = [
            ChangedPerson(ids[number], was_entered, why)
            for number, was_entered, why in rows.select(USER_NO, ENTERED, CAUSE).rows()
        ]
        return sorted(people, key=lambda person: person.user_id)[:limit]

    def alerts(self) -> list[tuple[Audience, Snapshot]]:
        """Return the audiences whose size moved at the last refresh by more than they are allowed to."""
        found = []
        for audience in self.audiences():
            newest = next(iter(self._people.snapshots(audience.id)), None)
            if newest is not None and newest.is_alert:
                found.append((audience, newest))
        return found

    def _changed_people(self, audience: str, snapshot: str) -> pl.DataFrame:
        taken = {found.id: found for found in self.snapshots(audience)}
        if snapshot not in taken:
            params = {"name": audience, "snapshot": snapshot}
            raise NotFound(Problem("snapshot_unknown", None, params, tuple(taken)))
        file = taken[snapshot].changes
        if file is None:
            schema = {USER_NO: pl.UInt32(), ENTERED: pl.Boolean(), CAUSE: pl.String()}
            return pl.DataFrame(schema=schema)
        return self._lake.snapshots.read_frame(file)

    def _taken(self, audience: Audience, actor: Actor, as_of: date | None, *, always: bool) -> Refreshed:
        version, engine = self._engine()
        day = self._day(version, as_of)
        state = self._state_of(audience)
        last = next(iter(self._people.snapshots(audience.id)), None)
        if (
            not always
            and last is not None
            and (last.data_version, last.as_of, last.state) == (version.id, day, state)
        ):
            return Refreshed(audience, last, False)
        self._records.open()
        members = self._members(audience.id, engine, day, self._names)
        changes = None
        if last is not None:
            changes = self._why(audience.id, last, members, state, version, day)
        file = self._lake.snapshots.keep(members)
        changed = None if changes is None or not changes.people.height else changes.people
        snapshot = Snapshot(
            id=secrets.token_hex(8), audience_id=audience.id, as_of=day, data_version=version.id,
            rule=audience.rule, people=len(members), file=file, at=self._now(), by=actor,
            previous=None if last is None else last.id,
            entered={} if changes is None else changes.entered,
            left={} if changes is None else changes.left,
            changes=None if changed is None else self._lake.snapshots.keep_frame(changed),
            state=state, is_alert=_is_alert(audience, last, len(members)),
        )  # fmt: skip
        self._people.add_snapshot(snapshot)
        self._lake.snapshots.sweep(self._people.snapshot_files())
        return Refreshed(audience, snapshot, True)

    def _why(
        self, audience_id: str, last: Snapshot, members: pl.Series, state: AudienceState,
        version: DataVersion, day: date,
    ) -> Changes:  # fmt: skip
        """Return who came and went since a snapshot, along a path on which one thing changes at a time."""
        before = self._lake.snapshots.read(last.file)
        was = last.state
        try:
            if was is None or audience_id not in was.rules:
                raise RuleError(Problem("snapshot_without_state"))
            path = self._path(audience_id, last, was, state, version, day)
        except CoterieError:
            # What then was cannot be asked again: the data version was removed, a tag or list is gone.
            return changes_between(before, [Step("unknown", members)])
        steps, corrected = path
        return changes_between(before, [*steps, Step("hand", members)], corrected)

    def _path(
        self, audience_id: str, last: Snapshot, was: AudienceState, state: AudienceState,
        version: DataVersion, day: date,
    ) -> tuple[list[Step], pl.Series | None]:  # fmt: skip
        old_version = self._lake.version(last.data_version)
        records = self._tags.all()
        then = tags_as_they_were(records, was.tags, self._tags)
        lake_version = self._lake.version(version.id)
        new_data = self._engines.of(lake_version).aside()
        stood = self._as_it_stood(old_version, last.as_of)
        values_of = self._values_of(records)

        def seen(engine: Engine, data: DataVersion, tags: Sequence[Any]) -> Engine:
            catalogue = data.catalogue
            if tags:
                catalogue = with_tags(catalogue, tags, values_of, self._default_as_of(data))
            return engine.seeing(catalogue)

        old, new = seen(stood, old_version, then), seen(new_data, lake_version, then)
        past = PastNames(was, self._names, self._lake.snapshots)
        edited = PastNames(_with_hand_of(state, was, audience_id), self._names, self._lake.snapshots)
        again = self._members(audience_id, old, last.as_of, past)
        steps = [
            Step("list" if was.lists != state.lists else "unknown", again),
            Step("clock", self._members(audience_id, old, day, past)),
            Step("behaviour", self._members(audience_id, new, day, past)),
        ]
        corrected = None
        if old_version.id != version.id:
            corrected = different(again, self._members(audience_id, new, last.as_of, past))
        present = seen(new_data, lake_version, records)
        steps.append(Step("tag", self._members(audience_id, present, day, past)))
        steps.append(Step("rule", self._members(audience_id, present, day, edited)))
        return steps, corrected

    def _as_it_stood(self, version: DataVersion, day: date) -> Engine:
        """Return an engine over a data version without what happened after a day; the last one is kept."""
        key = (version.id, day)
        kept = self._stood
        if kept is None or kept[0] != key:
            kept = self._stood = (key, MemoryEngine(UntilTables(self._lake.tables(version), day)))
        return kept[1]

    def _members(self, audience_id: str, engine: Engine, day: date, names: Names) -> pl.Series:
        """Return all people of an audience as an engine and some names see it.

        Raises
        ------
        RuleError
            If its rule does not fit the engine's tags.
        """
        named = AudienceCondition(id="c1", audience=audience_id, in_=True)
        catalogue = engine.catalogue
        rule = Rule(include=Group(id="g0", match="all", children=(named,)))
        bound = bind(rule, names, lambda inner: errors_of(check(inner, catalogue)))
        errors = errors_of(check(bound, catalogue))
        if errors:
            raise RuleError(errors)
        return engine.members(bound, day)

    def _state_of(self, audience: Audience) -> AudienceState:
        """Return what an audience's people depend on besides the data and the day.

        Raises
        ------
        RuleError
            If an audience or a list that it names, however far, is gone: it cannot be answered then.
        """
        try:
            return self._depends_on(audience)
        except NotFound as error:
            raise RuleError(error.problems) from error

    def _depends_on(self, audience: Audience) -> AudienceState:
        rules: dict[str, Any] = {}
        lists: dict[str, str] = {}
        left = [audience]
        while left:
            saved = left.pop(0)
            if saved.id in rules:
                continue
            by_hand = self._audiences.by_hand(saved.id)
            rules[saved.id] = {
                "id": saved.id,
                "name": saved.name,
                "rule": saved.rule,
                "fixed": self._fixed_file(saved),
                "added": sorted(one.user_no for one in by_hand if one.is_added),
                "removed": sorted(one.user_no for one in by_hand if not one.is_added),
            }
            rule = remains_of(saved.rule)
            for node in () if rule is None or saved.fixed_to is not None else nodes(rule):
                if isinstance(node, AudienceCondition) and node.snapshot is None:
                    left.append(self._audiences.get(node.audience))
                elif isinstance(node, ListCondition):
                    lists[node.list] = self._people.people_list(node.list).file.name
        return AudienceState(rules, self._tag_versions(tags_named(rules)), lists)

    def _fixed_file(self, audience: Audience) -> dict[str, Any] | None:
        if audience.fixed_to is None:
            return None
        taken = {found.id: found for found in self._people.snapshots(audience.id)}
        found = taken.get(audience.fixed_to)
        return None if found is None else found.file.model_dump(mode="json")

    def _tag_versions(self, named: set[str]) -> dict[str, int]:
        """Return the versions of operators' tags among some tags and what these are made of."""
        catalogue: Catalogue = self.data_version().catalogue
        versions = {record.definition.key: record.version for record in self._tags.all()}
        found: dict[str, int] = {}
        left = sorted(named)
        seen: set[str] = set()
        while left:
            key = left.pop()
            if key in seen:
                continue
            seen.add(key)
            if key in versions:
                found[key] = versions[key]
            spec = catalogue.tags.get(key)
            left.extend(() if spec is None else tags_of(spec))
        return dict(sorted(found.items()))


def _with_hand_of(state: AudienceState, was: AudienceState, audience_id: str) -> AudienceState:
    """Return a state in which the people by hand are those of an earlier one."""
    rules = dict(state.rules)
    for key, rule in rules.items():
        earlier = was.rules.get(key)
        if earlier is not None and key == audience_id:
            rules[key] = {**rule, "added": earlier["added"], "removed": earlier["removed"]}
    return replace(state, rules=rules)


def _is_alert(audience: Audience, last: Snapshot | None, people: int) -> bool:
    if audience.alert is None or last is None:
        return False
    if not last.people:
        return people > 0
    return abs(people - last.people) > audience.alert * last.people
