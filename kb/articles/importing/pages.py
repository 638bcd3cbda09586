"""This module reads a PDF whose pages hold text: its outline, or else its pages, become headings.

A PDF knows places of glyphs, no paragraphs: lines that run to the margin are joined again, and what stands at the head
or foot of most pages is left out. The anchor of a page's first heading is page-N.
"""

import io
import logging
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from unicodedata import normalize

from kb.articles.importing import escape
from kb.articles.importing.model import Document
from kb.articles.importing.packages import protected, too_large
from kb.articles.importing.shaping import shaped
from kb.errors import ArticleError
from kb.language import first_of, say

MAX_PAGES = 3000
MAX_OUTLINE = 5000
MAX_TEXT = 4_000_000
"""Characters of all pages."""
EDGE = 2
"""Lines at the head and at the foot of a page that may be a running title or the page's number."""
FULL = 0.82
"""A line that reaches so far towards the longest usual one goes on in the next."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_END = re.compile(r"[。！？!?：:；;.]$")
_BEGIN = re.compile(
    r"\d{1,3}(?:\.\d{1,3})*[.)、）．]?\s|[(（]?[一二三四五六七八九十\d]{1,3}[)）、．.]|[●•■◆▪–—*·-]\s*|第.{1,4}[章节条]"
)
"""How a line begins that does not go on with the one before."""
_BULLET = re.compile(r"[●•■◆▪·]\s*(?=\S)")
_SPACED = re.compile(r"(?<=[\u3400-\u9fff，。；：、]) (?=[\u3400-\u9fff，。；：、])")
_GENERIC = re.compile(r"microsoft|untitled|无标题|\.(?:docx?|pptx?|xlsx?|pdf|indd|wps)\b|^[\W\d]*$", re.IGNORECASE)


class Mark(NamedTuple):
    """An entry of the outline. level: 1 for the top; page: from 0."""

    level: int
    title: str
    page: int


def read(raw: bytes, name: str, _image: str) -> Document:
    """Raises ArticleError for a file that is damaged, protected, too large, or only pictures of pages."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every small fault that it mends
    try:
        reader = PdfReader(io.BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise protected(name)
        if len(reader.pages) > MAX_PAGES:
            raise too_large(name)
        pages = [_lines(text) for text in _texts(reader, name)]
        marks = list(_marks(reader))
        pictured = [i for i, page in enumerate(reader.pages) if _shows_picture(page)]
        stated = str(reader.metadata.title or "") if reader.metadata is not None else ""
    except ArticleError:
        raise
    except Exception as error:  # what a damaged file makes of the reader is not foreseeable
        if type(error).__name__ == "DependencyError":  # encrypted in a way that asks for a cipher
            raise protected(name)
        raise ArticleError(
            name,
            0,
            say(
                "不是完好的 PDF（{why}）；请用阅读器打开并重新打印成 PDF",
                "not a sound PDF ({why}); open it in a viewer and print it as PDF again",
                why=" ".join(str(error).split())[:120] or type(error).__name__,
            ),
        )
    empty = [i for i, lines in enumerate(pages) if not lines]
    if len(empty) == len(pages):
        raise ArticleError(
            name,
            0,
            say(
                "没有文字层：{pages} 页都是图片（扫描件）；请先用 OCR 软件转成带文字的 PDF",
                "it has no text: all its {pages} pages are pictures (a scan); make it a PDF with text by OCR first",
                pages=len(pages),
            ),
        )
    title = _title(stated, pages, marks) or PurePosixPath(name).stem  # before the running title goes
    running = _running(pages)
    pages = [_without(lines, running) for lines in pages]
    chinese = any(_CHINESE.search(line) for lines in pages for line in lines[:20])
    if pages[0] and _bare(pages[0][0]) == _bare(title):
        pages[0] = pages[0][1:]
    marks = [mark for mark in marks if not (mark.level == 1 and _bare(mark.title) == _bare(title))]
    text = _with_outline(pages, marks) if marks else _with_pages(pages, chinese)
    return shaped(title, text, warnings=tuple(_warnings(empty, pictured)))


def _texts(reader: Any, name: str) -> Iterator[str]:
    """The text of each page."""
    size = 0
    for page in reader.pages:
        text = escape.cleaned(page.extract_text() or "")
        size += len(text)
        if size > MAX_TEXT:
            raise too_large(name)
        yield text


def _lines(text: str) -> list[str]:
    lines = (_closed(" ".join(line.split())) for line in _composed(text).split("\n"))
    return [line for line in lines if line and not _CONTENTS.search(line)]


def _closed(line: str) -> str:
    """A line without the spaces of one whose every character stands apart; a few are those between columns."""
    return _SPACED.sub("", line) if len(_SPACED.findall(line)) * 3 > len(_CHINESE.findall(line)) > 3 else line


def _composed(text: str) -> str:
    """A text in the characters that people type: fonts of PDF tell radicals (⼿ ⻛) and ligatures (ﬁ) instead."""
    return _PRESENTED.sub(lambda m: normalize("NFKC", m[0]), text.translate(_RADICALS))


_PRESENTED = re.compile("[\u2f00-\u2fd5\uf900-\ufaff\ufb00-\ufb06]")
_RADICALS = str.maketrans(
    "⺁⺄⺈⺊⺌⺍⺗⺝⺟⺠⺡⺢⺥⺧⺩⺪⺫⺭⺮⺯⺰⺳⺴⺵⺶⺷⺹⺼⺽⺾⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
    "厂乙刀卜小小心月母民氵水爪牛王疋目示竹糸纟网网羊羊羊老肉臼艹艹虎衤西西见角角讠贝车辶辶辶邑钅長镸长门阝雨青韦页风飞食食饣饣马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
)
"""Characters of the block of radicals that have no decomposition, and what is written with them."""
_CONTENTS = re.compile(r"(?:[.·…‥]\s?){4,}\s*[\divxlc]{1,5}$")
"""A line of a table of contents: the outline, or the search, leads there."""


def _marks(reader: Any) -> Iterator[Mark]:
    """The entries of the outline that lead to a page, in its order."""
    left = MAX_OUTLINE

    def walk(entries: Sequence[Any], level: int) -> Iterator[Mark]:
        nonlocal left
        for entry in entries:
            if left <= 0:
                return
            left -= 1
            if isinstance(entry, list):
                yield from walk(entry, level + 1)
                continue
            title = escape.one_line(_composed(str(entry.title or "")))
            page = reader.get_destination_page_number(entry)
            if title and page is not None and page >= 0:
                yield Mark(level, title, page)

    yield from walk(reader.outline, 1)


def _shows_picture(page: Any) -> bool:
    try:
        objects = page["/Resources"]["/XObject"].get_object()
        return any(objects[key].get_object().get("/Subtype") == "/Image" for key in list(objects)[:50])
    except (KeyError, AttributeError, TypeError):
        return False


# --- lines -------------------------------------------------------------------------------------


def _shape(line: str) -> str:
    """A line without its numbers: 第 3 页 and 第 4 页 are the same foot."""
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", line.casefold())


def _running(pages: list[list[str]]) -> set[str]:
    """Shapes of lines that stand at the head or foot of most pages, of all or a chapter's, or of every second."""
    on: dict[str, list[int]] = {}
    for number, lines in enumerate(lines for lines in pages if lines):
        for shape in {_shape(x) for x in (*lines[:EDGE], *lines[-EDGE:])}:
            on.setdefault(shape, []).append(number)
    return {shape for shape, at in on.items() if len(at) > 2 and len(at) > (at[-1] - at[0] + 1) * OFTEN}


OFTEN = 0.4
"""Of the pages between the first and the last that bear a running title."""


def _without(lines: list[str], running: set[str]) -> list[str]:
    last = len(lines) - EDGE
    return [x for i, x in enumerate(lines) if not ((i < EDGE or i >= last) and _shape(x) in running)]


def _width(line: str) -> int:
    """How wide a line is, in half characters."""
    return sum(2 if c > "\u2e7f" else 1 for c in line)


def _paragraphs(lines: list[str], full: float) -> Iterator[str]:
    """Lines as paragraphs; full: the width from which on a line goes on in the next."""
    held = ""
    wide = False
    for line in lines:
        if held and wide and not _END.search(held) and not _BEGIN.match(line) and not escape.is_log(line):
            glue = "" if _CHINESE.match(line) or _CHINESE.search(held[-1:]) else " "
            held = held[:-1] + line if held.endswith("-") and line[:1].islower() else held + glue + line
        else:
            if held:
                yield held
            held = line
        wide = _width(line) >= full and not escape.is_log(line)
    if held:
        yield held


def _full(pages: list[list[str]]) -> float:
    """The width of a full line of this document."""
    widths = sorted(_width(line) for lines in pages for line in lines)
    return max(20.0, widths[int(len(widths) * 0.9)] * FULL) if widths else 20.0


def _prose(lines: list[str], full: float) -> str:
    """Lines as Markdown: points as a list, and all between them as the text it is."""
    groups = groupby(_paragraphs(lines, full), key=lambda p: bool(_BULLET.match(p)))
    return "\n\n".join(
        "\n".join(f"- {escape.line(_BULLET.sub('', p, count=1))}" for p in group)
        if points
        else escape.markdown("\n".join(group))
        for points, group in groups
    )


# --- headings ----------------------------------------------------------------------------------


def _with_pages(pages: list[list[str]], chinese: bool) -> str:
    full = _full(pages)
    out = []
    for number, lines in enumerate(pages, 1):
        if lines:
            heading = f"第 {number} 页" if chinese else f"Page {number}"
            out.append(f"## {heading} {{#page-{number}}}\n\n{_prose(lines, full)}")
    return "\n\n".join(out)


def _with_outline(pages: list[list[str]], marks: list[Mark]) -> str:
    """The pages' text with the outline's titles as headings, each where its line stands, else on top of its page."""
    full = _full(pages)
    out: list[str] = []
    waiting: list[str] = []
    top = min(mark.level for mark in marks)
    of_page: dict[int, list[Mark]] = {}
    for mark in marks:
        of_page.setdefault(mark.page, []).append(mark)
    for number, lines in enumerate(pages):
        at: dict[int, list[Mark]] = {}
        place = 0
        skipped: set[int] = set()
        for mark in of_page.get(number, ()):
            found = _found(lines, mark.title, place)
            if found is not None:
                place = found[1]
                skipped.update(range(found[0], place))
            at.setdefault(found[0] if found else place, []).append(mark)
        anchor = f" {{#page-{number + 1}}}"
        for i, line in enumerate([*lines, ""]):
            for mark in at.get(i, ()):
                out += [_prose(waiting, full), f"{'#' * min(mark.level - top + 2, 6)} {_heading(mark.title)}{anchor}"]
                waiting, anchor = [], ""
            if line and i not in skipped:
                waiting.append(line)
    return "\n\n".join(filter(None, [*out, _prose(waiting, full)]))


def _heading(title: str) -> str:
    return re.sub(r"[{}]", "", escape.inline(title))


def _found(lines: list[str], title: str, start: int) -> tuple[int, int] | None:
    """The lines (first, behind the last) that are a title; it may be broken over two."""
    wanted = _bare(title)
    for i in range(start, len(lines)):
        said = ""
        for j in range(i, min(i + 3, len(lines))):
            said += _bare(lines[j])
            numbered = len(wanted) > 3 and said.endswith(wanted) and _NUMBER.fullmatch(said[: -len(wanted)])
            if said == wanted or numbered:
                return i, j + 1
            if len(said) > len(wanted) + 12:
                break
    return None


_NUMBER = re.compile(r"[\d第章节一二三四五六七八九十]{0,8}")
"""What an outline may leave out before a title."""


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def _title(stated: str, pages: list[list[str]], marks: list[Mark]) -> str:
    """What the file says of its title, where its first page says it too; else what stands over its whole outline."""
    stated = escape.one_line(_composed(stated))
    first = next((lines for lines in pages if lines), [])
    if stated and not _GENERIC.search(stated) and _bare(stated) in _bare("".join(first)):
        return stated
    top = [mark for mark in marks if mark.level == 1]
    return top[0].title if len(top) == 1 and len(marks) > 1 else ""


def _warnings(empty: list[int], pictured: list[int]) -> Iterator[str]:
    scanned = sorted(set(empty) & set(pictured))
    if scanned:
        yield say(
            "第 {pages} 页是扫描的图片，没有文字，没有带来",
            "pages {pages} are scanned pictures without text and were left",
            pages=_ranges(scanned),
        )
    if shown := sorted(set(pictured) - set(empty)):
        yield say(
            "第 {pages} 页的图片没有带来；需要的请截图贴进文章",
            "pictures on the pages {pages} were left; paste those you need into the article",
            pages=_ranges(shown),
        )


def _ranges(pages: list[int]) -> str:
    """Pages from 0 as people write them: 3, 5-8."""
    out: list[list[int]] = []
    for page in pages:
        if out and out[-1][1] == page:
            out[-1][1] = page + 1
        else:
            out.append([page + 1, page + 1])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in out]
    return first_of(shown, 20)
