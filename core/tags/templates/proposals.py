"""What a template asks for, and what it proposes: inert data."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from core.errors import NotFound, Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules.tree import Group, Rule
from core.schema import Catalogue, EventSpec, Label, Making, TagType

SlotKind = Literal[
    "event", "events", "property", "tag", "tags", "whole", "share", "edges", "choice", "choices", "steps",
    "amounts",
]  # fmt: skip
Use = Literal["basics", "behaviour", "preference", "occasion"]
Given = Mapping[str, Any]

# Words that tell what an event or a property probably is, in the order in which they are looked for.
PURCHASES = ("purchase", "pay", "paid", "buy", "order", "transaction", "sale", "支付", "购买", "交易")
VISITS = ("login", "visit", "view", "session", "open", "登录", "访问", "浏览")
REFUNDS = ("return", "refund", "cancel", "退")
AMOUNTS = ("amount", "price", "gmv", "金额")
SOURCES = ("source_channel", "channel", "source", "utm", "来源", "渠道")
COSTS = ("acquisition_cost", "cac", "cost", "成本", "花费")
CATEGORIES = ("category", "product", "sku", "item", "品类", "商品", "产品")


LONGEST_STEP_NAME = 100
"""Characters of the name of a step that an operator gives."""


@dataclass(frozen=True)
class Slot:
    """One thing that a template must be told.

    Attributes
    ----------
    key : str
        Its name in what is given.
    kind : str
        ``event``, ``events``, ``property`` (of the event in the slot `of`), ``tag``, ``tags``, ``whole`` (a
        whole number), ``share`` (between 0 and 1), ``edges`` (a list of numbers, ascending), ``choice``,
        ``choices`` (a list), ``steps`` (a list of ``{"label", "events"}``, or with `with_audiences` also of
        ``{"label", "audience"}``), ``amounts`` (a number, 0 or more, by value of a tag).
    label : Text
        What it is, for people.
    default : object
        What stands there until somebody changes it, guessed from the catalogue; None = nothing was found.
    allowed : tuple of str
        Keys that may stand there; empty for numbers.
    is_optional : bool
        Whether it may be left empty.
    low, high : float or None
        Bounds of a number, both in; of a list of tags or steps, `high` of how many there may be.
    edges : int or None
        How many edges there must be; None = as many as somebody likes.
    of : str or None
        The slot with the event whose properties may stand here, or with the tag by whose values amounts are.
    with_audiences : bool
        Whether a step may be being in a saved audience, by its id or name.
    """

    key: str
    kind: SlotKind
    label: Text
    default: Any
    allowed: tuple[str, ...] = ()
    is_optional: bool = False
    low: float | None = None
    high: float | None = None
    edges: int | None = None
    of: str | None = None
    with_audiences: bool = False


@dataclass(frozen=True)
class Proposal:
    """A tag that a template proposes.

    Attributes
    ----------
    key : str
        Proposed; the operator may give another one, for all proposals together.
    making : Making
        It may name other proposals of the same template.
    description : Text
        The definition in words, written down with the tag.
    """

    key: str
    label: Text
    description: Text
    dimension: str
    use: Use
    making: Making
    unit: str | None = None


@dataclass(frozen=True)
class Template:
    """A ready way to a tag, or to several that belong together.

    Attributes
    ----------
    key : str
        Its name.
    slots : callable (catalogue) -> slots
        What it asks for, with what the catalogue suggests.
    make : callable (catalogue, given) -> proposals
        The tags, those first of which others are made. What is given is complete and has been checked.
    """

    key: str
    slots: Callable[[Catalogue], Sequence[Slot]]
    make: Callable[[Catalogue, Given], Sequence[Proposal]]

    @property
    def label(self) -> Text:
        """Its name for people."""
        return say(f"template_{self.key}")

    @property
    def about(self) -> Text:
        """What it gives, and by which definition."""
        return say(f"template_{self.key}_about")

    def proposals(self, catalogue: Catalogue, given: Given | None = None) -> tuple[Proposal, ...]:
        """Return the tags for what is given; what is left out stands at its default.

        Raises
        ------
        RuleError
            With everything that is wrong with what is given, each at the name of its slot.
        """
        return tuple(self.make(catalogue, filled(self.slots(catalogue), catalogue, given)))


def filled(slots: Sequence[Slot], catalogue: Catalogue, given: Given | None) -> Given:
    """Return what stands in every slot: what is given, and the defaults for the rest.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, each at the name of its slot.
    """
    told, by_key = dict(given or {}), {slot.key: slot for slot in slots}
    problems = [
        Problem("template_slot_unknown", key, {"given": key}, tuple(by_key), nearest_name(key, by_key))
        for key in told
        if key not in by_key
    ]
    found = {key: told.get(key, slot.default) for key, slot in by_key.items()}
    for slot in by_key.values():
        problems += _wrong(slot, found, catalogue)
    if problems:
        raise RuleError(problems)
    return found


def template_of(key: str, templates: Mapping[str, Template]) -> Template:
    """Return a template; raises NotFound with the nearest name."""
    if key not in templates:
        params = {"name": key}
        raise NotFound(
            Problem("template_unknown", None, params, tuple(templates), nearest_name(key, templates))
        )
    return templates[key]


def refuse_disorder(given: Given, *runs: Sequence[str]) -> None:
    """Refuse runs of slots whose numbers do not ascend: a later one would forestall the value before it."""
    problems = [
        Problem(
            "template_days_order", first, {"first": say(f"slot_{first}"), "second": say(f"slot_{second}")}
        )
        for run in runs
        for first, second in pairwise(run)
        if given[first] >= given[second]
    ]
    if problems:
        raise RuleError(problems)


def _wrong(slot: Slot, given: Given, catalogue: Catalogue) -> list[Problem]:
    value = given[slot.key]
    if value is None or value in ([], ()):
        if slot.is_optional:
            return []
        is_choice = slot.kind not in ("whole", "share", "edges", "steps", "amounts")
        code = "template_slot_nothing" if is_choice and not slot.allowed else "template_slot_empty"
        return [Problem(code, slot.key, {"slot": slot.label}, slot.allowed)]
    if slot.kind == "whole" and (isinstance(value, bool) or not isinstance(value, int)):
        return [Problem("template_slot_not_whole", slot.key, {"slot": slot.label, "given": str(value)})]
    if slot.kind in ("whole", "share"):
        return _out_of_bounds(slot, value)
    if slot.kind == "edges":
        is_list = isinstance(value, list | tuple) and all(map(_is_number, value))
        if not is_list or list(value) != sorted(set(value)):
            return [Problem("edges_not_ascending", slot.key)]
        if slot.edges is not None and len(value) != slot.edges:
            params = {"slot": slot.label, "wanted": slot.edges, "given": len(value)}
            return [Problem("template_edges_number", slot.key, params)]
        return []
    if slot.kind == "steps":
        return _wrong_steps(slot, value)
    if slot.kind == "amounts":
        is_mapping = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
        if is_mapping and all(_is_number(amount) and amount >= 0 for amount in value.values()):
            return []
        return [Problem("template_slot_not_amounts", slot.key, {"slot": slot.label})]
    allowed = slot.allowed
    if slot.of is not None:
        event = catalogue.events.get(str(given.get(slot.of)))
        allowed = tuple(key for key in allowed if event is not None and key in event.properties)
    takes_several = slot.kind in ("events", "tags", "choices")
    if takes_several and not isinstance(value, list | tuple):
        return [Problem("template_slot_not_list", slot.key, {"slot": slot.label, "given": str(value)})]
    named = list(value) if takes_several else [value]
    if slot.kind == "tags" and slot.high is not None and len(named) > slot.high:
        params = {"slot": slot.label, "most": _plain(slot.high), "given": len(named)}
        return [Problem("template_slot_too_many", slot.key, params)]
    return [
        Problem(
            "template_slot_not_one_of", slot.key, {"slot": slot.label, "given": str(name)}, allowed,
            nearest_name(str(name), allowed),
        )
        for name in named
        if name not in allowed
    ]  # fmt: skip


def _wrong_steps(slot: Slot, steps: Any) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    if isinstance(steps, list | tuple) and slot.high is not None and len(steps) > slot.high:
        params = {"slot": slot.label, "most": _plain(slot.high), "given": len(steps)}
        return [Problem("template_slot_too_many", slot.key, params)]
    for place, step in enumerate(steps if isinstance(steps, list | tuple) else [None], 1):
        if not _is_step(step, slot):
            code = "template_steps_or_audience_shape" if slot.with_audiences else "template_steps_shape"
            problems.append(Problem(code, slot.key, {"place": place}))
            continue
        label = step["label"]
        if len(label) > LONGEST_STEP_NAME:
            params = {"place": place, "most": LONGEST_STEP_NAME}
            problems.append(Problem("template_steps_name_too_long", slot.key, params))
        if label in seen:
            problems.append(Problem("template_steps_twice", slot.key, {"given": label}))
        seen.add(label)
        events = [str(event) for event in step.get("events", ())]
        problems += [
            Problem("template_steps_event_twice", slot.key, {"place": place, "given": name})
            for name in dict.fromkeys(events)
            if events.count(name) > 1
        ]
        problems += [
            Problem(
                "template_steps_event", slot.key, {"place": place, "given": name}, slot.allowed,
                nearest_name(name, slot.allowed),
            )
            for name in dict.fromkeys(events)
            if name not in slot.allowed
        ]  # fmt: skip
    return problems


def _is_step(step: object, slot: Slot) -> bool:
    if not isinstance(step, Mapping):
        return False
    label = step.get("label")
    if not isinstance(label, str) or not label.strip():
        return False
    if slot.with_audiences and step.keys() == {"label", "audience"}:
        return isinstance(step["audience"], str) and bool(step["audience"])
    return step.keys() == {"label", "events"} and isinstance(step["events"], list | tuple)


def _out_of_bounds(slot: Slot, value: Any) -> list[Problem]:
    low, high = slot.low, slot.high
    if _is_number(value) and (low is None or value >= low) and (high is None or value <= high):
        return []
    params = {"slot": slot.label, "given": str(value), "low": _plain(low), "high": _plain(high)}
    return [Problem("template_slot_out_of_bounds", slot.key, params)]


def _is_number(value: object) -> bool:
    """Tell whether it is a number that can be counted with: neither infinite nor beyond what floats hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _plain(bound: float | None) -> str:
    return "…" if bound is None else f"{bound:g}"


