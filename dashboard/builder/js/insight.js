// The insight panel: why the number is what it is, and what would change it. Four tabs under the number; closed it
// asks nothing and draws nothing. This file is the frame: tabs, asking, opening and closing.
//
// A tab is a module with a function makeXxxTab(page, ask) → {element, questions, update, enter?, leave?}:
//   element      what the tab shows; made once, without any question asked
//   questions()  what it wants to know about the present rule: [{kind, args}], kinds as in questions.py. It is
//                called again after every edit and every answer, so that one question may follow from another's
//                answer. Leaving a question out cancels it when it is under way.
//   update()     draws from page.editor and ask.get(); called after every edit and every answer while it is open.
//                What is old stays, pale (answer.isOld), until the new answer is there: nothing may jump.
//   enter(), leave()   the tab is shown, or no longer: leave() takes back what it marked elsewhere in the page
// and what it is given:
//   ask.get(kind, args) → {found, error, isOld, isWaiting, progress}
//                found: the answer in JSON (docs/explain.md), or null; of an earlier state of the rule while
//                isOld. error: words, or null. isWaiting: the answer is under way (never while the rule cannot be
//                counted); progress: as the question told.
//   ask.again()  questions() has changed for another reason than an edit: somebody typed, or chose something
//   ask.goTo(node)  puts the focus on a node's card; a sheet that covers the card gives way
//   ask.keeping(draw)  runs draw() and gives the focus back to the control with the same data-f, else to the panel
// Python drops nothing on its side: an ask carries every question without an answer, and while something is
// pending it is asked again every POLL milliseconds. An answer about another state of the rule is dropped here.

import { makeDiagnoseTab } from "./diagnose.js";
import { h, icon, set } from "./dom.js";
import { makeProfileTab } from "./profiletab.js";
import { makeSizeTab } from "./size.js";
import { makeHistoryTab } from "./trendtab.js";

const POLL = 60; // milliseconds between two looks at a long question
const TABS = { diagnose: makeDiagnoseTab, size: makeSizeTab, history: makeHistoryTab, profile: makeProfileTab };

