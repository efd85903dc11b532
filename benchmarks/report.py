"""The machine, the tables that are printed, and the results that are kept as JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("polars", "numpy", "duckdb", "chdb", "pandas")
CONSOLE = Console(width=130)


@dataclass(frozen=True)
class Target:
    """A bound that was set before, and what was found.

    Attributes
    ----------
    what : str
        In words.
    found : float
        The ratio (or figure) measured.
    bound : float
        What it should be.
    at_most : bool
        Whether the bound is an upper one.
    """

    what: str
    found: float
    bound: float
    at_most: bool = False
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound


def machine() -> dict[str, Any]:
    """Describe the machine and the versions."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name)) is not None},
        "load_average": os.getloadavg(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str | None:
    """Return a package's version; None where it is not installed, for not every comparison needs all."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def print_medians(title: str, reports: list[dict[str, Any]]) -> None:
    """Print a table of medians, with each peer's ratio to the first engine."""
    table = Table(title=title)
    table.add_column("milliseconds (× the first)")
    for report in reports:
        table.add_column(report["engine"], justify="right")
    for question in reports[0]["questions"]:
        first = reports[0]["questions"][question]["median_ms"]
        cells = [f"{first:,.1f}"]
        for report in reports[1:]:
            other = report["questions"][question]["median_ms"]
            cells.append(f"{other:,.1f} ({other / first:,.1f}×)")
        table.add_row(question, *cells)
    table.add_row("peak memory", *(f"{report['peak_bytes'] / 2**20:,.0f} MiB" for report in reports))
    CONSOLE.print(table)


def print_targets(targets: list[Target]) -> None:
    """Print what was aimed at and what was found."""
    table = Table(title="Targets")
    for column in ("target", "bound", "found", ""):
        table.add_column(column, justify="left" if column == "target" else "right")
    for target in targets:
        sign = "≤" if target.at_most else "≥"
        verdict = "met" if target.met else "[bold red]missed[/]"
        table.add_row(
            target.what,
            f"{sign} {target.bound:g} {target.unit}",
            f"{target.found:,.2f} {target.unit}",
            verdict,
        )
    CONSOLE.print(table)


def keep(name: str, found: dict[str, Any], targets: list[Target]) -> Path:
    """Write results with the machine beside them; return the file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    rows = [
        {
            "what": t.what,
            "bound": t.bound,
            "at_most": t.at_most,
            "found": t.found,
            "unit": t.unit,
            "met": t.met,
        }
        for t in targets
    ]
    content = {"machine": machine(), "targets": rows, **found}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
