// On the way to another page of the app nothing is asked any more.
//
// Why: a message that comes in while Streamlit is changing pages runs a part of the page that is gone, under its old
// address, and the browser clears the new page for it: only the menu is left. So from the moment somebody follows a
// link, goes back, or is done with a tag's rule, messages are kept; should the page still be there after a while,
// they are sent.

export const HELD = 10_000; // milliseconds; changing pages takes far less, also on a busy machine

/** @param clock {now(), set(fn, ms)}; the page gives the browser's own, tests give theirs. */
export function makeLeaving(clock = { now: Date.now, set: (fn, ms) => setTimeout(fn, ms) }) {
  let until = 0;
  return {
    begin() {
      until = clock.now() + HELD;
    },
    /** The page is drawn anew: somebody has come back. */
    end() {
      until = 0;
    },
    /** A way of sending that keeps messages while the page is being left; `isHere` tells whether it still is. */
    guarded(send, isHere) {
      return (message) => {
        const wait = until - clock.now();
        if (wait <= 0) send(message);
        else clock.set(() => isHere() && send(message), wait);
      };
    },
  };
}

/** Tells whether a click leads to another page of the app in this tab. */
export function leadsAway(event, here = window.location) {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  const link = event.composedPath().find((element) => element.href && element.matches?.("a[href]"));
  if (!link || (link.target && link.target !== "_self") || link.hasAttribute("download")) return false;
  const to = new URL(link.href, here.href);
  return to.origin === here.origin && to.pathname !== here.pathname;
}
