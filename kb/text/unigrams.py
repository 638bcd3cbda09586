"""This module turns text into atoms, which quotations are matched by: Chinese characters and runs of letters or digits.

No cut by meaning, so any stretch of a Chinese text is found by quoting it, however a segmenter would cut it.
An atom is an integer: twice the character, plus one when another Chinese character stands right before it;
from FIRST_WORD on a word of letters or digits.
"""

import re
from collections.abc import Callable

from kb.text.tokens import HAN

BREAK = 0
"""Stands between two texts, so that no phrase runs from one into the next."""
FIRST_WORD = 1 << 17

RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")


def spell(folded: str) -> list[str]:
    """The atoms of a folded text as text, in order: 打印机 P3015 -> 打 印 机 p3015."""
    return [atom for run in RUN.findall(folded) for atom in (run if _is_han(run) else (run,))]


def encode(folded: str, word: Callable[[str], int]) -> list[int]:
    """The atoms of a folded text, in order. word: the number of a word, from 0.

    >>> encode("vpn 断开", {"vpn": 7}.__getitem__)
    [131079, 52058, 48641]
    """
    out: list[int] = []
    for run in RUN.findall(folded):
        if _is_han(run):
            out.append(2 * ord(run[0]))
            out += [2 * ord(char) + 1 for char in run[1:]]
        else:
            out.append(FIRST_WORD + word(run))
    return out


def _is_han(run: str) -> bool:
    # Cheaper than a pattern; what lies between these and is no Chinese character is no letter either.
    first = run[0]
    return "\u3400" <= first <= "\u9fff" or "\uf900" <= first <= "\ufaff"
