"""An import being prepared by one browser: its files, what was understood of them, and the plan so far.

It knows no widgets. Everything that changes is written to the draft's folder at once, so that a page switch,
a reload or a restart of the server loses nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from core.errors import CallerError, PlanError, Problem
from core.ingest import (
    ImportPlan,
    SourceInspection,
    inspect_source,
    plan_from_toml,
    plan_to_toml,
    propose_plan,
)
from core.ingest.plan import EventsSource, UsersSource
from core.schema import TagType
from dashboard.plan_form import SourceForm, Trouble, forms_of, plan_of, troubles, turned, with_columns
from dashboard.uploads import PLAN_FILE, DraftFolder, Uploaded, UploadRefused, readable_bytes, safe_name

PLAN_LIMIT = 2**20
"""Bytes that an uploaded plan may have."""

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data"


class ImportDraft:
    """One browser's unfinished import.

    Parameters
    ----------
    folder : DraftFolder
        Where its files and its plan lie.
    data_folder : pathlib.Path or None
        The configured folder; apart from the draft's own, the only one whose files may be named.
    time_zone : str
        Zone of a plan that is guessed from files.

    Attributes
    ----------
    plan : ImportPlan
        The last plan that was whole; what the forms do not show comes from here.
    forms : tuple of SourceForm
        The sources as the operator sees them, perhaps not whole yet.
    inspections : dict of str to SourceInspection
        What each file holds, by its path in the plan.
    unreadable : dict of str to CallerError
        Why a file could not be looked into.
    epoch : int
        Rises when the forms are made anew, so that the page's widgets are too.
    """

    def __init__(self, folder: DraftFolder, data_folder: Path | None, time_zone: str) -> None:
        self.folder = folder
        self._data_folder = data_folder
        self.epoch = 0
        self.inspections: dict[str, SourceInspection] = {}
        self.unreadable: dict[str, CallerError] = {}
        self.forms: tuple[SourceForm, ...] = ()
        self.plan = ImportPlan(time_zone=time_zone)
        if folder.plan_file.is_file():
            self.plan = plan_from_toml(folder.plan_file.read_text(encoding="utf-8"))
        self._show(self.plan)

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a file nor a plan."""
        return not self.forms

    def add_uploads(self, files: Sequence[Uploaded]) -> None:
        """Keep what the browser sent: data files are looked into and added to the plan, a plan replaces it.

        Raises
        ------
        UploadRefused
            A file that cannot be kept; nothing was.
        PlanError
            A plan that cannot be read; nothing was kept.
        """
        plans = [file for file in files if file.name.lower().endswith(".toml")]
        if len(plans) > 1:
            raise UploadRefused("data.upload.two_plans", {})
        plan = self._read(_text_of(plans[0])) if plans else None
        added = self.folder.add(file for file in files if file not in plans)
        for path in added:
            self.inspections.pop(path.name, None)
        self._take(plan, [path.name for path in added])

    def add_paths(self, paths: Iterable[Path]) -> None:
        """Add files of the configured folder, named by their full paths."""
        self._take(None, [str(path) for path in paths])

    def use_sample(self) -> None:
        """Begin anew with the sample: its files and its plan."""
        self.folder.clear()
        self.folder.path.mkdir(parents=True)
        for path in sorted(SAMPLE.iterdir()):
            if path.suffix in (".csv", ".gz"):
                shutil.copyfile(path, self.folder.path / path.name)
        self.inspections.clear()
        self._show(self._read((SAMPLE / PLAN_FILE).read_text(encoding="utf-8")))
        self._keep()

    def remove(self, source: str) -> None:
        """Take a file out of the draft; an uploaded one is deleted."""
        self.folder.remove(source)
        self.inspections.pop(source, None)
        self._replace([form for form in self.forms if form.source != source])
        self.epoch += 1

    def clear(self) -> None:
        """Forget everything, the uploaded files too."""
        self.folder.clear()
        self.inspections.clear()
        self._show(ImportPlan(time_zone=self.plan.time_zone))

    def change(self, number: int, form: SourceForm) -> None:
        """Put in a corrected form; rows of another kind get the nearest roles."""
        before = self.forms[number]
        if form.holds != before.holds:
            form = turned(replace(form, holds=before.holds), form.holds)
            self.epoch += 1
        self._replace([form if n == number else other for n, other in enumerate(self.forms)])

    def set_plan(self, **settings: Any) -> None:
        """Change settings of the plan that belong to no source."""
        given = {name: getattr(self.plan, name) for name in self.plan.model_fields_set}
        self.plan = ImportPlan.model_validate({**given, **settings})
        self._keep()

    def set_text(self, text: str) -> None:
        """Take the plan from its text.

        Raises
        ------
        PlanError
            If it cannot be read, or names files that may not be; the draft stays as it was.
        """
        self._show(self._read(text))
        self._keep()

    def troubles(self) -> tuple[Trouble, ...]:
        """Return everything that keeps the draft from being imported."""
        return troubles(self.forms)

    def whole_plan(self) -> ImportPlan:
        """Return the plan that the forms say; only without `troubles`."""
        inferred: dict[str, dict[str, TagType]] = {
            source: {column.name: column.type for column in inspection.columns}
            for source, inspection in self.inspections.items()
        }
        return plan_of(self.plan, self.forms, inferred)

    def text(self) -> str:
        """Return the plan as text; while the forms are not whole, the last that was."""
        return plan_to_toml(self.plan if self.troubles() else self.whole_plan())

    def absent(self) -> list[str]:
        """Return the files that the plan names and that are not there yet."""
        return [source for source in _files_of(self.plan) if not self._exists(source)]

    def _read(self, text: str) -> ImportPlan:
        """Return a plan whose files lie where the draft's do; folders in relative paths fall away.

        Files come through the browser without their folders. An absolute path must lead into the configured
        folder: other browsers' uploads are below the workspace too.
        """
        plan = plan_from_toml(text)
        sources: dict[str, str] = {}
        for source in _files_of(plan):
            if not Path(source).is_absolute():
                sources[source] = PurePath(source.replace("\\", "/")).name
            elif self._data_folder is None or not Path(source).is_relative_to(self._data_folder):
                raise PlanError(Problem("path_not_allowed", params={"path": source}))
        return _with_sources(plan, sources)

    def _take(self, plan: ImportPlan | None, sources: Sequence[str]) -> None:
        """Show a new plan, else the present one with what is guessed for files that it does not know."""
        plan = plan or (self.plan if self.troubles() else self.whole_plan())
        known = {PurePath(source).name for source in _files_of(plan)}
        unknown = [source for source in sources if PurePath(source).name not in known]
        for source in unknown:
            guessed = self._guess(source, plan.time_zone)
            given = {name: getattr(plan, name) for name in plan.model_fields_set}
            plan = ImportPlan.model_validate(
                {**given, "users": [*plan.users, *guessed.users], "events": [*plan.events, *guessed.events]}
            )
        self._show(plan)
        self._keep()

    def _guess(self, source: str, time_zone: str) -> ImportPlan:
        """Return what a file looks like; nothing, when no column could be the id or it cannot be read.

        Then its form asks, or says what is wrong with the file.
        """
        try:
            return propose_plan(
                [source], time_zone, base_dir=self.folder.path, allowed_roots=self._readable()
            )
        except CallerError:
            return ImportPlan()

    def _show(self, plan: ImportPlan) -> None:
        self.plan = plan
        named = set(_files_of(plan))
        unused = [path.name for path in self.folder.files() if path.name not in named]
        unused += [form.source for form in self.forms if _is_elsewhere(form) and form.source not in named]
        self.forms = tuple(self._looked_into(form) for form in forms_of(plan, unused))
        self.epoch += 1

    def _looked_into(self, form: SourceForm) -> SourceForm:
        if form.is_query or not self._exists(form.source):
            return form
        if form.source not in self.inspections:
            try:
                self.inspections[form.source] = inspect_source(
                    form.origin or form.source, self.folder.path, allowed_roots=self._readable()
                )
            except CallerError as error:
                self.unreadable[form.source] = error
                return form
        self.unreadable.pop(form.source, None)
        return with_columns(form, self.inspections[form.source])

    def _replace(self, forms: Sequence[SourceForm]) -> None:
        self.forms = tuple(forms)
        self._keep()

    def _keep(self) -> None:
        if self.forms:
            self.folder.write_plan(self.text())

    def _readable(self) -> list[Path]:
        return [self.folder.path, *([self._data_folder] if self._data_folder else [])]

    def _exists(self, source: str) -> bool:
        return any(self.folder.path.glob(source)) if not Path(source).is_absolute() else Path(source).exists()


