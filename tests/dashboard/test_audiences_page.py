"""The page of audiences: sizes, search, sentences with masked values, and what cannot be counted."""

import pytest

from core.errors import Conflict, NotFound
from dashboard.i18n import said
from tests.dashboard.conftest import PLAN, PURCHASES, USERS


def shown(page):
    cells = [element.proto.body for element in page.get("html")]
    return [element.value.replace("\\", "") for element in (*page.markdown, *page.caption)] + cells


def names(page):
    """Return the names of the audiences that are listed: the links that open one."""
    links = [link.proto for link in page.get("page_link")]
    labels = [link.label for link in links if "audience=" in link.query_string]
    return [label.replace("\\", "").removeprefix("★ ")[2:-2] for label in labels]


@pytest.fixture
def saved(workspace, rule_of, somebody):
    """Three audiences in the tiny workspace: 北京 (2 people), 上海 (2), big spenders (3)."""
    for name, rule, note in (
        ("北京用户", rule_of("city", "is", "北京"), "闭门会"),
        ("Shanghai", rule_of("city", "is", "上海"), ""),
        ("大额 *VIP*", rule_of("gmv", "gt", 3000), ""),
    ):
        workspace.save_audience(name=name, note=note, rule=rule, actor=somebody)
    return workspace


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_audiences_the_page_teaches_how_to_make_one(workspace, open_page, language):
    page = open_page("audiences", language=language)
    assert page.header[0].value == said("audiences.empty.title", language)
    assert names(page) == []
    assert [link.proto.label for link in page.get("page_link")] == [said("audiences.empty.open", language)]


def test_every_audience_is_listed_with_its_size_and_share_now(saved, open_page):
    page = open_page("audiences")
    assert set(names(page)) == {"北京用户", "Shanghai", "大额 *VIP*"}
    assert sum("2 people" in text and "33.3 %" in text for text in shown(page)) == 2
    assert sum("3 people" in text and "50.0 %" in text for text in shown(page)) == 1


def test_an_audience_is_read_back_as_a_sentence_in_the_language(saved, open_page):
    assert any("城市" in text and "北京" in text for text in shown(open_page("audiences", language="zh")))
    assert any("City" in text and "北京" in text for text in shown(open_page("audiences")))


def test_values_of_personal_tags_are_masked_in_the_sentence(workspace, open_page, rule_of, somebody):
    workspace.save_audience(name="one", rule=rule_of("phone", "is", "13800000001"), actor=somebody)
    texts = " ".join(shown(open_page("audiences")))
    assert "13800000001" not in texts
    assert "138****0001" in texts


def test_an_unverified_author_is_said_to_be_one(saved, open_page):
    assert sum("王芳 (not verified)" in text for text in shown(open_page("audiences"))) == 3


@pytest.mark.parametrize(
    ("words", "found"), [("北京", 1), ("闭门", 1), ("SHANG", 1), ("王芳", 3), ("大额 王", 1), ("无此", 0)]
)
def test_search_looks_at_names_notes_and_authors(saved, open_page, words, found):
    page = open_page("audiences")
    page.text_input(key="audiences_search").set_value(words).run()
    assert len(names(page)) == found
    assert bool(page.info) == (found == 0)


def test_an_audience_whose_tag_is_gone_says_so_and_the_others_are_counted(saved, open_page, somebody):
    audience = saved.audiences()[0]
    broken = {**audience.rule, "include": {**audience.rule["include"], "children": [
        {"kind": "tag", "id": "c1", "tag": "no_such_tag", "op": "is", "value": "x"}]}}  # fmt: skip
    saved._audiences.save(
        audience.id, 1, name=audience.name, note="", rule=broken, actor=somebody, at=saved._now()
    )
    page = open_page("audiences")
    assert sum("Cannot be counted now" in text for text in shown(page)) == 1
    assert sum("people" in text and "of all users" in text for text in shown(page)) == 2
    assert not page.exception


def test_many_audiences_are_shown_in_pages(workspace, open_page, rule_of, somebody):
    for n in range(23):
        workspace.save_audience(name=f"audience {n:02}", rule=rule_of("city", "is_set"), actor=somebody)
    page = open_page("audiences")
    assert len(names(page)) == 20
    assert any("23 of 23" in text for text in shown(page))


def buttons(page):
    return {each.label: each for each in page.button}


