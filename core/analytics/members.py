"""Members 会员: who they are, when they came, what they hold and what they like.

Every number of people is the count of a rule; points and money stand beside the people who hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from core import clock
from core.analytics.amounts import Amounts, amounts
from core.analytics.asking import Asking, Figure, Share, existed
from core.analytics.likes import MOST_PREFERENCES, PREFERENCE_TYPES, Likes, likely_preferences, likes
from core.analytics.periods import month_ends
from core.analytics.rows import Row, has, rows_of, share_as_json, tag_label
from core.analytics.splits import Part, parts_by_size
from core.messages import Text, say
from core.rules.tree import Node
from core.schema import Catalogue, TagType
from core.tags.listing import EVERYBODY
from core.tags.templates.proposals import Given, Slot, filled, likely_tag, tags_of_types

BIRTHDAYS = ("birth", "生日", "出生")
AGE_EDGES = (18, 25, 30, 35, 40, 50, 60)
"""First years of the age bands but for the youngest, "under 18"."""
MOST_PLACES = 20
MONTHS = 12
_TEXTS = (TagType.ENUM, TagType.TEXT)
_WORDS = {
    "gender": (_TEXTS, ("gender", "sex", "性别")),
    "province": (_TEXTS, ("province", "省")),
    "city": (_TEXTS, ("city", "城市")),
    "level": (_TEXTS, ("member_level", "membership_level", "会员等级", "level", "tier", "等级")),
    "card": ((TagType.BOOLEAN, TagType.DATE), ("card", "开卡")),
    "registered": ((TagType.DATE,), ("regist", "sign_up", "joined", "注册")),
}
_HELD = ("points", "points_spent", "stored_value")
_SPENT = ("points_spent", "points_used", "points_redeemed", "已用积分", "消耗积分", "使用积分")


@dataclass(frozen=True)
class Distribution:
    """The people by one of their qualities.

    Attributes
    ----------
    key : str
        The slot: ``gender``, ``age``, ``province``, ``city``, ``level``, ``card`` or ``registered``.
    tag : str or None
        The tag by which it is told; None = by since when people exist.
    rows : tuple of Row
        They add up to all the people.
    note : Text or None
        Why there is nothing to see, where there is nothing.
    """

    key: str
    tag: str | None
    label: Text
    rows: tuple[Row, ...]
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the rows, JSON-ready."""
        return {
            "key": self.key,
            "tag": self.tag,
            "label": dict(self.label),
            "rows": [row.as_json() for row in self.rows],
            "note": None if self.note is None else dict(self.note),
        }


@dataclass(frozen=True)
class Holders:
    """Those of some people who hold more than 0, and what they hold, in the unit of the tag.

    Attributes
    ----------
    people : Figure
        All of them: everybody asked about, or those of one member level.
    holders : Figure
        Those with a value above 0.
    share : Share or None
        Holders of the people; None of nobody.
    amounts : Amounts
        Of the holders only: values of 0 and below, and the missing, are not in it.
    """

    label: Text
    people: Figure
    holders: Figure
    share: Share | None
    amounts: Amounts

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "label": dict(self.label),
            "people": self.people.users,
            "holders": self.holders.users,
            "share": share_as_json(self.share),
            **self.amounts.as_json(),
        }


@dataclass(frozen=True)
class Holding:
    """Points or stored value: of everybody asked about, and by member level.

    Attributes
    ----------
    key : str
        The slot: ``points``, ``points_spent`` or ``stored_value``.
    unit : str or None
        Unit of the tag, for people.
    by_level : tuple of Holders
        Empty where no member level is known.
    """

    key: str
    tag: str
    label: Text
    unit: str | None
    everybody: Holders
    by_level: tuple[Holders, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "key": self.key,
            "tag": self.tag,
            "label": dict(self.label),
            "unit": self.unit,
            "everybody": self.everybody.as_json(),
            "by_level": [holders.as_json() for holders in self.by_level],
        }


