"""Did you mean: words that no article holds, replaced by the nearest that one does."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.model import Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.spelling import MAX_LENGTH, better_query, edit_distance

Write = Callable[[str, str], Path]


@pytest.fixture
def small(write: Write, indexed: Callable[[], Index]) -> Index:
    """A few words, each in its usual forms."""
    write("a.md", "# 打印机卡纸\n\n打印机无法连接。Connection refused, connections dropped. 浙江分公司。\n")
    write("b.md", "# 打印机脱机\n\n重启打印机。Outlook batteries. 数据库激活失败。PPR-1044 ABCE-1044 printers\n")
    write("c.md", "# 交换机\n\n浙江 GE0/0/1 网络 防火墙\n")
    return indexed()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("conection", "connection"),
        ("Conection refused", "connection refused"),
        ("conections", "connections"),
        ("outlok", "outlook"),
        ("batery", "batteries"),
        ("refsued", "refused"),
        ("打因机", "打印机"),
        ("打因机卡纸", "打印机卡纸"),
        ("打印几", "打印机"),
        ("浙将", "浙江"),
        ("网洛", "网络"),
        ("数据哭激活失拜", "数据库激活失败"),
        ("防火强", "防火墙"),
        ("重起打印机", "重启打印机"),
        ("打因机 conection", "打印机 connection"),
        ("列印機", ""),
        ("打印机", ""),
        ("connection", ""),
        ("connec", ""),
        ("PPR-9087", ""),
        ("ABCD-1044", ""),
        ("GE0/0/2", ""),
        ("title:conection", ""),
        ("量子力学", ""),
        ("xyzzyx", ""),
        ("abc", ""),
        ("", ""),
    ],
)
def test_better_query(small: Index, typed: str, meant: str) -> None:
    """A wrong letter or a wrong character of like sound is mended; numbers, codes and known words are left."""
    assert better_query(small, typed) == meant


@pytest.mark.parametrize("typed", ["conection", "打因机", "数据哭", "printr", "databse", "certifcate", "蓝频"])
def test_on_the_page_of_the_sample_base(built: Index, typed: str) -> None:
    """A misspelled word gets its proposal on the result page, and the proposal finds articles."""
    page = search(built, Query(typed))
    assert page.suggestion
    assert search(built, Query(page.suggestion)).total > 0


@pytest.mark.parametrize(
    "typed", ["打印机 卡纸", "网卡坏了", "卡纸", "开不了机", "电脑很慢", "又卡又慢", "掉线", "connection refused"]
)
def test_good_queries_are_left_alone(built: Index, typed: str) -> None:
    """What is spelled well gets no proposal, even when the words don't stand together anywhere."""
    assert search(built, Query(typed)).suggestion == ""


def test_proposals_are_words_as_written(built: Index) -> None:
    """A word of the sample articles with one letter left out is answered, if at all, by a word that stands in one."""
    words = set()
    for number in range(len(built.article_of)):
        words |= set(re.findall(r"(?<![\w.-])[a-z]{7,}(?![\w.-])", built.passage(number).text))
    answered = 0
    for word in sorted(words)[::11]:
        proposal = better_query(built, word[:3] + word[4:])
        answered += bool(proposal)
        assert not proposal or built.fulltext.words(proposal)[0][0] == proposal
    assert answered > 20


def test_spelling_of_deleted_articles(small: Index, write: Write, indexed: Callable[[], Index]) -> None:
    """Words of deleted articles are proposed no longer."""
    write("a.md", "# 交换机\n\n别的内容\n")
    index = indexed()
    assert better_query(index, "conection") == ""
    assert better_query(index, "浙将") == "浙江"


def test_long_texts_are_not_spelled(small: Index) -> None:
    """Who pastes a text is not helped by another spelling."""
    assert better_query(small, "conection " * (MAX_LENGTH // 10 + 1)) == ""


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abcd", "abxd", 1),
        ("abc", "cba", 2),
        ("ab", "xyz", 3),
    ],
)
def test_edit_distance(a: str, b: str, distance: int) -> None:
    """Insertions, deletions, changes and swaps of neighbours, one each."""
    assert edit_distance(a, b, 5) == distance


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 4))
def test_edit_distance_properties(a: str, b: str, limit: int) -> None:
    """Symmetric, zero only for equals, and never more than one above the limit."""
    distance = edit_distance(a, b, limit)
    assert distance == edit_distance(b, a, limit) == min(edit_distance(a, b, 20), limit + 1)
    assert (distance == 0) == (a == b)
