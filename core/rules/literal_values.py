"""What has a value for a user at one `as_of`: measures of events, and tags however they are made; inert data.

Names are looked up, dates are resolved and values typed, as for literal conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from core import clock
from core.clock import Days, Span
from core.rules.arguments import Argument
from core.rules.formula import Expression
from core.rules.makings import GivenValues
from core.rules.measures import Measure
from core.rules.named import KnownKeys
from core.rules.ops import Op
from core.rules.tree import Rule
from core.schema import Catalogue, PropertySpec, TagSpec


@dataclass(frozen=True)
class LiteralProperty:
    """One condition on an occurrence's property."""

    spec: PropertySpec
    op: Op
    argument: Argument


@dataclass(frozen=True)
class LiteralMeasure:
    """What is measured of whose occurrences: of an event condition, or of a statistic.

    Attributes
    ----------
    event : str
        Key of the event.
    where : tuple of LiteralProperty
        All must hold for an occurrence to match.
    measure : Measure
        Entry of the measure table.
    of : PropertySpec or None
        The property measured.
    span : Days, Instants or LiteralAnchored
        When a matching occurrence lies; never past the end of `as_of`.
    """

    event: str
    where: tuple[LiteralProperty, ...]
    measure: Measure
    of: PropertySpec | None
    span: Span | LiteralAnchored

    @property
    def common_span(self) -> Span:
        """The span where it is the same for everyone."""
        if isinstance(self.span, LiteralAnchored):
            raise TypeError("everyone has days of their own")
        return self.span


@dataclass(frozen=True)
class LiteralTag:
    """A tag with all that is needed to know its value at `as_of`.

    Attributes
    ----------
    made : literal making or None
        How it is computed; None = imported.
    validity : LiteralValidity or None
        Until when its values hold; None = for ever.
    keys : dict
        What `canonical` made of the tag already.
    """

    spec: TagSpec
    made: LiteralMaking | None
    validity: LiteralValidity | None = None
    keys: dict[str, str] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class LiteralAnchored:
    """Days that begin with each user's own date; users without one have no such days.

    Attributes
    ----------
    tag : LiteralTag
        The date.
    n : int
        How many units.
    unit : {"day", "week", "month"}
        Which.
    as_of : datetime.date
        No later day is seen.
    """

    tag: LiteralTag
    n: int
    unit: Literal["day", "week", "month"]
    as_of: date

    def days(self, first: date) -> Days:
        """Return the days of a user whose own date is this one."""
        return clock.days_from(first, self.n, self.unit).clipped(self.as_of)


@dataclass(frozen=True)
class LiteralValidity:
    """Since when a value holds, and how long; past that it is missing.

    Attributes
    ----------
    since : LiteralTag or None
        Each user's own first day; None = `day` is everyone's.
    day : datetime.date or None
        The first day; None where `since` says it.
    n, unit : int, {"day", "week", "month"}
        How long, the first day in.
    as_of : datetime.date
        The day for which it is asked.
    """

    since: LiteralTag | None
    day: date | None
    n: int
    unit: Literal["day", "week", "month"]
    as_of: date

    def holds(self, first: date) -> bool:
        """Tell whether a value that holds from a day on still does."""
        last = clock.days_from(first, self.n, self.unit).last
        return last is None or self.as_of <= last


@dataclass(frozen=True)
class LiteralStatistic:
    """A measure of events as a tag; see `core.schema.Measurement`.

    Attributes
    ----------
    measured : LiteralMeasure
        What is measured.
    missing : float or None
        The value of users who have none; None = as the measure says.
    only_with : bool
        Whether users without an occurrence have no value even where the measure says 0.
    counted_to : datetime.date or None
        The day up to which the days since the measured one are counted; None = the value is the measure.
    """

    measured: LiteralMeasure
    missing: float | None
    only_with: bool = False
    counted_to: date | None = None

    @property
    def when_none(self) -> float | None:
        """The value of users without an occurrence; None = missing."""
        if self.missing is not None or self.only_with:
            return self.missing
        return 0.0 if self.measured.measure.zero_when_none else None


@dataclass(frozen=True)
class LiteralByRules:
    """A value for the people of each rule at one `as_of`; see `core.rules.makings.ByRules`.

    Attributes
    ----------
    values : tuple of (str, Rule)
        The rules with the names in them looked up.
    keeps_all : bool
        Whether users have all values whose rule matches, rather than the first.
    catalogue : Catalogue
        With which the rules are read.
    keys : tuple of dict
        What `canonical` made of each rule already.
    """

    values: tuple[tuple[str, Rule], ...]
    keeps_all: bool
    otherwise: str | None
    catalogue: Catalogue = field(repr=False)
    as_of: date
    keys: tuple[KnownKeys, ...] = field(compare=False, repr=False)


@dataclass(frozen=True)
class LiteralBands:
    """A name for every band of a number or date; see `core.rules.makings.Bands`."""

    of: LiteralTag
    edges: tuple[float, ...] | tuple[date, ...]
    labels: tuple[str | None, ...]


@dataclass(frozen=True)
class LiteralQuantiles:
    """A name for every part of the base of `as_of` by size; see `core.rules.makings.Quantiles`."""

    of: LiteralTag
    labels: tuple[str, ...]
    as_of: date


@dataclass(frozen=True)
class LiteralPreference:
    """The value that occurrences have most; see `core.rules.makings.Preference`.

    Attributes
    ----------
    event : str
        Key of the event.
    where : tuple of LiteralProperty
        All must hold for an occurrence to count.
    span : Days or Instants
        When it lies; never past the end of `as_of`.
    of : PropertySpec or None
        What is preferred; None = the hour of the day.
    weigh : PropertySpec or None
        The number that is added up; None = occurrences are counted.
    gives_share : bool
        Whether the tag is the favourite's share rather than the favourite.
    at_least, share_at_least : int, float
        The evidence without which there is no preference.
    """

    event: str
    where: tuple[LiteralProperty, ...]
    span: Span
    of: PropertySpec | None
    weigh: PropertySpec | None
    gives_share: bool
    at_least: int
    share_at_least: float


@dataclass(frozen=True)
class LiteralFormula:
    """A formula over tags at one `as_of`; `tags` are those that it names, in order of first use."""

    expression: Expression
    tags: tuple[LiteralTag, ...]
    as_of: date


@dataclass(frozen=True)
class LiteralGiven:
    """Values that people gave, as they stand at one `as_of`."""

    values: GivenValues
    as_of: date


LiteralMaking: TypeAlias = (
    LiteralStatistic
    | LiteralByRules
    | LiteralBands
    | LiteralQuantiles
    | LiteralPreference
    | LiteralFormula
    | LiteralGiven
)
