// Choosing values: the real ones with their counts, searched in Python when there are many; any text can be
// typed, and a column of values pasted, of which those that occur nowhere are listed.

import { h, icon, onTyped, replace } from "./dom.js";

const SHOWN_CHIPS = 3;
const SHOWN_OPTIONS = 200;

export function makePicker(page, field, change) {
  const { t, whole, list } = page.words;
  let chosen = [];
  let drawn = "";
  let pasted = null; // what was pasted last, to say which of it occurs nowhere

  const button = h("button.field.chips", {
    type: "button",
    "aria-haspopup": "dialog",
    "aria-expanded": "false",
    "data-f": field.named,
    onclick: () => open(),
  });

  function sync(value) {
    const before = drawn;
    chosen = field.single
      ? typeof value === "string" && value !== ""
        ? [value]
        : []
      : Array.isArray(value)
        ? value.map(String)
        : [];
    drawn = JSON.stringify(chosen);
    if (drawn === before) return; // a press on the button must find it as it was
    const words = chosen.length ? list(chosen) : t("pick.nothing");
    button.setAttribute("aria-label", `${field.named}: ${words}`);
    button.classList.toggle("empty", chosen.length === 0);
    replace(
      button,
      chosen.length === 0 ? h("span.quiet", {}, t("pick.choose")) : null,
      chosen.slice(0, SHOWN_CHIPS).map((value) => h("span.chip", {}, value)),
      chosen.length > SHOWN_CHIPS ? h("span.more", {}, `+${chosen.length - SHOWN_CHIPS}`) : null,
      icon("chevron"),
    );
    button.title = words;
    page.popovers.reposition();
  }

  function put(next) {
    chosen = next;
    change(field.single ? (next[0] ?? "") : next, { gesture: page.editor.gesture("pick") });
  }

  function toggle(value) {
    if (field.single) {
      put([value]);
      page.popovers.close();
    } else put(chosen.includes(value) ? chosen.filter((v) => v !== value) : [...chosen, value]);
  }

  function open() {
    if (page.popovers.isOpenAt(button)) return page.popovers.close();
    let active = -1;
    let options = [];
    const listId = `list-${Math.random().toString(36).slice(2)}`;
    const input = h("input.search", {
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": listId,
      "aria-autocomplete": "list",
      "aria-label": t("pick.search", { of: field.named }),
      placeholder: t(field.personal ? "pick.type" : "pick.placeholder"),
      autocomplete: "off",
      spellcheck: "false",
      ...onTyped(() => {
        active = -1;
        draw();
      }),
      onkeydown: keys,
      onpaste: paste,
    });
    const tokens = h("div.tokens");
    const box = h("ul.options", {
      id: listId,
      role: "listbox",
      "aria-label": field.named,
      "aria-multiselectable": field.single ? null : "true",
    });
    const note = h("div.note", { role: "status" });
    const body = h("div.picker", {}, h("div.searchbox", {}, icon("search"), input), tokens, box, note);

    function keys(event) {
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move && options.length) {
        event.preventDefault();
        active = (active + move + options.length) % options.length;
        mark();
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (active >= 0) toggle(options[active].value);
        else if (input.value.trim()) addTyped();
        draw();
      } else if (event.key === "Backspace" && input.value === "" && chosen.length && !field.single) {
        put(chosen.slice(0, -1));
        draw();
      }
      event.stopPropagation();
      if (event.key === "Escape") page.popovers.close();
    }

    function addTyped() {
      const typed = input.value.trim();
      input.value = "";
      const exact = options.find((option) => option.value.toLowerCase() === typed.toLowerCase());
      const value = exact && field.how === "exact" ? exact.value : typed;
      if (!chosen.includes(value)) toggle(value);
    }

    function paste(event) {
      const values = splitPasted(event.clipboardData.getData("text"));
      if (values.length < 2 || field.single) return;
      event.preventDefault();
      pasted = values;
      put([...new Set([...chosen, ...values])]);
      draw();
    }

    function mark() {
      [...box.children].forEach((row, i) => row.classList.toggle("active", i === active));
      const row = box.children[active];
      input.setAttribute("aria-activedescendant", row?.id ?? "");
      row?.scrollIntoView({ block: "nearest" });
    }

    function draw() {
      const search = input.value.trim();
      const answer = field.personal ? { items: [], isMore: false } : page.lookups.list(field.place, "");
      // A short list is searched here; a long one in Python, where all values are.
      const found = answer?.isMore && search ? page.lookups.list(field.place, search) : answer;
      const matching = (found?.items ?? []).filter(([value]) => value.toLowerCase().includes(search.toLowerCase()));
      options = matching.slice(0, SHOWN_OPTIONS).map(([value, count]) => ({ value, count }));
      const canAdd = search && !options.some((option) => option.value === search) && !chosen.includes(search);
      const most = Math.max(1, ...options.map((option) => option.count));
      replace(
        box,
        options.map(({ value, count }, i) => {
          const isChosen = chosen.includes(value);
          const row = h(
            "li",
            {
              id: `${listId}-${i}`,
              role: "option",
              "aria-selected": String(isChosen),
              onclick: () => {
                toggle(value);
                draw();
                input.focus();
              },
            },
            h("span.tick", {}, isChosen ? icon("check") : null),
            h("span.grow", {}, value),
            h("span.count", {}, whole(count)),
          );
          row.style.setProperty("--part", count / most);
          return row;
        }),
      );
      replace(
        tokens,
        field.single
          ? null
          : chosen.map((value) =>
              h(
                "span.chip",
                {},
                value,
                h(
                  "button.plain",
                  {
                    type: "button",
                    "aria-label": t("pick.remove", { value }),
                    onclick: () => {
                      put(chosen.filter((v) => v !== value));
                      draw();
                      input.focus();
                    },
                  },
                  icon("close"),
                ),
              ),
            ),
      );
      replace(note, ...notes(found, canAdd ? search : null));
      mark();
      page.popovers.reposition();
    }

    function notes(found, typed) {
      const lines = [];
      if (typed)
        lines.push(
          h(
            "button.add",
            {
              type: "button",
              onclick: () => {
                addTyped();
                draw();
                input.focus();
              },
            },
            icon("plus"),
            t(field.how === "contains" ? "pick.add_part" : "pick.add", { value: typed }),
          ),
        );
      if (found === null) lines.push(h("p", {}, t("pick.looking")));
      else if (found.items.length === 0 && !typed && !field.personal) lines.push(h("p", {}, t("pick.none")));
      if (field.personal) lines.push(h("p", {}, t("pick.personal")));
      if (found?.isMore) lines.push(h("p", {}, t("pick.more", { n: found.items.length })));
      if (pasted) lines.push(...aboutPasted());
      else if (!field.single && !typed) lines.push(h("p", {}, t("pick.paste")));
      return lines;
    }

    function aboutPasted() {
      const unknown = page.lookups.check(field.place, pasted, field.how);
      if (unknown === null) return [h("p", {}, t("pick.looking"))];
      if (unknown.length === 0) return [h("p.good", {}, t("pick.all_known", { n: pasted.length }))];
      const drop = () => {
        put(chosen.filter((value) => !unknown.includes(value)));
        pasted = null;
        draw();
      };
      return [
        h("p.bad", {}, t("pick.unknown", { n: unknown.length, of: pasted.length, values: list(unknown.slice(0, 20)) })),
        h(
          "button.add",
          { type: "button", onclick: drop },
          icon("trash"),
          t("pick.drop_unknown", { n: unknown.length }),
        ),
      ];
    }

    page.popovers.show(button, body, {
      label: t("pick.title", { of: field.named }),
      className: "wide",
      focus: input,
      onclose: () => {
        page.redrawOpen = null;
        pasted = null;
      },
    });
    page.redrawOpen = draw;
    draw();
    return undefined;
  }

  return { element: button, sync, open };
}

/** A pasted column or row of values, without blanks and repetitions. */
export function splitPasted(text) {
  const by = /[\r\n\t]/.test(text) ? /[\r\n\t]+/ : /[,，、;；]+/;
  return [
    ...new Set(
      text
        .split(by)
        .map((value) => value.trim().replace(/^"(.*)"$/, "$1"))
        .filter(Boolean),
    ),
  ];
}
