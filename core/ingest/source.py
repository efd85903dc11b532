"""One source of a plan, read as typed rows: types settled, misfits rejected, `where` applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import PlanError, Problem
from core.ingest.inference import Guess, fits_inferred, look_at
from core.ingest.origins import Chunk, Origin, missing_column
from core.ingest.plan import AMOUNT, Source
from core.ingest.rejects import SourceTally, row_text, shortened
from core.ingest.report import Reject
from core.ingest.sql import expression, names_in, sql_failed
from core.ingest.times import to_local
from core.ingest.values import KIND_OF, Kind, Reading, misfits, present, typed

T = TypeVar("T")


class Widened(Exception):
    """A value does not fit the type that the beginning of its column suggested."""


@dataclass(frozen=True)
class Claim:
    """What one output column is made from.

    Attributes
    ----------
    reading : Reading
        Its kind is what the column starts from; `inferred` says that it may widen.
    inferred : bool
    """

    reading: Reading
    inferred: bool


@dataclass(frozen=True)
class TypedRows:
    """Typed rows of a source that passed the checks and the filter.

    Attributes
    ----------
    frame : polars.DataFrame
        One column per claim, and one per expression.
    file : str
    lines : ndarray of int64
    share : float
    """

    frame: pl.DataFrame
    file: str
    lines: NDArray[np.int64]
    share: float

    def filter(self, keep: pl.Series) -> TypedRows:
        """Return the rows for which the mask holds."""
        if keep.all():
            return self
        return replace(self, frame=self.frame.filter(keep), lines=self.lines[keep.to_numpy()])


class SourceReader:
    """Reads one source.

    Parameters
    ----------
    node : str
        Place in the plan, for example ``events[0]``.
    plan : Source
    origin : Origin
    claims : mapping of str to Claim
        By output column.
    expressions : mapping of str to (str, str)
        By output column: an SQL expression and its place in the plan; its value is a number.
    tally : SourceTally
    """

    def __init__(
        self,
        node: str,
        plan: Source,
        origin: Origin,
        claims: Mapping[str, Claim],
        expressions: Mapping[str, tuple[str, str]],
        tally: SourceTally,
    ) -> None:
        self.node = node
        self.tally = tally
        self._plan = plan
        self._origin = origin
        self._claims = dict(claims)
        self._expressions = dict(expressions)
        self._sql_columns = self._find_sql_columns()
        self._zone = next(iter(self._claims.values())).reading.zone
        self._check_columns()
        for column in self._sql_columns:
            self._claims.setdefault(_SQL + column, self._claim_for_sql(column))
        self._columns = sorted({claim.reading.column for claim in self._claims.values()})
        self._moments: set[str] = set()
        self._empty: set[str] = set()
        self._is_settled = not any(claim.inferred for claim in self._claims.values())
        self._outputs = [name for name in self._claims if not name.startswith(_SQL)]

    @property
    def kinds(self) -> dict[str, Kind]:
        """Return the kind of each output column, as settled so far."""
        return {name: self._claims[name].reading.kind for name in self._outputs}

    def is_inferred(self, output: str) -> bool:
        """Tell whether an output column's type was inferred."""
        return self._claims[output].inferred

    def column_of(self, output: str) -> str:
        """Return the source's column behind an output column."""
        return self._claims[output].reading.column

    def settled(self, work: Callable[[], T]) -> T:
        """Do work that reads the whole source; once more, when a type turns out to be too narrow.

        The types are guessed from the first chunk, and every later value is held against them. A value that
        does not fit makes the types be inferred from the whole source, and the work begin again: the answer
        is the same as if the whole source had been looked through first.
        """
        if not self._is_settled:
            self._infer(whole=False)
        try:
            return work()
        except Widened:
            self._infer(whole=True)
            self.tally.restart()
            return work()

    def rows(self) -> Iterator[TypedRows]:
        """Yield the typed rows; rejects and filtered rows go to the tally.

        Raises
        ------
        Widened
            If an inferred type does not hold.
        """
        where: pl.Expr | None = None
        amounts: dict[str, pl.Expr] = {}
        is_first = True
        for chunk in self._origin.chunks(self._columns):
            self.tally.read += chunk.frame.height + len(chunk.bad)
            self.tally.refuse_cut(chunk)
            rows, scope = self._typed(chunk)
            if is_first:
                if self._plan.where is not None:
                    where = expression(
                        self._plan.where, scope.schema, f"{self.node}.where", self._origin.columns
                    )
                for name, (text, node) in self._expressions.items():
                    amounts[name] = expression(text, scope.schema, node, self._origin.columns)
                is_first = False
            if where is not None:
                verdict = _evaluated(scope, where.cast(pl.Boolean()), f"{self.node}.where")
                keep = verdict.fill_null(False)
                self.tally.filtered += int((~keep).sum())
                rows, scope = rows.filter(keep), scope.filter(keep)
            if amounts:
                rows = replace(rows, frame=rows.frame.with_columns(self._amounts(scope, amounts)))
                for name in amounts:
                    # Infinity is no number, here as in a column: a division by zero, say.
                    rows = self.refuse_rows(
                        rows, rows.frame[name].is_infinite().fill_null(False), "not_number", name
                    )
            yield rows

    def refuse_rows(self, rows: TypedRows, refused: pl.Series, reason: str, output: str) -> TypedRows:
        """Reject rows for a reason that concerns one column; returns the others."""
        if not refused.any():
            return rows
        at = refused.arg_true().to_list()
        column = self._expressions[output][0] if output in self._expressions else self.column_of(output)
        values = rows.frame[output].gather(at).to_list()
        rejects = [
            Reject(
                source=self.node,
                file=rows.file,
                line=int(rows.lines[i]),
                column=column,
                reason=reason,
                value=None if value is None else shortened(value),
            )
            for i, value in zip(at, values, strict=True)
        ]
        texts = [row_text(row) for row in rows.frame[at].iter_rows(named=True)]
        self.tally.refuse(rejects, texts)
        return rows.filter(~refused)

    def _check_columns(self) -> None:
        wanted = [(claim.reading.column, self._place_of(name)) for name, claim in self._claims.items()]
        wanted += [(column, f"{self.node}.columns") for column in self._plan.columns]
        problems: list[Problem] = []
        for column, place in wanted:
            if column not in self._origin.columns:
                problems += missing_column(column, self._origin.name, self._origin.columns, place).problems
        if problems:
            raise PlanError(problems)

    def _place_of(self, output: str) -> str:
        """Return the place in the plan that names the column behind an output column."""
        kind, _, key = output.partition(":")
        match kind:
            case "tag":
                place = f"tags.{key}"
            case "prop":
                place = key if key == AMOUNT else f"properties.{key}"
            case "#event":
                place = "event_column"
            case "#id":
                place = "user" if self.node.startswith("events") else "id"
            case _:
                place = kind.removeprefix("#")
        return f"{self.node}.{place}"

    def _find_sql_columns(self) -> list[str]:
        found: dict[str, None] = {}
        texts = [(text, node) for text, node in self._expressions.values()]
        if self._plan.where is not None:
            texts.append((self._plan.where, f"{self.node}.where"))
        for text, node in texts:
            found.update(dict.fromkeys(names_in(text, self._origin.columns, node)))
        return list(found)

    def _claim_for_sql(self, column: str) -> Claim:
        """Return how SQL sees a column: as the plan types it, as another use of it does, or inferred."""
        zone = self._zone
        if column in self._plan.columns:
            kind = KIND_OF[self._plan.columns[column]]
            return Claim(Reading(column, kind, zone, zone), inferred=False)
        for claim in self._claims.values():
            if claim.reading.column == column:
                return claim
        return Claim(Reading(column, Kind.TEXT, zone, zone), inferred=True)

    def _infer(self, *, whole: bool) -> None:
        """Settle the inferred kinds by the first chunk, or by all of them."""
        open_claims = {name: claim for name, claim in self._claims.items() if claim.inferred}
        columns = sorted({claim.reading.column for claim in open_claims.values()})
        guesses: dict[str, Guess] = {}
        for chunk in self._origin.chunks(columns):
            look_at(guesses, _present(chunk.frame, self._plan.null_values))
            if not whole:
                break
        for name, claim in open_claims.items():
            guess = guesses.get(claim.reading.column, Guess())
            kind = guess.kind
            if kind is Kind.MOMENT and not name.startswith(_SQL):
                kind = Kind.DAY  # a tag of times is a date: cut to its day
            self._claims[name] = replace(claim, reading=replace(claim.reading, kind=kind))
        self._moments = {c for c, g in guesses.items() if g.kind is Kind.MOMENT}
        self._empty = {c for c in columns if c not in guesses or not guesses[c].seen}
        self._is_settled = True

    def _typed(self, chunk: Chunk) -> tuple[TypedRows, pl.DataFrame]:
        """Return the chunk's typed rows and the columns that SQL sees, misfits rejected."""
        raw = _present(chunk.frame, self._plan.null_values)
        cache: dict[Reading, pl.Series] = {}
        unfit: dict[Reading, pl.Series] = {}
        for claim in self._claims.values():
            reading = claim.reading
            if reading in cache:
                continue
            column = raw[reading.column]
            values = typed(column, reading)
            cache[reading] = values
            if claim.inferred:
                self._check_inferred(column, values, reading)
            elif (bad := misfits(column, values, reading.kind)) is not None:
                unfit[reading] = bad
        keep = self.tally.refuse_misfits(chunk, raw, unfit)
        frame = pl.DataFrame([cache[self._claims[name].reading].alias(name) for name in self._outputs])
        # The row number keeps the height of a frame without any column.
        number = pl.Series(_ROW, chunk.lines)
        scope = pl.DataFrame([number, *(self._for_sql(column, cache) for column in self._sql_columns)])
        rows = TypedRows(frame, chunk.file, chunk.lines, chunk.share)
        if keep is None:
            return rows, scope
        return rows.filter(keep), scope.filter(keep)

    def _check_inferred(self, column: pl.Series, values: pl.Series, reading: Reading) -> None:
        if reading.column in self._empty:
            # The first chunk had no value at all: text was only an assumption.
            if column.null_count() < column.len() and reading.kind is Kind.TEXT:
                guess = Guess()
                guess.look_at(column)
                if guess.kind is not Kind.TEXT:
                    raise Widened
                self._empty.discard(reading.column)
            return
        kind = Kind.MOMENT if reading.column in self._moments else reading.kind
        if not fits_inferred(column, values, kind):
            raise Widened

    def _for_sql(self, column: str, cache: Mapping[Reading, pl.Series]) -> pl.Series:
        values = cache[self._claims[_SQL + column].reading].alias(column)
        if values.dtype == pl.Datetime("us", "UTC"):
            return to_local(values, self._zone)
        return values

    def _amounts(self, scope: pl.DataFrame, amounts: Mapping[str, pl.Expr]) -> list[pl.Series]:
        result = []
        for name, expr in amounts.items():
            value = _evaluated(scope, expr.cast(pl.Float64()), self._expressions[name][1])
            value = value.fill_nan(None)
            result.append(value.alias(name))
        return result


_SQL = "sql:"


def _present(frame: pl.DataFrame, null_values: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame([present(column, null_values) for column in frame])


def _evaluated(scope: pl.DataFrame, expr: pl.Expr, node: str) -> pl.Series:
    """Return an expression's value for each row; a constant is repeated."""
    try:
        return scope.with_columns(expr.alias(_VALUE)).get_column(_VALUE)
    except pl.exceptions.PolarsError as error:
        raise sql_failed(error, node) from None


_VALUE, _ROW = "#value", "#row"
