"""How people are distributed over the values of one tag: rows, each the count of a rule of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.analytics.asking import Asking, Figure, Share
from core.analytics.splits import Part, PartKind
from core.messages import Text
from core.rules.tree import TagCondition


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
    kind: PartKind
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
    return asking.catalogue.tags[tag].label.as_text()


def has(tag: str, op: str, value: object = None) -> TagCondition:
    """Return a condition on a tag; its id is a placeholder."""
    return TagCondition(id=tag, tag=tag, op=op, value=value)


def rows_of(asking: Asking, whole: Figure, parts: Sequence[Part]) -> tuple[Row, ...]:
    """Return parts as rows with their share of the whole."""
    figures = asking.figures([part.nodes for part in parts])
    return tuple(
        Row(part.label, part.kind, figure, figure.share_of(whole))
        for part, figure in zip(parts, figures, strict=True)
    )
