"""Drafts of two tabs joined: what either changed is kept; the laws that make it safe to call at any time."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.tagmaker.joining import joined

names = st.sampled_from("abc")
leaves = st.none() | st.integers(0, 3) | st.text("xy", max_size=2)
with_id = st.lists(
    st.builds(lambda key, value: {"id": key, "value": value}, names, leaves), max_size=3,
    unique_by=lambda each: each["id"],
)  # fmt: skip
things = st.recursive(
    leaves | with_id, lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=2)
)


@given(things, things)
def test_what_only_one_changed_is_as_that_one_left_it(base, changed):
    assert joined(base, changed, base) == changed
    assert joined(base, base, changed) == changed


@given(things, things)
def test_what_both_made_the_same_is_that(base, changed):
    assert joined(base, changed, changed) == changed


@given(things, things, things)
def test_joining_again_with_what_was_joined_changes_nothing_any_more(base, mine, theirs):
    told = joined(base, mine, theirs)
    assert joined(told, told, told) == told
    assert joined(theirs, told, theirs) == told


def test_changes_of_different_fields_are_all_there():
    base = {
        "label": "甲",
        "unit": "",
        "making": {"kind": "rules", "keep": "first", "values": [{"id": "0", "rule": 1}]},
    }
    mine = {
        "label": "乙",
        "unit": "",
        "making": {"kind": "rules", "keep": "first", "values": [{"id": "0", "rule": 2}]},
    }
    theirs = {
        "label": "甲",
        "unit": "元",
        "making": {"kind": "rules", "keep": "all", "values": [{"id": "0", "rule": 1}]},
    }
    assert joined(base, mine, theirs) == {
        "label": "乙", "unit": "元", "making": {"kind": "rules", "keep": "all", "values": [{"id": "0", "rule": 2}]},
    }  # fmt: skip


@given(st.dictionaries(names, things, min_size=1, max_size=3), st.data())
def test_fields_that_only_one_side_changed_are_as_that_side_left_them(base, data):
    mine, theirs, expected = dict(base), dict(base), dict(base)
    for key in base:
        side = data.draw(st.sampled_from([mine, theirs]))
        side[key] = expected[key] = data.draw(things)
    assert joined(base, mine, theirs) == expected


def test_rules_and_makings_stay_whole():
    def of(rule):
        return {"kind": "rules", "values": [{"id": "0", "value": "甲", "rule": rule}]}

    base, mine, theirs = (
        {"making": of({"tag": tag, "value": n})} for tag, n in (("a", 1), ("b", 1), ("a", 2))
    )
    assert joined(base, mine, theirs) == mine
    assert joined(base, base, theirs) == theirs
    named = {
        "making": {
            **of({"tag": "a", "value": 1}),
            "values": [{"id": "0", "value": "乙", "rule": {"tag": "a", "value": 1}}],
        }
    }
    assert joined(base, named, theirs)["making"]["values"] == [
        {"id": "0", "value": "乙", "rule": {"tag": "a", "value": 2}}
    ]
    bands = [
        {"making": {"kind": "bands", "edges": edges, "labels": labels}}
        for edges, labels in (([1, 2], ["x", "y", "z"]), ([1], ["x", "y"]), ([1, 2], ["x", "y", "w"]))
    ]
    assert joined(*bands) == bands[1]


def test_values_are_told_apart_by_their_ids_whatever_their_order():
    base = [{"id": "0", "rule": 1}, {"id": "1", "rule": 1}, {"id": "2", "rule": 1}]
    mine = [{"id": "0", "rule": 1}, {"id": "1", "rule": 5}, {"id": "2", "rule": 1}]
    theirs = [{"id": "2", "rule": 1}, {"id": "1", "rule": 1}, {"id": "new", "rule": 1}]
    expected = [{"id": "2", "rule": 1}, {"id": "1", "rule": 5}, {"id": "new", "rule": 1}]
    assert joined(base, mine, theirs) == joined(base, theirs, mine) == expected


def test_what_one_took_away_and_the_other_changed_stays():
    base, less, changed = [{"id": "0", "rule": 1}], [], [{"id": "0", "rule": 2}]
    assert joined(base, less, changed) == joined(base, changed, less) == changed


def test_where_both_changed_the_same_mine_is_kept():
    assert joined({"a": 1}, {"a": 2}, {"a": 3}) == {"a": 2}
