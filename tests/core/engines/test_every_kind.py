"""Every kind of condition by itself, in many random worlds: the engine finds whom the oracle finds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from tests.core.engines.agreement import assert_agreement
from tests.core.engines.kinds import BY_KIND
from tests.core.engines.worlds import World, days, rules_of, worlds


@pytest.mark.parametrize("kind", BY_KIND)
def test_the_engine_agrees_with_the_oracle_on_a_kind(kind: str) -> None:
    @given(rules_of(BY_KIND[kind]), worlds, days)
    @settings(max_examples=60, deadline=None)
    def agree(rule_json: dict[str, Any], world: World, as_of: date) -> None:
        assert_agreement(world, rule_json, as_of)

    agree()
