"""Random conditions of every kind, drawn by Hypothesis so that a failing one shrinks."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import strategies as st

from core.rules.kept import KeptPeople
from core.rules.named import NamedAudience, NamedPeople
from core.rules.parse import parse_rule
from core.rules.tree import CONDITIONS
from core.schema import TagType
from tests.core.engines.comparisons import asked, own_windows, where, windows
from tests.core.engines.marketplaces import (
    ALL_TAGS,
    LISTS,
    OF_OTHER_VERSIONS,
    OF_VISITS,
    PROPERTIES,
    SNAPSHOTS,
    World,
)

PROPERTIES_OF = {"buy": PROPERTIES, "visit": OF_VISITS, "never": {}}
_events = st.sampled_from(["buy", "buy", "visit", "visit", "never"])


@st.composite
def tag_condition(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a condition on a tag."""
    tag = draw(st.sampled_from(sorted(ALL_TAGS)))
    kind = ALL_TAGS[tag]
    if kind in (TagType.NUMBER, TagType.DATE) and draw(st.integers(0, 4)) == 0:
        others = sorted(key for key, other in ALL_TAGS.items() if other is kind)
        ops = ("gt", "lte", "eq", "ne") if kind is TagType.NUMBER else ("before", "after", "on")
        field = {"op": draw(st.sampled_from(ops)), "value": {"tag": draw(st.sampled_from(others))}}
        return {"kind": "tag", "tag": tag, **field}
    return {"kind": "tag", "tag": tag, **draw(asked(kind))}


