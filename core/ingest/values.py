"""From what stands in a file to typed values: one function per type, and what does not fit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import polars as pl

from core.errors import PlanError, Problem
from core.ingest.times import (
    EPOCH_UNITS,
    LOCAL_TIME,
    UTC_TIME,
    blanked,
    days_of,
    epoch_instants,
    instants_of,
    local_days,
    localise,
    nothing,
)
from core.schema import TagType


class Kind(StrEnum):
    """What a column is read as; `TagType` plus the instant, less the enum (an enum is read as text)."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DAY = "date"
    MOMENT = "moment"
    MULTI = "multi"


KIND_OF: dict[TagType, Kind] = {
    TagType.TEXT: Kind.TEXT,
    TagType.ENUM: Kind.TEXT,
    TagType.NUMBER: Kind.NUMBER,
    TagType.BOOLEAN: Kind.BOOLEAN,
    TagType.DATE: Kind.DAY,
    TagType.MULTI: Kind.MULTI,
}
TRUE_WORDS = ("true", "t", "yes", "y", "1", "是")
FALSE_WORDS = ("false", "f", "no", "n", "0", "否")


@dataclass(frozen=True)
class Reading:
    """How one column is read.

    Attributes
    ----------
    column : str
        In the source.
    kind : Kind
    zone : zoneinfo.ZoneInfo
        In which naive times of the source are read.
    day_zone : zoneinfo.ZoneInfo
        The workspace's zone, in which instants are cut to days.
    separator : str
        Between the values of a multi column.
    time_format : str or None
        The only form of a day or moment; None = the usual ones.
    """

    column: str
    kind: Kind
    zone: ZoneInfo
    day_zone: ZoneInfo
    separator: str = "|"
    time_format: str | None = None


def present(raw: pl.Series, null_values: tuple[str, ...]) -> pl.Series:
    """Return the column with what means "no value" as null: the empty field, the listed texts, NaN."""
    if raw.dtype == pl.String():
        absent = raw == ""
        if null_values:
            absent = absent | raw.is_in(list(null_values))
        return blanked(raw, absent)
    if raw.dtype.is_float():
        return raw.fill_nan(None)
    return raw


def typed(raw: pl.Series, reading: Reading) -> pl.Series:
    """Return the column in the type asked for; null where a value is absent or does not fit.

    Parameters
    ----------
    raw : polars.Series
        As `present` leaves it.

    Raises
    ------
    PlanError
        If nothing of this dtype can be of this kind.
    """
    match reading.kind:
        case Kind.TEXT:
            return as_text(raw)
        case Kind.NUMBER:
            return _numbers(raw)
        case Kind.BOOLEAN:
            return _booleans(raw)
        case Kind.DAY:
            return _days(raw, reading)
        case Kind.MOMENT:
            return _moments(raw, reading)
        case Kind.MULTI:
            return _sets(raw, reading.separator)


def misfits(raw: pl.Series, values: pl.Series, kind: Kind) -> pl.Series | None:
    """Return which values do not fit their type; None = all do.

    NaN as text in a column of numbers, and a list of nothing, are missing values and no misfits.

    Parameters
    ----------
    raw : polars.Series
        As `present` leaves it.
    values : polars.Series
        What `typed` made of it.
    """
    if kind is Kind.MULTI or values.null_count() == raw.null_count():
        return None
    bad = values.is_null() & raw.is_not_null()
    if kind is Kind.NUMBER:
        bad &= ~is_nan_text(raw)
    return bad if bad.any() else None


def as_text(raw: pl.Series) -> pl.Series:
    """Return values as text exactly as written: integers and whole floats without ``.0``."""
    dtype = raw.dtype
    if dtype == pl.String():
        return raw
    if dtype.is_float():
        if raw.is_null().all():
            return raw.cast(pl.String())
        whole = (raw == raw.floor()) & (raw.abs() < 2.0**63)
        whole = whole.fill_null(False)
        if whole.all() or (whole | raw.is_null()).all():
            return raw.cast(pl.Int64(), strict=False).cast(pl.String())
        plain = raw.cast(pl.String())
        return blanked(raw, ~whole).cast(pl.Int64()).cast(pl.String()).zip_with(whole, plain)
    if isinstance(dtype, pl.Decimal):
        return raw.cast(pl.String()).str.replace(r"\.0+$", "")
    if dtype == pl.Null() or dtype.is_integer() or isinstance(dtype, pl.Categorical | pl.Enum):
        return raw.cast(pl.String())
    if dtype == pl.Boolean() or (dtype.is_temporal() and not isinstance(dtype, pl.Duration)):
        return raw.cast(pl.String())
    raise _unsupported(raw)


def fold_width(texts: pl.Series) -> pl.Series:
    """Return texts with full-width letters, digits and signs made narrow, and half-width kana made wide."""
    if texts.dtype == pl.List(pl.String()):
        return texts.list.eval(_fold_expr(pl.element()))
    if not texts.str.contains(_WIDE.pattern).any():
        return texts
    return texts.to_frame("text").select(_fold_expr(pl.col("text"))).to_series().alias(texts.name)


def _fold_expr(texts: pl.Expr) -> pl.Expr:
    return texts.map_elements(_folded, return_dtype=pl.String())


