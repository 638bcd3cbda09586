"""Looking around: the matrix, the page of an identifier, the page of a product, and what is proposed while typing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from test_web import Page, get, visit

from kb.indexer.build import build
from kb.model import Recognised
from kb.model.schema import CAUSES
from kb.search import identifier_page
from kb.search.autocomplete import MAX_TYPED, complete
from kb.search.identifier_page import beginning, code_page, common_codes, near, recognised
from kb.search.index import Index
from kb.search.overview import crossed, product_named, products_like
from kb.settings import Settings
from kb.web import browse
from kb.web.products import by_letter, families, initial

Write = Callable[[str, str], Path]
Indexed = Callable[[], Index]

HEAD = (
    "---\nid: KB-{n:06}\nkind: {kind}\ntitle: {title}\narea: {area}\ncause: {cause}\nproduct: [{product}]\n---\n{body}"
)


def article(n: int, body: str, kind: str = "case", **facts: str) -> str:
    usual = {"title": f"篇 {n}", "area": "database", "cause": "software", "product": "Oracle 19c"}
    return HEAD.format(n=n, body=body, kind=kind, **{**usual, **facts})


@pytest.fixture
def base(write: Write, indexed: Indexed) -> Index:
    """Cases and a manual about listeners, and one about a printer."""
    write("a.md", article(1, "## 现象\n\n客户端报 ORA-12541，监听 LSNRCTL-900 没起。\n"))
    write("b.md", article(2, "## 现象\n\nora12541 与 ORA-12514 一起出现。\n", cause="configuration"))
    write(
        "c.md", article(3, "## 监听\n\nORA-12541、ORA-12514、ORA-12170 的含义。\n", kind="manual", product="Oracle 12c")
    )
    write("d.md", article(4, "## 现象\n\n屏幕显示 49.4C02。\n", area="printer", product="HP LaserJet/P3015"))
    path = write(
        "draft.md", article(5, "ORA-12541 也在草稿里，还有 ORA-60606。\n").replace("\nid:", "\nstatus: draft\nid:")
    )
    assert "draft" in path.read_text("utf8")
    return indexed()


@pytest.fixture
def site(base: Index, settings: Settings) -> FlaskClient:
    return visit(settings)


@pytest.fixture
def sample(sample_settings: Settings) -> FlaskClient:
    return visit(sample_settings)


def texts(found: tuple[Recognised, ...]) -> list[str]:
    return [c.text for c in found]


# --- identifiers -----------------------------------------------------------------------------


def test_code_page(base: Index) -> None:
    """Who holds an identifier, by kind, where, with what beside it; drafts don't count."""
    token = recognised(base, "ora-12541")
    assert token
    page = code_page(base, token)
    assert page
    assert (page.text, page.kind, page.total) == ("ORA-12541", "code", 3)
    assert page.counts == {"case": 2, "manual": 1}
    assert [p.article.id for p in page.places["manual"]] == ["KB-000003"]
    assert page.places["manual"][0].heading == ("监听",)
    assert [page.places["manual"][0].snippet.text[a:b] for a, b in page.places["manual"][0].snippet.spans] == [
        "ORA-12541"
    ]
    assert page.related[0] == Recognised("ORA-12514", "code", 2)
    assert "ORA-60606" not in texts(page.related)
    assert page.products == (("Oracle 19c", 2), ("Oracle 12c", 1))


