"""The plans in docs/import-plans run on the public data and count what plain Python counts."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from core.ingest import read_plan, run_import
from core.lake.lake import Lake
from core.schema import TagType

ROOT = Path(__file__).parents[3]
PLANS = ROOT / "docs" / "import-plans"
DATA = ROOT.parent / "shared" / "data"


def _folder(name: str) -> Path:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED: the worked example on {name}: its files are not in ../shared/data/{name}")
    return folder


def test_online_retail(tmp_path: Path) -> None:
    folder = _folder("online_retail")
    lake = Lake(tmp_path / "lake")
    report = run_import(lake, read_plan(PLANS / "online-retail.toml"), folder)

    with gzip.open(folder / "online_retail.csv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = [row for row in csv.DictReader(file) if row["CustomerID"]]
    bought = [row for row in lines if not row["InvoiceNo"].startswith("C")]
    assert (report.users, report.events) == (len({row["CustomerID"] for row in lines}), len(lines))
    assert report.rejects == ()
    purchase, cancellation = report.sources[1], report.sources[2]
    assert (purchase.rows_read, purchase.rows_used) == (541_909, len(bought))
    assert cancellation.rows_used == len(lines) - len(bought)

    version = lake.current()
    assert version is not None
    tables = lake.tables(version)
    keys = tables.keys()
    events = tables.events("purchase", ["user_no", "day", "prop:amount", "prop:invoice"]).join(
        keys, on="user_no"
    )
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in bought:
        spent[row["CustomerID"]] += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
    sums = dict(events.group_by("user_id").agg(pl.col("prop:amount").sum()).iter_rows())
    assert sums.keys() == spent.keys()
    for user, value in spent.items():
        assert sums[user] == pytest.approx(float(value), abs=1e-6)
    assert events["prop:invoice"].n_unique() == len({row["InvoiceNo"] for row in bought})
    assert {str(day) for day in events["day"].unique()} == {row["InvoiceDate"][:10] for row in bought}
    countries: dict[str, str] = {}
    for row in lines:
        countries[row["CustomerID"]] = min(row["Country"], countries.get(row["CustomerID"], "~"))
    users = tables.users(["user_no", "tag:country", "exists_from"]).join(keys, on="user_no")
    assert dict(users.select("user_id", "tag:country").iter_rows()) == countries
    assert users["exists_from"].null_count() == 0
    assert version.catalogue.events["purchase"].properties["amount"].type is TagType.NUMBER


def test_complete_journey(tmp_path: Path) -> None:
    folder = _folder("complete_journey")
    lake = Lake(tmp_path / "lake")
    report = run_import(lake, read_plan(PLANS / "complete-journey.toml"), folder)

    lines = pl.read_parquet(folder / "transactions.parquet", columns=["household_id", "sales_value"])
    sent = pl.read_parquet(folder / "campaigns.parquet")
    redeemed = pl.read_parquet(folder / "coupon_redemptions.parquet")
    told = pl.read_parquet(folder / "demographics.parquet")
    households = {
        *lines["household_id"],
        *sent["household_id"],
        *redeemed["household_id"],
        *told["household_id"],
    }
    version = lake.current()
    assert version is not None
    rows = {key: spec.rows for key, spec in version.catalogue.events.items()}
    assert rows == {"purchase": 1_469_307, "coupon_redeem": 2_102, "campaign_sent": 6_589}
    assert report.users == len(households)
    assert report.rejects == ()

    tables = lake.tables(version)
    keys = tables.keys()
    spent: dict[str, float] = defaultdict(float)
    for household, value in lines.iter_rows():
        spent[str(household)] += value
    purchases = tables.events("purchase", ["user_no", "prop:amount"])
    sums = dict(
        purchases.group_by("user_no")
        .agg(pl.col("prop:amount").sum())
        .join(keys, on="user_no")
        .select("user_id", "prop:amount")
        .iter_rows()
    )
    assert sums.keys() == spent.keys()
    assert all(sums[user] == pytest.approx(value) for user, value in spent.items())
    assert version.catalogue.tags["age"].coverage == pytest.approx(801 / len(households))
    assert version.catalogue.events["purchase"].properties["basket"].type is TagType.TEXT
    departments = version.catalogue.events["purchase"].properties["department"]
    joined = pl.read_parquet(folder / "transactions.parquet", columns=["product_id"]).join(
        pl.read_parquet(folder / "products.parquet"), on="product_id"
    )
    assert departments.distinct == joined["department"].drop_nulls().n_unique()


@pytest.mark.parametrize("name", ["online-retail", "complete-journey"])
def test_every_plan_has_its_page(name: str) -> None:
    page = (PLANS / f"{name}.md").read_text("utf-8")
    assert f"{name}.toml" in page


def test_the_reference_names_every_key_of_a_plan() -> None:
    from core.ingest import import_json_schema

    page = (PLANS / "README.md").read_text("utf-8")
    schema = import_json_schema()
    keys = set(schema["properties"])
    for entry in schema["$defs"].values():
        keys |= set(entry.get("properties", ()))
    missing = {key for key in keys - {"zh", "en"} if f"`{key}`" not in page}
    assert not missing
