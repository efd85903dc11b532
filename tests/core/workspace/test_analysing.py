"""What a manager asks: every figure of every analysis opens as a rule with the same count, whoever is meant."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.analytics.analyses import ANALYSES, BudgetTold, Told
from core.analytics.asking import Figure
from core.analytics.journey import Funnel
from core.analytics.sheets import Sheet, sheets
from core.errors import CallerError, NotFound, RuleError, Unrecorded
from core.messages import Language, message_of, say
from core.rules.parse import dump_rule
from core.rules.tree import Group, TagCondition
from core.tags.templates.lifecycle import STAGES
from core.workspace import Actor, ExportRequest, TagDefinition, Workspace
from core.workspace.questions import parts_in

LI = Actor("李")
DAY, FIRST, LAST = date(2019, 7, 14), date(2019, 6, 1), date(2019, 6, 30)
EARLIER = date(2019, 6, 7)
# Few cohorts and coarse steps, so that all their figures can be counted anew.
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "retention": {"grain": "month", "cohorts": 3},
    "journey": {"when": "period"},
    "budget": {
        "group": "city", "cost": "points", "claim": "view", "coupon": "channel", "redeem": "buy",
        "redeemed": "channel", "join": "chat", "activity": "channel",
    },
    "channels": {
        "channel": "city", "touches": ["view.channel"], "chain": ["view", "favourite"], "by": "channel",
        "outcomes": ["buy"], "claim": "view", "redeem": "buy", "coupon": "channel",
    },
}  # fmt: skip
NOW = Sheet("overview", say("period_now"), (), ((),), names=(("now",),)).row_ids[0]
BY = {"journey": "city", "retention": "is_vip"}


def rule(*conditions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    children = [{"id": f"c{place}", **each} for place, each in enumerate(conditions)]
    return {
        "version": 1,
        "include": {"kind": "group", "id": "g", "match": "any", "children": children},
        **more,
    }


@pytest.fixture(scope="module")
def kept(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Seven users, and audiences: a rule, one with a take, a fixed one with people by hand."""
    found = Workspace.open(shutil.copytree(imported, tmp_path_factory.mktemp("analysing") / "workspace"))
    in_beijing = {"kind": "tag", "tag": "city", "op": "is", "value": "北京"}
    bought = {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 1}
    found.save_audience(name="北京或买过", rule=rule(in_beijing, bought), actor=LI)
    found.save_audience(name="前三", rule=rule(take={"n": 3, "by": "points"}), actor=LI)
    fixed = found.save_audience(name="名单", rule=rule(in_beijing), actor=LI)
    snapshot = found.take_snapshot("名单", actor=LI)
    found.arrange_audience(fixed.id, revision=fixed.revision, actor=LI, fixed_to=snapshot.id)
    found.put_by_hand("名单", ["u03", "u04"], is_added=True, reason="认识", actor=LI)
    found.put_by_hand("名单", ["u02"], is_added=False, reason="认识", actor=LI)
    return found


def figures_of(found: tuple[Sheet, ...]) -> Iterator[tuple[list[Any], Figure]]:
    for sheet in found:
        assert sheet.title["zh"]
        for r, row in enumerate(sheet.rows):
            assert len(row) == len(sheet.columns)
            for c, value in enumerate(row):
                if isinstance(value, Figure):
                    yield [sheet.key, sheet.row_ids[r], sheet.columns[c].key], value


def question(name: str, **more: Any) -> dict[str, Any]:
    days = {"day": DAY.isoformat(), "from": FIRST.isoformat(), "to": LAST.isoformat()}
    return {"name": name, **days, "by": BY.get(name), "given": GIVEN.get(name), **more}


@pytest.mark.parametrize("audience", [None, "北京或买过", "前三", "名单"])
@pytest.mark.parametrize("name", ANALYSES)
def test_every_figure_of_every_sheet_opens_as_a_rule_with_its_count(
    name: str, audience: str | None, kept: Workspace
) -> None:
    asked = question(name, audience=audience)
    told = kept.analyse(name, DAY, first=FIRST, last=LAST, audience=audience, by=asked["by"], given=asked["given"])  # fmt: skip
    found = sheets(told, kept.catalogue())
    assert len({sheet.key for sheet in found}) == len(found)
    everybody = set(kept.members(kept.asking(DAY, audience=audience).among, DAY))
    opened = 0
    for at, figure in figures_of(found):
        opened_rule, day = kept.figure({**asked, "at": at})
        assert day == DAY
        # As a link to the builder does it.
        again = kept.parse(dump_rule(opened_rule))
        assert kept.count(again, day).answer.count == figure.users, at
        members = kept.members(again, day)
        assert len(members) == figure.users
        if (
            at[0] not in ("members_likes", "activity_likes") or at[2] == "users"
        ):  # beside them stands everybody
            assert set(members) <= everybody, at
        opened += 1
    assert opened
    told.as_json()


