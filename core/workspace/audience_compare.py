"""Audiences side by side and split: overlaps, near duplicates, parts; and two snapshots of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from core.analytics import parts
from core.analytics.apart import Apart, apart
from core.analytics.overlap import Asked as AskedAudience
from core.analytics.overlap import NearDuplicates, Overlap, near_duplicates, overlaps
from core.analytics.parts import Split
from core.audiences.naming import folded
from core.audiences.records import Actor, Audience, NewAudience
from core.engines.base import Engine
from core.errors import Conflict, NotFound, Problem, RuleError
from core.rules.conditions import AudienceCondition
from core.rules.parse import dump_rule
from core.rules.tree import Group, Rule
from core.store.audience_rows import name_taken
from core.workspace.audience_refresh import AudienceRefresh


class AudienceCompare(AudienceRefresh):
    """What audiences have in common with each other, and how one is divided."""

    def compare_audiences(self, audiences: Sequence[str], as_of: date | None = None) -> Overlap:
        """Return how two to five saved audiences (by id or name) overlap, each group with its rule.

        Raises
        ------
        NotFound
            If one does not exist.
        RuleError
            If there are fewer or more, one is named twice, or one cannot be answered.
        """
        saved = [self.audience(each) for each in audiences]
        asked, engine, day = self._all_asked(saved, as_of)
        return overlaps(asked, engine, day)

    def what_sets_apart(
        self, audiences: Sequence[str], as_of: date | None = None, *,
        progress: Callable[[int, int], None] | None = None, cancelled: Callable[[], bool] | None = None,
    ) -> Apart:  # fmt: skip
        """Return in which values of tags saved audiences (by id or name) differ most.

        Parameters
        ----------
        progress, cancelled : callable or None
            Told after each tag of each audience how many of how many were looked at; asked before each
            whether to stop.

        Raises
        ------
        NotFound
            If one does not exist.
        RuleError
            If one cannot be answered.
        Cancelled
            When `cancelled` says so.
        """
        asked, engine, day = self._all_asked([self.audience(each) for each in audiences], as_of)
        catalogue = self.data_version().catalogue
        return apart(asked, engine, catalogue, day, progress=progress, cancelled=cancelled)

    def changed_rule(self, audience: str, snapshot: str, *, entered: bool) -> tuple[Rule, date] | None:
        """Return a rule for who came to an audience with a snapshot, or left; None for its first one.

        Returns
        -------
        Rule and datetime.date
            The day is the later of the two snapshots': who was in either of them is in the base then, unless
            the data in use has them no more.

        Raises
        ------
        NotFound
            If the audience or the snapshot is gone.
        """
        saved = self.audience(audience)
        taken = {one.id: one for one in self._people.snapshots(saved.id)}
        if snapshot not in taken:
            params = {"name": saved.name, "snapshot": snapshot}
            raise NotFound(Problem("snapshot_unknown", params=params))
        before = taken[snapshot].previous
        if before is None:
            return None
        sides = ((snapshot, entered), (before, not entered))
        parts = tuple(
            AudienceCondition(id=f"c{place}", audience=saved.id, snapshot=which, in_=is_in)
            for place, (which, is_in) in enumerate(sides, start=1)
        )
        day = max(taken[snapshot].as_of, taken[before].as_of)
        return Rule(include=Group(id="g0", match="all", children=parts)), day

    def alike_audiences(
        self, as_of: date | None = None
    ) -> tuple[list[Audience], NearDuplicates, list[Audience]]:
        """Return which saved audiences are the same people or nearly.

        Returns
        -------
        list of Audience
            Those that the pairs name by their places.
        NearDuplicates
            The pairs.
        list of Audience
            Those that cannot be answered, and were left out.
        """
        kept, asked, broken = [], [], []
        version, engine = self._engine()
        day = self._day(version, as_of)
        for audience in self.audiences():
            try:
                (rule,), engine, day = self._all_asked([audience], as_of)
            except RuleError:
                broken.append(audience)
                continue
            kept.append(audience)
            asked.append(rule.rule)
        return kept, near_duplicates(asked, engine, day), broken

    def split_by_tag(
        self, audience: str, tag: str, as_of: date | None = None, *, top: int = parts.TOP
    ) -> Split:
        """Return an audience divided by the values of a tag."""
        (asked,), engine, day = self._all_asked([self.audience(audience)], as_of)
        return parts.by_tag(asked, tag, engine, day, top=top)

    def split_at_random(
        self, audience: str, shares: Sequence[int], seed: str, as_of: date | None = None
    ) -> Split:
        """Return an audience divided at random by shares, the same for the same seed."""
        (asked,), engine, day = self._all_asked([self.audience(audience)], as_of)
        return parts.at_random(asked, shares, seed, engine, day)

    def split_equally(self, audience: str, number: int, seed: str, as_of: date | None = None) -> Split:
        """Return an audience divided into parts of equal size, the people of each written down."""
        (asked,), engine, day = self._all_asked([self.audience(audience)], as_of)
        return parts.by_equal_size(asked, number, seed, engine, day)

    def save_parts(
        self, split: Split, names: Sequence[str], *, actor: Actor, folder: str = ""
    ) -> list[Audience]:
        """Save the parts of an audience as audiences of their own; lists of people first.

        Raises
        ------
        Conflict
            If names are taken, or two are the same: with all of them, and nothing is saved.
        """
        # Looked at before lists are kept; `save_audiences` looks again, and then keeps all audiences or none.
        taken = {folded(audience.name): audience for audience in self.audiences()}
        problems = []
        for place, name in enumerate(names):
            other = taken.get(folded(name))
            if other is not None:
                problems.append(name_taken(other.name, other.changed_by.name, other.changed_at))
            elif folded(name) in {folded(each) for each in names[:place]}:
                problems.append(Problem("audience_names_same", params={"name": name}))
        if problems:
            raise Conflict(problems)
        new = []
        for part, name in zip(split.parts, names, strict=True):
            if part.kept is not None:
                self.keep_list(part.kept.list_name, part.kept.user_nos, actor=actor)
            new.append(NewAudience(name, "", dump_rule(part.rule), folder))
        return self.save_audiences(new, actor=actor)

    def _all_asked(
        self, saved: Sequence[Audience], as_of: date | None
    ) -> tuple[list[AskedAudience], Engine, date]:
        asked = []
        version, engine = self._engine()
        day = self._day(version, as_of)
        for audience in saved:
            rule = self._asked(self.audience_rule(audience), as_of)[3]
            asked.append(AskedAudience(audience.name, rule, audience.id))
        return asked, engine, day
