// What floats above the page: menus, pickers, dialogs. One at a time; Escape or a press outside closes it.

import { h, icon } from "./dom.js";

export function makePopovers(page) {
  let open = null; // {element, anchor, onclose}

  function close({ refocus = true } = {}) {
    if (!open) return;
    const { element, anchor, onclose } = open;
    open = null;
    anchor?.setAttribute("aria-expanded", "false");
    const hadFocus = element.contains(page.root.activeElement);
    element.remove();
    onclose?.();
    if (refocus && hadFocus && anchor?.isConnected) anchor.focus();
  }

  function put(element, anchor) {
    if (page.size === "narrow") return element.classList.add("sheet");
    element.classList.remove("sheet");
    const at = anchor.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    const below = window.innerHeight - at.bottom - 12;
    const above = at.top - 12;
    const isBelow = box.height <= below || below >= above;
    element.style.maxHeight = `${Math.max(160, isBelow ? below : above)}px`;
    element.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - box.width - 8))}px`;
    const height = Math.min(box.height, isBelow ? below : above);
    element.style.top = `${isBelow ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
    return undefined;
  }

  const api = {
    close,
    isOpenAt: (anchor) => open?.anchor === anchor,
    reposition() {
      if (!open) return;
      if (open.anchor && !open.anchor.isConnected) close({ refocus: false });
      else if (open.anchor) put(open.element, open.anchor);
    },
    /** Shows content beside an anchor; `focus` names what gets the focus. */
    show(anchor, content, { label, className = "", onclose = null, focus = null } = {}) {
      close({ refocus: false });
      const element = h(
        `div.popover${className ? `.${className}` : ""}`,
        { role: "dialog", "aria-label": label },
        content,
      );
      open = { element, anchor, onclose };
      anchor.setAttribute("aria-expanded", "true");
      page.layer.append(element);
      put(element, anchor);
      (focus ?? element.querySelector("input, button, [tabindex]"))?.focus();
    },
    /** A menu of {label, hint, icon, run, disabled, danger}; null stands for a line between entries. */
    menu(anchor, label, entries) {
      if (api.isOpenAt(anchor)) return close();
      const items = entries.map((entry) =>
        entry === null
          ? h("hr")
          : h(
              `button.entry${entry.danger ? ".danger" : ""}`,
              {
                type: "button",
                role: "menuitem",
                tabindex: "-1",
                "aria-disabled": entry.disabled ? "true" : null,
                onclick: () => {
                  if (entry.disabled) return;
                  close();
                  entry.run();
                },
              },
              entry.icon ? icon(entry.icon) : null,
              h("span.grow", {}, entry.label),
              entry.hint ? h("kbd", {}, entry.hint) : null,
            ),
      );
      const list = h(
        "div.menu",
        { role: "menu", "aria-label": label, onkeydown: (event) => arrows(event, list) },
        items,
      );
      api.show(anchor, list, { label, focus: list.querySelector("button") });
      return undefined;
    },
    /** A dialog in the middle, over everything. */
    dialog(title, body, { onclose = null, focus = null } = {}) {
      close({ refocus: false });
      const returnTo = page.root.activeElement;
      const leave = h(
        "button.plain",
        { type: "button", "aria-label": page.words.t("close"), onclick: () => close() },
        icon("close"),
      );
      const box = h(
        "div.dialog",
        { role: "dialog", "aria-modal": "true", "aria-label": title },
        h("header", {}, h("h2", {}, title), leave),
        body,
      );
      const veil = h("div.veil", { onpointerdown: (event) => event.target === veil && close() }, box);
      veil.addEventListener("keydown", (event) => event.key === "Tab" && keepInside(event, box, page.root));
      open = {
        element: veil,
        anchor: null,
        onclose: () => {
          onclose?.();
          returnTo?.isConnected && returnTo.focus();
        },
      };
      page.layer.append(veil);
      (focus ?? box.querySelector("textarea, input") ?? leave).focus();
      return { close };
    },
  };

  page.listen(page.root, "pointerdown", (event) => {
    if (open?.anchor && !event.composedPath().includes(open.element) && !event.composedPath().includes(open.anchor))
      close({ refocus: false });
  });
  const pressedElsewhere = (event) =>
    !event.composedPath().includes(page.shell) && open?.anchor && close({ refocus: false });
  page.listen(window, "pointerdown", pressedElsewhere, true);
  page.listen(page.root, "keydown", (event) => {
    if (event.key !== "Escape" || !open) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  });
  return api;
}

function arrows(event, list) {
  const entries = [...list.querySelectorAll("button")];
  const at = entries.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  entries[(to + entries.length) % entries.length].focus();
}

function keepInside(event, box, root) {
  const stops = [...box.querySelectorAll("button, input, textarea, select, a[href]")].filter(
    (e) => !e.disabled && e.offsetParent,
  );
  const last = stops[stops.length - 1];
  const leavesAt = event.shiftKey ? stops[0] : last;
  if (root.activeElement !== leavesAt) return;
  event.preventDefault();
  (event.shiftKey ? last : stops[0]).focus();
}
