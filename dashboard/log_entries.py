"""What an entry of the audit log says beyond who did what to which thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import WorkspaceError
from core.messages import say
from core.workspace import Action, LogEntry
from dashboard import state
from dashboard.i18n import pick, t


def detail(entry: LogEntry) -> str:
    """Return an entry's detail in the session's language; empty where there is nothing to add."""
    return _DETAILS[entry.action](entry.detail)


def field_names(keys: Sequence[str]) -> str:
    """Return fields by their labels in the present data, where it still has them."""
    try:
        tags = state.workspace().data_version().catalogue.tags
    except WorkspaceError:
        tags = {}
    return t("frame.comma").join(pick(tags[key].label) if key in tags else key for key in keys)


def _import(told: Mapping[str, Any]) -> str:
    return t("exports.log.import", plan=told["plan"], users=told["users"], events=told["events"])


def _export(told: Mapping[str, Any]) -> str:
    return t("exports.log.export", purpose=t(f"exports.purpose.{told['purpose']}"), rows=told["rows"])


def _revision(told: Mapping[str, Any]) -> str:
    return t("exports.log.revision", revision=told["revision"])


def _by_hand(told: Mapping[str, Any]) -> str:
    if "forgotten" in told:
        return t("exports.log.forgotten", n=told["forgotten"])
    parts = [t(f"exports.log.by_hand.{side}", n=told[side]) for side in ("added", "removed") if told[side]]
    return t("frame.comma").join(parts)


def _tag(told: Mapping[str, Any]) -> str:
    parts = [
        t("exports.log.revision", revision=told["version"]), t(f"tags.status.{told['status']}")
    ]  # fmt: skip
    if "merged_into" in told:
        parts.append(t("exports.log.merged", into=told["merged_into"]))
    return t("frame.comma").join(parts)


def _refresh(told: Mapping[str, Any]) -> str:
    ended = pick(say(f"refresh_state_{told['state']}"))
    return t("exports.log.refresh", state=ended, tags=told["tags"], audiences=told["audiences"])


def _setting(told: Mapping[str, Any]) -> str:
    hour = told["hour"]
    return t("exports.log.timer.off") if hour is None else t("exports.log.timer", hour=f"{hour:02}:00")


_DETAILS: Mapping[Action, Callable[[Mapping[str, Any]], str]] = {
    "import": _import,
    "activate": lambda told: t("exports.log.activate", users=told["users"]),
    "export": _export,
    "reveal": lambda told: field_names(told["fields"]),
    "add_list": lambda told: t("exports.log.list", source=told["source"], people=told["people"]),
    "replace_list": lambda told: t("exports.log.list", source=told["source"], people=told["people"]),
    "remove_list": lambda _told: "",
    "snapshot_audience": lambda told: t("exports.log.snapshot", day=told["as_of"], people=told["people"]),
    "save_audience": _revision,
    "rename_audience": _revision,
    "duplicate_audience": _revision,
    "delete_audience": _revision,
    "restore_audience": _revision,
    "purge_audience": _revision,
    "arrange_audience": _revision,
    "change_by_hand": _by_hand,
    "create_tag": _tag,
    "change_tag": _tag,
    "move_tag": _tag,
    "merge_tag": _tag,
    "give_tag_values": lambda told: t("exports.log.given", n=told["users"]),
    "refresh": _refresh,
    "change_setting": _setting,
}
