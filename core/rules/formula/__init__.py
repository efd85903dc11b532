"""Formulas over tags: a small language that is read, checked and evaluated, never executed.

Everything with a missing operand is missing, comparisons too; `and`, `or`, `if`, `coalesce` and `is_missing`
say otherwise for themselves. Division by zero has no value, nor has a number that is not finite.
"""

from core.rules.formula.checking import formula_problems, formula_type
from core.rules.formula.functions import FORMULA_FUNCTIONS, Function, Kind
from core.rules.formula.meaning import (
    describe_formula,
    divides_by_zero,
    formula_column,
    formula_divides_by_zero,
    formula_value,
)
from core.rules.formula.reading import dump_formula, parse_formula
from core.rules.formula.tree import Expression, tags_in_formula

__all__ = [
    "FORMULA_FUNCTIONS",
    "Expression",
    "Function",
    "Kind",
    "describe_formula",
    "divides_by_zero",
    "dump_formula",
    "formula_column",
    "formula_divides_by_zero",
    "formula_problems",
    "formula_type",
    "formula_value",
    "parse_formula",
    "tags_in_formula",
]