def test_code_page_reads_a_bounded_number(built: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many articles hold it, few are read and few of each kind are shown."""
    monkeypatch.setattr(identifier_page, "READ", 3)
    monkeypatch.setattr(identifier_page, "PLACES", 2)
    token = recognised(built, "0x0000011b")
    assert token
    read: list[int] = []
    passage = built.passage

    def noted(number: int) -> Any:
        read.append(number)
        return passage(number)

    monkeypatch.setattr(built, "passage", noted)
    page = code_page(built, token)
    assert page
    assert page.total > 3
    assert page.places
    assert all(len(places) <= 2 for places in page.places.values())
    assert len(read) <= 3 + 2 * len(page.places)


@pytest.mark.parametrize("text", ["打印机", "ORA 12541", "12541", "", "printer", "a" * 500])
def test_not_one_identifier(built: Index, text: str) -> None:
    """A word, several words, a bare number or nothing is no identifier."""
    assert recognised(built, text) is None


def test_beginning(base: Index) -> None:
    """Identifiers that begin as the text ends, those in most passages first, in the form that is written."""
    assert texts(beginning(base, "ora-125")) == ["ORA-12541", "ORA-12514"]
    assert texts(beginning(base, "监听 ORA-")) == ["ORA-12541", "ORA-12514", "ORA-12170"]
    assert texts(beginning(base, "49.")) == ["49.4C02"]
    for text in ("", "o", "监听", "ORA-12541 起不来", "-", "zz", "ORA-606"):
        assert beginning(base, text) == (), text


def test_near(base: Index, built: Index) -> None:
    """An unknown identifier has neighbours with the longest common start, or known parts."""
    assert texts(near(base, "ORA-12542")) == ["ORA-12541"]
    assert texts(near(built, "E_0x80070643")) == ["0x80070643"]
    assert near(base, "PPR-9087") == ()


def test_common_codes(built: Index) -> None:
    """What some articles hold, without amounts, addresses and versions."""
    found = common_codes(built, [built.number_of("KB-000077")])
    assert "ORA-01653" in texts(found)
    assert not {"31G", "10G", "/u02"} & set(texts(found))
    assert {c.kind for c in found} <= identifier_page.TELLING


def test_page_of_a_code(site: FlaskClient) -> None:
    """The page lists cases and manuals apart, and leads to related codes and products."""
    page = get(site, "/code/ORA-12541")
    assert "故障案例 2" in page.text
    assert "手册 1" in page.text
    assert {"/code/ORA-12514", "/product/Oracle%2019c"} <= set(page.links())
    assert any(link.startswith("/a/KB-000001") and "h=ORA-12541" in link for link in page.links())
    assert page.all("mark")


@pytest.mark.parametrize("variant", ["ora12541", "ora-12541", "ORA_12541", "ＯＲＡ－１２５４１", "ORA-012541"])
def test_variants_lead_to_one_address(site: FlaskClient, variant: str) -> None:
    """Spelling variants are one thing with one address."""
    answer = site.get("/code/" + quote(variant))
    assert (answer.status_code, answer.location) == (302, "/code/ORA-12541")


def test_page_of_an_unknown_code(site: FlaskClient) -> None:
    """No article holds it: that is said, with near ones; what is no identifier is searched for."""
    page = get(site, "/code/ORA-12542", 404)
    assert "还没有文章写到它" in page.text
    assert "/code/ORA-12541" in page.links()
    assert "ORA-60606" not in get(site, "/code/ORA-60605", 404).text.replace("ORA-60605", "")
    assert get(site, "/code/ORA-60606", 404)
    assert site.get("/code/" + quote("监听 起不来")).location == "/search?q=" + quote("监听") + "+" + quote("起不来")
    assert site.get("/code/KB-000001").location.startswith("/a/KB-000001")


@pytest.mark.parametrize(
    "name", ["a//b", "http://10.0.0.1:80/x", "../../etc/passwd", "<script>alert(1)</script>", "%00", "?", "x" * 5000]
)
def test_odd_codes(site: FlaskClient, name: str) -> None:
    """Any name gets an answer, never an error, never a circle, nothing unescaped."""
    answer = site.get("/code/" + quote(name), follow_redirects=True)
    assert answer.status_code in (200, 404)
    assert "<script>alert" not in answer.text


def test_identifiers_lead_to_their_pages(sample: FlaskClient) -> None:
    """Results, reasons and articles link identifiers."""
    page = get(sample, "/search?q=ORA-01653")
    assert page.links().count("/code/ORA-01653") >= 2
    assert "/code/ORA-01653" in get(sample, sample.get("/a/KB-000077").location).links()
    assert "/code/ORA-99999" not in get(sample, "/search?q=ORA-99999").links()


# --- products, areas, causes -----------------------------------------------------------------


def test_page_of_a_product(site: FlaskClient) -> None:
    """Cases by cause with counts, manuals, common codes; names may hold slashes and vary in case."""
    page = get(site, "/product/Oracle%2019c")
    assert "配置错误 1" in page.text
    assert "软件缺陷 1" in page.text
    assert "/search?product=Oracle+19c&kind=case&cause=software" in page.links()
    assert "/code/ORA-12541" in page.links()
    assert "KB-000005" not in page.text
    assert site.get("/product/ORACLE%2019C").location == "/product/Oracle%2019c"
    assert "49.4C02" in get(site, "/product/HP%20LaserJet/P3015").text
    assert "手册 1" in get(site, "/product/Oracle%2012c").text


def test_page_of_an_unknown_product(site: FlaskClient) -> None:
    """No article is about it: that is said, with products that share a word."""
    page = get(site, "/product/Oracle%2021c", 404)
    assert "/product/Oracle%2019c" in page.links()
    assert get(site, "/product/" + quote("<b>x</b>"), 404)


def test_product_of_a_draft(write: Write, indexed: Indexed) -> None:
    """A product that only drafts are about is not known."""
    write("a.md", "---\ntitle: x\nproduct: [Secret 1]\nstatus: draft\n---\nx\n")
    write("b.md", "---\ntitle: y\nproduct: [Open 1]\n---\ny\n")
    index = indexed()
    assert product_named(index, "Secret 1") is None
    assert product_named(index, "open 1") == "Open 1"
    assert products_like(index, "secret 1") == (("Open 1", 1),)


def test_matrix(built: Index) -> None:
    """Areas by causes: every case is counted once, where the search finds it."""
    causes, rows = crossed(built, "area", "cause")
    assert causes == CAUSES
    assert sum(r.total for r in rows) == int(built.visible.sum())
    both = built.facets["area"].having(["printer"]) & built.facets["cause"].having(["hardware"]) & built.visible
    printer = next(r for r in rows if r.value == "printer")
    assert printer.counts[causes.index("hardware")] == int(both.sum()) > 0


def test_browse(sample: FlaskClient) -> None:
    """Every number of the matrix is a link to these articles."""
    page = get(sample, "/browse")
    assert {"/search?area=printer&cause=hardware", "/product/Windows%2010", "/search?kind=manual"} <= set(page.links())
    assert get(sample, "/").links().count("/browse") == 2


def test_browse_without_articles(settings: Settings) -> None:
    build(settings)
    assert "还没有文章" in get(visit(settings), "/browse").text


# --- while typing ----------------------------------------------------------------------------


def test_complete(built: Index) -> None:
    """Identifiers first, then products, then articles; an unfinished word is enough."""
    found = complete(built, "ORA-0165", 8)
    assert (found[0].kind, found[0].text, found[0].articles) == ("code", "ORA-01653", 1)
    assert [c.article.id for c in found if c.article] == ["KB-000077"]
    kinds = [c.kind for c in complete(built, "windows", 8)]
    assert kinds == sorted(kinds, key=["code", "product", "article"].index)
    assert ("product", "Windows 10") in [(c.kind, c.text) for c in complete(built, "windows", 8)]
    assert complete(built, "kb-000012", 8)[0].article == built.articles[built.number_of("KB-000012")]
    assert len(complete(built, "打印机", 3)) == 3


def test_complete_by_meaning(built: Index) -> None:
    """What no title says is completed as surely as it would be suggested: by synonyms, by pinyin."""
    assert any(c.article for c in complete(built, "连不上网", 8))
    assert any(c.article and c.article.area == "printer" for c in complete(built, "dayinji", 8))


@pytest.mark.parametrize("text", ["", " ", "?", "*", "量子纠缠", "x" * (MAX_TYPED + 1), '"', "("])
def test_complete_nothing(built: Index, text: str) -> None:
    """Nothing is proposed for nothing, for signs, for what no article is about, and for whole descriptions."""
    assert complete(built, text, 8) == ()


def test_complete_word_for_word_first(base: Index) -> None:
    """An article whose name says what was typed comes before one that only holds its pieces."""
    assert [c.text for c in complete(base, "篇 4", 2) if c.article] == ["篇 4"]


def test_complete_api(sample: FlaskClient) -> None:
    """The list as data, with addresses; a size that is none is 8."""
    data = sample.get("/api/v1/complete", query_string={"q": "49.4c", "size": "2"}).get_json()
    assert data["query"] == "49.4c"
    first, second = data["completions"]
    assert first == {"kind": "code", "text": "49.4C02", "id": "", "articles": 2, "address": "/code/49.4C02"}
    assert second["id"] == "KB-000012"
    assert sample.get(second["address"]).status_code == 200
    assert sample.get("/api/v1/complete").get_json()["completions"] == []
    assert len(sample.get("/api/v1/complete?q=windows").get_json()["completions"]) == 8


def test_address_bar(sample: FlaskClient) -> None:
    """A browser's address bar gets its own form: typed, texts, descriptions, addresses."""
    answer = sample.get("/opensearch/suggestions?q=ORA-0165")
    assert answer.mimetype == "application/x-suggestions+json"
    typed, found, described, addresses = json.loads(answer.text)
    assert (typed, found[0], described[0]) == ("ORA-0165", "ORA-01653", "1 篇文章")
    assert addresses[0] == "http://localhost/code/ORA-01653"
    assert "/opensearch/suggestions?q={searchTerms}" in sample.get("/opensearch.xml").text


def test_in_english(sample: FlaskClient) -> None:
    """The pages speak English, too: what is Chinese comes from the articles."""
    assert "Areas and causes" in Page(sample.get("/browse?lang=en")).text
    assert "Often seen together" in Page(sample.get("/code/ORA-01653")).text
    assert "No article holds it yet." in get(sample, "/code/ORA-99999", 404).text
    assert "Common codes and models" in get(sample, "/product/Windows%2010").text
    assert "No article is about this product." in get(sample, "/product/nothing", 404).text


# --- names of products -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["H3C S5130-28S-EI", "H3C S5130-52S", "H3C S5560"], {"H3C S5130": 2, "H3C S5560": 1}),
        (["HP LaserJet Pro M404", "HP LaserJet P3015", "HP LaserJet"], {"HP LaserJet": 3}),
        (["Windows 10", "Windows Server 2019", "Windows Server 2016"], {"Windows 10": 1, "Windows Server": 2}),
        (["Epson L3118", "Epson TM-T88V"], {"Epson": 2}),
        (["海康威视 DS-2CD", "海康威视 DS-7604", "单独"], {"海康威视 DS": 2, "单独": 1}),
        ([], {}),
    ],
)
def test_families(names: list[str], expected: dict[str, int]) -> None:
    """Products of one maker and series are a family, others stand alone; none is lost."""
    found = families([(name, 1) for name in names])
    assert {f.name: len(f.products) for f in found} == expected
    assert sorted(name for f in found for name, _ in f.products) == sorted(names)


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("hp", "H"),
        ("华为", "H"),
        ("啊", "A"),
        ("爱普生", "A"),
        ("座机", "Z"),
        ("3Com", "#"),
        ("é", "#"),
        ("龘", "#"),
        ("", "#"),
    ],
)
def test_initial(name: str, letter: str) -> None:
    """A name is looked up under its letter, a Chinese one under that of its pinyin, any other under #."""
    assert initial(name) == letter


