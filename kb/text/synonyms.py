"""This module reads synonyms, words that mean the same fault though they share no character, and finds them in a text.

    连不上网 = 上不了网 = 网络不通      each finds the others
    死机, 卡死 => 无响应                 the left find the right, not the other way round
    主机 != 服务器                      takes a pair of the shipped words away, both ways

Synonyms widen a query, never the text of an article. Those of the trade are shipped; a base adds its own to them in
articles/synonyms.txt, and takes away what is not true there.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from operator import add
from typing import NamedTuple

from kb.language import say
from kb.text.tokens import fold

Table = dict[str, tuple[str, ...]]
"""Folded word -> its synonyms."""

TRADE_WORDS = "kb/text/data/trade_words.txt"
"""The shipped words of the trade, as the file is called in messages."""

_SIGN = re.compile(r"=>|!=|≠|=")
_APART = (["!="], ["≠"])


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that can't be used. line: 1-based."""

    line: int
    message: str


class Parsed(NamedTuple):
    """What a file of synonyms says. apart: two words that are no synonyms -> the line that says so."""

    table: Table
    apart: dict[tuple[str, str], int]
    problems: list[Problem]

    def separates(self, a: str, b: str) -> bool:
        """Whether it says that two words are no synonyms, in either order."""
        return (a, b) in self.apart or (b, a) in self.apart


NOTHING = Parsed({}, {}, [])


def parse(text: str) -> Parsed:
    """Read the lines of a file such as articles/synonyms.txt; lines that can't be used are problems."""
    table: dict[str, list[str]] = {}
    apart: dict[tuple[str, str], int] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        line = fold(_without_comment(line)).text.strip()
        if not line:
            continue
        signs, sides = _SIGN.findall(line), [_words(side) for side in _SIGN.split(line)]
        if set(signs) <= {"="}:
            sources = targets = list(dict.fromkeys(word for side in sides for word in side))
            usable = len(sources) > 1
        else:
            sources, targets = sides[0], sides[-1]
            usable = len(signs) == 1 and bool(sources and targets)
        if not usable:
            problems.append(Problem(number, _unusable()))
            continue
        if signs in _APART:
            apart |= {(a, b): number for a in sources for b in targets}
            continue
        for source in sources:
            known = table.setdefault(source, [])
            known += [t for t in targets if t != source and t not in known]
    return Parsed({k: tuple(v) for k, v in table.items() if v}, apart, problems)


def _unusable() -> str:
    return say(
        "看不懂这一行；写成“甲 = 乙”（互为同义）、“甲 => 乙”（单向）或“甲 != 乙”（去掉自带的一对）",
        "this line is not usable; write 'a = b' (mutual), 'a => b' (one-way) or 'a != b' (no shipped pair)",
    )


def _words(text: str) -> list[str]:
    words = (re.sub(r"\s+", " ", part.strip()) for part in re.split(r"[,，、]", text))
    return list(dict.fromkeys(w for w in words if w))


def _without_comment(line: str) -> str:
    """The line up to a # that stands first or behind a blank; the one of c# is part of the word."""
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()


def parse_dictionary(text: str) -> list[str]:
    """The lines of articles/dictionary.txt: one word each, a # starts a comment."""
    return [word for line in text.splitlines() if (word := _without_comment(line))]


# --- shipped ---------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def trade_words() -> Parsed:
    """The words of the trade that come with the program."""
    return parse(shipped_text("trade_words.txt"))


def shipped_text(name: str) -> str:
    """A file of words that comes with the program."""
    return files("kb.text").joinpath("data", name).read_text("utf8")


def merged(shipped: Parsed, own: Parsed) -> Table:
    """The shipped synonyms without the pairs that a base takes away, and with those it adds."""
    table = {
        word: kept
        for word, others in shipped.table.items()
        if (kept := tuple(other for other in others if not own.separates(word, other)))
    }
    return joined(table, own.table)


def joined(table: Mapping[str, tuple[str, ...]], more: Mapping[str, tuple[str, ...]]) -> Table:
    """Both tables in one; a word of both has the synonyms of both, each once."""
    return {**table, **{word: tuple(dict.fromkeys((*table.get(word, ()), *more[word]))) for word in more}}


def absent_pairs(shipped: Parsed, own: Parsed) -> Iterator[tuple[int, str, str]]:
    """(line, word, word) of a base's pairs that are to be taken away and are not shipped."""
    for (a, b), line in own.apart.items():
        if b not in shipped.table.get(a, ()) and a not in shipped.table.get(b, ()):
            yield line, a, b


# --- found in a text -------------------------------------------------------------------------


class Synonyms(Mapping[str, tuple[str, ...]]):
    """A table made ready for finding its words in texts; never changes, safe to share between threads."""

    def __init__(self, table: Mapping[str, Iterable[str]] | None = None) -> None:
        self._table = {word: tuple(others) for word, others in (table or {}).items()}
        self._rank = {word: rank for rank, word in enumerate(sorted(self._table, key=len, reverse=True))}
        # Two characters tell where a word may begin; one, when a base lists a word of one.
        self._start = min((2, *map(len, self._table)))
        self._lengths: dict[str, set[int]] = {}
        for word in self._table:
            self._lengths.setdefault(word[: self._start], set()).add(len(word))

    def __getitem__(self, word: str) -> tuple[str, ...]:
        return self._table[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def find(self, folded: str, edges: Container[int] | None = None) -> list[tuple[int, int, str]]:
        """Where words of the table stand in a folded text: (start, end, word) in order.

        The longest first, no overlap, never inside a longer run of ASCII letters or digits. edges: where the text's own
        words begin and end; what neither begins nor ends with one of them stands there by chance, as 断网 in 判断网络.
        """
        found: list[tuple[int, int, str]] = []
        taken = bytearray(len(folded))
        for start, end, word in sorted(self._standing(folded), key=lambda place: (self._rank[place[2]], place[0])):
            by_chance = edges is not None and start not in edges and end not in edges
            if not by_chance and not any(taken[start:end]):
                found.append((start, end, word))
                taken[start:end] = b"\1" * (end - start)
        return sorted(found)

    def _standing(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every word at every place, overlapping ones too. One look at each place, whatever the size of the table."""
        beginnings = map(add, text, text[1:]) if self._start == 2 else text
        lengths = self._lengths
        for start in [i for i, beginning in enumerate(beginnings) if beginning in lengths]:
            for length in lengths[text[start : start + self._start]]:
                word = text[start : start + length]
                if word in self._table and not _joined(text, start) and not _joined(text, start + length):
                    yield start, start + length, word


def _joined(text: str, at: int) -> bool:
    """Whether a run of ASCII letters and digits goes on across this place."""
    return 0 < at < len(text) and _ascii(text[at - 1]) and _ascii(text[at])


def _ascii(char: str) -> bool:
    return char.isascii() and char.isalnum()
