// The further kinds of condition: what stands in each one's row, and below it.

import { filterForm } from "./comparison.js";
import { numberControl, selectControl, textControl } from "./controls.js";
import { h } from "./dom.js";
import { audienceCard, listCard } from "./named.js";
import { occurrence, plainWord, windowUnder } from "./occurrence.js";
import { compareCard, compareForm } from "./sides.js";
import { sequenceCard, sequenceForm } from "./sequence.js";
import { DEMANDED } from "./windows.js";

/** Per kind (page, read, patch) → {parts to keep in step, line: beside the name, body: below it}. */
export const CARDS = {
  first_time: firstTimeCard,
  stopped: (page, ...how) => silenceCard(page, { active: "silence.active", silent: "silence.silent" }, ...how),
  resumed: (page, ...how) => silenceCard(page, { silent: "silence.paused", active: "silence.again" }, ...how),
  regular: regularCard,
  sequence: sequenceCard,
  compare: compareCard,
  rank: rankCard,
  bucket: bucketCard,
  audience: audienceCard,
  list: listCard,
};

/** What a card's controls depend on besides their values. */
export function cardForm(page, node) {
  switch (node.kind) {
    case "sequence":
      return sequenceForm(page, node);
    case "compare":
      return compareForm(page, node);
    case "rank":
      return [page.catalogue.typeOf(node)];
    default:
      return [node.event, filterForm(page, node)];
  }
}

const asIs = (label) => label;

function firstTimeCard(page, read, patch) {
  const what = occurrence(page, read, patch, asIs);
  const window = windowUnder(page, "window", read, patch, { forms: DEMANDED });
  return { parts: [...what.parts, window], line: [...what.line, window.element], body: [what.filters] };
}

/** Stopped and resumed: one event, and two windows in the order in which they follow one another. */
function silenceCard(page, words, read, patch) {
  const { t } = page.words;
  const what = occurrence(page, read, patch, asIs);
  const windows = Object.keys(words).map((key) => {
    const named = (label) => t("part.of", { of: t(words[key]), what: label });
    return { key, ...windowUnder(page, key, read, patch, { forms: DEMANDED, named }) };
  });
  return {
    parts: [...what.parts, ...windows],
    line: what.line,
    body: [
      what.filters,
      windows.map(({ key, element }) => h("div.cardline", {}, element, plainWord(t(words[key])))),
    ],
  };
}

function regularCard(page, read, patch) {
  const { t } = page.words;
  const what = occurrence(page, read, patch, asIs);
  const number = (key) => {
    const control = numberControl(page, { label: t(`regular.${key}`), whole: true, least: 1 }, (n, how) =>
      patch({ [key]: n }, how),
    );
    return { element: control.element, sync: () => control.sync(read()[key]) };
  };
  const [last, some, least] = ["of_last", "in", "at_least"].map(number);
  const per = selectControl(
    page,
    t("regular.per"),
    page.catalogue.data.units.regular.map((unit) => [unit, t(`unit.${unit}`)]),
    (unit, how) => patch({ per: unit }, how),
  );
  const perUnit = h("span.quiet");
  const times = plainWord("");
  const unit = {
    sync: () => {
      per.sync(read().per);
      perUnit.textContent = t(`regular.each.${read().per}`);
      times.textContent = t("unit.times", { n: read().at_least });
    },
  };
  return {
    parts: [...what.parts, last, some, least, unit],
    line: what.line,
    body: [
      what.filters,
      h(
        "div.cardline",
        {},
        plainWord(t("regular.words.last")),
        last.element,
        per.element,
        plainWord(t("regular.words.in")),
        some.element,
        perUnit,
        least.element,
        times,
      ),
    ],
  };
}

function rankCard(page, read, patch) {
  const { t } = page.words;
  const { nameOf } = page.catalogue;
  const isDate = page.catalogue.typeOf(read()) === "date";
  const end = () => (read().bottom ? "bottom" : "top");
  const first = () => read()[end()] ?? {};
  const put = (where, what, how) => patch({ top: undefined, bottom: undefined, [where]: what }, how);
  const tag = selectControl(
    page,
    t("rank.tag"),
    page.catalogue.rankable().map((one) => [one.key, nameOf(one)]),
    (key, how) => patch({ tag: key }, how),
  );
  const ends = selectControl(
    page,
    t("rank.end"),
    ["top", "bottom"].map((one) => [one, t(`rank.${one}.${isDate ? "date" : "number"}`)]),
    (one, how) => put(one, first(), how),
    undefined,
    "op",
  );
  const isShare = () => "share" in first();
  const count = numberControl(page, { label: t("rank.first") }, (value, how) =>
    put(end(), isShare() ? { share: value === null ? null : Number((value / 100).toFixed(8)) } : { n: value }, how),
  );
  const unit = selectControl(
    page,
    t("unit"),
    [
      ["n", t("unit.people")],
      ["share", "%"],
    ],
    (one, how) => put(end(), one === "share" ? { share: 0.1 } : { n: 100 }, how),
  );
  const groups = [...page.catalogue.tags.values()].filter((one) => one.type !== "multi" && !one.personal);
  const within = selectControl(
    page,
    t("rank.within"),
    [["", t("rank.within.none")], ...groups.map((one) => [one.key, t("rank.within.each", { of: nameOf(one) })])],
    (key, how) => patch({ within: key || undefined }, how),
  );
  const shown = () => (typeof first().share === "number" ? Number((first().share * 100).toFixed(6)) : first().n);
  const parts = [
    { sync: () => tag.sync(read().tag) },
    { sync: () => ends.sync(end()) },
    { sync: () => count.sync(shown()) },
    { sync: () => unit.sync(isShare() ? "share" : "n") },
    { sync: () => within.sync(read().within ?? "") },
  ];
  return { parts, line: [tag, ends, count, unit, within].map((control) => control.element), body: [] };
}

function bucketCard(page, read, patch) {
  const { t } = page.words;
  const most = page.catalogue.data.buckets;
  const seed = textControl(page, t("bucket.seed"), (value, how) => patch({ seed: value }, how), { className: "short" });
  const end = (key) => {
    const control = numberControl(page, { label: t(`bucket.${key}`), whole: true, least: 0 }, (n, how) =>
      patch({ [key]: n }, how),
    );
    return { element: control.element, sync: () => control.sync(read()[key]) };
  };
  const [from, to] = ["from", "to"].map(end);
  const share = h("span.quiet");
  const parts = [
    { sync: () => seed.sync(read().seed) },
    from,
    to,
    {
      sync: () => {
        const size = read().to - read().from + 1;
        share.textContent = t("bucket.share", { share: page.words.share(Math.max(0, size), most) });
      },
    },
  ];
  return {
    parts,
    line: [plainWord(t("bucket.seed")), seed.element, from.element, plainWord("–"), to.element, share],
    body: [],
  };
}
