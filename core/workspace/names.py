"""The names that rules may use: saved audiences, their snapshots, uploaded lists."""

from __future__ import annotations

from functools import partial
from pathlib import PurePath

from core.audiences.records import Audience
from core.errors import NotFound, Problem, RuleError
from core.lake.lake import Lake
from core.lake.people import PeopleFiles
from core.lake.versions import FileRef
from core.messages import message_of
from core.rules.kept import KeptPeople
from core.rules.named import NamedAudience, NamedPeople, unknown_list, unknown_snapshot
from core.rules.parse import parse_rule
from core.store import AudienceStore, PeopleStore


class SavedNames:
    """What stands behind the names in a rule: `core.rules.named.Names` of a workspace."""

    def __init__(self, audiences: AudienceStore, people: PeopleStore, lake: Lake) -> None:
        self._audiences = audiences
        self._people = people
        self._lake = lake

    def audience(self, id_or_name: str) -> NamedAudience:
        """Return a saved audience."""
        audience = self._saved(id_or_name)
        try:
            return NamedAudience(audience.id, audience.name, parse_rule(audience.rule))
        except RuleError as error:
            why = message_of(error.problems[0])
            problem = Problem("audience_broken", params={"audience": audience.name, "why": why})
            raise RuleError(problem) from error

    def snapshot(self, audience: str, snapshot: str) -> NamedPeople:
        """Return the people of one snapshot of an audience."""
        saved = self._saved(audience)
        taken = {found.id: found for found in self._people.snapshots(saved.id)}
        found = taken.get(snapshot)
        if found is None:
            raise unknown_snapshot(saved.name, snapshot, {key: one.as_of for key, one in taken.items()})
        return NamedPeople(saved.name, _kept(self._lake.snapshots, found.file), found.as_of)

    def people_list(self, name: str) -> NamedPeople:
        """Return the people on a list."""
        try:
            found = self._people.people_list(name)
        except NotFound as error:
            raise unknown_list(name, error.problems[0].allowed) from error
        return NamedPeople(found.name, _kept(self._lake.lists, found.file))

    def _saved(self, id_or_name: str) -> Audience:
        try:
            return self._audiences.get(id_or_name)
        except NotFound as error:
            nearest = error.problems[0].nearest
            problem = Problem("unknown_audience", params={"audience": id_or_name}, nearest=nearest)
            raise RuleError(problem) from error


def _kept(files: PeopleFiles, file: FileRef) -> KeptPeople:
    return KeptPeople(PurePath(file.name).stem, partial(files.read, file))
