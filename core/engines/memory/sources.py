"""What every kind of condition is answered from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from core.engines.memory.bits import Words
from core.engines.memory.cache import Cache
from core.engines.memory.held import HeldVersion
from core.engines.memory.measures import Measures
from core.engines.memory.tiles import Tiles
from core.rules.tree import Rule


@dataclass(frozen=True)
class Sources:
    """The data of one version, and where what is made of it is remembered.

    Attributes
    ----------
    held : HeldVersion
        The version's columns.
    cache : Cache
        Where masks and measures are remembered.
    tiles : Tiles
        How work on rows is divided.
    measures : Measures
        Values of tags, and what users did.
    answer : callable (rule, as_of) -> mask
        Everyone in the answer to a whole rule, after take.
    """

    held: HeldVersion
    cache: Cache
    tiles: Tiles
    measures: Measures
    answer: Callable[[Rule, date], Words]

    def base(self, as_of: date) -> Words:
        """Return the users who exist at the end of the day."""
        key = ("base", self.held.segments, as_of)
        return self.cache.get(key, lambda: self.held.base(as_of, self.tiles))