export function makeInsight(page) {
  const { t } = page.words;
  const records = new Map(); // question → {stamp, found, error, progress, isPending}
  const tabs = new Map(); // name → tab, made when it is first opened
  let open = null; // name of the open tab
  let opener = null; // what gets the focus when the panel closes
  let polling = null;
  let running = new Set(); // questions that Python is still at

  const keyOf = (kind, args = {}) => JSON.stringify([kind, args]);
  const isAnswered = (key) => {
    const record = records.get(key);
    return record !== undefined && record.stamp === page.stampNow() && !record.isPending;
  };

  const ask = {
    get(kind, args) {
      const record = records.get(keyOf(kind, args));
      const isOld = record?.stamp !== page.stampNow() || page.editor.isStale || page.wire.isWaiting;
      return {
        found: record?.found ?? null,
        error: isOld ? null : (record?.error?.[page.words.language] ?? null),
        isOld,
        isWaiting: page.editor.news.counts !== null && (isOld || Boolean(record?.isPending)),
        progress: isOld ? null : (record?.progress ?? null),
      };
    },
    again() {
      want();
      draw();
    },
    goTo(node) {
      if (page.size === "narrow") close();
      page.focusNode(node);
    },
    keeping(drawing) {
      const had = page.root.activeElement;
      const isOurs = had && body.contains(had);
      drawing();
      if (!isOurs || had.isConnected) return;
      const again = had.dataset.f && body.querySelector(`[data-f="${CSS.escape(had.dataset.f)}"]`);
      (again || body).focus({ preventScroll: true });
    },
  };

  /** Asks what the open tab lacks; with nothing lacking, only to cancel what is no longer wanted. */
  function want() {
    if (page.wire.isWaiting || !page.editor.news) return; // the edit's answer brings us here again
    const stamp = page.stampNow();
    const canBeAsked = open && page.editor.counts && !page.editor.isStale;
    const wanted = (canBeAsked ? tabs.get(open).questions() : []).map(({ kind, args = {} }) => ({
      key: keyOf(kind, args),
      kind,
      args,
    }));
    const keys = new Set(wanted.map(({ key }) => key));
    const keepsOld = open && !canBeAsked; // a rule in mid-edit: what was known of the last whole one stays, pale
    if (!keepsOld)
      for (const [key, record] of records) if (!keys.has(key) && record.stamp !== stamp) records.delete(key);
    const questions = wanted.filter(({ key }) => !isAnswered(key));
    const under = page.turns.pending("insight");
    const isNeedless = [...running].some((key) => !keys.has(key));
    if (questions.length === 0 && !isNeedless && !under?.questions.length) return;
    const named = (list) => list.map(({ key }) => key).join();
    const isSame = under?.stamp === stamp && named(under.questions) === named(questions);
    if (!isSame) page.turns.ask("insight", { stamp, questions });
  }

  function take(data) {
    clearTimeout(polling);
    polling = null;
    running = new Set(data.answers.filter((answer) => answer.pending).map(({ key }) => key));
    if (data.stamp === page.stampNow()) {
      for (const { key, found = null, error = null, pending = false, progress = null } of data.answers) {
        const kept = pending ? (records.get(key)?.found ?? null) : found;
        records.set(key, { stamp: data.stamp, found: kept, error, progress, isPending: pending });
      }
      if (running.size) polling = setTimeout(want, POLL);
    }
    draw();
    if (polling === null) want(); // one question may have followed from another's answer
  }

  function draw() {
    if (!open) return;
    broken.hidden = !page.editor.news || page.editor.news.counts !== null;
    alone.hidden = !page.editor.counts?.aside;
    if (page.size === "narrow") page.shell.style.setProperty("--bar-height", `${Math.round(page.barHeight())}px`);
    tabs.get(open).update();
  }

  // The strip of tabs, the panel below it.
  const buttons = Object.keys(TABS).map((name) =>
    h(
      "button.insighttab",
      {
        type: "button",
        role: "tab",
        id: `insight-tab-${name}`,
        "data-tab": name,
        "aria-selected": "false",
        "aria-controls": "insight-panel",
        title: t(`insight.${name}.tip`),
        onclick: () => show(name),
      },
      t(`insight.${name}`),
    ),
  );
  const shut = h(
    "button.plain.insightclose",
    {
      type: "button",
      hidden: true,
      "aria-label": t("insight.close"),
      title: t("insight.close"),
      onclick: () => close(),
    },
    icon("close"),
  );
  const list = h("div.insighttabs", { role: "tablist", "aria-label": t("insight"), onkeydown: arrowsBetween }, buttons);
  const broken = h("p.notice.warning", { hidden: true }, icon("warn"), h("span", {}, t("insight.broken")));
  const alone = h("p.notice.warning", { hidden: true }, icon("warn"), h("span", {}, t("insight.alone")));
  const body = h("div.insightbody", { role: "tabpanel", id: "insight-panel", tabindex: "0", hidden: true });
  const element = h(
    "section.insight",
    { "aria-label": t("insight"), onkeydown: escape },
    h("div.insightstrip", {}, list, shut),
    body,
  );

  function show(name, { focus = false, from = null } = {}) {
    if (!page.editor.news) return undefined;
    if (!tabs.has(name)) tabs.set(name, TABS[name](page, ask));
    if (open !== name) {
      if (open) tabs.get(open).leave?.();
      else opener = from ?? page.root.activeElement;
      open = name;
      body.replaceChildren(broken, alone, tabs.get(name).element);
      body.scrollTop = 0;
      tabs.get(name).enter?.();
    }
    mark();
    want();
    draw();
    if (focus) buttons.find((button) => button.dataset.tab === name).focus();
    return tabs.get(name);
  }

  function close() {
    if (!open) return;
    const name = open;
    tabs.get(name).leave?.();
    open = null;
    body.replaceChildren();
    mark();
    clearTimeout(polling);
    polling = null;
    want();
    page.settleFacts();
    const isThere = opener?.isConnected && opener.offsetParent && !list.contains(opener);
    (isThere ? opener : buttons.find((button) => button.dataset.tab === name)).focus();
  }

  /** Shows which tab is open; of the tabs only one is a stop of the Tab key. */
  function mark() {
    page.shell.classList.toggle("insightopen", open !== null);
    body.hidden = open === null;
    shut.hidden = open === null;
    set(body, { "aria-labelledby": open ? `insight-tab-${open}` : null });
    buttons.forEach((button, i) => {
      const isOpen = button.dataset.tab === open;
      set(button, { "aria-selected": String(isOpen), tabindex: isOpen || (open === null && i === 0) ? "0" : "-1" });
    });
  }

  function arrowsBetween(event) {
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const button = buttons[(to + buttons.length) % buttons.length];
    if (open) show(button.dataset.tab, { focus: true });
    else button.focus();
  }

  function escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !open) return;
    if (page.shell.classList.contains("grabbing")) return; // it gives up what is held
    event.preventDefault();
    event.stopPropagation();
    close();
  }

  mark();
  return {
    element,
    show,
    close,
    take,
    get open() {
      return open;
    },
    /** Whether the panel stands where the charts would. */
    get covers() {
      return open !== null && page.size !== "narrow";
    },
    /** The rule, or what Python said about it, has changed. */
    follow() {
      want();
      draw();
    },
    leave() {
      clearTimeout(polling);
      if (open) tabs.get(open).leave?.();
    },
  };
}
