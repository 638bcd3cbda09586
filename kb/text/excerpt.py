"""This module cuts a long text, a log as a rule, to what is read of it: its head, its tail, and the lines that tell.

A line tells when it holds a sign of trouble, an error's word or a code, that few other lines hold, or when no other
line is like it. What a program writes every second is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from kb.model import MAX_TEXT

GAP = "…"
"""Stands on a line of its own where lines were left out."""
MAX_LINES = 300_000
"""That are looked at."""
REPEATS = 3
"""Lines of the same shape, which differ in numbers alone, that are told."""
NEAR = 2
"""Lines before and behind a telling one that are told with it."""
_SIGNS_SHARE = 0.75
"""Of the room between head and tail, for lines with signs; the rest is for lines that are like no other."""
_LINE = re.compile(r"[^\n]{1,1000}(?=[\s,;]|$)|[^\n]{1,1000}|\n\n+")
"""A line, or a piece of one that is longer: a whole log may be one line of JSON."""
_TROUBLE = re.compile(
    r"error|fail|exception|fatal|panic|critical|denied|refused|timeout|timed out|unable|cannot|can't|abort|traceback"
    r"|caused by|warn|killed|corrupt|错误|失败|异常|拒绝|超时|无法|不能|故障|告警|损坏"
)
"""Of a line in small letters."""
_CODE = re.compile(
    r"0x[0-9A-Fa-f]{4,}|%[A-Z0-9_]{2,20}-\d-[A-Z0-9_]{2,30}|\b[A-Z](?:[A-Z0-9]{0,9}-\d{2,6}|[A-Z]{1,5}\d{3,8})\b"
)
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+", re.IGNORECASE)
_SHAPED = 300
"""Characters of a line that tell its shape."""


def excerpt(text: str) -> str:
    """At most MAX_TEXT characters of a text; the text itself when it is no longer."""
    if len(text) <= MAX_TEXT:
        return text
    head = _whole(text[: MAX_TEXT // 4])
    tail = _whole(text[: -MAX_TEXT // 4 - 1 : -1])[::-1]
    lines = [m[0] for m in islice(_LINE.finditer(text, len(head), len(text) - len(tail)), MAX_LINES)]
    told = sorted(_telling(lines, MAX_TEXT - len(head) - len(tail) - 2 * len(GAP) - 4))
    pieces = [head.rstrip("\n"), GAP]
    for before, number in zip([-1, *told], told, strict=False):
        pieces += [GAP] if 0 <= before < number - 1 else []
        pieces.append(lines[number].strip("\n"))
    return "\n".join([*pieces, GAP, tail.lstrip("\n")])


def _whole(text: str) -> str:
    """Without a line that was cut in two, where lines are of usual length."""
    last = text.rfind("\n")
    return text[: last + 1] if last > len(text) * 3 // 4 else text


def _telling(lines: Sequence[str], room: int) -> set[int]:
    """The numbers of lines that are told, at most so many characters of them, gaps counted too."""
    shapes = [_NUMBER.sub("0", line[:_SHAPED]) for line in lines]
    alike = Counter(shapes)
    seen: Counter[str] = Counter()
    few: list[int] = []
    for number, shape in enumerate(shapes):
        seen[shape] += 1
        if seen[shape] <= REPEATS and lines[number].strip():
            few.append(number)
    signed = {number: found for number in few if (found := signs(lines[number]))}
    often: Counter[str] = Counter()
    for number, found in signed.items():
        often.update(dict.fromkeys(found, alike[shapes[number]]))
    marked = sorted(signed, key=lambda number: min(often[sign] for sign in signed[number]))
    rare = sorted(few, key=lambda number: alike[shapes[number]])
    chosen: set[int] = set()
    for order, share in ((marked, _SIGNS_SHARE), (rare, 1.0)):
        _choose(order, lines, room * share - sum(_cost(lines[i]) for i in chosen), chosen)
    return chosen


def signs(line: str) -> set[str]:
    """What tells of trouble in a line: its words, and the families of its codes, ORA-0."""
    return {*_TROUBLE.findall(line.lower()), *(_NUMBER.sub("0", code) for code in _CODE.findall(line))}


def _choose(order: Iterable[int], lines: Sequence[str], room: float, chosen: set[int]) -> None:
    """Add lines, with what stands near them, while there is room."""
    for number in order:
        near = [i for i in range(max(0, number - NEAR), min(len(lines), number + NEAR + 1)) if i not in chosen]
        cost = sum(_cost(lines[i]) for i in near)
        if cost > room:
            return
        room -= cost
        chosen.update(near)


def _cost(line: str) -> int:
    """Characters that a line takes, with a gap before it."""
    return len(line) + len(GAP) + 2
