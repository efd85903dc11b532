"""A rule as a sentence, in both languages, the way an operator would say it.

Every rule that could be parsed can be read, also one that does not fit the catalogue: names that do not exist
are read as they stand.
"""

from __future__ import annotations

import re
from datetime import date

from core.messages import Text, say
from core.rules.asked_on import asks_who_existed
from core.rules.parts import DayAgo
from core.rules.sentences import said
from core.rules.tree import Condition, Group, Rule, TakeShare, TakeTop, is_muted
from core.rules.wording import Mask, Wording, joined, length, percent
from core.schema import Catalogue, TagType

_BESIDE_LATIN = re.compile(r"「[^」]*」|(?<=[一-鿿])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[一-鿿])")


def describe(rule: Rule, catalogue: Catalogue, mask: Mask | None = None) -> Text:
    """Return the whole rule as one sentence.

    Parameters
    ----------
    rule : Rule
        Any rule that could be parsed.
    catalogue : Catalogue
        Where labels and units come from.
    mask : callable (value, kind) -> str or None
        Hides the values that conditions on personal tags name; None shows them.
    """
    sentence = joined(_Reader(catalogue, mask).parts(rule), say("between_parts"))
    return Text(zh=spaced(sentence["zh"]), en=_capitalised(sentence["en"]))


def describe_node(node: Condition | Group, catalogue: Catalogue, mask: Mask | None = None) -> Text:
    """Return one condition or group as part of a sentence, its `not` and `muted` said."""
    words = _Reader(catalogue, mask).node(node)
    return Text(zh=spaced(words["zh"]), en=words["en"])


class _Reader:
    def __init__(self, catalogue: Catalogue, mask: Mask | None) -> None:
        self._wording = Wording(catalogue, mask)

    def parts(self, rule: Rule) -> list[Text]:
        """Return whom the rule includes, excludes and takes, as far as it says anything of them."""
        parts = [self._include(rule.include)]
        if rule.exclude is not None and rule.exclude.children:
            code = "exclude_muted" if is_muted(rule.exclude) else "exclude"
            parts.append(say(code, what=self._asked(rule.exclude)))
        match rule.take:
            case TakeTop(n=n, by=by, order=order):
                kind = "date" if self._wording.tag_type(by) is TagType.DATE else "number"
                parts.append(say(f"take_{kind}_{order}", n=f"{n:,}", tag=self._wording.tag(by)))
            case TakeShare(share=share, seed=seed):
                parts.append(say("take_share", percent=percent(share), seed=seed))
        return parts

    def node(self, node: Condition | Group) -> Text:
        """Return a node below a root: groups in brackets, `not` and `muted` said."""
        text = self._asked(node, nested=True)
        return say("muted_node", what=text) if node.muted else text

    def _include(self, root: Group) -> Text:
        if not root.children:
            return say("everybody")
        if is_muted(root):
            return say("everybody_muted", what=self._asked(root))
        return self._asked(root)

    def _asked(self, node: Condition | Group, *, nested: bool = False) -> Text:
        """Return what a node asks, without its `muted`."""
        if isinstance(node, Group):
            return self._group(node, nested=nested)
        text = said(node, self._wording)
        return say("not_node", what=text) if node.not_ else text

    def _group(self, group: Group, *, nested: bool) -> Text:
        children = [self.node(child) for child in group.children]
        if asks_who_existed(group) and group.as_of is not None:
            return _existed(group.as_of, is_negated=group.not_)
        if not children:
            text = say("empty_group_text")
        elif group.match == "at_least":
            text = say("at_least", k=group.k, what=joined(children, say("between_counted")))
        else:
            text = joined(children, say(f"between_{group.match}"))
            is_bracketed = group.not_ or group.label or group.as_of is not None
            if nested and len(children) > 1 and not is_bracketed:
                text = say("bracketed", what=text)
        if group.as_of is not None:
            text = _dated(group.as_of, text)
        if group.not_:
            text = say("not_node", what=text)
        return say("labelled", label=group.label, what=text) if group.label else text


def day_words(as_of: date | DayAgo | None) -> Text:
    """Return for which day a group is asked, in words."""
    match as_of:
        case None:
            return say("day_of_rule")
        case DayAgo(ago=n, unit=unit):
            return say("day_ago", length=length(n, unit))
        case day:
            return say("day_itself", day=day)


def _existed(as_of: date | DayAgo, *, is_negated: bool) -> Text:
    if isinstance(as_of, DayAgo):
        long = length(as_of.ago, as_of.unit)
        return say("not_yet_user_ago" if is_negated else "was_user_ago", length=long)
    return say("not_yet_user_day" if is_negated else "was_user_day", day=as_of)


def _dated(as_of: date | DayAgo, text: Text) -> Text:
    """Return what is asked as of an earlier day, with that day."""
    if isinstance(as_of, DayAgo):
        return say("group_as_of_ago", length=length(as_of.ago, as_of.unit), what=text)
    return say("group_as_of_day", day=as_of, what=text)


def _capitalised(sentence: str) -> str:
    """Return the sentence with a capital, unless it begins with a name such as "iPhone"."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].upper() + sentence[1:] if first.isascii() and first.islower() else sentence


def spaced(sentence: str) -> str:
    """Return a Chinese sentence with the customary space beside Latin words and figures; quotes stay."""
    return _BESIDE_LATIN.sub(lambda found: found[0] or " ", sentence)
