// The edits of a rule, as pure functions. Run by `node --test`, and in Chromium by tests/js/test_js.py.

import { assert, test } from "./harness.mjs";
import {
  duplicateNode,
  emptyRule,
  EXCLUDE,
  fits,
  gapsFor,
  groupToAddTo,
  heightOf,
  idSource,
  insertNode,
  isMuted,
  joinNodes,
  locate,
  MAX_DEPTH,
  moveNode,
  newGroup,
  patchNode,
  removeNode,
  stepNode,
  unwrapGroup,
  walk,
  wrapNode,
} from "../../dashboard/builder/js/tree.js";

const leaf = (id) => ({ kind: "tag", id, tag: id, op: "is_set" });
const rule = (...children) => ({ ...emptyRule(), include: newGroup("g0", "all", children) });
const outline = (node) => (node.children ? `${node.id}(${node.children.map(outline).join(" ")})` : node.id);
const shown = (r) => outline(r.include) + (r.exclude ? ` - ${outline(r.exclude)}` : "");

/** A rule with groups nested as deep as is allowed: g0 > g1 > … > g7 > the leaf. */
function deepest() {
  let node = leaf("deep");
  for (let level = MAX_DEPTH - 1; level >= 1; level -= 1) node = newGroup(`g${level}`, "any", [node]);
  return rule(node, leaf("b"));
}

test("a node dropped into a gap stands there and nothing else changes", () => {
  const before = rule(leaf("a"), leaf("b"));
  const after = insertNode(before, "g0", 1, leaf("c"));
  assert.equal(shown(after), "g0(a c b)");
  assert.equal(shown(before), "g0(a b)");
  assert.ok(after.include.children[0] === before.include.children[0]);
});

test("the first node dropped on the exclude block makes it, under 或", () => {
  const after = insertNode(rule(leaf("a")), EXCLUDE, 0, leaf("b"));
  assert.equal(shown(after), "g0(a) - x0(b)");
  assert.equal(after.exclude.match, "any");
});

test("the exclude block goes when its last node does", () => {
  const both = insertNode(rule(leaf("a")), EXCLUDE, 0, leaf("b"));
  assert.equal(removeNode(both, "b").exclude, null);
});

test("reordering within a group counts the gap as it was before the move", () => {
  const r = rule(leaf("a"), leaf("b"), leaf("c"));
  assert.equal(shown(moveNode(r, "a", "g0", 2)), "g0(b a c)");
  assert.equal(shown(moveNode(r, "c", "g0", 0)), "g0(c a b)");
  assert.equal(shown(moveNode(r, "a", "g0", 3)), "g0(b c a)");
});

test("a move to the same place changes nothing at all", () => {
  const r = rule(leaf("a"), leaf("b"));
  assert.ok(moveNode(r, "a", "g0", 0) === r);
  assert.ok(moveNode(r, "a", "g0", 1) === r);
});

test("moving the last node out of a nested group takes the empty group away", () => {
  const r = rule(leaf("a"), newGroup("g1", "any", [newGroup("g2", "all", [leaf("b")])]));
  assert.equal(shown(moveNode(r, "b", "g0", 0)), "g0(b a)");
});

test("moving into a group below keeps every node once", () => {
  const r = rule(leaf("a"), newGroup("g1", "any", [leaf("b")]));
  assert.equal(shown(moveNode(r, "a", "g1", 1)), "g0(g1(b a))");
});

test("nodes move between include and exclude", () => {
  const r = insertNode(rule(leaf("a"), leaf("b")), EXCLUDE, 0, leaf("c"));
  const over = moveNode(r, "a", "x0", 1);
  assert.equal(shown(over), "g0(b) - x0(c a)");
  assert.equal(shown(moveNode(moveNode(over, "a", "g0", 0), "c", "g0", 0)), "g0(c a b)");
});

test("a group cannot be moved into itself", () => {
  const r = rule(newGroup("g1", "any", [newGroup("g2", "all", [leaf("a")])]), leaf("b"));
  assert.ok(!fits(r, "g2", locate(r, "g1").node));
  assert.ok(moveNode(r, "g1", "g2", 0) === r);
});

test("nothing goes deeper than eight levels", () => {
  const r = deepest();
  assert.equal(locate(r, "g7").depth, MAX_DEPTH);
  assert.ok(fits(r, "g7", leaf("x")));
  assert.ok(!fits(r, "g7", newGroup("y", "all", [leaf("x")])));
  assert.ok(wrapNode(r, "deep", "y") === r);
  assert.ok(joinNodes(r, "deep", leaf("x"), "y") === r);
  assert.equal(heightOf(r.include), MAX_DEPTH);
});

test("a node dropped on a condition makes a group of the two, under the other match", () => {
  const r = rule(leaf("a"), leaf("b"));
  const joined = joinNodes(r, "a", leaf("c"), "g5");
  assert.equal(shown(joined), "g0(g5(a c) b)");
  assert.equal(locate(joined, "g5").node.match, "any");
  assert.equal(shown(joinNodes(r, "a", r.include.children[1], "g5")), "g0(g5(a b))");
});

test("joining takes the group that it empties away", () => {
  const r = rule(leaf("a"), newGroup("g1", "any", [leaf("b")]));
  assert.equal(shown(joinNodes(r, "a", locate(r, "b").node, "g5")), "g0(g5(a b))");
});

test("k stays between one and the number of children", () => {
  const r = { ...rule(leaf("a"), leaf("b"), leaf("c")) };
  const most = patchNode(r, "g0", { match: "at_least", k: 9 });
  assert.equal(most.include.k, 3);
  assert.equal(removeNode(most, "a").include.k, 2);
  assert.equal(patchNode(most, "g0", { k: 0 }).include.k, 1);
});

