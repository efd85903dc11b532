"""Masks: one value and a column say the same, and nothing is shown wholly."""

from __future__ import annotations

from typing import get_args

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audiences.masking import mask, masked, masked_rule
from core.rules.parse import dump_rule, parse_rule
from core.schema import Catalogue, Label, Personal, TagSpec, TagType

KINDS: tuple[Personal, ...] = get_args(Personal)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("name", "王小明", "王**"),
        ("name", "欧阳锋", "欧**"),
        ("name", "李", "**"),
        ("name", "John Smith", "J**"),
        ("phone", "13800001234", "138****1234"),
        ("phone", "+8613800001234", "+86****1234"),
        ("phone", "62345678", "****78"),
        ("phone", "110", "****"),
        ("email", "zhang@example.com", "z***@example.com"),
        ("email", "z@example.com", "***@example.com"),
        ("email", "not an address", "***"),
        ("address", "北京市朝阳区某路1号", "北京市***"),
        ("address", "内蒙古自治区呼和浩特市1号", "内蒙古自治区***"),
        ("address", "12 Main Street", "12***"),
        ("address", "上海市", "***"),
        ("id", "110101199001011234", "11***"),
        ("id", "ab12", "***"),
        ("id", 110101199001.0, "11***"),
        ("name", ["王", "李"], "***"),
    ],
)
def test_a_mask_shows_enough_to_recognise_and_too_little_to_use(
    kind: Personal, value: object, shown: str
) -> None:
    assert mask(value, kind) == shown


@given(st.lists(st.text(max_size=20) | st.from_regex(r"\+?[0-9 -]{0,16}", fullmatch=True), max_size=20))
def test_a_column_is_masked_like_its_values(values: list[str]) -> None:
    frame = pl.DataFrame({"v": [*values, None]}, schema={"v": pl.String})
    for kind in KINDS:
        column = frame.select(masked(pl.col("v"), pl.String(), kind))["v"].to_list()
        assert column == [*(mask(value, kind) for value in values), None]


@given(st.text(min_size=1, max_size=12))
def test_no_mask_is_the_value_itself(value: str) -> None:
    for kind in KINDS:
        hidden = mask(value, kind)
        stars = set(value.strip()) <= set("*@")
        assert stars or hidden != value


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_other_types_are_masked_too(kind: Personal) -> None:
    frame = pl.DataFrame({"n": [13800001234.0, 1.5, None], "m": [["a"], [], None]})
    assert frame.select(masked(pl.col("n"), pl.Float64(), kind))["n"].to_list() == [
        mask(13800001234.0, kind),
        mask(1.5, kind),
        None,
    ]
    assert frame.select(masked(pl.col("m"), pl.List(pl.String()), kind))["m"].to_list() == [
        "***",
        "***",
        None,
    ]


def test_a_rule_keeps_its_shape_and_hides_only_personal_values() -> None:
    label = Label(zh="x", en="x")
    catalogue = Catalogue(
        tags={
            "phone": TagSpec(key="phone", type=TagType.TEXT, label=label, personal="phone"),
            "names": TagSpec(key="names", type=TagType.MULTI, label=label, personal="name"),
            "city": TagSpec(key="city", type=TagType.ENUM, label=label),
        }
    )
    conditions = [
        {"kind": "tag", "id": "a", "tag": "phone", "op": "in", "value": ["13800001234", "110"]},
        {"kind": "tag", "id": "b", "tag": "names", "op": "has_at_least", "value": {"k": 1, "of": ["王小明"]}},
        {"kind": "tag", "id": "c", "tag": "city", "op": "is", "value": "北京"},
        {"kind": "tag", "id": "d", "tag": "phone", "op": "is_set"},
    ]
    include = {"kind": "group", "id": "g", "match": "all", "children": conditions}
    exclude = {"kind": "group", "id": "h", "match": "any", "children": [{**conditions[0], "id": "e"}]}
    hidden = dump_rule(
        masked_rule(parse_rule({"version": 1, "include": include, "exclude": exclude}), catalogue)
    )
    values = [child.get("value") for child in hidden["include"]["children"]]
    assert values == [["138****1234", "****"], {"k": 1, "of": ["王**"]}, "北京", None]
    assert hidden["exclude"]["children"][0]["value"] == ["138****1234", "****"]
