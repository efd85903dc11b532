"""From arguments to exit code: whatever goes wrong is said once, in the form that was asked for.

Exit codes: 0 done; 2 the caller can mend it; 1 our own fault.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer
from typer.exceptions import Exit, TyperException

from core.cli import report
from core.cli.output import prepare_streams, print_error, print_json
from core.errors import CallerError, Cancelled, CoterieError, InternalError, Problem, nearest_name
from core.messages import error_as_json

PROGRAM = "python -m core"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str or None
        None = those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    with_json = "--json" in given
    try:
        return _run(given)
    except BrokenPipeError:
        # The reader (head, less) has seen enough. What is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _report(Cancelled(Problem("cancelled")), with_json=with_json)
    except CoterieError as error:
        return _report(error, with_json=with_json)
    except Exception:  # noqa: BLE001  the outermost frame: everything that is left is a fault of ours
        sys.stderr.write(traceback.format_exc())
        return _report(InternalError(Problem("internal")), with_json=with_json)


def _run(given: list[str]) -> int:
    command = typer.main.get_command(report.app)
    try:
        with _raising_on_terminate(), command.make_context(PROGRAM, given or ["--help"]) as context:
            code = command.invoke(context)
    except Exit as done:
        return done.exit_code
    except TyperException as error:
        raise CallerError(_usage_problem(error, given)) from error
    finally:
        sys.stdout.flush()
    return int(code or 0)


def _report(error: CoterieError, *, with_json: bool) -> int:
    try:
        if with_json:
            print_json(error_as_json(error))
        else:
            print_error(error)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return error.exit_code


def _usage_problem(error: TyperException, given: list[str]) -> Problem:
    """Return what is wrong with the arguments themselves."""
    context = getattr(error, "ctx", None)
    command = context.command if context is not None else typer.main.get_command(report.app)
    commands = tuple(getattr(command, "commands", ()))
    option = getattr(error, "option_name", None)
    if option is not None and type(error).__name__ == "NoSuchOption":
        allowed = tuple(
            sorted(name for param in command.params for name in param.opts if name.startswith("--"))
        )
        return Problem(
            "unknown_option",
            params={"option": option},
            allowed=allowed,
            nearest=nearest_name(option, allowed),
        )
    if type(error).__name__ == "MissingParameter":
        param = getattr(error, "param", None)
        return Problem("option_missing", params={"option": param.opts[0] if param is not None else "?"})
    words = [word for word in given if not word.startswith("-")][_depth(context) :]
    if commands and not words:
        return Problem("command_missing", params={"commands": commands}, allowed=commands)
    if commands and words[0] not in commands:
        return Problem(
            "unknown_command",
            params={"command": words[0]},
            allowed=commands,
            nearest=nearest_name(words[0], commands),
        )
    return Problem("usage", params={"why": error.format_message()})


def _depth(context: Any) -> int:
    """Return how many commands lead to the one at which the arguments went wrong."""
    depth = 0
    while context is not None and context.parent is not None:
        context, depth = context.parent, depth + 1
    return depth


@contextmanager
def _raising_on_terminate() -> Iterator[None]:
    """Let SIGTERM unwind the stack like Ctrl-C, so that unfinished files are taken away."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # another program runs us in a thread; the signal is its own to handle
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
