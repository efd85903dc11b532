// One rule beside another: both, only here, only there, who they are, and how the two definitions differ.

import { h, icon } from "./dom.js";
import { partWidths } from "./traitlines.js";
import { traitList } from "./traits.js";

const PARTS = ["only_here", "both", "only_there"];

/** What a rule can be compared with, as the options of a list; the value is "audience:id" or "state:name". */
export function othersList(page, others, chosen, choose) {
  const { t, language } = page.words;
  const own = page.editor.news?.title.name;
  const audiences = others.audiences.map(({ id, name }) =>
    h("option", { value: `audience:${id}` }, name === own ? t("versus.own", { name }) : name),
  );
  const states = others.states.map(({ state, steps, changes }) =>
    h("option", { value: `state:${state}` }, t("versus.state", { n: steps, change: firstOf(changes, language, t) })),
  );
  const select = h(
    "select.field",
    { "aria-label": t("versus.with"), "data-f": "versus", onchange: () => choose(select.value) },
    h("option", { value: "" }, t("versus.choose")),
    audiences.length ? h("optgroup", { label: t("versus.audiences") }, audiences) : null,
    states.length ? h("optgroup", { label: t("versus.states") }, states) : null,
  );
  select.value = chosen;
  return h("label.select.versuswith", {}, select, icon("chevron"));
}

function firstOf(changes, language, t) {
  if (changes.length === 0) return t("versus.nochange");
  const text = changes[0].text[language];
  return changes.length > 1 ? t("versus.andmore", { text, n: changes.length - 1 }) : text;
}

/** @param open called with a rule that is to be put into the builder, and what it is called */
export function comparedOf(page, compared, open) {
  const { t, whole, language } = page.words;
  const numbers = PARTS.map((part) => compared[part].users);
  const widths = partWidths(numbers);
  const bar = h(
    "div.partsbar",
    { "aria-hidden": "true" },
    PARTS.map((part, i) => {
      const stretch = h(`i.${part}`);
      stretch.style.width = `${widths[i] * 100}%`;
      return stretch;
    }),
  );
  return h(
    "div.compared",
    {},
    h(
      "p.quiet.small",
      {},
      t("versus.sizes", { here: whole(compared.here), there: whole(compared.there) }),
    ),
    bar,
    h("ul.partslist", { "aria-label": t("versus.parts") }, PARTS.map(partOf)),
    ["only_here", "only_there"].map(whoOf),
    h("h3", {}, t("versus.changes")),
    compared.changes.length
      ? h(
          "ul.changeslist",
          {},
          compared.changes.map((change) => h(`li.${change.kind}`, {}, change.text[language])),
        )
      : h("p.quiet", {}, t("versus.same")),
  );

  function partOf(part) {
    const { users, rule } = compared[part];
    const name = t(`versus.${part}`);
    return h(
      "li",
      {},
      h(`span.swatch.${part}`, { "aria-hidden": "true" }),
      h("span.grow", {}, name),
      h("strong", {}, whole(users)),
      h(
        "button.link",
        {
          type: "button",
          "aria-label": t("versus.open.of", { name }),
          title: t(rule ? "versus.open.tip" : "versus.open.not"),
          "aria-disabled": rule ? null : "true",
          "data-f": `open:${part}`,
          onclick: () => rule && open(rule, name),
        },
        t("versus.open"),
      ),
    );
  }

  function whoOf(part) {
    const { users, profile } = compared[part];
    if (!users) return null;
    const name = t(`versus.${part}`);
    return [
      h("h3", {}, t("versus.who", { name })),
      profile?.traits.length
        ? traitList(page, profile.traits, t("versus.who", { name }))
        : h("p.quiet.small", {}, t(profile ? "versus.who.none" : "versus.who.not")),
    ];
  }
}
