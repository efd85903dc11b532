// Controls for values, one per shape of the op table. Each gives {element, sync(value)}; a control that has the
// focus is never overwritten, so typing loses neither focus nor characters.

import { dayField } from "./days.js";
import { h, icon, onTyped } from "./dom.js";
import { makePicker } from "./picker.js";

export const UNITS = ["day", "week", "month"];
export const CALENDARS = [
  "today",
  "yesterday",
  "this_week",
  "last_week",
  "this_month",
  "last_month",
  "this_quarter",
  "last_quarter",
  "this_year",
  "last_year",
];

/**
 * @param field {shape, type, how, unit, place, personal, named, except}: what is compared, and its name for readers
 * @param change (value, {typing, gesture}) called for every edit
 */
export function makeControl(page, field, change) {
  const { t } = page.words;
  const days = (n) => t("unit.day", { n });
  switch (field.shape) {
    case "none":
      return { element: null, sync: () => undefined };
    case "number":
      return numberControl(page, { label: field.named, unit: field.unit }, change);
    case "numbers":
      return pair(page, field, change, (label, at, put) =>
        numberControl(page, { label, unit: at ? field.unit : "" }, put),
      );
    case "day":
      return dayControl(page, field.named, change);
    case "days":
      return pair(page, field, change, (label, _, put) => dayControl(page, label, put));
    case "span":
      return spanControl(page, field, change);
    case "ahead":
      return numberControl(page, { label: field.named, unit: days, whole: true, least: 0 }, change);
    case "calendar":
      return selectControl(
        page,
        field.named,
        CALENDARS.map((name) => [name, t(`calendar.${name}`)]),
        change,
      );
    case "field":
      return selectControl(
        page,
        t("compare.with"),
        page.catalogue.tagsOfType(field.type, field.except).map((tag) => [tag.key, page.catalogue.nameOf(tag)]),
        (key) => change({ tag: key }),
        (value) => value?.tag ?? "",
      );
    case "k_of":
      return kOfControl(page, field, change);
    case "list":
      return makePicker(page, field, change);
    default:
      return field.how === "exact" && !field.personal
        ? makePicker(page, { ...field, single: true }, change)
        : textControl(page, field.named, change);
  }
}

/** One gesture per visit to a field: its keystrokes are one step of undo. */
function typingGesture(page, name) {
  let gesture = null;
  return {
    begin() {
      gesture = page.editor.gesture(name);
    },
    get now() {
      return (gesture ??= page.editor.gesture(name));
    },
  };
}

export function textControl(page, label, change, { placeholder = "", className = "" } = {}) {
  const typing = typingGesture(page, "text");
  const input = h(`input.field.text${className ? `.${className}` : ""}`, {
    type: "text",
    "aria-label": label,
    placeholder,
    autocomplete: "off",
    spellcheck: "false",
    "data-f": label,
    onfocus: () => typing.begin(),
    ...onTyped(() => change(input.value, { typing: true, gesture: typing.now })),
  });
  return {
    element: input,
    sync(value) {
      const text =
        typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
      if (!page.isTyping(input) && input.value !== text) input.value = text;
    },
  };
}

