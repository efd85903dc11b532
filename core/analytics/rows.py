"""How people are distributed over the values of one tag: rows, each the count of a rule of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.analytics.asking import Asking, Figure, Share
from core.analytics.splits import Part, bar_label, bar_nodes
from core.messages import Text, say
from core.rules.tree import Node, TagCondition
from core.schema import TagType

RowKind = Literal["value", "other", "missing"]


@dataclass(frozen=True)
class Row:
    """The people with one value of a tag, with all values that are not listed, or with none.

    Attributes
    ----------
    figure : Figure
        How many users they are, and the rule that says so.
    share : Share or None
        Of the people asked about; None where there is nobody.
    """

    label: Text
    kind: RowKind
    figure: Figure
    share: Share | None

    def as_json(self) -> dict[str, object]:
        """Return the row, JSON-ready."""
        return {
            "label": dict(self.label),
            "kind": self.kind,
            "users": self.figure.users,
            "share": share_as_json(self.share),
        }


def share_as_json(found: Share | None) -> dict[str, float] | None:
    """Return a share, JSON-ready; of nobody null."""
    return None if found is None else found.as_json()


def rounded(number: float | None, decimals: int = 6) -> float | None:
    """Return a number as JSON shows it; null where there is none."""
    return None if number is None else round(number, decimals)


def tag_label(asking: Asking, tag: str) -> Text:
    """Return the name of a tag for people."""
    label = asking.catalogue.tags[tag].label
    return Text(zh=label.zh, en=label.en)


def has(tag: str, op: str, value: object = None) -> TagCondition:
    """Return a condition on a tag; its id is a placeholder."""
    return TagCondition(id=tag, tag=tag, op=op, value=value)


def parts_by_size(asking: Asking, tag: str, most: int, *conditions: Node) -> list[tuple[RowKind, Part]]:
    """Return the parts into which a tag divides those who satisfy all conditions, those that hold anybody.

    The most frequent values first (ties by value), then all others together, then whoever has none. Of a
    multi tag, in whose parts one user may stand several times, there is no part for the others: that somebody
    has another value too is no condition of the language.

    Parameters
    ----------
    tag : str
        Key of a text, enum, boolean or multi tag.
    most : int
        Most values that are listed.
    """
    engine, spec = asking.engine, asking.catalogue.tags[tag]
    different = max(engine.distinct(tag, asking.as_of), 1)
    found = engine.breakdown(asking.rule(*conditions), tag, asking.as_of, top=different)
    bars = sorted((bar for bar in found.bars if bar.matched), key=lambda bar: (-bar.matched, str(bar.value)))
    shown, rest = bars[:most], bars[most:]
    parts: list[tuple[RowKind, Part]] = [
        ("value", Part(bar_label(bar), bar_nodes(tag, spec.type, bar, is_last=False))) for bar in shown
    ]
    if rest and spec.type is not TagType.MULTI:
        others = has(tag, "not_in", [bar.value for bar in shown])
        parts.append(("other", Part(say("split_other"), (others,))))
    if found.missing[0]:
        parts.append(("missing", Part(say("split_missing"), (has(tag, "not_set"),))))
    return parts


def rows_of(asking: Asking, whole: Figure, parts: Iterable[tuple[RowKind, Part]]) -> tuple[Row, ...]:
    """Return parts as rows with their share of the whole."""
    listed = list(parts)
    figures = asking.figures([part.nodes for _, part in listed])
    return tuple(
        Row(part.label, kind, figure, figure.share_of(whole))
        for (kind, part), figure in zip(listed, figures, strict=True)
    )
