"""The funnel's numbers as words: what the browser draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from core.analytics.journey import Funnel, FunnelStep
from core.rules.tree import Rule
from dashboard.charts import share as share_of
from dashboard.i18n import pick, t

Measure = Literal["reached", "furthest"]
Link = Callable[[Rule], str]
NOT_KNOWN = "–"


def funnel_data(funnel: Funnel, *, caption: str, link: Link) -> dict[str, Any]:
    """Return the funnel as the component draws it.

    Parameters
    ----------
    caption : str
        What the table shows, for those who hear it.
    link : callable
        Address under which a rule opens in the builder.
    """
    heads = ("stage", "step", "reached", "conversion", "furthest")
    words: dict[str, Any] = {name: t(f"journey.{name}") for name in heads}
    if funnel.session_minutes is None:
        words |= {"legend": [t("journey.reached"), t("journey.furthest")]}
    else:
        sessions, people = t("journey.sessions"), t("journey.their_people")
        words |= {"sessions": sessions, "reached": people, "legend": [sessions]}
    return {
        "caption": caption,
        "words": words,
        "stages": _stages(funnel.steps, lambda number: _funnel_step(funnel.steps, number, link)),
    }


def split_data(funnel: Funnel, measure: Measure, *, caption: str, link: Link) -> dict[str, Any]:
    """Return the funnel's groups as the component draws them: a row per step, a column per group.

    The first column is everybody. Under a number stands the share of the group's people that it is; the line
    below it has that length.
    """
    columns = [(t("journey.all_groups"), funnel.total, funnel.steps)]
    columns += [(pick(group.label), group.total, group.steps) for group in funnel.groups]
    return {
        "caption": caption,
        "words": {name: t(f"journey.{name}") for name in ("stage", "step")},
        "groups": [{"text": label, "under": f"{total:,}"} for label, total, _ in columns],
        "stages": _stages(
            funnel.steps,
            lambda number: {
                "label": pick(funnel.steps[number].step.label),
                "cells": [
                    _cell(label, steps[number], total, measure, link) for label, total, steps in columns
                ],
            },
        ),
    }


def _stages(
    steps: Sequence[FunnelStep], words_of: Callable[[int], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    numbered = groupby(enumerate(steps), key=lambda pair: pair[1].stage.key)
    stages = []
    for _, members in numbered:
        pairs = list(members)
        stages.append(
            {"label": pick(pairs[0][1].stage.label), "steps": [dict(words_of(n)) for n, _ in pairs]}
        )
    return stages


def _funnel_step(steps: Sequence[FunnelStep], number: int, link: Link) -> dict[str, Any]:
    step = steps[number]
    longest = max(map(_going_through, steps)) or 1
    name = pick(step.step.label)
    return {
        "label": name,
        "sessions": None if step.sessions is None else {"text": f"{step.sessions.reached:,}", "href": None},
        "reached": _figure(step.reached, step.rule_reached, "journey.open_reached", name, link),
        "furthest": _figure(step.furthest, step.rule_furthest, "journey.open_furthest", name, link),
        "conversion": _conversion(step, steps[number + 1 :], link),
        "reached_share": _going_through(step) / longest,
        # Of sessions nobody asks where they end: the next one goes on.
        "furthest_share": (step.furthest or 0) / longest if step.sessions is None else 0.0,
    }


def _going_through(step: FunnelStep) -> int:
    """Return how many people, or sessions where these are counted, are known to have reached a step."""
    return (step.reached if step.sessions is None else step.sessions.reached) or 0


def _conversion(step: FunnelStep, later: Sequence[FunnelStep], link: Link) -> dict[str, str | None]:
    """Return the share that went on, opening those who did."""
    text = _percent(step)
    if step.rule_continued is None or step.conversion is None or not step.continued:
        return {"text": text, "href": None, "title": None}
    names = {"step": pick(step.step.label), "next": pick(later[0].step.label)}
    code = "journey.open_continued" if step.sessions is None else "journey.open_continued_sessions"
    title = t(code, n=f"{step.continued:,}", share=text, **names)
    return {"text": text, "href": link(step.rule_continued), "title": title}


def _percent(step: FunnelStep) -> str:
    counted = step if step.sessions is None else step.sessions
    if counted.continued is None or counted.reached is None:
        return NOT_KNOWN
    return share_of(counted.continued, counted.reached)


def _cell(group: str, step: FunnelStep, total: int, measure: Measure, link: Link) -> dict[str, Any]:
    count = step.reached if measure == "reached" else step.furthest
    rule = step.rule_reached if measure == "reached" else step.rule_furthest
    return {
        "figure": _figure(count, rule, f"journey.open_{measure}", pick(step.step.label), link, group),
        "under": "" if count is None else share_of(count, total),
        "share": count / total if count and total else 0.0,
    }


def _figure(
    count: int | None, rule: Rule | None, title: str, step: str, link: Link, group: str | None = None
) -> dict[str, str | None]:
    if count is None or rule is None:
        return {"text": NOT_KNOWN, "href": None, "title": None}
    if not count:
        return {"text": "0", "href": None, "title": None}
    words = t(title, step=step, n=f"{count:,}")
    return {
        "text": f"{count:,}",
        "href": link(rule),
        "title": words if group is None else t("journey.open_group", group=group, title=words),
    }
