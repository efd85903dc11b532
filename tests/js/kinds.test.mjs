// The further kinds of condition: how they begin, what becomes of one, and what keeps them in the language's form.

import { assert, test } from "./harness.mjs";
import { makeCatalogue, newLeaf } from "../../dashboard/builder/js/catalogue.js";
import {
  commonProperties,
  newCondition,
  otherEvent,
  settledSequence,
  settledSides,
  settledSteps,
  takesWithin,
  turned,
} from "../../dashboard/builder/js/kinds.js";
import { AUDIENCES, LISTS, placeOfTop } from "../../dashboard/builder/js/lookups.js";
import { replaceNode, emptyRule, insertNode } from "../../dashboard/builder/js/tree.js";
import { windowKind } from "../../dashboard/builder/js/windows.js";

const KINDS = [
  "first_time",
  "stopped",
  "resumed",
  "regular",
  "sequence",
  "compare",
  "rank",
  "bucket",
  "audience",
  "list",
];
const amount = { key: "amount", type: "number" };
const expert = { key: "expert_id", type: "text" };
const catalogue = makeCatalogue(
  {
    tags: [
      { key: "city", type: "enum", label: { en: "City" } },
      { key: "gmv", type: "number", label: { en: "Spend" } },
    ],
    events: [
      { key: "chat", label: { en: "Chat" }, properties: [{ key: "expert_id", type: "enum" }] },
      { key: "purchase", label: { en: "Purchase" }, properties: [expert, amount, { key: "labels", type: "multi" }] },
      { key: "login", label: { en: "Log in" }, properties: [] },
    ],
    kinds: KINDS.map((key) => ({ kind: "kind", key, label: { en: key }, offered: key !== "rank", dimension: "more" })),
    ops: {
      number: [{ key: "gt", fields: true }, { key: "between" }],
      date: [{ key: "before", fields: true }, { key: "in_last" }],
    },
    buckets: 10_000,
  },
  "en",
);
const MONTH = { last: 30, unit: "day" };

test("every kind has a title, an icon, and no title holds nothing", () => {
  for (const key of KINDS) {
    const leaf = newLeaf({ kind: "kind", key }, "c1", key === "audience" || key === "list" ? "a1" : null, catalogue);
    assert.equal(leaf.kind, key);
    assert.equal(leaf.id, "c1");
    assert.ok(!/null|undefined/.test(catalogue.title(leaf) + JSON.stringify(leaf)), key);
    assert.equal(catalogue.iconOf(leaf), key);
    assert.ok(catalogue.heading(leaf).length > 0);
  }
  assert.equal(catalogue.title({ kind: "stopped", event: "gone" }), "stopped · gone");
  assert.equal(catalogue.title({ kind: "novelty" }), "novelty");
  assert.equal(catalogue.typeOf({ kind: "rank", tag: "gmv" }), "number");
  assert.equal(catalogue.typeOf({ kind: "bucket", seed: "a" }), null);
});

test("a list begins with the newest one and is titled by its name", () => {
  assert.deepEqual(newCondition("list", catalogue, "闭门会"), { list: "闭门会", in: true });
  assert.deepEqual(newCondition("list", catalogue), { list: "", in: true });
  assert.equal(catalogue.title({ kind: "list", list: "闭门会", in: true }), "list · 闭门会");
});

test("what was saved last is asked for before a condition on it begins", () => {
  assert.equal(placeOfTop({ kind: "kind", key: "list" }), LISTS);
  assert.equal(placeOfTop({ kind: "kind", key: "audience" }), AUDIENCES);
  assert.equal(placeOfTop({ kind: "kind", key: "bucket" }), null);
  assert.deepEqual(placeOfTop({ kind: "tag", key: "city", type: "enum" }), { key: "city" });
  assert.equal(placeOfTop({ kind: "tag", key: "gmv", type: "number" }), null);
});

test("a kind that the data cannot answer is not in the palette, but still has its name", () => {
  assert.ok(!catalogue.itemsIn("more").some((kind) => kind.key === "rank"));
  assert.equal(catalogue.heading({ kind: "rank", tag: "gmv" }), "rank");
});

test("a comparison begins with a sum where there is a number, against the month before", () => {
  assert.deepEqual(newCondition("compare", catalogue), {
    left: { event: "purchase", measure: "sum", property: "amount", window: MONTH },
    op: "gt",
    right: { event: "purchase", measure: "sum", property: "amount", window: { ago: [60, 30], unit: "day" } },
  });
});

