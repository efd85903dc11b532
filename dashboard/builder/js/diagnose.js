// 诊断 diagnose: what is odd about the rule, and who fails exactly one of its conditions.

import { makeFindings } from "./findings.js";
import { h } from "./dom.js";
import { makeNear } from "./near.js";

export function makeDiagnoseTab(page, ask) {
  const sections = [makeFindings(page, ask), makeNear(page, ask)];
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
