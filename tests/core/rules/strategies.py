"""Random values, arguments and broken rules, drawn from the op table: to stand in it is to be tested."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from core.rules.arguments import CALENDAR_NAMES, Shape
from core.rules.ops import TABLE, Op
from core.schema import TagType

ODD_TEXTS = (
    *("", " ", "北京", "北京 ", "Growth Lead", "growth", "GROWTH", "İstanbul", "ı", "\u212a", "ﬁ", "Ä"),
    *("ä", "ß", "ẞ", "😀", "👩\u200d👧", "ＡＢＣ", "a.b", "a*b", "[x]", "'", '"', "\\", "\n", "%", "_"),
    *("e\u0301", "é", "A"),
)  # fmt: skip

texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=8))
numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 3000.0, -1e-9, 2.0**53, 1e300, 5e-324]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-1000, 1000).map(lambda cents: cents / 100),
)
days = st.one_of(
    st.sampled_from(
        [date.min, date.max, date(2000, 2, 29), date(1900, 2, 28), date(2019, 7, 14), date(2019, 12, 31)]
    ),
    st.dates(),
    st.dates(date(2019, 6, 1), date(2019, 8, 31)),
)
as_ofs = st.one_of(
    st.sampled_from([date.min, date.max, date(2019, 7, 14), date(2020, 2, 29), date(2019, 3, 1)]), st.dates()
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(10**400)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def values_of(kind: TagType) -> st.SearchStrategy[Any]:
    """Return values of a type as they stand in a column, none missing."""
    match kind:
        case TagType.TEXT | TagType.ENUM:
            return texts
        case TagType.NUMBER:
            return numbers
        case TagType.BOOLEAN:
            return st.booleans()
        case TagType.DATE:
            return days
        case TagType.MULTI:
            return st.lists(texts, min_size=1, max_size=4)


def json_arguments(op: Op, kind: TagType) -> st.SearchStrategy[Any]:
    """Return what may stand as an op's `value` in a rule."""
    one: st.SearchStrategy[Any] = {
        TagType.NUMBER: numbers,
        TagType.DATE: days.map(lambda day: day.isoformat()),
    }.get(kind, texts)
    if op.key == "matches":
        return st.sampled_from(["^a", "[A-Z]", "(?i)growth", r"\.", "^$", "北|Ä", r"\d+", "."])
    if op.key in ("contains_any", "contains_none", "starts_with", "ends_with"):
        one = one.filter(bool)
    match op.shape:
        case Shape.NONE:
            return st.none()
        case Shape.ONE:
            return one
        case Shape.LIST:
            return st.lists(one, min_size=1, max_size=4)
        case Shape.PAIR:
            return st.tuples(one, one).map(sorted)
        case Shape.RELATIVE:
            return st.fixed_dictionaries(
                {"n": st.integers(1, 1170), "unit": st.sampled_from(["day", "week", "month"])}
            )
        case Shape.CALENDAR:
            return st.sampled_from(CALENDAR_NAMES)
        case Shape.DAYS:
            return st.integers(0, 36_500)
        case Shape.AT_LEAST:
            of = st.lists(one, min_size=1, max_size=4, unique=True)
            return of.flatmap(
                lambda wanted: st.fixed_dictionaries(
                    {"k": st.integers(1, len(wanted)), "of": st.just(wanted)}
                )
            )


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[Op, TagType, Any]:
    """Draw an op, a type that knows it, and a value for the rule."""
    op = draw(st.sampled_from(TABLE))
    kind = draw(st.sampled_from(op.types))
    return op, kind, draw(json_arguments(op, kind))


@st.composite
def damaged(draw: st.DrawFn, rule: dict[str, Any]) -> Any:
    """Draw a rule with one place replaced, removed or added: most are broken, in every imaginable way."""
    places: list[tuple[Any, Any]] = []

    def collect(value: Any) -> Any:
        copy: Any = {} if isinstance(value, dict) else []
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            inner = collect(item) if isinstance(item, dict | list) else item
            if isinstance(copy, dict):
                copy[key] = inner
            else:
                copy.append(inner)
            places.append((copy, key))
        return copy

    broken = collect(rule)
    holder, key = draw(st.sampled_from(places))
    what = draw(st.sampled_from(["replace", "remove", "rename"]))
    if what == "replace" or isinstance(holder, list):
        holder[key] = draw(json_values)
    elif what == "remove":
        del holder[key]
    else:
        holder[draw(texts)] = holder.pop(key)
    return broken
