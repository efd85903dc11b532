// The tab 画像对比: who the people are against everyone, or the rule beside a saved audience or an earlier state.

import { h, icon, replace } from "./dom.js";
import { standingOf, traitList } from "./traits.js";
import { comparedOf, othersList } from "./versus.js";

export function makeProfileTab(page, ask) {
  const { t, whole } = page.words;
  let mode = "base";
  let tags = null; // keys of the tags that are looked at; null = all that can be
  let isWhole = false; // whether what does not stand out is shown too
  let against = ""; // "audience:id", "state:name", or nothing chosen yet
  let shown = null; // what was drawn last, so that a drawing that would be the same is left
  const modes = ["base", "versus"].map((name) =>
    h(
      "button",
      {
        type: "button",
        "data-f": `mode:${name}`,
        onclick: () => {
          mode = name;
          ask.again();
        },
      },
      t(`profile.mode.${name}`),
    ),
  );
  const body = h("div.profilebody");
  const element = h(
    "div.tab.profiletab",
    {},
    h("div.segmented", { role: "group", "aria-label": t("profile.mode") }, modes),
    body,
  );

  const audiencesOf = () => ({ saved: page.editor.news.title.name }); // another list once this one is saved
  const chosen = () => {
    const [kind, ...name] = against.split(":");
    return { against: { [kind]: name.join(":") } };
  };

  /** Everything that the drawing depends on: while it is the same, nothing is drawn anew. */
  function view() {
    const asked = questions().map(({ kind, args }) => ask.get(kind, args));
    return [mode, isWhole, against, ...asked.flatMap(({ found, error, isOld }) => [found, error, isOld])];
  }

  function questions() {
    if (mode === "base") return [{ kind: "profile", args: { tags } }];
    const asked = [{ kind: "others", args: audiencesOf() }];
    return against ? [...asked, { kind: "compare", args: chosen() }] : asked;
  }

  function everyone() {
    const { found: profile, error, isOld, isWaiting } = ask.get("profile", { tags });
    body.classList.toggle("old", isOld && profile !== null);
    if (!profile)
      return [h("p.quiet", { role: "status" }, error ?? t(isWaiting ? "profile.counting" : "profile.none"))];
    const sure = profile.traits.filter((trait) => ["more", "fewer"].includes(standingOf(trait)));
    const traits = isWhole || sure.length === 0 ? profile.traits : sure;
    page.ready.clear();
    return [
      h(
        "div.cardhead",
        {},
        h(
          "p.grow.quiet.small",
          {},
          t("profile.lead", { n: whole(profile.count), sure: profile.standing_out, of: profile.looked_at }),
        ),
        chooser(profile),
      ),
      profile.count < profile.minimum ? h("p.trendnote", {}, icon("warn"), h("span", {}, t("profile.few", { n: profile.minimum }))) : null,
      traits.length
        ? h(
            "div.traithead.small.quiet",
            { "aria-hidden": "true" },
            h("span.legend", {}, h("i"), t("profile.legend.here"), h("u"), t("profile.legend.base")),
            h("span", {}, t("profile.legend.tgi")),
          )
        : h("p.quiet", {}, t("profile.none")),
      traitList(page, traits, t("profile.list")),
      sure.length && sure.length < profile.traits.length
        ? h(
            "button.link",
            {
              type: "button",
              "aria-pressed": String(isWhole),
              "data-f": "whole",
              onclick: () => {
                isWhole = !isWhole;
                ask.again();
              },
            },
            t(isWhole ? "profile.less" : "profile.more", { n: profile.traits.length - sure.length }),
          )
        : null,
      h("p.quiet.small.profilehow", {}, t("profile.how", { n: profile.minimum })),
    ];
  }

  function chooser(profile) {
    return h(
      "button.link",
      {
        type: "button",
        "aria-haspopup": "dialog",
        "aria-expanded": "false",
        "data-f": "tags",
        onclick: (event) => chooseTags(event.currentTarget, profile.tags),
      },
      icon("filter"),
      t("profile.tags", { n: profile.tags.length }),
    );
  }

  function chooseTags(anchor, shown) {
    if (page.popovers.isOpenAt(anchor)) return page.popovers.close();
    let picked = [...shown];
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
    const all = (keys, sent = keys) => () => {
      picked = keys;
      for (const { input, key } of boxes) input.checked = keys.includes(key);
      put(sent);
    };
    const keys = boxes.map(({ key }) => key);
    page.popovers.show(
      anchor,
      h(
        "div.checks",
        { role: "group", "aria-label": t("profile.tags.which") },
        h(
          "div.row",
          {},
          h("button.link", { type: "button", onclick: all(keys, null) }, t("profile.tags.all")),
          h("button.link", { type: "button", onclick: all([]) }, t("profile.tags.none")),
        ),
        boxes.map((box) => box.element),
      ),
      { label: t("profile.tags.which") },
    );
    return undefined;
  }

  function versus() {
    const others = ask.get("others", audiencesOf());
    body.classList.remove("old");
    if (!others.found) return [h("p.quiet", { role: "status" }, others.error ?? t("versus.looking"))];
    const { audiences, states } = others.found;
    if (audiences.length + states.length === 0) return [h("p.quiet", {}, t("versus.nothing"))];
    const names = [...audiences.map(({ id }) => `audience:${id}`), ...states.map(({ state }) => `state:${state}`)];
    if (against && !others.isOld && !names.includes(against)) against = "";
    const list = othersList(page, others.found, against, (picked) => {
      against = picked;
      ask.again();
    });
    if (!against) return [list, h("p.quiet.small", {}, t("versus.how"))];
    const { found, error, isOld } = ask.get("compare", chosen());
    body.classList.toggle("old", isOld && found !== null);
    if (!found) return [list, h("p.quiet", { role: "status" }, error ?? t("versus.counting"))];
    if (found.is_gone) return [list, h("p.quiet", {}, t("versus.gone"))];
    page.ready.clear();
    return [list, comparedOf(page, found, open)];
  }

  const open = (rule, name) => page.putRule(rule, t("versus.opened", { name }));

  return {
    element,
    questions,
    update() {
      if (!page.editor.news) return undefined;
      modes.forEach((button, i) => button.setAttribute("aria-pressed", String((i === 0) === (mode === "base"))));
      if (page.editor.news.counts === null) return body.classList.add("old"); // the frame says why
      if (page.shell.classList.contains("dragging")) return undefined; // the line that is dragged must stay
      const now = view();
      if (shown?.every((part, i) => part === now[i])) return undefined;
      shown = now;
      return ask.keeping(() => replace(body, mode === "base" ? everyone() : versus()));
    },
  };
}
