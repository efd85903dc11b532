// The working copy: the rule as the page shows it now, what Python said about it, and the one way to edit it.

import { emptyRule, idSource, locate } from "./tree.js";

/**
 * @param wire the line to Python (wire.js)
 * @param redraw called after every change with {structure: boolean}
 */
export function makeEditor(wire, redraw) {
  const ids = idSource();
  const editor = {
    ids,
    rule: emptyRule(),
    selected: null, // id of the node that a click on the palette adds to
    news: null, // Python's newest answer
    counts: null, // the newest numbers; they may be older than the rule, then isStale
    isStale: false,
    change: null, // people gained or lost by the last edit
    isReplacing: false, // Python is about to replace the tree (undo, template): edits wait for it
    started: false,

    /** Names one edit, so that Python can merge the keystrokes of one field into one step of undo. */
    gesture: (name) => `${name}@${wire.rev + 1}`,

    edit(gesture, change, { typing = false, structure = true } = {}) {
      if (editor.isReplacing || !editor.started) return false;
      const next = change(editor.rule);
      if (next === editor.rule) return false;
      editor.rule = next;
      ids.observe(next);
      if (editor.selected && !locate(next, editor.selected)) editor.selected = null;
      wire.edit(next, gesture, { typing });
      redraw({ structure });
      return true;
    },

    /** Asks Python for something that replaces the tree. */
    replaceBy(name, args) {
      if (!editor.started) return;
      editor.isReplacing = true;
      wire.command(name, args);
      redraw({ structure: false });
    },

    /**
     * Python's answer. Its tree is taken over only when the epoch is another one, or when it answers steps that are
     * none of this page's: one that stood here before, in another language, had sent them.
     */
    receive(news) {
      const isFresh = !editor.started || news.epoch !== wire.epoch || news.rev > wire.rev;
      if (isFresh) {
        wire.start(news);
        editor.rule = news.tree;
        ids.observe(news.tree);
        editor.selected = editor.selected && locate(news.tree, editor.selected) ? editor.selected : null;
        editor.started = true;
        editor.isReplacing = false;
      }
      const isNewest = wire.answered(news);
      editor.isReplacing = editor.isReplacing && !isNewest;
      const previous = editor.news;
      editor.news = news;
      takeCounts(news, previous, isNewest);
      redraw({ structure: isFresh });
    },

    /** The four numbers of a node, or null while they are not known. */
    numbersOf: (id) => (editor.isStale ? null : (editor.counts?.nodes[id] ?? null)),
    problemsOf: (id) => (editor.news?.problems ?? []).filter((problem) => problem.node === id),
  };

  let before = null; // the number before the edit that is going on, and which edit that is

  function takeCounts(news, previous, isNewest) {
    if (news.counts) {
      const sameDay = previous?.as_of === news.as_of && previous?.version === news.version;
      if (!sameDay) before = null;
      else if (editor.counts && news.gesture !== before?.gesture)
        before = { gesture: news.gesture, count: editor.counts.count };
      editor.counts = news.counts;
      editor.change = before && news.gesture ? news.counts.count - before.count : null;
    }
    editor.isStale = !news.counts || !isNewest;
  }

  return editor;
}
