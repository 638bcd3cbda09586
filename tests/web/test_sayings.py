"""What customers said in cases becomes aliases: proposed to writers, accepted into the file, or refused for good."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ARTICLES
from flask.testing import FlaskClient

from kb.articles.files import ArticleFile
from kb.articles.writing.form import items_of, values_of
from kb.indexer.build import build
from kb.model.casework import Role
from kb.service import cases as service
from kb.service.cases import Author, Cases
from kb.settings import Settings, load
from kb.web import create_app

LI = Author("李四", Role.LEAD)
ARTICLE = "KB-000012"
REPORT = "您好，13800138000 王工：\n财务室那只喷墨老爷机闹脾气罢工。\n麻烦尽快处理，谢谢"
SAYING = "财务室那只喷墨老爷机闹脾气罢工"
RESTORE = {"verification": "试打十页", "cause": "software", "handling": "remote"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Articles about printers that may be written to, with a desk."""
    shutil.copytree(ARTICLES / "printer", tmp_path / "articles" / "printer")
    found = load({"workers": 1, "service": "on"}, tmp_path)
    build(found)
    return found


@pytest.fixture
def cases(settings: Settings) -> Cases:
    return service.opened(settings)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def solved(cases: Cases, report: str, article: str = ARTICLE) -> str:
    number = cases.report(report, {"channel": "phone"}, LI).now.number
    cases.add(number, "call", LI, "已回电")
    cases.add(number, "restore", LI, "换成 PCL 6 驱动", RESTORE)
    cases.add(number, "link", LI, given={"article": article})
    return cases.add(number, "confirm", LI).now.number


def proposed(client: FlaskClient) -> list[str]:
    return re.findall(r'name="said" value="([^"]+)"', client.get("/review").text)


def decide(client: FlaskClient, said: str, decision: str, text: str = "") -> None:
    token = re.search(r'name="token" value="([^"]+)"', client.get("/review").text)
    assert token
    given = {
        "token": token[1],
        "editor": "编辑",
        "article": ARTICLE,
        "said": said,
        "text": text or said,
        "back": "review",
    }
    assert client.post("/review/saying", data=given | {"decision": decision}).status_code == 303


def aliases(settings: Settings) -> list[str]:
    [path] = [p for p in settings.articles.rglob("*.md") if ARTICLE in p.read_text("utf8")[:400]]
    file = ArticleFile.of(str(path), path.read_text("utf8"))
    return items_of("aliases", values_of(file)["aliases"])


def test_words_of_a_customer_are_proposed_and_accepted(settings: Settings, cases: Cases, client: FlaskClient) -> None:
    """Masked and without courtesy, once the case is closed; accepted they stand in the file, and find the article."""
    number = cases.report(REPORT, {"channel": "phone"}, LI).now.number
    assert proposed(client) == []
    assert number
    closed = solved(cases, REPORT)
    assert proposed(client) == [SAYING]
    page = client.get("/review").text
    assert "13800138000" not in page
    assert f"/cases/{closed}" in page
    decide(client, SAYING, "accept")
    assert SAYING in aliases(settings)
    assert proposed(client) == []
    found = client.get("/api/v1/search", query_string={"q": SAYING}).get_json()
    assert found["hits"][0]["id"] == ARTICLE


def test_what_is_refused_comes_no_more(settings: Settings, cases: Cases, client: FlaskClient) -> None:
    """Whoever says it again; what was put right before it was accepted comes no more either."""
    solved(cases, REPORT)
    decide(client, SAYING, "refuse")
    solved(cases, REPORT)
    assert proposed(client) == []
    assert SAYING not in aliases(settings)
    other = "墨盒老伙计今早躺平了"
    solved(cases, other)
    assert proposed(client) == [other]
    decide(client, other, "accept", "喷墨机罢工")
    assert "喷墨机罢工" in aliases(settings)
    assert proposed(client) == []


def test_what_finds_its_article_is_no_proposal(cases: Cases, client: FlaskClient) -> None:
    """Neither what it says already, nor talk, nor the report of a case whose article is no more."""
    solved(cases, "HP P3015 打印机屏幕一直是 49.4C02 ERROR")
    solved(cases, "麻烦今天尽快来看看，很急")
    solved(cases, "喷墨老爷机闹脾气罢工", "KB-999999")
    assert proposed(client) == []


def test_a_site_without_a_desk_proposes_nothing(settings: Settings, cases: Cases) -> None:
    """No section, whatever a database holds."""
    solved(cases, REPORT)
    assert "said" not in create_app(replace(settings, service="off")).test_client().get("/review").text
