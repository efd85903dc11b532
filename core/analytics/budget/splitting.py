"""A sum over groups, as their measured response suggests it, and what may be expected of that.

The weight of a group is the lower bound of its expected value per yuan: ``low × value per buyer / cost per
person``, where `low` is the lower end of Wilson's 95 % interval of the response, so that a small group's luck
weighs less. Yuan are whole: each group gets the floor of its quota, and what is left goes to the largest
remainders (Hamilton's method).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from core.analytics.asking import SMALL, Asking
from core.analytics.budget.comparing import BudgetGroup, BudgetGroups, groups
from core.analytics.budget.plan import told
from core.analytics.periods import Period
from core.analytics.rows import rounded
from core.messages import Text, say
from core.tags.templates.proposals import Given


@dataclass(frozen=True)
class Expected:
    """An expected number with its ends, from the response and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """Return the number and its ends, JSON-ready."""
        return {"value": rounded(self.value, 2), "low": rounded(self.low, 2), "high": rounded(self.high, 2)}


@dataclass(frozen=True)
class BudgetShare:
    """What one group gets.

    Attributes
    ----------
    yuan : int
        Whole yuan.
    weight : float
        The lower bound of the expected value per yuan.
    people : float
        How many people so much reaches, at the measured cost per person.
    buyers, value : Expected
        How many of them buy, and for how much, if they respond as measured.
    warning : Text or None
        Said where so much would reach more people than were measured: there the assumption that the response
        stays is boldest.
    """

    group: BudgetGroup
    yuan: int
    weight: float
    people: float
    buyers: Expected
    value: Expected
    warning: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "label": dict(self.group.label),
            "yuan": self.yuan,
            "weight": rounded(self.weight),
            "people": rounded(self.people, 2),
            "buyers": self.buyers.as_json(),
            "value": self.value.as_json(),
            "warning": None if self.warning is None else dict(self.warning),
        }


@dataclass(frozen=True)
class LeftOut:
    """A group that gets nothing, and why."""

    group: BudgetGroup
    why: Text


@dataclass(frozen=True)
class BudgetSplit:
    """A sum over the groups.

    Attributes
    ----------
    total : int
        The sum, in yuan.
    shares : tuple of BudgetShare
        Most yuan first; they add up to the sum exactly, or there are none.
    buyers, value : Expected
        Of all shares; the ends are the sums of the ends, so wider than a 95 % interval of the sum would be.
    method : Text
        How it was done, in words.
    assumptions : tuple of Text
        What it takes for granted.
    note : Text or None
        Why there is no split, where there is none.
    """

    total: int
    groups: BudgetGroups
    shares: tuple[BudgetShare, ...]
    left_out: tuple[LeftOut, ...]
    buyers: Expected
    value: Expected
    method: Text
    assumptions: tuple[Text, ...]
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the split, JSON-ready."""
        return {
            "total": self.total,
            "groups": self.groups.as_json(),
            "shares": [share.as_json() for share in self.shares],
            "left_out": [{"label": dict(each.group.label), "why": dict(each.why)} for each in self.left_out],
            "buyers": self.buyers.as_json(),
            "value": self.value.as_json(),
            "method": dict(self.method),
            "assumptions": [dict(text) for text in self.assumptions],
            "note": None if self.note is None else dict(self.note),
        }


def split(asking: Asking, period: Period, given: Given | None = None) -> BudgetSplit:
    """Return the split of the sum in the slot `sum` over the groups of `groups`.

    Raises
    ------
    RuleError
        As `groups` does.
    """
    plan = told(asking.catalogue, given, "group", "purchase", "amount")
    return split_of(groups(asking, period, plan), int(plan["sum"]))


def split_of(found: BudgetGroups, total: int) -> BudgetSplit:
    """Return the split of a sum, 1 yuan or more, over groups that were compared already."""
    left_out, taking = [], []
    for group in found.groups:
        why = _why_not(group, found.label)
        if why is not None:
            left_out.append(LeftOut(group, why))
        else:
            taking.append(group)
    weights = [_per_yuan(group, group.response.low if group.response else 0.0) for group in taking]
    shares = [
        _share(group, yuan, weight)
        for group, yuan, weight in zip(taking, whole_parts(total, weights), weights, strict=True)
    ]
    shares.sort(key=lambda share: -share.yuan)
    return BudgetSplit(
        total=total,
        groups=found,
        shares=tuple(shares),
        left_out=tuple(left_out),
        buyers=_added([share.buyers for share in shares]),
        value=_added([share.value for share in shares]),
        method=say("budget_method"),
        assumptions=tuple(
            say(f"budget_assumes_{what}") for what in ("response", "cost", "value", "interval")
        ),
        note=None if shares else (None if found.groups else found.note) or say("budget_no_split"),
    )


def whole_parts(total: int, weights: Sequence[float]) -> list[int]:
    """Return whole numbers in proportion to weights above 0 that add up to a total exactly.

    Each is the floor of its quota; what is left goes one by one to the largest remainders (Hamilton's
    method), the first of equal ones first. In exact fractions: no order of adding changes it.
    """
    whole = sum((Fraction(weight) for weight in weights), Fraction(0))
    quotas = [total * Fraction(weight) / whole for weight in weights]
    parts = [floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - quotas[place])
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _why_not(group: BudgetGroup, tag: Text) -> Text | None:
    """Return why a group gets nothing; None = it gets its share."""
    cost = group.cost_per_person
    if group.kind == "missing":
        return say("budget_left_unknown", tag=tag)
    if group.people.users < SMALL:
        return say("budget_left_small", users=group.people.users, least=SMALL)
    if cost is None:
        return say("budget_left_no_cost")
    if cost <= 0:
        return say("budget_left_free")
    if not group.buyers.users:
        return say("budget_left_no_buyers")
    return say("budget_left_no_value") if group.value <= 0 else None


def _per_yuan(group: BudgetGroup, response: float) -> float:
    """Return the value that a yuan brings at a response."""
    return response * (group.value / group.buyers.users) / (group.cost_per_person or 1.0)


def _share(group: BudgetGroup, yuan: int, weight: float) -> BudgetShare:
    people = yuan / (group.cost_per_person or 1.0)
    response = group.response
    each = (response.value, response.low, response.high) if response else (0.0, 0.0, 0.0)
    per_buyer = group.value / group.buyers.users
    buyers = Expected(*(people * share for share in each))
    value = Expected(*(people * share * per_buyer for share in each))
    measured = group.people.users
    warning = say("budget_beyond", people=round(people), measured=measured) if people > measured else None
    return BudgetShare(group, yuan, weight, people, buyers, value, warning)


def _added(parts: Sequence[Expected]) -> Expected:
    return Expected(*(sum(getattr(part, end) for part in parts) for end in ("value", "low", "high")))
