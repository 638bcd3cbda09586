"""The pages: what a reader gets, in both languages, and what a visitor can't get."""

import logging
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.indexer.build import build
from kb.model import MAX_ANSWERS
from kb.search.embedded import EmbeddedEngine
from kb.settings import Settings
from kb.web import MAX_BODY, create_app, security

Write = Callable[[str, str], Path]

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
MAX_PAGE = 200_000
"""Bytes of a page with all its files."""

PASTE = "您好，\n打印机 HP P3015 屏幕一直是 49.4C02 ERROR，关了再开又死机。\n电话 13812345678，王工 wang@corp.cn\n"
ANSWER = "KB-000012"

CASE = """\
---
id: KB-000001
kind: case
title: Printer jam 13.20.01 卡纸
area: printer
cause: hardware
handling: onsite
severity: P3
product: [HP LaserJet, Canon]
tags: [jam, fuser]
aliases: [paper stuck]
status: published
owner: helpdesk
updated: 2026-01-02
review_after: 2020-01-01
---
## 现象

打印机卡纸，进纸时咔咔响。See [the other](../network/b.md#解决) and ![photo](img/photo.png).

## 排查

| a | b |
|:--|--:|
| 1 | 2 |

- [x] done

## 解决

1. 更换搓纸轮。
"""

OTHER = """\
---
id: KB-000002
kind: case
title: 网口灯不亮
area: network
cause: line
status: published
updated: 2026-02-02
---
## 现象

墙上的网口灯不亮，打印机也连不上。

## 解决

重新压接水晶头。
"""

DRAFT = CASE.replace("KB-000001", "KB-000003").replace("published", "draft").replace("Printer jam", "Secret jam")

PNG = bytes.fromhex("89504e470d0a1a0a")


class Page(HTMLParser):
    """What a page is made of: its elements with their attributes, and the text people read."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._raw = 0
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        self._raw += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._raw -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        return [a for t, a in self.elements if t == tag and attributes.items() <= a.items()]

    def links(self) -> list[str]:
        return [a["href"] for a in self.all("a") if "href" in a]


class Client(FlaskClient):
    """A visitor who reads every answer to its end, so that no file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


def visit(settings: Settings) -> FlaskClient:
    app = create_app(settings)
    app.test_client_class = Client
    return app.test_client()


@pytest.fixture
def site(settings: Settings, write: Write) -> FlaskClient:
    """A site of two articles and a draft, with an image."""
    write("printer/a.md", CASE)
    write("network/b.md", OTHER)
    write("printer/draft.md", DRAFT)
    (settings.articles / "printer/img").mkdir()
    (settings.articles / "printer/img/photo.png").write_bytes(PNG)
    build(settings)
    return visit(settings)


@pytest.fixture
def sample(sample_settings: Settings) -> FlaskClient:
    """The site of the repository's own articles."""
    return visit(sample_settings)


def token(client: FlaskClient) -> str:
    """A form token of this visitor's session."""
    return Page(client.get("/suggest")).all("input", name="token")[0]["value"]


def post(client: FlaskClient, path: str, text: str, **headers: str) -> TestResponse:
    return client.post(path, data={"token": token(client), "text": text}, headers=headers)


def get(client: FlaskClient, path: str, code: int = 200) -> Page:
    response = client.get(path)
    assert response.status_code == code, path
    return Page(response)


# --- home and the one box --------------------------------------------------------------------


def test_home(site: FlaskClient) -> None:
    """The start page has the box, ways to browse with counts, and the newest articles, no drafts."""
    page = get(site, "/")
    assert page.all("textarea", name="text")
    assert "/search?area=printer" in page.links()
    assert page.text.index("网口灯不亮") < page.text.index("Printer jam 13.20.01")
    assert "Secret jam" not in page.text


