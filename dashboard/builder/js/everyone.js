// Who the people are against everyone: what stands out, of chosen tags or of all; what is sure first.

import { h, icon, replace, say, whenChanged } from "./dom.js";
import { standingOf, traitList } from "./traits.js";

const FIRST_TRAITS = 15; // lines that are shown before more are wished for

export function makeEveryone(page, ask) {
  const { t, whole } = page.words;
  let tags = null; // keys of the tags that are looked at; null = all that can be
  let isWhole = false; // whether more than the first lines are shown, also what does not stand out
  let side = "all"; // or only what they have "more", or "fewer", than everyone
  let last = null; // the newest answer: it stays, pale, while another choice of tags is looked at
  const lead = h("p.quiet.small");
  const tagCount = h("span");
  const tagsButton = h(
    "button.link",
    {
      type: "button",
      "aria-haspopup": "dialog",
      "aria-expanded": "false",
      "data-f": "tags",
      onclick: () => chooseTags(),
    },
    icon("filter"),
    tagCount,
  );
  const sides = ["all", "more", "fewer"].map((name) =>
    h(
      "button",
      {
        type: "button",
        "data-side": name,
        onclick: () => {
          side = name;
          ask.again();
        },
      },
      t(`profile.side.${name}`),
    ),
  );
  const few = h("p.trendnote", {}, icon("warn"), h("span"));
  const legend = h(
    "div.traithead.small.quiet",
    { "aria-hidden": "true" },
    h("span.legend", {}, h("i"), t("profile.legend.here"), h("u"), t("profile.legend.base")),
    h("span", {}, t("profile.legend.tgi")),
  );
  const list = h("div");
  const more = h("button.link", {
    type: "button",
    "data-f": "whole",
    onclick: () => {
      isWhole = !isWhole;
      ask.again();
    },
  });
  const cut = h("p.quiet.small");
  const how = h("p.quiet.small.profilehow");
  const state = h("p.quiet", { role: "status" });
  const parts = h(
    "div.profilebody",
    {},
    lead,
    h(
      "div.sides",
      {},
      h("div.segmented", { role: "group", "aria-label": t("profile.side") }, sides),
      tagsButton,
    ),
    few,
    h("div", {}, legend, list),
    h("div", {}, more),
    cut,
    how,
  );
  const element = h("div", {}, state, parts);

  const draw = whenChanged((profile) => {
    const ofSide = profile.traits.filter((trait) => side === "all" || trait.tgi > 100 === (side === "more"));
    const sure = ofSide.filter((trait) => ["more", "fewer"].includes(standingOf(trait)));
    const first = (sure.length ? sure : ofSide).slice(0, FIRST_TRAITS);
    const rest = ofSide.length - first.length;
    const traits = isWhole ? ofSide : first;
    for (const button of sides) button.setAttribute("aria-pressed", String(button.dataset.side === side));
    say(lead, t("profile.lead", { n: whole(profile.count), sure: profile.standing_out, of: profile.looked_at }));
    say(tagCount, t("profile.tags", { n: profile.tags.length }));
    lead.hidden = how.hidden = profile.count === 0;
    few.hidden = profile.count === 0 || profile.count >= profile.minimum;
    say(few.lastChild, t("profile.few", { n: profile.minimum }));
    legend.hidden = traits.length === 0;
    more.hidden = rest === 0;
    more.setAttribute("aria-pressed", String(isWhole));
    say(more, t(isWhole ? "profile.less" : "profile.more", { n: rest }));
    cut.hidden = !isWhole || profile.looked_at === profile.traits.length;
    say(cut, t("profile.cut", { n: profile.traits.length }));
    say(how, t("profile.how", { n: profile.minimum }));
    const none = t(profile.count ? "profile.none" : "profile.nobody");
    ask.keeping(() =>
      replace(list, traits.length ? traitList(page, traits, t("profile.list")) : h("p.quiet", {}, none)),
    );
  });

  function chooseTags() {
    if (page.popovers.isOpenAt(tagsButton)) return page.popovers.close();
    let picked = [...last.tags];
    const put = (keys) => {
      tags = keys;
      ask.again();
    };
    const boxes = page.chartable().map((tag) => {
      const input = h("input", {
        type: "checkbox",
        checked: picked.includes(tag.key),
        onchange: () => {
          picked = input.checked ? [...picked, tag.key] : picked.filter((key) => key !== tag.key);
          put(picked);
        },
      });
      return { input, key: tag.key, element: h("label", {}, input, h("span", {}, page.catalogue.nameOf(tag))) };
    });
    const mark = (isChosen) => {
      for (const { input, key } of boxes) input.checked = isChosen(key);
      picked = boxes.filter(({ input }) => input.checked).map(({ key }) => key);
    };
    const usual = () => {
      mark(() => true);
      put(null);
    };
    const none = () => {
      mark(() => false);
      put([]);
    };
    page.popovers.show(
      tagsButton,
      h(
        "div.checks",
        { role: "group", "aria-label": t("profile.tags.which") },
        h(
          "div.row",
          {},
          h("button.link", { type: "button", onclick: usual }, t("profile.tags.all")),
          h("button.link", { type: "button", onclick: none }, t("profile.tags.none")),
        ),
        boxes.map((box) => box.element),
      ),
      { label: t("profile.tags.which") },
    );
    return undefined;
  }

  return {
    element,
    questions: () => [{ kind: "profile", args: { tags } }],
    update() {
      const { found, error, isOld, isWaiting, progress } = ask.get("profile", { tags });
      last = found ?? last;
      parts.hidden = last === null;
      parts.classList.toggle("old", last !== null && (isOld || isWaiting));
      state.hidden = last !== null && !error;
      const counting = progress
        ? t("profile.progress", { n: progress.done, of: progress.total })
        : t("profile.counting");
      const isBroken = page.editor.news.counts === null; // the frame says so
      say(state, error ?? (last || isBroken ? "" : counting));
      if (last) draw(last, isWhole, side);
    },
  };
}
