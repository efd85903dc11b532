"""Files of four users that do not say since when they are users, with all that analyses ask about.

No user is known from events only either, so everybody has always been a user.
"""

from __future__ import annotations

from pathlib import Path

from core.workspace import Actor, Workspace

USERS = """\
user_id,source_channel,cost,signed_up
u1,ads,10,2019-07-03
u2,ads,20,2018-02-01
u3,friends,,2019-07-10
u4,friends,,
"""
EVENTS = """\
user_id,event,at,amount,coupon
u1,view,2019-01-02 10:00:00,,
u1,buy,2019-01-03 10:00:00,10,
u1,view,2019-07-03 10:00:00,,
u1,coupon_claim,2019-07-03 10:05:00,,满减
u1,buy,2019-07-03 10:10:00,100,
u2,view,2019-07-02 10:00:00,,
u2,view,2019-07-09 10:00:00,,
u2,buy,2019-07-09 11:00:00,30,
u3,view,2019-07-10 10:00:00,,
u3,coupon_claim,2019-07-10 10:05:00,,满减
"""
PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"

[[users]]
source = "users.csv"
id = "user_id"
[users.tags.source_channel]
column = "source_channel"
type = "enum"
label = {zh = "来源渠道", en = "Source channel"}
[users.tags.cost]
column = "cost"
type = "number"
label = {zh = "获客成本", en = "Cost"}

[[events]]
event_column = "event"
source = "events.csv"
user = "user_id"
at = "at"
amount = "amount"
properties = ["coupon"]

[[journey]]
key = "all"
label = {zh = "全程", en = "All the way"}
[[journey.steps]]
key = "register"
label = {zh = "注册", en = "Registered"}
[[journey.steps]]
key = "look"
label = {zh = "浏览", en = "Looked"}
events = ["view"]
[[journey.steps]]
key = "buy"
label = {zh = "购买", en = "Bought"}
events = ["buy"]
"""
WITH_DAYS = PLAN.replace('id = "user_id"\n', 'id = "user_id"\nregistered = "signed_up"\n')
"""The same with the column that says since when: u4 has no day and no event, so that one always was."""


def unregistered(folder: Path, plan: str = PLAN) -> Workspace:
    """Import them into `folder`/workspace."""
    files = folder / "unregistered"
    files.mkdir(parents=True)
    for name, text in (("users.csv", USERS), ("events.csv", EVENTS), ("plan.toml", plan)):
        (files / name).write_text(text, encoding="utf-8")
    door = Workspace.create(folder / "workspace")
    door.import_plan(files / "plan.toml", actor=Actor("测试员"))
    return door
