// The panel's pictures, drawn here from numbers so that they follow an edit at once: the waterfall, and how a tag
// is spread among the people of the answer and among everyone.

import { h, icon, place, say, shape } from "./dom.js";
import { locate } from "./tree.js";

/** From everyone to the answer, one bar for each child of the include root, then exclude and take. */
export function makeWaterfall(page) {
  const { t, whole } = page.words;
  const steps = new Map(); // "node c1" → its bar, kept so that widths glide and a press finds what it pressed
  const element = h("div.waterfall", { role: "list" });

  function stepOf(kind, node) {
    const key = `${kind} ${node}`;
    if (!steps.has(key)) {
      const parts = { name: h("span.name"), bar: h("i"), lost: h("u"), value: h("span.value") };
      const inside = [parts.name, h("span.track", {}, parts.lost, parts.bar), parts.value];
      parts.inside = node
        ? h("button", { type: "button", onclick: () => page.focusNode(node) }, inside)
        : h("div", {}, inside);
      parts.element = h(`div.step.${kind}`, { role: "listitem" }, parts.inside);
      steps.set(key, parts);
    }
    return steps.get(key);
  }

  return {
    element,
    update(counts) {
      if (!counts) return;
      const width = (n) => `scaleX(${counts.base ? Math.max(n > 0 ? 0.006 : 0, n / counts.base) : 0})`;
      place(
        element,
        counts.waterfall.map(([kind, node, left], i) => {
          const before = i === 0 ? left : counts.waterfall[i - 1][2];
          const name = kind === "node" ? page.nameOf(locate(page.editor.rule, node)?.node) : t(`waterfall.${kind}`);
          const step = stepOf(kind, node);
          const text = t("waterfall.tip", { name, left: whole(left), change: page.words.signed(left - before) });
          say(step.name, name);
          say(step.value, whole(left));
          step.bar.style.transform = width(left);
          step.lost.style.transform = width(before);
          step.element.title = text;
          if (node) step.inside.setAttribute("aria-label", text);
          return step.element;
        }),
      );
      for (const [key, step] of steps) if (!step.element.isConnected) steps.delete(key);
    },
  };
}

/** A tag's values as bars with the mark of everyone, or its histogram; with the index (TGI, everyone = 100). */
export function breakdownOf(page, breakdown, drop) {
  const { t } = page.words;
  const name = page.catalogue.nameOf(page.catalogue.tags.get(breakdown.tag) ?? { key: breakdown.tag });
  const head = h(
    "div.charthead",
    {},
    h("h3", {}, name),
    h(
      "button.plain",
      { type: "button", "aria-label": t("compare.drop", { name }), title: t("compare.drop", { name }), onclick: drop },
      icon("close"),
    ),
  );
  const isHistogram = breakdown.bars.some((bar) => bar.low !== null);
  return h(
    "div.chart",
    { role: "group", "aria-label": name },
    head,
    isHistogram ? histogram(page, breakdown, name) : valueBars(page, breakdown),
  );
}

function valueBars(page, breakdown) {
  const { t, whole } = page.words;
  const { matched, base } = breakdown.totals;
  const bars = breakdown.bars.map((bar) => ({
    name: valueName(page, bar.value),
    matched: bar.matched,
    base: bar.base,
  }));
  if (breakdown.other[1])
    bars.push({ name: t("compare.other"), matched: breakdown.other[0], base: breakdown.other[1], isRest: true });
  if (breakdown.missing[1])
    bars.push({ name: t("compare.missing"), matched: breakdown.missing[0], base: breakdown.missing[1], isRest: true });
  const part = (n, of) => (of ? n / of : 0);
  const most = Math.max(0.0001, ...bars.map((bar) => Math.max(part(bar.matched, matched), part(bar.base, base))));
  return h(
    "div.bars",
    { role: "list" },
    bars.map((bar) => {
      const here = part(bar.matched, matched);
      const there = part(bar.base, base);
      const index = there ? Math.round((100 * here) / there) : null;
      const fill = h("i");
      fill.style.width = `${(100 * here) / most}%`;
      const mark = h("u");
      mark.style.left = `calc(${(100 * there) / most}% - 1px)`;
      const tip = t("compare.tip", {
        name: bar.name,
        n: whole(bar.matched),
        share: page.words.share(bar.matched, matched),
        base: page.words.share(bar.base, base),
        index: index ?? "—",
      });
      return h(
        `div.bar${bar.isRest ? ".rest" : ""}`,
        { role: "listitem", title: tip, "aria-label": tip },
        h("span.name", { "aria-hidden": "true" }, bar.name),
        h("span.track", { "aria-hidden": "true" }, fill, mark),
        h("span.value", { "aria-hidden": "true" }, matched ? page.words.share(bar.matched, matched) : "—"),
        h(
          `span.index${matched && index >= 120 ? ".high" : matched && index !== null && index <= 80 ? ".low" : ""}`,
          { "aria-hidden": "true" },
          matched && index !== null ? whole(index) : "",
        ),
      );
    }),
  );
}

function valueName(page, value) {
  if (value === true || value === false) return page.words.t(value ? "yes" : "no");
  return String(value);
}

const WIDTH = 320;
const HEIGHT = 84;

function histogram(page, breakdown, name) {
  const { t, whole, number } = page.words;
  const { matched, base } = breakdown.totals;
  const bars = breakdown.bars;
  const heights = bars.map((bar) => [matched ? bar.matched / matched : 0, base ? bar.base / base : 0]);
  const most = Math.max(0.0001, ...heights.flat());
  const step = WIDTH / bars.length;
  const svg = shape("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    class: "histogram",
  });
  svg.setAttribute(
    "aria-label",
    t("compare.histogram", { name, low: edge(bars[0]?.low), high: edge(bars[bars.length - 1]?.high) }),
  );
  let outline = `M0 ${HEIGHT}`;
  bars.forEach((bar, i) => {
    const tall = (HEIGHT * heights[i][0]) / most;
    const rect = shape("rect", {
      x: i * step + 1,
      y: HEIGHT - tall,
      width: Math.max(1, step - 2),
      height: tall,
      class: "fill",
    });
    const tip = shape("title", {});
    say(
      tip,
      t("compare.tip", {
        name: `${edge(bar.low)} – ${edge(bar.high)}`,
        n: whole(bar.matched),
        share: page.words.share(bar.matched, matched),
        base: page.words.share(bar.base, base),
        index: heights[i][1] ? Math.round((100 * heights[i][0]) / heights[i][1]) : "—",
      }),
    );
    rect.append(tip);
    svg.append(rect);
    const level = HEIGHT - (HEIGHT * heights[i][1]) / most;
    outline += ` L${i * step} ${level} L${(i + 1) * step} ${level}`;
  });
  svg.append(shape("path", { d: `${outline} L${WIDTH} ${HEIGHT}`, class: "outline" }));
  const missing =
    breakdown.missing[0] && matched
      ? h("p.quiet.small", {}, t("compare.lacking", { share: page.words.share(breakdown.missing[0], matched) }))
      : null;
  return h(
    "div",
    {},
    svg,
    h(
      "div.axis",
      { "aria-hidden": "true" },
      h("span", {}, edge(bars[0]?.low)),
      h("span", {}, edge(bars[bars.length - 1]?.high)),
    ),
    missing,
  );

  function edge(value) {
    return typeof value === "number" ? number(Math.round(value * 100) / 100) : String(value ?? "—");
  }
}
