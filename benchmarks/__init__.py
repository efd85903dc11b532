"""Comparisons with DuckDB, ClickHouse (chdb), Polars and pandas: same data, same machine, same run."""
