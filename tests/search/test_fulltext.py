"""The contract of the full-text engine: which passages hold a phrase, a pattern, a field's value, a date.

These tests ask through kb.search.fulltext alone, so they judge whatever engine stands behind it.
"""

import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kb.bundle import open_current
from kb.indexer.build import build
from kb.model import Query
from kb.search.fulltext import FullText
from kb.search.index import Index
from kb.search.query import Pattern, Phrase, Range
from kb.search.searcher import search
from kb.settings import Settings
from kb.text.tokens import HAN, fold

Write = Callable[[str, str], Path]

ARTICLE = """\
---
id: KB-000001
kind: case
title: 打印机卡纸
product: [HP LaserJet P3015]
area: printer
severity: P2
tags: [进纸, 搓纸轮]
aliases: [纸塞住了]
created: 2024-05-01
updated: 2025-03-20
---
## 现象

这是一个测试文档。提示“无法连接，请重试”；Windows 无法连接到打印机（错误 0x0000011b）。

## 解决

```text
ORA-01653: unable to extend table ERP.INV_LOG
GE0/0/1 is UP
```

更换ＶＰＮ设备，連不上網路，浙江的上海交通大学
"""


@pytest.fixture
def found(settings: Settings, write: Write) -> Callable[[object], bool]:
    """found(node): whether the one article above matches."""
    write("a.md", ARTICLE)
    build(settings)
    index = Index(open_current(settings.index))
    assert len(index.article_of) == 1

    def asked(node: object) -> bool:
        if isinstance(node, Range):
            return bool(index.between(node.field, node.low, node.high)[0])
        ask = {Phrase: FullText.phrase, Pattern: FullText.pattern}
        return bool(ask[type(node)](index.fulltext, node)[0])  # type: ignore[operator]

    return asked


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("测试", True),
        ("一个测试文", True),
        ("测文", False),
        ("无法连接，请重试", True),
        ("无法连接 - 请重试", True),
        ("无法连接请重试", False),
        ("请重试无法连接", False),
        ("连接到打印机（错误 0x0000011b", True),
        ("Windows 无法", True),
        ("windows无法", True),
        ("unable to extend table", True),
        ("unable extend", False),
        ("extend tab", False),
        ("ORA-01653: unable", True),
        ("ora 01653", True),
        ("01653", True),
        ("1653", False),
        ("GE0/0/1", True),
        ("GE0/0/2", False),
        ("vpn", True),
        ("连不上网络", True),
        ("連不上網路", True),
        ("上海交通大学", True),
        ("上海大学", False),
        ("卡", True),
        ("机", True),
        ("学", True),
        ("猫", False),
        ("打印机 卡", False),
        ("", False),
        ("。，！", False),
        ("卡纸 HP", False),  # the end of one field and the start of the next are no neighbours
        ("卡纸 纸塞", False),
    ],
)
def test_phrases(found: Callable[[object], bool], text: str, stands: bool) -> None:
    """A phrase is its words in a row, with any signs where signs are; never words of two fields."""
    assert found(Phrase(text)) == stands


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("extend*", True),
        ("ext*", True),
        ("ext*d", True),
        ("ext*x", False),
        ("e?tend", True),
        ("e?end", False),
        ("*tend", True),
        ("ORA-0*", True),
        ("ora-9*", False),
        ("0x0000*", True),
        ("GE0/0/*", True),
        ("GE*/0/1", True),
        ("打印*", True),
        ("打*纸", True),
        ("打*猫", False),
        ("*", False),
        ("_*", False),
    ],
)
def test_patterns(found: Callable[[object], bool], text: str, stands: bool) -> None:
    """* is any characters and ? one character of a word of letters; around Chinese a * is a gap."""
    assert found(Pattern(text)) == stands


@pytest.mark.parametrize(
    ("node", "stands"),
    [
        (Phrase("卡纸", "title"), True),
        (Phrase("测试", "title"), False),
        (Phrase("P3015", "product"), True),
        (Phrase("LaserJet P3015", "product"), True),
        (Phrase("P3015 LaserJet", "product"), False),
        (Phrase("搓纸轮", "tag"), True),
        (Phrase("纸塞住", "alias"), True),
        (Phrase("KB-000001", "id"), True),
        (Phrase("unable to extend", "code"), True),
        (Phrase("测试", "code"), False),
        (Pattern("P30*", "product"), True),
        (Pattern("P40*", "product"), False),
        (Range("updated", "2025-03-20", "2025-03-20"), True),
        (Range("updated", "2025", "2025"), True),
        (Range("updated", "2025-03", "2025-03"), True),
        (Range("updated", "2025-04", ""), False),
        (Range("updated", "", "2025-02"), False),
        (Range("updated", "", "2025-03"), True),
        (Range("created", "2024-05-01", ""), True),
        (Range("review_after", "2000", ""), False),
    ],
)
def test_fields_and_ranges(found: Callable[[object], bool], node: object, stands: bool) -> None:
    """A field is asked alone; both ends of a range count, and a month or year is all its days."""
    assert found(node) == stands


