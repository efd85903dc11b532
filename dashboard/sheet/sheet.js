// Draws figures as cards, or rows of them as a table whose numbers are links; a cell may bear heat.
// Everything arrives as words in `data`; text reaches the page only through textContent.

function make(tag, { className, text, attributes = {} } = {}, children = []) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** A number that opens its people in the builder; plain where there is nobody to open. */
function number(cell) {
  if (!cell.href) return make("span", { text: cell.text, attributes: { title: cell.title } });
  return make("a", {
    text: cell.text,
    attributes: { href: cell.href, target: "_self", title: cell.title, "aria-label": cell.title },
  });
}

/** What else can be done with the people of a card, without opening them. */
function action({ key, text, title }, press) {
  const button = make("button", { className: "action", text, attributes: { type: "button", title, "aria-label": title } });
  button.addEventListener("click", () => press(key));
  return button;
}

function card(data, press) {
  const lines = data.lines.map((line) =>
    make("li", { className: line.tone }, [
      make("span", { text: line.label }),
      make("b", { text: line.change }),
      number({ text: line.value, href: line.href, title: line.title }),
    ]));
  return make("li", { className: "card" }, [
    make("p", { className: "name", text: data.label, attributes: { title: data.about } }),
    make("div", { className: "main" }, [
      make("p", { className: "value" }, [number(data)]),
      data.action ? action(data.action, press) : null,
    ]),
    data.note ? make("p", { className: "note", text: data.note }) : null,
    make("ul", { className: "lines" }, lines),
  ]);
}

/** In how many columns cards stand where there is room: in two rows of about the same if there are many. */
function columnsOf(many) {
  return many <= 6 ? many : Math.ceil(many / 2);
}

function cell(data, column) {
  const inside = [number(data)];
  if (data.bar !== undefined && data.bar !== null) {
    const bar = make("i", { className: "bar", attributes: { "aria-hidden": "true" } });
    bar.style.width = `${Math.round(data.bar * 100)}%`;
    inside.unshift(make("span", { className: "track", attributes: { "aria-hidden": "true" } }, [bar]));
  }
  if (data.under) inside.push(make("span", { className: "under", text: data.under }));
  const element = make("td", { className: column.kind }, inside);
  if (data.heat !== undefined && data.heat !== null) {
    element.classList.add("heat");
    // Up to 62 % of the brand's colour: beyond it the ink could not be read on it.
    element.style.setProperty("--heat", `${Math.round(data.heat * 62)}%`);
  }
  if (data.isYoung) element.classList.add("young");
  return element;
}

function table(data) {
  const head = make("tr", {}, data.columns.map((column) =>
    column.text
      ? make("th", { className: column.kind, text: column.text, attributes: { scope: "col", title: column.about } })
      : make("td", { className: column.kind })));
  const rows = data.rows.map((row) =>
    make("tr", {}, row.map((each, place) =>
      place === 0
        ? make("th", { className: data.columns[0].kind, attributes: { scope: "row" } }, [
          number(each),
          each.under ? make("span", { className: "under", text: each.under }) : null,
        ])
        : cell(each, data.columns[place]))));
  return make("table", { className: data.isHeat ? "heatmap" : null }, [
    make("caption", { text: data.caption }),
    make("thead", {}, [head]),
    make("tbody", {}, rows),
  ]);
}

export default function ({ parentElement, data, setTriggerValue }) {
  const place = parentElement.querySelector(".coterie-sheet");
  const text = JSON.stringify(data);
  if (place.drawn === text) return; // nothing new: whatever has the focus keeps it
  place.drawn = text;
  if (data.cards) {
    const cards = data.cards.map((each) => card(each, (key) => setTriggerValue("pressed", key)));
    const list = make("ul", { className: "cards", attributes: { "aria-label": data.caption } }, cards);
    list.style.setProperty("--columns", columnsOf(cards.length));
    place.replaceChildren(list);
    return;
  }
  const scroller = make(
    "div",
    { className: "scroller", attributes: { role: "region", "aria-label": data.caption, tabindex: "0" } },
    [table(data)],
  );
  place.replaceChildren(scroller);
}
