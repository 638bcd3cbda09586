"""This module reads synonyms: words that mean the same fault though they share no character.

    连不上网 = 上不了网 = 网络不通      each finds the others
    死机, 卡死 => 无响应                 the left find the right, not the other way round

Synonyms widen a query, never the text of an article.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kb.language import say
from kb.tokens import fold


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that can't be used. line: 1-based."""

    line: int
    message: str


def parse(text: str) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """The lines of articles/synonyms.txt -> (folded word -> its synonyms, lines that are not usable)."""
    table: dict[str, list[str]] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        line = fold(_without_comment(line)).text.strip()
        if not line:
            continue
        left, arrow, right = line.partition("=>")
        sources = _words(left if arrow else line.replace("=", ","))
        targets = _words(right) if arrow else sources
        if not sources or not targets or (not arrow and len(sources) < 2) or "=" in (left + right if arrow else ""):
            problems.append(
                Problem(
                    number,
                    say(
                        "看不懂这一行；写成“甲 = 乙”（互为同义）或“甲 => 乙”（单向）",
                        "this line is not usable; write 'a = b' (mutual) or 'a => b' (one-way)",
                    ),
                )
            )
            continue
        for source in sources:
            known = table.setdefault(source, [])
            known += [t for t in targets if t != source and t not in known]
    return {k: tuple(v) for k, v in table.items()}, problems


def _words(text: str) -> list[str]:
    words = (re.sub(r"\s+", " ", part.strip()) for part in re.split(r"[,，、]", text))
    return list(dict.fromkeys(w for w in words if w))


def _without_comment(line: str) -> str:
    """The line up to a # that stands first or behind a blank; the one of c# is part of the word."""
    return re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()


def parse_dictionary(text: str) -> list[str]:
    """The lines of articles/dictionary.txt: one word each, a # starts a comment."""
    return [word for line in text.splitlines() if (word := _without_comment(line))]


def find(folded: str, table: Iterable[str]) -> list[tuple[int, int, str]]:
    """Where words of the table stand in a folded text: (start, end, word), longest first, no overlap."""
    found: list[tuple[int, int, str]] = []
    taken = bytearray(len(folded))
    for word in sorted(table, key=len, reverse=True):
        start = folded.find(word)
        while start >= 0:
            end = start + len(word)
            if not any(taken[start:end]) and _whole(folded, start, end):
                found.append((start, end, word))
                taken[start:end] = b"\1" * (end - start)
            start = folded.find(word, start + 1)
    return sorted(found)


def _whole(text: str, start: int, end: int) -> bool:
    """False when the word is a piece of a longer run of ASCII letters or digits."""
    return not (_joined(text, start) or _joined(text, end))


def _joined(text: str, at: int) -> bool:
    return 0 < at < len(text) and _ascii(text[at - 1]) and _ascii(text[at])


def _ascii(char: str) -> bool:
    return char.isascii() and char.isalnum()
