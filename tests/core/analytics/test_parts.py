"""Parts of an audience: they never overlap, add up, and are the rules of exactly their people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.analytics.overlap import Asked
from core.analytics.parts import MOST_PARTS, Split, at_random, by_equal_size, by_tag
from core.engines.memory import MemoryEngine
from core.errors import RuleError
from core.rules import evaluate
from core.rules.parse import dump_rule
from core.rules.share import seed_hash, share_value, user_hash
from core.rules.tree import Rule
from core.schema import Catalogue
from core.workspace import Workspace
from tests.core.engines.agreement import asked, ids_of
from tests.core.engines.kinds import AUDIENCES
from tests.core.engines.marketplaces import ALL_TAGS
from tests.core.engines.worlds import World, days, rules, world_of, worlds

SOME = settings(max_examples=35, deadline=None)
DAY = date(2019, 7, 14)
tags = st.sampled_from(sorted(ALL_TAGS))


# An audience that can be narrowed: the name of a saved one, or a rule as JSON.
sources = st.one_of(
    st.sampled_from(sorted(AUDIENCES)), rules().filter(lambda rule: "n" not in rule.get("take", ()))
)


def source_in(world: World, told: str | dict[str, Any]) -> Asked:
    if isinstance(told, str):
        return Asked(told, asked(AUDIENCES[told], world.catalogue), told)
    return Asked("r", asked(told, world.catalogue))


def people(world: World, rule: Rule, as_of: date) -> list[str]:
    return evaluate.members(rule, world.users, world.catalogue, as_of)


def assert_divides(split: Split, source: Asked, world: World, as_of: date) -> list[set[str]]:
    """Assert that the parts divide the audience and count what their rules say; return who is in them."""
    engine = MemoryEngine(world.tables())
    everybody = people(world, source.rule, as_of)
    assert split.users == len(everybody)
    assert sum(part.users for part in split.parts) == split.users
    found = []
    for part in split.parts:
        members = ids_of(engine, part.rule, as_of)
        assert len(members) == part.users
        found.append(set(members))
    assert set().union(*found) == set(everybody)
    return found


@given(sources, worlds, tags, days, st.integers(1, 12), worlds, days)
@SOME
def test_parts_by_a_tag_divide_an_audience_on_every_day(
    told: str | dict[str, Any], world: World, tag: str, as_of: date, top: int, other: World, day: date
) -> None:
    source = source_in(world, told)
    split = by_tag(source, tag, MemoryEngine(world.tables()), as_of, top=top)
    found = assert_divides(split, source, world, as_of)
    for part, members in zip(split.parts, found, strict=True):
        opened = asked(dump_rule(part.rule), world.catalogue, world)
        assert set(people(world, opened, as_of)) == members
    # And with other people on other days as well.
    each = [people(other, asked(dump_rule(part.rule), other.catalogue, other), day) for part in split.parts]
    assert sorted(member for members in each for member in members) == people(other, source.rule, day)
    last = split.parts[-1]
    assert last.label == {"zh": "无值", "en": "no value"}
    found_values = evaluate.tag_values(world.users, tag, world.catalogue, as_of)
    assert last.users == sum(found_values[user] is None for user in people(world, source.rule, as_of))


@given(sources, worlds, days, st.lists(st.integers(1, 3000), min_size=1, max_size=4))
@SOME
def test_parts_at_random_divide_an_audience_by_the_documented_hash(
    told: str | dict[str, Any], world: World, as_of: date, shares: list[int]
) -> None:
    assume(sum(shares) <= 10_000)
    source = source_in(world, told)
    split = at_random(source, shares, "july", MemoryEngine(world.tables()), as_of)
    found = assert_divides(split, source, world, as_of)
    edges = [sum(shares[:place]) for place in range(len(shares) + 1)]
    for place, members in enumerate(found):
        end = edges[place + 1] if place < len(shares) else 10_000
        for user_id in members:
            bucket = share_value(user_hash(user_id), seed_hash("july")) % 10_000
            assert edges[place] <= bucket < end
        opened = asked(dump_rule(split.parts[place].rule), world.catalogue, world)
        assert set(people(world, opened, as_of)) == members


@given(sources, worlds, days, st.integers(2, 7))
@SOME
def test_parts_of_equal_size_differ_by_one_person_at_most(
    told: str | dict[str, Any], world: World, as_of: date, parts: int
) -> None:
    source = source_in(world, told)
    engine = MemoryEngine(world.tables())
    split = by_equal_size(source, parts, "july", engine, as_of)
    found = assert_divides(split, source, world, as_of)
    sizes = [part.users for part in split.parts]
    assert len(sizes) == parts
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1
    in_order = [
        max((share_value(user_hash(u), seed_hash("july")) for u in members), default=None)
        for members in found
    ]
    kept = [place for place in in_order if place is not None]
    assert kept == sorted(kept)
    shuffled = by_equal_size(source, parts, "july", MemoryEngine(world.tables(shuffled=9)), as_of)
    other = MemoryEngine(world.tables(shuffled=9))
    assert [set(ids_of(other, part.rule, as_of)) for part in shuffled.parts] == found
    for part in split.parts:
        assert part.kept is not None
        assert part.kept.user_nos.to_list() == engine.members(part.rule, as_of).to_list()
        assert dump_rule(part.rule)["include"]["children"][0]["list"] == part.kept.list_name


def test_an_audience_that_takes_the_first_can_be_split_once_it_is_saved() -> None:
    world = world_of(4)
    rule = asked(AUDIENCES["big"], world.catalogue)
    engine = MemoryEngine(world.tables())
    for split in (
        lambda source: by_tag(source, "city", engine, DAY),
        lambda source: at_random(source, [5_000, 5_000], "july", engine, DAY),
    ):
        with pytest.raises(RuleError) as refused:
            split(Asked("big", rule))
        assert (refused.value.code, refused.value.problems[0].params) == ("split_of_take", {"n": 5})
        assert_divides(split(Asked("big", rule, "big")), Asked("big", rule, "big"), world, DAY)
    assert_divides(by_equal_size(Asked("big", rule), 2, "july", engine, DAY), Asked("big", rule), world, DAY)


EVERYBODY = {"include": {"kind": "group", "id": "g0", "match": "all", "children": []}}


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ([], "split_number"),
        ([5_000, 5_001], "split_shares"),
        ([0, 10_000], "split_shares"),
        ([-1, 10_001], "split_shares"),
        ([1] * (MOST_PARTS + 1), "split_number"),
    ],
)
def test_shares_that_do_not_divide_are_refused(shares: list[int], code: str) -> None:
    world = world_of(4)
    with pytest.raises(RuleError) as refused:
        at_random(everybody(world.catalogue), shares, "july", MemoryEngine(world.tables()), DAY)
    assert refused.value.code == code


def everybody(catalogue: Catalogue) -> Asked:
    return Asked("all", asked(EVERYBODY, catalogue))


def test_too_few_and_too_many_parts_are_refused() -> None:
    world = world_of(4)
    engine, source = MemoryEngine(world.tables()), everybody(world.catalogue)
    for split in (
        lambda: by_tag(source, "city", engine, DAY, top=0),
        lambda: by_equal_size(source, 1, "july", engine, DAY),
        lambda: by_equal_size(source, MOST_PARTS + 1, "july", engine, DAY),
    ):
        with pytest.raises(RuleError) as refused:
            split()
        assert refused.value.code == "split_number"


def test_unknown_and_personal_tags_are_refused(workspace: Workspace) -> None:
    engine = MemoryEngine(workspace._lake.tables(workspace.data_version()))
    source = everybody(engine.catalogue)
    with pytest.raises(RuleError) as refused:
        by_tag(source, "ctiy", engine, DAY)
    assert (refused.value.code, refused.value.problems[0].nearest) == ("split_unknown", "city")
    with pytest.raises(RuleError) as refused:
        by_tag(source, "phone", engine, DAY)
    assert refused.value.code == "split_personal"


def test_an_audience_nested_as_deep_as_may_be_is_not_narrowed_unless_it_is_saved() -> None:
    world = world_of(4)
    node: dict[str, Any] = {"kind": "tag", "id": "c", "tag": "city", "op": "is_set"}
    for level in range(8):
        node = {"kind": "group", "id": f"g{level}", "match": "any", "children": [node]}
    rule = asked({"include": node}, world.catalogue)
    engine = MemoryEngine(world.tables())
    with pytest.raises(RuleError, match="split_too_deep"):
        by_tag(Asked("deep", rule), "city", engine, DAY)
    split = by_tag(Asked("deep", rule, "deep"), "city", engine, DAY)
    assert_divides(split, Asked("deep", rule, "deep"), world, DAY)


def labels(split: Split, language: str) -> list[tuple[str, int]]:
    return [(part.label[language], part.users) for part in split.parts]  # type: ignore[literal-required]


def test_the_small_files_by_hand(workspace: Workspace) -> None:
    engine = MemoryEngine(workspace._lake.tables(workspace.data_version()))
    source = everybody(engine.catalogue)

    def split(tag: str, top: int, language: str = "en") -> list[tuple[str, int]]:
        return labels(by_tag(source, tag, engine, DAY, top=top), language)

    assert split("city", 2) == [("北京", 3), ("上海", 2), ("other", 1), ("no value", 1)]
    assert split("is_vip", 9) == [("yes", 3), ("no", 2), ("no value", 2)]
    # 旅行 u01 u04 007; 读书 as many, of whom only u02 is left; 美食 u05 (and 007); 健身 only u04, who has 旅行.
    assert split("interests", 3, "zh") == [
        ("旅行", 3), ("读书（且不在前面各份中）", 1), ("美食（且不在前面各份中）", 1), ("其他", 0), ("无值", 2),
    ]  # fmt: skip
    assert split("points", 4) == [
        ("below 0", 1), ("0 to 100", 3), ("100 to 200", 1), ("200 and above", 1), ("no value", 1),
    ]  # fmt: skip
    assert split("registered_on", 12, "zh") == [
        ("2019-02-01 之前", 3), ("2019-02-01 至 2019-02-28", 1), ("2019-03-01 至 2019-03-31", 1),
        ("2019-04-01 至 2019-04-30", 1), ("2019-05-01 及以后", 1), ("无值", 0),
    ]  # fmt: skip
    random = at_random(source, [3_000, 333], "july", engine, DAY)
    assert [part.label["zh"] for part in random.parts] == [
        "第 1 份（30%）",
        "第 2 份（3.33%）",
        "其余（66.67%）",
    ]
    equal = by_equal_size(source, 3, "july", engine, DAY)
    assert labels(equal, "en") == [("Part 1 of 3", 3), ("Part 2 of 3", 2), ("Part 3 of 3", 2)]
    assert [part.as_json()["list"] for part in equal.parts] == ["all 1/3", "all 2/3", "all 3/3"]
