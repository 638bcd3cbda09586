"""This module reads HTML as a stream of texts and tags, in time that grows with its length however broken it is.

A parser mends what it reads; here a tag that nobody knows is still there as it was typed, and nothing is lost but
remarks, scripts and styles.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
"""Elements without content, so without an end."""
SILENT = frozenset("script style template title".split())
"""Elements whose content is for the browser, never for a reader of the text."""
_HEAD = SILENT | {"head", "meta", "link", "base"}
CELLS = frozenset(("td", "th"))
KEPT = frozenset(("pre", "textarea"))
"""Elements whose lines are shown as they were typed."""
BLOCKS = frozenset(
    """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol optgroup option p pre section summary table tbody tfoot
    thead tr ul
    """.split()
)
"""Elements that stand apart from what is before and behind them."""
INLINE = frozenset(
    """
    a abbr acronym audio b bdi bdo big blink br button cite code data del dfn em embed font i iframe img input ins kbd
    label mark noscript object output picture q rp rt ruby s samp select small source span strike strong sub sup svg
    textarea time tt u var video wbr
    """.split()
)
KNOWN = BLOCKS | CELLS | INLINE | SILENT | frozenset("col colgroup head meta link base".split())
"""What authors of prose write. <port>, <param> and the like are somebody's configuration, and text."""

MAX_NUMBERED = 8
"""Lists in lists whose steps keep their numbers."""

_PIECE = re.compile(
    r"""<(?:
      (?P<end>/)?(?P<name>[A-Za-z][\w:.-]*+)(?P<attributes>(?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>
    | !\[CDATA\[ | !--
    | [!?](?=[A-Za-z\[])[^<>]*+>
    )""",
    re.VERBOSE,
)
_KEPT_STYLE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")


class Piece(NamedTuple):
    """A stretch of HTML.

    kind: text (entities still in it), open, close, remark (a comment), data (CDATA, whose raw is the text alone) or
    other (declarations and instructions). name: of a tag, lower case. raw: as typed. start: its place in the HTML.
    """

    kind: str
    raw: str
    start: int
    name: str = ""
    attributes: str = ""

    @property
    def known(self) -> bool:
        """Whether it is a tag of HTML that prose uses."""
        return self.name in KNOWN

    def values(self) -> dict[str, str]:
        """The attributes of an opening tag; the first of a name counts, as in a browser."""
        out: dict[str, str] = {}
        for m in _ATTRIBUTE.finditer(self.attributes):
            out.setdefault(m[1].lower(), unescape(m[2] or m[3] or m[4] or ""))
        return out


def scan(html: str) -> Iterator[Piece]:
    """The pieces of some HTML, without gap or overlap but for the content of SILENT elements.

    What only looks like a tag (a < b, <!-- without end) is text.
    """
    last = {end: html.rfind(end) for end in ("-->", "]]>")}
    unended: set[str] = set()
    position = start = 0
    while (m := _PIECE.search(html, position)) is not None:
        piece, end = _piece(html, m, last)
        if piece is None:
            position = m.end()
            continue
        if m.start() > start:
            yield Piece("text", html[start : m.start()], start)
        yield piece
        position = start = end
        if piece.kind == "open" and piece.name in SILENT and piece.name not in unended:
            close = re.compile(rf"</{piece.name}\b", re.IGNORECASE).search(html, position)
            if close is None:
                unended.add(piece.name)
            else:
                position = start = close.start()
    if start < len(html):
        yield Piece("text", html[start:], start)


def _piece(html: str, m: re.Match[str], last: dict[str, int]) -> tuple[Piece | None, int]:
    """What a match begins, and where that ends; None for a beginning without end."""
    if m["name"]:
        kind = "close" if m["end"] else "open"
        return Piece(kind, m[0], m.start(), m["name"].lower(), m["attributes"]), m.end()
    if m[0] == "<!--":
        if html.startswith((">", "->"), m.end()):
            return Piece("remark", "", m.start()), html.index(">", m.end()) + 1
        if last["-->"] < m.end():
            return None, m.end()
        end = html.index("-->", m.end()) + 3
        return Piece("remark", html[m.start() : end], m.start()), end
    if m[0] == "<![CDATA[":
        if last["]]>"] < m.end():
            return None, m.end()
        end = html.index("]]>", m.end())
        return Piece("data", html[m.end() : end], m.start()), end + 3
    return Piece("other", m[0], m.start()), m.end()


