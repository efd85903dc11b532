"""Small vectorised draws that the generator's parts share: choices, rhythms of day and week, repeats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Times are whole minutes of local time since the marketplace opened; its log knows no seconds.
OPENED = date(2016, 9, 1)
AS_OF = date(2019, 7, 14)
DAY, HOUR = 1440, 60
LAST_DAY = (AS_OF - OPENED).days
END = (LAST_DAY + 1) * DAY  # the first minute after the data's last day
NEVER = np.int64(1 << 40)  # later than everything, so that "at or before END" sorts it out

_HOURS = np.array(
    [
        1.6,
        0.7,
        0.3,
        0.2,
        0.2,
        0.4,
        1.0,
        2.2,
        3.8,
        5.6,
        6.6,
        5.9,
        5.6,
        5.0,
        5.7,
        6.0,
        5.6,
        4.9,
        4.4,
        5.2,
        6.9,
        7.8,
        6.3,
        3.6,
    ]
)
_HOUR_ENDS = np.cumsum(_HOURS) / _HOURS.sum()
# Monday to Sunday: offices look around on weekdays, Saturday is the quietest.
WEEKDAYS = np.array([1.06, 1.08, 1.05, 1.0, 0.92, 0.78, 0.90])


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function, element by element."""
    return 1.0 / (1.0 + np.exp(-x))


def choose(rng: np.random.Generator, weights: Sequence[float] | Floats, size: int) -> Ints:
    """Return `size` indices drawn by weight."""
    ends = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(ends, rng.random(size) * ends[-1], side="right").astype(np.int64)


def choose_by_row(rng: np.random.Generator, weights: Floats) -> Ints:
    """Return one index per row of a matrix of weights."""
    ends = np.cumsum(weights, axis=1)
    drawn = rng.random(len(weights)) * ends[:, -1]
    return (ends <= drawn[:, None]).sum(axis=1).astype(np.int64)


def minute_of_day(rng: np.random.Generator, size: int) -> Ints:
    """Return minutes of the day by the rhythm of the day."""
    hours = np.searchsorted(_HOUR_ENDS, rng.random(size), side="right")
    return (hours * HOUR + rng.integers(0, HOUR, size)).astype(np.int64)


def awake(minutes: Ints) -> Ints:
    """Move what falls between one and seven in the morning into the hour after seven."""
    of_day = minutes % DAY
    asleep = (of_day >= 1 * HOUR) & (of_day < 7 * HOUR)
    return np.where(asleep, minutes - of_day + 7 * HOUR + (of_day - HOUR) // 6, minutes)


def after(rng: np.random.Generator, start: Ints, median_minutes: float, spread: float) -> Ints:
    """Return a later minute for each start: a log-normal delay, at a waking hour, at least a minute on."""
    delay = median_minutes * np.exp(spread * rng.standard_normal(len(start)))
    return np.maximum(awake(start + delay.astype(np.int64)), start + 1)


def between(rng: np.random.Generator, start: Ints, stop: Ints) -> tuple[Ints, Flags]:
    """Return a minute from `start` to before `stop` for each pair, and which of them are kept.

    The day is drawn evenly, the minute by the rhythm of the day. Kept are those inside the pair that the
    rhythm of the week and the marketplace's growth let through: three years ago there was less to do there.
    """
    first, last = start // DAY, np.maximum(stop - 1, start) // DAY
    days = first + (rng.random(len(start)) * (last - first + 1)).astype(np.int64)
    minutes = days * DAY + minute_of_day(rng, len(start))
    rhythm = WEEKDAYS[(days + OPENED.weekday()) % 7] / WEEKDAYS.max()
    offer = 0.30 + 0.70 * np.exp((days - LAST_DAY) / 200.0)
    kept = (minutes >= start) & (minutes < stop) & (rng.random(len(start)) < rhythm * offer)
    return minutes, kept


def repeat(counts: Ints) -> Ints:
    """Return each row's index as many times as its count says."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def named(words: Sequence[str], codes: Ints) -> pl.Series:
    """Return the words of the codes; a negative code is a missing value."""
    return pl.Series(words, dtype=pl.String).gather(pl.Series(codes).set(pl.Series(codes < 0), None))


def times(minutes: Ints) -> pl.Series:
    """Return minutes as local times without a zone (Datetime[μs]); minutes at or after END are missing."""
    opened = (datetime.combine(OPENED, datetime.min.time()) - datetime(1970, 1, 1)).days * DAY
    micros = (np.minimum(minutes, END) + opened) * 60_000_000
    return pl.Series(micros).set(pl.Series(minutes >= END), None).cast(pl.Datetime("us"))
