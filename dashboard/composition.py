"""What an audience is made of: the way to its size, and one tag of its people against everybody's."""

from __future__ import annotations

import streamlit as st

from core.rules.tree import Rule, TagCondition, nodes
from core.schema import TagSpec, TagType
from core.workspace import Audience
from dashboard import charts, state
from dashboard.errors import verbatim
from dashboard.i18n import pick, t

_TELLING = range(2, 13)
"""How many values a tag has that tells something at a glance."""


def draw(audience: Audience) -> None:
    """Draw an audience's sentence, its waterfall and the breakdown of a tag that is chosen here.

    The waterfall is that of the rule which it follows, and goes on with people by hand; the breakdown is of
    all its people.

    Raises
    ------
    RuleError
        If the rule does not fit the data version.
    """
    workspace, day = state.workspace(), state.as_of()
    rule, catalogue = workspace.followed_rule(audience), workspace.data_version().catalogue
    answer = workspace.count(rule, day).answer
    numbers = workspace.audience_numbers(audience.id, day)
    st.caption(verbatim(pick(workspace.sentence(rule, reveal=False))))
    names = {node: pick(words) for node, words in workspace.node_sentences(rule, reveal=False).items()}
    way = (*(answer.waterfall[:1] if numbers.is_fixed else answer.waterfall), *numbers.steps)
    charts.draw(charts.waterfall(way, names, wide=True), key="composition_waterfall")
    open_tags = [tag for tag in catalogue.tags.values() if tag.personal is None]
    if open_tags:
        tag = st.selectbox(
            t("audiences.look.tag"),
            open_tags,
            index=open_tags.index(_most_telling(open_tags, rule)),
            format_func=lambda spec: pick(spec.label),
            key="composition_tag",
        )
        of = workspace.breakdown(workspace.audience_rule(audience), tag.key, day)
        charts.draw(
            charts.breakdown(of, tag, count=numbers.count, base=numbers.base), key="composition_breakdown"
        )


def _most_telling(tags: list[TagSpec], rule: Rule) -> TagSpec:
    """Return the first tag with a handful of values that the rule does not decide already, else the first."""
    decided = {node.tag for node in nodes(rule) if isinstance(node, TagCondition)}
    telling = (
        tag
        for tag in tags
        if tag.type is TagType.ENUM and tag.distinct in _TELLING and tag.key not in decided
    )
    return next(telling, tags[0])
