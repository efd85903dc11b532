"""What the tabs 趋势 and 画像对比 ask: answers equal the workspace's, weeks come one by one, errors are named."""

import json
import threading
import time
from datetime import date, timedelta
from itertools import count

import pytest

from core.analytics.explain.history import WEEKS
from core.errors import CallerError, Cancelled
from core.rules.parse import parse_rule
from dashboard.builder.history import History, empty_rule
from dashboard.builder.insight import Ask, InsightDesk, Wanted
from dashboard.builder.profile_answers import MOST_STATES
from dashboard.builder.questions import QUESTIONS, Asked
from dashboard.builder.trend_answers import begins, newest_week

TODAY = date(2019, 7, 14)
BOUGHT = {
    "kind": "event", "id": "c1", "event": "purchase", "measure": "count", "op": "gte", "value": 1,
    "window": {"last": 30, "unit": "day"},
}  # fmt: skip


def tree_of(*conditions, **fields):
    """Return a rule that asks for all of the conditions, in JSON form."""
    group = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": group, "exclude": None, "take": None} | fields


def tag(node, key, op, value=None):
    """Return a condition on a tag."""
    return {"kind": "tag", "id": node, "tag": key, "op": op, "value": value}


@pytest.fixture
def asked(workspace, somebody):
    """A function that returns a question about a rule: ``asked(tree, as_of, tags=[…])``."""

    def make(tree, as_of=TODAY, *, history=None, **args):
        states = history or History([json.dumps(tree)])
        return Asked(workspace, parse_rule(tree), as_of, args, states, somebody)

    return make


def answer(kind, asked):
    """Return the answer to a question as the browser gets it."""
    return json.loads(json.dumps(QUESTIONS[kind].answer(asked)))


def test_the_weeks_are_the_workspaces_oldest_first(workspace, asked):
    found = answer("trend", asked(tree_of(BOUGHT)))
    expected = workspace.history(parse_rule(tree_of(BOUGHT)), TODAY).as_json()
    assert found["weeks"] == expected["weeks"]
    assert len(found["weeks"]) == found["total"] == WEEKS
    assert (found["until"], found["today"]) == ("2019-07-14", "2019-07-14")
    assert [week["count"] for week in found["weeks"][-3:]] == [1, 2, 2]


def test_weeks_are_told_one_by_one_from_the_newest(asked):
    told = []
    question = asked(tree_of(BOUGHT))
    whole = QUESTIONS["trend"].answer(
        Asked(question.workspace, question.rule, TODAY, {}, question.history, question.actor, told.append)
    )
    assert [len(each["weeks"]) for each in told] == list(range(1, WEEKS + 1))
    assert {each["weeks"][-1]["as_of"] for each in told} == {"2019-07-14"}
    assert told[-1] == whole


def test_a_trend_that_nobody_waits_for_ends_mid_way(asked):
    told, looks = [], count(1)
    question = asked(tree_of(BOUGHT))
    cancelled = Asked(
        question.workspace, question.rule, TODAY, {}, question.history, question.actor,
        progress=told.append, cancelled=lambda: next(looks) > 4,
    )  # fmt: skip
    with pytest.raises(Cancelled):
        QUESTIONS["trend"].answer(cancelled)
    assert len(told[-1]["weeks"]) == 4


def test_the_panels_desk_gives_the_weeks_so_far_and_stops_when_they_are_no_longer_wanted(
    workspace, asked, monkeypatch
):
    held, may_go_on = threading.Event(), threading.Event()
    weeks = workspace.weeks
    ended = threading.Event()

    def slow(rule, as_of, *, weeks=WEEKS, cancelled=None):
        try:
            for week in counted(rule, as_of, weeks=weeks, cancelled=cancelled):
                yield week
                if week.done == 3:
                    held.set()
                    assert may_go_on.wait(10)
        finally:
            ended.set()

    counted = weeks
    monkeypatch.setattr(workspace, "weeks", slow)
    desk = InsightDesk()
    wanted = Ask(1, "s", (Wanted("k", "trend", {}),))
    desk.answer(wanted, "s", asked(tree_of(BOUGHT)), lambda _error: "abcd")
    assert held.wait(10)
    [pending] = desk.answer(wanted, "s", asked(tree_of(BOUGHT)), lambda _error: "abcd")["answers"]
    assert pending["pending"] is True
    assert len(pending["progress"]["weeks"]) == 3
    assert desk.answer(Ask(2, "s", ()), "s", None, lambda _error: "abcd")["answers"] == []
    may_go_on.set()
    assert ended.wait(10)
    assert desk.jobs == {}


