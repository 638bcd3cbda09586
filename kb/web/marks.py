"""This module marks words in rendered HTML: in its text only, never in its tags."""

from html import escape
from html.parser import HTMLParser
from typing import NamedTuple

from kb.search.engine import Marker

PLACE = "mark."
"""Before the number of a mark in its id; no heading's anchor holds a dot."""


class Marked(NamedTuple):
    """Safe HTML, and how many marks it has; their ids count from PLACE1."""

    html: str
    marks: int


class _Marking(HTMLParser):
    def __init__(self, marker: Marker) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.count = 0
        self._marker = marker

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.out.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.out.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        position = 0
        for start, end in self._marker(data):
            self.count += 1
            self.out.append(escape(data[position:start], quote=False) + f'<mark id="{PLACE}{self.count}">')
            self.out.append(escape(data[start:end], quote=False) + "</mark>")
            position = end
        self.out.append(escape(data[position:], quote=False))


def mark(html: str, marker: Marker) -> Marked:
    """Safe HTML with <mark> around what the marker finds in its text."""
    parser = _Marking(marker)
    parser.feed(html)
    parser.close()
    return Marked("".join(parser.out), parser.count)
