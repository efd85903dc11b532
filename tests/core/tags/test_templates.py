"""Ready tags on the sample: each can be computed, divides people as its definition says, by plain counting."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from core.engines.memory import MemoryEngine
from core.errors import NotFound, RuleError
from core.messages import message_of
from core.rules.check import errors_of
from core.rules.making_check import gives, making_problems
from core.rules.making_text import dump_making, parse_making
from core.rules.making_words import describe_making
from core.schema import DAY, USER_NO, Catalogue, Label, TagSpec, property_column
from core.tags.listing import EVERYBODY
from core.tags.templates import TEMPLATES, Proposal
from core.tags.templates.proposals import template_of
from core.tags.templates.rfm import CELLS, cell_name
from core.workspace import Workspace

AS_OF = date(2019, 7, 14)


@pytest.fixture(scope="module")
def engine(sample: Workspace) -> MemoryEngine:
    return MemoryEngine(sample._lake.tables(sample.data_version()))


def proposed(catalogue: Catalogue, name: str, **given: Any) -> tuple[Proposal, ...]:
    return template_of(name, TEMPLATES).proposals(catalogue, given)


def seeing(engine: MemoryEngine, proposals: tuple[Proposal, ...]) -> MemoryEngine:
    """An engine with the proposed tags, each checked against those before it."""
    catalogue = engine.catalogue
    for each in proposals:
        making = parse_making(dump_making(each.making))
        assert errors_of(making_problems(making, catalogue)) == ()
        assert "{" not in "".join(describe_making(making, catalogue).values())
        kind = gives(making, catalogue).type
        spec = TagSpec(key=each.key, type=kind, label=Label(**each.label), computed=making)
        catalogue = catalogue.model_copy(update={"tags": {**catalogue.tags, each.key: spec}})
    return engine.seeing(catalogue)


def values_of(engine: MemoryEngine, tag: str, day: date = AS_OF) -> dict[int, Any]:
    """What everybody of the base has, by user_no."""
    members = engine.members(EVERYBODY, day)
    ids = dict(engine._held.tables.keys().select("user_id", USER_NO).rows())
    frame = engine.frame(members, [tag], day)
    return {ids[user_id]: value for user_id, value in frame.rows()}


class Done:
    """The days and amounts of everybody's events up to a day, read row by row."""

    def __init__(self, engine: MemoryEngine, event: str, day: date, amount: str | None = None) -> None:
        columns = [USER_NO, DAY, *([property_column(amount)] if amount else [])]
        rows = engine._held.tables.events(event, columns).rows()
        self.of: dict[int, list[tuple[date, float]]] = defaultdict(list)
        for row in rows:
            if row[1] <= day:
                self.of[row[0]].append((row[1], row[2] if amount else 0.0))


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_template_fills_itself_in_and_can_be_computed(name: str, engine: MemoryEngine) -> None:
    found = proposed(engine.catalogue, name)
    asked = seeing(engine, found)
    for each in found:
        assert each.label["zh"]
        assert each.description["en"]
        assert asked.coverage(each.key, AS_OF) > 0, each.key
    assert TEMPLATES[name].label["zh"]
    assert TEMPLATES[name].about["en"]


@pytest.mark.parametrize("day", [AS_OF, date(2019, 1, 31)])
def test_everybody_has_exactly_one_stage_of_the_life_cycle_by_its_definition(
    engine: MemoryEngine, day: date
) -> None:
    asked = seeing(engine, proposed(engine.catalogue, "lifecycle"))
    bought, came = Done(engine, "purchase", day).of, Done(engine, "login", day).of

    def within(done: list[tuple[date, float]], days: int) -> bool:
        return any(on > day - timedelta(days=days) for on, _ in done)

    def stage(user: int) -> str:
        buys, visits = bought.get(user, []), came.get(user, [])
        if (buys and not within(buys, 365)) or (not buys and not within(visits, 180)):
            return "流失期"
        if (buys and not within(buys, 180)) or (not buys and not within(visits, 90)):
            return "休眠期"
        return "成熟期" if len(buys) >= 3 else "成长期" if buys else "导入期"

    found = values_of(asked, "lifecycle_stage", day)
    assert found == {user: stage(user) for user in found}
    assert len(set(found.values())) == 5
    bars = asked.breakdown(EVERYBODY, "lifecycle_stage", day).bars
    assert sum(bar.base for bar in bars) == asked.base_count(day)


def test_the_furthest_step_is_that_of_the_journey(engine: MemoryEngine, sample: Workspace) -> None:
    asked = seeing(engine, proposed(engine.catalogue, "journey"))
    furthest = Counter(values_of(asked, "journey_furthest").values())
    funnel = sample.funnel(AS_OF)
    assert furthest == {step.step.label.zh: step.furthest for step in funnel.steps if step.furthest}
    assert sum(furthest.values()) == asked.base_count(AS_OF)


