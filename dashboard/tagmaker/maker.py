"""The frame of making a tag: which way, the form, what it would be, its name, and keeping it."""

from __future__ import annotations

import re

import streamlit as st
from pypinyin import lazy_pinyin

from core.engines.crossing import Class
from core.errors import Conflict, Problem, RuleError
from core.messages import message_of
from core.workspace import REFRESHES, TIMELINESS, USES, TagDefinition, TagPreview
from dashboard import charts, navigation, state, tables
from dashboard.errors import boundary, describe, verbatim
from dashboard.i18n import pick, t
from dashboard.tagmaker import forms, goal, ready
from dashboard.tagmaker.draft import KINDS, TagDraft, forget, keep, opened, unfinished
from dashboard.tags import figures

_ICONS = {
    "bands": ":material/bar_chart:", "quantiles": ":material/equalizer:", "statistic": ":material/functions:",
    "preference": ":material/favorite:", "formula": ":material/calculate:", "rules": ":material/rule:",
    "given": ":material/edit_note:",
}  # fmt: skip


_JOINED = "tagmaker:joined"


def draw(*, new: str | None, edit: str | None) -> None:
    """Draw the chooser, a ready tag's form, or the form of one way of making."""
    if edit is not None:
        entry = state.workspace().tag_entry(edit)
        _make(opened(f"edit:{edit}", entry))
    elif new in KINDS:
        _make(opened(f"new:{new}"))
    elif new and new.startswith("ready:"):
        ready.draw(new.removeprefix("ready:"))
    elif new and new.startswith("goal:"):
        goal.draw(new.removeprefix("goal:"))
    else:
        _choose()


def _choose() -> None:
    st.page_link(navigation.page_file("tags"), label=t("tags.back"), query_params={})
    st.title(t("tagmaker.title"), anchor=False)
    left = unfinished()
    if left is not None:
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key="tagmaker_unfinished"
        ):
            name = left.source.get("label", {}).get("zh") or t("tagmaker.unnamed")
            st.markdown(t("tagmaker.unfinished", name=verbatim(name)))
            what, _, which = left.purpose.partition(":")
            st.page_link(
                navigation.page_file("tags"), label=t("tagmaker.continue"), query_params={what: which}
            )
            if st.button(t("tagmaker.give_up"), type="tertiary"):
                forget()
                st.rerun()
    words = st.text_input(t("tagmaker.search"), placeholder=t("tagmaker.search"), width=320).casefold()
    workspace = state.workspace()
    ways = [
        (f"{_ICONS[kind]} {t(f'tagmaker.kind.{kind}')}", t(f"tagmaker.kind.{kind}.about"), kind)
        for kind in KINDS
    ]
    templates = [
        (pick(template.label), pick(template.about), f"ready:{key}")
        for key, template in workspace.templates().items()
    ]
    goals = [(pick(each.label), pick(each.about), f"goal:{key}") for key, each in workspace.goals().items()]
    for heading, cards in (
        ("tagmaker.ways", ways), ("tagmaker.ready", templates), ("tagmaker.goals", goals),
    ):  # fmt: skip
        found = [card for card in cards if words in f"{card[0]} {card[1]}".casefold()]
        if not found:
            continue
        st.header(t(heading), anchor=False)
        for start in range(0, len(found), 3):
            for place, (name, about, which) in zip(st.columns(3), found[start : start + 3], strict=False):
                with place.container(border=True, height="stretch"):
                    st.page_link(
                        navigation.page_file("tags"), label=f"**{name}**", query_params={"new": which}
                    )
                    st.caption(verbatim(about))


def _make(draft: TagDraft) -> None:
    back = {"tag": draft.source["key"]} if draft.version is not None else {"new": ""}
    st.page_link(navigation.page_file("tags"), label=t("tagmaker.back"), query_params=back)
    heading = "tagmaker.edit" if draft.version is not None else "tagmaker.make"
    st.title(t(heading, what=t(f"tagmaker.kind.{draft.kind}")), anchor=False)
    st.caption(t(f"tagmaker.kind.{draft.kind}.about"))
    form, preview = st.columns([3, 2], gap="large")
    with form:
        if draft.kind != "data":
            with boundary():
                forms.draw(draft)
        _about(draft)
    if keep(draft):
        st.session_state[_JOINED] = True
        st.rerun()
    if st.session_state.pop(_JOINED, False):
        st.toast(t("tagmaker.joined"))
    definition, problems = _read(draft)
    with preview:
        st.header(t("tagmaker.preview"), anchor=False)
        with boundary():
            _preview(definition, problems, is_of_data=draft.kind == "data")
    with form, boundary():
        _keep(draft)


