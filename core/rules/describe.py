"""A rule as a sentence, in both languages, the way an operator would say it.

Every rule that could be parsed can be read, also one that does not fit the catalogue: names that do not exist
are read as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from core.messages import Text, fill, say
from core.rules.arguments import CALENDAR_NAMES, DAYS_IN_UNIT, Shape, field_named, shown
from core.rules.measures import MEASURES
from core.rules.ops import OPS, Op
from core.rules.tree import (
    AgoWindow,
    BetweenWindow,
    CalendarWindow,
    Condition,
    EventCondition,
    Group,
    LastWindow,
    PropertyCondition,
    Rule,
    TagCondition,
    TakeShare,
    TakeTop,
    Window,
    is_muted,
)
from core.schema import Catalogue, EventSpec, Personal, PropertySpec, TagSpec, TagType

Mask: TypeAlias = Callable[[str, Personal], str]
Spec: TypeAlias = TagSpec | PropertySpec

MAX_VALUES_SHOWN = 10
# Counts that people say otherwise: "did" and "did not".
_BESIDE_LATIN = re.compile(r"「[^」]*」|(?<=[一-鿿])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[一-鿿])")
_HAPPENED: Mapping[tuple[str, float], str] = {("gte", 1): "did", ("eq", 0): "did_not"}


def describe(rule: Rule, catalogue: Catalogue, mask: Mask | None = None) -> Text:
    """Return the whole rule as one sentence.

    Parameters
    ----------
    rule : Rule
        Any rule that could be parsed.
    catalogue : Catalogue
        Where labels and units come from.
    mask : callable (value, kind) -> str or None
        Hides the values that conditions on personal tags name; None shows them.
    """
    sentence = _joined(_Reader(catalogue, mask).parts(rule), say("between_parts"))
    return Text(zh=_spaced(sentence["zh"]), en=_capitalised(sentence["en"]))


def describe_node(node: Condition | Group, catalogue: Catalogue, mask: Mask | None = None) -> Text:
    """Return one condition or group as part of a sentence, its `not` and `muted` said."""
    words = _Reader(catalogue, mask).node(node)
    return Text(zh=_spaced(words["zh"]), en=words["en"])


class _Of(NamedTuple):
    """What a value is compared with, as far as it changes how the value is read."""

    type: TagType | None
    unit: Text | None = None
    personal: Personal | None = None


class _Reader:
    def __init__(self, catalogue: Catalogue, mask: Mask | None) -> None:
        self._catalogue = catalogue
        self._mask = mask

    def parts(self, rule: Rule) -> list[Text]:
        """Return whom the rule includes, excludes and takes, as far as it says anything of them."""
        parts = [self._include(rule.include)]
        if rule.exclude is not None and rule.exclude.children:
            code = "exclude_muted" if is_muted(rule.exclude) else "exclude"
            parts.append(say(code, what=self._asked(rule.exclude)))
        match rule.take:
            case TakeTop(n=n, by=by, order=order):
                tag = self._catalogue.tags.get(by)
                kind = "date" if tag is not None and tag.type is TagType.DATE else "number"
                parts.append(say(f"take_{kind}_{order}", n=f"{n:,}", tag=_label(tag, by)))
            case TakeShare(share=share, seed=seed):
                percent = f"{Decimal(repr(share)) * 100:f}"
                percent = percent.rstrip("0").rstrip(".") if "." in percent else percent
                parts.append(say("take_share", percent=percent, seed=seed))
        return parts

    def node(self, node: Condition | Group) -> Text:
        """Return a node below a root: groups in brackets, `not` and `muted` said."""
        text = self._asked(node, nested=True)
        return say("muted_node", what=text) if node.muted else text

    def _include(self, root: Group) -> Text:
        if not root.children:
            return say("everybody")
        if is_muted(root):
            return say("everybody_muted", what=self._asked(root))
        return self._asked(root)

    def _asked(self, node: Condition | Group, *, nested: bool = False) -> Text:
        """Return what a node asks, without its `muted`."""
        if isinstance(node, Group):
            return self._group(node, nested=nested)
        text = self._tag(node) if isinstance(node, TagCondition) else self._event(node)
        return say("not_node", what=text) if node.not_ else text

    def _group(self, group: Group, *, nested: bool) -> Text:
        children = [self.node(child) for child in group.children]
        if not children:
            text = say("empty_group_text")
        elif group.match == "at_least":
            text = say("at_least", k=group.k, what=_joined(children, say("between_counted")))
        else:
            text = _joined(children, say(f"between_{group.match}"))
            is_bracketed = group.not_ or group.label
            if nested and len(children) > 1 and not is_bracketed:
                text = say("bracketed", what=text)
        if group.not_:
            text = say("not_node", what=text)
        return say("labelled", label=group.label, what=text) if group.label else text

    # --- conditions ---------------------------------------------------------------------------------

    def _tag(self, node: TagCondition) -> Text:
        tag = self._catalogue.tags.get(node.tag)
        op = None if tag is None else OPS.get((tag.type, node.op))
        return self._compared(_label(tag, node.tag), op, node.op, node.value, _of(tag))

    def _event(self, node: EventCondition) -> Text:
        event = self._catalogue.events.get(node.event)
        properties: Mapping[str, PropertySpec] = {} if event is None else event.properties
        name = say("event_name", event=_label(event, node.event))
        where = _joined([self._property(c, properties) for c in node.where], say("between_all"))
        if node.where:
            where = say("bracketed_after", what=where)
        window = self._window(node.window)
        if node.measure == "count" and isinstance(node.value, int | float):
            happened = _HAPPENED.get((node.op, node.value))
            if happened is not None:
                return say(happened, event=name, window=window, where=where)
        measure = MEASURES[node.measure]
        measured = _label(properties.get(node.property or ""), node.property or "")
        subject = fill(
            measure.subject, event=_joined([name, where], _same("")), window=window, property=measured
        )
        of = _Of(measure.type, measure.unit)
        return self._compared(subject, OPS.get((measure.type, node.op)), node.op, node.value, of)

    def _property(self, condition: PropertyCondition, properties: Mapping[str, PropertySpec]) -> Text:
        spec = properties.get(condition.property)
        op = None if spec is None else OPS.get((spec.type, condition.op))
        return self._compared(_label(spec, condition.property), op, condition.op, condition.value, _of(spec))

    def _compared(self, it: Text, op: Op | None, key: str, value: object, of: _Of) -> Text:
        if op is None or (value is None and op.shape is not Shape.NONE):
            return say(
                "compared_somehow", it=it, op=key, value="" if value is None else self._plain(value, of)
            )
        return fill(op.sentence, it=it, value=self._value(op, value, of))

    # --- values -------------------------------------------------------------------------------------

    def _value(self, op: Op, value: Any, of: _Of) -> Text:
        other = field_named(value)
        if other is not None and op.takes_field:
            return say("value_of_tag", tag=_label(self._catalogue.tags.get(other), other))
        match op.shape, value:
            case Shape.NONE, _:
                return _same("")
            case Shape.PAIR, [low, high]:
                return say("from_to", low=self._one(low, of), high=self._one(high, of))
            case Shape.LIST, [*items]:
                return self._list(items, of)
            case Shape.RELATIVE, {"n": int(n), "unit": str(unit)} if unit in DAYS_IN_UNIT:
                return _length(n, unit)
            case Shape.CALENDAR, str() if value in CALENDAR_NAMES:
                return say(f"calendar_{value}")
            case Shape.DAYS, int(n):
                return say("anniversary_ahead" if n else "anniversary_today", days=_length(n, "day"))
            case Shape.AT_LEAST, {"k": k, "of": [*items]}:
                return say("k_of", k=k, values=self._list(items, of))
            case _:
                return self._one(value, of)

    def _list(self, items: Sequence[object], of: _Of) -> Text:
        first = [self._plain(item, of) for item in items[:MAX_VALUES_SHOWN]]
        quoted = [Text(zh=item, en=say("quoted", text=item)["en"]) for item in first]
        values = say("values", values=_joined(quoted, say("between_values")))
        more = len(items) - len(first)
        if not more:
            return values
        return say("values_and_more", values=values, total=f"{len(items):,}", more=f"{more:,}")

    def _one(self, value: object, of: _Of) -> Text:
        text = self._plain(value, of)
        if isinstance(value, str) and of.type in (TagType.TEXT, TagType.ENUM, TagType.MULTI):
            return say("quoted", text=text)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return say("number_of" if is_number and of.unit else "number", n=text, unit=of.unit or "")

    def _plain(self, value: object, of: _Of) -> str:
        """Return one value without quotes and unit, masked where it is personal."""
        if isinstance(value, str):
            text = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = _number(value)
        else:
            text = shown(value)
        return text if self._mask is None or of.personal is None else self._mask(text, of.personal)

    def _window(self, window: Window | None) -> Text:
        match window:
            case None:
                return _same("")
            case LastWindow(last=n, unit=unit):
                return say("window_last", length=_length(n, unit))
            case AgoWindow(ago=(far, near), unit=unit):
                return say("window_ago", far=f"{far:,}", near=_length(near, unit))
            case CalendarWindow(calendar=name):
                return say("window_calendar", name=say(f"calendar_{name}"))
            case BetweenWindow(from_=first, to=None):
                return say("window_since", first=first)
            case BetweenWindow(from_=None, to=last):
                return say("window_until", last=last)
            case BetweenWindow(from_=first, to=last):
                return say("window_between", first=first, last=last)


def _label(spec: Spec | EventSpec | None, key: str) -> Text:
    """Return the name for people, or the key where the catalogue has no such thing."""
    return _same(key) if spec is None else Text(zh=spec.label.zh, en=spec.label.en)


def _of(spec: Spec | None) -> _Of:
    if not isinstance(spec, TagSpec):
        return _Of(None if spec is None else spec.type)
    return _Of(spec.type, None if spec.unit is None else _same(f" {spec.unit}"), spec.personal)


def _length(n: int, unit: str) -> Text:
    return say(f"length_{unit}_one" if n == 1 else f"length_{unit}", n=f"{n:,}")


def _number(value: float) -> str:
    return f"{Decimal(repr(value + 0)):,f}".removesuffix(".0")


def _same(text: str) -> Text:
    return Text(zh=text, en=text)


def _joined(texts: Sequence[Text], between: Text) -> Text:
    return Text(zh=between["zh"].join(t["zh"] for t in texts), en=between["en"].join(t["en"] for t in texts))


def _capitalised(sentence: str) -> str:
    """Return the sentence with a capital, unless it begins with a name such as "iPhone"."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].upper() + sentence[1:] if first.isascii() and first.islower() else sentence


def _spaced(sentence: str) -> str:
    """Return a Chinese sentence with the customary space beside Latin words and figures; quotes stay."""
    return _BESIDE_LATIN.sub(lambda found: found[0] or " ", sentence)
