"""This module renders Markdown to safe HTML and splits it into passages at its headings.

Raw HTML never reaches a page: tags are dropped, their text is kept, anything unknown is shown as text.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token as Node
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from kb.language import say
from kb.model import SECTION_ROLES, Article, Passage, Section
from kb.tokens import fold

MAX_PASSAGE = 4000
"""Characters. A longer section is cut at line ends: ranking and reading both suffer from giants."""

_TAGS = frozenset(
    """
    a abbr address article aside audio b blockquote body br button caption center code col colgroup dd del
    details dfn div dl dt em embed figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i
    iframe img input ins kbd label li link main mark meta nav noscript ol option p param picture pre q s samp
    script section select small source span strike strong style sub summary sup svg table tbody td template
    textarea tfoot th thead title tr tt u ul var video wbr
    """.split()
)
_TAG = re.compile(r"</?\s*([A-Za-z][\w:-]*)([^<>]*)>|<!--.*?-->", re.DOTALL)
_CHECKBOX = re.compile(r'<input class="task-list-item-checkbox"[ a-z="]* type="checkbox">')
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_SAFE_SCHEME = re.compile(r"(?:https?|ftp|mailto|tel):|//", re.IGNORECASE)
_SILENT = re.compile(
    r"<(script|style|iframe|template)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)

Resolve = Callable[[str], str]


def slug(title: str) -> str:
    """An anchor that keeps Chinese: "解决 步骤 (2)" -> "解决-步骤-2"."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title.strip().lower())).strip("-") or "section"


def without_tags(html: str) -> str:
    """The text of an HTML block; a tag that HTML doesn't know, like <port>, is text and stays."""

    def drop(m: re.Match[str]) -> str:
        name = m[1] or ""
        foreign = name.lower() not in _TAGS and "=" not in (m[2] or "") and not re.match(r"[A-Z][a-z]", name)
        return m[0] if m[1] and foreign else ""

    return _TAG.sub(drop, _SILENT.sub("", html))


def _inline_tag(html: str) -> str:
    m = _TAG.fullmatch(html)
    known = m and (not m[1] or m[1].lower() in _TAGS or "=" in (m[2] or ""))
    return "" if known else html


