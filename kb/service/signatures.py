"""This module is signatures: strokes that a hand drew, as numbers alone, and the picture that they are shown as.

A signature is text: strokes between semicolons, each the points of a line, "x,y" between blanks, within 0 to 600 and 0
to 200. Nothing else is kept or shown, so that no picture of anybody's is ever opened.
"""

import re
from html import escape

from kb.errors import InputError
from kb.language import say

WIDTH, HEIGHT = 600, 200
MAX_POINTS = 3000
MAX_LENGTH = 30_000
"""Characters: as many as MAX_POINTS take."""
_POINT = re.compile(r"([0-9]{1,3}),([0-9]{1,3})")


def checked(text: str, asked: str) -> str:
    """A signature as it is kept. asked: what the field is called. Raises InputError for what is none."""
    strokes = read(text) if len(text) <= MAX_LENGTH else []
    if not strokes or sum(map(len, strokes)) > MAX_POINTS:
        raise InputError(
            say("{field}：不是笔迹；请重新签，或只打名字", "{field}: no strokes; sign again, or type the name",
                field=asked)
        )  # fmt: skip
    return ";".join(" ".join(f"{x},{y}" for x, y in stroke) for stroke in strokes)


def read(text: str) -> list[list[tuple[int, int]]]:
    """The strokes of a text, [] when it is no signature."""
    out = []
    for stroke in text.split(";"):
        points = [_POINT.fullmatch(point) for point in stroke.split()]
        found = [(int(m[1]), int(m[2])) for m in points if m]
        if not found or len(found) < len(points) or any(x > WIDTH or y > HEIGHT for x, y in found):
            return []
        out.append(found)
    return out


def picture(text: str, told: str) -> str:
    """A signature as SVG, "" when it is none. told: what it is, for who does not see it."""
    strokes = read(text)
    if not strokes:
        return ""
    lines = "".join(
        f'<polyline points="{" ".join(f"{x},{y}" for x, y in stroke * (2 if len(stroke) == 1 else 1))}"/>'
        for stroke in strokes
    )
    return (
        f'<svg class="signature" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(told)}" fill="none" '
        f'stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">{lines}</svg>'
    )
