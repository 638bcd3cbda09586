"""Highlights cover exactly the characters that matched, in the original text."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.articles.markdown import split
from kb.bundle import open_current
from kb.indexer.build import build
from kb.model import Article, Passage, Query, Section, Snippet
from kb.search.index import Index
from kb.search.query_terms import read
from kb.search.searcher import search
from kb.search.snippets import LENGTH, Highlighter, merged, phrase_pattern, pieces, stretches, wildcard_pattern
from kb.settings import Settings
from kb.text.synonyms import Synonyms
from kb.text.tokens import HAN, fold

Write = Callable[[str, str], Path]


def marked(snippet: Snippet) -> list[str]:
    return [text for text, is_marked in pieces(snippet) if is_marked]


def mark(index: Index, query: str, text: str) -> list[str]:
    terms = read(query, index.tokenizer, index.synonyms)
    return marked(Highlighter(index.tokenizer, dict.fromkeys(terms.weights, 1.0)).mark(text))


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("网络", "连不上网络，请重试", ["网络"]),
        ("网络", "連不上網路，請重試", ["網路"]),
        ("vpn", "更换ＶＰＮ设备", ["ＶＰＮ"]),
        ("数据库", "資料庫連線失敗", ["資料庫"]),
        ("connection", "Connections refused", ["Connections"]),
        ("ora 1653", "报错 ORA-01653。", ["ORA-01653"]),
        ("0x11b", "错误 0x0000011B！", ["0x0000011B"]),
        ("GE0/0/1", "GigabitEthernet0/0/1 down", ["GigabitEthernet0/0/1"]),
        ("卡", "卡纸与显卡", []),
        ("㎏", "5㎏", []),
    ],
)
def test_marks(built: Index, query: str, text: str, expected: list[str]) -> None:
    """What is marked is the original spelling of the matched word, whole."""
    assert mark(built, query, text) == expected


def test_marks_are_exactly_the_matches(built: Index) -> None:
    """Property over the sample articles: a marked character belongs to a token of the query, and every such
    token of a passage is marked."""
    chance = random.Random(3)
    for _ in range(150):
        passage = built.passage(chance.randrange(len(built.article_of)))
        tokens = [t for t in built.tokenizer.tokens(passage.text) if not t.part]
        words = chance.sample(tokens, min(3, len(tokens)))
        query = " ".join(passage.text[t.start : t.end] for t in words)
        terms = read(query, built.tokenizer, Synonyms({}))
        marker = Highlighter(built.tokenizer, dict.fromkeys(terms.weights, 1.0))
        snippet = marker.mark(passage.text)
        covered = {i for a, b in snippet.spans for i in range(a, b)}
        expected = {
            i for t in built.tokenizer.tokens(passage.text) if t.term in terms.weights for i in range(t.start, t.end)
        }
        assert covered == expected
        assert "".join(text for text, _ in pieces(snippet)) == passage.text


def test_a_quoted_phrase_is_marked_where_it_stands(built: Index) -> None:
    """Property: for a stretch of Chinese quoted from an article, the marks fold to the phrase."""
    chance = random.Random(4)
    checked = 0
    while checked < 40:
        passage = built.passage(chance.randrange(len(built.article_of)))
        runs = re.findall(f"[{HAN}]{{4,12}}", passage.text)
        if not runs:
            continue
        phrase = chance.choice(runs)[:6]
        pattern = phrase_pattern(phrase)
        assert pattern
        found = Highlighter(built.tokenizer, {}, (pattern,)).mark(passage.text)
        assert {fold(text).text for text in marked(found)} == {fold(phrase).text}
        assert len(marked(found)) == fold(passage.text).text.count(fold(phrase).text)
        checked += 1


def test_hits_of_the_sample_base_are_marked(built: Index) -> None:
    """Every hit shows a marked word in snippet or title, unless it was found by heading, alias or facts."""
    for text in ("打印机", "卡", "0x0000011b", '"归档日志"', "GE0/0/25", "連不上網路", "certificate", "exten*"):
        hits = search(built, Query(text)).hits
        assert hits, text
        for hit in hits:
            elsewhere = {m.field for m in hit.matches} & {"heading", "alias", "fact"}
            assert marked(hit.snippet) or marked(hit.title) or elsewhere, (text, hit.article.id)


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("打印机卡", "打印机卡纸", ["打印机卡"]),
        ("not found", "Not-Found, notfound, not  found", ["not-found", "not  found"]),
        ("连接请", "连接，请重试；连接请重试", ["连接请"]),
        ("连接，请", "连接：请重试；连接请重试", ["连接:请"]),
        ("Windows 无法", "Windows无法", ["windows无法"]),
        ("table", "tables table", ["table"]),
        ("  ", "table", []),
    ],
)
def test_phrase_pattern(phrase: str, text: str, expected: list[str]) -> None:
    """A phrase matches its words in a row with the signs that the full text lets stand between."""
    pattern = phrase_pattern(phrase)
    assert (pattern.findall(fold(text).text) if pattern else []) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("conn*", "connection reconnect conn", ["connection", "conn"]),
        ("e?tend", "extend e-tend", ["extend"]),
        ("50.1*", "50.1x 50.2", ["50.1x"]),
        ("打*", "打印", ["打印"]),
        ("***", "abc", []),
    ],
)
def test_wildcard_pattern(pattern: str, text: str, expected: list[str]) -> None:
    """* runs to the end of a word, ? is one character."""
    compiled = wildcard_pattern(pattern)
    assert (compiled.findall(fold(text).text) if compiled else []) == expected


def test_snippet_is_the_most_telling_stretch(built: Index) -> None:
    """Of a long passage the stretch with most of the query is shown, starting at a sentence, with its section."""
    text = "无关的话。" * 60 + "开头。打印机进纸口卡纸，更换搓纸轮。" + "无关的话。" * 60
    terms = read("搓纸轮 卡纸", built.tokenizer, Synonyms({}))
    snippet, section = Highlighter(built.tokenizer, dict.fromkeys(terms.weights, 1.0)).snippet(Passage(text))
    assert snippet.text.startswith("打印机进纸口")
    assert len(snippet.text) <= LENGTH
    assert marked(snippet) == ["卡纸", "搓纸轮"]
    assert section is None


def test_snippet_cuts_no_word(built: Index) -> None:
    """Wherever a snippet ends, it ends between words, and what is marked at its end is marked whole."""
    terms = read("卡纸 negotiation", built.tokenizer, built.synonyms)
    marker = Highlighter(built.tokenizer, dict.fromkeys(terms.weights, 1.0))
    for before in range(LENGTH // 2, LENGTH):
        text = "卡纸" + "了" * before + "。negotiation_failed(0x2f) 卡纸" + "了" * LENGTH
        snippet, _ = marker.snippet(Passage(text))
        assert set(marked(snippet)) <= {"卡纸", "negotiation_failed", "negotiation"}, snippet
        assert not re.search(r"[!-~]$", snippet.text) or snippet.text.endswith("(0x2f)"), snippet
        assert not re.search("(?<!^)卡$", snippet.text), snippet


def test_merged() -> None:
    """Overlapping and touching spans are one."""
    assert merged([(5, 7), (0, 2), (2, 3), (6, 9)]) == ((0, 3), (5, 9))
    assert merged([]) == ()


def shown(built: Index, query: str, passage: Passage) -> Snippet:
    terms = read(query, built.tokenizer, Synonyms({}))
    return Highlighter(built.tokenizer, dict.fromkeys(terms.weights, 1.0)).snippet(passage)[0]


LONG = "这一句很长没有标点" * 30
"""One sentence that no snippet holds."""


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("前一句。打印机卡纸了。", "前一句。打印机卡纸了。", "了。"),
        (f"{LONG}。打印机卡纸了。{LONG}。", "打印机卡纸了。这一句", "…"),
        (f"{LONG}，打印机卡纸了。", "…打印机卡纸了。", "了。"),
        (f"打印机卡纸，{LONG}", "打印机卡纸，这一句", "…"),
        (f"{LONG}，打印机卡纸，{LONG}", "…打印机卡纸，这一句", "…"),
        ("The printer 卡纸 again. Next one. " * 9, "The printer 卡纸 again. Next one.", "again."),
    ],
)
def test_sentences_are_whole(built: Index, text: str, start: str, end: str) -> None:
    """A snippet holds whole sentences where they fit, and says by … where one was cut."""
    found = shown(built, "卡纸", Passage(text))
    assert found.text.startswith(start)
    assert found.text.endswith(end)
    assert len(found.text.strip("…")) <= LENGTH


PIECES = ("卡纸", "打印机", "。", "，", " ", "\n", " " * 40, "\n\n", "word ", "一" * 30, "0x0000011b", LONG[:150])


@example([" " * 20, "卡纸", "一" * 50], 0, 60)  # blanks that no break ends
@given(st.lists(st.sampled_from(PIECES), max_size=24), st.integers(0, 24), st.integers(1, 200))
def test_any_text_has_its_snippet(built: Index, parts: list[str], cut: int, length: int) -> None:
    """However a text is made of sentences, blanks and words longer than a line: a stretch of one of its sections."""
    text = "".join(parts)
    where = len("".join(parts[:cut]))
    sections = (Section(0, "现象", "现象", "symptom"), Section(where, "解决", "解决", "fix")) if where > 0 else ()
    snippet, section = Highlighter(built.tokenizer, {"卡纸": 1.0}).snippet(Passage(text, sections=sections), length)
    inside = snippet.text.strip("…")
    own = text if not sections else text[:where] if section == sections[0] else text[where:]
    assert inside in own
    assert len(inside) <= max(length, len("0x0000011b"))
    assert all(0 <= a < b <= len(snippet.text) for a, b in snippet.spans)


def test_a_snippet_stays_in_its_section(built: Index) -> None:
    """Of a case that is one passage the snippet holds the section that it names, nothing of the next."""
    text = "打印机卡纸。\n更换搓纸轮。\n"
    sections = (Section(0, "现象", "现象", "symptom"), Section(text.index("更换"), "解决", "解决", "fix"))
    marker = Highlighter(built.tokenizer, {"卡纸": 1.0})
    snippet, section = marker.snippet(Passage(text, sections=sections))
    assert (snippet.text, section) == ("打印机卡纸。", sections[0])


def test_code_is_told(built: Index) -> None:
    """Code blocks and code within a line are code in the snippet, where a mark may stand in them."""
    article = Article("a.md", "a", body="运行 `sc query spooler` 看 spooler：\n\n```\nsc start spooler\n```\n")
    (passage,) = split(article)
    snippet = shown(built, "spooler", passage)
    assert [snippet.text[a:b].strip() for a, b in snippet.code] == ["sc query spooler", "sc start spooler"]
    told = stretches(snippet)
    assert "".join(text for _, found in told for text, _ in found) == snippet.text
    assert [[text for text, hit in found if hit] for is_code, found in told if is_code] == [["spooler"], ["spooler"]]


def test_the_alias_that_says_most(built: Index) -> None:
    """Of the customers' words those are shown that the query met best; where it met none, none."""
    marker = Highlighter(built.tokenizer, {"卡纸": 2.0, "打印机": 1.0})
    found = marker.best(("打印机坏了", "打印机老是卡纸", "没声音"))
    assert found is not None
    assert (found.text, marked(found)) == ("打印机老是卡纸", ["打印机", "卡纸"])
    assert marker.best(("没声音",)) is None
    assert marker.best(("打印机坏了",), beside="打印机报错") is None


def test_a_hit_shows_the_customers_words(settings: Settings, write: Write) -> None:
    """What was found by an alias alone shows that alias; what its title says needs none."""
    write("a.md", "---\nid: KB-000001\nkind: case\ntitle: 打印机报错\naliases: [纸皱成一团]\n---\n## 现象\n\n报错。\n")
    build(settings)
    index = Index(open_current(settings.index))
    (hit,) = search(index, Query("皱成一团")).hits
    assert hit.alias is not None
    assert hit.alias.text == "纸皱成一团"
    (hit,) = search(index, Query("打印机")).hits
    assert hit.alias is None
