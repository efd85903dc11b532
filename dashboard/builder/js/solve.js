// Solve for a size: "I can write to 60 people". Ranked suggestions, each the change in words and its new count.

import { readNumber } from "./controls.js";
import { h, onTyped, replace, say } from "./dom.js";

const REST = 500; // milliseconds without an edit before suggestions are looked for again

export function makeSolve(page, ask) {
  const { t, whole, language } = page.words;
  let size = null;
  let ready = null; // the state of the rule for which suggestions are wanted: never the one in mid-edit
  let timer = null;
  let shown = null;

  const input = h("input.bare.number.solvesize", {
    type: "text",
    inputmode: "numeric",
    "aria-label": t("insight.solve.size"),
    autocomplete: "off",
    placeholder: "60",
    "data-f": "solvesize",
    ...onTyped(() => typed()),
    onkeydown: (event) => {
      if (event.key === "Enter") now();
    },
  });
  const status = h("p.quiet.small", { role: "status" });
  const list = h("ol.suggestions", { role: "list" });
  const [before, after] = t("insight.solve.sentence", { n: "\u0000" }).split("\u0000");
  const element = h(
    "section.card.solve",
    { "aria-label": t("insight.solve") },
    h("h2", {}, t("insight.solve")),
    h(
      "label.solveform",
      {},
      h("span", {}, before),
      h("span.field.withunit", {}, input),
      h("span", {}, after),
    ),
    status,
    list,
  );

  function typed() {
    const text = input.value.trim();
    size = readNumber(text, { whole: true, least: 1 });
    input.setAttribute("aria-invalid", String(text !== "" && size === null));
    rest();
  }
  function rest() {
    clearTimeout(timer);
    ready = null;
    timer = setTimeout(now, REST);
    ask.again();
  }
  function now() {
    clearTimeout(timer);
    timer = null;
    if (page.wire.isWaiting) return rest();
    ready = page.stampNow();
    return ask.again();
  }

  function lineOf(found, suggestion) {
    const changes = suggestion.changes.map((one) => one.text[language]);
    const by = suggestion.off_by;
    return h(
      "li",
      {},
      h(
        "button.suggestion",
        {
          type: "button",
          title: t("insight.undoable"),
          onclick: () => page.putRule(suggestion.rule, t("insight.solve.did", { what: page.words.list(changes) })),
        },
        h("span.changes", {}, changes.map((text) => h("span", {}, text))),
        h("strong", {}, t("insight.people", { n: whole(suggestion.count) })),
        h("span.quiet.small.off", {}, by === 0 ? t("insight.solve.exact") : page.words.signed(by)),
      ),
    );
  }

  const question = () => ({ kind: "solve", args: { size } });
  return {
    element,
    questions: () => (size !== null && ready === page.stampNow() ? [question()] : []),
    update() {
      if (size !== null && ready !== page.stampNow() && !timer) timer = setTimeout(now, REST);
      const answer = size === null ? null : ask.get("solve", { size });
      const found = answer && !answer.isOld ? answer.found : null;
      say(status, words(answer, found));
      status.hidden = status.textContent === "";
      if (found === shown) return;
      shown = found;
      ask.keeping(() => replace(list, (found?.suggestions ?? []).map((one) => lineOf(found, one))));
    },
    leave() {
      clearTimeout(timer);
      timer = null;
    },
  };

  function words(answer, found) {
    if (!answer) return "";
    if (answer.error) return answer.error;
    if (!found) return answer.isWaiting ? t("insight.waiting") : "";
    if (found.count === found.target) return t("insight.solve.right", { n: whole(found.count) });
    return found.suggestions.length ? "" : t("insight.solve.none");
  }
}
