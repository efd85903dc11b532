"""One audience: how its people come about, its history with the reasons, people by hand, versions, uses."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import CallerError
from core.messages import message_of
from core.workspace import CAUSES, Audience, AudienceVersion, Snapshot
from dashboard import charts, links, navigation, people, state, tables
from dashboard.audiences import figures, split_view
from dashboard.audiences.figures import cause_name
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t

ALERTS = (None, 0.05, 0.1, 0.2, 0.5)
MOST_PEOPLE = 100


def draw(audience_id: str) -> None:
    """Draw everything about one audience."""
    workspace = state.workspace()
    audience = workspace.audience(audience_id)
    st.page_link(navigation.page_file("audiences"), label=t("audiences.back"), query_params={})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(verbatim(audience.name), anchor=False, width="content")
        st.badge(kind_of(audience), color="gray" if audience.fixed_to else "green")
        st.space("stretch")
        _favourite(audience)
        st.page_link(
            navigation.page_file("build"), label=t("audiences.open_in_build"),
            query_params={links.AUDIENCE: audience.id},
        )  # fmt: skip
    # The place is always there: were it not, what stands below would be drawn anew, at its first tab.
    with st.container():
        notice = st.session_state.pop("audiences:notice", None)
        if notice:
            st.success(notice)
    st.caption(updated(audience, workspace.snapshots(audience.id)))
    with boundary():
        checked = workspace.check(audience.rule)
        if checked.rule is not None and not checked.errors:
            st.markdown(verbatim(pick(workspace.sentence(checked.rule, reveal=False))))
        _numbers(audience)
    history, hand, split, versions, setting = st.tabs(
        [t(f"audiences.tab.{name}") for name in ("history", "hand", "split", "versions", "setting")]
    )
    with history, boundary():
        _history(audience)
    with hand, boundary():
        _by_hand(audience)
    with split, boundary():
        split_view.draw(audience)
    with versions, boundary():
        _versions(audience)
    with setting, boundary():
        _setting(audience)


def kind_of(audience: Audience) -> str:
    """Return whether an audience follows its rule."""
    return t("audiences.dynamic" if audience.fixed_to is None else "audiences.static")


def updated(audience: Audience, snapshots: Sequence[Snapshot]) -> str:
    """Return how an audience keeps up, and when it was last computed."""
    if audience.fixed_to is not None:
        taken = next((one for one in snapshots if one.id == audience.fixed_to), None)
        return t("audiences.static_since", day="–" if taken is None else taken.as_of.isoformat())
    if not snapshots:
        return t("audiences.dynamic_never")
    newest = snapshots[0]
    told = t("audiences.dynamic_last", when=people.moment(newest.at))
    entered, left = (sum(side.values()) for side in (newest.entered, newest.left))
    if not entered and not left:
        return told
    return told + " · " + t("audiences.moved", entered=entered, left=left)


def _favourite(audience: Audience) -> None:
    workspace, actor = state.workspace(), state.actor()
    is_one = audience.id in workspace.favourites(actor)
    name = "audiences.unfavourite" if is_one else "audiences.favourite"
    if st.button("★" if is_one else "☆", help=t(name), type="tertiary", key="aud_favourite"):
        workspace.set_favourite(audience.id, actor=actor, wanted=not is_one)
        st.rerun()


def _numbers(audience: Audience) -> None:
    numbers = state.workspace().audience_numbers(audience.id, state.as_of())
    first = t("audiences.by_rule" if audience.fixed_to is None else "audiences.by_snapshot")
    parts = [(first, f"{numbers.ruled:,}")]
    if numbers.listed_added:
        parts.append((t("audiences.added"), f"+{numbers.added:,}"))
    if numbers.listed_removed:
        parts.append((t("audiences.removed"), f"−{numbers.removed:,}"))
    if numbers.listed_added or numbers.listed_removed:
        parts.append((t("audiences.people"), f"{numbers.count:,}"))
    with st.container(horizontal=True):
        for name, number in parts:
            st.metric(name, number, width="content")
        st.metric(t("audiences.of_base"), charts.share(numbers.count, numbers.base), width="content")


def _history(audience: Audience) -> None:
    workspace = state.workspace()
    with st.container(horizontal=True, vertical_alignment="center"):
        is_asked = audience.fixed_to is None and st.button(t("audiences.refresh"), type="primary")
    if is_asked:
        with st.spinner(t("audiences.refreshing")):
            found = workspace.refresh_audience(audience.id, actor=state.actor(), as_of=state.as_of())
        _say(t("audiences.refreshed" if found.is_new else "audiences.unchanged"))
    snapshots = workspace.snapshots(audience.id)
    if not snapshots:
        st.caption(t("audiences.history.none"))
        return
    if snapshots[0].is_alert:
        st.warning(t("audiences.alert", share=f"{audience.alert or 0:.0%}"))
    charts.draw(figures.history(snapshots[:30]), key="aud_history")
    ids = {one.id: one for one in snapshots}
    chosen = st.selectbox(
        t("audiences.which"), list(ids),
        format_func=lambda key: f"{ids[key].as_of} · {people.moment(ids[key].at)} · {ids[key].people:,}",
    )  # fmt: skip
    taken = ids[chosen]
    if taken.previous is None:
        st.caption(t("audiences.history.first"))
        return
    rows = [
        (cause_name(cause), f"{taken.entered.get(cause, 0):,}", f"{taken.left.get(cause, 0):,}")
        for cause in CAUSES
        if cause in taken.entered or cause in taken.left
    ]
    if not rows:
        st.caption(t("audiences.history.nobody"))
        return
    head = [t("audiences.why"), t("audiences.entered"), t("audiences.left")]
    st.html(tables.table(t("audiences.tab.history"), head, rows))
    with st.container(horizontal=True):
        for side in ("entered", "left"):
            number = sum(getattr(taken, side).values())
            changed = workspace.changed_rule(audience.id, taken.id, entered=side == "entered")
            if number and changed is not None:
                rule, day = changed
                st.link_button(
                    t(f"audiences.open_{side}", n=number), links.builder_link(rule, day), type="tertiary"
                )
    _changed_people(audience, taken)


def _changed_people(audience: Audience, taken: Snapshot) -> None:
    with st.expander(t("audiences.who_changed")):
        left, right = st.columns(2)
        side = left.segmented_control(
            t("audiences.who_changed"), ("entered", "left"), default="entered", required=True,
            format_func=lambda key: t(f"audiences.{key}"), label_visibility="collapsed",
        )  # fmt: skip
        causes = [None, *(cause for cause in CAUSES if cause in getattr(taken, side))]
        cause = right.selectbox(
            t("audiences.why"), causes, label_visibility="collapsed",
            format_func=lambda key: t("tags.any") if key is None else cause_name(key),
        )  # fmt: skip
        found = state.workspace().snapshot_changes(
            audience.id, taken.id, entered=side == "entered", cause=cause, limit=MOST_PEOPLE
        )
        st.caption(t("audiences.who_shown", n=len(found)))
        rows = [(one.user_id, cause_name(one.cause)) for one in found]
        if rows:
            st.html(tables.table(t("audiences.who_changed"), [t("audiences.user"), t("audiences.why")], rows))
            look = st.selectbox(t("audiences.look_at_user"), [None, *(one.user_id for one in found)])
            if look is not None:
                st.switch_page(navigation.page_file("audiences"), query_params={"user": look})


def _by_hand(audience: Audience) -> None:
    workspace = state.workspace()
    st.caption(t("audiences.hand.about"))
    with st.form("aud_hand", border=False, clear_on_submit=True):
        users = st.text_area(t("tags.values.users"), help=t("tags.values.users_help"), height=80)
        reason = st.text_input(t("audiences.reason"))
        with st.container(horizontal=True):
            adds = st.form_submit_button(t("audiences.hand.add"), type="primary")
            removes = st.form_submit_button(t("audiences.hand.remove"))
    ids = [part for part in users.replace(",", "\n").replace("，", "\n").split("\n") if part.strip()]
    if adds or removes:
        workspace.put_by_hand(audience.id, ids, is_added=adds, reason=reason, actor=state.actor())
        _say(t("audiences.hand.done"))
    for row in workspace.by_hand(audience.id):
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key=f"hand_{row.user_id}"
        ):
            sign = t("audiences.added" if row.is_added else "audiences.removed")
            told = t("audiences.hand.row", user=verbatim(row.user_id), sign=sign, why=verbatim(row.reason),
                     who=verbatim(row.by), when=people.moment(row.at))  # fmt: skip
            st.markdown(told)
            st.space("stretch")
            st.page_link(
                navigation.page_file("audiences"), label=t("audiences.hand.look"),
                query_params={"user": row.user_id},
            )  # fmt: skip
            if st.button(t("audiences.hand.forget"), type="tertiary", key=f"hand_forget_{row.user_id}"):
                workspace.forget_by_hand(audience.id, [row.user_id], actor=state.actor())
                st.rerun()


def _versions(audience: Audience) -> None:
    workspace = state.workspace()
    versions = workspace.audience_versions(audience.id)
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        with st.container(border=True, key=f"aud_version_{version.revision}"):
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.markdown(
                t("audiences.version", n=version.revision, who=verbatim(people.signed(version.by)),
                  when=people.moment(version.at))
            )  # fmt: skip
            for change in () if before is None else workspace.audience_changes(before, version):
                left.markdown(f"- {verbatim(pick(change))}")
            key = f"aud_restore_{version.revision}"
            if _differs(version, audience) and right.button(t("tags.versions.restore"), key=key):
                with boundary():
                    workspace.restore_audience_version(
                        audience.id, version.revision, revision=audience.revision, actor=state.actor()
                    )
                    _say(t("tags.versions.restored", n=version.revision))
    _uses(audience)
    _alike(audience)


def _uses(audience: Audience) -> None:
    uses = state.workspace().audience_uses(audience.id)
    st.header(t("audiences.uses"), anchor=False)
    if not uses:
        st.caption(t("audiences.uses.none"))
    for use in uses:
        if use.kind == "audience":
            st.page_link(
                navigation.page_file("audiences"), label=verbatim(use.name), query_params={"view": use.id}
            )
        else:
            st.caption(t("audiences.uses.export", name=verbatim(use.name)))


def _alike(audience: Audience) -> None:
    """Draw which other audiences hold nearly the same people, once that is asked for: all are compared."""
    st.header(t("audiences.alike"), anchor=False)
    if not st.toggle(t("audiences.alike.look"), key="aud_alike"):
        return
    saved, found, _ = state.workspace().alike_audiences(state.as_of())
    pairs = [pair for pair in found.pairs if audience.id in (saved[pair.first].id, saved[pair.second].id)]
    if not pairs:
        st.caption(t("audiences.alike.none", n=len(saved)))
    for pair in pairs:
        other = saved[pair.second if saved[pair.first].id == audience.id else pair.first]
        share = "–" if pair.jaccard is None else f"{pair.jaccard:.0%}"
        key = "audiences.alike.same" if pair.is_same_definition else "audiences.alike.near"
        st.page_link(
            navigation.page_file("audiences"), query_params={"compare": f"{audience.id},{other.id}"},
            label=t(key, one=verbatim(audience.name), other=verbatim(other.name), share=share, n=pair.both),
        )  # fmt: skip


def _differs(version: AudienceVersion, audience: Audience) -> bool:
    names = ("name", "note", "rule", "folder", "owner", "fixed_to", "alert")
    return any(getattr(version, name) != getattr(audience, name) for name in names)


def _setting(audience: Audience) -> None:
    workspace = state.workspace()
    snapshots = {one.id: one for one in workspace.snapshots(audience.id)}
    # With keys entries stay when somebody else saves meanwhile; what the form began from is kept as long.
    keys = {field: f"aud_{field}_{audience.id}" for field in ("folder", "owner", "note", "fixed", "alert")}
    seen = f"aud_seen_{audience.id}"
    if keys["folder"] not in st.session_state:
        st.session_state[seen] = audience.revision
    with st.form("aud_setting", border=False):
        folder = st.text_input(
            t("audiences.folder"), audience.folder, help=t("audiences.folder_help"), key=keys["folder"]
        )
        owner = st.text_input(t("tags.owner"), audience.owner, key=keys["owner"])
        note = st.text_area(t("audiences.note_field"), audience.note, height=80, key=keys["note"])
        fixed = st.selectbox(
            t("audiences.kind"), [None, *snapshots],
            index=[None, *snapshots].index(audience.fixed_to if audience.fixed_to in snapshots else None),
            format_func=lambda key: t("audiences.dynamic_long") if key is None
            else t("audiences.static_long", day=snapshots[key].as_of.isoformat(), n=snapshots[key].people),
            key=keys["fixed"],
        )  # fmt: skip
        choices = sorted({*ALERTS, audience.alert}, key=lambda share: share or 0)
        alert = st.selectbox(
            t("audiences.alert_when"), choices, index=choices.index(audience.alert),
            format_func=lambda share: t("audiences.alert_never") if share is None else f"{share:.0%}",
            key=keys["alert"],
        )  # fmt: skip
        if not st.form_submit_button(t("audiences.save"), type="primary"):
            return
    began, st.session_state[seen] = st.session_state[seen], audience.revision
    saved = workspace.arrange_audience(
        audience.id, revision=began, actor=state.actor(), folder=folder, owner=owner, note=note,
        fixed_to=fixed, alert=alert,
    )  # fmt: skip
    st.session_state[seen] = saved.revision
    _say(t("audiences.saved"))


def size_of(audience: Audience) -> tuple[int | None, str]:
    """Return an audience's size on the session's day; None and why, if it has none."""
    try:
        return state.workspace().audience_numbers(audience.id, state.as_of()).count, ""
    except CallerError as error:
        return None, pick(message_of(error.problems[0]))


def _say(words: str) -> None:
    st.session_state["audiences:notice"] = words
    st.rerun()
