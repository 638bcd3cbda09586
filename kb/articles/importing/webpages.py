"""This module turns HTML, a saved web page or what a converter made of another format, into Markdown."""

import re
from collections.abc import Iterator
from copy import copy
from typing import Any, cast

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

from kb.articles.importing import escape
from kb.articles.importing.model import Document
from kb.articles.importing.packages import too_large
from kb.articles.importing.shaping import plain, shaped
from kb.text import encodings

MAX_CELLS = 50_000
"""Of all tables, those that reach over several rows counted in each."""


MAX_HTML = 8 * 1024 * 1024
"""Bytes of a page: more takes half a minute."""
_SILENT = ("script", "style", "template", "noscript", "head", "nav", "iframe", "object", "svg", "form", "button")
"""Elements that say nothing to a reader of the text, or lead about a site."""
_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_SCHEMES = re.compile(r"(?:https?|ftp|mailto):|[^:]*$|[^:/?#]*[/?#]", re.IGNORECASE)
"""Addresses that a link may have: of the web, of mail, or relative ones."""


def read(raw: bytes, name: str, _image: str) -> Document:
    """A saved web page; its main part where it names one. Nothing of it is run or fetched.

    Raises ArticleError for a page that is too large or nested too deep.
    """
    if len(raw) > MAX_HTML:
        raise too_large(name)
    declared = _CHARSET.search(raw[:4096])
    html, _ = encodings.read(raw, declared[1].decode() if declared else "")
    try:
        soup = BeautifulSoup(html, "lxml")
        title = soup.title.get_text() if soup.title is not None else ""
        for element in soup.find_all(_SILENT):
            element.decompose()
        parts = soup.find_all("main") or soup.find_all("article")
        text = Converter().convert_soup(parts[0] if len(parts) == 1 else soup)
    except RecursionError:
        raise too_large(name)
    document = shaped("", text)
    return document if document.title else document._replace(title=escape.one_line(title))


class Converter(MarkdownConverter):
    """markdownify, escaping by our own rules: what is text in Word is text on the page, and only as far as needed.

    title: of the document, by its style.
    """

    class Options:
        heading_style = "atx"
        bullets = "-"
        table_infer_header = True
        newline_style = "backslash"

    title = ""

    def convert_soup(self, soup: Any) -> str:
        left = MAX_CELLS
        for table in soup.find_all("table"):
            left = _repeat_cells(table, left)
        return str(super().convert_soup(soup))

    def convert_hN(self, n: int, el: Any, text: str, parent_tags: set[str]) -> str:  # noqa: N802
        if "title" in el.get("class", ()) and not self.title:
            self.title = plain(" ".join(text.split()))
            return ""
        return str(cast(Any, super()).convert_hN(n, el, text, parent_tags))

    def escape(self, text: str, parent_tags: set[str]) -> str:
        escaped = "\n".join(escape.line(part) if part else "" for part in escape.cleaned(text).split("\n"))
        return escape.cell(escaped) if parent_tags & {"td", "th"} else escaped

    def convert_img(self, element: Any, text: str, parent_tags: set[str]) -> str:
        source = element.attrs.get("src", "")
        label = element.attrs.get("alt", "")
        return escape.picture(label, source) if source else escape.picture_label(label)

    def convert_a(self, element: Any, text: str, parent_tags: set[str]) -> str:
        """Links within the document lead to marks that Markdown has not."""
        target = element.get("href") or ""
        if not text.strip() or not target or target.startswith("#"):
            return text
        address = re.sub(r"[<>\s]", "", target)
        if not _SCHEMES.match(address):
            return text
        return f"[{text.strip()}](<{address}>)"


def tables(html: str) -> list[list[list[str]]]:
    """The texts of the cells of each table, row by row; a cell over several rows stands in each."""
    soup = BeautifulSoup(html, "lxml")
    out = []
    for table in soup.find_all("table"):
        if table.find("table") is None:  # others hold the layout of a page
            _repeat_cells(table, MAX_TABLE)
            out.append([list(_texts(row)) for row in table.find_all("tr")])
    return [rows for rows in out if rows]


MAX_TABLE = 1_000_000
"""Cells that may be added to a table of tickets."""


def _texts(row: Any) -> Iterator[str]:
    for cell in row.find_all(("td", "th"), recursive=False):
        for line in cell.find_all("br"):
            line.replace_with("\n")
        yield cell.get_text().strip()
        yield from [""] * (_span(cell, "colspan") - 1)


def _repeat_cells(table: Any, left: int) -> int:
    """Let a cell that reaches over several rows stand in each: Markdown has none that does. left: cells to spend."""
    above: dict[int, tuple[int, Any]] = {}
    for row in table.find_all("tr"):
        column = 0
        for cell in [*row.find_all(("td", "th"), recursive=False), None]:
            while column in above and left > 0:
                rows, text = above.pop(column)
                if rows > 1:
                    above[column] = (rows - 1, text)
                again = copy(text)
                row.append(again) if cell is None else cell.insert_before(again)
                column, left = column + _span(text, "colspan"), left - 1
            if cell is None:
                break
            if (rows := _span(cell, "rowspan")) > 1:
                above[column] = (rows - 1, cell)
            column, left = column + _span(cell, "colspan"), left - 1
    return left


def _span(cell: Any, name: str) -> int:
    value = str(cell.get(name, "1"))
    return min(max(int(value), 1), 1000) if value.isdecimal() and len(value) < 6 else 1
