"""The biggest movements in words: which people became more or fewer than all did, and who made it so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.analytics.asking import Asking, Figure, any_of, came, did
from core.analytics.overview import measure_label, slots
from core.analytics.periods import Period
from core.analytics.splits import bar_label, bar_nodes
from core.messages import Text, say
from core.rules.tree import Node, Rule
from core.schema import Catalogue, TagSpec, TagType
from core.tags.templates.proposals import Given, filled

MOST_TAGS, MOST_VALUES = 12, 50
SMALLEST = 30
"""Groups with fewer people than this in both periods are not told: any number of them is chance."""
_SURE = 3.0
_CARRIES, _OVER_ITS_SHARE = 0.6, 1.5
"""A driver carries so much of the change, and so many times more of it than of the people."""


@dataclass(frozen=True)
class Driver:
    """The part of a group that carries most of its change.

    Attributes
    ----------
    share : float
        Of the change of the group, above 0; more than 1 where the others moved the other way.
    """

    tag: str
    label: Text
    share: float
    now: Figure
    before: Figure


@dataclass(frozen=True)
class Movement:
    """A group that became more or fewer than everybody did.

    Attributes
    ----------
    measure : {"new", "active", "buyers"}
    tag : str
        The tag by whose value the group is told.
    overall : float
        How the measure changed among all, 0.1 = a tenth more.
    score : float
        By how many standard errors its change differs from what it would be if it had moved as everybody did;
        both numbers taken as Poisson counts.
    driver : Driver or None
        None = no single value of another tag carries most of it.
    """

    measure: str
    tag: str
    label: Text
    now: Figure
    before: Figure
    overall: float
    score: float
    driver: Driver | None

    @property
    def change(self) -> float | None:
        """The relative change, 0.1 = a tenth more; None if there was nobody before."""
        before = self.before.users
        return None if not before else self.now.users / before - 1

    def as_json(self) -> dict[str, object]:
        """Return the movement, JSON-ready."""
        driver = self.driver
        return {
            "measure": self.measure,
            "tag": self.tag,
            "label": dict(self.label),
            "now": self.now.users,
            "before": self.before.users,
            "overall": round(self.overall, 6),
            "score": round(self.score, 3),
            "driver": None
            if driver is None
            else {
                "tag": driver.tag, "label": dict(driver.label), "share": round(driver.share, 3),
                "now": driver.now.users, "before": driver.before.users,
            },
        }  # fmt: skip

    def sentence(self, catalogue: Catalogue) -> Text:
        """Return the movement in words."""
        change = self.change
        found = say(
            "movement_new" if change is None else "movement_up" if change > 0 else "movement_down",
            measure=measure_label(self.measure), tag=catalogue.tags[self.tag].label.as_text(),
            value=self.label, percent="" if change is None else _percent(abs(change)),
            now=f"{self.now.users:,}", before=f"{self.before.users:,}",
            overall=("+" if self.overall >= 0 else "−") + _percent(abs(self.overall)),
        )  # fmt: skip
        if self.driver is None:
            return found
        whole = self.driver.share >= 0.9
        return say(
            "movement_driven_all" if whole else "movement_driven",
            what=found, tag=catalogue.tags[self.driver.tag].label.as_text(), value=self.driver.label,
            percent=_percent(min(self.driver.share, 1)),
        )  # fmt: skip


@dataclass(frozen=True)
class _Cell:
    """One value of a tag with the people who have it, in either period."""

    label: Text
    nodes: tuple[Node, ...]
    now: int
    before: int


def movements(
    asking: Asking, now: Period, before: Period, given: Given | None = None, *, many: int = 5
) -> tuple[Movement, ...]:
    """Return the movements that are least likely chance, the surest first, each tag and measure once.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots of the overview.
    many : int
        At most so many.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    tags = list(_tags(asking.catalogue))
    found = []
    for measure in ("buyers", "active", *(("new",) if asking.knows_arrivals() else ())):
        sides = [_conditions(measure, told, period, asking) for period in (now, before)]
        found += _of_measure(asking, measure, sides, tags)
    found.sort(key=lambda movement: -abs(movement.score))
    kept: list[Movement] = []
    for movement in found:
        if all((movement.measure, movement.tag) != (one.measure, one.tag) for one in kept):
            kept.append(movement)
    return tuple(_with_driver(asking, movement, told, (now, before), tags) for movement in kept[:many])


