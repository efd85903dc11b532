"""From a breakdown's bars to conditions: the parts into which one tag divides people, each as rule nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from core.engines.base import Bar, Breakdown, Engine
from core.errors import Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules.tree import Node, Rule, TagCondition
from core.schema import Catalogue, TagSpec, TagType

PartKind = Literal["value", "other", "missing"]


@dataclass(frozen=True)
class Part:
    """The people with one value (or in one bin) of a tag, with any other value, or with none.

    Attributes
    ----------
    nodes : tuple of Node
        Conditions that hold for exactly these people; ids are placeholders.
    kind : {"value", "other", "missing"}
    """

    label: Text
    nodes: tuple[Node, ...]
    kind: PartKind = "value"


def tag_to_split_by(catalogue: Catalogue, key: str) -> TagSpec:
    """Return a tag by whose values people may be told apart.

    Raises
    ------
    RuleError
        If the tag is unknown or personal.
    """
    spec = catalogue.tags.get(key)
    if spec is None:
        allowed = tuple(catalogue.tags)
        nearest = nearest_name(key, allowed)
        raise RuleError(Problem("split_unknown", params={"tag": key}, allowed=allowed, nearest=nearest))
    if spec.personal is not None:
        raise RuleError(Problem("split_personal", params={"tag": spec.label.as_text()}))
    return spec


def parts(breakdown: Breakdown) -> tuple[Part, ...]:
    """Return the parts of a breakdown that hold anybody: its bars, the rest, and people without a value.

    For a multi tag there is no part for the rest: "has another value too" is no condition of the language.
    """
    tag, kind = breakdown.tag, breakdown.type
    last = len(breakdown.bars) - 1
    found = [
        Part(bar_label(bar, is_last=place == last), bar_nodes(tag, kind, bar, is_last=place == last))
        for place, bar in enumerate(breakdown.bars)
        if bar.matched
    ]
    if breakdown.other[0] and kind is not TagType.MULTI:
        shown = [bar.value for bar in breakdown.bars]
        found.append(Part(say("split_other"), (_condition(tag, "not_in", shown),), "other"))
    if breakdown.missing[0]:
        found.append(Part(say("split_missing"), (_condition(tag, "not_set"),), "missing"))
    return tuple(found)


def parts_by_size(
    engine: Engine, rule: Rule, tag: str, as_of: date, *, most: int, bins: int = 1
) -> tuple[Part, ...]:
    """Return the parts into which a tag divides the members of a rule, the `most` frequent values among them.

    The values of most members come first (ties by value), then the rest, then whoever has none; numbers and
    dates are parted into at most `bins` ranges, ascending. A breakdown's own bars are those most frequent in
    the base: among people from one town, other values may be the frequent ones.
    """
    different = max(engine.distinct(tag, as_of), 1)
    return parts(_largest(engine.breakdown(rule, tag, as_of, top=different, bins=bins), most))


def _largest(breakdown: Breakdown, most: int) -> Breakdown:
    """Return a breakdown with the values of most matched people, the rest folded into others."""
    if breakdown.type in (TagType.NUMBER, TagType.DATE):
        return breakdown
    bars = sorted(breakdown.bars, key=lambda bar: (-bar.matched, str(bar.value)))
    shown, rest = bars[:most], bars[most:]
    matched, base = breakdown.other
    other = (matched + sum(bar.matched for bar in rest), base + sum(bar.base for bar in rest))
    return replace(breakdown, bars=tuple(shown), other=other)


def bar_nodes(tag: str, kind: TagType, bar: Bar, *, is_last: bool) -> tuple[Node, ...]:
    """Return the conditions for exactly the people of one bar; ids are placeholders."""
    match kind:
        case TagType.TEXT | TagType.ENUM:
            return (_condition(tag, "is", bar.value),)
        case TagType.MULTI:
            return (_condition(tag, "has_any", [bar.value]),)
        case TagType.BOOLEAN:
            return (_condition(tag, "is_true" if bar.value else "is_false"),)
        case TagType.NUMBER:
            if is_last:
                return (_condition(tag, "between", [bar.low, bar.high]),)
            return (_condition(tag, "gte", bar.low), _condition(tag, "lt", bar.high))
        case TagType.DATE:
            first, after = bar.low, bar.high
            if not isinstance(first, date) or not isinstance(after, date):
                raise TypeError(f"a date tag's bin ends in days, not in {first!r} and {after!r}")
            last = after if is_last else after - timedelta(days=1)
            return (_condition(tag, "between", [first.isoformat(), last.isoformat()]),)


def _condition(tag: str, op: str, value: object = None) -> TagCondition:
    return TagCondition(id=tag, tag=tag, op=op, value=value)


def bar_label(bar: Bar, *, is_last: bool = False) -> Text:
    """Return a bar's value or range in words; a range of days is told by the last day that is in it."""
    if bar.value is None:
        high = bar.high
        if isinstance(high, date) and not is_last:
            high -= timedelta(days=1)
        return say("split_bin", low=end_of_range(bar.low), high=end_of_range(high))
    if isinstance(bar.value, bool):
        return say("split_true" if bar.value else "split_false")
    return Text(zh=bar.value, en=bar.value)


def end_of_range(end: float | date | None) -> str:
    """Return an end of a range in words: with so many digits that two ranges never read alike.

    And with so few that 0.1 + 0.2 is 0.3.
    """
    return f"{end:,.12g}" if isinstance(end, int | float) else str(end)
