"""One module per engine, each with the same four questions answered the best way it knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Protocol

from benchmarks.questions import Five, Followed, Measured

Numbers = list[int]
Ways = dict[str, Callable[[], Numbers]]


class Peer(Protocol):
    """An engine with the data loaded. Each method gives several ways to an answer; the best counts."""

    def ten_numbers(self, five: Five, *, flat: bool) -> Ways:
        """Own counts of the five conditions, then running counts under 且."""
        ...

    def plain_count(self, five: Five, *, flat: bool) -> Ways:
        """The number of users for whom all five hold."""
        ...

    def event_condition(self, asked: Measured) -> Ways:
        """The number of users for whom one event condition holds."""
        ...

    def charts(self, since: date) -> Ways:
        """Four breakdowns of the users registered since a day: the users of each value, descending."""
        ...


class AsksSequences(Peer, Protocol):
    """An engine that is asked for sequences too."""

    def sequence(self, asked: Followed) -> Ways:
        """The number of users with one event, and then within some time another one, or none."""
        ...


NAMES = ("coterie", "duckdb", "chdb", "polars", "pandas")
OF_SEQUENCES = ("coterie", "duckdb")


def load(name: str, folder: Path, threads: int) -> Peer:
    """Load the data into an engine."""
    peer: Peer = import_module(f"benchmarks.peers.{name}_peer").load(folder, threads)
    return peer
