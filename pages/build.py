"""圈选 Build: drag tags and events into conditions, see at once who matches, save it, take the list away."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import CallerError
from core.messages import message_of
from core.rules.parse import dump_rule
from dashboard import links, navigation, state
from dashboard.builder import component, exporting, facts, insight, saving, templates
from dashboard.builder.desk import Asking, Desk, Notice
from dashboard.builder.drafts import keeper
from dashboard.builder.protocol import read_message
from dashboard.builder.questions import Asked
from dashboard.errors import boundary, log_unknown
from dashboard.i18n import language, pick, t
from dashboard.tagmaker.value_task import ValueTask

DESK, WISH, REVEALED, INSIGHT, REV, OPENED = (
    "build:desk", "build:wish", "build:revealed", "build:insight", "build:rev", "build:opened",
)  # fmt: skip
PAGE_STYLE = """<style>
.stMainBlockContainer { padding: 3.7rem 0 0 0; max-width: none; }
.stMainBlockContainer > div > .stVerticalBlock, .stMainBlockContainer .stVerticalBlock { gap: 0; }
.st-key-build_stage, .st-key-build_facts, .st-key-build_insight {
  position: absolute; width: 0; height: 0; overflow: hidden; }
</style>"""

workspace = state.workspace()
version = workspace.data_version()
stamp = workspace.stamp()


def value_task_here() -> ValueTask | None:
    """Return whose rule the address says is built; None = a rule of its own."""
    if links.VALUE not in st.query_params:
        return None
    found = ValueTask.read(st.query_params[links.VALUE])
    found.draft()  # it must be there
    return found


def link_to(tree: Mapping[str, Any]) -> tuple[str, bool]:
    """Return a link to the rule, and whether it carries a token instead of the rule."""
    link = links.builder_link(tree, state.as_of())
    return link, f"?{links.KEPT}=" in link


asking = Asking(
    workspace=workspace,
    as_of=state.as_of,
    set_as_of=state.set_as_of,
    template=templates.template_rule,
    link=link_to,
    audience_link=lambda audience: links.audience_link(audience, state.as_of()),
    page_of=links.audience_page,
    log=log_unknown,
)


def desk() -> Desk:
    """Return this session's desk: as it was left, in this browser and perhaps before a restart.

    While the rule of a tag's value is built, that has a desk of its own and this one is left as it is.
    """
    newest = st.session_state.get(REV, 0)
    if task is not None:
        try:
            at = task.desk(newest)
        except CallerError:
            st.rerun()  # the form has let go of the value meanwhile: a run of the whole page says so
    else:
        at = own_desk()
    at.rev = max(at.rev, newest)  # what the browser sent to another desk is none of this one's
    return at


def own_desk() -> Desk:
    """Return the desk of rules and audiences."""
    if DESK not in st.session_state:
        kept = keeper.load(workspace, state.session_key())
        st.session_state[DESK] = Desk.from_json(kept) if kept else Desk()
        if st.session_state[DESK].as_of:
            state.set_as_of(st.session_state[DESK].as_of)
    return st.session_state[DESK]


def keep(of: Desk) -> None:
    """Keep the desk for the next visit of this browser."""
    st.session_state[REV] = of.rev
    if task is not None:
        return  # what is built for a tag is in the tag's draft already
    wish = st.session_state.get(WISH)
    of.asked = wish.as_json() if wish else of.asked
    keeper.keep(workspace, state.session_key(), of.as_json())


def open_link(on: Desk) -> None:
    """Open what the address names, once: a reload then shows what has become of it.

    The browser takes it out of the address when it has the page, and says so with its next message.
    """
    if state.has_come():
        st.session_state.pop(OPENED, None)
    asked = {name: st.query_params[name] for name in links.OPENING if name in st.query_params}
    if asked == st.session_state.get(OPENED, {}):
        return
    st.session_state[OPENED] = asked
    try:
        opened = links.opened_by(st.query_params)
        if opened is None:
            return
        audience = workspace.audience(opened.audience) if opened.audience else None
        if opened.as_of:
            on.as_of = opened.as_of
            state.set_as_of(opened.as_of)
        if audience is not None and audience.fixed_to is not None and workspace.check(audience.rule).errors:
            # Nobody asks the rule that it had before it was fixed: its people are there all the same.
            on.open(dump_rule(workspace.audience_rule(audience)), asking)
            on.notice("warn", "build.notice.fixed", name=audience.name)
        elif on.open(opened.source, asking, saved=audience) and audience is None:
            on.notice("good", "build.notice.link")
        keep(on)
    except CallerError as error:
        for problem in error.problems:
            on.notices.append(Notice("error", message_of(problem)))
        on.notice("error", "build.notice.kept_draft")


def shown() -> tuple[object, ...]:
    """Return what the whole page is drawn by: data and tags, the language, who acts."""
    return workspace.stamp(), language(), state.actor()


def follow() -> None:
    """Run the whole page again where what it is drawn by has changed since.

    Others bring data and tags into use. And the browser sends what is pressed in one moment together, as a
    run of one fragment if one of the presses was in it: then the header's buttons are heard, not followed.
    Called after a fragment's component is drawn: Streamlit forgets what one sent that is not drawn in a run.
    """
    if shown() != drawn_by:
        st.rerun()


@st.fragment
def build() -> None:
    """Take the edit in, count, answer: the whole of what happens between an edit and its number."""
    at = desk()
    before = (at.rev, at.epoch)
    answers = at.receive(read_message(component.state_of(component.BUILDER, "edit")), asking)
    if task is not None:
        task.settle(at)
    component.mount_builder(at.answer(asking, language(), answers), on_edit=lambda: None)
    if (at.rev, at.epoch) != before:
        keep(at)
    follow()
    if at.is_done and task is not None:
        task.leave()
        st.switch_page(navigation.page_file("tags"), query_params=task.way_back)
    dialog, at.dialog = at.dialog, None
    if dialog == "save":
        save()
    elif dialog == "export":
        export()


@st.fragment
def compare() -> None:
    """What may be a moment slower: distributions and the first people."""
    at, day = desk(), state.as_of()
    catalogue = version.catalogue
    ask = component.state_of(component.FACTS, "ask")
    wish = st.session_state.get(WISH) or facts.wished(at.asked, facts.first_wish(catalogue), catalogue)
    about = stamp_of(at)
    if isinstance(ask, Mapping) and ask.get("n") != st.session_state.get("build:ask"):
        st.session_state["build:ask"] = ask.get("n")
        st.session_state[WISH] = wish = facts.wished(ask, wish, catalogue)
        keep(at)
    answer: dict[str, Any] = {
        "n": st.session_state.get("build:ask"),
        "stamp": about,
        "chosen": wish.tags or [],
        "breakdowns": [],
        "people": None,
        "error": None,
    }
    try:
        wish = reveal(wish, about)
        rule = at.rule(asking)
        answer["chosen"] = tags = facts.charts(wish, rule, catalogue)
        if rule is not None:
            whole = at.people(rule, asking)
            counted = workspace.count(whole, day).answer
            answer["breakdowns"] = facts.breakdowns(
                workspace, whole, day, tags, (counted.count, counted.base)
            )
            answer["people"] = facts.people(workspace, whole, day, wish)
    except CallerError as error:
        wish.reveals = False
        answer["error"] = " ".join(pick(message_of(problem)) for problem in error.problems)
    except Exception as error:  # noqa: BLE001  the edge of the page: logged under the id that is shown
        answer["error"] = t("frame.error.ours", id=log_unknown(error))
    st.session_state[WISH] = wish
    component.mount_facts(answer, on_ask=lambda: None)
    follow()


@st.fragment
def explain() -> None:
    """What the insight panel asks, while it is open: why the number is what it is, what would change it."""
    at = desk()
    ask = insight.read_ask(component.state_of(component.INSIGHT, "ask"))
    desk_of_answers = st.session_state.setdefault(INSIGHT, insight.InsightDesk())
    about = None
    if ask is not None and ask.questions and (rule := at.rule(asking)) is not None:
        aside = at.aside(asking)
        about = Asked(
            workspace, rule, state.as_of(), {}, at.history.snapshot(), state.actor(),
            audience=None if aside is None else aside.id,
        )  # fmt: skip
    component.mount_insight(
        desk_of_answers.answer(ask, stamp_of(at), about, log_unknown), on_ask=lambda: None
    )
    follow()


def stamp_of(at: Desk) -> str:
    """Name the rule, the day and the data version that an answer is about; the browser writes the same."""
    return f"{at.epoch}|{at.stamp}|{state.as_of().isoformat()}|{stamp}"


def reveal(wish: facts.Wish, about: str) -> facts.Wish:
    """Log before personal values are shown; another rule, day or version is masked again."""
    shown = (about, *facts.personal_among(wish.fields, version.catalogue))
    if wish.reveals and st.session_state.get(REVEALED) != shown:
        if st.session_state.get(REVEALED) and st.session_state[REVEALED][0] != about:
            wish.reveals = False
        else:
            facts.log_revealed(workspace, wish.fields, state.actor())
            st.session_state[REVEALED] = shown
    if not wish.reveals:
        st.session_state.pop(REVEALED, None)
    return wish


@st.dialog(t("build.save.title"))
def save() -> None:
    at = desk()
    rule = at.rule(asking)
    if rule is None:
        say_what_is_missing("build.save.broken")
        return
    saved = saving.save_form(at, rule, asking)
    if saved is not None:
        at.remember(saved)
        at.notice("good", "build.notice.saved", name=saved.name)
        keep(at)
        st.rerun()


@st.dialog(t("build.export.title"), width="large")
def export() -> None:
    at = desk()
    rule = at.rule(asking)
    if rule is None:
        say_what_is_missing("build.export.broken")
        return
    exporting.export_form(at, rule, asking)


def say_what_is_missing(lead: str) -> None:
    st.warning(t(lead))
    for problem in workspace.check(desk().history.tree).errors:
        st.markdown(f"- {pick(message_of(problem))}")


task: ValueTask | None = None
drawn_by = shown()
st.html(PAGE_STYLE)
try:
    task = value_task_here()
except CallerError as error:
    del st.query_params[links.VALUE]
    for problem in error.problems:
        desk().notices.append(Notice("error", message_of(problem)))
with boundary():
    open_link(desk())
    component.mount_stage(workspace.catalogue(), stamp, language())
    build()
    compare()
    explain()
