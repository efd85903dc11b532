"""The way into the language of formulas and out of it: text ↔ tree.

Nothing is ever executed: what comes in may be anything, and the answer is a tree or a RuleError with the
place, what stands there, and what could. Bounds keep hostile text from costing anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from core.errors import Problem, RuleError
from core.rules.formula.tree import Call, Expression, Literal, Tag, walk

MAX_CHARACTERS, MAX_DEPTH, MAX_NODES = 2_000, 50, 500

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<quoted>`[^`]+`)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<symbol><=|>=|==|!=|<>|[-+*/%<>=(),])"
)
_WORDS: Mapping[str, str] = {"且": "and", "或": "or", "非": "not"}
_SPELLINGS: Mapping[str, str] = {"=": "==", "<>": "!="}
# How tightly an operator binds; those that bind alike are read from left to right.
_BINDING: Mapping[str, int] = {
    "or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_NOT_BINDING, _SIGN_BINDING = 3, 7
_RESERVED = frozenset({"and", "or", "not", "true", "false", "today"})
_PLAIN = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def parse_formula(text: str) -> Expression:
    """Return the tree of a formula.

    Raises
    ------
    RuleError
        With the first fault: its place (from 1), what stands there and what is expected.
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(Problem("formula_too_long", params={"limit": f"{MAX_CHARACTERS:,}"}))
    reader = _Reader(list(_tokens(text)))
    expression = reader.expression(0, 0)
    reader.at_end()
    if sum(1 for _ in walk(expression)) > MAX_NODES:
        raise RuleError(Problem("formula_too_many_parts", params={"limit": MAX_NODES}))
    return expression


def dump_formula(expression: Expression) -> str:
    """Return a formula as text, so that parsing it gives the same tree."""
    return _written(expression, 0)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            _refuse_sign(text, place)
        kind = str(found.lastgroup)
        if kind == "name" and found.group() in _WORDS:
            yield _Token("name", _WORDS[found.group()], place + 1)
        elif kind == "symbol":
            yield _Token(kind, _SPELLINGS.get(found.group(), found.group()), place + 1)
        elif kind != "space":
            yield _Token(kind, found.group(), place + 1)
        place = found.end()
    yield _Token("end", "", len(text) + 1)


def _refuse_sign(text: str, place: int) -> NoReturn:
    sign = text[place]
    code = "formula_unclosed" if sign in "\"'`" else "formula_sign_unknown"
    raise RuleError(Problem(code, params={"position": place + 1, "found": sign}))


