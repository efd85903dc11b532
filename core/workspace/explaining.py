"""Why a rule counts what it counts, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from core import clock
from core.analytics.explain import (
    compare,
    cost,
    difference,
    history,
    logic,
    near,
    person,
    profile,
    solve,
    threshold,
)
from core.analytics.explain.compare import Comparison
from core.analytics.explain.cost import Costs
from core.analytics.explain.difference import Difference
from core.analytics.explain.history import WEEKS, History, Since, Week
from core.analytics.explain.logic import Findings
from core.analytics.explain.near import Near
from core.analytics.explain.person import Person
from core.analytics.explain.profile import MINIMUM_BASE, Profile
from core.analytics.explain.solve import Solution
from core.analytics.explain.threshold import Curve
from core.audiences.records import Audience
from core.messages import Text
from core.rules.asked_on import days_of
from core.rules.describe import describe_node
from core.rules.tree import Rule
from core.rules.wording import Mask
from core.schema import TagSpec
from core.workspace.people import People
from core.workspace.questions import imported_tags


class Explaining(People):
    """What the builder shows beside the number; each is exact, and on the command line as `explain`.

    `mask` hides the values that the rule's own conditions on personal tags name, where they are said in
    words; None shows them to whoever wrote them.
    """

    def costs(self, rule: Rule, as_of: date | None = None) -> Costs:
        """Return how many more there would be without each node, the costliest condition marked."""
        _, engine, day, rule = self._asked(rule, as_of)
        return cost.costs(rule, engine.count(rule, day))

    def near_misses(self, rule: Rule, as_of: date | None = None, *, mask: Mask | None = None) -> Near:
        """Return who fails exactly one condition, by condition, each group with its rule."""
        version, engine, day, rule = self._asked(rule, as_of)
        return near.near(rule, engine.near_misses(rule, day), version.catalogue, mask)

    def threshold(
        self, rule: Rule, node: str | None = None, as_of: date | None = None, *, at: Any = None
    ) -> Curve:
        """Return the distribution behind a number or date condition, and the count at each threshold.

        Parameters
        ----------
        node : str or None
            Id of the condition; None = the only one that has a threshold.
        at : object or None
            Another value of the condition, in the rule's JSON form, to be counted exactly as well.

        Raises
        ------
        NotFound, RuleError
            If the node is unknown, muted, personal or has no threshold, or `at` does not fit its op.
        """
        version, engine, day, rule = self._asked(rule, as_of)
        moved = threshold.chosen(rule, node, version.catalogue)
        spread = engine.spread(rule, moved.node.id, day)
        return threshold.curve(moved, spread, days_of(rule, day)[moved.node.id].within, at=at)

    def thresholds(self, rule: Rule, *, mask: Mask | None = None) -> dict[str, Text]:
        """Return the conditions that have a threshold to move, by id, in words, in the order of the rule."""
        catalogue = self.data_version().catalogue
        moved = threshold.movable(self._checked(rule)[0], catalogue)
        return {each.node.id: describe_node(each.node, catalogue, mask) for each in moved}

    def logic(self, rule: Rule, as_of: date | None = None, *, mask: Mask | None = None) -> Findings:
        """Return what cannot hold, what changes nothing and what asks past the data, with remedies."""
        version, engine, day, rule = self._asked(rule, as_of)
        return logic.examine(rule, engine, version.catalogue, day, mask)

    def person(
        self, rule: Rule, user_id: str, as_of: date | None = None, *, reveal: bool = False,
        mask: Mask | None = None,
    ) -> Person:  # fmt: skip
        """Return why one user is in, or not: each node's verdict with the user's real value behind it.

        Values of personal tags are masked unless `reveal`; who reveals calls `log_reveal` first.

        Raises
        ------
        NotFound
            If the data version has no such user.
        """
        version, engine, day, rule = self._asked(rule, as_of)

        def show(spec: TagSpec, value: Any) -> Any:
            return value if reveal or spec.personal is None else self.mask(value, spec.personal)

        return person.person(rule, user_id, engine, version.catalogue, day, show, mask)

    def profile(
        self, rule: Rule, tags: Sequence[str] | None = None, as_of: date | None = None, *,
        minimum: int = MINIMUM_BASE, progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Profile:  # fmt: skip
        """Return what stands out of the people of a rule against the base, with intervals and tests.

        Parameters
        ----------
        tags : sequence of str or None
            Tags to look at; None = all that are neither personal nor texts with very many values.
        minimum : int
            Below so many users of the base (or people of the rule) a trait is marked as small.
        progress, cancelled : callable or None
            Told after each tag how many of how many were looked at; asked before each whether to stop.

        Raises
        ------
        NotFound, RuleError
            If a tag is unknown or personal.
        Cancelled
            When `cancelled` says so.
        """
        version, engine, day, rule = self._asked(rule, as_of)
        return profile.profile(
            rule, engine, version.catalogue, day, tags,
            minimum=minimum, progress=progress, cancelled=cancelled,
        )  # fmt: skip

    def solve(
        self, rule: Rule, target: int, as_of: date | None = None, *, mask: Mask | None = None
    ) -> Solution:
        """Return the smallest changes of a rule that bring it nearest to a number of people.

        Raises
        ------
        RuleError
            If the number is below 1 or above the base.
        """
        version, engine, day, rule = self._asked(rule, as_of)
        return solve.solve(rule, target, engine, version.catalogue, day, mask)

    def difference(
        self, before: Rule | Mapping[str, Any], after: Rule, *, mask: Mask | None = None
    ) -> Difference:
        """Return what changed between two states of a rule, in words."""
        old = before if isinstance(before, Rule) else self.parse(before)
        states = (self._checked(old)[0], self._checked(after)[0])
        return Difference(difference.difference(*states, self.data_version().catalogue, mask))

    def compare(
        self, here: Rule, there: Rule | Mapping[str, Any] | Audience, as_of: date | None = None, *,
        mask: Mask | None = None, progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Comparison:  # fmt: skip
        """Return who is in both rules, only here, only there, with rules and profiles of either side.

        Parameters
        ----------
        there : Rule, mapping or Audience
            The other rule, an earlier state; or a saved audience, all of its people. What changed is told of
            the rule that it follows.
        progress, cancelled : callable or None
            As for `profile`, of both sides together.

        Raises
        ------
        Cancelled
            When `cancelled` says so.
        """
        if isinstance(there, Audience):
            other, written = self.audience_rule(there), self.followed_rule(there)
        else:
            other = written = self.parse(there) if isinstance(there, Mapping) else there
        version, engine, day, bound = self._asked(here, as_of)
        _, _, _, other = self._asked(other, day)
        return compare.compare(
            bound, other, engine, version.catalogue, day, self.difference(written, here, mask=mask).changes,
            progress=progress, cancelled=cancelled,
        )  # fmt: skip

    def weeks(
        self, rule: Rule, as_of: date | None = None, *, weeks: int = WEEKS,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Week]:  # fmt: skip
        """Yield what the rule counted in earlier weeks, newest first, each with how far the whole is.

        Raises
        ------
        RuleError
            If the number of weeks is out of range.
        Cancelled
            When `cancelled` says so; closing the generator stops it as well.
        """
        version, engine, day, rule = self._asked(rule, as_of)
        history.refuse_too_many(weeks)
        self._day(version, clock.add_days(day, -7 * weeks))
        return history.weeks(rule, engine, day, many=weeks, cancelled=cancelled)

    def since(
        self, rule: Rule, day: date, until: date | None = None, *, event: str | None = None,
        prop: str | None = None,
    ) -> Since:  # fmt: skip
        """Return what the rule's members at a day did after it, against everyone who existed then.

        Parameters
        ----------
        until : datetime.date or None
            The last day that counts; None = the default day.
        event, prop : str or None
            What they did and the number that is added up; None = the likeliest.
        """
        version, engine, last, rule = self._asked(rule, until)
        return history.since(
            rule, engine, version.catalogue, self._day(version, day), last, event=event, prop=prop
        )

    def history(
        self, rule: Rule, as_of: date | None = None, *, weeks: int = WEEKS,
        progress: Callable[[Week], None] | None = None, cancelled: Callable[[], bool] | None = None,
        since: Since | None = None,
    ) -> History:  # fmt: skip
        """Return the rule's size week by week, telling `progress` of each week as it is counted."""
        found = []
        for week in self.weeks(rule, as_of, weeks=weeks, cancelled=cancelled):
            found.append(week)
            if progress is not None:
                progress(week)
        return History(tuple(reversed(found)), self.not_historical(rule), since)

    def not_historical(self, rule: Rule) -> tuple[str, ...]:
        """Return the imported tags that a rule asks about, through the audiences it names as well.

        On earlier days, too, they have the values of the data version (非历史值).
        """
        version, _, _, rule = self._asked(rule, None)
        # Every earlier day: whatever the rule asks is asked before the last day of all.
        return imported_tags(rule, version.catalogue, date.max, date.min)
