"""Habits: who did something in some spans and not in others, and who does it again and again."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import and_, or_

import numpy as np
import polars as pl

from core.engines.memory import per_user
from core.engines.memory.bits import Words, everybody, scatter
from core.engines.memory.events import Partition, both, chosen_of
from core.engines.memory.per_user import PerUser
from core.engines.memory.sources import Sources
from core.rules.literal_conditions import LiteralDid, LiteralRegular


def did(asked: LiteralDid, sources: Sources, as_of: date) -> Words:
    """Return the users who did it in all of some spans and in none of others."""
    in_all = [sources.measures.did(measured, as_of) for measured in asked.in_all]
    in_none = [sources.measures.did(measured, as_of) for measured in asked.in_none]
    everyone = everybody(sources.held.user_count)
    return reduce(and_, in_all, everyone) & ~reduce(or_, in_none, everyone & ~everyone)


def regular(asked: LiteralRegular, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - as for all kinds
    """Return the users who did it often enough in enough blocks."""
    partition = sources.held.partition(asked.measured.event)
    where = sources.measures.chosen(partition, asked.measured)
    block_of = _block_of_days(asked, partition)
    enough: dict[int, PerUser] = {}

    def work(start: int, stop: int) -> None:
        flags = None if where is None else where[start:stop]
        chosen = both(flags, partition.within(asked.measured.common_span, start, stop))
        rows, days = (
            chosen_of(partition.rows[start:stop], chosen),
            chosen_of(partition.days[start:stop], chosen),
        )
        often = per_user.often(rows, block_of.gather(days), asked.at_least)
        enough[start] = per_user.counted(often)

    sources.tiles.each(partition.pieces, work)
    blocks = per_user.joined([enough[start] for start, _ in partition.pieces])
    numbers = blocks.values if isinstance(blocks.values, pl.Series) else pl.Series(blocks.values)
    return scatter(blocks.rows[(numbers >= asked.enough).to_numpy()], sources.held.user_count)


def _block_of_days(asked: LiteralRegular, partition: Partition) -> pl.Series:
    """Return by day of the partition, from its origin, the number of the block that it lies in."""
    firsts = [(block.first or date.min).toordinal() for block in asked.blocks]
    days = np.arange(partition.day_count) + (partition.origin + date(1970, 1, 1).toordinal())
    return pl.Series(np.maximum(np.searchsorted(firsts, days, side="right") - 1, 0).astype(np.uint32))
