// The stage's entry: opens the hub for everybody who waits for it, and puts code and catalogue there.

import { makeHub } from "./hub.js";

const box = (globalThis.coterieBuilder ??= { hub: null, early: [] });

export default function (component) {
  if (!box.hub) {
    box.hub = makeHub();
    box.early.splice(0).forEach((enter) => enter(box.hub));
  }
  box.hub.stage(component);
}
