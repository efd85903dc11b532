// Where the parts meet: the stage brings the code and the catalogue once, the builder the rule and its numbers with
// every edit, the facts what is slower, the insight what its panel asks. Each is a component of its own, so that an
// edit carries only numbers.

import { leadsAway, makeLeaving } from "./leaving.js";
import { makePage } from "./page.js";

/** Take out of the address what has been opened. Python's way would be a step in the history: to go back, two. */
function forget(names) {
  const address = new URL(window.location.href);
  for (const name of names) address.searchParams.delete(name);
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}

/** Components give their data in any order; the page is drawn as soon as the builder and the stage are there. */
export function makeHub() {
  let stage = null; // {data}
  const pages = new WeakMap(); // the builder's parent element → its page
  let current = null;
  let opened = null; // the insight tab that was open when a page was left: another language, another menu item
  const asking = new Map(); // "facts", "insight" → {data, send}
  const leaving = makeLeaving();
  let path = null; // where the builder stands

  function goAway() {
    current?.wire.flush(true); // what was typed last goes before
    leaving.begin();
  }

  document.addEventListener("click", (event) => leadsAway(event) && goAway(), true);
  window.addEventListener("popstate", () => window.location.pathname !== path && goAway());

  function draw(component) {
    const { parentElement, data, setStateValue } = component;
    let page = pages.get(parentElement);
    const isNew = !page || page.stamp !== stage.stamp;
    if (isNew) {
      if (page) leavePage(page);
      leaving.end();
      path = window.location.pathname;
      page = makePage(parentElement, stage);
      pages.set(parentElement, page);
    }
    current = page;
    const send = leaving.guarded(
      (message) => setStateValue("edit", message),
      () => parentElement.host?.isConnected,
    );
    page.send = (message) => {
      send(message);
      if (message.command?.name === "done") leaving.begin(); // Python goes back to the tag
    };
    page.receive(data);
    if (isNew) for (const [name, { data: given, send }] of asking) page.take(name, given, send);
    if (isNew && opened) page.insight.show(opened);
    // Streamlit also calls what an overtaken draw returned, while the page goes on living: then nothing may end.
    return () => {
      if (parentElement.host?.isConnected) return;
      leavePage(page);
      pages.delete(parentElement);
      if (current === page) current = null;
    };
  }

  function leavePage(page) {
    opened = page.insight.open;
    page.leave();
  }

  /** A component that answers what the page asks, in its own time. */
  function asks(name, component) {
    const send = leaving.guarded(
      (ask) => component.setStateValue("ask", ask),
      () => component.parentElement.host?.isConnected,
    );
    const it = { data: component.data, send };
    asking.set(name, it);
    if (current?.editor.news) current.take(name, it.data, it.send);
    return () => {
      if (!component.parentElement.host?.isConnected && asking.get(name) === it) asking.delete(name);
    };
  }

  let waiting = null;
  return {
    stage(component) {
      stage = component.data;
      forget(stage.opening);
      if (waiting) draw(waiting);
    },
    builder(component) {
      waiting = component;
      const leave = stage ? draw(component) : null;
      return () => {
        if (waiting === component) waiting = null;
        leave?.();
      };
    },
    facts: (component) => asks("facts", component),
    insight: (component) => asks("insight", component),
  };
}
