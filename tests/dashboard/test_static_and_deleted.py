"""Audiences that follow no rule, or are deleted: shown, opened and restored whatever their rules have become."""

from datetime import date

import pytest

from core.workspace import Audience
from dashboard.i18n import said
from tests.dashboard.conftest import SOMEBODY
from tests.dashboard.test_audiences_page import buttons, saved, shown  # noqa: F401  saved is a fixture
from tests.dashboard.test_builder_page import component_data


def broken(workspace, audience: Audience) -> Audience:
    """The audience with a rule that fits the data no more, as another data version leaves it."""
    gone = {"kind": "tag", "id": "c1", "tag": "no_such_tag", "op": "is", "value": "x"}
    rule = {**audience.rule, "include": {**audience.rule["include"], "children": [gone]}}
    return workspace._audiences.save(
        audience.id, audience.revision, name=audience.name, note="", rule=rule, actor=SOMEBODY,
        at=workspace._now(),
    )  # fmt: skip


@pytest.fixture
def static(saved):  # noqa: F811
    """An audience that stands at the two people of 上海, with one more by hand; its rule is broken since."""
    audience = saved.audience("Shanghai")
    taken = saved.take_snapshot(audience.id, actor=SOMEBODY)
    saved.put_by_hand(audience.id, ["u1"], is_added=True, reason="认识", actor=SOMEBODY)
    fixed = saved.arrange_audience(audience.id, revision=1, actor=SOMEBODY, fixed_to=taken.id)
    return broken(saved, fixed)


def test_a_static_audience_is_opened_and_counted_though_its_rule_is_broken(saved, static, open_page):  # noqa: F811
    page = open_page("build", audience=static.id)
    at = component_data(page, "coterie_builder")
    assert at["counts"]["count"] == saved.audience_numbers(static.id).count == 3
    assert [(notice["kind"], "Shanghai" in notice["text"]) for notice in at["notices"]] == [("warn", True)]
    assert at["problems"] == []


def test_what_a_static_audience_is_made_of_is_its_snapshot(saved, static, open_page):  # noqa: F811
    page = open_page("audiences")
    page.button(key=f"audience_look_{static.id}").click().run()
    assert not page.error
    assert not page.exception
    texts = " ".join(shown(page))
    assert "snapshot" in texts
    view = open_page("audiences", view=static.id)
    assert not view.error


def test_a_broken_audience_that_was_restored_says_so(saved, open_page):  # noqa: F811
    audience = broken(saved, saved.audience("Shanghai"))
    saved.delete_audience(audience.id, actor=SOMEBODY)
    page = open_page("audiences")
    page.button(key=f"bin_restore_{audience.id}").click().run()
    (told,) = [message.value for message in page.success]
    assert said("audiences.bin.restored", "en", name="Shanghai") in told
    assert "no\\_such\\_tag" in told or "no_such_tag" in told


def test_the_way_back_from_a_deletion_goes_when_somebody_else_took_it(saved, open_page):  # noqa: F811
    page = open_page("audiences")
    audience = saved.audience("Shanghai")
    page.session_state["audiences:deleted"] = audience
    saved.delete_audience(audience.id, actor=SOMEBODY)
    page.run()
    assert said("audiences.undo", "en") in buttons(page)
    saved.restore_audience(audience.id, actor=SOMEBODY)
    page.run()
    assert said("audiences.undo", "en") not in buttons(page)


def test_who_left_with_a_snapshot_of_an_earlier_day_opens_as_that_many(saved):  # noqa: F811
    everybody = {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": []}}
    audience = saved.save_audience(name="全部", rule=everybody, actor=SOMEBODY)
    later, earlier = date(2019, 7, 14), date(2019, 2, 1)
    saved.take_snapshot(audience.id, actor=SOMEBODY, as_of=later)
    second = saved.take_snapshot(audience.id, actor=SOMEBODY, as_of=earlier)
    rule, day = saved.changed_rule(audience.id, second.id, entered=False)
    assert sum(second.left.values()) == saved.count(rule, day).answer.count == 5
    assert day == later
