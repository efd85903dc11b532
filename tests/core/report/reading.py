"""A report as a reader sees it: parsed strictly, cut into sections, its tables put together again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "wbr", "br", "hr", "img", "link", "input"}


@dataclass
class Table:
    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Part:
    """One section."""

    text: str = ""
    tables: list[Table] = field(default_factory=list)
    drawings: list[str] = field(default_factory=list)


class Report(HTMLParser):
    """Refuses tags that are not closed in order; keeps attributes, texts, tables and drawings."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, Part] = {}
        self.text = ""
        self.styles = ""
        self._key: str | None = None
        self._small = 0
        self.feed(page)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute stands twice in {tag}"
        self.tags.append((tag, given))
        if tag == "section":
            self._key = given["id"]
            self.sections[str(self._key)] = Part()
        if tag == "svg" and self._key:
            self.sections[self._key].drawings.append(str(given["aria-label"]))
        if tag == "table" and self._key:
            self.sections[self._key].tables.append(Table())
        if tag == "tr" and self._key:
            self.sections[self._key].tables[-1].rows.append([])
        if tag in ("td", "th") and self._key:
            self.sections[self._key].tables[-1].rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()
        if tag == "section":
            self._key = None

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.styles += data
            return
        self.text += data
        if self._key is None:
            return
        part = self.sections[self._key]
        part.text += data
        if "caption" in self.open:
            part.tables[-1].caption += data
        elif ("td" in self.open or "th" in self.open) and "small" not in self.open:
            part.tables[-1].rows[-1][-1] += data


def put_together(part: Part, caption: str, leads: int) -> list[list[str]]:
    """The rows of a table with their head; what stands in several parts for want of room is joined again."""
    parts = [table.rows for table in part.tables if table.caption == caption]
    assert parts, f"no table {caption!r}"
    whole = [list(row) for row in parts[0]]
    for more in parts[1:]:
        assert [row[:leads] for row in more] == [row[:leads] for row in whole]
        for row, further in zip(whole, more, strict=True):
            row.extend(further[leads:])
    return whole


def assert_self_contained(page: str) -> Report:
    """Nothing is loaded, run or sent anywhere, whatever the page holds."""
    report = Report(page)
    for tag, attributes in report.tags:
        assert tag not in {
            "script",
            "link",
            "iframe",
            "img",
            "object",
            "embed",
            "form",
            "base",
            "image",
            "use",
        }, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            assert name not in {"src", "srcset", "style", "action", "formaction", "background", "poster"}, (
                name
            )
            if name in ("href", "xlink:href"):
                assert re.fullmatch(r"#[a-z]+", value or ""), value
    assert not re.search(r"@import|url\(|expression|https?:", report.styles)
    policy = next(a["content"] for t, a in report.tags if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'none';")
    assert "unsafe" not in policy
    return report
