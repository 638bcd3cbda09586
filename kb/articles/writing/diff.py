"""This module answers: what differs between two texts, line by line and word by word, and what is one text of both?"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

CONTEXT = 3
"""Lines that are shown around a difference."""
MAX_LINES = 20_000
"""Lines of a text that are compared."""
MAX_LINE = 2000
"""Characters; a longer line is compared as a whole."""

_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9_]+|\s+|.")

Pieces = tuple[tuple[str, bool], ...]
"""A line in pieces: (text, whether it differs)."""


class Row(NamedTuple):
    """One line of both texts. kind: same, changed, removed (only in the first), added (only in the second), or gap:
    lines that are the same and not shown, `left` holding how many. Line numbers are 1-based, 0 for none."""

    kind: str
    left_line: int
    left: Pieces
    right_line: int
    right: Pieces


def compare(first: str, second: str) -> list[Row]:
    """The differences of two texts with some lines around them; [] when there are none."""
    a, b = first.split("\n")[:MAX_LINES], second.split("\n")[:MAX_LINES]
    rows: list[Row] = []
    shown = 0
    for group in SequenceMatcher(None, a, b).get_grouped_opcodes(CONTEXT):
        if group[0][1] > shown:
            rows.append(_gap(group[0][1] - shown))
        for operation in group:
            rows += _rows(a, b, *operation)
        shown = group[-1][2]
    if rows and shown < len(a):
        rows.append(_gap(len(a) - shown))
    return rows


def merged(base: str, mine: str, theirs: str) -> tuple[str, list[str]]:
    """One body of two that both began as the base: a section that only they changed is theirs, all else is mine.

    Returns the body and the headings ("" of what stands before the first) of sections that both changed. Where the
    headings are not the same in all three, the body is one section.
    """
    cut = [_SECTION.split(text) for text in (base, mine, theirs)]
    if any(_headings(sections) != _headings(cut[0]) for sections in cut[1:]):
        cut = [[base], [mine], [theirs]]
    out, both = [], []
    for was, my, other in zip(*cut, strict=True):
        out.append(other if my == was else my)
        if my != was and other not in (was, my):
            both.append(_headings([my])[0] if len(cut[0]) > 1 else "")
    return "".join(out), both


def _headings(sections: list[str]) -> list[str]:
    return [s.partition("\n")[0].rstrip() if s.startswith("## ") else "" for s in sections]


def _gap(lines: int) -> Row:
    return Row("gap", 0, ((str(lines), False),), 0, ())


def _rows(a: list[str], b: list[str], tag: str, a1: int, a2: int, b1: int, b2: int) -> Iterator[Row]:
    common = min(a2 - a1, b2 - b1)
    for k in range(common):
        left, right = a[a1 + k], b[b1 + k]
        pieces = (((left, False),), ((right, False),)) if tag == "equal" else _words(left, right)
        yield Row("same" if tag == "equal" else "changed", a1 + k + 1, pieces[0], b1 + k + 1, pieces[1])
    for i in range(a1 + common, a2):
        yield Row("removed", i + 1, ((a[i], False),), 0, ())
    for i in range(b1 + common, b2):
        yield Row("added", 0, (), i + 1, ((b[i], False),))


def _words(left: str, right: str) -> tuple[Pieces, Pieces]:
    """Two versions of a line, each in pieces."""
    if max(len(left), len(right)) > MAX_LINE:
        return ((left, True),), ((right, True),)
    a, b = _WORD.findall(left), _WORD.findall(right)
    operations = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    return (
        tuple(("".join(a[i:j]), tag != "equal") for tag, i, j, _, _ in operations if j > i),
        tuple(("".join(b[i:j]), tag != "equal") for tag, _, _, i, j in operations if j > i),
    )
