// The tab 趋势: the size of the rule in each week of the past half year, and what the people of the chosen day did
// since. The line belongs to the rule and not to the day, so that it stays while one week after another is chosen.

import { h, icon, place, replace, say, whenChanged } from "./dom.js";
import { holdsDay } from "./trendline.js";
import { makeTrendPicture, sinceTable } from "./trendpicture.js";

export function makeHistoryTab(page, ask) {
  const { t } = page.words;
  let held = null; // {rule, trend, isWhole}: the newest trend, and which state of the rule it is about
  let stopped = null; // the state of the rule whose trend somebody stopped
  let event = null; // what "did since" is about; null = what Python finds likeliest
  const picture = makeTrendPicture(page, choose);
  const bar = h("progress", { max: "1", "aria-label": t("trend.progress.label") });
  const state = h("span.grow");
  const stop = h("button.link", { type: "button", "data-f": "stop", onclick: () => halt(ruleNow()) }, t("trend.stop"));
  const go = h("button.link", { type: "button", "data-f": "go", onclick: () => halt(null) }, t("trend.go"));
  const progress = h("div.trendprogress", {}, state, bar, stop, go);
  const notes = h("div.trendnotes");
  const back = h(
    "button.link",
    { type: "button", "data-f": "back", onclick: () => choose(held.trend.today) },
    icon("undo"),
    h("span", {}),
  );
  let lastSince = null; // the newest answer: it stays, pale, while another day or event is looked at
  const select = h(
    "select.field",
    {
      "aria-label": t("since.event"),
      onchange: () => {
        event = select.value;
        ask.again();
      },
    },
    page.catalogue.data.events.map((spec) => h("option", { value: spec.key }, page.catalogue.nameOf(spec))),
  );
  const eventList = h("label.select", {}, select, icon("chevron"));
  const sinceHow = h("p.quiet.small", {}, t("since.how"));
  const sinceDay = h("p.small.sinceday", {}, h("span"), back);
  const sinceBody = h("div");
  const since = h(
    "section.card.sincebox",
    { "aria-label": t("since") },
    h("div.cardhead", {}, h("h2", {}, t("since")), eventList),
    sinceHow,
    sinceDay,
    sinceBody,
  );
  const problem = h("p.quiet", { role: "status", hidden: true });
  const shown = h("div.trendbox", {}, picture.element, progress, notes, since);
  const element = h("div.insighttabbody", {}, h("p.quiet.small", {}, t("trend.lead")), problem, shown);

  const ruleNow = () => {
    const { epoch, tree_stamp: tree, version } = page.editor.news;
    return `${epoch}|${tree}|${version}`;
  };
  const isNow = () => held !== null && held.rule === ruleNow();
  const isKnown = () => isNow() && held.isWhole && holdsDay(held.trend, page.editor.news.as_of);
  const isEarlier = () => held !== null && page.editor.news.as_of < held.trend.today;
  const isBroken = () => page.editor.news.counts === null; // the frame says so, and nothing is asked

  function halt(rule) {
    stopped = rule;
    ask.again();
    (rule ? go : stop).focus();
  }

  function choose(day) {
    // The workspace's own day is asked for by no day: then newer data bring a newer day.
    page.wire.command("as_of", { day: day === held.trend.today ? null : day });
    page.live.say(t("trend.chosen", { day }));
  }

  /** Takes over what has come; while the weeks are counted anew, those that are known stay. */
  function take() {
    const answer = ask.get("trend");
    if (answer.isOld) return;
    const isWhole = answer.found !== null && !answer.isWaiting; // while it waits, `found` is an earlier rule's
    const trend = isWhole ? answer.found : answer.progress;
    if (!trend?.weeks.length) return;
    const isLess = isNow() && held.trend.until === trend.until && held.trend.weeks.length > trend.weeks.length;
    if (isWhole || !isLess) held = { rule: ruleNow(), trend, isWhole };
  }

  function drawProgress(answer) {
    const { trend } = held ?? {};
    const isStopped = stopped === ruleNow() && !isKnown();
    const isRunning = !isStopped && !isKnown() && !answer.error && !isBroken();
    const done = isNow() ? trend.weeks.length : 0;
    const hadFocus = page.root.activeElement === stop;
    bar.hidden = stop.hidden = !isRunning;
    go.hidden = !isStopped || isBroken();
    if (hadFocus && !isRunning) picture.focus();
    bar.value = trend ? done / trend.total : 0;
    if (isRunning) say(state, trend ? t("trend.counting", { n: done, of: trend.total }) : t("trend.starting"));
    else if (isStopped) say(state, t("trend.stopped", { n: done }));
    else say(state, isKnown() ? t("trend.done", { n: trend.total, day: trend.until }) : "");
  }

  function drawNotes() {
    const { trend } = held;
    const tags = trend.not_historical.map((key) => page.catalogue.nameOf(page.catalogue.tags.get(key) ?? { key }));
    const isEarly = trend.begins && trend.weeks.some((week) => week.as_of < trend.begins.day);
    const named = trend.begins?.event && page.catalogue.nameOf(page.catalogue.events.get(trend.begins.event));
    const words = [
      tags.length && t("trend.not_historical", { tags: page.words.list(tags) }),
      isEarly && t(named ? "trend.early.event" : "trend.early", { day: trend.begins.day, event: named }),
    ].filter(Boolean);
    replace(
      notes,
      words.map((text) => h("p.trendnote", {}, icon("warn"), h("span", {}, text))),
    );
  }

  function drawSince() {
    const isAsked = isEarlier();
    sinceHow.hidden = isAsked;
    eventList.hidden = sinceDay.hidden = sinceBody.hidden = !isAsked;
    if (!isAsked) return;
    const { found, error, isWaiting } = ask.get("since", { event });
    if (found?.since) lastSince = found.since;
    say(sinceDay.firstChild, t("since.day", { day: page.editor.news.as_of }));
    say(back.lastChild, t("trend.back", { day: held.trend.today }));
    if (lastSince && !event) select.value = lastSince.event;
    sinceBody.classList.toggle("old", isWaiting);
    drawTable(lastSince, error);
  }

  const drawTable = whenChanged((found, error) =>
    replace(
      sinceBody,
      error
        ? h("p.quiet", {}, error)
        : found
          ? sinceTable(page, found)
          : h("p.quiet.small", { role: "status" }, t("since.counting")),
    ),
  );

  return {
    element,
    questions() {
      const asked = [];
      if (!isKnown() && stopped !== ruleNow()) asked.push({ kind: "trend" });
      if (isEarlier()) asked.push({ kind: "since", args: { event } });
      return asked;
    },
    update() {
      if (!page.editor.news) return;
      take();
      const answer = ask.get("trend");
      problem.hidden = isBroken() || !answer.error;
      say(problem, answer.error ?? "");
      shown.classList.toggle("old", held !== null && (isBroken() || !isNow()));
      drawProgress(answer);
      place(shown, held ? [picture.element, progress, notes, since] : isBroken() ? [] : [progress]);
      if (!held) return;
      picture.update(held.trend, page.editor.news.as_of);
      drawNotes();
      drawSince();
    },
  };
}
