// The threshold curve: the distribution of what one condition compares, among those who pass everything else, with
// its thresholds as handles. While a handle is dragged the count is read off; let go, the condition changes.

import { selectControl } from "./controls.js";
import { makeDistribution } from "./distribution.js";
import { h, replace, say, set } from "./dom.js";
import { dayOf, makeScale, nearestPlace, passing, reach, readingOf, upToNow } from "./scale.js";
import { locate, patchNode } from "./tree.js";

export function makeThreshold(page, ask) {
  const { t, whole, language } = page.words;
  let chosen = null; // id of the condition; null = the selected one, else the first
  let offered = "";
  let curve = null;
  let scale = null;
  let bars = []; // of the curve, as they are drawn
  let isMoved = false; // by a handle here, and Python's answer is under way
  let held = null; // {handle, at}: being dragged, and where it stands
  let gesture = null; // keys pressed on one visit to a handle are one step of undo
  const thumbs = new Map(); // handle → its element

  const picker = h("span.thresholdpick");
  const value = h("strong.thresholdvalue");
  const count = h("span.thresholdcount");
  const change = h("span.change");
  const reading = h("p.thresholdreading", {}, value, h("span.quiet", { "aria-hidden": "true" }, "→"), count, change);
  const distribution = makeDistribution((bar) =>
    t("insight.threshold.at", { value: `${edge(bar.low)} – ${edge(bar.high, 1)}`, n: whole(bar.users) }),
  );
  const hand = { onpointerdown: press, onpointermove: drag, onpointerup: drop, onpointercancel: letGo };
  const box = h("div.curvebox", hand, distribution.element);
  const low = h("span");
  const high = h("span");
  const note = h("p.quiet.small");
  const chart = h("div.curve", {}, reading, box, h("div.axis", { "aria-hidden": "true" }, low, high));
  const element = h(
    "section.card.threshold",
    { "aria-label": t("insight.threshold") },
    h("h2", {}, t("insight.threshold")),
    picker,
    chart,
    note,
  );

  const nodes = () => ask.get("thresholds").found?.nodes.filter(({ node }) => locate(page.editor.rule, node)) ?? [];
  function present() {
    const ids = nodes().map(({ node }) => node);
    if (ids.includes(chosen)) return chosen;
    return ids.includes(page.editor.selected) ? page.editor.selected : (ids[0] ?? null);
  }

  // Where the handles stand, and what they say there.
  const positions = (handle) => curve.handles[handle];
  const standing = (handle) => {
    if (held?.handle === handle) return held.at;
    const now = handle === "n" ? curve.value.n : { low: curve.value?.[0], high: curve.value?.[1] }[handle];
    const wanted = now ?? curve.value;
    return positions(handle).findIndex((position) => position.value === wanted);
  };
  const todayAs = () => readingOf(page.editor.news.as_of);
  /** An end of a bar as people read it: the last day that is in it, where it ends with days. */
  const edge = (end, less = 0) =>
    curve.type === "date" ? dayOf(readingOf(end) - less) : page.words.number(end);
  const placeOf = (handle, position) =>
    handle === "n"
      ? scale(reach(curve.op, position.value, curve.value.unit, page.editor.news.as_of))
      : scale(position.value);
  const written = (handle, position) => {
    if (handle === "n") return `${whole(position.value)} ${t(`unit.${curve.value.unit}`, { n: position.value })}`;
    if (typeof position.value !== "number") return position.value;
    return `${page.words.number(position.value)}${curve.unit ? ` ${curve.unit[language].trim()}` : ""}`;
  };

  function draw() {
    const handles = Object.keys(curve.handles);
    const marks = handles.map((handle) => placeOf(handle, positions(handle)[standing(handle)]));
    if (handles[0] === "n") marks.push(scale(todayAs() + (curve.op === "in_next" ? 0 : 1)));
    distribution.draw(bars, passing(curve.op, marks, curve.is_flipped));
    for (const handle of handles) place(handle);
    for (const [handle, thumb] of thumbs) if (!handles.includes(handle)) thumbs.delete(handle) && thumb.remove();
    tell(held?.handle ?? handles[handles.length - 1]);
  }

  function place(handle) {
    if (!thumbs.has(handle)) thumbs.set(handle, thumbOf(handle));
    const thumb = thumbs.get(handle);
    if (!thumb.isConnected) box.append(thumb);
    const at = standing(handle);
    const position = positions(handle)[at];
    thumb.style.left = `${placeOf(handle, position) * 100}%`;
    set(thumb, {
      "aria-label": t(`insight.threshold.${handle}`, { what: what() }),
      "aria-valuemin": 0,
      "aria-valuemax": positions(handle).length - 1,
      "aria-valuenow": at,
      "aria-valuetext": t("insight.threshold.at", {
        value: written(handle, position),
        n: whole(position.matched),
      }),
    });
  }

  function thumbOf(handle) {
    return h("div.thumb", {
      role: "slider",
      tabindex: "0",
      "data-handle": handle,
      onkeydown: (event) => keys(event, handle),
      onfocus: () => {
        gesture = page.editor.gesture(`threshold:${curve.node}`);
      },
    });
  }

  const what = () => nodes().find(({ node }) => node === curve.node)?.what[language] ?? "";

  /** Says what the handles would give, as they stand. */
  function tell(handle) {
    const position = positions(handle)[standing(handle)];
    const names = Object.keys(curve.handles);
    say(value, names.map((name) => written(name, positions(name)[standing(name)])).join(" – "));
    say(count, t("insight.people", { n: whole(position.matched) }));
    const by = position.matched - curve.matched;
    say(change, held && by !== 0 ? page.words.signed(by) : "");
    change.classList.toggle("more", by > 0);
    change.classList.toggle("fewer", by < 0);
  }

  /** A lone handle's counts do not depend on where it stands: it may go on before its last move is answered. */
  const canMove = () =>
    !ask.get("threshold", { node: curve.node }).isOld || (isMoved && Object.keys(curve.handles).length === 1);

  // By hand: a press anywhere takes the nearest handle along.
  const shareAt = (event) => {
    const at = box.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - at.left) / at.width));
  };
  function press(event) {
    if (event.button !== 0 || !curve?.bars.length || !canMove()) return;
    const own = event.target.closest?.("[data-handle]")?.dataset.handle;
    const x = shareAt(event);
    const distance = (handle) => Math.abs(placeOf(handle, positions(handle)[standing(handle)]) - x);
    const handle = own ?? Object.keys(curve.handles).sort((a, b) => distance(a) - distance(b))[0];
    held = { handle, at: standing(handle), pointer: event.pointerId };
    box.setPointerCapture(event.pointerId);
    thumbs.get(handle).focus({ preventScroll: true });
    event.preventDefault();
    if (!own) drag(event);
  }
  function drag(event) {
    if (held?.pointer !== event.pointerId) return;
    const places = positions(held.handle).map((position) => placeOf(held.handle, position));
    held.at = nearestPlace(places, shareAt(event), held.at);
    draw();
  }
  function drop(event) {
    if (held?.pointer !== event.pointerId) return;
    const { handle, at } = held;
    held = null;
    if (at !== standing(handle)) put(handle, at, { gesture: page.editor.gesture(`drag:${curve.node}`) });
    draw();
  }
  function letGo() {
    held = null;
    if (curve) draw();
  }

  function keys(event, handle) {
    const last = positions(handle).length - 1;
    const far = Math.max(1, Math.round(last / 10));
    const at = standing(handle);
    const isReversed = handle === "n" && curve.op !== "in_next"; // a longer span reaches further to the left
    const by = isReversed ? -1 : 1;
    const to = {
      ArrowRight: at + by,
      ArrowLeft: at - by,
      ArrowUp: at + 1,
      ArrowDown: at - 1,
      PageUp: at + far,
      PageDown: at - far,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (!canMove()) return;
    const next = Math.min(last, Math.max(0, to));
    if (next !== at) put(handle, next, { gesture, typing: true });
  }

  function put(handle, at, how) {
    const { value: to } = positions(handle)[at];
    const now = curve.value;
    const next = { n: { ...now, n: to }, low: [to, now[1]], high: [now[0], to], value: to }[handle];
    const { node } = curve;
    isMoved = true;
    curve = { ...curve, value: next, matched: positions(handle)[at].matched };
    page.editor.edit(how.gesture, (rule) => patchNode(rule, node, { value: next }), {
      typing: how.typing,
      structure: false,
    });
  }

  function offer() {
    const all = nodes();
    const now = JSON.stringify(all);
    if (now === offered) return;
    offered = now;
    const select = selectControl(
      page,
      t("insight.threshold.which"),
      all.map(({ node, what: words }) => [node, words[language]]),
      (node) => {
        chosen = node;
        ask.again();
      },
    );
    ask.keeping(() => replace(picker, select.element));
    picker.sync = select.sync;
  }

  return {
    element,
    questions() {
      const node = present();
      return [{ kind: "thresholds" }, ...(node ? [{ kind: "threshold", args: { node } }] : [])];
    },
    update() {
      const list = ask.get("thresholds");
      offer();
      const node = present();
      const answer = node ? ask.get("threshold", { node }) : null;
      picker.hidden = nodes().length === 0;
      picker.sync?.(node);
      if (held) return;
      if (answer?.found && answer.found !== curve && !(answer.isOld && curve?.node === node)) {
        curve = answer.found;
        isMoved = false;
        bars = upToNow(curve.bars, curve.steps, page.editor.news.as_of);
        scale = makeScale(bars);
      } else if (!answer?.found) curve = null;
      element.classList.toggle("stale", Boolean(answer?.isOld));
      chart.hidden = !curve?.bars.length;
      say(note, noteOn(list, answer));
      note.hidden = note.textContent === "";
      if (chart.hidden) return;
      say(low, edge(bars[0].low));
      say(high, edge(bars[bars.length - 1].high, 1));
      draw();
    },
    leave() {
      held = null;
      chosen = null;
    },
  };

  function noteOn(list, answer) {
    if (list.error ?? answer?.error) return list.error ?? answer.error;
    if (list.found && nodes().length === 0) return t("insight.threshold.none");
    if (!curve) return list.isWaiting || answer?.isWaiting ? t("insight.waiting") : "";
    if (!curve.bars.length) return t(curve.users ? "insight.threshold.nobody" : "insight.threshold.empty");
    const parts = [t("insight.threshold.among", { n: whole(curve.users) })];
    if (curve.missing) parts.push(t("insight.threshold.missing", { n: whole(curve.missing) }));
    if (curve.fixed) parts.push(t("insight.threshold.fixed", { n: whole(curve.fixed) }));
    if (page.editor.rule.take) parts.push(t("insight.threshold.before_take"));
    return parts.join(" ");
  }
}
