"""人群 Audiences: saved audiences with their sizes now and their snapshots; and uploaded lists 名单."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import CallerError
from core.messages import message_of
from core.workspace import DAYS_KEPT, Audience
from dashboard import charts, composition, links, navigation, people, people_lists, snapshots, state, tables
from dashboard.audiences import audience_view, bin_view, compare_view, finding, user_view
from dashboard.audiences.audience_view import updated
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t

PER_PAGE = 20
workspace = state.workspace()


@st.dialog(t("audiences.look"), width="large")
def look(audience: Audience) -> None:
    st.markdown(f"**{verbatim(audience.name)}**")
    with boundary():
        composition.draw(audience)


@st.dialog(t("audiences.snapshots"), width="large")
def show_snapshots(audience: Audience) -> None:
    snapshots.draw(audience)


@st.dialog(t("audiences.rename"))
def rename(audience: Audience) -> None:
    with st.form("audiences_rename", border=False):
        name = st.container(key="type_at_once").text_input(
            t("audiences.name"), value=audience.name, max_chars=100
        )
        if st.form_submit_button(t("audiences.rename"), type="primary"):
            with boundary():
                workspace.rename_audience(audience.id, name, actor=state.actor(), revision=audience.revision)
                st.rerun()


@st.dialog(t("audiences.move"))
def move(audience: Audience) -> None:
    ways = ["", *finding.folders([*workspace.audiences(), audience])]
    with st.form("audiences_move", border=False):
        folder = st.selectbox(
            t("audiences.move.where"), ways, index=ways.index(audience.folder),
            format_func=lambda way: way or t("audiences.move.none"), accept_new_options=True,
            placeholder=t("audiences.move.new"), help=t("audiences.move.new"),
        )  # fmt: skip
        if st.form_submit_button(t("audiences.move"), type="primary"):
            with boundary():
                workspace.arrange_audience(
                    audience.id, revision=audience.revision, actor=state.actor(), folder=folder or ""
                )
                st.rerun()


@st.dialog(t("audiences.delete"))
def delete(audience: Audience) -> None:
    st.markdown(t("audiences.delete.sure", name=verbatim(audience.name)))
    st.caption(t("audiences.delete.kept", days=DAYS_KEPT))
    if st.button(t("audiences.delete.do", name=verbatim(audience.name)), type="primary"):
        with boundary():
            workspace.delete_audience(audience.id, actor=state.actor(), revision=audience.revision)
            bin_view.note(audience)
            st.rerun()


def draw_row(audience: Audience, *, is_favourite: bool) -> DeltaGenerator:
    """Draw one audience and return the place for its size."""
    with st.container(border=True, key=f"audience_{audience.id}"):
        what, how_many, who, menu = st.columns([11, 3, 4, 4], vertical_alignment="center")
        with what.container(gap=None):
            st.page_link(
                navigation.page_file("build"),
                label=f"{'★ ' if is_favourite else ''}**{verbatim(audience.name)}**",
                query_params={links.AUDIENCE: audience.id},
                help=t("audiences.open"),
            )
            checked = workspace.check(audience.rule)
            if checked.rule is not None and not checked.errors:
                st.caption(verbatim(pick(workspace.sentence(checked.rule, reveal=False))))
            if audience.note:
                st.caption(t("audiences.note", note=verbatim(audience.note)))
            place = [audience.folder] if audience.folder else []
            st.caption(verbatim(" · ".join([*place, updated(audience, workspace.snapshots(audience.id))])))
        who.html(tables.two_lines(people.signed(audience.changed_by), people.moment(audience.changed_at)))
        with menu.container(horizontal=True, gap=None, wrap=False):
            if st.button(t("audiences.look_after"), key=f"audience_view_{audience.id}", type="tertiary"):
                st.switch_page(navigation.page_file("audiences"), query_params={"view": audience.id})
            if st.button(t("audiences.look"), key=f"audience_look_{audience.id}", type="tertiary"):
                look(audience)
            chosen = st.menu_button(
                t("audiences.menu"),
                ("snapshots", "rename", "move", "duplicate", "delete"),
                format_func=lambda action: t(f"audiences.{action}"),
                key=f"audience_menu_{audience.id}",
                type="tertiary",
            )
        act(chosen, audience)
    return how_many.empty()


def act(chosen: str | None, audience: Audience) -> None:
    match chosen:
        case "snapshots":
            show_snapshots(audience)
        case "rename":
            rename(audience)
        case "move":
            move(audience)
        case "delete":
            delete(audience)
        case "duplicate":
            with boundary():
                workspace.duplicate_audience(audience.id, actor=state.actor())
                st.rerun()


def draw_size(place: DeltaGenerator, audience: Audience) -> None:
    """Count an audience and write its size, or why it has none, into its place."""
    try:
        numbers = workspace.audience_numbers(audience.id, state.as_of())
    except CallerError as error:
        place.markdown(f":red[{t('audiences.broken')}]", help=verbatim(pick(message_of(error.problems[0]))))
    else:
        place.html(
            tables.two_lines(
                t("audiences.size", count=numbers.count),
                t("audiences.share", share=charts.share(numbers.count, numbers.base)),
                large=True,
            )
        )


def draw_alerts() -> None:
    """Draw which audiences moved by more than they are allowed to at the last refresh, each with its link."""
    for audience, snapshot in workspace.alerts():
        with st.container(
            horizontal=True, vertical_alignment="center", border=True, key=f"audience_alert_{audience.id}"
        ):
            st.markdown(
                f":material/warning: **{verbatim(audience.name)}** · "
                + t("audiences.size", count=snapshot.people)
                + " · "
                + t("audiences.alert", share=f"{audience.alert or 0:.0%}")
            )
            st.page_link(
                navigation.page_file("audiences"), label=t("audiences.alert_look"),
                query_params={"view": audience.id},
            )  # fmt: skip


def draw_empty() -> None:
    """Teach how an audience is made."""
    st.header(t("audiences.empty.title"), anchor=False)
    st.markdown(t("audiences.empty.body"))
    st.page_link(navigation.page_file("build"), label=t("audiences.empty.open"))


def draw_audiences(audiences: list[Audience]) -> None:
    """Draw the search, and the audiences that it finds."""
    with st.container(horizontal=True, vertical_alignment="center"):
        words = st.text_input(
            t("audiences.search"), placeholder=t("audiences.search"), label_visibility="collapsed",
            key="audiences_search", width=360,
        )  # fmt: skip
        folder = finding.choose_folder(audiences)
        owner = finding.choose_owner(audiences)
        order = finding.choose_order() if len(audiences) > 1 else "changed"
        favourites = workspace.favourites(state.actor())
        only = bool(favourites) and st.toggle(t("audiences.only_favourites"), key="audiences_favourites")
        st.page_link(navigation.page_file("build"), label=t("audiences.new"))
        if len(audiences) > 1:
            st.page_link(
                navigation.page_file("audiences"), label=t("audiences.compare"), query_params={"compare": ""}
            )
        st.page_link(navigation.page_file("audiences"), label=t("users.title"), query_params={"user": ""})
    shown = [
        audience
        for audience in audiences
        if finding.found_by(words, audience)
        and (not folder or finding.within(audience, folder))
        and owner in ("", audience.owner)
        and (not only or audience.id in favourites)
    ]
    shown.sort(key=lambda audience: (audience.id not in favourites, finding.SORTS[order](audience)))
    st.caption(t("audiences.count", shown=len(shown), all=len(audiences), day=state.as_of().isoformat()))
    if not shown:
        st.info(t("audiences.none_found", words=verbatim(words)))
        return
    pages = -(-len(shown) // PER_PAGE)
    first = (st.pagination(pages, key="audiences_page") - 1) * PER_PAGE if pages > 1 else 0
    places = [
        (draw_row(audience, is_favourite=audience.id in favourites), audience)
        for audience in shown[first : first + PER_PAGE]
    ]
    for place, _ in places:
        place.skeleton(height=24)
    for place, audience in places:
        draw_size(place, audience)


# Streamlit gives links to the first page no path, so that one opened in a new tab arrives here.
if links.AUDIENCE in st.query_params:
    st.switch_page(
        navigation.page_file("build"), query_params={links.AUDIENCE: st.query_params[links.AUDIENCE]}
    )

if "view" in st.query_params:
    with boundary():
        audience_view.draw(st.query_params["view"])
    st.stop()
if "compare" in st.query_params:
    with boundary():
        compare_view.draw(st.query_params["compare"])
    st.stop()

if "user" in st.query_params:
    with boundary():
        user_view.draw(st.query_params["user"])
    st.stop()

st.title(t("audiences.title"), anchor=False)
audiences_tab, lists_tab, alike_tab = st.tabs(
    [t("audiences.tab.audiences"), t("audiences.tab.lists"), t("audiences.alike")], on_change="rerun"
)

with alike_tab, boundary():
    if alike_tab.open:
        compare_view.draw_alike()

with lists_tab, boundary():
    people_lists.draw()

with audiences_tab:
    notice = st.session_state.pop("audiences:notice", None)
    if notice:
        st.success(notice)
    bin_view.draw_undo()
    draw_alerts()
    saved = workspace.audiences()
    if saved:
        draw_audiences(saved)
    else:
        draw_empty()
    bin_view.draw()
