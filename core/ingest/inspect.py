"""Looking at files before they are imported: what was understood, and a plan to begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict

from core.errors import PlanError, Problem
from core.ingest.inference import Guess, look_at, tag_type_of
from core.ingest.origins import Files, find_files
from core.ingest.plan import EventsSource, FileSource, ImportPlan, SourceFormat, UsersSource
from core.ingest.plan_text import plan_from_data
from core.ingest.stats import ColumnStats
from core.ingest.values import Kind, as_text, present
from core.messages import Text, say
from core.schema import TagType

SAMPLES = 5
FIRST_ROWS = 20
_ID_NAMES = (
    "user_id", "userid", "uid", "customer_id", "customerid", "member_id", "memberid", "household_id",
    "account_id", "openid", "用户id", "用户编号", "会员id", "会员编号", "客户编号", "id",
)  # fmt: skip
_TIME_NAMES = (
    "occurred_at", "event_time", "timestamp", "datetime", "created_at", "time", "at", "date", "时间", "日期",
)  # fmt: skip
_EVENT_NAMES = ("event", "event_name", "event_type", "action", "行为", "事件")
_REGISTERED_NAMES = (
    "registered_on", "registered_at", "registered", "register_time", "signup_date", "sign_up_date",
    "created_at", "注册日期", "注册时间",
)  # fmt: skip
_AMOUNT_NAMES = ("amount", "total", "price", "sales_value", "revenue", "gmv", "金额", "实付金额")
_PERSONAL: Mapping[str, tuple[str, ...]] = {
    "phone": ("phone", "mobile", "tel", "手机", "手机号", "电话"),
    "email": ("email", "e_mail", "mail", "邮箱"),
    "name": ("name", "full_name", "real_name", "姓名"),
    "address": ("address", "地址"),
    "id": ("id_card", "id_number", "identity_card", "身份证", "身份证号"),
}


class _Inert(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InspectedColumn(_Inert):
    """One column of a source.

    Attributes
    ----------
    name : str
    type : TagType
        As it would be imported.
    has_time : bool
        Whether a date carries times of day.
    why : dict of str to str
        Why this type, ``{"zh", "en"}``.
    samples : tuple of str
        Some values, as text.
    missing, distinct : int
    """

    name: str
    type: TagType
    has_time: bool
    why: dict[str, str]
    samples: tuple[str, ...]
    missing: int
    distinct: int


class SourceInspection(_Inert):
    """What was understood of a source.

    Attributes
    ----------
    source : str
        As given.
    rows, bad_rows : int
        Rows, and rows with another number of fields than the header (not among `rows`).
    encoding, delimiter : str or None
        Of text files.
    columns : tuple of InspectedColumn
    first_rows : tuple of tuple of (str or None)
        As text, in the order of the columns.
    """

    source: str
    rows: int
    bad_rows: int
    encoding: str | None
    delimiter: str | None
    columns: tuple[InspectedColumn, ...]
    first_rows: tuple[tuple[str | None, ...], ...]


def inspect_source(
    source: str | Path | SourceFormat,
    base_dir: Path,
    *,
    allowed_roots: Sequence[Path] | None = None,
) -> SourceInspection:
    """Look through a whole file (or files, by a glob) and say what was understood.

    Parameters
    ----------
    source : str, pathlib.Path or SourceFormat
        A path, or a source of a plan with its encoding, delimiter, sheet and null values.
    base_dir : pathlib.Path
        Folder that the path is relative to.
    allowed_roots : sequence of pathlib.Path, optional
        As for `run_import`.

    Raises
    ------
    PlanError, ImportRefused
        If it cannot be found or read.
    """
    form = FileSource(source=str(source)) if isinstance(source, str | Path) else source
    name = getattr(form, "source", None)
    if not isinstance(name, str):
        raise PlanError(Problem("inspect_needs_file"))
    origin = Files(name, find_files(name, base_dir, allowed_roots, "source"), form)
    guesses: dict[str, Guess] = {}
    stats = {column: ColumnStats() for column in origin.columns}
    samples: dict[str, dict[str, None]] = {column: {} for column in origin.columns}
    first: list[tuple[str | None, ...]] = []
    rows = bad = 0
    for chunk in origin.chunks(origin.columns):
        frame = pl.DataFrame([present(column, form.null_values) for column in chunk.frame])
        look_at(guesses, frame)
        rows, bad = rows + frame.height, bad + len(chunk.bad)
        for column in frame:
            stats[column.name].add(column)
            seen = samples[column.name]
            if len(seen) < SAMPLES:
                values = _as_shown(column.drop_nulls().head(1_000).unique(maintain_order=True).head(SAMPLES))
                seen.update(dict.fromkeys(v for v in values.to_list() if v is not None))
        if len(first) < FIRST_ROWS:
            shown = pl.DataFrame([_as_shown(column) for column in frame.head(FIRST_ROWS - len(first))])
            first += shown.rows()
    texts = origin.text_forms
    return SourceInspection(
        source=name,
        rows=rows,
        bad_rows=bad,
        encoding=texts[0].encoding if texts else None,
        delimiter=texts[0].delimiter if texts else None,
        columns=tuple(
            _inspected(column, guesses.get(column, Guess()), stats[column], list(samples[column]), form)
            for column in origin.columns
        ),
        first_rows=tuple(first),
    )


def propose_plan(
    paths: Sequence[str | Path],
    time_zone: str,
    *,
    base_dir: Path | None = None,
    allowed_roots: Sequence[Path] | None = None,
) -> ImportPlan:
    """Propose a plan for files, by the names and types of their columns; to be corrected by people.

    A file with a user id that repeats and a time is taken for events, any other for users.

    Parameters
    ----------
    paths : sequence
        Relative to `base_dir`, else to the working folder.
    time_zone : str
        IANA name.
    base_dir : pathlib.Path, optional
    allowed_roots : sequence of pathlib.Path, optional
        As for `run_import`.

    Raises
    ------
    PlanError
        If a file cannot be read, or has no column that could be a user's id.
    """
    users: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    claimed: set[str] = set()
    for path in paths:
        seen = inspect_source(path, base_dir or Path.cwd(), allowed_roots=allowed_roots)
        columns = {column.name: column for column in seen.columns}
        user = _named(columns, _ID_NAMES)
        if user is None:
            raise PlanError(Problem("no_id_column", params={"source": seen.source}, allowed=tuple(columns)))
        times = {n: c for n, c in columns.items() if c.type is TagType.DATE and n != user}
        repeats = columns[user].distinct < seen.rows - columns[user].missing
        if times and (repeats or _named(columns, _EVENT_NAMES) is not None):
            events.append(_events_source(seen, columns, user, times))
        else:
            users.append(_users_source(seen, columns, user, claimed))
    return plan_from_data({"time_zone": time_zone, "users": users, "events": events})


def _users_source(
    seen: SourceInspection, columns: Mapping[str, InspectedColumn], user: str, claimed: set[str]
) -> dict[str, Any]:
    dates = {name: column for name, column in columns.items() if column.type is TagType.DATE}
    registered = _named(dates, _REGISTERED_NAMES)
    tags: dict[str, Any] = {}
    for name, column in columns.items():
        if name == user or name in claimed:
            continue
        claimed.add(name)
        tag: dict[str, Any] = {"type": column.type.value}
        personal = next((kind for kind, names in _PERSONAL.items() if _plain(name) in names), None)
        if personal is not None:
            tag["personal"] = personal
        tags[name] = tag
    source: dict[str, Any] = {"source": seen.source, "id": user, "tags": tags}
    if registered is not None:
        source["registered"] = registered
    UsersSource.model_validate(source)
    return source


def _events_source(
    seen: SourceInspection,
    columns: Mapping[str, InspectedColumn],
    user: str,
    times: Mapping[str, InspectedColumn],
) -> dict[str, Any]:
    at = _named(times, _TIME_NAMES) or next((n for n, c in times.items() if c.has_time), next(iter(times)))
    texts = {n: c for n, c in columns.items() if c.type in (TagType.ENUM, TagType.TEXT)}
    kind = _named(texts, _EVENT_NAMES)
    numbers = {n: c for n, c in columns.items() if c.type is TagType.NUMBER}
    amount = _named(numbers, _AMOUNT_NAMES)
    source: dict[str, Any] = {
        "source": seen.source,
        "user": user,
        "at": at,
        "properties": {
            name: {"type": column.type.value}
            for name, column in columns.items()
            if name not in (user, at, kind, amount) and name != "amount"
        },
    }
    if kind is not None:
        source["event_column"] = kind
    else:
        source["event"] = _event_key(seen.source)
    if amount is not None:
        source["amount"] = amount
    EventsSource.model_validate(source)
    return source


def _event_key(source: str) -> str:
    """Return a key for the event from the file's name: ``2019/orders-*.csv.gz`` gives ``orders``."""
    stem = Path(source).name.split(".")[0]
    return re.sub(r"\W+", "_", stem.replace("*", "")).strip("_").lower() or "event"


