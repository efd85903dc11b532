// The live region: says what happened to those who do not see it; numbers only when they have come to rest.

import { h } from "./dom.js";

export function makeLive() {
  const at_once = h("p.sr", { role: "status", "aria-live": "polite" });
  const at_rest = h("p.sr", { role: "status", "aria-live": "polite" });
  let timer = null;
  let last = "";
  return {
    elements: [at_once, at_rest],
    say(text) {
      at_once.textContent = at_once.textContent === text ? `${text}\u00a0` : text;
    },
    later(text) {
      if (text === last) return;
      last = text;
      if (timer) clearTimeout(timer);
      timer = setTimeout(() => {
        at_rest.textContent = text;
      }, 900);
    },
  };
}
