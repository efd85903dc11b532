"""What people like and how they behave: preferences, price level, active hour, browsing, silence, age."""

from __future__ import annotations

from collections.abc import Sequence

from core.messages import say
from core.rules.makings import Bands, Formula, Preference, Quantiles
from core.rules.parts import LastWindow
from core.schema import Catalogue, Measurement, TagType
from core.tags.templates.proposals import (
    CATEGORIES,
    PURCHASES,
    VISITS,
    Given,
    Proposal,
    Slot,
    Template,
    last_of_journey,
    likely_event,
    likely_property,
    properties_of,
    tags_of_type,
)

_SETS = (TagType.TEXT, TagType.ENUM, TagType.MULTI)
_DWELL = ("dwell", "duration", "seconds", "停留", "时长")


def _window(days: object) -> LastWindow | None:
    return None if days is None else LastWindow(last=int(str(days)), unit="day")


def _preference_slots(catalogue: Catalogue) -> Sequence[Slot]:
    purchase = last_of_journey(catalogue, PURCHASES)
    event = catalogue.events.get(purchase or "")
    return (
        Slot("event", "event", say("slot_event"), purchase, tuple(catalogue.events)),
        Slot(
            "property", "property", say("slot_preferred"), likely_property(event, _SETS, CATEGORIES),
            properties_of(catalogue, _SETS), of="event",
        ),
        Slot(
            "weigh", "property", say("slot_weigh"), None, properties_of(catalogue, [TagType.NUMBER]),
            is_optional=True, of="event",
        ),
        Slot("days", "whole", say("slot_days"), 365, low=1, high=36_500, is_optional=True),
        Slot("at_least", "whole", say("slot_evidence"), 2, low=1, high=1000),
        Slot("share_at_least", "share", say("slot_share"), 0.0, low=0, high=1),
    )  # fmt: skip


