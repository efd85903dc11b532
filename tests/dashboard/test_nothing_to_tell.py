"""Pages without purchases, without events and about nobody: a sentence, and no error, trace or NaN."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.analyses import ANALYSES
from core.messages import say
from dashboard import state
from tests.core.nothing_to_tell import LACKING, NOBODY, with_an_audience_of_nobody
from tests.core.unregistered import WITH_DAYS, unregistered

Open = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    """Return what stands on the page, having found nothing that broke."""
    assert not app.exception
    assert not app.error
    drawn = [element.proto.json for element in app.get("bidi_component")]
    drawn += [chart.proto.spec for chart in app.get("plotly_chart")]
    assert not [each for each in drawn if "NaN" in each or "Infinity" in each]
    said = (*app.info, *app.caption, *app.markdown, *app.header)
    return "\n".join(each.value for each in said).replace("\\", "")


def as_table(app: AppTest, key: str) -> AppTest:
    views = [each for each in app.segmented_control if each.key == f"analyses_view_{key}"]
    return views[0].set_value("table").run() if views else app


@pytest.mark.parametrize("key", ANALYSES)
@pytest.mark.parametrize("world", LACKING)
def test_a_page_without_what_it_needs_says_what_that_is(
    world: str, key: str, workspace_root: Path, open_page: Open
) -> None:
    door = LACKING[world](workspace_root.parent)
    app = open_page(key)
    for shown in (app, as_table(app, key)):
        said = texts(shown)
        if key in ("overview", "lifecycle", "rfm") and not door.catalogue().journey:
            assert "This page has nothing to show." in said
            assert "the event of a purchase" in said
        if key == "rfm":
            assert "the amount: this data has nothing to choose from" in said
        if key in ("budget", "channels"):
            assert "Some parts are absent." in said


@pytest.mark.parametrize("key", ANALYSES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_about_nobody_says_so_in_the_words_of_the_report(
    key: str, language: str, workspace_root: Path, open_page: Open
) -> None:
    with_an_audience_of_nobody(workspace_root.parent)
    (audience,) = state.workspace().audiences()
    app = open_page(key, language=language, audience=audience.id)
    sentence = say("report_nobody_in_audience", audience=NOBODY, day="2019-07-14")
    for shown in (app, as_table(app, key)):
        assert sentence["zh" if language == "zh" else "en"] in texts(shown)
        assert not shown.get("plotly_chart")


@pytest.mark.parametrize("key", ANALYSES)
@pytest.mark.parametrize("first", ["2019-04-01", "2010-01-01"])
def test_a_page_of_days_on_which_nothing_happened_breaks_nowhere(
    first: str, key: str, workspace_root: Path, open_page: Open
) -> None:
    unregistered(workspace_root.parent, WITH_DAYS)
    app = open_page(key, **{"from": first, "to": f"{first[:-2]}10"})
    if key == "budget":
        app = app.selectbox(key="ready_analyses_budget_whom").set_value("new").run()
        assert ("Nobody is new from" if first == "2019-04-01" else "Nothing is recorded") in texts(app)
    texts(as_table(app, key))


def test_a_setting_that_was_emptied_is_asked_for_again(workspace_root: Path, open_page: Open) -> None:
    with_an_audience_of_nobody(workspace_root.parent)
    app = open_page("overview")
    assert "This page has nothing to show." not in texts(app)
    app = app.multiselect(key="ready_analyses_overview_activity").set_value([]).run()
    assert "This page has nothing to show." in texts(app)
