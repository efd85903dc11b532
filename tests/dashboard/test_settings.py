"""Streamlit's settings: what keeps the dashboard fast, private and offline must not get lost."""

import pytest
from streamlit import config

from dashboard import server


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("browser.gatherUsageStats", False),
        ("client.showErrorDetails", "none"),
        ("client.showErrorLinks", False),
        ("runner.postScriptGC", False),
        ("server.address", "127.0.0.1"),
        ("server.enableXsrfProtection", True),
        ("server.enableCORS", True),
        ("server.maxUploadSize", 200),
    ],
)
def test_a_setting_has_its_value(option, value):
    assert server.options()[option] == value


def test_every_setting_is_one_that_streamlit_knows():
    assert set(server.options()) <= set(config.get_config_options())


def test_only_names_of_this_machine_are_served():
    assert set(server.options()["server.allowedHosts"]) == {"127.0.0.1", "localhost"}


def test_the_environment_overrides_a_setting(monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "50")
    monkeypatch.setenv("STREAMLIT_RUNNER_POST_SCRIPT_GC", "true")
    options = server.options()
    assert "server.maxUploadSize" not in options
    assert "runner.postScriptGC" not in options
    assert "server.address" in options
