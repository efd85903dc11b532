"""SQL that a plan may contain: one SELECT over the listed files, or an expression over one source's columns.

Everything else is refused before it reaches an SQL engine: other statements, several statements, table
functions such as ``read_csv(…)``, and every function that is not on the list below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from core.errors import PlanError, Problem, nearest_name

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n\r]*|/\*(?!!).*?\*/)
    | (?P<prefixed>(?:[ebnxr]|br|rb|u&)['"])
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<sign><=|>=|<>|!=|==|\|\||::|->>|->|[-+*/%=<>(),.;\[\]:?&|^~!@#{}])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# The engines must never see more words than we do. A text with a prefix (``E'\''``) has rules of its own for
# where it ends, a comment ends at a carriage return in PostgreSQL, and ``/*!`` is none in MySQL.


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCALAR = _words(
    """
    abs ceil ceiling div exp floor greatest least ln log log10 log1p log2 mod pow power round sign sqrt
    bit_length char_length character_length concat concat_ws contains ends_with initcap left length lower
    ltrim normalize octet_length regexp_like replace reverse right rtrim split_part starts_with
    strpos substr substring trim upper coalesce if ifnull isnull nullif cast try_cast date date_part datetime
    extract strftime strptime timestamp year month day in not and or between exists any all case when then
    else position array_contains array_length
    """
)
_AGGREGATE = _words(
    """
    avg corr count first last max mean median min quantile_cont quantile_disc stddev stdev
    sum variance array_agg string_agg dense_rank first_value lag last_value lead rank row_number ntile
    over filter
    """
)
# Words before "(" that are grammar, not functions.
_GRAMMAR = _words(
    """
    as by distinct from having join on select union intersect except using values where with within group
    order limit offset partition is like ilike rlike regexp interval numeric decimal varchar char
    float lateral inner left right cross full outer qualify exclude
    """
)
_FORBIDDEN = _words(
    """
    alter analyze attach call copy create delete describe detach drop execute explain export grant import
    insert install into load merge pragma prepare refresh replace_table revoke set show truncate update use
    vacuum
    """
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


def check_query(query: str, tables: Sequence[str], node: str) -> None:
    """Refuse everything but one SELECT over the tables.

    Parameters
    ----------
    query : str
    tables : sequence of str
        Names of the plan's [files].
    node : str
        Place in the plan, for the message.

    Raises
    ------
    PlanError
        Naming what is not allowed.
    """
    tokens = _one_select(query, node)
    _check_functions(tokens, _SCALAR | _AGGREGATE | _GRAMMAR, node)
    known = {*tables, *_common_tables(tokens)}
    for name in _tables_read(tokens, node):
        if name not in known:
            raise PlanError(
                Problem(
                    "sql_unknown_table",
                    node=node,
                    params={"table": name},
                    allowed=tuple(sorted(tables)),
                    nearest=nearest_name(name, tables),
                )
            )


def check_database_query(query: str, node: str) -> None:
    """Refuse everything but one SELECT; which tables and functions there are, the database knows."""
    _one_select(query, node)


def run_query(query: str, tables: Mapping[str, pl.LazyFrame], node: str) -> pl.LazyFrame:
    """Return the result of a query over the plan's files, lazily; `check_query` has been passed."""
    try:
        frame = pl.SQLContext(tables, register_globals=False).execute(query)
        frame.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise sql_failed(error, node) from None
    return frame


def staged(frame: pl.LazyFrame, path: Path, node: str) -> None:
    """Write the result of a query to a Parquet file.

    Raises
    ------
    PlanError
        If a row breaks the query: a cast that fails, say. What the disk says passes through.
    """
    try:
        frame.sink_parquet(path, compression="lz4")
    except pl.exceptions.PolarsError as error:
        if "No space left" in str(error):
            raise
        raise sql_failed(error, node) from None


def expression(text: str, schema: Mapping[str, pl.DataType], node: str, known: Sequence[str] = ()) -> pl.Expr:
    """Return a row expression over typed columns.

    An ISO date or time in quotes that is compared with a date column is read as a date.

    Parameters
    ----------
    text : str
        For example ``"Quantity * UnitPrice"`` or ``"status = 'paid'"``.
    schema : mapping of str to polars dtype
        The source's typed columns, as far as the expression names them.
    node : str
        Place in the plan, for the message.
    known : sequence of str
        All columns of the source, for the message.

    Raises
    ------
    PlanError
        If it does not parse, names a column that does not exist, or is more than an expression over one row.
    """
    tokens = _tokens(text, node)
    for token in tokens:
        if token.text == ";" or token.word in _FORBIDDEN or token.word in ("select", "over"):
            raise PlanError(Problem("sql_not_allowed", node=node, params={"what": token.text}))
    _check_functions(tokens, _SCALAR | _GRAMMAR, node)
    empty = pl.DataFrame(schema=dict(schema))
    first_error: pl.exceptions.PolarsError | None = None
    for candidate in (text, _with_dates(text)):
        try:
            parsed = pl.sql_expr(candidate)
            names = parsed.meta.root_names()
            unknown = next((name for name in names if name not in schema), None)
            if unknown is not None:
                raise PlanError(
                    Problem(
                        "missing_column",
                        node=node,
                        params={"column": unknown, "source": text},
                        allowed=tuple(known or schema),
                        nearest=nearest_name(unknown, known or schema),
                    )
                )
            empty.select(parsed)
        except pl.exceptions.PolarsError as error:
            first_error = first_error or error
        else:
            return parsed
    assert first_error is not None  # noqa: S101 - two candidates, each returned or failed
    raise sql_failed(first_error, node) from None


