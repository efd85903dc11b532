"""What a goal asks for, and what it plans: inert data, and the few words in which plans are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import NotFound, Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules.makings import ByRules, ValueByRule
from core.rules.tree import Rule
from core.schema import Catalogue, Label, Measurement
from core.tags.templates.proposals import Given, Proposal, Slot, filled, rule


@dataclass(frozen=True)
class AudienceProposal:
    """An audience that a goal plans.

    Attributes
    ----------
    about : Text
        Who they are and what to do with them.
    rule : Rule
        It may name tags of the same plan.
    """

    name: Text
    about: Text
    rule: Rule


@dataclass(frozen=True)
class Plan:
    """What serves a goal: tags, those first of which others are made, and audiences on them."""

    tags: tuple[Proposal, ...]
    audiences: tuple[AudienceProposal, ...]


@dataclass(frozen=True)
class Goal:
    """A goal of the business.

    Attributes
    ----------
    slots : callable (catalogue) -> slots
        What it asks for, with what the catalogue suggests.
    make : callable (catalogue, given) -> Plan
        The plan. What is given is complete and has been checked.
    """

    key: str
    slots: Callable[[Catalogue], Sequence[Slot]]
    make: Callable[[Catalogue, Given], Plan]

    @property
    def label(self) -> Text:
        """Its name for people."""
        return say(f"goal_{self.key}")

    @property
    def about(self) -> Text:
        """How one gets there."""
        return say(f"goal_{self.key}_about")

    def plan(self, catalogue: Catalogue, given: Given | None = None) -> Plan:
        """Return the plan for what is given; what is left out stands at its default.

        Raises
        ------
        RuleError
            With everything that is wrong with what is given, each at the name of its slot.
        """
        return self.make(catalogue, filled(self.slots(catalogue), catalogue, given))


def goal_of(key: str, goals: Mapping[str, Goal]) -> Goal:
    """Return a goal; raises NotFound with the nearest name."""
    if key not in goals:
        raise NotFound(Problem("goal_unknown", None, {"name": key}, tuple(goals), nearest_name(key, goals)))
    return goals[key]


def days(key: str, default: int) -> Slot:
    """Return the slot of a number of days."""
    return Slot(key, "whole", say(f"slot_{key}"), default, low=1, high=3650)


def tag(key: str, making: Measurement, event: Label, unit: str | None = None) -> Proposal:
    """Return a tag that counts or measures behaviour; its definition names the event."""
    about = say(f"{key}_definition", event=event.as_text())
    return Proposal(key, say(f"{key}_label"), about, "journey", "behaviour", making, unit)


def timing(key: str, values: Sequence[tuple[str, Rule]], otherwise: str, **params: Any) -> Proposal:
    """Return a tag whose values say when to talk to somebody: the first rule that holds gives the value."""
    making = ByRules(
        values=tuple(ValueByRule(value=value_name(value), rule=holds) for value, holds in values),
        otherwise=value_name(otherwise),
    )
    about = with_glossary(say(f"{key}_definition", **params), [*(value for value, _ in values), otherwise])
    return Proposal(key, say(f"{key}_label"), about, "journey", "behaviour", making)


def value_name(value: str) -> str:
    """Return the value of a tag: values are data, the same in whatever language somebody looks at them."""
    return say(f"goal_value_{value}")["zh"]


def with_glossary(definition: Text, values: Sequence[str]) -> Text:
    """Return a definition that tells whoever reads English what the values mean."""
    names = (say(f"goal_value_{value}") for value in values)
    meanings = "; ".join(f"{name['zh']} = {name['en']}" for name in names)
    return Text(zh=definition["zh"], en=f"{definition['en']} Values: {meanings}.")


def who(key: str, *conditions: Mapping[str, Any], **params: Any) -> AudienceProposal:
    """Return the audience of all for whom every condition holds; its note is told `params`."""
    return AudienceProposal(say(f"goal_who_{key}"), say(f"goal_who_{key}_about", **params), rule(*conditions))


def refuse_same(given: Given, first: str, second: str) -> None:
    """Refuse one event in two slots that must differ."""
    if given[first] == given[second]:
        params = {"first": say(f"slot_{first}"), "second": say(f"slot_{second}")}
        raise RuleError(Problem("goal_same_event", second, params))


def has(key: str, value: str) -> dict[str, Any]:
    """Return the condition that a timing tag has a value."""
    return {"kind": "tag", "tag": key, "op": "is", "value": value_name(value)}


def compares(key: str, op: str, value: Any = None) -> dict[str, Any]:
    """Return a condition on a tag."""
    condition: dict[str, Any] = {"kind": "tag", "tag": key, "op": op}
    return condition if value is None else {**condition, "value": value}
