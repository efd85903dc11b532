"""The page of the report: one HTML file that loads nothing, runs nothing and prints on A4."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import resources
from itertools import groupby

from core.analytics.analyses import ANALYSES, Told
from core.analytics.periods import Period
from core.analytics.sheets import Sheet, sheets
from core.analytics.wording import Wording
from core.messages import Text
from core.report.asked import told_in_words
from core.report.pictures import pictures
from core.report.remarks import notes, sentence, why_nothing
from core.report.svg import clean
from core.report.tables import is_narrow, sheet_html
from core.schema import Catalogue
from core.tags.templates.proposals import Given

_LANGUAGES = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Head:
    """What the report is of.

    Attributes
    ----------
    people : int
        How many users are asked about.
    asked_audience : str or None
        As it was named by whoever asked, for commands; `audience` is its name. None = everybody.
    split_by : str or None
        Key of the tag by which people are told apart.
    made_at : datetime.datetime
        In the time zone of the workspace.
    plan : str or None
        Name of the file that tells the analyses what they are told.
    """

    data_version: str
    as_of: date
    period: Period
    people: int
    made_at: datetime
    audience: str | None = None
    asked_audience: str | None = None
    split_by: str | None = None
    plan: str | None = None


@dataclass(frozen=True)
class Section:
    """One analysis: what it tells, or why it tells nothing.

    Attributes
    ----------
    given : mapping
        What it was told besides what is guessed.
    not_recorded : tuple of Text
        Of which days that it looks at the data hold nothing.
    """

    key: str
    told: Told | None
    given: Given = field(default_factory=dict)
    why: tuple[Text, ...] = ()
    not_recorded: tuple[Text, ...] = ()


def report_html(head: Head, sections: Sequence[Section], catalogue: Catalogue, words: Wording) -> str:
    """Return the report as one HTML page in one language."""
    styles = (resources.files(__package__).joinpath("report.css").read_text("utf-8"), _margins(head, words))
    title = words.say("report_title")
    cover = _cover(head, sections, catalogue, words)
    parts = "".join(_section(n, each, head, catalogue, words) for n, each in enumerate(sections, 1))
    return (
        f'<!DOCTYPE html>\n<html lang="{_LANGUAGES[words.language]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(styles)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light">\n'
        f"<title>{clean(title)} · {head.as_of.isoformat()}</title>\n"
        + "".join(f"<style>{style}</style>\n" for style in styles)
        + f"</head>\n<body>\n{cover}\n<main>{parts}</main>\n"
        f'<footer class="foot"><p>{clean(words.say("report_foot"))}</p></footer>\n</body>\n</html>\n'
    )


def _policy(styles: Sequence[str]) -> str:
    """Return the policy of the page: nothing is loaded or run, and only its own two styles apply."""
    hashes = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in styles)
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return f"default-src 'none'; script-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'"


def _margins(head: Head, words: Wording) -> str:
    """Return the head and foot of printed pages; only our own words and a day stand in them."""
    said = words.say("report_head", as_of=head.as_of.isoformat())
    return (
        f'@page {{ @top-left {{ content: "Coterie 圈选"; }} @top-right {{ content: "{said}"; }} '
        '@bottom-right { content: counter(page) " / " counter(pages); } }\n'
    )


def _cover(head: Head, sections: Sequence[Section], catalogue: Catalogue, words: Wording) -> str:
    first, last = head.period.first, head.period.last
    whom = words.say("report_everybody", n=f"{head.people:,}")
    if head.audience is not None:
        whom = words.say("report_audience", audience=head.audience, n=f"{head.people:,}")
    facts = [
        ("report_as_of", head.as_of.isoformat()),
        ("report_period", words.say("report_period_days", first=first, last=last, n=head.period.days)),
        ("report_whom", whom),
        ("report_data_version", head.data_version),
        ("report_made", f"{head.made_at:%Y-%m-%d %H:%M} ({head.made_at.tzinfo})"),
    ]  # fmt: skip
    if head.split_by is not None:
        label = catalogue.tags[head.split_by].label
        facts.insert(3, ("report_split", {"zh": label.zh, "en": label.en}[words.language]))
    rows = "".join(
        f"<div><dt>{clean(words.say(code))}</dt><dd>{clean(fact)}</dd></div>" for code, fact in facts
    )
    listed = "".join(
        f'<li><a href="#{each.key}">{clean(words.pick(ANALYSES[each.key].label))}</a>'
        f"<p>{clean(_in_short(each, words))}</p></li>"
        for each in sections
    )
    return (
        f'<header class="cover"><p class="brand">Coterie 圈选</p><h1>{clean(words.say("report_title"))}</h1>'
        f'<dl class="facts">{rows}</dl></header>'
        f"<nav><h2>{clean(words.say('report_contents'))}</h2><ol>{listed}</ol></nav>"
    )


def _in_short(section: Section, words: Wording) -> str:
    why = _why(section)
    if section.told is None or why:
        return " ".join(map(words.pick, why))
    return sentence(section.told, words)


def _why(section: Section) -> tuple[Text, ...]:
    """Return why an analysis tells nothing; empty where it tells something."""
    if section.told is None:
        return section.why
    return why_nothing(section.told)


def _section(number: int, section: Section, head: Head, catalogue: Catalogue, words: Wording) -> str:
    analysis = ANALYSES[section.key]
    title = f"<h2><span>{number}</span> {clean(words.pick(analysis.label))}</h2>"
    lead = f'<p class="lead">{clean(words.say(f"report_about_{section.key}"))}</p>'
    why = _why(section)
    if section.told is None or why:
        said = "".join(f"<p>{clean(words.pick(text))}</p>" for text in why)
        not_told = f'<div class="not-told"><h3>{clean(words.say("report_not_told"))}</h3>{said}</div>'
        return f'<section id="{section.key}" class="untold">{title}{lead}{not_told}</section>'
    told = told_in_words(analysis.slots(catalogue), section.given, catalogue, words)
    parts = [
        title, lead,
        f'<p class="sentence">{clean(sentence(section.told, words))}</p>',
        *pictures(section.told, words),
        _tables(sheets(section.told, catalogue), section, head, words),
        _notes((*section.not_recorded, *notes(section.told)), words),
        _settings(told, words),
    ]  # fmt: skip
    return f'<section id="{section.key}">{"".join(parts)}</section>'


def _tables(found: Sequence[Sheet], section: Section, head: Head, words: Wording) -> str:
    """Return all tables, neighbours that are narrow two to a row."""

    def more(left_out: int) -> str:
        said = clean(words.say("report_rows_left_out", n=left_out))
        return f'<p class="more">{said} <code>{clean(_command(section.key, head))}</code></p>'

    parts = []
    for narrow, run in groupby(found, key=lambda each: is_narrow(each, words)):
        drawn = [f'<div class="sheet">{sheet_html(each, words, more)}</div>' for each in run]
        is_pair = narrow and len(drawn) > 1
        parts.append(f'<div class="narrow">{"".join(drawn)}</div>' if is_pair else "".join(drawn))
    return "".join(parts)


def _command(key: str, head: Head) -> str:
    """Return the command that tells everything that a table leaves out."""
    told = [
        "python -m core analyze", key, "--workspace DIR", "--as-of", head.as_of.isoformat(),
        "--from", head.period.first.isoformat(), "--to", head.period.last.isoformat(),
    ]  # fmt: skip
    if head.asked_audience is not None:
        told += ["--audience", shlex.quote(head.asked_audience)]
    if head.split_by is not None:
        told += ["--by", shlex.quote(head.split_by)]
    if head.plan is not None:
        told += ["--plan", shlex.quote(head.plan)]
    return " ".join(told)


def _notes(found: Sequence[Text], words: Wording) -> str:
    if not found:
        return ""
    listed = "".join(f"<li>{clean(words.pick(note))}</li>" for note in found)
    return f'<div class="notes"><h3>{clean(words.say("report_notes"))}</h3><ul>{listed}</ul></div>'


def _settings(told: Sequence[tuple[str, str]], words: Wording) -> str:
    if not told:
        return ""
    parts = [f"<li>{clean(words.say('report_setting', name=name, value=value))}</li>" for name, value in told]
    return f'<div class="settings"><h3>{clean(words.say("report_told"))}</h3><ul>{"".join(parts)}</ul></div>'