def test_deleted_and_added_again(settings: Settings, write: Write) -> None:
    """What is deleted is found no longer by any kind of question, and found again when it returns."""
    write("b.md", "---\nupdated: 2020-01-01\n---\n# 别的文章\n")
    path = write("a.md", ARTICLE)
    for expected in (1, 0, 1, 0, 1):
        if expected:
            path.write_text(ARTICLE, "utf8")
        else:
            path.unlink(missing_ok=True)
        build(settings)
        index = Index(open_current(settings.index))
        asked = (
            index.fulltext.phrase(Phrase("搓纸轮")),
            index.fulltext.pattern(Pattern("exten*")),
            index.between("updated", "2025", ""),
        )
        assert [int(mask.sum()) for mask in asked] == [expected] * 3
        assert len(index.fulltext.words("extend")) == expected


def test_a_pattern_never_hangs(settings: Settings, write: Write) -> None:
    """A pattern of many stars against a long word of one letter is answered, in the engine and in the snippet."""
    write("a.md", "# 零\n\n" + "0" * 90 + " aaa\n")
    build(settings)
    index = Index(open_current(settings.index))
    assert search(index, Query("0*" * 30 + "x")).total == 0
    assert search(index, Query("0*" * 30 + " OR a*a*a*a*b")).total == 1


def stretches(index: Index, count: int) -> list[tuple[int, str]]:
    """(passage, stretch): word for word from articles, Chinese cut at any character, Latin at word boundaries."""
    chance = random.Random(7)
    units = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
    texts = [index.passage(i).text for i in range(len(index.article_of))]
    out: list[tuple[int, str]] = []
    while len(out) < count:
        number = chance.randrange(len(texts))
        text = texts[number]
        places = [m.span() for m in units.finditer(text)]
        first = chance.randrange(len(places))
        last = min(first + chance.randrange(1, 14), len(places)) - 1
        stretch = text[places[first][0] : places[last][1]]
        # The fold of a Taiwan word cut in two (料庫 of 資料庫) is not a part of the fold of the whole.
        if fold(stretch).text in fold(text).text:
            out.append((number, stretch))
    return out


def test_every_phrase_that_stands_is_found(built: Index) -> None:
    """Quoting any stretch of an article finds its passage: 100 %."""
    lost = [(n, text) for n, text in stretches(built, 800) if not built.fulltext.phrase(Phrase(text))[n]]
    assert not lost


def test_every_line_of_code_is_found(built: Index) -> None:
    """Quoting a whole line of a code block finds its passage, in the text and in the code."""
    lost = []
    for number in range(0, len(built.article_of), 3):
        passage = built.passage(number)
        for line in (line for a, b in passage.code for line in passage.text[a:b].splitlines()):
            if re.search(r"[^\W_]", line):
                masks = (built.fulltext.phrase(Phrase(line, field)) for field in ("text", "code"))
                lost += [line for mask in masks if not mask[number]]
    assert not lost


def test_quoting_in_the_search_box(built: Index) -> None:
    """The same through the search box: the article is among the results, whatever signs the stretch holds."""
    lost = []
    for number, text in stretches(built, 150):
        line = " ".join(text.split())
        article = built.articles[built.article_of[number]]
        if '"' in line or len(line) > 200 or article.status in ("draft", "archived"):
            continue
        page = search(built, Query(f'"{line}"', size=100))
        found = {h.article.path for h in page.hits}
        if article.path not in found and page.total <= 100:
            lost.append((article.id, line))
    assert not lost


def test_a_phrase_finds_only_where_it_stands(built: Index) -> None:
    """What a quotation finds holds its words in a row; checked on the passages' own text."""
    facts_too = []
    for _, text in stretches(built, 100):
        words = re.findall(rf"[{HAN}]|[^\W_{HAN}]+", fold(text).text)
        if len(words) < 4:
            continue
        joined = re.compile(r"[\W_]*".join(map(re.escape, words)))
        for number in np.flatnonzero(built.fulltext.phrase(Phrase(text))):
            passage, article = built.passage(int(number)), built.articles[built.article_of[number]]
            whole = "\n".join((article.title, *article.aliases, *passage.heading, *article.tags, passage.text))
            if not joined.search(fold(whole).text):
                facts_too.append((article.id, text))
    assert not facts_too


def test_nothing_of_ours_in_the_index(built: Index) -> None:
    """Whoosh pickles its schema and its segments: no class of this project is named there."""
    tables = list(built.bundle.file("whoosh").glob("*.toc"))
    assert tables
    assert not any(b"kb." in table.read_bytes() for table in tables)