@st.composite
def event_condition(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a condition on a measure."""
    event = draw(st.sampled_from(["buy", "buy", "buy", "visit", "never"]))
    measures = ["count", "count", "days", "first_at", "last_at"]
    if event == "buy":
        measures += ["sum", "avg", "min", "max", "distinct"]
    measure = draw(st.sampled_from(measures))
    condition: dict[str, Any] = {"kind": "event", "event": event, "measure": measure}
    if measure in ("sum", "avg", "min", "max"):
        condition["property"] = "amount"
    if measure == "distinct":
        condition["property"] = draw(st.sampled_from(sorted(PROPERTIES)))
    if found := draw(where(PROPERTIES_OF[event])):
        condition["where"] = found
    kind = TagType.DATE if measure in ("first_at", "last_at") else TagType.NUMBER
    condition |= draw(asked(kind))
    if (window := draw(st.one_of(windows, windows, own_windows))) is not None:
        condition["window"] = window
    return condition


@st.composite
def _occurrences(draw: st.DrawFn, *, few: bool = False) -> dict[str, Any]:
    """Draw `event` and `where`; `few` = seldom a `where`."""
    event = draw(_events)
    found = [] if few and draw(st.integers(0, 3)) else draw(where(PROPERTIES_OF[event]))
    return {"event": event, **({"where": found} if found else {})}


def _habit(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return conditions of a kind that is `event`, `where` and some further fields."""
    return st.tuples(_occurrences(), st.fixed_dictionaries(parts)).map(
        lambda pair: {"kind": kind, **pair[0], **pair[1]}
    )


_some_window = windows.filter(lambda window: window is not None)
_with_a_start = _some_window.filter(lambda window: window.keys() != {"to"})


@st.composite
def regular(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a condition on how often in how many blocks."""
    of_last = draw(st.sampled_from([1, 2, 4, 13, 60]))
    return {
        "kind": "regular",
        **draw(_occurrences()),
        "at_least": draw(st.integers(1, 3)),
        "per": draw(st.sampled_from(["day", "week", "month"])),
        "in": draw(st.integers(1, min(of_last, 4))),
        "of_last": of_last,
    }


_within = st.one_of(
    st.fixed_dictionaries({"n": st.sampled_from([1, 2, 4, 10, 23, 24, 25]), "unit": st.just("hour")}),
    st.fixed_dictionaries({"n": st.sampled_from([1, 2, 5, 30]), "unit": st.sampled_from(["day", "week"])}),
)


@st.composite
def _step_of(draw: st.DrawFn, *, negated: bool) -> dict[str, Any]:
    return {**draw(_occurrences(few=True)), **({"not": True} if negated else {})}


@st.composite
def sequence(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a sequence of one to five steps; some of them negated, some with an end of time."""
    steps = [draw(_step_of(negated=False))]
    later = draw(st.lists(st.booleans(), max_size=4))
    steps += [draw(_step_of(negated=negated)) for negated in later]
    last_positive = max(place for place, step in enumerate(steps) if not step.get("not"))
    for place, step in enumerate(steps):
        if place and not (step.get("not") and place < last_positive) and draw(st.booleans()):
            step["within"] = draw(_within)
    condition: dict[str, Any] = {"kind": "sequence", "steps": steps}
    if all(step["event"] != "never" for step in steps) and draw(st.integers(0, 2)) == 0:
        condition["same"] = draw(st.sampled_from(sorted(OF_VISITS)))
    if draw(st.integers(0, 2)) == 0:
        condition["session_minutes"] = draw(st.sampled_from([1, 30, 60, 24 * 60]))
    if condition.keys() & {"same", "session_minutes"} and draw(st.integers(0, 3)) == 0:
        condition["any_order"] = True
        for step in steps:
            step.pop("within", None)
    if (window := draw(windows)) is not None:
        condition["window"] = window
    if draw(st.booleans()):
        condition["open"] = draw(st.sampled_from(["include", "exclude"]))
    return condition


@st.composite
def compare(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a comparison of two measures, both numbers or both days."""
    is_date = draw(st.integers(0, 3)) == 0

    def side() -> dict[str, Any]:
        told = draw(_occurrences(few=True))
        measures = ["first_at", "last_at"] if is_date else ["count", "days"]
        if not is_date and told["event"] != "never":
            measures += ["sum", "avg", "min", "max", "distinct"]
        told["measure"] = draw(st.sampled_from(measures))
        if told["measure"] in ("sum", "avg", "min", "max", "distinct"):
            told["property"] = "amount"
        if (window := draw(windows)) is not None:
            told["window"] = window
        return told

    ops = ["before", "after", "on"] if is_date else ["gt", "gte", "lt", "lte", "eq", "ne"]
    node = {"kind": "compare", "left": side(), "op": draw(st.sampled_from(ops)), "right": side()}
    if not is_date and draw(st.booleans()):
        node["factor"] = draw(st.sampled_from([1, 0.5, 1.5, 2, 0.333333, 0.1, 3, 0, -1, 1e-6]))
    return node


bucket = st.tuples(
    st.sampled_from(["july", "实验", ""]), st.tuples(st.integers(0, 9999), st.integers(0, 9999)).map(sorted)
).map(lambda told: {"kind": "bucket", "seed": told[0], "from": told[1][0], "to": told[1][1]})


_first = st.one_of(
    st.fixed_dictionaries({"n": st.sampled_from([1, 2, 3, 10, 1000])}),
    st.fixed_dictionaries({"share": st.sampled_from([0.001, 0.1, 0.29, 0.5, 0.999, 1, 1.0])}),
)


@st.composite
def rank(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a rank by a number or date, all together or within another tag."""
    ordered = sorted(key for key, kind in ALL_TAGS.items() if kind in (TagType.NUMBER, TagType.DATE))
    node = {
        "kind": "rank",
        "tag": draw(st.sampled_from(ordered)),
        draw(st.sampled_from(["top", "bottom"])): draw(_first),
    }
    if draw(st.booleans()):
        node["within"] = draw(
            st.sampled_from(sorted(k for k, t in ALL_TAGS.items() if t is not TagType.MULTI))
        )
    return node


def _audience_rule(*children: dict[str, Any], **fields: Any) -> dict[str, Any]:
    numbered = [{"id": f"c{place}", **child} for place, child in enumerate(children)]
    return {"include": {"kind": "group", "id": "g", "match": "all", "children": numbered}, **fields}


AUDIENCES: dict[str, dict[str, Any]] = {
    "beijing": _audience_rule({"kind": "tag", "tag": "city", "op": "is", "value": "北京"}),
    "big": _audience_rule(take={"n": 5, "by": "spent"}),
    "half": _audience_rule(take={"share": 0.5, "seed": "july"}),
    "inner": _audience_rule(
        {"kind": "audience", "audience": "big", "in": False},
        {"kind": "rank", "tag": "points", "bottom": {"share": 0.5}},
    ),
    "visitors": _audience_rule(
        {
            "kind": "event",
            "event": "visit",
            "measure": "count",
            "op": "gte",
            "value": 1,
            "window": {"last": 2, "unit": "month"},
        },
        exclude={
            "kind": "group",
            "id": "x",
            "match": "all",
            "children": [{"kind": "audience", "id": "y", "audience": "half", "in": True}],
        },
    ),
}


class KnownNames:
    """The audiences that random rules name, and the lists and snapshots on which a world's people stand."""

    def __init__(self, world: World | None) -> None:
        self._world = world

    def audience(self, id_or_name: str) -> NamedAudience:
        return NamedAudience(id_or_name, id_or_name, parse_rule(AUDIENCES[id_or_name]))

    def snapshot(self, audience: str, snapshot: str) -> NamedPeople:
        return NamedPeople(audience, self._kept(snapshot), date(2019, 6, 30))

    def people_list(self, name: str) -> NamedPeople:
        return NamedPeople(name, self._kept(name))

    def _kept(self, key: str) -> KeptPeople:
        world = self._world
        if world is None:
            raise AssertionError("who is on a list depends on the world")
        people = zip(world.users, world.numbers, strict=True)
        numbers = sorted([number for user, number in people if key in user.kept_in] + OF_OTHER_VERSIONS)
        return KeptPeople(key, lambda: pl.Series(numbers, dtype=pl.UInt32))


audience = st.tuples(st.sampled_from(sorted(AUDIENCES)), st.booleans()).map(
    lambda told: {"kind": "audience", "audience": told[0], "in": told[1]}
)
snapshot = st.tuples(audience, st.sampled_from(SNAPSHOTS)).map(lambda told: {**told[0], "snapshot": told[1]})
people_list = st.tuples(st.sampled_from(LISTS), st.booleans()).map(
    lambda told: {"kind": "list", "list": told[0], "in": told[1]}
)


BY_KIND: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "tag": tag_condition(),
    "event": event_condition(),
    "first_time": _habit("first_time", window=_some_window),
    "stopped": _habit("stopped", active=_some_window, silent=_some_window),
    "resumed": _habit("resumed", active=_some_window, silent=_with_a_start),
    "regular": regular(),
    "sequence": sequence(),
    "compare": compare(),
    "bucket": bucket,
    "rank": rank(),
    "audience": st.one_of(audience, snapshot),
    "list": people_list,
}
if BY_KIND.keys() != CONDITIONS.keys():
    raise AssertionError(f"no strategy for {CONDITIONS.keys() ^ BY_KIND.keys()}")

# Whoever asks a rule that names an audience or a list must look it up first: see `agreement`.
_NAMING = frozenset({"audience", "list"})
_by_themselves = st.one_of(*(of_kind for kind, of_kind in BY_KIND.items() if kind not in _NAMING))
conditions = st.one_of(BY_KIND["tag"], BY_KIND["event"], _by_themselves)
