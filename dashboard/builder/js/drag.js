// Dragging with mouse, pen or finger: a tag from the palette, or a node of the rule, into any gap of any group,
// onto a condition (the two become a group), or into the exclude block. Escape gives up.

import { h, icon } from "./dom.js";
import { EXCLUDE, fits, gapsFor, joinable, locate } from "./tree.js";

const THRESHOLD = 5; // pixels before a press is a drag
const EDGE = 56; // pixels from the edge at which the canvas scrolls by itself
const FASTEST = 18; // pixels a frame
const ONTO = 0.3; // the part of a row's height, above and below, that means a gap and not the row itself

export function makeDrag(page) {
  let press = null; // {x, y, what, source, pointer}: a press that may become a drag
  let drag = null; // {node, what, ghost, spot}
  let frame = 0;
  const line = h("div.dropline", { hidden: true, "aria-hidden": "true" }, h("span"));

  function pressed(event) {
    if (event.button !== 0 || drag || page.editor.isReplacing) return;
    const what = whatIsAt(event);
    if (!what) return;
    press = { x: event.clientX, y: event.clientY, ...what, pointer: event.pointerId };
    if (what.item) page.lookAhead(what.item);
    window.addEventListener("pointermove", moved);
    window.addEventListener("pointerup", released);
    window.addEventListener("pointercancel", cancelled);
    window.addEventListener("keydown", escaped, true);
    if (event.pointerType !== "mouse" || event.target.closest("[data-grip]"))
      event.target.setPointerCapture?.(event.pointerId);
  }

  /** A finger drags by the grip, so that it can still scroll; a mouse by anything that is no control. */
  function whatIsAt(event) {
    const path = event.composedPath();
    const gripped = path.some((e) => e.matches?.("[data-grip]"));
    if (event.pointerType !== "mouse" && !gripped) return null;
    if (!gripped && path.some((e) => e.matches?.("input, select, textarea, button:not([data-item]), a, .popover")))
      return null;
    const chip = path.find((e) => e.dataset?.item);
    if (chip) return { item: page.itemOf(chip.dataset.item), source: chip };
    const element = path.find((e) => e.dataset?.id);
    const place = element && locate(page.editor.rule, element.dataset.id);
    return place?.parent ? { id: element.dataset.id, source: element } : null;
  }

  function moved(event) {
    if (!press || event.pointerId !== press.pointer) return;
    if (!drag) {
      if (Math.hypot(event.clientX - press.x, event.clientY - press.y) < THRESHOLD) return;
      begin();
    }
    event.preventDefault();
    drag.x = event.clientX;
    drag.y = event.clientY;
    if (!frame) frame = requestAnimationFrame(track);
  }

  function begin() {
    const box = press.source.getBoundingClientRect();
    const node = press.item ? page.draftOf(press.item) : locate(page.editor.rule, press.id).node;
    const ghost = h(
      "div.dragged",
      { "aria-hidden": "true" },
      icon(node.kind === "group" ? "group" : (page.catalogue.iconOf(node) ?? "multi")),
      h("span", {}, press.item ? page.catalogue.nameOf(press.item) : page.nameOf(node)),
    );
    drag = { node, ghost, spot: null, x: press.x, y: press.y, hasLeftEdge: false };
    press.source.classList.add("leaving");
    page.layer.append(ghost, line);
    page.shell.classList.add("dragging");
    page.popovers.close({ refocus: false });
    page.closePalette();
    page.live.say(page.words.t("drag.began", { name: page.nameOf(node) }));
    ghost.style.minWidth = `${Math.min(260, Math.max(140, box.width * 0.4))}px`;
  }

  function track() {
    frame = 0;
    if (!drag) return;
    drag.ghost.style.transform = `translate(${drag.x + 12}px, ${drag.y + 8}px) rotate(-0.8deg)`;
    const before = drag.spot;
    drag.spot = spotAt(page, drag.node, drag.x, drag.y);
    if (!sameSpot(before, drag.spot)) showSpot(page, line, drag.spot);
    else if (drag.spot) putLine(page, line, drag.spot);
    const pull = pullAt(page, drag.x, drag.y);
    // A drag that begins at the edge (the palette's sheet on a phone) must leave it before it scrolls.
    drag.hasLeftEdge ||= pull === 0;
    if (pull !== 0 && drag.hasLeftEdge && scrolled(page.scroller(), pull)) frame = requestAnimationFrame(track);
  }

  function released(event) {
    if (!press || event.pointerId !== press.pointer) return;
    if (drag) {
      event.preventDefault();
      if (frame) {
        cancelAnimationFrame(frame);
        track();
      }
      const { spot } = drag;
      const what = press;
      end();
      swallowClick();
      if (!spot) return;
      page.animate(() => {
        if (what.item && spot.onto) page.actions.dropItemOn(what.item, spot.onto);
        else if (what.item) page.actions.dropItem(what.item, spot.group, spot.index);
        else if (spot.onto) page.actions.moveOn(what.id, spot.onto);
        else page.actions.moveTo(what.id, spot.group, spot.index);
      });
    } else end();
  }

  function swallowClick() {
    const stop = (event) => {
      event.stopPropagation();
      event.preventDefault();
    };
    window.addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => window.removeEventListener("click", stop, { capture: true }), 0);
  }

  function cancelled(event) {
    if (press && event.pointerId === press.pointer) end();
  }

  function escaped(event) {
    if (event.key !== "Escape" || !drag) return;
    event.preventDefault();
    event.stopPropagation();
    end();
    page.live.say(page.words.t("drag.cancelled"));
  }

  function end() {
    window.removeEventListener("pointermove", moved);
    window.removeEventListener("pointerup", released);
    window.removeEventListener("pointercancel", cancelled);
    window.removeEventListener("keydown", escaped, true);
    press?.source.classList.remove("leaving");
    if (drag) {
      drag.ghost.remove();
      showSpot(page, line, null);
      line.remove();
      page.shell.classList.remove("dragging");
    }
    if (frame) cancelAnimationFrame(frame);
    frame = 0;
    press = null;
    drag = null;
  }

  page.listen(page.root, "pointerdown", pressed);
  return { line, cancel: end };
}

