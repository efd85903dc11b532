// What can be done to a node, once for its buttons, its menu and the keyboard.

import { A_MONTH_AGO } from "./asof.js";
import { placeOfTop } from "./lookups.js";
import { newLeaf } from "./catalogue.js";
import { h, icon, set } from "./dom.js";
import { OF_ONE_EVENT, turned } from "./kinds.js";
import {
  duplicateNode,
  EXCLUDE,
  fits,
  groupToAddTo,
  insertNode,
  isMuted,
  joinNodes,
  locate,
  moveNode,
  newGroup,
  patchNode,
  removeNode,
  replaceNode,
  stepNode,
  unwrapGroup,
  wrapNode,
} from "./tree.js";

export function makeActions(page) {
  const { t } = page.words;
  const { editor } = page;
  const nameOf = (id) => page.nameOf(locate(editor.rule, id)?.node);

  function run(what, id, change, said) {
    const name = nameOf(id);
    const done = editor.edit(editor.gesture(`${what}:${id}`), change);
    page.live.say(done ? t(said ?? `did.${what}`, { name }) : t("did.nothing", { name }));
    return done;
  }

  const actions = {
    select(id) {
      if (editor.selected === id) return;
      editor.selected = id;
      page.markSelected();
    },
    remove(id) {
      const place = locate(editor.rule, id);
      const next =
        place?.parent?.children[place.index + 1] ?? place?.parent?.children[place.index - 1] ?? place?.parent;
      if (run("remove", id, (rule) => removeNode(rule, id))) page.focusNode(next?.id);
    },
    duplicate(id) {
      let copy = null;
      run("duplicate", id, (rule) => {
        const [next, made] = duplicateNode(rule, id, editor.ids);
        copy = made;
        return next;
      });
      page.focusNode(copy);
    },
    mute: (id) =>
      run(
        "mute",
        id,
        (rule) => patchNode(rule, id, { muted: locate(rule, id).node.muted ? undefined : true }),
        locate(editor.rule, id)?.node.muted ? "did.unmute" : "did.mute",
      ),
    negate: (id) =>
      run(
        "negate",
        id,
        (rule) => patchNode(rule, id, { not: locate(rule, id).node.not ? undefined : true }),
        locate(editor.rule, id)?.node.not ? "did.affirm" : "did.negate",
      ),
    turn(id, kind) {
      const done = editor.edit(editor.gesture(`turn:${id}`), (rule) =>
        replaceNode(rule, id, turned(locate(rule, id).node, kind, page.catalogue)),
      );
      page.live.say(t(done ? "did.turn" : "did.nothing", { name: nameOf(id) }));
      page.focusNode(id);
    },
    wrap: (id) =>
      run("wrap", id, (rule) =>
        wrapNode(rule, id, editor.ids.next("g"), locate(rule, id)?.parent?.match === "any" ? "all" : "any"),
      ),
    date: (id) =>
      run(
        "date",
        id,
        (rule) => patchNode(rule, id, { as_of: locate(rule, id).node.as_of ? undefined : A_MONTH_AGO }),
        locate(editor.rule, id)?.node.as_of ? "did.undate" : "did.date",
      ),
    unwrap: (id) => run("unwrap", id, (rule) => unwrapGroup(rule, id)),
    step(id, delta) {
      const name = nameOf(id);
      if (editor.edit(editor.gesture(`move:${id}`), (rule) => stepNode(rule, id, delta)))
        page.live.say(t("did.move", { name, where: page.whereIs(id) }));
      page.focusNode(id);
    },
    addGroup(id) {
      const group = newGroup(editor.ids.next("g"), locate(editor.rule, id).node.match === "any" ? "all" : "any", []);
      if (!fits(editor.rule, id, { ...group, children: [] })) return page.live.say(t("depth.full"));
      run("group", id, (rule) => insertNode(rule, id, Infinity, group));
      actions.select(group.id);
      return page.focusNode(group.id);
    },
    /** Adds an item of the palette where a click adds: to the selected group. */
    addItem(item) {
      add(item, (rule, leaf) => {
        const { group, index } = groupToAddTo(rule, editor.selected);
        return fits(rule, group, leaf) ? insertNode(rule, group, index, leaf) : rule;
      });
    },
    dropItem(item, group, index, { focus = false } = {}) {
      add(item, (rule, leaf) => (fits(rule, group, leaf) ? insertNode(rule, group, index, leaf) : rule), focus);
    },
    dropItemOn(item, targetId) {
      add(item, (rule, leaf) => joinNodes(rule, targetId, leaf, editor.ids.next("g")));
    },
    moveTo(id, group, index) {
      const name = nameOf(id);
      if (editor.edit(editor.gesture(`move:${id}`), (rule) => moveTo(rule, id, group, index)))
        page.live.say(t("did.move", { name, where: page.whereIs(id) }));
      page.focusNode(id);
    },
    moveOn(id, targetId) {
      const { node } = locate(editor.rule, id);
      run("join", id, (rule) => joinNodes(rule, targetId, node, editor.ids.next("g")));
      page.focusNode(id);
    },
    /** A click on a group's empty place: what the palette adds goes there now. */
    pickInto(id) {
      actions.select(id);
      page.openPalette();
    },
    menu(id, anchor) {
      const place = locate(editor.rule, id);
      if (!place) return;
      page.popovers.menu(
        anchor,
        t("more", { name: nameOf(id) }),
        place.parent ? nodeEntries(id, place) : rootEntries(id, place),
      );
    },
    buttons: (id, side = null) => actionButtons(page, actions, id, side),
  };

  function add(item, change, focus = false) {
    page.lookups.withTop(placeOfTop(item), (top) => {
      const leaf = newLeaf(item, editor.ids.next("c"), top, page.catalogue);
      const done = editor.edit(editor.gesture(`add:${leaf.id}`), (rule) => change(rule, leaf));
      if (!done) return page.live.say(t("depth.full"));
      page.live.say(t("did.add", { name: page.catalogue.nameOf(item), where: page.whereIs(leaf.id) }));
      // The next click adds after this one when a row was selected, not before it.
      if (editor.selected !== null && locate(editor.rule, editor.selected)?.node.kind !== "group")
        actions.select(leaf.id);
      if (focus) page.focusNode(leaf.id);
      else page.reveal(leaf.id);
      return undefined;
    });
  }

  function moveTo(rule, id, group, index) {
    if (group !== EXCLUDE || rule.exclude)
      return moveNode(rule, id, group === EXCLUDE ? rule.exclude.id : group, index);
    const { node } = locate(rule, id);
    return removeFirst(rule, id, node);
  }

  function removeFirst(rule, id, node) {
    const without = removeNode(rule, id);
    return without === rule ? rule : insertNode(without, EXCLUDE, 0, node);
  }

  function nodeEntries(id, { node, parent }) {
    const isGroup = node.kind === "group";
    return [
      { label: t("act.up"), icon: "up", hint: "Alt ↑", run: () => actions.step(id, -1) },
      { label: t("act.down"), icon: "down", hint: "Alt ↓", run: () => actions.step(id, 1) },
      null,
      { label: t(node.not ? "act.affirm" : "act.negate"), icon: "not", hint: "N", run: () => actions.negate(id) },
      {
        label: t(node.muted ? "act.unmute" : "act.mute"),
        icon: node.muted ? "eye" : "eyeoff",
        hint: "M",
        run: () => actions.mute(id),
      },
      { label: t("act.wrap"), icon: "wrap", hint: "G", run: () => actions.wrap(id) },
      isGroup
        ? {
            label: t("act.unwrap"),
            icon: "group",
            disabled: Boolean(node.not || node.as_of),
            run: () => actions.unwrap(id),
          }
        : false,
      isGroup ? dateEntry(id, node) : false,
      isGroup ? { label: t("act.group"), icon: "plus", run: () => actions.addGroup(id) } : false,
      { label: t("act.duplicate"), icon: "copy", hint: "D", run: () => actions.duplicate(id) },
      ...turnEntries(id, node),
      null,
      { label: t("act.remove"), icon: "trash", hint: "Del", danger: true, run: () => actions.remove(id) },
    ].filter((entry) => entry !== false && parent);
  }

  function dateEntry(id, node) {
    return { label: t(node.as_of ? "act.undate" : "act.date"), icon: "clock", run: () => actions.date(id) };
  }

  /** What a condition about one event can become, keeping its event and filters. */
  function turnEntries(id, node) {
    if (!OF_ONE_EVENT.includes(node.kind)) return [];
    const words = { event: t("act.turn.event"), sequence: t("act.turn.sequence") };
    const others = [...OF_ONE_EVENT, "sequence"].filter((kind) => kind !== node.kind);
    return [
      null,
      ...others.map((kind) => ({
        label: t("act.turn", { kind: words[kind] ?? page.catalogue.nameOf(page.catalogue.kinds.get(kind)) }),
        icon: kind,
        run: () => actions.turn(id, kind),
      })),
    ];
  }

  function rootEntries(id, { node, side }) {
    return [
      { label: t("act.group"), icon: "plus", run: () => actions.addGroup(id) },
      { label: t(node.not ? "act.affirm" : "act.negate"), icon: "not", run: () => actions.negate(id) },
      dateEntry(id, node),
      side === EXCLUDE
        ? {
            label: t(node.muted ? "act.unmute" : "act.mute"),
            icon: node.muted ? "eye" : "eyeoff",
            run: () => actions.mute(id),
          }
        : false,
      null,
      {
        label: t("act.clear"),
        icon: "trash",
        danger: true,
        disabled: node.children.length === 0,
        run: () => actions.remove(id),
      },
    ].filter((entry) => entry !== false);
  }

  return actions;
}

