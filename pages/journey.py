"""旅程 Journey: how many people ever reached each step, how many are stuck there, and who they are."""

import streamlit as st

from core.workspace import FunnelGroup
from dashboard import funnel, navigation, state
from dashboard.errors import boundary, verbatim
from dashboard.funnel.words import as_csv, funnel_data, split_data, table_of
from dashboard.i18n import pick, t
from dashboard.links import builder_link
from dashboard.uploads import safe_name

EVERYONE = ""
VIEWS = ("funnel", "table")
MEASURES = ("reached", "furthest")
LINKS = "journey:links"
EXAMPLE = """\
[[journey]]
key = "buyer"
label = { zh = "交易用户", en = "Buyers" }

[[journey.steps]]
key = "purchase"
label = { zh = "支付成功", en = "Paid" }
events = ["purchase"]
"""
workspace = state.workspace()
catalogue = workspace.catalogue()


def teach() -> None:
    """Say how a plan names a journey, where the data have none."""
    st.header(t("journey.empty_title"), anchor=False)
    st.markdown(t("journey.empty_how"))
    st.code(EXAMPLE, language="toml")
    if catalogue.events:
        events = t("frame.comma").join(catalogue.events)
        st.caption(t("journey.empty_events", events=verbatim(events)))
    st.page_link(navigation.page_file("data"), label=t("journey.empty_link"))


def link(rule) -> str:
    """Return where a rule opens in the builder; the same rule has one link for the whole session.

    A rule with personal values is kept in the workspace for its link: once, not at every run.
    """
    known = st.session_state.setdefault(LINKS, {})
    asked = (rule.model_dump_json(), day)
    if asked not in known:
        known[asked] = builder_link(rule, day)
    return known[asked]


def choose_day() -> None:
    state.set_as_of(st.session_state["journey_as_of"])


def not_historical() -> list[str]:
    """Return the labels of imported tags that this page uses for a day before that of the data."""
    if day >= workspace.default_as_of():
        return []
    tags = [] if rule is None else list(workspace.count(rule, day).not_historical)
    if split is not None and catalogue.tags[split].computed is None:
        tags.append(split)
    return [pick(catalogue.tags[tag].label) for tag in dict.fromkeys(tags)]


def draw_funnel() -> None:
    funnel.draw(
        funnel_data(numbers, caption=t("journey.caption", as_of=day, audience=whose), link=link),
        key="journey_funnel",
    )
    if numbers.rule_not_started is not None and numbers.not_started:
        people = f"[{numbers.not_started:,}]({link(numbers.rule_not_started)})"
        st.markdown(t("journey.not_started", people=people))


def draw_split(groups: tuple[FunnelGroup, ...], tag: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(t("journey.split_title", tag=verbatim(tag)), anchor=False)
        measure = st.segmented_control(
            t("journey.measure"),
            MEASURES,
            format_func={name: t(f"journey.{name}") for name in MEASURES}.__getitem__,
            default="reached",
            required=True,
            key="journey_measure",
            label_visibility="collapsed",
        )
    caption = t("journey.caption_split", tag=tag, as_of=day, audience=whose)
    if groups:
        funnel.draw(split_data(numbers, measure, caption=caption, link=link), key="journey_split_table")
    if numbers.is_overlapping:
        st.caption(t("journey.split_overlaps", tag=verbatim(tag)))


def file_name() -> str:
    parts = [t("journey.file_name"), whose]
    if split is not None:
        parts.append(t("journey.file_split", tag=pick(catalogue.tags[split].label)))
    return safe_name("_".join(part.replace("/", "_") for part in (*parts, day.isoformat())) + ".csv")


st.title(t("journey.title"), anchor=False)
if not catalogue.journey:
    teach()
    st.stop()
st.caption(t("journey.lead"))

names = {EVERYONE: t("journey.everyone"), **{a.id: a.name for a in workspace.audiences()}}
if st.session_state.get("journey_audience") not in names:
    st.session_state["journey_audience"] = EVERYONE
splits = {None: t("journey.no_split")}
splits |= {key: pick(tag.label) for key, tag in catalogue.tags.items() if tag.personal is None}
if st.session_state.get("journey_split") not in splits:
    st.session_state["journey_split"] = None

with st.container(horizontal=True, vertical_alignment="bottom"):
    audience_id = st.selectbox(
        t("journey.audience"),
        list(names),
        format_func=names.__getitem__,
        key="journey_audience",
        persist_state="session",
        width=220,
    )
    split = st.selectbox(
        t("journey.split"),
        list(splits),
        format_func=splits.__getitem__,
        key="journey_split",
        persist_state="session",
        width=220,
    )
    chosen_day = st.date_input(
        t("journey.as_of"), value=state.as_of(), key="journey_as_of", on_change=choose_day, width=160
    )
    day = chosen_day or workspace.default_as_of()
    shown_as = st.segmented_control(
        t("journey.view"),
        VIEWS,
        format_func={name: t(f"journey.as_{name}") for name in VIEWS}.__getitem__,
        default="funnel",
        required=True,
        key="journey_view",
        persist_state="session",
    )
whose = names[audience_id]

with boundary():
    rule = workspace.audience_rule(workspace.audience(audience_id)) if audience_id != EVERYONE else None
    numbers = workspace.funnel(day, audience=rule, split=split)
    table = table_of(numbers)
    tags = not_historical()
    if tags:
        st.warning(t("journey.not_historical", tags=verbatim(t("frame.comma").join(tags))))
    if numbers.total == 0:
        st.info(t("journey.nobody", as_of=day))
    if shown_as == "table":
        st.dataframe(
            table,
            hide_index=True,
            height="content",
            column_config={t("journey.conversion"): st.column_config.NumberColumn(format="percent")},
            alt=t("journey.caption", as_of=day, audience=whose),
        )
    else:
        draw_funnel()
        if split is not None:
            draw_split(numbers.groups, pick(catalogue.tags[split].label))
    st.download_button(
        t("journey.download"),
        data=lambda: as_csv(table),
        file_name=file_name(),
        mime="text/csv",
        on_click="ignore",
    )
