"""The error boundary: clear words for what the caller can mend, an id and nothing personal for the rest."""

import logging

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import Problem, RuleError
from dashboard import errors


def script_with_caller_error():
    from core.errors import Problem, RuleError
    from dashboard.errors import boundary

    with boundary():
        raise RuleError(
            Problem(
                "field_unknown",
                node="c3",
                params={"name": "ci*ty"},
                allowed=("city", "title"),
                nearest="city",
            )
        )


def script_with_fault():
    import streamlit as st

    from dashboard.errors import boundary

    with boundary():
        raise KeyError("138" * 4)
    st.write("after")


def script_that_stops():
    import streamlit as st

    from dashboard.errors import boundary

    with boundary():
        st.write("before")
        st.stop()
    st.write("never")


def test_a_callers_error_says_what_where_and_what_is_allowed():
    page = AppTest.from_function(script_with_caller_error, default_timeout=30).run()
    message = page.error[0].value
    assert "ci\\*ty" in message
    assert "c3" in message
    assert "city, title" in message
    assert not page.exception


def test_a_callers_error_is_said_in_the_language_of_the_link():
    page = AppTest.from_function(script_with_caller_error, default_timeout=30)
    page.query_params["lang"] = "zh"
    assert "可用：city、title" in page.run().error[0].value


def test_a_fault_of_ours_shows_an_id_and_logs_no_value(caplog):
    with caplog.at_level(logging.ERROR, logger="coterie.dashboard"):
        page = AppTest.from_function(script_with_fault, default_timeout=30).run()
    [record] = [record for record in caplog.records if record.name == "coterie.dashboard"]
    identity = record.getMessage().split()[0]
    assert identity in page.error[0].value
    assert "KeyError" in record.getMessage()
    assert "138138" not in record.getMessage()
    assert "138138" not in page.error[0].value


def test_the_page_goes_on_after_a_boundary():
    page = AppTest.from_function(script_with_fault, default_timeout=30).run()
    assert [element.value for element in page.markdown] == ["after"]


def test_streamlits_own_control_flow_passes_through():
    page = AppTest.from_function(script_that_stops, default_timeout=30).run()
    assert [element.value for element in page.markdown] == ["before"]
    assert not page.error


def test_many_problems_are_listed_up_to_a_bound():
    error = RuleError(Problem("field_unknown", params={"name": f"t{i}"}) for i in range(20))
    lines = errors.describe(error).splitlines()
    assert len(lines) == errors.MOST_PROBLEMS + 1
    assert "12" in lines[-1]


@pytest.mark.parametrize(
    "words", ["*bold*", "[link](http://x)", ":red[x]", "$x$", "<b>", "a_b_c", "`code`", "# head"]
)
def test_words_that_look_like_markdown_are_shown_as_they_stand(words):
    shown = errors.verbatim(words)
    assert shown.replace("\\", "") == words
    assert all(shown[i - 1] == "\\" for i, sign in enumerate(shown) if sign in "*[]:$<>_`#")


def test_an_error_outside_every_boundary_is_shown_and_not_streamlits_own(caplog):
    shown = []
    original, st.error = st.error, shown.append
    try:
        assert errors.show_uncaught(ValueError("x")) is True
    finally:
        st.error = original
    assert len(shown) == 1
