"""The catalogue of tags: folders, search, the classifications, and a row for each tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st
from pypinyin import lazy_pinyin

from core.workspace import STATUSES, TIMELINESS, USES, TagEntry
from dashboard import charts, navigation, people, state, tables
from dashboard.errors import verbatim
from dashboard.i18n import pick, t

PER_PAGE = 25
ALL = ""
MADE = ("fact", "rule")


def draw() -> None:
    """Draw the filters, the folders, and the tags that are left."""
    workspace = state.workspace()
    entries = workspace.tag_entries()
    dimensions = workspace.data_version().catalogue.dimensions
    kept = _filtered(entries)
    folders, rows = st.columns([1, 4])
    counts = Counter(entry.definition.dimension for entry in kept)
    names = {ALL: t("tags.all", n=len(kept))}
    for key in [*dimensions, *sorted(set(counts) - set(dimensions))]:
        if counts[key]:
            label = pick(dimensions[key]) if key in dimensions else key
            names[key] = t("tags.folder", name=verbatim(label), n=counts[key])
    if st.session_state.get("tags_dimension") not in names:
        st.session_state["tags_dimension"] = ALL
    with folders:
        chosen = st.radio(
            t("tags.dimension"), list(names), format_func=names.__getitem__, key="tags_dimension",
            label_visibility="collapsed",
        )  # fmt: skip
    shown = [entry for entry in kept if chosen in (ALL, entry.definition.dimension)]
    with rows:
        if not shown:
            st.info(t("tags.none_found"))
            return
        pages = -(-len(shown) // PER_PAGE)
        first = (st.pagination(pages, key="tags_page") - 1) * PER_PAGE if pages > 1 else 0
        for entry in shown[first : first + PER_PAGE]:
            _row(entry)


def found_by(words: str, entry: TagEntry) -> bool:
    """Tell whether a tag's key, names, pinyin, owner or description contain every word."""
    label = entry.definition.label
    sounds = lazy_pinyin(label.zh)
    text = " ".join(
        [
            entry.key, label.zh, label.en, "".join(sounds), "".join(sound[:1] for sound in sounds),
            entry.definition.owner, entry.definition.description,
        ]
    ).casefold()  # fmt: skip
    return all(word in text for word in words.casefold().split())


def _filtered(entries: Sequence[TagEntry]) -> list[TagEntry]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="tags_filters"):
        words = st.text_input(t("tags.search"), placeholder=t("tags.search"), key="tags_search", width=240)
        use = _one_of("use", USES)
        timeliness = _one_of("timeliness", TIMELINESS)
        made = _one_of("made", MADE)
        status = _one_of("status", STATUSES)
        owners = sorted({entry.definition.owner for entry in entries if entry.definition.owner})
        owner = st.selectbox(
            t("tags.owner"), [ALL, *owners], format_func=lambda name: name or t("tags.any"),
            key="tags_owner", width=130,
        )  # fmt: skip
    return [
        entry
        for entry in entries
        if found_by(words, entry)
        and use in (ALL, entry.definition.use)
        and timeliness in (ALL, entry.definition.timeliness)
        and made in (ALL, entry.definition.how_made)
        and owner in (ALL, entry.definition.owner)
        and (status == entry.status if status else entry.status != "retired")
    ]


def _one_of(name: str, choices: Sequence[str]) -> str:
    return st.selectbox(
        t(f"tags.{name}"),
        [ALL, *choices],
        format_func=lambda key: t(f"tags.{name}.{key}") if key else t("tags.any"),
        key=f"tags_{name}",
        width=130,
    )


def _row(entry: TagEntry) -> None:
    with st.container(border=True, key=f"tag_row_{entry.key}"):
        what, coverage, status, who = st.columns([11, 3, 3, 4], vertical_alignment="center")
        with what.container(gap=None):
            st.page_link(
                navigation.page_file("tags"),
                label=f"**{verbatim(pick(entry.definition.label))}**",
                query_params={"tag": entry.key},
                help=t("tags.open"),
            )
            kind = "" if entry.type is None else t(f"tags.type.{entry.type.value}") + " · "
            st.caption(verbatim(f"{entry.key} · {kind}{_short(pick(entry.sentence))}"))
        coverage.html(coverage_cell(entry))
        status.html(
            tables.two_lines(t(f"tags.status.{entry.status}"), t(f"tags.made.{entry.definition.how_made}"))
        )
        changed = "" if entry.changed_at is None else people.moment(entry.changed_at)
        who.html(tables.two_lines(entry.definition.owner or t(f"tags.origin.{entry.origin}"), changed))


def coverage_cell(entry: TagEntry) -> str:
    """Return how many users have a value, as HTML; why not, for a tag that cannot be asked."""
    if entry.trouble is not None and entry.trouble.severity == "error":
        return tables.two_lines("–", t("tags.broken"))
    if entry.status in ("draft", "retired"):
        return tables.two_lines("–", "")
    with_value, base = _coverage(state.workspace().stamp(), entry.key, state.as_of().isoformat())
    return tables.two_lines(charts.share(with_value, base), t("tags.with_value", n=with_value), large=True)


@st.cache_data(max_entries=5_000, show_spinner=False)
def _coverage(stamp: str, key: str, day: str) -> tuple[int, int]:  # noqa: ARG001  part of the key
    return state.workspace().tag_coverage(key, state.as_of())


def _short(sentence: str, most: int = 120) -> str:
    return sentence if len(sentence) <= most else sentence[: most - 1] + "…"
