"""旅程 Journey: how many people reached each step, how many are stuck there, and who they are."""

import streamlit as st

from core.analytics.analyses import ANALYSES
from core.analytics.journey import Funnel
from core.errors import Unrecorded
from core.messages import message_of
from dashboard import funnel, navigation, sheet, state
from dashboard.analyses import frame, steps
from dashboard.builder import exporting
from dashboard.errors import boundary, verbatim
from dashboard.funnel.words import funnel_data, split_data
from dashboard.i18n import pick, t
from dashboard.links import builder_link
from dashboard.sheet.numbers import percent, written

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
NOTHING, BEFORE = "", "before"
workspace = state.workspace()
catalogue = workspace.data_version().catalogue


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
    key = (rule.model_dump_json(), asked.day)
    if key not in known:
        known[key] = builder_link(rule, asked.day)
    return known[key]


def whose(audience) -> str:
    return workspace.audience(audience).name if audience else t("journey.everyone")


def not_historical() -> list[str]:
    """Return the labels of imported tags that this page uses for a day before that of the data."""
    if asked.day >= workspace.default_as_of():
        return []
    tags = []
    if asked.audience:
        tags = list(
            workspace.count(workspace.asking(audience=asked.audience).among, asked.day).not_historical
        )
    if asked.by is not None and catalogue.tags[asked.by].computed is None:
        tags.append(asked.by)
    return [pick(catalogue.tags[tag].label) for tag in dict.fromkeys(tags)]


def draw_funnel(numbers, key, audience):
    caption = t("journey.caption", as_of=asked.day, audience=whose(audience))
    if numbers.sessions is not None:
        st.caption(t("journey.sessions_about", n=numbers.sessions, minutes=numbers.session_minutes))
    funnel.draw(funnel_data(numbers, caption=caption, link=link), key=key)
    if numbers.rule_not_started is not None and numbers.not_started:
        people = f"[{numbers.not_started:,}]({link(numbers.rule_not_started)})"
        st.markdown(t("journey.not_started", people=people))


def head(audience, period):
    """Whose funnel it is, and of when."""
    st.header(f"{verbatim(whose(audience))} · {period.first} – {period.last}", anchor=False)


def draw_beside():
    """The funnel, and beside it that of another audience or period if one is chosen."""
    choices = {NOTHING: t("analyses.journey.compare_none")}
    if asked.given.get("when") == "period":
        choices[BEFORE] = t("analyses.journey.compare_before")
    choices |= {a.id: a.name for a in workspace.audiences() if a.id != asked.audience}
    frame.settle("journey_compare", choices, NOTHING)
    beside = st.selectbox(
        t("analyses.journey.compare"), list(choices), format_func=choices.__getitem__, key="journey_compare",
        persist_state="session", width=220,
    )  # fmt: skip
    if not beside:
        draw_funnel(told, "journey_funnel", asked.audience)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        st.header(
            f"{verbatim(whose(asked.audience))} · {asked.period.first} – {asked.period.last}", anchor=False
        )
        draw_funnel(told, "journey_funnel", asked.audience)
    period = asked.period.before() if beside == BEFORE else asked.period
    audience = asked.audience if beside == BEFORE else beside
    with right:
        head(audience, period)
        try:
            other = workspace.analyse(
                "journey", asked.day, first=period.first, last=period.last, audience=audience,
                given=asked.given,
            )  # fmt: skip
        except Unrecorded as error:
            frame.told_instead([message_of(problem) for problem in error.problems])
        else:
            draw_funnel(other, "journey_beside", audience)


def how_long(seconds):
    """How long it took to the next step, in the unit in which that is no nought."""
    if told.session_minutes is not None or seconds < 3_600:
        return t("analyses.journey.median_minutes", n=written(seconds / 60, "number"))
    if seconds < 86_400:
        return t("analyses.journey.median_hours", n=written(seconds / 3_600, "number"))
    return t("analyses.journey.median", n=written(seconds / 86_400, "days"))


