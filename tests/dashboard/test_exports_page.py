"""The page of exports: what was taken away, by whom and why; and the log of everything else."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from core.workspace import Action, ExportRequest, GivenRow, TagDefinition
from dashboard.i18n import said


@pytest.fixture
def exported(workspace, rule_of, somebody):
    """Two exports: 北京 for analysis, big spenders for contact with phones shown."""
    for rule, purpose, fields, reason, name in (
        (rule_of("city", "is", "北京"), "analysis", ("city", "phone"), "", "北京用户"),
        (rule_of("gmv", "gt", 3000), "contact", ("phone",), "闭门会邀请", "大额"),
    ):
        workspace.export(
            ExportRequest(
                rule=workspace.parse(rule),
                actor=somebody,
                purpose=purpose,
                fields=fields,
                reason=reason,
                audience_name=name,
            )
        )
    return workspace


def headings(page):
    return [expander.label.replace("\\", "") for expander in page.expander]


def html(page):
    return " ".join(element.proto.body for element in page.get("html"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_exports_the_page_teaches_what_they_are(workspace, open_page, language):
    page = open_page("exports", language=language)
    assert page.header[0].value == said("exports.empty.title", language)


def test_every_export_is_listed_newest_first_with_people_purpose_and_who(exported, open_page):
    first, second = headings(open_page("exports"))
    assert first.startswith("**大额** · 3 people · Contact · 王芳 (not verified) · ")
    assert second.startswith("**北京用户** · 2 people · Analysis · ")


def test_an_export_says_its_rule_fields_reason_and_checksum(exported, open_page):
    text = html(open_page("exports", language="zh"))
    record = exported.exports()[0]
    for fact in (
        record.sentence["zh"],
        "手机",
        "闭门会邀请",
        record.sha256,
        record.data_version,
        "2019-07-14",
    ):
        assert fact in text


def test_search_and_purpose_narrow_the_list(exported, open_page):
    page = open_page("exports")
    page.text_input(key="exports_search").set_value("闭门会").run()
    assert len(headings(page)) == 1
    page.text_input(key="exports_search").set_value("").run()
    page.segmented_control(key="exports_purpose").set_value("analysis").run()
    assert [heading.split(" · ")[0] for heading in headings(page)] == ["**北京用户**"]


def test_the_manifest_holds_the_record_and_no_personal_value(workspace, open_page, rule_of, somebody):
    workspace.export(
        ExportRequest(
            rule=workspace.parse(rule_of("phone", "is", "13800000001")),
            actor=somebody,
            purpose="contact",
            fields=("phone",),
            reason="回访",
        )
    )
    page = open_page("exports")
    assert "13800000001" not in html(page)
    assert len(page.get("download_button")) == 1


def test_the_log_names_imports_saves_exports_and_reveals(exported, open_page, rule_of, somebody):
    exported.save_audience(name="北京用户", rule=rule_of("city", "is", "北京"), actor=somebody)
    exported.log_reveal(["phone"], "preview", somebody)
    text = html(open_page("exports", language="zh"))
    for words in (
        "导入数据",
        "6 个用户",
        "保存人群",
        "北京用户",
        "导出名单",
        "查看个人信息",
        "手机",
        "王芳（未经验证）",
    ):
        assert words in text
    assert json.dumps("13800000001") not in text


def test_every_kind_of_entry_says_its_detail(workspace, open_page, rule_of, somebody):
    """Everything that is ever logged is done once; the page tells of each, in both languages."""
    kept = workspace.save_audience(name="北京用户", rule=rule_of("city", "is", "北京"), actor=somebody)
    workspace.rename_audience(kept.id, "北京", actor=somebody)
    workspace.duplicate_audience(kept.id, actor=somebody, name="副本")
    workspace.delete_audience(workspace.audience("副本").id, actor=somebody)
    back = workspace.deleted_audiences()[0].audience.id
    workspace.restore_audience(back, actor=somebody)
    workspace.delete_audience(back, actor=somebody)
    workspace.purge_audience(back, actor=somebody)
    workspace.put_by_hand(kept.id, ["u3"], is_added=True, reason="认识", actor=somebody)
    workspace.put_by_hand(kept.id, ["u1"], is_added=False, reason="认识", actor=somebody)
    workspace.forget_by_hand(kept.id, ["u3"], actor=somebody)
    workspace.take_snapshot(kept.id, actor=somebody)
    workspace.arrange_audience(kept.id, revision=2, actor=somebody, folder="甲")
    workspace.export(ExportRequest(rule=workspace.parse(rule_of("city", "is", "北京")), actor=somebody))
    workspace.log_reveal(["phone"], "build", somebody)
    people = workspace.members_frame(workspace.parse(rule_of("city", "is", "北京")))["user_id"].to_list()
    for _ in range(2):
        file = workspace.upload_dir() / "list.csv"
        file.write_text("user_id\n" + "\n".join(people) + "\n", encoding="utf-8")
        workspace.add_list("名单", file, actor=somebody, replaces=True)
    workspace.remove_list("名单", actor=somebody)
    bands = {"kind": "bands", "of": "gmv", "edges": [0, 1000], "labels": [None, "低", "高"]}
    given = {"kind": "given", "type": "enum"}
    for key, making in (("one", bands), ("two", bands), ("hand", given)):
        label = {"zh": key, "en": key}
        definition = TagDefinition.from_json({"key": key, "label": label, "making": making})
        workspace.create_tag(definition, actor=somebody)
    workspace.update_tag(replace(workspace.tag("one").definition, unit="档"), version=1, actor=somebody)
    workspace.merge_tags("one", "two", actor=somebody)
    workspace.pause_tag("two", actor=somebody)
    workspace.give_values("hand", [GivenRow("u1", "好"), GivenRow("u2", "好")], actor=somebody)
    workspace.refresh(actor=somebody)
    workspace.set_refresh_timer(6, actor=somebody)
    workspace.set_refresh_timer(None, actor=somebody)
    workspace.activate(workspace.data_versions()[0].id, somebody)
    done = {entry.action for entry in workspace.log(1000)}
    assert done == set(get_args(Action))
    told = next(entry.detail for entry in workspace.log(1000) if entry.action == "refresh")
    for language, words in (
        ("zh", ("移出 1 人", "1 人改回按规则", "并入 two", "2 人的取值", "每天 06:00 刷新", "不再每天刷新", f"完成：{told['tags']} 个标签，{told['audiences']} 个人群")),
        ("en", ("1 removed", "merged into two", "values of 2 people", "refresh every day at 06:00")),
    ):  # fmt: skip
        page = open_page("exports", language=language)
        assert not page.exception
        assert not page.error
        text = html(page)
        for word in words:
            assert word in text, word
