"""How a query is read: golden/queries.yml holds text and tree; these are the rules behind it."""

from typing import Any

import pytest
import yaml
from conftest import GOLDEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.model import Query
from kb.search.index import Index
from kb.search.query import MAX_DEPTH, And, Node, Not, Or, Pattern, Phrase, Range, Value, Words, parse
from kb.search.searcher import search
from kb.search.suggest import suggest

QUERIES = yaml.safe_load((GOLDEN / "queries.yml").read_text("utf8"))


def short(node: Node | None) -> str:
    """A tree in the short form of queries.yml."""
    match node:
        case None:
            return "nothing"
        case Words(text):
            return text
        case Phrase(text, field):
            return f'"{text}"' if field == "text" else f'{field}:"{text}"'
        case Pattern(text, field):
            return f"~{text}" if field == "text" else f"{field}~{text}"
        case Value(field, value):
            return f"{field}={value}"
        case Range(field, low, high):
            return f"{field}[{low}..{high}]"
        case Not(child):
            return f"!{short(child)}"
        case And(children):
            return f"({' & '.join(map(short, children))})"
        case Or(children):
            return f"({' | '.join(map(short, children))})"
    raise AssertionError(node)


@pytest.mark.parametrize("case", QUERIES, ids=lambda c: str(c["text"]))
def test_golden(case: dict[str, Any]) -> None:
    """Each query is read as its tree, and a note stands exactly where it was not understood."""
    parsed = parse(str(case["text"]))
    assert short(parsed.root) == str(case["tree"])
    assert bool(parsed.notes) == case.get("note", False)


def test_a_paste_has_no_operators() -> None:
    """Several lines, or a very long one, are a paste: no colon, dash or quote in it means anything."""
    for text in ('status: "draft"\n-x OR (', "cause:hardware " * 40):
        assert parse(text).root == Words(text.strip())
        assert parse(text).notes == ()


@pytest.mark.parametrize(
    "text",
    [
        "昨天下午施工队走了以后，仓储部就有人说不好用，我问怎么个不好用法，她说“就是不好用”。爬了六层楼，电梯也在修，"
        "终于看到屏幕上写着 ORA-01653，状态：离线。我拍了照，手抖，糊了。",
        'CASE-77120,2026-01-12 08:33:20,教务处,"ORA-12514",待派单,P3,电话,否',
        '{"id": "INC0048213", "requester": {"name": "某某"}, "body": "ZD421"}',
    ],
)
def test_what_a_story_or_a_row_quotes_asks_for_nothing(text: str) -> None:
    """Quotation marks and colons of prose and of data are no operators, however short the text."""
    assert (parse(text).root, parse(text).notes) == (Words(text), ())


@pytest.mark.parametrize("text", ['"卡纸" 打印机，红灯', 'title:"卡纸" -产品:HP', "打印机 “卡纸”"])
def test_a_short_query_quotes(text: str) -> None:
    """A comma makes no story of it."""
    assert not isinstance(parse(text).root, Words)


def test_many_plain_words_are_no_syntax() -> None:
    """A sentence of a hundred words is one stretch of words, without a note."""
    parsed = parse("the link is up but " * 20)
    assert isinstance(parsed.root, Words)
    assert parsed.notes == ()


@pytest.mark.parametrize("text", ['"a" ' * 100, "a* " * 100, "id:1 " * 90])
def test_too_many_questions(text: str) -> None:
    """A hundred phrases or patterns would keep the engine busy: plain words and a note."""
    parsed = parse(text)
    assert isinstance(parsed.root, Words)
    assert parsed.notes


@pytest.mark.parametrize("opening", ["(", "-(", "a OR (", "NOT ("])
def test_deep_parentheses(built: Index, opening: str) -> None:
    """Parentheses within parentheses end somewhere: a note, not an exception."""
    depth = 500 // (len(opening) + 2)
    text = opening * depth + "卡纸" + ")" * depth
    assert len(text) <= 500
    assert parse(text).notes
    search(built, Query(text))
    shallow = opening * (MAX_DEPTH - 1) + "卡纸" + ")" * (MAX_DEPTH - 1)
    assert not parse(shallow).notes


PIECES = st.sampled_from(
    ['"', "“", "”", "「", "(", ")", "（", "）", "-", "!", "OR", "AND", "NOT", "||", "&&", "*", "?", ":", "：", "..",
     "title:", "updated:", "cause:", "status:", "原因:",
     "[", "]", " TO ", ">=", "2025-03", "0x11b", "打印机", "卡", "ﬁ",
     "conn", "\\", "/", "|", "\0", "\ud800", "İ", "資料庫", "Ａ", "😀", " ", "\t", "\u3000", "\n", "_", "~", "a*b*c"]
)  # fmt: skip
MANY = st.lists(PIECES, max_size=25)
ANY = st.one_of(st.text(max_size=80), MANY.map("".join), MANY.map(" ".join))


@given(ANY)
@settings(max_examples=600, deadline=None)
def test_parse_never_raises(text: str) -> None:
    """There is no wrong query."""
    parsed = parse(text)
    assert parsed.root is None or short(parsed.root)


@given(ANY)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_search_and_suggest_never_raise(built: Index, text: str) -> None:
    """Whatever is typed or pasted, there is an answer, with scores between 0 and 1 and spans inside their texts."""
    page = search(built, Query(text))
    answer = suggest(built, text)
    assert len(page.hits) == min(page.total, 10)
    found = [(hit.score, hit.snippet) for hit in page.hits] + [(s.score, s.snippet) for s in answer.suggestions]
    for score, snippet in found:
        assert 0 <= score <= 1
        assert all(0 <= a < b <= len(snippet.text) for a, b in snippet.spans)
