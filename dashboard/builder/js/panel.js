// The panel: how many people, as a share of everyone, since the last edit; the way there; how they compare with
// everyone; the first of them. Save and export stand with the number and never scroll away.

import { breakdownOf, makeWaterfall } from "./charts.js";
import { h, icon, replace, say } from "./dom.js";

export function makePanel(page) {
  const { t } = page.words;
  const count = h("strong.count");
  const share = h("span.share");
  const change = h("span.change");
  const state = h("p.state");
  const aside = makeAside(page);
  const save = h("button.button", { type: "button", "data-act": "save", onclick: () => page.ask("save") }, t("save"));
  const exportIt = h(
    "button.button.primary",
    { type: "button", "data-act": "export", onclick: () => page.ask("export") },
    t("export"),
  );
  const done = h(
    "button.button.primary",
    { type: "button", hidden: true, "data-act": "done", onclick: () => page.wire.command("done") },
    t("task.done"),
  );
  const add = h(
    "button.button.addbutton",
    { type: "button", "aria-label": t("palette.open"), title: t("palette.open"), onclick: () => page.openPalette() },
    icon("plus"),
  );
  const why = h(
    "button.button.whybutton",
    {
      type: "button",
      "aria-label": t("insight.open"),
      title: t("insight.open"),
      "data-act": "insight",
      onclick: () => page.insight.show("diagnose", { focus: true, from: why }),
    },
    icon("insight"),
  );
  const head = h(
    "header.tally",
    {},
    h(
      "div.counted",
      {},
      h("span.label", {}, t("matched")),
      h("div.big", {}, count, h("span.beside", {}, share, change)),
    ),
    aside.element,
    h("div.keep", {}, add, why, save, exportIt, done),
    state,
  );
  const way = h("section.card", { "aria-label": t("waterfall") }, h("h2", {}, t("waterfall")));
  const waterfall = makeWaterfall(page);
  way.append(waterfall.element);
  const compare = h("section.card.compare", { "aria-label": t("compare") });
  const people = h("section.card.people", { "aria-label": t("people") });
  const body = h("div.panelbody", {}, way, compare, people);
  const element = h("section.panel", { "aria-label": t("result") }, head, page.insight.element, body);

  function number() {
    const { counts, isStale, news, change: by } = page.editor;
    const isBroken = Boolean(news) && !news.counts;
    say(count, counts ? page.words.whole(counts.count) : "—");
    element.classList.toggle("stale", isStale);
    element.classList.toggle("brokenrule", isBroken);
    element.classList.toggle("hasnumber", Boolean(counts));
    say(share, counts ? t("share", { share: page.words.share(counts.count, counts.base) }) : "");
    say(change, by === null || isStale ? "" : page.words.signed(by));
    change.title = t("change.tip");
    change.classList.toggle("more", by > 0);
    change.classList.toggle("fewer", by < 0);
    const errors = (news?.problems ?? []).filter((problem) => problem.severity === "error");
    const isEmpty = counts && !counts.aside && counts.waterfall.length <= 1;
    aside.update(counts?.aside ?? null);
    state.hidden = !isBroken && !isEmpty;
    if (isBroken)
      replace(
        state,
        icon("warn"),
        h("span", {}, t(counts ? "stale" : "uncounted", { n: errors.length }), " ", errors[0]?.text ?? ""),
      );
    else if (isEmpty) replace(state, h("span", {}, t("everyone")));
    page.live.later(
      isBroken
        ? t("uncounted", { n: errors.length })
        : counts
          ? t("live.count", { n: page.words.whole(counts.count) })
          : "",
    );
  }

  /** Pales what is still about the rule before the last edit; drawing it anew would delay the number. */
  function fade() {
    const isOld = page.isSettling || page.editor.news?.counts === null;
    compare.classList.toggle("stale", isOld);
    people.classList.toggle("stale", isOld);
  }

  function details() {
    fade();
    const facts = page.facts;
    const chosen = facts?.chosen ?? [];
    const add = h(
      "button.link",
      {
        type: "button",
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        "data-f": "addchart",
        onclick: (event) =>
          page.popovers.menu(
            event.currentTarget,
            t("compare.add"),
            page
              .chartable()
              .filter((tag) => !chosen.includes(tag.key))
              .map((tag) => ({
                label: page.catalogue.nameOf(tag),
                icon: tag.type,
                run: () => page.askFacts({ tags: [...chosen, tag.key] }),
              })),
          ),
      },
      icon("plus"),
      t("compare.add"),
    );
    replace(
      compare,
      h("div.cardhead", {}, h("h2", {}, t("compare")), add),
      facts?.error ? h("p.quiet", {}, facts.error) : null,
      (facts?.breakdowns ?? []).map((breakdown) =>
        breakdownOf(page, breakdown, () => page.askFacts({ tags: chosen.filter((key) => key !== breakdown.tag) })),
      ),
      facts && chosen.length === 0 ? h("p.quiet", {}, t("compare.empty")) : null,
    );
    replace(people, ...peopleOf(page, facts));
  }

  return {
    element,
    head,
    update() {
      const isTask = Boolean(page.editor.news?.task);
      save.hidden = exportIt.hidden = isTask;
      done.hidden = !isTask;
      number();
      way.hidden = !page.editor.counts || page.editor.counts.waterfall.length <= 1;
      waterfall.update(page.editor.counts);
    },
    details,
    fade,
  };
}