@pytest.mark.parametrize(
    ("as_of", "newest"),
    [
        (TODAY, TODAY),
        (TODAY - timedelta(days=175), TODAY),
        (TODAY - timedelta(days=176), TODAY - timedelta(days=176)),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=1)),
    ],
)
def test_the_line_stays_while_a_day_on_it_is_chosen(as_of, newest):
    assert newest_week(as_of, TODAY) == newest


def test_imported_tags_have_no_history_and_the_data_begin_with_the_event_that_is_asked_about(
    asked, workspace
):
    found = answer("trend", asked(tree_of(BOUGHT, tag("c2", "city", "is_set"))))
    assert found["not_historical"] == ["city"]
    assert found["begins"] == {"event": "purchase", "day": "2019-05-01"}
    catalogue = workspace.data_version().catalogue
    assert begins(parse_rule(tree_of(tag("c2", "city", "is_set"))), catalogue) == {
        "event": None, "day": "2019-05-01",
    }  # fmt: skip
    muted = tree_of(BOUGHT | {"muted": True})
    assert begins(parse_rule(muted), catalogue) == {"event": None, "day": "2019-05-01"}


def test_tags_inside_a_saved_audience_have_no_history_either(workspace, asked, somebody):
    saved = workspace.save_audience(
        name="北京的人", rule=tree_of(tag("c1", "city", "is", "北京")), actor=somebody
    )
    inside = {"kind": "audience", "id": "c1", "audience": saved.id, "in": True}
    assert answer("trend", asked(tree_of(inside)))["not_historical"] == ["city"]
    assert workspace.history(parse_rule(tree_of(inside)), weeks=1).not_historical == ("city",)


def test_what_they_did_since_is_the_workspaces_and_needs_a_day_in_between(workspace, asked):
    day = date(2019, 5, 30)
    rule = tree_of(tag("c1", "city", "is_set"))
    found = answer("since", asked(rule, day, event=None))
    assert found["since"] == workspace.since(parse_rule(rule), day, TODAY).as_json()
    assert (found["since"]["event"], found["since"]["members"]["users"]) == ("purchase", 2)
    assert answer("since", asked(rule, TODAY, event=None)) == {"until": "2019-07-14", "since": None}


def test_the_profile_is_the_workspaces_in_its_order(workspace, asked):
    rule = tree_of(tag("c1", "gmv", "gt", 1000))
    found = answer("profile", asked(rule, tags=["city", "gmv"]))
    expected = workspace.profile(parse_rule(rule), ["city", "gmv"]).as_json()
    assert found["tags"] == ["city", "gmv"]
    assert found["looked_at"] == len(expected["traits"])
    for mine, theirs in zip(found["traits"], expected["traits"], strict=True):
        assert {key: theirs[key] for key in mine} == mine
    assert found["standing_out"] == 0  # six people say nothing
    assert answer("profile", asked(rule))["tags"] == ["city", "title", "gmv"]


def test_a_profile_tells_each_tag_and_ends_between_two_when_nobody_waits(asked):
    told, question = [], asked(tree_of(BOUGHT))
    about = (question.workspace, question.rule, TODAY, {}, question.history, question.actor)
    QUESTIONS["profile"].answer(Asked(*about, progress=told.append))
    assert told == [{"done": done, "total": 3} for done in (1, 2, 3)]
    told.clear()
    with pytest.raises(Cancelled):
        QUESTIONS["profile"].answer(Asked(*about, progress=told.append, cancelled=lambda: len(told) == 2))
    assert len(told) == 2


