// What is measured of an event's occurrences: how often, on how many days, how much, when first and last.

import { selectControl } from "./controls.js";

const MEASURES_OF_PROPERTY = ["sum", "avg", "min", "max", "distinct"];

/** 做过 / 没做过 / 天数 / 金额之和 …: the measure, and "never" as its own word for count = 0. */
export function measureControl(page, spec, read, patch, { named = page.catalogue.nameOf(spec), never = true } = {}) {
  const { t } = page.words;
  const numeric = spec.properties.filter((property) => property.type === "number");
  const options = [
    ["count", t("measure.count")],
    ...(never ? [["never", t("measure.never")]] : []),
    ["days", t("measure.days")],
  ];
  for (const property of numeric) {
    for (const measure of MEASURES_OF_PROPERTY.slice(0, 4))
      options.push([`${measure} ${property.key}`, t(`measure.${measure}.of`, { of: page.catalogue.nameOf(property) })]);
  }
  for (const property of spec.properties) {
    if (property.type !== "multi")
      options.push([`distinct ${property.key}`, t("measure.distinct.of", { of: page.catalogue.nameOf(property) })]);
  }
  options.push(["first_at", t("measure.first_at")], ["last_at", t("measure.last_at")]);
  const control = selectControl(
    page,
    t("measure.of", { of: named }),
    options,
    (wanted) => {
      patch(measured(wanted, read()), { gesture: page.editor.gesture("measure") });
    },
    undefined,
    "op",
  );
  const now = () => {
    const node = read();
    if (isNever(node)) return "never";
    return node.property ? `${node.measure} ${node.property}` : node.measure;
  };
  return { element: control.element, sync: () => control.sync(now()) };
}

/** What changes in a condition when another measure is chosen; a comparison that still fits is kept. */
export function measured(wanted, node) {
  if (wanted === "never") return { measure: "count", property: undefined, op: "eq", value: 0 };
  const [measure, property] = wanted.split(" ");
  const isDate = measure === "first_at" || measure === "last_at";
  const wasDate = node.measure === "first_at" || node.measure === "last_at";
  if (isDate && !wasDate) return { measure, property, op: "in_last", value: { n: 30, unit: "day" } };
  if (!isDate && (wasDate || isNever(node))) return { measure, property, op: "gte", value: 1 };
  return { measure, property };
}

/** "Did not": counted zero times. */
export function isNever(node) {
  return node.kind === "event" && node.measure === "count" && node.op === "eq" && node.value === 0;
}