class _Renderer(RendererHTML):
    def html_block(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        text = without_tags(tokens[i].content).strip()
        return f"<p>{escapeHtml(text)}</p>\n" if text else ""

    def html_inline(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        if re.fullmatch(r"<br\s*/?>", tokens[i].content, re.IGNORECASE):
            return "<br>\n"
        if _CHECKBOX.fullmatch(tokens[i].content):  # made by the task list plugin; it can do nothing
            name = say("已完成", "done") if "checked" in tokens[i].content else say("待办", "to do")
            return tokens[i].content.replace("<input ", f'<input aria-label="{name}" ', 1)
        return escapeHtml(_inline_tag(tokens[i].content))

    def image(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        """A picture of our own; one from elsewhere becomes a link, since pages load nothing from outside."""
        source = str(tokens[i].attrGet("src") or "")
        label = escapeHtml(self.renderInlineAsText(tokens[i].children, options, env) or source)
        if _SCHEME.match(source):
            return f'<a href="{escapeHtml(source)}" rel="noopener noreferrer nofollow">{label}</a>'
        target = escapeHtml(env["resolve"](source) if "resolve" in env else source)
        return f'<img src="{target}" alt="{label}" loading="lazy">'

    def heading_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        tokens[i].attrSet("id", env.get("prefix", "") + str(tokens[i].attrGet("id") or ""))
        return str(self.renderToken(tokens, i, options, env))

    def link_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        href = str(tokens[i].attrGet("href") or "")
        if _SCHEME.match(href):
            tokens[i].attrSet("rel", "noopener noreferrer nofollow")
        elif "resolve" in env:
            tokens[i].attrSet("href", env["resolve"](href))
        return str(self.renderToken(tokens, i, options, env))

    def td_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        """Alignment as a class: the page's policy allows no inline style."""
        style = str(tokens[i].attrs.pop("style", ""))
        if style:
            tokens[i].attrSet("class", style.replace("text-align:", "align-"))
        return str(self.renderToken(tokens, i, options, env))

    th_open = td_open

    def fence(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return _reachable(super().fence(tokens, i, options, env))

    def code_block(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return _reachable(super().code_block(tokens, i, options, env))

    def table_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return '<div class="table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return "</table></div>\n"


def _reachable(html: str) -> str:
    """Code that is wider than the page is scrolled by the keyboard, too."""
    return html.replace("<pre>", '<pre tabindex="0">', 1)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802
        """Only links a reader expects: what is neither relative nor one of these stays text."""
        return not _SCHEME.match(url) or bool(_SAFE_SCHEME.match(url))


def _inline(state: StateCore) -> None:
    """markdown-it's own rule, but text without any sign of markup is not looked at by twelve rules in turn."""
    parser = state.md.inline
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            if parser.terminator_re.search(token.content):
                parser.parse(token.content, state.md, state.env, token.children)
            elif token.content:
                token.children.append(Node("text", "", 0, content=token.content))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    md = _Parser("commonmark", {"html": True, "maxNesting": 20}, renderer_cls=_Renderer)
    md.core.ruler.at("inline", _inline)
    md.enable(["table", "strikethrough"])
    anchors_plugin(md, max_level=6, slug_func=slug)
    footnote_plugin(md)
    tasklists_plugin(md)
    return md


@lru_cache(maxsize=1)
def parse(body: str) -> list[Node]:
    """The nodes of a text, as markdown-it gives them; to be read only, for whoever asks next gets the same ones."""
    # A check asks three times for one text: for its passages, its headings and its links.
    return _parser().parse(body, {})


def render(body: str, resolve: Resolve | None = None, prefix: str = "") -> str:
    """Markdown -> HTML without any markup of its author's own. resolve: relative link -> address.

    prefix: stands before each anchor, where several bodies share one page; links are for resolve to adjust.
    """
    env: dict[str, Any] = {"resolve": resolve} if resolve else {}
    if prefix:
        env |= {"prefix": prefix, "docId": prefix}  # docId: the footnote plugin's name for it
    return str(_parser().render(body, env))


@dataclass(frozen=True, slots=True)
class Outline:
    """One heading of a page, for its table of contents. level: 1 to 6."""

    level: int
    anchor: str
    title: str


def outline(body: str) -> list[Outline]:
    """The headings of a body in order."""
    tokens = parse(body)
    return [
        Outline(int(t.tag[1]), str(t.attrGet("id")), inline_text(tokens[i + 1]))
        for i, t in enumerate(tokens)
        if t.type == "heading_open"
    ]


def links(body: str) -> list[tuple[int, str, bool]]:
    """Every link and image: (line of the body counted from 0, target, whether it is an image)."""
    out: list[tuple[int, str, bool]] = []
    for block in parse(body):
        for child in block.children or ():
            if child.type == "link_open":
                out.append((block.map[0] if block.map else 0, str(child.attrGet("href") or ""), False))
            elif child.type == "image":
                out.append((block.map[0] if block.map else 0, str(child.attrGet("src") or ""), True))
    return out


def inline_text(inline: Node, addresses: bool = False) -> str:
    """The text of an inline node, as a reader sees it; with addresses, links to elsewhere show theirs."""
    out: list[str] = []
    opened: list[tuple[str, int]] = []
    for child in inline.children or ():
        if child.type in ("text", "code_inline", "image"):
            out.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            out.append("\n")
        elif child.type == "html_inline":
            out.append("\n" if child.content.lower().startswith("<br") else _inline_tag(child.content))
        elif child.type == "link_open":
            opened.append((str(child.attrGet("href") or ""), len(out)))
        elif child.type == "link_close" and opened:
            address, start = opened.pop()
            if addresses and _SCHEME.match(address) and "".join(out[start:]) != address.removeprefix("mailto:"):
                out.append(f" ({address})")
    return "".join(out)


@dataclass
class _Section:
    heading: tuple[str, ...]
    anchor: str
    line: int
    first: int = 0
    last: int = 0
    text: str = ""
    code: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str, code: bool = False) -> None:
        if code:
            self.code.append((len(self.text), len(self.text) + len(text)))
        self.text += text


def _sections(article: Article) -> list[_Section]:
    tokens = parse(article.body)
    path: list[tuple[int, str]] = []
    sections = [_Section((), "", article.body_line)]
    in_table = False
    for i, node in enumerate(tokens):
        line = article.body_line + (node.map[0] if node.map else 0)
        if node.type == "heading_open":
            level = int(node.tag[1])
            while path and path[-1][0] >= level:
                path.pop()
            path.append((level, inline_text(tokens[i + 1])))
            start, end = node.map or (0, 0)
            sections[-1].last = start
            sections.append(_Section(tuple(t for _, t in path), str(node.attrGet("id")), line, end))
        elif node.type == "inline" and tokens[i - 1].type != "heading_open":
            sections[-1].add(inline_text(node) + ("  " if in_table else "\n"))
        elif node.type in ("fence", "code_block"):
            sections[-1].add(node.content, code=True)
        elif node.type == "html_block":
            text = without_tags(node.content).strip()
            sections[-1].add(text + "\n" if text else "")
        elif node.type in ("table_open", "table_close"):
            in_table = node.type == "table_open"
        elif node.type == "tr_close":
            sections[-1].add("\n")
    sections[-1].last = article.body.count("\n") + 1
    return sections


def split(article: Article) -> list[Passage]:
    """An article's passages: one for a case or FAQ (about a page), one a section for a manual.

    A section that holds nothing but deeper headings lives on in their heading paths.
    An article without any text is one empty passage, so that its title is found.
    """
    sections = [s for s in _sections(article) if s.text.strip()]
    whole = article.kind in ("case", "faq") and sum(len(s.text) for s in sections) <= 2 * MAX_PASSAGE
    if whole and sections:
        return [_joined(sections)]
    passages = [p for s in sections for p in _passages(s)]
    return passages or [Passage("", line=article.body_line)]


def role(heading: Sequence[str]) -> str:
    """The role of a section in simplified, traditional or English: of the outermost heading that has one, else ""."""
    return next((found for title in heading if (found := SECTION_ROLES.get(fold(title.strip()).text))), "")


def section(article: Article, wanted: str) -> str:
    """The Markdown of the sections with a role, headings without; "" when there is none."""
    lines = article.body.split("\n")
    told = [s for s in _sections(article) if role(s.heading) == wanted]
    return "\n".join(lines[told[0].first : told[-1].last]).strip("\n") if told else ""


def _joined(sections: list[_Section]) -> Passage:
    text, marks, code = "", [], []
    for s in sections:
        title = s.heading[-1] if s.heading else ""
        marks.append(Section(len(text), s.anchor, title, role(s.heading), s.first, s.last))
        code += [(len(text) + a, len(text) + b) for a, b in s.code]
        text += s.text if s.text.endswith("\n") else s.text + "\n"
    return Passage(text, (), sections[0].anchor, sections[0].line, tuple(marks), tuple(code))


def _passages(s: _Section) -> list[Passage]:
    out = []
    start = 0
    title = s.heading[-1] if s.heading else ""
    while start < len(s.text):
        end = len(s.text)
        if end - start > MAX_PASSAGE:
            cut = s.text.rfind("\n", start + MAX_PASSAGE // 2, start + MAX_PASSAGE)
            end = cut + 1 if cut > 0 else start + MAX_PASSAGE
        code = tuple((max(a, start) - start, min(b, end) - start) for a, b in s.code if a < end and b > start)
        mark = (Section(0, s.anchor, title, role(s.heading), s.first, s.last),)
        line = s.line + s.text.count("\n", 0, start)
        out.append(Passage(s.text[start:end], s.heading, s.anchor, line, mark, code))
        start = end
    return out