def test_what_is_offered_to_compare_with_is_every_audience_and_the_earlier_states(workspace, asked, somebody):
    saved = workspace.save_audience(name="买过的人", rule=tree_of(BOUGHT), actor=somebody)
    one, two = tag("c1", "city", "is", "北京"), tag("c2", "gmv", "gt", 1000)
    history = History()
    for state in (tree_of(one), tree_of(one, tag("c2", "gmv", "gt", "much")), tree_of(one, two)):
        history.push(state, None)
    found = answer("others", asked(tree_of(one, two), history=history))
    assert found["audiences"] == [{"id": saved.id, "name": "买过的人"}]
    assert [state["steps"] for state in found["states"]] == [2, 3]  # a broken state is passed over
    assert "1,000" in found["states"][0]["changes"][0]["text"]["en"]


def test_only_so_many_earlier_states_are_offered_each_once(asked):
    history = History()
    for amount in range(2 * MOST_STATES):
        history.push(tree_of(tag("c1", "gmv", "gt", amount % (MOST_STATES + 5))), None)
    found = answer("others", asked(history.tree, history=history))
    assert len(found["states"]) == MOST_STATES
    assert len({state["state"] for state in found["states"]}) == MOST_STATES


def test_a_rule_beside_an_audience_or_an_earlier_state_is_the_workspaces(workspace, asked, somebody):
    here, there = tree_of(tag("c1", "gmv", "gt", 1000)), tree_of(BOUGHT)
    saved = workspace.save_audience(name="买过的人", rule=there, actor=somebody)
    history = History([json.dumps(there), json.dumps(here)], at=1)
    [state] = answer("others", asked(here, history=history))["states"]
    expected = workspace.compare(parse_rule(here), parse_rule(there), TODAY, mask=workspace.mask).as_json()
    for against in ({"audience": saved.id}, {"state": state["state"]}):
        found = answer("compare", asked(here, history=history, against=against))
        assert (found["here"], found["there"]) == (expected["here"], expected["there"])
        for part in ("both", "only_here", "only_there"):
            assert found[part]["users"] == expected[part]["users"]
            assert found[part]["rule"] == expected[part]["rule"]
        assert [change["text"] for change in found["changes"]] == [
            change["text"] for change in expected["changes"]
        ]
    assert found["only_here"]["profile"]["traits"] == []  # nothing is sure about so few


def test_a_state_that_the_history_has_forgotten_is_said_to_be_gone(asked):
    assert answer("compare", asked(empty_rule(), against={"state": "nothing"})) == {"is_gone": True}


def test_personal_values_are_masked_where_a_difference_is_said(asked):
    phone = tree_of(tag("c1", "phone", "is", "13800000001"))
    history = History([json.dumps(empty_rule()), json.dumps(phone)], at=1)
    [state] = answer("others", asked(phone, history=history))["states"]
    compared = answer("compare", asked(phone, history=history, against={"state": state["state"]}))
    assert state["changes"]
    assert "13800000001" not in json.dumps([state["changes"], compared["changes"]])


@pytest.mark.parametrize(
    ("kind", "args", "said"),
    [
        ("profile", {"tags": ["ctiy"]}, "ctiy"),
        ("profile", {"tags": ["phone"]}, "Phone"),
        ("since", {"event": "purchses"}, "purchses"),
        ("compare", {"against": {"audience": "nobody"}}, "nobody"),
    ],
)
def test_what_cannot_be_answered_says_what_was_wrong(asked, kind, args, said):
    question = asked(tree_of(tag("c1", "city", "is_set")), date(2019, 6, 1), **args)
    with pytest.raises(CallerError):
        QUESTIONS[kind].answer(question)
    desk, wanted = InsightDesk(), Ask(1, "s", (Wanted("k", kind, args),))
    deadline = time.monotonic() + 10
    while "pending" in (told := desk.answer(wanted, "s", question, lambda _error: "abcd")["answers"][0]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert said in told["error"]["en"]
