// The tags, events and ops that Python sent, and what follows from them: finding, naming, sensible beginnings.

import { newCondition } from "./kinds.js";

export function makeCatalogue(data, language) {
  const tags = new Map(data.tags.map((tag) => [tag.key, tag]));
  const events = new Map(data.events.map((event) => [event.key, event]));
  const nameOf = (thing) => thing?.label?.[language] ?? thing?.key ?? "";

  const kinds = new Map(data.kinds.map((kind) => [kind.key, kind]));
  const eventName = (key) => nameOf(events.get(key) ?? { key });
  const tagName = (key) => nameOf(tags.get(key) ?? { key });

  /** The type that a measure gives, by which its ops are known; null for an event that the data do not have. */
  function typeMeasured({ event, measure }) {
    if (!events.has(event)) return null;
    return measure === "first_at" || measure === "last_at" ? "date" : "number";
  }

  /** The type of what a leaf compares; null when the data do not have it, or when its kind compares nothing. */
  function typeOf(node) {
    switch (node.kind) {
      case "tag":
      case "rank":
        return tags.get(node.tag)?.type ?? null;
      case "event":
        return typeMeasured(node);
      case "compare":
        return typeMeasured(node.left);
      default:
        return null;
    }
  }

  /** What a condition of a further kind is about, in a few words. */
  function about(node) {
    switch (node.kind) {
      case "sequence":
        return node.steps.map((step) => eventName(step.event)).join(" → ");
      case "compare":
        return [...new Set([eventName(node.left.event), eventName(node.right.event)])].join(" / ");
      case "rank":
        return tagName(node.tag);
      case "bucket":
        return node.seed;
      case "list":
        return node.list;
      default:
        return node.event === undefined ? "" : eventName(node.event);
    }
  }

  /** The words that a row begins with: for the further kinds what they ask, as the rest has controls. */
  function heading(node) {
    if (node.kind === "tag") return tagName(node.tag);
    if (node.kind === "event") return eventName(node.event);
    if (node.kind === "group") return node.label ?? "";
    return nameOf(kinds.get(node.kind) ?? { key: node.kind });
  }

  function unitOf(tag) {
    return (typeof tag.unit === "object" && tag.unit ? tag.unit[language] : tag.unit) || "";
  }

  return {
    data,
    tags,
    events,
    nameOf,
    unitOf,
    typeOf,
    opsOf: (type) => data.ops[type] ?? [],
    op: (type, key) => (data.ops[type] ?? []).find((op) => op.key === key) ?? null,
    propertyOf: (event, key) => events.get(event)?.properties.find((p) => p.key === key) ?? null,
    tagsOfType: (type, except) => data.tags.filter((tag) => tag.type === type && tag.key !== except && !tag.personal),
    kinds,
    typeMeasured,
    heading,
    rankable: () => data.tags.filter((tag) => (tag.type === "number" || tag.type === "date") && !tag.personal),
    itemsIn: (dimension) =>
      [...data.tags, ...data.events, ...data.kinds].filter(
        (item) => item.dimension === dimension && item.offered !== false,
      ),
    /** The name of the icon that a leaf has; null when the data do not have what it asks. */
    iconOf(node) {
      if (node.kind === "tag") return tags.get(node.tag)?.type ?? null;
      return node.kind === "event" || kinds.has(node.kind) ? node.kind : null;
    },
    title(node) {
      const head = heading(node);
      const rest = kinds.has(node.kind) ? about(node) : "";
      return rest ? `${head} · ${rest}` : head;
    },
  };
}

/** What was typed as it is compared; an input method parts syllables by blanks and apostrophes: cheng'shi. */
function plainly(typed) {
  return typed.toLowerCase().replace(/[\s'’]+/g, "");
}

/** Tells whether an item answers to what was typed: key, either label, whole pinyin or its initials. */
export function answersTo(item, typed) {
  const wanted = plainly(typed);
  return wanted === "" || item.search.some((form) => form.includes(wanted));
}

/** The best items first: whose form begins with what was typed, then whose form contains it. */
export function found(items, typed) {
  const wanted = plainly(typed);
  const hits = items.filter((item) => answersTo(item, typed));
  if (!wanted) return hits;
  const rank = (item) =>
    item.search.some((form) => form === wanted) ? 0 : item.search.some((form) => form.startsWith(wanted)) ? 1 : 2;
  return hits
    .map((item, i) => [rank(item), i, item])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .map((hit) => hit[2]);
}

/** A new leaf that can be counted at once where the type allows; `top` is the most frequent value, if known. */
export function newLeaf(item, id, top, catalogue) {
  if (item.kind === "ready") return withIds(item.node, id);
  if (item.kind === "kind") return { kind: item.key, id, ...newCondition(item.key, catalogue, top) };
  if (item.kind === "event") {
    return {
      kind: "event",
      id,
      event: item.key,
      measure: "count",
      op: "gte",
      value: 1,
      window: { last: 30, unit: "day" },
    };
  }
  return { kind: "tag", id, tag: item.key, ...beginning(item, top) };
}

/** A copy of a node under this id, those below it under ids made from it. */
function withIds(node, id) {
  if (!node.children) return { ...node, id };
  return { ...node, id, children: node.children.map((child, i) => withIds(child, `${id}_${i + 1}`)) };
}

/** The op and value that a condition on a tag or property begins with. */
export function beginning(spec, top = null) {
  if (spec.personal) return { op: "is_set" };
  switch (spec.type) {
    case "number":
      return { op: "gt", value: 0 };
    case "date":
      return { op: "in_last", value: { n: 30, unit: "day" } };
    case "boolean":
      return { op: "is_true" };
    case "multi":
      return { op: "has_any", value: top === null ? [] : [top] };
    case "text":
      return { op: "contains_any", value: top === null ? [] : [top] };
    default:
      return { op: "in", value: top === null ? [] : [top] };
  }
}

/** Keeps as much of a value as fits when the op changes its shape. */
export function reshaped(value, from, to, today) {
  if (to === "none") return undefined;
  if (from === to && value !== undefined) return value;
  const list = Array.isArray(value)
    ? value
    : (value?.of ?? (value === undefined || value === null || typeof value === "object" ? [] : [value]));
  const count = value?.n ?? (typeof value === "number" ? value : 30);
  switch (to) {
    case "list":
      return list.map(String);
    case "one":
      return list.length ? String(list[0]) : "";
    case "number":
      return typeof list[0] === "number" ? list[0] : 0;
    case "numbers":
      return [
        typeof list[0] === "number" ? list[0] : 0,
        typeof list[1] === "number" ? list[1] : typeof list[0] === "number" ? list[0] : 0,
      ];
    case "day":
      return isDay(list[0]) ? list[0] : today;
    case "days":
      return [isDay(list[0]) ? list[0] : today, isDay(list[1]) ? list[1] : today].sort();
    case "span":
      return { n: Math.max(1, count), unit: value?.unit ?? "day" };
    case "calendar":
      return "this_month";
    case "ahead":
      return Math.max(0, Math.trunc(count));
    case "k_of":
      return { k: Math.max(1, Math.min(2, list.length)), of: list.map(String) };
    default:
      return value;
  }
}

function isDay(text) {
  return typeof text === "string" && /^\d{4}-\d{2}-\d{2}$/.test(text);
}

/** The shape of an op's value for a type; a comparison with another tag is a shape of its own. */
export function shapeOf(op, value) {
  return op.fields && value !== null && typeof value === "object" && !Array.isArray(value) && "tag" in value
    ? "field"
    : op.shape;
}