def _tags(catalogue: Catalogue) -> Iterator[TagSpec]:
    told = (
        spec
        for spec in catalogue.tags.values()
        if spec.personal is None
        and spec.computed is None
        and spec.type in (TagType.ENUM, TagType.TEXT, TagType.BOOLEAN)
        and spec.distinct <= MOST_VALUES
    )
    for place, spec in enumerate(told):
        if place < MOST_TAGS:
            yield spec


def _conditions(measure: str, told: Given, period: Period, asking: Asking) -> tuple[Node, ...]:
    match measure:
        case "new":
            return came(period, asking.as_of)
        case "active":
            return (any_of(did(list(told["activity"]), period.window)),)
        case _:
            return did([str(told["purchase"])], period.window)


def _of_measure(
    asking: Asking, measure: str, sides: Sequence[tuple[Node, ...]], tags: Sequence[TagSpec]
) -> list[Movement]:
    totals = asking.figures(sides)
    if not totals[1].users:
        return []
    ratio = totals[0].users / totals[1].users
    found = []
    for tag in tags:
        for cell in _cells(asking, tag, [figure.rule for figure in totals]):
            score = _score(cell.now, cell.before, ratio)
            is_everybody = cell.now == totals[0].users and cell.before == totals[1].users
            if abs(score) < _SURE or max(cell.now, cell.before) < SMALLEST or is_everybody:
                continue
            now, before = (
                Figure(users, asking.rule(*side, *cell.nodes))
                for users, side in zip((cell.now, cell.before), sides, strict=True)
            )
            found.append(Movement(measure, tag.key, cell.label, now, before, ratio - 1, score, None))
    return found


def _cells(asking: Asking, tag: TagSpec, rules: Sequence[Rule]) -> list[_Cell]:
    """Return the values of a tag, each with the people of two rules who have it."""
    now, before = (asking.engine.breakdown(rule, tag.key, asking.as_of, top=MOST_VALUES) for rule in rules)
    counted = {bar.value: bar.matched for bar in before.bars}
    return [
        _Cell(
            bar_label(bar), bar_nodes(tag.key, tag.type, bar, is_last=False), bar.matched,
            counted.get(bar.value, 0),
        )
        for bar in now.bars
    ]  # fmt: skip


def _score(now: int, before: int, ratio: float) -> float:
    """Return by how many standard errors `now` differs from `before` × `ratio`, both Poisson counts."""
    variance = now + before * ratio * ratio
    return (now - before * ratio) / math.sqrt(variance) if variance else 0.0


def _with_driver(
    asking: Asking, movement: Movement, told: Given, periods: Sequence[Period], tags: Sequence[TagSpec]
) -> Movement:
    """Return the movement with the value of another tag that carries most of its change, if one does."""
    change = movement.now.users - movement.before.users
    best: Driver | None = None
    for tag in tags if change else ():
        if tag.key == movement.tag:
            continue
        cells = _cells(asking, tag, [movement.now.rule, movement.before.rule])
        if sum(1 for cell in cells if cell.now or cell.before) < 2:
            continue  # they all have this value: it tells nothing
        for cell in cells:
            carried = (cell.now - cell.before) / change
            of_people = (cell.now + cell.before) / (movement.now.users + movement.before.users)
            is_telling = carried >= max(_CARRIES, _OVER_ITS_SHARE * of_people)
            if is_telling and (best is None or carried > best.share):
                own = movement.now.rule.include.children
                figures = [
                    Figure(users, asking.rule(*_conditions(movement.measure, told, period, asking),
                                              own[-1], *cell.nodes))
                    for users, period in zip((cell.now, cell.before), periods, strict=True)
                ]  # fmt: skip
                best = Driver(tag.key, cell.label, carried, *figures)
    return Movement(
        movement.measure, movement.tag, movement.label, movement.now, movement.before, movement.overall,
        movement.score, best,
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
