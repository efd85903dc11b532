// The mark on a card: whether its node holds for the user that the insight panel looks at.

import { h, icon, replace, set } from "./dom.js";

export function makeVerdict(page) {
  const element = h("span.verdict", { role: "img", hidden: true });
  let shown = null;
  return {
    element,
    update(id) {
      const holds = page.verdicts?.get(id) ?? null;
      if (holds === shown) return;
      shown = holds;
      element.hidden = holds === null;
      if (holds === null) return;
      element.classList.toggle("holds", holds);
      set(element, { "aria-label": page.words.t(holds ? "insight.person.holds" : "insight.person.fails") });
      replace(element, icon(holds ? "check" : "close"));
    },
  };
}
