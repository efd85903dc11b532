// What the builder and the facts carry with every answer: a door to the hub, which the stage opens.

const box = (globalThis.coterieBuilder ??= { hub: null, early: [] });

export default function (component) {
  let leave = null;
  const enter = (hub) => {
    leave = hub["{part}"](component);
  };
  if (box.hub) enter(box.hub);
  else box.early.push(enter);
  return () => leave?.();
}
