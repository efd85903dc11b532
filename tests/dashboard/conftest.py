"""A tiny workspace, and the dashboard's pages run over it without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.workspace import Actor, Workspace
from dashboard import state
from dashboard.analyses import frame

ROOT = Path(__file__).resolve().parents[2]

USERS = """\
user_id,city,title,gmv,phone,registered_on
u1,北京,增长负责人,5200,13800000001,2019-01-05
u2,北京,产品总监,1200,13800000002,2019-02-11
u3,上海,运营经理,8800,13800000003,2019-03-01
u4,上海,,300,,2019-03-02
u5,广州,工程师,,13800000005,2019-05-20
u6,,互联网运营,4100,13800000006,2019-06-30
"""
PURCHASES = """\
user_id,at,amount
u1,2019-07-01 10:00:00,5200
u3,2019-06-20 09:30:00,8800
u6,2019-05-01 20:00:00,4100
"""
PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
[[users]]
source = "users.csv"
id = "user_id"
registered = "registered_on"
[users.tags.city]
column = "city"
type = "enum"
label = {zh = "城市", en = "City"}
[users.tags.title]
column = "title"
label = {zh = "职位", en = "Job title"}
[users.tags.gmv]
column = "gmv"
label = {zh = "总交易额", en = "GMV"}
unit = "元"
[users.tags.phone]
column = "phone"
personal = "phone"
label = {zh = "手机", en = "Phone"}
[[events]]
event = "purchase"
source = "purchases.csv"
user = "user_id"
at = "at"
amount = "amount"
"""

SOMEBODY = Actor("王芳")


@pytest.fixture(scope="session")
def imported_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of six users, imported once: to be copied, not used."""
    folder = tmp_path_factory.mktemp("tiny")
    for name, text in (("users.csv", USERS), ("purchases.csv", PURCHASES), ("plan.toml", PLAN)):
        (folder / name).write_text(text, encoding="utf-8")
    root = folder / "workspace"
    Workspace.create(root).import_plan(folder / "plan.toml", actor=SOMEBODY)
    return root


@pytest.fixture
def workspace_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the dashboard looks for its workspace; nothing is there yet."""
    root = tmp_path / "workspace"
    monkeypatch.setenv(state.WORKSPACE_VARIABLE, str(root))
    state.forget_workspace()
    st.cache_data.clear()
    yield root
    state.forget_workspace()


@pytest.fixture
def workspace(workspace_root: Path, imported_workspace: Path) -> Workspace:
    """The dashboard's workspace, holding the six users."""
    shutil.copytree(imported_workspace, workspace_root)
    return state.workspace()


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """A function that runs the whole dashboard at a page: ``open_page("audiences", language="zh")``."""

    def run(key: str, *, language: str = "en", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
        app.query_params["lang"] = language
        app.run()
        app.switch_page(f"../pages/{key}.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return run


@pytest.fixture(autouse=True)
def no_wait_for_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let charts follow the numbers at once: no browser has to draw them."""
    monkeypatch.setattr(frame, "SECONDS_FOR_NUMBERS", 0)


@pytest.fixture
def somebody() -> Actor:
    """An operator whose name nobody verified."""
    return SOMEBODY


@pytest.fixture
def rule_of() -> Callable[..., dict[str, Any]]:
    """A function that returns a rule of one condition: ``rule_of("city", "is", "北京")``."""

    def make(tag: str, op: str, value: object = None) -> dict[str, Any]:
        condition = {"kind": "tag", "id": "c1", "tag": tag, "op": op, "value": value}
        group = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
        return {"version": 1, "include": group, "exclude": None, "take": None}

    return make
