// A sequence as one card: its steps one below another, each done or not done, with filters and within which time.

import { numberControl, selectControl } from "./controls.js";
import { filterForm } from "./comparison.js";
import { h, icon } from "./dom.js";
import { commonProperties, settledSequence, takesWithin } from "./kinds.js";
import { occurrence, partsOf, plainWord, windowUnder, withoutUndefined } from "./occurrence.js";

const FIRST_WITHIN = { n: 7, unit: "day" };
const FIRST_SESSION = 30;

export function sequenceCard(page, read, patch) {
  const { t } = page.words;
  const parts = [];
  const change = (next, how) => {
    const { steps, any_order } = settledSequence({ ...read(), ...next });
    patch({ ...next, steps, any_order }, how ?? { gesture: page.editor.gesture("steps") });
  };
  const put = (steps, how) => change({ steps }, how);
  const steps = read().steps.map((_, at) => stepLine(page, at, read, patch, put));
  parts.push(...steps.flatMap((step) => step.parts));
  const line = [];
  for (const part of sessionParts(page, read, change)) {
    parts.push(part);
    line.push(part.element);
  }
  const isOffered = commonProperties(read().steps, page.catalogue).length > 0 || read().same !== undefined;
  if (isOffered && read().steps.length > 1) {
    const same = selectControl(
      page,
      t("step.same"),
      [["", t("step.same.none")], ...sameChoices(page, read().steps)],
      (key, how) => change({ same: key || undefined }, how),
    );
    parts.push({ sync: () => same.sync(read().same ?? "") });
    line.push(same.element);
  }
  if ((read().same !== undefined || read().session_minutes !== undefined) && read().steps.length > 1) {
    const order = selectControl(
      page,
      t("step.order"),
      [
        ["strict", t("step.order.strict")],
        ["any", t("step.order.any")],
      ],
      (choice, how) => change({ any_order: choice === "any" ? true : undefined }, how),
    );
    parts.push({ sync: () => order.sync(read().any_order ? "any" : "strict") });
    line.push(order.element);
  }
  if (read().steps.some((step) => step.not && step.within)) {
    const open = selectControl(
      page,
      t("step.open"),
      [
        ["exclude", t("step.open.exclude")],
        ["include", t("step.open.include")],
      ],
      (choice, how) => patch({ open: choice === "include" ? choice : undefined }, how),
    );
    parts.push({ sync: () => open.sync(read().open ?? "exclude") });
    line.push(open.element);
  }
  const addWords = read().any_order ? ["step.add.too", "step.add.none"] : ["step.add", "step.add.not"];
  const add = (not) =>
    h(
      "button.link",
      {
        type: "button",
        "data-f": not ? "addnot" : "addstep",
        onclick: () => {
          const before = read().steps;
          put([...before, { event: before[before.length - 1].event, ...(not ? { not } : {}) }]);
        },
      },
      icon("plus"),
      t(addWords[not ? 1 : 0]),
    );
  const list = h(
    "ol.seqsteps",
    { "aria-label": t("step.list") },
    steps.map((step) => step.element),
  );
  return { parts, line, body: [list, h("div.stepadd", {}, add(false), add(true))] };
}

/** In any sessions, or in one whose pauses last so many minutes at most. */
function sessionParts(page, read, change) {
  const { t } = page.words;
  const choose = selectControl(
    page,
    t("step.session"),
    [
      ["any", t("step.session.any")],
      ["one", t("step.session.one")],
    ],
    (choice, how) => change({ session_minutes: choice === "one" ? FIRST_SESSION : undefined }, how),
  );
  const isOne = () => read().session_minutes !== undefined;
  const parts = [{ element: choose.element, sync: () => choose.sync(isOne() ? "one" : "any") }];
  if (!isOne()) return parts;
  const minutes = numberControl(
    page,
    { label: t("step.session.minutes"), unit: (n) => t("unit.minute", { n }), whole: true, least: 1 },
    (n, how) => change({ session_minutes: n }, how),
  );
  return [...parts, { element: minutes.element, sync: () => minutes.sync(read().session_minutes) }];
}

