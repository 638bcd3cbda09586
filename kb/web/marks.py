"""This module marks words in rendered HTML: in its text only, never in its tags."""

from html import escape
from html.parser import HTMLParser

from kb.search.engine import Marker


class _Marked(HTMLParser):
    def __init__(self, marker: Marker) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
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
            self.out.append(escape(data[position:start], quote=False) + "<mark>")
            self.out.append(escape(data[start:end], quote=False) + "</mark>")
            position = end
        self.out.append(escape(data[position:], quote=False))


def mark(html: str, marker: Marker) -> str:
    """Safe HTML with <mark> around what the marker finds in its text."""
    parser = _Marked(marker)
    parser.feed(html)
    parser.close()
    return "".join(parser.out)
