// One condition as a row: what is compared, how, with what; its numbers; what is wrong with it. A row is built
// once and then kept: an edit changes its parts in place, so that focus stays where it is.

import { beginning, reshaped, shapeOf } from "./catalogue.js";
import { makeControl, selectControl } from "./controls.js";
import { h, grip, icon, replace, say } from "./dom.js";
import { needsTop } from "./lookups.js";
import { costOf, makeNumbers } from "./numbers.js";
import { patchNode } from "./tree.js";
import { windowControl } from "./windows.js";

const MEASURES_OF_PROPERTY = ["sum", "avg", "min", "max", "distinct"];

export function makeRow(page, id) {
  const { t } = page.words;
  let node = null;
  let form = ""; // what the controls were built for
  let parts = [];
  const patch = (change, how = {}) =>
    page.editor.edit(how.gesture ?? page.editor.gesture(`row:${id}`), (rule) => patchNode(rule, id, change), {
      typing: how.typing,
      structure: false,
    });

  const handle = h("button.grip", { type: "button", "data-grip": id, "data-f": "grip" }, grip());
  const not = h(
    "button.flag.not",
    { type: "button", hidden: true, "data-f": "not", onclick: () => page.actions.negate(id) },
    t("not"),
  );
  const name = h("span.name");
  const kind = h("span.kind");
  const controls = h("span.controls");
  const acts = page.actions.buttons(id);
  const numbers = makeNumbers(page, acts.extras);
  const missing = h("span.missing");
  const filters = h("ul.filters");
  const notes = h("div.notes");
  const element = h(
    "li.node.row",
    { "data-id": id, onpointerdown: () => page.actions.select(id) },
    h("div.line", {}, handle, h("span.subject", {}, not, kind, name), controls, numbers.element, acts),
    filters,
    notes,
  );

  function build() {
    parts = [];
    replace(kind, icon(node.kind === "event" ? "event" : (page.catalogue.tags.get(node.tag)?.type ?? "warn")));
    if (node.kind === "event" && page.catalogue.events.has(node.event)) buildEvent();
    else if (node.kind === "tag" && page.catalogue.tags.has(node.tag)) buildTag();
    else replace(controls, h("code.raw", {}, JSON.stringify(node.value ?? null)));
  }

  function buildTag() {
    const spec = page.catalogue.tags.get(node.tag);
    parts = comparison(
      page,
      {
        label: page.catalogue.nameOf(spec),
        type: spec.type,
        unit: page.catalogue.unitOf(spec),
        personal: spec.personal,
        place: { key: spec.key },
        except: spec.key,
        read: () => node,
      },
      patch,
    );
    replace(controls, ...parts.map((part) => part.element), missing);
    replace(filters);
  }

  function buildEvent() {
    const spec = page.catalogue.events.get(node.event);
    const label = page.catalogue.nameOf(spec);
    const measure = measureControl(page, spec, () => node, patch);
    const isDate = node.measure === "first_at" || node.measure === "last_at";
    const unit =
      node.measure === "count"
        ? t("unit.times")
        : node.measure === "days"
          ? t("unit.day")
          : page.catalogue.unitOf(page.catalogue.propertyOf(spec.key, node.property) ?? {});
    parts = [measure];
    if (!isNever(node)) {
      parts.push(
        ...comparison(
          page,
          {
            label: `${label} ${t(`measure.${node.measure}`)}`,
            type: isDate ? "date" : "number",
            unit,
            place: null,
            read: () => node,
            few: true,
            whole: ["count", "days", "distinct"].includes(node.measure),
          },
          patch,
        ),
      );
    }
    const window = windowControl(page, (value, how) => patch({ window: value }, how));
    parts.push({ element: window.element, sync: () => window.sync(node.window) });
    const add =
      spec.properties.length === 0
        ? null
        : h(
            "button.plain.addfilter",
            {
              type: "button",
              title: t("where.add"),
              "aria-label": `${label}: ${t("where.add")}`,
              "data-f": "where",
              onclick: (event) =>
                page.popovers.menu(
                  event.currentTarget,
                  t("where.add"),
                  spec.properties.map((property) => ({
                    label: page.catalogue.nameOf(property),
                    icon: property.type,
                    run: () =>
                      page.lookups.withTop(needsTop(property) ? { key: property.key, event: spec.key } : null, (top) =>
                        patch({
                          where: [...(node.where ?? []), { property: property.key, ...beginning(property, top) }],
                        }),
                      ),
                  })),
                ),
            },
            icon("filter"),
          );
    replace(controls, ...parts.map((part) => part.element), add, missing);
    buildFilters(spec);
  }

  function buildFilters(spec) {
    const rows = (node.where ?? []).map((_, at) => filterRow(page, spec, at, () => node, patch));
    parts.push(...rows.map((row) => ({ element: null, sync: row.sync })));
    replace(filters, ...rows.map((row) => row.element));
  }

  return {
    element,
    get node() {
      return node;
    },
    update(next, { parent }) {
      node = next;
      const title = page.catalogue.title(node);
      say(name, title);
      handle.setAttribute("aria-label", t("grip", { name: title }));
      handle.title = t("grip.tip");
      not.hidden = !node.not;
      element.classList.toggle("muted", Boolean(node.muted));
      const wanted = formOf(page, node);
      if (wanted !== form)
        page.keepFocus(() => {
          form = wanted;
          build();
        });
      parts.forEach((part) => part.sync());
      acts.sync(node);
      numbers.update(node, costOf(page, parent));
      replace(notes, ...notesOn(page, node));
      const lacking = node.muted ? 0 : (page.editor.numbersOf(id)?.missing ?? 0);
      say(missing, lacking ? t("missing", { n: page.words.whole(lacking) }) : "");
      missing.title = t("missing.tip");
      element.classList.toggle(
        "broken",
        page.editor.problemsOf(id).some((problem) => problem.severity === "error"),
      );
    },
  };
}

