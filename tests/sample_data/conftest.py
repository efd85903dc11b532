"""The sample as its files give it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

SAMPLE = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="session")
def files() -> dict[str, pl.DataFrame]:
    """Every committed CSV by name, times as naive local datetimes."""
    tables = {}
    for path in SAMPLE.glob("*.csv"):
        table = pl.read_csv(path, schema_overrides={"phone": pl.String}, infer_schema_length=None)
        tables[path.stem] = table.with_columns(
            pl.col(name).str.to_datetime("%Y-%m-%d %H:%M") for name in table.columns if name.endswith("at")
        )
    return tables
