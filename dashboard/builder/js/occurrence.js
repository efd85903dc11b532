// What several kinds of condition hold: which event, its filters, and when. The parts of one such holder.

import { filtersOn } from "./comparison.js";
import { selectControl } from "./controls.js";
import { h } from "./dom.js";
import { otherEvent } from "./kinds.js";
import { windowControl } from "./windows.js";

/** Names the parts of one holder for readers: "step 2: event". */
export function partsOf(page, of) {
  return (what) => (of ? page.words.t("part.of", { of, what }) : what);
}

/** Words between controls. */
export function plainWord(text) {
  return h("span.quiet", {}, text);
}

/**
 * Which event, and its filters.
 *
 * @param read gives the {event, where} as it is now
 * @returns parts to keep in step, elements to stand in line, and the list of filters
 */
export function occurrence(page, read, patch, named) {
  const { events, nameOf } = page.catalogue;
  const choice = selectControl(
    page,
    named(page.words.t("part.event")),
    [...events.values()].map((event) => [event.key, nameOf(event)]),
    (key, how) => patch(otherEvent(read(), key, page.catalogue), how),
  );
  const { add, rows } = filtersOn(page, read, patch, named);
  return {
    parts: [{ sync: () => choice.sync(read().event) }, ...rows.map((row) => ({ sync: row.sync }))],
    line: [choice.element, add],
    filters: h(
      "ul.filters",
      {},
      rows.map((row) => row.element),
    ),
  };
}

/** A window that stands under a key of what is read. */
export function windowUnder(page, key, read, patch, options) {
  const window = windowControl(page, (value, how) => patch({ [key]: value }, how), options);
  return { element: window.element, sync: () => window.sync(read()[key]) };
}

/** Takes keys given as undefined out, so that what is nested in a condition stays in its public form. */
export function withoutUndefined(thing) {
  return Object.fromEntries(Object.entries(thing).filter(([, value]) => value !== undefined));
}