def is_foreign(html: str) -> bool:
    """Whether some HTML begins with an element that HTML does not know: then it is XML or a template."""
    first = next((p for p in scan(html) if p.kind in ("open", "other", "close")), None)
    if first is None or first.kind == "other":
        return first is not None and not re.match(r"<!(?:doctype\s+html\b|\[)", first.raw, re.IGNORECASE)
    return not first.known


def text(html: str) -> str:
    """What a reader sees of a page or mail: blocks and rows on lines of their own, cells apart, steps numbered."""
    reader = _Reader()
    for piece in scan(html):
        reader.read(piece)
    lines = "".join(reader.out).replace("\xa0", " ").split("\n")
    told = "\n".join(line.rstrip(" ") for line in lines)
    return re.sub(r"\n{3,}", "\n\n", told).strip("\n").strip()


class _Reader:
    """Collects what a reader sees. out: pieces of text; a line never begins with a space but in <pre>."""

    def __init__(self) -> None:
        self.out: list[str] = [""]
        self._head = False
        self._kept: list[str] = []
        self._quotes: list[bool] = []
        self._quoted = 0
        self._lists: list[int] = []

    def read(self, piece: Piece) -> None:
        if piece.kind in ("text", "data"):
            self._text(unescape(piece.raw) if piece.kind == "text" else piece.raw)
        elif piece.kind == "open" and piece.known:
            self._open(piece)
        elif piece.kind == "close" and piece.known:
            self._close(piece.name)
        elif piece.kind in ("open", "close") and ":" not in piece.name:  # <o:p> is Word's, not the writer's
            self._text(piece.raw)

    def _text(self, text: str) -> None:
        if self._head:
            return
        if self._kept:
            self.out.append(text.replace("\n", "\n" + self._margin()))
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", text)
        if self._begins():
            text = text.lstrip(" ")
        if text:
            self.out.append(text)

    def _begins(self) -> bool:
        return self.out[-1] == "" or self.out[-1].endswith(("\n", "\n> ", " "))

    def _margin(self) -> str:
        return "> " if self._quoted else ""

    def _line(self) -> None:
        self.out.append("\n" + self._margin())

    def _open(self, piece: Piece) -> None:
        name = piece.name
        self._head = name == "head" or (self._head and name in _HEAD)
        if name in CELLS:
            self._text(" ")
        elif name == "img":
            self._text(piece.values().get("alt", ""))
        elif name in KEPT:
            self._line()
            self._kept.append(name)
        elif name in ("ol", "ul"):
            self._lists.append(1 if name == "ol" else 0)
            self._line()
        elif name == "blockquote":
            values = piece.values()
            self._quotes.append(values.get("type") == "cite" or "quote" in values.get("class", ""))
            self._quoted += self._quotes[-1]
            self._line()
        elif name == "br" or name in BLOCKS:
            self._line()
            if name == "li" and self._lists and len(self._lists) <= MAX_NUMBERED:
                self.out.append(f"{self._lists[-1]}. " if self._lists[-1] else "- ")
                self._lists[-1] += bool(self._lists[-1])
        if name not in KEPT and name not in VOID and (name in self._kept[-1:] or _KEPT_STYLE.search(piece.attributes)):
            self._kept.append(name)

    def _close(self, name: str) -> None:
        if name == "head":
            self._head = False
        elif name in KEPT:
            if self._kept:
                self._kept.pop()
            self._line()
        elif name in ("ol", "ul"):
            if self._lists:
                self._lists.pop()
            self._line()
        elif name == "blockquote":
            self._quoted -= self._quotes.pop() if self._quotes else 0
            self._line()
        elif name in BLOCKS and name not in ("li", "option"):
            self._line()
        if name not in KEPT and name in self._kept[-1:]:
            self._kept.pop()
