"""Rows from a database through SQLAlchemy, read in pieces, in a transaction that cannot write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import sqlalchemy as sa

from core.errors import ImportRefused, PlanError, Problem
from core.ingest.sql import check_database_query

ENV_PREFIX = "env:"
# From the page, only databases that whoever runs the service has named for imports can be read.
SOURCE_VARIABLE_PREFIX = "COTERIE_SOURCE_"
_ROWS_AT_ONCE = 50_000


def read_database(url: str, query: str, folder: Path, node: str, *, restricted: bool) -> Path:
    """Write a query's result below `folder` as one Parquet file; returns its path.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, or ``env:NAME`` of a variable that holds one.
    query : str
        One SELECT.
    folder : pathlib.Path
        Exists; for the result.
    node : str
        Place in the plan, for messages. The URL is in no message.
    restricted : bool
        Whether only ``env:COTERIE_SOURCE_…`` may be named.

    Raises
    ------
    PlanError, ImportRefused
        If the URL, the connection or the query does not work.
    """
    check_database_query(query, f"{node}.query")
    engine = _engine(_resolved(url, node, restricted=restricted), node)
    pieces = folder / "pieces"
    pieces.mkdir()
    try:
        with engine.connect() as connection:
            _forbid_writing(connection)
            result = connection.execution_options(stream_results=True).execute(sa.text(_bare(query)))
            names = list(result.keys())
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                params = {"file": "query", "column": twice}
                raise PlanError(Problem("column_twice", node=node, params=params))
            parts = result.partitions(_ROWS_AT_ONCE)
            frames = (_frame(names, list(zip(*part, strict=True))) for part in parts)
            for n, frame in enumerate(frames):
                frame.write_parquet(pieces / f"{n:06d}.parquet", compression="lz4")
    except sa.exc.SQLAlchemyError as error:
        raise _refused(error, engine.url, node) from None
    finally:
        engine.dispose()
    return _joined(sorted(pieces.iterdir()), names, folder / "database.parquet")


def _resolved(url: str, node: str, *, restricted: bool) -> str:
    if not url.startswith(ENV_PREFIX):
        if restricted:
            allowed = (f"{ENV_PREFIX}{SOURCE_VARIABLE_PREFIX}…",)
            raise PlanError(Problem("database_not_allowed", node=f"{node}.database", allowed=allowed))
        return url
    name = url.removeprefix(ENV_PREFIX)
    if restricted and not name.startswith(SOURCE_VARIABLE_PREFIX):
        allowed = (f"{ENV_PREFIX}{SOURCE_VARIABLE_PREFIX}…",)
        raise PlanError(Problem("database_not_allowed", node=f"{node}.database", allowed=allowed))
    value = os.environ.get(name)
    if not value:
        raise PlanError(Problem("variable_not_set", node=f"{node}.database", params={"name": name}))
    return value


def _engine(url: str, node: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
        # A connection to a file that is not there would make an empty one.
        if is_file and not Path(str(parsed.database)).is_file():
            raise PlanError(Problem("database_missing", node=f"{node}.database"))
        return sa.create_engine(parsed, poolclass=sa.NullPool)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError):
        raise PlanError(Problem("source_url_unreadable", node=f"{node}.database")) from None


def _forbid_writing(connection: sa.Connection) -> None:
    match connection.dialect.name:
        case "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        case "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        case "mysql" | "mariadb":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _bare(query: str) -> str:
    """Return the query without its closing semicolon, colons kept from being parameters."""
    return query.strip().removesuffix(";").replace(":", r"\:")


def _refused(error: sa.exc.SQLAlchemyError, url: sa.URL, node: str) -> ImportRefused:
    """Return the refusal for what the driver says, with nothing of the URL in it."""
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and not _is_about_the_query(error):
        return ImportRefused(Problem("database_unreachable", node=f"{node}.database"))
    reason = str(getattr(error, "orig", None) or type(error).__name__).split("\n")[0]
    for secret in (url.password, url.username, url.host, url.database):
        if secret:
            reason = reason.replace(str(secret), "…")
    params = {"reason": reason[:300]}
    return ImportRefused(Problem("database_query_failed", node=f"{node}.query", params=params))


def _is_about_the_query(error: sa.exc.SQLAlchemyError) -> bool:
    """Tell SQLite's "no such table", an operational error there, from a lost connection."""
    text = str(getattr(error, "orig", ""))
    return any(sign in text for sign in ("no such", "syntax error", "readonly", "read-only"))


def _frame(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> pl.DataFrame:
    return pl.DataFrame([_series(name, values) for name, values in zip(names, columns, strict=True)])


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """Return a column of one dtype for what the driver handed over; what mixes types becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.Null())
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean())
    if kinds == {int}:
        if all(value is None or -(2**63) <= value < 2**63 for value in values):
            return pl.Series(name, values, dtype=pl.Int64())
    elif kinds <= {int, float, Decimal}:
        return pl.Series(name, [None if v is None else float(v) for v in values], dtype=pl.Float64())
    elif kinds == {date}:
        return pl.Series(name, values, dtype=pl.Date())
    elif kinds == {datetime}:
        if any(value.tzinfo is not None for value in values if value is not None):
            instants = [None if v is None else v.astimezone(UTC) for v in values]
            return pl.Series(name, instants, dtype=pl.Datetime("us", "UTC"))
        return pl.Series(name, values, dtype=pl.Datetime("us"))
    elif kinds == {list}:
        texts = [None if v is None else [_text(x) for x in v if x is not None] for v in values]
        return pl.Series(name, texts, dtype=pl.List(pl.String()))
    return pl.Series(name, [None if v is None else _text(v) for v in values], dtype=pl.String())


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", errors="replace")
    if isinstance(value, str | int | float | Decimal | UUID | date | datetime | time | bool):
        return str(value)
    return repr(value)


def _joined(pieces: Sequence[Path], names: Sequence[str], target: Path) -> Path:
    """Join the pieces; a column whose dtype differs between them becomes number or text."""
    if not pieces:
        pl.DataFrame(schema=dict.fromkeys(names, pl.String())).write_parquet(target)
        return target
    schemas = [pl.read_parquet_schema(piece) for piece in pieces]
    dtypes = {name: _common([schema[name] for schema in schemas]) for name in names}
    whole = pl.concat([_cast(pl.scan_parquet(piece), dtypes) for piece in pieces])
    whole.sink_parquet(target, compression="lz4")
    for piece in pieces:
        piece.unlink()
    return target


def _cast(frame: pl.LazyFrame, dtypes: dict[str, pl.DataType]) -> pl.LazyFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in dtypes.items())


def _common(dtypes: Iterator[pl.DataType] | list[pl.DataType]) -> pl.DataType:
    kinds = [dtype for dtype in dict.fromkeys(dtypes) if dtype != pl.Null()]
    if not kinds:
        return pl.String()
    if len(kinds) == 1:
        return kinds[0]
    return pl.Float64() if all(kind.is_numeric() for kind in kinds) else pl.String()