def test_products_by_letter_and_maker() -> None:
    """Letters in their order, under each the makers, under each its products."""
    found = by_letter([("联想 M420", 1), ("hp X2", 1), ("HP X1", 3), ("华为 S5720", 2)])
    assert [(x.letter, [(m.name, len(m.products)) for m in x.makers]) for x in found] == [
        ("H", [("HP", 2), ("华为", 1)]),
        ("L", [("联想", 1)]),
    ]


def test_browse_lists_every_product(site: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """All products are on one page, or, where they are many, on one page of each letter."""
    page = get(site, "/browse")
    assert {"/product/Oracle%2019c", "/product/HP%20LaserJet/P3015"} <= set(page.links())
    monkeypatch.setattr(browse, "PRODUCTS", 2)
    first, other = get(site, "/browse"), get(site, "/browse?letter=O")
    assert "/product/HP%20LaserJet/P3015" in first.links()
    assert "/product/Oracle%2019c" not in first.links()
    assert "/product/Oracle%2019c" in other.links()


def test_a_family_opens_in_the_facet(site: FlaskClient) -> None:
    """Two versions of a product are one line that opens, and is open while one of them is chosen."""
    page = get(site, "/search?q=ora-12541")
    assert page.all("li", **{"class": "family"})
    assert not [a for tag, a in page.elements if tag == "details" and "open" in a and a.get("class") is None]
    assert "2 款" in page.text
    assert "<details open><summary>Oracle" in site.get("/search?q=ora-12541&product=Oracle 19c").text