/** How the people of a saved audience differ from its rule's: those by hand, or those of a snapshot. */
function makeAside(page) {
  const { t, whole, signed } = page.words;
  const told = h("dl.asiderows");
  const about = h("a.link", { target: "_blank", rel: "noopener" }, t("aside.open"));
  const element = h("div.aside", { hidden: true }, told, about);
  return {
    element,
    update(numbers) {
      element.hidden = numbers === null;
      if (numbers === null) return;
      const { by_rule: byRule, ruled, added, removed, is_fixed: isFixed } = numbers;
      const rows = [["aside.rule", whole(byRule)]];
      if (isFixed) rows.push(["aside.fixed", whole(ruled)]);
      if (numbers.listed_added) rows.push(["aside.added", signed(added)]);
      if (numbers.listed_removed) rows.push(["aside.removed", signed(-removed)]);
      const isIdle = (name) => isFixed && name === "aside.rule";
      replace(
        told,
        ...rows.map(([name, number]) =>
          h(`div${isIdle(name) ? ".idle" : ""}`, {}, h("dt", {}, t(name)), h("dd", {}, number)),
        ),
      );
      about.title = t(isFixed ? "aside.fixed.tip" : "aside.tip");
      about.href = numbers.path;
    },
  };
}

function peopleOf(page, facts) {
  const { t } = page.words;
  const head = h("div.cardhead", {}, h("h2", {}, t("people")));
  if (!facts?.people) return [head];
  const { fields, rows, personal, is_revealed: isRevealed } = facts.people;
  const named = (key) => page.catalogue.nameOf(page.catalogue.tags.get(key) ?? { key });
  head.append(
    h(
      "button.link",
      {
        type: "button",
        "aria-haspopup": "dialog",
        "aria-expanded": "false",
        "data-f": "fields",
        onclick: (event) => chooseFields(page, event.currentTarget, fields),
      },
      icon("eye"),
      t("people.fields"),
    ),
  );
  if (personal) {
    head.append(
      h(
        "button.link",
        {
          type: "button",
          "aria-pressed": String(isRevealed),
          "data-f": "reveal",
          title: t("reveal.tip"),
          onclick: () => page.askFacts({ reveal: !isRevealed }),
        },
        icon(isRevealed ? "eyeoff" : "lock"),
        t(isRevealed ? "reveal.hide" : "reveal.show"),
      ),
    );
  }
  if (rows.length === 0) return [head, h("p.quiet", {}, t("people.none"))];
  const numeric = fields.map((key) => page.catalogue.tags.get(key)?.type === "number");
  return [
    head,
    h(
      "div.tablebox",
      { tabindex: "0", role: "group", "aria-label": t("people") },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, t("people.id")),
            fields.map((key, i) => h(`th${numeric[i] ? ".right" : ""}`, { scope: "col" }, named(key))),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((row) =>
            h(
              "tr",
              {},
              row.map((cell, i) =>
                i === 0
                  ? h("td", {}, whyButton(page, cell))
                  : h(`td${numeric[i - 1] ? ".right" : ""}`, {}, cellText(page, cell)),
              ),
            ),
          ),
        ),
      ),
    ),
    h("p.quiet.small", {}, t(personal && !isRevealed ? "people.masked" : "people.first", { n: rows.length })),
  ];
}

/** A user's id: pressed, it says why this user is in. */
function whyButton(page, id) {
  const why = page.words.t("people.why", { user: id });
  const onclick = () => page.insight.show("diagnose", { focus: true })?.look(id);
  return h("button.idlink", { type: "button", "data-f": `why:${id}`, "aria-label": why, title: why, onclick }, id);
}

function cellText(page, cell) {
  if (cell === null || cell === undefined) return "—";
  if (typeof cell === "boolean") return page.words.t(cell ? "yes" : "no");
  if (Array.isArray(cell)) return page.words.list(cell);
  return typeof cell === "number" ? page.words.number(cell) : String(cell);
}

function chooseFields(page, anchor, fields) {
  const { t } = page.words;
  let chosen = [...fields];
  const list = h(
    "div.checks",
    { role: "group", "aria-label": t("people.fields") },
    page.catalogue.data.tags.map((tag) =>
      h(
        "label",
        {},
        h("input", {
          type: "checkbox",
          checked: chosen.includes(tag.key),
          onchange: (event) => {
            chosen = event.target.checked ? [...chosen, tag.key] : chosen.filter((key) => key !== tag.key);
            page.askFacts({ fields: chosen });
          },
        }),
        h("span", {}, page.catalogue.nameOf(tag)),
        tag.personal ? icon("lock") : null,
      ),
    ),
  );
  page.popovers.show(anchor, list, { label: t("people.fields") });
}
