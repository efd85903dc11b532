// A group as a card: how its children are combined, its numbers, its children in order, and where to add more.

import { asOfControl } from "./asof.js";
import { numberControl, segmented, textControl } from "./controls.js";
import { h, grip, icon, place, replace, say } from "./dom.js";
import { makeNumbers } from "./numbers.js";
import { notesOn } from "./rows.js";
import { EXCLUDE, MAX_DEPTH, patchNode } from "./tree.js";
import { makeVerdict } from "./verdict.js";

/** @param side "include" or "exclude" for a root, null for a nested group */
export function makeGroup(page, id, side) {
  const { t } = page.words;
  let node = null;
  const patch = (change, how = {}) =>
    page.editor.edit(how.gesture ?? page.editor.gesture(`group:${id}`), (rule) => patchNode(rule, id, change), {
      typing: how.typing,
      structure: !how.typing,
    });

  const match = segmented(
    page,
    t("match"),
    [
      ["all", t("match.all"), t("match.all.tip")],
      ["any", t("match.any"), t("match.any.tip")],
      ["at_least", t("match.at_least"), t("match.at_least.tip")],
    ],
    (value) =>
      patch(
        value === "at_least"
          ? { match: value, k: Math.min(2, Math.max(1, node.children.length)) }
          : { match: value, k: undefined },
      ),
  );
  const k = numberControl(page, { label: t("k"), whole: true, least: 1 }, (value, how) =>
    patch({ k: value ?? 1 }, how),
  );
  const kBox = h("span.kbox", {}, k.element, h("span.quiet", {}));
  const asOf = asOfControl(page, (as_of, how) => patch({ as_of }, how));
  const not = h(
    "button.flag.not",
    { type: "button", hidden: true, "data-f": "not", onclick: () => page.actions.negate(id) },
    t("not"),
  );
  const label = textControl(page, t("label"), (value, how) => patch({ label: value || undefined }, how), {
    placeholder: t("label.placeholder"),
    className: "grouplabel",
  });
  const handle = side ? null : h("button.grip", { type: "button", "data-grip": id, "data-f": "grip" }, grip());
  const acts = page.actions.buttons(id, side);
  const numbers = makeNumbers(page, acts.extras);
  const heads = side
    ? h(
        "span.heads",
        { "aria-hidden": "true" },
        h("span", {}, t("head.cost")),
        h("span", {}, t("head.own")),
        h("span", {}, t("head.running")),
      )
    : null;
  const badge = side === EXCLUDE ? h("span.badge", {}, t("exclude")) : null;
  const removed = h("span.removed");
  const children = h("ul.children", { role: "list", "data-children": id });
  const invitation = h("span");
  const hint = h(
    "button.ghost",
    { type: "button", "data-gap": id, onclick: () => page.actions.pickInto(id) },
    icon("plus"),
    invitation,
  );
  const notes = h("div.notes");
  const verdict = makeVerdict(page);
  const element = h(
    side ? "section.node.group.root" : "li.node.group",
    {
      "data-id": id,
      "aria-label": side ? t(side) : null,
      onpointerdown: (event) => event.target.closest("[data-id]") === element && page.actions.select(id),
    },
    verdict.element,
    h(
      "div.line.head",
      {},
      handle,
      badge,
      match.element,
      kBox,
      asOf.element,
      not,
      side ? h("span.grow", {}, removed) : label.element,
      side ? heads : null,
      numbers.element,
      acts,
    ),
    children,
    hint,
    notes,
  );
  element.classList.toggle("exclude", side === EXCLUDE);

  return {
    element,
    verdict,
    get node() {
      return node;
    },
    update(next, { depth }) {
      node = next;
      verdict.update(id);
      match.sync(node.match);
      element.dataset.match = node.match;
      kBox.hidden = node.match !== "at_least";
      k.sync(node.k);
      say(kBox.lastChild, t("k.of", { n: node.children.length }));
      asOf.sync(node.as_of);
      not.hidden = !node.not;
      label.sync(node.label ?? "");
      handle?.setAttribute("aria-label", t("grip", { name: page.nameOf(node) }));
      element.classList.toggle("muted", Boolean(node.muted));
      element.dataset.depth = depth;
      acts.sync(node);
      numbers.update(node);
      if (side === EXCLUDE)
        say(
          removed,
          page.editor.isStale ? "" : t("exclude.removed", { n: page.words.whole(removedBy(page.editor.counts)) }),
        );
      place(
        children,
        node.children.map((child) => page.viewOf(child, { parent: node, depth: depth + 1 }).element),
      );
      const isEmpty = node.children.length === 0;
      hint.classList.toggle("roomy", isEmpty);
      hint.classList.toggle("slim", !isEmpty);
      const empty = node.as_of ? t("group.existed") : t("group.empty");
      say(invitation, isEmpty ? empty : t(`group.add.${node.match}`));
      hint.setAttribute("aria-label", t("group.add", { name: page.nameOf(node) }));
      replace(
        notes,
        ...notesOn(page, node),
        depth === MAX_DEPTH ? h("p.missing", {}, t("depth.limit", { n: MAX_DEPTH })) : null,
      );
      element.classList.toggle(
        "broken",
        page.editor.problemsOf(id).some((problem) => problem.severity === "error"),
      );
    },
  };
}

/** How many of those who were in the exclude block takes out. */
function removedBy(counts) {
  const at = counts.waterfall.findIndex(([kind]) => kind === "exclude");
  return at < 1 ? 0 : counts.waterfall[at - 1][2] - counts.waterfall[at][2];
}
