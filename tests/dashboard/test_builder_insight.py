"""The insight panel's desk: answers equal the workspace's, long questions in the background, masks, errors."""

import json
import threading
import time
from dataclasses import replace

import pytest

from core.errors import Cancelled, Problem
from core.workspace import Actor
from dashboard.builder import insight, questions
from dashboard.builder.definition import definition
from dashboard.builder.desk import Desk
from dashboard.builder.history import History
from dashboard.builder.insight import Ask, InsightDesk, Wanted, read_ask
from dashboard.builder.protocol import MessageError
from dashboard.builder.questions import QUESTIONS, Asked, Question
from tests.dashboard.conftest import SOMEBODY
from tests.dashboard.test_builder_desk import asking, command, edit  # noqa: F401  asking is a fixture
from tests.dashboard.test_builder_page import component_data, send

PATIENT = 20.0  # seconds that a thread of a test may take before the test fails


def rule_of_two(**changes):
    """A rule of two conditions: city is 北京, gmv above 2000."""
    city = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
    gmv = {"kind": "tag", "id": "c2", "tag": "gmv", "op": "gt", "value": 2000, **changes}
    return {
        "version": 1,
        "include": {"kind": "group", "id": "g0", "match": "all", "children": [city, gmv]},
        "exclude": None,
        "take": None,
    }


@pytest.fixture
def about(workspace):
    """A rule of two conditions as it is asked about, on the workspace's own day."""
    rule = workspace.parse(rule_of_two())
    return Asked(workspace, rule, workspace.default_as_of(), {}, History(), Actor("王芳"))


def ask(*wanted, n=1, stamp="s"):
    return Ask(n, stamp, tuple(Wanted(key=f"{kind}{args}", kind=kind, args=args) for kind, args in wanted))


def refuse(error):
    """A log for tests in which nothing of ours may go wrong."""
    raise error


def answered(about, kind, **args):
    """The one answer to one question, JSON-ready."""
    (only,) = patiently(InsightDesk(), ask((kind, args)), about)
    json.dumps(only)
    return only


def patiently(desk, wanted, about):
    """Ask until nothing is pending; return the answers."""
    deadline = time.monotonic() + PATIENT
    while time.monotonic() < deadline:
        answers = desk.answer(wanted, "s", about, refuse)["answers"]
        if not any(answer.get("pending") for answer in answers):
            return answers
        time.sleep(0.01)
    raise AssertionError("still pending")


def test_every_answer_is_the_workspaces_own(workspace, about):
    rule, day = about.rule, about.as_of
    wanted = {
        ("near_misses", ()): workspace.near_misses(rule, day),
        ("threshold", (("node", "c2"),)): workspace.threshold(rule, "c2", day),
        ("check", ()): workspace.logic(rule, day),
        ("solve", (("size", 2),)): workspace.solve(rule, 2, day),
    }
    for (kind, args), found in wanted.items():
        (answer,) = patiently(InsightDesk(), ask((kind, dict(args))), about)
        assert answer["found"] == found.as_json(), kind
    person = answered(about, "person", user="u1")["found"]
    assert person == {
        **workspace.person(rule, "u1", day).as_json(), "is_personal": False, "is_revealed": False,
        "by_hand": None, "is_among": person["is_taken"], "is_fixed": False,
    }  # fmt: skip
    assert person["is_matched"]


def test_the_conditions_with_a_threshold_are_named_in_words(about):
    (only,) = answered(about, "thresholds")["found"]["nodes"]
    assert only["node"] == "c2"
    assert "2,000" in only["what"]["zh"]
    assert "GMV" in only["what"]["en"]


def test_an_ask_about_another_state_is_not_answered(about):
    answer = InsightDesk().answer(ask(("near_misses", {}), stamp="older"), "s", about, refuse)
    assert answer == {"n": 1, "stamp": "s", "answers": []}
    assert InsightDesk().answer(None, "s", None, refuse)["answers"] == []


def test_while_the_rule_is_broken_the_answer_says_so(about):
    (answer,) = InsightDesk().answer(ask(("near_misses", {})), "s", None, refuse)["answers"]
    assert answer["error"]["zh"]
    assert answer["error"]["en"]


