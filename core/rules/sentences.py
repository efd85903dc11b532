"""What each kind of condition says: one function per kind, part of a sentence, without `not` and `muted`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.messages import Text, say
from core.rules.conditions import (
    AudienceCondition,
    BucketCondition,
    CompareCondition,
    Condition,
    EventCondition,
    FirstTimeCondition,
    ListCondition,
    RankCondition,
    RegularCondition,
    ResumedCondition,
    SequenceCondition,
    StoppedCondition,
    TagCondition,
)
from core.rules.dispatch import meaning_of
from core.rules.parts import FirstShare, Step
from core.rules.share import BUCKETS
from core.rules.wording import Wording, joined, length, number, percent, same
from core.schema import TagType

# Counts that people say otherwise: "did" and "did not".
_HAPPENED: Mapping[tuple[str, float], str] = {("gte", 1): "did", ("eq", 0): "did_not"}


def said(node: Condition, wording: Wording) -> Text:
    """Return what a condition asks."""
    return meaning_of(_SAID, node)(node, wording)


def _tag(node: TagCondition, wording: Wording) -> Text:
    return wording.compared_tag(node.tag, node.op, node.value)


def _event(node: EventCondition, wording: Wording) -> Text:
    window = wording.window(node.window)
    if node.measure == "count" and isinstance(node.value, int | float):
        happened = _HAPPENED.get((node.op, node.value))
        if happened is not None:
            where = wording.where(node.event, node.where)
            return say(happened, event=wording.event(node.event), window=window, where=where)
    subject = wording.measured(node.event, node.where, node.measure, node.property, window)
    return wording.compared_measure(subject, node.measure, node.op, node.value)


def _first_time(node: FirstTimeCondition, wording: Wording) -> Text:
    return say("did_first", **_what(node, wording), window=wording.window(node.window))


def _stopped(node: StoppedCondition, wording: Wording) -> Text:
    active, silent = wording.window(node.active), wording.window(node.silent)
    return say("stopped", **_what(node, wording), active=active, silent=silent)


def _resumed(node: ResumedCondition, wording: Wording) -> Text:
    active, silent = wording.window(node.active), wording.window(node.silent)
    return say("resumed", **_what(node, wording), active=active, silent=silent)


def _regular(node: RegularCondition, wording: Wording) -> Text:
    last, some = length(node.of_last, node.per), length(node.in_, node.per)
    code = "regular_once" if node.at_least == 1 else "regular"
    return say(code, **_what(node, wording), times=f"{node.at_least:,}", some=some, last=last)


def _sequence(node: SequenceCondition, wording: Wording) -> Text:
    last_positive = max(place for place, step in enumerate(node.steps) if not step.not_)
    parts = []
    if node.session_minutes is not None:
        parts.append(say("in_one_session", minutes=f"{node.session_minutes:,}"))
    for place, step in enumerate(node.steps):
        what = _what(step, wording)
        if place == 0:
            parts.append(say("step_first", **what, window=wording.window(node.window)))
        elif node.any_order:
            parts.append(say("step_none" if step.not_ else "step_too", **what))
        elif not step.not_:
            parts.append(_timed("step_then", "step_then_within", step, what))
        elif place < last_positive:
            parts.append(say("step_none_between", **what))
        else:
            parts.append(_timed("step_none_after", "step_none_after_within", step, what))
    if node.same is not None:
        parts.append(say("same_throughout", property=wording.property(node.steps[0].event, node.same)))
    if node.any_order:
        parts.append(say("in_any_order"))
    if node.open == "include" and any(step.not_ and step.within for step in node.steps):
        parts.append(say("open_counts"))
    return joined(parts, say("between_steps"))


def _compare(node: CompareCondition, wording: Wording) -> Text:
    left, right = (
        wording.measured(side.event, side.where, side.measure, side.property, wording.window(side.window))
        for side in (node.left, node.right)
    )
    if node.factor != 1:
        right = say("so_many_times", factor=number(node.factor), what=right)
    return wording.compared_measures(left, node.left.measure, node.op, right)


def _bucket(node: BucketCondition, wording: Wording) -> Text:  # noqa: ARG001 - as for all kinds
    return say("in_buckets", seed=node.seed, first=f"{node.from_:,}", last=f"{node.to:,}", of=f"{BUCKETS:,}")


def _rank(node: RankCondition, wording: Wording) -> Text:
    end, first = ("top", node.top) if node.top is not None else ("bottom", node.bottom)
    kind = "date" if wording.tag_type(node.tag) is TagType.DATE else "number"
    if isinstance(first, FirstShare):
        who = say("who_share", percent=percent(first.share))
    else:
        who = say("who_count", n=f"{first.n:,}" if first is not None else "")
    within = same("") if node.within is None else say("within_same", tag=wording.tag(node.within))
    return say(f"rank_{kind}_{end}", tag=wording.tag(node.tag), who=who, within=within)


def _audience(node: AudienceCondition, wording: Wording) -> Text:  # noqa: ARG001 - as for all kinds
    name = node.audience if node.meant is None else node.meant.name
    if node.snapshot is None:
        return say("in_audience" if node.in_ else "not_in_audience", audience=name)
    # A snapshot that nobody looked up, or that is gone, has no day to tell.
    day = None if node.meant is None else node.meant.day
    which = day.isoformat() if day is not None else node.snapshot
    return say("in_snapshot" if node.in_ else "not_in_snapshot", audience=name, which=which)


def _list(node: ListCondition, wording: Wording) -> Text:  # noqa: ARG001 - as for all kinds
    name = node.list if node.meant is None else node.meant.name
    return say("on_list" if node.in_ else "not_on_list", list=name)


def _timed(code: str, code_within: str, step: Step, what: Mapping[str, Text]) -> Text:
    if step.within is None:
        return say(code, **what)
    return say(code_within, **what, length=length(step.within.n, step.within.unit))


def _what(node: Any, wording: Wording) -> dict[str, Text]:
    return {"event": wording.event(node.event), "where": wording.where(node.event, node.where)}


_SAID: Mapping[type[Any], Callable[[Any, Wording], Text]] = {
    TagCondition: _tag,
    EventCondition: _event,
    FirstTimeCondition: _first_time,
    StoppedCondition: _stopped,
    ResumedCondition: _resumed,
    RegularCondition: _regular,
    SequenceCondition: _sequence,
    CompareCondition: _compare,
    BucketCondition: _bucket,
    RankCondition: _rank,
    AudienceCondition: _audience,
    ListCondition: _list,
}
