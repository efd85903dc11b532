"""Reads tests/golden: hand-written people, and rules with their expected members or refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from core.errors import Problem, RuleError, nearest_name
from core.rules.check import check, errors_of
from core.rules.evaluate import OracleUser
from core.rules.kept import KeptPeople
from core.rules.measures import Occurrence
from core.rules.named import NamedAudience, NamedPeople, bind, unknown_list, unknown_snapshot
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import Catalogue, EventSpec, Label, Measurement, PropertySpec, TagSpec, TagType

FOLDER = Path(__file__).parents[2] / "golden"
PEOPLE: dict[str, Any] = json.loads((FOLDER / "people.json").read_text(encoding="utf-8"))


class Case(NamedTuple):
    """One golden row; `rule` is the JSON of a whole rule."""

    name: str
    rule: dict[str, Any]
    as_of: date
    expected: dict[str, Any]


def cases() -> Iterator[Case]:
    """Yield every row of every file; a lone condition becomes a rule (ids: g the root, c the condition)."""
    for file in sorted(FOLDER.glob("*.json")):
        if file.name == "people.json":
            continue
        for row in json.loads(file.read_text(encoding="utf-8")):
            as_of = date.fromisoformat(row.get("as_of", PEOPLE["as_of"]))
            yield Case(f"{file.stem}: {row['says']}", _rule(row), as_of, row)


def catalogue() -> Catalogue:
    """Return the catalogue of the golden people."""
    tags = {}
    for key, tag in PEOPLE["tags"].items():
        made = Measurement(**tag["computed"]) if "computed" in tag else None
        tags[key] = TagSpec(
            key=key, type=TagType(tag["type"]), label=Label(zh=tag["zh"], en=tag["en"]),
            unit=tag.get("unit"), personal=tag.get("personal"), computed=made,
        )  # fmt: skip
    events = {
        key: EventSpec(
            key=key,
            label=Label(zh=event["zh"], en=event["en"]),
            properties={
                name: PropertySpec(key=name, type=TagType(kind), label=Label(zh=name, en=name))
                for name, kind in event["properties"].items()
            },
        )
        for key, event in PEOPLE["events"].items()
    }
    return Catalogue(time_zone=PEOPLE["time_zone"], as_of=PEOPLE["as_of"], tags=tags, events=events)


def users() -> list[OracleUser]:
    """Return the golden people as the oracle takes them."""
    known = catalogue()
    found = []
    for user_id, told in PEOPLE["users"].items():
        tags = {key: _typed(value, known.tags[key].type) for key, value in told["tags"].items()}
        events = {
            event: [_occurrence(row, known, event) for row in told[event]]
            for event in PEOPLE["events"]
            if event in told
        }
        since = told.get("exists_from")
        kept_in = frozenset(
            [f"list {name}" for name, people in PEOPLE["lists"].items() if user_id in people]
            + [key for key, told in PEOPLE["snapshots"].items() if user_id in told["users"]]
        )
        found.append(OracleUser(user_id, date.fromisoformat(since) if since else None, tags, events, kept_in))
    return found


class GoldenNames:
    """The golden audiences, snapshots and lists."""

    def audience(self, id_or_name: str) -> NamedAudience:
        for key, told in PEOPLE["audiences"].items():
            if id_or_name in (key, told["name"]):
                return NamedAudience(key, told["name"], parse_rule(told["rule"]))
        nearest = nearest_name(id_or_name, [told["name"] for told in PEOPLE["audiences"].values()])
        raise RuleError(Problem("unknown_audience", params={"audience": id_or_name}, nearest=nearest))

    def snapshot(self, audience: str, snapshot: str) -> NamedPeople:
        of = self.audience(audience)
        taken = {key: told for key, told in PEOPLE["snapshots"].items() if told["of"] == of.id}
        days = {key: date.fromisoformat(told["as_of"]) for key, told in taken.items()}
        if snapshot not in taken:
            raise unknown_snapshot(of.name, snapshot, days)
        return NamedPeople(of.name, _kept(snapshot), days[snapshot])

    def people_list(self, name: str) -> NamedPeople:
        if name not in PEOPLE["lists"]:
            raise unknown_list(name, PEOPLE["lists"])
        return NamedPeople(name, _kept(f"list {name}"))


def _kept(key: str) -> KeptPeople:
    def of_the_oracle() -> NoReturn:
        raise AssertionError("the oracle knows its users by what they are kept in")

    return KeptPeople(key, of_the_oracle)


def read(rule: dict[str, Any]) -> Rule:
    """Return a rule with the audiences in it looked up."""
    known = catalogue()
    return bind(parse_rule(rule), GoldenNames(), lambda inner: errors_of(check(inner, known)))


def _occurrence(row: dict[str, Any], known: Catalogue, event: str) -> Occurrence:
    properties = known.events[event].properties
    values = {key: _typed(value, properties[key].type) for key, value in row.items() if key != "at"}
    local = datetime.fromisoformat(row["at"]).replace(tzinfo=known.zone)
    return Occurrence(local.astimezone(UTC), values)


def _typed(value: Any, kind: TagType) -> Any:
    match kind:
        case TagType.DATE:
            return date.fromisoformat(value)
        case TagType.NUMBER:
            return float(value)
        case TagType.MULTI:
            return tuple(value)
        case _:
            return value


def _rule(row: dict[str, Any]) -> dict[str, Any]:
    if "rule" in row:
        return row["rule"]
    condition = {"kind": "tag" if "tag" in row["where"] else "event", "id": "c", **row["where"]}
    return {"include": {"kind": "group", "id": "g", "match": "all", "children": [condition]}}
