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
    for found in (*page.hits, *answer.suggestions):
        assert 0 <= found.score <= 1
        assert all(0 <= a < b <= len(found.snippet.text) for a, b in found.snippet.spans)
