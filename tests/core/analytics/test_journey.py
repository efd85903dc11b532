"""The funnel: every number is the count of the rule beside it, and the numbers add up."""

from __future__ import annotations

from datetime import date

import pytest

from core.analytics.journey import FunnelStep
from core.errors import RuleError, WorkspaceError
from core.rules.parse import dump_rule, parse_rule
from core.workspace import Funnel, Workspace

TAG = {"kind": "tag", "id": "c1"}


def rule(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "version": 1,
        "include": {"kind": "group", "id": "g0", "match": "all", "children": list(conditions), **more},
    }


IN_BEIJING = rule({**TAG, "tag": "city", "op": "is", "value": "北京"})


def numbers(funnel: Funnel) -> list[tuple[str, int, int]]:
    return [(step.step.key, step.reached, step.furthest) for step in funnel.steps]


def assert_every_number_is_a_rule(workspace: Workspace, funnel: Funnel, as_of: date | None = None) -> None:
    def count(of: object) -> int:
        # By way of JSON, as a link to the builder does it.
        return workspace.count(workspace.parse(dump_rule(of)), as_of).answer.count  # type: ignore[arg-type]

    def assert_steps(steps: tuple[FunnelStep, ...]) -> None:
        for step in steps:
            assert count(step.rule_reached) == step.reached
            assert count(step.rule_furthest) == step.furthest
            if step.rule_continued is not None:
                assert count(step.rule_continued) == step.continued

    assert count(funnel.rule) == funnel.total
    assert_steps(funnel.steps)
    for group in funnel.groups:
        assert count(group.rule) == group.total
        assert_steps(group.steps)


def test_the_funnel_counts_who_reached_each_step_and_whose_furthest_it_is(workspace: Workspace) -> None:
    funnel = workspace.funnel()
    assert funnel.total == 7
    assert numbers(funnel) == [("register", 7, 2), ("look", 3, 1), ("chat", 2, 2), ("buy", 2, 2)]
    assert sum(step.furthest for step in funnel.steps) + funnel.not_started == funnel.total
    assert [step.continued for step in funnel.steps] == [3, 1, 0, None]
    assert_every_number_is_a_rule(workspace, funnel)


def test_an_earlier_day_has_an_earlier_funnel(workspace: Workspace) -> None:
    day = date(2019, 6, 3)
    funnel = workspace.funnel(day)
    assert numbers(funnel) == [("register", 7, 6), ("look", 1, 0), ("chat", 0, 0), ("buy", 1, 1)]
    assert_every_number_is_a_rule(workspace, funnel, day)


@pytest.mark.parametrize(
    ("audience", "total"),
    [
        (IN_BEIJING, 3),
        (rule({**TAG, "tag": "city", "op": "is", "value": "北京"}, match="any"), 3),
        (rule({**TAG, "tag": "city", "op": "is", "value": "北京"}, **{"not": True}), 4),
        (rule({**TAG, "tag": "city", "op": "is", "value": "北京"}, muted=True), 7),
        (rule(), 7),
        (
            {
                **rule({**TAG, "id": "j1", "tag": "level", "op": "is_set"}),
                "exclude": {
                    "kind": "group", "id": "g1", "match": "any",
                    "children": [{**TAG, "tag": "city", "op": "is", "value": "北京"}],
                },
            },
            2,
        ),
        ({**rule(), "take": {"share": 0.5, "seed": "july"}}, None),
    ],
)  # fmt: skip
def test_the_funnel_of_an_audience_is_that_of_its_members(
    audience: dict[str, object], total: int | None, workspace: Workspace
) -> None:
    members = workspace.members(workspace.parse(audience))
    funnel = workspace.funnel(audience=workspace.parse(audience))
    assert funnel.total == len(members) == (total if total is not None else funnel.total)
    assert sum(step.furthest for step in funnel.steps) == funnel.total
    for step in funnel.steps:
        assert set(workspace.members(step.rule_reached)) <= set(members)
    assert_every_number_is_a_rule(workspace, funnel)


@pytest.mark.parametrize(
    ("split", "groups"),
    [
        ("city", {"北京": 3, "上海": 2, "广州": 1, "no value": 1}),
        ("is_vip", {"yes": 3, "no": 2, "no value": 2}),
        ("interests", {"读书": 3, "旅行": 3, "美食": 2, "健身": 1, "no value": 2}),
    ],
)
def test_a_tag_splits_the_funnel_into_its_values(
    split: str, groups: dict[str, int], workspace: Workspace
) -> None:
    funnel = workspace.funnel(split=split)
    assert {group.label["en"]: group.total for group in funnel.groups} == groups
    assert funnel.is_overlapping == (split == "interests")
    assert_every_number_is_a_rule(workspace, funnel)


@pytest.mark.parametrize("split", ["points", "spend", "registered_on", "last_buy", "city", "remark", "level"])
def test_the_groups_of_a_split_add_up_to_the_whole(split: str, workspace: Workspace) -> None:
    funnel = workspace.funnel(split=split)
    assert sum(group.total for group in funnel.groups) == funnel.total
    for place, step in enumerate(funnel.steps):
        assert sum(group.steps[place].reached for group in funnel.groups) == step.reached
        assert sum(group.steps[place].furthest for group in funnel.groups) == step.furthest
    assert_every_number_is_a_rule(workspace, funnel)


def test_the_rest_of_many_values_is_one_group(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.workspace.questions.SPLIT_VALUES", 1)
    funnel = workspace.funnel(split="city")
    assert [(group.label["en"], group.total) for group in funnel.groups] == [
        ("北京", 3),
        ("other", 3),
        ("no value", 1),
    ]
    assert_every_number_is_a_rule(workspace, funnel)


def test_the_first_n_by_a_tag_have_no_funnel(workspace: Workspace) -> None:
    first = workspace.parse({**rule(), "take": {"n": 2, "by": "points"}})
    with pytest.raises(RuleError) as refused:
        workspace.funnel(audience=first)
    assert refused.value.code == "funnel_of_take"


@pytest.mark.parametrize(("split", "code"), [("ctiy", "split_unknown"), ("phone", "split_personal")])
def test_a_split_by_what_cannot_be_told_apart_is_refused(split: str, code: str, workspace: Workspace) -> None:
    with pytest.raises(RuleError) as refused:
        workspace.funnel(split=split)
    assert refused.value.code == code
    assert refused.value.problems[0].nearest == ("city" if split == "ctiy" else None)


def test_an_audience_that_no_longer_fits_the_data_is_refused(workspace: Workspace) -> None:
    with pytest.raises(RuleError):
        workspace.funnel(audience=parse_rule(rule({**TAG, "tag": "gone", "op": "is_set"})))


def test_data_without_a_journey_say_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    version = workspace.data_version()
    bare = version.model_copy(update={"catalogue": version.catalogue.model_copy(update={"journey": ()})})
    monkeypatch.setattr(workspace, "data_version", lambda: bare)
    with pytest.raises(WorkspaceError) as refused:
        workspace.funnel()
    assert refused.value.code == "no_journey"
