// Edits of a rule as pure functions: each takes a rule and returns a new one, sharing what did not change.
// A rule is {version, include, exclude, take} exactly as it stands in JSON; a group without children in
// `exclude` is no exclude. Nothing here knows the page.

export const MAX_DEPTH = 8;
export const INCLUDE = "include";
export const EXCLUDE = "exclude";

/** The rule that nobody has asked anything of: the base. */
export function emptyRule() {
  return { version: 1, include: newGroup("g0", "all", []), exclude: null, take: null };
}

export function newGroup(id, match, children) {
  return { kind: "group", id, match, children };
}

/** Calls visit(node, parent, index, depth) for the node and all below it, parents first. */
export function walk(node, visit, parent = null, index = 0, depth = 1) {
  visit(node, parent, index, depth);
  (node.children ?? []).forEach((child, i) => walk(child, visit, node, i, depth + 1));
}

export function eachNode(rule, visit) {
  for (const side of [INCLUDE, EXCLUDE]) {
    if (rule[side]) walk(rule[side], (node, parent, index, depth) => visit(node, { parent, index, depth, side }));
  }
}

/** {node, parent, index, depth, side}, or null when no node has this id. */
export function locate(rule, id) {
  let found = null;
  eachNode(rule, (node, place) => {
    if (node.id === id) found = { node, ...place };
  });
  return found;
}

/** Hands out ids that no node of any rule it has seen ever carried, so that an id stays with its node. */
export function idSource() {
  let highest = 0;
  return {
    observe(rule) {
      eachNode(rule, (node) => {
        const number = /^[a-z]+(\d{1,9})$/.exec(node.id);
        if (number) highest = Math.max(highest, Number(number[1]));
      });
    },
    next(prefix) {
      highest += 1;
      return prefix + highest;
    },
  };
}

function changeIn(node, id, change) {
  if (node.id === id) return change(node);
  if (!node.children) return node;
  let touched = false;
  const children = [];
  for (const child of node.children) {
    const next = changeIn(child, id, change);
    touched ||= next !== child;
    if (next !== null) children.push(next);
  }
  return touched ? settled({ ...node, children }) : node;
}

/** Keeps `k` between 1 and the number of children, as the language demands. */
function settled(group) {
  if (group.match !== "at_least") return group;
  const k = Math.max(1, Math.min(group.k ?? 1, Math.max(1, group.children.length)));
  return k === group.k ? group : { ...group, k };
}

function changeRule(rule, id, change) {
  for (const side of [INCLUDE, EXCLUDE]) {
    if (!rule[side]) continue;
    const next = changeIn(rule[side], id, change);
    if (next !== rule[side]) return { ...rule, [side]: side === EXCLUDE ? orNone(next) : (next ?? rule[side]) };
  }
  return rule;
}

function orNone(group) {
  return group === null || group.children.length === 0 ? null : group;
}

/** Replaces keys of one node; a key given as undefined is dropped. */
export function patchNode(rule, id, patch) {
  return changeRule(rule, id, (node) => {
    const next = { ...node, ...patch };
    for (const key of Object.keys(patch)) if (patch[key] === undefined) delete next[key];
    return next.kind === "group" ? settled(next) : next;
  });
}

/** Puts another condition, with the same id, in the place of one. */
export function replaceNode(rule, id, node) {
  return changeRule(rule, id, () => node);
}

/** Puts a node into a group at a gap; the group "exclude" is made when there is none. */
export function insertNode(rule, groupId, index, node) {
  if (groupId === EXCLUDE && !rule.exclude) {
    return { ...rule, exclude: newGroup(freshExcludeId(rule), "any", [node]) };
  }
  const id = groupId === EXCLUDE ? rule.exclude.id : groupId;
  return changeRule(rule, id, (group) => {
    const children = [...group.children];
    children.splice(Math.max(0, Math.min(index, children.length)), 0, node);
    return settled({ ...group, children });
  });
}

function freshExcludeId(rule) {
  let id = "x0";
  for (let n = 1; locate(rule, id); n += 1) id = `x${n}`;
  return id;
}

/** Takes a node out; nested groups that this leaves empty go with it, so no empty group stays behind. */
export function removeNode(rule, id) {
  const place = locate(rule, id);
  if (!place) return rule;
  if (!place.parent) {
    if (place.side === EXCLUDE) return { ...rule, exclude: null };
    return { ...rule, include: settled({ ...place.node, children: [] }) };
  }
  const above = locate(rule, place.parent.id);
  if (place.parent.children.length === 1 && above.parent) return removeNode(rule, place.parent.id);
  return changeRule(rule, id, () => null);
}

/** The levels of groups that a node brings with it: 0 for a condition. */
export function heightOf(node) {
  if (node.kind !== "group") return 0;
  return 1 + Math.max(0, ...node.children.map(heightOf));
}

/** Tells whether a node may stand in a group: not inside itself, and no deeper than the limit. */
export function fits(rule, groupId, node) {
  const depth = depthOf(rule, groupId);
  if (depth === null || depth + heightOf(node) > MAX_DEPTH) return false;
  let inside = false;
  walk(node, (below) => {
    inside ||= below.id === groupId;
  });
  return !inside;
}

function depthOf(rule, groupId) {
  if (groupId === EXCLUDE && !rule.exclude) return 1;
  return locate(rule, groupId === EXCLUDE ? rule.exclude.id : groupId)?.depth ?? null;
}