# ---- what the catalogue suggests --------------------------------------------------------------------------


def likely_event(catalogue: Catalogue, words: Sequence[str], *, about: Sequence[str] = ()) -> str | None:
    """Return the event whose key or name has one of the words, the most telling word and key first.

    Parameters
    ----------
    about : sequence of str
        It must have one of these as well; empty = whatever it is about.
    """
    events = [
        event
        for event in catalogue.events.values()
        if not about or any(has_word(event.key, event.label, word) for word in about)
    ]
    for word in words:
        found = [event.key for event in events if has_word(event.key, event.label, word)]
        if found:
            return _most_telling(found, word)
    return None


def likely_tag(
    catalogue: Catalogue, types: Sequence[TagType], words: Sequence[str], *, but: Sequence[str | None] = ()
) -> str | None:
    """Return the tag of some types whose key or name has one of the words, the most telling first.

    Parameters
    ----------
    but : sequence of str or None
        Keys of tags that are something else already.
    """
    tags = [catalogue.tags[key] for key in tags_of_types(catalogue, types) if key not in but]
    for word in words:
        found = [tag.key for tag in tags if has_word(tag.key, tag.label, word)]
        if found:
            return _most_telling(found, word)
    return None


def _most_telling(keys: Sequence[str], word: str) -> str:
    return min(keys, key=lambda key: (not f"{key.lower()}_".startswith(f"{word}_"), len(key)))


