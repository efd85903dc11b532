// The canvas: the rule in words, the include block, the exclude block and what is taken of the rest.

import { numberControl, segmented, selectControl, textControl } from "./controls.js";
import { h, icon, place, replace, say } from "./dom.js";
import { makeGroup } from "./groups.js";
import { makeRow } from "./rows.js";
import { EXCLUDE, INCLUDE } from "./tree.js";

export function makeCanvas(page) {
  const { t } = page.words;
  const views = new Map(); // node id → its row or card
  const sentence = h("p.sentence", { tabindex: "0" });
  let said = ""; // the epoch of the rule that the sentence is about
  const notices = h("div.notices", { role: "status" });
  const start = beginHere(page);
  const roots = h("div.roots");
  const ghost = h(
    "button.excludeghost",
    {
      type: "button",
      "data-gap": EXCLUDE,
      onclick: () => {
        page.actions.pickInto(EXCLUDE);
      },
    },
    icon("not"),
    h("span", {}, t("exclude.empty")),
  );
  const take = makeTake(page);
  const element = h(
    "section.canvas",
    { "aria-label": t("canvas") },
    notices,
    sentence,
    start,
    roots,
    ghost,
    take.element,
  );

  function viewOf(node, at) {
    const isGroup = node.kind === "group";
    let view = views.get(node.id);
    if (!view || view.isGroup !== isGroup || view.side !== (at.side ?? null)) {
      view = {
        ...(isGroup ? makeGroup(page, node.id, at.side ?? null) : makeRow(page, node.id)),
        isGroup,
        side: at.side ?? null,
      };
      views.set(node.id, view);
    }
    view.update(node, at);
    view.drawn = page.drawing;
    return view;
  }

  return {
    element,
    viewOf,
    update() {
      const { rule, news } = page.editor;
      if (!news) return;
      const sides = [INCLUDE, EXCLUDE].filter((side) => rule[side]);
      place(
        roots,
        sides.map((side) => viewOf(rule[side], { parent: null, depth: 1, side }).element),
      );
      for (const [id, view] of views) if (view.drawn !== page.drawing) views.delete(id);
      const isEmpty = rule.include.children.length === 0 && !rule.exclude;
      start.hidden = !isEmpty;
      ghost.hidden = Boolean(rule.exclude);
      // While a condition waits for its value the last sentence stays, pale: what is pointed at must not jump away.
      if (news.sentence || news.epoch !== said) say(sentence, news.sentence ?? "");
      said = news.epoch;
      sentence.hidden = isEmpty || sentence.textContent === "";
      sentence.classList.toggle("stale", page.editor.isStale);
      take.update(rule, Boolean(news.task));
      replace(notices, ...noticesOf(page, news));
    },
    /** Marks which nodes hold for the user that is looked at (page.verdicts). */
    markVerdicts() {
      for (const [id, view] of views) view.verdict.update(id);
    },
    /** Marks what a click on the palette adds to. Nothing is redrawn: a press must find what it pressed. */
    markSelected() {
      const { selected, rule } = page.editor;
      for (const [id, view] of views) view.element.classList.toggle("selected", id === selected);
      ghost.classList.toggle("selected", selected === EXCLUDE && !rule.exclude);
    },
  };
}

/** Messages that concern no node: a link that could not be read, a problem of the whole rule, old values. */
function noticesOf(page, news) {
  const { t } = page.words;
  const lines = (news.notices ?? []).map((notice) =>
    h(
      `p.notice.${notice.kind}`,
      {},
      icon(notice.kind === "good" ? "check" : "warn"),
      h("span.grow", {}, notice.text),
      h(
        "button.plain",
        { type: "button", "aria-label": t("close"), onclick: () => page.wire.command("dismiss", { id: notice.id }) },
        icon("close"),
      ),
    ),
  );
  for (const problem of news.problems ?? []) {
    if (!problem.node)
      lines.push(h(`p.notice.${problem.severity}`, {}, icon("warn"), h("span.grow", {}, problem.text)));
  }
  if (news.not_historical?.length) {
    const names = news.not_historical.map((key) => page.catalogue.nameOf(page.catalogue.tags.get(key) ?? { key }));
    lines.push(
      h(
        "p.notice.warning",
        {},
        icon("warn"),
        h("span.grow", {}, t("not_historical", { tags: page.words.list(names) })),
      ),
    );
  }
  return lines;
}

