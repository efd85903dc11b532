"""How a tag is made as a sentence, in both languages, the way an operator would say it.

Every making that could be parsed can be read, also one that does not fit the catalogue: names that do not
exist are read as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.errors import RuleError
from core.messages import Text, say
from core.rules.describe import describe, spaced
from core.rules.dispatch import meaning_of
from core.rules.formula import describe_formula
from core.rules.makings import Bands, ByRules, Formula, Given, Preference, Quantiles
from core.rules.measures import DAYS_SINCE, MEASURES
from core.rules.parts import EventWindow, PropertyCondition
from core.rules.wording import Mask, Wording, joined, number, percent, same
from core.schema import Catalogue, Making, Measurement

MOST_SAID = 12
"""So many values, bands or parts are told; the rest only as a number."""

_WINDOW: TypeAdapter[EventWindow] = TypeAdapter(EventWindow)


def describe_making(making: Making, catalogue: Catalogue, mask: Mask | None = None) -> Text:
    """Return how a tag is made as one sentence.

    Parameters
    ----------
    mask : callable (value, kind) -> str or None
        Hides the values that conditions on personal tags name; None shows them.
    """
    text = meaning_of(_WORDS, making)(making, catalogue, mask)
    return Text(zh=spaced(text["zh"]), en=text["en"])


def _statistic(making: Measurement, catalogue: Catalogue, mask: Mask | None) -> Text:
    words = Wording(catalogue, mask)
    where = tuple(PropertyCondition.model_validate(dict(condition)) for condition in making.where)
    measure = DAYS_SINCE.get(making.measure, making.measure)
    if measure not in MEASURES:
        return say("made_somehow", kind=making.measure)
    said = words.measured(making.event, where, measure, making.property, _window(making.window, words))
    if measure != making.measure:
        said = say("made_days_since", what=said)
    if making.only_with:
        return say("made_only_with", what=said)
    if making.missing is None:
        return said
    return say("made_with_missing", what=said, missing=number(making.missing))


def _by_rules(making: ByRules, catalogue: Catalogue, mask: Mask | None) -> Text:
    values = [
        say("made_value_by_rule", value=one.value, rule=_uncapitalised(describe(one.rule, catalogue, mask)))
        for one in making.values[:MOST_SAID]
    ]
    more = len(making.values) - len(values)
    if more:
        values.append(say("made_more", n=more))
    if making.otherwise is not None:
        values.append(say("made_otherwise", value=making.otherwise))
    return say(f"made_rules_{making.keep}", values=joined(values, say("between_made")))


def _bands(making: Bands, catalogue: Catalogue, mask: Mask | None) -> Text:
    edges = [number(edge) if isinstance(edge, float) else edge.isoformat() for edge in making.edges]
    bands = []
    for place, label in enumerate(making.labels[:MOST_SAID]):
        name = say("made_no_value") if label is None else say("made_named", text=label)
        if place == 0:
            bands.append(say("made_band_below", edge=edges[0], name=name))
        elif place == len(edges):
            bands.append(say("made_band_from", edge=edges[-1], name=name))
        else:
            bands.append(say("made_band_between", low=edges[place - 1], high=edges[place], name=name))
    more = len(making.labels) - len(bands)
    if more:
        bands.append(say("made_more", n=more))
    tag = Wording(catalogue, mask).tag(making.of)
    return say("made_bands", tag=tag, bands=joined(bands, say("between_made")))


def _quantiles(making: Quantiles, catalogue: Catalogue, mask: Mask | None) -> Text:
    labels = making.labels if len(making.labels) <= MOST_SAID else (making.labels[0], "…", making.labels[-1])
    tag = Wording(catalogue, mask).tag(making.of)
    return say("made_quantiles", tag=tag, parts=len(making.labels), labels=labels)


def _preference(making: Preference, catalogue: Catalogue, mask: Mask | None) -> Text:
    words = Wording(catalogue, mask)
    event = joined([words.event(making.event), words.where(making.event, making.where)], same(""))
    window = words.window(making.window)
    of = say("made_hour") if making.of is None else words.property(making.event, making.of)
    if making.weigh is None:
        text = say(f"made_most_often_{making.gives}", event=event, window=window, property=of)
    else:
        weigh = words.property(making.event, making.weigh)
        text = say(f"made_most_spent_{making.gives}", event=event, window=window, property=of, weigh=weigh)
    if making.at_least > 1:
        text = joined([text, say("made_at_least", n=making.at_least)], same(""))
    if making.share_at_least:
        text = joined([text, say("made_share_at_least", percent=percent(making.share_at_least))], same(""))
    return text


def _formula(making: Formula, catalogue: Catalogue, mask: Mask | None) -> Text:  # noqa: ARG001
    try:
        return describe_formula(making.expression, catalogue)
    except RuleError:
        return same(making.text)  # it is read as it stands, like every name that does not exist


def _given(making: Given, catalogue: Catalogue, mask: Mask | None) -> Text:  # noqa: ARG001 - as for all kinds
    return say("made_given")


def _window(window: Mapping[str, Any] | None, words: Wording) -> Text:
    if window is None:
        return same("")
    try:
        return words.window(_WINDOW.validate_python(dict(window)))
    except ValidationError:
        return same(f" {dict(window)}")


def _uncapitalised(text: Text) -> Text:
    """Return a sentence as it stands inside of another one."""
    first = text["en"].split(" ", 1)[0]
    is_word = first[1:].islower() or first == "A"
    return Text(zh=text["zh"], en=text["en"][:1].lower() + text["en"][1:] if is_word else text["en"])


_WORDS: Mapping[type[Any], Callable[[Any, Catalogue, Mask | None], Text]] = {
    Measurement: _statistic,
    ByRules: _by_rules,
    Bands: _bands,
    Quantiles: _quantiles,
    Preference: _preference,
    Formula: _formula,
    Given: _given,
}
