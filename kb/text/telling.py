"""This module finds what names a fault by itself: its codes, as they stand in an article or in what a customer sends.

A code of the right kind decides which article is meant, whatever is said around it, unless it is mentioned only to
set another fault apart: "不同于 0x0000011b".
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from kb.model import Token
from kb.text.identifiers import CODE_KINDS
from kb.text.tokens import HAN, Folded

NAME = 0.8
"""What a name counts as a code, such as NullPointerException: it names a part of a program, often of many faults."""
BARE = 0.3
"""What a number counts that nothing calls a code."""
FAMILY = 20
"""Codes of a text that differ by their number alone; more of them count what a log is about, as w0 to w1999."""
BARE_AT_MOST = 5
"""Numbers of a text; among more of them none is a code that nothing calls so."""

_BEFORE = re.compile(
    r"(?:事件|错误|代码|代号|编号|状态|返回|故障|报|提示|显示|弹出?|跳|码"
    r"|\b(?:code|error|err|event|id|status|state|errno|exit|fault|failure|reports?|shows?|says|got|get|fails? with))"
    r"[^\n,.;!?，。；！？0-9]{0,6}$|#\s?$"
)
_AFTER = re.compile(r"\s?(?:号|这个)?(?:错误|报错|故障|事件|error|failure|fault|service error|[a-z]+ error)")
_REACH = 16
"""Characters before a number in which something may call it a code."""
_NAME_LENGTH = 8

_APART_BEFORE = re.compile(
    r"(?:不同于|区别于|有别于|不是|并非|而非|不像|别与|不要与|勿与|区分|混淆|混为|无关"
    r"|\bunlike|different from|\bnot|rather than|instead of|opposed to|confused? (?:it |this )?with|distinct from)"
    rf"[^\n，。；;.!?{HAN}]*[{HAN}]{{0,6}}[^\n，。；;.!?{HAN}]*$"
)
_APART_AFTER = re.compile(
    r"[^\n。；;.!?]{0,24}?"
    r"(?:不同|不一样|有别|有区别|是两回事|两码事|无关|混淆|区分|区别开|is (?:a )?different|is unrelated)"
)
_APART_WITH = re.compile(r"(?:与|和|跟|同|把|将|from|with|and)[^\n，。；;.!?]{0,16}$")
_APART_REACH = 40


def codes(folded: Folded, tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens of a text that name a fault. A number that is called a code gets a term of its own, "#1135"."""
    for token in tokens:
        if token.part:
            continue
        if token.kind in CODE_KINDS or _is_name(folded, token):
            yield token
        elif _is_number(token) and is_called_code(folded.text, token.start, token.end):
            yield token._replace(term=f"#{token.raw}")


def is_name(token: Token) -> bool:
    """Whether a code names a part of a program rather than a fault: it tells one only in a title or a symptom."""
    return token.kind not in CODE_KINDS and not token.term.startswith("#")


def weights(folded: Folded, tokens: Sequence[Token]) -> dict[str, float]:
    """The codes of a query, and how surely each names the fault, 0 to 1."""
    named = {t.term: BARE for t in _bare_numbers(tokens)}
    named |= {t.term: NAME if is_name(t) else 1.0 for t in codes(folded, tokens)}
    families = Counter(map(_family, named))
    return {term: sure for term, sure in named.items() if families[_family(term)] <= FAMILY}


def _family(term: str) -> str:
    """What stands before the number of a code."""
    return term.rstrip("0123456789")


def _bare_numbers(tokens: Iterable[Token]) -> Iterator[Token]:
    """The numbers of a text that has few, as codes: somebody may type nothing but 18456."""
    numbers = [t for t in tokens if not t.part and _is_number(t) and t.kind != "version" and len(t.raw) > 2]
    if len({t.raw for t in numbers}) <= BARE_AT_MOST:
        yield from (t._replace(term=f"#{t.raw}") for t in numbers)


def is_called_code(text: str, start: int, end: int) -> bool:
    """Whether the words around characters start to end of a folded text say that they are a code."""
    return bool(_BEFORE.search(text[max(0, start - _REACH) : start]) or _AFTER.match(text[end : end + _REACH]))


def is_apart(text: str, start: int, end: int) -> bool:
    """Whether characters start to end of a folded text are mentioned only to set what is written about apart."""
    before, after = text[max(0, start - _APART_REACH) : start], text[end : end + _APART_REACH]
    return bool(_APART_BEFORE.search(before) or (_APART_WITH.search(before) and _APART_AFTER.match(after)))


def _is_number(token: Token) -> bool:
    if token.kind in ("number", "version"):
        return len(token.raw) > 1
    return token.kind == "model" and token.raw[0].isdigit()


def _is_name(folded: Folded, token: Token) -> bool:
    """NullPointerException, ssl_error_rx and csagent.sys: put together, and long enough to be one thing alone."""
    if token.kind == "file":
        return True
    if token.kind not in ("name", "word") or len(token.raw) < _NAME_LENGTH:
        return False
    written = folded.cased[token.start : token.end]
    return "_" in written or any(a.islower() and b.isupper() for a, b in pairwise(written))