/** What an empty page says: what to do first, and rules to begin with. */
function beginHere(page) {
  const { t } = page.words;
  const cards = page.catalogue.data.templates.map((template) =>
    h(
      "button.template",
      {
        type: "button",
        "aria-disabled": template.reason ? "true" : null,
        onclick: () => !template.reason && page.editor.replaceBy("template", { key: template.key }),
      },
      h("strong", {}, template.name),
      h("span", {}, template.reason ?? template.note),
    ),
  );
  return h(
    "section.start",
    { "aria-label": t("start.title"), hidden: true },
    h("h2", {}, t("start.title")),
    h("p", {}, t("start.body")),
    h("div.templates", {}, cards),
  );
}

/** What is taken of everybody who matches: all, the first n by a tag, or a stable random share. */
function makeTake(page) {
  const { t } = page.words;
  let now = null;
  const numbers = page.catalogue.data.tags.filter((tag) => ["number", "date"].includes(tag.type) && !tag.personal);
  const put = (next, how = {}) =>
    page.editor.edit(how.gesture ?? page.editor.gesture("take"), (rule) => ({ ...rule, take: next }), {
      typing: how.typing,
      structure: false,
    });
  const form = segmented(
    page,
    t("take"),
    [
      ["all", t("take.all")],
      ["top", t("take.top"), t("take.top.tip")],
      ["share", t("take.share"), t("take.share.tip")],
    ],
    (value) =>
      put(
        {
          all: null,
          top: { n: 100, by: numbers[0]?.key ?? "", order: "desc" },
          share: { share: 0.1, seed: page.editor.news?.as_of ?? "1" },
        }[value],
      ),
  );
  const people = (many) => t("unit.people", { n: many });
  const n = numberControl(page, { label: t("take.n"), unit: people, whole: true, least: 1 }, (value, how) =>
    put({ ...now, n: value }, how),
  );
  const by = selectControl(
    page,
    t("take.by"),
    numbers.map((tag) => [tag.key, page.catalogue.nameOf(tag)]),
    (value, how) => put({ ...now, by: value }, how),
  );
  const order = selectControl(
    page,
    t("take.order"),
    [
      ["desc", t("take.desc")],
      ["asc", t("take.asc")],
    ],
    (value, how) => put({ ...now, order: value }, how),
  );
  const share = numberControl(page, { label: t("take.percent"), unit: "%", least: 0 }, (value, how) =>
    put({ ...now, share: value === null ? null : Number((value / 100).toFixed(8)) }, how),
  );
  const seed = textControl(page, t("take.seed"), (value, how) => put({ ...now, seed: value }, how), {
    className: "seed",
  });
  const topParts = h("span.pair", {}, h("span.quiet", {}, t("take.by")), by.element, order.element, n.element);
  const shareParts = h("span.pair", {}, share.element, h("span.quiet", {}, t("take.seed")), seed.element);
  const element = h(
    "section.quota",
    { "aria-label": t("take") },
    h("span.quotaname", {}, t("take")),
    form.element,
    topParts,
    shareParts,
  );
  return {
    element,
    /** @param isBarred whether what the rule is for allows no quota: one that is there can be taken away */
    update(rule, isBarred) {
      now = rule.take;
      const kind = !now ? "all" : "n" in now ? "top" : "share";
      const isIdle = isBarred || (rule.include.children.length === 0 && !rule.exclude);
      element.hidden = isIdle && !now;
      form.sync(kind);
      topParts.hidden = kind !== "top";
      shareParts.hidden = kind !== "share";
      if (kind === "top") {
        n.sync(now.n);
        by.sync(now.by);
        order.sync(now.order ?? "desc");
      }
      if (kind === "share") {
        share.sync(typeof now.share === "number" ? Number((now.share * 100).toFixed(6)) : null);
        seed.sync(now.seed);
      }
    },
  };
}
