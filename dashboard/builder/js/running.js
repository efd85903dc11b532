// Whether Streamlit is at work: then nothing new is asked until it has finished, so that no answer is lost.
//
// Why: what a script runner has not handed over when the next request starts another one is dropped (see turns.js).
// That would also lose the outcome of a press on the header, which this page knows nothing of: asked a moment too
// early, a chart would undo a change of language. Python would not begin before the other has finished anyway.

export const HELD_AT_MOST = 2000; // milliseconds after which it is asked all the same: the sign may be stuck, or gone

const AT_WORK = new Set(["running", "rerunRequested"]);

/**
 * @param stateOf returns Streamlit's own word for what it is doing; undefined where it tells no more
 * @param watch calls a function whenever that changes; returns how to stop
 * @param resume called when what was held may go
 * @param clock {now, set(fn, ms), clear(handle)}
 */
export function makeRunning(stateOf, watch, resume, clock) {
  let since = null; // when it began, as far as it was seen
  let timer = null;

  function changed() {
    const isAtWork = AT_WORK.has(stateOf());
    if (isAtWork) since ??= clock.now();
    else since = null;
    if (isAtWork) return;
    clock.clear(timer);
    timer = null;
    resume();
  }
  const stop = watch(changed);

  return {
    /** Tells whether something has to wait; it is called to resume then. */
    isHeld() {
      if (!AT_WORK.has(stateOf())) return false;
      since ??= clock.now();
      const left = since + HELD_AT_MOST - clock.now();
      if (left <= 0) return false;
      timer ??= clock.set(() => {
        timer = null;
        resume();
      }, left);
      return true;
    },
    stop() {
      clock.clear(timer);
      stop();
    },
  };
}
