// Finding entries, beginning conditions, keeping values when the op changes, reading what people type and paste.

import { assert, test } from "./harness.mjs";
import { answersTo, beginning, found, newLeaf, reshaped, shapeOf } from "../../dashboard/builder/js/catalogue.js";
import { readNumber } from "../../dashboard/builder/js/controls.js";
import { dayAfter, readDay } from "../../dashboard/builder/js/days.js";
import { splitPasted } from "../../dashboard/builder/js/picker.js";
import { isNever, measured } from "../../dashboard/builder/js/measures.js";
import { brokenAt } from "../../dashboard/builder/js/toolbar.js";
import { windowKind } from "../../dashboard/builder/js/windows.js";
import { makeWords, shareText } from "../../dashboard/builder/js/words.js";

const city = { kind: "tag", key: "city", type: "enum", search: ["city", "城市", "chengshi", "cs"] };
const chats = { kind: "tag", key: "chats", type: "number", search: ["chats", "次数", "cishu", "cs", "chengshi2"] };

test("an entry is found by key, label, whole pinyin and initials, whatever the case and spaces", () => {
  for (const typed of ["city", "CITY", "城", "chengshi", "cheng shi", "cheng'shi", "cs", ""])
    assert.ok(answersTo(city, typed), typed);
  assert.ok(!answersTo(city, "gmv"));
});

test("exact hits come before beginnings, beginnings before the rest", () => {
  assert.deepEqual(
    found([chats, city], "chengshi").map((item) => item.key),
    ["city", "chats"],
  );
});

test("a dropped event begins as done at least once in the last thirty days", () => {
  assert.deepEqual(newLeaf({ kind: "event", key: "login" }, "c1"), {
    kind: "event",
    id: "c1",
    event: "login",
    measure: "count",
    op: "gte",
    value: 1,
    window: { last: 30, unit: "day" },
  });
});

test("a dropped tag begins with its most frequent value, a number with more than nothing", () => {
  assert.deepEqual(newLeaf(city, "c1", "北京"), { kind: "tag", id: "c1", tag: "city", op: "in", value: ["北京"] });
  assert.deepEqual(beginning({ type: "number" }), { op: "gt", value: 0 });
  assert.deepEqual(beginning({ type: "multi" }, "职场"), { op: "has_any", value: ["职场"] });
  assert.deepEqual(beginning({ type: "date" }), { op: "in_last", value: { n: 30, unit: "day" } });
});

test("a personal tag begins without any value", () => {
  assert.deepEqual(beginning({ type: "text", personal: "name" }, "王小明"), { op: "is_set" });
});

test("a value survives a change of op as far as its shape allows", () => {
  assert.deepEqual(reshaped("北京", "one", "list"), ["北京"]);
  assert.equal(reshaped(["北京", "上海"], "list", "one"), "北京");
  assert.deepEqual(reshaped(5, "number", "numbers"), [5, 5]);
  assert.equal(reshaped([5, 9], "numbers", "number"), 5);
  assert.equal(reshaped(["a"], "list", "none"), undefined);
  assert.deepEqual(reshaped("2019-07-01", "day", "days", "2019-07-14"), ["2019-07-01", "2019-07-14"]);
  assert.deepEqual(reshaped("2019-08-01", "day", "days", "2019-07-14"), ["2019-07-14", "2019-08-01"]);
  assert.deepEqual(reshaped({ n: 7, unit: "week" }, "span", "span"), { n: 7, unit: "week" });
  assert.deepEqual(reshaped(["a", "b"], "list", "k_of"), { k: 2, of: ["a", "b"] });
  assert.equal(reshaped({ n: 30, unit: "day" }, "span", "day", "2019-07-14"), "2019-07-14");
});

test("a comparison with another tag is a shape of its own", () => {
  assert.equal(shapeOf({ fields: true, shape: "number" }, { tag: "gmv" }), "field");
  assert.equal(shapeOf({ fields: true, shape: "number" }, 3), "number");
  assert.equal(shapeOf({ fields: false, shape: "span" }, { n: 3, unit: "day" }), "span");
});

