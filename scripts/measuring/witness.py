"""This module writes articles that tell which version they are, and looks whether an index is of one piece.

Every article holds a word that no other has, and a stamp of its version in its title, at the start and at the end.
So an answer shows which version it is of, and whether all parts of an index are of the same one.
"""

import re
from pathlib import Path

from kb.articles.atomic import save
from kb.model import Query
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import suggest

_LETTERS = "bcdfgkmpqtvwxz"
_STAMP = re.compile(r"\bjv([a-z]+)j([a-z]+)j\b")
_FILLER = "打印服务 连接 超时 之后 停止 响应 ， 日志 里 没有 别的 记录 。 重启 主机 之后 恢复 ， 第二天 又 出现 。\n"


class WrongAnswerError(Exception):
    """An index answered what no published state could have answered."""


def _spelled(number: int) -> str:
    """A number in letters that make no word, so that nothing is stemmed or taken for an identifier."""
    out = ""
    while True:
        number, digit = divmod(number, len(_LETTERS))
        out = _LETTERS[digit] + out
        if not number:
            return out


def word(article: int) -> str:
    return f"jw{_spelled(article)}j"


def stamp(article: int, version: int) -> str:
    return f"jv{_spelled(article)}j{_spelled(version)}j"


def name(article: int) -> str:
    return f"KB-{800000 + article}"


def write(folder: Path, article: int, version: int) -> None:
    """Save a version of an article, whole or not at all."""
    mark = stamp(article, version)
    text = f"""---
id: {name(article)}
kind: case
title: 故障 {word(article)} 版本 {mark}
area: printer
status: published
---
## 现象

{word(article)} 现象 {mark}。{_FILLER * (1 + article % 5)}

## 解决

更换 {word(article)} 的部件。
{_FILLER}
完成 {mark}
"""
    save(folder / f"{article % 10}" / f"{name(article)}.md", text)


def version_of(index: Index, article: int, articles: int) -> int:
    """The version of an article that an index holds; all that is asked of it must agree on this one.

    articles: how many there have to be. Raises WrongAnswerError.
    """
    total = search(index, Query("")).total
    _expect(total == articles, f"{total} articles instead of {articles}")
    page = search(index, Query(word(article)))
    _expect([h.article.id for h in page.hits] == [name(article)], f"{name(article)} is not what its word finds")
    mark = _STAMP.search(page.hits[0].article.title)
    _expect(mark is not None, "a title without a stamp")
    assert mark is not None
    version = next(v for v in range(1_000_000) if _spelled(v) == mark[2])
    number = index.number_of(name(article))
    stamps = set(_STAMP.findall(index.body(number) + index.passage(int(index.first[number])).text))
    _expect(stamps == {mark.groups()}, f"{name(article)} is of several versions: {stamps}")
    for asked, wanted in ((version, 1), (version - 1, 0), (version + 1, 0)):
        if asked >= 0:
            quoted = search(index, Query(f'"{word(article)} 现象 {stamp(article, asked)}"')).total
            _expect(quoted == wanted, f"{name(article)} quoted at version {asked - version:+d}: {quoted}")
    found = suggest(index, f"{word(article)} {mark[0]} 打印服务停止响应").suggestions
    _expect(bool(found) and found[0].article.id == name(article), f"{name(article)} is not suggested")
    _expect(mark[0] in found[0].fix, f"the fix of {name(article)} is of another version")
    return version


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WrongAnswerError(otherwise)
