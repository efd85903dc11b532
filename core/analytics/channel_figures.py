"""The numbers of channels 渠道, as they are told; how they are asked stands in `channels`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.analytics.asking import Figure, Share
from core.analytics.periods import Period
from core.messages import Text


@dataclass(frozen=True)
class Cost:
    """What new users cost, as far as it is known.

    Attributes
    ----------
    people : Figure
        New users with a value of the cost tag.
    total : float
        The sum of their costs, in the tag's unit; exact to 6 decimals.
    value : float or None
        What the same people bought for in the period, in the amount's unit; None without an amount.
    """

    people: Figure
    total: float
    value: float | None

    @property
    def per_user(self) -> float:
        """The mean cost of these people."""
        return self.total / self.people.users

    @property
    def value_per_cost(self) -> float | None:
        """What they bought for one unit of their cost; None where they cost nothing."""
        return None if self.value is None or self.total <= 0 else self.value / self.total

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        ratio = self.value_per_cost
        return {
            "users": self.people.users,
            "total": self.total,
            "per_user": round(self.per_user, 6),
            "value": self.value,
            "value_per_cost": None if ratio is None else round(ratio, 6),
        }


@dataclass(frozen=True)
class Channel:
    """The people of one channel.

    Attributes
    ----------
    label : Text
        The channel's value; "other", "no value", or "all" for everybody.
    people : Figure
        Everybody with the value; of a property, who did its event with the value in the period.
    new : Figure or None
        拉新: users since a day in the period; None = the data does not say since when.
    active : Figure
        Active in the period.
    active_before : Figure
        Active in the period before; `retained` and `lost` add up to it.
    retained : Figure
        留存: of these, active in the period.
    lost : Figure
        流失: of these, not active in the period.
    silent : Figure
        Whose silence became `lost_days` days long on a day in the period, and lasts to its end.
    converted : Figure
        转化: bought in the period.
    orders : int
        Their purchases in the period.
    gmv : float or None
        The amount of these, exact to 6 decimals; None without an amount.
    cost : Cost or None
        None = no cost is known of any of the new users.
    """

    label: Text
    people: Figure
    new: Figure | None
    active: Figure
    active_before: Figure
    retained: Figure
    lost: Figure
    silent: Figure
    converted: Figure
    orders: int
    gmv: float | None
    cost: Cost | None

    @property
    def retention(self) -> Share | None:
        """Retained of those active before; None of nobody."""
        return self.retained.share_of(self.active_before)

    @property
    def loss(self) -> Share | None:
        """Lost of those active before; None of nobody."""
        return self.lost.share_of(self.active_before)

    @property
    def conversion(self) -> Share | None:
        """Buyers of those active; None of nobody."""
        return self.converted.share_of(self.active)

    def figures(self) -> Mapping[str, Figure]:
        """Return the numbers of people by name, those that are known."""
        found = {
            "people": self.people, "new": self.new, "active": self.active, "retained": self.retained,
            "active_before": self.active_before, "lost": self.lost, "silent": self.silent,
            "converted": self.converted,
        }  # fmt: skip
        return {name: figure for name, figure in found.items() if figure is not None}

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; what is not known is null."""
        shares = {"retention": self.retention, "loss": self.loss, "conversion": self.conversion}
        return {
            "label": dict(self.label),
            "new": None,
            **{name: figure.users for name, figure in self.figures().items()},
            **{name: None if of is None else of.as_json() for name, of in shares.items()},
            "orders": self.orders,
            "gmv": self.gmv,
            "cost": None if self.cost is None else self.cost.as_json(),
        }


@dataclass(frozen=True)
class Channels:
    """Everybody by channel, in one period.

    Attributes
    ----------
    everybody : Channel
        All people asked about, whatever their channel.
    rows : tuple of Channel
        The most frequent values (of a property: in the period and the one before), the rest as one, people
        without a value as one; those without anybody are left out. They add up to `everybody`
        unless `is_overlapping`.
    notes : tuple of Text
        What keeps numbers from meaning what they seem to.
    """

    as_of: date
    period: Period
    everybody: Channel
    rows: tuple[Channel, ...]
    is_overlapping: bool
    notes: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "first": self.period.first.isoformat(),
            "last": self.period.last.isoformat(),
            "everybody": self.everybody.as_json(),
            "channels": [row.as_json() for row in self.rows],
            "is_overlapping": self.is_overlapping,
            "notes": [dict(note) for note in self.notes],
        }
