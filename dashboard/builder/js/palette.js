// The palette: tags and events by dimension, searched by key, either label and pinyin; a click adds, a drag places.

import { found } from "./catalogue.js";
import { grip, h, icon, place, replace, say } from "./dom.js";

export function makePalette(page) {
  const { t, whole } = page.words;
  let typed = "";
  const closed = new Set();
  const input = h("input.search", {
    type: "text",
    "aria-label": t("palette.search"),
    placeholder: t("palette.placeholder"),
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => {
      typed = input.value;
      draw();
    },
    onkeydown: (event) => {
      const first = list.querySelector("[data-item]");
      if (event.key === "ArrowDown" && first) {
        event.preventDefault();
        first.focus();
      }
      if (event.key === "Enter" && first && typed.trim()) {
        event.preventDefault();
        page.actions.addItem(page.itemOf(first.dataset.item));
        input.select();
      }
      if (event.key === "Escape" && typed) {
        event.stopPropagation();
        input.value = "";
        typed = "";
        draw();
      }
    },
  });
  const clear = h(
    "button.plain",
    {
      type: "button",
      "aria-label": t("palette.clear"),
      onclick: () => {
        input.value = "";
        typed = "";
        draw();
        input.focus();
      },
    },
    icon("close"),
  );
  const list = h("div.items");
  const count = h("p.sr", { role: "status" });
  const into = h("p.into");
  const shut = h(
    "button.plain.shut",
    { type: "button", "aria-label": t("close"), onclick: () => page.closePalette() },
    icon("close"),
  );
  const element = h(
    "nav.palette",
    { "aria-label": t("palette") },
    h("div.paletteHead", {}, h("div.searchbox", {}, icon("search"), input, clear), shut),
    into,
    list,
    count,
  );

  const chips = new Map(); // "tag:city" → its button, kept while the page lives

  function chipOf(item) {
    const id = `${item.kind}:${item.key}`;
    if (!chips.has(id)) {
      const name = page.catalogue.nameOf(item);
      const chip = h(
        "button.item",
        {
          type: "button",
          "data-item": id,
          title: tipOf(item),
          onclick: () => page.actions.addItem(item),
          "aria-label": t("palette.item", { name, type: t(`type.${item.type}`) }),
          onpointerenter: () => page.lookAheadLater(item),
        },
        h("span.grip", { "data-grip": "" }, grip()),
        icon(item.kind === "kind" ? item.key : item.type),
        h("span.grow", {}, name),
        item.personal ? icon("lock") : null,
        item.kind === "kind" ? null : h("small", {}, page.catalogue.unitOf(item) || t(`type.${item.type}`)),
      );
      chips.set(id, chip);
    }
    return chips.get(id);
  }

  function tipOf(item) {
    const head = `${page.catalogue.nameOf(item)} (${item.key})`;
    if (item.kind === "kind") return `${page.catalogue.nameOf(item)}\n${item.tip[page.words.language]}`;
    if (item.kind === "event")
      return `${head}\n${t("palette.event.tip", { n: whole(item.rows), first: item.first_day ?? "—", last: item.last_day ?? "—" })}`;
    const lines = [
      head,
      [t(`type.${item.type}`), page.catalogue.unitOf(item)].filter(Boolean).join(" · "),
      t("palette.coverage", {
        share: `${(item.coverage * 100).toFixed(item.coverage >= 0.9995 || item.coverage === 0 ? 0 : 1)} %`,
      }),
    ];
    if (item.distinct) lines.push(t("palette.distinct", { n: whole(item.distinct) }));
    if (item.computed) lines.push(t("palette.computed"));
    if (item.personal) lines.push(t("palette.personal"));
    return lines.join("\n");
  }

  function draw() {
    const { data } = page.catalogue;
    clear.hidden = typed === "";
    const folders = [];
    let shown = 0;
    for (const dimension of data.dimensions) {
      const items = found(page.catalogue.itemsIn(dimension.key), typed);
      if (items.length === 0) continue;
      shown += items.length;
      const isOpen = typed !== "" || !closed.has(dimension.key);
      folders.push(folder(dimension, items, isOpen));
    }
    place(
      list,
      shown
        ? folders
        : [
            h(
              "p.empty",
              {},
              t("palette.nothing", { typed }),
              h("button.link", { type: "button", onclick: () => clear.click() }, t("palette.clear")),
            ),
          ],
    );
    say(count, typed ? t("palette.found", { n: shown }) : "");
    update();
  }

  const folders = new Map();

  function folder(dimension, items, isOpen) {
    if (!folders.has(dimension.key)) {
      const size = h("span.size");
      const head = h(
        "button.folder",
        {
          type: "button",
          onclick: () => {
            if (!closed.delete(dimension.key)) closed.add(dimension.key);
            draw();
          },
        },
        icon("chevron"),
        h("span.grow", {}, dimension.label[page.words.language]),
        size,
      );
      const body = h("div.chipsOf");
      folders.set(dimension.key, { element: h("div.dimension", {}, head, body), head, body, size });
    }
    const { element: box, head, body, size } = folders.get(dimension.key);
    head.setAttribute("aria-expanded", String(isOpen));
    say(size, String(items.length));
    body.hidden = !isOpen;
    place(body, items.map(chipOf));
    return box;
  }

  /** Says where a click adds. */
  function update() {
    replace(into, icon("plus"), h("span", {}, t("palette.into", { where: page.whereAdds() })));
  }

  draw();
  return { element, input, update };
}
