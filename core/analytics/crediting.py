"""How the credit for a purchase is divided among the touches before it: the models, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import polars as pl

from core.schema import AT, USER_NO

Model = Literal["first", "last", "linear", "position"]
MODELS: tuple[Model, ...] = ("first", "last", "linear", "position")
END_SHARE = 0.4
"""What the first and the last touch get each under the position-based model; those between share the rest."""

_MOST_PAIRS = 4_000_000


def weight_column(model: Model) -> str:
    """Return the column with the credit under a model."""
    return f"weight_{model}"


_WEIGHTS = [weight_column(model) for model in MODELS]


def credited(orders: pl.DataFrame, touches: pl.DataFrame, lookback_days: int, zone: str) -> pl.DataFrame:
    """Return the credit of every purchase, divided among the values of the touches before it.

    A touch is before a purchase if it happened at its moment or earlier, and not earlier than on the
    `lookback_days`-th calendar day before the purchase's.

    Parameters
    ----------
    orders : polars.DataFrame
        ``order`` (unique), ``user_no``, ``at``: one row per purchase.
    touches : polars.DataFrame
        ``user_no``, ``at``, ``kind``, ``value`` (null = none): one row per touch.
    zone : str
        The time zone in which days are cut.

    Returns
    -------
    polars.DataFrame
        ``order``, ``kind``, ``value`` and for each model ``weight_<model>`` between 0 and 1, which add up to
        1 for every purchase; purchases without a touch have no row.
    """
    day = pl.col(AT).dt.convert_time_zone(zone).dt.date().alias("day")
    bought = orders.select("order", USER_NO, AT, day)
    touched = touches.select(
        USER_NO, "kind", "value", pl.col(AT).alias("touched_at"), day.alias("touched_on")
    )
    nothing = _weighed(bought.head(0).join(touched.head(0), on=USER_NO))
    pieces = [
        _weighed(
            some.join(touched, on=USER_NO).filter(
                pl.col("touched_at") <= pl.col(AT),
                pl.col("touched_on") >= pl.col("day").dt.offset_by(f"-{lookback_days}d"),
            )
        )
        for some in _in_pieces(bought, touched)
    ]
    return pl.concat([nothing, *pieces])


def _weighed(paths: pl.DataFrame) -> pl.DataFrame:
    """Return the credit by purchase and value, from one row per purchase and touch."""
    many, place = pl.len().over("order"), pl.int_range(pl.len()).over("order")
    is_first, is_last = pl.col("place") == 0, pl.col("place") == pl.col("many") - 1
    between = (1 - 2 * END_SHARE) / (pl.col("many") - 2)
    shares = {
        "first": is_first.cast(pl.Float64),
        "last": is_last.cast(pl.Float64),
        "linear": 1 / pl.col("many"),
        "position": pl.when(pl.col("many") <= 2)
        .then(1 / pl.col("many"))
        .when(is_first | is_last)
        .then(END_SHARE)
        .otherwise(between),
    }
    return (
        paths.sort("order", "touched_at", "kind", "value")
        .with_columns(many=many, place=place)
        .select("order", "touched_at", "kind", "value", *(shares[m].alias(weight_column(m)) for m in MODELS))
        # Touches in one moment have no order: each gets the mean of what their places get.
        .with_columns(pl.col(_WEIGHTS).mean().over("order", "touched_at"))
        .group_by("order", "kind", "value", maintain_order=True)
        .agg(pl.col(_WEIGHTS).sum())
    )


def _in_pieces(bought: pl.DataFrame, touched: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the purchases of some users at a time, so that they and all their touches make no huge table."""
    pairs = touched.group_by(USER_NO).len("touches").join(bought.group_by(USER_NO).len("orders"), on=USER_NO)
    many = pl.col("touches").cast(pl.Int64) * pl.col("orders")
    piece = (many.cum_sum() - many) // _MOST_PAIRS
    users = pairs.sort(USER_NO).select(USER_NO, piece=piece)
    for (_,), some in users.group_by("piece", maintain_order=True):
        yield bought.join(some.select(USER_NO), on=USER_NO, how="semi")