test("numbers are read as people type them, and anything else is none", () => {
  assert.equal(readNumber("3,000"), 3000);
  assert.equal(readNumber("３０００"), 3000);
  assert.equal(readNumber(" -1.5 "), -1.5);
  assert.equal(readNumber(".5"), 0.5);
  for (const text of ["", "abc", "1e9", "1.2.3", "--1"]) assert.equal(readNumber(text), null, text);
  assert.equal(readNumber("1.5", { whole: true }), null);
  assert.equal(readNumber("0", { least: 1 }), null);
});

test("a pasted column or row becomes values without blanks and repetitions", () => {
  assert.deepEqual(splitPasted("北京\r\n上海\n\n北京\n"), ["北京", "上海"]);
  assert.deepEqual(splitPasted("北京\t上海"), ["北京", "上海"]);
  assert.deepEqual(splitPasted("北京，上海、广州;深圳"), ["北京", "上海", "广州", "深圳"]);
  assert.deepEqual(splitPasted('"a, b"\nc'), ["a, b", "c"]);
});

test("never is counted zero times, and choosing another measure leaves it", () => {
  const never = { kind: "event", measure: "count", op: "eq", value: 0 };
  assert.ok(isNever(never));
  assert.deepEqual(measured("never", { measure: "sum", property: "amount" }), {
    measure: "count",
    property: undefined,
    op: "eq",
    value: 0,
  });
  assert.deepEqual(measured("count", never), { measure: "count", property: undefined, op: "gte", value: 1 });
  assert.deepEqual(measured("sum amount", { measure: "count", op: "gte", value: 3 }), {
    measure: "sum",
    property: "amount",
  });
  assert.deepEqual(measured("last_at", never).op, "in_last");
});

test("the form of a window is known from its keys", () => {
  assert.equal(windowKind(undefined), "ever");
  assert.equal(windowKind({ last: 30, unit: "day" }), "last");
  assert.equal(windowKind({ ago: [60, 30], unit: "day" }), "ago");
  assert.equal(windowKind({ from: "2019-01-01" }), "between");
  assert.equal(windowKind({ calendar: "this_month" }), "calendar");
});

test("small shares keep the decimals that tell them from nothing", () => {
  assert.equal(shareText(0, 20000), "0 %");
  assert.equal(shareText(33, 20000), "0.17 %");
  assert.equal(shareText(1, 20000), "0.005 %");
  assert.equal(shareText(20000, 20000), "100 %");
  assert.equal(shareText(5, 0), "—");
});

test("a text that does not exist is a fault, not an empty place", () => {
  const words = makeWords({ hello: "{n} 人" }, "zh");
  assert.equal(words.t("hello", { n: 3 }), "3 人");
  assert.throws(() => words.t("gone"));
  assert.equal(words.signed(-3341), "−3,341");
});

test("a word goes with the number that it is said with", () => {
  const words = makeWords({ left: "{n} {n|person is|people are} left of {of}" }, "en");
  const said = (n) => words.t("left", { n, of: 9 });
  assert.deepEqual(
    [1, "1", 0, "1,001"].map(said),
    ["1 person is left of 9", "1 person is left of 9", "0 people are left of 9", "1,001 people are left of 9"],
  );
});

test("where JSON breaks is read from the words of every browser, else not said", () => {
  const text = '{"a": 1,\n "b" 2}';
  assert.deepEqual(brokenAt(text, "Expected ':' after property name in JSON at position 14"), { line: 2, column: 6 });
  assert.deepEqual(brokenAt(text, "JSON.parse: expected ':' at line 2 column 6 of the JSON data"), { line: 2, column: 6 });
  assert.deepEqual(brokenAt('{"a"', "Unexpected end of JSON input"), { line: 1, column: 5 });
  assert.equal(brokenAt("abc", `Unexpected token 'a', "abc" is not valid JSON`), null);
});

test("days are read as people type them, and one that the calendar lacks is none", () => {
  for (const typed of ["2019-07-14", "2019/7/14", "2019.7.14", "20190714", "2019年7月14日", " ２０１９－０７－１４ "])
    assert.equal(readDay(typed), "2019-07-14", typed);
  for (const typed of ["", "2019-07", "2019-02-29", "2019-13-01", "14/07/2019", "0019-07-1x"])
    assert.equal(readDay(typed), null, typed);
});

test("the day after the last of a month or a year is the first of the next", () => {
  assert.equal(dayAfter("2019-12-31", 1), "2020-01-01");
  assert.equal(dayAfter("2020-03-01", -1), "2020-02-29");
});
