"""What a change of a tag would do, before it is done: who changes value, which audiences change size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from core.audiences.naming import clean_actor
from core.audiences.records import Actor, Audience
from core.engines.base import Engine
from core.engines.crossing import Class, Contingency
from core.errors import Conflict, Problem, RuleError
from core.messages import problem_as_json
from core.rules.check import check, errors_of
from core.rules.made_of import tags_of
from core.rules.named import NOBODY, bind
from core.rules.naming import tags_in
from core.rules.parse import dump_rule, parse_rule
from core.rules.remains import remains_of
from core.rules.renaming import made_with_tags, valid_since, with_tags
from core.rules.tree import Rule
from core.schema import Catalogue
from core.tags.records import TagDefinition, TagRecord
from core.workspace.tag_life import TagLife

MOST_MOVES = 20
# No tag that an operator makes can bear a key with a space in it.
_NEW = "{key} (new)"


@dataclass(frozen=True)
class TagMove:
    """Users who go from one value, or class of values, to another."""

    before: Class
    after: Class
    users: int

    def as_json(self) -> dict[str, Any]:
        """Return the move, JSON-ready."""
        return {"before": _class(self.before), "after": _class(self.after), "users": self.users}


@dataclass(frozen=True)
class AudienceMove:
    """An audience's size before and after; None = it could not, or can no longer, be counted."""

    id: str
    name: str
    before: int | None
    after: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the move, JSON-ready."""
        return {"id": self.id, "name": self.name, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class TagEffect:
    """What a change of a tag would do, in users of the base.

    Attributes
    ----------
    changed, gained, lost : int
        Users who get another value; of them those who had none, and those who have none any more.
    moves : tuple of TagMove
        The largest, descending; numbers and dates in classes, so that somebody may stay in their class.
    other : int
        Users who change and stand in none of the moves.
    tags : tuple of str
        Keys of the tags that are made of it, however far.
    audiences : tuple of AudienceMove
        Those that name it or one of these, by name.
    """

    as_of: date
    base: int
    changed: int
    gained: int
    lost: int
    moves: tuple[TagMove, ...]
    other: int
    tags: tuple[str, ...]
    audiences: tuple[AudienceMove, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the effect, JSON-ready."""
        return {
            "as_of": self.as_of.isoformat(),
            "base": self.base,
            "changed": self.changed,
            "gained": self.gained,
            "lost": self.lost,
            "moves": [move.as_json() for move in self.moves],
            "other": self.other,
            "tags": list(self.tags),
            "audiences": [move.as_json() for move in self.audiences],
        }


