// The day as of which a group is asked, where it is not the rule's own: a day of the calendar, or so long before it.

import { dayControl, numberControl, selectControl, UNITS } from "./controls.js";
import { h, icon, replace } from "./dom.js";

/** What a group gets that is to be asked as of an earlier day, until somebody says which. */
export const A_MONTH_AGO = { ago: 1, unit: "month" };

/** Hidden while the group has no day of its own. */
export function asOfControl(page, change) {
  const { t } = page.words;
  let now = null;
  let form = null;
  let parts = [];
  const send = (asOf, how) => change(asOf, how ?? { gesture: page.editor.gesture("asof") });
  const chooser = selectControl(
    page,
    t("asof"),
    ["day", "ago"].map((each) => [each, t(`asof.${each}`)]),
    (each) => send(each === "ago" ? A_MONTH_AGO : page.editor.news?.as_of),
  );
  const rest = h("span.pair");
  const away = h(
    "button.plain",
    {
      type: "button",
      "data-f": "asof-away",
      "aria-label": t("act.undate"),
      title: t("act.undate"),
      onclick: () => send(undefined),
    },
    icon("close"),
  );
  const element = h("span.pair.earlier", { hidden: true }, chooser.element, rest, away);
  const forms = {
    day: () => {
      const day = dayControl(page, t("asof.which"), (value, how) => value && send(value, how));
      return [{ element: day.element, sync: () => day.sync(now) }];
    },
    ago: () => {
      const n = numberControl(page, { label: t("asof.n"), whole: true, least: 1 }, (value, how) =>
        send({ ...now, ago: value ?? 1 }, how),
      );
      const unit = selectControl(
        page,
        t("unit"),
        UNITS.map((u) => [u, t(`unit.${u}`)]),
        (u, how) => send({ ...now, unit: u }, how),
      );
      return [
        { element: n.element, sync: () => n.sync(now.ago) },
        { element: unit.element, sync: () => unit.sync(now.unit) },
      ];
    },
  };
  return {
    element,
    sync(asOf) {
      now = asOf ?? null;
      element.hidden = now === null;
      if (now === null) return;
      const wanted = typeof now === "string" ? "day" : "ago";
      if (wanted !== form) {
        form = wanted;
        parts = forms[form]();
        replace(rest, ...parts.map((part) => part.element));
      }
      chooser.sync(form);
      parts.forEach((part) => part.sync());
    },
  };
}
