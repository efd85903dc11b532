"""How far a tag's distribution has moved between two readings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.messages import Text, say
from core.tags.distributions import Distribution
from core.tags.health_measures import Mark, mark_of, population_stability


@dataclass(frozen=True)
class Mover:
    """The class of values whose share of the base moved most.

    Attributes
    ----------
    kind : {"value", "range", "other", "missing"}
        One value, a range of numbers or days, all values that are not named, or none.
    label : Text
        The class in words.
    value : str or None
        Of one value.
    low, high : float, datetime.date or None
        Of a range, low in and high out; None where it is open.
    before, after : float
        Shares of the base, between 0 and 1.
    """

    kind: Literal["value", "range", "other", "missing"]
    label: Text
    before: float
    after: float
    value: str | None = None
    low: float | date | None = None
    high: float | date | None = None

    def sentence(self) -> Text:
        """Return what moved, from which share to which."""
        before, after = (f"{share * 100:.1f}" for share in (self.before, self.after))
        return say("drift_mover", label=self.label, before=before, after=after)

    def as_json(self) -> dict[str, object]:
        """Return the class, JSON-ready."""
        return {
            "kind": self.kind,
            "label": dict(self.label),
            "value": self.value,
            "low": self.low.isoformat() if isinstance(self.low, date) else self.low,
            "high": self.high.isoformat() if isinstance(self.high, date) else self.high,
            "before": self.before,
            "after": self.after,
            "sentence": dict(self.sentence()),
        }


@dataclass(frozen=True)
class Drift:
    """What changed from one reading to another.

    Attributes
    ----------
    psi : float or None
        Population stability index; None where there is nothing to compare: a reading of nobody, or the tag
        has become one of another form.
    mark : {"stable", "moving", "drifted"} or None
        What the index is usually taken to mean.
    vanished : tuple of str
        Values that the earlier reading names and nobody has any more.
    new : tuple of str
        Values that the later reading names and nobody had.
    is_new_known : bool
        Whether the earlier reading names every value; if not, `new` is empty and says nothing.
    coverage_before, coverage_after : float or None
        Shares of the base with a value; None for a reading of nobody.
    mover : Mover or None
        None where nothing moved or there is nothing to compare.
    """

    psi: float | None
    mark: Mark | None
    vanished: tuple[str, ...]
    new: tuple[str, ...]
    is_new_known: bool
    coverage_before: float | None
    coverage_after: float | None
    mover: Mover | None

    @property
    def coverage_change(self) -> float | None:
        """By how much of the base the coverage rose; negative if it fell."""
        if self.coverage_before is None or self.coverage_after is None:
            return None
        return self.coverage_after - self.coverage_before

    def as_json(self) -> dict[str, object]:
        """Return the drift, JSON-ready."""
        return {
            "psi": self.psi,
            "mark": self.mark,
            "vanished": list(self.vanished),
            "new": list(self.new),
            "is_new_known": self.is_new_known,
            "coverage_before": self.coverage_before,
            "coverage_after": self.coverage_after,
            "coverage_change": self.coverage_change,
            "mover": None if self.mover is None else self.mover.as_json(),
        }


@dataclass(frozen=True)
class _Counted:
    """A class of values in both readings."""

    kind: Literal["value", "range", "other", "missing"]
    label: Text
    before: int
    after: int
    value: str | None = None
    low: float | date | None = None
    high: float | date | None = None


def compared(earlier: Distribution, later: Distribution) -> Drift:
    """Return what changed from one reading of a tag to a later one, which was made `like` it.

    The classes of the index are: the earlier reading's leading values and all others; or its bins; and those
    without a value. For a multi tag, of which one user has several, they are the leading values and the
    missing, as shares of their sum. For a personal tag, who has a value and who has none.

    Raises
    ------
    ValueError
        If the later reading was not made like the earlier one: other bins, or values that it does not name.
    """
    coverage = {"coverage_before": earlier.coverage, "coverage_after": later.coverage}
    if earlier.form != later.form:
        return Drift(None, None, (), (), is_new_known=False, mover=None, **coverage)
    classes = _classes(earlier, later)
    psi = population_stability([each.before for each in classes], [each.after for each in classes])
    is_compared = bool(earlier.base and later.base)
    if not is_compared:
        psi = None
    before, after = dict(earlier.values), dict(later.values)
    is_new_known = earlier.form in ("values", "sets") and earlier.names_all
    return Drift(
        psi=psi,
        mark=None if psi is None else mark_of(psi),
        vanished=tuple(value for value, _ in earlier.leading if not after.get(value)),
        new=tuple(v for v, users in later.values if users and not before.get(v)) if is_new_known else (),
        is_new_known=is_new_known,
        mover=_mover(classes, earlier.base, later.base) if is_compared else None,
        **coverage,
    )


def _classes(earlier: Distribution, later: Distribution) -> list[_Counted]:
    missing = _Counted("missing", say("drift_missing"), earlier.missing, later.missing)
    match earlier.form:
        case "personal":
            rest = _Counted("other", say("drift_any_value"), earlier.with_value, later.with_value)
            return [rest, missing]
        case "numbers" | "dates":
            return [*_ranges(earlier, later), missing]
        case "values" | "sets":
            named = _values(earlier, later)
            if earlier.form == "sets":
                return [*named, missing]
            before = earlier.with_value - sum(each.before for each in named)
            after = later.with_value - sum(each.after for each in named)
            return [*named, _Counted("other", say("drift_other"), before, after), missing]


def _values(earlier: Distribution, later: Distribution) -> list[_Counted]:
    after = dict(later.values)
    unknown = [value for value, _ in earlier.leading if value not in after]
    if unknown and not later.names_all:
        raise ValueError(f"the later reading does not name {unknown[0]!r}: make it like the earlier one")
    return [
        _Counted("value", _value_label(earlier, value), users, after.get(value, 0), value=value)
        for value, users in earlier.leading
    ]


def _value_label(reading: Distribution, value: str) -> Text:
    return say(f"drift_{value}") if reading.type == "boolean" else Text(zh=value, en=value)


def _ranges(earlier: Distribution, later: Distribution) -> list[_Counted]:
    if earlier.cuts != later.cuts:
        raise ValueError("the later reading has other bins: make it like the earlier one")
    ends = [None, *earlier.cuts, None]
    return [
        _Counted("range", _range_label(low, high), before, after, low=low, high=high)
        for low, high, before, after in zip(ends, ends[1:], earlier.counts, later.counts, strict=False)
    ]


def _range_label(low: float | date | None, high: float | date | None) -> Text:
    days = isinstance(low, date) or isinstance(high, date)
    ends = {
        name: end.isoformat() if isinstance(end, date) else f"{end:,.6g}"
        for name, end in (("low", low), ("high", high))
        if end is not None
    }
    code = {
        (): "drift_any_value",
        ("high",): "drift_before_day" if days else "drift_below",
        ("low",): "drift_from_day" if days else "drift_from",
        ("low", "high"): "drift_between_days" if days else "drift_between",
    }[tuple(ends)]
    return say(code, **ends)


def _mover(classes: list[_Counted], base_before: int, base_after: int) -> Mover | None:
    shares = [(each.before / base_before, each.after / base_after) for each in classes]
    moves = [abs(after - before) for before, after in shares]
    place = max(range(len(classes)), key=moves.__getitem__)
    if not moves[place]:
        return None
    most, (before, after) = classes[place], shares[place]
    return Mover(most.kind, most.label, before, after, most.value, most.low, most.high)
