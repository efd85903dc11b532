// Where values stand along a distribution, and which of them a condition lets pass. Pure: nothing knows the page.

const DAY = 86_400_000;
const DAYS_IN = { day: 1, week: 7, month: 30.436875 };

/** A value as a number: numbers are themselves, days count from 1970. */
export function readingOf(value) {
  return typeof value === "number" ? value : Date.parse(`${value}T00:00:00Z`) / DAY;
}

/** A number of days as a day; a day stays what it is. */
export function dayOf(value) {
  return typeof value === "number" ? new Date(value * DAY).toISOString().slice(0, 10) : value;
}

/**
 * A scale over bins of one width each, whatever they hold: the last one takes the tail, and drawn to its true width
 * it would press the others together.
 * @param bars [{low, high, users}], ascending and without gaps
 * @returns a function from a value to its place between 0 and 1; beyond the bins it is the nearest end
 */
export function makeScale(bars) {
  const edges = bars.length ? [readingOf(bars[0].low), ...bars.map((bar) => readingOf(bar.high))] : [0, 1];
  const bins = edges.length - 1;
  return (value) => {
    const at = readingOf(value);
    if (at <= edges[0]) return 0;
    if (at >= edges[bins]) return 1;
    const bin = edges.findIndex((edge) => edge > at) - 1;
    return (bin + (at - edges[bin]) / (edges[bin + 1] - edges[bin])) / bins;
  };
}

/** Where "in the last n" begins (or "in the next n" ends): the last n days are today and those before it. */
export function reach(op, n, unit, today) {
  const days = n * DAYS_IN[unit];
  return op === "in_next" ? readingOf(today) + days + 1 : readingOf(today) + 1 - days;
}

/**
 * Bars of days end with the last day that somebody has, or today: a bin of months or quarters goes on into a time of
 * which nothing is known.
 * @param steps of the curve, among which is the last value that occurs
 */
export function upToNow(bars, steps, today) {
  const last = bars[bars.length - 1];
  if (!last || typeof last.high === "number") return bars;
  const taken = steps.filter((step) => step.at > 0).map((step) => readingOf(step.value));
  const end = Math.max(readingOf(today), ...taken) + 1;
  if (end >= readingOf(last.high) || end <= readingOf(last.low)) return bars;
  return [...bars.slice(0, -1), { ...last, high: end }];
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

const CUT = 4; // a bar so many times as high as the next would press all others to the ground, and is cut

/** What of each bar passes: [{bar, x, width, height, isCut}], numbers between 0 and 1. */
export function passingBars(bars, parts) {
  const [first = 1, second = first] = bars.map((bar) => bar.users).sort((a, b) => b - a);
  const most = Math.max(1, second > 0 ? Math.min(first, CUT * second) : first);
  const step = 1 / Math.max(1, bars.length);
  return bars.flatMap((bar, i) =>
    parts.flatMap(([low, high]) => {
      const from = Math.max(low, i * step);
      const to = Math.min(high, (i + 1) * step);
      const height = Math.min(1, bar.users / most);
      return to > from ? [{ bar, x: from, width: to - from, height, isCut: bar.users > most }] : [];
    }),
  );
}
