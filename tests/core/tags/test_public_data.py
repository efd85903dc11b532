"""RFM, bands and quantiles on public data, person by person, against figures that DuckDB computes from the files.

The queries are written from the definitions in words (docs/semantics.md and the descriptions of the ready tags).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.schema import USER_ID
from core.workspace import Actor, TagDefinition, Workspace

ROOT = Path(__file__).parents[3]
PLANS = ROOT / "docs" / "import-plans"
DATA = ROOT.parent / "shared" / "data"
LI = Actor("李")

RETAIL = """
    CREATE TABLE lines AS SELECT CustomerID AS who, InvoiceNo, CAST(InvoiceDate AS TIMESTAMP) AS moment,
        CAST(Quantity AS DECIMAL(12, 0)) * CAST(UnitPrice AS DECIMAL(12, 3)) AS amount
    FROM read_csv('{folder}/online_retail.csv.gz', all_varchar = true) WHERE CustomerID IS NOT NULL;
    CREATE TABLE people AS SELECT DISTINCT who FROM lines;
    CREATE TABLE bought AS SELECT who, CAST(moment AS DATE) AS day, amount, amount > 0 AS is_paid FROM lines WHERE InvoiceNo NOT LIKE 'C%';
    CREATE TABLE refunded AS SELECT who, -amount AS amount FROM lines WHERE InvoiceNo LIKE 'C%';
"""
JOURNEY = """
    CREATE TABLE bought AS SELECT CAST(household_id AS VARCHAR) AS who,
        CAST(transaction_timestamp AS DATE) AS day,
        CAST(sales_value AS DECIMAL(12, 2)) AS amount, sales_value > 0 AS is_paid
    FROM read_parquet('{folder}/transactions.parquet') WHERE transaction_timestamp < '2018-01-01';
    CREATE TABLE people AS SELECT DISTINCT who FROM (SELECT who FROM bought
        UNION ALL SELECT CAST(household_id AS VARCHAR) FROM read_parquet('{folder}/campaigns.parquet')
        UNION ALL SELECT CAST(household_id AS VARCHAR) FROM read_parquet('{folder}/coupon_redemptions.parquet')
        UNION ALL SELECT CAST(household_id AS VARCHAR) FROM read_parquet('{folder}/demographics.parquet'));
    CREATE TABLE refunded AS SELECT NULL::VARCHAR AS who, NULL::DECIMAL(12, 2) AS amount WHERE false;
"""
# Buyers paid something at least once. Of n buyers the i-th edge is the ceil(i n / 5)-th smallest value, in whole
# numbers (quantile_disc(0.4) takes 0.4 for a float and may be one off); a value above exactly j edges scores
# j + 1, of the recency 5 - j.
BUYERS = """
    CREATE TABLE buyers AS
    SELECT who, DATE '{day}' - max(day) FILTER (is_paid) AS days, count(*) FILTER (is_paid) AS times,
        sum(amount) - coalesce((SELECT sum(r.amount) FROM refunded r WHERE r.who = b.who), 0) AS spend
    FROM bought b GROUP BY who HAVING count(*) FILTER (is_paid) > 0
