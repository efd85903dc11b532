"""What an analysis was told, in words: without it nobody knows what "active" means in a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.analytics.wording import Wording
from core.messages import catalogue as texts
from core.schema import Catalogue
from core.tags.templates.proposals import Given, Slot

_HIDDEN = frozenset({"steps", "amounts"})
"""Kinds of slots whose content stands in the tables anyway."""


def told_in_words(
    slots: Sequence[Slot], given: Given, catalogue: Catalogue, words: Wording
) -> list[tuple[str, str]]:
    """Return what stands in the slots, each with its name; empty ones are left out."""
    found = []
    standing = {slot.key: given.get(slot.key, slot.default) for slot in slots}
    for slot in slots:
        value = standing[slot.key]
        if slot.kind in _HIDDEN or value in (None, "", [], ()):
            continue
        event = str(standing.get(slot.of)) if slot.of else ""
        found.append((words.pick(slot.label), _written(slot, value, event, catalogue, words)))
    return found


def _written(slot: Slot, value: Any, event: str, catalogue: Catalogue, words: Wording) -> str:
    if isinstance(value, list | tuple):
        parts = [_written(slot, each, event, catalogue, words) for each in value]
        return {"zh": "、", "en": ", "}[words.language].join(parts)
    if isinstance(value, bool) or not isinstance(value, str):
        return words.written(value, "number") if isinstance(value, int | float) else str(value)
    return _named(slot, value, event, catalogue, words)


def _named(slot: Slot, key: str, event: str, catalogue: Catalogue, words: Wording) -> str:
    """Return the name of what a key stands for; a key that names nothing as it is."""
    kind = slot.kind
    if f"report_choice_{key}" in texts() and key in slot.allowed and kind in ("choice", "choices"):
        return words.say(f"report_choice_{key}")
    if kind in ("event", "events") and key in catalogue.events:
        return words.pick(catalogue.events[key].label.as_text())
    if kind == "property" and event in catalogue.events and key in catalogue.events[event].properties:
        return words.pick(catalogue.events[event].properties[key].label.as_text())
    if key in catalogue.tags:
        return words.pick(catalogue.tags[key].label.as_text())
    of, _, name = key.partition(".")
    if of in catalogue.events and name in catalogue.events[of].properties:
        spec = catalogue.events[of]
        return f"{words.pick(spec.label.as_text())} · {words.pick(spec.properties[name].label.as_text())}"
    # A property that several events share stands by its key alone.
    shared = [spec.properties[key] for spec in catalogue.events.values() if key in spec.properties]
    return words.pick(shared[0].label.as_text()) if shared and key in slot.allowed else key
