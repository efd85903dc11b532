// The only way anything reaches the page: elements made by hand, text as text. No markup is ever parsed.

const SVG = "http://www.w3.org/2000/svg";

/** h("button.quiet", {onclick, "aria-label": …}, child, "text", …); null and false children are left out. */
export function h(what, props = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  set(element, props);
  append(element, children);
  return element;
}

/** Sets properties: on… listeners, true and false as attributes that are there or not, the rest as attributes. */
export function set(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element) element.value = value ?? "";
    else if (name === "checked" || name === "indeterminate") element[name] = Boolean(value);
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Listeners for what is typed, called when an input method has finished a word and not for its letters. */
export function onTyped(listener) {
  const typed = (event) => !event.isComposing && listener(event);
  return { oninput: typed, oncompositionend: typed };
}

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  return element;
}

/** Brings an element's children to exactly these, moving only what stands elsewhere, so that focus stays. */
export function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
}

export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

/** Runs a drawing only when what it depends on is another than the last time. */
export function whenChanged(draw) {
  let last = null;
  return (...parts) => {
    if (last?.length === parts.length && last.every((part, i) => part === parts[i])) return;
    last = parts;
    draw(...parts);
  };
}

// Icons as paths on a 16 by 16 field, drawn with the text's colour.
const PATHS = {
  text: "M3 4h10M8 4v9",
  enum: "M3 4.5h1M6 4.5h7M3 8h1M6 8h7M3 11.5h1M6 11.5h7",
  number: "M6.5 2.5 5 13.5M11 2.5l-1.5 11M3 6h10.5M2.5 10H13",
  boolean: "M5.5 4.5h5a3.5 3.5 0 0 1 0 7h-5a3.5 3.5 0 0 1 0-7ZM10.5 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z",
  date: "M3 4.5h10v8.5H3zM3 7.5h10M5.5 2.5v3M10.5 2.5v3",
  multi: "M2.5 2.5h5l6 6-5 5-6-6zM5.2 5.2h.1",
  event: "M9 2 4 9h3.5L7 14l5-7H8.5z",
  first_time: "M4 14V2.5h8L10 5.5l2 3H4",
  stopped: "M2.5 8h4M9 4.5v7M12.5 4.5v7",
  resumed: "M3 4.5v7M6.5 4v8l6.5-4z",
  regular: "M2.5 12.5v-5M6.2 12.5v-9M9.8 12.5v-5M13.5 12.5v-9",
  sequence: "M3.5 2.5v8M3.5 10.5h3M10 10.5h3.5M10 4h3.5M3.5 4H7",
  compare: "M8 2.5v11M3 6l2.5 2.5L3 11M13 6l-2.5 2.5L13 11",
  bucket: "M3 5h10l-1.2 8.5H4.2zM3 5a5 2 0 0 1 10 0",
  rank: "M2.5 13.5v-4h3.7v4M6.2 13.5v-9h3.6v9M9.8 13.5v-6h3.7v6",
  audience: "M6 3a2.3 2.3 0 1 1 0 4.6A2.3 2.3 0 0 1 6 3ZM2 13.5c0-5 8-5 8 0M10.5 3.4a2.2 2.2 0 0 1 0 4M12 9.6c1.4.5 2 2 2 3.9",
  list: "M3.5 2.5h9v11h-9zM6 5.8h4M6 8.2h4M6 10.6h2.5",
  group: "M3 3h10v10H3zM6 6h4v4H6z",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3 13.5 13.5",
  undo: "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H7",
  redo: "M10.5 3l3 3-3 3M13.5 6h-7a4 4 0 0 0 0 8H9",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
  more: "M3.5 8h.1M8 8h.1M12.5 8h.1",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z",
  eyeoff:
    "M2.5 2.5l11 11M6.2 4a6 6 0 0 1 1.8-.4c4 0 6.5 4.4 6.5 4.4a12 12 0 0 1-1.8 2.3M4 5.3A12 12 0 0 0 1.5 8S4 12.5 8 12.5a6.5 6.5 0 0 0 2.6-.5",
  not: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM4.2 4.2l7.6 7.6",
  wrap: "M5.5 2.5h-2v11h2M10.5 2.5h2v11h-2M6.5 8h3",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  clock: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2.2 1.3",
  check: "M3 8.5l3.5 3.5L13 4.5",
  chevron: "M4.5 6.5 8 10l3.5-3.5",
  swap: "M3 6h9M9.5 3.5 12 6M13 10H4M6.5 12.5 4 10",
  warn: "M8 2.5 14 13H2zM8 6.5v3M8 11.3v.1",
  filter: "M2.5 3.5h11L9.5 8.5v4l-3 1v-5z",
  lock: "M4 7.5h8v6H4zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2",
  template: "M2.5 3h11v3h-11zM2.5 8.5h5v4.5h-5zM10 8.5h3.5v4.5H10z",
  code: "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
  insight:
    "M8 2a4 4 0 0 1 2.3 7.3c-.5.4-.8.9-.8 1.5h-3c0-.6-.3-1.1-.8-1.5A4 4 0 0 1 8 2ZM6.7 12.6h2.6M7.3 14.3h1.4",
  target: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM8 8h.1",
  open: "M9.5 3H13v3.5M13 3 7.5 8.5M6.5 4H3v9h9V9.5",
  link: "M7 9a2.5 2.5 0 0 0 3.6 0l2-2A2.5 2.5 0 0 0 9 3.4l-.8.8M9 7a2.5 2.5 0 0 0-3.6 0l-2 2A2.5 2.5 0 0 0 7 12.6l.8-.8",
};

export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon ${extra}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.text);
  svg.append(path);
  return svg;
}

/** The six dots by which a thing is dragged. */
export function grip() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 8 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "dots");
  for (const [x, y] of [
    [2, 4],
    [6, 4],
    [2, 8],
    [6, 8],
    [2, 12],
    [6, 12],
  ]) {
    const dot = document.createElementNS(SVG, "circle");
    for (const [name, value] of [
      ["cx", x],
      ["cy", y],
      ["r", 1.1],
    ])
      dot.setAttribute(name, value);
    svg.append(dot);
  }
  return svg;
}

/** A shape in a chart. */
export function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
