// On the way to another page nothing is asked: it would clear the page that somebody goes to.

import { assert, test } from "./harness.mjs";
import { HELD, leadsAway, makeLeaving } from "../../dashboard/builder/js/leaving.js";

function held() {
  const sent = [];
  const timers = [];
  const clock = { at: 0, now: () => clock.at, set: (fn, ms) => timers.push({ fn, at: clock.at + ms }) };
  const pass = (ms) => {
    clock.at += ms;
    for (const timer of timers.splice(0)) (timer.at <= clock.at ? timer.fn : () => timers.push(timer))();
  };
  const page = { isHere: true };
  const leaving = makeLeaving(clock);
  return { sent, pass, page, leaving, send: leaving.guarded((message) => sent.push(message), () => page.isHere) };
}

test("until somebody leaves, messages go at once", () => {
  const { sent, send } = held();
  send("a");
  assert.deepEqual(sent, ["a"]);
});

test("what is asked on the way to another page is never sent", () => {
  const { sent, send, leaving, page, pass } = held();
  leaving.begin();
  send("a");
  page.isHere = false;
  pass(HELD);
  assert.deepEqual(sent, []);
});

test("should the page still be there after a while, nothing is lost", () => {
  const { sent, send, leaving, pass } = held();
  leaving.begin();
  send("a");
  pass(HELD - 1);
  assert.deepEqual(sent, []);
  pass(1);
  send("b");
  assert.deepEqual(sent, ["a", "b"]);
});

test("who has come back asks at once", () => {
  const { sent, send, leaving } = held();
  leaving.begin();
  leaving.end();
  send("a");
  assert.deepEqual(sent, ["a"]);
});

const HERE = { href: "http://localhost/", origin: "http://localhost", pathname: "/" };

function click(href, { target = "", download = false, ...more } = {}) {
  const link = { href, target, matches: () => true, hasAttribute: () => download };
  const inner = { matches: () => false };
  return { button: 0, composedPath: () => (href ? [inner, link] : [inner]), ...more };
}

test("a link to another page leads away; one to this page, into a new tab, to a file or elsewhere does not", () => {
  assert.equal(leadsAway(click("http://localhost/tags?new=rules"), HERE), true);
  for (const event of [
    click(null),
    click("http://localhost/?rule=1"),
    click("http://localhost/tags", { target: "_blank" }),
    click("http://localhost/tags", { ctrlKey: true }),
    click("http://localhost/tags", { metaKey: true }),
    click("http://localhost/tags", { button: 1 }),
    click("http://localhost/download/1", { download: true }),
    click("https://elsewhere.example/tags"),
  ])
    assert.equal(leadsAway(event, HERE), false);
});
