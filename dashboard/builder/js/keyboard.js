// The same from the keyboard: Space grabs, arrows choose the place, Enter or Space drops, Escape gives up; one key
// for each thing that can be done to a row. What happens is said in the live region.

import { showSpot } from "./drag.js";
import { EXCLUDE, gapsFor, locate } from "./tree.js";

export function makeKeyboard(page) {
  const { t } = page.words;
  let held = null; // {item | id, gaps, at, from}

  function grab(what, from) {
    const node = what.item ? page.draftOf(what.item) : locate(page.editor.rule, what.id)?.node;
    const gaps = node ? gapsFor(page.editor.rule, node) : [];
    if (what.item) page.lookAhead(what.item);
    if (gaps.length === 0) return page.live.say(t("grab.nowhere"));
    held = { ...what, gaps, at: startAt(gaps, what), from };
    page.shell.classList.add("grabbing");
    page.layer.append(page.drag.line);
    show(t("grab.began", { name: page.nameOf(node) }));
    return undefined;
  }

  /** Begins where a click would add, or beside where the node stands. */
  function startAt(gaps, what) {
    const place = what.id ? locate(page.editor.rule, what.id) : null;
    const near = place
      ? gaps.findIndex((gap) => gap.group === place.parent.id && gap.index > place.index)
      : gaps.findIndex(
          (gap) => gap.group === page.editor.rule.include.id && gap.index === page.editor.rule.include.children.length,
        );
    return Math.max(0, near);
  }

  function show(prefix = "") {
    const gap = held.gaps[held.at];
    showSpot(page, page.drag.line, gap);
    const group = gap.group === EXCLUDE ? null : locate(page.editor.rule, gap.group);
    page.revealElement(
      group
        ? page.canvas.querySelector(`[data-children="${CSS.escape(gap.group)}"]`)?.children[Math.max(0, gap.index - 1)]
        : page.canvas.querySelector("[data-gap='exclude']"),
    );
    showSpot(page, page.drag.line, gap);
    page.live.say(
      [
        prefix,
        t("grab.at", {
          at: held.at + 1,
          of: held.gaps.length,
          where: group ? page.nameOf(group.node) : t("exclude"),
          place: gap.index + 1,
        }),
      ]
        .filter(Boolean)
        .join(" "),
    );
  }

  function release() {
    showSpot(page, page.drag.line, null);
    page.drag.line.remove();
    page.shell.classList.remove("grabbing");
    held = null;
  }

  function drop() {
    const { item, id, gaps, at } = held;
    const gap = gaps[at];
    release();
    page.animate(() => {
      if (item) page.actions.dropItem(item, gap.group, gap.index, { focus: true });
      else page.actions.moveTo(id, gap.group, gap.index);
    });
  }

  function whileHolding(event) {
    const move = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (move) {
      held.at = (held.at + move + held.gaps.length) % held.gaps.length;
      show();
    } else if (event.key === "Home" || event.key === "End") {
      held.at = event.key === "Home" ? 0 : held.gaps.length - 1;
      show();
    } else if (event.key === "Enter" || event.key === " ") drop();
    else if (event.key === "Escape" || event.key === "Tab") {
      const { from } = held;
      release();
      page.live.say(t("drag.cancelled"));
      from?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const ROW_KEYS = {
    Delete: (id) => page.actions.remove(id),
    Backspace: (id) => page.actions.remove(id),
    m: (id) => page.actions.mute(id),
    n: (id) => page.actions.negate(id),
    g: (id) => page.actions.wrap(id),
    d: (id) => page.actions.duplicate(id),
  };

  function onRow(event, id) {
    const handles = [...page.canvas.querySelectorAll("[data-grip]")];
    const at = handles.indexOf(event.target);
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === " " || event.key === "Enter") grab({ id }, event.target);
    else if (move && event.altKey) page.actions.step(id, move);
    else if (move) handles[(at + move + handles.length) % handles.length].focus();
    else if (ROW_KEYS[event.key] && !event.ctrlKey && !event.metaKey) ROW_KEYS[event.key](id);
    else if (event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey)) page.actions.duplicate(id);
    else return false;
    return true;
  }

  function onChip(event, chip) {
    const item = page.itemOf(chip.dataset.item);
    const chips = [...page.palette.querySelectorAll("[data-item]")].filter((e) => e.offsetParent);
    const move = page.palette.contains(chip) ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : null;
    if (event.key === "Enter") page.actions.addItem(item);
    else if (event.key === " ") grab({ item }, event.target);
    else if (move) (chips[chips.indexOf(chip) + move] ?? page.searchInput).focus();
    else return false;
    return true;
  }

  function onAnywhere(event) {
    const inText = event.target.matches?.("input[type=text], textarea");
    const isOurs = !inText || page.canvas.contains(event.target); // elsewhere the browser undoes typing itself
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y") && !event.altKey) {
      if (!isOurs) return false;
      page.history(key === "y" || event.shiftKey ? "redo" : "undo");
    } else if (event.key === "/" && !inText) page.openPalette();
    else return false;
    return true;
  }

  page.listen(page.root, "keydown", (event) => {
    if (held) return whileHolding(event);
    const { target } = event;
    const chip = target.closest?.("[data-item]");
    const used =
      (target.matches?.("[data-grip]") && target.dataset.grip && onRow(event, target.dataset.grip)) ||
      (chip && onChip(event, chip)) ||
      onAnywhere(event);
    if (used) event.preventDefault();
    return undefined;
  });
  // Streamlit listens on the document for keys of its own ("r" runs the page again): ours stay here.
  for (const type of ["keydown", "keypress", "keyup"])
    page.listen(page.root, type, (event) => event.stopPropagation());
}