@pytest.mark.parametrize("name", ANALYSES)
def test_an_earlier_day_opens_for_that_day(name: str, kept: Workspace) -> None:
    asked = {"name": name, "day": EARLIER.isoformat(), "given": GIVEN.get(name)}
    told = kept.analyse(name, EARLIER, given=asked["given"])  # type: ignore[arg-type]
    every = list(figures_of(sheets(told, kept.catalogue())))
    for at, figure in every[:: max(len(every) // 5, 1)]:
        found, day = kept.figure({**asked, "at": at})
        assert day == EARLIER
        assert len(kept.members(found, day)) == figure.users


def names_of_groups(node: Group) -> Iterator[str]:
    if node.label is not None:
        yield node.label
    for child in node.children:
        if isinstance(child, Group):
            yield from names_of_groups(child)


def test_the_groups_of_a_rule_are_named_in_the_language_of_whoever_opens_it(kept: Workspace) -> None:
    asked = question("lifecycle", by=None)
    told = kept.analyse("lifecycle", DAY)
    stages = next(sheet for sheet in sheets(told, kept.catalogue()) if sheet.key == "stages")
    named: dict[Language, set[str]] = {"zh": set(), "en": set()}
    for row_id in stages.row_ids[-len(STAGES) :]:
        rules = []
        for language, names in named.items():
            opened, day = kept.figure({**asked, "at": ["stages", row_id, "users"]}, language)
            names |= set(names_of_groups(opened.include))
            rules.append(set(kept.members(opened, day)))
        assert rules[0] == rules[1]
    # Introduction is who is in none of the others.
    assert named == {
        "zh": {"成长期", "成熟期", "休眠期", "流失期"},
        "en": {"Growth", "Mature", "Dormant", "Churned"},
    }


@pytest.mark.parametrize("name", ANALYSES)
def test_no_group_of_an_english_rule_has_a_chinese_name(name: str, kept: Workspace) -> None:
    given = GIVEN.get(name)
    told = kept.analyse(name, DAY, first=FIRST, last=LAST, by=BY.get(name), given=given, language="en")
    for _, figure in figures_of(sheets(told, kept.catalogue())):
        assert not re.search("[\u4e00-\u9fff]", "".join(names_of_groups(figure.rule.include)))


def test_days_left_out_are_the_plans(kept: Workspace) -> None:
    found, day = kept.figure({"name": "overview", "at": ["overview", NOW, "buyers"]})
    assert day == DAY
    told: Any = kept.analyse("overview")
    assert kept.count(found).answer.count == told.numbers.now.buyers.users
    assert kept.period() == told.numbers.now.period


def test_the_people_of_an_audience_are_asked_about_by_name_or_id(kept: Workspace) -> None:
    by_name = kept.asking(audience="名单")
    by_id = kept.asking(audience=kept.audience("名单").id)
    assert by_name.figure().users == by_id.figure().users == 4
    assert kept.members(by_name.among) == ["007", "u01", "u03", "u04"]
    assert kept.asking(audience="前三").figure().users == 3
    assert kept.asking().figure().users == 7
    assert kept.asking(date(2019, 1, 2)).figure().users == 2
    with pytest.raises(RuleError) as refused:
        kept.asking(audience="北京")
    assert refused.value.code == "unknown_audience"
    assert refused.value.problems[0].nearest


@pytest.mark.parametrize(
    "at",
    [
        None, [], ["overview"], ["overview", NOW], ["overview", NOW, "buyers", 1], ["overvew", NOW, "buyers"],
        ["overview", NOW[:-1], "buyers"], ["overview", NOW.upper(), "buyers"], ["overview", "", "buyers"],
        ["overview", "now", "buyers"], ["overview", None, "buyers"], ["overview", [NOW], "buyers"],
        ["overview", NOW, "period"], ["overview", NOW, "orders"], ["overview", NOW, "gmv"],
        ["overview", NOW, "buyer"], ["overview", NOW, None], [["overview"], NOW, "buyers"], "abc", 7,
        {"overview": 1, NOW: 2, "buyers": 3, "more": 4},
        # As links were before rows and columns had names: a place says no longer which.
        ["overview", 0, 5], ["overview", "0", "5"], ["overview", NOW, 5], ["overview", 0, "buyers"],
        ["overview", -1, 5], ["overview", 0, float("inf")],
    ],
)  # fmt: skip
def test_a_link_to_no_figure_says_so(at: Any, kept: Workspace) -> None:
    with pytest.raises(RuleError) as refused:
        kept.figure({**question("overview"), "at": at})
    assert refused.value.code == "figure_link_broken"
    assert all(message_of(refused.value.problems[0]).values())


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"name": None}, "analysis_unknown"),
        ({"name": "overvew"}, "analysis_unknown"),
        ({"name": "journey", "by": "ctiy"}, "split_unknown"),
        ({"name": "journey", "by": ["city"]}, "figure_link_broken"),
        ({"name": "journey", "by": "phone"}, "split_personal"),
        ({"audience": "无"}, "unknown_audience"),
        ({"audience": 5}, "figure_link_broken"),
        ({"audience": "\ud800"}, "figure_link_broken"),
        ({"name": "retention", "given": {"brackets": [1, 2, 10**400]}}, "edges_not_ascending"),
        ({"given": {"purchase": "x"}}, "template_slot_not_one_of"),
        ({"given": ["purchase"]}, "figure_link_broken"),
        ({"given": "purchase"}, "figure_link_broken"),
        ({"from": "2019-07-01", "to": "2019-06-01"}, "period_reversed"),
        ({"to": "2019-07-15"}, "period_after_data"),
    ],
)
def test_a_question_that_does_not_fit_is_refused(
    broken: Mapping[str, Any], code: str, kept: Workspace
) -> None:
    with pytest.raises(CallerError) as refused:
        kept.figure({**question("overview"), "at": ["overview", NOW, "buyers"], **broken})
    assert code in {problem.code for problem in refused.value.problems}


