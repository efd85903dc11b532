// The slower facts beside the number, distributions and the first people: asked for once edits have settled.

const SETTLE = 250; // milliseconds without an edit before the charts follow

export function makeFacts(page, panel) {
  let settling = null;

  function settle() {
    if (!page.editor.news) return;
    if (page.insight.covers) return; // nobody sees them; closing the insight panel asks for them
    if (page.facts?.stamp === page.stampNow() && settling === null) return;
    page.isSettling = true;
    panel.fade();
    clearTimeout(settling);
    settling = setTimeout(() => {
      settling = null;
      ask({});
    }, SETTLE);
  }

  /** Asks when no edit is on its way any more: what somebody wished for meanwhile is not forgotten. */
  function ask(wish) {
    page.turns.ask("facts", wish);
  }

  return {
    settle,
    ask,
    take(facts) {
      page.facts = withLast(facts, page.facts);
      page.isSettling = settling !== null;
      page.keepFocus(() => panel.details());
    },
    leave: () => clearTimeout(settling),
  };
}

/** While a rule cannot be counted the last charts and people stay, pale; revealed values never outlive their rule. */
function withLast(facts, last) {
  if (facts.people || facts.error || !last) return facts;
  return { ...facts, breakdowns: last.breakdowns, people: last.people?.is_revealed ? null : last.people };
}
