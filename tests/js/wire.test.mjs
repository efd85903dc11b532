// The line to Python: what is sent, when, and that nothing is lost or done twice.

import { assert, test } from "./harness.mjs";
import { makeWire, PATIENCE, TYPING_PAUSE } from "../../dashboard/builder/js/wire.js";

/** A clock that runs only when told to. */
function handClock() {
  const timers = new Map();
  let now = 0;
  let next = 1;
  return {
    set(fn, ms) {
      timers.set(next, { fn, at: now + ms });
      return next++;
    },
    clear: (handle) => timers.delete(handle),
    pass(ms) {
      now += ms;
      for (const [handle, timer] of [...timers]) if (timer.at <= now && timers.delete(handle)) timer.fn();
    },
  };
}

function wired() {
  const sent = [];
  const clock = handClock();
  const wire = makeWire((message) => sent.push(message), clock);
  wire.start({ epoch: "e1", rev: 10 });
  return { sent, clock, wire, answer: (rev, epoch = "e1") => wire.answered({ rev, epoch }) };
}

test("an edit goes out at once with the next rev and the epoch it was made on", () => {
  const { sent, wire } = wired();
  wire.edit({ n: 1 }, "drop");
  assert.equal(sent.length, 1);
  assert.deepEqual([sent[0].rev, sent[0].epoch, sent[0].gesture, sent[0].tree.n], [11, "e1", "drop", 1]);
});

test("one message is in flight; what happens meanwhile follows in one, with every step", () => {
  const { sent, wire, answer } = wired();
  wire.edit({ n: 1 }, "a");
  wire.edit({ n: 2 }, "b");
  wire.edit({ n: 3 }, "c");
  assert.equal(sent.length, 1);
  answer(11);
  assert.equal(sent.length, 2);
  assert.equal(sent[1].tree.n, 3);
  assert.deepEqual(
    sent[1].earlier.map((step) => step.tree.n),
    [2],
  );
});

test("typing waits for a pause, and its keystrokes replace one another", () => {
  const { sent, wire, clock } = wired();
  for (const n of [1, 2, 3]) {
    wire.edit({ n }, "type", { typing: true });
    clock.pass(TYPING_PAUSE - 1);
  }
  assert.equal(sent.length, 0);
  clock.pass(1);
  assert.equal(sent.length, 1);
  assert.equal(sent[0].tree.n, 3);
  assert.equal(sent[0].earlier.length, 0);
});

test("typing in another field does not swallow what was typed in the first", () => {
  const { sent, wire, clock } = wired();
  wire.edit({ n: 1 }, "first", { typing: true });
  wire.edit({ n: 2 }, "second", { typing: true });
  clock.pass(TYPING_PAUSE);
  assert.deepEqual(
    [...sent[0].earlier, sent[0]].map((step) => step.gesture),
    ["first", "second"],
  );
});

test("a command takes what was typed before it along", () => {
  const { sent, wire } = wired();
  wire.edit({ n: 1 }, "type", { typing: true });
  wire.command("undo");
  assert.equal(sent.length, 1);
  assert.equal(sent[0].command.name, "undo");
  assert.deepEqual(
    sent[0].earlier.map((step) => step.tree.n),
    [1],
  );
});

test("an answer to an older rev does not let a second message out", () => {
  const { sent, wire, answer } = wired();
  wire.edit({ n: 1 }, "a");
  wire.edit({ n: 2 }, "b");
  answer(10);
  assert.equal(sent.length, 1);
  assert.ok(wire.isWaiting);
});

test("after a reload the revs go on from where Python stands", () => {
  const { sent, wire } = wired();
  wire.start({ epoch: "e2", rev: 40 });
  wire.edit({ n: 1 }, "a");
  assert.equal(sent[0].rev, 41);
  assert.equal(sent[0].epoch, "e2");
});

test("what is not answered in time is sent again, with everything that came since", () => {
  const { sent, wire, clock, answer } = wired();
  wire.edit({ n: 1 }, "a");
  wire.edit({ n: 2 }, "b");
  clock.pass(PATIENCE);
  assert.equal(sent.length, 2);
  assert.deepEqual(
    [...sent[1].earlier, sent[1]].map((step) => step.rev),
    [11, 12],
  );
  answer(12);
  clock.pass(PATIENCE);
  assert.equal(sent.length, 2);
});

test("the last flush sends what waits, whatever is in flight; a page that is gone sends nothing any more", () => {
  const { sent, wire, clock } = wired();
  wire.edit({ n: 1 }, "a");
  wire.edit({ n: 2 }, "b", { typing: true });
  wire.flush(true);
  wire.stop();
  assert.deepEqual([sent.length, sent[1].tree.n, sent[1].earlier.length], [2, 2, 1]);
  clock.pass(PATIENCE + TYPING_PAUSE);
  assert.equal(sent.length, 2);
});
