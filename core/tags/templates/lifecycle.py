"""Where people stand: the furthest step of the journey, and the stage of the life cycle.

Both give every user of the base exactly one value, so that the values add up to the base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.messages import Text, say
from core.rules.makings import ByRules, ValueByRule
from core.schema import Catalogue
from core.tags.templates.proposals import (
    PURCHASES,
    VISITS,
    Given,
    Proposal,
    Slot,
    Template,
    did,
    did_not,
    group,
    last_of_journey,
    likely_event,
    refuse_disorder,
    rule,
)

STAGES = ("introduction", "growth", "mature", "dormant", "churned")
"""The five stages 导入期 成长期 成熟期 休眠期 流失期."""


def stage_name(stage: str) -> str:
    """Return the value of a stage: values are data, the same in whatever language somebody looks at them."""
    return say(f"lifecycle_{stage}")["zh"]


def _lifecycle_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events = tuple(catalogue.events)
    visit = likely_event(catalogue, VISITS)
    return (
        Slot("purchase", "event", say("slot_purchase"), last_of_journey(catalogue, PURCHASES), events),
        Slot("activity", "events", say("slot_activity"), [visit] if visit else [], events, is_optional=True),
        Slot("mature_orders", "whole", say("slot_mature_orders"), 3, low=2, high=1000),
        Slot("dormant_days", "whole", say("slot_dormant_days"), 180, low=1, high=3650),
        Slot("churned_days", "whole", say("slot_churned_days"), 365, low=2, high=3650),
        Slot("quiet_days", "whole", say("slot_quiet_days"), 90, low=1, high=3650),
        Slot("lost_days", "whole", say("slot_lost_days"), 180, low=2, high=3650),
    )


def _lifecycle(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    buy = str(given["purchase"])
    doings = list(dict.fromkeys([buy, *(given["activity"] or ())]))
    dormant, churned = int(given["dormant_days"]), int(given["churned_days"])
    quiet, lost = int(given["quiet_days"]), int(given["lost_days"])
    refuse_disorder(given, ("dormant_days", "churned_days"), ("quiet_days", "lost_days"))

    def silent(buyers: int, others: int) -> Mapping[str, Any]:
        """Return: bought, but not lately; or, where activity is known, never bought and not active."""
        once_bought = group("all", did(buy), did_not(buy, days=buyers))
        quiet_ones = [did_not(event, days=others) for event in doings if event != buy]
        return (
            group("any", once_bought, group("all", did_not(buy), *quiet_ones)) if quiet_ones else once_bought
        )

    has_activity = len(doings) > 1
    values = (
        (STAGES[4], rule(silent(churned, lost))),
        (STAGES[3], rule(silent(dormant, quiet))),
        (STAGES[2], rule(did(buy, at_least=int(given["mature_orders"])))),
        (STAGES[1], rule(did(buy))),
    )
    making = ByRules(
        values=tuple(ValueByRule(value=stage_name(stage), rule=found) for stage, found in values),
        otherwise=stage_name(STAGES[0]),
    )
    about = say(
        "lifecycle_definition" if has_activity else "lifecycle_definition_of_buyers",
        mature=int(given["mature_orders"]), dormant=dormant, churned=churned, quiet=quiet, lost=lost,
    )  # fmt: skip
    return (Proposal("lifecycle_stage", say("template_lifecycle"), about, "journey", "behaviour", making),)


def _journey_slots(catalogue: Catalogue) -> Sequence[Slot]:
    steps = [{"label": step.label.zh, "events": list(step.events)} for _, step in catalogue.journey_steps()]
    return (Slot("steps", "steps", say("slot_steps"), steps, tuple(catalogue.events)),)


def _journey(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    """Return the furthest step: the last one whose event a user ever had, in any order and by any way."""
    steps: list[Mapping[str, Any]] = list(given["steps"])
    with_events = [step for step in steps if step["events"]]
    first = next((step["label"] for step in steps if not step["events"]), say("journey_not_begun")["zh"])
    values = tuple(
        ValueByRule(value=str(step["label"]), rule=rule(*(did(str(e)) for e in step["events"]), match="any"))
        for step in reversed(with_events)
    )
    about: Text = say("journey_definition", steps=[str(step["label"]) for step in steps])
    making = ByRules(values=values, otherwise=str(first))
    return (Proposal("journey_furthest", say("template_journey"), about, "journey", "behaviour", making),)


LIFECYCLE = Template("lifecycle", _lifecycle_slots, _lifecycle)
JOURNEY = Template("journey", _journey_slots, _journey)
