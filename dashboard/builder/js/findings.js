// The logic check: what cannot hold, what changes nothing, what asks past the data; with a way out in one click.

import { h, icon, replace } from "./dom.js";

export function makeFindings(page, ask) {
  const { t, language } = page.words;
  const list = h("ul.findings");
  const quiet = h("p.quiet.small");
  const title = h("h2", {}, t("insight.check"));
  const element = h("section.card.check", { "aria-label": t("insight.check") }, title, quiet, list);
  let shown = null;

  function lineOf(finding) {
    const { node, message, remedy } = finding;
    const remedyText = remedy?.text[language];
    return h(
      "li.finding",
      {},
      h(
        "button.findingtext",
        { type: "button", "data-f": `finding:${finding.code}:${node}`, onclick: () => page.focusNode(node) },
        icon("warn"),
        h("span.grow", {}, message[language]),
      ),
      remedy
        ? h(
            "button.link.remedy",
            {
              type: "button",
              "data-f": `remedy:${finding.code}:${node}`,
              title: t("insight.undoable"),
              onclick: () => page.putRule(remedy.rule, t("insight.remedied", { text: remedyText })),
            },
            icon("check"),
            h("span", {}, remedyText),
          )
        : null,
    );
  }

  return {
    element,
    questions: () => [{ kind: "check" }],
    update() {
      const { found, error, isOld, isWaiting } = ask.get("check");
      element.classList.toggle("stale", isOld);
      quiet.hidden = !error && Boolean(found?.findings.length);
      quiet.textContent = error ?? (found ? t("insight.check.nothing") : isWaiting ? t("insight.waiting") : "");
      if (found === shown) return;
      shown = found;
      ask.keeping(() => replace(list, (found?.findings ?? []).map(lineOf)));
    },
  };
}
