// One comparison (an op and its value) and the filters on an event's properties, which are comparisons too.

import { beginning, reshaped, shapeOf } from "./catalogue.js";
import { makeControl, selectControl } from "./controls.js";
import { h, icon } from "./dom.js";
import { needsTop } from "./lookups.js";

/** The op and the value control of one comparison; `subject.read()` gives the {op, value} as it is now. */
export function comparison(page, subject, patch) {
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

/**
 * The filters of whatever holds {event, where}: a button that adds one, and a row for each.
 *
 * @param named names a part for readers: there may be several such holders on one card
 */
export function filtersOn(page, read, patch, named = (label) => label) {
  const { t } = page.words;
  const spec = page.catalogue.events.get(read().event);
  const add =
    !spec || spec.properties.length === 0
      ? null
      : h(
          "button.plain.addfilter",
          {
            type: "button",
            title: t("where.add"),
            "aria-label": `${named(page.catalogue.nameOf(spec))}: ${t("where.add")}`,
            "data-f": named("where"),
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
                        where: [...(read().where ?? []), { property: property.key, ...beginning(property, top) }],
                      }),
                    ),
                })),
              ),
          },
          icon("filter"),
        );
  const rows = (read().where ?? []).map((_, at) => filterRow(page, spec, at, read, patch, named));
  return { add, rows };
}

/** What the controls of filters depend on besides their values. */
export function filterForm(page, { event, where }) {
  return (where ?? []).map((w) => [
    w.property,
    w.op,
    formOfValue(page, page.catalogue.propertyOf(event, w.property)?.type, w.op, w.value),
  ]);
}

export function formOfValue(page, type, op, value) {
  const known = page.catalogue.op(type, op);
  return known ? shapeOf(known, value) : "?";
}

function filterRow(page, spec, at, read, patch, named) {
  const { t } = page.words;
  const filter = () => (read().where ?? [])[at] ?? {};
  const change = (next, how) =>
    patch({ where: read().where.map((old, i) => (i === at ? clean({ ...old, ...next }) : old)) }, how);
  const property = page.catalogue.propertyOf(read().event, filter().property);
  const label = property ? page.catalogue.nameOf(property) : filter().property;
  const parts = property
    ? comparison(
        page,
        {
          label: named(label),
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
      "aria-label": t("where.drop", { name: named(label) }),
      title: t("where.drop", { name: named(label) }),
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
