"""This module turns a Word document (.docx) into Markdown with its pictures."""

import io
import re
import zipfile
from collections.abc import Iterator
from copy import copy
from typing import Any, NamedTuple, cast
from xml.parsers.expat import ExpatError, ParserCreate

import mammoth
from markdownify import MarkdownConverter

from kb.articles import markdown
from kb.articles.importing import columns, escape
from kb.articles.pictures import cleaned
from kb.errors import ArticleError, InputError
from kb.language import say
from kb.model import CASE_SECTIONS

MAX_XML = 8 * 1024 * 1024
"""Bytes of a document's text, unpacked: some thousand pages, and twenty seconds of converting."""
MAX_PARAGRAPHS = 14_000
"""Paragraphs and cells, empty ones too; each takes the converter a third of a millisecond."""
MAX_DEPTH = 100
"""Elements in each other: tables in tables, mostly."""
MAX_CELLS = 50_000
"""Of all tables, those that reach over several rows counted in each."""
MAX_BYTES = 128 * 1024 * 1024
"""Of a document with its pictures, unpacked."""

_STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='标题'] => h1.title:fresh
p.Title => h1.title:fresh
p[style-name='标题 1'] => h1:fresh
p[style-name='标题 2'] => h2:fresh
p[style-name='标题 3'] => h3:fresh
p[style-name^='toc '] => !
p[style-name^='TOC'] => !
"""
_PICTURES = frozenset(("image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"))

_SECTION = re.compile(
    r"(?P<level>\#{1,6}[ ]+)?\**(?:[（(]?[一二三四五六七八九十\d]{1,2}\\?[)）、.．][ ]*)?\**"
    r"(?P<name>[^\W\d_][^\W_ ]*(?:[ ][A-Za-z]+)?)[ ]?\**[ ]*(?P<colon>[:：])?\**[ ]*(?P<rest>.*)",
    re.VERBOSE,
)
"""A line that may start a section: 一、故障现象, **2. 原因分析：** or 解决方法：换硒鼓."""
_TITLE = re.compile(r"\**([^\n。！？!?]{2,60})\**")


class Document(NamedTuple):
    """title: "" when it has none. roles: the sections of a case that it holds. images: (ending, content), in order."""

    title: str
    body: str
    roles: frozenset[str]
    images: tuple[tuple[str, bytes], ...]
    warnings: tuple[str, ...]


def read(raw: bytes, name: str, image: str) -> Document:
    """A .docx as Markdown. image: what its pictures are called, {number} and {ending} in it.

    Raises ArticleError for a file that is damaged, protected, too large or no .docx at all.
    """
    _examine(raw, name)
    images: list[tuple[str, bytes]] = []
    unusable: set[str] = set()
    refused: dict[str, None] = {}

    def keep(picture: Any) -> dict[str, str]:
        if picture.content_type not in _PICTURES:
            unusable.add(str(picture.content_type).removeprefix("image/"))
            return {"src": ""}
        with picture.open() as f:
            raw = f.read()
        try:
            content, suffix = cleaned(raw)
        except InputError as error:
            refused[str(error)] = None
            return {"src": ""}
        images.append((suffix.removeprefix("."), content))
        return {"src": image.format(number=len(images), ending=images[-1][0])}

    try:
        html = mammoth.convert_to_html(
            io.BytesIO(raw),
            style_map=_STYLES,
            include_embedded_style_map=False,
            external_file_access=False,
            convert_image=mammoth.images.img_element(keep),
        ).value
        converter = _Converter()
        text = converter.convert(html)
    except Exception as error:  # what a damaged document makes of the converter is not foreseeable
        raise _unfit(name, str(error) or type(error).__name__)
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    title, text = (converter.title, text) if converter.title else _title(text)
    if re.search(r"^# ", text, re.MULTILINE):  # the title stands above them
        text = re.sub(r"^#{1,5} ", r"#\g<0>", text, flags=re.MULTILINE)
    text, roles = _sections(_with_lists(text))
    warnings = [
        say(
            "{kind} 格式的图片网页显示不了，没有带来；请另存为 PNG 再插入",
            "pictures of the format {kind} can't be shown on a page and were left; save them as PNG",
            kind=kind,
        )
        for kind in sorted(unusable)
    ]
    warnings += [say("有图片没有带来：{why}", "a picture was left: {why}", why=why) for why in refused]
    return Document(title, text, roles, tuple(images), tuple(warnings))


def _unfit(name: str, why: str) -> ArticleError:
    return ArticleError(
        name,
        0,
        say(
            "不是完好的 .docx 文档（{why}）；请用 Word 打开并另存为 .docx",
            "not a sound .docx document ({why}); open it in Word and save it as .docx",
            why=" ".join(why.split())[:120],
        ),
    )


def _examine(raw: bytes, name: str) -> None:
    """Refuse what would take the converter long, before it starts."""
    if raw.startswith(b"\xd0\xcf\x11\xe0"):  # the container of .doc, and of .docx under a password
        why = say("是旧的 .doc 格式或加了密码", "it is an old .doc or protected by a password")
        raise _unfit(name, why)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            texts = [i for i in infos if i.filename.lower().endswith((".xml", ".rels"))]
            if sum(i.file_size for i in texts) > MAX_XML or sum(i.file_size for i in infos) > MAX_BYTES:
                raise ArticleError(
                    name,
                    0,
                    say("文档太大，请拆开后导入", "the document is too large, divide it before importing it"),
                )
            for info in texts:
                _look_through(archive.read(info), name)
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise _unfit(name, str(error))


def _look_through(xml: bytes, name: str) -> None:
    """Refuse a document type, in which entities could be declared, and more than the converter can do in time."""
    parser = ParserCreate()
    depth = paragraphs = 0

    def refuse(*_: object) -> None:
        raise _unfit(name, "DOCTYPE")

    def start(tag: str, _: object) -> None:
        nonlocal depth, paragraphs
        depth += 1
        paragraphs += tag in ("w:p", "w:tc")
        if depth > MAX_DEPTH or paragraphs > MAX_PARAGRAPHS:
            raise ArticleError(
                name, 0, say("文档太大，请拆开后导入", "the document is too large, divide it before importing it")
            )

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(xml, True)
    except ExpatError as error:
        raise _unfit(name, str(error))


class _Converter(MarkdownConverter):
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
            self.title = _plain(" ".join(text.split()))
            return ""
        return str(cast(Any, super()).convert_hN(n, el, text, parent_tags))

    def escape(self, text: str, parent_tags: set[str]) -> str:
        escaped = "\n".join(escape.line(part) if part else "" for part in escape.cleaned(text).split("\n"))
        return escaped.replace("|", "\\|") if parent_tags & {"td", "th"} else escaped

    def convert_img(self, element: Any, text: str, parent_tags: set[str]) -> str:
        source = element.attrs.get("src", "")
        label = escape.inline(" ".join(element.attrs.get("alt", "").split())).replace("[", "(").replace("]", ")")
        return f"![{label}]({source})" if source else label

    def convert_a(self, element: Any, text: str, parent_tags: set[str]) -> str:
        """Links within the document lead to marks that Markdown has not."""
        target = element.get("href") or ""
        if not text.strip() or not target or target.startswith("#"):
            return text
        address = re.sub(r"[<>\s]", "", target)
        return f"[{text.strip()}](<{address}>)"


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


def _title(text: str) -> tuple[str, str]:
    """The title and what remains: the only top heading, or a short first line before any heading."""
    first, _, rest = text.partition("\n")
    tops = re.findall(r"^# (.*)$", text, re.MULTILINE)
    heading = len(tops) == 1 and first.startswith("# ")
    m = re.fullmatch(r"# (.*)", first) if heading else _TITLE.fullmatch(first)
    if m is None or _role(first) or (first.startswith(("#", "-", "|", "!", ">")) and not heading):
        return "", text
    return _plain(m[1]), rest.lstrip("\n")


def _plain(inline: str) -> str:
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
    return _meant(m["name"]) if m and not m["rest"] else ""


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