def by_quintiles(values: Mapping[int, float]) -> dict[int, str]:
    """One plus the number of edges below a value; the i-th edge is the ceil(i n / 5)-th smallest value."""
    ordered = sorted(values.values())
    edges = [ordered[-(-i * len(ordered) // 5) - 1] for i in range(1, 5)]
    return {user: str(1 + sum(edge < value for edge in edges)) for user, value in values.items()}


def test_rfm_scores_buyers_alone_and_takes_refunds_off(engine: MemoryEngine) -> None:
    asked = seeing(engine, proposed(engine.catalogue, "rfm"))
    bought = Done(engine, "purchase", AS_OF, "amount").of
    refunded = Done(engine, "return_order", AS_OF, "amount").of
    paid = {user: [pair for pair in done if pair[1] and pair[1] > 0] for user, done in bought.items()}
    days = {user: float((AS_OF - max(on for on, _ in done)).days) for user, done in paid.items() if done}
    orders = {user: float(len(done)) for user, done in paid.items() if done}
    spend = {
        user: round(sum(a for _, a in done) - sum(a for _, a in refunded.get(user, [])), 6)
        for user, done in bought.items()
    }

    def held(tag: str) -> dict[int, Any]:
        return {user: value for user, value in values_of(asked, tag).items() if value is not None}

    assert held("rfm_days") == days
    assert held("rfm_orders") == orders
    assert held("rfm_spend") == pytest.approx(spend)
    turned = dict(zip("12345", "54321", strict=True))
    scores = {"r": {u: turned[s] for u, s in by_quintiles(days).items()}, "f": by_quintiles(orders)}
    assert held("rfm_r") == scores["r"]
    assert held("rfm_f") == scores["f"]
    scores["m"] = held("rfm_m")
    assert scores["m"] == by_quintiles(held("rfm_spend"))
    names = {tuple(high == "high" for high in cell[1:]): cell_name(cell[0]) for cell in CELLS}
    assert len(names) == 8
    expected = {
        user: names[tuple(scores[which][user] >= "4" for which in "rfm")]
        if user in days
        else cell_name("never")
        for user in values_of(asked, "rfm_cell")
    }
    assert values_of(asked, "rfm_cell") == expected


def test_rfm_by_thresholds_puts_an_edge_into_the_better_band(engine: MemoryEngine) -> None:
    given = {"method": "thresholds", "frequency_edges": [2, 3, 4, 5], "refund": None, "refunded": None}
    asked = seeing(engine, proposed(engine.catalogue, "rfm", **given))
    orders, scores = values_of(asked, "rfm_orders"), values_of(asked, "rfm_f")
    assert {scores[user] for user, n in orders.items() if n is None} == {None}
    assert all(scores[user] == str(min(int(n), 5)) for user, n in orders.items() if n is not None)


def test_middle_age_is_40_to_60(engine: MemoryEngine) -> None:
    asked = seeing(engine, proposed(engine.catalogue, "age_band"))
    ages, bands = values_of(asked, "age"), values_of(asked, "age_band")
    of_middle_age = {user for user, age in ages.items() if age is not None and 40 <= age <= 60}
    assert of_middle_age
    assert {user for user, band in bands.items() if band == "中年人"} == of_middle_age


def test_a_preference_is_what_was_bought_most_and_its_share(engine: MemoryEngine) -> None:
    asked = seeing(engine, proposed(engine.catalogue, "preference", days=None, at_least=1))
    rows = engine._held.tables.events("purchase", [USER_NO, DAY, property_column("category")])
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for user, _, category in rows.filter(pl.col(DAY) <= AS_OF).rows():
        if category is not None:
            seen[user][category] += 1
    expected = {u: min(c.items(), key=lambda pair: (-pair[1], pair[0]))[0] for u, c in seen.items()}
    found = {user: value for user, value in values_of(asked, "preferred_category").items() if value}
    assert found == expected
    shares = {user: v for user, v in values_of(asked, "preferred_category_share").items() if v is not None}
    assert shares == {user: max(c.values()) / c.total() for user, c in seen.items()}


@pytest.mark.parametrize(
    ("name", "given", "codes"),
    [
        ("lifecycle", {"purchase": "purchas"}, ["template_slot_not_one_of"]),
        ("lifecycle", {"purchase": None, "mature": 3}, ["template_slot_unknown", "template_slot_empty"]),
        ("lifecycle", {"mature_orders": 1}, ["template_slot_out_of_bounds"]),
        ("lifecycle", {"mature_orders": 2.5}, ["template_slot_not_whole"]),
        ("lifecycle", {"dormant_days": 365, "quiet_days": 180}, ["template_days_order", "template_days_order"]),
        ("rfm", {"recency_edges": [5, 3]}, ["edges_not_ascending"]),
        ("rfm", {"recency_edges": [5, 10]}, ["template_edges_number"]),
        ("rfm", {"amount": "category"}, ["template_slot_not_one_of"]),
        ("preference", {"share_at_least": 1.5}, ["template_slot_out_of_bounds"]),
        ("journey", {"steps": [{"label": "a"}]}, ["template_steps_shape"]),
        ("journey", {"steps": [{"label": "a", "events": []}, {"label": "a", "events": ["bogin"]}]},
         ["template_steps_twice", "template_steps_event"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_at_its_slot(
    engine: MemoryEngine, name: str, given: dict[str, Any], codes: list[str]
) -> None:
    with pytest.raises(RuleError) as refused:
        proposed(engine.catalogue, name, **given)
    assert [problem.code for problem in refused.value.problems] == codes
    for problem in refused.value.problems:
        assert problem.node
        assert message_of(problem)["zh"]


def test_a_template_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFound) as refused:
        template_of("rmf", TEMPLATES)
    assert refused.value.problems[0].nearest == "rfm"


def test_a_catalogue_without_events_asks_for_what_it_cannot_guess() -> None:
    for name in sorted(TEMPLATES):
        with pytest.raises(RuleError) as refused:
            proposed(Catalogue(), name)
        codes = {problem.code for problem in refused.value.problems}
        assert codes <= {"template_slot_nothing", "template_slot_empty"}
