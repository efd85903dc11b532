// The numbers beside a node: what removing it would add, its own count, what remains after it.

import { h, say } from "./dom.js";
import { isMuted } from "./tree.js";

/** @param extras buttons that stand over the first number while the row is pointed at */
export function makeNumbers(page, extras = null) {
  const { t } = page.words;
  const fill = h("i");
  const cost = h("span.cost", {}, fill);
  const own = h("span.own");
  const running = h("span.running");
  const element = h("span.numbers", {}, h("span.first", {}, cost, extras), own, running);
  return {
    element,
    /** @param most the largest cost among the siblings, to which the bars are drawn */
    update(node, { most, matched }) {
      const numbers = page.editor.numbersOf(node.id);
      const words = page.words;
      element.classList.toggle("unknown", !numbers);
      if (!numbers) {
        for (const part of [own, running]) say(part, "—");
        fill.style.transform = "scaleX(0)";
        cost.removeAttribute("title");
        return;
      }
      const gain = isMuted(node) ? 0 : Math.max(0, numbers.without - matched);
      fill.style.transform = `scaleX(${most > 0 ? Math.max(gain > 0 ? 0.04 : 0, gain / most) : 0})`;
      cost.classList.toggle("most", gain > 0 && gain === most);
      cost.title = t("cost", { n: words.whole(gain) });
      say(own, words.whole(numbers.own));
      own.title = t("own", { n: words.whole(numbers.own) });
      say(running, numbers.running === null || numbers.running === undefined ? "—" : words.whole(numbers.running));
      running.title =
        numbers.running === null || numbers.running === undefined
          ? t("running.none")
          : t("running", { n: words.whole(numbers.running) });
    },
  };
}

/** The largest gain among a group's children, and what matches now. */
export function costOf(page, parent) {
  const matched = page.editor.counts?.matched ?? 0;
  const gains = (parent?.children ?? []).map((child) =>
    isMuted(child) ? 0 : (page.editor.numbersOf(child.id)?.without ?? 0) - matched,
  );
  return { matched, most: Math.max(0, ...gains) };
}
