"""The page of tags: the catalogue, a tag's own view and life, making tags, values, health, refreshes."""

from __future__ import annotations

import pytest

from core.tags.goals import GOALS
from core.workspace import Actor, TagDefinition
from dashboard.i18n import said

WU = Actor("吴")
BANDS = {"kind": "bands", "of": "gmv", "edges": [1000, 5000], "labels": ["低", "中", "高"]}


def tag(workspace, key, making, actor=WU, **more):
    label = {"zh": more.pop("zh", f"标签{key}"), "en": more.pop("en", key)}
    return workspace.create_tag(
        TagDefinition.from_json({"key": key, "label": label, "making": making, **more}), actor=actor
    )


def plain(text):
    return text.replace("\\", "")


def shown(page):
    texts = [plain(element.value) for element in (*page.markdown, *page.caption, *page.title, *page.warning)]
    return "\n".join([*texts, *(element.proto.body for element in page.get("html"))])


def listed(page):
    """Return the tags that the catalogue lists, by the links that open them."""
    return [
        link.proto.query_string.removeprefix("tag=")
        for link in page.get("page_link")
        if "tag=" in link.proto.query_string
    ]


def button(page, key, language="en", **params):
    return next(each for each in page.button if each.label == said(key, language, **params))


def text(page, key, language="en", **params):
    return next(each for each in page.text_input if each.label == said(key, language, **params))


def test_the_catalogue_lists_every_tag_with_its_coverage(workspace, open_page):
    tag(workspace, "level", BANDS)
    page = open_page("tags")
    assert set(listed(page)) == {*workspace.data_version().catalogue.tags}
    assert "level" in listed(page)
    assert "5 with a value" in shown(page)


@pytest.mark.parametrize("words", ["消费档", "xiaofei", "xfd", "level", "Spend level", "吴"])
def test_a_tag_is_found_by_name_pinyin_key_or_owner(workspace, open_page, words):
    tag(workspace, "level", BANDS, zh="消费档", en="Spend level")
    page = open_page("tags")
    page.text_input(key="tags_search").set_value(words).run()
    assert listed(page) == ["level"]


def test_the_classifications_narrow_the_catalogue(workspace, open_page):
    tag(workspace, "level", BANDS, use="preference")
    tag(workspace, "gone", BANDS)
    workspace.retire_tag("gone", actor=WU)
    page = open_page("tags")
    assert "gone" not in listed(page)
    page.selectbox(key="tags_made").set_value("rule").run()
    assert listed(page) == ["level"]
    page.selectbox(key="tags_status").set_value("retired").run()
    assert listed(page) == ["gone"]
    page.selectbox(key="tags_use").set_value("preference").run()
    assert listed(page) == []
    assert page.info[0].value == said("tags.none_found", "en")


def test_a_tag_has_its_own_view(workspace, open_page):
    tag(workspace, "level", BANDS, description="按消费分档")
    page = open_page("tags", language="zh", tag="level")
    words = shown(page)
    assert "标签level" in words
    assert "按消费分档" in words
    assert "6 人中 **5** 人有取值" in words
    assert not page.error


def test_a_personal_tag_never_shows_a_value(workspace, open_page):
    page = open_page("tags", tag="phone")
    assert "13800000001" not in shown(page)
    assert said("tags.personal", "en") in shown(page)


def test_an_unknown_tag_is_told_with_the_nearest(workspace, open_page):
    page = open_page("tags", tag="citi")
    assert "city" in plain(page.error[0].value)


def test_bands_are_made_and_can_be_used_at_once(workspace, open_page):
    page = open_page("tags", new="bands")
    of = next(box for box in page.selectbox if box.label == said("tagmaker.of", "en"))
    of.set_value("gmv").run()
    text(page, "tagmaker.name_zh").set_value("消费档").run()
    button(page, "tagmaker.publish").click().run()
    made = workspace.tag("xiao_fei_dang")
    assert made.status == "active"
    assert made.definition.label.en == "消费档"
    assert len(made.definition.as_json()["making"]["edges"]) == 2
    assert workspace.tag_coverage("xiao_fei_dang") == (5, 6)


def test_a_formula_is_told_its_faults_while_it_is_written_and_cannot_be_published(workspace, open_page):
    page = open_page("tags", new="formula")
    area = next(each for each in page.text_area if each.label == said("tagmaker.formula", "en"))
    area.set_value("gmv +").run()
    assert said("tagmaker.not_yet", "en") in shown(page)
    text(page, "tagmaker.name_zh").set_value("公式").run()
    button(page, "tagmaker.publish").click().run()
    assert page.error
    assert workspace.tags() == []
    area = next(each for each in page.text_area if each.label == said("tagmaker.formula", "en"))
    area.set_value("gmv * 2").run()
    button(page, "tagmaker.publish").click().run()
    assert workspace.tag("gong_shi").status == "active"


def test_a_half_made_tag_is_offered_again_in_the_same_browser(workspace, open_page):
    page = open_page("tags", new="formula")
    text(page, "tagmaker.name_zh").set_value("做了一半").run()
    del page.query_params["new"]
    page.query_params["new"] = ""
    page.run()
    assert "做了一半" in shown(page)


