// 调规模 size: where a threshold stands among the people, and which changes lead to a wanted number of them.

import { h } from "./dom.js";
import { makeSolve } from "./solve.js";
import { makeThreshold } from "./threshold.js";

export function makeSizeTab(page, ask) {
  const sections = [makeThreshold(page, ask), makeSolve(page, ask)];
  return {
    element: h(
      "div.insightsections",
      {},
      sections.map((section) => section.element),
    ),
    questions: () => sections.flatMap((section) => section.questions()),
    update: () => sections.forEach((section) => section.update()),
    leave: () => sections.forEach((section) => section.leave?.()),
  };
}
