// The conditions that name people: saved audiences, as they are now or as a snapshot kept them, and uploaded lists.

import { selectControl } from "./controls.js";
import { h } from "./dom.js";
import { AUDIENCES, LISTS, snapshotsOf } from "./lookups.js";

const AS_IT_IS = "";

export function audienceCard(page, read, patch) {
  const { t } = page.words;
  const is = inOrNot(page, [t("audience.in"), t("audience.is"), t("audience.is_not")], patch);
  const which = chosenFrom(
    page,
    t("audience.which"),
    () => AUDIENCES,
    (id, how) => patch({ audience: id, snapshot: undefined }, how),
    {
      // A rule may name an audience by its id or by its name.
      read: (value, saved) => saved.find(([id, name]) => id === value || name === value)?.[0] ?? value,
    },
  );
  const when = chosenFrom(
    page,
    t("audience.when"),
    () => (read().audience ? snapshotsOf(read().audience) : null),
    (id, how) => patch({ snapshot: id || undefined }, how),
    {
      before: [[AS_IT_IS, t("audience.now")]],
      words: ([, day, count]) => t("audience.snapshot", { day, n: page.words.whole(count) }),
    },
  );
  return {
    parts: [
      { sync: () => is.sync(read().in) },
      { sync: () => which.sync(read().audience) },
      {
        sync() {
          when.sync(read().snapshot ?? AS_IT_IS);
          // An audience without snapshots leaves nothing to choose.
          when.element.hidden = when.size() < 2 && read().snapshot === undefined;
        },
      },
    ],
    line: [is.element, which.element, when.element],
    body: [],
  };
}

export function listCard(page, read, patch) {
  const { t } = page.words;
  const is = inOrNot(page, [t("list.in"), t("list.is"), t("list.is_not")], patch);
  const which = chosenFrom(
    page,
    t("list.which"),
    () => LISTS,
    (name, how) => patch({ list: name }, how),
    { words: ([name, , count]) => t("list.size", { name, n: page.words.whole(count) }) },
  );
  const hint = h("span.quiet", {}, t("list.none"));
  return {
    parts: [
      { sync: () => is.sync(read().in) },
      {
        sync() {
          which.sync(read().list);
          hint.hidden = !which.isKnown() || which.size() > 0;
        },
      },
    ],
    line: [is.element, which.element, hint],
    body: [],
  };
}

function inOrNot(page, [label, is, isNot], patch) {
  const control = selectControl(
    page,
    label,
    [
      ["in", is],
      ["out", isNot],
    ],
    (choice, how) => patch({ in: choice === "in" }, how),
    undefined,
    "op",
  );
  return { element: control.element, sync: (isIn) => control.sync(isIn ? "in" : "out") };
}

/**
 * A list to choose from that is asked of Python, drawn anew when it changes.
 *
 * @param place () → what is looked up, or null for nothing
 * @param how {read: (value, items) → the item's first, words: (item) → its words, before: further options}
 */
function chosenFrom(page, label, place, change, { read = (value) => value, words = ([, name]) => name, before = [] }) {
  const element = h("span.select");
  let control = null;
  let offered = "";
  let saved = null;
  const options = () => [...before, ...(saved ?? []).map((item) => [item[0], words(item)])];
  /** What the rule names and nobody has any more, as an option that says so. */
  const goneOf = (value) =>
    !saved || !value || options().some(([key]) => key === read(value, saved))
      ? []
      : [[value, page.words.t("named.gone", { name: value })]];
  return {
    element,
    isKnown: () => saved !== null,
    size: () => options().length,
    sync(value) {
      const where = place();
      saved = where === null ? [] : (page.lookups.list(where)?.items ?? null);
      const gone = goneOf(value);
      const now = JSON.stringify([saved, gone]);
      if (control === null || now !== offered) {
        offered = now;
        control = selectControl(page, label, [...options(), ...gone], change, (wanted) => read(wanted, saved ?? []));
        page.keepFocus(() => element.replaceChildren(control.element));
      }
      control.sync(value);
    },
  };
}
