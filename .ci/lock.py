"""Write requirements*.txt: the direct dependencies of pyproject.toml and all they bring along, as installed.

``make lock`` runs it in `.venv`, after a change of pyproject.toml has been installed and tested. It asks no
registry: what is pinned is what was tested.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILES = {"": "requirements.txt", "dev": "requirements-dev.txt", "bench": "requirements-bench.txt"}


def direct(group: str) -> list[Requirement]:
    """Return the direct dependencies of a group of pyproject.toml; "" = what it takes to run."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][group] if group else project["dependencies"]
    return [Requirement(line) for line in lines]


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Return name and installed version of the requirements and of everything they need on this machine."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, extra) for requirement in requirements for extra in ("", *requirement.extras)]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        installed = distribution(name)
        found[name] = installed.version
        for line in installed.requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed, wanted) for wanted in ("", *needed.extras)]
    return found


def lock() -> dict[str, str]:
    """Return the text of each requirements file by its name."""
    run = closure(direct(""))
    texts = {}
    for group, file in FILES.items():
        pins = run if group == "" else closure(direct(group))
        lines = [f"{name}=={version}" for name, version in pins.items() if group == "" or name not in run]
        first = ["# Written by `make lock` from pyproject.toml, where each direct dependency has its reason."]
        texts[file] = "\n".join([*first, *(["-r requirements.txt"] if group else []), *sorted(lines)]) + "\n"
    return texts


def pinned(text: str) -> dict[str, str]:
    """Return name and version of each line that pins one."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, flags=re.MULTILINE))


if __name__ == "__main__":
    for name, text in lock().items():
        (ROOT / name).write_text(text, encoding="utf-8")
