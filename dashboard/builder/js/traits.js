// What stands out of some people as a list: share against everyone's, index (TGI) with its interval, how sure it is.
// Each line can be dragged into the rule, or added by its button.

import { grip, h, icon } from "./dom.js";
import { indexSpan, nodeOfTrait } from "./traitlines.js";

/** How sure a trait is: "few" (too few people to say anything), "unsure", "more" or "fewer" than everyone. */
export function standingOf(trait) {
  if (trait.is_small) return "few";
  if (!trait.is_significant) return "unsure";
  return trait.tgi > 100 ? "more" : "fewer";
}

/** @param most the share to which the bars are drawn */
export function traitLine(page, trait, most) {
  const { t, whole, share, language } = page.words;
  const tag = page.catalogue.tags.get(trait.tag) ?? { key: trait.tag };
  const tagName = page.catalogue.nameOf(tag);
  const name = `${tagName} · ${trait.label[language]}`;
  const key = `${trait.tag}|${trait.label.zh}`;
  page.ready.set(key, {
    kind: "ready",
    key,
    label: { [language]: name },
    node: nodeOfTrait(trait),
  });
  const standing = standingOf(trait);
  const index = (n) => whole(Math.round(n));
  const tip = t("profile.tip", {
    name,
    n: whole(trait.members),
    share: percent(trait.member_share),
    base: percent(trait.base_share),
    of: whole(trait.base),
    index: index(trait.tgi),
    low: index(trait.tgi_low),
    high: index(trait.tgi_high),
  });
  const sure = t(`profile.standing.${standing}`);
  const fill = h("i");
  fill.style.width = `${(100 * trait.member_share) / most}%`;
  const mark = h("u");
  mark.style.left = `calc(${(100 * trait.base_share) / most}% - 1px)`;
  const span = indexSpan(trait);
  const whisker = h("i");
  whisker.style.left = `${span.left * 100}%`;
  whisker.style.width = `${span.width * 100}%`;
  const at = h("b");
  at.style.left = `${span.at * 100}%`;
  return h(
    `li.trait.${standing}`,
    { "data-item": `ready:${key}`, title: `${tip}\n${sure}` },
    h("span.grip", { "data-grip": "", "aria-hidden": "true" }, grip()),
    h("span.sr", {}, `${tip} ${sure}`),
    h(
      "span.traitname",
      { "aria-hidden": "true" },
      h("span.of", {}, tagName),
      h("span.name", {}, trait.label[language]),
      standing === "few" || standing === "unsure" ? h("span.sureness", {}, sure) : null,
      h(`span.index${{ more: ".high", fewer: ".low" }[standing] ?? ""}`, {}, index(trait.tgi)),
    ),
    h("span.track", { "aria-hidden": "true" }, fill, mark),
    h("span.value", { "aria-hidden": "true" }, percent(trait.member_share)),
    h("span.scale", { "aria-hidden": "true" }, h("u"), whisker, at),
    h(
      "button.plain",
      {
        type: "button",
        "aria-label": t("profile.add", { name }),
        title: t("profile.add.tip"),
        "data-f": `add:${key}`,
        onclick: () => page.actions.addItem(page.itemOf(`ready:${key}`)),
      },
      icon("plus"),
    ),
  );

  function percent(part) {
    return share(part, 1);
  }
}

/** The lines of several traits, their bars drawn to one scale. */
export function traitList(page, traits, label) {
  const most = Math.max(0.0001, ...traits.map((trait) => Math.max(trait.member_share, trait.base_share)));
  return h(
    "ul.traits",
    { "aria-label": label },
    traits.map((trait) => traitLine(page, trait, most)),
  );
}
