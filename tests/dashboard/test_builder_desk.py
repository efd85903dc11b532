"""The builder's desk: edits in order and once, undo and redo, broken rules, what is kept, what is answered."""

import json

import pytest

from dashboard.builder import facts
from dashboard.builder.desk import Asking, Desk
from dashboard.builder.drafts import DraftKeeper
from dashboard.builder.history import MOST_STEPS, History, empty_rule
from dashboard.builder.protocol import MessageError, read_message
from dashboard.builder.templates import template_rule, templates
from tests.dashboard.conftest import SOMEBODY


@pytest.fixture
def asking(workspace):
    """The world around a desk: the tiny workspace and a day that can be changed."""
    day = [workspace.default_as_of()]
    return Asking(
        workspace=workspace,
        as_of=lambda: day[0],
        set_as_of=lambda chosen: day.__setitem__(0, chosen or workspace.default_as_of()),
        template=template_rule,
        link=lambda tree: (f"/?rule={len(json.dumps(tree))}", False),
        audience_link=lambda audience: f"/?audience={audience}",
        page_of=lambda audience: f"/audiences?view={audience}",
        log=lambda _error: "abcd",
    )


def edit(desk, rev, tree, gesture=None, *, earlier=(), epoch=None):
    """Return the message of one edit."""
    return read_message(
        {"rev": rev, "epoch": epoch or desk.epoch, "gesture": gesture, "tree": tree, "command": None, "earlier": earlier}
    )  # fmt: skip


def command(desk, rev, name, **given):
    """Return the message of one command."""
    return read_message(
        {"rev": rev, "epoch": desk.epoch, "gesture": None, "tree": None, "command": {"name": name, **given}}
    )


def test_an_edit_is_counted_and_answered_with_its_rev(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京"), "drop"), asking)
    answer = desk.answer(asking, "zh", [])
    assert (answer["rev"], answer["gesture"], answer["counts"]["count"]) == (1, "drop", 2)
    assert answer["counts"]["nodes"]["c1"]["missing"] == 1
    assert answer["sentence"] == "城市是「北京」"
    json.dumps(answer)


def test_a_message_that_comes_twice_is_taken_in_once(asking, rule_of):
    desk = Desk()
    message = edit(desk, 1, rule_of("city", "is", "北京"))
    desk.receive(message, asking)
    desk.receive(command(desk, 2, "undo"), asking)
    desk.receive(message, asking)
    assert desk.history.tree == empty_rule()


def test_unanswered_steps_that_come_along_are_steps_of_undo_of_their_own(asking, rule_of):
    desk = Desk()
    first = {"rev": 1, "gesture": "a", "tree": rule_of("city", "is", "北京"), "command": None}
    desk.receive(edit(desk, 2, rule_of("city", "is", "上海"), "b", earlier=[first]), asking)
    desk.receive(command(desk, 3, "undo"), asking)
    assert desk.history.tree["include"]["children"][0]["value"] == "北京"


def test_an_edit_of_a_tree_that_was_replaced_does_not_bring_it_back(asking, rule_of):
    desk = Desk()
    old = desk.epoch
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    desk.receive(command(desk, 2, "undo"), asking)
    desk.receive(edit(desk, 3, rule_of("city", "is", "上海"), epoch=old), asking)
    assert desk.rev == 3
    assert desk.history.tree == empty_rule()


def test_keystrokes_of_one_field_are_one_step(asking, rule_of):
    desk = Desk()
    for rev, amount in enumerate((3, 30, 300, 3000), start=1):
        desk.receive(edit(desk, rev, rule_of("gmv", "gt", amount), "number@1"), asking)
    desk.receive(command(desk, 9, "undo"), asking)
    assert desk.history.tree == empty_rule()
    desk.receive(command(desk, 10, "redo"), asking)
    assert desk.history.tree["include"]["children"][0]["value"] == 3000


def test_after_an_undo_the_same_field_begins_a_new_step(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("gmv", "gt", 1), "number@1"), asking)
    desk.receive(edit(desk, 2, rule_of("gmv", "gt", 2), "op@2"), asking)
    desk.receive(command(desk, 3, "undo"), asking)
    desk.receive(edit(desk, 4, rule_of("gmv", "gt", 5), "number@1"), asking)
    desk.receive(command(desk, 5, "undo"), asking)
    assert desk.history.tree["include"]["children"][0]["value"] == 1


