// The bar above the canvas: what is being built, undo and redo, templates, the day, the rule as JSON and as a link.

import { copied } from "./clipboard.js";
import { dayField } from "./days.js";
import { makeDefinition } from "./definition.js";
import { h, icon, say, set } from "./dom.js";

export function makeToolbar(page) {
  const { t } = page.words;
  const definition = makeDefinition(page);
  const title = h("h1", {});
  const status = h("span.status");
  const undo = tool("undo", "Ctrl Z", () => page.history("undo"));
  const redo = tool("redo", "Ctrl Shift Z", () => page.history("redo"));
  const templates = h(
    "button.button",
    {
      type: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": t("templates"),
      title: t("templates"),
      "data-act": "templates",
      onclick: () => chooseTemplate(page, templates),
    },
    icon("template"),
    h("span.wideonly", {}, t("templates")),
  );
  const day = dayField(page, t("as_of"), (chosen) => page.wire.command("as_of", { day: chosen }), {
    waits: true,
    name: "as_of",
  });
  const dayBox = h("label.asof", { title: t("as_of.tip") }, h("span", {}, t("as_of")), day.element);
  const more = h(
    "button.button.iconly",
    {
      type: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": t("rule.more"),
      title: t("rule.more"),
      "data-act": "more",
      onclick: () =>
        page.popovers.menu(more, t("rule.more"), [
          { label: t("new"), icon: "plus", run: () => page.editor.replaceBy("new") },
          null,
          { label: t("definition"), icon: "text", run: () => definition.ask() },
          { label: t("json.export"), icon: "code", run: () => exportJson(page) },
          { label: t("json.import"), icon: "code", run: () => importJson(page) },
          { label: t("link.copy"), icon: "link", run: () => page.wire.command("link") },
          null,
          { label: t("keys"), icon: "more", run: () => showKeys(page) },
        ]),
    },
    icon("more"),
  );
  const element = h(
    "header.toolbar",
    {},
    h("div.titles", {}, title, status),
    h("div.tools", {}, undo, redo, templates, dayBox, more),
  );

  function tool(what, keys, run) {
    return h(
      "button.button.iconly",
      { type: "button", "aria-label": t(what), title: `${t(what)} (${keys})`, "data-act": what, onclick: run },
      icon(what),
    );
  }

  return {
    element,
    update() {
      const { news } = page.editor;
      if (!news) return;
      say(title, news.task ? taskName(page, news.task) : (news.title.name ?? t("untitled")));
      say(status, t(statusOf(page, news)));
      set(undo, { "aria-disabled": news.can_undo ? null : "true" });
      set(redo, { "aria-disabled": news.can_redo ? null : "true" });
      day.sync(news.as_of);
    },
    /** Python made the link that was asked for. */
    receive(news) {
      definition.receive(news);
      for (const answer of news.answers ?? [])
        if (answer.name === "link") showLink(page, new URL(answer.path, window.location.href).href, answer.is_kept);
    },
  };
}

/** The text that says whether what is built is kept. */
function statusOf(page, news) {
  if (news.task) return "task.status";
  if (news.title.name === null) return "unsaved.new";
  return news.title.is_changed || !page.editor.isSettled() ? "unsaved" : "saved";
}

/** What the rule is built for: a value of a tag, either of which may have no name yet. */
function taskName(page, { tag, value, place }) {
  const { t } = page.words;
  const named = value || t("task.nth", { n: place });
  return tag ? t("task.title", { tag, value: named }) : t("task.unnamed", { value: named });
}

function chooseTemplate(page, anchor) {
  if (page.popovers.isOpenAt(anchor)) return page.popovers.close();
  const list = h(
    "div.templatelist",
    {},
    page.catalogue.data.templates.map((template) =>
      h(
        "button.template",
        {
          type: "button",
          "aria-disabled": template.reason ? "true" : null,
          "data-template": template.key,
          onclick: () => {
            if (template.reason) return;
            page.popovers.close();
            page.editor.replaceBy("template", { key: template.key });
          },
        },
        h("strong", {}, template.name),
        h("span", {}, template.reason ?? template.note),
      ),
    ),
  );
  page.popovers.show(anchor, list, { label: page.words.t("templates"), className: "wide" });
  return undefined;
}

