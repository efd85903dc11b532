"""The pages of the manager: what is not known is said, and what a link asks for in vain is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace


def cards(app: AppTest) -> list[dict[str, Any]]:
    """Return the cards that the sheet component was given."""
    assert not app.exception
    drawn = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(each["cards"] for each in drawn if each.get("cards"))


def test_numbers_of_a_period_before_the_data_are_not_told(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    known, unknown = (
        cards(open_page("overview", **{"from": first, "to": "2019-07-14"}))
        for first in ("2019-07-01", "2010-01-01")
    )
    assert {card["text"] for card in unknown} == {"–"}
    assert {card["href"] for card in unknown} == {None}
    assert any(card["text"] not in ("–", "0") for card in known)


@pytest.mark.parametrize("key", ["overview", "lifecycle", "members"])
def test_a_link_to_an_audience_that_is_gone_says_that_all_users_follow(
    key: str, open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    assert not open_page(key).warning
    (warned,) = open_page(key, audience="deleted").warning
    assert warned.value == "The audience of this link is gone: what follows is about everybody."


def test_a_link_with_an_unknown_split_says_that_nothing_is_split(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    (warned,) = open_page("retention", by="c*ty").warning
    assert "c\\*ty" in warned.value


def test_what_an_analysis_is_told_outlives_a_visit_to_another_page(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("lifecycle")
    slot = next(each for each in app.number_input if each.key and each.key.startswith("ready_analyses_"))
    told = int(slot.value) + 1
    app = slot.set_value(told).run()
    app.switch_page("../pages/members.py")
    app = app.run()
    app.switch_page("../pages/lifecycle.py")
    app = app.run()
    assert app.number_input(key=slot.key).value == told
