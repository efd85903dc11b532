// Where values stand along a distribution, and which of them a condition lets pass. Pure: nothing knows the page.

const DAY = 86_400_000;
const DAYS_IN = { day: 1, week: 7, month: 30.436875 };

/** A value as a number: numbers are themselves, days count from 1970. */
export function reading(value) {
  return typeof value === "number" ? value : Date.parse(`${value}T00:00:00Z`) / DAY;
}

/**
 * A scale over bins of one width each, whatever they hold: the last one takes the tail, and drawn to its true width
 * it would press the others together.
 * @param bars [{low, high, users}], ascending and without gaps
 * @returns a function from a value to its place between 0 and 1; beyond the bins it is the nearest end
 */
export function makeScale(bars) {
  const edges = bars.length ? [reading(bars[0].low), ...bars.map((bar) => reading(bar.high))] : [0, 1];
  const bins = edges.length - 1;
  return (value) => {
    const at = reading(value);
    if (at <= edges[0]) return 0;
    if (at >= edges[bins]) return 1;
    const bin = edges.findIndex((edge) => edge > at) - 1;
    return (bin + (at - edges[bin]) / (edges[bin + 1] - edges[bin])) / bins;
  };
}

/** The day that a length of "in the last n" (or "in the next n") reaches to, as a number. */
export function reach(op, n, unit, today) {
  const days = n * DAYS_IN[unit];
  return op === "in_next" ? reading(today) + days : reading(today) - days;
}

/** The index of the place nearest to x; of several at one place the one nearest to `from`. */
export function nearestPlace(places, x, from = 0) {
  let best = 0;
  const isNearer = (i) => {
    const [a, b] = [Math.abs(places[i] - x), Math.abs(places[best] - x)];
    return a < b || (a === b && Math.abs(i - from) < Math.abs(best - from));
  };
  for (let i = 1; i < places.length; i += 1) if (isNearer(i)) best = i;
  return best;
}

/** The parts of the scale that pass, as [from, to] between 0 and 1. */
export function passing(op, marks, isFlipped) {
  const [a, b = a] = marks;
  const parts =
    {
      gt: [[a, 1]],
      gte: [[a, 1]],
      after: [[a, 1]],
      lt: [[0, a]],
      lte: [[0, a]],
      before: [[0, a]],
      not_in_last: [[0, a]],
      eq: [[a, a]],
      on: [[a, a]],
      ne: [
        [0, a],
        [a, 1],
      ],
      not_between: [
        [0, a],
        [b, 1],
      ],
    }[op] ?? [[Math.min(a, b), Math.max(a, b)]];
  return isFlipped ? outside(parts) : parts;
}

function outside(parts) {
  const rest = [];
  let from = 0;
  for (const [low, high] of parts) {
    if (low > from) rest.push([from, low]);
    from = Math.max(from, high);
  }
  if (from < 1) rest.push([from, 1]);
  return rest;
}

/** What of each bar passes: [{x, width, height}], all between 0 and 1. */
export function passingBars(bars, parts) {
  const most = Math.max(1, ...bars.map((bar) => bar.users));
  const step = 1 / Math.max(1, bars.length);
  return bars.flatMap((bar, i) =>
    parts.flatMap(([low, high]) => {
      const from = Math.max(low, i * step);
      const to = Math.min(high, (i + 1) * step);
      return to > from ? [{ x: from, width: to - from, height: bar.users / most }] : [];
    }),
  );
}
