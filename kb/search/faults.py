"""This module finds where a text tells of several faults: numbered, after "另外", or apart by blank lines.

It only cuts; whether the pieces are faults of their own is for whoever finds an answer to each (kb.search.suggest).
"""

import re

MOST = 4
"""Faults of one text that are answered apart."""
SHORTEST = 6
"""Characters of a piece that can tell of a fault."""
LONGEST = 3000
"""Characters of a text that is cut; a log has blank lines of its own."""

_NUMBER = re.compile(
    r"^[ \t]*(?:[（(]?(\d{1,2})[)）.、．][ \t]*(?=\D)|([①②③④⑤⑥⑦⑧⑨])|(?:第)?([一二三四五六七八九])[、是，,:：])",
    re.MULTILINE,
)
_DIGITS = {c: i for digits in ("①②③④⑤⑥⑦⑧⑨", "一二三四五六七八九") for i, c in enumerate(digits, 1)}
_ALSO = re.compile(
    r"(?:^|(?<=[\n。；;！!？?.]))\s*(?:另外|还有(?:一个|个|一件|件|就是|一点)?|再(?:一个|有)|另一个(?:问题)?|第二个(?:问题)?|顺便"
    r"|also\b|another (?:issue|problem|thing)|second(?:ly)?\b|besides\b)[，,：:]?",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\n[ \t]*\n")


def split(text: str) -> list[str]:
    """The pieces of a text that may each tell of a fault; at most one when nothing sets any apart.

    >>> split("1. 打印机卡纸 2. 无")
    []
    >>> split("打印机一直卡纸。另外，财务那台连不上网")
    ['打印机一直卡纸。', '财务那台连不上网']
    """
    if len(text) > LONGEST:
        return []
    for pieces in (_numbered(text), _ALSO.split(text), _BLANK.split(text)):
        told = [p.strip() for p in pieces if len(p.strip()) >= SHORTEST]
        if 2 <= len(told) <= MOST:
            return told
    return []


def _numbered(text: str) -> list[str]:
    """What stands behind 1, 2, 3 ... at the beginnings of lines."""
    places: list[re.Match[str]] = []
    for m in _NUMBER.finditer(text):
        if int(m[1] or 0) + _DIGITS.get(m[2] or m[3] or "", 0) == len(places) + 1:
            places.append(m)
    ends = [m.start() for m in places[1:]] + [len(text)]
    return [text[m.end() : end] for m, end in zip(places, ends, strict=True)] if len(places) > 1 else []