@dataclass(frozen=True)
class Members:
    """The members at one day.

    Attributes
    ----------
    people : Figure
        Everybody asked about; the denominator of every share but those of one level.
    note : Text or None
        Why there is nothing to see: nobody is asked about, or no tag is known.
    """

    as_of: date
    people: Figure
    distributions: tuple[Distribution, ...]
    holdings: tuple[Holding, ...]
    likes: tuple[Likes, ...]
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return everything, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "people": self.people.users,
            "distributions": [each.as_json() for each in self.distributions],
            "holdings": [each.as_json() for each in self.holdings],
            "likes": [each.as_json() for each in self.likes],
            "note": None if self.note is None else dict(self.note),
        }


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return what the analysis asks for, all of it optional, as keys and names of the tags suggest it."""
    spent = likely_tag(catalogue, [TagType.NUMBER], _SPENT)
    points = likely_tag(catalogue, [TagType.NUMBER], ("points", "积分"), but=[spent])
    stored = likely_tag(
        catalogue, [TagType.NUMBER], ("stored", "储值", "wallet", "balance"), but=[spent, points]
    )
    held = dict(zip(_HELD, (points, spent, stored), strict=True))
    found = [
        _slot(catalogue, "age", (TagType.DATE, TagType.NUMBER), _likely_age(catalogue)),
        *(_slot(catalogue, key, of, likely_tag(catalogue, of, words)) for key, (of, words) in _WORDS.items()),
        *(_slot(catalogue, key, (TagType.NUMBER,), tag) for key, tag in held.items()),
    ]
    allowed, preferred = tags_of_types(catalogue, PREFERENCE_TYPES), likely_preferences(catalogue)
    liked = Slot(
        "preferences", "tags", say("slot_members_preferences"), preferred, allowed, is_optional=True,
        high=MOST_PREFERENCES,
    )  # fmt: skip
    return (*found, liked)


def _slot(catalogue: Catalogue, key: str, types: Sequence[TagType], tag: str | None) -> Slot:
    allowed = tags_of_types(catalogue, types)
    return Slot(key, "tag", say(f"slot_members_{key}"), tag, allowed, is_optional=True)


def _likely_age(catalogue: Catalogue) -> str | None:
    """Return the birthday, else the tag that is an age and no "agent" or "agenda"."""
    numbers = [catalogue.tags[key] for key in tags_of_types(catalogue, [TagType.NUMBER])]
    ages = [t.key for t in numbers if "age" in (t.key.lower(), t.label.en.lower()) or t.label.zh == "年龄"]
    return likely_tag(catalogue, [TagType.DATE], BIRTHDAYS) or next(iter(ages), None)


def members(asking: Asking, given: Given | None = None) -> Members:
    """Return who the members are, when they came, what they hold and what they like.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; what is left out stands as guessed.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    people = asking.figure()
    if not people.users:
        return Members(asking.as_of, people, (), (), (), say("members_nobody", day=asking.as_of))
    found = [_by_age(asking, people, told["age"])] if told["age"] else []
    for key in ("gender", "province", "city", "level"):
        if told[key]:
            parts = _by_size(asking, told[key], MOST_PLACES)
            found.append(_distribution(asking, people, key, told[key], parts))
    if told["card"]:
        found.append(_by_card(asking, people, told["card"]))
    found.append(_by_month(asking, people, told["registered"]))
    holdings = [_holding(asking, people, key, told[key], told["level"]) for key in _HELD if told[key]]
    everybody = replace(asking, among=EVERYBODY)
    liked = likes(asking, told["preferences"] or (), against=everybody)
    return Members(asking.as_of, people, tuple(found), tuple(holdings), liked)


def age_bands(tag: str, kind: TagType, as_of: date) -> list[tuple[Text, tuple[Node, ...]]]:
    """Return the age bands and their conditions: under 18, 18-24, 25-29, 30-34, 35-39, 40-49, 50-59, 60+.

    Of a birthday the age is completed years at `as_of`; who was born on 29 February is a year older on
    1 March of other years. So at least n years old is who was born up to the same day n years earlier,
    28 February there if that has no 29th. A birthday after `as_of` is in no band; an age below 0 is in the
    youngest.
    """
    lows, highs = (None, *AGE_EDGES), (*AGE_EDGES, None)
    return [
        (_age_label(low, high), _aged(tag, kind, low, high, as_of))
        for low, high in zip(lows, highs, strict=True)
    ]


def _aged(tag: str, kind: TagType, low: int | None, high: int | None, as_of: date) -> tuple[Node, ...]:
    if kind is TagType.NUMBER:
        from_low = () if low is None else (has(tag, "gte", low),)
        return (*from_low, *(() if high is None else (has(tag, "lt", high),)))
    latest = as_of if low is None else clock.add_months(as_of, -12 * low)
    if high is None:
        return (has(tag, "before", clock.add_days(latest, 1).isoformat()),)
    earliest = clock.add_days(clock.add_months(as_of, -12 * high), 1)
    return (has(tag, "between", [earliest.isoformat(), latest.isoformat()]),)


def _age_label(low: int | None, high: int | None) -> Text:
    if low is None:
        return say("members_age_under", high=high)
    if high is None:
        return say("members_age_from", low=low)
    return say("members_age_band", low=low, last=high - 1)


