"""The insight panel's desk: answers what is asked about the present rule, long questions in the background.

An ask carries every question that the panel still lacks an answer to, so it can be repeated without harm:
what is known is given again, what runs goes on, and a long question that an ask no longer carries is
cancelled. That is also how the browser cancels. Nothing is asked, and nothing here runs, while the panel is
closed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakSet

from core.errors import CallerError
from core.messages import LANGUAGES, message_of
from dashboard.builder.desk import fault
from dashboard.builder.protocol import MessageError
from dashboard.builder.questions import QUESTIONS, Asked
from dashboard.i18n import texts

WAIT = 0.05  # seconds for a long question, once, before its answer is "pending": an edit may be behind it
WORKERS = 2

_workers = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="insight")


@dataclass(frozen=True)
class Wanted:
    """One question of an ask.

    Attributes
    ----------
    key : str
        By which the browser recognises the answer.
    kind : str
        Which entry of `QUESTIONS`.
    """

    key: str
    kind: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Ask:
    """What the panel wants to know.

    Attributes
    ----------
    n : int
        Counts up with every ask of a page.
    stamp : str
        The rule, day and data version that it is about.
    """

    n: int
    stamp: str
    questions: tuple[Wanted, ...]


def read_ask(state: object) -> Ask | None:
    """Return the ask in the component's state; None before it has sent any.

    Raises
    ------
    MessageError
        If it has not the form that the component sends.
    """
    if state is None:
        return None
    if not isinstance(state, Mapping) or not isinstance(state.get("n"), int | float):
        raise MessageError("an ask has an n")
    questions = state.get("questions")
    if not isinstance(questions, list | tuple):
        raise MessageError("an ask has questions")
    return Ask(int(state["n"]), str(state.get("stamp")), tuple(_wanted(raw) for raw in questions))


def _wanted(raw: object) -> Wanted:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("args"), Mapping):
        raise MessageError("a question has args")
    return Wanted(str(raw.get("key")), str(raw.get("kind")), raw["args"])


class Job:
    """A long question under way."""

    def __init__(self, ask: Callable[[Asked], Mapping[str, Any]], asked: Asked) -> None:
        self._is_cancelled = threading.Event()
        self.progress: Any = None
        told = replace(asked, progress=self._tell, cancelled=self._is_cancelled.is_set)
        self._future: Future[Mapping[str, Any]] = _workers.submit(ask, told)
        _jobs.add(self)

    def cancel(self) -> None:
        """Let it end as soon as it looks: nobody waits for it any more."""
        self._is_cancelled.set()
        self._future.cancel()

    def wait(self, seconds: float) -> Mapping[str, Any] | None:
        """Return what it found; None while it is under way. Raises what it raised."""
        try:
            return self._future.result(seconds)
        except TimeoutError:
            if self._future.done():
                raise
            return None

    def _tell(self, progress: Any) -> None:
        self.progress = progress


_jobs: WeakSet[Job] = WeakSet()  # of all sessions


@dataclass
class InsightDesk:
    """What one session's panel was told, and what runs for it.

    Attributes
    ----------
    stamp : str
        Which rule, day and data version the answers are about.
    known : dict
        The newest ask's final answers, by key; a page that is drawn again gets them from here.
    jobs : dict
        Long questions under way, by key.
    """

    stamp: str = ""
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def answer(
        self, ask: Ask | None, stamp: str, about: Asked | None, log: Callable[[BaseException], str]
    ) -> dict[str, Any]:
        """Return the answer to an ask, JSON-ready.

        Parameters
        ----------
        stamp : str
            The present rule, day and data version. An ask about others is not answered: the browser asks
            anew when it has the number of the present one.
        about : Asked or None
            The present rule and what is around it, `args` aside; None while the rule cannot be counted.
        log : callable
            Logs a fault of ours and returns its id.

        Returns
        -------
        dict
            ``n``, ``stamp``, and ``answers``: each with its ``key`` and either ``found``, ``error`` (words in
            both languages) or ``pending`` (true, with ``progress`` as the question told it).
        """
        if stamp != self.stamp:
            self.known = {}
            self._keep_jobs(frozenset())
            self.stamp = stamp
        if ask is None or ask.stamp != stamp:
            return {"n": ask.n if ask else 0, "stamp": stamp, "answers": []}
        wanted = {question.key: question for question in ask.questions}
        self._keep_jobs(frozenset(wanted))
        self.known = {key: answer for key, answer in self.known.items() if key in wanted}
        # Quick questions first, and what they found is not kept back until a long one has been answered too.
        missing = [question for key, question in wanted.items() if key not in self.known]
        quick, long = (
            [question for question in missing if _is_long(question) is is_long] for is_long in (False, True)
        )
        for question in quick:
            self._attempt(question, about, log, 0)
        for question in long:
            self._attempt(question, about, log, 0 if quick else WAIT)
        return {
            "n": ask.n,
            "stamp": stamp,
            "answers": [self.known.get(key) or self._pending(key) for key in wanted],
        }

    def _attempt(
        self, question: Wanted, about: Asked | None, log: Callable[[BaseException], str], wait: float
    ) -> None:
        """Answer, or say why not: the browser waits for an answer to every question."""
        key = question.key
        if about is None:
            self.known[key] = {"key": key, "error": dict(texts()["builder.insight.broken"])}
            return
        try:
            found = self._found(question, about, wait)
        except CallerError as error:
            self.known[key] = {"key": key, "error": _words(error)}
        except Exception as error:  # noqa: BLE001  logged under the id that is shown
            self.known[key] = {"key": key, "error": dict(fault(log(error)))}
        else:
            if found is not None:
                self.known[key] = {"key": key, "found": found}
        if key in self.known:
            self.jobs.pop(key, None)

    def _found(self, question: Wanted, about: Asked, wait: float) -> Mapping[str, Any] | None:
        how = QUESTIONS[question.kind]
        asked = replace(about, args=question.args)
        if not how.is_long:
            return how.answer(asked)
        if question.key in self.jobs:
            wait = 0  # whoever asks again has seen that it takes long, and an edit may be behind this look
        else:
            self.jobs[question.key] = Job(how.answer, asked)
        return self.jobs[question.key].wait(wait)

    def _pending(self, key: str) -> dict[str, Any]:
        return {"key": key, "pending": True, "progress": self.jobs[key].progress}

    def _keep_jobs(self, keys: frozenset[str]) -> None:
        for key in [key for key in self.jobs if key not in keys]:
            self.jobs.pop(key).cancel()


def _is_long(question: Wanted) -> bool:
    """Tell whether a question may take long; an unknown one fails at once."""
    how = QUESTIONS.get(question.kind)
    return how is not None and how.is_long


def stop() -> None:
    """Let everything that runs for any session end: the server stops."""
    for job in list(_jobs):
        job.cancel()


def _words(error: CallerError) -> dict[str, str]:
    said = [message_of(problem) for problem in error.problems]
    return {language: " ".join(text[language] for text in said) for language in LANGUAGES}