def _files_of(plan: ImportPlan) -> list[str]:
    sources: list[UsersSource | EventsSource] = [*plan.users, *plan.events]
    named = [source.source for source in sources if source.source is not None]
    return list(dict.fromkeys([*named, *(file.source for file in plan.files.values())]))


def _with_sources(plan: ImportPlan, renamed: Mapping[str, str]) -> ImportPlan:
    """Return the plan with some of its paths written otherwise."""

    def moved(source: Any) -> Any:
        return source.model_copy(update={"source": renamed.get(source.source, source.source)})

    return plan.model_copy(
        update={
            "users": tuple(moved(source) for source in plan.users),
            "events": tuple(moved(source) for source in plan.events),
            "files": {name: moved(file) for name, file in plan.files.items()},
        }
    )


def _is_elsewhere(form: SourceForm) -> bool:
    return Path(form.source).is_absolute() and not form.is_query


def _text_of(file: Uploaded) -> str:
    if file.size > PLAN_LIMIT:
        params: dict[str, object] = {"file": safe_name(file.name), "limit": readable_bytes(PLAN_LIMIT)}
        raise UploadRefused("data.upload.plan_too_large", params)
    try:
        return bytes(file.getbuffer()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UploadRefused("data.upload.plan_encoding", {"file": safe_name(file.name)}) from error