def stuck_card(row, step):
    """Who stands at a step: how many for long, how long the others took, and what share went on."""
    users, median = None if step.stuck is None else step.stuck.users, step.delays.seconds.get(0.5)
    interval = step.interval
    return {
        "label": pick(step.step.label),
        "about": t("analyses.journey.stuck_about", n=told.stuck_days),
        "text": "–" if users is None else f"{users:,}",
        "href": asked.link(table("journey"), row, "stuck") if users else None,
        "title": "–" if users is None else t("analyses.open", n=f"{users:,}"),
        "note": None
        if median is None
        else how_long(median),
        "action": {
            "key": step.step.key,
            "text": t("analyses.journey.export"),
            "title": t("analyses.journey.export_of", step=pick(step.step.label), n=f"{users:,}"),
        }
        if users
        else None,
        "lines": []
        if interval is None
        else [
            {
                "label": t(
                    "analyses.journey.interval",
                    share=percent(interval.value),
                    low=f"{interval.low * 100:.1f}",
                    high=f"{interval.high * 100:.1f}",
                ),
                "change": "", "tone": "", "value": "",
            }
        ],
    }  # fmt: skip


def draw_stuck():
    st.header(t("analyses.journey.stuck", n=told.stuck_days), anchor=False)
    st.caption(t("analyses.journey.stuck_about", n=told.stuck_days))
    cards = [stuck_card(row, step) for row, step in enumerate(told.steps[:-1])]
    pressed = sheet.draw(
        {"caption": t("analyses.journey.stuck", n=told.stuck_days), "cards": cards}, key="journey_stuck"
    )
    for step in told.steps[:-1]:
        if step.step.key == pressed:
            export(step)


@st.dialog(t("build.export.title"), width="large")
def export(step):
    name = t("analyses.journey.stuck_list", step=pick(step.step.label), n=told.stuck_days)
    st.caption(verbatim(name))
    exporting.draw(step.stuck.rule, asked.day, name=name)


def draw_elsewhere():
    places = [
        place for place, step in enumerate(told.steps[:-1]) if step.step.events and step.furthest is not None
    ]
    if not places:
        return
    st.header(t("analyses.journey.elsewhere"), anchor=False)
    frame.settle("journey_at", places, max(places, key=lambda place: told.steps[place].furthest))
    names = {one: pick(told.steps[one].step.label) for one in places}
    place = st.selectbox(
        t("analyses.journey.at_step"), places, format_func=names.__getitem__,
        key="journey_at", width=260,
    )  # fmt: skip
    others = workspace.elsewhere(
        place, asked.day, first=asked.period.first, last=asked.period.last, audience=asked.audience,
        given=asked.given,
    )  # fmt: skip
    if not others:
        st.caption(t("analyses.journey.nothing_else"))
        return
    rows = [
        [
            {"text": pick(catalogue.events[each.event].label)},
            {
                "text": f"{each.people.users:,}",
                "href": link(each.people.rule),
                "title": t("analyses.open", n=f"{each.people.users:,}"),
                "bar": each.people.users / others[0].people.users,
            },
            {"text": percent(each.share.value) if each.share else ""},
        ]
        for each in others
    ]
    heads = [("journey.event", "text"), ("journey.people", "users"), ("journey.of_them", "share")]
    columns = [{"text": t(name), "kind": kind} for name, kind in heads]
    caption = t("analyses.journey.elsewhere")
    sheet.draw({"caption": caption, "columns": columns, "rows": rows}, key="journey_elsewhere")


def draw_split():
    tag = pick(catalogue.tags[asked.by].label)
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
    caption = t("journey.caption_split", tag=tag, as_of=asked.day, audience=whose(asked.audience))
    if told.groups:
        funnel.draw(split_data(told, measure, caption=caption, link=link), key="journey_split_table")
    if told.is_overlapping:
        st.caption(t("journey.split_overlaps", tag=verbatim(tag)))


if not (catalogue.journey or steps.own() or "set" in st.query_params):
    st.title(t("analyses.journey.title"), anchor=False)
    teach()
    if catalogue.events:
        steps.button(next(slot for slot in ANALYSES["journey"].slots(catalogue) if slot.kind == "steps"), {})
    st.stop()

asked, shown_as = frame.head("journey", splits=True)
if not (catalogue.journey or steps.own()):  # those of the address were none
    teach()
    st.stop()
with boundary():
    told, found = frame.ask(asked)
    table = frame.by_key(found)
    if not isinstance(told, Funnel):
        raise TypeError("the journey tells a funnel")
    tags = not_historical()
    if tags:
        st.warning(t("journey.not_historical", tags=verbatim(t("frame.comma").join(tags))))
    frame.remarks(told.notes)
    if shown_as == "table":
        frame.tables(found, asked)
    else:
        draw_beside()
        frame.download(table("journey"), asked)
        if asked.by is not None:
            draw_split()
        draw_stuck()
        draw_elsewhere()
