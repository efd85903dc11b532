"""Who has which ``user_no``: given once, never reused, in the order in which users are first seen."""

from __future__ import annotations

from hashlib import sha256
from itertools import count

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.schema import HASH, USER_ID, USER_NO

KEY_SCHEMA: dict[str, pl.DataType] = {USER_NO: pl.UInt32(), USER_ID: pl.String(), HASH: pl.UInt64()}
_serial = count()


class KeyBook:
    """Gives numbers to ids, fast enough for every row of a large file.

    Ids are interned in a dictionary of Polars' own, whose codes are given in order of first appearance
    from 0: a code *is* the ``user_no``. The dictionary holds each id once and no Python object.

    Parameters
    ----------
    known : polars.Series
        String; the ids known so far; position = ``user_no``.
    """

    def __init__(self, known: pl.Series) -> None:
        self._dtype = pl.Categorical(pl.Categories(f"coterie-keys-{next(_serial)}"))
        # Polars drops the dictionary with the last column that uses it: this one holds it.
        self._anchor = pl.Series([], dtype=self._dtype)
        self.known_count = known.len()
        self.count = 0
        self._new: list[pl.Series] = []
        if self.known_count:
            self.numbers_of(known)
            self._new.clear()
            if self.count != self.known_count:
                raise ValueError("an id stands twice among the known keys")

    def numbers_of(self, ids: pl.Series) -> pl.Series:
        """Return the ``user_no`` (UInt32) of each id, giving new ids the next numbers.

        Parameters
        ----------
        ids : polars.Series
            String without missing values.
        """
        numbers = ids.rechunk().cast(self._dtype).to_physical()
        highest = numbers.max()
        if isinstance(highest, int) and highest >= self.count:
            fresh = (
                pl.DataFrame({USER_NO: numbers, USER_ID: ids})
                .filter(pl.col(USER_NO) >= self.count)
                .unique(USER_NO)
                .sort(USER_NO)
            )
            if fresh.height != highest + 1 - self.count:
                raise AssertionError("ids were not numbered in order of appearance")
            self._new.append(fresh[USER_ID])
            self.count = highest + 1
        return numbers

    def ids_of(self, numbers: pl.Series) -> pl.Series:
        """Return the ids (String) of numbers that were given."""
        return numbers.cat.to(self._dtype).cast(pl.String())

    def new_ids(self) -> pl.Series:
        """Return the ids that had no number before, in order of their new numbers."""
        if not self._new:
            return pl.Series(USER_ID, [], dtype=pl.String())
        return pl.concat(self._new).alias(USER_ID)


def user_hashes(ids: pl.Series) -> NDArray[np.uint64]:
    """Return `core.rules.share.user_hash` of many ids; a million take under a second."""
    digests = b"".join(sha256(text.encode()).digest()[:8] for text in ids.to_list())
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def key_frame(first_no: int, ids: pl.Series) -> pl.DataFrame:
    """Return the keys table for ids that were given consecutive numbers from `first_no`."""
    return pl.DataFrame(
        {
            USER_NO: pl.int_range(first_no, first_no + ids.len(), dtype=pl.UInt32, eager=True),
            USER_ID: ids,
            HASH: pl.Series(HASH, user_hashes(ids)),
        },
        schema=KEY_SCHEMA,
    )
