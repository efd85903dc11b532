// The picture of a trend: a line that grows to the left as weeks come in, one press or key for each week.

import { dayAfter } from "./days.js";
import { h, place, replace, say, set, shape } from "./dom.js";
import { dayPlace, monthMarks, roundTop, trendPaths, weekPlaces, weekStretches } from "./trendline.js";

/** @param choose called with the day of the week that was pressed */
export function makeTrendPicture(page, choose) {
  const { t, whole, share } = page.words;
  const month = new Intl.DateTimeFormat(page.words.language === "zh" ? "zh-CN" : "en", {
    month: "short",
    timeZone: "UTC",
  });
  const area = shape("path", { class: "trendarea" });
  const line = shape("path", { class: "trendpath" });
  const svg = shape("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(area, line);
  const early = h("span.earlydays", { "aria-hidden": "true" });
  const chosen = h("span.chosenday", { "aria-hidden": "true" });
  const dot = h("span.dot", { "aria-hidden": "true" });
  const top = h("span.topvalue", { "aria-hidden": "true" });
  const weeks = h("div.weeks", {
    role: "toolbar",
    "aria-label": t("trend.weeks"),
    onkeydown: keys,
    onpointerleave: () => point(null),
    onfocusout: () => point(null),
  });
  const readout = h("p.readout", { "aria-hidden": "true" });
  const months = h("div.months", { "aria-hidden": "true" });
  const element = h(
    "div.trend",
    {},
    readout,
    h("div.plot", {}, early, svg, chosen, dot, top, weeks),
    months,
  );
  const buttons = new Map(); // day → its button, kept so that focus stays while weeks come in
  let places = [];
  let asOf = "";
  let marked = "";
  let pointed = null; // day of the week under the pointer or with the focus

  function keys(event) {
    const all = [...weeks.children];
    const at = all.indexOf(event.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[Math.max(0, Math.min(all.length - 1, to))]?.focus();
  }

  function point(day) {
    pointed = day;
    drawPoint();
  }

  /** The day and number of the week that is pointed at, else of the chosen day, else of the newest week. */
  function drawPoint() {
    const shown =
      places.find((each) => each.as_of === pointed) ??
      places.find((each) => each.as_of === asOf) ??
      places[places.length - 1];
    dot.hidden = !shown;
    if (!shown) return replace(readout);
    dot.style.left = `${shown.x * 100}%`;
    dot.style.top = `${shown.y * 100}%`;
    return replace(
      readout,
      h("strong", {}, t("trend.people", { n: whole(shown.count) })),
      h("span", {}, t("trend.share", { share: share(shown.count, shown.base) })),
      h("span.grow.right", {}, shown.as_of),
    );
  }

  function buttonOf(day) {
    if (!buttons.has(day))
      buttons.set(
        day,
        h("button.week", {
          type: "button",
          "data-day": day,
          onclick: () => choose(day),
          onpointerenter: () => point(day),
          onfocus: () => {
            enter(day);
            point(day);
          },
        }),
      );
    return buttons.get(day);
  }

  /** One stop for the Tab key: the week that had the focus last, else the chosen one, else the newest. */
  function enter(day) {
    for (const [other, button] of buttons) button.tabIndex = other === day ? 0 : -1;
  }

  function drawMonths(trend) {
    const mark = `${trend.until}|${trend.total}`;
    if (mark === marked) return;
    marked = mark;
    replace(
      months,
      monthMarks(trend.until, trend.total).map(({ day, x }) => {
        const label = h("span", {}, month.format(new Date(`${day}T00:00:00Z`)));
        label.style.left = `${x * 100}%`;
        label.classList.toggle("first", x < 0.05);
        label.classList.toggle("last", x > 0.95);
        return label;
      }),
    );
  }

  return {
    element,
    /** @param trend the answer so far {weeks, total, until, begins, …} */
    update(trend, day) {
      asOf = day;
      const highest = roundTop(Math.max(0, ...trend.weeks.map((week) => week.count)));
      places = weekPlaces(trend.weeks, trend.until, trend.total, highest);
      const paths = trendPaths(places);
      line.setAttribute("d", paths.line);
      area.setAttribute("d", paths.area);
      say(top, whole(highest));
      drawMonths(trend);
      const from = trend.begins ? dayPlace(trend.begins.day, trend.until, trend.total) : 0;
      early.hidden = from <= 0;
      early.style.width = `${Math.min(1, from) * 100}%`;
      const at = dayPlace(day, trend.until, trend.total);
      chosen.hidden = at < 0 || at > 1;
      chosen.style.left = `${at * 100}%`;
      const stretches = weekStretches(places, trend.total);
      for (const old of buttons.keys()) if (!places.some((each) => each.as_of === old)) buttons.delete(old);
      place(
        weeks,
        places.map((each, i) => {
          const button = buttonOf(each.as_of);
          button.style.left = `${stretches[i].left * 100}%`;
          button.style.width = `${stretches[i].width * 100}%`;
          const isEarly = trend.begins && each.as_of < trend.begins.day;
          set(button, {
            "aria-label": t(isEarly ? "trend.week.early" : "trend.week", {
              day: each.as_of,
              n: whole(each.count),
              share: share(each.count, each.base),
            }),
            "aria-pressed": String(each.as_of === day),
          });
          return button;
        }),
      );
      const focused = places.find((each) => buttons.get(each.as_of) === page.root.activeElement)?.as_of;
      enter(focused ?? (buttons.has(day) ? day : places[places.length - 1]?.as_of));
      drawPoint();
    },
    focus: () => weeks.querySelector("[tabindex='0']")?.focus(),
  };
}

/** What those people did after the day, against everyone who existed then: as a table of a few lines. */
export function sinceTable(page, since) {
  const { t, whole, share } = page.words;
  const decimals = new Intl.NumberFormat(page.words.language === "zh" ? "zh-CN" : "en", { maximumFractionDigits: 2 });
  const event = page.catalogue.nameOf(page.catalogue.events.get(since.event) ?? { key: since.event });
  const number = since.property
    ? page.catalogue.nameOf(page.catalogue.propertyOf(since.event, since.property) ?? { key: since.property })
    : null;
  const sides = [since.members, since.base];
  const perHead = (n, people) => (people ? decimals.format(n / people) : "—");
  const rows = [
    [t("since.did", { event }), ({ users, people }) => `${whole(users)} · ${share(users, people)}`],
    [t("since.times"), ({ occurrences, people }) => `${whole(occurrences)} · ${perHead(occurrences, people)}`],
    number && [
      t("since.total", { number }),
      ({ total, people }) => `${decimals.format(total)} · ${perHead(total, people)}`,
    ],
  ].filter(Boolean);
  return h(
    "div.since",
    {},
    h("p.quiet.small", {}, t("since.days", { from: dayAfter(since.day, 1), to: since.until })),
    since.ratio === null
      ? null
      : h("p.ratio", {}, t("since.ratio", { event, times: decimals.format(since.ratio) })),
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("td", {}),
          h("th.right", { scope: "col" }, t("since.members", { n: whole(since.members.people) })),
          h("th.right", { scope: "col" }, t("since.base", { n: whole(since.base.people) })),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([name, cell]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name),
            sides.map((side) => h("td.right", {}, cell(side))),
          ),
        ),
      ),
    ),
  );
}
