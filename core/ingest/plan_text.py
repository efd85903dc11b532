"""Plans as TOML: read with every problem named in its place, written so that reading gives the same plan."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.errors import PlanError, Problem, nearest_name
from core.ingest.plan import ImportPlan
from core.messages import say

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
# Mappings that are shown as tables of their own; all others stand in one line.
_TABLES = ("dimensions", "event_labels", "files")
# What would be right, by Pydantic's name of the fault.
_FITS = {
    "string_type": "fits_text",
    "string_too_short": "fits_something",
    "string_too_long": "fits_short",
    "bool_type": "fits_boolean",
    "bool_parsing": "fits_boolean",
    "float_type": "fits_number",
    "float_parsing": "fits_number",
    "finite_number": "fits_finite",
    "greater_than_equal": "fits_at_least",
    "less_than_equal": "fits_at_most",
    "date_type": "fits_day",
    "date_parsing": "fits_day",
    "date_from_datetime_parsing": "fits_day",
    "date_from_datetime_inexact": "fits_day",
    "tuple_type": "fits_list",
    "dict_type": "fits_table",
    "model_type": "fits_table",
    "model_attributes_type": "fits_table",
}


def read_plan(path: Path) -> ImportPlan:
    """Read a plan from a TOML file.

    Raises
    ------
    PlanError
        If the file is not there, is no TOML, or is no plan; with all problems at once.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise PlanError(Problem("missing_plan", params={"path": str(path)})) from None
    except OSError as error:
        params = {"file": str(path), "why": error.strerror or str(error)}
        raise PlanError(Problem("file_unreadable", params=params)) from None
    except UnicodeDecodeError:
        raise PlanError(Problem("plan_not_utf8", params={"path": str(path)})) from None
    return plan_from_toml(text)


def plan_from_toml(text: str) -> ImportPlan:
    """Read a plan from TOML text.

    Raises
    ------
    PlanError
        With all problems at once, each with its dotted path in the plan.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(Problem("plan_not_toml", params={"reason": str(error)})) from None
    return plan_from_data(data)


def plan_from_data(data: Mapping[str, Any]) -> ImportPlan:
    """Read a plan from plain data, as TOML or JSON hold it."""
    try:
        return ImportPlan.model_validate(data)
    except ValidationError as error:
        raise PlanError([_problem(detail) for detail in error.errors()]) from None


def plan_to_toml(plan: ImportPlan) -> str:
    """Write a plan as TOML; what has its default value is left out."""
    data = plan.model_dump(mode="python", exclude_defaults=True)
    lines = [f"{key} = {_value(value)}" for key, value in data.items() if not _is_section(key, value)]
    for name in _TABLES:
        if name in data:
            lines += ["", f"[{name}]"]
            lines += [f"{_key(key)} = {_value(_short(name, value))}" for key, value in data[name].items()]
    for name, inner in (("users", "tags"), ("events", "properties")):
        for source in data.get(name, ()):
            lines += ["", f"[[{name}]]", *_pairs(source, without=(inner,))]
            for key, value in source.get(inner, {}).items():
                lines += ["", f"[{name}.{inner}.{_key(key)}]", *_pairs(value)]
    for key, value in data.get("tags", {}).items():
        lines += ["", f"[tags.{_key(key)}]", *_pairs(value)]
    for stage in data.get("journey", ()):
        lines += ["", "[[journey]]", *_pairs(stage, without=("steps",))]
        for step in stage.get("steps", ()):
            lines += ["", "[[journey.steps]]", *_pairs(step)]
    return "\n".join(lines).lstrip("\n") + "\n"


def import_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of plans."""
    return ImportPlan.model_json_schema()


def plan_without_secrets(plan: ImportPlan) -> dict[str, Any]:
    """Return the plan as JSON without database URLs; names of environment variables stay."""
    data = plan.model_dump(mode="json", exclude_defaults=True)
    for source in [*data.get("users", []), *data.get("events", [])]:
        if "database" in source and not source["database"].startswith("env:"):
            source["database"] = "env:HIDDEN"
    return data


def _problem(detail: ErrorDetails) -> Problem:
    """Return one of Pydantic's findings as a problem in our words."""
    node = _path(detail["loc"])
    kind = detail["type"]
    if kind == "extra_forbidden":
        given = str(detail["loc"][-1])
        known = _known_keys(detail["loc"][:-1])
        return Problem(
            "unknown_plan_key",
            node=node,
            params={"key": given},
            allowed=known,
            nearest=nearest_name(given, known),
        )
    if kind == "missing":
        return Problem("plan_key_missing", node=node, params={"key": str(detail["loc"][-1])})
    if kind == "value_error":
        # Our own validators raise the code of the text.
        code = str(detail["ctx"]["error"])
        return Problem(f"plan_{code}", node=node, params={"value": _shown(detail["input"])})
    if kind in ("literal_error", "enum"):
        allowed = tuple(
            part.strip("' ") for part in detail["ctx"]["expected"].replace(" or ", ", ").split(", ")
        )
        given = _shown(detail["input"])
        return Problem(
            "plan_value_not_allowed",
            node=node,
            params={"value": given, "allowed": allowed},
            allowed=allowed,
            nearest=nearest_name(given, allowed),
        )
    limit = detail.get("ctx", {}).get("le", detail.get("ctx", {}).get("ge"))
    reason: object = (
        say(_FITS[kind], limit=f"{limit:g}" if limit is not None else "") if kind in _FITS else detail["msg"]
    )
    return Problem("plan_value_wrong", node=node, params={"value": _shown(detail["input"]), "reason": reason})


def _shown(value: object) -> str:
    """Return a value for a message; a mapping could hold a database URL."""
    if isinstance(value, str | int | float | bool):
        return str(value)[:80]
    return (
        "[…]"
        if isinstance(value, list | tuple)
        else "{…}"
        if isinstance(value, dict)
        else type(value).__name__
    )


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else (f".{part}" if path else part)
    return path


def _known_keys(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are allowed at a place of the plan, read off the published schema."""
    schema = import_json_schema()
    here: dict[str, Any] = schema
    for part in loc:
        here = _resolve(here, schema)
        if isinstance(part, int):
            here = here.get("items", {})
        elif part in here.get("properties", {}):
            here = here["properties"][part]
        else:
            here = here.get("additionalProperties", {})
    return tuple(_resolve(here, schema).get("properties", ()))


def _resolve(here: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the object among the forms that a value may have; a text or a list is only short for it."""
    for option in (here, *here.get("anyOf", ())):
        if "$ref" in option:
            found: dict[str, Any] = schema["$defs"][option["$ref"].rsplit("/", 1)[-1]]
            return found
    return next((form for form in here.get("anyOf", ()) if form.get("type") == "object"), here)


def _is_section(key: str, value: object) -> bool:
    return key in (*_TABLES, "users", "events", "tags", "journey") and bool(value)


def _short(table: str, value: Any) -> Any:
    """Return a file without options as its plain path."""
    return value["source"] if table == "files" and set(value) == {"source"} else value


def _pairs(data: Mapping[str, Any], without: tuple[str, ...] = ()) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in data.items() if key not in without]


def _key(key: str) -> str:
    return key if key and set(key) <= _BARE else _string(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        # As text: a plan's day is written as in a rule.
        return _string(value.isoformat())
    if isinstance(value, Mapping):
        pairs = (f"{_key(str(k))} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (_NAMED.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in escaped)
    return '"' + "".join(shown) + '"'


_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