def names_in(text: str, columns: Sequence[str], node: str) -> list[str]:
    """Return which of the columns an expression may name, in their order."""
    mentioned = {_unquoted(token) for token in _tokens(text, node) if token.kind in ("word", "quoted")}
    return [column for column in columns if column in mentioned]


def _tokens(text: str, node: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise PlanError(Problem("sql_not_allowed", node=node, params={"what": text[at : at + 20]}))
        if match.lastgroup == "prefixed":
            raise PlanError(Problem("sql_not_allowed", node=node, params={"what": match.group()}))
        at = match.end()
        if match.lastgroup != "space":
            tokens.append(_Token(str(match.lastgroup), match.group()))
    if not tokens:
        raise PlanError(Problem("sql_empty", node=node))
    return tokens


def _one_select(query: str, node: str) -> list[_Token]:
    tokens = _tokens(query, node)
    if tokens[-1].text == ";":
        tokens = tokens[:-1]
    if not tokens:
        raise PlanError(Problem("sql_empty", node=node))
    if any(token.text == ";" for token in tokens):
        raise PlanError(Problem("sql_several_statements", node=node))
    if tokens[0].word not in ("select", "with"):
        raise PlanError(Problem("sql_only_select", node=node, params={"what": tokens[0].text}))
    for token in tokens:
        if token.word in _FORBIDDEN:
            raise PlanError(Problem("sql_not_allowed", node=node, params={"what": token.text}))
    return tokens


def _check_functions(tokens: Sequence[_Token], allowed: frozenset[str], node: str) -> None:
    nothing = _Token("", "")
    for before, token, after in zip([nothing, *tokens], tokens, [*tokens[1:], nothing], strict=False):
        if after.text != "(" or token.kind not in ("word", "quoted"):
            continue
        name = _unquoted(token).lower()
        is_common_table = token.kind == "word" and before.word in ("with",)
        if name not in allowed and not is_common_table:
            raise PlanError(
                Problem(
                    "sql_function",
                    node=node,
                    params={"function": _unquoted(token)},
                    nearest=nearest_name(name, allowed - _GRAMMAR),
                )
            )


def _common_tables(tokens: Sequence[_Token]) -> set[str]:
    """Return the names that WITH defines: ``name AS (``."""
    return {
        _unquoted(name)
        for name, as_word, paren in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if name.kind in ("word", "quoted") and as_word.word == "as" and paren.text == "("
    }


def _tables_read(tokens: Sequence[_Token], node: str) -> list[str]:
    """Return the tables named after FROM and JOIN, commas included."""
    names: list[str] = []
    depth_of_call: list[bool] = []
    for i, token in enumerate(tokens):
        if token.text == "(":
            # FROM inside EXTRACT(… FROM …), TRIM(… FROM …) names a column, not a table.
            depth_of_call.append(tokens[i - 1].word in ("extract", "trim", "substring") if i else False)
        elif token.text == ")" and depth_of_call:
            depth_of_call.pop()
        elif token.word == "join" or (token.word == "from" and not (depth_of_call and depth_of_call[-1])):
            at = i + 1
            while at < len(tokens):
                target = tokens[at]
                if target.kind == "string":
                    raise PlanError(Problem("sql_not_allowed", node=node, params={"what": target.text}))
                if target.kind in ("word", "quoted") and target.word != "lateral":
                    names.append(_unquoted(target))
                at = _after_table(tokens, at)
                if at >= len(tokens) or tokens[at].text != ",":
                    break
                at += 1
    return names


def _after_table(tokens: Sequence[_Token], at: int) -> int:
    """Return the position after one entry of a FROM list: a name or a subquery, and its alias."""
    if tokens[at].text == "(":
        depth = 0
        while at < len(tokens):
            depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
            at += 1
            if depth == 0:
                break
    else:
        at += 1
    if at < len(tokens) and tokens[at].word == "as":
        at += 1
    if at < len(tokens) and tokens[at].kind in ("word", "quoted") and tokens[at].word not in _GRAMMAR:
        at += 1
    return at


def _unquoted(token: _Token) -> str:
    if token.kind != "quoted":
        return token.text
    mark = token.text[0]
    return token.text[1:-1].replace(mark * 2, mark)


_ISO = re.compile(r"'(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?))?'")


def _with_dates(text: str) -> str:
    """Return the expression with ISO dates and times in quotes read as dates."""

    def typed(match: re.Match[str]) -> str:
        day, clock = match.groups()
        if clock is None:
            return f"CAST('{day}' AS DATE)"
        return f"CAST('{day} {clock if clock.count(':') == 2 else clock + ':00'}' AS TIMESTAMP)"

    return _ISO.sub(typed, text)


def sql_failed(error: Exception, node: str) -> PlanError:
    """Return the error for SQL that the engine refuses, with the engine's own reason."""
    return PlanError(Problem("sql_failed", node=node, params={"reason": str(error).split("\n")[0][:300]}))
