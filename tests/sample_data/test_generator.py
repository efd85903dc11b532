"""The generator: same seed, same files; any size in bounded pieces; tables that keep the column contract."""

from __future__ import annotations

import filecmp
from pathlib import Path

import polars as pl
import pytest

from core.rules.share import user_hash
from core.schema import TAG_DTYPES, Catalogue, TagType, property_column, tag_column
from sample_data import tables
from sample_data.generate import SEED, USERS, main
from tests.sample_data.conftest import SAMPLE


def test_committed_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    main(["--users", str(USERS), "--seed", str(SEED), "--out", str(tmp_path)])
    made = sorted(path.name for path in tmp_path.iterdir())
    committed = sorted(path.name for path in SAMPLE.iterdir() if path.suffix in (".csv", ".toml"))
    assert made == committed
    _, differing, unreadable = filecmp.cmpfiles(tmp_path, SAMPLE, made, shallow=False)
    assert (differing, unreadable) == ([], [])


def test_another_seed_makes_another_marketplace() -> None:
    one, same, other = (next(tables.make_chunks(300, seed))["users"] for seed in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_the_committed_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.csv")) <= 10_000_000


@pytest.mark.parametrize("users", [1, 2, 7, 100])
def test_any_size_works(users: int, tmp_path: Path) -> None:
    main(["--users", str(users), "--out", str(tmp_path / "csv"), "--parquet", str(tmp_path / "parquet")])
    assert pl.read_csv(tmp_path / "csv" / "users.csv").height == users
    assert pl.read_parquet(tmp_path / "parquet" / "users.parquet").height == users


def test_pieces_join_without_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "CHUNK", 400)
    main(["--users", "1000", "--out", str(tmp_path), "--parquet", str(tmp_path)])
    users = pl.read_csv(tmp_path / "users.csv")
    assert users["user_id"].to_list() == [f"u{number:05d}" for number in range(1, 1001)]
    assert users["registered_at"].str.slice(0, 7).is_sorted()
    logins = pl.read_parquet(tmp_path / "events" / "login.parquet")
    assert logins.height == pl.read_csv(tmp_path / "logins.csv").height
    assert logins.equals(logins.sort("user_no", "at", maintain_order=True))
    assert pl.read_parquet(tmp_path / "keys.parquet")["user_no"].to_list() == list(range(1000))


def test_parquet_keeps_the_column_contract(tmp_path: Path) -> None:
    main(["--users", "2000", "--parquet", str(tmp_path)])
    catalogue = Catalogue.model_validate_json((tmp_path / "catalogue.json").read_text(encoding="utf-8"))
    users = pl.read_parquet(tmp_path / "users.parquet")
    imported = {key: tag for key, tag in catalogue.tags.items() if tag.computed is None}
    assert users.schema == {
        "user_no": pl.UInt32,
        "exists_from": pl.Date,
        **{tag_column(key): TAG_DTYPES[tag.type] for key, tag in imported.items()},
    }
    for key, tag in imported.items():
        column = users[tag_column(key)]
        assert tag.coverage == pytest.approx(1 - column.null_count() / len(column))
        values = column.drop_nulls()
        assert tag.distinct == (values.explode() if tag.type is TagType.MULTI else values).n_unique()
    for key, event in catalogue.events.items():
        occurrences = pl.read_parquet(tmp_path / "events" / f"{key}.parquet")
        assert occurrences.schema == {
            "user_no": pl.UInt32,
            "at": pl.Datetime("us", "UTC"),
            "day": pl.Date,
            **{property_column(name): TAG_DTYPES[spec.type] for name, spec in event.properties.items()},
        }
        assert (event.rows, event.first_day, event.last_day) == (
            occurrences.height,
            occurrences["day"].min(),
            occurrences["day"].max(),
        )
        local = occurrences["at"].dt.convert_time_zone(catalogue.time_zone).dt.date()
        assert local.equals(occurrences["day"])
    keys = pl.read_parquet(tmp_path / "keys.parquet")
    assert keys["hash"].to_list() == [user_hash(user) for user in keys["user_id"]]


def test_a_folder_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "--out" in capsys.readouterr().err