def test_a_broken_rule_is_kept_and_has_no_number_never_everyones(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "in", [])), asking)
    answer = desk.answer(asking, "en", [])
    assert answer["counts"] is None
    assert answer["sentence"] is None
    assert [problem["node"] for problem in answer["problems"]] == ["c1"]
    assert answer["tree"]["include"]["children"][0]["value"] == []
    assert desk.rule(asking) is None


def test_a_fault_of_ours_is_an_answer_too_and_names_its_id(asking, rule_of, monkeypatch):
    def fails(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(asking.workspace, "count", fails)
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    answer = desk.answer(asking, "en", [])
    assert (answer["rev"], answer["counts"]) == (1, None)
    assert "abcd" in answer["problems"][0]["text"]


def test_an_unknown_command_is_answered_and_said(asking):
    desk = Desk()
    desk.receive(command(desk, 1, "reformat"), asking)
    assert desk.rev == 1
    assert "abcd" in desk.answer(asking, "en", [])["notices"][0]["text"]


def test_another_day_is_asked_about_and_a_day_that_is_none_is_refused(asking):
    desk = Desk()
    desk.receive(command(desk, 1, "as_of", day="2019-02-01"), asking)
    assert desk.answer(asking, "zh", [])["counts"]["base"] == 1
    desk.receive(command(desk, 2, "as_of", day="2019-02-31"), asking)
    assert asking.as_of().isoformat() == "2019-02-01"
    assert desk.notices


def test_imported_tags_of_an_earlier_day_are_marked_as_not_historical(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    desk.receive(command(desk, 2, "as_of", day="2019-03-01"), asking)
    assert desk.answer(asking, "zh", [])["not_historical"] == ["city"]


def test_a_template_replaces_the_tree_under_a_new_epoch_and_can_be_undone(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    before = desk.epoch
    desk.receive(command(desk, 2, "template", key="closed_door_meeting"), asking)
    assert desk.epoch != before
    assert len(desk.history.tree["include"]["children"]) == 5
    desk.receive(command(desk, 3, "undo"), asking)
    assert desk.history.tree == rule_of("city", "is", "北京")


def test_json_that_is_no_rule_is_refused_and_the_rule_stays(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    for rev, text in enumerate(
        ("[1, 2", "[]", '{"version": 1}', '{"version": 1, "include": {"kind": "tree"}}'), start=2
    ):
        desk.receive(command(desk, rev, "open", text=text), asking)
        assert desk.history.tree == rule_of("city", "is", "北京")
        assert desk.notices[-1].kind == "error"


def test_a_rule_that_does_not_fit_the_data_is_opened_and_says_what_is_wrong(asking, rule_of):
    desk = Desk()
    assert desk.open(rule_of("ctiy", "is", "北京"), asking)
    (problem,) = desk.answer(asking, "en", [])["problems"]
    assert problem["node"] == "c1"
    assert "city" in problem["text"]


def test_values_are_looked_up_and_personal_ones_are_not_listed(asking):
    desk = Desk()
    answers = desk.receive(command(desk, 1, "values", ask="a", tag="city", event=None, search=""), asking)
    assert answers[0]["items"] == [["上海", 2], ["北京", 2], ["广州", 1]]
    answers = desk.receive(command(desk, 2, "values", ask="b", tag="phone", event=None, search=""), asking)
    assert answers[0]["items"] == []


def test_pasted_values_that_occur_nowhere_are_named_in_their_order(asking):
    desk = Desk()
    given = {"ask": "a", "tag": "title", "event": None, "values": ["产品", "火星", "运营经理", "月球"]}
    (exact,) = desk.receive(command(desk, 1, "known", how="exact", **given), asking)
    (parts,) = desk.receive(command(desk, 2, "known", how="contains", **given), asking)
    assert exact["unknown"] == ["产品", "火星", "月球"]
    assert parts["unknown"] == ["火星", "月球"]


def test_saved_audiences_are_listed_but_for_the_one_that_is_open(asking, rule_of, somebody):
    first, second = (
        asking.workspace.save_audience(name=name, rule=rule_of("city", "is", "北京"), actor=somebody)
        for name in ("甲", "乙")
    )
    desk = Desk()
    (answer,) = desk.receive(command(desk, 1, "audiences", ask="a"), asking)
    assert answer == {
        "name": "values", "ask": "a", "items": [[second.id, "乙"], [first.id, "甲"]], "is_more": False,
    }  # fmt: skip
    desk.remember(second)
    (answer,) = desk.receive(command(desk, 2, "audiences", ask="b"), asking)
    assert answer["items"] == [[first.id, "甲"]]


def test_lists_and_snapshots_are_listed_with_their_sizes(asking, rule_of, somebody, tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text("user_id\nu1\nu3\nu9\n", encoding="utf-8")
    workspace = asking.workspace
    workspace.add_list("受邀", path, actor=somebody)
    saved = workspace.save_audience(name="北京", rule=rule_of("city", "is", "北京"), actor=somebody)
    taken = workspace.take_snapshot(saved.id, actor=somebody)
    desk = Desk()
    (lists,) = desk.receive(command(desk, 1, "lists", ask="a", of=""), asking)
    assert lists == {"name": "values", "ask": "a", "items": [["受邀", "受邀", 2]], "is_more": False}
    for revision, name in enumerate(("北京", saved.id), start=2):
        (snapshots,) = desk.receive(command(desk, revision, "snapshots", ask="b", of=name), asking)
        assert snapshots["items"] == [[taken.id, "2019-07-14", 2]]
    (none,) = desk.receive(command(desk, 4, "snapshots", ask="c", of="没有的"), asking)
    assert none["items"] == []
    assert desk.notices == []


def test_a_saved_rule_is_changed_only_while_it_differs(asking, rule_of, somebody):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    desk.remember(asking.workspace.save_audience(name="北京", rule=desk.history.tree, actor=somebody))
    assert desk.answer(asking, "zh", [])["title"] == {"name": "北京", "is_changed": False}
    desk.receive(edit(desk, 2, rule_of("city", "is", "上海")), asking)
    assert desk.answer(asking, "zh", [])["title"]["is_changed"]
    desk.receive(command(desk, 3, "undo"), asking)
    assert not desk.answer(asking, "zh", [])["title"]["is_changed"]


def test_a_desk_kept_as_a_draft_comes_back_with_history_epoch_and_day(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    desk.receive(edit(desk, 2, rule_of("city", "is", "上海")), asking)
    desk.receive(command(desk, 3, "as_of", day="2019-03-01"), asking)
    again = Desk.from_json(json.loads(json.dumps(desk.as_json())))
    assert (again.rev, again.epoch, again.as_of) == (desk.rev, desk.epoch, desk.as_of)
    again.receive(edit(again, 4, rule_of("city", "is", "广州")), asking)
    for rev in (5, 6):
        again.receive(command(again, rev, "undo"), asking)
    assert again.history.tree == rule_of("city", "is", "北京")


def test_a_draft_that_is_written_later_is_of_the_moment_it_was_kept(asking, rule_of):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    kept, read = desk.as_json(), desk.history.snapshot()
    desk.receive(edit(desk, 2, rule_of("city", "is", "上海")), asking)
    assert len(kept["history"]["states"]) == len(read.states) == 2
    assert Desk.from_json(kept).history.tree == read.tree == rule_of("city", "is", "北京")


def test_the_history_forgets_its_oldest_states_and_never_the_present_one():
    history = History()
    for n in range(MOST_STEPS + 50):
        history.push({**empty_rule(), "n": n}, None)
    assert len(history.states) == MOST_STEPS
    assert history.tree["n"] == MOST_STEPS + 49
    huge = {**empty_rule(), "x": "x" * 900_000}
    history.push(huge, None)
    assert history.tree == huge
    assert history.can_undo


def test_what_was_undone_is_gone_after_a_new_edit():
    history = History()
    for n in (1, 2):
        history.push({**empty_rule(), "n": n}, None)
    history.undo()
    history.push({**empty_rule(), "n": 3}, None)
    assert not history.can_redo
    history.undo()
    assert history.tree["n"] == 1


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"epoch": "e"},
        {"epoch": "e", "rev": 1},
        {"epoch": "e", "rev": 1, "tree": {}, "command": {}},
        {"epoch": "e", "rev": 1, "tree": "x"},
        {"epoch": "e", "rev": 1, "tree": {}, "earlier": 3},
    ],
)
def test_a_message_that_the_component_cannot_have_sent_is_refused(state):
    with pytest.raises(MessageError):
        read_message(state)


def test_drafts_are_written_in_the_background_and_can_be_read_at_once(workspace):
    keeper = DraftKeeper()
    for n in range(5):
        keeper.keep(workspace, "browser", {"n": n})
    assert keeper.load(workspace, "browser") == {"n": 4}
    keeper.close()
    assert workspace.load_draft("browser") == {"n": 4}


def test_every_template_is_a_rule_of_the_language(asking):
    for template in templates().values():
        checked = asking.workspace.check(template["rule"])
        assert checked.rule is not None
        assert {problem.code for problem in checked.problems} <= {"unknown_tag", "unknown_event"}
        assert set(template) == {"key", "name", "note", "rule"}


@pytest.fixture
def by_hand(workspace, rule_of):
    """An audience of u1 and u2 by its rule; u2 was removed by hand, u3 and u5 were added."""
    saved = workspace.save_audience(name="北京", rule=rule_of("city", "is", "北京"), actor=SOMEBODY)
    workspace.put_by_hand(saved.id, ["u3", "u5"], is_added=True, reason="老客户推荐", actor=SOMEBODY)
    workspace.put_by_hand(saved.id, ["u2"], is_added=False, reason="本人要求", actor=SOMEBODY)
    return saved


def opened(audience, asking):
    desk = Desk()
    desk.open(audience.rule, asking, saved=audience)
    return desk


def test_the_number_of_an_audience_holds_its_people_by_hand_and_says_so_beside_the_rule(
    asking, workspace, by_hand, rule_of
):
    desk = opened(by_hand, asking)
    counts = desk.answer(asking, "zh", [])["counts"]
    assert counts["count"] == workspace.audience_numbers(by_hand.id).count == 3
    assert counts["nodes"]["c1"]["own"] == 2  # rows speak of the rule
    assert counts["waterfall"][-2:] == [["added", None, 4], ["removed", None, 3]]
    aside = counts["aside"]
    assert (aside["by_rule"], aside["added"], aside["removed"], aside["is_fixed"]) == (2, 2, 1, False)
    assert aside["path"] == f"/audiences?view={by_hand.id}"
    # With an edit that is not saved yet the people by hand stay; u3 is there by the rule then.
    desk.receive(edit(desk, 1, rule_of("city", "in", ["北京", "上海"])), asking)
    counts = desk.answer(asking, "zh", [])["counts"]
    assert (counts["count"], counts["aside"]["added"], counts["aside"]["by_rule"]) == (4, 1, 4)


def test_everything_that_follows_the_number_is_about_the_same_people(asking, workspace, by_hand):
    desk = opened(by_hand, asking)
    whole = desk.people(desk.rule(asking), asking)
    assert workspace.members(whole) == ["u1", "u3", "u5"]
    shown = facts.people(workspace, whole, asking.as_of(), facts.Wish(fields=["city"]))
    assert [row[0] for row in shown["rows"]] == ["u1", "u3", "u5"]


def test_an_audience_that_stands_still_keeps_its_number_whatever_is_edited(
    asking, workspace, by_hand, rule_of
):
    taken = workspace.take_snapshot(by_hand.id, actor=SOMEBODY)
    fixed = workspace.arrange_audience(by_hand.id, revision=1, actor=SOMEBODY, fixed_to=taken.id)
    desk = opened(fixed, asking)
    desk.receive(edit(desk, 1, rule_of("city", "is", "上海")), asking)
    counts = desk.answer(asking, "zh", [])["counts"]
    assert (counts["count"], counts["aside"]["by_rule"], counts["aside"]["is_fixed"]) == (3, 2, True)
    assert ["fixed", None, 3] in counts["waterfall"]


def test_a_rule_without_people_by_hand_has_nothing_beside_it(asking, workspace, rule_of, by_hand):
    desk = Desk()
    desk.receive(edit(desk, 1, rule_of("city", "is", "北京")), asking)
    assert desk.answer(asking, "zh", [])["counts"]["aside"] is None
    desk = opened(by_hand, asking)
    workspace.delete_audience(by_hand.id, actor=SOMEBODY)
    counts = desk.answer(asking, "zh", [])["counts"]
    assert (counts["count"], counts["aside"]) == (2, None)


def test_a_link_to_an_audience_with_people_by_hand_names_it_while_the_rule_is_as_saved(
    asking, by_hand, rule_of
):
    desk = opened(by_hand, asking)
    (answer,) = desk.receive(command(desk, 1, "link"), asking)
    assert (answer["path"], answer["is_kept"]) == (f"/?audience={by_hand.id}", False)
    desk.receive(edit(desk, 2, rule_of("city", "is", "上海")), asking)
    (answer,) = desk.receive(command(desk, 3, "link"), asking)
    assert answer["path"].startswith("/?rule=")
