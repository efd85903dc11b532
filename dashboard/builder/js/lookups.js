// Values of tags and properties: asked of Python when they are needed, remembered until the data change.

import { beginning } from "./catalogue.js";

export function makeLookups(wire, redraw) {
  let lists = new Map(); // key → {items, isMore} or null while under way
  let checks = new Map(); // key → values that occur nowhere
  let stamp = "";
  const keyOf = (place, search) => JSON.stringify([place.event ?? null, place.key, search]);

  return {
    /** The values that contain `search`, most frequent first, or null while Python looks. */
    list(place, search = "") {
      const key = keyOf(place, search);
      if (!lists.has(key)) {
        lists.set(key, null);
        wire.command("values", { ask: key, tag: place.key, event: place.event ?? null, search });
      }
      return lists.get(key);
    },
    /** The most frequent value if it is known already; a look ahead starts otherwise. */
    top(place) {
      return this.list(place)?.items[0]?.[0] ?? null;
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
      const now = `${news.version}|${news.as_of}`;
      if (now !== stamp) {
        lists = new Map();
        checks = new Map();
        stamp = now;
      }
      for (const answer of news.answers ?? []) {
        if (answer.name === "values") lists.set(answer.ask, { items: answer.items, isMore: answer.is_more });
        if (answer.name === "known") checks.set(answer.ask, answer.unknown);
      }
      if (news.answers?.length) redraw();
    },
  };
}

/** Which catalogue entry a leaf's first value comes from, or null when none is needed. */
export function needsTop(item) {
  const start = item.kind === "event" ? {} : beginning(item);
  return Array.isArray(start.value) && start.value.length === 0;
}