@pytest.mark.parametrize("day", ["2019-13-01", "gestern", "", 20190714, ["2019-07-14"]])
@pytest.mark.parametrize("key", ["day", "from", "to"])
def test_a_day_that_is_none_is_refused(key: str, day: Any, kept: Workspace) -> None:
    with pytest.raises(CallerError):
        kept.figure({**question("overview"), "at": ["overview", NOW, "buyers"], key: day})


def test_a_link_that_is_no_question_is_refused(kept: Workspace) -> None:
    with pytest.raises(CallerError) as refused:
        kept.figure({"at": ["overview", NOW, "buyers"]})
    assert refused.value.code == "figure_link_broken"


def test_an_analysis_that_does_not_exist_is_told_with_the_nearest(kept: Workspace) -> None:
    with pytest.raises(NotFound) as refused:
        kept.analyse("retentoin")
    assert refused.value.problems[0].nearest == "retention"
    assert set(refused.value.problems[0].allowed) == set(ANALYSES)
    assert all(analysis.label["zh"] for analysis in ANALYSES.values())


@pytest.mark.parametrize("as_of", [date(2018, 1, 31), date(1900, 1, 1)])
@pytest.mark.parametrize("name", ANALYSES)
def test_of_a_day_before_the_data_only_users_are_told_and_there_are_none(
    name: str, as_of: date, kept: Workspace
) -> None:
    if name != "members":
        with pytest.raises(Unrecorded, match="days_before_records"):
            kept.analyse(name, as_of)
        return
    told = kept.analyse(name, as_of)
    assert all(figure.users == 0 for _, figure in figures_of(sheets(told, kept.catalogue())))
    told.as_json()


@pytest.mark.parametrize("name", ["channels", "budget", "journey"])
def test_a_period_without_any_record_is_refused_and_one_with_some_tells_which_are_lacking(
    name: str, kept: Workspace
) -> None:
    given = GIVEN.get(name, {})
    late, early = date(2019, 7, 20), date(2019, 7, 1)
    with pytest.raises(Unrecorded, match="days_after_records"):
        kept.analyse(name, late, first=date(2019, 7, 15), last=late, given=given)
    with pytest.raises(Unrecorded, match="days_before_records"):
        kept.analyse(name, DAY, first=date(2018, 1, 1), last=date(2018, 1, 31), given=given)
    assert kept.not_recorded(name, DAY, first=FIRST, last=LAST, given=given) == ()
    begins = min(event.first_day for event in kept.catalogue().events.values() if event.first_day)
    assert kept.not_recorded(name, DAY, first=date(2018, 1, 1), last=DAY, given=given) == (
        say("records_begin", first=begins),
    )
    assert kept.not_recorded(name, late, first=early, last=late, given=given) == (
        say("records_end", last=DAY, days=6),
    )
    assert kept.analyse(name, late, first=early, last=late, given=given).as_json()


def test_days_after_the_records_are_told_of_everything_that_goes_up_to_the_day(kept: Workspace) -> None:
    late = date(2019, 7, 15)
    end = (say("records_end", last=DAY, days=1),)
    told = {name: kept.not_recorded(name, late, first=FIRST, last=LAST) for name in ANALYSES}
    # Budget and channels look at June alone, members at who the users are.
    assert told == {**dict.fromkeys(ANALYSES, end), "budget": (), "channels": (), "members": ()}
    assert not any(kept.not_recorded(name, DAY) for name in ANALYSES)


