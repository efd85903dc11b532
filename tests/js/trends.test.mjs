// Where weeks, indexes and the parts of a comparison stand in their pictures.

import { assert, test } from "./harness.mjs";
import { makeCatalogue, newLeaf } from "../../dashboard/builder/js/catalogue.js";
import { emptyRule, insertNode, walk } from "../../dashboard/builder/js/tree.js";
import { indexPlace, indexSpan, nodeOfTrait, partWidths } from "../../dashboard/builder/js/traitlines.js";
import {
  dayPlace,
  daysBetween,
  holdsDay,
  monthMarks,
  roundTop,
  trendPaths,
  weekPlaces,
  weekStretches,
} from "../../dashboard/builder/js/trendline.js";

const UNTIL = "2019-07-14";

test("days are counted over months, years and a leap day", () => {
  assert.equal(daysBetween("2019-07-07", UNTIL), 7);
  assert.equal(daysBetween("2018-12-31", "2019-01-01"), 1);
  assert.equal(daysBetween("2020-02-28", "2020-03-01"), 2);
  assert.equal(daysBetween(UNTIL, UNTIL), 0);
});

test("the top of the scale is round, whole and holds the largest number", () => {
  for (const [most, top] of [
    [0, 1],
    [1, 1],
    [7, 8],
    [10, 10],
    [11, 15],
    [59, 60],
    [61, 80],
    [1234, 1500],
    [998001, 1000000],
  ])
    assert.equal(roundTop(most), top, `${most}`);
  for (let most = 1; most < 5000; most += 7) assert.ok(roundTop(most) >= most && roundTop(most) <= 2 * most);
});

test("the newest week stands at the right, the oldest at the left, the largest number at the top", () => {
  const weeks = [
    { as_of: "2019-06-30", count: 50 },
    { as_of: "2019-07-07", count: 0 },
    { as_of: UNTIL, count: 100 },
  ];
  const places = weekPlaces(weeks, UNTIL, 3, 100);
  assert.deepEqual(
    places.map(({ x, y }) => [x, y]),
    [
      [0, 0.5],
      [0.5, 1],
      [1, 0],
    ],
  );
  assert.deepEqual(trendPaths(places), { line: "M0 50 L50 100 L100 0", area: "M0 50 L50 100 L100 0 L100 100 L0 100 Z" });
  assert.deepEqual(trendPaths([]), { line: "", area: "" });
  assert.equal(dayPlace("2019-07-07", UNTIL, 3), 0.5);
});

test("while weeks are still coming the newest ones stand where they will stay", () => {
  const some = weekPlaces([{ as_of: UNTIL, count: 3 }], UNTIL, 26, 10);
  assert.equal(some[0].x, 1);
});

test("every place of the picture belongs to exactly one week", () => {
  const weeks = Array.from({ length: 26 }, (_, i) => ({
    as_of: new Date(Date.parse(UNTIL) - 7 * (25 - i) * 864e5).toISOString().slice(0, 10),
    count: i,
  }));
  const stretches = weekStretches(weekPlaces(weeks, UNTIL, 26, 30), 26);
  let reached = 0;
  for (const { left, width } of stretches) {
    assert.ok(Math.abs(left - reached) < 1e-9);
    reached = left + width;
  }
  assert.ok(Math.abs(reached - 1) < 1e-9);
});

test("months are marked at their first days", () => {
  assert.deepEqual(
    monthMarks(UNTIL, 26).map((mark) => mark.day),
    ["2019-02-01", "2019-03-01", "2019-04-01", "2019-05-01", "2019-06-01", "2019-07-01"],
  );
  assert.ok(monthMarks(UNTIL, 26).every(({ x }) => x >= 0 && x <= 1));
});

test("a trend holds the days between its oldest and its newest week", () => {
  const trend = { until: UNTIL, total: 3 };
  assert.equal(holdsDay(trend, UNTIL), true);
  assert.equal(holdsDay(trend, "2019-06-30"), true);
  assert.equal(holdsDay(trend, "2019-06-29"), false);
  assert.equal(holdsDay(trend, "2019-07-15"), false);
});

test("an index of 100 stands in the middle, and doubling it is as far as halving it", () => {
  assert.equal(indexPlace(100), 0.5);
  assert.equal(indexPlace(200) - 0.5, 0.5 - indexPlace(50));
  assert.equal(indexPlace(800), 1);
  assert.equal(indexPlace(1e6), 1);
  assert.equal(indexPlace(0), 0);
});

test("an interval lies around its index and ends with the scale", () => {
  const span = indexSpan({ tgi: 150, tgi_low: 120, tgi_high: 190 });
  assert.ok(span.left < span.at && span.at < span.left + span.width);
  const beyond = indexSpan({ tgi: 700, tgi_low: 400, tgi_high: 5000 });
  assert.equal(beyond.left + beyond.width, 1);
});

test("the parts of a comparison fill the bar, and a handful is still seen", () => {
  assert.deepEqual(partWidths([25, 50, 25]), [0.25, 0.5, 0.25]);
  assert.deepEqual(partWidths([0, 0, 0]), [0, 0, 0]);
  const few = partWidths([1, 1_000_000, 0]);
  assert.ok(few[0] > 0.015);
  assert.equal(few[2], 0);
  assert.ok(Math.abs(few.reduce((sum, n) => sum + n) - 1) < 1e-9);
});

test("a trait becomes a condition of the rule under ids of its own, a range a group of two", () => {
  const catalogue = makeCatalogue({ tags: [], events: [], kinds: [], ops: {} }, "en");
  const one = { kind: "tag", id: "city", tag: "city", op: "is", value: "北京" };
  const range = [
    { kind: "tag", id: "gmv", tag: "gmv", op: "gte", value: 0 },
    { kind: "tag", id: "gmv", tag: "gmv", op: "lt", value: 10 },
  ];
  const item = (conditions) => ({ kind: "ready", key: "x", node: nodeOfTrait({ conditions }) });
  assert.deepEqual(newLeaf(item([one]), "c7", null, catalogue), { ...one, id: "c7" });
  const group = newLeaf(item(range), "c8", null, catalogue);
  assert.deepEqual([group.kind, group.match, group.children.length], ["group", "all", 2]);
  const ids = [];
  walk(insertNode(emptyRule(), "g0", 0, group).include, (node) => ids.push(node.id));
  assert.equal(new Set(ids).size, 4);
});
