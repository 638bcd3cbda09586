"""The lead's tables and decisions through the API, and what there is to look around in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from conftest import index_of_its_own
from flask.testing import FlaskClient

from kb.articles import golden
from kb.desk.examination import examine
from kb.desk.schemas import Table
from kb.search.index import Index
from kb.settings import Settings
from kb.web import create_app
from kb.web.insights import PERIODS, ROWS

PASTE = "激光打印机报50.2，打出来的纸字一摸就掉黑"


@pytest.fixture(scope="module")
def client(built: Index, sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """The sample base, where somebody searched in vain and an article helped with a paste. Not written to."""
    folder = tmp_path_factory.mktemp("insights")
    index = index_of_its_own(built, folder / "index")
    settings = replace(sample_settings, database=str(folder / "guzhi.db"), index=index)
    examine(settings)
    client = create_app(settings).test_client()
    for _ in range(2):
        client.get("/api/v1/search?q=量子纠缠 zzzz")
    search = client.post("/api/v1/suggest", json={"text": PASTE}).json["search"]
    said = {"article": "KB-000013", "verdict": "helpful", "text": PASTE, "search": search}
    assert client.post("/api/v1/verdicts", json=said).status_code == 201
    return client


def test_names() -> None:
    """The description names the tables there are, and the periods of the pages."""
    assert get_args(Table) == tuple(ROWS)
    assert PERIODS == (7, 30, 90, 365)


@pytest.mark.parametrize("table", ROWS)
def test_every_table(client: FlaskClient, table: str) -> None:
    """Every table is told with all its rows."""
    answer = client.get(f"/api/v1/insights/{table}?days=30")
    assert answer.status_code == 200
    assert (answer.json["table"], answer.json["days"], answer.json["complete"]) == (table, 30, True)
    assert isinstance(answer.json["rows"], list)


def test_what_was_missed_and_what_helped(client: FlaskClient) -> None:
    """The gap, the article that helped and its promotion are among the rows."""
    rows = {t: client.get(f"/api/v1/insights/{t}").json["rows"] for t in ("weeks", "gaps", "articles", "promotions")}
    assert (rows["weeks"][-1]["searches"], rows["weeks"][-1]["pastes"], rows["weeks"][-1]["helpful"]) == (2, 1, 1)
    assert (rows["gaps"][0]["text"], rows["gaps"][0]["times"]) == ("量子纠缠 zzzz", 2)
    assert (rows["articles"][0]["article"]["id"], rows["articles"][0]["helpful"]) == ("KB-000013", 1)
    assert [(p["text"], p["article"]["id"]) for p in rows["promotions"]] == [(PASTE, "KB-000013")]


def test_mistakes(client: FlaskClient) -> None:
    """An unknown table is a 404 that names the tables, an unknown period a 400 that names the parameter."""
    missing = client.get("/api/v1/insights/nothing")
    assert (missing.status_code, list(missing.json)) == (404, ["error"])
    assert "gaps" in missing.json["error"]["message"]
    assert client.get("/api/v1/insights/gaps?days=8").json["error"]["field"] == "days"
    assert client.post("/api/v1/golden", json={"text": "x", "article": "KB-000013"}).status_code == 400


def test_decisions(settings: Settings, write: Callable[[str, str], Path], sample_settings: Settings) -> None:
    """A synonym and a golden query are written where kb reads them; the same once more is refused."""
    client = create_app(replace(settings, index=sample_settings.index)).test_client()
    line = {"line": "卡纸 = 夹纸", "decision": "accept"}
    assert client.post("/api/v1/synonyms", json=line).status_code == 201
    assert "卡纸 = 夹纸" in (settings.articles / "synonyms.txt").read_text("utf8")
    assert client.post("/api/v1/synonyms", json=line).status_code == 400
    text = {"text": PASTE, "article": "KB-000013"}
    assert client.post("/api/v1/verdicts", json={**text, "verdict": "helpful"}).status_code == 201
    assert client.post("/api/v1/golden", json=text).status_code == 201
    assert [(g.query, g.articles, g.mode) for g in golden.load(settings.articles)] == [
        (PASTE, ("KB-000013",), "suggest")
    ]
    assert client.post("/api/v1/golden", json=text).status_code == 400


def test_looking_around(client: FlaskClient) -> None:
    """Areas by cause add up; a product is found in any case, an unknown one tells those near it."""
    overview = client.get("/api/v1/overview").json
    printer = next(a for a in overview["areas"] if a["value"] == "printer")
    assert printer["count"] == client.get("/api/v1/search?area=printer&size=1").json["total"]
    assert 0 < sum(c["count"] for c in printer["causes"]) <= printer["count"]
    product = client.get("/api/v1/products/epson%20tm-t88v").json
    assert product["name"] == "Epson TM-T88V"
    assert product["articles"] == len({a["id"] for a in product["newest"]})
    missing = client.get("/api/v1/products/Epson")
    assert missing.status_code == 404
    assert "Epson TM-T88V" in missing.json["error"]["message"]