def test_an_audience_has_its_own_view_with_people_by_hand_and_a_history(saved, open_page, somebody):
    audience = saved.audience("北京用户")
    page = open_page("audiences", view=audience.id)
    assert not page.exception
    area = next(each for each in page.text_area if each.label == said("tags.values.users", "en"))
    area.set_value("u3")
    next(each for each in page.text_input if each.label == said("audiences.reason", "en")).set_value("熟人")
    buttons(page)[said("audiences.hand.add", "en")].click().run()
    assert saved.audience_numbers(audience.id).count == 3
    assert {metric.label: metric.value for metric in page.metric} == {
        "By the rule": "2", "Added by hand": "+1", "People": "3",
        "Of all users": "50.0 %",
    }  # fmt: skip
    buttons(page)[said("audiences.refresh", "en")].click().run()
    saved.forget_by_hand(audience.id, ["u3"], actor=somebody)
    buttons(page)[said("audiences.refresh", "en")].click().run()
    assert [(one.entered, one.left) for one in saved.snapshots(audience.id)] == [({}, {"hand": 1}), ({}, {})]
    assert any("by hand" in text for text in shown(page))
    listing = open_page("audiences")
    assert sum("2 people" in text for text in shown(listing)) == 2


def test_people_by_hand_count_on_the_list_too(saved, open_page, somebody):
    saved.put_by_hand("Shanghai", ["u1", "u2", "u5"], is_added=True, reason="x", actor=somebody)
    assert sum("5 people" in text for text in shown(open_page("audiences"))) == 1


def test_sizes_on_the_list_follow_people_by_hand_and_audiences_in_rules(saved, open_page, somebody):
    saved.put_by_hand("Shanghai", ["u1"], is_added=True, reason="x", actor=somebody)
    inner = saved.audience("北京用户")
    rule = {
        "include": {
            "kind": "group", "id": "g", "match": "all",
            "children": [{"kind": "audience", "id": "a", "audience": inner.id, "in": True}],
        }
    }  # fmt: skip
    saved.save_audience(name="外", rule=rule, actor=somebody)
    page = open_page("audiences")
    assert sum("3 people" in text for text in shown(page)) == 2
    saved.forget_by_hand("Shanghai", ["u1"], actor=somebody)
    saved.put_by_hand(
        "Shanghai",
        saved.members(saved.parse(saved.audience("Shanghai").rule))[:1],
        is_added=False,
        reason="y",
        actor=somebody,
    )
    saved.save_audience(
        name=inner.name, rule=saved.audience("大额 *VIP*").rule, actor=somebody, audience_id=inner.id,
        revision=inner.revision,
    )  # fmt: skip
    page.run()
    assert sum("1 person" in text for text in shown(page)) == 1
    assert sum("3 people" in text for text in shown(page)) == 3


def test_a_deletion_is_undone_at_once(saved, open_page, somebody):
    audience = saved.audience("Shanghai")
    page = open_page("audiences")
    page.session_state["audiences:deleted"] = audience
    saved.delete_audience(audience.id, actor=somebody)
    page.run()
    assert "Shanghai" not in names(page)
    buttons(page)[said("audiences.undo", "en")].click().run()
    assert "Shanghai" in names(page)


def test_what_was_deleted_lately_is_restored_or_let_go(saved, open_page, somebody):
    audience = saved.audience("Shanghai")
    saved.delete_audience(audience.id, actor=somebody)
    page = open_page("audiences")
    assert any("**Shanghai** · deleted by 王芳" in element.value for element in page.markdown)
    page.button(key=f"bin_restore_{audience.id}").click().run()
    assert saved.audience("Shanghai").id == audience.id
    # Its name was taken meanwhile: it comes back under another one.
    saved.delete_audience(audience.id, actor=somebody)
    saved.save_audience(name="Shanghai", rule=audience.rule, actor=somebody)
    page = open_page("audiences")
    page.button(key=f"bin_restore_{audience.id}").click().run()
    assert saved.audience("Shanghai (2)").id == audience.id
    assert "Restored “Shanghai (2)”." in page.success[0].value.replace("\\", "")
    saved.delete_audience(audience.id, actor=somebody)
    page = open_page("audiences")
    assert page.button(key=f"bin_purge_{audience.id}")


@pytest.mark.parametrize("shares", ["50, abc, 25", "inf", "50;50"])
def test_shares_that_cannot_be_read_are_refused(saved, open_page, shares):
    page = open_page("audiences", view=saved.audience("北京用户").id)
    page.segmented_control(key="split_way").set_value("random").run()
    box = next(each for each in page.text_input if each.label == said("audiences.split.shares", "en"))
    box.set_value(shares).run()
    assert shares in page.error[0].value.replace("\\", "")
    box = next(each for each in page.text_input if each.label == said("audiences.split.shares", "en"))
    box.set_value("-5, 50").run()
    assert page.error
    box = next(each for each in page.text_input if each.label == said("audiences.split.shares", "en"))
    box.set_value("60 40").run()
    assert not page.error


