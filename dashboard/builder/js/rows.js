// One condition as a row: what is compared, how, with what; its numbers; what is wrong with it. A row is built
// once and then kept: an edit changes its parts in place, so that focus stays where it is.

import { cardForm, CARDS } from "./cards.js";
import { comparison, filterForm, filtersOn, formOfValue } from "./comparison.js";
import { h, grip, icon, replace, say } from "./dom.js";
import { isNever, measureControl } from "./measures.js";
import { makeNumbers } from "./numbers.js";
import { patchNode } from "./tree.js";
import { makeVerdict } from "./verdict.js";
import { OF_EVENTS, windowControl } from "./windows.js";

export function makeRow(page, id) {
  const { t } = page.words;
  let node = null;
  let form = ""; // what the controls were built for
  let parts = [];
  const patch = (change, how = {}) =>
    page.editor.edit(how.gesture ?? page.editor.gesture(`row:${id}`), (rule) => patchNode(rule, id, change), {
      typing: how.typing,
      structure: false,
    });

  const handle = h("button.grip", { type: "button", "data-grip": id, "data-f": "grip" }, grip());
  const not = h(
    "button.flag.not",
    { type: "button", hidden: true, "data-f": "not", onclick: () => page.actions.negate(id) },
    t("not"),
  );
  const name = h("span.name");
  const kind = h("span.kind");
  const controls = h("span.controls");
  const acts = page.actions.buttons(id);
  const numbers = makeNumbers(page, acts.extras);
  const missing = h("span.missing");
  const filters = h("ul.filters");
  const body = h("div.cardbody");
  const notes = h("div.notes");
  const verdict = makeVerdict(page);
  const element = h(
    "li.node.row",
    { "data-id": id, onpointerdown: () => page.actions.select(id) },
    verdict.element,
    h("div.line", {}, handle, h("span.subject", {}, not, kind, name), controls, numbers.element, acts),
    filters,
    body,
    notes,
  );

  function build() {
    parts = [];
    replace(kind, icon(page.catalogue.iconOf(node) ?? "warn"));
    replace(filters);
    replace(body);
    if (node.kind === "event" && page.catalogue.events.has(node.event)) buildEvent();
    else if (node.kind === "tag" && page.catalogue.tags.has(node.tag)) buildTag();
    else if (CARDS[node.kind]) buildCard();
    else replace(controls, h("code.raw", {}, JSON.stringify(valueOf(node))));
  }

  function buildTag() {
    const spec = page.catalogue.tags.get(node.tag);
    parts = comparison(
      page,
      {
        label: page.catalogue.nameOf(spec),
        type: spec.type,
        unit: page.catalogue.unitOf(spec),
        personal: spec.personal,
        place: { key: spec.key },
        except: spec.key,
        read: () => node,
      },
      patch,
    );
    replace(controls, ...parts.map((part) => part.element), missing);
  }

  function buildEvent() {
    const spec = page.catalogue.events.get(node.event);
    const label = page.catalogue.nameOf(spec);
    const measure = measureControl(page, spec, () => node, patch);
    const isDate = node.measure === "first_at" || node.measure === "last_at";
    const unit =
      node.measure === "count"
        ? (n) => t("unit.times", { n })
        : node.measure === "days"
          ? (n) => t("unit.day", { n })
          : page.catalogue.unitOf(page.catalogue.propertyOf(spec.key, node.property) ?? {});
    parts = [measure];
    if (!isNever(node)) {
      parts.push(
        ...comparison(
          page,
          {
            label: `${label} ${t(`measure.${node.measure}`)}`,
            type: isDate ? "date" : "number",
            unit,
            place: null,
            read: () => node,
            few: true,
            whole: ["count", "days", "distinct"].includes(node.measure),
          },
          patch,
        ),
      );
    }
    const window = windowControl(page, (value, how) => patch({ window: value }, how), { forms: OF_EVENTS });
    parts.push({ element: window.element, sync: () => window.sync(node.window) });
    const { add, rows } = filtersOn(page, () => node, patch);
    parts.push(...rows.map((row) => ({ element: null, sync: row.sync })));
    replace(controls, ...parts.map((part) => part.element), add, missing);
    replace(filters, ...rows.map((row) => row.element));
  }

  /** The further kinds: their parts stand beside the name, below it, or both. */
  function buildCard() {
    const card = CARDS[node.kind](page, () => node, patch);
    parts = card.parts;
    replace(controls, ...card.line, missing);
    replace(body, ...card.body);
  }

  return {
    element,
    verdict,
    get node() {
      return node;
    },
    update(next) {
      node = next;
      verdict.update(id);
      const title = page.catalogue.title(node);
      say(name, page.catalogue.heading(node));
      handle.setAttribute("aria-label", t("grip", { name: title }));
      handle.title = t("grip.tip");
      not.hidden = !node.not;
      element.classList.toggle("muted", Boolean(node.muted));
      const wanted = formOf(page, node);
      if (wanted !== form)
        page.keepFocus(() => {
          form = wanted;
          build();
        });
      parts.forEach((part) => part.sync());
      acts.sync(node);
      numbers.update(node);
      replace(notes, ...notesOn(page, node));
      const lacking = node.muted ? 0 : (page.editor.numbersOf(id)?.missing ?? 0);
      say(missing, lacking ? t("missing", { n: page.words.whole(lacking) }) : "");
      missing.title = t("missing.tip");
      element.classList.toggle(
        "broken",
        page.editor.problemsOf(id).some((problem) => problem.severity === "error"),
      );
    },
  };
}

/** What the controls of a leaf depend on besides its values. */
function formOf(page, node) {
  if (CARDS[node.kind]) return JSON.stringify([page.catalogueStamp, node.kind, cardForm(page, node)]);
  return JSON.stringify([
    page.catalogueStamp,
    node.kind,
    node.tag,
    node.event,
    node.measure,
    node.property,
    isNever(node),
    node.op,
    formOfValue(page, page.catalogue.typeOf(node), node.op, node.value),
    filterForm(page, node),
  ]);
}

/** What stands in a row that nobody has controls for: never nothing. */
function valueOf({ id: _, not: __, muted: ___, ...rest }) {
  return rest.value ?? rest;
}

/** What must be said about a node where it stands. */
export function notesOn(page, node) {
  return page.editor
    .problemsOf(node.id)
    .map((problem) =>
      h(
        problem.code === "muted" ? "p.mutednote" : `p.problem.${problem.severity}`,
        {},
        icon(problem.code === "muted" ? "eyeoff" : "warn"),
        h("span", {}, problem.text),
      ),
    );
}
