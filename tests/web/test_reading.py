"""What readers do is noted: searches, visits, whether an article helped; and what the article page offers."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from test_web import CASE, OTHER, Page, get, visit

from kb.database import tables
from kb.database.connection import Store
from kb.indexer.build import build
from kb.settings import Settings, load

Write = Callable[[str, str], Path]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def site(settings: Settings, write: Write) -> FlaskClient:
    """A site of two articles."""
    write("printer/a.md", CASE)
    write("network/b.md", OTHER)
    build(settings)
    return visit(settings)


def rows(client: FlaskClient, table: Any) -> list[Any]:
    store: Store = client.application.config["STORE"]
    with store.session() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def opened(client: FlaskClient, path: str, code: int = 200) -> Page:
    """The page that an address leads to."""
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == code, path
    return Page(answer)


def rate(client: FlaskClient, verdict: str, article: str = "KB-000001", **fields: str) -> Page:
    [token] = {t["value"] for t in opened(client, "/a/KB-000001").all("input", name="token")}
    sent = {"token": token, "article": article, "verdict": verdict, **fields}
    answer = client.post("/rate", data=sent, follow_redirects=True)
    assert answer.status_code == 200
    return Page(answer)


# --- searches and visits ---------------------------------------------------------------------


def test_half_typed_words_are_not_noted(site: FlaskClient) -> None:
    """Results asked for while somebody types are the hits alone, and no search until a script says that it was one."""
    part = site.get("/search?q=卡", headers={"X-Part": "typed"})
    assert "data-hit" in part.text
    assert "<html" not in part.text
    assert rows(site, tables.Search) == []
    assert site.get("/search?q=卡纸", headers={"X-Part": "noted"}).status_code == 204
    assert "data-hit" in site.get("/search?q=搓纸", headers={"X-Part": "meant"}).text
    assert [r.text for r in rows(site, tables.Search)] == ["卡纸", "搓纸"]


def test_a_search_is_noted(site: FlaskClient) -> None:
    """Its words, what was shown and how sure; other pages, orders and a repetition are the same search."""
    get(site, "/search?q=卡纸")
    get(site, "/search?q=卡纸&page=2")
    get(site, "/search?q=卡纸&sort=updated")
    get(site, "/search?q=卡纸&lang=en")
    get(site, "/search?q=&area=printer")
    get(site, "/search")
    [noted] = rows(site, tables.Search)
    assert (noted.mode, noted.text, noted.total, noted.shown) == ("search", "卡纸", 1, ["KB-000001"])
    assert 0 < noted.best < 1
    get(site, "/search?q=量子纠缠")
    get(site, "/search?q=卡纸")
    assert [(r.text, r.total, r.shown) for r in rows(site, tables.Search)][1:] == [
        ("量子纠缠", 0, []),
        ("卡纸", 1, ["KB-000001"]),
    ]


def test_most_used_first(site: FlaskClient) -> None:
    """A verdict counts at once in the order of use, on the page and in the API."""
    pattern = re.compile(r'href="/a/(KB-\d+)[^"]*" data-hit')
    before = pattern.findall(site.get("/search?sort=used").text)
    last = before[-1]
    rate(site, "helpful", last)
    assert pattern.findall(site.get("/search?sort=used").text) == [last, *before[:-1]]
    assert [hit["id"] for hit in site.get("/api/v1/search?sort=used").get_json()["hits"]] == [last, *before[:-1]]
    assert "sort=used" in site.get("/search?q=卡纸").text


def test_a_search_is_masked(site: FlaskClient) -> None:
    """Customers' data is not kept."""
    get(site, "/search?q=13812345678 卡纸")
    assert "13812345678" not in rows(site, tables.Search)[0].text


def test_a_visit_knows_its_search(site: FlaskClient) -> None:
    """Who follows a result's link comes from that search; the address stays one that can be shared."""
    links = get(site, "/search?q=卡纸").links()
    [link] = {k.partition("#")[0] for k in links if k.startswith("/a/KB-000001")}
    assert "s=" not in link
    opened(site, link)
    opened(site, "/a/KB-000002")
    opened(site, "/a/KB-000002?h=别的词")
    first, second, third = rows(site, tables.Visit)
    assert (first.article, first.search) == ("KB-000001", rows(site, tables.Search)[0].id)
    assert (second.article, second.search, third.search) == ("KB-000002", None, None)
    stranger = site.application.test_client()
    stranger.get(link)
    assert rows(site, tables.Visit)[-1].search is None
    assert len({v.visitor for v in rows(site, tables.Visit)}) == 2


