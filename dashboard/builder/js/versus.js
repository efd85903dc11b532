// One rule beside another: both, only here, only there, who they are, and how the two definitions differ.

import { h, icon, replace, say, set, whenChanged } from "./dom.js";
import { partWidths } from "./traitlines.js";
import { traitList } from "./traits.js";

const PARTS = ["only_here", "both", "only_there"];

export function makeVersus(page, ask) {
  const { t, language } = page.words;
  let against = ""; // "audience:id", "state:name", or nothing chosen yet
  const select = h("select.field", {
    "aria-label": t("versus.with"),
    "data-f": "versus",
    onchange: () => {
      against = select.value;
      ask.again();
    },
  });
  const list = h("label.select.versuswith", {}, select, icon("chevron"));
  const state = h("p.quiet", { role: "status" });
  const shown = h("div");
  const element = h("div.profilebody", {}, list, state, shown);

  const audiencesOf = () => ({ saved: page.editor.news.title.name }); // another list once this one is saved
  const chosen = () => {
    const [kind, ...name] = against.split(":");
    return { against: { [kind]: name.join(":") } };
  };

  /** What a rule can be compared with; the value of an option is what `against` holds. */
  const drawList = whenChanged((others, own) => {
    const audiences = others.audiences.map(({ id, name }) =>
      h("option", { value: `audience:${id}` }, name === own ? t("versus.own", { name }) : name),
    );
    const states = others.states.map(({ state: name, steps, changes }) =>
      h("option", { value: `state:${name}` }, t("versus.state", { n: steps, change: firstOf(changes) })),
    );
    replace(
      select,
      h("option", { value: "" }, t("versus.choose")),
      audiences.length ? h("optgroup", { label: t("versus.audiences") }, audiences) : null,
      states.length ? h("optgroup", { label: t("versus.states") }, states) : null,
    );
  });

  function firstOf(changes) {
    if (changes.length === 0) return t("versus.nochange");
    const text = changes[0].text[language];
    return changes.length > 1 ? t("versus.andmore", { text, n: changes.length - 1 }) : text;
  }

  const drawCompared = whenChanged((compared) => {
    const open = (rule, name) => page.putRule(rule, t("versus.opened", { name }));
    ask.keeping(() => replace(shown, comparedOf(page, compared, open)));
  });

  /** What is said in place of a comparison. */
  function words(others, compared) {
    const isBroken = page.editor.news.counts === null; // the frame says so
    if (!others.found) return others.error ?? (isBroken ? "" : t("versus.looking"));
    const { audiences, states } = others.found;
    if (audiences.length + states.length === 0) return t("versus.nothing");
    if (!against) return t("versus.how");
    if (compared.error) return compared.error;
    if (!compared.found) return isBroken ? "" : countingOf(compared.progress);
    return compared.found.is_gone ? t("versus.gone") : "";
  }

  function countingOf(progress) {
    return progress ? t("profile.progress", { n: progress.done, of: progress.total }) : t("versus.counting");
  }

  return {
    element,
    questions() {
      const asked = [{ kind: "others", args: audiencesOf() }];
      return against ? [...asked, { kind: "compare", args: chosen() }] : asked;
    },
    update() {
      const others = ask.get("others", audiencesOf());
      if (others.found) drawList(others.found, page.editor.news.title.name);
      const names = [...select.options].map((option) => option.value);
      if (others.found && !others.isWaiting && !names.includes(against)) against = "";
      if (select.value !== against) select.value = against;
      list.hidden = names.length < 2;
      const compared = against ? ask.get("compare", chosen()) : {};
      const said = words(others, compared);
      say(state, said);
      set(state, { hidden: said === "" });
      shown.hidden = said !== "" || !compared.found;
      shown.classList.toggle("old", Boolean(compared.isOld || compared.isWaiting));
      if (compared.found && said === "") drawCompared(compared.found);
    },
  };
}

/** @param open called with a rule that is to be put into the builder, and what it is called */
function comparedOf(page, compared, open) {
  const { t, whole, language } = page.words;
  const widths = partWidths(PARTS.map((part) => compared[part].users));
  const bar = h(
    "div.partsbar",
    { "aria-hidden": "true" },
    PARTS.map((part, i) => {
      const stretch = h(`i.${part}`);
      stretch.style.width = `${widths[i] * 100}%`;
      return stretch;
    }),
  );
  return h(
    "div.compared",
    {},
    h("p.quiet.small", {}, t("versus.sizes", { here: whole(compared.here), there: whole(compared.there) })),
    bar,
    h("ul.partslist", { "aria-label": t("versus.parts") }, PARTS.map(partOf)),
    ["only_here", "only_there"].map(whoOf),
    h("h2", {}, t("versus.changes")),
    compared.changes.length
      ? h(
          "ul.changeslist",
          {},
          compared.changes.map((change) => h(`li.${change.kind}`, {}, change.text[language])),
        )
      : h("p.quiet", {}, t("versus.same")),
  );

  function partOf(part) {
    const { users, rule } = compared[part];
    const name = t(`versus.${part}`);
    return h(
      "li",
      {},
      h(`span.swatch.${part}`, { "aria-hidden": "true" }),
      h("span.grow", {}, name),
      h("strong", {}, whole(users)),
      h(
        "button.plain",
        {
          type: "button",
          "aria-label": t("versus.open.of", { name }),
          title: t(rule ? "versus.open.tip" : "versus.open.not"),
          "aria-disabled": rule ? null : "true",
          "data-f": `open:${part}`,
          onclick: () => rule && open(rule, name),
        },
        icon("open"),
      ),
    );
  }

  function whoOf(part) {
    const { users, profile } = compared[part];
    if (!users) return null;
    const name = t("versus.who", { name: t(`versus.${part}`) });
    return [
      h("h2", {}, name),
      profile?.traits.length
        ? traitList(page, profile.traits, name)
        : h("p.quiet.small", {}, silence(users, profile)),
    ];
  }

  /** Why nothing is said of who they are: what few people have proves nothing, the less so that nothing differs. */
  function silence(users, profile) {
    if (!profile) return t("versus.who.not");
    return users < profile.minimum ? t("versus.who.few", { n: profile.minimum }) : t("versus.who.none");
  }
}