/** The op and the value control of one comparison; `subject.read()` gives the {op, value} as it is now. */
function comparison(page, subject, patch) {
  const { t } = page.words;
  const { op: key, value } = subject.read();
  const ops = page.catalogue
    .opsOf(subject.type)
    .filter((op) => !subject.few || !["is_set", "not_set"].includes(op.key) || op.key === key);
  const op = page.catalogue.op(subject.type, key);
  const options = ops.map((o) => [o.key, o.label[page.words.language]]);
  const choose = selectControl(
    page,
    t("op.of", { of: subject.label }),
    options,
    (next) => {
      const to = page.catalogue.op(subject.type, next);
      const now = subject.read().value;
      const from = op ? shapeOf(op, now) : "";
      const next_value =
        to.fields && from === "field"
          ? now
          : reshaped(from === "field" ? undefined : now, op?.shape, to.shape, page.editor.news?.as_of);
      patch({ op: next, value: next_value }, { gesture: page.editor.gesture("op") });
    },
    undefined,
    "op",
  );
  const parts = [{ element: choose.element, sync: () => choose.sync(subject.read().op) }];
  if (!op) return parts;
  const shape = shapeOf(op, value);
  const control = makeControl(
    page,
    {
      shape,
      type: subject.type,
      how: op.how,
      unit: subject.unit,
      place: subject.place,
      personal: subject.personal,
      named: `${subject.label} ${op.label[page.words.language]}`,
      except: subject.except,
    },
    (next, how) => patch({ value: next }, how),
  );
  if (control.element) parts.push({ element: control.element, sync: () => control.sync(subject.read().value) });
  const others = op.fields && subject.except ? page.catalogue.tagsOfType(subject.type, subject.except) : [];
  if (others.length) {
    const swap = h(
      "button.plain.swap",
      {
        type: "button",
        "aria-pressed": String(shape === "field"),
        title: t(shape === "field" ? "compare.value" : "compare.field"),
        "aria-label": `${subject.label}: ${t(shape === "field" ? "compare.value" : "compare.field")}`,
        "data-f": "swap",
        onclick: () =>
          patch({
            value:
              shape === "field" ? reshaped(undefined, "", op.shape, page.editor.news?.as_of) : { tag: others[0].key },
          }),
      },
      icon("swap"),
    );
    parts.push({ element: swap, sync: () => undefined });
  }
  return parts;
}

/** 做过 / 没做过 / 天数 / 金额之和 …: the measure, and "never" as its own word for count = 0. */
function measureControl(page, spec, read, patch) {
  const { t } = page.words;
  const numeric = spec.properties.filter((property) => property.type === "number");
  const options = [
    ["count", t("measure.count")],
    ["never", t("measure.never")],
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
    t("measure.of", { of: page.catalogue.nameOf(spec) }),
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

function filterRow(page, spec, at, read, patch) {
  const { t } = page.words;
  const filter = () => (read().where ?? [])[at] ?? {};
  const change = (next, how) =>
    patch({ where: read().where.map((old, i) => (i === at ? clean({ ...old, ...next }) : old)) }, how);
  const property = page.catalogue.propertyOf(spec.key, filter().property);
  const label = property ? page.catalogue.nameOf(property) : filter().property;
  const parts = property
    ? comparison(
        page,
        {
          label,
          type: property.type,
          unit: page.catalogue.unitOf(property),
          place: { key: property.key, event: spec.key },
          read: filter,
        },
        change,
      )
    : [];
  const drop = h(
    "button.plain",
    {
      type: "button",
      "aria-label": t("where.drop", { name: label }),
      title: t("where.drop", { name: label }),
      onclick: () => patch({ where: read().where.length > 1 ? read().where.filter((_, i) => i !== at) : undefined }),
    },
    icon("close"),
  );
  return {
    element: h(
      "li.filter",
      {},
      icon("filter"),
      h("span.name", {}, label),
      parts.map((part) => part.element),
      drop,
    ),
    sync: () => parts.forEach((part) => part.sync()),
  };
}

function clean(condition) {
  const next = { ...condition };
  for (const key of Object.keys(next)) if (next[key] === undefined) delete next[key];
  return next;
}

/** What the controls of a leaf depend on besides its values. */
function formOf(page, node) {
  const shape = (type, op, value) => {
    const known = page.catalogue.op(type, op);
    return known ? shapeOf(known, value) : "?";
  };
  const type = page.catalogue.typeOf(node);
  return JSON.stringify([
    page.catalogueStamp,
    node.kind,
    node.tag,
    node.event,
    node.measure,
    node.property,
    isNever(node),
    node.op,
    shape(type, node.op, node.value),
    (node.where ?? []).map((w) => [
      w.property,
      w.op,
      shape(page.catalogue.propertyOf(node.event, w.property)?.type, w.op, w.value),
    ]),
  ]);
}

/** What must be said about a node where it stands. */
export function notesOn(page, node) {
  return page.editor
    .problemsOf(node.id)
    .map((problem) =>
      h(
        problem.code === "muted" ? "p.mutednote" : `p.problem.${problem.severity}`,
        {},
        icon(problem.code === "muted" ? "eyeoff" : "warn"),
        h("span", {}, problem.text),
      ),
    );
}