class _Reader:
    """Reads tokens by precedence (Pratt 1973); the depth is counted, so that no stack overflows."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def expression(self, binding: int, depth: int) -> Expression:
        """Return what stands from here on, as far as operators bind tighter than `binding`."""
        if depth > MAX_DEPTH:
            params = {"position": self._peek().at, "limit": MAX_DEPTH}
            raise RuleError(Problem("formula_too_deep", params=params))
        left = self._operand(depth)
        height = depth
        while True:
            token = self._peek()
            tight = _BINDING.get(token.text, 0) if token.kind in ("symbol", "name") else 0
            if tight <= binding:
                return left
            if tight == _BINDING["=="] and isinstance(left, Call) and _BINDING.get(left.name) == tight:
                # a < b < c would compare a truth value with c: in no language what was meant.
                self._refuse(token, "formula_chained")
            height += 1
            self._take()
            left = Call(token.text, (left, self.expression(tight, height)), token.at)

    def at_end(self) -> None:
        """Refuse anything that follows."""
        token = self._peek()
        if token.kind != "end":
            self._refuse(token, "formula_unexpected")

    def _operand(self, depth: int) -> Expression:
        token = self._take()
        match token.kind, token.text:
            case "number", text:
                number = float(text)
                if not math.isfinite(number):
                    self._refuse(token, "formula_number_too_large")
                return Literal(number, token.at)
            case "text", text:
                return Literal(text[1:-1], token.at)
            case "quoted", text:
                return Tag(text[1:-1], token.at)
            case "symbol", "(":
                inside = self.expression(0, depth + 1)
                self._expect(")")
                return inside
            case "symbol", "-":
                return self._negated(token, depth)
            case "name", "not":
                return Call("not", (self.expression(_NOT_BINDING, depth + 1),), token.at)
            case "name", ("true" | "false") as word:
                return Literal(word == "true", token.at)
            case "name", "today":
                return Call("today", (), token.at)
            case "name", name if name not in _RESERVED:
                if self._peek().text == "(" and self._peek().kind == "symbol":
                    return self._call(token, depth)
                return Tag(name, token.at)
        return self._refuse(token, "formula_unexpected" if token.kind != "end" else "formula_ends")

    def _negated(self, token: _Token, depth: int) -> Expression:
        inside = self.expression(_SIGN_BINDING, depth + 1)
        if isinstance(inside, Literal) and isinstance(inside.value, float):
            return Literal(-inside.value, token.at)
        return Call("negative", (inside,), token.at)

    def _call(self, name: _Token, depth: int) -> Expression:
        self._take()
        args: list[Expression] = []
        if self._peek().text != ")" or self._peek().kind != "symbol":
            args.append(self.expression(0, depth + 1))
            while self._peek() == _Token("symbol", ",", self._peek().at):
                self._take()
                args.append(self.expression(0, depth + 1))
        self._expect(")")
        if name.text == "date":
            return self._day(name, args)
        return Call(name.text, tuple(args), name.at)

    def _day(self, name: _Token, args: list[Expression]) -> Expression:
        text = args[0].value if len(args) == 1 and isinstance(args[0], Literal) else None
        try:
            if isinstance(text, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                return Literal(date.fromisoformat(text), name.at)
        except ValueError as error:
            raise RuleError(Problem("formula_no_day", params={"position": name.at})) from error
        raise RuleError(Problem("formula_no_day", params={"position": name.at}))

    def _expect(self, symbol: str) -> None:
        token = self._take()
        if token.kind != "symbol" or token.text != symbol:
            code = "formula_ends" if token.kind == "end" else "formula_expected"
            self._refuse(token, code, expected=symbol)

    def _refuse(self, token: _Token, code: str, **more: object) -> NoReturn:
        raise RuleError(Problem(code, params={"position": token.at, "found": token.text, **more}))

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token


def _written(expression: Expression, binding: int) -> str:
    match expression:
        case Literal(value=bool() as value):
            return "true" if value else "false"
        case Literal(value=float() as value):
            text = repr(value).removesuffix(".0")
            return f"({text})" if text.startswith("-") and binding > 0 else text
        case Literal(value=date() as value):
            return f'date("{value.isoformat()}")'
        case Literal(value=str() as value):
            return f"'{value}'" if '"' in value else f'"{value}"'
        case Tag(key=key):
            is_plain = _PLAIN.fullmatch(key) and key not in _RESERVED and key not in _WORDS
            return key if is_plain else f"`{key}`"
        case Call(name="today"):
            return "today"
        case Call(name="not", args=(inside,)):
            return _bracketed(f"not {_written(inside, _NOT_BINDING)}", binding > _NOT_BINDING)
        case Call(name="negative", args=(inside,)):
            written = _written(inside, _SIGN_BINDING)
            is_number = isinstance(inside, Literal) and isinstance(inside.value, float)
            return _bracketed(f"-({written})" if is_number else f"-{written}", binding > 0)
        case Call(name=name, args=(left, right)) if name in _BINDING:
            tight = _BINDING[name]
            # The right side is read with the same binding, so that an equally tight one needs brackets.
            is_comparison = tight == _BINDING["=="]
            first = _written(left, tight + is_comparison)
            return _bracketed(f"{first} {name} {_written(right, tight + 1)}", tight < binding)
        case Call(name=name, args=args):
            return f"{name}({', '.join(_written(arg, 0) for arg in args)})"
    raise TypeError(f"no text for {type(expression).__name__}")


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text