"""
QUINTILES = """
    CREATE TABLE edges AS SELECT
        list_transform([1, 2, 3, 4], lambda i: list(days ORDER BY days)[(i * count(*) + 4) // 5]) AS r,
        list_transform([1, 2, 3, 4], lambda i: list(times ORDER BY times)[(i * count(*) + 4) // 5]) AS f,
        list_transform([1, 2, 3, 4], lambda i: list(spend ORDER BY spend)[(i * count(*) + 4) // 5]) AS m FROM buyers;
    CREATE TABLE scores AS SELECT who, 5 - len(list_filter(r, lambda e: days > e)) AS r,
        1 + len(list_filter(f, lambda e: times > e)) AS f, 1 + len(list_filter(m, lambda e: spend > e)) AS m
    FROM buyers, edges;
"""
THRESHOLDS = """
    CREATE TABLE scores AS SELECT who,
        CASE WHEN days < 31 THEN 5 WHEN days < 91 THEN 4 WHEN days < 181 THEN 3 WHEN days < 366 THEN 2 ELSE 1 END AS r,
        CASE WHEN times < 2 THEN 1 WHEN times < 3 THEN 2 WHEN times < 5 THEN 3 WHEN times < 10 THEN 4 ELSE 5 END AS f,
        CASE WHEN spend < 500 THEN 1 WHEN spend < 1000 THEN 2 WHEN spend < 3000 THEN 3
            WHEN spend < 10000 THEN 4 ELSE 5 END AS m
    FROM buyers;
"""
CELLS = """
    SELECT p.who, s.r, s.f, s.m, CASE
        WHEN s.who IS NULL THEN '从未购买'
        WHEN s.r >= 4 AND s.f >= 4 AND s.m >= 4 THEN '重要价值' WHEN s.r >= 4 AND s.f < 4 AND s.m >= 4 THEN '重要发展'
        WHEN s.r < 4 AND s.f >= 4 AND s.m >= 4 THEN '重要保持' WHEN s.r < 4 AND s.f < 4 AND s.m >= 4 THEN '重要挽留'
        WHEN s.r >= 4 AND s.f >= 4 THEN '一般价值' WHEN s.r >= 4 THEN '一般发展'
        WHEN s.f >= 4 THEN '一般保持' ELSE '一般挽留' END AS cell
    FROM people p LEFT JOIN scores s ON s.who = p.who
"""


@pytest.fixture(scope="module", params=["online-retail", "complete-journey"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A public data set imported by its worked example, and the same files in DuckDB."""
    name = request.param.replace("-", "_")
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED: tags on {name}: its files are not in ../shared/data/{name}")
    workspace = Workspace.create(tmp_path_factory.mktemp("public") / "workspace")
    workspace.import_plan(PLANS / f"{request.param}.toml", actor=LI, base_dir=folder)
    script = RETAIL if name == "online_retail" else JOURNEY
    with duckdb.connect() as connection:
        connection.execute(script.format(folder=folder))
        connection.execute(BUYERS.format(day=workspace.default_as_of()))
        yield workspace, connection


def values(workspace: Workspace, *keys: str) -> dict[str, tuple[Any, ...]]:
    everybody = workspace.parse({"include": {"kind": "group", "id": "g", "match": "all", "children": []}})
    _, engine, day, rule = workspace._asked(everybody, None)
    frame = engine.frame(engine.members(rule, day), keys, day)
    return {row[0]: tuple(row[1:]) for row in frame.select(USER_ID, *keys).rows()}


@pytest.mark.parametrize("method", ["quintiles", "thresholds"])
def test_rfm_scores_and_cells_are_those_of_the_definition(shop: Any, method: str) -> None:
    workspace, connection = shop
    proposed = workspace.proposals("rfm", {"method": method}, free=True)
    workspace.create_tags(proposed, actor=LI)
    keys = {each.key.split("_")[1]: each.key for each in proposed}
    connection.execute("DROP TABLE IF EXISTS scores; DROP TABLE IF EXISTS edges")
    connection.execute(QUINTILES if method == "quintiles" else THRESHOLDS)
    expected = {
        who: (*(None if score is None else str(score) for score in scores), cell)
        for who, *scores, cell in connection.execute(CELLS).fetchall()
    }
    found = values(workspace, keys["r"], keys["f"], keys["m"], keys["cell"])
    assert found == expected
    assert sum(cell != "从未购买" for *_, cell in found.values()) == len(
        connection.execute("SELECT who FROM buyers").fetchall()
    )


def test_bands_and_quantiles_divide_people_as_the_files_say(shop: Any) -> None:
    workspace, connection = shop
    spend = next(each for each in workspace.proposals("rfm") if each.key == "rfm_paid")
    making = {"kind": "bands", "of": "paid", "edges": [100, 1000.5, 5000], "labels": ["少", "中", None, "多"]}
    parts = {"kind": "quantiles", "of": "paid", "labels": ["一", "二", "三"]}
    workspace.create_tags(
        [
            replace(spend, key="paid"),
            replace(spend, key="band", making=TagDefinition.from_json(definition("band", making)).making),
            replace(spend, key="third", making=TagDefinition.from_json(definition("third", parts)).making),
        ],
        actor=LI,
    )
    expected = connection.execute(
        """
        WITH paid AS (SELECT who, sum(amount) AS n FROM bought GROUP BY who),
            cuts AS (SELECT list_transform([1, 2], lambda i: list(n ORDER BY n)[(i * count(*) + 2) // 3]) AS q
                FROM paid)
        SELECT p.who,
            CASE WHEN n < 100 THEN '少' WHEN n < 1000.5 THEN '中' WHEN n >= 5000 THEN '多' END,
            CASE WHEN n <= q[1] THEN '一' WHEN n <= q[2] THEN '二' WHEN n > q[2] THEN '三' END
        FROM people p LEFT JOIN paid ON paid.who = p.who, cuts
        """
    ).fetchall()
    assert values(workspace, "band", "third") == {who: (band, part) for who, band, part in expected}


def definition(key: str, making: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "label": {"zh": key, "en": key}, "making": making}