def test_parts_are_kept_all_or_none(saved, open_page, somebody):
    whole = saved.audience("北京用户")
    split = saved.split_by_tag(whole.id, "title")
    names_wanted = [f"部分{place}" for place in range(len(split.parts))]
    saved.save_audience(name=names_wanted[-1], rule=whole.rule, actor=somebody)
    before = len(saved.audiences())
    with pytest.raises(Conflict, match="audience_name_taken"):
        saved.save_parts(split, names_wanted, actor=somebody)
    with pytest.raises(Conflict, match="audience_names_same"):
        saved.save_parts(split, ["同名"] * len(split.parts), actor=somebody)
    assert len(saved.audiences()) == before


def test_a_link_with_too_many_or_unknown_audiences_says_so(saved, open_page, somebody):
    for number in range(3):
        saved.save_audience(name=f"又{number}", rule=saved.audience("Shanghai").rule, actor=somebody)
    ids = ",".join(audience.id for audience in saved.audiences())
    page = open_page("audiences", compare=f"gone,{ids}")
    assert not page.exception
    assert not page.error
    told = [each.value for each in page.warning]
    assert told == [
        said("audiences.compare.unknown", "en", n=1), said("audiences.compare.too_many", "en", most=5)
    ]  # fmt: skip


def test_an_audience_that_moved_too_far_is_told_on_top_of_the_list(saved, open_page, somebody):
    audience = saved.audience("北京用户")
    assert said("audiences.alert_look", "en") not in [
        link.label for link in open_page("audiences").get("page_link")
    ]
    audience = saved.arrange_audience(audience.id, revision=audience.revision, actor=somebody, alert=0.1)
    saved.refresh_audience(audience.id, actor=somebody)
    saved.put_by_hand("北京用户", ["u3"], is_added=True, reason="x", actor=somebody)
    saved.refresh_audience(audience.id, actor=somebody)
    page = open_page("audiences")
    links = [
        link.proto for link in page.get("page_link") if link.proto.label == said("audiences.alert_look", "en")
    ]
    assert [link.query_string for link in links] == [f"view={audience.id}"]
    assert any("more than the 10% that was set" in text for text in shown(page))


def test_settings_are_kept_and_a_second_operator_is_told(saved, open_page, somebody):
    audience = saved.audience("北京用户")
    page = open_page("audiences", view=audience.id)
    folder = next(
        each
        for each in page.text_input
        if each.label == said("audiences.folder", "en") and each.form_id == "aud_setting"
    )
    folder.set_value("增长/一线")
    buttons(page)[said("audiences.save", "en")].click().run()
    assert saved.audience("北京用户").folder == "增长/一线"
    saved.rename_audience(audience.id, "改名", actor=somebody)
    box = next(each for each in page.text_input if each.value == "增长/一线")
    box.set_value("增长/二线")
    buttons(page)[said("audiences.save", "en")].click().run()
    assert page.error
    assert saved.audience("改名").folder == "增长/一线"
    buttons(page)[said("audiences.save", "en")].click().run()
    assert not page.error
    assert saved.audience("改名").folder == "增长/二线"


def test_audiences_are_compared_and_split(saved, open_page):
    one, other = saved.audience("北京用户"), saved.audience("大额 *VIP*")
    page = open_page("audiences", compare=f"{one.id},{other.id}")
    assert not page.exception
    table = "".join(element.proto.body for element in page.get("html"))
    assert "北京用户 ∩ 大额 *VIP*" in table
    page.button(key="compare_apart").click().run()
    assert not page.exception
    told = "\n".join(caption.value for caption in page.caption)
    few = said("audiences.apart.too_few", "en", minimum=30, names="北京用户, 大额 *VIP*")
    assert few in told.replace("\\", "")  # six people tell nothing
    assert "hardly differ" not in told
    view = open_page("audiences", view=one.id)
    box = next(each for each in view.selectbox if each.label == said("audiences.split.by", "en"))
    box.set_value("title").run()
    buttons(view)[said("audiences.split.keep", "en", n=4)].click().run()
    names_now = {audience.name for audience in saved.audiences()}
    assert sum(name.startswith("北京用户 · ") for name in names_now) == 4


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view_opens_in_both_languages(saved, open_page, somebody, language):
    audience = saved.audience("北京用户")
    saved.refresh_audience(audience.id, actor=somebody)
    for query in ({"view": audience.id}, {"compare": ""}, {"compare": audience.id}):
        page = open_page("audiences", language=language, **query)
        assert not page.exception
        assert not page.error
    unknown = open_page("audiences", view="nothing")
    assert unknown.error


