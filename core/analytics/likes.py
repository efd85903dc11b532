"""What some people like, as their preference tags say it, against everybody who is asked about.

The index of a value is ``100 × (share of the people who have it) / (share of everybody who have it)``, the
usual affinity index of audience research: 100 is like everybody, 200 twice as often. The people are among
everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.analytics.asking import SMALL, Asking, Figure, Share
from core.analytics.rows import has, rounded, share_as_json, tag_label
from core.analytics.splits import parts_by_size
from core.messages import Text
from core.rules.tree import Node
from core.schema import Catalogue, TagType
from core.tags.templates.proposals import has_word, tags_of_types

MOST_LIKED = 10
MOST_PREFERENCES = 3
PREFERENCE_TYPES = (TagType.MULTI, TagType.ENUM)
_PREFERENCES = ("interest", "兴趣", "topic", "prefer", "偏好", "favourite", "favorite", "喜好", "喜欢")


@dataclass(frozen=True)
class Liked:
    """One value of a preference tag.

    Attributes
    ----------
    figure : Figure
        Users among the people who have it.
    share : Share or None
        Of all the people, those without a value among them; None of nobody.
    everybody : Figure
        Users with it among those they are compared with, the people themselves included.
    share_of_everybody : Share or None
        Of all those; None of nobody.
    index : float or None
        ``100 × share / share of everybody``; None of nobody.
    is_small : bool
        Whether it is fewer than 30 people, so that the index may be chance.
    """

    label: Text
    figure: Figure
    share: Share | None
    everybody: Figure
    share_of_everybody: Share | None
    index: float | None
    is_small: bool

    def as_json(self) -> dict[str, object]:
        """Return the value and its numbers, JSON-ready."""
        return {
            "label": dict(self.label),
            "users": self.figure.users,
            "share": share_as_json(self.share),
            "everybody": self.everybody.users,
            "share_of_everybody": share_as_json(self.share_of_everybody),
            "index": rounded(self.index, 1),
            "is_small": self.is_small,
        }


@dataclass(frozen=True)
class Likes:
    """The most frequent values of one preference tag among some people.

    Attributes
    ----------
    rows : tuple of Liked
        Most users first, at most 10; of a multi tag one user may stand in several.
    missing : Figure
        Users among the people who have no value.
    """

    tag: str
    label: Text
    rows: tuple[Liked, ...]
    missing: Figure

    def as_json(self) -> dict[str, object]:
        """Return the tag and its values, JSON-ready."""
        return {
            "tag": self.tag,
            "label": dict(self.label),
            "rows": [row.as_json() for row in self.rows],
            "missing": self.missing.users,
        }


def likely_preferences(catalogue: Catalogue) -> list[str]:
    """Return the tags that likely say what people like, the most telling first, at most 3."""
    tags = [catalogue.tags[key] for key in tags_of_types(catalogue, PREFERENCE_TYPES)]
    found = [tag.key for word in _PREFERENCES for tag in tags if has_word(tag.key, tag.label, word)]
    return list(dict.fromkeys(found))[:MOST_PREFERENCES]


def likes(
    asking: Asking, tags: Sequence[str], conditions: Sequence[Node] = (), *, against: Asking | None = None
) -> tuple[Likes, ...]:
    """Return what those of the people like for whom all conditions hold.

    Parameters
    ----------
    tags : sequence of str
        Keys of enum and multi tags.
    against : Asking or None
        Whom they are compared with, for the same day; they are among them. None = all of the people.
    """
    against = against or asking
    people, all_people = asking.figure(*conditions), against.figure()
    return tuple(_likes(asking, tag, conditions, people, against, all_people) for tag in tags)


def _likes(
    asking: Asking, tag: str, conditions: Sequence[Node], people: Figure, against: Asking, all_people: Figure
) -> Likes:
    whom = asking.rule(*conditions)
    parts = parts_by_size(asking.engine, whom, tag, asking.as_of, most=MOST_LIKED)
    parts = tuple(part for part in parts if part.kind == "value")
    figures = asking.figures([(*conditions, *part.nodes) for part in parts])
    compared = against.figures([part.nodes for part in parts])
    rows = []
    for part, figure, everybody in zip(parts, figures, compared, strict=True):
        share, of_all = figure.share_of(people), everybody.share_of(all_people)
        index = 100 * (share.value / of_all.value) if share and of_all and of_all.value else None
        rows.append(Liked(part.label, figure, share, everybody, of_all, index, figure.users < SMALL))
    return Likes(tag, tag_label(asking, tag), tuple(rows), asking.figure(*conditions, has(tag, "not_set")))