function exportJson(page) {
  const { t } = page.words;
  const text = JSON.stringify(page.editor.rule, null, 2);
  const area = h("textarea.json", { readonly: true, rows: "18", "aria-label": t("json.export"), spellcheck: "false" });
  area.value = text;
  const copy = h(
    "button.button",
    {
      type: "button",
      onclick: async () => {
        say(copy, t((await copied(text, area)) ? "copied" : "copy.by_hand"));
      },
    },
    t("copy"),
  );
  const save = h(
    "button.button.primary",
    { type: "button", onclick: () => download(text, `${page.editor.news?.title.name ?? "rule"}.json`) },
    t("download"),
  );
  page.popovers.dialog(
    t("json.export"),
    h("div.body", {}, h("p.quiet", {}, t("json.export.note")), area, h("div.row", {}, copy, save)),
    { focus: area },
  );
  area.setSelectionRange(0, 0);
  area.scrollTop = 0;
}

function importJson(page) {
  const { t } = page.words;
  const area = h("textarea.json", {
    rows: "14",
    "aria-label": t("json.import"),
    spellcheck: "false",
    placeholder: '{"version": 1, "include": {…}}',
  });
  const problem = h("p.problem.error", { role: "alert", hidden: true });
  const file = h("input", {
    type: "file",
    accept: ".json,application/json",
    "aria-label": t("json.file"),
    onchange: async () => {
      area.value = (await file.files[0]?.text()) ?? area.value;
    },
  });
  const open = h(
    "button.button.primary",
    {
      type: "button",
      onclick: () => {
        try {
          JSON.parse(area.value);
        } catch (error) {
          problem.hidden = false;
          const at = brokenAt(area.value, error.message);
          say(problem, at ? t("json.broken.at", at) : t("json.broken"));
          return;
        }
        dialog.close();
        page.editor.replaceBy("open", { text: area.value });
      },
    },
    t("json.open"),
  );
  const dialog = page.popovers.dialog(
    t("json.import"),
    h("div.body", {}, h("p.quiet", {}, t("json.import.note")), area, problem, h("div.row", {}, file, open)),
    { focus: area },
  );
}

/** Where JSON breaks, as {line, column}, from a browser's words (in its own language), or null. */
export function brokenAt(text, message) {
  const named = /line (\d+) column (\d+)/.exec(message);
  if (named) return { line: Number(named[1]), column: Number(named[2]) };
  const counted = /position (\d+)/.exec(message);
  const position = counted ? Number(counted[1]) : /end of (?:JSON|data)/.test(message) ? text.length : null;
  if (position === null) return null;
  const before = text.slice(0, position).split("\n");
  return { line: before.length, column: before[before.length - 1].length + 1 };
}

function showLink(page, address, isKept) {
  const { t } = page.words;
  const input = h("input.field.text.address", { type: "text", readonly: true, "aria-label": t("link.copy") });
  input.value = address;
  const copy = h(
    "button.button.primary",
    {
      type: "button",
      onclick: async () => {
        say(copy, t((await copied(address, input)) ? "copied" : "copy.by_hand"));
      },
    },
    t("copy"),
  );
  page.popovers.dialog(
    t("link.copy"),
    h("div.body", {}, h("p.quiet", {}, t(isKept ? "link.kept" : "link.note")), h("div.row", {}, input, copy)),
    { focus: copy },
  );
}

function showKeys(page) {
  const { t } = page.words;
  const rows = [
    ["/", "keys.search"],
    ["Enter", "keys.add"],
    ["Space", "keys.grab"],
    ["↑ ↓", "keys.choose"],
    ["Esc", "keys.cancel"],
    ["Alt ↑ ↓", "keys.step"],
    ["N", "act.negate"],
    ["M", "act.mute"],
    ["G", "act.wrap"],
    ["D", "act.duplicate"],
    ["Del", "act.remove"],
    ["Ctrl Z", "undo"],
    ["Ctrl Shift Z", "redo"],
  ];
  page.popovers.dialog(
    t("keys"),
    h(
      "dl.keys",
      {},
      rows.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(what))]),
    ),
  );
}

function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