def _about(draft: TagDraft) -> None:
    source, workspace = draft.source, state.workspace()
    st.header(t("tagmaker.about"), anchor=False)
    zh, en = st.columns(2)
    label = dict(source["label"])
    label["zh"] = zh.text_input(t("tagmaker.name_zh"), label["zh"], max_chars=100, key=draft.key("zh"))
    label["en"] = en.text_input(t("tagmaker.name_en"), label["en"], max_chars=100, key=draft.key("en"))
    source["label"] = {"zh": label["zh"].strip(), "en": label["en"].strip() or label["zh"].strip()}
    if draft.version is None:
        proposed = proposed_key(label["zh"])
        draft.typed_key = st.text_input(
            t("tagmaker.key"), draft.typed_key, placeholder=proposed, help=t("tagmaker.key_help"),
            max_chars=64, key=draft.key("key"),
        ).strip()  # fmt: skip
        source["key"] = draft.typed_key or proposed
    dimensions = {key: pick(name) for key, name in workspace.data_version().catalogue.dimensions.items()}
    dimensions.setdefault("other", t("tagmaker.other"))
    folder = source.get("dimension") or "other"
    dimensions.setdefault(folder, folder)
    keys = list(dimensions)
    left, middle, right = st.columns(3)
    source["dimension"] = left.selectbox(
        t("tags.dimension"), keys, index=keys.index(folder), accept_new_options=True,
        format_func=lambda key: dimensions.get(key, key), key=draft.key("dimension"),
    )  # fmt: skip
    source["unit"] = middle.text_input(
        t("tags.unit"), source.get("unit") or "", max_chars=20, key=draft.key("unit")
    )
    source["owner"] = right.text_input(
        t("tags.owner"), source.get("owner") or "", placeholder=state.actor().name, key=draft.key("owner")
    )
    source["description"] = st.text_area(
        t("tags.description"), source.get("description") or "", height=80, key=draft.key("description")
    )
    with st.expander(t("tagmaker.more")):
        for name, choices, usual in (
            ("use", USES, "behaviour"), ("timeliness", TIMELINESS, "dynamic"),
            ("refresh", REFRESHES, "with_data"),
        ):  # fmt: skip
            now = source.get(name) or usual
            source[name] = st.segmented_control(
                t(f"tags.{name}"), choices, default=now, required=True, key=draft.key(name),
                format_func=lambda key, of=name: t(f"tags.{of}.{key}"),
            )  # fmt: skip
        source["validity"] = _validity(draft)


def _validity(draft: TagDraft) -> dict[str, object] | None:
    catalogue = state.workspace().data_version().catalogue
    now = draft.source.get("validity") or {}
    left, middle, right = st.columns(3)
    number = left.number_input(
        t("tags.validity"), 0, 36_500, int(now.get("n") or 0), help=t("tagmaker.validity_help"),
        key=draft.key("valid_n"),
    )  # fmt: skip
    units = ("day", "week", "month")
    unit = middle.selectbox(
        t("tagmaker.unit_of_time"), units, index=units.index(now.get("unit") or "day"),
        format_func=lambda key: t(f"tagmaker.unit.{key}"), key=draft.key("valid_unit"),
    )  # fmt: skip
    dates = [key for key, spec in catalogue.tags.items() if spec.type == "date"]
    since = right.selectbox(
        t("tagmaker.validity_since"), [None, *dates],
        index=[None, *dates].index(now.get("since") if now.get("since") in dates else None),
        format_func=lambda key: pick(catalogue.tags[key].label) if key else t("tagmaker.validity_data"),
        key=draft.key("valid_since"),
    )  # fmt: skip
    return {"n": number, "unit": unit, "since": since} if number else None


def _read(draft: TagDraft) -> tuple[TagDefinition | None, tuple[Problem, ...]]:
    """Return the definition; with a name of its own as long as it has none, so that it can be looked at."""
    source = draft.definition
    if not source["label"]["zh"]:
        source["label"] = {"zh": t("tagmaker.unnamed"), "en": t("tagmaker.unnamed")}
    source["key"] = source["key"] or "new_tag"
    try:
        return TagDefinition.from_json(source), ()
    except RuleError as error:
        return None, error.problems


def _preview(definition: TagDefinition | None, problems: tuple[Problem, ...], *, is_of_data: bool) -> None:
    if definition is not None:
        problems = () if is_of_data else state.workspace().tag_problems(definition)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong or definition is None:
        st.caption(t("tagmaker.not_yet"))
        for problem in wrong[:8]:
            st.markdown(f"- {verbatim(pick(message_of(problem)))}")
        return
    preview = state.workspace().preview_tag(definition, state.as_of())
    draw_preview(preview)


