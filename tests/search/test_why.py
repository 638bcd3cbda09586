"""Why an article was not found: the first thing in the way, what would help, and what that does, tried aside."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kb.articles.golden import FILE
from kb.articles.numbering import absence
from kb.bundle import bundles
from kb.cli import cli
from kb.desk.golden import run
from kb.desk.what_if import rehearse, rehearsed, sentence
from kb.language import use
from kb.model import Change, Query, Why
from kb.search.embedded import EmbeddedEngine
from kb.search.improvements import sentence as instruction
from kb.search.index import Index
from kb.search.query import parse
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.search.why import rank_of, spell, standing, why
from kb.settings import Settings
from kb.web import create_app

Write = Callable[[str, str], Path]

JAM = """\
---
id: KB-000001
title: 激光打印机卡纸，报 13.20.01
aliases: [纸卡住了]
area: printer
kind: case
status: published
updated: 2026-01-02
---
## 现象

打印机进纸时卡纸，面板报 13.20.01。

## 解决

更换搓纸轮。
"""
LIGHT = """\
---
id: KB-000002
title: 墙上网口灯不亮
area: network
---
压接不良，重新压接水晶头。打印机也连不上。冗余电源与滤网都好。
"""
DRAFT = "---\nid: KB-000003\ntitle: 打印机脱机\nstatus: draft\n---\n打印机脱机，重启后台服务。\n"
MANUAL = "---\nid: KB-000004\ntitle: 机房手册\n---\n## 电源\n\n检查冗余电源。\n\n## 空调\n\n清洗滤网。\n"


@pytest.fixture
def index(write: Write, indexed: Callable[[], Index]) -> Index:
    """A case, two short articles, one of them a draft, and a manual of two sections."""
    for name, text in (("a.md", JAM), ("b.md", LIGHT), ("c.md", DRAFT), ("d.md", MANUAL)):
        write(name, text)
    return indexed()


def ask(index: Index, text: str, number: str, mode: str = "search", **bounds: Any) -> Why:
    return why(index, Query(text, **bounds), index.number_of(number), mode)


# --- the reason ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "bounds", "code", "told"),
    [
        ("打印机 卡纸", "KB-000001", {}, "found", "第 1"),
        ("打印机", "KB-000002", {}, "weight", "第 2"),
        ("打印机 脱机", "KB-000003", {}, "status", "草稿"),
        ("打印机", "KB-000001", {"filters": {"area": ("network",)}}, "filter", "领域：网络"),
        ("打印机", "KB-000001", {"after": date(2026, 2, 1)}, "date", "2026-01-02"),
        ("打印机", "KB-000002", {"before": date(2026, 2, 1)}, "date", "所限的日期之外"),
        ("打印机 -卡纸", "KB-000001", {}, "condition", "-卡纸"),
        ('打印机 "灯不亮"', "KB-000001", {}, "condition", '"灯不亮"'),
        ("打印机 area:network", "KB-000001", {}, "condition", "area:network"),
        ("打印机 updated:<2025", "KB-000001", {}, "condition", "updated:<2025"),
        ("打印机 灯不亮", "KB-000001", {}, "missing", "灯"),
        ("冗余电源 滤网", "KB-000004", {}, "apart", "不在同一节"),
        ("数据库 水晶头", "KB-000001", {}, "nothing", "没有一个共同的词"),
        ("重新 压接 一下 墙上 水晶头 就行 打印机", "KB-000001", {}, "few", "水晶头"),
    ],
)
def test_the_first_thing_in_the_way(
    index: Index, text: str, number: str, bounds: dict[str, Any], code: str, told: str
) -> None:
    """Each reason by its code and in a sentence that names it; both languages have one."""
    found = ask(index, text, number, **bounds)
    assert found.reason.code == code, found.reason
    assert told in found.reason.text
    use("en")
    assert re.search("[a-z]{3}", ask(index, text, number, **bounds).reason.text)


def test_the_order_of_reasons(index: Index) -> None:
    """Status before filters, filters before conditions, conditions before words."""
    filters = {"area": ("network",)}
    assert ask(index, "打印机 -脱机 数据库", "KB-000003", filters=filters).reason.code == "status"
    assert ask(index, "打印机 -卡纸 数据库", "KB-000001", filters=filters).reason.code == "filter"
    assert ask(index, "打印机 -卡纸 数据库", "KB-000001").reason.code == "condition"


def test_a_draft_that_is_asked_for(index: Index) -> None:
    """Who asks for drafts finds them."""
    assert ask(index, "打印机 脱机 status:draft", "KB-000003").reason.code == "found"
    assert ask(index, "打印机 脱机", "KB-000003", filters={"status": ("draft",)}).reason.code == "found"


def test_suggestions_have_their_own_reasons(index: Index) -> None:
    """A paste: hidden, nothing in common, too unsure."""
    assert ask(index, "打印机又脱机了", "KB-000003", "suggest").reason.code == "status"
    assert ask(index, "水晶头", "KB-000001", "suggest").reason.code == "nothing"
    noise = "昨天下午开会讨论预算和团建的安排，打印机旁边坐着的同事说午饭不错，另外请各位提交季度总结和报销单据"
    assert ask(index, noise, "KB-000001", "suggest").reason.code == "unsure"
    assert ask(index, "打印机卡纸，纸卡住了", "KB-000001", "suggest").reason.code == "found"


def test_places_are_those_of_the_results(index: Index) -> None:
    """The rank is where the article stands in the results, the standing where its score alone would put it."""
    for text in ("打印机", "打印机 卡纸", "手册", "灯 OR 电源"):
        found = [h.article.id for h in search(index, Query(text)).hits]
        for number in ("KB-000001", "KB-000002", "KB-000004"):
            answer = ask(index, text, number)
            assert answer.rank == (found.index(number) + 1 if number in found else 0)
            assert answer.total == len(found)
    answer = ask(index, "打印机 -卡纸", "KB-000001")
    assert (answer.rank, answer.standing) == (0, 1)
    assert standing(answer).startswith("名次：未列入（共 1 篇）；按得分在全部文章里第 1")


def test_places_of_suggestions(built: Index) -> None:
    """The rank of a paste is the place of its card."""
    paste = "打印机连不上，报错，网络也不通，电脑蓝屏重启"
    shown = [s.article.id for s in suggest(built, paste).suggestions]
    for number, article in enumerate(built.articles):
        expected = shown.index(article.id) + 1 if article.id in shown else 0
        assert rank_of(built, Query(paste), number, "suggest") == expected


@pytest.mark.parametrize("mode", ["search", "suggest"])
@given(text=st.text(max_size=60))
def test_any_text_gets_an_answer(built: Index, mode: str, text: str) -> None:
    """Never an error, whatever is asked."""
    assert why(built, Query(text), 0, mode).reason.text


# --- word by word ----------------------------------------------------------------------------


def test_words_against_the_article(write: Write, indexed: Callable[[], Index]) -> None:
    """There, as a synonym, cut as other words, in another section, not there, in no article."""
    write("synonyms.txt", "夹塞 => 卡纸\n")
    write("dictionary.txt", "网络卡\n")
    write("a.md", JAM.replace("面板报", "网络卡松了，面板报"))
    write("b.md", LIGHT)
    write("d.md", MANUAL)
    index = indexed()
    words = {w.text: w for w in ask(index, "打印机 夹塞 网络 水晶头 量子", "KB-000001").words}
    assert {t: w.how for t, w in words.items()} == {
        "打印机": "same", "夹塞": "synonym", "网络": "cut", "水晶头": "absent", "量子": "unknown",
    }  # fmt: skip
    assert (words["打印机"].written, words["打印机"].field) == ("打印机", "title")
    assert (words["夹塞"].written, words["夹塞"].score > 0) == ("卡纸", True)
    assert words["网络"].written == "网络卡松"
    assert {w.how for w in ask(index, "冗余电源 滤网", "KB-000004").words} == {"same", "elsewhere"}


def test_streams_show_the_article_as_it_was_cut(index: Index) -> None:
    """Field by field, what the query has is marked."""
    streams = {s.field: s.tokens for s in ask(index, "打印机 卡纸", "KB-000001").streams}
    assert list(streams)[:2] == ["title", "alias"]
    assert "".join(t for t, _ in streams["title"]) == "激光打印机卡纸报13.20.01"
    assert {t for t, hit in streams["title"] if hit} == {"打印机", "卡纸"}


def test_the_rival(index: Index) -> None:
    """What comes first, and by which words it is ahead."""
    found = ask(index, "打印机", "KB-000002")
    assert found.rival is not None
    assert found.rival.article.id == "KB-000001"
    assert [(e.word, e.theirs > e.ours > 0) for e in found.rival.edges] == [("打印机", True)]
    assert ask(index, "打印机", "KB-000001").rival is None


# --- remedies --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bounds", "kind", "better"),
    [
        ("打印机 -卡纸", {}, "query", "打印机"),
        ('打印机 "卡纸了"', {}, "query", "打印机 卡纸了"),
        ("打印机 area:network 卡纸", {}, "query", "打印机 卡纸"),
        ("打印机 (卡纸 -面板)", {}, "query", "打印机 卡纸"),
        ("打印机", {"filters": {"area": ("network",), "kind": ("case",)}}, "query", "打印机"),
        ("打印机", {"after": date(2027, 1, 1)}, "query", "打印机"),
    ],
)
def test_a_query_without_what_is_in_the_way(
    index: Index, text: str, bounds: dict[str, Any], kind: str, better: str
) -> None:
    """The proposed query finds the article."""
    found = ask(index, text, "KB-000001", **bounds)
    (change,) = found.changes
    assert (change.kind, change.text) == (kind, better)
    assert change.query is not None
    assert rank_of(index, change.query, index.number_of("KB-000001"), "search") == 1
    assert instruction(change, found)


def test_only_the_filter_in_the_way_goes(index: Index) -> None:
    """The others stay, and the instruction names the one that goes."""
    filters = {"kind": ("case",), "area": ("network",)}
    found = ask(index, "打印机", "KB-000001", filters=filters)
    assert found.changes[0].query == Query("打印机", {"kind": ("case",)})
    assert instruction(found.changes[0], found) == "去掉筛选：领域"


@pytest.mark.parametrize(
    "text",
    [
        '打印机 "卡纸" -HP', "(卡纸 OR 缺纸) 打印机", "a OR (b -(c OR d))", "50.1* 打印机", "title:conn*", "title:卡纸",
        "updated:2025 a", "updated:>=2025-03", "updated:>2025-03-31", "updated:<2025-01", "updated:<=2025", "-卡纸",
        "updated:2025-01..2025-06", "cause:hardware 打印机",
    ],
)  # fmt: skip
def test_a_tree_is_spelled_as_it_is_read(text: str) -> None:
    """Inverse of reading a query."""
    root = parse(text).root
    assert root is not None
    assert parse(spell(root)).root == root


def test_synonyms_come_from_the_article(write: Write, indexed: Callable[[], Index]) -> None:
    """A missing word and the article's nearest one, one-way; not its product's name."""
    write("b.md", "---\nid: KB-000002\ntitle: 显示屏花了\n---\n显示屏花了，换线。\n")
    article = "---\nid: KB-000001\ntitle: 显示器黑屏\nproduct: [{}]\n---\n显示器黑屏，换线。\n"
    write("a.md", article.format("某某显示器"))
    changes = ask(indexed(), "显示屏 换线", "KB-000001").changes
    assert not any("显示器" in c.text for c in changes)
    write("a.md", article.format("某某"))
    changes = ask(indexed(), "显示屏 换线", "KB-000001").changes
    assert changes[0] == Change("synonym", "显示屏 => 显示器")
    assert changes[-1] == Change("alias", "显示屏 换线")


def test_what_is_no_alias(index: Index) -> None:
    """A query with operators, one that is too long, and a phrase the article has already."""
    for text in ("手册 -卡纸 数据库", "数据库 " * 20, "纸卡住了"):
        kinds = [c.kind for c in ask(index, text, "KB-000001").changes]
        assert "alias" not in kinds, text


def test_a_word_that_was_torn(write: Write, indexed: Callable[[], Index]) -> None:
    """Characters that stand in the article as other words are proposed for the dictionary."""
    write("dictionary.txt", "网络卡\n")
    write("a.md", "---\nid: KB-000001\ntitle: 网络卡松动\n---\n重新扣紧。\n")
    write("b.md", "---\nid: KB-000002\ntitle: 网络松动\n---\n网络松动，重新扣紧，办法与注意事项。\n")
    found = ask(indexed(), "网络 松动 扣紧 办法 与 注意 事项", "KB-000001")
    assert Change("dictionary", "网络") in found.changes


# --- trying them -----------------------------------------------------------------------------


@pytest.fixture
def golden(write: Write, index: Index) -> str:
    write(FILE, "- {query: 打印机, article: KB-000001, within: 1}\n- {query: 水晶头, article: KB-000002}\n")
    return FILE


@pytest.mark.parametrize(
    ("change", "text", "number", "rank", "moved"),
    [
        (Change("synonym", "夹塞 => 卡纸"), "夹塞", "KB-000001", 1, (0, 0, 0)),
        (Change("alias", "夹塞"), "夹塞", "KB-000001", 1, (0, 0, 0)),
        (Change("status", "published"), "打印机 脱机", "KB-000003", 1, (0, 1, 1)),
        (Change("dictionary", "脱机"), "夹塞", "KB-000001", 0, (0, 0, 0)),
        (Change("synonym", "水晶头 => 打印机"), "夹塞", "KB-000001", 0, (0, 0, 0)),
    ],
)
def test_what_a_change_does(
    index: Index, settings: Settings, golden: str, change: Change, text: str, number: str, rank: int, moved: Any
) -> None:
    """The new place, and golden queries that rise, fall and break; nothing of the user's is touched."""
    before = {p: p.read_bytes() for p in settings.articles.rglob("*") if p.is_file()}
    names = bundles(settings.index)
    from kb.articles.golden import load

    outcomes = run(EmbeddedEngine(index), load(settings.articles))
    effect = rehearse(EmbeddedEngine(index), settings, ask(index, text, number), change, outcomes)
    assert effect.rank == rank
    assert effect.golden is not None
    assert tuple(map(len, effect.golden[:3])) == moved
    assert {p: p.read_bytes() for p in settings.articles.rglob("*") if p.is_file()} == before
    assert bundles(settings.index) == names
    assert index.synonyms == {}


