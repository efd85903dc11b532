// Days: typed as 2019-07-14 in either language, whatever order the browser writes them in, or chosen in its calendar.

import { h, icon, onTyped } from "./dom.js";

/** Reads a day as people type it: 2019-07-14, 2019/7/14, 20190714, 2019年7月14日; null when there is no such day. */
export function readDay(text) {
  const plain = text.normalize("NFKC").replace(/\s/g, "");
  const parts = /^(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))$/.exec(plain);
  if (!parts) return null;
  const [year, month, day] = [parts[1], parts[2] ?? parts[4], parts[3] ?? parts[5]].map(Number);
  const found = new Date(Date.UTC(year, month - 1, day));
  const exists = found.getUTCFullYear() === year && found.getUTCMonth() === month - 1 && found.getUTCDate() === day;
  return exists ? writtenDay(found) : null;
}

/** The day so many days later. */
export function dayAfter(day, days) {
  const found = new Date(`${day}T00:00:00Z`);
  found.setUTCDate(found.getUTCDate() + days);
  return writtenDay(found);
}

function writtenDay(date) {
  return date.toISOString().slice(0, 10);
}

/**
 * A field for a day. What cannot be read changes nothing, is marked, and gives way to the day as it is when the
 * field is left; an emptied field is null.
 *
 * @param put (day or null) called for every change: while typing, or when `waits` on Enter and on leaving
 * @param begin called when the field gets the focus
 */
export function dayField(page, label, put, { begin = null, waits = false, name = label } = {}) {
  const { t } = page.words;
  let now = null;
  const read = () => (input.value.trim() === "" ? null : readDay(input.value));
  const isReadable = () => input.value.trim() === "" || readDay(input.value) !== null;
  const mark = () => input.setAttribute("aria-invalid", String(!isReadable()));
  const take = () => {
    mark();
    if (!isReadable() || read() === now) return;
    now = read();
    put(now);
  };
  const show = (day) => {
    input.value = day ?? "";
    mark();
  };
  const input = h("input.bare.daytext", {
    type: "text",
    inputmode: "numeric",
    "aria-label": label,
    placeholder: t("day.form"),
    autocomplete: "off",
    spellcheck: "false",
    "data-f": name,
    onfocus: () => {
      begin?.();
      input.select();
    },
    ...onTyped(() => (waits ? mark() : take())),
    onchange: () => take(),
    onblur: () => show(now),
    onkeydown: (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Enter") take();
      if (!step || event.altKey || !read()) return;
      event.preventDefault();
      event.stopPropagation();
      show(dayAfter(read(), step));
      if (!waits) take();
    },
  });
  const calendar = h("input.daycalendar", {
    type: "date",
    tabindex: "-1",
    "aria-hidden": "true",
    onchange: () => {
      show(calendar.value);
      take();
    },
  });
  const open = h(
    "button.plain.dayopen",
    {
      type: "button",
      "aria-label": t("day.open", { of: label }),
      title: t("day.open.tip"),
      onclick: () => {
        calendar.value = now ?? "";
        calendar.showPicker();
      },
    },
    icon("date"),
  );
  return {
    element: h("span.field.withunit.dayfield", {}, input, open, calendar),
    sync(day) {
      now = day ?? null;
      if (!page.isTyping(input)) show(now);
    },
  };
}
