"""Tags that operators made: what a version of one holds, and where it stands in its life; inert data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from core.errors import Problem, RuleError, nearest_name
from core.lake.versions import FileRef
from core.messages import Text, say
from core.rules.making_text import dump_making, parse_making
from core.rules.makings import Bands, ByRules, Formula, Given, Preference, Quantiles
from core.schema import Label, Making, Measurement, Validity

Status: TypeAlias = Literal["draft", "active", "paused", "retired"]
Use: TypeAlias = Literal["basics", "behaviour", "preference", "occasion"]
Timeliness: TypeAlias = Literal["static", "dynamic"]
Refresh: TypeAlias = Literal["with_data", "daily", "weekly", "monthly", "manual"]
HowMade: TypeAlias = Literal["fact", "rule"]
STATUSES: tuple[Status, ...] = get_args(Status)
USES: tuple[Use, ...] = get_args(Use)
TIMELINESS: tuple[Timeliness, ...] = get_args(Timeliness)
REFRESHES: tuple[Refresh, ...] = get_args(Refresh)

Choice = TypeVar("Choice", bound=str)

MOVES: Mapping[Status, tuple[Status, ...]] = {
    "draft": ("active", "retired"),
    "active": ("paused", "retired"),
    "paused": ("active", "retired"),
    "retired": ("active",),
}
"""From a status to those that may follow it."""

HOW_MADE: Mapping[type[Making], HowMade] = {
    Measurement: "fact",
    Given: "fact",
    ByRules: "rule",
    Bands: "rule",
    Quantiles: "rule",
    Preference: "rule",
    Formula: "rule",
}
"""The third classification of tags, 事实 fact or 规则 rule, which follows from how a tag is made."""

MAX_KEY, MAX_LABEL, MAX_TEXT = 64, 100, 10_000
_KEY = re.compile(r"[^\W\d]\w*")
_FIELDS = (
    "key", "label", "description", "dimension", "unit", "use", "timeliness", "refresh", "owner", "validity",
    "making",
)  # fmt: skip


@dataclass(frozen=True)
class TagDefinition:
    """What a version of a tag holds.

    Attributes
    ----------
    key : str
        What rules name; it never changes.
    description : str
        What the tag means, in the words of whoever looks after it.
    dimension : str
        Key of the folder of the catalogue.
    unit : str or None
        Unit of a number, for people.
    making : Making or None
        How it is computed; None = it comes with the data, and operators only look after it.
    use : str
        What it is used for: the first classification.
    timeliness : {"static", "dynamic"}
        Whether its values stay or move on: the second classification. How it is made is the third.
    refresh : str
        When it is read anew for its history: ``with_data`` with every new data version, by the calendar
        (``daily weekly monthly``), or only when somebody asks (``manual``). Answers are always computed
        afresh.
    owner : str
        Who looks after it.
    validity : Validity or None
        How long its values hold; None = for ever.
    """

    key: str
    label: Label
    making: Making | None
    description: str = ""
    dimension: str = "other"
    unit: str | None = None
    use: Use = "behaviour"
    timeliness: Timeliness = "dynamic"
    refresh: Refresh = "with_data"
    owner: str = ""
    validity: Validity | None = None

    @property
    def how_made(self) -> HowMade:
        """Whether it states a fact or follows from a rule."""
        return "fact" if self.making is None else HOW_MADE[type(self.making)]

    def as_json(self) -> dict[str, Any]:
        """Return the definition, JSON-ready; `from_json` is its inverse."""
        return {
            "key": self.key,
            "label": self.label.as_text(),
            "description": self.description,
            "dimension": self.dimension,
            "unit": self.unit,
            "use": self.use,
            "timeliness": self.timeliness,
            "refresh": self.refresh,
            "owner": self.owner,
            "validity": None
            if self.validity is None
            else self.validity.model_dump(mode="json", exclude={"day"}),
            "making": None if self.making is None else dump_making(self.making),
        }

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> TagDefinition:
        """Return the definition that a mapping of JSON values writes down.

        Raises
        ------
        RuleError
            With everything that is wrong with its shape, each at its field.
        """
        problems = [
            Problem(
                "unknown_field", key, {"given": key, "allowed": _FIELDS}, _FIELDS, nearest_name(key, _FIELDS)
            )
            for key in source
            if key not in _FIELDS
        ]
        problems += [
            Problem("field_missing", key, {"field": key, "where": key})
            for key in ("key", "label", "making")
            if key not in source
        ]
        reader = _Reader(source, problems)
        making = reader.making()
        stays = making is None or isinstance(making, Given)
        definition = cls(
            key=reader.key(),
            label=reader.label(),
            making=making,
            description=reader.text("description"),
            dimension=reader.text("dimension") or "other",
            unit=reader.text("unit") or None,
            use=reader.one_of("use", USES, "behaviour"),
            timeliness=reader.one_of("timeliness", TIMELINESS, "static" if stays else "dynamic"),
            refresh=reader.one_of("refresh", REFRESHES, "with_data"),
            owner=reader.text("owner"),
            validity=reader.validity(),
        )
        if problems:
            raise RuleError(problems)
        return definition


@dataclass(frozen=True)
class GivenFile:
    """The file with the values that were given, and who gave the last of them (`at` in UTC)."""

    file: FileRef
    at: datetime
    by: str


@dataclass(frozen=True)
class TagRecord:
    """A tag as it is now.

    Attributes
    ----------
    status : str
        ``draft`` (nobody can name it yet), ``active``, ``paused`` (its values stand still at `stands_at`) or
        ``retired`` (rules that name it are refused).
    version : int
        1 when created, one more with every change; whoever changes it names the one they saw.
    stands_at : datetime.date or None
        Of a paused tag, the day whose values it keeps.
    created_at, changed_at : datetime.datetime
        UTC.
    given : GivenFile or None
        The values that people typed in or uploaded; None = none yet.
    given_no : int
        How often such values were given.
    """

    definition: TagDefinition
    status: Status
    version: int
    stands_at: date | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    given: GivenFile | None = None
    given_no: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the record, JSON-ready."""
        return {
            **self.definition.as_json(),
            "how_made": self.definition.how_made,
            "status": self.status,
            "version": self.version,
            "stands_at": None if self.stands_at is None else self.stands_at.isoformat(),
            "created": {"at": self.created_at.isoformat(), "by": self.created_by},
            "changed": {"at": self.changed_at.isoformat(), "by": self.changed_by},
        }