def test_two_operators_who_change_one_tag_lose_nothing(workspace, open_page):
    tag(workspace, "level", BANDS)
    page = open_page("tags", edit="level")
    text(page, "tags.unit").set_value("档").run()
    mine = TagDefinition.from_json({**workspace.tag("level").definition.as_json(), "description": "别人写的"})
    workspace.update_tag(mine, version=1, actor=WU)
    button(page, "tagmaker.publish_change").click().run()
    assert "别人写的" in plain(page.error[0].value)
    assert text(page, "tags.unit").value == "档"
    button(page, "tagmaker.on_top").click().run()
    button(page, "tagmaker.publish_change").click().run()
    assert workspace.tag("level").definition.unit == "档"
    assert workspace.tag("level").version == 3


def test_ready_tags_are_previewed_and_kept_together(workspace, open_page):
    page = open_page("tags", new="ready:rfm")
    proposed = workspace.proposals("rfm")
    button(page, "tagmaker.ready.keep", n=len(proposed)).click().run()
    assert {record.definition.key for record in workspace.tags()} == {each.key for each in proposed}
    again = workspace.proposals("rfm", free=True)
    assert again[-1].key == "rfm_cell_2"
    workspace.create_tags(again, actor=WU)
    assert workspace.tag_coverage("rfm_cell_2") == workspace.tag_coverage("rfm_cell")


def test_a_goal_leads_to_tags_and_audiences(workspace, open_page):
    page = open_page("tags", new="goal:acquisition")
    plan = workspace.goal_plan("acquisition", language="en")
    sizes = workspace.preview_goal(plan).audiences
    for audience, size in zip(plan.audiences, sizes, strict=True):
        box = page.checkbox(key=f"goal_acquisition_{audience.name}")
        assert plain(box.label).startswith(f"**{audience.name}** · {size:,} · ")
        assert audience.note in shown(page)
    page.checkbox(key=f"goal_acquisition_{plan.audiences[1].name}").uncheck().run()
    button(page, "tagmaker.goal.keep", tags=2, audiences=2).click().run()
    saved = {audience.name: audience for audience in workspace.audiences()}
    assert set(saved) == {plan.audiences[0].name, plan.audiences[2].name}
    assert {audience.folder for audience in saved.values()} == {"Acquire at less cost"}
    assert {record.definition.key for record in workspace.tags()} == {"orders_ever", "referral_timing"}
    first = saved[plan.audiences[0].name]
    assert workspace.count(workspace.parse(first.rule)).answer.count == sizes[0]


def test_a_goal_says_what_it_lacks_and_uses_tags_again(workspace, open_page):
    page = open_page("tags", new="goal:rescue")
    assert plain(page.error[0].value).startswith("Missing: the events of which any one tells")
    page = open_page("tags", new="goal:frequency")
    page.number_input(key="ready_goal_frequency_due_percent").set_value(999).run()
    assert "must be less than" in plain(page.error[0].value)
    workspace.keep_goal(workspace.goal_plan("frequency", language="en"), actor=WU)
    page = open_page("tags", new="goal:acquisition")
    assert "Used again, as they are there already: Purchases so far" in shown(page)
    page = open_page("tags", new="goal:resque")
    assert any("rescue" in plain(each.value) for each in page.error)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("goal", GOALS)
def test_every_goal_opens(workspace, open_page, goal, language):
    page = open_page("tags", language=language, new=f"goal:{goal}")
    assert not page.exception


def test_values_are_given_by_hand(workspace, open_page):
    tag(workspace, "sale", {"kind": "given", "type": "enum"})
    page = open_page("tags", tag="sale")
    users = next(each for each in page.text_area if each.label == said("tags.values.users", "en"))
    users.set_value("u1\nu2, nobody")
    text(page, "tags.value").set_value("定金")
    button(page, "tags.values.give").click().run()
    assert workspace.tag_coverage("sale") == (2, 6)
    assert said("tags.values.given", "en", n=2) in [each.value for each in page.success]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "kind", ["bands", "quantiles", "statistic", "preference", "formula", "rules", "given"]
)
def test_every_form_opens(workspace, open_page, kind, language):
    page = open_page("tags", language=language, new=kind)
    assert not page.exception
    assert not page.error


@pytest.mark.parametrize(
    "template", ["lifecycle", "journey", "rfm", "preference", "price", "active_hour", "silence"]
)
def test_every_ready_tag_opens(workspace, open_page, template):
    page = open_page("tags", new=f"ready:{template}")
    assert not page.exception


def test_every_kind_of_tag_can_be_opened_for_a_change(workspace, open_page):
    for proposal in workspace.proposals("rfm"):
        workspace.create_tag(proposal, actor=WU)
    for key in ("rfm_days", "rfm_spend", "rfm_r", "rfm_cell", "city"):
        page = open_page("tags", edit=key)
        assert not page.exception
        assert not page.error, key


def test_the_chooser_finds_ways_by_words(workspace, open_page):
    page = open_page("tags", new="")
    everything = len(page.get("page_link"))
    text(page, "tagmaker.search").set_value("RFM").run()
    assert 0 < len(page.get("page_link")) < everything
