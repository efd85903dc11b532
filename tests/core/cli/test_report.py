"""The command `report`: one file, whole or not at all, in the language that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.workspace import Workspace
from tests.command_line import core
from tests.core.report.reading import assert_self_contained


def problems(done: object) -> list[str]:
    error = json.loads(done.stdout)["error"]  # type: ignore[attr-defined]
    return [problem["code"] for problem in error["problems"]]


def test_it_writes_one_file_and_says_so(imported: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = core("report", "--workspace", imported, "--out", out, "--only", "overview, rfm")
    assert done.returncode == 0
    assert done.stdout.decode() == f"Wrote the report to {out} (2 analyses).\n"
    assert "Asking: RFM" in done.stderr.decode()
    report = assert_self_contained(out.read_text(encoding="utf-8"))
    assert list(report.sections) == ["overview", "rfm"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("given", "speaks", "lang"), [(None, "zh", "zh-CN"), (None, "en", "en"), ("en", "zh", "en")]
)
def test_it_is_in_the_language_of_the_command_line_or_the_one_asked_for(
    imported: Path, tmp_path: Path, given: str | None, speaks: str, lang: str
) -> None:
    out = tmp_path / "report.html"
    option = () if given is None else ("--lang", given)
    done = core("report", "--workspace", imported, "--out", out, "--only", "members", *option,
                environment={"COTERIE_LANG": speaks})  # fmt: skip
    assert done.returncode == 0
    assert f'<html lang="{lang}">' in out.read_text(encoding="utf-8")


def test_with_json_it_names_the_file(imported: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = core("report", "--workspace", imported, "--out", out, "--only", "rfm", "--by", "city",
                "--as-of", "2019-07-10", "--from", "2019-07-01", "--to", "2019-07-10", "--json")  # fmt: skip
    assert json.loads(done.stdout) == {
        "file": str(out), "analyses": ["rfm"], "lang": "en", "bytes": out.stat().st_size,
    }  # fmt: skip


def test_a_plan_from_a_file(imported: Path, tmp_path: Path) -> None:
    plan, out = tmp_path / "analyses.toml", tmp_path / "report.html"
    plan.write_text('[retention]\ngrain = "month"\n', encoding="utf-8")
    done = core("report", "--workspace", imported, "--out", out, "--plan", plan, "--only", "retention")
    assert done.returncode == 0
    assert "by month" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--only", "overveiw"), "analysis_unknown"),
        (("--only", ","), "report_nothing_chosen"),
        (("--lang", "fr"), "report_language_unknown"),
        (("--by", "nothing"), "split_unknown"),
        (("--as-of", "20190714"), "as_of_unreadable"),
        (("--to", "2030-01-01"), "period_after_data"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(
    imported: Path, tmp_path: Path, options: tuple[str, ...], code: str
) -> None:
    done = core("report", "--workspace", imported, "--out", tmp_path / "report.html", "--json", *options)
    assert done.returncode == 2
    assert problems(done) == [code]
    assert list(tmp_path.iterdir()) == []


def test_it_goes_neither_over_a_folder_nor_into_one_that_is_absent_nor_into_the_workspace(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    for out, code in (
        (tmp_path / "folder", "export_is_folder"),
        (tmp_path / "absent" / "report.html", "export_folder_missing"),
        (root / "lake" / "report.html", "export_inside_workspace"),
    ):
        done = core("report", "--workspace", root, "--out", out, "--json")
        assert (done.returncode, problems(done)) == (2, [code])
        assert done.stderr == b"", "it is refused before anything is counted"


def test_a_report_that_cannot_be_put_in_place_leaves_the_old_one(
    imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report.html"
    out.write_text("the old one", encoding="utf-8")
    replace, failed = Path.replace, list[Path]()

    def full(self: Path, target: Path) -> Path:
        if target == out and not failed:
            failed.append(target)
            raise OSError(28, "No space left on device")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        done = core("report", "--workspace", imported, "--out", out, "--only", "members", "--json")
    assert (done.returncode, problems(done)) == (2, ["export_disk_full"])
    assert out.read_text(encoding="utf-8") == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert core("report", "--workspace", imported, "--out", out, "--only", "members").returncode == 0
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_fault_of_ours_leaves_no_file(
    imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **named: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Workspace, "report", fail)
    assert core("report", "--workspace", imported, "--out", tmp_path / "report.html").returncode == 1
    assert list(tmp_path.iterdir()) == []
