// What each node costs: how many more there would be without it, read off the numbers that the page has anyway.

import { eachNode } from "./tree.js";

/**
 * @param nodes id → {without}, and matched, of the rule's newest count
 * @returns {of: id → people kept out (negative for a node that brings people in), most: the largest of them,
 *   costliest: id of the condition that keeps out most, null when none keeps anybody out; never a group}
 */
export function costsIn(rule, nodes, matched) {
  const of = new Map();
  let most = 0;
  let costliest = null;
  eachNode(rule, (node, { parent }) => {
    if (!nodes[node.id]) return;
    const cost = nodes[node.id].without - matched;
    of.set(node.id, cost);
    if (parent) most = Math.max(most, cost);
    if (node.kind !== "group" && cost > (costliest === null ? 0 : of.get(costliest))) costliest = node.id;
  });
  return { of, most, costliest };
}