/** The buttons at the end of a row: the frequent ones in sight, all of them in a menu. */
function actionButtons(page, actions, id, side) {
  const { t } = page.words;
  const more = h(
    "button.plain.moremenu",
    {
      type: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-f": "more",
      onclick: () => actions.menu(id, more),
    },
    icon("more"),
  );
  const mute = side
    ? null
    : h("button.plain.extra", {
        type: "button",
        "aria-pressed": "false",
        "data-f": "mute",
        onclick: () => actions.mute(id),
      });
  const drop = side
    ? null
    : h("button.plain.extra", { type: "button", "data-f": "remove", onclick: () => actions.remove(id) }, icon("trash"));
  const element = h("span.acts", {}, more);
  element.extras = mute ? h("span.extras", {}, mute, drop) : null;
  element.sync = (node) => {
    const name = page.nameOf(node);
    set(more, { "aria-label": t("more", { name }), title: t("more.tip") });
    if (!mute) return;
    mute.replaceChildren(icon(node.muted ? "eye" : "eyeoff"));
    set(mute, {
      "aria-label": `${t(node.muted ? "act.unmute" : "act.mute")}: ${name}`,
      title: t(node.muted ? "act.unmute" : "act.mute"),
      "aria-pressed": String(isMuted(node)),
    });
    set(drop, { "aria-label": `${t("act.remove")}: ${name}`, title: t("act.remove") });
  };
  return element;
}
