"""Rules that name saved audiences, through the one door."""

from __future__ import annotations

from typing import Any

import pytest

from core.audiences.records import ExportRequest
from core.errors import Conflict, RuleError
from core.rules.canonical import rule_key
from core.rules.named import MOST_LEVELS
from core.rules.parse import parse_rule
from core.workspace import Workspace
from tests.core.small_files import ACTOR

CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}


def rule(*children: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": 1,
        "include": {"kind": "group", "id": "g0", "match": "all", "children": list(children)},
    }


def among(audience: str, *, is_in: bool = True) -> dict[str, Any]:
    return {"kind": "audience", "id": "c2", "audience": audience, "in": is_in}


def test_people_are_counted_listed_and_taken_away_by_an_audience(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="北京", rule=rule(CITY), actor=ACTOR)
    alone = workspace.parse(rule(CITY))
    for name in ("北京", saved.id):
        named = workspace.parse(rule(among(name)))
        assert workspace.count(named).answer.count == workspace.count(alone).answer.count == 3
        assert workspace.members(named) == workspace.members(alone)
        assert workspace.breakdown(named, "city") == workspace.breakdown(alone, "city")
        assert workspace.count(named).sentence["zh"] == "在人群「北京」中"
        assert workspace.sentence(named)["en"] == "Is in the audience “北京”"
        assert workspace.node_sentences(named)["c2"]["zh"] == "在人群「北京」中"
    others = workspace.parse(rule(among("北京", is_in=False)))
    base = workspace.count(alone).answer.base
    assert workspace.count(others).answer.count == base - 3
    assert workspace.funnel(audience=named).total == workspace.funnel(audience=alone).total
    assert workspace.export(ExportRequest(rule=named, actor=ACTOR)).rows == 3


def test_a_changed_audience_changes_the_answer_at_once(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="a", rule=rule(CITY), actor=ACTOR)
    named = workspace.parse(rule(among("a")))
    before = workspace.members(named)
    workspace.save_audience(name="a", rule=rule(), actor=ACTOR, audience_id=saved.id, revision=1)
    assert len(workspace.members(named)) == workspace.count(named).answer.base > len(before)


def test_a_curve_follows_a_changed_audience(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="a", rule=rule(CITY), actor=ACTOR)
    spent = {"kind": "tag", "id": "c3", "tag": "points", "op": "gte", "value": 0}
    named = workspace.parse(rule(among("a"), spent))
    assert workspace.threshold(named).users == 3
    workspace.save_audience(name="a", rule=rule(), actor=ACTOR, audience_id=saved.id, revision=1)
    assert workspace.threshold(named).users == workspace.count(named).answer.base


def test_a_circle_is_refused_with_its_path_when_it_is_saved(workspace: Workspace) -> None:
    first = workspace.save_audience(name="甲", rule=rule(CITY), actor=ACTOR)
    workspace.save_audience(name="乙", rule=rule(among("甲")), actor=ACTOR)
    with pytest.raises(RuleError) as refused:
        workspace.save_audience(
            name="甲", rule=rule(among("乙")), actor=ACTOR, audience_id=first.id, revision=1
        )
    (problem,) = refused.value.problems
    assert (problem.code, problem.node, problem.params["path"]) == ("audience_cycle", "c2", "甲 → 乙 → 甲")
    with pytest.raises(RuleError, match="audience_cycle"):
        workspace.save_audience(
            name="甲", rule=rule(among(first.id)), actor=ACTOR, audience_id=first.id, revision=1
        )