def draw_preview(preview: TagPreview) -> None:
    """Draw what a tag would be: the sentence, how many have a value, which ones."""
    st.markdown(verbatim(pick(preview.sentence)))
    share = charts.share(preview.with_value, preview.base)
    st.markdown(
        t(
            "tags.coverage",
            n=preview.with_value,
            base=preview.base,
            share=share,
            day=state.as_of().isoformat(),
        )
    )
    charts.draw(figures.distribution(preview.breakdown, preview.base), key=f"tagmaker_{preview.key}")
    for problem in preview.warnings:
        st.caption(verbatim(pick(message_of(problem))))


def _keep(draft: TagDraft) -> None:
    with st.container(horizontal=True):
        if draft.version is None:
            publishes = st.button(t("tagmaker.publish"), type="primary", key=draft.key("publish"))
            keeps = st.button(t("tagmaker.save_draft"), key=draft.key("save"))
            if publishes or keeps:
                definition = _complete(draft)
                record = state.workspace().create_tag(
                    definition, actor=state.actor(), status="active" if publishes else "draft"
                )
                _done(record.definition.key, t("tagmaker.kept"))
            return
        note = st.text_input(t("tagmaker.note"), key=draft.key("note"), width=320)
        looks = st.button(t("tagmaker.effect"), key=draft.key("effect"), disabled=draft.kind == "data")
        saves = st.button(t("tagmaker.publish_change"), type="primary", key=draft.key("update"))
    if looks:
        _effect(_complete(draft))
    if saves:
        _update(draft, note)


def _complete(draft: TagDraft) -> TagDefinition:
    return TagDefinition.from_json(draft.definition)


def _effect(definition: TagDefinition) -> None:
    effect = state.workspace().tag_effect(definition, state.as_of())
    st.markdown(t("tags.effect.changed", n=effect.changed, base=effect.base))
    st.caption(t("tags.effect.gained", gained=effect.gained, lost=effect.lost))
    if effect.moves:
        rows = [(_class(move.before), _class(move.after), f"{move.users:,}") for move in effect.moves]
        head = [t("tags.effect.before"), t("tags.effect.after"), t("tags.users")]
        st.html(tables.table(t("tags.effect.moves"), head, rows))
    if effect.audiences:
        sizes = [
            (each.name, *("–" if size is None else f"{size:,}" for size in (each.before, each.after)))
            for each in effect.audiences
        ]
        head = [t("tags.effect.audience"), t("tags.effect.before"), t("tags.effect.after")]
        st.html(tables.table(t("tags.effect.audiences"), head, sizes))
    else:
        st.caption(t("tags.effect.no_audience"))


def _class(found: Class) -> str:
    if found.kind == "missing":
        return t("tags.no_value")
    if found.kind == "other":
        return t("tags.other_values")
    if found.kind == "bin":
        return f"{figures.end_name(found.low)} – {figures.end_name(found.high)}"
    if isinstance(found.value, tuple):
        return t("frame.comma").join(found.value)
    if isinstance(found.value, bool):
        return t("tags.yes") if found.value else t("tags.no")
    return str(found.value)


def _update(draft: TagDraft, note: str) -> None:
    workspace = state.workspace()
    try:
        workspace.update_tag(_complete(draft), version=draft.version or 0, actor=state.actor(), note=note)
    except Conflict as error:
        # Nothing is lost: what was typed stays, and can be put on top of what the other person did.
        st.error(describe(error))
        newest = workspace.tag_entry(draft.source["key"]).version
        st.session_state["tagmaker:newest"] = newest
        st.button(t("tagmaker.on_top"), on_click=_on_top, args=(draft, newest), key=draft.key("on_top"))
        return
    _done(draft.source["key"], t("tagmaker.changed"))


def _on_top(draft: TagDraft, newest: int) -> None:
    draft.version = newest


def _done(key: str, words: str) -> None:
    forget()
    st.session_state["tags:notice"] = words
    st.switch_page(navigation.page_file("tags"), query_params={"tag": key})


def proposed_key(label: str) -> str:
    """Return a key for a tag's Chinese name: its pinyin, letters of other scripts as they stand."""
    sounds = "_".join(lazy_pinyin(label.strip()))
    cleaned = re.sub(r"\W+", "_", sounds).strip("_").lower()[:64]
    return cleaned if not cleaned or not cleaned[0].isdigit() else f"t_{cleaned}"[:64]
