"""The Data page: versions, import, bad files; in both languages, and nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Cancelled, Problem
from core.ingest import ImportReport, Progress
from core.workspace import Actor, Workspace
from dashboard import imports, state
from dashboard.imports import ImportDesk, ImportJob
from dashboard.uploads import FILE_LIMIT

LANGUAGES = ("zh", "en")
MEMBERS = "user_id,city,points,phone\nu1,北京,5,13800000001\nu2,上海,7,13800000002\n"
START = {"zh": "开始导入", "en": "Import"}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> ImportDesk:
    """The process's desk, empty and put back afterwards."""
    fresh = ImportDesk()
    for module in ("dashboard.import_form", "dashboard.import_progress"):
        monkeypatch.setattr(f"{module}.desk", fresh)
    monkeypatch.setattr(imports, "desk", fresh)
    return fresh


@pytest.fixture
def at_import(
    open_page: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk
) -> Callable[..., AppTest]:
    def run(language: str = "en") -> AppTest:
        app = open_page("data", language=language)
        return app.segmented_control(key="data_view").set_value("import").run()

    return run


def uploaded(app: AppTest, *files: tuple[str, str | bytes]) -> AppTest:
    box = app.file_uploader[0]
    for name, content in files:
        box.upload(name, content.encode() if isinstance(content, str) else content, "text/csv")
    return box.run()


def said(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(error.value for error in app.error)


def imported(app: AppTest, desk: ImportDesk) -> AppTest:
    app.button(key="data_run").click().run()
    if desk.job is not None:
        desk.job.wait(30)
    return app.run()


def test_the_page_shows_the_version_in_use_and_its_report(
    open_page: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk
) -> None:
    app = open_page("data", language="zh")
    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric}["用户"] == "6"
    assert any("王芳" in caption.value for caption in app.caption)
    tables = " ".join(html.proto.body for html in app.get("html"))
    assert "users.csv" in tables
    assert "purchases.csv → purchase" in tables


def test_an_empty_workspace_begins_with_the_import(
    open_page: Callable[..., AppTest], workspace_root: Path, desk: ImportDesk
) -> None:
    Workspace.create(workspace_root)
    app = open_page("data", language="zh")
    assert not app.exception
    assert app.header[0].value == "还没有数据"
    assert len(app.file_uploader) == 1


def test_a_file_is_uploaded_understood_and_imported(
    at_import: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk
) -> None:
    app = uploaded(at_import(), ("users.csv", MEMBERS))
    assert any("2 rows · 4 columns" in caption.value for caption in app.caption)
    app = imported(app, desk)
    assert not app.exception
    assert any("Imported and in use: 2 users" in box.value for box in app.success)
    assert workspace.data_version().user_count == 2


def test_the_outcome_is_shown_until_it_is_put_away(
    at_import: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk
) -> None:
    app = imported(uploaded(at_import(), ("users.csv", MEMBERS)), desk)
    app = app.button(key="data_put_away").click().run()
    assert len(app.success) == 0
    assert desk.job is None


