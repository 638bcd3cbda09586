"""This module parses Markdown: CommonMark with tables, footnotes and task lists, as Chinese is written, within bounds.

The marks of other tools are read by kb.articles.dialects, HTML by kb.articles.raw_html. However much is written and
however deep, everything of it is in the nodes: what is beyond a bound, as it was typed.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token as Node
from mdit_py_plugins.footnote import footnote_plugin

from kb.articles import dialects, raw_html
from kb.text.hypertext import BLOCKS, CELLS, Piece, scan, text

MAX_NODES = 100_000
"""Blocks, their ends and their lines of one text; a manual of two million characters has half as many. What follows is
shown as it was typed."""
MAX_LINES = 30_000
"""Of one text; what follows them is one block of code."""
MAX_DEPTH = 60
"""Lists, items and quotations in each other; what is deeper is shown as it was typed."""
MAX_MARKS = 60_000
"""Signs of markup within lines of one text, those that are looked at in passing counted as a sixth; the lines that
follow are shown as they were typed."""
MAX_CELLS = 60_000
"""Of all tables of one text; the tables that follow are shown as they were typed."""
MAX_TAGS = 25_000
"""Of HTML blocks of one text; the blocks that follow are shown without their structure."""
MAX_INLINE_DEPTH = 12
"""Links and pictures in each other: looking for their ends takes the square of it."""

CHINESE = (
    "\u2e80-\u2fff\u3000-\u30ff\u3100-\u312f\u3190-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
"""Characters of Chinese and Japanese text, their punctuation and full-width forms too."""
_CHINESE = re.compile(f"[{CHINESE}“”‘’—…·]")
"""With the punctuation that Chinese shares with other scripts."""
_DEAR_MARKS = re.compile(r"[\[\]!<*_~^`&{\\]")
_RULE = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_SAFE_SCHEME = re.compile(r"(?:https?|ftp|mailto|tel):|//", re.IGNORECASE)
_PICTURE_DATA = re.compile(r"data:image/", re.IGNORECASE)
_DATA = re.compile(
    r"(data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*;base64,)[A-Za-z0-9+/=%]{64,}"
    r"(?:[ \t]*\n[ \t]*[A-Za-z0-9+/=]{20,})*(?:\s*([)\"'>]))?",
    re.IGNORECASE,
)
"""A file written into the text, whole or in lines; nobody reads it."""


def is_address(target: str) -> bool:
    """Whether a link leads out of the base."""
    return _SCHEME.match(target) is not None


def is_data(target: str) -> bool:
    """Whether the address of a picture is the picture itself."""
    return _PICTURE_DATA.match(target) is not None


def joined(before: str, after: str) -> bool:
    """Whether a line that ends so goes on with the next one without a space: Chinese writes none."""
    return bool(before and after and _CHINESE.match(before[-1]) and _CHINESE.match(after[0]))


def slug(title: str) -> str:
    """An anchor that keeps Chinese: "解决 步骤 (2)" -> "解决-步骤-2"."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title.strip().lower())).strip("-") or "section"


# --- emphasis in Chinese -----------------------------------------------------------------------


class _State(StateInline):
    """Signs of emphasis as Chinese needs them: **注意：**请 is bold, though no space stands around the colon.

    CommonMark takes ** after punctuation and before a letter for an opening sign. Here Chinese characters may stand
    next to punctuation, and Chinese punctuation counts as a letter (the amendment of tats-u/markdown-cjk-friendly).
    """

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        scanned = super().scanDelims(start, canSplitWord)
        end = start + scanned.length
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        chinese_before, chinese_after = bool(_CHINESE.match(before)), bool(_CHINESE.match(after))
        if not chinese_before and not chinese_after:
            return scanned
        gap_before, gap_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
        sign_before = isPunctChar(before) and not chinese_before
        sign_after = isPunctChar(after) and not chinese_after
        left = not gap_after and (not sign_after or gap_before or sign_before or chinese_before)
        right = not gap_before and (not sign_before or gap_after or sign_after or chinese_after)
        opens = left and (canSplitWord or not right or isPunctChar(before))
        closes = right and (canSplitWord or not left or isPunctChar(after))
        return Scanned(opens, closes, scanned.length)