def test_a_tried_synonym_does_what_a_build_does(
    index: Index, settings: Settings, write: Write, indexed: Callable[[], Index]
) -> None:
    """The forecast of a line of synonyms comes true."""
    asked = ask(index, "夹塞 网口", "KB-000002")
    write(FILE, "- {query: 夹塞, article: KB-000001}\n")
    line = Change("synonym", "夹塞 => 压接")
    from kb.articles.golden import load

    queries = load(settings.articles)
    effect = rehearse(EmbeddedEngine(index), settings, asked, line, run(EmbeddedEngine(index), queries))
    write("synonyms.txt", line.text + "\n")
    after = indexed()
    assert effect.rank == rank_of(after, asked.query, after.number_of("KB-000002"), "search") == 1
    assert [o.rank for o in run(EmbeddedEngine(after), queries)] == [0]


def test_without_builds_only_what_is_cheap_is_tried(index: Index, settings: Settings, golden: str) -> None:
    """Asking something else and synonyms; the others have no effect told."""
    asked = ask(index, "打印机又卡住纸张", "KB-000002")
    tried = rehearsed(EmbeddedEngine(index), settings, asked, builds=False)
    assert [c for c, _ in tried] == list(asked.changes)
    assert all((effect is None) == (c.kind not in ("query", "synonym")) for c, effect in tried)
    assert "没有试" in sentence(None)


