"""From a goal of the business to whom to talk to, and when: a set of tags with the audiences on them.

`GOALS` lists the goals, one entry each; what they plan is there only when somebody keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.tags.goals.growing import ACQUISITION, ACTIVATION, CLICKS
from core.tags.goals.plan import AudienceProposal, Goal, Plan
from core.tags.goals.selling import CONVERSION, FREQUENCY, RESCUE

__all__ = ["GOALS", "AudienceProposal", "Goal", "Plan"]

GOALS: Mapping[str, Goal] = {
    goal.key: goal for goal in (ACQUISITION, ACTIVATION, CLICKS, CONVERSION, RESCUE, FREQUENCY)
}
