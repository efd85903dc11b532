// Why one user is in, or not: each node's verdict, with the user's real value and the occurrences that count.

import { h, icon, replace, say } from "./dom.js";
import { eachNode } from "./tree.js";

export function makePerson(page, ask) {
  const { t, language } = page.words;
  let user = ""; // whom we look at
  let reveals = false;
  let shown = null;
  let isSought = false; // somebody has just asked: what is found comes into sight

  const ids = h("datalist", { id: "insight-people" });
  const input = h("input.field.text", {
    type: "text",
    "aria-label": t("insight.person.id"),
    placeholder: t("insight.person.id"),
    autocomplete: "off",
    spellcheck: "false",
    list: "insight-people",
    "data-f": "person",
    onfocus: () => offer(),
  });
  const form = h(
    "form.personform",
    {
      onsubmit: (event) => {
        event.preventDefault();
        look(input.value);
      },
    },
    input,
    ids,
    h("button.button", { type: "submit" }, icon("search"), t("insight.person.look")),
  );
  const verdict = h("p.personverdict", { role: "status" });
  const note = h("p.quiet.small");
  const list = h("ul.verdicts");
  const element = h(
    "section.card.person",
    { "aria-label": t("insight.person") },
    h("h2", {}, t("insight.person")),
    form,
    verdict,
    note,
    list,
  );

  /** Offers the people whom the page shows: those are known to be in. */
  function offer() {
    const rows = page.facts?.people?.rows ?? [];
    replace(ids, rows.map(([id]) => h("option", { value: id })));
  }

  function look(id) {
    user = id.trim();
    reveals = false;
    input.value = user;
    isSought = true;
    ask.again();
  }

  const question = () => ({ kind: "person", args: { user, ...(reveals ? { reveal: true } : {}) } });

  function lineOf(node, place, found) {
    const { holds, counts, what, value, other, occurrence_count: count, occurrences } = found;
    const isGroup = node.kind === "group";
    const says = [];
    const isCompared = node.kind === "compare";
    const isTold =
      node.kind === "tag" ? node.op !== "not_set" : isCompared || (value !== null && node.measure !== "count");
    if (isTold) says.push(t("insight.person.value", { value: shownValue(node, value) }));
    if (node.kind === "rank" && other !== null) says.push(shownValue({}, other));
    else if (isCompared || other !== null) says.push(t("insight.person.other", { value: shownValue(node, other) }));
    return h(
      `li.verdictline${counts ? "" : ".idle"}`,
      { style: `--depth: ${place.depth - 1}` },
      h(
        "button.verdictwhat",
        { type: "button", "data-f": `verdict:${node.id}`, onclick: () => ask.goTo(node.id) },
        h(
          `span.verdictmark${holds ? ".holds" : ""}`,
          { role: "img", "aria-label": t(holds ? "insight.person.holds" : "insight.person.fails") },
          icon(holds ? "check" : "close"),
        ),
        h("span.grow", {}, isGroup ? groupWords(node, place) : what[language]),
      ),
      counts ? null : h("p.quiet.small", {}, t("insight.person.idle")),
      says.length ? h("p.personvalue", {}, says.join(page.words.language === "zh" ? "，" : ", ")) : null,
      count === null || isGroup ? null : occurrencesOf(node, count, occurrences),
    );
  }

  function groupWords(node, place) {
    const side = place.parent ? page.nameOf(node) : t(place.side);
    return t("insight.person.group", { name: side, match: t(`match.${node.match}`) });
  }

  function shownValue(node, value) {
    if (value === null) return t("insight.person.missing");
    if (typeof value === "boolean") return t(value ? "yes" : "no");
    if (Array.isArray(value)) return page.words.list(value);
    if (typeof value !== "number") return String(value);
    const unit = node.tag ? page.catalogue.unitOf(page.catalogue.tags.get(node.tag) ?? {}) : "";
    return `${page.words.number(value)}${unit ? ` ${unit}` : ""}`;
  }

  function occurrencesOf(node, count, occurrences) {
    if (count === 0) return h("p.personvalue", {}, t("insight.person.never"));
    // What a measure counts is known one by one; sequences and habits look at all there are.
    const isCounted = node.kind === "event" || node.kind === "compare";
    return h(
      "details.occurrences",
      { "data-of": node.id },
      h(
        "summary",
        { "data-f": `occurrences:${node.id}` },
        t(isCounted ? "insight.person.occurrences" : "insight.person.done", { n: page.words.whole(count) }),
      ),
      h(
        "ul",
        {},
        occurrences.map(({ event, at, properties }) => {
          const parts = Object.entries(properties).filter(([, value]) => value !== null);
          const named = parts.map(([key, value]) => {
            const label = page.catalogue.nameOf(page.catalogue.propertyOf(event, key) ?? { key });
            return `${label} ${typeof value === "number" ? page.words.number(value) : value}`;
          });
          const time = h("time", {}, at.slice(0, 16).replace("T", " "));
          // Conditions on one event have its name in their words already.
          const which = node.event ? [] : [page.catalogue.nameOf(page.catalogue.events.get(event) ?? { key: event })];
          return h("li", {}, time, " ", h("span.quiet", {}, [...which, ...named].join(" · ")));
        }),
      ),
      count > occurrences.length
        ? h("p.quiet.small", {}, t("insight.person.newest", { n: page.words.whole(occurrences.length) }))
        : null,
    );
  }

  const lock = h(
    "button.link",
    {
      type: "button",
      "data-f": "personreveal",
      title: t("reveal.tip"),
      onclick: () => {
        reveals = !reveals;
        ask.again();
      },
    },
    "",
  );

  function draw(found) {
    const opened = new Set([...list.querySelectorAll("details[open]")].map((details) => details.dataset.of));
    const lines = [];
    eachNode(page.editor.rule, (node, place) => {
      if (found.nodes[node.id]) lines.push(lineOf(node, place, found.nodes[node.id]));
    });
    replace(lock, icon(found.is_revealed ? "eyeoff" : "lock"), t(found.is_revealed ? "reveal.hide" : "reveal.show"));
    ask.keeping(() => replace(list, found.is_personal ? h("li", {}, lock) : null, lines));
    for (const details of list.querySelectorAll("details")) details.open = opened.has(details.dataset.of);
  }

  /** Where she stands, in one word of the texts. */
  function outcome(found) {
    if (!found.is_in_base) return "not_yet";
    if (found.by_hand) return found.by_hand.added ? "hand_added" : "hand_removed";
    if (found.is_fixed) return found.is_among ? "fixed_in" : "fixed_out";
    if (found.is_taken) return "in";
    if (!found.is_included) return "out";
    return found.is_excluded ? "excluded" : "not_taken";
  }

  let stamp = null; // the state of the rule that values were revealed for
  return {
    element,
    look,
    enter() {
      shown = null; // the marks on the cards were taken back when the tab was left
    },
    questions() {
      if (reveals && stamp !== null && stamp !== page.stampNow()) reveals = false;
      stamp = page.stampNow();
      return user === "" ? [] : [question()];
    },
    update() {
      const answer = user === "" ? null : ask.get(question().kind, question().args);
      const isSame = answer?.isWaiting && shown?.user_id === user && !shown.is_revealed;
      const found = answer?.found ?? (isSame ? shown : null);
      element.classList.toggle("stale", Boolean(answer?.isOld && found));
      verdict.hidden = !found;
      if (found) {
        const { user_id: who, by_hand: hand } = found;
        say(verdict, t(`insight.person.${outcome(found)}`, { user: who, ...hand }));
        verdict.classList.toggle("good", found.is_among);
      }
      const waits = answer?.isWaiting && !found ? t("insight.waiting") : "";
      say(note, answer?.error ?? (user === "" ? t("insight.person.tip") : waits));
      note.hidden = note.textContent === "";
      if (found === shown) return;
      shown = found;
      if (found) draw(found);
      else replace(list);
      if (found && isSought) element.scrollIntoView({ block: "start" });
      isSought &&= !found;
      page.showVerdicts(found ? new Map(Object.entries(found.nodes).map(([id, node]) => [id, node.holds])) : null);
    },
    leave() {
      reveals = false;
      page.showVerdicts(null);
    },
  };
}
