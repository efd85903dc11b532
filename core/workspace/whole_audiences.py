"""All people of a saved audience: whom its rule has, less those removed by hand, and those added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from core.audiences.records import Audience
from core.engines.base import WaterfallBar
from core.errors import NotFound, Problem, RuleError
from core.rules.by_hand import only, with_hand
from core.rules.conditions import AudienceCondition
from core.rules.named import NOBODY
from core.rules.parse import parse_rule
from core.rules.tree import Group, Rule
from core.workspace.keeping import Keeping
from core.workspace.names import hand_of
from core.workspace.questions import refuse_errors


@dataclass(frozen=True)
class AudienceNumbers:
    """How an audience's people come about on a day.

    Attributes
    ----------
    ruled : int
        Whom its rule has, or those it was fixed to who are in the base.
    added, removed : int
        People by hand for whom that makes a difference: added who are in the base and not among the ruled,
        removed who are.
    count : int
        Its people: `ruled` and `added` less `removed`.
    listed_added, listed_removed : int
        People by hand, whether or not it makes a difference.
    is_fixed : bool
        Whether it stands still at a snapshot.
    """

    as_of: date
    base: int
    ruled: int
    added: int
    removed: int
    listed_added: int
    listed_removed: int
    is_fixed: bool

    @property
    def count(self) -> int:
        """Its people."""
        return self.ruled + self.added - self.removed

    @property
    def steps(self) -> tuple[WaterfallBar, ...]:
        """From the rule's people to the audience's: what a waterfall of the rule goes on with."""
        fixed = [WaterfallBar("fixed", None, self.ruled)] if self.is_fixed else []
        added = [WaterfallBar("added", None, self.ruled + self.added)] if self.listed_added else []
        removed = [WaterfallBar("removed", None, self.count)] if self.listed_removed else []
        return (*fixed, *added, *removed)

    def as_json(self) -> dict[str, Any]:
        """Return the numbers, JSON-ready."""
        names = ("base", "ruled", "added", "removed", "count", "listed_added", "listed_removed", "is_fixed")
        return {"as_of": self.as_of.isoformat(), **{name: getattr(self, name) for name in names}}


class WholeAudiences(Keeping):
    """How the people of a saved audience come about, also as if its rule were another one."""

    def audience_rule(self, audience: Audience) -> Rule:
        """Return a rule for all people of an audience.

        That is its own where it follows it and nobody was added or removed by hand; else one that names it.

        Raises
        ------
        RuleError
            If its rule cannot be read.
        """
        if self.follows_rule_alone(audience):
            return parse_rule(audience.rule)
        named = AudienceCondition(id="c1", audience=audience.id, in_=True)
        return Rule(include=Group(id="g0", match="all", children=(named,)))

    def followed_rule(self, audience: Audience) -> Rule:
        """Return the rule that an audience follows, people by hand left out.

        A static one follows none: for that it is a rule for the snapshot at which it stands.

        Raises
        ------
        RuleError
            With everything that is wrong with its rule.
        """
        if audience.fixed_to is None:
            return self.parse(audience.rule)
        stands = AudienceCondition(id="c1", audience=audience.id, snapshot=audience.fixed_to, in_=True)
        return Rule(include=Group(id="g0", match="all", children=(stands,)))

    def audience_problems(self, audience: Audience) -> tuple[Problem, ...]:
        """Return why an audience cannot be counted; empty = it can."""
        try:
            self._asked(self.audience_rule(audience), None)
        except RuleError as error:
            return error.problems
        return ()

    def follows_rule_alone(self, audience: Audience) -> bool:
        """Tell whether an audience's people are those of its rule: none by hand, not fixed to a snapshot."""
        return audience.fixed_to is None and not self._audiences.by_hand(audience.id)

    def audience_numbers(
        self, audience: str, as_of: date | None = None, *, rule: Rule | None = None
    ) -> AudienceNumbers:
        """Return how an audience's people come about.

        Parameters
        ----------
        audience : str
            Its id, else its name.
        rule : Rule or None
            As if it were saved with this rule; None = with its own. One that is fixed to a snapshot has the
            people of that, whatever the rule.

        Raises
        ------
        NotFound
            If there is no such audience.
        RuleError
            If its rule cannot be answered.
        """
        saved = self.audience(audience)
        by_hand = self._audiences.by_hand(saved.id)
        added, removed = hand_of(by_hand)
        alone = self._names.fixed(saved)
        if alone is not None:
            version, engine = self._engine()
            day, rule = self._day(version, as_of), only(alone)
        else:
            asked = parse_rule(saved.rule) if rule is None else rule
            version, engine, day, rule = self._asked(asked, as_of)
        ruled = engine.count(rule, day).count
        with_added = ruled if added is None else engine.count(with_hand(rule, added, None), day).count
        kept = ruled if removed is None else engine.count(with_hand(rule, None, removed), day).count
        return AudienceNumbers(
            as_of=day,
            base=engine.base_count(day),
            ruled=ruled,
            added=with_added - ruled,
            removed=ruled - kept,
            listed_added=sum(one.is_added for one in by_hand),
            listed_removed=sum(not one.is_added for one in by_hand),
            is_fixed=alone is not None,
        )

    def has_person(
        self, audience: str, user_id: str, as_of: date | None = None, *, rule: Rule | None = None
    ) -> bool:
        """Tell whether a user is among all people of a saved audience; see `people_of` for `rule`.

        Raises
        ------
        NotFound
            If the data version has no such user.
        """
        _, engine, day, whole = self._asked(self.people_of(audience, rule), as_of)
        verdict = engine.verdict(whole, user_id, day)
        if verdict is None:
            raise NotFound(Problem("user_unknown", params={"user": user_id}))
        return verdict.is_taken

    def people_of(self, audience: str, rule: Rule | None = None) -> Rule:
        """Return a rule for all people of a saved audience, those added and removed by hand among them.

        Parameters
        ----------
        audience : str
            Its id, else its name.
        rule : Rule or None
            As if the audience were saved with this rule; None = with its own. One that is fixed to a snapshot
            has the people of that, whatever the rule, also where that fits the data no more.

        Returns
        -------
        Rule
            To be asked, not to be shown or kept: its parts have no names.

        Raises
        ------
        RuleError
            If there is no such audience, or the rule does not fit the catalogue or leads back to it.
        """
        named = self._names.audience(audience)
        if named.rule is None:
            return named.whole(NOBODY)
        bound, problems = self._checked(named.rule if rule is None else rule, ((named.id, named.name),))
        refuse_errors(problems)
        return named.whole(bound)