@dataclass(frozen=True)
class TagVersion:
    """One state that a tag was in; `note` says why it was changed."""

    version: int
    definition: TagDefinition
    status: Status
    stands_at: date | None
    note: str
    at: datetime
    by: str

    def as_json(self) -> dict[str, Any]:
        """Return the version, JSON-ready."""
        return {
            "version": self.version,
            "status": self.status,
            "note": self.note,
            "at": self.at.isoformat(),
            "by": self.by,
            "definition": self.definition.as_json(),
        }


def at_making(problem: Problem) -> Problem:
    """Return a problem of a making with its place in the definition."""
    return replace(problem, node=f"making.{problem.node}" if problem.node else "making")


def status_text(status: Status) -> Text:
    """Return a status in words."""
    return say(f"tag_status_{status}")


class _Reader:
    """Reads the fields of a definition, telling what is wrong with each."""

    def __init__(self, source: Mapping[str, Any], problems: list[Problem]) -> None:
        self._source = source
        self._problems = problems

    def key(self) -> str:
        key = self._source.get("key", "")
        if not isinstance(key, str) or not _KEY.fullmatch(key) or len(key) > MAX_KEY:
            if "key" in self._source:
                self._problems.append(
                    Problem("tag_key_shape", "key", {"given": str(key)[:80], "limit": MAX_KEY})
                )
            return ""
        return key

    def label(self) -> Label:
        label = self._source.get("label")
        texts = label if isinstance(label, Mapping) else {}
        zh, en = (str(texts.get(language, "")).strip() for language in ("zh", "en"))
        is_shaped = texts.keys() == {"zh", "en"} and all(isinstance(v, str) for v in texts.values())
        if "label" in self._source and not (is_shaped and zh and en and max(len(zh), len(en)) <= MAX_LABEL):
            self._problems.append(Problem("tag_label_shape", "label", {"limit": MAX_LABEL}))
        return Label(zh=zh, en=en)

    def making(self) -> Making | None:
        source = self._source.get("making")
        try:
            return None if source is None else parse_making(source)
        except RuleError as error:
            self._problems += [at_making(problem) for problem in error.problems]
            return None

    def text(self, field: str) -> str:
        value = self._source.get(field)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            self._problems.append(
                Problem("tag_text_shape", field, {"where": field, "limit": f"{MAX_TEXT:,}"})
            )
            return ""
        return value.strip()

    def one_of(self, field: str, allowed: tuple[Choice, ...], otherwise: Choice) -> Choice:
        given = self._source.get(field, otherwise)
        for choice in allowed:
            if choice == given:
                return choice
        params = {"where": field, "given": str(given)[:80], "expected": ", ".join(allowed)}
        self._problems.append(
            Problem("making_not_one_of", field, params, allowed, nearest_name(str(given), allowed))
        )
        return otherwise

    def validity(self) -> Validity | None:
        given = self._source.get("validity")
        if given is None:
            return None
        shaped = isinstance(given, Mapping) and given.keys() <= {"n", "unit", "since"}
        n, unit, since = (
            (given.get(name) for name in ("n", "unit", "since")) if shaped else (None, None, None)
        )
        is_whole = isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= 36_500
        if not is_whole or unit not in ("day", "week", "month") or not isinstance(since, str | None):
            self._problems.append(Problem("tag_validity_shape", "validity"))
            return None
        return Validity(n=n, unit=unit, since=since)
