// Two measures against one another: each side an event, what is measured of it, and when; an op and a factor.

import { numberControl, selectControl } from "./controls.js";
import { filterForm } from "./comparison.js";
import { h } from "./dom.js";
import { settledSides } from "./kinds.js";
import { measureControl } from "./measures.js";
import { occurrence, partsOf, plainWord, windowUnder, withoutUndefined } from "./occurrence.js";

export function compareCard(page, read, patch) {
  const { t } = page.words;
  const left = sideLine(page, "left", read, patch);
  const right = sideLine(page, "right", read, patch);
  const type = page.catalogue.typeOf(read());
  const op = selectControl(
    page,
    t("side.op"),
    page.catalogue
      .opsOf(type)
      .filter((one) => one.fields)
      .map((one) => [one.key, one.label[page.words.language]]),
    (key, how) => patch({ op: key }, how),
    undefined,
    "op",
  );
  const parts = [...left.parts, ...right.parts, { sync: () => op.sync(read().op) }];
  const middle = [op.element];
  if (type === "number") {
    const factor = numberControl(page, { label: t("side.factor"), unit: t("side.times") }, (value, how) =>
      patch({ factor: value === 1 ? undefined : value }, how),
    );
    parts.push({ sync: () => factor.sync(read().factor === undefined ? 1 : read().factor) });
    middle.push(factor.element);
  }
  return {
    parts,
    line: [],
    body: [left.element, left.filters, h("div.cardline", {}, middle), right.element, right.filters],
  };
}

function sideLine(page, key, read, patch) {
  const { t } = page.words;
  const named = partsOf(page, t(`side.${key}`));
  const side = () => read()[key];
  const change = (next, how) => {
    const node = { ...read(), [key]: withoutUndefined({ ...side(), ...next }) };
    patch(settledSides(node, page.catalogue, key), how);
  };
  const what = occurrence(page, side, change, named);
  const spec = page.catalogue.events.get(side().event);
  // A side is not compared with a value: of what another measure changes, op and value are not its own.
  const measureOnly = ({ measure: wanted, property }, how) => change({ measure: wanted, property }, how);
  const measure = spec
    ? measureControl(page, spec, side, measureOnly, { named: named(page.catalogue.nameOf(spec)), never: false })
    : null;
  const window = windowUnder(page, "window", side, change, { named });
  return {
    parts: [...what.parts, ...(measure ? [measure] : []), window],
    element: h("div.cardline", {}, plainWord(t(`side.${key}`)), what.line, measure?.element, window.element),
    filters: what.filters,
  };
}

/** What a comparison's controls depend on besides their values. */
export function compareForm(page, node) {
  return [
    page.catalogue.typeOf(node),
    [node.left, node.right].map((side) => [side.event, side.measure, side.property, filterForm(page, side)]),
  ];
}
