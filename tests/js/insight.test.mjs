// What the insight panel reckons by itself: turns, costs, and where values stand along a distribution.

import { assert, test } from "./harness.mjs";
import { costsIn } from "../../dashboard/builder/js/costs.js";
import { makeFacts } from "../../dashboard/builder/js/facts.js";
import {
  dayOf,
  makeScale,
  nearestPlace,
  passing,
  passingBars,
  reach,
  readingOf,
  upToNow,
} from "../../dashboard/builder/js/scale.js";
import { makeTurns } from "../../dashboard/builder/js/turns.js";

/** Turns of which everything sent is noted; `busy` is whether an edit is on its way. */
function taking() {
  const sent = [];
  const state = { busy: false };
  const turns = makeTurns(
    () => state.busy,
    () => 5,
  );
  for (const name of ["facts", "insight"]) turns.by(name, (message) => sent.push([name, message]));
  return { turns, sent, state };
}

test("charts that settle or are wished for while a command is on its way are asked for after it", async () => {
  const { turns, sent, state } = taking();
  const page = {
    turns,
    editor: { news: {} },
    insight: { covers: false },
    stampNow: () => "now",
    facts: null,
    keepFocus: (draw) => draw(),
  };
  const facts = makeFacts(page, { fade() {}, details() {} });
  facts.settle();
  page.facts = { stamp: "now" }; // a run of the whole page brings them meanwhile, and something is dismissed
  state.busy = true;
  await new Promise((done) => setTimeout(done, 300));
  facts.ask({ tags: ["city"] });
  assert.deepEqual(sent, []);
  state.busy = false;
  turns.rested();
  assert.deepEqual(sent, [["facts", { n: 5, tags: ["city"] }]]);
  turns.answered("facts", 5, () => facts.take({ stamp: "now", people: {} }));
  assert.equal(page.isSettling, false);
});

test("one ask is under way at a time, and insight goes before the charts", () => {
  const { turns, sent } = taking();
  turns.ask("facts", { tags: ["city"] });
  turns.ask("facts", { fields: ["gmv"] });
  turns.ask("insight", { questions: ["a"] });
  assert.deepEqual(sent, [["facts", { n: 5, tags: ["city"] }]]);
  turns.answered("facts", 5);
  assert.deepEqual(sent[1], ["insight", { n: 6, questions: ["a"] }]);
  turns.answered("insight", 5); // an older answer, given again
  assert.equal(sent.length, 2);
  turns.answered("insight", 6);
  assert.deepEqual(sent[2], ["facts", { n: 7, fields: ["gmv"] }]);
});

test("what a component asks while it draws an answer goes next, and only then the others", () => {
  const { turns, sent } = taking();
  turns.ask("insight", { questions: ["a"] });
  turns.ask("facts", {});
  turns.answered("insight", 5, () => {
    assert.equal(turns.pending("insight"), null);
    turns.ask("insight", { questions: ["b"] });
  });
  assert.deepEqual(sent.map(([name]) => name), ["insight", "insight"]);
});

test("what waits of one component goes together, the later word counting", () => {
  const { turns, sent, state } = taking();
  state.busy = true;
  turns.ask("facts", { tags: ["city"], reveal: true });
  turns.ask("facts", { reveal: false });
  assert.deepEqual(turns.pending("facts"), { tags: ["city"], reveal: false });
  assert.equal(sent.length, 0);
  state.busy = false;
  turns.rested();
  assert.deepEqual(sent, [["facts", { n: 5, tags: ["city"], reveal: false }]]);
  assert.equal(turns.pending("insight"), null);
});

test("an ask that an edit overtook is made again, unless its answer came", () => {
  const { turns, sent, state } = taking();
  turns.ask("insight", { stamp: "old" });
  turns.overtake();
  state.busy = true;
  turns.ask("insight", { stamp: "new" });
  state.busy = false;
  turns.rested();
  assert.deepEqual(sent, [
    ["insight", { n: 5, stamp: "old" }],
    ["insight", { n: 6, stamp: "new" }],
  ]);
  turns.answered("insight", 6);
  turns.overtake();
  turns.rested();
  assert.equal(sent.length, 2);
});

test("an ask that nothing overtook is not made again when an answer comes to an edit", () => {
  const { turns, sent } = taking();
  turns.ask("insight", { stamp: "a" });
  turns.rested();
  assert.equal(sent.length, 1);
});

const RULE = {
  include: {
    kind: "group",
    id: "g0",
    match: "all",
    children: [
      { kind: "tag", id: "c1" },
      { kind: "group", id: "g1", match: "any", children: [{ kind: "tag", id: "c2" }] },
      { kind: "tag", id: "c3", muted: true },
    ],
  },
  exclude: { kind: "group", id: "x0", match: "any", children: [{ kind: "event", id: "c4" }] },
};