def test_an_audience_that_others_name_is_not_deleted_from_under_them(workspace: Workspace) -> None:
    city = workspace.save_audience(name="北京", rule=rule(CITY), actor=ACTOR)
    taken = workspace.take_snapshot("北京", actor=ACTOR)
    by_id = workspace.save_audience(name="乙", rule=rule(among(city.id)), actor=ACTOR)
    by_name = workspace.save_audience(name="丙", rule=rule(CITY, among("北京 ")), actor=ACTOR)
    at_a_day = {**among("北京"), "snapshot": taken.id}
    kept = workspace.save_audience(
        name="丁", rule={**rule(), "exclude": {"kind": "group", "id": "e", "match": "any", "children": [at_a_day]}},
        actor=ACTOR,
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        workspace.delete_audience(city.id, actor=ACTOR)
    (problem,) = refused.value.problems
    assert (problem.code, problem.params["audiences"]) == ("audience_in_use", ("丁", "丙", "乙"))
    assert workspace.audience("北京") == city
    for other in (by_id, by_name, kept):
        workspace.delete_audience(other.id, actor=ACTOR)
    workspace.delete_audience(city.id, actor=ACTOR)


def tower(workspace: Workspace, levels: int) -> str:
    """Save so many audiences in one another, each naming the one below twice; return the topmost's id."""
    name = workspace.save_audience(name="1", rule=rule(CITY), actor=ACTOR).id
    for level in range(2, levels + 1):
        twice = rule(among(name), {**among(name), "id": "c3"})
        name = workspace.save_audience(name=str(level), rule=twice, actor=ACTOR).id
    return name


def test_audiences_in_audiences_do_not_double_the_work_with_every_level(workspace: Workspace) -> None:
    looked_up: list[str] = []
    names = workspace._names
    find = names.audience
    named = workspace.parse(rule(among(tower(workspace, MOST_LEVELS))))
    names.audience = lambda name: looked_up.append(name) or find(name)  # type: ignore[method-assign,func-returns-value]
    assert workspace.members(named) == workspace.members(workspace.parse(rule(CITY)))
    assert len(looked_up) <= 2 * MOST_LEVELS
    day = workspace.default_as_of()
    earlier = day.replace(year=day.year - 1)
    assert workspace.count(named, earlier).not_historical == ("city",)
    catalogue = workspace.data_version().catalogue
    bound, _ = workspace._checked(named)
    assert len(rule_key(bound, catalogue, day)) < 1000


def test_too_many_audiences_in_one_another_are_refused_when_saved_and_when_asked(
    workspace: Workspace,
) -> None:
    top = tower(workspace, MOST_LEVELS)
    with pytest.raises(RuleError) as refused:
        workspace.save_audience(name="21", rule=rule(among(top)), actor=ACTOR)
    (problem,) = refused.value.problems
    assert (problem.code, problem.node, problem.params["limit"]) == (
        "audiences_too_nested",
        "c2",
        MOST_LEVELS,
    )
    # Made so from below, which nobody checks then: one that names none comes to name others.
    lowest = workspace.audience("1")
    other = workspace.save_audience(name="0", rule=rule(CITY), actor=ACTOR)
    workspace.save_audience(
        name="1", rule=rule(among(other.id)), actor=ACTOR, audience_id=lowest.id, revision=1
    )
    for asked in (rule(among(top)), rule(among("2"), {**among(top), "id": "c3"})):
        assert [p.code for p in workspace.check(asked).errors] == ["audiences_too_nested"]


def test_an_audience_that_is_gone_is_named_with_the_nearest(workspace: Workspace) -> None:
    workspace.save_audience(name="北京老用户", rule=rule(CITY), actor=ACTOR)
    checked = workspace.check(rule(among("北京用户")))
    assert [(p.code, p.node, p.nearest) for p in checked.errors] == [("unknown_audience", "c2", "北京老用户")]
    with pytest.raises(RuleError, match="unknown_audience"):
        workspace.count(parse_rule(rule(among("北京用户"))))


def test_imported_tags_of_an_audience_are_not_historical_either(workspace: Workspace) -> None:
    workspace.save_audience(name="a", rule=rule(CITY), actor=ACTOR)
    day = workspace.default_as_of()
    earlier = day.replace(year=day.year - 1)
    assert workspace.count(workspace.parse(rule(among("a"))), earlier).not_historical == ("city",)
