"""What the report says beside numbers: the sentence of an analysis, its notes, and why it tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.analytics.analyses import BudgetTold, ChannelsTold, OverviewTold, Told
from core.analytics.journey import Funnel
from core.analytics.lifecycle import Lifecycle, stage_label
from core.analytics.members import Members
from core.analytics.overview import measure_label
from core.analytics.retention import Retention
from core.analytics.rfm import Rfm
from core.analytics.sheets import place_label
from core.analytics.wording import Wording, change, money, percent
from core.messages import Text, say


def why_nothing(told: Told) -> tuple[Text, ...]:
    """Return why an analysis has nothing to show, where the data answer it with nobody; empty = it has."""
    match told:
        case Rfm() if not told.buyers.users:
            return (say("report_nobody_bought"),)
        case Retention() if not any(cohort.people.users for cohort in told.cohorts):
            return (say("report_nobody_began") if told.note is None else told.note,)
        case Members(note=note) if note is not None and not told.distributions:
            return (note,)
        case BudgetTold(split=None, coupons=None) if told.activity is None or told.activity.activity is None:
            return notes(told) or (say("report_nothing_known"),)
        case ChannelsTold(channels=None, attribution=None, chain=None, coupons=None):
            return notes(told) or (say("report_nothing_known"),)
    return ()


def notes(told: Told) -> tuple[Text, ...]:
    """Return what an analysis says about its numbers, each once."""
    found: list[Text | None] = []
    match told:
        case OverviewTold():
            none = say("report_no_movements" if told.is_comparable else "report_not_comparable")
            found += [] if told.movements else [none]
            found += told.numbers.notes
        case Funnel():
            found += told.notes
            found += [say("report_overlapping")] if told.is_overlapping and told.groups else []
        case Lifecycle():
            found += [told.about, *told.notes]
        case Rfm():
            found += told.notes
        case BudgetTold():
            found += told.notes
            if told.split is not None:
                found += [told.split.groups.note, told.split.note, told.split.method]
                found += told.split.assumptions
            if told.coupons is not None:
                found += [told.coupons.note, told.coupons.how_registered]
            if told.activity is not None:
                found.append(told.activity.note)
        case ChannelsTold():
            found += told.notes
            for part in (told.channels, told.attribution, told.chain, told.coupons):
                found += () if part is None else part.notes
        case Members():
            found += [told.note, *(each.note for each in told.distributions)]
    kept = {note["zh"]: note for note in found if note is not None}
    return tuple(kept.values())


def sentence(told: Told, words: Wording) -> str:
    """Return what an analysis comes to, in one sentence for the first page."""
    return _SENTENCES[type(told)](told, words)


def _overview(told: OverviewTold, words: Wording) -> str:
    now, before = told.numbers.now, told.numbers.before
    if not now.is_known:
        return words.say("report_sentence_not_known")
    moved = change(now.active.users, before.active.users) if before.is_known else None
    gmv = now.value("gmv")
    return words.say(
        "report_sentence_overview",
        active=f"{now.active.users:,}",
        moved="" if moved is None else words.say("report_sentence_moved", moved=moved),
        buyers=f"{now.buyers.users:,}",
        gmv=""
        if gmv is None
        else words.say("report_sentence_gmv", label=measure_label("gmv"), gmv=money(gmv)),
    )


def _journey(told: Funnel, words: Wording) -> str:
    last = told.steps[-1]
    if last.reached is None:
        return words.pick(told.notes[0])
    told_lost = [step for step in told.steps if step.conversion is not None]
    worst = min(told_lost, key=lambda step: step.conversion or 0, default=None)
    share = percent(last.reached / told.total) if told.total else "–"
    first = words.say(
        "report_sentence_journey", reached=f"{last.reached:,}", total=f"{told.total:,}", share=share,
        step=last.step.label.as_text(),
    )  # fmt: skip
    if worst is None:
        return first
    return first + words.say(
        "report_sentence_worst", step=worst.step.label.as_text(), share=percent(worst.conversion or 0)
    )


def _lifecycle(told: Lifecycle, words: Wording) -> str:
    parts = [
        f"{words.pick(stage_label(stage.key))} {stage.people.users:,}" for stage in told.months[-1].stages
    ]
    return {"zh": "，", "en": ", "}[words.language].join(parts) + words.say("report_stop")


def _rfm(told: Rfm, words: Wording) -> str:
    largest = max(told.cells, key=lambda cell: cell.people.users)
    share = percent(largest.share.value) if largest.share else "–"
    return words.say(
        "report_sentence_rfm", buyers=f"{told.buyers.users:,}", cell=largest.label, share=share
    )  # fmt: skip


def _retention(told: Retention, words: Wording) -> str:
    known = [point for point in told.curve.points if point.after and point.share is not None]
    if not known:
        return words.say("report_too_early")
    ends = [known[0], known[-1]] if len(known) > 1 else known
    parts = [
        f"{words.pick(place_label(told, point.after))} {percent(point.share.value if point.share else 0)}"
        for point in ends
    ]
    return words.say("report_sentence_retention", parts=parts)


def _budget(told: BudgetTold, words: Wording) -> str:
    parts = []
    if told.split is not None and told.split.shares:
        first = told.split.shares[0]
        parts.append(
            words.say("report_sentence_budget", group=first.group.label, yuan=f"{first.yuan:,}",
                      total=f"{told.split.total:,}")
        )  # fmt: skip
    if told.coupons is not None and told.coupons.together.redemption is not None:
        redeemed = percent(told.coupons.together.redemption.value)
        claimed = f"{told.coupons.together.claimed.users:,}"
        parts.append(words.say("report_sentence_coupons", claimed=claimed, share=redeemed))
    return ("" if words.language == "zh" else " ").join(parts) or words.say("report_sentence_none")


def _channels(told: ChannelsTold, words: Wording) -> str:
    if told.channels is None:
        return words.say("report_sentence_none")
    came = [(row.label, row.new.users) for row in told.channels.rows if row.new is not None and row.new.users]
    if not came:
        return words.say("report_sentence_active", active=f"{told.channels.everybody.active.users:,}")
    label, new = max(came, key=lambda each: each[1])
    whole = told.channels.everybody.new
    return words.say(
        "report_sentence_channels", channel=label, new=f"{new:,}",
        share=percent(new / whole.users) if whole is not None and whole.users else "–",
    )  # fmt: skip


def _members(told: Members, words: Wording) -> str:
    return words.say("report_sentence_members", people=f"{told.people.users:,}")


_SENTENCES: Mapping[type[Any], Callable[[Any, Wording], str]] = {
    OverviewTold: _overview,
    Funnel: _journey,
    Lifecycle: _lifecycle,
    Rfm: _rfm,
    Retention: _retention,
    BudgetTold: _budget,
    ChannelsTold: _channels,
    Members: _members,
}
