"""Small workspaces for reports: hostile words, no journey, no purchases, one user."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from core.workspace import Workspace
from tests.core.small_files import ACTOR, EVENTS, PLAN, USERS

HOSTILE = "<script>alert(1)</script>&\"'"
"""A value that would run, close an attribute or a text, if it reached a page as it is."""
WITHOUT_JOURNEY = PLAN[: PLAN.index("[[journey]]")]
EXACTLY_ONE = "".join(USERS.splitlines(keepends=True)[:2])
THEIR_EVENTS = "user_id,event,at,amount,channel\n" + "".join(
    f"u01,{event},2019-06-0{n} 10:00:00,{'20' if event == 'buy' else ''},app\n"
    for n, event in enumerate(("view", "favourite", "chat", "buy"), 1)
)
ONE_VISIT = "user_id,event,at,amount,channel\nu01,view,2019-06-01 10:00:00,,app\n"


def workspace_of(folder: Path, users: str = USERS, events: str = EVENTS, plan: str = PLAN) -> Workspace:
    files = folder / "files"
    files.mkdir(parents=True)
    (files / "users.csv").write_text(users, encoding="utf-8")
    (files / "events.csv").write_text(events, encoding="utf-8")
    (files / "plan.toml").write_text(plan, encoding="utf-8")
    door = Workspace.create(folder / "workspace")
    door.import_plan(files / "plan.toml", actor=ACTOR)
    return door


def hostile(folder: Path) -> Workspace:
    """A world in which every name that comes from the data is hostile: values, labels, campaigns, coupons."""
    users = _with(USERS, {"city": HOSTILE, "level": HOSTILE + "2"}, {"u01", "u02", "u03"})
    events = _with(EVENTS, {"channel": HOSTILE}, {"u01", "u03"})
    rows = [f"{user},{event},2019-07-0{n} 10:00:00,,{{}}" for n, (user, event) in enumerate(
        [("u01", "coupon_claim"), ("u01", "coupon_redeem"), ("u02", "message_push"), ("u02", "message_click"),
         ("u03", "activity_join")], 1,
    )]  # fmt: skip
    events += "".join(row.format(_quoted(HOSTILE)) + "\n" for row in rows)
    toml = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    plan = PLAN.replace('zh = "城市", en = "City"', f'zh = "{toml}", en = "{toml}"')
    plan = plan.replace('zh = "购买", en = "Bought"', f'zh = "{toml}", en = "{toml}"')
    plan = plan.replace('zh = "交易用户", en = "Buyers"', f'zh = "{toml}", en = "{toml}"')
    plan = plan.replace("[tags.spend]", f'[event_labels.buy]\nzh = "{toml}"\nen = "{toml}"\n[tags.spend]')
    return workspace_of(folder, users, events, plan)


def _with(text: str, values: dict[str, str], users: set[str]) -> str:
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **(values if row["user_id"] in users else {})})
    return out.getvalue()


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