def test_what_is_known_is_given_again_and_not_asked_again(about, monkeypatch):
    asked = []
    monkeypatch.setitem(QUESTIONS, "counted", Question(lambda _: asked.append(1) or {"n": len(asked)}))
    desk = InsightDesk()
    for n in range(3):
        (answer,) = desk.answer(ask(("counted", {}), n=n), "s", about, refuse)["answers"]
        assert answer["found"] == {"n": 1}
    desk.answer(ask(("counted", {}), stamp="t"), "t", about, refuse)
    assert len(asked) == 2


def test_a_long_question_is_pending_with_its_progress_until_it_is_answered(about, monkeypatch):
    may_end, told = threading.Event(), threading.Event()

    def slow(asked):
        asked.progress({"done": 3, "of": asked.args["weeks"]})
        told.set()
        assert may_end.wait(PATIENT)
        return {"weeks": asked.args["weeks"]}

    monkeypatch.setitem(QUESTIONS, "slow", Question(slow, is_long=True))
    desk, wanted = InsightDesk(), ask(("slow", {"weeks": 26}))
    desk.answer(wanted, "s", about, refuse)
    assert told.wait(PATIENT)
    (answer,) = desk.answer(wanted, "s", about, refuse)["answers"]
    assert (answer["pending"], answer["progress"]) == (True, {"done": 3, "of": 26})
    may_end.set()
    assert patiently(desk, wanted, about)[0]["found"] == {"weeks": 26}
    assert desk.jobs == {}


@pytest.mark.parametrize("how", ["no longer asked", "another state", "the server stops"])
def test_a_long_question_that_nobody_waits_for_is_cancelled(about, monkeypatch, how):
    started, ended = threading.Event(), threading.Event()

    def endless(asked):
        started.set()
        while not asked.cancelled():
            threading.Event().wait(0.005)
        ended.set()
        raise Cancelled(Problem("cancelled"))

    monkeypatch.setitem(QUESTIONS, "endless", Question(endless, is_long=True))
    desk = InsightDesk()
    desk.answer(ask(("endless", {})), "s", about, refuse)
    assert started.wait(PATIENT)
    if how == "no longer asked":
        desk.answer(ask(), "s", about, refuse)
    elif how == "another state":
        desk.answer(ask(("near_misses", {}), stamp="t"), "t", about, refuse)
    else:
        insight.stop()
    assert ended.wait(PATIENT)


@pytest.mark.parametrize("kind", ["profile", "compare"])
def test_who_people_are_is_told_tag_by_tag_and_stops_when_nobody_waits(about, workspace, kind):
    saved = workspace.save_audience(name="广州的人", rule=rule_of_two(value=10), actor=Actor("王芳"))
    told, args = [], {"against": {"audience": saved.id}} if kind == "compare" else {}
    asked = replace(about, args=args, progress=told.append, cancelled=lambda: len(told) == 2)
    with pytest.raises(Cancelled):
        QUESTIONS[kind].answer(asked)
    assert [step["done"] for step in told] == [1, 2]
    assert told[0]["total"] > 2


def test_long_questions_begin_together_and_are_not_waited_for_one_after_the_other(about, monkeypatch):
    waited, may_end = [], threading.Event()

    def slow(_asked):
        may_end.wait(PATIENT)
        return {}

    wait = insight.Job.wait
    monkeypatch.setattr(insight.Job, "wait", lambda job, given: waited.append(given) or wait(job, given))
    monkeypatch.setitem(QUESTIONS, "slow", Question(slow, is_long=True))
    asked = ask(*(("slow", {"n": n}) for n in range(3)))
    answers = InsightDesk().answer(asked, "s", about, refuse)["answers"]
    may_end.set()
    assert [answer["pending"] for answer in answers] == [True] * 3
    assert waited[0] > 0
    assert waited[1:] == [0.0, 0.0]


def test_quick_questions_are_answered_beside_a_long_one(about, monkeypatch):
    may_end = threading.Event()
    monkeypatch.setitem(QUESTIONS, "slow", Question(lambda _: {"ended": may_end.wait(PATIENT)}, is_long=True))
    desk = InsightDesk()
    monkeypatch.setattr(insight, "WAIT", PATIENT)  # what is quick must not wait with what is long
    slow, near = desk.answer(ask(("slow", {}), ("near_misses", {})), "s", about, refuse)["answers"]
    assert slow["pending"]
    assert near["found"]["users"] >= 0
    may_end.set()