def _folded(text: str) -> str:
    return _WIDE.sub(lambda m: unicodedata.normalize("NFKC", m.group()), text)


_WIDE = re.compile("[\u3000\uff01-\uffee]+")


def _numbers(raw: pl.Series) -> pl.Series:
    dtype = raw.dtype
    if dtype == pl.String():
        numbers = raw.cast(pl.Float64(), strict=False)
        if numbers.null_count() > raw.null_count():
            trimmed = raw.str.strip_chars().cast(pl.Float64(), strict=False)
            numbers = numbers.zip_with(numbers.is_not_null(), trimmed)
    elif dtype.is_numeric() or dtype == pl.Boolean() or dtype == pl.Null():
        numbers = raw.cast(pl.Float64(), strict=False)
    else:
        return as_nothing(raw, pl.Float64())
    return blanked(numbers, ~numbers.is_finite())


def is_nan_text(raw: pl.Series) -> pl.Series:
    """Tell which texts say NaN: where the column is a number they are missing, not misfits."""
    if raw.dtype != pl.String():
        return pl.repeat(False, raw.len(), dtype=pl.Boolean(), eager=True).alias(raw.name)
    return raw.str.to_lowercase().is_in(["nan", "+nan", "-nan"]).fill_null(False)


def _booleans(raw: pl.Series) -> pl.Series:
    dtype = raw.dtype
    if dtype == pl.Boolean() or dtype == pl.Null():
        return raw.cast(pl.Boolean())
    if dtype == pl.String():
        words = raw.str.strip_chars().str.to_lowercase()
    elif dtype.is_numeric():
        words = as_text(raw)
    else:
        return as_nothing(raw, pl.Boolean())
    is_true = words.is_in(list(TRUE_WORDS))
    known = is_true | words.is_in(list(FALSE_WORDS))
    return blanked(is_true, ~known)


def _days(raw: pl.Series, reading: Reading) -> pl.Series:
    dtype = raw.dtype
    if dtype == pl.Date():
        return raw
    if dtype == pl.Null():
        return raw.cast(pl.Date())
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None and reading.zone == reading.day_zone:
            return raw.dt.date()
        return local_days(_moments(raw, reading), reading.day_zone)
    if dtype == pl.String():
        if reading.time_format is None or not _names_a_clock(reading.time_format):
            days = days_of(raw, reading.time_format)
            if days.null_count() == raw.null_count() or reading.time_format:
                return days
            rest = blanked(raw, days.is_not_null())
            return days.zip_with(days.is_not_null(), local_days(_moments(rest, reading), reading.day_zone))
        return local_days(_moments(raw, reading), reading.day_zone)
    if dtype.is_integer():
        if reading.time_format in EPOCH_UNITS:
            return local_days(epoch_instants(raw, str(reading.time_format)), reading.day_zone)
        return days_of(raw.cast(pl.String()), reading.time_format)
    return as_nothing(raw, pl.Date())


def _moments(raw: pl.Series, reading: Reading) -> pl.Series:
    dtype = raw.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return localise(raw.cast(LOCAL_TIME), reading.zone)
        return raw.cast(pl.Datetime("us", dtype.time_zone)).dt.convert_time_zone("UTC")
    if dtype == pl.Date():
        return localise(raw.cast(LOCAL_TIME), reading.zone)
    if dtype == pl.Null():
        return raw.cast(UTC_TIME)
    if dtype == pl.String():
        texts = raw if _is_trim(raw) else raw.str.strip_chars()
        return instants_of(texts, reading.zone, reading.time_format)
    if dtype.is_numeric():
        if reading.time_format in EPOCH_UNITS:
            return epoch_instants(raw, str(reading.time_format))
        return instants_of(as_text(raw), reading.zone, reading.time_format)
    return as_nothing(raw, UTC_TIME)


def _sets(raw: pl.Series, separator: str) -> pl.Series:
    wanted = pl.List(pl.String())
    if isinstance(raw.dtype, pl.List | pl.Array):
        if raw.dtype.inner.is_nested() or raw.dtype.inner == pl.Binary():
            raise _unsupported(raw)
        lists = raw.cast(pl.List(raw.dtype.inner))
        lists = lists.cast(wanted)
    elif raw.dtype == pl.Null():
        return raw.cast(wanted)
    else:
        lists = as_text(raw).str.split(separator)
    cleaned = lists.list.eval(pl.element().str.strip_chars())
    cleaned = cleaned.list.eval(pl.element().filter((pl.element() != "").fill_null(False)).unique().sort())
    return blanked(cleaned, cleaned.list.len() == 0)


def as_nothing(raw: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return a column of nulls: no value of this dtype fits the type asked for."""
    return nothing(raw.name, raw.len(), dtype)


def _names_a_clock(time_format: str) -> bool:
    return time_format in EPOCH_UNITS or any(m in time_format for m in ("%H", "%I", "%T", "%R", "%s"))


def _is_trim(raw: pl.Series) -> bool:
    return not bool((raw.str.starts_with(" ") | raw.str.ends_with(" ")).any())


def _unsupported(raw: pl.Series) -> PlanError:
    return PlanError(Problem("unsupported_dtype", params={"column": raw.name, "dtype": str(raw.dtype)}))
