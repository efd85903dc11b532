"""What `explain` found, as tables for people."""

from __future__ import annotations

from functools import singledispatch

from rich.console import Console

from core.analytics.explain.compare import Comparison
from core.analytics.explain.cost import Costs
from core.analytics.explain.difference import Difference
from core.analytics.explain.history import History
from core.analytics.explain.logic import Findings
from core.analytics.explain.near import Near
from core.analytics.explain.person import Person
from core.analytics.explain.profile import Profile
from core.analytics.explain.solve import Solution
from core.analytics.explain.threshold import Curve
from core.cli.output import line, said, words
from core.cli.tables import cell, new_table
from core.messages import Text

_SHOWN_TRAITS = 40


@singledispatch
def _shown(found: object, console: Console) -> None:
    raise TypeError(f"no table for {type(found).__name__} on {console}")


def print_found(console: Console, found: object) -> None:
    """Print what a question found."""
    _shown(found, console)


@_shown.register
def _(found: Costs, console: Console) -> None:
    line(said("explain_cost_head", matched=f"{found.matched:,}", base=f"{found.base:,}"))
    rows = new_table("node", "without", "cost")
    for cost in found.nodes:
        mark = " ←" if cost.is_costliest else ""
        rows.add_row(cell(cost.node), f"{cost.without:,}", f"{cost.cost:+,}{mark}")
    console.print(rows)


@_shown.register
def _(found: Near, console: Console) -> None:
    total = sum(group.users for group in found.groups)
    line(said("explain_near_head", users=f"{total:,}", several=f"{found.several:,}"))
    rows = new_table("node", "users", "what")
    for group in found.groups:
        rows.add_row(cell(group.node), f"{group.users:,}", cell(words(group.what)))
    console.print(rows)


@_shown.register
def _(found: Curve, console: Console) -> None:
    line(
        said(
            "explain_threshold_head", node=found.node, users=f"{found.users:,}", matched=f"{found.matched:,}"
        )
    )
    bars = new_table("from", "to", "users")
    for bar in found.bars:
        bars.add_row(str(bar.low), str(bar.high), f"{bar.users:,}")
    console.print(bars)
    if found.at is not None:
        line(said("explain_threshold_at", value=str(found.at.value), matched=f"{found.at.matched:,}"))


@_shown.register
def _(found: Solution, console: Console) -> None:
    line(said("explain_solve_head", target=f"{found.target:,}", count=f"{found.count:,}"))
    rows = new_table("count", "change")
    between = said("between_parts")
    for suggestion in found.suggestions:
        changes = between.join(words(change.text) for change in suggestion.changes)
        rows.add_row(f"{suggestion.count:,}", cell(changes))
    console.print(rows)


@_shown.register
def _(found: Difference, console: Console) -> None:
    del console
    line(said("explain_difference_head", changes=len(found.changes)))
    for change in found.changes:
        line(words(change.text))


@_shown.register
def _(found: Findings, console: Console) -> None:
    del console
    line(said("explain_check_head" if found.findings else "explain_check_nothing", n=len(found.findings)))
    for finding in found.findings:
        line(f"{finding.node}: {words(finding.message)}")
        if finding.remedy is not None:
            line(f"  → {words(finding.remedy.text)}")


@_shown.register
def _(found: Person, console: Console) -> None:
    verdict = found.verdict
    if verdict.is_taken:
        code = "explain_user_in"
    elif not verdict.is_in_base:
        code = "explain_user_not_yet"
    elif not verdict.is_included:
        code = "explain_user_out"
    else:
        code = "explain_user_excluded" if verdict.is_excluded else "explain_user_not_taken"
    line(said(code, user=found.user_id))
    shown = found.as_json()["nodes"]
    rows = new_table("node", "holds", "what", "value")
    for node in found.nodes:
        value = shown[node.node]["value"] if isinstance(shown, dict) else None
        holds = said("explain_holds" if node.holds else "explain_fails")
        text = "" if value is None else str(value)
        rows.add_row(cell(node.node), holds, cell(words(node.what)), cell(text))
    console.print(rows)


@_shown.register
def _(found: Profile, console: Console) -> None:
    line(said("explain_profile_head", count=f"{found.count:,}", base=f"{found.base:,}"))
    rows = new_table("tag", "value", "member_share", "base_share", "tgi", "interval", "q")
    for trait in found.traits[:_SHOWN_TRAITS]:
        label = trait.tag.label.as_text()
        rows.add_row(
            cell(words(Text(zh=label["zh"], en=label["en"]))),
            cell(words(trait.label)),
            f"{trait.member_share:.1%}",
            f"{trait.base_share:.1%}",
            f"{trait.tgi:.0f}",
            f"{trait.tgi_low:.0f}–{trait.tgi_high:.0f}",
            said("explain_small") if trait.is_small else f"{trait.q:.2g}",
        )
    console.print(rows)


@_shown.register
def _(found: Comparison, console: Console) -> None:
    del console
    parts = ("both", found.both), ("only_here", found.only_here), ("only_there", found.only_there)
    line(said("explain_compare_head", here=f"{found.here:,}", there=f"{found.there:,}"))
    for name, part in parts:
        line(said(f"explain_compare_{name}", users=f"{part.users:,}"))
    for change in found.changes:
        line(f"  {words(change.text)}")


@_shown.register
def _(found: History, console: Console) -> None:
    line(said("explain_history_head", weeks=len(found.weeks)))
    rows = new_table("day", "count", "base")
    for week in found.weeks:
        rows.add_row(week.as_of.isoformat(), f"{week.count:,}", f"{week.base:,}")
    console.print(rows)
    if found.not_historical:
        line(said("not_historical", tags=found.not_historical))
    if found.since is not None:
        since = found.since
        line(
            said(
                "explain_history_since",
                day=since.day,
                until=since.until,
                event=since.event,
                users=f"{since.members.did.users:,}",
                people=f"{since.members.people:,}",
                base_users=f"{since.base.did.users:,}",
                base=f"{since.base.people:,}",
            )
        )
