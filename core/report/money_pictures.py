"""The pictures of budget and coupons, channels and touch, and members."""

from __future__ import annotations

from collections.abc import Sequence

from core.analytics.analyses import BudgetTold, ChannelsTold
from core.analytics.asking import Figure, Share
from core.analytics.attribution import Attribution
from core.analytics.channel_figures import Channels
from core.analytics.crediting import MODELS
from core.analytics.likes import Likes
from core.analytics.members import Distribution, Members
from core.analytics.touches import Chain
from core.analytics.wording import NONE, Wording, percent
from core.messages import Text
from core.report import charts, svg
from core.report.framing import figure, side_by_side

_MOST = 14
"""Of bars in a picture: the table below has all of them."""


def budget_pictures(told: BudgetTold, words: Wording) -> list[str]:
    """Return how groups respond, how the sum is split, what coupons are redeemed, and what people like."""
    found = []
    if told.split is not None:
        groups = [(group.label, group.response, group.buyers) for group in told.split.groups.groups]
        yuan = [
            charts.Bar(words.pick(each.group.label), each.yuan, f"{each.yuan:,}")
            for each in told.split.shares
        ]
        title = words.say("sheet_title_budget_split")
        split = figure(title, charts.bars(yuan, title, width=charts.HALF)) if yuan else ""
        found.append(side_by_side([_shares("report_picture_response", groups, words), split]))
    if told.coupons is not None:
        rows = [(row.label, row.redemption, row.redeemed) for row in told.coupons.rows]
        found.append(_shares("report_picture_redemption", rows, words))
    if told.activity is not None and told.activity.activity is not None:
        found.append(_likes(told.activity.likes, words))
    return found


def channels_pictures(told: ChannelsTold, words: Wording) -> list[str]:
    """Return who came and stayed by channel, what is credited, how far messages got, and coupons."""
    found = []
    if told.channels is not None:
        rows = told.channels.rows
        conversion = [(row.label, row.conversion, row.converted) for row in rows]
        retained = [(row.label, row.retention, row.retained) for row in rows]
        found.append(
            side_by_side([
                _new(told.channels, words),
                _shares("report_picture_conversion", conversion, words),
                _shares("report_picture_retention", retained, words),
            ])
        )  # fmt: skip
    if told.attribution is not None:
        found.append(_credits(told.attribution, words))
    if told.chain is not None:
        found.append(_chain(told.chain, words))
    if told.coupons is not None:
        coupons = [(row.label, row.share_of_people, row.used) for row in told.coupons.rows]
        found.append(_shares("report_picture_redemption", coupons, words))
    return found


def members_pictures(told: Members, words: Wording) -> list[str]:
    """Return the members by each of their qualities, and what they like."""
    halves = [_distribution(each, words) for each in told.distributions]
    return [side_by_side(halves), _likes(told.likes, words)]


def _shares(
    code: str, rows: Sequence[tuple[Text, Share | None, Figure | None]], words: Wording
) -> str:  # fmt: skip
    """Return shares with their intervals as bars; nothing where none is known."""
    found = [
        charts.Bar(
            words.pick(label), share.value,
            percent(share.value) + ("" if people is None else f" ({people.users:,})"), share.low, share.high,
        )
        for label, share, people in rows[:_MOST]
        if share is not None
    ]  # fmt: skip
    title = words.say(code)
    return figure(title, charts.bars(found, title, width=charts.HALF)) if found else ""


def _new(told: Channels, words: Wording) -> str:
    rows = [
        charts.Bar(words.pick(row.label), row.new.users, f"{row.new.users:,}")
        for row in told.rows
        if row.new is not None
    ]
    title = words.say("report_picture_new")
    return figure(title, charts.bars(rows, title, width=charts.HALF)) if rows else ""


def _credits(told: Attribution, words: Wording) -> str:
    """Return what the touches are credited with under the model in which every touch counts the same."""
    model = MODELS[2]
    held = sorted(told.touches, key=lambda touch: -touch.credits[model].orders)[:_MOST]
    rows = [
        charts.Bar(words.pick(touch.label), touch.credits[model].orders,
                   words.written(touch.credits[model].orders, "number"))
        for touch in held
        if touch.credits[model].orders
    ]  # fmt: skip
    if not rows:
        return ""
    title = words.say("report_picture_credits")
    return figure(title, charts.bars(rows, title))


def _chain(told: Chain, words: Wording) -> str:
    steps = told.everything.steps
    if not steps[0].people.users:
        return ""
    stops = []
    for n, step in enumerate(steps):
        later = steps[n + 1] if n + 1 < len(steps) else None
        stayed = step.people.users - (0 if later is None else later.people.users)
        share = NONE if step.of_first is None else percent(step.of_first.value)
        number = f"{step.people.users:,}" + ("" if n == 0 else f" ({share})")
        went_on = None
        if later is not None and later.of_previous is not None:
            went_on = words.say("report_went_on", share=percent(later.of_previous.value))
        stops.append(
            charts.Stop("", words.pick(step.label), step.people.users, max(stayed, 0), number, went_on)
        )
    title = words.say("report_picture_chain")
    return figure(title, charts.funnel(stops, title))


def _distribution(told: Distribution, words: Wording) -> str:
    drawn = [
        charts.Bar(
            words.pick(row.label), row.figure.users, percent(row.share.value) if row.share else NONE,
            colour=svg.BAR if row.kind == "value" else svg.LOST,
        )
        for row in told.rows[:_MOST]
    ]  # fmt: skip
    title = words.pick(told.label)
    return figure(title, charts.bars(drawn, title, width=charts.HALF)) if drawn else ""


def _likes(told: Sequence[Likes], words: Wording) -> str:
    """Return by how much the values that people have differ from everybody's: 100 is as everybody."""
    found = []
    for each in told:
        rows = [
            charts.Bar(words.pick(row.label), row.index, f"{row.index:,.0f}", colour=_tone(row.index))
            for row in each.rows
            if row.index is not None and not row.is_small
        ]
        # Of everybody every index is 100: nothing to see.
        if any(round(row.value) != 100 for row in rows):
            title = words.say("report_picture_index", tag=each.label)
            found.append(figure(title, charts.bars(rows, title, width=charts.HALF, mark=100)))
    return side_by_side(found)


def _tone(index: float) -> str:
    return svg.BRAND if index >= 100 else svg.BAR
