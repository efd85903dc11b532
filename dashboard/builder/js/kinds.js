// The further kinds of condition as data: how each begins, what one becomes when it is turned into another, and
// how their parts stay in the form that the language demands. Nothing here knows the page.

const LAST_MONTH = { last: 30, unit: "day" };

/** The event that a new condition is about: one of these if the data have it, else the first there is. */
export function usualEvent(catalogue, ...wanted) {
  return wanted.find((key) => catalogue.events.has(key)) ?? catalogue.events.keys().next().value;
}

/** The tag that a new rank goes by: what people spent if the data say, else a number, else a date. */
function usualRanking(catalogue) {
  const tags = catalogue.rankable();
  const first = (is) => tags.find(is);
  return (first((tag) => tag.key === "gmv") ?? first((tag) => tag.type === "number") ?? tags[0])?.key;
}

/** A condition of a further kind that can be counted at once where the data allow; `top` is the newest audience or list. */
export function newCondition(kind, catalogue, top = null) {
  const event = usualEvent(catalogue, kind === "regular" ? "login" : "purchase", "purchase");
  switch (kind) {
    case "sequence": {
      const first = [...catalogue.events.keys()].find((key) => key !== event) ?? event;
      return { steps: [{ event: first }, { event }] };
    }
    case "compare": {
      const number = catalogue.events.get(event)?.properties.find((property) => property.type === "number");
      const measured = number ? { event, measure: "sum", property: number.key } : { event, measure: "count" };
      return {
        left: { ...measured, window: LAST_MONTH },
        op: "gt",
        right: { ...measured, window: { ago: [60, 30], unit: "day" } },
      };
    }
    case "rank":
      return { tag: usualRanking(catalogue), top: { n: 100 } };
    case "bucket":
      return { seed: "a", from: 0, to: Math.trunc(catalogue.data.buckets / 2) - 1 };
    case "audience":
      return { audience: top ?? "", in: true };
    case "list":
      return { list: top ?? "", in: true };
    default:
      return { event, ...aboutEvent(kind, null) };
  }
}

/** What a condition about one event asks of it, keeping the length of the window that it had. */
function aboutEvent(kind, window) {
  const { last: n, unit } = window && "last" in window ? window : LAST_MONTH;
  switch (kind) {
    case "first_time":
      return { window: window && !("since" in window) ? window : LAST_MONTH };
    case "stopped":
      return { active: { ago: [2 * n, n], unit }, silent: { last: n, unit } };
    case "resumed":
      return { silent: { ago: [3 * n, n], unit }, active: { last: n, unit } };
    case "regular":
      return { at_least: 1, per: "week", in: 3, of_last: 4 };
    default:
      return { measure: "count", op: "gte", value: 1, window: window ?? LAST_MONTH };
  }
}

/** The kinds that ask something of one event, which may be turned into one another. */
export const OF_ONE_EVENT = ["event", "first_time", "stopped", "resumed", "regular"];

/** A condition about one event as another kind: its event, filters, `not` and `muted` stay. */
export function turned(node, kind, catalogue) {
  const { id, not, muted, event, where } = node;
  const kept = { ...(not ? { not } : {}), ...(muted ? { muted } : {}) };
  const what = { event, ...(where?.length ? { where } : {}) };
  const window = node.window ?? (node.kind === "resumed" ? node.active : node.silent) ?? null;
  if (kind !== "sequence") return { kind, id, ...kept, ...what, ...aboutEvent(kind, window) };
  const then = [usualEvent(catalogue, "purchase"), ...catalogue.events.keys()].find((key) => key !== event) ?? event;
  const first = window && !("since" in window) ? { window } : {};
  return { kind, id, ...kept, steps: [what, { event: then }], ...first };
}

/** Another event in the place of one: filters stay where it has the same property of the same type. */
export function otherEvent(holder, event, catalogue) {
  const isKept = (key) =>
    catalogue.propertyOf(event, key) &&
    catalogue.propertyOf(event, key).type === catalogue.propertyOf(holder.event, key)?.type;
  const where = (holder.where ?? []).filter((filter) => isKept(filter.property));
  const next = { event, where: where.length ? where : undefined };
  const isGone = holder.property !== undefined && !isKept(holder.property);
  return isGone ? { ...next, measure: "count", property: undefined } : next;
}

/** What may be asked of a sequence as a whole, as the language demands: no order needs what holds the steps together. */
export function settledSequence(node) {
  const isHeld = node.same !== undefined || node.session_minutes !== undefined;
  const anyOrder = isHeld && node.any_order ? true : undefined;
  return { ...node, any_order: anyOrder, steps: settledSteps(node.steps, anyOrder) };
}

/** The steps as the language demands: the first one positive, `within` only where elapsed time bounds something. */
export function settledSteps(steps, anyOrder = false) {
  const lastPositive = steps.reduce((last, step, at) => (at === 0 || !step.not ? at : last), 0);
  return steps.map((step, at) => {
    const { not, within, ...rest } = step;
    if (at === 0) return rest;
    const isBetween = Boolean(not) && at < lastPositive;
    const isTimed = within && !isBetween && !anyOrder;
    return { ...rest, ...(not ? { not } : {}), ...(isTimed ? { within } : {}) };
  });
}

/** Tells whether a step may say within which time: not the first, and not what lies between two others. */
export function takesWithin(steps, at) {
  return at > 0 && (!steps[at].not || !steps.some((step, i) => i > at && !step.not));
}

/** The properties that all steps have, of one type and with one value each: what `same` may name. */
export function commonProperties(steps, catalogue) {
  const sort = (property) => (property.type === "enum" ? "text" : property.type);
  const [first, ...others] = steps;
  return (catalogue.events.get(first.event)?.properties ?? []).filter(
    (property) =>
      property.type !== "multi" &&
      others.every((step) => {
        const theirs = catalogue.propertyOf(step.event, property.key);
        return theirs && sort(theirs) === sort(property);
      }),
  );
}

/** A comparison after one of its sides changed: both stay of one type, and the op one that this type knows. */
export function settledSides(node, catalogue, changed) {
  const type = catalogue.typeMeasured(node[changed]);
  const other = changed === "left" ? "right" : "left";
  const next = { left: node.left, right: node.right };
  if (type === null) return next;
  if (catalogue.typeMeasured(node[other]) !== type) {
    const { property: _, ...rest } = node[other];
    const { measure, property } = node[changed];
    next[other] = { ...rest, measure: property === undefined ? measure : "count" };
  }
  if (!catalogue.op(type, node.op)?.fields) next.op = type === "date" ? "before" : "gt";
  if (type === "date") next.factor = undefined;
  return next;
}