def test_data_that_are_replaced_are_asked_anew(imported: Path, tmp_path: Path) -> None:
    found = Workspace.open(shutil.copytree(imported, tmp_path / "workspace"))
    with pytest.raises(RuleError):
        found.analyse("overview", last=date(2019, 7, 15))
    assert found.analyse("overview", date(2019, 7, 15), last=date(2019, 7, 15))


def test_the_same_question_is_answered_once_until_people_or_tags_are_others(
    imported: Path, tmp_path: Path
) -> None:
    found = Workspace.open(shutil.copytree(imported, tmp_path / "workspace"))
    beijing = rule({"kind": "tag", "tag": "city", "op": "is", "value": "北京"})
    saved = found.save_audience(name="一城", rule=beijing, actor=LI)
    other = found.save_audience(name="又一城", rule=beijing, actor=LI)

    def ask(name: str = "一城", **given: Any) -> Told:
        return found.analyse("retention", DAY, audience=name, given={"grain": "month", **given})

    first = ask()
    assert ask() is first
    assert ask(name=other.name) is not first  # as many people, but the rules of the figures name the other
    assert ask(cohorts=3) is not first

    def stepped() -> Told:
        return found.analyse("journey", DAY, given={"steps": [{"label": "人", "audience": "一城"}]})

    one_city = stepped()
    assert stepped() is one_city
    assert found.analyse("retention", DAY, language="en") is not found.analyse("retention", DAY)
    changed = rule({"kind": "tag", "tag": "city", "op": "is_set"})
    found.save_audience(name="一城", rule=changed, actor=LI, audience_id=saved.id, revision=saved.revision)
    again = ask()
    assert again.as_json() != first.as_json()
    assert stepped().as_json() != one_city.as_json()
    label = {"zh": "倍", "en": "double"}
    making = {"kind": "formula", "text": "points * 2"}
    found.create_tag(TagDefinition.from_json({"key": "double", "label": label, "making": making}), actor=LI)
    assert ask() is not again
    assert ask().as_json() == again.as_json()


@pytest.mark.parametrize(
    "emptied", [{"claim": None, "coupon": None}, {"join": None, "activity": None}, {"group": None}]
)
def test_a_part_of_the_budget_that_is_told_nothing_leaves_the_others_standing(
    emptied: Mapping[str, Any], sample: Workspace
) -> None:
    found = sample.analyse("budget", given=emptied)
    assert isinstance(found, BudgetTold)
    assert [found.split, found.coupons, found.activity].count(None) == 1
    assert all(message for note in found.notes for message in note.values())


def test_a_split_shows_the_values_that_are_frequent_among_whom_it_divides(own_sample: Workspace) -> None:
    cities = own_sample.breakdown(own_sample.parse(rule()), "city", top=14)
    niche = [str(bar.value) for bar in cities.bars[8:14]]
    among = rule({"kind": "tag", "tag": "city", "op": "in", "value": niche})
    own_sample.save_audience(name="小城", rule=among, actor=LI)
    found = own_sample.analyse("journey", audience="小城", by="city")
    assert isinstance(found, Funnel)
    assert {group.label["zh"] for group in found.groups} == set(niche)
    sizes = [group.steps[0].reached for group in found.groups]
    assert sizes == sorted(sizes, reverse=True)


def test_ranges_of_days_are_named_by_the_last_day_in_them(sample: Workspace) -> None:
    asking = sample.asking()
    for part in parts_in(asking)(asking.among, "birthday"):
        between = [
            node.value for node in part.nodes if isinstance(node, TagCondition) and node.op == "between"
        ]
        for first, last in between:
            assert part.label["en"] == f"{first} to {last}"


@pytest.mark.parametrize("audience", [None, "北京或买过", "名单"])
def test_the_people_who_are_stuck_are_exported_as_they_are_counted(
    audience: str | None, kept: Workspace
) -> None:
    told = kept.analyse("journey", DAY, audience=audience)
    assert isinstance(told, Funnel)
    exported = set()
    for step in told.steps:
        done = kept.export(ExportRequest(step.stuck.rule, LI, as_of=DAY, audience_name="停在这里"))
        with done.path.open(encoding="utf-8-sig", newline="") as file:
            people = [row["user_id"] for row in csv.DictReader(file)]
        assert people == kept.members(step.stuck.rule, DAY)
        assert len(people) == done.rows == step.stuck.users
        exported |= set(people)
    assert exported
