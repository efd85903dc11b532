"""What the workspace answers: rules read and checked, counts, previews, members, the catalogue."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core import clock
from core.errors import CallerError, NotFound, RuleError, WorkspaceError
from core.messages import message_of
from core.rules.parse import parse_rule
from core.schema import TagType
from core.workspace import Workspace, asks_nothing
from core.workspace.engines import Engines
from tests.core.small_files import ACTOR

CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
PHONE = {"kind": "tag", "id": "c2", "tag": "phone", "op": "is", "value": "13800000001"}


def rule(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


def test_a_count_says_whom_it_counted_and_from_which_data(workspace: Workspace) -> None:
    answer = workspace.count(workspace.parse(rule(CITY)))
    found = answer.as_json()
    assert {key: found[key] for key in ("count", "matched", "base", "as_of")} == {
        "count": 3,
        "matched": 3,
        "base": 7,
        "as_of": "2019-07-14",
    }
    assert found["data_version"] == workspace.data_version().id
    assert set(found["sentence"]) == {"zh", "en"}  # type: ignore[call-overload]
    assert found["nodes"] == {
        "g0": {"own": 3, "running": 3, "without": 7, "missing": 0},
        "c1": {"own": 3, "running": 3, "without": 7, "missing": 1},
    }
    assert found["not_historical"] == []


def test_an_earlier_day_marks_imported_tags_as_not_historical(workspace: Workspace) -> None:
    spend = {"kind": "tag", "id": "c3", "tag": "spend", "op": "gt", "value": 0}
    muted = {"kind": "tag", "id": "c4", "tag": "level", "op": "is_set", "muted": True}
    below = {"kind": "tag", "id": "c5", "tag": "level", "op": "is_set"}
    aside = {"kind": "group", "id": "g5", "match": "all", "children": [below], "muted": True}
    asked = workspace.parse(rule(CITY, spend, muted, aside, take={"n": 2, "by": "points"}))
    earlier = workspace.count(asked, date(2019, 6, 30))
    assert earlier.not_historical == ("city", "points")
    assert "not_historical" in [warning["code"] for warning in earlier.as_json()["warnings"]]  # type: ignore[union-attr,attr-defined]
    assert workspace.count(asked, date(2019, 7, 14)).not_historical == ()
    assert workspace.count(asked, date(2019, 8, 1)).not_historical == ()


def test_a_rule_with_an_error_is_never_counted(workspace: Workspace) -> None:
    broken = parse_rule(rule({**CITY, "tag": "ctiy"}))
    for ask in (
        lambda: workspace.count(broken),
        lambda: workspace.members(broken),
        lambda: workspace.preview(broken, ["city"]),
        lambda: workspace.breakdown(broken, "city"),
        lambda: workspace.parse(rule({**CITY, "tag": "ctiy"})),
    ):
        with pytest.raises(RuleError) as refused:
            ask()
        assert refused.value.problems[0].nearest == "city"


def test_faults_of_shape_and_unknown_names_are_told_at_once(workspace: Workspace) -> None:
    login = {"kind": "event", "id": "e", "event": "lgoin", "measure": "count", "op": "gte", "value": 1}
    cases: list[tuple[dict[str, object], list[tuple[str, str | None]]]] = [
        (
            rule({**CITY, "id": "a", "kind": "tagg"}, {**CITY, "tag": "ctiy"}),
            [("unknown_kind", "a"), ("unknown_tag", "c1")],
        ),
        (rule({**login, "window": {}}), [("window_empty", "e"), ("unknown_event", "e")]),
        (
            rule({**login, "where": [{"prop": "x"}], "muted": 1}, take={"n": 0, "by": "city"}),
            [
                *(("field_missing", "e"), ("field_missing", "e"), ("unknown_field", "e")),
                *(("wrong_type", "e"), ("below_bound", None), ("unknown_event", "e")),
            ],
        ),
        (
            rule({"kind": "group", "id": "g1", "match": "at_least", "children": [{**CITY, "op": "iss"}]}),
            [("k_missing", "g1"), ("unknown_op", "c1")],
        ),
        (rule({**CITY, "tag": "ctiy"}, takes=1), [("unknown_field", None), ("unknown_tag", "c1")]),
        # What is left without its broken parts is told of no fault that it has not.
        (
            rule({"kind": "group", "id": "g1", "match": "at_least", "k": 2, "children": [CITY, {"id": "x"}]}),
            [("field_missing", "x")],
        ),
        (
            rule({"kind": "group", "id": "g1", "match": "any", "children": [{"id": "x"}]}, exclude=3),
            [("field_missing", "x"), ("wrong_type", None)],
        ),
    ]
    for source, expected in cases:
        checked = workspace.check(source)
        assert checked.rule is None
        assert sorted((p.code, p.node or "") for p in checked.problems) == sorted(
            (code, node or "") for code, node in expected
        )
        with pytest.raises(RuleError) as refused:
            workspace.parse(source)
        assert refused.value.problems == checked.problems


def test_checking_never_raises_and_tells_errors_from_warnings(workspace: Workspace) -> None:
    assert workspace.check("{no json").rule is None
    broken = workspace.check(rule({**CITY, "tag": "ctiy"}))
    assert broken.rule is not None
    assert broken.errors
    assert workspace.check(rule(CITY)).errors == ()


@pytest.mark.parametrize("as_of", [date(1899, 12, 31), date(3000, 1, 1), date.max, date.min])
def test_a_day_outside_of_any_calendar_is_refused(as_of: date, workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError) as refused:
        workspace.count(workspace.parse(rule(CITY)), as_of)
    assert refused.value.code == "as_of_out_of_range"


def test_previews_mask_personal_fields_until_revealed(workspace: Workspace) -> None:
    asked = workspace.parse(rule(CITY))
    fields = ["name", "phone", "email", "address", "card_id", "city"]
    masked = workspace.preview(asked, fields)
    assert masked.columns == ["user_id", *fields]
    assert masked.rows()[1] == (
        "u01", "王**", "138****0001", "w***@example.com", "北京市***", "11***", "北京",
    )  # fmt: skip
    assert masked.rows()[2][:4] == ("u02", "**", "138****0002", "***@example.com")
    assert workspace.preview(asked, fields, reveal=True).rows()[1][2] == "13800000001"
    assert workspace.preview(asked, ["city"], limit=1).height == 1


def test_previews_name_the_nearest_field(workspace: Workspace) -> None:
    with pytest.raises(NotFound) as refused:
        workspace.preview(workspace.parse(rule(CITY)), ["phnoe", "city"])
    assert refused.value.problems[0].nearest == "phone"


def test_menus_and_charts_mask_personal_values_until_revealed(workspace: Workspace) -> None:
    asked = workspace.parse(rule())
    assert ("****", 1) in workspace.values("phone")
    assert all(value != "13800000001" for value, _ in workspace.values("phone"))
    assert workspace.values("phone", search="0001") == [("138****0001", 1)]
    assert workspace.values("phone", search="0000000") == []
    assert ("13800000001", 1) in workspace.values("phone", reveal=True)
    assert {bar.value for bar in workspace.breakdown(asked, "name").bars} <= {"王**", "**", "J**", "周**"}
    assert "王小明" in {bar.value for bar in workspace.breakdown(asked, "name", reveal=True).bars}
    assert workspace.values("city")[0] == ("北京", 3)
    assert workspace.values("channel", event="view") == [("app", 1), ("web", 1)]
    assert workspace.known_values("city", ["北京", "南京"]) == {"北京"}


@pytest.mark.parametrize(
    ("tag", "event", "nearest"), [("ctiy", None, "city"), ("chanel", "buy", "channel"), ("x", "byu", "buy")]
)
def test_values_of_what_does_not_exist_name_the_nearest(
    tag: str, event: str | None, nearest: str, workspace: Workspace
) -> None:
    with pytest.raises(NotFound) as refused:
        workspace.values(tag, event=event)
    assert refused.value.problems[0].nearest == nearest


def test_sentences_show_personal_values_to_who_typed_them_and_nobody_else(workspace: Workspace) -> None:
    asked = workspace.parse(rule(PHONE))
    assert "13800000001" in workspace.sentence(asked)["zh"]
    hidden = workspace.sentence(asked, reveal=False)
    assert all("138****0001" in text and "13800000001" not in text for text in hidden.values())


def test_members_are_sorted_by_code_point(workspace: Workspace) -> None:
    assert workspace.members(workspace.parse(rule(CITY))) == ["007", "u01", "u02"]


def test_the_catalogue_knows_the_coverage_of_computed_tags(workspace: Workspace) -> None:
    tags = workspace.catalogue().tags
    assert tags["last_buy"].coverage == pytest.approx(2 / 7)
    assert tags["last_buy"].type is TagType.DATE
    assert tags["spend"].coverage == 1
    assert tags["city"].coverage == pytest.approx(6 / 7)
    assert workspace.catalogue() is workspace.catalogue()


def test_the_listing_shows_values_and_ranges_but_nothing_personal(workspace: Workspace) -> None:
    listed = {tag.spec.key: tag for tag in workspace.listing().tags}
    assert listed["city"].values == (("北京", 3), ("上海", 2), ("广州", 1))
    assert listed["is_vip"].values == (("true", 3), ("false", 2))
    assert (listed["points"].low, listed["points"].high) == (-3, 200)
    assert (listed["last_buy"].low, listed["last_buy"].high) == (date(2019, 6, 3), date(2019, 7, 1))
    assert (listed["phone"].values, listed["phone"].low) == ((), None)


def test_without_a_day_in_the_plan_the_newest_event_counts_but_never_the_future(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = workspace.data_version()
    catalogue = version.catalogue.model_copy(update={"as_of": None})
    monkeypatch.setattr(
        workspace, "data_version", lambda: version.model_copy(update={"catalogue": catalogue})
    )
    assert workspace.default_as_of() == date(2019, 7, 1)
    monkeypatch.setattr(clock, "yesterday", lambda _: date(2019, 6, 20))
    assert workspace.default_as_of() == date(2019, 6, 20)


@pytest.mark.parametrize("conditions", [(), ({**CITY, "muted": True},)])
def test_a_rule_without_a_condition_in_force_asks_nothing(conditions: tuple[dict[str, object], ...]) -> None:
    assert asks_nothing(parse_rule(rule(*conditions)))
    assert asks_nothing(parse_rule(rule(*conditions, take={"share": 1, "seed": "x"})))


def test_a_condition_in_either_tree_asks_something() -> None:
    excluded = {"kind": "group", "id": "g1", "match": "any", "children": [CITY]}
    assert not asks_nothing(parse_rule(rule(CITY)))
    assert not asks_nothing(parse_rule(rule(exclude=excluded)))


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="workspace_missing"):
        Workspace.open(tmp_path / "gone")
    with pytest.raises(WorkspaceError, match="workspace_unrecognised"):
        Workspace.open(tmp_path)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(WorkspaceError, match="workspace_unrecognised"):
        Workspace.create(tmp_path)
    with pytest.raises(WorkspaceError, match="workspace_unwritable"):
        Workspace.create(tmp_path / "holiday.jpg" / "below")


def test_a_workspace_without_data_says_so(tmp_path: Path) -> None:
    empty = Workspace.create(tmp_path / "new")
    for ask in (empty.data_version, empty.catalogue, empty.default_as_of, lambda: empty.parse(rule(CITY))):
        with pytest.raises(WorkspaceError) as refused:
            ask()
        assert refused.value.code == "no_data"
        assert str(empty.root) in message_of(refused.value.problems[0])["en"]
    assert empty.audiences() == []
    assert empty.data_versions() == []


def test_another_process_s_import_is_seen_and_an_earlier_version_comes_back(
    root: Path, small_files: Path
) -> None:
    mine, other = Workspace.open(root), Workspace.open(root)
    first = mine.data_version()
    assert mine.count(mine.parse(rule(CITY))).answer.count == 3
    other.import_plan(small_files / "plan.toml", actor=ACTOR)
    second = mine.data_version()
    assert second.id != first.id
    assert mine.count(mine.parse(rule(CITY))).data_version == second.id
    mine.activate(first.id, ACTOR)
    assert other.data_version().id == first.id
    assert [version.id for version in mine.data_versions()] == [second.id, first.id]
    assert [entry.action for entry in mine.log()] == ["activate", "import", "import"]


def test_an_unknown_version_cannot_be_put_in_use(workspace: Workspace) -> None:
    before = workspace.data_version().id
    with pytest.raises(NotFound):
        workspace.activate("20190101T000000Z-nothing", ACTOR)
    assert workspace.data_version().id == before
    assert [entry.action for entry in workspace.log()] == ["import"]


def test_sessions_share_one_engine_and_a_replaced_one_is_let_go() -> None:
    made: list[str] = []

    class Stub:
        pass

    class Version:
        def __init__(self, name: str) -> None:
            self.id = name

    def make(version: Version) -> Stub:
        made.append(version.id)
        return Stub()

    engines = Engines(make)  # type: ignore[arg-type]
    old = Version("old")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: id(engines.of(old)), range(50)))  # type: ignore[arg-type]
    assert len(found) == 1
    in_use = engines.of(old)  # type: ignore[arg-type]
    engines.of(Version("new"))  # type: ignore[arg-type]
    assert engines.of(old) is in_use  # type: ignore[arg-type]
    engines.of(Version("new"))  # type: ignore[arg-type]
    left = weakref.ref(in_use)
    del in_use
    assert left() is None
    assert made == ["old", "new", "new"]


def test_threads_that_ask_at_once_get_the_same_answers(workspace: Workspace) -> None:
    asked = workspace.parse(rule(CITY))
    start = threading.Barrier(8)

    def ask(_: int) -> int:
        start.wait()
        return workspace.count(asked).answer.count

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [3] * 8


def test_the_page_reads_only_uploads_and_the_data_folder(
    workspace: Workspace, small_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ask in (
        lambda: workspace.inspect_source(small_files / "users.csv"),
        lambda: workspace.propose_plan([small_files / "users.csv"], "Asia/Shanghai"),
    ):
        with pytest.raises(CallerError):
            ask()
    monkeypatch.setenv("COTERIE_DATA_DIR", str(small_files))
    assert workspace.data_folder() == small_files.resolve()
    assert workspace.inspect_source(small_files / "users.csv").rows == 7
    (workspace.upload_dir() / "mine.csv").write_bytes((small_files / "users.csv").read_bytes())
    monkeypatch.delenv("COTERIE_DATA_DIR")
    proposed = workspace.propose_plan(["mine.csv"], "Asia/Shanghai")
    report = workspace.import_plan(proposed, actor=ACTOR)
    assert report.users == 7
    assert workspace.log(1)[0].detail["plan"] == "page"


def test_reveals_are_logged_with_who_what_and_where(workspace: Workspace) -> None:
    before = datetime.now(UTC)
    workspace.log_reveal(["phone", "name"], "preview", ACTOR)
    entry = workspace.log(1)[0]
    assert (entry.action, entry.subject, entry.by, dict(entry.detail)) == (
        "reveal", "preview", ACTOR, {"fields": ["phone", "name"]},
    )  # fmt: skip
    assert before <= entry.at <= datetime.now(UTC)


def test_how_much_an_engine_remembers_is_set_by_the_environment(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_CACHE_MB", "7")
    assert Workspace.open(root)._engine()[1]._cache.limit_bytes == 7 << 20  # type: ignore[attr-defined]
    monkeypatch.delenv("COTERIE_CACHE_MB")
    assert Workspace.open(root)._engine()[1]._cache.limit_bytes == 512 << 20  # type: ignore[attr-defined]
    monkeypatch.setenv("COTERIE_CACHE_MB", "viel")
    with pytest.raises(WorkspaceError, match="cache_setting"):
        Workspace.open(root)._engine()
