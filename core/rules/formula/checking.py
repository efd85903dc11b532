"""Whether a formula fits a catalogue, and what it gives: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.errors import Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules.formula.functions import FORMULA_FUNCTIONS, OPTIONAL_DIGITS, Function, Kind
from core.rules.formula.tree import Call, Expression, Literal, Tag, walk
from core.rules.lookup import MAX_ALLOWED, tag_of
from core.schema import Catalogue, TagType

_KINDS: Mapping[TagType, Kind] = {
    TagType.TEXT: Kind.TEXT,
    TagType.ENUM: Kind.TEXT,
    TagType.NUMBER: Kind.NUMBER,
    TagType.BOOLEAN: Kind.BOOLEAN,
    TagType.DATE: Kind.DATE,
    TagType.MULTI: Kind.MULTI,
}
_TYPES: Mapping[Kind, TagType] = {
    Kind.TEXT: TagType.ENUM,
    Kind.NUMBER: TagType.NUMBER,
    Kind.BOOLEAN: TagType.BOOLEAN,
    Kind.DATE: TagType.DATE,
    Kind.MULTI: TagType.MULTI,
}
_OPERATORS = frozenset(key for key in FORMULA_FUNCTIONS if not key.isidentifier()) | {
    "and",
    "or",
    "not",
    "negative",
}


def formula_problems(expression: Expression, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that is wrong with a formula, in the order of the text; warnings last."""
    checker = _Checker(catalogue)
    kind = checker.kind_of(expression)
    if kind is Kind.MULTI:
        checker.problems.append(Problem("formula_gives_set", params={"position": 1}))
    if not any(isinstance(part, Tag) for part in walk(expression)) and not checker.problems:
        checker.problems.append(Problem("formula_names_no_tag", severity="warning"))
    return (*checker.problems, *_divisions(expression))


def formula_type(expression: Expression, catalogue: Catalogue) -> TagType:
    """Return the type that a formula without problems gives; texts are an enum."""
    kind = _Checker(catalogue).kind_of(expression)
    if kind is None:
        raise ValueError("only a formula without problems has a type")
    return _TYPES[kind]


class _Checker:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.problems: list[Problem] = []

    def kind_of(self, expression: Expression) -> Kind | None:
        """Return what an expression is; None where that cannot be told, which is told as a problem."""
        match expression:
            case Literal(value=bool()):
                return Kind.BOOLEAN
            case Literal(value=float()):
                return Kind.NUMBER
            case Literal(value=str()):
                return Kind.TEXT
            case Literal():
                return Kind.DATE
            case Tag():
                return self._tag(expression)
            case Call():
                return self._call(expression)

    def _tag(self, tag: Tag) -> Kind | None:
        try:
            return _KINDS[tag_of(self._catalogue, tag.key).type]
        except RuleError as error:
            self.problems += error.problems
            return None

    def _call(self, call: Call) -> Kind | None:
        kinds = [self.kind_of(arg) for arg in call.args]
        function = FORMULA_FUNCTIONS.get(call.name)
        if function is None:
            names = tuple(key for key in FORMULA_FUNCTIONS if key not in _OPERATORS)
            params = {"position": call.at, "given": call.name}
            self.problems.append(
                Problem(
                    "formula_function_unknown",
                    None,
                    params,
                    names[:MAX_ALLOWED],
                    nearest_name(call.name, names),
                )
            )
            return None
        if not _fits(function, len(call.args)):
            params = {"position": call.at, "function": call.name, "given": len(call.args),
                      "wanted": _wanted(function)}  # fmt: skip
            self.problems.append(Problem("formula_arguments", params=params))
            return None
        return self._checked(call, function, kinds)

    def _checked(self, call: Call, function: Function, kinds: list[Kind | None]) -> Kind | None:
        shared: Kind | None = None
        for place, (arg, kind) in enumerate(zip(call.args, kinds, strict=True)):
            wanted = Kind.NUMBER if place >= len(function.takes) and call.name == OPTIONAL_DIGITS else (
                function.takes[min(place, len(function.takes) - 1)]
            )  # fmt: skip
            if function.literal and place and not (isinstance(arg, Literal) and isinstance(arg.value, str)):
                self._told("formula_needs_text", call, arg.at)
                continue
            if kind is None or wanted is Kind.ANY:
                continue
            if wanted in (Kind.SAME, Kind.ORDERED):
                if kind is Kind.MULTI or (wanted is Kind.ORDERED and kind not in (Kind.NUMBER, Kind.DATE)):
                    self._told(
                        "formula_argument_kind", call, arg.at, given=_name(kind), wanted=say("kind_ordered")
                    )
                elif shared is None:
                    shared = kind
                elif kind is not shared:
                    self._told("formula_kinds_mixed", call, arg.at, given=_name(kind), wanted=_name(shared))
            elif kind is not wanted:
                is_day_plus = call.name == "+" and Kind.DATE in kinds
                code = "formula_day_plus" if is_day_plus else "formula_argument_kind"
                self._told(code, call, arg.at, given=_name(kind), wanted=_name(wanted))
        if function.gives in (Kind.SAME, Kind.ORDERED):
            return shared
        return function.gives

    def _told(self, code: str, call: Call, at: int, **params: object) -> None:
        self.problems.append(Problem(code, params={"position": at, "function": call.name, **params}))


def _fits(function: Function, given: int) -> bool:
    least = len(function.takes)
    if function.key == OPTIONAL_DIGITS:
        return given in (least, least + 1)
    return given >= least if function.more else given == least


def _wanted(function: Function) -> Text:
    n = len(function.takes)
    return say("formula_at_least", n=n) if function.more else say("formula_exactly", n=n)


def _name(kind: Kind) -> Text:
    return say(f"tag_type_{kind.value}")


def _divisions(expression: Expression) -> Iterator[Problem]:
    """Yield one warning if something is divided by what may be 0."""
    for part in walk(expression):
        if isinstance(part, Call) and part.name in ("/", "%") and len(part.args) == 2:
            divisor = part.args[1]
            if not isinstance(divisor, Literal):
                yield Problem("formula_may_divide_by_zero", params={"position": part.at}, severity="warning")
                return
            if divisor.value == 0:
                yield Problem("formula_divides_by_zero", params={"position": part.at})
