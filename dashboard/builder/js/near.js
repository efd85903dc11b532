// Near misses: people who fail exactly one condition, by condition; each group opens as a rule.

import { h, icon, place, replace, say } from "./dom.js";
import { locate } from "./tree.js";

export function makeNear(page, ask) {
  const { t, whole, language } = page.words;
  const rows = new Map(); // node id → its row, kept so that bars glide and a press finds what it pressed
  const total = h("span.quiet");
  const note = h("p.quiet.small");
  const list = h("div.nearlist", { role: "list" });
  const element = h(
    "section.card.near",
    { "aria-label": t("insight.near") },
    h("div.cardhead", {}, h("h2", {}, t("insight.near")), total),
    note,
    list,
  );

  function rowOf(node) {
    if (!rows.has(node)) {
      const row = { group: null, what: h("span.nearwhat"), fill: h("i"), users: h("span.value") };
      row.go = h("button.nearname", { type: "button", onclick: () => ask.goTo(node) }, row.what);
      row.open = h(
        "button.plain.nearopen",
        {
          type: "button",
          title: t("insight.near.open.tip"),
          onclick: () => page.putRule(row.group.rule, t("insight.near.opened", { what: row.what.textContent })),
        },
        icon("open"),
      );
      row.element = h(
        "div.nearrow",
        { role: "listitem" },
        row.go,
        h("span.track", { "aria-hidden": "true" }, row.fill),
        row.users,
        row.open,
      );
      rows.set(node, row);
    }
    return rows.get(node);
  }

  function draw({ users, several, groups }) {
    const most = Math.max(1, ...groups.map((group) => group.users));
    say(total, t("insight.near.total", { n: whole(users) }));
    const more = several ? t("insight.near.several", { n: whole(several) }) : "";
    say(note, groups.length ? more : t("insight.near.none"));
    const wanted = groups.map((group) => {
      const row = rowOf(group.node);
      row.group = group;
      say(row.what, group.what[language]);
      say(row.users, whole(group.users));
      row.fill.style.transform = `scaleX(${Math.max(group.users ? 0.02 : 0, group.users / most)})`;
      row.open.hidden = group.rule === null || group.users === 0;
      const named = t("insight.near.open", { n: whole(group.users), what: group.what[language] });
      row.open.setAttribute("aria-label", named);
      return row.element;
    });
    ask.keeping(() => place(list, wanted));
    for (const [node, row] of rows) if (!row.element.isConnected) rows.delete(node);
  }

  return {
    element,
    questions: () => (asksAnything(page.editor.rule) ? [{ kind: "near_misses" }] : []),
    update() {
      const { found, error, isOld, isWaiting } = ask.get("near_misses");
      element.classList.toggle("stale", isOld && asksAnything(page.editor.rule));
      note.hidden = false;
      if (!asksAnything(page.editor.rule)) {
        ask.keeping(() => replace(list));
        rows.clear();
        say(total, "");
        return say(note, t("insight.near.nothing_asked"));
      }
      if (found) draw(found);
      else say(note, error ?? (isWaiting ? t("insight.waiting") : ""));
      for (const [node, row] of rows) row.go.disabled = locate(page.editor.rule, node) === null;
      return note.toggleAttribute("hidden", note.textContent === "");
    },
  };
}

function asksAnything(rule) {
  return rule.include.children.length > 0 || Boolean(rule.exclude);
}
