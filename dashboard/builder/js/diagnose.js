// 诊断 diagnose: what is odd about the rule, who fails exactly one of its conditions, why one user is in or not.

import { makeFindings } from "./findings.js";
import { h } from "./dom.js";
import { makeNear } from "./near.js";
import { makePerson } from "./person.js";

export function makeDiagnoseTab(page, ask) {
  const person = makePerson(page, ask);
  const sections = [makeFindings(page, ask), makeNear(page, ask), person];
  return {
    element: h(
      "div.insightsections",
      {},
      sections.map((section) => section.element),
    ),
    questions: () => sections.flatMap((section) => section.questions()),
    look: person.look,
    update: () => sections.forEach((section) => section.update()),
    enter: () => person.enter(),
    leave: () => sections.forEach((section) => section.leave?.()),
  };
}
