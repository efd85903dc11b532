"""From written times to instants and days: the forms that are read, and the zone they are read in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")
LOCAL_TIME = pl.Datetime("us")

DAY_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
COMPACT_DAY = "%Y%m%d"
_CLOCKS = ("%H:%M:%S%.f", "%H:%M")
LOCAL_FORMS = tuple(f"{day}{gap}{clock}" for day in DAY_FORMS for gap in (" ", "T") for clock in _CLOCKS)
OFFSET_FORMS = tuple(
    f"{day}{gap}{clock}%#z" for day in DAY_FORMS[:2] for gap in ("T", " ") for clock in _CLOCKS
)
EPOCH_UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}


def days_of(texts: pl.Series, time_format: str | None = None) -> pl.Series:
    """Return texts of days without a time as Date; null where a text is no such day.

    Parameters
    ----------
    texts : polars.Series
        String.
    time_format : str, optional
        The only form accepted; otherwise `DAY_FORMS` and, for eight digits, `COMPACT_DAY`.
    """
    forms = (time_format,) if time_format else (*DAY_FORMS, COMPACT_DAY)
    result = nothing(texts.name, texts.len(), pl.Date())
    for form in forms:
        result = _fill(result, texts, lambda s, form=form: s.str.to_date(form, strict=False, cache=False))
        if result.null_count() == texts.null_count():
            break
    return _four_digit_years(result)


def instants_of(texts: pl.Series, zone: ZoneInfo, time_format: str | None = None) -> pl.Series:
    """Return texts of times (or days: their midnight) as instants in UTC; null where a text is no time.

    Parameters
    ----------
    texts : polars.Series
        String.
    zone : zoneinfo.ZoneInfo
        In which times without an offset are read.
    time_format : str, optional
        The only form accepted: strptime's, ``epoch_s`` or ``epoch_ms``.
    """
    if time_format in EPOCH_UNITS:
        return _from_epoch(texts.cast(pl.Float64(), strict=False), str(time_format))
    if time_format:
        if _has_offset(time_format):
            return _offset_times(texts, time_format)
        if not _has_clock(time_format):
            return localise(days_of(texts, time_format).cast(LOCAL_TIME), zone)
        return localise(_local_times(texts, time_format), zone)
    local = nothing(texts.name, texts.len(), LOCAL_TIME)
    for form in LOCAL_FORMS:
        local = _fill(local, texts, lambda s, form=form: _local_times(s, form))
        if local.null_count() == texts.null_count():
            return localise(local, zone)
    local = _fill(local, texts, lambda s: days_of(s).cast(LOCAL_TIME))
    result = localise(local, zone)
    for form in OFFSET_FORMS:
        if result.null_count() == texts.null_count():
            break
        result = _fill(result, texts, lambda s, form=form: _offset_times(s, form))
    return result


def localise(local: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Return local times as instants in UTC.

    A time that occurs twice is the earlier one; a time that does not exist is moved forward by the length of
    the gap, as if the clock had not been changed.

    Parameters
    ----------
    local : polars.Series
        Datetime[μs] without a zone.
    """
    offset = _constant_offset(local, zone)
    if offset is not None:
        return (local - offset).dt.replace_time_zone("UTC")
    result = local.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    result = result.dt.convert_time_zone("UTC")
    if result.null_count() > local.null_count():
        a_day = timedelta(days=1)
        before = (local - a_day).dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
        moved = before.dt.convert_time_zone("UTC") + a_day
        result = result.zip_with(result.is_not_null(), moved)
    return result


def to_local(instants: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Return instants (UTC) as local times of the zone: Datetime[μs] without a zone."""
    offset = _constant_offset(instants.dt.replace_time_zone(None), zone)
    if offset is not None:
        return instants.dt.replace_time_zone(None) + offset
    return instants.dt.convert_time_zone(zone.key).dt.replace_time_zone(None)


def local_days(instants: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Return the calendar days of instants (UTC) in the zone."""
    return to_local(instants, zone).dt.date()


def _constant_offset(times: pl.Series, zone: ZoneInfo) -> timedelta | None:
    """Return the zone's offset when it is the same all through the range of the times, else None.

    Zones change their offset at most every few weeks, so one look a day over the range and the two days
    around it sees every change. Ranges of more than a century are not looked through.
    """
    low, high = times.min(), times.max()
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return timedelta(0)
    if high - low > timedelta(days=36600) or low.year < 2 or high.year > 9990:
        return None
    start = low.replace(tzinfo=UTC) - timedelta(days=2)
    offsets = {(start + timedelta(days=n)).astimezone(zone).utcoffset() for n in range((high - low).days + 6)}
    return offsets.pop() if len(offsets) == 1 else None


def _local_times(texts: pl.Series, form: str) -> pl.Series:
    return _four_digit_years(texts.str.to_datetime(form, strict=False, time_unit="us", cache=False))


def _offset_times(texts: pl.Series, form: str) -> pl.Series:
    parsed = texts.str.to_datetime(form, strict=False, time_unit="us", cache=False, time_zone="UTC")
    return _four_digit_years(parsed)


def _from_epoch(numbers: pl.Series, unit: str) -> pl.Series:
    micros = (numbers * EPOCH_UNITS[unit]).round()
    inside = micros.abs() < 2.5e17  # years -5953 to 9892
    return blanked(micros, ~inside).cast(pl.Int64()).cast(UTC_TIME)


def epoch_instants(numbers: pl.Series, unit: str) -> pl.Series:
    """Return numbers of seconds or milliseconds since 1970 as instants in UTC."""
    return _from_epoch(numbers.cast(pl.Float64()), unit)


def nothing(name: str, length: int, dtype: pl.DataType) -> pl.Series:
    """Return a column of nulls."""
    return pl.repeat(None, length, dtype=dtype, eager=True).alias(name)


def blanked(values: pl.Series, where: pl.Series) -> pl.Series:
    """Return the column with null where the mask holds (or is null)."""
    keep = ~where.fill_null(True)
    if keep.all():
        return values
    return values.zip_with(keep, nothing(values.name, values.len(), values.dtype))


def _fill(result: pl.Series, texts: pl.Series, parse: object) -> pl.Series:
    """Put what `parse` makes of the texts into the places that are still empty."""
    assert callable(parse)  # noqa: S101
    open_places = result.is_null() & texts.is_not_null()
    if not open_places.any():
        return result
    if open_places.all():
        return parse(texts).cast(result.dtype)  # type: ignore[no-any-return]
    rows = open_places.arg_true()
    return result.scatter(rows, parse(texts.gather(rows)).cast(result.dtype))


def _four_digit_years(times: pl.Series) -> pl.Series:
    """Drop years before 1000: "19-07-14" is not the year 19."""
    low = times.min()
    if low is None or (isinstance(low, date) and low.year >= 1000):
        return times
    return blanked(times, times.dt.year() < 1000)


def _has_offset(form: str) -> bool:
    return any(mark in form for mark in ("%z", "%#z", "%:z", "%Z"))


def _has_clock(form: str) -> bool:
    return any(mark in form for mark in ("%H", "%I", "%k", "%l", "%T", "%R", "%X", "%s", "%c"))
