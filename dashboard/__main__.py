"""Start the dashboard: ``python -m dashboard --workspace DIR --port N``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from dashboard import server, state


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl+C; both finish the answers under way first.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line; None = the process's own.
    """
    given = _parser().parse_args(arguments)
    if given.workspace is not None:
        os.environ[state.WORKSPACE_VARIABLE] = str(given.workspace.resolve())
    options = server.options() | {"server.headless": True}
    if given.address is not None:
        options["server.address"] = given.address
    if given.port is not None:
        options["server.port"] = given.port
    if given.watch:
        options |= {"server.fileWatcherType": "auto", "server.runOnSave": True}
    server.application().run(config=options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description=__doc__)
    parser.add_argument(
        "--workspace",
        type=Path,
        help=f"the workspace's folder (default: ${state.WORKSPACE_VARIABLE}, else workspace)",
    )
    parser.add_argument("--port", type=int, help="port to listen on (default 8501)")
    parser.add_argument("--address", help="address to listen on (default 127.0.0.1)")
    parser.add_argument(
        "--watch", action="store_true", help="for development: run again when a source file changes"
    )
    return parser


if __name__ == "__main__":
    main()
