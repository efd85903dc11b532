// Where the weeks of a trend stand in its picture. Everything is a share of the picture's width or height, y from
// the top, so that the picture may have any size.

const ONE_DAY = 24 * 60 * 60 * 1000;
const ROUND_STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** Days from one day to another, both written 2019-07-14. */
export function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / ONE_DAY);
}

/** The round number at the top of a scale from 0 that holds `most`. */
export function roundTop(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = ROUND_STEPS.find((each) => each * power >= most);
  return Math.max(1, Math.ceil(step * power));
}

/** Where a day stands among `total` weeks that end with `until`: 0 = the oldest, 1 = the newest. */
export function dayPlace(day, until, total) {
  return 1 - daysBetween(day, until) / (7 * Math.max(1, total - 1));
}

/** Each week with its place {…week, x, y}; `top` is the number at the picture's upper edge. */
export function weekPlaces(weeks, until, total, top) {
  return weeks.map((week) => ({ ...week, x: dayPlace(week.as_of, until, total), y: 1 - week.count / top }));
}

/** A line through places, and the area below it, as paths in a field of 100 by 100. */
export function trendPaths(places) {
  const round = (share) => Math.round(share * 10_000) / 100;
  const line = places.map(({ x, y }, i) => `${i ? "L" : "M"}${round(x)} ${round(y)}`).join(" ");
  if (places.length === 0) return { line: "", area: "" };
  const [first, last] = [places[0], places[places.length - 1]];
  return { line, area: `${line} L${round(last.x)} 100 L${round(first.x)} 100 Z` };
}

/** The stretch that belongs to each place: halfway to its neighbours, so that a press anywhere means a week. */
export function weekStretches(places, total) {
  const half = 0.5 / Math.max(1, total - 1);
  return places.map(({ x }) => {
    const left = Math.max(0, x - half);
    return { left, width: Math.min(1, x + half) - left };
  });
}

/** The first days of months among the weeks, with their places. */
export function monthMarks(until, total) {
  const marks = [];
  const month = new Date(`${until.slice(0, 7)}-01T00:00:00Z`);
  for (;;) {
    const day = month.toISOString().slice(0, 10);
    const x = dayPlace(day, until, total);
    if (x < 0) return marks;
    marks.unshift({ day, x });
    month.setUTCMonth(month.getUTCMonth() - 1);
  }
}

/** Tells whether the trend holds a day, so that it can stay as it is when that day is chosen. */
export function holdsDay(trend, day) {
  const ago = daysBetween(day, trend.until);
  return ago >= 0 && ago <= 7 * (trend.total - 1);
}
