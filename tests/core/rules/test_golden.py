"""Golden rules: each means exactly the people, or is refused exactly for the reasons, that its row tells."""

from __future__ import annotations

import pytest

from core.errors import Problem, RuleError
from core.rules.check import check, errors_of
from core.rules.describe import describe
from core.rules.evaluate import holds, members, node_numbers
from core.rules.measures import MEASURES
from core.rules.ops import OPS
from core.rules.parse import dump_rule, parse_rule
from core.rules.tree import CONDITIONS, EventCondition, TagCondition, nodes
from tests.core.rules.golden import Case, cases, catalogue, read, users

CATALOGUE, USERS = catalogue(), users()
MEANT = [case for case in cases() if "members" in case.expected]
REFUSED = [case for case in cases() if "refused" in case.expected]


def brief(problem: Problem) -> str:
    nearest = f" → {problem.nearest}" if problem.nearest else ""
    return f"{problem.code} {problem.node or '-'}{nearest}"


@pytest.mark.parametrize("case", MEANT, ids=lambda case: case.name)
def test_a_golden_rule_means_these_people(case: Case) -> None:
    rule = read(case.rule)
    problems = check(rule, CATALOGUE)
    assert errors_of(problems) == ()
    assert members(rule, USERS, CATALOGUE, case.as_of) == case.expected["members"]
    if "warns" in case.expected:
        assert [brief(problem) for problem in problems] == case.expected["warns"]
    if rule.take is None:
        held = [user.user_id for user in USERS if holds(rule, user, CATALOGUE, case.as_of, USERS)]
        assert held == case.expected["members"]


@pytest.mark.parametrize("case", [c for c in MEANT if "nodes" in c.expected], ids=lambda case: case.name)
def test_its_nodes_have_these_numbers(case: Case) -> None:
    numbers = node_numbers(read(case.rule), USERS, CATALOGUE, case.as_of)
    assert {node: list(four) for node, four in numbers.items()} == case.expected["nodes"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_golden_refusal_names_place_and_remedy(case: Case) -> None:
    try:
        problems = errors_of(check(read(case.rule), CATALOGUE))
    except RuleError as error:
        problems = error.problems
    assert [brief(problem) for problem in problems] == case.expected["refused"]


@pytest.mark.parametrize("case", MEANT, ids=lambda case: case.name)
def test_a_golden_rule_can_be_written_down_and_read_aloud(case: Case) -> None:
    rule = parse_rule(case.rule)
    assert parse_rule(dump_rule(rule)) == rule
    assert dump_rule(read(case.rule)) == dump_rule(rule)
    sentence = describe(rule, CATALOGUE)
    assert sentence["zh"]
    assert sentence["en"]
    assert "{" not in sentence["zh"] + sentence["en"]


def test_the_golden_rules_cover_every_kind_every_op_of_every_type_and_every_measure() -> None:
    asked, measured = set(), set()
    for case in MEANT:
        for node in nodes(parse_rule(case.rule)):
            if isinstance(node, TagCondition):
                asked.add((CATALOGUE.tags[node.tag].type, node.op))
            if isinstance(node, EventCondition):
                measured.add(node.measure)
                properties = CATALOGUE.events[node.event].properties
                asked |= {(properties[where.property].type, where.op) for where in node.where}
    assert measured == set(MEASURES)
    kinds = {node.kind for case in MEANT for node in nodes(parse_rule(case.rule))}
    assert kinds == {"group", *CONDITIONS}
    missing = {key for kind, key in OPS} - {key for kind, key in asked}
    assert missing == set()
    assert {kind for kind, _ in OPS} - {kind for kind, _ in asked} == set()
