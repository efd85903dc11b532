"""The narrowest type that every non-empty value of a whole column fits, found chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from core.ingest.times import days_of
from core.ingest.values import Kind, Reading, is_nan_text, typed
from core.schema import TagType

# A text with few different values is an enum: what an operator picks from a list.
ENUM_MAX_VALUES = 200
ENUM_MIN_ROWS_PER_VALUE = 2
_LEADING_ZERO = r"^[+-]?0[0-9]"
_MANY_DIGITS = r"^[+-]?[0-9]{11,}$"
_MANY = 10**10
_NARROW_FIRST = (Kind.BOOLEAN, Kind.NUMBER, Kind.DAY, Kind.MOMENT)
_TRY_FIRST = 200
_SOURCE_WORDS = ("true", "false")
_UTC = ZoneInfo("UTC")


@dataclass
class Guess:
    """What is known of one column so far.

    Attributes
    ----------
    left : list of Kind
        Kinds that every value so far fits, the narrowest first; text always fits.
    seen : bool
        Whether there was any value.
    why : str
        Code of the text that says why it is not a narrower type.
    example : str or None
        The value that showed it.
    """

    left: list[Kind] = field(default_factory=lambda: list(_NARROW_FIRST))
    seen: bool = False
    why: str = ""
    example: str | None = None

    @property
    def kind(self) -> Kind:
        """The narrowest kind left."""
        return self.left[0] if self.seen and self.left else Kind.TEXT

    def look_at(self, raw: pl.Series) -> None:
        """Take in more values, as `values.present` leaves them."""
        values = raw.drop_nulls()
        if values.is_empty():
            return
        self.seen = True
        if values.dtype != pl.String():
            self._look_at_typed(values)
            return
        for kind in list(self.left):
            misfit = _first_misfit(values.head(_TRY_FIRST), kind)
            if misfit is None and values.len() > _TRY_FIRST:
                misfit = _first_misfit(values, kind)
            if misfit is not None:
                self._drop(kind, *misfit)

    def _look_at_typed(self, values: pl.Series) -> None:
        dtype = values.dtype
        if isinstance(dtype, pl.List | pl.Array):
            fits = {Kind.MULTI}
            if Kind.MULTI not in self.left:
                self.left.append(Kind.MULTI)
        elif dtype == pl.Boolean():
            fits = {Kind.BOOLEAN}
        elif dtype.is_integer() and (longest := _longest_integer(values)) >= _MANY:
            fits = set()
            self.why, self.example = "why_many_digits", str(longest)
        elif dtype.is_float() and (infinite := values.filter(values.is_infinite())).len():
            fits = set()
            self.why, self.example = "why_not_number", str(infinite[0])
        elif dtype.is_numeric():
            fits = {Kind.NUMBER}
        elif dtype == pl.Date():
            fits = {Kind.DAY, Kind.MOMENT}
        elif isinstance(dtype, pl.Datetime):
            fits = {Kind.MOMENT}
        else:
            fits = set()
        self.left = [kind for kind in self.left if kind in fits]

    def _drop(self, kind: Kind, why: str, example: str) -> None:
        self.left.remove(kind)
        # The number's reason is the one people ask for: "why is my number a text?"
        if kind is Kind.NUMBER or not self.why:
            self.why, self.example = why, example


def look_at(guesses: dict[str, Guess], frame: pl.DataFrame) -> None:
    """Take one more frame of present values into the guesses."""
    for raw in frame:
        guesses.setdefault(raw.name, Guess()).look_at(raw)


def fits_inferred(raw: pl.Series, values: pl.Series, kind: Kind) -> bool:
    """Tell whether an inferred kind still holds for more values of its column.

    Parameters
    ----------
    raw : polars.Series
        As `values.present` leaves it.
    values : polars.Series
        The same, typed.
    """
    if kind is Kind.MULTI:
        return True  # a list of nothing is a missing value
    if raw.dtype == pl.String() and kind is Kind.NUMBER:
        if values.null_count() > raw.null_count():
            missing = values.is_null() & raw.is_not_null() & ~is_nan_text(raw)
            if missing.any():
                return False
        return _looks_like_code(raw) is None
    if raw.dtype == pl.String() and kind is Kind.BOOLEAN:
        return bool(raw.drop_nulls().str.to_lowercase().is_in(list(_SOURCE_WORDS)).all())
    if raw.dtype == pl.String() and kind is Kind.DAY:
        # A day column that meets times becomes a column of times.
        return days_of(raw).null_count() == raw.null_count()
    if raw.dtype.is_integer() and kind is Kind.NUMBER:
        return _longest_integer(raw) < _MANY
    return values.null_count() == raw.null_count()


def tag_type_of(kind: Kind, distinct: int, present: int) -> TagType:
    """Return the tag type of a kind; few different texts, each often enough, are an enum."""
    if kind is Kind.TEXT:
        few = 0 < distinct <= ENUM_MAX_VALUES and distinct * ENUM_MIN_ROWS_PER_VALUE <= present
        return TagType.ENUM if few else TagType.TEXT
    return TAG_TYPE_OF[kind]


TAG_TYPE_OF: Mapping[Kind, TagType] = {
    Kind.TEXT: TagType.TEXT,
    Kind.NUMBER: TagType.NUMBER,
    Kind.BOOLEAN: TagType.BOOLEAN,
    Kind.DAY: TagType.DATE,
    Kind.MOMENT: TagType.DATE,
    Kind.MULTI: TagType.MULTI,
}


def _first_misfit(values: pl.Series, kind: Kind) -> tuple[str, str] | None:
    """Return why a text column is not of this kind and the value that shows it, or None when it is."""
    if kind is Kind.NUMBER:
        code = _looks_like_code(values)
        if code is not None:
            return code
    if kind is Kind.BOOLEAN:
        bad = ~values.str.to_lowercase().is_in(list(_SOURCE_WORDS))
    elif kind is Kind.DAY:
        bad = days_of(values).is_null()
    else:
        bad = typed(values, Reading(values.name, kind, _UTC, _UTC)).is_null()
        if kind is Kind.NUMBER and bad.any():
            bad = bad & ~is_nan_text(values)
    if not bad.any():
        return None
    return f"why_not_{kind.value}", str(values.filter(bad)[0])


def _longest_integer(values: pl.Series) -> int:
    """Return the integer with the most digits, unsigned; 0 without values."""
    # As Python's integers: in a column of 8 or 32 bits neither the bound nor the amount of -128 has room.
    ends = [values.min(), values.max()]
    return max((abs(end) for end in ends if isinstance(end, int)), default=0)


def _looks_like_code(values: pl.Series) -> tuple[str, str] | None:
    """Return why texts of digits are a code rather than a number: a leading zero, or eleven digits."""
    # Two cheap looks spare the expressions on nearly every column of numbers.
    suspects = values.filter(
        (values.str.len_bytes() >= 11)
        | values.str.starts_with("0")
        | values.str.starts_with("-0")
        | values.str.starts_with("+0")
    )
    if suspects.is_empty():
        return None
    for code, pattern in (("why_leading_zero", _LEADING_ZERO), ("why_many_digits", _MANY_DIGITS)):
        found = suspects.filter(suspects.str.contains(pattern).fill_null(False))
        if found.len():
            return code, str(found[0])
    return None