test("a cost is who would come in without the node; the costliest is a condition, the first of equal ones", () => {
  const nodes = { g0: 100, c1: 14, g1: 30, c2: 9, c3: 10, x0: 14, c4: 14 };
  const numbers = Object.fromEntries(Object.entries(nodes).map(([id, without]) => [id, { without }]));
  const { of, most, costliest } = costsIn(RULE, numbers, 10);
  assert.deepEqual([...of], [["g0", 90], ["c1", 4], ["g1", 20], ["c2", -1], ["c3", 0], ["x0", 4], ["c4", 4]]);
  assert.equal(most, 20);
  assert.equal(costliest, "c1");
  assert.equal(costsIn(RULE, { c3: { without: 10 } }, 10).costliest, null);
});

const BARS = [
  { low: 0, high: 10, users: 8 },
  { low: 10, high: 20, users: 4 },
  { low: 20, high: 1020, users: 2 },
];

test("a scale gives every bin the same room, and what lies beyond the nearest end", () => {
  const scale = makeScale(BARS);
  const places = [-5, 0, 5, 10, 20, 1020, 9999].map((value) => Math.round(scale(value) * 600));
  assert.deepEqual(places, [0, 0, 100, 200, 400, 600, 600]);
  assert.equal(makeScale([])(3), 1);
  const days = makeScale([{ low: "2019-07-01", high: "2019-07-11", users: 1 }]);
  assert.equal(days("2019-07-06"), 0.5);
});

test("lengths reach back from the day, or ahead of it", () => {
  const today = "2019-07-14";
  assert.equal(reach("in_last", 14, "day", today), readingOf("2019-07-01"));
  assert.equal(reach("in_last", 2, "week", today), readingOf("2019-07-01"));
  assert.equal(reach("in_next", 7, "day", today), readingOf("2019-07-22"));
});

test("bars of days end with the last day that somebody has, or today", () => {
  const quarters = [
    { low: "2019-04-01", high: "2019-07-01", users: 5 },
    { low: "2019-07-01", high: "2019-10-01", users: 2 },
  ];
  const ending = (steps, today) => dayOf(upToNow(quarters, steps, today).at(-1).high);
  const step = (value, at) => ({ value, at });
  assert.equal(ending([step("2019-07-10", 2), step("2019-10-01", 0)], "2019-07-14"), "2019-07-15");
  assert.equal(ending([step("2019-08-10", 2)], "2019-07-14"), "2019-08-11");
  assert.equal(ending([step("2019-09-30", 1)], "2019-07-14"), "2019-10-01");
  assert.equal(ending([step("2019-06-30", 1)], "2019-06-30"), "2019-10-01");
  assert.equal(upToNow(BARS, [step(1020, 1)], "2019-07-14"), BARS);
});

test("a bar that would press the others to the ground is cut, and says so", () => {
  const bars = [{ low: 0, high: 1, users: 1000 }, { low: 1, high: 2, users: 10 }, { low: 2, high: 3, users: 5 }];
  const drawn = passingBars(bars, [[0, 1]]).map(({ height, isCut }) => [height, isCut]);
  assert.deepEqual(drawn, [[1, true], [0.25, false], [0.125, false]]);
  assert.deepEqual(passingBars(bars.slice(0, 1), [[0, 1]])[0].isCut, false);
});

test("the nearest place is found, and among equal ones that beside where the handle stands", () => {
  assert.equal(nearestPlace([0, 0.2, 0.5, 1], 0.4), 2);
  assert.equal(nearestPlace([0, 0, 0, 1], 0, 2), 2);
  assert.equal(nearestPlace([0, 1, 1, 1], 1, 3), 3);
});

test("what passes follows the op, and is turned over where the comparison must not hold", () => {
  assert.deepEqual(passing("gte", [0.3], false), [[0.3, 1]]);
  assert.deepEqual(passing("gte", [0.3], true), [[0, 0.3]]);
  assert.deepEqual(passing("before", [0.3], false), [[0, 0.3]]);
  assert.deepEqual(passing("between", [0.2, 0.6], false), [[0.2, 0.6]]);
  assert.deepEqual(passing("between", [0.2, 0.6], true), [[0, 0.2], [0.6, 1]]);
  assert.deepEqual(passing("not_between", [0.2, 0.6], true), [[0.2, 0.6]]);
  assert.deepEqual(passing("in_last", [0.4, 0.9], false), [[0.4, 0.9]]);
  assert.deepEqual(passing("in_next", [0.9, 0.4], false), [[0.4, 0.9]]);
  assert.deepEqual(passing("not_in_last", [0.4, 0.9], false), [[0, 0.4]]);
  assert.deepEqual(passing("ne", [0.5], true), []);
});

test("bars are cut where the threshold stands", () => {
  const sixtieth = (number) => Math.round(number * 60);
  const cut = passingBars(BARS, [[0.5, 1]]).map(({ x, width, height }) => [x, width, height].map(sixtieth));
  assert.deepEqual(cut, [
    [30, 10, 30],
    [40, 20, 15],
  ]);
  assert.equal(passingBars(BARS, [[0, 1]]).length, 3);
  assert.deepEqual(passingBars([], [[0, 1]]), []);
});
