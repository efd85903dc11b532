// The tab 画像对比: who the people are against everyone, or the rule beside a saved audience or an earlier state.

import { h, place } from "./dom.js";
import { makeEveryone } from "./everyone.js";
import { makeVersus } from "./versus.js";

export function makeProfileTab(page, ask) {
  const { t } = page.words;
  const views = { base: makeEveryone(page, ask), versus: makeVersus(page, ask) };
  let mode = "base";
  const modes = Object.keys(views).map((name) =>
    h(
      "button",
      {
        type: "button",
        "data-mode": name,
        onclick: () => {
          mode = name;
          ask.again();
        },
      },
      t(`profile.mode.${name}`),
    ),
  );
  const body = h("div", {});
  const choice = h("div.segmented", { role: "group", "aria-label": t("profile.mode") }, modes);

  return {
    element: h("div.insighttabbody", {}, choice, body),
    questions: () => views[mode].questions(),
    update() {
      for (const button of modes) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
      place(body, [views[mode].element]);
      if (page.shell.classList.contains("dragging")) return; // the line that is dragged must stay
      views[mode].update();
    },
  };
}
