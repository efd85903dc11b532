// Who may ask Python next: the charts and the insight panel ask one after the other, and never beside an edit.
//
// Why: Streamlit answers a session's requests with one script runner after another. A request that comes in just
// when a runner has finished starts a new one, and whatever the old one has not handed over by then is dropped
// (AppSession._handle_scriptrunner_event_on_event_loop ignores a sender that is not the present runner). Of two
// components that ask in the same moment, the first may thus never hear its answer. So there is at most one ask
// under way, the next goes when it has been answered, and none begins while an edit waits for its number.
// An edit itself never waits: it may overtake an ask, whose answer may then be lost, and that ask is made again
// once the edit has been answered. Asks can be repeated without harm.

/**
 * @param isBusy tells whether an edit or command is on its way
 * @param now milliseconds since 1970; tests give their own
 */
export function makeTurns(isBusy, now = Date.now) {
  const senders = new Map(); // name → function that sends a message
  const waiting = new Map(); // name → message
  let out = null; // {name, n, message, isOvertaken}: the ask under way
  let last = 0;
  let isDrawing = false;

  function go() {
    if (out || isDrawing || isBusy()) return;
    const name = FIRST.find((one) => waiting.has(one) && senders.has(one));
    if (!name) return;
    const message = waiting.get(name);
    waiting.delete(name);
    last = Math.max(last + 1, now()); // greater than any ask of this browser before, also before a reload
    out = { name, n: last, message, isOvertaken: false };
    senders.get(name)({ n: last, ...message });
  }

  return {
    /** How messages of a component are sent; a component that is drawn again brings a new way. */
    by: (name, send) => senders.set(name, send),
    /** Asks as soon as it may; what waits of the same component goes along, the later word counting. */
    ask(name, message) {
      waiting.set(name, { ...waiting.get(name), ...message });
      go();
    },
    /** A component has got the answer to its ask n, and draws it: what it asks then goes first. */
    answered(name, n, draw = () => undefined) {
      if (out?.name === name && out.n === n) out = null;
      isDrawing = true;
      draw();
      isDrawing = false;
      go();
    },
    /** An edit or command goes out, whether or not an ask is under way. */
    overtake() {
      if (out) out.isOvertaken = true;
    },
    /** Every edit has been answered: an ask that was overtaken and is still without an answer is made again. */
    rested() {
      if (out?.isOvertaken) {
        waiting.set(out.name, { ...out.message, ...waiting.get(out.name) });
        out = null;
      }
      go();
    },
    /** What a component has asked and not heard of yet, or null. */
    pending: (name) => waiting.get(name) ?? (out?.name === name ? out.message : null),
  };
}

const FIRST = ["insight", "facts"]; // near misses and thresholds follow the number at once, charts when edits rest
