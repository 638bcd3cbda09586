"""This module says what a shape of customer data is, and how a text is read before shapes are looked for in it."""

import re
from collections.abc import Callable
from typing import NamedTuple

Span = tuple[int, int]
Meant = Callable[[re.Match[str]], Span | None]

HIDDEN = "〔"
"""Stands in a text for each character already found; to all shapes it is what a placeholder begins with."""


def whole(m: re.Match[str]) -> Span | None:
    """The group "value", whatever it holds."""
    return m.span("value")


class Shape(NamedTuple):
    """What one kind of customer data looks like in a folded text, and which characters of a match are meant, if any.

    lower: the pattern knows small letters only, and is looked for in a text of those. A pattern that begins with
    given characters is found at once; one that ignores case, or looks back first, is tried at every character.
    """

    kind: str
    pattern: re.Pattern[str]
    meant: Meant = whole
    lower: bool = False


_SIGNS = "@:=+-._()/#"
"""Full-width signs that hold numbers, addresses and names together. Others end what stands before them."""
_FOLDED: dict[int, str] = {
    **{ord(c) + 0xFEE0: c for c in map(chr, range(0x21, 0x7F)) if c.isalnum() or c in _SIGNS},
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-"),
    **dict.fromkeys(map(ord, "\u00a0\u3000\u202f\u205f\t\r"), " "),
    **dict.fromkeys(range(0x2000, 0x200B), " "),
    **dict.fromkeys(map(ord, "·•∙⋅・"), "."),
    **{ord(sign): str(digit) for signs in ("⓪①②③④⑤⑥⑦⑧⑨", "🄋➀➁➂➃➄➅➆➇➈") for digit, sign in enumerate(signs)},
    **dict.fromkeys(map(ord, "“”„＂"), '"'),
    **dict.fromkeys(map(ord, "‘’＇"), "'"),
}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff]+")


def folded(text: str) -> tuple[str, list[int] | None]:
    """The text as shapes expect it, and where each of its characters stands in the text (None: at its own place).

    Full width becomes half width, all dashes, blanks and quotation marks become one; what cannot be seen goes.
    """
    if text.isascii():
        return text.replace("\t", " ").replace("\r", " "), None
    if not _INVISIBLE.search(text):
        return text.translate(_FOLDED), None
    hidden = {place for m in _INVISIBLE.finditer(text) for place in range(*m.span())}
    return _INVISIBLE.sub("", text).translate(_FOLDED), [i for i in range(len(text)) if i not in hidden]
