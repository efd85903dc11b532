"""Golden tags: each has exactly these values, or is refused exactly for the reasons, that its row tells."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Problem, RuleError
from core.rules.check import check, errors_of
from core.rules.evaluate import in_base, tag_value
from core.rules.made_of import Part, circle, in_order, tags_of
from core.rules.making_check import gives, making_problems, validity_problems
from core.rules.making_text import dump_making, parse_making
from core.rules.making_words import describe_making
from core.rules.makings import MAKINGS, ByRules, Formula
from core.rules.named import bind
from core.rules.parse import parse_rule
from core.schema import Catalogue, Label, Making, Measurement, TagSpec, TagType, Validity
from tests.core.rules.golden import FOLDER, GoldenNames, catalogue, users

CATALOGUE, USERS = catalogue(), users()
ROWS: list[dict[str, Any]] = json.loads((FOLDER / "tags" / "makings.json").read_text(encoding="utf-8"))
MEANT, REFUSED = ([row for row in ROWS if key in row] for key in ("values", "refused"))


def read(source: dict[str, Any]) -> Making:
    making = parse_making(source)
    if not isinstance(making, ByRules):
        return making
    judge = lambda inner: errors_of(check(inner, CATALOGUE))  # noqa: E731
    bound = [one.model_copy(update={"rule": bind(one.rule, GoldenNames(), judge)}) for one in making.values]
    return making.model_copy(update={"values": tuple(bound)})


def with_tag(making: Making) -> Catalogue:
    spec = TagSpec(
        key="made", type=gives(making, CATALOGUE).type, label=Label(zh="新", en="new"), computed=making
    )
    return CATALOGUE.model_copy(update={"tags": {**CATALOGUE.tags, "made": spec}})


def brief(problem: Problem) -> str:
    nearest = f" → {problem.nearest}" if problem.nearest else ""
    return f"{problem.code} {problem.node or '-'}{nearest}"


@pytest.mark.parametrize("row", MEANT, ids=lambda row: row["says"])
def test_a_golden_tag_has_these_values(row: dict[str, Any]) -> None:
    making = read(row["making"])
    assert errors_of(making_problems(making, CATALOGUE)) == ()
    found = gives(making, CATALOGUE)
    assert found.type is TagType(row["type"])
    assert list(found.order) == row.get("order", list(found.order))
    as_of = date.fromisoformat(row.get("as_of", "2019-07-14"))
    known = with_tag(making)
    values = {u.user_id: tag_value(u, "made", known, as_of, USERS) for u in USERS if in_base(u, as_of)}
    written = {
        user: sorted(value) if isinstance(value, frozenset) else value
        for user, value in values.items()
        if value is not None
    }
    assert written == row["values"]


@pytest.mark.parametrize("row", MEANT, ids=lambda row: row["says"])
def test_a_golden_tag_can_be_written_down_and_read_aloud(row: dict[str, Any]) -> None:
    making = parse_making(row["making"])
    assert parse_making(dump_making(making)) == making
    assert parse_making(json.dumps(dump_making(making))) == making
    sentence = describe_making(making, CATALOGUE)
    assert "{" not in sentence["zh"] + sentence["en"]
    for language in ("zh", "en"):
        assert sentence[language] == row.get(language, sentence[language])


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["says"])
def test_a_golden_refusal_names_place_and_remedy(row: dict[str, Any]) -> None:
    try:
        problems = errors_of(making_problems(read(row["making"]), CATALOGUE))
    except RuleError as error:
        problems = error.problems
    assert [brief(problem) for problem in problems] == row["refused"]


def test_the_golden_tags_cover_every_kind_that_has_no_values_of_its_own() -> None:
    assert {row["making"]["kind"] for row in MEANT} == set(MAKINGS) - {"given", "formula"}


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(sorted(MAKINGS)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["kind", "of", "edges", "labels", "values", "value", "rule", "event", "where", "window", "text"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(_junk, st.sampled_from(sorted(MAKINGS)))
def test_whatever_comes_in_is_a_making_or_a_refusal(junk: Any, kind: str) -> None:
    source = {**junk, "kind": kind} if isinstance(junk, dict) else junk
    try:
        making = parse_making(source)
    except RuleError:
        return
    sentence = describe_making(making, CATALOGUE)
    assert sentence["zh"]
    making_problems(making, CATALOGUE)
    assert parse_making(dump_making(making)) == making


def test_a_withheld_tag_is_refused_wherever_a_rule_names_it() -> None:
    why = Problem("unknown_event", params={"event": "purchase"})
    tags = {key: spec for key, spec in CATALOGUE.tags.items() if key != "gmv"}
    known = CATALOGUE.model_copy(update={"tags": tags, "withheld": {"gmv": why}})
    condition = {"kind": "tag", "id": "c", "tag": "gmv", "op": "gt", "value": 1}
    root = {"kind": "group", "id": "g", "match": "all", "children": [condition]}
    rule = parse_rule({"include": root, "take": {"n": 1, "by": "gmv"}})
    assert [(p.code, p.node) for p in check(rule, known)] == [("unknown_event", "c"), ("unknown_event", None)]
    bands = parse_making({"kind": "bands", "of": "gmv", "edges": [1], "labels": ["a", "b"]})
    assert [(p.code, p.node) for p in making_problems(bands, known)] == [("unknown_event", "of")]


def test_what_is_remembered_of_a_catalogue_is_no_part_of_it() -> None:
    fresh, asked = catalogue(), catalogue()
    assert tag_value(USERS[0], "gmv", asked, date(2019, 7, 14)) == 3500.5
    assert asked == fresh
    cheaper = asked.tags["gmv"].model_copy(
        update={"computed": Measurement(event="purchase", measure="count")}
    )
    changed = asked.model_copy(update={"tags": {**asked.tags, "gmv": cheaper}})
    assert changed != fresh
    assert tag_value(USERS[0], "gmv", changed, date(2019, 7, 14)) == 2


def test_what_operators_decide_is_not_written_into_a_data_version() -> None:
    paused = CATALOGUE.tags["gmv"].model_copy(
        update={"stands_at": date(2019, 7, 1), "validity": Validity(n=1, unit="day", since="birthday")}
    )
    decided = CATALOGUE.model_copy(
        update={"tags": {**CATALOGUE.tags, "gmv": paused}, "withheld": {"old": Problem("unknown_tag")}}
    )
    assert decided.model_dump_json() == CATALOGUE.model_dump_json()
    assert Catalogue.model_validate_json(decided.model_dump_json()) == CATALOGUE


def of_tags(**texts: str) -> dict[str, TagSpec]:
    label = Label(zh="名", en="name")
    return {
        key: TagSpec(key=key, type=TagType.NUMBER, label=label, computed=Formula(text=text))
        for key, text in texts.items()
    }


def test_tags_come_after_those_they_are_made_of() -> None:
    assert in_order(of_tags(a="b + c", b="c", c="points", d="a")) == ["c", "b", "a", "d"]


def test_a_way_back_is_told_with_all_that_lies_on_it() -> None:
    tags = of_tags(a="b", b="points + c", c="a * 2", d="a")

    def parts(part: Part) -> tuple[Part, ...]:
        return tuple(Part("tag", key) for key in tags_of(tags[part.name])) if part.name in tags else ()

    assert [part.name for part in circle(Part("tag", "a"), parts) or ()] == ["a", "b", "c", "a"]
    assert circle(Part("tag", "d"), parts) is None  # it leads into a circle, not back to itself


@pytest.mark.parametrize(
    ("validity", "is_computed", "code"),
    [
        (Validity(n=30, unit="day", since="birthday"), True, None),
        (Validity(n=30, unit="day"), False, None),
        (Validity(n=30, unit="day"), True, "validity_needs_date"),
        (Validity(n=30, unit="day", since="city"), True, "validity_not_date"),
        (Validity(n=30, unit="day", since="birthdya"), True, "unknown_tag"),
    ],
)
def test_how_long_values_hold_counts_from_a_date(
    validity: Validity, is_computed: bool, code: str | None
) -> None:
    found = list(validity_problems(validity, CATALOGUE, is_computed=is_computed))
    assert [problem.code for problem in found] == ([] if code is None else [code])
    if code is not None:
        assert found[0].allowed