def test_sentences_of_effects(index: Index, settings: Settings, golden: str) -> None:
    """Place, and how many golden queries moved; what is no longer good is named."""
    asked = ask(index, "打印机 脱机", "KB-000003")
    ((change, effect),) = rehearsed(EmbeddedEngine(index), settings, asked, builds=True)
    assert instruction(change, asked) == "c.md 改为 status: published"
    told = sentence(effect)
    assert told.startswith("这一篇排到第 1；必中查询：0 条上升，1 条下降，1 条不变")
    assert told.endswith("不再合格：打印机")


# --- an article that is not in the index -----------------------------------------------------


def test_absence(index: Index, settings: Settings, write: Write) -> None:
    """Not there, not readable, not built yet."""
    write("new.md", JAM.replace("KB-000001", "KB-000099"))
    write("KB-000098.md", "---\n: [\n---\n")
    codes = {n: absence(settings.articles, n, 2048).code for n in ("KB-000099", "new.md", "KB-000098", "KB-000097")}
    assert codes == {"KB-000099": "unbuilt", "new.md": "unbuilt", "KB-000098": "unbuilt", "KB-000097": "nowhere"}
    assert "kb build" in absence(settings.articles, "KB-000099", 2048).text


# --- command, page, API ----------------------------------------------------------------------