/** Where a drop at this point would go: {onto}, {group, index}, or null. */
function spotAt(page, node, x, y) {
  const rule = page.editor.rule;
  const onto = [...page.canvas.querySelectorAll("li.row")].find((row) => {
    const box = row.getBoundingClientRect();
    return x >= box.left && x <= box.right && y >= box.top + box.height * ONTO && y <= box.bottom - box.height * ONTO;
  });
  if (onto && joinable(rule, onto.dataset.id, node) && !isWithin(node, onto.dataset.id))
    return { onto: onto.dataset.id };
  const exclude = page.canvas.querySelector("[data-gap='exclude']");
  if (exclude && contains(exclude.getBoundingClientRect(), x, y)) return { group: EXCLUDE, index: 0 };
  let deepest = null;
  for (const group of page.canvas.querySelectorAll(".group")) {
    if (contains(group.getBoundingClientRect(), x, y) && fits(rule, group.dataset.id, node)) deepest = group;
  }
  if (!deepest) return null;
  const list = deepest.querySelector(":scope > .children");
  const rows = [...list.children];
  const after = rows.findIndex((row) => {
    const box = row.getBoundingClientRect();
    return y < box.top + box.height / 2;
  });
  const spot = { group: deepest.dataset.id, index: after < 0 ? rows.length : after };
  const isOpen = gapsFor(rule, node).some((gap) => gap.group === spot.group && gap.index === spot.index);
  return isOpen ? spot : null;
}

function isWithin(node, id) {
  return node.id === id || (node.children ?? []).some((child) => isWithin(child, id));
}

function contains(box, x, y) {
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
}

function sameSpot(a, b) {
  return a?.onto === b?.onto && a?.group === b?.group && a?.index === b?.index;
}

/** Marks a spot: a line with words in a gap, an outline around a condition. */
export function showSpot(page, line, spot) {
  for (const marked of page.canvas.querySelectorAll(".target")) marked.classList.remove("target");
  line.hidden = !spot || Boolean(spot.onto);
  if (!spot) return;
  const { t } = page.words;
  const target = page.canvas.querySelector(
    spot.onto
      ? `[data-id="${CSS.escape(spot.onto)}"]`
      : spot.group === EXCLUDE
        ? "[data-gap='exclude']"
        : `[data-id="${CSS.escape(spot.group)}"]`,
  );
  target?.classList.add("target");
  if (spot.onto) {
    target.dataset.words = t("drop.onto", { name: page.nameOf(locate(page.editor.rule, spot.onto).node) });
    return;
  }
  const group = locate(page.editor.rule, spot.group)?.node;
  line.dataset.match = spot.group === EXCLUDE ? "exclude" : (group?.match ?? "all");
  line.firstChild.textContent = spot.group === EXCLUDE ? t("drop.exclude") : t(`drop.${group?.match ?? "all"}`);
  putLine(page, line, spot);
}

function putLine(page, line, spot) {
  if (spot.onto) return;
  const list = page.canvas.querySelector(`[data-children="${CSS.escape(spot.group)}"]`);
  const rows = [...(list?.children ?? [])];
  const at = rows.length ? list : page.canvas.querySelector(`[data-gap="${CSS.escape(spot.group)}"]`);
  if (!at) return;
  const box = at.getBoundingClientRect();
  const next = rows[spot.index]?.getBoundingClientRect();
  const last = rows[rows.length - 1]?.getBoundingClientRect();
  const y = next ? next.top - 3 : last ? last.bottom + 3 : box.top + box.height / 2;
  line.style.transform = `translate(${box.left}px, ${y}px)`;
  line.style.width = `${box.width}px`;
}

/** How far a point lies in the zones at the top and bottom edge in which the rule scrolls; 0 outside. */
function pullAt(page, x, y) {
  const box = page.scroller().getBoundingClientRect();
  const top = Math.max(0, box.top);
  const bottom = Math.min(window.innerHeight, box.bottom) - page.barHeight();
  if (x < box.left || x > box.right) return 0;
  return y < top + EDGE ? y - top - EDGE : Math.max(0, y - bottom + EDGE);
}

function scrolled(scroller, pull) {
  const before = scroller.scrollTop;
  scroller.scrollTop += Math.max(-FASTEST, Math.min(FASTEST, pull / 3));
  return scroller.scrollTop !== before;
}
