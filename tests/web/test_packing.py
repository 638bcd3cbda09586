"""What readers take along: the file of a search, of an article, its bounds, and who is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from test_web import CASE, OTHER, get, visit

from kb.desk import pack
from kb.indexer.build import build
from kb.settings import Settings
from kb.web import packing

Write = Callable[[str, str], Path]


@pytest.fixture
def site(settings: Settings, write: Write) -> FlaskClient:
    """A site of two articles."""
    write("printer/a.md", CASE)
    write("network/b.md", OTHER)
    build(settings)
    return visit(settings)


def test_what_a_search_found(site: FlaskClient) -> None:
    """The link of the results downloads a page of its own with what they show, and nothing else."""
    [link] = [k for k in get(site, "/search?q=卡纸&area=printer").links() if k.startswith("/pack")]
    answer = site.get(link)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "KB-000001" in answer.text
    assert "KB-000002</span>" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert not [k for k in get(site, "/search?q=zzqyx").links() if k.startswith("/pack")]


def test_one_article(site: FlaskClient) -> None:
    """The article's own link; a name that is none is not found."""
    [link] = [k for k in get(site, site.get("/a/KB-000002").location).links() if k.startswith("/pack")]
    answer = site.get(link)
    assert "KB-000002" in answer.headers["Content-Disposition"]
    assert "KB-000002" in answer.text
    assert site.get("/pack?article=KB-000999").status_code == 404


def test_bounds(site: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many articles, too large a file, too long a time and a second file at once are refused with a sentence."""
    with packing._turn:
        assert "过几秒" in get(site, "/pack?q=", 503).text
    monkeypatch.setattr(packing, "SECONDS", -1.0)
    assert "时间太长" in get(site, "/pack?q=", 400).text
    monkeypatch.setattr(pack, "MAX_FILE", 10)
    monkeypatch.setattr(packing, "SECONDS", 60.0)
    assert "MB" in get(site, "/pack?q=", 400).text
    monkeypatch.setattr(packing, "MAX_PACKED", 1)
    assert "最多收 1 篇" in get(site, "/pack?q=", 400).text
    assert get(site, "/pack?q=zzqyx", 400).text.count("没有文章可以打包")


def test_other_sites_pages_pack_nothing(site: FlaskClient) -> None:
    """A foreign page can't make this one work; a reader who follows a link of it may."""
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert site.get("/pack?article=KB-000001", headers=foreign).status_code == 403
    assert site.get("/pack?article=KB-000001", headers={**foreign, "Sec-Fetch-User": "?1"}).status_code == 200
