"""The waterfall: from the base, step by step, to the answer."""

from __future__ import annotations

from core.engines.base import WaterfallBar
from core.engines.memory.tree import Counted
from core.rules.tree import Rule, is_muted


def waterfall(rule: Rule, counted: Counted, base: int, matched: int, taken: int) -> tuple[WaterfallBar, ...]:
    """Return the bars from the base over the include root's children and the exclude to the take.

    Where the children do not lead there step by step, under "at least k" and under a negated root, the root
    itself is one bar.
    """
    bars = [WaterfallBar("base", None, base)]
    root = rule.include
    asked = [] if is_muted(root) else [child for child in root.children if not is_muted(child)]
    if asked and (root.not_ or root.match == "at_least"):
        bars.append(WaterfallBar("node", root.id, counted.included))
    else:
        bars += [WaterfallBar("node", child.id, counted.running[child.id]) for child in asked]
    if rule.exclude is not None and rule.exclude.children and not is_muted(rule.exclude):
        bars.append(WaterfallBar("exclude", rule.exclude.id, matched))
    if rule.take is not None:
        bars.append(WaterfallBar("take", None, taken))
    return tuple(bars)
