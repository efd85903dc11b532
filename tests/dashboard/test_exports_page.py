"""The page of exports: what was taken away, by whom and why; and the log of everything else."""

import json

import pytest

from core.workspace import ExportRequest
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
