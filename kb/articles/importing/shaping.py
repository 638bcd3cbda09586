"""This module gives what was converted into Markdown the shape of an article: its title, its lists, its sections."""

import re
from collections.abc import Iterator

from kb.articles import markdown
from kb.articles.importing import columns, escape
from kb.articles.importing.model import Document
from kb.model import CASE_SECTIONS

_SECTION = re.compile(
    r"(?P<level>\#{1,6}[ ]+)?\**(?:[（(]?[一二三四五六七八九十\d]{1,2}\\?[)）、.．][ ]*)?\**"
    r"(?P<name>[^\W\d_][^\W_ ]*(?:[ ][A-Za-z]+)?)[ ]?\**[ ]*(?P<colon>[:：])?\**[ ]*(?P<rest>.*)",
    re.VERBOSE,
)
"""A line that may start a section: 一、故障现象, **2. 原因分析：** or 解决方法：换硒鼓."""
_TITLE = re.compile(r"\**([^\n。！？!?]{2,60})\**")


def shaped(
    title: str, text: str, images: tuple[tuple[str, bytes], ...] = (), warnings: tuple[str, ...] = ()
) -> Document:
    """A document of Markdown whose title, where none is given, stands in its first line or only top heading."""
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    title, text = (title, text) if title else _title(text)
    if re.search(r"^# ", text, re.MULTILINE):  # the title stands above them
        text = re.sub(r"^#{1,5} ", r"#\g<0>", text, flags=re.MULTILINE)
    text, roles = _sections(_with_lists(text))
    return Document(title, text, roles, images, warnings)


def _title(text: str) -> tuple[str, str]:
    """The title and what remains: the only top heading, or a short first line before any heading."""
    first, _, rest = text.partition("\n")
    tops = re.findall(r"^# (.*)$", text, re.MULTILINE)
    heading = len(tops) == 1 and first.startswith("# ")
    m = re.fullmatch(r"# (.*)", first) if heading else _TITLE.fullmatch(first)
    if m is None or _role(first) or (first.startswith(("#", "-", "|", "!", ">")) and not heading):
        return "", text
    return plain(m[1]), rest.lstrip("\n")


def plain(inline: str) -> str:
    """One line of Markdown as the text it shows."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", inline.replace("**", "")).strip()


def _with_lists(text: str) -> str:
    """The text with paragraphs that are numbered by hand as lists."""
    paragraphs = text.split("\n\n")
    out: list[str] = []
    start = 0
    while start < len(paragraphs):
        steps = escape.steps(paragraphs, start)
        if len(steps) > 1:
            out.append("\n".join(f"{i}. {step}" for i, step in enumerate(steps, 1)))
            start += len(steps)
        else:
            out.append(paragraphs[start])
            start += 1
    return "\n\n".join(out)


def _role(line: str) -> str:
    m = _SECTION.fullmatch(line)
    return _meant(m["name"]) if m and (m["colon"] or not m["rest"]) else ""


def _meant(name: str) -> str:
    """The section of a case that a heading means, or ""."""
    found = columns.target(name, "case")
    return found if found in CASE_SECTIONS else ""


def _sections(text: str) -> tuple[str, frozenset[str]]:
    """The text with the sections of a case under their usual headings, and which ones it holds.

    Where a report has no such headings, its lines "故障现象：…" are taken for them, if there are at least two.
    """
    lines = text.split("\n")
    found = [(i, m, role) for i, m, role in _candidates(lines) if m["level"] and not m["rest"]]
    if not found:
        found = [(i, m, role) for i, m, role in _candidates(lines) if m["colon"] or not m["rest"]]
    roles = frozenset(role for _, _, role in found)
    if len(roles) < 2 or not roles & {"symptom", "fix"}:
        return text, frozenset()
    for i, m, role in found:
        usual = m["name"] if markdown.role([m["name"]]) else columns.heading("case", role, not m["name"].isascii())
        heading = f"{m['level'] or '## '}{usual}"
        lines[i] = f"{heading}\n\n{m['rest']}" if m["rest"] else heading
    return "\n".join(lines), roles


def _candidates(lines: list[str]) -> Iterator[tuple[int, re.Match[str], str]]:
    for i, line in enumerate(lines):
        m = _SECTION.fullmatch(line)
        if m and (role := _meant(m["name"])):
            yield i, m, role
