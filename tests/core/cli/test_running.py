"""What only shows inside the process: faults of our own, and the words of help and tables."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli import main
from core.cli.commands import app
from core.messages import catalogue
from core.workspace import Workspace


def test_a_fault_of_our_own_exits_with_one_and_leaves_a_trace(
    imported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Workspace, "funnel", fail)
    assert main(["funnel", "--workspace", str(imported), "--json"]) == 1
    printed = capsys.readouterr()
    error = json.loads(printed.out)["error"]
    assert (error["code"], error["problems"][0]["code"]) == ("internal", "internal")
    assert "ZeroDivisionError: ours" in printed.err
    assert main(["funnel", "--workspace", str(imported)]) == 1
    assert capsys.readouterr().out == ""


def test_one_bad_line_of_ours_does_not_hide_the_others(
    imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = Workspace.count
    calls: list[int] = []

    def fail_once(self: Workspace, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return count(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Workspace, "count", fail_once)
    empty = '{"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": []}}\n'
    (tmp_path / "rules").write_text(empty * 3)
    assert main(["count", "--workspace", str(imported), "--rules", str(tmp_path / "rules"), "--json"]) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one.get("count", one.get("error", {}).get("code")) for one in found] == [7, "internal", 7]


def test_no_argument_at_all_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "count" in capsys.readouterr().out


def test_data_cannot_speak_to_the_terminal(
    imported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = Workspace.open(imported).listing()
    tags = list(listing.tags)
    bad = tags[0].spec.model_copy(
        update={"label": tags[0].spec.label.model_copy(update={"en": "[red]\x1b[31mx"})}
    )
    tags[0] = type(tags[0])(bad, values=(("[bold]\x1b]0;x\x07", 1),))
    shown = replace(listing, tags=tuple(tags))
    monkeypatch.setattr(Workspace, "listing", lambda _: shown)
    assert main(["tags", "--workspace", str(imported)]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "[red]" in printed


def test_every_command_and_option_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")
    import typer

    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        section = re.search(rf"^## {name}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert section is not None, f"docs/command-line.md has no section on {name}"
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in section[0] or option in text.partition("\n## ")[0], f"{name} {option}"


def test_every_text_of_these_layers_is_used_somewhere() -> None:
    core = Path(__file__).parents[3] / "core"
    code = "\n".join(file.read_text(encoding="utf-8") for file in core.rglob("*.py"))
    put_together = ("column_", *re.findall(r'f"([a-z_]+_)\{', code))
    for layer in ("cli", "workspace", "store", "audiences", "analytics", "report"):
        texts = (core / "messages" / f"{layer}.toml").read_text(encoding="utf-8")
        for key in re.findall(r"^\[(\w+)\]$", texts, re.MULTILINE):
            is_said = re.search(rf"[\"']{key}[\"']", code) or key.startswith(put_together)
            assert is_said, f"{layer}.toml: {key}"
    assert "internal" in catalogue()


def test_a_stopped_import_says_so_and_leaves_the_last_version_in_use(imported: Path, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(imported, root)
    before = (root / "lake" / "CURRENT").read_bytes()
    incoming = root / "lake" / "incoming"
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "import", "--workspace", root, "--plan", "sample_data/plan.toml", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    while not (incoming.is_dir() and any(incoming.iterdir())):
        assert process.poll() is None, "the import ended before it was seen to run"
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert json.loads(printed)["error"]["code"] == "cancelled"
    assert (root / "lake" / "CURRENT").read_bytes() == before
    assert list(incoming.iterdir()) == []