def _by_age(asking: Asking, people: Figure, tag: str) -> Distribution:
    kind = asking.catalogue.tags[tag].type
    parts = [Part(label, nodes) for label, nodes in age_bands(tag, kind, asking.as_of)]
    if kind is TagType.DATE:
        unborn = has(tag, "after", asking.as_of.isoformat())
        if asking.figure(unborn).users:
            parts.append(Part(say("members_age_future", day=asking.as_of), (unborn,), "other"))
    found = _distribution(asking, people, "age", tag, [*parts, *_missing(asking, tag)])
    return replace(found, label=say("members_age"))


def _by_card(asking: Asking, people: Figure, tag: str) -> Distribution:
    if asking.catalogue.tags[tag].type is TagType.BOOLEAN:
        return _distribution(asking, people, "card", tag, _by_size(asking, tag, 2))
    day = asking.as_of.isoformat()
    opened, rest = has(tag, "before", clock.add_days(asking.as_of, 1).isoformat()), has(tag, "not_set")
    parts: list[Part] = [
        Part(say("split_true"), (opened,)),
        Part(say("split_false"), (rest,)),
    ]
    later = has(tag, "after", day)
    if asking.figure(later).users:
        parts.append(Part(say("members_day_later", day=day), (later,), "other"))
    return _distribution(asking, people, "card", tag, parts)


def _by_month(asking: Asking, people: Figure, tag: str | None) -> Distribution:
    """Return the people by the month in which they came: the last 12, `as_of`'s up to it, and all before."""
    ends = month_ends(asking.as_of, MONTHS)
    parts: list[Part] = []
    if asking.knows_arrivals():
        tag = None
        for before, last in pairwise(ends):
            until = () if last == asking.as_of else (existed(last),)
            parts.append(Part(_month(last), (*until, existed(before, is_negated=True))))
        earlier: tuple[Node, ...] = (existed(ends[0]),)
    elif tag is not None:
        # The data does not say from when anybody exists: the tag is all that tells it.
        for before, last in pairwise(ends):
            days = [clock.add_days(before, 1).isoformat(), last.isoformat()]
            parts.append(Part(_month(last), (has(tag, "between", days),)))
        earlier = (has(tag, "before", clock.add_days(ends[0], 1).isoformat()),)
    else:
        label, note = say("members_registered"), say("members_no_registrations")
        return Distribution("registered", None, label, (), note)
    day = clock.add_days(ends[0], 1)
    parts.append(Part(say("members_registered_before", day=day), earlier, "other"))
    if tag is not None:
        later = has(tag, "after", asking.as_of.isoformat())
        if asking.figure(later).users:
            parts.append(Part(say("members_day_later", day=asking.as_of), (later,), "other"))
        parts += _missing(asking, tag)
    return _distribution(asking, people, "registered", tag, parts)


def _month(last: date) -> Text:
    return Text(zh=f"{last:%Y-%m}", en=f"{last:%Y-%m}")


def _missing(asking: Asking, tag: str) -> list[Part]:
    condition = has(tag, "not_set")
    return [Part(say("split_missing"), (condition,), "missing")] if asking.figure(condition).users else []


def _by_size(asking: Asking, tag: str, most: int) -> tuple[Part, ...]:
    return parts_by_size(asking.engine, asking.among, tag, asking.as_of, most=most)


def _distribution(
    asking: Asking, people: Figure, key: str, tag: str | None, parts: Sequence[Part]
) -> Distribution:
    label = say("members_registered") if tag is None else tag_label(asking, tag)
    return Distribution(key, tag, label, rows_of(asking, people, parts))


def _holding(asking: Asking, people: Figure, key: str, tag: str, level: str | None) -> Holding:
    parts = () if level is None else _by_size(asking, level, MOST_PLACES)
    whole = _holders(asking, tag, say("members_everybody"), people, ())
    figures = asking.figures([part.nodes for part in parts])
    by_level = [
        _holders(asking, tag, part.label, figure, part.nodes)
        for part, figure in zip(parts, figures, strict=True)
    ]
    unit = asking.catalogue.tags[tag].unit
    return Holding(key, tag, tag_label(asking, tag), unit, whole, tuple(by_level))


def _holders(asking: Asking, tag: str, label: Text, people: Figure, conditions: Sequence[Node]) -> Holders:
    holders = asking.figure(*conditions, has(tag, "gt", 0))
    return Holders(label, people, holders, holders.share_of(people), amounts(asking, tag, holders))
