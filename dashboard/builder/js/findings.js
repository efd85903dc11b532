// The logic check: what cannot hold, what changes nothing, what asks past the data; with a way out in one click.

import { h, icon, replace, say } from "./dom.js";

const FIRST_FINDINGS = 5; // lines that are shown before more are wished for: near misses come below them

export function makeFindings(page, ask) {
  const { t, whole, language } = page.words;
  const list = h("ul.findings");
  const quiet = h("p.quiet.small");
  const title = h("h2", {}, t("insight.check"));
  const more = h("button.link", {
    type: "button",
    hidden: true,
    "data-f": "findings",
    onclick: () => {
      isWhole = !isWhole;
      draw();
    },
  });
  const element = h(
    "section.card.check",
    { "aria-label": t("insight.check") },
    title,
    quiet,
    list,
    h("div", {}, more),
  );
  let shown = null;
  let isWhole = false;

  function draw() {
    const all = shown?.findings ?? [];
    const rest = all.length - FIRST_FINDINGS;
    ask.keeping(() => replace(list, all.slice(0, isWhole ? all.length : FIRST_FINDINGS).map(lineOf)));
    more.hidden = rest <= 0;
    more.setAttribute("aria-expanded", String(isWhole));
    say(more, t(isWhole ? "insight.check.less" : "insight.check.more", { n: whole(Math.max(0, rest)) }));
  }

  function lineOf(finding) {
    const { node, message, remedy } = finding;
    const remedyText = remedy?.text[language];
    return h(
      "li.finding",
      {},
      h(
        "button.findingtext",
        { type: "button", "data-f": `finding:${finding.code}:${node}`, onclick: () => ask.goTo(node) },
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
      draw();
    },
  };
}