function sameChoices(page, steps) {
  return commonProperties(steps, page.catalogue).map((property) => [
    property.key,
    page.words.t("step.same.as", { of: page.catalogue.nameOf(property) }),
  ]);
}

function stepLine(page, at, read, patch, put) {
  const { t } = page.words;
  const named = partsOf(page, t("step.n", { n: at + 1 }));
  const step = () => read().steps[at] ?? {};
  const change = (next, how) =>
    put(
      read().steps.map((old, i) => (i === at ? withoutUndefined({ ...old, ...next }) : old)),
      how,
    );
  const what = occurrence(page, step, change, named);
  const parts = [...what.parts];
  const line = [];
  if (at === 0) line.push(plainWord(t("step.first")));
  else {
    const way = selectControl(
      page,
      named(t("step.way")),
      [
        ["then", t(read().any_order ? "step.too" : "step.then")],
        ["not", t(read().any_order ? "step.none" : "step.not")],
      ],
      (choice, how) => change({ not: choice === "not" ? true : undefined }, how),
      undefined,
      "op",
    );
    parts.push({ sync: () => way.sync(step().not ? "not" : "then") });
    line.push(way.element);
  }
  line.push(...what.line);
  if (at === 0) {
    const window = windowUnder(page, "window", read, patch, { named });
    parts.push(window);
    line.push(window.element);
  } else if (!read().any_order) {
    // In whatever order no step follows on another, so none has a time limit.
    const within = takesWithin(read().steps, at) ? withinParts(page, named, step, change) : [];
    parts.push(...within);
    line.push(...(within.length ? within.map((part) => part.element) : [plainWord(t("step.between"))]));
  }
  const button = (key, name, disabled, run) =>
    h(
      "button.plain",
      {
        type: "button",
        "data-f": named(key),
        "aria-label": named(t(`step.${key}`)),
        title: t(`step.${key}`),
        "aria-disabled": disabled ? "true" : null,
        onclick: () => !disabled && run(),
      },
      icon(name),
    );
  const count = read().steps.length;
  const swapped = (by) => () => {
    const steps = [...read().steps];
    [steps[at], steps[at + by]] = [steps[at + by], steps[at]];
    put(steps);
  };
  const acts = h(
    "span.stepacts",
    {},
    button("up", "up", at === 0, swapped(-1)),
    button("down", "down", at === count - 1, swapped(1)),
    button("drop", "close", count === 1, () => put(read().steps.filter((_, i) => i !== at))),
  );
  return {
    parts,
    element: h("li.seqstep", {}, h("div.cardline", {}, line, acts), what.filters),
  };
}

/** Any time after, or within so many hours, days or weeks. */
function withinParts(page, named, read, change) {
  const { t } = page.words;
  const choose = selectControl(
    page,
    named(t("step.within")),
    [
      ["any", t("step.within.any")],
      ["some", t("step.within.some")],
    ],
    (choice, how) => change({ within: choice === "some" ? FIRST_WITHIN : undefined }, how),
  );
  const parts = [{ element: choose.element, sync: () => choose.sync(read().within ? "some" : "any") }];
  if (!read().within) return parts;
  const count = numberControl(page, { label: named(t("step.within.n")), whole: true, least: 1 }, (n, how) =>
    change({ within: { ...read().within, n } }, how),
  );
  const unit = selectControl(
    page,
    named(t("unit")),
    page.catalogue.data.units.within.map((u) => [u, t(`unit.${u}`)]),
    (u, how) => change({ within: { ...read().within, unit: u } }, how),
  );
  return [
    ...parts,
    { element: count.element, sync: () => count.sync(read().within?.n) },
    { element: unit.element, sync: () => unit.sync(read().within?.unit) },
  ];
}

/** What a sequence's controls depend on besides their values. */
export function sequenceForm(page, node) {
  return [
    node.same !== undefined,
    node.session_minutes !== undefined,
    Boolean(node.any_order),
    node.steps.map((step) => [step.event, Boolean(step.not), Boolean(step.within), filterForm(page, step)]),
  ];
}
