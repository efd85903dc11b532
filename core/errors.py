"""What can go wrong in core, as one tree, divided by who can mend it.

::

    CoterieError
    ├── CallerError            the caller can mend it: exit code 2, a clear message on the page
    │   ├── RuleError          a rule that cannot be read, or that names what does not exist
    │   ├── PlanError          an import plan that cannot be read or does not fit its files
    │   ├── ImportRefused      the files break a bound that the plan sets; nothing was changed
    │   ├── WorkspaceError     a workspace that is absent, empty, damaged or in use
    │   ├── NotFound           a saved thing, a data version or a member that does not exist
    │   ├── Conflict           somebody else changed the same thing in between
    │   ├── ListRefused        a file that cannot become a list; nothing was changed
    │   ├── ExportRefused      an export that may not be made, or that could not be written
    │   └── Cancelled          the caller stopped the work
    └── InternalError          our own fault: exit code 1

Errors carry inert `Problem` records; `core.messages` turns them into words in both languages.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it is, and the way back.

    Attributes
    ----------
    code : str
        Key of the text in the message catalogue, for example ``"unknown_tag"``.
    node : str or None
        Id of the rule node (or, for plans, the dotted path in the plan) it concerns; None = the whole.
    params : mapping of str to object
        Values that the text names.
    allowed : tuple of str
        What would be accepted in this place; empty where that cannot be listed.
    nearest : str or None
        The allowed name closest to what was given.
    severity : {"error", "warning"}
        A warning does not stop the work.
    """

    code: str
    node: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    severity: Severity = "error"


class CoterieError(Exception):
    """Root of every error that core raises on purpose.

    Parameters
    ----------
    problems : Problem or iterable of Problem
        What is wrong; at least one.
    """

    exit_code = 1

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if not self.problems:
            raise ValueError("an error names at least one problem")
        super().__init__("; ".join(_plain(problem) for problem in self.problems))

    @property
    def code(self) -> str:
        """Code of the first problem, by which programs tell errors apart."""
        return self.problems[0].code


class CallerError(CoterieError):
    """The caller can mend it."""

    exit_code = 2


class RuleError(CallerError):
    """A rule that cannot be read, or that names what does not exist."""


class Unrecorded(RuleError):
    """A question about days of which the data hold no records: an answer would be a misleading 0."""


class PlanError(CallerError):
    """An import plan that cannot be read or does not fit its files."""


class ImportRefused(CallerError):
    """The files break a bound that the plan sets; nothing was changed."""


class WorkspaceError(CallerError):
    """A workspace that is absent, empty, damaged or in use."""


class NotFound(CallerError):
    """A saved thing, a data version or a member that does not exist."""


class Conflict(CallerError):
    """Somebody else changed the same thing in between."""


class ListRefused(CallerError):
    """A file that cannot become a list; nothing was changed."""


class ExportRefused(CallerError):
    """An export that may not be made, or that could not be written."""


class Cancelled(CallerError):
    """The caller stopped the work."""


class InternalError(CoterieError):
    """Our own fault."""


def nearest_name(given: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name closest to what was given, or None when none is close.

    Parameters
    ----------
    given : str
        What the caller wrote.
    allowed : iterable of str
        The names that exist.
    """
    by_lower = {name.lower(): name for name in allowed}
    matches = difflib.get_close_matches(given.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[matches[0]] if matches else None


def _plain(problem: Problem) -> str:
    """Return the problem for logs and tracebacks, where no language has been chosen."""
    where = f" at {problem.node}" if problem.node else ""
    return f"{problem.code}{where} {dict(problem.params)}" if problem.params else f"{problem.code}{where}"