def _named(columns: Mapping[str, InspectedColumn], names: Sequence[str]) -> str | None:
    """Return the column whose name is the first of `names` that any column has."""
    by_plain = {_plain(name): name for name in reversed(list(columns))}
    return next((by_plain[name] for name in names if name in by_plain), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip()).lower()


def _as_shown(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List | pl.Array):
        return values.cast(pl.List(pl.String())).list.join("|")
    if values.dtype.is_nested() or values.dtype == pl.Binary():
        return values.map_elements(repr, return_dtype=pl.String())
    return as_text(values)


def _inspected(
    name: str, guess: Guess, stats: ColumnStats, samples: list[str], form: SourceFormat
) -> InspectedColumn:
    given = form.columns.get(name)
    tag_type = given or tag_type_of(guess.kind, stats.distinct, stats.present)
    return InspectedColumn(
        name=name,
        type=tag_type,
        has_time=given is None and guess.kind is Kind.MOMENT,
        why={**_why(guess, stats, tag_type, is_given=given is not None)},
        samples=tuple(samples[:SAMPLES]),
        missing=stats.missing,
        distinct=stats.distinct,
    )


def _why(guess: Guess, stats: ColumnStats, tag_type: TagType, *, is_given: bool) -> Text:
    if is_given:
        return say("why_given")
    if not guess.seen:
        return say("why_no_values")
    if guess.kind is not Kind.TEXT:
        return say("why_all_fit", type=say(f"kind_{guess.kind.value}"))
    if guess.why in ("why_leading_zero", "why_many_digits"):
        return say(guess.why, example=guess.example)
    reason = say(guess.why, example=guess.example) if guess.why else None
    code = "why_few_values" if tag_type is TagType.ENUM else "why_many_values"
    count = say(code, distinct=stats.distinct)
    if reason is None:
        return count
    return Text(zh=f"{reason['zh']}；{count['zh']}", en=f"{reason['en']}; {count['en']}")
