"""This module renders Markdown to safe HTML and splits it into passages at its headings.

Raw HTML never reaches a page: tags are dropped, their text is kept, anything unknown is shown as text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token as Node

from kb.articles.parser import MAX_DEPTH, Parser, is_address, is_data, joined, parse
from kb.language import say
from kb.model import SECTION_ROLES, Article, Passage, Section
from kb.text.tokens import fold

MAX_PASSAGE = 4000
"""Characters. A longer section is cut at line ends: ranking and reading both suffer from giants."""

_BOXES = {
    **dict.fromkeys(("note", "quote", "cite", "details", "example"), ("说明", "Note")),
    **dict.fromkeys(("info", "abstract", "summary", "tldr", "seealso"), ("信息", "Info")),
    **dict.fromkeys(("tip", "hint", "success", "check", "done"), ("提示", "Tip")),
    **dict.fromkeys(("question", "help", "faq"), ("问题", "Question")),
    "todo": ("待办", "To do"),
    "important": ("重要", "Important"),
    **dict.fromkeys(("warning", "caution", "attention"), ("注意", "Warning")),
    **dict.fromkeys(("danger", "error", "failure", "fail", "missing", "bug"), ("危险", "Danger")),
}
"""What a box without a title is called."""

Resolve = Callable[[str], str]


class _Renderer(RendererHTML):
    """Nodes -> HTML; never changes a node, since others read the same ones."""

    def image(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        """A picture of our own; one from elsewhere becomes a link, since pages load nothing from outside."""
        source = str(tokens[i].attrGet("src") or "")
        words = self.renderInlineAsText(tokens[i].children, options, env)
        if is_data(source):
            return escapeHtml(words)
        label = escapeHtml(words or source)
        if is_address(source):
            return f'<a href="{escapeHtml(source)}" rel="noopener noreferrer nofollow">{label}</a>'
        target = escapeHtml(env["resolve"](source) if "resolve" in env else source)
        return f'<img src="{target}" alt="{label}" loading="lazy">'

    def heading_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        anchor = env.get("prefix", "") + str(tokens[i].attrGet("id") or "")
        return f'<{tokens[i].tag} id="{escapeHtml(anchor)}">'

    def said_before(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        """Where a heading stood that only said the title once more: what leads to it still does."""
        return f'<span id="{escapeHtml(env.get("prefix", "") + str(tokens[i].attrGet("id") or ""))}"></span>\n'

    def link_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        attributes = dict(tokens[i].attrs)
        href = str(attributes.get("href", ""))
        if is_data(href):
            attributes.pop("href")
        elif is_address(href):
            attributes["rel"] = "noopener noreferrer nofollow"
        elif "resolve" in env:
            attributes["href"] = env["resolve"](href)
        return f"<a{self.renderAttrs(Node('link_open', 'a', 1, attrs=attributes))}>"

    def td_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        """Alignment as a class: the page's policy allows no inline style."""
        style = str(tokens[i].attrGet("style") or "")
        aligned = f' class="{style.replace("text-align:", "align-")}"' if style else ""
        return f"<{tokens[i].tag}{aligned}>"

    th_open = td_open

    def fence(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return _reachable(super().fence(tokens, i, options, env))

    def code_block(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return _reachable(super().code_block(tokens, i, options, env))

    def table_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return '<div class="table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    def softbreak(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return "" if _goes_on(tokens, i) else "\n"

    def list_item_open(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        """The box of a task is made by the parser, which notes it; what an author writes is never one."""
        item = self.renderToken(tokens, i, options, env)
        if "checked" not in tokens[i].meta:
            return item
        done = tokens[i].meta["checked"]
        name, checked = (say("已完成", "done"), ' checked=""') if done else (say("待办", "to do"), "")
        box = f'<input class="task-list-item-checkbox" type="checkbox" aria-label="{name}" disabled=""{checked}> '
        return item + box

    def box_name(self, tokens: Sequence[Node], i: int, options: Any, env: Any) -> str:
        return f"<p><strong>{say(*_BOXES[tokens[i].meta['box']])}</strong></p>\n"


def _reachable(html: str) -> str:
    """Code that is wider than the page is scrolled by the keyboard, too."""
    return html.replace("<pre>", '<pre tabindex="0">', 1)


def _goes_on(nodes: Sequence[Node], i: int) -> bool:
    """Whether the Chinese of the line before a line end goes on behind it."""
    before = next((n.content for n in reversed(nodes[max(0, i - 4) : i]) if n.content), "")
    after = next((n.content for n in nodes[i + 1 : i + 5] if n.content), "")
    return joined(before, after)


@lru_cache(maxsize=1)
def _renderer() -> Parser:
    return Parser(MAX_DEPTH, _Renderer)


def render(body: str, resolve: Resolve | None = None, prefix: str = "", title: str = "") -> str:
    """Markdown -> HTML without any markup of its author's own. resolve: relative link -> address.

    title: stands above the text; a first heading that says the same is left out.

    prefix: stands before each anchor, where several bodies share one page; links are for resolve to adjust.
    """
    nodes, found = parse(body)
    if _repeats(nodes, title):
        nodes = (Node("said_before", "span", 0, attrs=nodes[0].attrs), *nodes[3:])
    env: dict[str, Any] = {**found, "resolve": resolve} if resolve else dict(found)
    if prefix:
        env |= {"prefix": prefix, "docId": prefix}  # docId: the footnote plugin's name for it
    renderer = _renderer()
    return str(renderer.renderer.render(nodes, renderer.options, env))


def _repeats(nodes: Sequence[Node], title: str) -> bool:
    """Whether a text starts with a heading that says the title."""
    return bool(title and nodes and nodes[0].type == "heading_open" and inline_text(nodes[1]).strip() == title.strip())


@dataclass(frozen=True, slots=True)
class Outline:
    """One heading of a page, for its table of contents. level: 1 to 6."""

    level: int
    anchor: str
    title: str


def outline(body: str, title: str = "") -> list[Outline]:
    """The headings of a body in order. title: as for render()."""
    tokens, _ = parse(body)
    first = 3 if _repeats(tokens, title) else 0
    return [
        Outline(int(t.tag[1]), str(t.attrGet("id")), inline_text(tokens[i + 1]))
        for i, t in enumerate(tokens)
        if t.type == "heading_open" and i >= first
    ]


def links(body: str) -> list[tuple[int, str, bool]]:
    """Every link and image: (line of the body counted from 0, target, whether it is an image)."""
    out: list[tuple[int, str, bool]] = []
    for block in parse(body)[0]:
        for child in block.children or ():
            if child.type == "link_open":
                out.append((block.map[0] if block.map else 0, str(child.attrGet("href") or ""), False))
            elif child.type == "image":
                out.append((block.map[0] if block.map else 0, str(child.attrGet("src") or ""), True))
    return out


def tasks(body: str) -> list[tuple[str, str]]:
    """The items of all checklists (`- [ ]`), in order: (the heading above, the item's own words)."""
    out: list[tuple[str, str]] = []
    nodes, heading = parse(body)[0], ""
    for i, node in enumerate(nodes):
        if node.type == "heading_open":
            heading = inline_text(nodes[i + 1])
        elif node.type == "list_item_open" and "checked" in node.meta:
            inline = next((n for n in nodes[i + 1 : i + 3] if n.type == "inline"), None)
            if inline is not None and (told := " ".join(inline_text(inline).split())):
                out.append((heading, told))
    return out


def inline_text(inline: Node, addresses: bool = False, code: list[tuple[int, int]] | None = None) -> str:
    """The text of an inline node, as a reader sees it; with addresses, links to elsewhere show theirs.

    code: where it takes the (start, end) of what is set as code.
    """
    out: list[str] = []
    opened: list[tuple[str, int]] = []
    children = inline.children or []
    for i, child in enumerate(children):
        if child.type in ("text", "code_inline", "image"):
            if child.type == "code_inline" and code is not None:
                start = sum(map(len, out))
                code.append((start, start + len(child.content)))
            out.append(child.content)
        elif child.type == "softbreak":
            out.append("" if _goes_on(children, i) else "\n")
        elif child.type == "hardbreak":
            out.append("\n")
        elif child.type == "sup_open":
            out.append("^")  # 10^5 is not 105
        elif child.type == "link_open":
            opened.append((str(child.attrGet("href") or ""), len(out)))
        elif child.type == "link_close" and opened:
            address, start = opened.pop()
            told = address.removeprefix("mailto:")
            if addresses and is_address(address) and not is_data(address) and "".join(out[start:]) != told:
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
    inline: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str, inline: Sequence[tuple[int, int]] = ()) -> None:
        self.inline += _moved(inline, len(self.text))
        self.text += text

    def add_block(self, text: str) -> None:
        self.code.append((len(self.text), len(self.text) + len(text)))
        self.text += text


def _moved(spans: Sequence[tuple[int, int]], by: int) -> list[tuple[int, int]]:
    return [(start + by, end + by) for start, end in spans]


def _within(spans: Sequence[tuple[int, int]], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """What of these spans lies in a stretch, counted from its start."""
    return tuple((max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start)


def _sections(article: Article) -> list[_Section]:
    tokens, _ = parse(article.body)
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
            code: list[tuple[int, int]] = []
            text = inline_text(node, code=code)
            sections[-1].add(text.replace("\n", " ") + "  " if in_table else text + "\n", code)
        elif node.type in ("fence", "code_block"):
            sections[-1].add_block(node.content)
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
    """The role of a section in simplified, traditional or English: of the outermost heading that has one, else "".

    What customers can do is for them wherever it stands.
    """
    found = [role for title in heading if (role := SECTION_ROLES.get(fold(title.strip()).text))]
    return "customer" if "customer" in found else next(iter(found), "")


def section(article: Article, wanted: str) -> str:
    """The Markdown of the sections with a role, headings without; "" when there is none."""
    lines = article.body.split("\n")
    told = [s for s in _sections(article) if role(s.heading) == wanted]
    return "\n".join(lines[told[0].first : told[-1].last]).strip("\n") if told else ""


def _joined(sections: list[_Section]) -> Passage:
    text, marks = "", []
    code: list[tuple[int, int]] = []
    inline: list[tuple[int, int]] = []
    for s in sections:
        title = s.heading[-1] if s.heading else ""
        marks.append(Section(len(text), s.anchor, title, role(s.heading), s.first, s.last))
        code += _moved(s.code, len(text))
        inline += _moved(s.inline, len(text))
        text += s.text if s.text.endswith("\n") else s.text + "\n"
    return Passage(text, (), sections[0].anchor, sections[0].line, tuple(marks), tuple(code), tuple(inline))


def _cut(text: str, start: int) -> int:
    """Where a passage that starts there ends: behind a line, a sentence or a word, as late as may be."""
    for mark in ("\n", "。", "；", "，", " "):
        at = text.rfind(mark, start + MAX_PASSAGE // 2, start + MAX_PASSAGE)
        if at > 0:
            return at + 1
    return start + MAX_PASSAGE


def _passages(s: _Section) -> list[Passage]:
    out = []
    start = 0
    title = s.heading[-1] if s.heading else ""
    while start < len(s.text):
        end = len(s.text)
        if end - start > MAX_PASSAGE:
            end = _cut(s.text, start)
        code, inline = (_within(spans, start, end) for spans in (s.code, s.inline))
        mark = (Section(0, s.anchor, title, role(s.heading), s.first, s.last),)
        line = s.line + s.text.count("\n", 0, start)
        out.append(Passage(s.text[start:end], s.heading, s.anchor, line, mark, code, inline))
        start = end
    return out