def has_word(key: str, label: Label, word: str) -> bool:
    """Tell whether a key or a label has a word that begins so: ``sign`` is in "sign_up", not in "design"."""
    if not word.isascii():
        return word in label.zh
    return any(f"_{word}" in f"_{_snake(text)}" for text in (key, label.en))


def _snake(text: str) -> str:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower())


def last_of_journey(catalogue: Catalogue, words: Sequence[str]) -> str | None:
    """Return the event that likely is the purchase: by its name, else the last of the journey."""
    steps = [step.events[-1] for _, step in catalogue.journey_steps() if step.events]
    return likely_event(catalogue, words) or (steps[-1] if steps else None)


def properties_of(catalogue: Catalogue, types: Sequence[TagType]) -> tuple[str, ...]:
    """Return the properties of some types that any event has."""
    found = (
        p.key for event in catalogue.events.values() for p in event.properties.values() if p.type in types
    )
    return tuple(dict.fromkeys(found))


def likely_property(event: EventSpec | None, types: Sequence[TagType], words: Sequence[str]) -> str | None:
    """Return the property of an event that has one of the words, else the first of the types."""
    if event is None:
        return None
    keys = [p.key for p in event.properties.values() if p.type in types]
    for word in words:
        found = [key for key in keys if has_word(key, event.properties[key].label, word)]
        if found:
            return found[0]
    return keys[0] if keys else None


