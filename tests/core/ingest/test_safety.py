"""Whatever happens during an import, the last version stays in use: kills, full disks, cancelling, rivals."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import Cancelled, Conflict, ImportRefused
from core.lake.lake import Lake
from tests.core.ingest.workbench import EVENTS, USERS, Workbench, refusal

PLAN = USERS + 'tags = ["city"]\n' + EVENTS + 'amount = "amount"\n'

CHILD = """
import sys
from pathlib import Path
from core.ingest import plan_from_toml, run_import
from core.lake import draft, files, lake as lake_module

folder, moment = Path(sys.argv[1]), sys.argv[2]

def stop():
    print("here", flush=True)
    sys.stdin.read()

def hook(module, name, after=False, only=None):
    original = getattr(module, name)
    def wrapped(*args, **kwargs):
        hit = only is None or only in str(args[0])
        if hit and not after:
            stop()
        result = original(*args, **kwargs)
        if hit and after:
            stop()
        return result
    setattr(module, name, wrapped)

progress = None
match moment:
    case "reading":
        progress = lambda p: stop() if p.code == "progress_reading" and p.share > 0.3 else None
    case "sorting":
        progress = lambda p: stop() if p.code == "progress_sorting" else None
    case "committing":
        progress = lambda p: stop() if p.code == "progress_committing" else None
    case "segment placed":
        hook(draft.Draft, "_version_id")
    case "before the version":
        hook(draft, "write_durably", only="versions")
    case "before CURRENT":
        hook(draft, "write_durably", only="CURRENT")
    case "within CURRENT":
        hook(files.Path, "replace", only="CURRENT")
    case "after CURRENT":
        hook(draft, "write_durably", after=True, only="CURRENT")
run_import(lake_module.Lake(folder / "lake"), plan_from_toml((folder / "plan.toml").read_text()), folder, progress=progress)
"""

MOMENTS = [
    "reading", "sorting", "committing", "segment placed", "before the version", "before CURRENT", "within CURRENT",
    "after CURRENT",
]  # fmt: skip


def _files(bench: Workbench, rows: int) -> None:
    bench.file("users.csv", "user_id,city\n" + "".join(f"u{n},城市{n % 7}\n" for n in range(rows)))
    orders = "".join(f"u{n % rows},2019-07-{1 + n % 14:02},{n}\n" for n in range(rows * 3))
    bench.file("orders.csv", "user_id,paid_at,amount\n" + orders)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_import_leaves_the_last_version_in_use(bench: Workbench, moment: str) -> None:
    _files(bench, 10)
    first = bench.run(PLAN)
    before = bench.users("city")
    _files(bench, 500)
    bench.file("plan.toml", PLAN)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(bench.folder), moment],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"here\n"
    with pytest.raises(Conflict) as error:
        bench.run(PLAN)
    assert "Another import" in refusal(error)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()

    lake = Lake(bench.folder / "lake")
    current = lake.current()
    assert current is not None
    if moment == "after CURRENT":
        assert current.user_count == 500
    else:
        assert current.id == first.version
        assert bench.users("city") == before
    lake.sweep()
    assert list((lake.root / "incoming").iterdir()) == []
    for version in lake.versions():
        assert lake.tables(version).users(["user_no"]).height == version.user_count
        assert lake.tables(version).events("purchase", ["at"]).height == version.event_count
    assert bench.run(PLAN).users == 500
    assert len(bench.users()) == 500


def test_kills_at_random_moments_never_leave_half_a_version(bench: Workbench) -> None:
    _files(bench, 10)
    bench.run(PLAN)
    _files(bench, 20_000)
    bench.file("plan.toml", PLAN)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", CHILD, str(bench.folder), "never"],
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    whole = time.monotonic() - began
    for n in range(4):
        _files(bench, 20_000 + n)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(bench.folder), "never"],
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        )
        time.sleep(whole * (0.55 + 0.12 * n))
        child.kill()
        child.wait()
        lake = Lake(bench.folder / "lake")
        current = lake.current()
        assert current is not None
        assert lake.tables(current).users(["user_no"]).height == current.user_count
        assert lake.tables(current).keys().height >= current.user_count
        assert lake.tables(current).events("purchase", ["at"]).height == current.event_count


def test_a_cancelled_import_changes_nothing(bench: Workbench) -> None:
    _files(bench, 10)
    first = bench.run(PLAN)
    files = sorted(bench.lake.root.rglob("*"))
    _files(bench, 20)
    for answers in range(4):
        asked = iter([False] * answers)
        with pytest.raises(Cancelled) as error:
            bench.run(PLAN, cancelled=lambda asked=asked: next(asked, True))  # type: ignore[misc]
        assert "nothing has changed" in refusal(error)
    current = bench.lake.current()
    assert current is not None
    assert current.id == first.version
    assert sorted(bench.lake.root.rglob("*")) == files


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_a_full_disk_is_a_clear_refusal_wherever_it_strikes(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    _files(bench, 10)
    first = bench.run(PLAN)
    files = sorted(bench.lake.root.rglob("*"))
    _files(bench, 20)
    count = 0
    real = os.fsync

    def full(handle: int) -> None:
        nonlocal count
        count += 1
        if count == nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ImportRefused) as error:
        bench.run(PLAN)
    assert error.value.code == "disk_full"
    assert "disk is full" in refusal(error)
    monkeypatch.undo()
    current = bench.lake.current()
    assert current is not None
    assert current.id == first.version
    bench.lake.sweep()
    assert sorted(bench.lake.root.rglob("*")) == files


def test_a_disk_that_is_really_full_is_a_clear_refusal(bench: Workbench) -> None:
    small = bench.folder / "lake"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("NOT TESTED: a really full disk: this account may not mount a small file system")
    try:
        _files(bench, 10)
        first = bench.run(PLAN)
        rows = 60_000
        orders = "".join(f"u{n},2019-07-01 10:00:{n % 60:02},{n * 7919 % 100_003}\n" for n in range(rows))
        bench.file("orders.csv", "user_id,paid_at,amount\n" + orders)
        with pytest.raises(ImportRefused) as error:
            bench.run(PLAN)
        assert error.value.code == "disk_full"
        current = bench.lake.current()
        assert current is not None
        assert current.id == first.version
        assert len(bench.users()) == 10
    finally:
        # Frames that are still mapped would keep a plain one busy.
        subprocess.run(["umount", "--lazy", str(small)], check=True)
