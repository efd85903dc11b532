// Draws the journey as a table whose numbers are links: the funnel itself, or its split by a tag.
// Everything arrives as words in `data`; text reaches the page only through textContent.

const NARROW_CLASS = "stage-in-row";

/** Make an element with a class, words and children. */
function make(tag, { className, text, attributes = {} } = {}, children = []) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

/** A number that opens its people in the builder; plain where there is nobody to open. */
function number(figure) {
  if (!figure.href) return make("span", { text: figure.text });
  return make("a", {
    text: figure.text,
    attributes: { href: figure.href, target: "_self", title: figure.title, "aria-label": figure.title },
  });
}

function bar(step) {
  const reached = make("i", { className: "reached" });
  const furthest = make("i", { className: "furthest" });
  reached.style.width = `${step.reached_share * 100}%`;
  furthest.style.width = `${step.furthest_share * 100}%`;
  return make("span", { className: "bar", attributes: { "aria-hidden": "true" } }, [reached, furthest]);
}

/** The cell that names a stage beside its steps. */
function stageCell(stage, index) {
  return make(
    "th",
    {
      className: "stage",
      attributes: { scope: "rowgroup", rowspan: stage.steps.length, "data-stage": index % 3 },
    },
    [make("span", { text: stage.label })],
  );
}

/** The cell that names a step; on a narrow screen the first step of a stage names the stage too. */
function stepCell(stage, step, position, extra) {
  const shown = position === 0
    ? make("span", { className: NARROW_CLASS, text: stage.label, attributes: { "aria-hidden": "true" } })
    : null;
  return make("th", { className: "step", attributes: { scope: "row" } }, [
    shown,
    make("span", { className: "step-inside" }, [make("span", { className: "label", text: step.label }), extra]),
  ]);
}

function head(columns) {
  return make("thead", {}, [
    make("tr", {}, columns.map((column) =>
      make("th", { className: column.className, attributes: { scope: "col" } }, [
        make("span", { text: column.text }),
        column.under ? make("span", { className: "under", text: column.under }) : null,
        ...(column.legend ?? []).map((text, place) =>
          make("span", { className: `legend ${place ? "of-furthest" : "of-reached"}`, text })),
      ]),
    )),
  ]);
}

function body(stages, cellsOf, extraOf) {
  return stages.map((stage, index) =>
    make("tbody", {}, stage.steps.map((step, position) =>
      make("tr", {}, [
        position === 0 ? stageCell(stage, index) : null,
        stepCell(stage, step, position, extraOf(step)),
        ...cellsOf(step),
      ]),
    )),
  );
}

function funnelTable(data) {
  const { words } = data;
  const columns = [
    { text: words.stage, className: "stage" },
    { text: words.step, className: "step", legend: words.legend },
    ...(words.sessions ? [{ text: words.sessions, className: "number" }] : []),
    { text: words.reached, className: "number" },
    { text: words.conversion, className: "number" },
    { text: words.furthest, className: "number" },
  ];
  const cells = (step) => [
    step.sessions ? make("td", { className: "number" }, [number(step.sessions)]) : null,
    make("td", { className: "number" }, [number(step.reached)]),
    make("td", { className: "number quiet" }, [number(step.conversion)]),
    make("td", { className: "number" }, [number(step.furthest)]),
  ];
  return make("table", { className: "funnel" }, [
    make("caption", { text: data.caption }),
    head(columns),
    ...body(data.stages, cells, bar),
  ]);
}

function splitTable(data) {
  const columns = [
    { text: data.words.stage, className: "stage" },
    { text: data.words.step, className: "step" },
    ...data.groups.map((group) => ({ text: group.text, under: group.under, className: "number" })),
  ];
  const cells = (step) => step.cells.map((cell) => {
    const heat = make("i", { className: "heat", attributes: { "aria-hidden": "true" } });
    heat.style.width = `${cell.share * 100}%`;
    return make("td", { className: "number" }, [
      number(cell.figure),
      make("span", { className: "under", text: cell.under }),
      heat,
    ]);
  });
  return make("table", { className: "split" }, [
    make("caption", { text: data.caption }),
    head(columns),
    ...body(data.stages, cells, () => null),
  ]);
}

export default function ({ parentElement, data }) {
  const table = data.groups ? splitTable(data) : funnelTable(data);
  const scroller = make(
    "div",
    { className: "scroller", attributes: { role: "region", "aria-label": data.caption, tabindex: "0" } },
    [table],
  );
  const place = parentElement.querySelector(".coterie-funnel");
  place.replaceChildren(scroller);
}