BAD_FILES = {
    "an empty file": (("users.csv", ""), {"zh": "是空文件", "en": "is empty"}),
    "a kind that is not read": (
        ("run.exe", "MZ"),
        {"zh": "不是能读的文件", "en": "not a kind that can be read"},
    ),
    "a plan that is no TOML": (("plan.toml", "= no"), {"zh": "TOML", "en": "TOML"}),
    "a plan with an unknown zone": (
        ("plan.toml", 'time_zone = "Asia/Shanghia"'),
        {"zh": "Asia/Shanghia", "en": "Asia/Shanghia"},
    ),
    "a plan that names a file elsewhere": (
        ("plan.toml", '[[users]]\nsource = "/etc/passwd"\nid = "user_id"'),
        {"zh": "/etc/passwd", "en": "/etc/passwd"},
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_is_not_taken_says_why_and_changes_nothing(
    at_import: Callable[..., AppTest], workspace: Workspace, case: str, language: str
) -> None:
    before = workspace.data_version().id
    (name, content), words = BAD_FILES[case]
    app = at_import(language)
    # AppTest sends no empty file by itself: the bytes are what the browser would send.
    app = uploaded(app, (name, content))
    assert len(app.error) == 1
    assert words[language] in said(app).replace("\\", "")
    assert workspace.data_version().id == before
    uploads = list(workspace.upload_dir().rglob("*"))
    assert [path for path in uploads if path.is_file()] == []


BAD_ROWS = {
    "ids that stand twice": (MEMBERS + "u1,广州,9,13800000003\n", "", {"zh": "u1", "en": "u1"}),
    "dates that are none": (
        MEMBERS,
        '[[users]]\nsource = "users.csv"\nid = "user_id"\nregistered = "city"',
        {"zh": "第 2 行", "en": "line 2"},
    ),
    "a column that is not there": (
        MEMBERS,
        '[[users]]\nsource = "users.csv"\nid = "user_id"\n[users.tags.ctiy]\n',
        {"zh": "city", "en": "city"},
    ),
    "rows with too few fields": (MEMBERS + "u3\nu4\n", "", {"zh": "第 4 行", "en": "line 4"}),
    "no row at all": ("user_id,city\n", "", {"zh": "", "en": ""}),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", BAD_ROWS)
def test_an_import_that_is_refused_says_where_and_why_and_loses_nothing(
    at_import: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk, case: str, language: str
) -> None:
    before = workspace.data_version().id
    content, plan, words = BAD_ROWS[case]
    files = [("users.csv", content), *([("plan.toml", plan)] if plan else [])]
    app = imported(uploaded(at_import(language), *files), desk)
    assert len(app.error) == 1
    assert words[language] in said(app).replace("\\", "")
    assert desk.job is not None
    assert desk.job.phase == "refused"
    assert workspace.data_version().id == before
    assert app.button(key="data_run").label == START[language]
    assert [path.name for path in workspace.upload_dir().glob("*/*.csv")] == ["users.csv"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_mixed_encodings_are_told_where_the_file_is_looked_at(
    at_import: Callable[..., AppTest], workspace: Workspace, language: str
) -> None:
    mixed = MEMBERS.encode("gb18030") + "u3,广州,9,13800000003\n".encode()
    app = uploaded(at_import(language), ("users.csv", mixed))
    assert len(app.error) == 1
    assert "users.csv" in said(app).replace("\\", "")
    assert workspace.data_version().user_count == 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_above_the_limit_is_refused_by_the_server_as_well(
    at_import: Callable[..., AppTest], workspace: Workspace, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.uploads.FILE_LIMIT", 10)
    app = uploaded(at_import(language), ("users.csv", MEMBERS))
    assert {"zh": "超过每个", "en": "is larger than"}[language] in said(app)
    assert FILE_LIMIT == 200 * 2**20


class Held:
    """An import that goes on until it is asked to stop."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, progress, cancelled) -> ImportReport:
        progress(Progress("progress_reading", 0.25, {"source": "users.csv"}))
        while not self.go.wait(0.005):
            if cancelled():
                raise Cancelled(Problem("import_cancelled"))
        raise AssertionError("nobody lets this import finish")


@pytest.fixture
def running(desk: ImportDesk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ImportJob]]:
    monkeypatch.setattr(state, "session_key", lambda: "this browser")
    begun: list[ImportJob] = []

    def start(owner: str) -> ImportJob:
        begun.append(desk.start(Held(), owner=owner, by="王芳"))
        return begun[-1]

    yield start
    for job in begun:
        job.cancel()
        job.wait(10)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_import_waits_and_is_told_whose_the_first_is(
    at_import: Callable[..., AppTest], running: Callable[[str], ImportJob], language: str
) -> None:
    app = uploaded(at_import(language), ("users.csv", MEMBERS))
    running("another browser")
    app = app.button(key="data_run").click().run()
    assert "王芳" in said(app)
    assert {"zh": "没有开始", "en": "Not started"}[language] in said(app)
    app = app.run()
    assert not [button for button in app.button if button.key == "data_cancel"]


def test_a_running_import_is_shown_again_after_another_page_and_can_be_stopped(
    open_page: Callable[..., AppTest],
    workspace: Workspace,
    running: Callable[[str], ImportJob],
    desk: ImportDesk,
) -> None:
    before = workspace.data_version().id
    job = running("this browser")
    app = open_page("data")
    assert app.button(key="data_cancel").label == "Cancel the import"
    app.switch_page("../pages/audiences.py").run()
    assert job.is_running
    app.switch_page("../pages/data.py").run()
    app.button(key="data_cancel").click().run()
    job.wait(10)
    app = app.run()
    assert job.phase == "cancelled"
    assert any("Cancelled" in info.value for info in app.info)
    assert workspace.data_version().id == before


def test_an_earlier_version_comes_back_after_a_confirmation_and_can_be_undone(
    open_page: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk, tmp_path: Path
) -> None:
    first = workspace.data_version()
    (tmp_path / "users.csv").write_text(MEMBERS, encoding="utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text('[[users]]\nsource = "users.csv"\nid = "user_id"\n', encoding="utf-8")
    workspace.import_plan(plan, actor=Actor("李雷"))
    second = workspace.data_version()
    app = open_page("data")
    app = app.button(key=f"data_use_{first.id}").click().run()
    assert workspace.data_version().id == second.id
    app = app.button(key="data_confirm").click().run()
    assert workspace.data_version().id == first.id
    assert any("Now using" in box.value for box in app.success)
    undo = next(button for button in app.button if button.label == "Undo")
    app = undo.click().run()
    assert not app.exception
    assert workspace.data_version().id == second.id


def test_the_report_of_an_earlier_version_can_be_looked_at(
    open_page: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk, tmp_path: Path
) -> None:
    first = workspace.data_version()
    (tmp_path / "users.csv").write_text(MEMBERS, encoding="utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text('[[users]]\nsource = "users.csv"\nid = "user_id"\n', encoding="utf-8")
    workspace.import_plan(plan, actor=Actor("李雷"))
    app = open_page("data").button(key=f"data_report_{first.id}").click().run()
    assert any("Quality report of the version imported on" in header.value for header in app.header)
    assert "purchases.csv" in " ".join(html.proto.body for html in app.get("html"))


def test_refused_rows_are_listed_and_can_be_downloaded(
    open_page: Callable[..., AppTest], workspace: Workspace, desk: ImportDesk, tmp_path: Path
) -> None:
    (tmp_path / "users.csv").write_text(MEMBERS + "u3,广州,9,2019-07-01\n", encoding="utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        """
        max_reject_share = 1.0
        [[users]]
        source = "users.csv"
        id = "user_id"
        [users.tags.phone]
        type = "date"
        personal = "phone"
        """,
        encoding="utf-8",
    )
    workspace.import_plan(plan, actor=Actor("李雷"))
    app = open_page("data", language="zh")
    tables = " ".join(html.proto.body for html in app.get("html"))
    assert "138****0001" in tables
    assert "13800000001" not in tables
    assert app.download_button[0].label == "下载拒收的 2 行"