test("muting leaves k alone", () => {
  const r = patchNode(rule(leaf("a"), leaf("b")), "g0", { match: "at_least", k: 2 });
  assert.equal(patchNode(r, "a", { muted: true }).include.k, 2);
});

test("a key patched to undefined is gone, so that the rule stays in its public form", () => {
  const r = patchNode(rule(leaf("a")), "a", { not: true });
  assert.deepEqual(patchNode(r, "a", { not: undefined }).include.children[0], leaf("a"));
});

test("wrapping and dissolving a group are inverse", () => {
  const r = rule(leaf("a"), leaf("b"));
  const wrapped = wrapNode(r, "a", "g5");
  assert.equal(shown(wrapped), "g0(g5(a) b)");
  assert.equal(shown(unwrapGroup(wrapped, "g5")), "g0(a b)");
});

test("a negated group, or one as of another day, is not dissolved: that would change its meaning", () => {
  for (const patch of [{ not: true }, { as_of: "2019-06-30" }]) {
    const r = patchNode(wrapNode(rule(leaf("a")), "a", "g5"), "g5", patch);
    assert.ok(unwrapGroup(r, "g5") === r);
  }
});

test("a copy has fresh ids all through and stands after the original", () => {
  const ids = idSource();
  const r = rule(newGroup("g1", "any", [leaf("c1"), leaf("c2")]));
  ids.observe(r);
  const [after, copy] = duplicateNode(r, "g1", ids);
  assert.equal(after.include.children.length, 2);
  assert.equal(after.include.children[1].id, copy);
  const seen = new Set();
  walk(after.include, (node) => {
    assert.ok(!seen.has(node.id));
    seen.add(node.id);
  });
});

test("an id is never handed out twice, even after its node is gone", () => {
  const ids = idSource();
  ids.observe(rule(leaf("c7")));
  assert.equal(ids.next("c"), "c8");
  ids.observe(rule());
  assert.equal(ids.next("g"), "g9");
});

test("the gaps for a new node are all places from top to bottom, the exclude block last", () => {
  const r = rule(leaf("a"), newGroup("g1", "any", [leaf("b")]));
  const gaps = gapsFor(r, leaf("new")).map((gap) => `${gap.group}:${gap.index}`);
  assert.deepEqual(gaps, ["g0:0", "g0:1", "g1:0", "g1:1", "g0:2", "exclude:0"]);
});

test("the gaps for a node that stands somewhere leave out where it stands and what lies inside it", () => {
  const r = rule(leaf("a"), newGroup("g1", "any", [leaf("b")]), leaf("c"));
  assert.deepEqual(
    gapsFor(r, locate(r, "g1").node).map((gap) => `${gap.group}:${gap.index}`),
    ["g0:0", "g0:3", "exclude:0"],
  );
});

test("every gap that is offered is a move that changes the rule and keeps all nodes", () => {
  const r = insertNode(
    rule(leaf("a"), newGroup("g1", "any", [leaf("b"), newGroup("g2", "all", [leaf("c")])]), leaf("d")),
    EXCLUDE,
    0,
    leaf("e"),
  );
  for (const id of ["a", "b", "c", "d", "e", "g1", "g2"]) {
    for (const gap of gapsFor(r, locate(r, id).node)) {
      const after = moveNode(r, id, gap.group, gap.index);
      assert.ok(after !== r, `${id} to ${gap.group}:${gap.index}`);
      const leaves = [];
      for (const side of ["include", "exclude"])
        if (after[side]) walk(after[side], (node) => node.kind === "tag" && leaves.push(node.id));
      assert.deepEqual(leaves.sort(), ["a", "b", "c", "d", "e"]);
    }
  }
});

test("stepping down goes past, into, out of and over to the exclude block; stepping up comes all the way back", () => {
  let r = insertNode(rule(leaf("a"), newGroup("g1", "any", [leaf("b")])), EXCLUDE, 0, leaf("c"));
  const way = [shown(r)];
  for (let i = 0; i < 4; i += 1) {
    r = stepNode(r, "a", 1);
    way.push(shown(r));
  }
  assert.deepEqual(way, [
    "g0(a g1(b)) - x0(c)",
    "g0(g1(a b)) - x0(c)",
    "g0(g1(b a)) - x0(c)",
    "g0(g1(b) a) - x0(c)",
    "g0(g1(b)) - x0(a c)",
  ]);
  for (const wanted of way.slice(0, 4).reverse()) {
    r = stepNode(r, "a", -1);
    assert.equal(shown(r), wanted);
  }
});

test("a group whose children are all muted counts as muted, an empty one does not", () => {
  assert.ok(isMuted(newGroup("g", "all", [{ ...leaf("a"), muted: true }])));
  assert.ok(!isMuted(newGroup("g", "all", [{ ...leaf("a"), muted: true }, leaf("b")])));
  assert.ok(!isMuted(newGroup("g", "all", [])));
});

test("a click adds to the selected group, after the selected row, else at the end of the include block", () => {
  const r = rule(leaf("a"), newGroup("g1", "any", [leaf("b")]));
  assert.deepEqual(groupToAddTo(r, null), { group: "g0", index: 2 });
  assert.deepEqual(groupToAddTo(r, "g1"), { group: "g1", index: 1 });
  assert.deepEqual(groupToAddTo(r, "a"), { group: "g0", index: 1 });
  assert.deepEqual(groupToAddTo(r, EXCLUDE), { group: EXCLUDE, index: 0 });
  assert.deepEqual(groupToAddTo(r, "gone"), { group: "g0", index: 2 });
});