def test_what_the_caller_can_mend_is_said_in_both_languages_and_names_the_question(about):
    answer = answered(about, "person", user="nobody")
    assert answer["key"] == "person{'user': 'nobody'}"
    assert "nobody" in answer["error"]["zh"]
    assert "nobody" in answer["error"]["en"]
    assert answered(about, "solve", size=7_000)["error"]["zh"]
    assert "c1" in answered(about, "threshold", node="c1")["error"]["en"]


def test_a_fault_of_ours_is_logged_and_shown_by_its_id_alone(about, monkeypatch):
    def fails(asked):
        raise KeyError("13800000001")

    monkeypatch.setitem(QUESTIONS, "fails", Question(fails))
    logged = []
    answer = InsightDesk().answer(
        ask(("fails", {}), ("near_misses", {})), "s", about, lambda error: logged.append(error) or "abcd1234"
    )
    failed, near = answer["answers"]
    assert "abcd1234" in failed["error"]["en"]
    assert "13800000001" not in json.dumps(answer)
    assert isinstance(logged[0], KeyError)
    assert near["found"]


def test_personal_values_are_masked_until_revealed_and_that_is_logged_before(workspace, rule_of, monkeypatch):
    rule = workspace.parse(rule_of("phone", "is", "13800000001"))
    about = Asked(workspace, rule, workspace.default_as_of(), {}, History(), Actor("王芳"))
    masked = answered(about, "person", user="u1")["found"]
    assert masked["nodes"]["c1"]["value"] == "138****0001"
    assert "13800000001" not in json.dumps(masked)
    assert (masked["is_personal"], masked["is_revealed"]) == (True, False)
    assert not [entry for entry in workspace.log() if entry.action == "reveal"]
    seen = []
    original = type(workspace).person
    monkeypatch.setattr(
        type(workspace), "person",
        lambda self, *a, **k: seen.append(workspace.log()[0].action) or original(self, *a, **k),
    )  # fmt: skip
    revealed = answered(about, "person", user="u1", reveal=True)["found"]
    assert revealed["nodes"]["c1"]["value"] == "13800000001"
    assert seen == ["reveal"]
    (entry,) = [entry for entry in workspace.log() if entry.action == "reveal"]
    assert entry.detail["fields"] == ["phone"]
    assert entry.by.name == "王芳"
    for kind in ("near_misses", "check"):
        (answer,) = patiently(InsightDesk(), ask((kind, {})), about)
        words = json.dumps([answer["found"].get("groups", []), answer["found"].get("findings", [])])
        shown = [group["what"]["zh"] for group in answer["found"].get("groups", [])]
        assert all("13800000001" not in text for text in shown), words


@pytest.mark.parametrize(
    "state", [{}, {"n": 1}, {"n": 1, "questions": [{}]}, {"n": 1, "questions": ["near_misses"]}, []]
)
def test_an_ask_that_the_component_cannot_have_sent_is_refused(state):
    with pytest.raises(MessageError):
        read_ask(state)


def test_an_ask_is_read_as_it_was_sent():
    assert read_ask(None) is None
    sent = {"n": 4, "stamp": "s", "questions": [{"key": "k", "kind": "check", "args": {}}]}
    assert read_ask(sent) == Ask(4, "s", (Wanted("k", "check", {}),))


def test_every_question_has_a_name_that_the_browser_may_use():
    assert all(callable(question.answer) for question in questions.QUESTIONS.values())
    with pytest.raises(KeyError):
        InsightDesk().answer(ask(("no_such", {})), "s", Asked(None, None, None, {}, None, None), refuse)


def test_the_definition_is_told_in_both_languages_with_what_each_step_changed(workspace, rule_of):
    history = History()
    for value in ("北京", "上海"):
        history.push(rule_of("city", "is", value), None)
    history.push(rule_of("city", "is"), None)  # in mid-edit: no value yet
    history.push(rule_of("city", "is", "广州"), None)
    told = definition(workspace, workspace.parse(history.tree), history, None)
    assert told["sentence"]["zh"] == "城市是「广州」"
    assert "广州" in told["sentence"]["en"]
    assert [state["ago"] for state in told["states"]] == [2, 3, 4]
    assert "上海" in told["states"][0]["text"]["zh"]
    assert "广州" in told["states"][0]["text"]["zh"]