def test_every_event_of_a_user_can_be_reached(saved, open_page, monkeypatch, tmp_path, somebody):
    more = PURCHASES + "".join(f"u1,2019-06-{day:02} 10:00:00,1\n" for day in range(1, 5))
    for name, text in (("users.csv", USERS), ("purchases.csv", more), ("plan.toml", PLAN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    saved.import_plan(tmp_path / "plan.toml", actor=somebody)
    monkeypatch.setattr("dashboard.audiences.user_view.PER_PAGE", 1)
    everything = saved.user_card("u1").deeds
    assert len(everything) == 5
    page = open_page("audiences", user="u1")
    oldest = f"{everything[-1].at:%Y-%m-%d %H:%M}"
    assert oldest not in " ".join(shown(page))
    page.session_state["user_page"] = len(everything)
    page.run()
    assert oldest in " ".join(shown(page))
    monkeypatch.setattr("dashboard.audiences.user_view.MOST_DEEDS", 1)
    page = open_page("audiences", user="u1")
    assert page.warning[0].value == said("users.newest_only", "en", n=1, all=len(everything))


def test_a_user_is_shown_with_tags_audiences_and_deeds_and_personal_values_masked(saved, open_page):
    page = open_page("audiences", user="u1")
    assert not page.exception
    words = " ".join(shown(page))
    assert "138****0001" in words
    assert "13800000001" not in words
    assert not page.error
    assert "2019-07-01 10:00" in words
    assert {link.proto.label.replace("\\", "") for link in page.get("page_link")} >= {
        "北京用户",
        "大额 *VIP*",
    }
    assert "nobody" in open_page("audiences", user="nobody").error[0].value
    assert not open_page("audiences", language="zh", user="").exception


def test_folders_are_a_tree_with_the_numbers_in_them(saved, open_page, somebody):
    for name, folder in (("北京用户", "增长/闭门会"), ("Shanghai", "增长/投放")):
        audience = saved.audience(name)
        saved.arrange_audience(audience.id, revision=audience.revision, actor=somebody, folder=folder)
    page = open_page("audiences")
    box = page.selectbox(key="audiences_folder")
    assert box.options == ["All folders", "增长 (2)", "　投放 (1)", "　闭门会 (1)"]
    box.set_value("增长").run()
    assert set(names(page)) == {"北京用户", "Shanghai"}
    page.selectbox(key="audiences_folder").set_value("增长/投放").run()
    assert names(page) == ["Shanghai"]


def test_favourites_stand_first_in_every_order(saved, open_page, somebody):
    page = open_page("audiences")
    page.selectbox(key="audiences_sort").set_value("name").run()
    in_order = names(page)
    assert in_order == sorted(in_order, key=str.casefold)
    last = saved.audience(in_order[-1])
    view = open_page("audiences", view=last.id)
    view.button(key="aud_favourite").click().run()
    page = open_page("audiences")
    page.selectbox(key="audiences_sort").set_value("name").run()
    assert names(page) == [last.name, *in_order[:-1]]


def test_the_most_moved_come_first_and_say_by_how_many(saved, open_page, somebody):
    audience = saved.audience("Shanghai")
    saved.refresh_audience(audience.id, actor=somebody)
    saved.put_by_hand(audience.id, ["u1"], is_added=True, reason="x", actor=somebody)
    saved.refresh_audience(audience.id, actor=somebody)
    page = open_page("audiences")
    page.selectbox(key="audiences_sort").set_value("moved").run()
    assert names(page)[0] == "Shanghai"
    assert any("1 entered, 0 left then" in text for text in shown(page))


def test_who_entered_with_a_snapshot_opens_as_a_rule_of_that_many(saved, somebody):
    audience = saved.audience("Shanghai")
    first = saved.refresh_audience(audience.id, actor=somebody).snapshot
    saved.put_by_hand(audience.id, ["u1"], is_added=True, reason="x", actor=somebody)
    saved.put_by_hand(audience.id, ["u3"], is_added=False, reason="x", actor=somebody)
    second = saved.refresh_audience(audience.id, actor=somebody).snapshot
    assert saved.changed_rule(audience.id, first.id, entered=True) is None
    came, day = saved.changed_rule(audience.id, second.id, entered=True)
    left, _ = saved.changed_rule(audience.id, second.id, entered=False)
    assert (saved.members(came, day), saved.members(left, day)) == (["u1"], ["u3"])
    assert (sum(second.entered.values()), sum(second.left.values())) == (1, 1)
    with pytest.raises(NotFound, match="snapshot_unknown"):
        saved.changed_rule(audience.id, "nothing", entered=True)


def test_personal_values_of_a_user_are_shown_when_asked_for_and_that_is_logged_once(saved, open_page):
    page = open_page("audiences", user="u1")
    table = "".join(element.proto.body for element in page.get("html"))
    assert "138****0001" in table
    assert not [entry for entry in saved.log() if entry.action == "reveal"]
    page.toggle(key="user_reveal_u1").set_value(True).run()
    table = "".join(element.proto.body for element in page.get("html"))
    assert "13800000001" in table
    page.run()
    (logged,) = [entry for entry in saved.log() if entry.action == "reveal"]
    assert (logged.subject, logged.detail["fields"]) == ("user u1", ["phone"])
