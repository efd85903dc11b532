"""Goals on the sample: every plan can be computed, its numbers are those of plain counting, and it is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core.errors import Conflict, NotFound, RuleError
from core.messages import LANGUAGES
from core.schema import DAY, USER_NO, Validity, tag_column
from core.tags.goals import GOALS
from core.workspace import Actor, GoalPlan, Workspace, chosen_of

LI = Actor("李")
AS_OF = date(2019, 7, 14)


def plan(workspace: Workspace, goal: str, **given: Any) -> GoalPlan:
    return workspace.goal_plan(goal, given, language="zh")


def sizes(workspace: Workspace, found: GoalPlan) -> list[int]:
    return list(workspace.preview_goal(found).audiences)


def days_of(workspace: Workspace, *events: str) -> dict[int, list[date]]:
    """The days of everybody's events up to the sample's day, ascending."""
    tables = workspace._lake.tables(workspace.data_version())
    found: dict[int, list[date]] = defaultdict(list)
    for event in events:
        for user, day in tables.events(event, [USER_NO, DAY]).rows():
            if day <= AS_OF:
                found[user].append(day)
    return {user: sorted(days) for user, days in found.items()}


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_goal_comes_to_tags_and_audiences_that_say_what_to_do(
    sample: Workspace, goal: str, language: Any
) -> None:
    found = sample.goal_plan(goal, language=language)
    preview = sample.preview_goal(found)
    assert found.tags
    assert len(preview.audiences) == len(found.audiences) >= 2
    assert len({audience.name for audience in found.audiences}) == len(found.audiences)
    assert all(audience.note and "{" not in audience.note for audience in found.audiences)
    assert all("{" not in each.description for each in found.tags)
    timed = preview.tags[-1]
    bars = sum(bar.base for bar in timed.breakdown.bars)
    assert bars + timed.breakdown.other[1] + timed.breakdown.missing[1] == preview.base == 20000
    assert sum(preview.audiences) > 0


def test_regulars_are_asked_for_referrals_and_buyers_left_out_of_adverts(sample: Workspace) -> None:
    bought = days_of(sample, "purchase")
    fresh = AS_OF - timedelta(days=59)
    assert sizes(sample, plan(sample, "acquisition")) == [
        sum(len(days) >= 2 and days[-1] >= fresh for days in bought.values()),
        sum(len(days) >= 2 for days in bought.values()),
        len(bought),
    ]


def test_would_be_buyers_are_told_apart_by_how_long_ago_it_was(sample: Workspace) -> None:
    wanted = days_of(sample, "favourite", "consult_adviser")
    bought = days_of(sample, "purchase")
    counted: Counter[int] = Counter()
    for user, days in wanted.items():
        for span in (2, 10, 45):
            first = AS_OF - timedelta(days=span - 1)
            if days[-1] >= first and bought.get(user, [date.min])[-1] < first:
                counted[span] += 1
                break
    given = {
        "intents": ["favourite", "consult_adviser"], "hot_days": 2, "warm_days": 10, "cold_days": 45,
    }  # fmt: skip
    assert sizes(sample, plan(sample, "rescue", **given)) == [counted[2], counted[10], counted[45]]


def test_everybody_has_a_gap_of_their_own_between_purchases(sample: Workspace) -> None:
    due = late = once = 0
    for days in days_of(sample, "purchase").values():
        since = (AS_OF - days[-1]).days
        once += len(days) == 1 and since >= 30
        gap = (days[-1] - days[0]).days / (len(days) - 1) if len(days) > 1 else 0
        if gap:
            due += 80 <= since / gap * 100 < 150
            late += 150 <= since / gap * 100 < 300
    assert sizes(sample, plan(sample, "frequency")) == [due, late, once]


def test_new_people_are_activated_while_they_are_new(sample: Workspace) -> None:
    acted = days_of(sample, "view_expert", "favourite", "search")
    users = sample._lake.tables(sample.data_version()).users([USER_NO, tag_column("registered_on")])
    now = late = 0
    for user, registered in users.rows():
        if user in acted or registered > AS_OF:
            continue
        is_new = registered >= AS_OF - timedelta(days=6)
        now, late = now + is_new, late + (not is_new)
    assert sizes(sample, plan(sample, "activation"))[:2] == [now, late]


def test_what_a_goal_is_told_is_checked(sample: Workspace) -> None:
    with pytest.raises(NotFound, match="goal_unknown") as unknown:
        plan(sample, "resque")
    assert unknown.value.problems[0].nearest == "rescue"
    with pytest.raises(RuleError, match="template_slot_unknown"):
        plan(sample, "rescue", hot=1)
    with pytest.raises(RuleError, match="template_days_order"):
        plan(sample, "rescue", hot_days=14)
    with pytest.raises(RuleError, match="goal_purchase_is_intent"):
        plan(sample, "rescue", intents=["purchase"])
    with pytest.raises(RuleError, match="template_slot_empty"):
        plan(sample, "conversion", view=None)


def test_a_plan_is_kept_used_again_and_gives_way_to_what_is_there(own_sample: Workspace) -> None:
    found = plan(own_sample, "frequency")
    counts = sizes(own_sample, found)
    tags, audiences = own_sample.keep_goal(found, actor=LI, folder="目标/复购")
    assert [record.definition.key for record in tags] == [definition.key for definition in found.tags]
    assert [audience.folder for audience in audiences] == ["目标/复购"] * 3
    assert [
        own_sample.count(own_sample.parse(audience.rule)).answer.count for audience in audiences
    ] == counts

    other = plan(own_sample, "acquisition")
    assert other.reused == ("orders_ever",)
    assert [definition.key for definition in other.tags] == ["referral_timing"]

    again = plan(own_sample, "frequency")
    assert again.tags == ()
    assert [audience.name for audience in again.audiences] == [f"{each.name} (2)" for each in audiences]
    assert sizes(own_sample, again) == counts

    changed = plan(own_sample, "frequency", late_percent=120)
    assert [definition.key for definition in changed.tags] == ["repurchase_timing_2"]
    few = chosen_of(changed, [changed.audiences[1].name])
    _, (late,) = own_sample.keep_goal(few, actor=LI)
    assert own_sample.count(own_sample.parse(late.rule)).answer.count > counts[1]

    second = plan(own_sample, "frequency", late_percent=120)
    assert (second.tags, second.reused[-1]) == ((), "repurchase_timing_2")
    fading = replace(
        own_sample.tag("orders_ever").definition, validity=Validity(n=90, unit="day", since="registered_on")
    )
    own_sample.update_tag(fading, version=1, actor=LI)
    assert [definition.key for definition in plan(own_sample, "acquisition").tags] == [
        "orders_ever_2", "referral_timing",
    ]  # fmt: skip

    with pytest.raises(Conflict, match="tag_key_taken"):
        own_sample.keep_goal(replace(found, audiences=()), actor=LI)
    assert len(own_sample.audiences()) == 4