/** Moves a node to the gap before `index` of a group, counted before the move. */
export function moveNode(rule, id, groupId, index) {
  const place = locate(rule, id);
  if (!place?.parent || !fits(rule, groupId, place.node)) return rule;
  if (place.parent.id === groupId) {
    const at = index > place.index ? index - 1 : index;
    if (at === place.index) return rule;
    return changeRule(rule, groupId, (group) => {
      const children = group.children.filter((child) => child.id !== id);
      children.splice(at, 0, place.node);
      return { ...group, children };
    });
  }
  // First in, then out: emptied groups above the old place must not take the new place with them.
  const marker = { kind: "group", id: " leaving", match: "all", children: [] };
  const marked = changeRule(rule, id, () => marker);
  return removeNode(insertNode(marked, groupId, index, place.node), marker.id);
}

/** Puts a node on another one: the two become a group in its place (any in an all group, else all). */
export function joinNodes(rule, targetId, node, groupId) {
  const target = locate(rule, targetId);
  if (!target?.parent || !joinable(rule, targetId, node)) return rule;
  const match = target.parent.match === "any" ? "all" : "any";
  const marker = { kind: "group", id: " leaving", match: "all", children: [] };
  const isMove = locate(rule, node.id) !== null;
  const marked = isMove ? changeRule(rule, node.id, () => marker) : rule;
  const joined = changeRule(marked, targetId, (old) => newGroup(groupId, match, [old, node]));
  return isMove ? removeNode(joined, marker.id) : joined;
}

export function joinable(rule, targetId, node) {
  const target = locate(rule, targetId);
  if (!target?.parent || target.node.kind === "group" || targetId === node.id) return false;
  return target.depth + Math.max(heightOf(node), 0) <= MAX_DEPTH;
}

/** Puts a node into a group of its own. */
export function wrapNode(rule, id, groupId, match = "any") {
  const place = locate(rule, id);
  if (!place?.parent || place.depth + heightOf(place.node) > MAX_DEPTH) return rule;
  return changeRule(rule, id, (node) => newGroup(groupId, match, [node]));
}

/** Lets a nested group's children take its place; under 非, or as of another day, it stays: they would mean else. */
export function unwrapGroup(rule, id) {
  const place = locate(rule, id);
  if (!place?.parent || place.node.kind !== "group" || place.node.not || place.node.as_of) return rule;
  return changeRule(rule, place.parent.id, (parent) =>
    settled({ ...parent, children: parent.children.flatMap((child) => (child.id === id ? child.children : [child])) }),
  );
}

/** Puts a copy with fresh ids after the node; returns [rule, id of the copy]. */
export function duplicateNode(rule, id, ids) {
  const place = locate(rule, id);
  if (!place?.parent) return [rule, null];
  const copy = renamed(place.node, ids);
  return [insertNode(rule, place.parent.id, place.index + 1, copy), copy.id];
}

function renamed(node, ids) {
  const id = ids.next(node.kind === "group" ? "g" : "c");
  return node.children ? { ...node, id, children: node.children.map((child) => renamed(child, ids)) } : { ...node, id };
}

/** Every gap that a node may be put into, from top to bottom as the page shows them: {group, index}. */
export function gapsFor(rule, node) {
  const gaps = [];
  const visit = (group) => {
    if (group.id === node.id) return;
    const open = fits(rule, group.id, node);
    group.children.forEach((child, index) => {
      if (open && !isSamePlace(group, index, node)) gaps.push({ group: group.id, index });
      if (child.kind === "group") visit(child);
    });
    if (open && !isSamePlace(group, group.children.length, node)) {
      gaps.push({ group: group.id, index: group.children.length });
    }
  };
  visit(rule.include);
  if (rule.exclude) visit(rule.exclude);
  else gaps.push({ group: EXCLUDE, index: 0 });
  return gaps;
}

function isSamePlace(group, index, node) {
  const at = group.children.findIndex((child) => child.id === node.id);
  return at >= 0 && (index === at || index === at + 1);
}

/** One step up or down: past a neighbour, into it when it is a group, out of the group at its ends. */
export function stepNode(rule, id, delta) {
  const place = locate(rule, id);
  if (!place?.parent) return rule;
  const { parent, index, node } = place;
  const neighbour = parent.children[index + delta];
  if (neighbour?.kind === "group" && fits(rule, neighbour.id, node)) {
    return moveNode(rule, id, neighbour.id, delta > 0 ? 0 : neighbour.children.length);
  }
  if (neighbour) return moveNode(rule, id, parent.id, delta > 0 ? index + 2 : index - 1);
  const above = locate(rule, parent.id);
  if (above.parent) return moveNode(rule, id, above.parent.id, delta > 0 ? above.index + 1 : above.index);
  if (delta > 0 && place.side === INCLUDE) return moveNode(rule, id, rule.exclude?.id ?? EXCLUDE, 0);
  if (delta < 0 && place.side === EXCLUDE) return moveNode(rule, id, rule.include.id, rule.include.children.length);
  return rule;
}

/** Tells whether a node does not count: itself muted, or a group whose children all are. */
export function isMuted(node) {
  if (node.muted) return true;
  return node.kind === "group" && node.children.length > 0 && node.children.every(isMuted);
}

/** The group that a click on the palette adds to: the selected one, the one around the selected row, or the root. */
export function groupToAddTo(rule, selectedId) {
  const place = selectedId === EXCLUDE && !rule.exclude ? null : locate(rule, selectedId);
  if (selectedId === EXCLUDE && !rule.exclude) return { group: EXCLUDE, index: 0 };
  if (!place) return { group: rule.include.id, index: rule.include.children.length };
  if (place.node.kind === "group") return { group: place.node.id, index: place.node.children.length };
  return { group: place.parent.id, index: place.index + 1 };
}