/** Reads a number as people type it: "3,000", "３０００", "1.5"; null when it is none. */
export function readNumber(text, { whole = false, least = -Infinity } = {}) {
  const plain = text
    .normalize("NFKC")
    .replace(/[\s,_']/g, "")
    .replace(/^−/, "-");
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(plain)) return null;
  const number = Number(plain);
  if (!Number.isFinite(number) || number < least || (whole && !Number.isInteger(number))) return null;
  return number;
}

/** @param unit words after the number, or a function that returns those that fit a number */
export function numberControl(page, { label, unit = "", whole = false, least = -Infinity }, change) {
  const unitFor = typeof unit === "function" ? unit : () => unit;
  const typing = typingGesture(page, "number");
  const input = h("input.bare.number", {
    type: "text",
    inputmode: whole ? "numeric" : "decimal",
    "aria-label": unit ? `${label} (${unitFor()})` : label,
    autocomplete: "off",
    "data-f": label,
    onfocus: () => {
      typing.begin();
      input.select();
    },
    onblur: () => fit(),
    ...onTyped(() => {
      fit();
      const number = readNumber(input.value, { whole, least });
      input.setAttribute("aria-invalid", number === null ? "true" : "false");
      change(number, { typing: true, gesture: typing.now });
    }),
    onkeydown: (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      const number = readNumber(input.value, {});
      if (!step || number === null || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const next = Math.max(least, number + step * (event.shiftKey ? 10 : 1));
      input.value = String(next);
      fit();
      change(next, { typing: true, gesture: typing.now });
    },
  });
  const after = unit ? h("span.unit", { "aria-hidden": "true" }) : null;
  const fit = () => {
    if (after) after.textContent = unitFor(readNumber(input.value));
    input.style.width = `${Math.max(2, Math.min(14, input.value.length + 0.6))}ch`;
  };
  return {
    element: h("label.field.withunit", {}, input, after),
    sync(value) {
      if (page.isTyping(input)) return;
      if (typeof value === "number") input.value = page.words.number(value);
      else if (readNumber(input.value, { whole, least }) !== null) input.value = "";
      input.setAttribute("aria-invalid", typeof value === "number" ? "false" : "true");
      fit();
    },
  };
}

export function dayControl(page, label, change) {
  const typing = typingGesture(page, "day");
  return dayField(page, label, (day) => change(day, { typing: true, gesture: typing.now }), {
    begin: () => typing.begin(),
  });
}

/** A list to choose one of: [[value, words], …]; a value that is not listed is shown as it stands. */
export function selectControl(page, label, options, change, read = (value) => value, className = "") {
  const select = h(
    `select.field${className ? `.${className}` : ""}`,
    {
      "aria-label": label,
      "data-f": label,
      onchange: () => change(select.value, { gesture: page.editor.gesture("choose") }),
    },
    options.map(([value, words]) => h("option", { value }, words)),
  );
  return {
    element: h("span.select", {}, select, icon("chevron")),
    sync(value) {
      const wanted = String(read(value) ?? "");
      if (![...select.options].some((option) => option.value === wanted)) {
        select.append(h("option", { value: wanted }, wanted || "—"));
      }
      if (select.value !== wanted) select.value = wanted;
    },
  };
}

function pair(page, field, change, make) {
  let now = [null, null];
  const put = (at) => (value, how) => {
    now = at === 0 ? [value, now[1]] : [now[0], value];
    change(now, how);
  };
  const low = make(page.words.t("low", { of: field.named }), 0, put(0));
  const high = make(page.words.t("high", { of: field.named }), 1, put(1));
  return {
    element: h("span.pair", {}, low.element, h("span.quiet", { "aria-hidden": "true" }, "–"), high.element),
    sync(value) {
      now = Array.isArray(value) ? [value[0] ?? null, value[1] ?? null] : [null, null];
      low.sync(now[0]);
      high.sync(now[1]);
    },
  };
}

function spanControl(page, field, change) {
  let now = { n: 30, unit: "day" };
  const count = numberControl(page, { label: field.named, whole: true, least: 1 }, (n, how) => {
    now = { ...now, n };
    change(now, how);
  });
  const unit = selectControl(
    page,
    page.words.t("unit"),
    UNITS.map((u) => [u, page.words.t(`unit.${u}`)]),
    (u, how) => {
      now = { ...now, unit: u };
      change(now, how);
    },
  );
  return {
    element: h("span.pair", {}, count.element, unit.element),
    sync(value) {
      now = value && typeof value === "object" ? value : now;
      count.sync(now.n);
      unit.sync(now.unit);
    },
  };
}

function kOfControl(page, field, change) {
  let now = { k: 1, of: [] };
  const k = numberControl(page, { label: page.words.t("k"), whole: true, least: 1 }, (value, how) => {
    now = { ...now, k: value };
    change(now, how);
  });
  const of = makePicker(page, field, (value, how) => {
    now = { ...now, of: value };
    change(now, how);
  });
  return {
    element: h("span.pair", {}, k.element, h("span.quiet", {}, page.words.t("k.values")), of.element),
    sync(value) {
      now = value && typeof value === "object" && !Array.isArray(value) ? value : { k: 1, of: [] };
      k.sync(now.k);
      of.sync(now.of ?? []);
    },
  };
}

/** A few choices side by side, one pressed: [[value, words, tip], …]. */
export function segmented(page, label, options, choose) {
  const buttons = options.map(([value, words, tip]) =>
    h(
      "button",
      {
        type: "button",
        title: tip ?? null,
        "data-value": value,
        "aria-pressed": "false",
        onclick: () => choose(value),
      },
      words,
    ),
  );
  const element = h("span.segmented", { role: "group", "aria-label": label }, buttons);
  return {
    element,
    sync(value) {
      buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.value === value)));
    },
  };
}
