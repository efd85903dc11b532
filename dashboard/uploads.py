"""Files that came through the browser: kept below the workspace under safe names, bounded, swept when old.

Every browser has one folder, its *import draft*: the files as they were uploaded and ``plan.toml``, the plan
as it stands in the form. So a draft survives a page switch, a reload and a restart of the server.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

FILE_LIMIT = 200 * 2**20
"""Bytes that one file may have to come through the browser; a larger one is named by its path."""

DRAFT_LIMIT = 2 * 2**30
"""Bytes that all files of one draft may have together."""

FILES_LIMIT = 50
"""Files that one draft may hold."""

KEPT_SECONDS = 7 * 24 * 3600
"""How long a draft that nobody touches is kept."""

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xlsx", ".parquet")
"""Endings of the files that an import reads."""

PLAN_FILE = "plan.toml"

_NAME_BYTES = 120
_UNSAFE = re.compile(r"""[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\\/<>:"'|?*\[\]{}$`;&!~]""")


class Uploaded(Protocol):
    """What a browser sent: a name and its bytes."""

    name: str
    size: int

    def getbuffer(self) -> memoryview:
        """Return the bytes without copying them."""
        ...


class UploadRefused(Exception):
    """A file that is not kept. Nothing of it was written.

    Attributes
    ----------
    key : str
        Key of the text that says why.
    params : dict of str to object
        Values that the text names.
    """

    def __init__(self, key: str, params: dict[str, object]) -> None:
        super().__init__(f"{key} {params}")
        self.key = key
        self.params = params


class DraftFolder:
    """The folder of one browser's import draft.

    Parameters
    ----------
    root : pathlib.Path
        The workspace's folder for uploads.
    owner : str
        Whose draft it is, any text; the folder's name is its hash, so that it cannot leave `root`.
    """

    def __init__(self, root: Path, owner: str) -> None:
        self.path = root / hashlib.sha256(owner.encode()).hexdigest()[:24]

    @property
    def plan_file(self) -> Path:
        """Where the plan of the draft lies."""
        return self.path / PLAN_FILE

    def files(self) -> list[Path]:
        """Return the uploaded files by name, the plan left out."""
        if not self.path.is_dir():
            return []
        return sorted(
            p for p in self.path.iterdir() if p.is_file() and p.name != PLAN_FILE and p.suffix != ".part"
        )

    def add(self, files: Iterable[Uploaded]) -> list[Path]:
        """Keep what came from the browser; a file of the same name is replaced.

        Parameters
        ----------
        files : iterable of Uploaded
            One or several. All are looked at before the first is written.

        Returns
        -------
        list of pathlib.Path
            Where they lie now, in the order given.

        Raises
        ------
        UploadRefused
            An empty file, one that is too large or of a kind that is not read, two of one name, too many,
            or a full disk.
        """
        wanted = {self._checked_name(file): file for file in self._distinct(files)}
        kept = {path.name: path.stat().st_size for path in self.files()} | {
            n: f.size for n, f in wanted.items()
        }
        if len(kept) > FILES_LIMIT:
            raise UploadRefused("data.upload.too_many", {"limit": FILES_LIMIT})
        if sum(kept.values()) > DRAFT_LIMIT:
            raise UploadRefused("data.upload.too_much", {"limit": readable_bytes(DRAFT_LIMIT)})
        self.path.mkdir(parents=True, exist_ok=True)
        return [self._write(self.path / name, file) for name, file in wanted.items()]

    def write_plan(self, text: str) -> None:
        """Keep the plan of the draft, whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.plan_file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(self.plan_file)

    def remove(self, name: str) -> None:
        """Forget one uploaded file; a name that is not there is nothing to do."""
        for path in self.files():
            if path.name == name:
                path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget the whole draft: its files and its plan."""
        if self.path.is_dir():
            shutil.rmtree(self.path)

    def _distinct(self, files: Iterable[Uploaded]) -> list[Uploaded]:
        taken: dict[str, Uploaded] = {}
        for file in files:
            name = safe_name(file.name)
            if name in taken:
                raise UploadRefused("data.upload.same_name", {"file": name})
            taken[name] = file
        return list(taken.values())

    def _checked_name(self, file: Uploaded) -> str:
        name = safe_name(file.name)
        if not name.lower().endswith(SUFFIXES):
            raise UploadRefused("data.upload.kind", {"file": name, "allowed": " ".join(SUFFIXES)})
        if file.size == 0:
            raise UploadRefused("data.upload.empty", {"file": name})
        if file.size > FILE_LIMIT:
            raise UploadRefused("data.upload.too_large", {"file": name, "limit": readable_bytes(FILE_LIMIT)})
        return name

    def _write(self, path: Path, file: Uploaded) -> Path:
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as out:
                out.write(file.getbuffer())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UploadRefused(
                "data.upload.disk", {"file": path.name, "why": error.strerror or ""}
            ) from error
        return path


def safe_name(given: str) -> str:
    """Return a file name that cannot leave its folder, hide or break a terminal; Chinese stays as it is.

    Parameters
    ----------
    given : str
        The name that the browser sent, perhaps a path.
    """
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    name = _UNSAFE.sub("_", name).strip(" .") or "file"
    if name.lower() == PLAN_FILE:
        name = "_" + name
    stem, dot, ending = name.partition(".")
    while len(name.encode()) > _NAME_BYTES and stem:
        stem = stem[:-1]
        name = f"{stem}{dot}{ending}"
    return name if len(name.encode()) <= _NAME_BYTES else hashlib.sha256(name.encode()).hexdigest()[:24]


def sweep(root: Path, *, now: float | None = None) -> int:
    """Forget the drafts that nobody touched for `KEPT_SECONDS`; return how many.

    Parameters
    ----------
    root : pathlib.Path
        The workspace's folder for uploads.
    now : float, optional
        Seconds since the epoch; the present by default.
    """
    present = time.time() if now is None else now
    folders = [p for p in root.iterdir() if p.is_dir()] if root.is_dir() else []
    old = [folder for folder in folders if present - _last_touched(folder) > KEPT_SECONDS]
    for folder in old:
        shutil.rmtree(folder)
    return len(old)


def files_below(folder: Path, *, limit: int = 1000) -> list[Path]:
    """Return the readable files below the configured folder, relative to it, by name; at most `limit`.

    A link that leads out of the folder is left out.
    """
    found: list[Path] = []
    inside = folder.resolve()
    for path in sorted(inside.rglob("*")):
        if len(found) == limit:
            break
        if path.name.lower().endswith(SUFFIXES) and path.is_file() and path.resolve().is_relative_to(inside):
            found.append(path.relative_to(inside))
    return found


def readable_bytes(size: int) -> str:
    """Return a size for people: "3.4 MB"; units of 1024."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} TB"


def _last_touched(folder: Path) -> float:
    return max((p.stat().st_mtime for p in folder.rglob("*")), default=folder.stat().st_mtime)
