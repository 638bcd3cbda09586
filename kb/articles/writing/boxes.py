"""This module answers: how is a new article written section by section, each in a box of its own, and the text again?

Only a text that has its kind's headings, once each and in their order, is taken apart; any other is one box, and an
article that is there already always is: what its writer did not touch stays as it was.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from kb.articles.templates import headings

_FENCE = re.compile(r" {0,3}(```|~~~)")


class Box(NamedTuple):
    """A section. heading: as it is written; text: what stands below it. line: of the heading in the text, 1-based."""

    heading: str
    text: str
    line: int = 0


def boxes(body: str, kind: str) -> list[Box]:
    """The sections of a text, [] when it is not one after the other of its kind's."""
    lines = body.split("\n")
    for wanted in headings(kind):
        at = _places(lines, wanted)
        if at and not any(line.strip() for line in lines[: at[0]]):
            ends = [*at[1:], len(lines)]
            texts = ("\n".join(lines[start + 1 : end]) for start, end in zip(at, ends, strict=True))
            return [
                Box(name, text.strip("\n").rstrip(), start + 1)
                for name, text, start in zip(wanted, texts, at, strict=True)
            ]
    return []


def joined(sections: Iterable[tuple[str, str]]) -> str:
    """(heading, text) of all sections as one text. Inverse of boxes()."""
    return "\n".join(f"## {heading}\n\n{text.strip(chr(10)).rstrip()}\n" for heading, text in sections)


def _places(lines: list[str], wanted: tuple[str, ...]) -> list[int]:
    """Where these headings stand, [] unless all do, once each, in this order and outside of code."""
    found: list[tuple[str, int]] = []
    fence = ""
    for number, line in enumerate(lines):
        if m := _FENCE.match(line):
            fence = "" if fence == m[1] else fence or m[1]
        elif not fence and line.startswith("## ") and line[3:].strip() in wanted:
            found.append((line[3:].strip(), number))
    return [number for _, number in found] if tuple(name for name, _ in found) == wanted and wanted else []
