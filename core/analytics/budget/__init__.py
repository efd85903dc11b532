"""Budget and coupons: which group earns the money back, what coupons bring, whom an activity drew.

The parts: `plan` (what must be told), `comparing` (groups side by side), `splitting` (a sum over the groups),
`coupon_effects`, `activities`.
"""

from core.analytics.budget.activities import Activity, LastActivity, last_activity
from core.analytics.budget.comparing import MOST_GROUPS, BudgetGroup, BudgetGroups, groups
from core.analytics.budget.coupon_effects import Coupon, Coupons, coupons
from core.analytics.budget.plan import slots
from core.analytics.budget.splitting import BudgetShare, BudgetSplit, Expected, LeftOut, split, split_of

__all__ = [
    "MOST_GROUPS", "Activity", "BudgetGroup", "BudgetGroups", "BudgetShare", "BudgetSplit", "Coupon",
    "Coupons", "Expected", "LastActivity", "LeftOut", "coupons", "groups", "last_activity", "slots", "split",
    "split_of",
]  # fmt: skip
