"""Groups of people side by side: what they cost, how many of them buy, and what a yuan of cost brought.

A group's people are those with one value of a tag at the end of the period: all of them, or those who were
new in the period. Cost is what these people cost in total. Buyers and value are theirs, in the last so many
days of the period. ``response = buyers / people``; ``value per yuan = (value / people) / (cost per person)``,
where the cost per person is the average of those whose cost is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from core import clock
from core.analytics.amounts import amounts
from core.analytics.asking import Asking, Figure, Share, as_of_day, did
from core.analytics.budget.plan import told
from core.analytics.periods import Period
from core.analytics.rows import has, rounded, share_as_json, tag_label
from core.analytics.splits import PartKind
from core.engines.tallies import Deeds
from core.errors import Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules.tree import Node
from core.schema import TagType
from core.tags.templates.proposals import Given

MOST_GROUPS = 50


@dataclass(frozen=True)
class BudgetGroup:
    """The people with one value of the tag, or without one.

    Attributes
    ----------
    people : Figure
        Whom the numbers are about: all at the end of the period, or the new ones of them.
    new : Figure or None
        Who came in the period; None where the data do not say since when people are users.
    buyers : Figure
        Those of the people who bought in the window.
    response : Share or None
        ``buyers / people``; None of nobody.
    orders : int
        Purchases of the people in the window.
    value : float
        What these add up to, in the unit of the amount, exactly.
    cost : float or None
        What the people cost in total, in yuan, as far as it is known; None = it is not.
    cost_known : int
        Of how many of the people it is known; all of them where the group's total was given.
    cost_per_person : float or None
        ``cost / cost_known``.
    value_per_yuan : float or None
        ``(value / people) / cost_per_person``; None without a cost above 0.
    """

    label: Text
    kind: PartKind
    people: Figure
    new: Figure | None
    buyers: Figure
    response: Share | None
    orders: int
    value: float
    cost: float | None
    cost_known: int

    @property
    def cost_per_person(self) -> float | None:
        """Yuan; None = not known."""
        return None if self.cost is None or not self.cost_known else self.cost / self.cost_known

    @property
    def value_per_yuan(self) -> float | None:
        """What a yuan of cost brought; None without a cost above 0."""
        each = self.cost_per_person
        return (
            None
            if each is None or each <= 0 or not self.people.users
            else self.value / self.people.users / each
        )

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "label": dict(self.label),
            "kind": self.kind,
            "people": self.people.users,
            "new": None if self.new is None else self.new.users,
            "buyers": self.buyers.users,
            "response": share_as_json(self.response),
            "orders": self.orders,
            "value": rounded(self.value),
            "cost": rounded(self.cost),
            "cost_known": self.cost_known,
            "cost_per_person": rounded(self.cost_per_person),
            "value_per_yuan": rounded(self.value_per_yuan),
        }


@dataclass(frozen=True)
class BudgetGroups:
    """The groups, most people first, those without a value last.

    Attributes
    ----------
    period, window : Period
        In which people are new, and in which they bought.
    everybody : Figure or None
        The people of all groups together; None where they are the new ones and those are not known.
    note : Text or None
        Why there is no group, where there is none, or why nobody can be told to be new.
    """

    tag: str
    label: Text
    period: Period
    window: Period
    everybody: Figure | None
    groups: tuple[BudgetGroup, ...]
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "tag": self.tag,
            "label": dict(self.label),
            "period": [self.period.first.isoformat(), self.period.last.isoformat()],
            "window": [self.window.first.isoformat(), self.window.last.isoformat()],
            "everybody": None if self.everybody is None else self.everybody.users,
            "groups": [group.as_json() for group in self.groups],
            "note": None if self.note is None else dict(self.note),
        }


def groups(asking: Asking, period: Period, given: Given | None = None) -> BudgetGroups:
    """Return the groups into which a tag divides the people, with their cost and what they brought.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; `group`, `purchase` and `amount` may not be empty. What `costs` says of a
        value goes before the tag in `cost`.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, and if the tag has too many values to compare.
    """
    plan = told(asking.catalogue, given, "group", "purchase", "amount")
    tag, last = str(plan["group"]), period.last
    values = _values(asking, tag, last)
    costs = _costs(plan["costs"], [value.key for value in values if value.kind == "value"])
    window = Period(max(clock.add_days(last, 1 - int(plan["days"])), date.min), last)
    came = asking.came_since(clock.add_days(period.first, -1))
    only_new = plan["whom"] == "new"
    if only_new and came is None:
        return BudgetGroups(tag, tag_label(asking, tag), period, window, None, (), say("no_arrivals"))

    def whom(*conditions: Node) -> tuple[Node, ...]:
        """Return who satisfies conditions at the end of the period."""
        return conditions if last == asking.as_of else (as_of_day(last, conditions),)

    def meant(conditions: Sequence[Node]) -> tuple[Node, ...]:
        return (*conditions, *(came or ())) if only_new else tuple(conditions)

    wholes = [whom(value.node) for value in values]
    people = asking.figures([meant(nodes) for nodes in wholes])
    new = asking.known([None if came is None else (*nodes, *came) for nodes in wholes])
    bought = did([str(plan["purchase"])], window.window)
    buyers = asking.figures([(*meant(nodes), *bought) for nodes in wholes])
    done = asking.totals(people, Deeds(str(plan["purchase"]), amount=str(plan["amount"])), window.span)
    found = []
    for value, of, came_new, who_bought, did_buy in zip(values, people, new, buyers, done, strict=True):
        if not of.users:
            continue
        cost, known = _cost(asking, of, plan["cost"], costs.get(value.key))
        response, total = who_bought.share_of(of), did_buy.total or 0.0
        found.append(
            BudgetGroup(
                value.label, value.kind, of, came_new, who_bought, response, did_buy.occurrences, total, cost,
                known,
            )
        )  # fmt: skip
    found.sort(key=lambda group: (group.kind == "missing", -group.people.users))
    everybody = asking.figure(*meant(whom()))
    note = say("no_arrivals") if came is None else None
    if not everybody.users:
        code = "budget_nobody_new" if only_new else "budget_nobody"
        note = say(code, first=period.first, last=last)
    return BudgetGroups(tag, tag_label(asking, tag), period, window, everybody, tuple(found), note)


@dataclass(frozen=True)
class _Value:
    key: str
    label: Text
    kind: PartKind
    node: Node


def _values(asking: Asking, tag: str, day: date) -> list[_Value]:
    """Return the values of a tag on a day, each with its condition, and its absence last.

    Raises
    ------
    RuleError
        If there are too many to compare.
    """
    missing = _Value("", say("split_missing"), "missing", has(tag, "not_set"))
    if asking.catalogue.tags[tag].type is TagType.BOOLEAN:
        yes = _Value("true", say("split_true"), "value", has(tag, "is_true"))
        return [yes, _Value("false", say("split_false"), "value", has(tag, "is_false")), missing]
    different = asking.engine.distinct(tag, day)
    if different > MOST_GROUPS:
        label = tag_label(asking, tag)
        params = {"tag": label, "values": f"{different:,}", "most": MOST_GROUPS}
        raise RuleError(Problem("budget_too_many_groups", "group", params))
    values = asking.engine.values(tag, day, limit=MOST_GROUPS)
    named = [
        _Value(value, Text(zh=value, en=value), "value", has(tag, "is", value))
        for value, users in values
        if users
    ]
    return [*named, missing]


def _costs(given: Mapping[str, float] | None, values: Sequence[str]) -> Mapping[str, float]:
    """Return what is told of the groups' costs; what names no group is refused."""
    costs = dict(given or {})
    problems = [
        Problem(
            "budget_cost_of_nobody", "costs", {"given": value}, tuple(values), nearest_name(value, values)
        )
        for value in costs
        if value not in values
    ]
    if problems:
        raise RuleError(problems)
    return costs


def _cost(asking: Asking, people: Figure, tag: str | None, total: float | None) -> tuple[float | None, int]:
    """Return what people cost together as far as it is known, and of how many it is."""
    if total is not None:
        return float(total), people.users
    if tag is None:
        return None, 0
    found = amounts(asking, tag, people)
    return (found.total, found.users) if found.users else (None, 0)
