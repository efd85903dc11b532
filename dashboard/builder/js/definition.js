// The definition as text, to be copied in either language; and what changed since an earlier state of the rule.

import { copied } from "./clipboard.js";
import { h, icon, replace, say } from "./dom.js";

const LANGUAGES = { zh: "zh-CN", en: "en" };

export function makeDefinition(page) {
  const { t, language } = page.words;
  let open = null; // {since, list} of the dialog

  function passage(name, sentence) {
    const named = { lang: LANGUAGES[name], "aria-label": t(`definition.${name}`) };
    const text = h("textarea.definition", { readonly: true, rows: "3", ...named });
    text.value = sentence;
    const copy = h(
      "button.link",
      {
        type: "button",
        "data-copy": name,
        onclick: async () => say(words, t((await copied(sentence, text)) ? "copied" : "copy.by_hand")),
      },
      icon("copy"),
    );
    const words = h("span", {}, t("copy"));
    copy.append(words);
    return h("section", {}, h("div.cardhead", {}, h("h3", {}, t(`definition.${name}`)), copy), text);
  }

  function compare(since) {
    open.since = since;
    page.wire.command("changes", { since: since === "saved" ? since : Number(since) });
  }

  function show({ sentence, saved, states }) {
    const options = [
      ...(saved === null ? [] : [["saved", t("definition.saved", { name: saved })]]),
      ...states.map(({ ago, text }) => [
        String(ago),
        t(text ? "definition.ago.what" : "definition.ago", { n: ago, what: text?.[language] ?? "" }),
      ]),
    ];
    const list = h("ul.changelist", { role: "list", "aria-live": "polite" });
    const select = h(
      "select.field",
      { "aria-label": t("definition.since"), "data-f": "since", onchange: () => compare(select.value) },
      options.map(([value, words]) => h("option", { value }, words)),
    );
    const changes = h(
      "section",
      {},
      h("h3", {}, t("definition.changes")),
      h("span.select", {}, select, icon("chevron")),
      list,
    );
    const body = sentence
      ? [...Object.keys(LANGUAGES).map((name) => passage(name, sentence[name])), options.length ? changes : null]
      : [h("p.problem", {}, icon("warn"), t("insight.broken"))];
    page.popovers.dialog(t("definition"), h("div.body.definitions", {}, body), {
      onclose: () => {
        open = null;
      },
    });
    open = { since: null, list };
    if (sentence && options.length) compare(options[0][0]);
  }

  return {
    ask: () => page.wire.command("definition"),
    receive(news) {
      for (const answer of news.answers ?? []) {
        if (answer.name === "definition") show(answer);
        if (answer.name === "changes" && open && String(answer.since) === open.since)
          replace(
            open.list,
            answer.texts.length
              ? answer.texts.map((text) => h("li", {}, text[language]))
              : h("li.quiet", {}, t("definition.same")),
          );
      }
    },
  };
}
