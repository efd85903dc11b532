"""The tables of budget and coupons, channels and touch, and members."""

from __future__ import annotations

from dataclasses import replace

from core.analytics import budget
from core.analytics.analyses import BudgetTold, ChannelsTold
from core.analytics.asking import Figure
from core.analytics.attribution import Attribution
from core.analytics.channel_figures import Channel, Channels
from core.analytics.coupons import Coupons
from core.analytics.crediting import MODELS
from core.analytics.likes import Likes
from core.analytics.members import Holders, Members
from core.analytics.sheets.form import Column, Sheet, Value, column, interval, sheet, value_of
from core.analytics.touches import Chain, TouchStep
from core.messages import say
from core.schema import Catalogue


def budget_sheets(told: BudgetTold, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    """Return budget and coupons as tables."""
    found: list[Sheet] = []
    if told.split is not None:
        found += [_groups(told.split), _shares(told.split)]
    if told.coupons is not None:
        found.append(_coupon_effects(told.coupons))
    if told.activity is not None and told.activity.activity is not None:
        activities = (told.activity.activity, *told.activity.before)
        columns = (
            column("activity"), column("last_day", "date"), column("joined", "users"),
            column("times", "count"),
        )  # fmt: skip
        rows = [(each.label, each.last_on, each.joined, each.times) for each in activities]
        # The day of an activity moves on while people join it.
        names = [(each.label,) for each in activities]
        found += [sheet("activities", columns, rows, names), _likes("activity_likes", told.activity.likes)]
    return found


def _coupon_effects(told: budget.Coupons) -> Sheet:
    columns = (
        column("coupon"), column("claimed", "users"), column("claims", "count"),
        column("redeemed", "users"), column("redemption", "share"), column("low", "share"),
        column("high", "share"), column("registered", "users"), column("first_orders", "users"),
    )  # fmt: skip
    rows = [
        (
            each.label, each.claimed, each.claims, each.redeemed, *interval(each.redemption),
            each.registered, each.first_orders,
        )
        for each in (*told.rows, told.together)
    ]  # fmt: skip
    return sheet("coupon_effects", columns, rows)


def _groups(told: budget.BudgetSplit) -> Sheet:
    return sheet(
        "budget_groups",
        (
            column("group"), column("users", "users"), column("new", "users"), column("bought", "users"),
            column("response", "share"), column("low", "share"), column("high", "share"),
            column("orders", "count"), column("amount", "money"), column("cost", "money"),
            column("cost_per_person", "money"), column("per_yuan", "number"),
        ),
        [
            (
                each.label, each.people, each.new, each.buyers, *interval(each.response), each.orders,
                each.value, each.cost, each.cost_per_person, each.value_per_yuan,
            )
            for each in told.groups.groups
        ],
    )  # fmt: skip


def _shares(told: budget.BudgetSplit) -> Sheet:
    given = [
        (
            each.group.label, each.group.people, each.yuan, round(each.people), each.buyers.value,
            each.buyers.low, each.buyers.high, each.value.value, each.value.low, each.value.high,
            each.warning,
        )
        for each in told.shares
    ]  # fmt: skip
    left = [
        (each.group.label, each.group.people, None, None, None, None, None, None, None, None, each.why)
        for each in told.left_out
    ]
    columns = (
        column("group"), column("users", "users"), column("yuan", "money"), column("people_reached", "count"),
        column("expected_buyers", "number"), column("low", "number"), column("high", "number"),
        column("expected_value", "money"), _of_value("low"), _of_value("high"), column("note"),
    )  # fmt: skip
    return sheet("budget_split", columns, [*given, *left])


def _of_value(end: str) -> Column:
    """Return the column of an end of the interval of what is expected to be spent."""
    return replace(column(end, "money"), key=f"{end}_value")


def channels_sheets(told: ChannelsTold, catalogue: Catalogue) -> list[Sheet]:
    """Return channels and touch as tables."""
    found = [] if told.channels is None else [_channels(told.channels)]
    if told.attribution is not None:
        found.append(_attribution(told.attribution, catalogue))
    if told.chain is not None:
        found.append(_touch(told.chain))
    if told.coupons is not None:
        found.append(_coupons(told.coupons))
    return found


def _touch(told: Chain) -> Sheet:
    steps = told.everything.steps
    heads = [Column(_step_key(step), step.label, "users") for step in steps]
    rates = [
        replace(column("of_step", "share", step=step.label), key=f"{_step_key(step)}:share")
        for step in steps[1:]
    ]
    rows: list[tuple[Value, ...]] = [
        (
            row.label,
            *(step.people for step in row.steps),
            *(value_of(step.of_previous) for step in row.steps[1:]),
        )
        for row in (*told.rows, told.everything)
    ]
    return sheet("touch", (column("group"), *heads, *rates), rows)


def _step_key(step: TouchStep) -> str:
    """Return the key of the column of a step: the event of the chain, or what came of it."""
    return "outcome" if step.times is None else f"event:{step.events[0]}"


def _coupons(told: Coupons) -> Sheet:
    columns = (
        column("coupon"), column("claimed", "users"), column("claims", "count"),
        column("redeemed", "users"), column("redemptions", "count"), column("used", "users"),
        column("redemption", "share"), column("low", "share"), column("high", "share"),
    )  # fmt: skip
    rows = [
        (
            each.label, each.claimed, each.claims, each.redeemed, each.redemptions, each.used,
            *interval(each.share_of_people),
        )
        for each in (*told.rows, told.everything)
    ]  # fmt: skip
    return sheet("coupons", columns, rows)


def _channels(told: Channels) -> Sheet:
    columns = (
        column("channel"), column("users", "users"), column("new", "users"), column("active", "users"),
        column("retained", "users"), column("lost", "users"), column("silent", "users"),
        column("converted", "users"), column("conversion", "share"), column("low", "share"),
        column("high", "share"), column("orders", "count"), column("amount", "money"),
        column("cost", "money"), column("cost_per_new", "money"), column("per_yuan", "number"),
    )  # fmt: skip
    return sheet("channels", columns, [_channel(each) for each in (*told.rows, told.everybody)])


def _channel(each: Channel) -> tuple[Value, ...]:
    cost = each.cost
    costs = (None, None, None) if cost is None else (cost.total, cost.per_user, cost.value_per_cost)
    return (
        each.label, each.people, each.new, each.active, each.retained, each.lost, each.silent,
        each.converted, *interval(each.conversion), each.orders, each.gmv, *costs,
    )  # fmt: skip


def _attribution(told: Attribution, catalogue: Catalogue) -> Sheet:
    heads = [
        Column(
            f"{what}_{model}", say(f"sheet_{what}_by", model=say(f"model_{model}")),
            "number" if what == "orders" else "money",
        )
        for model in MODELS
        for what in ("orders", "revenue")
    ]  # fmt: skip
    rows: list[tuple[Value, ...]] = [
        (
            touch.of.label(catalogue), touch.label, touch.people,
            *(part for model in MODELS
              for part in (touch.credits[model].orders, touch.credits[model].revenue)),
        )
        for touch in told.touches
    ]  # fmt: skip
    rest = told.without_touch
    rows.append((say("no_touch"), None, told.untouched, *(rest.orders, rest.revenue) * len(MODELS)))
    columns = (column("touchpoint"), column("value"), column("bought", "users"), *heads)
    names = [*((touch.of.name, touch.sort, touch.label) for touch in told.touches), ("no_touch",)]
    return sheet("attribution", columns, rows, names)


def members_sheets(told: Members, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    """Return the members as tables."""
    found = [
        Sheet(
            f"members_{each.key}",
            each.label,
            (column("value"), column("users", "users"), column("of_members", "share")),
            tuple((row.label, row.figure, value_of(row.share)) for row in each.rows),
        )
        for each in told.distributions
        if each.rows
    ]
    columns = (
        column("group"), column("users", "users"), column("holders", "users"), column("rate", "share"),
        column("total", "number"), column("average", "number"), column("median_amount", "number"),
        column("ninetieth", "number"),
    )  # fmt: skip
    found += [
        Sheet(
            f"members_{holding.key}",
            holding.label,
            columns,
            tuple(_holders(each) for each in (holding.everybody, *holding.by_level)),
        )
        for holding in told.holdings
    ]
    return [*found, _likes("members_likes", told.likes)] if told.likes else found


def _holders(each: Holders) -> tuple[Value, ...]:
    amounts = each.amounts
    return (
        each.label, each.people, each.holders, value_of(each.share), amounts.total, amounts.average,
        amounts.median, amounts.ninetieth,
    )  # fmt: skip


def _likes(key: str, likes: tuple[Likes, ...]) -> Sheet:
    """Return what people like against everybody; of everybody themselves that would say nothing."""
    liked = [(each, row) for each in likes for row in each.rows]
    columns: list[Column] = [
        column("tag"), column("value"), column("users", "users"), column("rate", "share")
    ]  # fmt: skip
    rows: list[tuple[Value | Figure, ...]] = [
        (each.label, row.label, row.figure, value_of(row.share)) for each, row in liked
    ]
    if any(
        (row.figure.users, row.share) != (row.everybody.users, row.share_of_everybody) for _, row in liked
    ):
        columns += [
            column("everybody", "users"), column("everybody_share", "share"), column("index", "number")
        ]  # fmt: skip
        rows = [
            (
                *cells,
                row.everybody,
                value_of(row.share_of_everybody),
                None if row.index is None else round(row.index),
            )
            for cells, (_, row) in zip(rows, liked, strict=True)
        ]
    return sheet(key, columns, rows, [(each.tag, row.label) for each in likes for row in each.rows])