def test_what_was_not_opened_is_no_visit(site: FlaskClient) -> None:
    """A redirect, a missing article, and an article seen again from itself are none."""
    site.get("/a/KB-000001")
    site.get("/a/KB-000009")
    assert rows(site, tables.Visit) == []
    address = site.get("/a/KB-000001").location
    site.get(address)
    site.get(address + "?lang=en", headers={"Referer": "http://localhost" + address})
    assert len(rows(site, tables.Visit)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
    ],
)
def test_what_no_reader_asked_is_not_noted(site: FlaskClient, headers: dict[str, str]) -> None:
    """Another site's page and a browser that reads ahead search, open and paste without leaving a trace."""
    for path in ("/search?q=卡纸", "/suggest?text=卡纸", "/api/v1/search?q=卡纸", "/a/KB-000001?h=卡纸"):
        assert site.get(path, headers=headers, follow_redirects=True).status_code == 200
    assert rows(site, tables.Search) == rows(site, tables.Visit) == []


def test_a_link_that_is_followed_is_a_visit(site: FlaskClient) -> None:
    """A reader who comes from a ticket by a link opens the article; a page that embeds it does not."""
    for extra, visits in (({}, 0), ({"Sec-Fetch-User": "?1"}, 1)):
        headers = {"Sec-Fetch-Site": "cross-site", **extra}
        assert site.get("/a/KB-000001", headers=headers, follow_redirects=True).status_code == 200
        assert len(rows(site, tables.Visit)) == visits


def test_the_cookie_holds_no_words(site: FlaskClient) -> None:
    """What was searched and pasted is not carried around: the session has the number of a row."""
    site.get("/search?q=卡纸")
    with site.session_transaction() as session:
        first = session["search"]
        assert isinstance(first, int)
    site.get("/suggest?text=打印机卡纸")
    with site.session_transaction() as session:
        assert isinstance(session["search"], int)
        assert session["search"] != first
    form = site.get("/suggest?text=打印机卡纸")
    [sent] = {t["value"] for t in Page(form).all("input", name="token")}
    site.post("/suggest", data={"token": sent, "text": "打印机卡纸\n密码 Abc12345"})
    site.post("/ask", data={"token": sent, "text": "打印机卡纸"})
    with site.session_transaction() as session:
        held = json.dumps(dict(session), ensure_ascii=False)
    assert "visitor" in held
    assert not [word for word in ("卡纸", "Abc12345", "打印机") if word in held]


def test_nothing_is_noted_when_nothing_is_kept(write: Write, settings: Settings) -> None:
    """With log_days 0 nothing is written, nobody gets a name, and no verdict is asked for."""
    write("printer/a.md", CASE)
    folder = settings.articles.parent
    quiet = load({"workers": 1, "log_days": 0}, folder)
    build(quiet)
    site = visit(quiet)
    get(site, "/search?q=卡纸")
    page = opened(site, "/a/KB-000001?h=卡纸")
    assert "这篇有帮助吗" not in page.text
    assert rows(site, tables.Search) == rows(site, tables.Visit) == []
    assert "sort=used" not in site.get("/search?q=卡纸").text
    with site.session_transaction() as session:
        assert "visitor" not in session