def _preference(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:
    event, key = str(given["event"]), str(given["property"])
    parts = {
        "event": event, "of": key, "weigh": given["weigh"], "window": _window(given["days"]),
        "at_least": given["at_least"], "share_at_least": given["share_at_least"],
    }  # fmt: skip
    label = catalogue.events[event].properties[key].label.as_text()
    return (
        Proposal(
            f"preferred_{key}", say("preferred_label", property=label), say("preferred_definition"),
            "interests", "preference", Preference(**parts),
        ),
        Proposal(
            f"preferred_{key}_share", say("preferred_share_label", property=label),
            say("preferred_share_definition"), "interests", "preference", Preference(**parts, gives="share"),
        ),
    )  # fmt: skip


def _price_slots(catalogue: Catalogue) -> Sequence[Slot]:
    purchase = last_of_journey(catalogue, PURCHASES)
    event = catalogue.events.get(purchase or "")
    numbers = properties_of(catalogue, [TagType.NUMBER])
    amount = likely_property(event, [TagType.NUMBER], ["price", "amount", "金额", "单价"])
    return (
        Slot("event", "event", say("slot_event"), purchase, tuple(catalogue.events)),
        Slot("amount", "property", say("slot_amount"), amount, numbers, of="event"),
        Slot("days", "whole", say("slot_days"), 365, low=1, high=36_500, is_optional=True),
    )


def _price(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    window = None if given["days"] is None else {"last": int(given["days"]), "unit": "day"}
    mean = Measurement(event=str(given["event"]), measure="avg", property=str(given["amount"]), window=window)
    labels = tuple(say(f"price_{level}")["zh"] for level in ("low", "middle", "high"))
    return (
        Proposal(
            "average_price", say("average_price_label"), say("average_price_definition"), "interests",
            "preference", mean, "元",
        ),
        Proposal(
            "price_preference", say("template_price"), say("price_definition"), "interests", "preference",
            Quantiles(of="average_price", labels=labels),
        ),
    )  # fmt: skip


def _hour_slots(catalogue: Catalogue) -> Sequence[Slot]:
    visit = likely_event(catalogue, VISITS)
    return (
        Slot("event", "event", say("slot_event"), visit, tuple(catalogue.events)),
        Slot("days", "whole", say("slot_days"), 90, low=1, high=36_500, is_optional=True),
        Slot("at_least", "whole", say("slot_evidence"), 3, low=1, high=1000),
    )


def _hour(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    making = Preference(
        event=str(given["event"]), window=_window(given["days"]), at_least=int(given["at_least"])
    )
    about = say("hour_definition")
    return (Proposal("active_hour", say("template_active_hour"), about, "journey", "preference", making),)


def _browsing_slots(catalogue: Catalogue) -> Sequence[Slot]:
    view = likely_event(catalogue, ("page_view", "view", "browse", "浏览"))
    event = catalogue.events.get(view or "")
    numbers = properties_of(catalogue, [TagType.NUMBER])
    dwell = likely_property(event, [TagType.NUMBER], _DWELL)
    favourite = likely_event(catalogue, ("favourite", "favorite", "cart", "wish", "收藏", "加购"))
    events = tuple(catalogue.events)
    return (
        Slot("view", "event", say("slot_view"), view, events),
        Slot("dwell", "property", say("slot_dwell"), dwell, numbers, is_optional=True, of="view"),
        Slot("favourite", "event", say("slot_favourite"), favourite, events, is_optional=True),
        Slot("days", "whole", say("slot_days"), 30, low=1, high=36_500),
    )


def _browsing(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    days = int(given["days"])
    window = {"last": days, "unit": "day"}

    def tag(key: str, making: Measurement, unit: str) -> Proposal:
        label, about = say(f"{key}_label", days=days), say(f"{key}_definition", days=days)
        return Proposal(key, label, about, "interests", "behaviour", making, unit)

    view = str(given["view"])
    found = [tag("recent_views", Measurement(event=view, measure="count", window=window), "次")]
    if given["dwell"]:
        dwell = Measurement(event=view, measure="avg", property=str(given["dwell"]), window=window)
        found.append(tag("recent_dwell", dwell, "秒"))
    if given["favourite"]:
        making = Measurement(event=str(given["favourite"]), measure="count", window=window)
        found.append(tag("recent_favourites", making, "次"))
    return found


def _silence_slots(catalogue: Catalogue) -> Sequence[Slot]:
    visit = likely_event(catalogue, VISITS)
    return (
        Slot("event", "event", say("slot_activity_event"), visit, tuple(catalogue.events)),
        Slot("edges", "edges", say("slot_silence_edges"), [8, 31, 91]),
    )


def _silence(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    since = Measurement(event=str(given["event"]), measure="days_since_last")
    edges = tuple(float(edge) for edge in given["edges"])
    named = [say(f"silence_{n}")["zh"] for n in range(4)]
    labels = tuple(named if len(edges) == 3 else (str(n + 1) for n in range(len(edges) + 1)))
    return (
        Proposal(
            "silent_days", say("silent_days_label"), say("silent_days_definition"), "journey", "behaviour",
            since, "天",
        ),
        Proposal(
            "silence", say("template_silence"), say("silence_definition"), "journey", "behaviour",
            Bands(of="silent_days", edges=edges, labels=labels),
        ),
    )  # fmt: skip


def _age_slots(catalogue: Catalogue) -> Sequence[Slot]:
    dates = tags_of_type(catalogue, TagType.DATE)
    birthday = next((key for key in dates if "birth" in key or "生日" in catalogue.tags[key].label.zh), None)
    return (
        Slot("birthday", "tag", say("slot_birthday"), birthday, dates),
        Slot("edges", "edges", say("slot_age_edges"), [18, 40, 61]),
    )


def _age(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    edges = tuple(float(edge) for edge in given["edges"])
    named = [say(f"age_{n}")["zh"] for n in range(4)]
    labels = tuple(named if len(edges) == 3 else (str(n + 1) for n in range(len(edges) + 1)))
    birthday = str(given["birthday"])
    return (
        Proposal(
            "age", say("age_label"), say("age_definition"), "demographics", "basics",
            Formula(text=f"years_since(`{birthday}`)"), "岁",
        ),
        Proposal(
            "age_band", say("template_age_band"), say("age_band_definition"), "demographics", "basics",
            Bands(of="age", edges=edges, labels=labels),
        ),
    )  # fmt: skip


PREFERENCE = Template("preference", _preference_slots, _preference)
PRICE = Template("price", _price_slots, _price)
ACTIVE_HOUR = Template("active_hour", _hour_slots, _hour)
BROWSING = Template("browsing", _browsing_slots, _browsing)
SILENCE = Template("silence", _silence_slots, _silence)
AGE_BAND = Template("age_band", _age_slots, _age)
