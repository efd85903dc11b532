"""From a goal to tags and audiences: planned, counted before anything is kept, and kept together."""

from __future__ import annotations

import itertools
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.audiences.naming import clean_folder, copy_name, folded
from core.audiences.records import Actor, Audience, NewAudience
from core.errors import NotFound, Problem, RuleError, nearest_name
from core.messages import Language
from core.rules.check import check, errors_of
from core.rules.parse import dump_rule
from core.rules.renaming import with_tags
from core.rules.tree import Rule
from core.tags.entries import TagEntry
from core.tags.goals import GOALS, Goal
from core.tags.goals.plan import goal_of
from core.tags.records import TagDefinition, TagRecord
from core.workspace.refreshing import Refreshing
from core.workspace.tagging import TagPreview, proposed_definition, under_names


@dataclass(frozen=True)
class PlannedAudience:
    """An audience of a plan, under a name that is free."""

    name: str
    note: str
    rule: Rule

    def as_json(self) -> dict[str, Any]:
        """Return the audience in the form of a file of audiences."""
        return {"name": self.name, "note": self.note, "rule": dump_rule(self.rule)}


@dataclass(frozen=True)
class GoalPlan:
    """What would be kept for a goal.

    Attributes
    ----------
    tags : tuple of TagDefinition
        New ones, those first of which others are made.
    reused : tuple of str
        Keys of tags that are there already and made in the same way.
    reused_audiences : tuple of str
        Names of audiences that are there already with the same rule.
    """

    goal: str
    tags: tuple[TagDefinition, ...]
    reused: tuple[str, ...]
    audiences: tuple[PlannedAudience, ...]
    reused_audiences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the plan, JSON-ready."""
        return {
            "goal": self.goal,
            "tags": [each.as_json() for each in self.tags],
            "reused": list(self.reused),
            "audiences": [each.as_json() for each in self.audiences],
            "reused_audiences": list(self.reused_audiences),
        }


@dataclass(frozen=True)
class GoalPreview:
    """What a plan comes to at a day: a preview of each new tag, and how many users each audience has."""

    tags: tuple[TagPreview, ...]
    audiences: tuple[int, ...]
    base: int


class GoalPlans(Refreshing):
    """Goals: a short way from what somebody wants to whom to talk to."""

    def goals(self) -> Mapping[str, Goal]:
        """Return the goals, by key."""
        return GOALS

    def goal_plan(self, goal: str, given: Mapping[str, Any] | None = None, *, language: Language) -> GoalPlan:
        """Return the tags and audiences that serve a goal with this data; nothing is kept.

        A tag in use that is made in the same way, and whose values do not expire, is used again. One whose
        key is taken by something else gets a number, as does an audience whose name is taken; one that is
        there already with the same rule is not planned again.

        Parameters
        ----------
        given : mapping or None
            What the goal is told; what is left out stands at its default.
        language : str
            In which audiences are named.

        Raises
        ------
        NotFound
            If there is no such goal.
        RuleError
            With everything that is wrong with what is given.
        """
        plan = goal_of(goal, GOALS).plan(self.data_version().catalogue, given)
        entries = {entry.key: entry for entry in self.tag_entries()}
        names: dict[str, str] = {}
        tags, reused = [], []
        for definition in map(proposed_definition, plan.tags):
            made = under_names(definition, names)
            alike = next((key for key, entry in entries.items() if _is_made_so(entry, made)), None)
            key = alike or _free_key(made.key, entries)
            if key != definition.key:
                names[definition.key] = key
            if alike is None:
                tags.append(under_names(definition, names))
            else:
                reused.append(key)
        saved = self.audiences()
        taken = {folded(audience.name) for audience in saved}
        audiences, known = [], []
        for each in plan.audiences:
            rule, name = with_tags(each.rule, names), each.name[language]
            same = next((one.name for one in saved if _follows(one, rule)), None)
            if same is not None:
                known.append(same)
                continue
            if folded(name) in taken:
                name = copy_name(name, taken)
            audiences.append(PlannedAudience(name, each.about[language], rule))
        return GoalPlan(goal, tuple(tags), tuple(reused), tuple(audiences), tuple(known))

    def preview_goal(self, plan: GoalPlan, as_of: date | None = None) -> GoalPreview:
        """Return what a plan would come to; nothing is kept.

        Raises
        ------
        RuleError
            With everything that is wrong with its tags.
        """
        previews = self.preview_tags(plan.tags, as_of)
        version, engine = self._engine()
        day = self._day(version, as_of)
        for definition in plan.tags:
            engine = self._trial(engine, definition)
        sizes = []
        for audience in plan.audiences:
            problems = errors_of(check(audience.rule, engine.catalogue))
            if problems:
                raise RuleError(problems)
            sizes.append(engine.count(audience.rule, day).count)
        return GoalPreview(tuple(previews), tuple(sizes), engine.base_count(day))

    def keep_goal(
        self, plan: GoalPlan, *, actor: Actor, folder: str = ""
    ) -> tuple[list[TagRecord], list[Audience]]:
        """Keep the tags of a plan, all or none, then its audiences in a folder, all or none.

        Raises
        ------
        Conflict
            If a key was taken meanwhile: nothing is kept. If a name was: the tags are there, and a new plan
            uses them again.
        """
        folder = clean_folder(folder)
        self.preview_goal(plan)
        tags = self.create_tags(plan.tags, actor=actor) if plan.tags else []
        new = [NewAudience(each.name, each.note, dump_rule(each.rule), folder) for each in plan.audiences]
        return tags, self.save_audiences(new, actor=actor)


def _is_made_so(entry: TagEntry, wanted: TagDefinition) -> bool:
    """Tell whether a tag is in use and has the values that a wanted one would have, for good."""
    there = entry.definition
    return entry.status == "active" and there.making == wanted.making and there.validity is None


def _follows(audience: Audience, rule: Rule) -> bool:
    """Tell whether an audience is dynamic and has a rule, its ids included: a plan gives the same ones."""
    return audience.fixed_to is None and audience.rule == dump_rule(rule)


def _free_key(key: str, taken: Container[str]) -> str:
    """Return a key, with the smallest number at its end that makes it free if it is taken."""
    numbered = (f"{key}_{number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([key], numbered) if free not in taken)


def chosen_of(plan: GoalPlan, audiences: Sequence[str]) -> GoalPlan:
    """Return a plan with some of its audiences only, by name; one that is there already is there.

    Raises
    ------
    NotFound
        If it has none of that name.
    """
    names = (*(each.name for each in plan.audiences), *plan.reused_audiences)
    unknown = [
        Problem("goal_audience_unknown", None, {"name": name}, names, nearest_name(name, names))
        for name in audiences
        if name not in names
    ]
    if unknown:
        raise NotFound(unknown)
    return replace(plan, audiences=tuple(each for each in plan.audiences if each.name in audiences))