def test_two_states_of_the_history_are_compared_in_words(asking, rule_of):  # noqa: F811
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京"), "a"), asking)
    desk.receive(edit(desk, 2, rule_of("city", "is", "上海"), "b"), asking)
    (told,) = desk.receive(command(desk, 3, "definition"), asking)
    assert told["states"][0]["ago"] == 1
    (found,) = desk.receive(command(desk, 4, "changes", since=1), asking)
    assert found["since"] == 1
    assert len(found["texts"]) == 1
    assert "北京" in found["texts"][0]["zh"]
    saved = asking.workspace.save_audience(
        name="上海的人", rule=asking.workspace.parse(rule_of("city", "is", "上海")), actor=Actor("王芳")
    )
    desk.remember(saved)
    (same,) = desk.receive(command(desk, 5, "changes", since="saved"), asking)
    assert same["texts"] == []


def test_a_state_that_there_never_was_is_refused():
    with pytest.raises(ValueError, match="0 earlier states"):
        History().earlier(1)


def test_the_page_answers_an_ask_about_its_rule_and_nothing_before_it_is_asked(workspace, open_page):
    page = open_page("build", rule=json.dumps(rule_of_two()))
    at = component_data(page, "coterie_builder")
    stamp = f"{at['epoch']}|{at['tree_stamp']}|{at['as_of']}|{at['version']}"
    assert component_data(page, "coterie_insight") == {"n": 0, "stamp": stamp, "answers": []}
    question = {"key": "k", "kind": "near_misses", "args": {}}
    send(page, "coterie_insight", "ask", {"n": 7, "stamp": stamp, "questions": [question]})
    told = component_data(page, "coterie_insight")
    assert (told["n"], told["stamp"]) == (7, stamp)
    near = workspace.near_misses(workspace.parse(rule_of_two()))
    assert told["answers"] == [{"key": "k", "found": near.as_json()}]
    edited = {"rev": at["rev"] + 1, "epoch": at["epoch"], "gesture": "x", "tree": rule_of_two(value=300)}
    send(page, "coterie_builder", "edit", {**edited, "command": None})
    assert component_data(page, "coterie_insight")["answers"] == []
    assert component_data(page, "coterie_insight")["stamp"] != stamp


def test_somebody_by_hand_is_told_by_whom_and_why_beside_what_the_rule_says(workspace, about):
    saved = workspace.save_audience(name="北京", rule=rule_of_two(), actor=SOMEBODY)
    workspace.put_by_hand(saved.id, ["u2"], is_added=True, reason="老客户推荐", actor=Actor("李"))
    of_audience = replace(about, audience=saved.id)
    found = answered(of_audience, "person", user="u2")["found"]
    assert (found["by_hand"]["added"], found["by_hand"]["by"], found["by_hand"]["reason"]) == (
        True,
        "李",
        "老客户推荐",
    )
    assert found["is_taken"] is False
    assert answered(of_audience, "person", user="u1")["found"]["by_hand"] is None
    assert answered(about, "person", user="u2")["found"]["by_hand"] is None
    assert answered(of_audience, "person", user="u2")["found"]["is_among"] is True


def test_who_is_in_a_static_audience_is_told_by_its_snapshot(workspace, about, rule_of):
    saved = workspace.save_audience(name="上海", rule=rule_of("city", "is", "上海"), actor=SOMEBODY)
    taken = workspace.take_snapshot(saved.id, actor=SOMEBODY)
    workspace.arrange_audience(saved.id, revision=1, actor=SOMEBODY, fixed_to=taken.id)
    inside = set(workspace.members(workspace.people_of(saved.id)))
    by_rule = set(workspace.members(about.rule))
    assert inside
    assert not inside & by_rule
    of_audience = replace(about, audience=saved.id)
    for user in sorted(inside | by_rule):
        found = answered(of_audience, "person", user=user)["found"]
        assert (found["is_fixed"], found["is_among"]) == (True, user in inside)
        assert found["is_taken"] is (user in by_rule)


def test_a_rule_is_compared_with_all_people_of_an_audience(workspace, about):
    saved = workspace.save_audience(name="北京", rule=rule_of_two(), actor=SOMEBODY)
    workspace.put_by_hand(saved.id, ["u2"], is_added=True, reason="老客户推荐", actor=SOMEBODY)
    found = answered(about, "compare", against={"audience": saved.id})["found"]
    assert (found["here"], found["there"], found["both"]["users"]) == (1, 2, 1)
    assert found["changes"] == []  # as they are written, both are the same rule