test("turning a condition keeps id, event, filters, not and muted", () => {
  const where = [{ property: "amount", op: "gte", value: 100 }];
  const node = {
    kind: "event", id: "c4", not: true, muted: true, event: "purchase", where,
    measure: "count", op: "gte", value: 2, window: { last: 2, unit: "week" },
  }; // prettier-ignore
  const kept = { id: "c4", not: true, muted: true, event: "purchase", where };
  assert.deepEqual(turned(node, "first_time", catalogue), {
    kind: "first_time",
    ...kept,
    window: { last: 2, unit: "week" },
  });
  assert.deepEqual(turned(node, "stopped", catalogue), {
    kind: "stopped",
    ...kept,
    active: { ago: [4, 2], unit: "week" },
    silent: { last: 2, unit: "week" },
  });
  const sequence = turned(node, "sequence", catalogue);
  assert.deepEqual(sequence.steps, [{ event: "purchase", where }, { event: "chat" }]);
  assert.deepEqual(sequence.window, { last: 2, unit: "week" });
  assert.ok(!("event" in sequence));
  const back = turned(turned(node, "stopped", catalogue), "event", catalogue);
  assert.deepEqual(back, { ...node, value: 1 });
});

test("a window since each one's own date does not go where it is not known", () => {
  const since = { since: { tag: "registered_on" }, for: { n: 7, unit: "day" } };
  const node = { kind: "event", id: "c1", event: "login", measure: "count", op: "gte", value: 1, window: since };
  assert.equal(windowKind(since), "since");
  assert.deepEqual(turned(node, "first_time", catalogue).window, MONTH);
  assert.ok(!("window" in turned(node, "sequence", catalogue)));
});

test("a turned condition stands where the old one stood", () => {
  const before = insertNode(emptyRule(), "g0", 0, { kind: "event", id: "c1", event: "login" });
  assert.deepEqual(replaceNode(before, "c1", { kind: "stopped", id: "c1" }).include.children, [
    { kind: "stopped", id: "c1" },
  ]);
});

test("another event keeps the filters that it can have and a measure that it has", () => {
  const holder = { event: "purchase", measure: "sum", property: "amount", where: [{ property: "amount" }] };
  assert.deepEqual(otherEvent(holder, "login", catalogue), {
    event: "login",
    where: undefined,
    measure: "count",
    property: undefined,
  });
  assert.deepEqual(otherEvent({ event: "purchase", where: [{ property: "amount" }] }, "purchase", catalogue), {
    event: "purchase",
    where: [{ property: "amount" }],
  });
});

test("steps stay in the form of the language however they are moved", () => {
  const within = { n: 7, unit: "day" };
  assert.deepEqual(settledSteps([{ event: "a", not: true, within }, { event: "b", within }]), [
    { event: "a" },
    { event: "b", within },
  ]);
  const between = [{ event: "a" }, { event: "b", not: true, within }, { event: "c" }];
  assert.deepEqual(settledSteps(between)[1], { event: "b", not: true });
  const after = [{ event: "a" }, { event: "b", not: true, within }];
  assert.deepEqual(settledSteps(after), after);
  assert.deepEqual(
    between.map((_, at) => takesWithin(between, at)),
    [false, false, true],
  );
  assert.ok(takesWithin(after, 1));
});

test("in whatever order steps have no time limit, and need a session or a value that holds them together", () => {
  const within = { n: 2, unit: "day" };
  const steps = [{ event: "chat" }, { event: "login", within }, { event: "purchase", not: true, within }];
  const held = settledSequence({ steps, session_minutes: 30, any_order: true });
  assert.deepEqual(held.steps, [{ event: "chat" }, { event: "login" }, { event: "purchase", not: true }]);
  assert.equal(held.any_order, true);
  assert.equal(settledSequence({ steps, same: "expert_id", any_order: true }).any_order, true);
  const free = settledSequence({ steps, any_order: true });
  assert.equal(free.any_order, undefined);
  assert.deepEqual(free.steps, steps);
});

test("what steps may have in common is a property of all of them, of one type and one value", () => {
  const keys = (...events) => commonProperties(events.map((event) => ({ event })), catalogue).map((one) => one.key);
  assert.deepEqual(keys("chat", "purchase"), ["expert_id"]);
  assert.deepEqual(keys("purchase", "purchase"), ["expert_id", "amount"]);
  assert.deepEqual(keys("purchase", "login"), []);
});

test("both sides of a comparison stay of one type, and its op one of that type", () => {
  const side = { event: "purchase", measure: "sum", property: "amount" };
  const dated = settledSides(
    { kind: "compare", left: { event: "login", measure: "first_at" }, op: "gt", right: side, factor: 2 },
    catalogue,
    "left",
  );
  assert.deepEqual(dated, {
    left: { event: "login", measure: "first_at" },
    right: { event: "purchase", measure: "first_at" },
    op: "before",
    factor: undefined,
  });
  const kept = settledSides({ left: side, op: "gt", right: { event: "chat", measure: "count" } }, catalogue, "right");
  assert.deepEqual(kept, { left: side, right: { event: "chat", measure: "count" } });
});
