"""Random ops with values, windows and property conditions, drawn by Hypothesis: what conditions are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from core.schema import TagType
from tests.core.engines.marketplaces import CITIES, DAYS, NUMBERS, TITLES, VALUES

_numbers = st.sampled_from([*NUMBERS, 0.5, 1.25, 0.30000000000000004, 3, -1])
days_written = st.sampled_from([day.isoformat() for day in DAYS])
_relative = st.fixed_dictionaries(
    {"n": st.sampled_from([1, 2, 30, 60]), "unit": st.sampled_from(["day", "week", "month"])}
)
_texts = {
    TagType.ENUM: st.sampled_from([*CITIES, "不存在"]),
    TagType.TEXT: st.sampled_from([*TITLES, "growth", "产"]),
}
_parts = st.sampled_from(["产品", "GROWTH", "growth", "k", "K", ".", "bei", "ß", "北"])
_sets = st.lists(st.sampled_from([*VALUES, "nobody"]), min_size=1, max_size=4, unique=True)
_pairs = st.tuples(_numbers, _numbers).map(sorted)
_periods = ("week", "month", "quarter", "year")
_calendar = st.sampled_from(
    ["today", "yesterday", *(f"{which}_{period}" for which in ("this", "last") for period in _periods)]
)


def asked(kind: TagType) -> st.SearchStrategy[dict[str, Any]]:
    """Return ``op`` and ``value`` for a type."""
    nothing = st.sampled_from([{"op": "is_set"}, {"op": "not_set"}])

    def one(ops: Sequence[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"op": st.sampled_from(ops), "value": values})

    match kind:
        case TagType.ENUM | TagType.TEXT:
            listed = st.lists(_texts[kind], min_size=1, max_size=4)
            return st.one_of(
                nothing,
                one(["is", "is_not"], _texts[kind]),
                one(["in", "not_in"], listed),
                one(["contains_any", "contains_none"], st.lists(_parts, min_size=1, max_size=3)),
                one(["starts_with", "ends_with"], _parts),
                one(["matches"], st.sampled_from(["^产", "(?i)growth", r"\.", "^$", "[A-Z]"])),
            )
        case TagType.NUMBER:
            return st.one_of(
                nothing,
                one(["eq", "ne", "gt", "gte", "lt", "lte"], _numbers),
                one(["between", "not_between"], _pairs),
            )
        case TagType.BOOLEAN:
            return st.sampled_from([{"op": op} for op in ("is_true", "is_false", "is_set", "not_set")])
        case TagType.DATE:
            return st.one_of(
                nothing,
                one(["before", "after", "on"], days_written),
                one(["between"], st.tuples(days_written, days_written).map(sorted)),
                one(["in_last", "not_in_last", "in_next"], _relative),
                one(["calendar"], _calendar),
                one(["anniversary_in_next"], st.sampled_from([0, 7, 30, 365])),
            )
        case TagType.MULTI:
            at_least = _sets.flatmap(
                lambda of: st.fixed_dictionaries({"k": st.integers(1, len(of)), "of": st.just(of)})
            )
            return st.one_of(
                nothing,
                one(["has_any", "has_all", "has_none", "has_exactly"], _sets),
                one(["has_at_least"], at_least),
            )


windows = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "last": st.sampled_from([1, 2, 30, 60]),
            "unit": st.sampled_from(["hour", "day", "week", "month"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "ago": st.sampled_from([[60, 30], [2, 0], [48, 24]]),
            "unit": st.sampled_from(["hour", "day", "week"]),
        }
    ),
    st.fixed_dictionaries({"calendar": _calendar}),
    days_written.map(lambda day: {"from": day}),
    days_written.map(lambda day: {"to": day}),
    st.tuples(days_written, days_written).map(lambda pair: {"from": min(pair), "to": max(pair)}),
)


@st.composite
def where(draw: st.DrawFn, properties: Mapping[str, TagType]) -> list[dict[str, Any]]:
    """Draw property conditions; often none."""
    if not properties or not draw(st.booleans()):
        return []
    keys = draw(st.lists(st.sampled_from(sorted(properties)), min_size=1, max_size=2))
    return [{"property": key, **draw(asked(properties[key]))} for key in keys]


own_windows = st.fixed_dictionaries(
    {
        "since": st.fixed_dictionaries({"tag": st.sampled_from(["born", "seen", "bought"])}),
        "for": st.fixed_dictionaries(
            {"n": st.sampled_from([1, 2, 7, 59, 400]), "unit": st.sampled_from(["day", "week", "month"])}
        ),
    }
)
