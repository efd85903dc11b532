"""How personal values look until they are revealed: enough to recognise one's own, never enough to use.

A mask always has the same number of stars, so that it does not tell a value's length, and a short value is
hidden wholly. `mask` does one value, `masked` a column; both say the same.
"""

from __future__ import annotations

import re

import polars as pl

from core.rules.tree import Group, Node, Rule, TagCondition
from core.schema import Catalogue, Personal

_REGION = r"^(.{1,7}?(?:省|市|自治区|特别行政区|自治州))."
_HIDDEN = "***"
# Six times as fast on a column as counting the matches.
_ELEVEN_DIGITS, _SEVEN_DIGITS = r"(?:[0-9][^0-9]*){11}", r"(?:[0-9][^0-9]*){7}"
_BLANKS = " \t\r\n\u3000"


def mask(value: object, kind: Personal) -> str:
    """Return one personal value masked: ``王**``, ``138****1234``, ``z***@example.com``.

    Parameters
    ----------
    value : object
        A value that is present; lists are hidden wholly.
    """
    if isinstance(value, list | tuple):
        return _HIDDEN
    text = _as_text(value).strip(_BLANKS)
    match kind:
        case "name":
            return text[:1] + "**" if len(text) > 1 else "**"
        case "phone":
            digits = sum("0" <= c <= "9" for c in text)
            if digits >= 11:
                return f"{text[:3]}****{text[-4:]}"
            return f"****{text[-2:]}" if digits >= 7 else "****"
        case "email":
            local, at, domain = text.rpartition("@")
            if not at:
                return _HIDDEN
            return f"{local[:1] if len(local) > 1 else ''}{_HIDDEN}@{domain}"
        case "address":
            region = re.match(_REGION, text)
            if region:
                return region[1] + _HIDDEN
            return text[:2] + _HIDDEN if len(text) >= 6 else _HIDDEN
        case "id":
            return text[:2] + _HIDDEN if len(text) >= 6 else _HIDDEN


def masked(column: pl.Expr, dtype: pl.DataType, kind: Personal) -> pl.Expr:
    """Return a column of personal values masked, as text; missing values stay missing.

    Parameters
    ----------
    column : polars.Expr
        The values.
    dtype : polars.DataType
        Their type.
    """
    name = column.meta.output_name()
    if isinstance(dtype, pl.List):
        return pl.when(column.is_not_null()).then(pl.lit(_HIDDEN)).alias(name)
    if dtype.is_float():
        whole = (column == column.round(0)) & (column.abs() < 2**53)
        digits_only = column.cast(pl.Int64, strict=False).cast(pl.String)
        column = pl.when(whole).then(digits_only).otherwise(column.cast(pl.String))
    text = column.cast(pl.String).str.strip_chars(_BLANKS)
    length = text.str.len_chars()
    present = pl.when(column.is_null()).then(None)
    match kind:
        case "name":
            shown = present.when(length > 1).then(text.str.slice(0, 1) + "**").otherwise(pl.lit("**"))
        case "phone":
            shown = (
                present.when(text.str.contains(_ELEVEN_DIGITS))
                .then(text.str.slice(0, 3) + "****" + text.str.slice(-4))
                .when(text.str.contains(_SEVEN_DIGITS))
                .then("****" + text.str.slice(-2))
                .otherwise(pl.lit("****"))
            )
        case "email":
            local, domain = text.str.extract("(?s)^(.*)@"), text.str.extract("@([^@]*)$")
            first = pl.when(local.str.len_chars() > 1).then(local.str.slice(0, 1)).otherwise(pl.lit(""))
            shown = (
                present.when(local.is_null()).then(pl.lit(_HIDDEN)).otherwise(first + _HIDDEN + "@" + domain)
            )
        case "address":
            region = text.str.extract(_REGION)
            shown = (
                present.when(region.is_not_null())
                .then(region + _HIDDEN)
                .when(length >= 6)
                .then(text.str.slice(0, 2) + _HIDDEN)
                .otherwise(pl.lit(_HIDDEN))
            )
        case "id":
            shown = present.when(length >= 6).then(text.str.slice(0, 2) + _HIDDEN).otherwise(pl.lit(_HIDDEN))
    return shown.alias(name)


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def masked_rule(rule: Rule, catalogue: Catalogue) -> Rule:
    """Return the rule with the values of personal tags masked, for manifests, logs and sentences.

    It is no rule to count by: it says what was asked without saying of whom.
    """
    update: dict[str, object] = {"include": _masked_node(rule.include, catalogue)}
    if rule.exclude is not None:
        update["exclude"] = _masked_node(rule.exclude, catalogue)
    return rule.model_copy(update=update)


def _masked_node(node: Node, catalogue: Catalogue) -> Node:
    if isinstance(node, Group):
        return node.model_copy(
            update={"children": tuple(_masked_node(child, catalogue) for child in node.children)}
        )
    if isinstance(node, TagCondition) and node.tag in catalogue.tags:
        personal = catalogue.tags[node.tag].personal
        if personal is not None:
            return node.model_copy(update={"value": _masked_value(node.value, personal)})
    return node


def _masked_value(value: object, kind: Personal) -> object:
    if isinstance(value, list | tuple):
        return [_masked_value(one, kind) for one in value]
    if isinstance(value, dict):
        # Field against field names a tag, {"k", "of"} holds a count: only values are personal.
        return {key: _masked_value(one, kind) if key == "of" else one for key, one in value.items()}
    return value if value is None or isinstance(value, bool) else mask(value, kind)
