"""This module turns Markdown into plain text that can be sent: numbers of steps stay, signs of markup go."""

from typing import NamedTuple

from kb.articles.markdown import inline_text
from kb.articles.parser import parse

_INDENT = "    "


def plain(markdown: str) -> str:
    """The whole text. Code is indented, a link is its text and its address, a row of a table is one line."""
    return "\n\n".join(blocks(markdown))


class Block(NamedTuple):
    """A top-level block. code: what stands in it as code, inline or in lines of its own."""

    text: str
    code: tuple[str, ...]


def blocks(markdown: str) -> list[str]:
    """The texts of top-level blocks in order."""
    return [block.text for block in with_code(markdown)]


def with_code(markdown: str) -> list[Block]:  # noqa: PLR0912 - one branch for each kind of node
    """Top-level blocks in order: a paragraph, a step of a list with all below it, a table, some code."""
    out: list[str] = []
    codes: list[tuple[str, ...]] = []
    marks: list[str] = []
    row: list[str] | None = None
    fresh = True  # whether the next line begins a block of its own
    for node in parse(markdown)[0]:
        text = ""
        code: tuple[str, ...] = ()
        if node.type == "inline":
            code = tuple(c.content for c in node.children or () if c.type == "code_inline")
        if node.type == "list_item_open":
            fresh = fresh or len(marks) == 0
            marks.append(f"{node.info}{node.markup} " if node.info else "- ")
            continue
        if node.type == "list_item_close":
            marks.pop()
            fresh = not marks
            continue
        if node.type == "tr_open":
            row = []
        elif node.type == "tr_close":
            text, row = " | ".join(row or ()), None
        elif node.type == "table_open":
            fresh = fresh or not marks
        elif node.type == "inline" and row is not None:
            row.append(inline_text(node, addresses=True).strip().replace("\n", " "))
        elif node.type == "inline":
            text = inline_text(node, addresses=True).strip()
        elif node.type in ("fence", "code_block"):
            code = (node.content,)
            text = "\n".join(_INDENT + line for line in node.content.rstrip("\n").split("\n"))
        if text.strip():
            text = _marked(text, marks)
            if fresh or not out:
                out.append(text)
                codes.append(code)
            else:
                out[-1] += "\n" + text
                codes[-1] += code
            fresh = False
        if node.type in ("paragraph_close", "heading_close", "fence", "code_block", "table_close"):
            fresh = not marks
    return [Block(text, code) for text, code in zip(out, codes, strict=True)]


def _marked(text: str, marks: list[str]) -> str:
    """Lines of a list item behind its mark, which is given once; what follows stands below its text."""
    if not marks:
        return text
    mark = marks[-1]
    outer = "".join(" " * len(m) for m in marks[:-1])
    marks[-1] = " " * len(mark)
    first, *rest = text.split("\n")
    return "\n".join([outer + mark + first, *(outer + " " * len(mark) + line for line in rest)])
