// A window: ever, the last n, n to m ago, between two days, a calendar period, since a date of each user's own.

import { CALENDARS, dayControl, numberControl, selectControl, UNITS } from "./controls.js";
import { h, replace } from "./dom.js";

const WINDOWS = ["ever", "last", "ago", "between", "calendar"];
export const DEMANDED = WINDOWS.slice(1); // where there must be one
export const OF_EVENTS = [...WINDOWS, "since"];

export function windowKind(window) {
  if (!window) return "ever";
  if ("last" in window) return "last";
  if ("ago" in window) return "ago";
  if ("since" in window) return "since";
  return "calendar" in window ? "calendar" : "between";
}

/**
 * Which form a window has, then its numbers, days or period.
 *
 * @param forms those to choose from
 * @param named names a part for readers, where a card has several windows
 */
export function windowControl(page, change, { forms: offered = WINDOWS, named = (label) => label } = {}) {
  const { t } = page.words;
  const dates = page.catalogue.tagsOfType("date");
  const choices = offered.filter((form) => form !== "since" || dates.length > 0);
  let now = null;
  let kind = null;
  let parts = [];
  const send = (window, how) => {
    now = window;
    change(window ?? undefined, how ?? { gesture: page.editor.gesture("window") });
  };
  const beginnings = {
    ever: () => null,
    last: () => ({ last: now?.ago?.[0] ?? 30, unit: now?.unit ?? "day" }),
    ago: () => ({ ago: [(now?.last ?? 30) * 2, now?.last ?? 30], unit: now?.unit ?? "day" }),
    between: () => ({ from: page.editor.news?.first_day ?? page.editor.news?.as_of, to: page.editor.news?.as_of }),
    calendar: () => ({ calendar: "this_month" }),
    since: () => ({ since: { tag: dates[0].key }, for: { n: 7, unit: "day" } }),
  };
  const chooser = selectControl(
    page,
    named(t("window")),
    choices.map((w) => [w, t(`window.${w}`)]),
    (w) => {
      send(beginnings[w]());
      sync(now);
      box.querySelector(".parts input, .parts select")?.focus();
    },
  );
  const rest = h("span.parts.pair");
  const box = h("span.pair.window", {}, chooser.element, rest);
  const number = (label, read, write, least) => {
    const control = numberControl(page, { label: named(label), whole: true, least }, (n, how) => send(write(n), how));
    return { element: control.element, sync: () => control.sync(read()) };
  };
  const unit = () => {
    const control = selectControl(
      page,
      named(t("unit")),
      ["hour", ...UNITS].map((u) => [u, t(`unit.${u}`)]),
      (u, how) => send({ ...now, unit: u }, how),
    );
    return { element: control.element, sync: () => control.sync(now.unit) };
  };
  const day = (label, key) => {
    const control = dayControl(page, named(label), (value, how) => {
      const next = { ...now, [key]: value };
      if (!value) delete next[key];
      send(next, how);
    });
    return { element: control.element, sync: () => control.sync(now[key]) };
  };
  const word = (text) => ({ element: h("span.quiet", {}, text), sync: () => undefined });
  const forms = {
    ever: () => [],
    last: () => [
      number(
        t("window.last"),
        () => now.last,
        (n) => ({ ...now, last: n }),
        1,
      ),
      unit(),
    ],
    ago: () => [
      number(
        t("window.far"),
        () => now.ago[0],
        (n) => ({ ...now, ago: [n, now.ago[1]] }),
        1,
      ),
      word("–"),
      number(
        t("window.near"),
        () => now.ago[1],
        (n) => ({ ...now, ago: [now.ago[0], n] }),
        0,
      ),
      unit(),
      word(t("window.ago.word")),
    ],
    between: () => [day(t("window.from"), "from"), word("–"), day(t("window.to"), "to")],
    calendar: () => {
      const control = selectControl(
        page,
        named(t("window.calendar")),
        CALENDARS.map((c) => [c, t(`calendar.${c}`)]),
        (c, how) => send({ calendar: c }, how),
      );
      return [{ element: control.element, sync: () => control.sync(now.calendar) }];
    },
    since: () => {
      const tag = selectControl(
        page,
        named(t("window.since.tag")),
        dates.map((date) => [date.key, page.catalogue.nameOf(date)]),
        (key, how) => send({ ...now, since: { tag: key } }, how),
      );
      const length = selectControl(
        page,
        named(t("unit")),
        page.catalogue.data.units.since.map((u) => [u, t(`unit.${u}`)]),
        (u, how) => send({ ...now, for: { ...now.for, unit: u } }, how),
      );
      return [
        { element: tag.element, sync: () => tag.sync(now.since.tag) },
        word(t("window.since.from")),
        number(
          t("window.since.n"),
          () => now.for.n,
          (n) => ({ ...now, for: { ...now.for, n } }),
          1,
        ),
        { element: length.element, sync: () => length.sync(now.for.unit) },
        word(t("window.since.within")),
      ];
    },
  };
  function sync(window) {
    now = window ?? null;
    const wanted = windowKind(now);
    if (wanted !== kind) {
      kind = wanted;
      parts = forms[kind]();
      replace(rest, ...parts.map((part) => part.element));
    }
    chooser.sync(kind);
    parts.forEach((part) => part.sync());
  }
  return { element: box, sync };
}