def tags_of_type(catalogue: Catalogue, kind: TagType) -> tuple[str, ...]:
    """Return the tags of a type that are no personal fields."""
    return tags_of_types(catalogue, [kind])


def tags_of_types(catalogue: Catalogue, types: Sequence[TagType]) -> tuple[str, ...]:
    """Return the tags of some types that are no personal fields."""
    return tuple(t.key for t in catalogue.tags.values() if t.type in types and t.personal is None)


# ---- rules in a few words ---------------------------------------------------------------------------------


def rule(*children: Mapping[str, Any], match: Literal["all", "any"] = "all") -> Rule:
    """Return a rule of conditions (and groups) as JSON, with ids given to them."""

    def numbered(node: Mapping[str, Any], name: str) -> dict[str, Any]:
        below = [numbered(child, f"{name}_{n}") for n, child in enumerate(node.get("children", ()), 1)]
        return {"id": name, **node, **({"children": below} if below else {})}

    nodes = [numbered(child, f"c{n}") for n, child in enumerate(children, 1)]
    root = {"kind": "group", "id": "root", "match": match, "children": nodes}
    return Rule(include=Group.model_validate(root))


def did(event: str, *, days: int | None = None, at_least: int = 1) -> dict[str, Any]:
    """Return the condition of having done something so often, within the last days or ever."""
    return _count(event, "gte", at_least, days)


def did_not(event: str, *, days: int | None = None) -> dict[str, Any]:
    """Return the condition of not having done something."""
    return _count(event, "eq", 0, days)


def _count(event: str, op: str, value: int, days: int | None) -> dict[str, Any]:
    condition: dict[str, Any] = {
        "kind": "event", "event": event, "measure": "count", "op": op, "value": value,
    }  # fmt: skip
    return condition if days is None else {**condition, "window": {"last": days, "unit": "day"}}


def not_since(event: str, *others: str) -> dict[str, Any]:
    """Return the condition of not having done something since any of the others was done the last time.

    At the same moment counts as since: events with a day only have the same time of day.
    """
    steps = [{"event": event}, *({"event": other, "not": True} for other in others)]
    return {"kind": "sequence", "not": True, "steps": steps}


def group(match: Literal["all", "any"], *children: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group of conditions as JSON."""
    return {"kind": "group", "match": match, "children": list(children)}