def test_a_log_that_fails_keeps_nobody_from_reading(
    write: Write, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Searching and reading go on without the database, with a warning that quotes nobody."""
    write("printer/a.md", CASE)
    build(settings)
    (tmp_path / "broken.db").write_text("this is no database, whatever it is called" * 99)
    site = visit(load({"workers": 1, "database": str(tmp_path / "broken.db")}, tmp_path))
    assert "Printer jam" in get(site, "/search?q=卡纸").text
    assert "Printer jam" in opened(site, "/a/KB-000001?h=卡纸").text
    assert caplog.records
    assert "卡纸" not in caplog.text


# --- did it help? ----------------------------------------------------------------------------


def test_it_helped(site: FlaskClient) -> None:
    """One click is kept, counted for all on the article and in results, and can be taken back."""
    page = rate(site, "helpful")
    assert "您说：有帮助" in page.text
    assert "有效 1 次" in page.text
    assert "有效 1 次" in get(site.application.test_client(), "/search?q=卡纸").text
    page = rate(site, "undo")
    assert "有效 1 次" not in page.text
    assert rows(site, tables.Verdict) == []


def test_it_did_not_help(site: FlaskClient) -> None:
    """With a reason and a comment; the last answer counts."""
    rate(site, "helpful")
    page = rate(site, "wrong", comment="电话 13812345678 打不通")
    assert "您说：没帮助" in page.text
    [kept] = rows(site, tables.Verdict)
    assert (kept.verdict, kept.reason, kept.text) == ("unhelpful", "wrong", "")
    assert "打不通" in kept.comment
    assert "13812345678" not in kept.comment
    assert "有效 1 次" not in page.text


def test_a_verdict_knows_its_search(site: FlaskClient) -> None:
    """It belongs to the search that led here, and leads back to the same marked page."""
    get(site, "/search?q=卡纸")
    page = rate(site, "helpful", h="卡纸")
    assert page.all("mark")
    assert rows(site, tables.Verdict)[0].search == rows(site, tables.Search)[0].id


def test_the_form_needs_no_script(site: FlaskClient) -> None:
    """Every answer is a button of a form with a token: helped, and each reason why not."""
    page = opened(site, "/a/KB-000001")
    values = [b["value"] for b in page.all("button", name="verdict")]
    assert values == ["helpful", "incomplete", "wrong", "unclear", "links", "other"]
    assert page.all("textarea", name="comment")
    for reason in ("信息不足", "不准确", "看不懂", "链接失效", "其他"):
        assert reason in page.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"verdict": "helpful", "article": "KB-000001"}, 400),
        ({"verdict": "great", "article": "KB-000001", "token": "right"}, 400),
        ({"verdict": "", "article": "KB-000001", "token": "right"}, 400),
        ({"verdict": "helpful", "article": "KB-999999", "token": "right"}, 404),
        ({"verdict": "helpful", "token": "right"}, 404),
    ],
)
def test_a_verdict_that_is_none(site: FlaskClient, fields: dict[str, str], status: int) -> None:
    """Without the form's token, with another word or for no article: refused in words, nothing kept."""
    token = opened(site, "/a/KB-000001").all("input", name="token")[0]["value"]
    sent = {**fields, **({"token": token} if fields.get("token") else {})}
    assert site.post("/rate", data=sent).status_code == status
    assert rows(site, tables.Verdict) == []
    assert site.get("/rate").status_code == 405


def test_nobody_takes_back_for_others(site: FlaskClient) -> None:
    """A verdict belongs to the browser that gave it."""
    rate(site, "helpful")
    other = visit_again(site)
    rate(other, "undo")
    assert len(rows(site, tables.Verdict)) == 1


def visit_again(client: FlaskClient) -> FlaskClient:
    """Another visitor of the same site."""
    return client.application.test_client()


# --- the article page ------------------------------------------------------------------------


def test_same_fault(site: FlaskClient, write: Write, settings: Settings) -> None:
    """An article about the same is shown as what it is."""
    write("printer/c.md", CASE.replace("KB-000001", "KB-000007"))
    build(settings)
    assert "同一篇文字" in opened(site, "/a/KB-000001").text


def test_product_leads_to_its_page(site: FlaskClient) -> None:
    assert "/product/HP%20LaserJet" in opened(site, "/a/KB-000001").links()


def test_an_old_path_leads_on(site: FlaskClient, write: Write, settings: Settings) -> None:
    """The address and the links of an article that moved lead to where it is now."""
    store: Store = site.application.config["STORE"]
    with store.session() as session:
        session.add(tables.Rename(old="old/name.md", new="network/b.md", at=datetime(2026, 1, 1)))
    for name in ("old/name.md", "old/name"):
        assert site.get(f"/a/{name}").location.startswith("/a/KB-000002-")
    write("printer/d.md", "---\nid: KB-000008\ntitle: d\n---\n[旧](../old/name.md#解决) [无](../old/other.md)\n")
    build(settings)
    links = opened(site, "/a/KB-000008").links()
    assert any(k.startswith("/a/KB-000002-") and "#" in k for k in links)
    assert "/files/old/other.md" in links
    assert site.get("/a/old/other.md").status_code == 404


def test_print(site: FlaskClient) -> None:
    """A printed article says its number and where it came from."""
    assert "KB-000001 · http://localhost/a/KB-000001" in opened(site, "/a/KB-000001").text


# --- feed ------------------------------------------------------------------------------------


def test_feed_is_valid_atom(site: FlaskClient, write: Write, settings: Settings) -> None:
    """Each entry has what Atom requires, an id that outlives its title, and says whether it is new or changed."""
    write("new.md", "---\nid: KB-000004\ntitle: 新的\ncreated: 2026-03-01\nupdated: 2026-03-01\n---\nx\n")
    write("both.md", "---\nid: KB-000005\ntitle: 改的\ncreated: 2026-01-01\nupdated: 2026-02-28\n---\nx\n")
    build(settings)
    root = ET.fromstring(site.get("/feed.xml").data)
    assert [root.find(ATOM + name) is not None for name in ("id", "title", "updated", "author")] == [True] * 4
    entries = root.findall(ATOM + "entry")
    moments = [e.findtext(ATOM + "updated") or "" for e in entries]
    assert moments == sorted(moments, reverse=True)
    assert root.findtext(ATOM + "updated") == moments[0] == "2026-03-01T00:00:00Z"
    assert [e.findtext(ATOM + "title") for e in entries][:2] == ["新增：新的", "更新：改的"]
    assert entries[1].findtext(ATOM + "published") == "2026-01-01T00:00:00Z"
    assert [c.attrib["term"] for c in entries[0].findall(ATOM + "category")] == ["new", "manual"]
    ids = [e.findtext(ATOM + "id") for e in entries]
    assert ids[0] == "http://localhost/a/KB-000004"
    assert len(set(ids)) == len(ids)


def test_feed_without_articles(settings: Settings) -> None:
    """An empty feed still says when it was made."""
    build(settings)
    root = ET.fromstring(visit(settings).get("/feed.xml").data)
    assert datetime.fromisoformat(root.findtext(ATOM + "updated") or "")


# --- what stands before and after the text ----------------------------------------------------


def source(client: FlaskClient, path: str, **environ: str) -> str:
    """The HTML of the page that an address leads to. environ: of the request, such as REMOTE_ADDR."""
    answer = client.get(client.get(path).location or path, environ_overrides=environ)
    assert answer.status_code == 200, path
    return answer.text


@pytest.mark.parametrize(
    ("facts", "told", "states"),
    [
        ("status: draft", "还没有发布", {"review", "published", "archived"}),
        ("status: review", "等人审核", {"draft", "published", "archived"}),
        ("status: archived", "可能不再适用", {"draft", "published"}),
        ("review_after: 2020-05-06", "2020年5月6日", {"review", "archived"}),
    ],
)
def test_what_waits_is_told_first(settings: Settings, write: Write, facts: str, told: str, states: set[str]) -> None:
    """A bar before the title says what a reader must know, with what a writer may do; else there is none."""
    text = re.sub("(?m)^review_after: .*\n|^status: .*\n", "", CASE)
    write("a.md", text.replace("---\n", f"---\n{facts}\n", 1))
    write("b.md", OTHER)
    build(settings)
    client = visit(settings)
    bar = source(client, "/a/KB-000001").partition("<h1>")[0]
    assert told in bar
    assert set(re.findall('name="to" value="([a-z]+)"', bar)) <= states
    assert 'name="to"' in bar
    assert ("/review/a.md" in bar) is ("review_after" in facts)
    reader = source(client, "/a/KB-000001", REMOTE_ADDR="192.0.2.7")
    assert told in reader
    assert 'name="to"' not in reader
    assert 'class="waits' not in source(client, "/a/KB-000002")


def test_where_one_reads_on(site: FlaskClient) -> None:
    """Codes, products and other articles stand behind the text; without marked words there is no bar for them."""
    html = source(site, "/a/KB-000001")
    onward = html.partition("</article>")[2].partition('class="beside"')[0]
    assert "/product/HP%20LaserJet" in onward
    assert "data-marks" not in html
    assert 'data-marks="0"' in source(site, "/a/KB-000001?h=zzqyx")


def test_an_empty_result_is_written_up(site: FlaskClient) -> None:
    """Who may write starts an article whose title is what was searched in vain."""
    page = opened(site, "/search?q=zzqyx")
    assert page.all("form", action="/new")
    [token] = {t["value"] for t in page.all("input", name="token")}
    begun = site.post("/new", data={"token": token, "kind": "case", "title": "zzqyx"})
    assert begun.status_code == 200
    assert "zzqyx" in begun.text
    assert 'action="/new"' not in source(site, "/search?q=zzqyx", REMOTE_ADDR="192.0.2.7")
