// The numbers beside a node: what removing it would add, its own count, what remains after it.

import { costsIn } from "./costs.js";
import { h, say, set } from "./dom.js";

/** @param extras buttons that stand over the first number while the row is pointed at */
export function makeNumbers(page, extras = null) {
  const { t } = page.words;
  const fill = h("i");
  const cost = h("span.cost", { role: "img" }, fill);
  const first = h("span.first", {}, cost, extras);
  const own = h("span.own");
  const running = h("span.running");
  const element = h("span.numbers", {}, first, own, running);
  return {
    element,
    update(node) {
      const numbers = page.editor.numbersOf(node.id);
      const words = page.words;
      element.classList.toggle("unknown", !numbers);
      if (!numbers) {
        for (const part of [own, running]) say(part, "—");
        fill.style.transform = "scaleX(0)";
        first.removeAttribute("title");
        set(cost, { "aria-label": t("cost.unknown") });
        return;
      }
      const { of, most, costliest } = costsNow(page);
      const gain = Math.max(0, of.get(node.id) ?? 0);
      fill.style.transform = `scaleX(${gain > 0 ? Math.max(0.04, gain / most) : 0})`;
      cost.classList.toggle("most", node.id === costliest);
      const text = t(node.id === costliest ? "cost.most" : "cost", { n: words.whole(gain) });
      first.title = text;
      set(cost, { "aria-label": text });
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

let latest = { counts: null, rule: null, costs: null };

/** The costs of the present numbers, reckoned once for all the rows that show them. */
function costsNow(page) {
  const { counts, rule } = page.editor;
  if (latest.counts !== counts || latest.rule !== rule)
    latest = { counts, rule, costs: costsIn(rule, counts.nodes, counts.matched) };
  return latest.costs;
}