class _Inlines(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Node]) -> list[Node]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


# --- the parser --------------------------------------------------------------------------------


class Parser(MarkdownIt):
    """markdown-it with the rules of this module."""

    def __init__(self, depth: int, renderer: type[RendererHTML] = RendererHTML) -> None:
        super().__init__("commonmark", renderer_cls=renderer)
        self.inline = _Inlines()
        self.configure("commonmark", {"html": True, "maxNesting": depth, "tasklists": True})
        self.enable(["table", "strikethrough"])
        footnote_plugin(self)
        dialects.install(self)
        self.block.ruler.before("table", "enough", _enough, {"alt": []})
        self.block.ruler.before("table", "too_many_cells", _too_many_cells, {"alt": ["paragraph", "reference"]})
        self.core.ruler.at("inline", _lines)
        self.core.ruler.before("gaps", "raw_html", _raw_html)
        self.core.ruler.push("anchors", _anchors)

    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Only links a reader expects: what is neither relative nor one of these stays text."""
        return not _SCHEME.match(url) or bool(_SAFE_SCHEME.match(url) or is_data(url))


@lru_cache(maxsize=1)
def _line_parser() -> Parser:
    """For what stands within lines; blocks may be deeper."""
    return Parser(MAX_INLINE_DEPTH)


@lru_cache(maxsize=1)
def _block_parser() -> Parser:
    return Parser(MAX_DEPTH + 4)


@lru_cache(maxsize=1)
def parse(body: str) -> tuple[tuple[Node, ...], dict[str, Any]]:
    """The nodes of a text, and what its footnotes are; to be read only, for whoever asks next gets the same ones."""
    # A page asks twice for one text, and a check three times: for its passages, its headings and its links.
    env: dict[str, Any] = {}
    lines = _DATA.sub(_without_data, body).split("\n")
    nodes = _block_parser().parse("\n".join(lines[:MAX_LINES]), env)
    if rest := "\n".join(lines[MAX_LINES:]):
        nodes.append(Node("code_block", "code", 0, content=rest, block=True, map=[MAX_LINES, len(lines)]))
    return tuple(nodes), env


def _without_data(m: re.Match[str]) -> str:
    """What the data is of, and what ends its address; the lines that it took stay lines."""
    return m[1] + (m[2] or "") + "\n" * m[0].count("\n")


def _enough(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """What is beyond the bounds is one block of code."""
    if len(state.tokens) < MAX_NODES and state.level < MAX_DEPTH:
        return False
    if not silent:
        _as_typed(state, line, end)
    return True


def _too_many_cells(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """A table beyond the bound is one block of code."""
    if line + 2 > end or not _RULE.fullmatch(_line(state, line + 1)) or "|" not in _line(state, line):
        return False
    last = line + 2
    while last < end and not state.isEmpty(last):
        last += 1
    before: dict[int, int] = state.env.setdefault("cells", {-1: 0})  # line of a table -> cells up to its end
    if line not in before:
        before[line] = next(reversed(before.values())) + state.src.count(
            "|", state.bMarks[line], state.eMarks[last - 1]
        )
    if before[line] <= MAX_CELLS:
        return False
    if not silent:
        _as_typed(state, line, last)
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] : state.eMarks[number]]


def _as_typed(state: StateBlock, line: int, end: int) -> None:
    node = state.push("code_block", "code", 0)
    node.content = state.getLines(line, end, state.blkIndent, False).rstrip("\n") + "\n"
    node.map = [line, end]
    state.line = end


def _lines(state: StateCore) -> None:
    """markdown-it's own rule, but text without any sign of markup is not looked at by twelve rules in turn."""
    lines = _line_parser()
    marks = 0
    for node in state.tokens:
        if node.type != "inline":
            continue
        node.children = []
        signs = len(lines.inline.terminator_re.findall(node.content))
        marks += len(_DEAR_MARKS.findall(node.content)) + signs // 6 if signs else 0
        if signs and marks <= MAX_MARKS:
            lines.inline.parse(node.content, lines, state.env, node.children)
        elif node.content:
            node.children.append(Node("text", "", 0, content=node.content))


