// Values of tags and properties: asked of Python when they are needed, remembered until the data change.

import { beginning } from "./catalogue.js";

const LONGEST_WAIT = 3000; // milliseconds that an addition waits for its first value before it goes without

/** The places whose "values" are what operators saved: audiences (id, name), lists (name, name, size) … */
export const AUDIENCES = { key: "", saved: "audiences" };
export const LISTS = { key: "", saved: "lists" };
/** … and the snapshots of an audience (id, day, size), by its id or its name. */
export const snapshotsOf = (audience) => ({ key: audience, saved: "snapshots" });

export function makeLookups(wire, redraw) {
  let lists = new Map(); // key → {items, isMore} or null while under way
  let checks = new Map(); // key → values that occur nowhere
  let stamp = "";
  let queue = []; // additions in order: {place, run, due}
  const keyOf = (place, search) => JSON.stringify([place.saved ?? null, place.event ?? null, place.key, search]);

  function drain() {
    while (queue.length && (!queue[0].place || queue[0].isDue || api.list(queue[0].place))) {
      const { place, run } = queue.shift();
      run(place ? (api.list(place)?.items[0]?.[0] ?? null) : null);
    }
  }

  const api = {
    /** The values that contain `search`, most frequent first, or null while Python looks. */
    list(place, search = "") {
      const key = keyOf(place, search);
      if (!lists.has(key)) {
        lists.set(key, null);
        if (place.saved) wire.command(place.saved, { ask: key, of: place.key });
        else wire.command("values", { ask: key, tag: place.key, event: place.event ?? null, search });
      }
      return lists.get(key);
    },
    /**
     * Runs an addition with the most frequent value of a place, as soon as that is known: so that adding and its
     * first value are one edit. Additions keep their order; a place of null needs no value.
     */
    withTop(place, run) {
      const addition = { place, run, isDue: false };
      queue.push(addition);
      drain();
      if (queue.includes(addition))
        setTimeout(() => {
          addition.isDue = true;
          drain();
        }, LONGEST_WAIT);
    },
    /** Asks which of these values occur nowhere. */
    check(place, values, how) {
      const key = JSON.stringify([keyOf(place, how), values]);
      if (!checks.has(key)) {
        checks.set(key, null);
        wire.command("known", { ask: key, tag: place.key, event: place.event ?? null, values, how });
      }
      return checks.get(key);
    },
    receive(news) {
      const now = `${news.version}|${news.as_of}|${news.title.name}`; // an audience saved here is one to choose
      if (now !== stamp) {
        lists = new Map();
        checks = new Map();
        stamp = now;
      }
      for (const answer of news.answers ?? []) {
        if (answer.name === "values") lists.set(answer.ask, { items: answer.items, isMore: answer.is_more });
        if (answer.name === "known") checks.set(answer.ask, answer.unknown);
      }
      if (news.answers?.length) {
        drain();
        redraw();
      }
    },
  };
  return api;
}

/** Where the first value of a new leaf is looked up: what was saved last, or is most frequent; null = nowhere. */
export function placeOfTop(item) {
  if (item.kind === "kind") return { audience: AUDIENCES, list: LISTS }[item.key] ?? null;
  return needsTop(item) ? { key: item.key } : null;
}

/** Tells whether a leaf begins with the most frequent value of a tag. */
export function needsTop(item) {
  const start = ["event", "kind", "ready"].includes(item.kind) ? {} : beginning(item);
  return Array.isArray(start.value) && start.value.length === 0;
}
