// The page as a whole: puts the parts together, redraws them after an edit, keeps focus and place.

import { makeActions } from "./actions.js";
import { makeCanvas } from "./canvas.js";
import { makeCatalogue, newLeaf } from "./catalogue.js";
import { h, place } from "./dom.js";
import { makeDrag } from "./drag.js";
import { makeEditor } from "./editor.js";
import { makeFacts } from "./facts.js";
import { makeInsight } from "./insight.js";
import { makeKeyboard } from "./keyboard.js";
import { makeLive } from "./live.js";
import { makeLookups, needsTop } from "./lookups.js";
import { makePalette } from "./palette.js";
import { makePanel } from "./panel.js";
import { makePopovers } from "./popover.js";
import { makeToolbar } from "./toolbar.js";
import { EXCLUDE, groupToAddTo, locate } from "./tree.js";
import { makeTurns } from "./turns.js";
import { makeWire } from "./wire.js";
import { makeWords } from "./words.js";

const NARROW = 1020; // below it the palette and the panel would leave the rule too little
const MEDIUM = 1180;

/**
 * @param root the shadow root that the page lives in
 * @param stage {stamp, language, texts, catalogue, css}
 */
export function makePage(root, stage) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(stage.css);
  root.adoptedStyleSheets = [sheet];
  const page = {
    root,
    stamp: stage.stamp,
    catalogueStamp: stage.stamp,
    words: makeWords(stage.texts, stage.language),
    drawing: 0,
    facts: null,
    isSettling: false,
    forced: false,
    redrawOpen: null,
    verdicts: null, // node id → whether it holds for the user who is looked at
  };
  page.catalogue = makeCatalogue(stage.catalogue, stage.language);
  const send = (message) => {
    page.turns.overtake();
    page.send(message);
  };
  page.wire = makeWire(send, {
    set: (fn, ms) => setTimeout(fn, ms),
    clear: (timer) => clearTimeout(timer),
  });
  page.turns = makeTurns(() => page.wire.isWaiting);
  page.editor = makeEditor(page.wire, (what) => changed(what));
  page.editor.isSettled = () => !page.wire.isWaiting;
  page.lookups = makeLookups(page.wire, () => {
    page.redrawOpen?.();
    page.redraw();
  });
  page.live = makeLive();
  page.layer = h("div.layer");
  page.shell = h("div.shell");
  const life = new AbortController();
  /** Listens for as long as this page lives: the root and the window outlive it. */
  page.listen = (target, type, listener, capture = false) =>
    target.addEventListener(type, listener, { capture, signal: life.signal });
  // While an input method composes, Enter, Escape and the arrows are its own: nothing here acts on them.
  const isComposing = (event) => event.isComposing || event.keyCode === 229;
  page.listen(root, "keydown", (event) => isComposing(event) && event.stopImmediatePropagation(), true);
  page.popovers = makePopovers(page);
  page.ready = new Map(); // key → {kind: "ready", key, label, node}: what charts offer to be dragged into the rule
  page.itemOf = (id) => {
    const [kind, ...key] = id.split(":");
    const { events, tags, kinds } = page.catalogue;
    return { event: events, tag: tags, kind: kinds, ready: page.ready }[kind].get(key.join(":"));
  };

  // Names and places, as people would say them.
  page.nameOf = (node) => {
    if (!node) return "";
    if (node.kind !== "group") return page.catalogue.title(node);
    if (node.label) return node.label;
    if (node.id === page.editor.rule.include.id) return page.words.t("include");
    if (node.id === page.editor.rule.exclude?.id) return page.words.t("exclude");
    const names = node.children.slice(0, 2).map(page.nameOf);
    return names.length
      ? `${names.join(page.words.t(`join.${node.match}`))}${node.children.length > 2 ? "…" : ""}`
      : page.words.t("group");
  };
  page.whereIs = (id) => {
    const at = locate(page.editor.rule, id);
    return at?.parent
      ? page.words.t("where.is", { group: page.nameOf(at.parent), place: at.index + 1, of: at.parent.children.length })
      : "";
  };
  page.whereAdds = () => {
    const { group } = groupToAddTo(page.editor.rule, page.editor.selected);
    return group === EXCLUDE ? page.words.t("exclude") : page.nameOf(locate(page.editor.rule, group).node);
  };
  page.draftOf = (item) => newLeaf(item, " new", null, page.catalogue);
  page.chartable = () => page.catalogue.data.tags.filter((tag) => !tag.personal);

  page.actions = makeActions(page);
  const canvas = makeCanvas(page);
  page.canvas = canvas.element;
  page.viewOf = canvas.viewOf;
  page.showVerdicts = (verdicts) => canvas.markVerdicts((page.verdicts = verdicts));
  const palette = makePalette(page);
  page.palette = palette.element;
  page.searchInput = palette.input;
  const toolbar = makeToolbar(page);
  page.insight = makeInsight(page);
  const panel = makePanel(page);
  const facts = makeFacts(page, panel);
  const veil = h("div.paletteveil", { onpointerdown: () => page.closePalette() });
  const middle = h("div.middle", {}, toolbar.element, h("div.scroll", {}, canvas.element));
  place(page.shell, [palette.element, veil, middle, panel.element, page.layer, ...page.live.elements]);
  page.shell.lang = stage.language === "zh" ? "zh-CN" : "en";
  root.append(page.shell);
  page.drag = makeDrag(page);
  makeKeyboard(page);

  // Drawing.
  function changed({ structure }) {
    page.drawing += 1;
    page.keepFocus(() => {
      canvas.update();
      page.markSelected();
      toolbar.update();
      panel.update();
      page.insight.follow();
    });
    page.popovers.reposition();
    page.shell.classList.toggle("waiting", page.wire.isWaiting);
    if (structure && page.wire.isWaiting) facts.settle();
  }
  page.redraw = () => changed({ structure: false });
  page.markSelected = () => {
    canvas.markSelected();
    palette.update();
  };

  /** Draws, and gives the focus back to the control that had it when that control was built anew. */
  page.keepFocus = (draw) => {
    const had = root.activeElement;
    const at = had?.closest?.("[data-id]")?.dataset.id;
    const what = had?.dataset?.f;
    const range = typeof had?.selectionStart === "number" ? [had.selectionStart, had.selectionEnd] : null;
    draw();
    if (!had || had.isConnected || !at || !what) return;
    const again = page.canvas.querySelector(`[data-id="${CSS.escape(at)}"] [data-f="${CSS.escape(what)}"]`);
    again?.focus();
    if (range && again?.setSelectionRange && again.type === "text") again.setSelectionRange(...range);
  };
  page.isTyping = (input) => root.activeElement === input && !page.forced;

  /** Moves what changed its place smoothly there, unless less motion is wished for. */
  page.animate = (change) => {
    const before = new Map(
      [...page.canvas.querySelectorAll("[data-id]")].map((e) => [e.dataset.id, e.getBoundingClientRect()]),
    );
    change();
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const element of page.canvas.querySelectorAll("li[data-id]")) {
      const old = before.get(element.dataset.id);
      const now = element.getBoundingClientRect();
      if (!old)
        element.animate(
          [
            { opacity: 0, transform: "scale(.98)" },
            { opacity: 1, transform: "none" },
          ],
          { duration: 140 },
        );
      else if (Math.abs(old.top - now.top) > 1)
        element.animate([{ transform: `translateY(${old.top - now.top}px)` }, { transform: "none" }], {
          duration: 160,
          easing: "ease-out",
        });
    }
  };

  // Python's news.
  page.receive = (news) => {
    page.forced = news.epoch !== page.wire.epoch;
    const before = page.editor.news;
    page.editor.receive(news);
    page.forced = false;
    page.lookups.receive(news);
    toolbar.receive(news);
    if (page.wire.isWaiting) return;
    page.turns.rested();
    page.insight.follow();
    if (news !== before) facts.settle();
  };

  // What follows the number: the charts and the people when edits rest, the insight panel at once while it is open.
  /** Names the rule, day and data that Python's newest answer is about; Python writes the same. */
  page.stampNow = () => {
    const { epoch, tree_stamp: at, as_of: day, version } = page.editor.news;
    return `${epoch}|${at}|${day}|${version}`;
  };
  page.askFacts = facts.ask;
  page.settleFacts = facts.settle;
  page.take = (name, data, send) => {
    page.turns.by(name, send);
    page.turns.answered(name, data.n, () => (name === "facts" ? facts : page.insight).take(data));
  };

  page.lookAhead = (item) => needsTop(item) && page.editor.started && page.lookups.list({ key: item.key });
  let hover = null;
  page.lookAheadLater = (item) => {
    clearTimeout(hover);
    hover = setTimeout(() => page.lookAhead(item), 120);
  };

  // Moving about.
  page.focusNode = (id) => {
    if (!id) return;
    const element = page.canvas.querySelector(`[data-id="${CSS.escape(id)}"]`);
    (element?.querySelector("[data-grip]") ?? element?.querySelector("button"))?.focus({ preventScroll: true });
    page.revealElement(element);
  };
  page.reveal = (id) => page.revealElement(page.canvas.querySelector(`[data-id="${CSS.escape(id)}"]`));
  page.revealElement = (element) => element?.scrollIntoView({ block: "nearest" });
  page.scroller = () => (page.size === "narrow" ? outerScroller(root.host) : page.canvas.parentElement);
  page.barHeight = () => (page.size === "narrow" ? panel.head.getBoundingClientRect().height : 0);
  /** Puts a whole rule in the place of this one, as one step that undo takes back. */
  page.putRule = (rule, said) => {
    const done = page.editor.edit(page.editor.gesture("put"), () => rule);
    if (done) page.live.say(said);
  };
  page.history = (which) =>
    page.editor.news?.[which === "undo" ? "can_undo" : "can_redo"] !== false && page.editor.replaceBy(which);
  page.ask = (which) => page.wire.command("dialog", { which });
  page.openPalette = () => {
    page.shell.classList.add("paletteopen");
    palette.input.focus();
  };
  page.closePalette = () => page.shell.classList.remove("paletteopen");

  // The size decides between three columns, two, and a stack with the number at the foot.
  function measure() {
    const width = root.host.clientWidth || root.host.getBoundingClientRect().width;
    page.size = width < NARROW ? "narrow" : width < MEDIUM ? "medium" : "wide";
    page.shell.dataset.size = page.size;
    const top = Math.max(0, root.host.getBoundingClientRect().top + (outerScroller(root.host)?.scrollTop ?? 0));
    page.shell.style.setProperty("--above", `${Math.round(top)}px`);
    page.popovers.reposition();
  }
  const observer = new ResizeObserver(measure);
  observer.observe(root.host);
  page.listen(window, "resize", measure);
  page.listen(window, "pagehide", () => page.wire.flush(true));
  measure();

  page.leave = () => {
    life.abort();
    observer.disconnect();
    page.drag.cancel();
    facts.leave();
    page.insight.leave();
    clearTimeout(hover);
    // Drawn anew, in another language, it goes on. Left for another page of the app it must be silent: Streamlit
    // would run a fragment that is gone, and clear the other page for it.
    if (root.host.isConnected) page.wire.flush(true);
    page.wire.stop();
    page.shell.remove();
  };
  return page;
}

function outerScroller(host) {
  for (let element = host.parentElement; element; element = element.parentElement) {
    if (/(auto|scroll)/.test(getComputedStyle(element).overflowY)) return element;
  }
  return document.scrollingElement;
}
