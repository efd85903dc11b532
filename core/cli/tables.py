"""Answers as tables for people."""

from __future__ import annotations

from datetime import date

from rich.console import Console
from rich.table import Table

from core.analytics.apart import Apart
from core.analytics.journey import Funnel, FunnelStep
from core.analytics.wording import NONE
from core.cli.output import line, said, words
from core.ingest import ImportReport
from core.messages import Text, message_of, say
from core.workspace import CountAnswer, Listing

_SHOWN_VALUES = 6


def print_report(console: Console, report: ImportReport) -> None:
    """Print what an import read and refused, source by source."""
    line(
        said(
            "import_done",
            version=report.version,
            users=f"{report.users:,}",
            events=f"{report.events:,}",
            seconds=f"{report.seconds:.1f}",
        ),
    )
    table = new_table("source", "rows_read", "rows_used", "rows_refused", "rows_filtered", "duplicates")
    for source in report.sources:
        numbers = (
            source.rows_read, source.rows_used, source.rows_refused, source.rows_filtered, source.duplicates,
        )  # fmt: skip
        table.add_row(cell(source.origin), *(f"{number:,}" for number in numbers))
    console.print(table)
    if report.rejects_file is not None:
        line(said("rejects_kept", file=report.rejects_file))


def print_listing(console: Console, listing: Listing) -> None:
    """Print the tags and events."""
    line(
        said("listing_head", base=f"{listing.base:,}", as_of=listing.as_of, version=listing.data_version),
    )
    tags = new_table("tag", "label", "type", "dimension", "coverage", "values")
    for tag in listing.tags:
        spec = tag.spec
        if spec.personal is not None:
            values = said("personal_hidden")
        elif tag.low is not None:
            values = f"{_end(tag.low)} – {_end(tag.high)} {spec.unit or ''}".strip()
        else:
            values = " ".join(value for value, _ in tag.values[:_SHOWN_VALUES])
        label = words(spec.label.as_text())
        row = (spec.key, label, spec.type.value, spec.dimension, f"{spec.coverage:.1%}", values)
        tags.add_row(*map(cell, row))
    console.print(tags)
    events = new_table("event", "label", "rows", "first_day", "last_day", "properties")
    for event in listing.catalogue.events.values():
        label = words(event.label.as_text())
        row = (
            event.key, label, f"{event.rows:,}", str(event.first_day or ""), str(event.last_day or ""),
            " ".join(event.properties),
        )  # fmt: skip
        events.add_row(*map(cell, row))
    console.print(events)


def print_answer(console: Console, answer: CountAnswer) -> None:
    """Print a count, its sentence and the numbers of every node."""
    numbers = answer.answer
    share = f"{numbers.count / numbers.base:.2%}" if numbers.base else "–"
    line(
        said(
            "count_head",
            count=f"{numbers.count:,}",
            base=f"{numbers.base:,}",
            share=share,
            as_of=numbers.as_of,
        ),
    )
    line(words(answer.sentence))
    table = new_table("node", "own", "running", "without", "missing")
    for node, four in numbers.nodes.items():
        running = "" if four.running is None else f"{four.running:,}"
        table.add_row(cell(node), f"{four.own:,}", running, f"{four.without:,}", f"{four.missing:,}")
    console.print(table)
    for problem in answer.warnings:
        line(words(message_of(problem)))
    if answer.not_historical:
        line(said("not_historical", tags=answer.not_historical))


def print_funnel(console: Console, funnel: Funnel) -> None:
    """Print the funnel, and one table for each group when it is split."""
    line(said("funnel_head", total=f"{funnel.total:,}", as_of=funnel.as_of))
    console.print(_funnel_table(funnel.steps))
    line(said("funnel_not_started", users=_known(funnel.not_started)))
    for group in funnel.groups:
        line(f"\n{words(group.label)}: {group.total:,}")
        console.print(_funnel_table(group.steps))


def _known(users: int | None) -> str:
    return NONE if users is None else f"{users:,}"


def _funnel_table(steps: tuple[FunnelStep, ...]) -> Table:
    table = new_table("stage", "step", "reached", "furthest", "conversion")
    for step in steps:
        stage, label = step.stage.label.as_text(), step.step.label.as_text()
        table.add_row(
            cell(words(Text(zh=stage["zh"], en=stage["en"]))),
            cell(words(Text(zh=label["zh"], en=label["en"]))),
            _known(step.reached),
            _known(step.furthest),
            "" if step.conversion is None else f"{step.conversion:.1%}",
        )
    return table


_WORDS = frozenset(
    [
        "source",
        "tag",
        "label",
        "type",
        "dimension",
        "values",
        "trait",
        "event",
        "properties",
        "node",
        "stage",
        "step",
        "first_day",
        "last_day",
        "what",
        "holds",
        "day",
        "value",
        "from",
        "to",
        "change",
        "sentence",
        "list",
        "match",
        "snapshot",
        "as_of",
        "version",
        "at",
        "by",
    ]
)


def print_apart(console: Console, found: Apart) -> None:
    """Print in which values of tags audiences differ most, as shares of each."""
    table = new_table("trait")
    for name in (*found.names, said("column_base")):
        table.add_column(cell(name), justify="right")
    for each in found.differences:
        label = words(each.tag.label.as_text())
        name = f"{label} · {words(each.label)}"
        table.add_row(cell(name), *(f"{share:.1%}" for share in (*each.shares, each.base_share)))
    if found.differences:
        console.print(table)
    elif found.names:
        line(said("apart_none", n=found.looked_at))
    if found.too_few:
        line(said("apart_too_few", minimum=found.minimum, names=[name for name, _ in found.too_few]))
    if found.defining:
        line(words(say("apart_defining", tags=tuple(tag.label.as_text() for tag in found.defining))))


def new_table(*columns: str) -> Table:
    """Return an empty table with columns named in the caller's language."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(said(f"column_{column}"), justify="left" if column in _WORDS else "right")
    return table


def cell(text: str) -> str:
    """Return data for a table cell: never markup, never an escape sequence for the terminal."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else " " for c in text))


def _end(end: float | date | None) -> str:
    return f"{end:,.12g}" if isinstance(end, int | float) else str(end)