@dataclass(frozen=True)
class MergeEffect:
    """What merging a tag into another would do.

    Attributes
    ----------
    key, into : str
        The tag that is retired, and the one that takes its place.
    effect : TagEffect
        Users for whom the two differ, from the one to the other; the tags and audiences that are rewritten.
    problems : tuple of Problem
        Why it cannot be done: rules that do not fit the other tag.
    left_behind : tuple of str
        Names of static audiences whose rules do not fit the other tag: they keep their people, and cannot
        follow these rules again.
    """

    key: str
    into: str
    effect: TagEffect
    problems: tuple[Problem, ...]
    left_behind: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the effect, JSON-ready."""
        problems = [problem_as_json(problem) for problem in self.problems]
        told = {"problems": problems, "left_behind": list(self.left_behind)}
        return {"key": self.key, "into": self.into, **self.effect.as_json(), **told}


@dataclass(frozen=True)
class _Rewritten:
    definitions: tuple[tuple[TagDefinition, int], ...]
    rules: tuple[tuple[Audience, Rule], ...]
    problems: tuple[Problem, ...]
    deleted: tuple[tuple[Audience, Rule], ...]
    """Audiences that can be restored, so that they name the other tag then; those it does not fit stay."""
    left_behind: tuple[str, ...]


class TagEffects(TagLife):
    """Changes of tags looked at first, and tags merged."""

    def tag_effect(self, definition: TagDefinition, as_of: date | None = None) -> TagEffect:
        """Return what another definition of a tag that can be asked would do.

        Raises
        ------
        RuleError
            With everything that is wrong with the definition.
        NotFound
            If there is no such tag.
        """
        self.tag_entry(definition.key)
        version, engine = self._engine()
        day, key = self._day(version, as_of), definition.key
        problems = errors_of(self._problems_of(definition, version.catalogue))
        if problems:
            raise RuleError(problems)
        after = self._trial(engine, definition)
        catalogue = after.catalogue
        if key not in version.catalogue.tags:  # a draft: everybody who would have a value gains one
            gained = after.coverage(key, day)
            return TagEffect(day, after.base_count(day), gained, gained, 0, (), gained, (), ())
        both = _NEW.format(key=key)
        spec = catalogue.tags[key].model_copy(update={"key": both})
        tags = {**version.catalogue.tags, both: spec}
        side_by_side = engine.seeing(version.catalogue.model_copy(update={"tags": tags}))
        found = side_by_side.moves(key, both, day)
        touched = _made_of(key, catalogue)
        audiences = [
            AudienceMove(
                audience.id,
                audience.name,
                self._size(audience, rule, engine, day),
                self._size(audience, rule, after, day),
            )
            for audience, rule in self._naming({key, *touched})
        ]
        return _effect(found, day, engine.base_count(day), touched, audiences)

    def merge_effect(self, key: str, into: str, as_of: date | None = None) -> MergeEffect:
        """Return what it would do to let everything that names a tag name another one.

        Raises
        ------
        NotFound
            If one of the tags does not exist.
        RuleError
            If one of them cannot be asked, or both are the same.
        """
        rewritten = self._rewritten(key, into)
        version, engine = self._engine()
        day = self._day(version, as_of)
        found = engine.moves(key, into, day)
        moved = self._seeing_rewritten(engine, rewritten)
        audiences = []
        for audience, rule in rewritten.rules:
            before = remains_of(audience.rule)
            size = None if before is None else self._size(audience, before, engine, day)
            then = self._size(audience, rule, moved, day)
            audiences.append(AudienceMove(audience.id, audience.name, size, then))
        users = tuple(definition.key for definition, _ in rewritten.definitions)
        effect = _effect(found, day, engine.base_count(day), users, audiences)
        return MergeEffect(key, into, effect, rewritten.problems, rewritten.left_behind)

    def merge_tags(self, key: str, into: str, *, actor: Actor) -> TagRecord:
        """Let everything that names a tag name another one, and retire it; all or nothing.

        Raises
        ------
        RuleError
            With everything that would not fit the other tag.
        Conflict
            If a rule or a tag was changed in between, or a tag of the data is made of it.
        """
        rewritten = self._rewritten(key, into)
        if rewritten.problems:
            raise RuleError(rewritten.problems)
        of_data = [
            spec.label.as_text() for spec in self._lake_catalogue().tags.values() if key in tags_of(spec)
        ]
        if of_data:
            raise Conflict(Problem("tag_in_use", params={"name": key, "users": of_data}))
        self._look_after(key, actor)
        followed = (*rewritten.rules, *rewritten.deleted)
        rules = [(audience, dump_rule(rule)) for audience, rule in followed]
        return self._tags.merge(key, into, rewritten.definitions, rules, clean_actor(actor), self._now())

    def _rewritten(self, key: str, into: str) -> _Rewritten:
        """Return everything that names a tag, naming another one, and what does not fit."""
        if key == into:
            raise RuleError(Problem("tag_merged_into_itself", params={"name": key}))
        catalogue = self.data_version().catalogue
        problems: list[Problem] = []
        for each in (key, into):
            self.tag_entry(each)
            if each not in catalogue.tags:
                raise RuleError(
                    catalogue.withheld.get(each) or Problem("tag_is_draft", params={"name": each})
                )
        if key in _made_of_backwards(into, catalogue):
            raise RuleError(Problem("tag_merged_into_its_own", params={"name": key, "into": into}))
        definitions = []
        for record in self._tags.all():
            definition = _definition_with(record, key, into)
            if record.status == "retired" or definition == record.definition or record.definition.key == key:
                continue
            definitions.append((definition, record.version))
            if record.status != "draft":
                found = errors_of(self._problems_of(definition, catalogue))
                problems += [replace(p, node=f"{definition.key}: {p.node or ''}") for p in found]
        rules, left_behind = [], []
        for audience in self._audiences.all():
            rule, found = self._renamed(audience, key, into, catalogue)
            if found and audience.fixed_to is not None:
                left_behind.append(audience.name)  # nobody asks its rule
                continue
            if rule is not None:
                rules.append((audience, rule))
            problems += [replace(p, node=f"{audience.name}: {p.node or ''}") for p in found]
        deleted = [each.audience for each in self._audiences.deleted()]
        renamed = [(audience, self._renamed(audience, key, into, catalogue)) for audience in deleted]
        fitting = [(audience, rule) for audience, (rule, found) in renamed if rule is not None and not found]
        return _Rewritten(
            tuple(definitions), tuple(rules), tuple(problems), tuple(fitting), tuple(left_behind)
        )

    def _renamed(
        self, audience: Audience, key: str, into: str, catalogue: Catalogue
    ) -> tuple[Rule | None, tuple[Problem, ...]]:
        """Return an audience's rule with one tag in the place of another, and why that cannot be.

        None = it does not name the tag, or cannot be read whole: what remains of it is not kept in its place.
        What was wrong with it before hinders nothing.
        """
        remains = remains_of(audience.rule)
        if remains is None or key not in tags_in(remains):
            return None, ()
        try:
            before = parse_rule(audience.rule)
        except RuleError as error:
            return None, error.problems
        rule = with_tags(before, {key: into})
        was, now = (errors_of(check(self._bound(each, catalogue), catalogue)) for each in (before, rule))
        known = {(problem.code, problem.node) for problem in was}
        return rule, tuple(problem for problem in now if (problem.code, problem.node) not in known)

    def _seeing_rewritten(self, engine: Engine, rewritten: _Rewritten) -> Engine:
        for definition, _ in rewritten.definitions:
            if definition.key in engine.catalogue.tags and not rewritten.problems:
                engine = self._trial(engine, definition)
        return engine

    def _naming(self, keys: set[str]) -> list[tuple[Audience, Rule]]:
        """Return the audiences whose rules name one of the tags, also through other audiences, by name."""
        catalogue = self.data_version().catalogue
        found = []
        for audience in self._audiences.all():
            rule = remains_of(audience.rule)
            if rule is None:
                continue
            bound = self._bound(rule, catalogue)
            if keys & set(tags_in(bound, with_muted=False, through_audiences=True)):
                found.append((audience, rule))
        return sorted(found, key=lambda each: each[0].name)

    def _bound(self, rule: Rule, catalogue: Catalogue) -> Rule:
        return bind(rule, self._names, lambda inner: errors_of(check(inner, catalogue)))

    def _size(self, audience: Audience, rule: Rule, engine: Engine, day: date) -> int | None:
        """Return how many people an audience has with a rule, in the eyes of an engine.

        None = the rule does not fit the engine's tags. Those by hand count, as everywhere; one that is fixed
        to a snapshot has the people of that.
        """
        if audience.fixed_to is not None:
            return engine.count(self._names.whole(audience)(NOBODY), day).count
        bound = self._bound(rule, engine.catalogue)
        if errors_of(check(bound, engine.catalogue)):
            return None
        return engine.count(self._names.whole(audience)(bound), day).count


def _effect(
    found: Contingency, day: date, base: int, tags: Sequence[str], audiences: Sequence[AudienceMove]
) -> TagEffect:
    table = found.table
    changed = int(table.sum())
    largest = np.argsort(-table, axis=None, kind="stable")[:MOST_MOVES]
    moves = []
    for place in largest.tolist():
        row, column = divmod(place, table.shape[1])
        if table[row, column]:
            moves.append(TagMove(found.rows[row], found.columns[column], int(table[row, column])))
    return TagEffect(
        as_of=day,
        base=base,
        changed=changed,
        gained=int(table[-1].sum()),
        lost=int(table[:, -1].sum()),
        moves=tuple(moves),
        other=changed - sum(move.users for move in moves),
        tags=tuple(tags),
        audiences=tuple(audiences),
    )


def _made_of(key: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the tags that are made of one, however far."""
    found: dict[str, None] = {}
    left = [key]
    while left:
        part = left.pop(0)
        for spec in catalogue.tags.values():
            if part in tags_of(spec) and spec.key not in found and spec.key != key:
                found[spec.key] = None
                left.append(spec.key)
    return tuple(found)


def _made_of_backwards(key: str, catalogue: Catalogue) -> set[str]:
    """Return the tags of which one is made, however far."""
    found: set[str] = set()
    left = [key]
    while left:
        spec = catalogue.tags.get(left.pop())
        for part in () if spec is None else tags_of(spec):
            if part not in found:
                found.add(part)
                left.append(part)
    return found


def _definition_with(record: TagRecord, key: str, into: str) -> TagDefinition:
    """Return a definition that names one tag wherever it named another."""
    definition = record.definition
    validity, making = definition.validity, definition.making
    return replace(
        definition,
        making=None if making is None else made_with_tags(making, {key: into}),
        validity=None if validity is None else valid_since(validity, {key: into}),
    )


def _class(found: Class) -> Mapping[str, Any]:
    low, high = (end.isoformat() if isinstance(end, date) else end for end in (found.low, found.high))
    value = list(found.value) if isinstance(found.value, tuple) else found.value
    return {"kind": found.kind, "value": value, "low": low, "high": high}
