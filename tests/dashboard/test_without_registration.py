"""Overview and retention of data that do not say since when people are users: the pages say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.messages import say
from core.workspace import Actor, Workspace

PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
[[users]]
source = "users.csv"
id = "user_id"
[[events]]
event_column = "event"
source = "events.csv"
user = "user_id"
at = "at"
"""
EVENTS = "user_id,at,event\nu1,2019-05-01,view\nu1,2019-05-01,purchase\nu1,2019-07-02,purchase\nu2,2019-07-03,view\n"


def test_the_pages_say_that_it_is_not_known_who_is_new(
    workspace_root: Path, tmp_path: Path, open_page: Callable[..., AppTest]
) -> None:
    (tmp_path / "users.csv").write_text("user_id\nu1\nu2\nu3\n", encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    Workspace.create(workspace_root).import_plan(tmp_path / "plan.toml", actor=Actor("test"))
    page = open_page("overview")
    assert not page.exception
    assert not page.error
    drawn = [element.proto.json for element in page.get("bidi_component")]
    assert any("No day of registration in the data" in each for each in drawn)
    page = open_page("retention")
    assert not page.exception
    assert not page.error
    assert say("channels_no_arrivals")["en"] in [each.value for each in page.info]