@pytest.fixture
def kb(index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(settings.articles.parent)
    monkeypatch.setenv("KB_WORKERS", "1")

    def kb(*arguments: object, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, ["why", *(str(a) for a in arguments)], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert result.exit_code == code, result.output
        return result

    return kb


def test_command(kb: Callable[..., Result], golden: str) -> None:
    """The reason, the words, what comes first, the remedy and its effect; as data too."""
    told = kb("打印机", "灯不亮", "KB-000001").stdout
    for piece in ("缺少必需的词", "打印机", "KB-000002", "aliases", "这一篇排到第", "必中查询"):
        assert piece in told
    data = json.loads(kb("打印机", "灯不亮", "KB-000001", "--json", "--quick").stdout)
    assert data["reason"]["code"] == "missing"
    assert data["rival"]["id"] == "KB-000002"
    assert [c["rank"] for c in data["changes"] if c["kind"] == "alias"] == [None]
    assert kb("打印机", "KB-000001", "--area", "网络").stdout.count("去掉筛选：领域") == 1
    assert "找到了" in kb("--suggest", "-", "KB-000001", stdin="打印机卡纸，纸卡住了").stdout


def test_command_for_what_is_not_there(kb: Callable[..., Result], write: Write) -> None:
    """An article that is not built yet, or nowhere; no query."""
    write("new.md", JAM.replace("KB-000001", "KB-000099"))
    assert "kb build" in kb("打印机", "KB-000099", code=1).stdout
    assert json.loads(kb("打印机", "KB-000098", "--json", code=1).stdout)["reason"]["code"] == "nowhere"
    kb(" ", "KB-000001", code=2)


@pytest.fixture
def site(index: Index, settings: Settings, golden: str) -> FlaskClient:
    return create_app(settings).test_client()


def test_page(site: FlaskClient) -> None:
    """Reason, words and remedies without a script; the form alone when nothing is asked."""
    assert "看原因" in site.get("/why").text
    page = site.get("/why?q=打印机+灯不亮&article=KB-000001").text
    for piece in ("缺少必需的词", "没有", "怎样改就找得到", "kb why -- &#39;打印机 灯不亮&#39; KB-000001"):
        assert piece in page
    assert "还没有进索引" not in page
    assert "没有文章 KB-000077" in site.get("/why?q=a&article=KB-000077").text
    assert "was it not found" in site.get("/why?q=打印机&article=KB-000001&lang=en").text


def test_page_keeps_the_filters(site: FlaskClient) -> None:
    """From results with filters, the filters are part of the question, and of the form."""
    results = site.get("/search?q=打印机&area=network&after=2020-01-01").text
    (link,) = re.findall(r'href="(/why\?[^"]+)"', results)
    page = site.get(link.replace("&amp;", "&") + "&article=http://localhost/a/KB-000001-x").text
    assert "筛选“领域：网络”挡住了它" in page
    assert '<input type="hidden" name="area" value="network">' in page
    assert 'action="/why"' in site.get("/a/KB-000001", follow_redirects=True).text


def test_page_escapes(site: FlaskClient) -> None:
    """What was typed is text, wherever it is shown."""
    evil = "<script>alert(1)</script>"
    for address in (f"/why?q={evil}&article={evil}", f"/why?q=打印机 {evil}&article=KB-000001&area={evil}&mode={evil}"):
        page = site.get(address).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_api(site: FlaskClient) -> None:
    """The same answer as data; mistakes are told."""
    data = site.get("/api/v1/why?q=打印机 灯不亮&article=KB-000001").get_json()
    assert (data["reason"]["code"], data["rank"], data["mode"]) == ("missing", 0, "search")
    assert {c["kind"] for c in data["changes"]} >= {"alias"}
    assert site.get("/api/v1/why?q=卡纸&article=KB-000001&mode=suggest").get_json()["mode"] == "suggest"
    assert site.get("/api/v1/why?q=打印机").status_code == 400
    assert site.get("/api/v1/why?q=打印机&article=KB-000077").status_code == 404
