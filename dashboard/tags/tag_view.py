"""One tag: what it is, how it is distributed, what it hangs together with, its versions and its life."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from core.messages import Text, message_of
from core.workspace import MOVES, AudienceMove, GraphNode, TagEntry, TagVersion
from dashboard import charts, links, navigation, people, state, tables
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t
from dashboard.tags import figures, values_view


def draw(key: str) -> None:
    """Draw everything about one tag."""
    workspace = state.workspace()
    entry = workspace.tag_entry(key)
    st.page_link(navigation.page_file("tags"), label=t("tags.back"), query_params={})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(verbatim(pick(entry.definition.label)), anchor=False, width="content")
        st.badge(t(f"tags.status.{entry.status}"), color="green" if entry.status == "active" else "gray")
        st.space("stretch")
        _actions(entry)
    if entry.trouble is not None:
        st.warning(verbatim(pick(message_of(entry.trouble))))
    _notice()
    is_asked = key in workspace.data_version().catalogue.tags
    facts, chart = st.columns([2, 3])
    with facts, boundary():
        st.html(tables.facts(_facts(entry, is_asked=is_asked)))
    with chart, boundary():
        if is_asked:
            _distribution(entry)
        else:
            st.caption(t(f"tags.not_asked.{entry.status}"))
    if entry.origin == "operator" and entry.definition.as_json()["making"]["kind"] == "given":
        with boundary():
            values_view.draw(entry)
    drift, graph, versions = st.tabs([t("tags.tab.drift"), t("tags.tab.graph"), t("tags.tab.versions")])
    with drift, boundary():
        _drift(entry)
    with graph, boundary():
        found = workspace.tag_graph(key)
        if len(found.nodes) == 1:
            st.caption(t("tags.graph.alone"))
        else:
            st.graphviz_chart(figures.graph_source(found), width="content")
            st.html(tables.table(t("tags.tab.graph"), _graph_head(), _graph_rows(found.nodes), unseen=True))
            _graph_links(found.nodes)
    with versions, boundary():
        _versions(entry)


def _facts(entry: TagEntry, *, is_asked: bool) -> list[tuple[str, str]]:
    workspace, definition = state.workspace(), entry.definition
    dimensions = workspace.data_version().catalogue.dimensions
    folder = dimensions.get(definition.dimension)
    pairs = [
        (t("tags.key"), entry.key),
        (t("tags.type"), "–" if entry.type is None else t(f"tags.type.{entry.type.value}")),
        (t("tags.unit"), definition.unit or "–"),
        (t("tags.how"), pick(entry.sentence)),
        (t("tags.description"), definition.description or "–"),
        (t("tags.dimension"), definition.dimension if folder is None else pick(folder)),
        (t("tags.use"), t(f"tags.use.{definition.use}")),
        (t("tags.timeliness"), t(f"tags.timeliness.{definition.timeliness}")),
        (t("tags.made"), t(f"tags.made.{definition.how_made}")),
        (t("tags.origin"), t(f"tags.origin.{entry.origin}")),
        (t("tags.refresh"), t(f"tags.refresh.{definition.refresh}")),
        (t("tags.validity"), _validity(entry, is_asked=is_asked)),
        (t("tags.owner"), definition.owner or "–"),
        (t("tags.version"), str(entry.version) if entry.version else "–"),
    ]
    if entry.stands_at is not None:
        pairs.append((t("tags.stands_at"), entry.stands_at.isoformat()))
    for name, at, by in (
        ("created", entry.created_at, entry.created_by),
        ("changed", entry.changed_at, entry.changed_by),
    ):
        if at is not None:
            pairs.append((t(f"tags.{name}"), f"{people.moment(at)} · {by}"))
    return pairs


def _validity(entry: TagEntry, *, is_asked: bool) -> str:
    validity = entry.definition.validity
    if validity is None:
        return t("tags.validity.forever")
    length = t(f"tags.length.{validity.unit}", n=validity.n)
    told = t("tags.validity.for", length=length)
    if not is_asked:
        return told
    expired = state.workspace().tag_expired(entry.key, state.as_of())
    return f"{told} · {t('tags.validity.expired', n=expired)}"


def _distribution(entry: TagEntry) -> None:
    workspace, day = state.workspace(), state.as_of()
    with_value, base = workspace.tag_coverage(entry.key, day)
    share = charts.share(with_value, base)
    st.markdown(t("tags.coverage", n=with_value, base=base, share=share, day=day.isoformat()))
    if entry.personal is not None:
        st.caption(t("tags.personal"))
        return
    (preview,) = workspace.preview_tags([entry.definition], day)
    charts.draw(figures.distribution(preview.breakdown, base), key=f"tag_chart_{entry.key}")
    if entry.type is not None and entry.type.value in ("enum", "text", "multi", "boolean"):
        with st.popover(t("tags.open_value")):
            for bar in preview.breakdown.bars[: figures.MOST_ROWS]:
                rule = _rule_of(entry, bar.value)
                label = f"{figures.bar_name(bar)} · {bar.base:,}"
                st.link_button(verbatim(label), links.builder_link(rule, day), type="tertiary")


def _rule_of(entry: TagEntry, value: object) -> dict[str, object]:
    op, argument = {
        "multi": ("has_any", [value]),
        "boolean": ("is_true" if value else "is_false", None),
    }.get(entry.type.value if entry.type else "", ("is", value))
    condition = {"kind": "tag", "id": "c1", "tag": entry.key, "op": op, "value": argument}
    root = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
    return {"version": 1, "include": root, "exclude": None, "take": None}


def _drift(entry: TagEntry) -> None:
    workspace = state.workspace()
    readings = workspace.tag_readings(entry.key)
    if not readings:
        st.caption(t("tags.drift.none"))
        return
    drift = workspace.tag_drift(entry.key)
    if drift is not None and drift.psi is not None and drift.mark is not None:
        mark = t(f"tags.drift.{drift.mark}")
        st.markdown(t("tags.drift.psi", psi=f"{drift.psi:.3f}", mark=mark))
        if drift.mover is not None:
            st.caption(verbatim(pick(drift.mover.sentence())))
        if drift.vanished:
            st.warning(t("tags.drift.vanished", values=verbatim(t("frame.comma").join(drift.vanished[:20]))))
    else:
        st.caption(t("tags.drift.one"))
    st.caption(t("tags.drift.marks"))
    if entry.personal is None:
        charts.draw(figures.over_time(readings[:12]), key=f"tag_drift_{entry.key}")


def _graph_head() -> list[str]:
    return [t("tags.graph.what"), t("tags.graph.name"), t("tags.graph.steps")]


def _graph_rows(nodes: Sequence[GraphNode]) -> list[list[str]]:
    return [[t(f"tags.graph.{node.kind}"), pick(node.label), str(node.depth)] for node in nodes]


def _graph_links(nodes: Sequence[GraphNode]) -> None:
    """Draw links to what the graph shows: pictures cannot be reached by keyboard."""
    with st.container(horizontal=True):
        for node in nodes:
            if node.depth == 0 or node.kind in ("event", "export"):
                continue
            page, name = ("tags", "tag") if node.kind == "tag" else ("audiences", "view")
            st.page_link(
                navigation.page_file(page), label=verbatim(pick(node.label)), query_params={name: node.name}
            )


def _versions(entry: TagEntry) -> None:
    workspace = state.workspace()
    versions = workspace.tag_versions(entry.key)
    if not versions:
        st.caption(t("tags.versions.none"))
        return
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        with st.container(border=True, key=f"tag_version_{entry.key}_{version.version}"):
            head = t(
                "tags.versions.head", n=version.version, who=verbatim(version.by),
                when=people.moment(version.at), status=t(f"tags.status.{version.status}"),
            )  # fmt: skip
            left, right = st.columns([5, 1], vertical_alignment="center")
            left.markdown(head)
            for change in _changes(version, before):
                left.markdown(f"- {verbatim(pick(change))}")
            if version.note:
                left.caption(verbatim(version.note))
            is_other = version.definition != entry.definition
            if is_other and right.button(t("tags.versions.restore"), key=f"tag_restore_{version.version}"):
                with boundary():
                    workspace.restore_tag_version(
                        entry.key, version.version, version=entry.version, actor=state.actor()
                    )
                    _say(t("tags.versions.restored", n=version.version))


def _changes(version: TagVersion, before: TagVersion | None) -> list[Text]:
    if before is None:
        return []
    return state.workspace().tag_changes(before.definition, version.definition)


def _actions(entry: TagEntry) -> None:
    if entry.status != "retired":
        st.page_link(navigation.page_file("tags"), label=t("tags.edit"), query_params={"edit": entry.key})
    moves = MOVES[entry.status] if entry.version or entry.origin == "operator" else ("retired",)
    if entry.origin == "data":
        moves = tuple(move for move in moves if move != "paused")
    chosen = st.menu_button(
        t("tags.life"),
        (*moves, *(("merge",) if entry.status in ("active", "paused") else ())),
        format_func=lambda move: t(f"tags.move.{move}"),
        key=f"tag_life_{entry.key}",
    )
    dialogs: dict[str, Callable[[TagEntry], None]] = {
        "active": publish, "paused": pause, "retired": retire, "merge": merge,
    }  # fmt: skip
    if chosen in dialogs:
        width: Literal["small", "large"] = "large" if chosen == "merge" else "small"
        st.dialog(t(f"tags.move.{chosen}"), width=width)(dialogs[chosen])(entry)


def publish(entry: TagEntry) -> None:
    """Ask before a tag can be used by everybody."""
    st.markdown(t("tags.publish.sure"))
    if st.button(t("tags.move.active"), type="primary"):
        with boundary():
            state.workspace().publish_tag(entry.key, actor=state.actor())
            _say(t("tags.published"))


def pause(entry: TagEntry) -> None:
    """Ask before a tag stands still."""
    st.markdown(t("tags.pause.sure", day=state.as_of().isoformat()))
    if st.button(t("tags.move.paused"), type="primary"):
        with boundary():
            state.workspace().pause_tag(entry.key, actor=state.actor(), as_of=state.as_of())
            _say(t("tags.paused"))


def retire(entry: TagEntry) -> None:
    """Show everything that depends on a tag before it is taken out of use; refused while anything does."""
    uses = state.workspace().tag_uses(entry.key)
    if uses:
        st.warning(t("tags.retire.used", n=len(uses)))
        for use in uses:
            page, name = ("tags", "tag") if use.kind == "tag" else ("audiences", "view")
            st.page_link(
                navigation.page_file(page),
                label=verbatim(pick(use.sentence)),
                query_params={name: use.name},
            )
        st.caption(t("tags.retire.how"))
        return
    st.markdown(t("tags.retire.sure"))
    if st.button(t("tags.move.retired"), type="primary"):
        with boundary():
            state.workspace().retire_tag(entry.key, actor=state.actor())
            _say(t("tags.retired"))


def merge(entry: TagEntry) -> None:
    """Choose the tag that takes another's place, see what that does, and do it."""
    workspace = state.workspace()
    catalogue = workspace.data_version().catalogue.tags
    others = [key for key, spec in catalogue.items() if key != entry.key and spec.type == entry.type]
    st.markdown(t("tags.merge.about"))
    into = st.selectbox(
        t("tags.merge.into"), others, index=None, format_func=lambda key: pick(catalogue[key].label)
    )
    if into is None:
        return
    with boundary():
        effect = workspace.merge_effect(entry.key, into, state.as_of())
        st.markdown(t("tags.effect.changed", n=effect.effect.changed, base=effect.effect.base))
        _audience_moves(effect.effect.audiences)
        if effect.left_behind:
            names = verbatim(t("frame.comma").join(effect.left_behind))
            st.caption(t("tags.merge.left_behind", names=names))
        for problem in effect.problems:
            st.error(verbatim(f"{problem.node} {pick(message_of(problem))}"))
        if not effect.problems and st.button(t("tags.move.merge"), type="primary"):
            workspace.merge_tags(entry.key, into, actor=state.actor())
            _say(t("tags.merged", name=pick(catalogue[into].label)))


def _audience_moves(moves: Sequence[AudienceMove]) -> None:
    if not moves:
        st.caption(t("tags.effect.no_audience"))
        return
    rows = [
        (move.name, *("–" if size is None else f"{size:,}" for size in (move.before, move.after)))
        for move in moves
    ]
    head = [t("tags.effect.audience"), t("tags.effect.before"), t("tags.effect.after")]
    st.html(tables.table(t("tags.effect.audiences"), head, rows))


def _say(words: str) -> None:
    """Keep a notice for the next run and begin it."""
    st.session_state["tags:notice"] = words
    st.rerun()


def _notice() -> None:
    """Show a notice; its place is always there, or what is below would be drawn anew, at its first tab."""
    with st.container():
        words = st.session_state.pop("tags:notice", None)
        if words:
            st.success(words)
