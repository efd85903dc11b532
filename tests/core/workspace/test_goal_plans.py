"""Goals on the sample: every plan can be computed, its numbers are those of plain counting, and it is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, NotFound, RuleError
from core.messages import LANGUAGES
from core.rules.makings import Formula
from core.rules.renaming import with_tags
from core.rules.tree import Group
from core.schema import AT, DAY, USER_NO, Label, Measurement, Validity, tag_column
from core.tags.goals import GOALS
from core.tags.templates.proposals import has_word
from core.workspace import Actor, GoalPlan, TagDefinition, Workspace, chosen_of

LI = Actor("李")
AS_OF = date(2019, 7, 14)


def plan(workspace: Workspace, goal: str, **given: Any) -> GoalPlan:
    return workspace.goal_plan(goal, given, language="zh")


def sizes(workspace: Workspace, found: GoalPlan) -> list[int]:
    return list(workspace.preview_goal(found).audiences)


def times_of(workspace: Workspace, *events: str) -> dict[int, list[datetime]]:
    """The times of everybody's events up to the sample's day, ascending."""
    tables = workspace._lake.tables(workspace.data_version())
    found: dict[int, list[datetime]] = defaultdict(list)
    for event in events:
        for user, day, at in tables.events(event, [USER_NO, DAY, AT]).rows():
            if day <= AS_OF:
                found[user].append(at)
    return {user: sorted(times) for user, times in found.items()}


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
    bought, returned = days_of(sample, "purchase"), days_of(sample, "return_order")
    fresh = AS_OF - timedelta(days=59)
    happy = {user for user, days in bought.items() if len(days) >= 2 and days[-1] >= fresh}
    unhappy = {user for user in happy if returned.get(user, [date.min])[-1] >= fresh}
    assert unhappy
    regulars = sum(len(days) >= 2 for days in bought.values())
    assert sizes(sample, plan(sample, "acquisition")) == [len(happy - unhappy), regulars, len(bought)]
    assert sizes(sample, plan(sample, "acquisition", refund=None)) == [len(happy), regulars, len(bought)]


def test_would_be_buyers_are_told_apart_by_how_long_ago_it_was(sample: Workspace) -> None:
    wanted, bought = times_of(sample, "favourite", "consult_adviser"), times_of(sample, "purchase")
    counted: Counter[int] = Counter()
    before = 0
    for user, times in wanted.items():
        last = times[-1]
        if user in bought and bought[user][-1] >= last:
            continue
        day = last.astimezone(sample.data_version().catalogue.zone).date()
        span = next((span for span in (2, 10, 45) if day >= AS_OF - timedelta(days=span - 1)), None)
        if span is not None:
            counted[span] += 1
            before += user in bought
    assert before  # who bought before the intent and not since is someone to rescue
    given = {
        "intents": ["favourite", "consult_adviser"], "hot_days": 2, "warm_days": 10, "cold_days": 45,
    }  # fmt: skip
    assert sizes(sample, plan(sample, "rescue", **given)) == [counted[2], counted[10], counted[45]]


def test_everybody_has_a_gap_of_their_own_between_purchases(sample: Workspace) -> None:
    due = late = lost = once = 0
    for days in days_of(sample, "purchase").values():
        since = (AS_OF - days[-1]).days
        once += len(days) == 1 and since >= 30
        gap = (days[-1] - days[0]).days / (len(days) - 1) if len(days) > 1 else 0
        if gap:
            due += 80 <= since / gap * 100 < 150
            late += 150 <= since / gap * 100 < 300
            lost += since / gap * 100 >= 300
    assert sizes(sample, plan(sample, "frequency")) == [due, late, lost, once]


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


def test_who_comes_again_and_again_without_buying_is_told_apart_from_buyers(sample: Workspace) -> None:
    first = AS_OF - timedelta(days=29)
    looked, bought = days_of(sample, "view_expert"), days_of(sample, "purchase")
    often = sometimes = 0
    for user, days in looked.items():
        if bought.get(user, [date.min])[-1] >= first:
            continue
        lately = sum(day >= first for day in days)
        often, sometimes = often + (lately >= 4), sometimes + (0 < lately < 4)
    assert often
    assert sizes(sample, plan(sample, "conversion", view="view_expert", look_days=30, often=4)) == [
        often, sometimes,
    ]  # fmt: skip


def test_who_clicks_and_who_never_does_is_told_by_how_much_reached_them(sample: Workspace) -> None:
    first = AS_OF - timedelta(days=299)
    reached, clicked = days_of(sample, "message_deliver"), days_of(sample, "message_click")
    often = deaf = 0
    for user in reached.keys() | clicked.keys():
        clicks = sum(day >= first for day in clicked.get(user, ()))
        often += clicks >= 2
        deaf += not clicks and sum(day >= first for day in reached.get(user, ())) >= 2
    assert often
    assert deaf
    given = {"often": 2, "deaf_from": 2, "click_days": 300}
    assert sizes(sample, plan(sample, "clicks", **given)) == [often, deaf]


def imported(folder: Path, users: str, events: str = "") -> Workspace:
    """A workspace of users with the days they joined, and events of two kinds."""
    (folder / "users.csv").write_text(users, "utf-8")
    (folder / "events.csv").write_text("user_id,event,at\n" + events, "utf-8")
    text = (
        'time_zone = "Asia/Shanghai"\nas_of = 2019-07-14\n'
        '[[users]]\nsource = "users.csv"\nid = "user_id"\n[users.tags.joined]\ncolumn = "joined"\ntype = "date"\n'
    )
    if events:
        text += '[[events]]\nsource = "events.csv"\nuser = "user_id"\nat = "at"\nevent_column = "event"\n'
    (folder / "plan.toml").write_text(text, "utf-8")
    door = Workspace.create(folder / "workspace")
    door.import_plan(folder / "plan.toml", actor=LI)
    return door


def test_clicks_of_long_ago_make_nobody_an_eager_clicker(tmp_path: Path) -> None:
    done = {
        "eager": [("message_click", 1), ("message_click", 5)], "faded": [("message_click", 200)] * 3 + [("message_click", 9)],
        "deaf": [("message_deliver", day) for day in (3, 20, 40)], "reached": [("message_deliver", 2)],
        "once": [("message_deliver", day) for day in (1, 300, 301)], "away": [("message_deliver", 300)],
    }  # fmt: skip
    events = "".join(
        f"{user},{event},{AS_OF - timedelta(days=ago)} 10:00:0{n}\n"
        for user, times in done.items()
        for n, (event, ago) in enumerate(times)
    )
    door = imported(tmp_path, "user_id,joined\n" + "".join(f"{user},2018-01-01\n" for user in done), events)
    found = plan(door, "clicks", often=2)
    (timed,) = door.preview_goal(found).tags
    told = {bar.value: bar.base for bar in timed.breakdown.bars}
    assert told == {"常点": 1, "偶点": 1, "收到不点": 1, "还看不出": 2, "未触达": 1}
    assert sizes(door, found) == [1, 1]


def test_who_bought_in_the_same_moment_needs_no_rescue(tmp_path: Path) -> None:
    door = imported(
        tmp_path,
        "user_id,joined\nboth,2019-01-01\nleft,2019-01-01\nbefore,2019-01-01\n",
        "both,cart,2019-07-13\nboth,buy,2019-07-13\nleft,cart,2019-07-13\n"
        "before,buy,2019-07-12\nbefore,cart,2019-07-13\n",
    )  # fmt: skip
    found = plan(door, "rescue", intents=["cart"])
    assert sizes(door, found) == [2, 0, 0]


def test_guests_are_asked_to_register_whatever_else_they_did(tmp_path: Path) -> None:
    door = imported(
        tmp_path,
        "user_id,joined\nold,2019-01-01\nnew,2019-07-12\nguest,\nbuyer,\naway,\n",
        "guest,visit,2019-07-10 10:00:00\nbuyer,visit,2019-07-11 10:00:00\nbuyer,buy,2019-07-11 10:05:00\n"
        "away,visit,2019-05-01 10:00:00\nold,visit,2019-07-10 10:00:00\n",
    )  # fmt: skip
    found = plan(door, "activation", action=["buy"])
    assert sizes(door, found) == [1, 1, 2]
    whom = door.keep_goal(found, actor=LI)[1][-1]
    assert door.members(door.audience_rule(whom)) == ["buyer", "guest"]
    assert sizes(door, plan(door, "activation", action=["buy"], visit_days=90))[-1:] == [3]


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
    for goal, given in (
        ("conversion", {"view": "purchase"}), ("clicks", {"clicked": "message_deliver"}),
        ("acquisition", {"refund": "purchase"}),
    ):  # fmt: skip
        with pytest.raises(RuleError, match="goal_same_event"):
            plan(sample, goal, **given)
    for shape in (5, "favourite", {}):
        with pytest.raises(RuleError, match="template_slot_not_list"):
            plan(sample, "rescue", intents=shape)


def test_a_plan_is_kept_used_again_and_gives_way_to_what_is_there(own_sample: Workspace) -> None:
    found = plan(own_sample, "frequency")
    counts = sizes(own_sample, found)
    tags, audiences = own_sample.keep_goal(found, actor=LI, folder="目标/复购")
    assert [record.definition.key for record in tags] == [definition.key for definition in found.tags]
    assert [audience.folder for audience in audiences] == ["目标/复购"] * 4
    assert [audience.revision for audience in audiences] == [1] * 4
    assert [
        own_sample.count(own_sample.parse(audience.rule)).answer.count for audience in audiences
    ] == counts

    other = plan(own_sample, "acquisition")
    assert other.reused == ("orders_ever",)
    assert [definition.key for definition in other.tags] == ["referral_timing"]

    again = plan(own_sample, "frequency")
    assert (again.tags, again.audiences) == ((), ())
    assert again.reused_audiences == tuple(each.name for each in audiences)

    changed = plan(own_sample, "frequency", late_percent=120)
    assert [definition.key for definition in changed.tags] == ["repurchase_timing_2"]
    assert changed.tags[0].label.zh == "复购时机 (2)"
    assert [audience.name for audience in changed.audiences] == [
        "该复购的人 (2)",
        "逾期待唤回 (2)",
        "久未复购的人 (2)",
    ]
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
    assert len(own_sample.audiences()) == 5


def test_a_name_that_was_taken_meanwhile_leaves_no_audience_behind(own_sample: Workspace) -> None:
    found = plan(own_sample, "rescue")
    own_sample.save_audience(name=found.audiences[1].name, rule=found.audiences[1].rule.model_copy(
        update={"include": Group(id="g", match="all")}), actor=LI)  # fmt: skip
    with pytest.raises(Conflict, match="audience_name_taken"):
        own_sample.keep_goal(found, actor=LI, folder="目标")
    assert len(own_sample.audiences()) == 1
    again = plan(own_sample, "rescue")
    assert (again.tags, again.reused) == ((), ("rescue_timing",))
    own_sample.keep_goal(again, actor=LI, folder="目标")
    assert len(own_sample.audiences()) == 4


def test_keys_that_stand_for_one_another_are_replaced_all_at_once(own_sample: Workspace) -> None:
    honest = sizes(own_sample, plan(own_sample, "frequency"))
    count = Measurement(event="purchase", measure="count")
    own_sample.create_tag(
        TagDefinition(key="last_order_days", label=Label(zh="次数", en="Orders"), making=count), actor=LI
    )
    found = plan(own_sample, "frequency")
    assert found.reused == ("last_order_days",)
    assert sizes(own_sample, found) == honest
    gap = next(each for each in found.tags if each.key == "purchase_gap")
    assert isinstance(gap.making, Formula)
    assert gap.making.text == "(first_order_days - last_order_days_2) / (last_order_days - 1)"


@pytest.mark.parametrize("status", ["draft", "paused", "retired"])
def test_a_tag_that_is_not_in_use_is_not_used_again(own_sample: Workspace, status: str) -> None:
    found = plan(own_sample, "acquisition")
    own_sample.create_tag(found.tags[0], actor=LI, status="draft" if status == "draft" else "active")
    if status == "paused":
        own_sample.pause_tag("orders_ever", actor=LI)
    if status == "retired":
        own_sample.retire_tag("orders_ever", actor=LI)
    assert plan(own_sample, "acquisition").reused == ()


def test_what_a_plan_made_elsewhere_names_must_be_there(own_sample: Workspace) -> None:
    found = plan(own_sample, "rescue")
    wrong = replace(found.audiences[0], rule=with_tags(found.audiences[0].rule, {"rescue_timing": "gone"}))
    with pytest.raises(RuleError, match="unknown_tag"):
        own_sample.preview_goal(replace(found, audiences=(wrong,)))
    with pytest.raises(RuleError, match="unknown_tag"):
        own_sample.keep_goal(replace(found, audiences=(wrong,)), actor=LI)
    assert own_sample.tags() == []


def test_english_readers_are_told_what_the_values_mean(sample: Workspace) -> None:
    (timed,) = plan(sample, "rescue").tags
    assert "趁热 = hot; 尚温 = warm; 将凉 = cooling; 无需挽回 = nothing to rescue." in timed.description


def test_data_without_events_say_that_there_is_nothing_to_choose_from(tmp_path: Path) -> None:
    door = imported(tmp_path, "user_id,joined\nu1,2019-01-01\n")
    for goal in GOALS:
        with pytest.raises(RuleError, match="template_slot_nothing"):
            plan(door, goal)


@pytest.mark.parametrize(
    ("key", "en", "word", "expected"),
    [
        ("design_date", "Design date", "sign", False), ("sign_up", "", "sign", True),
        ("SignUpDate", "", "sign", True), ("joined", "Member since", "member_since", True),
        ("consent_given", "", "sent", False), ("message_sent", "", "sent", True), ("x", "注册日", "注册", False),
    ],
)  # fmt: skip
def test_words_are_found_where_they_begin(key: str, en: str, word: str, expected: bool) -> None:
    assert has_word(key, Label(zh="", en=en), word) is expected


def test_parcels_and_adverts_are_no_messages(workspace: Workspace) -> None:
    catalogue = workspace.data_version().catalogue
    some = next(iter(catalogue.events.values()))
    events = {
        key: some.model_copy(update={"key": key, "label": Label(zh=key, en=key)})
        for key in ("order_delivered", "ad_click", "purchase")
    }
    slots = {
        slot.key: slot.default
        for slot in GOALS["clicks"].slots(catalogue.model_copy(update={"events": events}))
    }
    assert (slots["delivered"], slots["clicked"]) == (None, None)
