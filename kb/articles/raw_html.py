"""This module turns HTML inside Markdown into the nodes that Markdown itself has: what follows sees one kind.

Tables, lists, headings, paragraphs, links and pictures keep what they are; styles, scripts and attributes go; what HTML
does not know is somebody's configuration and stays as it was typed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape

from markdown_it.token import Token as Node

from kb.text.hypertext import BLOCKS, CELLS, VOID, Piece, is_foreign, scan

MAX_DEPTH = 20
"""Lists and quotations in each other; what is deeper stays on their level."""
MAX_SPAN = 1000
"""Rows or columns of one cell."""
MAX_CELLS = 100_000
"""Of one table, repeated ones counted too."""

Allowed = Callable[[str], bool]
"""Whether an address may be linked to."""

_MARKS = {
    **dict.fromkeys(("b", "strong"), "strong"),
    **dict.fromkeys(("i", "em"), "em"),
    **dict.fromkeys(("s", "del", "strike"), "s"),
    "sup": "sup",
    "a": "a",
}
"""Elements of a line -> the tag that shows them."""
_CONTAINERS = {"ul": "bullet_list", "ol": "ordered_list", "blockquote": "blockquote", "li": "list_item"}
_HEADING = re.compile(r"h[1-6]")
_LAST = re.compile(r"[^>\n]*>?[ \t]*(?:\n|\Z)")
"""A tag with nothing behind it on its line."""
_MEDIA = ("video", "audio", "source", "iframe", "embed")


def blocks(html: str, line: int, allowed: Allowed) -> list[Node]:
    """The nodes of an HTML block that starts on a line of the body (from 0); raw XML is a code block."""
    if is_foreign(html):
        end = line + html.count("\n")
        return [Node("code_block", "code", 0, content=html.rstrip("\n") + "\n", block=True, map=[line, end])]
    builder = _Builder(html, line, allowed)
    for piece in scan(html):
        builder.read(piece)
    return builder.finished()


def image(piece: Piece, allowed: Allowed) -> list[Node]:
    """A picture, or its words where its source may not be shown."""
    values = piece.values()
    alt = " ".join(values.get("alt", "").split())
    source = values.get("src", "").strip()
    children = [Node("text", "", 0, content=alt)] if alt else []
    if not source or not allowed(source):
        return children
    return [Node("image", "img", 0, attrs={"src": source, "alt": ""}, content=alt, children=children)]


def media(piece: Piece, allowed: Allowed) -> list[Node]:
    """A film or frame as a link to it: pages load nothing from outside."""
    source = piece.values().get("src", "").strip()
    if not source or not allowed(source):
        return []
    text = Node("text", "", 0, content=source)
    return [Node("link_open", "a", 1, attrs={"href": source}), text, Node("link_close", "a", -1)]


def opened(piece: Piece, allowed: Allowed) -> Node | None:
    """The node that an element of a line begins; None when it shows nothing."""
    tag = _MARKS.get(piece.name)
    if tag == "a":
        target = piece.values().get("href", "").strip()
        return Node("link_open", "a", 1, attrs={"href": target}) if target and allowed(target) else None
    return Node(f"{tag}_open", tag, 1) if tag else None


def closed(opening: Node) -> Node:
    """What ends a node."""
    return Node(opening.type.removesuffix("open") + "close", opening.tag, -1)


@dataclass
class _Cell:
    nodes: list[Node] = field(default_factory=list)
    heading: bool = False
    columns: int = 1
    rows: int = 1


class _Builder:
    """Reads the pieces of one HTML block; every node that it opens it closes."""

    def __init__(self, html: str, line: int, allowed: Allowed) -> None:
        self._html, self._line, self._allowed = html, line, allowed
        self._at = self._counted = 0
        self._first = line
        self._out: list[Node] = []
        self._inside: list[str] = []
        self._counts: list[int] = []
        self._nodes: list[Node] = []
        self._marks: list[tuple[str, Node]] = []
        self._heading = ""
        self._pre: list[str] | None = None
        self._rows: list[list[_Cell]] | None = None
        self._tables = 0

    # --- reading -------------------------------------------------------------------------

    def read(self, piece: Piece) -> None:
        self._line += self._html.count("\n", self._counted, piece.start)
        self._counted = piece.start
        if piece.kind in ("text", "data"):
            self._text(unescape(piece.raw) if piece.kind == "text" else piece.raw)
        elif piece.kind == "other":
            if not re.match(r"<!(?:doctype\s+html\b|\[)", piece.raw, re.IGNORECASE):
                self._text(piece.raw)
        elif piece.kind in ("open", "close") and not piece.known:
            self._text(piece.raw)
        elif piece.kind == "open":
            self._open(piece)
            if piece.attributes.rstrip().endswith("/") and piece.name not in VOID:
                self._close(piece.name)
        elif piece.kind == "close":
            self._close(piece.name)

    def _text(self, text: str) -> None:
        if self._pre is not None:
            self._pre.append(text)
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", text)
        if not self._nodes or self._nodes[-1].type == "hardbreak":
            text = text.lstrip(" ")
        if text:
            if not self._nodes:
                self._first = self._line
            self._nodes.append(Node("text", "", 0, content=text))

    def _open(self, piece: Piece) -> None:
        name = piece.name
        if name == "img":
            self._nodes += image(piece, self._allowed)
        elif name in _MEDIA:
            self._nodes += media(piece, self._allowed)
        elif name == "br":
            self._break()
        elif name == "hr" and self._rows is None:
            self._flush()
            self._out.append(Node("hr", "hr", 0, markup="---", block=True, map=[self._line, self._line + 1]))
        elif name == "pre" and self._rows is None:
            self._flush()
            self._pre = []
        elif name == "table":
            self._begin_table()
        elif name in ("tr", "thead", "tbody", "tfoot") or name in CELLS:
            self._row(piece)
        elif node := opened(piece, self._allowed):
            self._marks.append((name, node))
            self._nodes.append(node)
        elif name in BLOCKS:
            self._begin_block(name)

    def _begin_block(self, name: str) -> None:
        self._flush()
        if self._rows is not None:
            return
        if _HEADING.fullmatch(name):
            self._heading = name
        elif name == "summary":
            node = Node("strong_open", "strong", 1)
            self._marks.append((name, node))
            self._nodes.append(node)
        elif name in _CONTAINERS and len(self._inside) < MAX_DEPTH:
            if name == "li":
                self._leave("li", ("ul", "ol"))
            if name != "li" or self._inside[-1:] in (["ul"], ["ol"]):
                self._enter(name)

    def _close(self, name: str) -> None:
        mark = next((i for i in range(len(self._marks) - 1, -1, -1) if self._marks[i][0] == name), None)
        if mark is not None:
            for _, node in reversed(self._marks[mark:]):
                self._nodes.append(closed(node))
            del self._marks[mark:]
        if name == "pre" and self._pre is not None:
            self._end_code()
        elif name == "table":
            self._end_table()
        elif name in BLOCKS and not (self._rows is not None and name in ("tr", "thead", "tbody", "tfoot")):
            self._flush()
            if name in _CONTAINERS and self._rows is None:
                self._leave(name)

    # --- lines, paragraphs and lists -----------------------------------------------------

    def _break(self) -> None:
        if self._pre is not None:
            self._pre.append("\n")
        elif self._nodes and self._nodes[-1].type != "hardbreak":
            self._nodes.append(Node("hardbreak", "br", 0))

    def _flush(self) -> None:
        """End the paragraph or heading that is being read; in a cell, its line."""
        if self._rows is not None:
            self._break()
            return
        nodes = self._taken()
        heading, self._heading = self._heading, ""
        if any(n.content.strip() or n.type == "image" for n in nodes):
            kind, tag = ("heading", heading) if heading else ("paragraph", "p")
            last = not heading or _LAST.match(self._html, self._counted) is not None
            place = [self._first, self._line + last]
            self._out += _around(kind, tag, nodes, place)

    def _taken(self) -> list[Node]:
        """The nodes of the line so far; marks that are open end with it."""
        nodes = self._nodes + [closed(node) for _, node in reversed(self._marks)]
        while nodes and (nodes[-1].type == "hardbreak" or (nodes[-1].type == "text" and not nodes[-1].content.strip())):
            nodes.pop()
        if nodes and nodes[-1].type == "text":
            nodes[-1].content = nodes[-1].content.rstrip(" ")
        self._nodes, self._marks = [], []
        return nodes

    def _enter(self, name: str) -> None:
        node = Node(f"{_CONTAINERS[name]}_open", name, 1, block=True, map=[self._line, self._line + 1])
        if name == "li" and self._inside[-1] == "ol":
            self._counts[-1] += 1
            node.markup, node.info = ".", str(self._counts[-1])
        elif name in ("ul", "ol"):
            self._counts.append(0)
        self._inside.append(name)
        self._out.append(node)

    def _leave(self, name: str, within: tuple[str, ...] = ()) -> None:
        """Close a container and all inside it, when it is open (within: and none of these was opened in it)."""
        for i in range(len(self._inside) - 1, -1, -1):
            if self._inside[i] == name:
                for inner in reversed(self._inside[i:]):
                    if inner in ("ul", "ol"):
                        self._counts.pop()
                    self._out.append(Node(f"{_CONTAINERS[inner]}_close", inner, -1, block=True))
                del self._inside[i:]
                return
            if self._inside[i] in within:
                return

    def _end_code(self) -> None:
        content = "".join(self._pre or ()).strip("\n")
        self._pre = None
        if content.strip():
            place = [self._line, self._line + 1]
            self._out.append(Node("code_block", "code", 0, content=content + "\n", block=True, map=place))

    # --- tables --------------------------------------------------------------------------

    def _begin_table(self) -> None:
        if self._rows is None:
            self._flush()
            self._rows = []
        else:
            self._break()
        self._tables += 1

    def _row(self, piece: Piece) -> None:
        """The start of a row or cell. One outside a table begins one; those of a table in a cell are its lines."""
        if self._rows is None:
            self._begin_table()
        assert self._rows is not None
        name = piece.name
        if self._tables > 1:
            if name == "tr":
                self._break()
            elif name in CELLS and self._nodes and self._nodes[-1].type != "hardbreak":
                self._nodes.append(Node("text", "", 0, content="  "))
        elif name == "tr" or not self._rows:
            self._end_cell()
            self._rows.append([])
        if self._tables == 1 and name in CELLS:
            self._end_cell()
            values = piece.values()
            self._rows[-1].append(_Cell([], name == "th", _span(values, "colspan"), _span(values, "rowspan")))

    def _end_cell(self) -> None:
        nodes = self._taken()
        if not any(n.content.strip() or n.type == "image" for n in nodes):
            return
        if not self._rows:  # the caption
            self._out += _around("paragraph", "p", nodes, [self._first, self._line + 1])
            return
        if not self._rows[-1]:
            self._rows[-1].append(_Cell())  # text between rows
        self._rows[-1][-1].nodes += nodes

    def _end_table(self) -> None:
        if self._rows is None:
            return
        if self._tables > 1:
            self._tables -= 1
            self._break()
            return
        self._end_cell()
        rows, self._rows, self._tables = self._rows, None, 0
        self._out += _table(list(_grid(rows)), [self._first, self._line + 1])

    def finished(self) -> list[Node]:
        """All nodes, closed."""
        if self._pre is not None:
            self._end_code()
        while self._rows is not None:
            self._end_table()
        self._flush()
        if self._inside:
            self._leave(self._inside[0])
        return self._out


def _span(values: dict[str, str], name: str) -> int:
    text = values.get(name, "")
    return min(max(int(text), 1), MAX_SPAN) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _grid(rows: list[list[_Cell]]) -> Iterator[list[_Cell]]:
    """Rows whose cells stand in their columns: one that reaches over several says the same in each."""
    below: dict[int, tuple[int, _Cell]] = {}
    total = 0
    for row in rows:
        out: list[_Cell] = []
        cells = iter(row)
        cell = next(cells, None)
        while cell is not None or len(out) in below:
            if (hanging := below.get(len(out))) is not None:
                left, above = hanging
                below.pop(len(out))
                if left > 1:
                    below[len(out)] = (left - 1, above)
                out.append(above)
                continue
            assert cell is not None
            for _ in range(cell.columns if total + len(out) < MAX_CELLS else 1):
                if cell.rows > 1:
                    below[len(out)] = (cell.rows - 1, cell)
                out.append(cell)
            cell = next(cells, None)
        total += len(out)
        if out:
            yield out


def _table(rows: list[list[_Cell]], place: list[int]) -> list[Node]:
    if not rows:
        return []
    head = all(cell.heading for cell in rows[0])
    out = [Node("table_open", "table", 1, block=True, map=place)]
    for part, tag, some in (("thead", "th", rows[:head]), ("tbody", "td", rows[head:])):
        if some:
            out.append(Node(f"{part}_open", part, 1, block=True, map=place))
            for row in some:
                out.append(Node("tr_open", "tr", 1, block=True, map=place))
                for cell in row:
                    out += _around(tag, tag, cell.nodes, place)
                out.append(Node("tr_close", "tr", -1, block=True))
            out.append(Node(f"{part}_close", part, -1, block=True))
    return [*out, Node("table_close", "table", -1, block=True)]


def _around(kind: str, tag: str, nodes: list[Node], place: list[int]) -> list[Node]:
    """A block with one line of nodes in it."""
    content = "".join(n.content for n in nodes)
    return [
        Node(f"{kind}_open", tag, 1, block=True, map=place),
        Node("inline", "", 0, content=content, children=nodes, block=True, map=place),
        Node(f"{kind}_close", tag, -1, block=True),
    ]