# --- HTML --------------------------------------------------------------------------------------


def _raw_html(state: StateCore) -> None:
    """No node of HTML is left: each becomes what Markdown has for it, or text."""
    if not any(n.type in ("html_block", "inline") for n in state.tokens):
        return
    out: list[Node] = []
    tags = 0
    for node in state.tokens:
        if node.type == "html_block":
            tags += node.content.count("<")
            if tags <= MAX_TAGS:
                out += raw_html.blocks(node.content, node.map[0] if node.map else 0, state.md.validateLink)
            else:
                out.append(Node("code_block", "code", 0, content=text(node.content) + "\n", block=True, map=node.map))
            continue
        if node.children and any(c.type == "html_inline" for c in node.children):
            node.children = list(_without_html(node.children, state.md))
        out.append(node)
    state.tokens = out


def _without_html(children: list[Node], md: MarkdownIt) -> Iterator[Node]:
    """The nodes of a line with its HTML as nodes. An element that does not end where it should shows nothing."""
    kept: dict[int, Node] = {}
    opened: list[tuple[int, str, Node | None]] = []
    for i, child in enumerate(children):
        if child.type != "html_inline":
            if child.nesting > 0:
                opened.append((i, "", None))
            elif child.nesting < 0:
                while opened and opened.pop()[1]:
                    pass
            continue
        piece = next(scan(child.content))
        if piece.kind == "open" and piece.known and (node := raw_html.opened(piece, md.validateLink)):
            opened.append((i, piece.name, node))
        elif piece.kind == "close" and opened and opened[-1][1] == piece.name:
            at, _, node = opened.pop()
            assert node is not None
            kept |= {at: node, i: raw_html.closed(node)}
    for i, child in enumerate(children):
        if child.type != "html_inline":
            yield child
        elif i in kept:
            yield kept[i]
        else:
            for piece in scan(child.content):
                yield from _shown(piece, md)


def _shown(piece: Piece, md: MarkdownIt) -> Iterator[Node]:
    """One tag, remark or declaration within a line."""
    if piece.kind == "remark":
        return
    if piece.kind in ("data", "other") or not piece.known:
        yield Node("text", "", 0, content=piece.raw)
    elif piece.name == "img":
        yield from raw_html.image(piece, md.validateLink)
    elif piece.name in ("video", "audio", "source", "iframe", "embed"):
        yield from raw_html.media(piece, md.validateLink)
    elif piece.name in CELLS and piece.kind == "open":
        yield Node("text", "", 0, content="  ")
    elif piece.name == "br" or piece.name in BLOCKS:
        yield Node("hardbreak", "br", 0)


# --- anchors -----------------------------------------------------------------------------------


def _anchors(state: StateCore) -> None:
    """An id for each heading, as its author gave it or of its title, each different."""
    taken = {str(n.attrGet("id")) for n in state.tokens if n.type == "heading_open" and n.attrGet("id")}
    used: set[str] = set()
    after: dict[str, int] = {}
    for node, line in zip(state.tokens, state.tokens[1:], strict=False):
        if node.type != "heading_open":
            continue
        own = str(node.attrGet("id") or "")
        name = own or slug("".join(c.content for c in line.children or () if c.type in ("text", "code_inline")))
        unique, number = name, after.get(name, 0)
        while unique in used or (unique in taken and unique != own):
            number += 1
            unique = f"{name}-{number}"
        after[name] = number
        used.add(unique)
        node.attrSet("id", unique)
