"""The names that rules may use: saved audiences, their snapshots, uploaded lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import PurePath
from typing import Any

import polars as pl

from core.audiences.records import Audience, ByHand
from core.errors import NotFound, Problem, RuleError
from core.lake.lake import Lake
from core.lake.people import PeopleFiles
from core.lake.versions import FileRef
from core.messages import message_of
from core.rules.by_hand import only, with_hand
from core.rules.kept import KeptPeople
from core.rules.named import NamedAudience, NamedPeople, unknown_list, unknown_snapshot
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import USER_NO
from core.store import AudienceStore, PeopleStore


class SavedNames:
    """What stands behind the names in a rule: `core.rules.named.Names` of a workspace."""

    def __init__(self, audiences: AudienceStore, people: PeopleStore, lake: Lake) -> None:
        self._audiences = audiences
        self._people = people
        self._lake = lake

    def audience(self, id_or_name: str) -> NamedAudience:
        """Return a saved audience, with those who were added or removed by hand."""
        audience = self._saved(id_or_name)
        return named_audience(
            audience.id,
            audience.name,
            audience.rule,
            self.fixed(audience),
            self._audiences.by_hand(audience.id),
        )

    def whole(self, audience: Audience) -> Callable[[Rule], Rule]:
        """Return what makes of an audience's rule, its names looked up, one for all its people."""
        return whole_of(self.fixed(audience), self._audiences.by_hand(audience.id))

    def fixed(self, audience: Audience) -> KeptPeople | None:
        """Return the people whom a static audience was fixed to."""
        if audience.fixed_to is None:
            return None
        taken = {found.id: found for found in self._people.snapshots(audience.id)}
        found = taken.get(audience.fixed_to)
        if found is None:
            raise unknown_snapshot(
                audience.name, audience.fixed_to, {key: one.as_of for key, one in taken.items()}
            )
        return kept(self._lake.snapshots, found.file)

    def snapshot(self, audience: str, snapshot: str) -> NamedPeople:
        """Return the people of one snapshot of an audience."""
        saved = self._saved(audience)
        taken = {found.id: found for found in self._people.snapshots(saved.id)}
        found = taken.get(snapshot)
        if found is None:
            raise unknown_snapshot(saved.name, snapshot, {key: one.as_of for key, one in taken.items()})
        return NamedPeople(saved.name, kept(self._lake.snapshots, found.file), found.as_of)

    def people_list(self, name: str) -> NamedPeople:
        """Return the people on a list."""
        try:
            found = self._people.people_list(name)
        except NotFound as error:
            raise unknown_list(name, error.problems[0].allowed) from error
        return NamedPeople(found.name, kept(self._lake.lists, found.file))

    def _saved(self, id_or_name: str) -> Audience:
        try:
            return self._audiences.get(id_or_name)
        except NotFound as error:
            nearest = error.problems[0].nearest
            problem = Problem("unknown_audience", params={"audience": id_or_name}, nearest=nearest)
            raise RuleError(problem) from error


def named_audience(
    audience_id: str, name: str, rule: dict[str, Any], fixed: KeptPeople | None, by_hand: Sequence[ByHand]
) -> NamedAudience:
    """Return an audience for a rule that names it.

    Raises
    ------
    RuleError
        If it follows a rule that cannot be read.
    """
    whole = whole_of(fixed, by_hand)
    if fixed is not None:
        return NamedAudience(audience_id, name, None, whole)
    try:
        read = parse_rule(rule)
    except RuleError as error:
        why = message_of(error.problems[0])
        raise RuleError(Problem("audience_broken", params={"audience": name, "why": why})) from error
    return NamedAudience(audience_id, name, read, whole)


def whole_of(fixed: KeptPeople | None, by_hand: Sequence[ByHand]) -> Callable[[Rule], Rule]:
    """Return what makes of an audience's rule one for all its people."""
    added, removed = hand_of(by_hand)
    return lambda bound: with_hand(bound if fixed is None else only(fixed), added, removed)


def hand_of(by_hand: Sequence[ByHand]) -> tuple[KeptPeople | None, KeptPeople | None]:
    """Return who was added and who was removed by hand; None = nobody."""
    added, removed = (
        kept_of([one.user_no for one in by_hand if one.is_added is is_added]) for is_added in (True, False)
    )
    return added, removed


def kept_of(user_nos: Iterable[int]) -> KeptPeople | None:
    """Return people by their numbers; None = nobody."""
    numbers = pl.Series(USER_NO, sorted(set(user_nos)), dtype=pl.UInt32)
    if not len(numbers):
        return None
    digest = hashlib.sha256(numbers.to_numpy().tobytes()).hexdigest()
    return KeptPeople(f"by hand {digest}", lambda: numbers)


def kept(files: PeopleFiles, file: FileRef) -> KeptPeople:
    """Return the people who are written down in a file."""
    return KeptPeople(PurePath(file.name).stem, partial(files.read, file))