def test_home_without_articles(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty base greets with three ways in; the sample is a command, where the program brings it its whole one."""
    build(settings)
    site = visit(settings)
    page = get(site, "/")
    assert {"/import", "/new"} <= set(page.links())
    assert "kb serve --articles" in page.text
    assert {"Import what you have", "Write the first", "Try the sample"} <= set(
        re.findall("<h3>(.*?)</h3>", site.get("/?lang=en").text)
    )
    monkeypatch.setattr("kb.__file__", str(settings.articles / "kb" / "__init__.py"))
    assert "./scripts/start" in get(site, "/").text
    reader = get_from(site, "/", REMOTE_ADDR="192.0.2.7")
    assert "/import" not in reader.links()
    assert str(settings.articles) not in reader.text


def test_home_with_drafts_alone(settings: Settings, write: Write) -> None:
    """What is not published yet is named, with the way to publish it."""
    write("a.md", CASE.replace("status: published", "status: draft"))
    build(settings)
    page = get(visit(settings), "/")
    assert "有 1 篇草稿或归档" in page.text
    assert "/review" in page.links()


def get_from(client: FlaskClient, path: str, **environ: str) -> Page:
    return Page(client.get(path, environ_overrides=environ))


def test_ask_searches_a_few_words(site: FlaskClient) -> None:
    """A few words become a search that has an address."""
    response = post(site, "/ask", " 卡纸 ")
    assert (response.status_code, unquote(response.location)) == (303, "/search?q=卡纸")
    assert post(site, "/ask", "  ").location == "/"


def test_ask_matches_a_paste(sample: FlaskClient) -> None:
    """A paste becomes suggestions, and stays in the box."""
    page = Page(post(sample, "/ask", PASTE))
    assert any(k.startswith(f"/a/{ANSWER}-") for k in page.links())
    assert PASTE.strip() in page.text


# --- search ----------------------------------------------------------------------------------


def test_search(site: FlaskClient) -> None:
    """A hit links to its article with the words to mark, and says why it was found."""
    page = get(site, "/search?q=卡纸")
    assert any(link.startswith("/a/KB-000001-") and "?h=" + quote("卡纸") in link for link in page.links())
    assert page.all("mark")
    assert "为什么" in page.text
    assert "Secret jam" not in page.text


def test_search_facets_and_filters(site: FlaskClient) -> None:
    """A facet's value adds itself to the address; when chosen it can be removed, alone or with all."""
    assert "/search?q=%E6%89%93%E5%8D%B0%E6%9C%BA&area=network" in get(site, "/search?q=打印机").links()
    page = get(site, "/search?q=打印机&area=network&cause=line")
    assert "网口灯不亮" in page.text
    assert "Printer jam" not in page.text
    query = "/search?q=" + quote("打印机")
    assert {query, query + "&area=network", query + "&cause=line"} <= set(page.links())
    assert len(page.all("a", **{"aria-current": "true"})) == 2
    both = get(site, "/search?q=打印机&area=network&area=printer")
    assert "网口灯不亮" in both.text
    assert "Printer jam" in both.text
    assert "网口灯不亮" in get(site, "/search?q=打印机&area=网络").text


def test_search_by_date(site: FlaskClient) -> None:
    """Bounds on the date are filters; a date that is none is left out."""
    assert "Printer jam" not in get(site, "/search?q=打印机&after=2026-02-01").text
    assert "网口灯不亮" not in get(site, "/search?q=打印机&before=2026-02-01").text
    assert "Printer jam" in get(site, "/search?q=打印机&after=gestern&page=x&size=-1&sort=up").text


@pytest.mark.parametrize("query", ["q=打印机&area=printer", "q=", "area=printer"])
def test_search_sort(site: FlaskClient, query: str) -> None:
    """Each order is a link that keeps the rest, and the one in force is no link, also without words."""
    for order, other in (("updated", "created"), ("created", "updated")):
        text = site.get(f"/search?{query}&sort={order}").text
        [row] = re.findall(r'<p class="sort">(.*?)</p>', text, re.DOTALL)
        assert re.findall(r"<b>(.*?)</b>", row) == [{"updated": "最近更新", "created": "最近创建"}[order]]
        [link] = [unescape(k) for k in re.findall(r'href="(.*?)"', row) if k.endswith(f"sort={other}")]
        assert ("area=printer" in link) == ("area=printer" in query)


def test_search_pager(sample: FlaskClient) -> None:
    """Pages lead on and back; the size stays; a page after the last leads back to the last."""
    assert any("page=2" in k for k in get(sample, "/search").links())
    second = get(sample, "/search?q=打印机&page=2&size=5")
    assert second.all("a", rel="prev")[0]["href"].endswith("size=5&page=1")
    assert second.all("a", rel="next")[0]["href"].endswith("size=5&page=3")
    assert second.all("ol", start="6")
    beyond = get(sample, "/search?q=打印机&page=999")
    last = re.search(r"999 / (\d+)", beyond.text)
    assert last
    assert beyond.all("a", rel="prev")[0]["href"].endswith(f"page={last[1]}")
    assert not beyond.all("a", rel="next")


def test_search_did_you_mean(sample: FlaskClient) -> None:
    """A word that may be misspelt brings the better query as a link; one that surely is was searched for already."""
    page = get(sample, "/search?q=swich")
    assert "您要找的是不是" in page.text
    assert "/search?q=switch" in page.links()
    page = get(sample, "/search?q=prnter")
    assert "您要找的是不是" not in page.text
    assert "已同时搜索 printer（您输入：prnter）" in page.text
    assert "/search?q=prnter&exact=1" in page.links()
    assert [hit["href"] for hit in page.all("a") if "/a/KB-" in hit.get("href", "")]
    page = get(sample, "/search?q=prnter&exact=1")
    assert "已同时搜索" not in page.text
    assert "/search?q=printer" in page.links()


def test_search_nothing(site: FlaskClient) -> None:
    """Nothing found is no error, and tells what to try, also with the words taken as a description."""
    page = get(site, "/search?q=量子纠缠")
    assert "没有找到" in page.text
    assert "/suggest?text=" + quote("量子纠缠") in page.links()


def test_search_hidden_by_filters(site: FlaskClient) -> None:
    """Filters that hide everything offer to be removed."""
    page = get(site, "/search?q=卡纸&area=network")
    assert "筛选条件挡住了 1 篇" in page.text
    assert "/search?q=" + quote("卡纸") in page.links()


def test_search_widened(site: FlaskClient) -> None:
    """When not every word is found, the partial matches are called that."""
    assert "部分匹配" in get(site, "/search?q=卡纸 zzzz").text
    assert "部分匹配" not in get(site, "/search?q=卡纸").text


# --- suggest ---------------------------------------------------------------------------------


def test_suggest(sample: FlaskClient) -> None:
    """A card has the fix as HTML and as Markdown to copy, a link, its band and its words."""
    page = Page(post(sample, "/suggest", PASTE))
    assert any(a.get("data-copy", "").startswith("1. ") for a in page.all("button"))
    assert any(a.get("data-copy-link", "").startswith(f"/a/{ANSWER}#") for a in page.all("button"))
    assert "/code/49.4C02" in page.links()
    assert re.search(r"[强中弱] \d+%", page.text)
    for word in ("解决办法", "为什么", "可能的领域", PASTE.strip()):
        assert word in page.text


def test_suggest_has_an_address(sample: FlaskClient) -> None:
    """A short description can be linked to."""
    assert ANSWER in get(sample, "/suggest?text=49.4C02 ERROR 关了再开又死机").text
    assert "结果会显示在这里" in get(sample, "/suggest").text


def test_suggest_part_for_scripts(sample: FlaskClient) -> None:
    """A script that asks while one types gets the answers alone."""
    part = post(sample, "/suggest", PASTE, **{"X-Part": "1"}).text
    assert ANSWER in part
    assert "<html" not in part
    assert "<textarea" not in part


def test_suggest_asks_back(sample: FlaskClient) -> None:
    """Close cases bring questions as buttons of the form; answers travel in it, and can be taken back."""
    data = {"token": token(sample), "text": "打印机连不上"}
    page = Page(sample.post("/suggest", data=data))
    replies = [b["value"] for b in page.all("button", name="answer", form="paste")]
    assert len(replies) % 3 == 0
    assert {r.rpartition("=")[2] for r in replies[:3]} == {"yes", "no", "unknown"}
    page = Page(sample.post("/suggest", data=data | {"answer": replies[:2]}))
    key = replies[0].rpartition("=")[0]
    assert [i["value"] for i in page.all("input", name="answer", form="paste")] == [f"{key}=no"]  # the last one
    assert page.all("button", name="back", value=key)
    assert replies[0] not in [b["value"] for b in page.all("button", name="answer")]
    assert "您的回答：可能性 ×" in page.text
    page = Page(sample.post("/suggest", data=data | {"answer": f"{key}=no", "back": key}))
    assert not page.all("input", name="answer")
    assert [b["value"] for b in page.all("button", name="answer")] == replies


def test_suggest_leaves_out_what_is_no_answer(sample: FlaskClient) -> None:
    """Fields that are no answer, and more answers than there may be, are left out without a word."""
    many = [f"code:{i}=no" for i in range(20)]
    for sent, kept in ((["", "code:=yes", "cause:x=yes", "<b>=yes", "code:x=maybe"], 0), (many, MAX_ANSWERS)):
        page = Page(post(sample, "/suggest?" + urlencode({"answer": sent}, doseq=True), "打印机连不上"))
        assert len(page.all("input", name="answer", form="paste")) == kept


def test_suggest_tells_unexplained_lines(sample: FlaskClient) -> None:
    """A short paste shows at once which of its lines no suggestion explains; words everybody uses explain none."""
    text = post(sample, "/suggest", "ORA-00257: Archiver error\n今天天气很好\n附近的川菜馆").text
    assert re.search(r'<details class="lines" open>\s*<summary>2 行没用上', text)
    assert re.findall(r'<li class="open">(.*?) <small>', text) == ["今天天气很好", "附近的川菜馆"]


def test_why_shows_pairs_and_kinds(sample: FlaskClient) -> None:
    """Neighbouring words are shown as the article writes them, an identifier with its kind."""
    text = get(sample, "/search?q=connection refused 0x0000011b").text + post(sample, "/suggest", "0x0000011b").text
    assert "connectionrefused" not in text.lower()
    assert "（十六进制码）" in text


def test_suggest_nothing(site: FlaskClient) -> None:
    """Nothing similar is said plainly, with a write-up made of the paste to go on with."""
    page = Page(post(site, "/suggest", "附近有没有川菜馆推荐"))
    assert "没有足够相似的案例" in page.text
    assert page.all("form", action="/new")
    assert page.all("input", name="title", value="附近有没有川菜馆推荐")


def test_draft(site: FlaskClient) -> None:
    """A draft is a case with the paste under its symptom, customer data masked."""
    response = post(site, "/draft", PASTE + "---\n# 标题\n")
    assert response.headers["Content-Disposition"] == "attachment; filename=KB-draft.md"
    text = response.text
    assert "kind: case\n" in text
    assert "status: draft" in text
    assert "49.4C02" in text.split("## 现象")[1].split("## 环境")[0]
    assert "13812345678" not in text
    assert "wang@corp.cn" not in text
    assert "〔手机号码〕" in text
    assert "\n# 标题" not in text  # quoted, so that it can't change the article's shape


# --- forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/ask", "/suggest", "/draft"])
@pytest.mark.parametrize("wrong", [{}, {"token": ""}, {"token": "guess"}, {"token": "令牌"}])
def test_a_form_needs_its_token(site: FlaskClient, path: str, wrong: dict[str, str]) -> None:
    """Without the session's token a form is refused, and what was typed is still there to send again."""
    token(site)
    response = site.post(path, data={**wrong, "text": PASTE})
    assert response.status_code == 400
    page = Page(response)
    assert PASTE.strip() in page.text
    again = page.all("input", name="token")[0]["value"]
    assert site.post("/suggest", data={"token": again, "text": PASTE}).status_code == 200


def test_a_token_is_of_one_session(site: FlaskClient) -> None:
    """A token of another visitor is no token."""
    other = site.application.test_client()
    token(site)
    assert site.post("/suggest", data={"token": token(other), "text": PASTE}).status_code == 400


def test_a_form_outlives_a_restart(settings: Settings, site: FlaskClient) -> None:
    """The key that signs sessions is kept beside the index, for its owner only."""
    before = create_app(settings).secret_key
    assert before == site.application.secret_key
    assert (settings.index / ".secret").stat().st_mode & 0o077 == 0
    (settings.index / ".secret").write_bytes(b"short")
    assert len(security.secret_key(settings.index)) == security.KEY_BYTES


# --- articles --------------------------------------------------------------------------------


def test_article_address(site: FlaskClient) -> None:
    """The number alone, in any case, or with an old title, leads to the address with the title; the query stays."""
    for name in ("KB-000001", "kb-000001", "KB-000001-old-title", "printer/a.md"):
        response = site.get(f"/a/{name}?h=卡纸&lang=en")
        assert response.status_code == 302
        assert response.location.startswith("/a/KB-000001-printer-jam")
        assert unquote(response.location).endswith("?h=卡纸&lang=en")
        assert site.get(response.location).status_code == 200
    get(site, "/a/KB-999999", 404)
    get(site, "/a/nowhere", 404)


def test_article_without_a_number(settings: Settings, write: Write) -> None:
    """An article of plain Markdown is reached by its path, whatever characters that has."""
    for name in ("notes.md", "KB-12-notes.md", "机房 巡检#1?.md", "a&b.md"):
        write(name, f"# About {name}\n\ntext\n")
    build(settings)
    client = visit(settings)
    links = {k.split("#")[0] for k in get(client, "/search").links() if k.startswith("/a/")}
    assert len(links) == 4
    for link in links:
        assert "About" in get(client, link).text


def test_article(site: FlaskClient) -> None:
    """The page has the facts, a table of contents whose links lead somewhere, and what needs attention."""
    page = get(site, site.get("/a/KB-000001").location)
    for text in ("HP LaserJet", "Canon", "paper stuck", "fuser", "helpdesk", "2026-01-02", "复审已过期"):
        assert text in page.text
    ids = {a["id"] for _, a in page.elements if "id" in a}
    anchors = [unquote(k[1:]) for k in page.links() if k.startswith("#")]
    assert {"现象", "排查", "解决"} <= set(anchors)
    assert set(anchors) <= ids


def test_article_marks_the_words(site: FlaskClient) -> None:
    """?h= marks the searched words in the text, never inside the markup."""
    address = site.get("/a/KB-000001").location
    plain, marked = site.get(address), site.get(address + "?h=卡纸 img")
    assert not Page(plain).all("mark")
    assert [m["id"] for m in Page(marked).all("mark")][:2] == ["mark.1"]
    assert ">卡纸</mark>" in marked.text
    assert Page(marked).all("img", src="/files/printer/img/photo.png")


def test_article_links(site: FlaskClient) -> None:
    """A relative link leads to the other article's address, and an image is served."""
    page = get(site, site.get("/a/KB-000001").location)
    [link] = [k for k in page.links() if k.startswith("/a/KB-000002")]
    assert unquote(link).endswith("#解决")
    get(site, link.split("#")[0])
    [image] = [i for i in page.all("img") if "/static/" not in i["src"]]
    response = site.get(image["src"])
    assert (response.status_code, response.mimetype, response.data) == (200, "image/png", PNG)
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_drafts_are_not_listed(site: FlaskClient) -> None:
    """A draft is found by who asks for drafts, and nowhere else."""
    for path in ("/", "/search", "/search?q=jam", "/feed.xml", "/suggest?text=13.20.01",
                 site.get("/a/KB-000001").location):  # fmt: skip
        assert "Secret jam" not in site.get(path).text, path
    assert "Secret" in get(site, "/search?q=jam&status=draft").text
    assert "草稿" in get(site, site.get("/a/KB-000003").location).text


def test_files_stay_inside(site: FlaskClient, settings: Settings, tmp_path: Path) -> None:
    """Nothing but images of the articles folder is served: no path out, hidden file, link or other file."""
    outside = tmp_path / "outside.png"
    outside.write_bytes(PNG)
    folder = settings.articles
    (folder / ".hidden").mkdir()
    (folder / ".hidden/a.png").write_bytes(PNG)
    (folder / ".a.png").write_bytes(PNG)
    (folder / "out.png").symlink_to(outside)
    (folder / "text.png").symlink_to(folder / "printer/draft.md")
    (folder / "secret.png").symlink_to(folder / ".hidden/a.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    (folder / "away").symlink_to(tmp_path)
    names = ["../outside.png", "..%2foutside.png", "%2e%2e/outside.png", "%2e%2e%2foutside.png", "..%5coutside.png",
             "../../../../etc/passwd", "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/etc/passwd", "%2fetc%2fpasswd",
             str(outside), quote(str(outside), safe=""), "printer/../../outside.png", "a%00.png",
             "x" * 5000 + ".png", ".hidden/a.png", ".a.png", "out.png", "text.png", "secret.png", "circle.png",
             "away/outside.png", "printer/a.md", "printer", "", "nowhere.png"]  # fmt: skip
    for name in names:
        response = site.get(f"/files/{name}", follow_redirects=True)
        assert response.status_code == 404, name
        assert PNG not in response.data


# --- languages -------------------------------------------------------------------------------


ENGLISH = """\
---
id: KB-000001
kind: case
title: Printer jam
area: printer
cause: hardware
handling: onsite
severity: P3
product: [HP, Canon]
parts: [RM1, RM2]
versions: ["1", "2"]
tags: [jam]
aliases: [paper stuck, jammed]
status: review
updated: 2026-01-02
review_after: 2020-01-01
---
## Symptom

The printer jams at the fuser with 13.20.01.

## Fix

1. Clean the rollers.
"""


def test_english_is_complete(settings: Settings, write: Write) -> None:
    """An English page has no Chinese on it, but for the name on the seal and the link to Chinese."""
    write("a.md", ENGLISH)
    write("b.md", ENGLISH.replace("KB-000001", "KB-000002").replace("review\n", "published\n"))
    for i in range(20):
        write(f"filler{i}.md", f"# Filler {i}\n\nword{i}\n")
    build(settings)
    client = visit(settings)
    client.get("/?lang=en")
    answers = [client.get(path) for path in (
        "/", "/search", "/search?q=printer&area=printer&after=2020-01-01", "/search?q=jam zzzz", "/search?q=zzzz",
        "/search?q=jam&area=network", "/search?q=area:nowhere (", "/suggest", "/suggest?text=printer jams 13.20.01",
        "/suggest?text=sourdough bread", client.get("/a/KB-000001").location + "?h=jam", "/nowhere", "/a/KB-9",
        "/ask", "/opensearch.xml", "/feed.xml", "/api/v1/nowhere",
    )]  # fmt: skip
    answers += [post(client, "/suggest", "the printer jams at the fuser\n13.20.01"), post(client, "/ask", "jam " * 99)]
    assert "Copy mail reply" in answers[-2].text
    answers += [post(client, "/draft", "call 13812345678"), client.post("/ask", data={"text": "x"})]
    for answer in answers:
        text = answer.text.replace('aria-hidden="true">故<', "").replace(">中文<", "")
        assert not CHINESE.search(unescape(text)), answer.request.path


def test_language_is_remembered(site: FlaskClient) -> None:
    """The switch keeps the whole address, and the choice holds from then on."""
    page = get(site, "/search?q=打印机&area=network&area=printer&sort=updated")
    [switch] = page.all("a", **{"data-language": ""})
    assert switch["href"].count("area=") == 2
    english = get(site, switch["href"])
    assert "Sort" in english.text
    assert "Have we seen this fault before?" in get(site, "/").text
    [back] = english.all("a", **{"data-language": ""})
    assert "排序" in get(site, back["href"]).text
    assert "以前见过吗" in get(site, "/?lang=klingon").text


def test_language_of_a_paste(sample: FlaskClient) -> None:
    """Switching the language on the answer to a paste loses neither the paste nor the answer."""
    page = Page(post(sample, "/ask", PASTE))
    [form] = [a for a in page.all("form", method="post") if "lang=en" in a["action"]]
    english = Page(sample.post(form["action"], data={"token": token(sample), "text": PASTE}))
    assert "Probable area" in english.text
    assert PASTE.strip() in english.text


def test_language_link_stays_here(site: FlaskClient) -> None:
    """Whatever address was asked for, the switch leads to this site."""
    for path in ("//evil.example/x", "/%5cevil.example", "/a%3Fb%23c", "/a/%22onclick=x"):
        response = site.get(path, follow_redirects=True)
        [switch] = Page(response).all("a", **{"data-language": ""})
        assert re.match(r"/[^/\\]*", switch["href"])
        assert "//" not in switch["href"]
        assert "\\" not in switch["href"]


# --- security --------------------------------------------------------------------------------


def _answers(site: FlaskClient) -> Iterator[TestResponse]:
    for path in ("/", "/search?q=卡纸", "/search?q=量子纠缠", "/suggest", "/suggest?text=打印机卡纸", "/nowhere",
                 "/ask", "/a/KB-000001", site.get("/a/KB-000001").location + "?h=卡纸", "/feed.xml", "/opensearch.xml",
                 "/favicon.ico", "/health", "/api/v1/search?q=x", "/api/v1/nowhere", "/static/style.css",
                 "/static/app.js", "/static/nowhere", "/files/printer/img/photo.png"):  # fmt: skip
        yield site.get(path)
    yield site.post("/suggest", data={"text": "x"})
    yield post(site, "/suggest", PASTE)
    yield post(site, "/suggest", "川菜馆")
    yield post(site, "/ask", "卡纸")
    yield post(site, "/draft", "x")
    yield site.post("/suggest", data={"text": "x" * (MAX_BODY + 1)})


def test_headers_on_every_answer(site: FlaskClient) -> None:
    """Every answer, errors and files too, carries the security headers."""
    for answer in _answers(site):
        for name, value in security.HEADERS.items():
            if name == "Content-Security-Policy":
                assert answer.headers[name].startswith("default-src 'none'"), answer.request.path
                assert "'unsafe-eval'" not in answer.headers[name]
            else:
                assert answer.headers[name] == value, answer.request.path
        assert answer.headers["Cache-Control"]
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert not (answer.mimetype or "").startswith("text/") or "charset=utf-8" in answer.headers["Content-Type"]


def test_nothing_inline_nothing_foreign(site: FlaskClient) -> None:
    """No page has a script, style or handler of its own, or loads anything from elsewhere."""
    looked_at = 0
    for answer in _answers(site):
        if answer.mimetype != "text/html":
            continue
        looked_at += 1
        for tag, attributes in Page(answer).elements:
            assert tag not in ("style", "iframe", "object", "embed", "base")
            assert tag != "script" or attributes.get("src", "").startswith("/static/")
            for name, value in attributes.items():
                assert name != "style", (answer.request.path, tag)
                assert not name.startswith("on"), (answer.request.path, tag)
                if name in ("src", "srcset", "poster", "action", "formaction") or (tag, name) == ("link", "href"):
                    assert value.startswith("/"), (answer.request.path, tag, value)
                    assert not value.startswith("//")
    assert looked_at > 10


@pytest.mark.parametrize(
    "path", ["/", "/search", "/search?q=打印机", "/suggest", "/a/KB-000022", "/a/KB-000173", "/help/operate"]
)
def test_page_weight(sample: FlaskClient, path: str) -> None:
    """A page with all its files stays light."""
    response = sample.get(path, follow_redirects=True)
    assert response.status_code == 200
    page = Page(response)
    files = [a["src"] for t, a in page.elements if t in ("script", "img")]
    files += [a["href"] for a in page.all("link") if a["rel"] in ("stylesheet", "icon")]
    sizes = [len(sample.get(f).data) for f in files]
    assert sizes
    assert all(sizes)
    assert len(response.data) + sum(sizes) < MAX_PAGE


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_markup_of_others_is_text(settings: Settings, write: Write) -> None:
    """Markup in an article, a query, a paste or an address reaches no page as markup."""
    evil = f"'{EVIL}\"'"
    write("a.md", f"---\nid: KB-000001\nkind: case\ntitle: {evil}\nproduct: [{evil}]\ntags: [{evil}]\n"
                  f"aliases: [{evil}]\nowner: {evil}\nparts: [{evil}]\nversions: [{evil}]\narea: {evil}\n"
                  f"updated: 2026-01-01\n---\n## {EVIL} 打印机\n\n打印机 {EVIL} 卡纸 [x](javascript:alert(1))\n\n"
                  f"    {EVIL}\n\n## 解决\n\n{EVIL} `{EVIL}`\n")  # fmt: skip
    write(f"{EVIL.replace('/', '')}.md", f"# {EVIL}\n\n打印机 卡纸\n")
    build(settings)
    client = visit(settings)
    q = quote(EVIL + "\"'打印机")
    answers = [client.get(path, follow_redirects=True) for path in (
        "/", "/search", f"/search?q={q}", f"/search?q=打印机&area={q}&tags={q}&after={q}&sort={q}",
        f"/suggest?text={q}", "/a/KB-000001", f"/a/KB-000001?h={q}",
        f"/a/{q}", f"/{q}", f"/?lang={q}", "/feed.xml", "/opensearch.xml",
    )]  # fmt: skip
    answers += [post(client, "/suggest", EVIL + " 打印机 卡纸"), client.post("/ask", data={"text": EVIL})]
    answers += [post(client, "/suggest", EVIL * 3)]
    for answer in answers:
        assert "<script>alert" not in answer.text, answer.request.path
        assert "<img src=x" not in answer.text, answer.request.path
        for tag, attributes in Page(answer).elements:
            assert not any(name.startswith("on") for name in attributes), (answer.request.path, tag)
            assert "javascript:" not in attributes.get("href", "")


# --- errors ----------------------------------------------------------------------------------


def test_error_pages(site: FlaskClient) -> None:
    """An error is a page in words with a way back, under the right status."""
    too_long = site.post("/suggest", data={"text": "x" * (MAX_BODY + 1)})
    for answer, status, words in (
        (site.get("/nowhere"), 404, "没有这个页面"),
        (site.get("/a/KB-999999"), 404, "KB-999999"),
        (site.get("/ask"), 405, "不接受"),
        (site.post("/search"), 405, "不接受"),
        (too_long, 413, "太长"),
    ):
        page = Page(answer)
        assert answer.status_code == status
        assert words in page.text
        assert "/" in page.links()


def test_our_fault(site: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """When something breaks, the paste is still on the page, and not a word of it in the log."""
    marker = "顾客的原话-XYZZY"

    def fail(engine: EmbeddedEngine, text: str, *_: object, **__: object) -> None:
        raise ValueError(f"can't deal with {text}")

    monkeypatch.setattr(EmbeddedEngine, "suggest", fail)
    site.application.config["PROPAGATE_EXCEPTIONS"] = False
    with caplog.at_level(logging.DEBUG):
        answer = post(site, "/suggest", marker)
    assert answer.status_code == 500
    assert marker in Page(answer).text
    assert "ValueError" in caplog.text
    assert "paste.py" in caplog.text
    assert marker not in caplog.text
    assert "Traceback" not in answer.text


def test_no_index(settings: Settings) -> None:
    """Without an index every page says so under 503; the paste is still there."""
    client = visit(settings)
    for path in ("/", "/search?q=x", "/suggest?text=x", "/a/KB-000001"):
        assert "kb build" in get(client, path, 503).text
    assert PASTE.strip() in Page(post(client, "/suggest", PASTE)).text
    get(client, "/nowhere", 404)


def test_a_new_index_is_picked_up(site: FlaskClient, settings: Settings, write: Write) -> None:
    """An article that was indexed meanwhile is found without a restart."""
    assert "扫描仪" not in get(site, "/search").text
    write("c.md", "# 扫描仪不出图\n\n扫描仪\n")
    build(settings)
    assert "扫描仪不出图" in get(site, "/search?q=扫描仪").text
    assert "扫描仪不出图" in get(site, "/").text


# --- for browsers and feed readers -----------------------------------------------------------


def test_opensearch(site: FlaskClient) -> None:
    """The description that makes a browser's address bar search here."""
    response = site.get("/opensearch.xml")
    root = ET.fromstring(response.data)
    url = root.find("{http://a9.com/-/spec/opensearch/1.1/}Url")
    assert url is not None
    assert url.attrib["template"] == "http://localhost/search?q={searchTerms}"
    assert response.mimetype == "application/opensearchdescription+xml"


def test_feed(site: FlaskClient) -> None:
    """The newest articles first, each with an address that works."""
    atom = "{http://www.w3.org/2005/Atom}"
    root = ET.fromstring(site.get("/feed.xml").data)
    titles = [e.text for e in root.findall(f"{atom}entry/{atom}title")]
    assert titles == ["更新：网口灯不亮", "更新：Printer jam 13.20.01 卡纸"]
    links = root.findall(f"{atom}entry/{atom}link")
    assert len(links) == len(titles)
    for link in links:
        assert site.get(link.attrib["href"]).status_code == 200


def test_feed_of_odd_articles(settings: Settings, write: Write) -> None:
    """Titles with markup or characters that XML has not, or no articles at all: the feed stays well-formed."""
    build(settings)
    client = visit(settings)
    assert ET.fromstring(client.get("/feed.xml").data).tag.endswith("feed")
    write("a.md", '---\nid: KB-000001\ntitle: "a\\x0cb\\x00\\x1b<&]]>"\nupdated: 2026-01-01\n---\nx\n')
    build(settings)
    assert len(ET.fromstring(client.get("/feed.xml").data).findall("{http://www.w3.org/2005/Atom}entry")) == 1


# --- many at once ----------------------------------------------------------------------------


def test_many_at_once(sample_settings: Settings) -> None:
    """Visitors at the same time, in two languages, each get their own answer."""
    app = create_app(sample_settings)
    queries = ["打印机卡纸", "ORA-01653", "0x0000011b", "vpn", "交换机 环路", "邮件 退信", "RAID", "蓝屏"]
    numbers = re.compile(r"/a/(KB-\d+)")

    def ask(client: FlaskClient, query: str, language: str) -> tuple[list[str], bool]:
        text = client.get(f"/search?q={quote(query)}&lang={language}").text
        return numbers.findall(text), '<html lang="en">' in text

    alone = {q: ask(app.test_client(), q, "zh")[0] for q in queries}
    fresh = create_app(sample_settings)

    def visitor(number: int) -> list[bool]:
        client = fresh.test_client()
        out = []
        for i in range(20):
            query, language = queries[(number + i) % len(queries)], ("zh", "en")[(number + i) % 2]
            out.append(ask(client, query, language) == (alone[query], language == "en"))
        return out

    with ThreadPoolExecutor(8) as pool:
        assert all(all(answers) for answers in pool.map(visitor, range(8)))


def test_dates_of_today(site: FlaskClient) -> None:
    """A draft carries the day it was made."""
    assert f"created: {date.today()}" in post(site, "/draft", "x").text


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where no key can be kept, one is made for the time of the process."""
    (tmp_path / "index").write_text("a file", "utf8")
    assert len(security.secret_key(tmp_path / "index")) == security.KEY_BYTES
