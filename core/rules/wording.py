"""The words that sentences about conditions are made of: names, comparisons, values, windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from core.messages import Text, fill, say
from core.rules.arguments import CALENDAR_NAMES, DAYS_IN_UNIT, Shape, field_named, shown
from core.rules.measures import MEASURES
from core.rules.ops import OPS, Op
from core.rules.parts import (
    AgoWindow,
    AnchoredWindow,
    BetweenWindow,
    CalendarWindow,
    EventWindow,
    LastWindow,
    PropertyCondition,
)
from core.schema import Catalogue, EventSpec, Personal, PropertySpec, TagSpec, TagType

Mask: TypeAlias = Callable[[str, Personal], str]
Spec: TypeAlias = TagSpec | PropertySpec

MAX_VALUES_SHOWN = 10


class Of(NamedTuple):
    """What a value is compared with, as far as it changes how the value is read."""

    type: TagType | None
    unit: Text | None = None
    personal: Personal | None = None


class Wording:
    """Words for the parts of conditions; names that the catalogue lacks are read as they stand.

    Parameters
    ----------
    catalogue : Catalogue
        Where labels and units come from.
    mask : callable (value, kind) -> str or None
        Hides the values that conditions on personal tags name; None shows them.
    """

    def __init__(self, catalogue: Catalogue, mask: Mask | None) -> None:
        self._catalogue = catalogue
        self._mask = mask

    def tag(self, key: str) -> Text:
        """Return a tag's name."""
        return _label(self._catalogue.tags.get(key), key)

    def tag_type(self, key: str) -> TagType | None:
        """Return a tag's type; None where there is no such tag."""
        tag = self._catalogue.tags.get(key)
        return None if tag is None else tag.type

    def event(self, key: str) -> Text:
        """Return an event's name as it stands in a sentence."""
        return say("event_name", event=_label(self._catalogue.events.get(key), key))

    def property(self, event: str, key: str) -> Text:
        """Return the name of an event's property."""
        return _label(self._properties(event).get(key), key)

    def where(self, event: str, where: Sequence[PropertyCondition]) -> Text:
        """Return the property conditions in brackets; nothing where there are none."""
        if not where:
            return same("")
        properties = self._properties(event)
        return say(
            "bracketed_after", what=joined([self._property(c, properties) for c in where], say("between_all"))
        )

    def measured(
        self,
        event: str,
        where: Sequence[PropertyCondition],
        measure: str,
        property_key: str | None,
        window: Text,
    ) -> Text:
        """Return what is measured, as the subject of a comparison."""
        name = joined([self.event(event), self.where(event, where)], same(""))
        of = self.property(event, property_key or "")
        return fill(MEASURES[measure].subject, event=name, window=window, property=of)

    def compared_tag(self, key: str, op_key: str, value: object) -> Text:
        """Return a comparison of a tag's value."""
        tag = self._catalogue.tags.get(key)
        op = None if tag is None else OPS.get((tag.type, op_key))
        return self._compared(self.tag(key), op, op_key, value, _of(tag))

    def compared_measure(self, subject: Text, measure: str, op_key: str, value: object) -> Text:
        """Return a comparison of something measured."""
        entry = MEASURES[measure]
        of = Of(entry.type, entry.unit)
        return self._compared(subject, OPS.get((entry.type, op_key)), op_key, value, of)

    def compared_measures(self, left: Text, measure: str, op_key: str, right: Text) -> Text:
        """Return a comparison of two things measured."""
        op = OPS.get((MEASURES[measure].type, op_key))
        if op is None:
            return say("compared_somehow", it=left, op=op_key, value=right)
        return fill(op.sentence, it=left, value=right)

    def window(self, window: EventWindow | None) -> Text:
        """Return when, as it stands in a sentence; nothing for ever."""
        match window:
            case None:
                return same("")
            case LastWindow(last=n, unit=unit):
                return say("window_last", length=length(n, unit))
            case AgoWindow(ago=(far, near), unit=unit):
                return say("window_ago", far=f"{far:,}", near=length(near, unit))
            case CalendarWindow(calendar=name):
                return say("window_calendar", name=say(f"calendar_{name}"))
            case AnchoredWindow(since=anchor, for_=long):
                return say("window_anchored", tag=self.tag(anchor.tag), length=length(long.n, long.unit))
            case BetweenWindow(from_=first, to=None):
                return say("window_since", first=first)
            case BetweenWindow(from_=None, to=last):
                return say("window_until", last=last)
            case BetweenWindow(from_=first, to=last):
                return say("window_between", first=first, last=last)

    def _properties(self, event: str) -> Mapping[str, PropertySpec]:
        spec = self._catalogue.events.get(event)
        return {} if spec is None else spec.properties

    def _property(self, condition: PropertyCondition, properties: Mapping[str, PropertySpec]) -> Text:
        spec = properties.get(condition.property)
        op = None if spec is None else OPS.get((spec.type, condition.op))
        return self._compared(_label(spec, condition.property), op, condition.op, condition.value, _of(spec))

    def _compared(self, it: Text, op: Op | None, key: str, value: object, of: Of) -> Text:
        if op is None or (value is None and op.shape is not Shape.NONE):
            return say(
                "compared_somehow", it=it, op=key, value="" if value is None else self._plain(value, of)
            )
        return fill(op.sentence, it=it, value=self._value(op, value, of))

    def _value(self, op: Op, value: Any, of: Of) -> Text:
        other = field_named(value)
        if other is not None and op.takes_field:
            return say("value_of_tag", tag=_label(self._catalogue.tags.get(other), other))
        match op.shape, value:
            case Shape.NONE, _:
                return same("")
            case Shape.PAIR, [low, high]:
                return say("from_to", low=self._one(low, of), high=self._one(high, of))
            case Shape.LIST, [*items]:
                return self._list(items, of)
            case Shape.RELATIVE, {"n": int(n), "unit": str(unit)} if unit in DAYS_IN_UNIT:
                return length(n, unit)
            case Shape.CALENDAR, str() if value in CALENDAR_NAMES:
                return say(f"calendar_{value}")
            case Shape.DAYS, int(n):
                return say("anniversary_ahead" if n else "anniversary_today", days=length(n, "day"))
            case Shape.AT_LEAST, {"k": k, "of": [*items]}:
                return say("k_of", k=k, values=self._list(items, of))
            case _:
                return self._one(value, of)

    def _list(self, items: Sequence[object], of: Of) -> Text:
        first = [self._plain(item, of) for item in items[:MAX_VALUES_SHOWN]]
        quoted = [Text(zh=item, en=say("quoted", text=item)["en"]) for item in first]
        values = say("values", values=joined(quoted, say("between_values")))
        more = len(items) - len(first)
        if not more:
            return values
        return say("values_and_more", values=values, total=f"{len(items):,}", more=f"{more:,}")

    def _one(self, value: object, of: Of) -> Text:
        text = self._plain(value, of)
        if isinstance(value, str) and of.type in (TagType.TEXT, TagType.ENUM, TagType.MULTI):
            return say("quoted", text=text)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return say("number_of" if is_number and of.unit else "number", n=text, unit=of.unit or "")

    def _plain(self, value: object, of: Of) -> str:
        """Return one value without quotes and unit, masked where it is personal."""
        if isinstance(value, str):
            text = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            text = number(value)
        else:
            text = shown(value)
        return text if self._mask is None or of.personal is None else self._mask(text, of.personal)


def _label(spec: Spec | EventSpec | None, key: str) -> Text:
    """Return the name for people, or the key where the catalogue has no such thing."""
    return same(key) if spec is None else spec.label.as_text()


def _of(spec: Spec | None) -> Of:
    if not isinstance(spec, TagSpec):
        return Of(None if spec is None else spec.type)
    return Of(spec.type, None if spec.unit is None else same(f" {spec.unit}"), spec.personal)


def length(n: int, unit: str) -> Text:
    """Return a length of time."""
    return say(f"length_{unit}", n=f"{n:,}")


def number(value: float) -> str:
    """Return a number as people write it."""
    return f"{Decimal(repr(value + 0)):,f}".removesuffix(".0")


def percent(share: float) -> str:
    """Return a share as per cent, without the sign."""
    text = f"{Decimal(repr(share)) * 100:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def same(text: str) -> Text:
    """Return words that are the same in both languages."""
    return Text(zh=text, en=text)


def joined(texts: Sequence[Text], between: Text) -> Text:
    """Return texts one after the other, with something between them."""
    return Text(zh=between["zh"].join(t["zh"] for t in texts), en=between["en"].join(t["en"] for t in texts))
