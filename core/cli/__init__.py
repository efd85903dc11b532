"""The command line, `python -m core`: a public contract, described in docs/command-line.md."""

from core.cli.running import main

__all__ = ["main"]
