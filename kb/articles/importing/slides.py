"""This module reads a presentation (.pptx): each slide is a section, with its notes."""

import io
from collections.abc import Iterator
from typing import Any

from kb.articles.importing import escape, packages
from kb.articles.importing.model import Document
from kb.articles.importing.shaping import plain, shaped
from kb.articles.pictures import cleaned
from kb.errors import InputError
from kb.language import say

BOUNDS = packages.Bounds(
    ".pptx",
    "PowerPoint",
    64 * 1024 * 1024,
    256 * 1024 * 1024,
    {frozenset(("a:p", "a:tc")): 100_000, frozenset(("p:sp", "p:pic", "p:grpSp")): 50_000},
)
MAX_SLIDES = 2000
MAX_LEVEL = 8
_SILENT = frozenset(("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER"))
"""Placeholders that say nothing of a slide's own."""


class _Pictures:
    """The pictures of a presentation, each once, and why some were left."""

    def __init__(self, name: str) -> None:
        self.kept: list[tuple[str, bytes]] = []
        self.refused: dict[str, None] = {}
        self._name = name
        self._places: dict[str, str] = {}

    def place(self, shape: Any) -> str:
        """The file name of a shape's picture, "" when there is none that a page can show."""
        try:
            image = shape.image
            if image.sha1 not in self._places:
                content, suffix = cleaned(image.blob)
                self.kept.append((suffix.removeprefix("."), content))
                self._places[image.sha1] = self._name.format(number=len(self.kept), ending=self.kept[-1][0])
            return self._places[image.sha1]
        except InputError as error:
            self.refused[str(error)] = None
        except (AttributeError, KeyError, ValueError):  # linked, not held
            self.refused[say("只有链接，文件里没有", "it is linked and not in the file")] = None
        return ""


def read(raw: bytes, name: str, image: str) -> Document:
    """A .pptx as Markdown. image: what its pictures are called, {number} and {ending} in it.

    Raises ArticleError for a file that is damaged, protected, too large or no .pptx at all.
    """
    packages.examine(raw, name, BOUNDS)
    from pptx import Presentation

    pictures = _Pictures(image)
    try:
        slides = list(Presentation(io.BytesIO(raw)).slides)
        if len(slides) > MAX_SLIDES:
            raise packages.too_large(name)
        parts = [_slide(number, slide, pictures) for number, slide in enumerate(slides, 1) if _is_shown(slide)]
    except (KeyError, ValueError, AttributeError, TypeError, RecursionError, NotImplementedError, OSError) as error:
        raise packages.unfit(name, BOUNDS, str(error) or type(error).__name__)
    warnings = [say("有图片没有带来：{why}", "a picture was left: {why}", why=why) for why in pictures.refused]
    if hidden := len(slides) - len(parts):
        warnings.append(say("{n} 张隐藏的幻灯片没有带来", "{n} hidden slides were left", n=hidden))
    title, sections = _title(parts)
    return shaped(title, "\n\n".join(sections), tuple(pictures.kept), tuple(warnings))


def _is_shown(slide: Any) -> bool:
    return bool(slide.element.get("show", "1") not in ("0", "false"))


def _title(parts: list[tuple[str, str]]) -> tuple[str, list[str]]:
    """The title of the first slide, and all sections; a first slide that is but a title becomes no section."""
    if not parts:
        return "", []
    heading, body = parts[0]
    sections = [f"## {h}\n\n{b}" for h, b in parts]
    return plain(heading), ([body, *sections[1:]] if len(body) < 300 and len(parts) > 1 else sections)


def _slide(number: int, slide: Any, pictures: _Pictures) -> tuple[str, str]:
    """(heading, text) of a slide, both Markdown."""
    title = slide.shapes.title
    heading = escape.one_line(title.text_frame.text) if title is not None else ""
    own = None if title is None else title.shape_id
    blocks = [block for shape in _ordered(slide.shapes) if shape.shape_id != own for block in _shape(shape, pictures)]
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if frame is not None and (notes := escape.markdown(frame.text).strip()):
        blocks.append(f"**{say('备注', 'Notes')}**\n\n{notes}")
    heading = escape.inline(heading) or say("第 {n} 张", "Slide {n}", n=number)
    return heading, "\n\n".join(blocks)


def _ordered(shapes: Any) -> list[Any]:
    """As one reads: from the top, then from the left."""
    return sorted(shapes, key=lambda s: (s.top or 0, s.left or 0))


def _shape(shape: Any, pictures: _Pictures, depth: int = 0) -> Iterator[str]:
    if hasattr(shape, "shapes"):  # a group
        if depth < MAX_LEVEL:
            for inner in _ordered(shape.shapes):
                yield from _shape(inner, pictures, depth + 1)
    elif shape.is_placeholder and shape.placeholder_format.type is not None and (
        shape.placeholder_format.type.name in _SILENT
    ):  # fmt: skip
        return
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield _table(shape.table)
    elif shape.has_text_frame:
        if text := _text(shape.text_frame, points=shape.is_placeholder):
            yield text
    elif hasattr(shape, "image") and (place := pictures.place(shape)):
        yield escape.picture(shape.name or "", place)


def _text(frame: Any, points: bool) -> str:
    """The paragraphs of a frame; those of a placeholder, and all below the first level, are points."""
    said = [(p.level, escape.one_line(p.text.replace("\v", " "))) for p in frame.paragraphs]
    said = [(level, text) for level, text in said if text]
    if (points and len(said) > 1) or any(level for level, _ in said):
        return "\n".join(f"{'  ' * min(level, MAX_LEVEL)}- {escape.line(text)}" for level, text in said)
    return escape.markdown("\n".join(text for _, text in said))


def _table(table: Any) -> str:
    rows = [[escape.cell(escape.inline(escape.one_line(cell.text))) for cell in row.cells] for row in table.rows]
    if not rows:
        return ""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
