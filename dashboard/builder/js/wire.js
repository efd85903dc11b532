// The line to Python: a log of steps, each sent until it is answered, one message in flight, in order.
// Nothing is lost when the connection is: a message carries every step that has not been answered yet.

export const TYPING_PAUSE = 120;
export const PATIENCE = 5000; // milliseconds without an answer after which everything unanswered is sent again

/**
 * @param send called with {rev, epoch, gesture, tree, command, earlier}; `earlier` holds unanswered steps before it.
 * @param clock {set(fn, ms), clear(handle)}; the page gives window's timers, tests give their own.
 */
export function makeWire(send, clock) {
  let rev = 0;
  let epoch = "";
  let waiting = []; // steps that Python has not answered, oldest first
  let inFlight = 0; // rev of the newest step in the message under way; 0 = none
  let timer = null;
  let patience = null;

  /** @param isLast the page goes away: there is no later, and Python takes in each step once. */
  function flush(isLast = false) {
    if (timer !== null) clock.clear(timer);
    timer = null;
    if (waiting.length === 0 || (!isLast && inFlight)) return;
    const newest = waiting[waiting.length - 1];
    inFlight = newest.rev;
    if (patience !== null) clock.clear(patience);
    patience = clock.set(again, PATIENCE);
    send({ ...newest, epoch, earlier: waiting.slice(0, -1) });
  }

  /** Python takes every step in once, however often it comes. */
  function again() {
    patience = null;
    if (!inFlight) return;
    inFlight = 0;
    flush();
  }

  function push(step) {
    rev += 1;
    waiting.push({ rev, gesture: null, tree: null, command: null, ...step });
  }

  return {
    get rev() {
      return rev;
    },
    get epoch() {
      return epoch;
    },
    get isWaiting() {
      return waiting.length > 0;
    },
    /** Takes up where Python stands: for a fresh page, and whenever Python replaced the tree. */
    start(state) {
      epoch = state.epoch;
      rev = Math.max(rev, state.rev);
    },
    /** An edit. Keystrokes of one field replace one another while they wait for the pause. */
    edit(tree, gesture, { typing = false } = {}) {
      const last = waiting[waiting.length - 1];
      if (timer !== null && last && last.gesture === gesture && last.rev !== inFlight) waiting.pop();
      push({ tree, gesture });
      if (!typing) return flush();
      if (timer !== null) clock.clear(timer);
      timer = clock.set(() => flush(), TYPING_PAUSE);
      return undefined;
    },
    /** Something Python shall do: undo, open a template, look up values. */
    command(name, args = {}) {
      push({ command: { name, ...args } });
      flush();
    },
    /** Python's answer to everything up to its rev; returns whether it is the newest news. */
    answered(state) {
      waiting = waiting.filter((step) => step.rev > state.rev);
      if (inFlight && state.rev >= inFlight) inFlight = 0;
      rev = Math.max(rev, state.rev);
      if (!inFlight && timer === null) flush();
      return waiting.length === 0;
    },
    flush,
    /** The page is gone: nothing is sent any more. */
    stop() {
      for (const handle of [timer, patience]) if (handle !== null) clock.clear(handle);
      timer = patience = null;
    },
  };
}
