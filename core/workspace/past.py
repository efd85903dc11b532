"""Audiences as they were at a snapshot: the names in their rules, and the tags, looked up in what it kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.audiences.naming import folded
from core.audiences.records import AudienceState
from core.errors import Problem, RuleError
from core.lake.people import PeopleFiles
from core.lake.versions import FileRef
from core.rules.by_hand import only, with_hand
from core.rules.named import NamedAudience, NamedPeople, Names
from core.rules.naming import tags_in
from core.rules.parse import parse_rule
from core.rules.remains import remains_of
from core.store import TagStore
from core.tags.records import TagRecord
from core.workspace.names import kept, kept_of


class PastNames:
    """`core.rules.named.Names` of a snapshot: audiences as they were; lists and snapshots as they are."""

    def __init__(self, state: AudienceState, present: Names, files: PeopleFiles) -> None:
        self._rules = state.rules
        self._present = present
        self._files = files

    def audience(self, id_or_name: str) -> NamedAudience:
        """Return an audience as it was."""
        found = self._rules.get(id_or_name) or next(
            (was for was in self._rules.values() if folded(was["name"]) == folded(id_or_name)), None
        )
        if found is None:
            raise RuleError(Problem("unknown_audience", params={"audience": id_or_name}))
        return past_audience(found, self._files)

    def snapshot(self, audience: str, snapshot: str) -> NamedPeople:
        """Return the people of one snapshot of an audience."""
        return self._present.snapshot(audience, snapshot)

    def people_list(self, name: str) -> NamedPeople:
        """Return the people who are on a list now."""
        return self._present.people_list(name)


def past_audience(was: Mapping[str, Any], files: PeopleFiles) -> NamedAudience:
    """Return an audience as a snapshot's state describes it."""
    added, removed = kept_of(was["added"]), kept_of(was["removed"])
    if was["fixed"] is not None:
        people = only(kept(files, FileRef(**was["fixed"])))
        return NamedAudience(was["id"], was["name"], None, lambda _: with_hand(people, added, removed))
    return NamedAudience(
        was["id"], was["name"], parse_rule(was["rule"]), lambda rule: with_hand(rule, added, removed)
    )


def tags_as_they_were(
    records: Sequence[TagRecord], versions: Mapping[str, int], store: TagStore
) -> list[TagRecord]:
    """Return the tags of operators with the definitions that some of them had in earlier versions.

    Raises
    ------
    NotFound
        If a version is gone.
    """
    found = []
    for record in records:
        number = versions.get(record.definition.key)
        if number is not None and number != record.version:
            was = store.version(record.definition.key, number)
            earlier = replace(record, definition=was.definition, status=was.status, stands_at=was.stands_at)
            found.append(earlier)
        else:
            found.append(record)
    return found


def tags_named(rules: Mapping[str, Any]) -> set[str]:
    """Return the tags that the rules of a state name."""
    found: set[str] = set()
    for was in rules.values():
        rule = remains_of(was["rule"])
        if rule is not None and was["fixed"] is None:
            found.update(tags_in(rule))
    return found
