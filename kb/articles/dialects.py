"""This module knows the marks that other tools put into Markdown: boxes, wiki links, remarks, attributes, short codes.

Words stay, marks go. Documents come from GitHub, GitLab, VuePress, VitePress, Docusaurus, MkDocs, Obsidian, Hugo,
Jekyll, GitBook and Pandoc; each rule says whose mark it reads.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token as Node

_ATTRIBUTE = r"""(?:[#.][\w:.-]+|[\w:-]+=(?:"[^"{}\n]*"|'[^'{}\n]*'|[^\s"'{}]+))"""
_ATTRIBUTES = re.compile(rf"\{{(?::\s*|\s*){_ATTRIBUTE}(?:\s+{_ATTRIBUTE})*\s*\}}|\{{:\s*[\w.-]+\s*\}}")
"""{#id .class key=value} of Pandoc, VuePress and Docusaurus; {: #id } of kramdown and MkDocs; {:toc}."""
_HEADING_ATTRIBUTES = re.compile(rf"[ \t]*(?:{_ATTRIBUTES.pattern}|\{{/\*\s*\#(?P<mdx>[\w-]+)\s*\*/\}})[ \t]*$")
_ID = re.compile(r"[{\s:]#([\w:.-]+)")
_ALERT = re.compile(r"\[!([A-Za-z]+)\][+-]?[ \t]*([^\n]*)(?:\n|$)")
_CONTENTS = re.compile(r"\s*(?:\[TOC\]|\[\[_?TOC_?\]\])\s*", re.IGNORECASE)
_WIKI_LINK = re.compile(r"\[\[(?!\s)([^\[\]\n|#]*)(#[^\[\]\n|]*)?(?:\\?\|([^\[\]\n]*))?\]\]")
_REMARK = re.compile(
    r"(?<![A-Za-z0-9_%=~*])(?<!\d[ ])%%(?![A-Za-z_][A-Za-z0-9_]*%%|[A-Za-z](?![A-Za-z0-9_]))"
    r"(?:(?![\w%~*])[^\n]*?|\w(?:(?!%%)[^\n])*)%%(?![A-Za-z0-9_%~*])"
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp)$", re.IGNORECASE)
_SHORT_CODE = re.compile(r"\{\{[<%]\s*/?\s*[\w./-]+(?P<given>[^{}]*?)/?[%>]\}\}|\{%-?\s*\w+(?P<values>[^{}]*?)-?%\}")
_GIVEN = re.compile(r"""(?:(?P<key>[\w-]+)\s*=\s*)?(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)')""")
_TOLD = frozenset(("title", "caption", "alt", "name", "label", "summary", "text", "description", "header", "tab"))
"""Values of a short code that a reader sees."""

_COLONS = re.compile(
    r""":{3,}[ \t]*
    (?:\{(?P<directive>[A-Za-z][\w-]*)\} | \{(?P<attributes>[^{}\n]*)\} | (?P<name>[A-Za-z][\w-]*))?
    (?:\[(?P<label>[^\n]*)\])? (?:\{(?P<more>[^{}\n]*)\})? [ \t]*(?P<title>[^\n]*?)[ \t]*:*""",
    re.VERBOSE,
)
_CLOSING = re.compile(r":{3,}[ \t]*")
_INDENTED = re.compile(
    r"""(?P<mark>!!!|\?\?\?\+?|===[+!]*)[ \t]+(?:(?P<name>[A-Za-z][\w -]*?))?[ \t]*(?:"(?P<title>[^"\n]*)")?[ \t]*"""
)
_FENCE = re.compile(r"`{3,}|~{3,}")
NAMES = frozenset(
    """
    note info tip hint abstract summary tldr todo important success check done question help faq warning caution
    attention failure fail missing danger error bug example quote cite details seealso
    """.split()
)
"""Kinds of boxes that tell something by themselves; a box of one of these without a title is called by it."""


def install(md: MarkdownIt) -> None:
    """Let a parser read these marks."""
    others: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    md.block.ruler.before("fence", "colons", _colons, others)
    md.block.ruler.before("fence", "indented_box", _indented, others)
    md.block.ruler.before("fence", "remark", _remark_block, {"alt": []})
    md.core.ruler.before("inline", "alerts", _alerts)
    md.core.ruler.before("inline", "heading_attributes", _heading_attributes)
    md.core.ruler.before("inline", "contents", _contents)
    md.core.ruler.after("inline", "box_titles", _box_titles)
    md.core.ruler.push("gaps", _without_gaps)
    md.inline.ruler.before("link", "wiki_link", _wiki_link)
    md.inline.ruler.before("link", "remark", _remark)
    md.inline.ruler.before("link", "short_code", _short_code)
    md.inline.ruler.before("link", "attributes", _attributes)


# --- boxes -------------------------------------------------------------------------------------


def _colons(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """::: warning Title … ::: of VuePress, VitePress, Docusaurus, MyST and Pandoc; boxes may hold boxes.

    A fence that closes nothing is a mark, too, and shows nothing.
    """
    text = _line(state, line)
    if state.is_code_block(line) or not text.startswith(":::"):
        return False
    m = _COLONS.fullmatch(text)
    if m is None or not (m["name"] or m["directive"] or m["attributes"] is not None or _CLOSING.fullmatch(text)):
        return False
    if silent:
        return True
    if _CLOSING.fullmatch(text):
        state.line = line + 1
        return True
    close = _closing(state, line, end)
    title = m["label"] or _title_in(m["attributes"] or m["more"] or "") or m["title"].strip("\"'“” ")
    name = m["directive"] or m["name"] or _class_in(m["attributes"] or "")
    _box(state, (line, close), name.lower(), title or None, state.blkIndent)
    state.line = min(close + 1, end)
    return True


def _closing(state: StateBlock, line: int, end: int) -> int:
    """The line that closes the box which opens on a line; code in it is passed over."""
    depth, fence = 1, ""
    for number in range(line + 1, end):
        text = _line(state, number)
        if text and state.sCount[number] < state.blkIndent:
            return number - 1
        if m := _FENCE.match(text):
            if not fence:
                fence = m[0]
            elif m[0].startswith(fence) and not text[m.end() :].strip():
                fence = ""
        if not fence and text.startswith(":::"):
            depth += -1 if _CLOSING.fullmatch(text) else 1
            if not depth:
                return number
    return end


def _indented(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """!!! note "Title", ??? question and === "Tab" of MkDocs: the box is what stands four columns further right."""
    text = _line(state, line)
    if state.is_code_block(line) or not text.startswith(("!!!", "???", "===")):
        return False
    m = _INDENTED.fullmatch(text)
    if m is None or (m["mark"].startswith("===") and m["title"] is None) or not (m["name"] or m["title"]):
        return False
    if silent:
        return True
    indent = state.sCount[line] + 4
    last = line
    for number in range(line + 1, end):
        if not state.isEmpty(number):
            if state.sCount[number] < indent:
                break
            last = number
    name = (m["name"] or "").split(" ")[0].lower()
    _box(state, (line, last + 1), name, m["title"], indent)
    state.line = last + 1
    return True


def _box(state: StateBlock, lines: tuple[int, int], name: str, title: str | None, indent: int) -> None:
    """A quotation with its title in bold. lines: of the mark, and the first one behind the content."""
    first, last = lines
    opening = state.push("blockquote_open", "blockquote", 1)
    opening.markup, opening.map = ":::", [first, last]
    opening.meta = {"box": name}
    for node in _titled(name, title, first):
        node.level = state.level
        state.tokens.append(node)
    before = state.parentType, state.lineMax, state.blkIndent
    state.parentType, state.lineMax, state.blkIndent = "blockquote", last, indent
    state.md.block.tokenize(state, first + 1, last)
    state.parentType, state.lineMax, state.blkIndent = before
    state.push("blockquote_close", "blockquote", -1).markup = ":::"


def _titled(name: str, title: str | None, line: int) -> Iterator[Node]:
    """The paragraph of a box's title; None: what its kind is called, in the reader's language; "": none."""
    place = [line, line + 1]
    if title:
        yield Node("paragraph_open", "p", 1, block=True, map=place)
        yield Node("inline", "", 0, content=title, children=[], block=True, map=place, meta={"bold": True})
        yield Node("paragraph_close", "p", -1, block=True)
    elif title is None and name in NAMES:
        yield Node("box_name", "", 0, block=True, meta={"box": name})


def _title_in(attributes: str) -> str:
    m = re.search(r"""\btitle\s*=\s*(?:"([^"]*)"|'([^']*)')""", attributes)
    return (m[1] or m[2] or "") if m else ""


def _class_in(attributes: str) -> str:
    m = re.search(r"\.([\w-]+)", attributes)
    return m[1] if m else ""


def _alerts(state: StateCore) -> None:
    """> [!NOTE] of GitHub, GitLab and Obsidian, with or without a title behind it."""
    out: list[Node] = []
    for i, node in enumerate(state.tokens):
        m = None
        if node.type == "inline" and [t.type for t in state.tokens[max(i - 2, 0) : i]] == [
            "blockquote_open",
            "paragraph_open",
        ]:
            m = _ALERT.match(node.content)
        if m is None:
            out.append(node)
            continue
        line = node.map[0] if node.map else 0
        opening = out.pop()
        out += _titled(m[1].lower(), m[2].strip() or None, line)
        node.content = node.content[m.end() :]
        out += [opening, node]
    state.tokens = out


def _box_titles(state: StateCore) -> None:
    for node in state.tokens:
        if node.children and "bold" in node.meta:
            node.children = [Node("strong_open", "strong", 1), *node.children, Node("strong_close", "strong", -1)]


# --- headings and paragraphs -------------------------------------------------------------------


def _heading_attributes(state: StateCore) -> None:
    """## Title {#id}: the id is the anchor, and no part of the title."""
    for opening, node in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open" and (m := _HEADING_ATTRIBUTES.search(node.content)):
            node.content = node.content[: m.start()]
            found = m["mdx"] or ((named := _ID.search(m[0])) and named[1])
            if found:
                opening.attrSet("id", found)


def _contents(state: StateCore) -> None:
    """[TOC] and [[_TOC_]]: the page has a table of contents anyway."""
    for node in state.tokens:
        if node.type == "inline" and "[" in node.content and _CONTENTS.fullmatch(node.content):
            node.content = ""


def _without_gaps(state: StateCore) -> None:
    """What was a mark alone leaves no gap: no empty line at the edges of a paragraph, and no empty paragraph."""
    out: list[Node] = []
    for node in state.tokens:
        inside = out[-1] if out else None
        if node.type == "paragraph_close" and inside is not None and inside.type == "inline":
            inside.children = list(_trimmed(inside.children or []))
            if not inside.children:
                del out[-2:]
                continue
        out.append(node)
    state.tokens = out


def _trimmed(children: list[Node]) -> Iterator[Node]:
    """The nodes of a paragraph without breaks at its edges and behind each other."""
    pending: list[Node] = []
    began = False
    for node in children:
        if node.type in ("softbreak", "hardbreak"):
            pending = pending or [node]
        elif node.type == "text" and not node.content.strip() and (pending or not began):
            continue
        else:
            if began:
                yield from pending
            began, pending = True, []
            yield node


# --- within a line -----------------------------------------------------------------------------


def _wiki_link(state: StateInline, silent: bool) -> bool:
    """[[Page]], [[Page#Part|words]] and ![[picture.png]] of Obsidian and wikis."""
    shown = state.src.startswith("![[", state.pos)
    if not shown and not state.src.startswith("[[", state.pos):
        return False
    m = _WIKI_LINK.match(state.src, state.pos + shown, state.posMax)
    if m is None or m[0][-3].isspace() or not (m[1] or m[2]):
        return False
    if not silent:
        words = (m[3] or "").strip()
        if shown and _PICTURE.search(m[1]):
            alt = "" if re.fullmatch(r"\d+(?:x\d+)?", words) else words
            children = [Node("text", "", 0, content=alt)] if alt else []
            node = state.push("image", "img", 0)
            node.attrs = {"src": state.md.normalizeLink(m[1].strip()), "alt": ""}
            node.content, node.children = alt, children
        else:
            state.push("text", "", 0).content = words or (m[1] + (m[2] or "").replace("#", " ")).strip()
    state.pos = m.end()
    return True


def _remark(state: StateInline, silent: bool) -> bool:
    """%% remark %% of Obsidian; 100%%, 50 %% and the %%i of a batch file are none."""
    if not state.src.startswith("%%", state.pos):
        return False
    m = _REMARK.match(state.src, state.pos, state.posMax)
    if m is None:
        return False
    state.pos = m.end()
    return True


def _remark_block(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """Lines between %% and %% of Obsidian."""
    text = _line(state, line)
    if not text.startswith("%%") or state.is_code_block(line) or text.count("%%") > 1:
        return False
    ends = state.env.setdefault("remark_ends", None)
    if ends is None:
        ends = state.env["remark_ends"] = [n for n in range(state.lineMax) if _line(state, n).endswith("%%")]
    close = bisect_right(ends, line)
    if close == len(ends) or ends[close] >= end:
        return False
    state.line = ends[close] + 1
    return True


def _short_code(state: StateInline, silent: bool) -> bool:
    """{{< figure src="a.png" title="words" >}} of Hugo and {% hint style="info" %} of GitBook and Jekyll.

    {{ name }} is what somebody's template or playbook says, and stays.
    """
    if not state.src.startswith(("{{<", "{{%", "{%"), state.pos):
        return False
    m = _SHORT_CODE.match(state.src, state.pos, state.posMax)
    if m is None:
        return False
    if not silent:
        for node in _told(m["given"] or m["values"] or ""):
            state.push(node.type, node.tag, 0)
            made = state.tokens[-1]
            made.attrs, made.content, made.children = node.attrs, node.content, node.children
    state.pos = m.end()
    return True


def _told(given: str) -> Iterator[Node]:
    source, words = "", []
    for m in _GIVEN.finditer(given):
        key, value = (m["key"] or "").lower(), (m["double"] or m["single"] or "").strip()
        if key in ("src", "link") and _PICTURE.search(value):
            source = value
        elif value and (not key or key in _TOLD):
            words.append(value)
    said = " ".join(dict.fromkeys(words))
    if source:
        children = [Node("text", "", 0, content=said)] if said else []
        yield Node("image", "img", 0, attrs={"src": source, "alt": ""}, content=said, children=children)
    elif said:
        yield Node("text", "", 0, content=said)


def _attributes(state: StateInline, silent: bool) -> bool:
    """![x](a.png){width=50%} and {: .class } behind what they belong to."""
    if state.src[state.pos] != "{":
        return False
    m = _ATTRIBUTES.match(state.src, state.pos, state.posMax)
    if m is None:
        return False
    behind = not state.pending and state.tokens and state.tokens[-1].type in ("image", "link_close", "code_inline")
    edges = state.src[m.start() - 1 : m.start()] in ("", "\n"), state.src[m.end() : m.end() + 1] in ("", "\n")
    alone = m[0].startswith("{:") and (m.end() == state.posMax or all(edges))
    if not behind and not alone:
        return False
    state.pos = m.end()
    return True


def _line(state: StateBlock, number: int) -> str:
    """A line without its indent."""
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip(" \t")
