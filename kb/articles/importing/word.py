"""This module turns a Word document (.docx) into Markdown with its pictures."""

import io
from typing import Any

import mammoth

from kb.articles.importing import packages
from kb.articles.importing.model import Document
from kb.articles.importing.shaping import shaped
from kb.articles.importing.webpages import Converter
from kb.articles.pictures import cleaned
from kb.errors import InputError
from kb.language import say

MAX_PARAGRAPHS = 14_000
"""Paragraphs and cells, empty ones too; each takes the converter a third of a millisecond."""
BOUNDS = packages.Bounds(
    ".docx",
    "Word",
    8 * 1024 * 1024,  # some thousand pages, and twenty seconds of converting
    128 * 1024 * 1024,
    {frozenset(("w:p", "w:tc")): MAX_PARAGRAPHS},
)

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


def read(raw: bytes, name: str, image: str) -> Document:
    """A .docx as Markdown. image: what its pictures are called, {number} and {ending} in it.

    Raises ArticleError for a file that is damaged, protected, too large or no .docx at all.
    """
    packages.examine(raw, name, BOUNDS)
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
        converter = Converter()
        text = converter.convert(html)
    except Exception as error:  # what a damaged document makes of the converter is not foreseeable
        raise packages.unfit(name, BOUNDS, str(error) or type(error).__name__)
    warnings = [
        say(
            "{kind} 格式的图片网页显示不了，没有带来；请另存为 PNG 再插入",
            "pictures of the format {kind} can't be shown on a page and were left; save them as PNG",
            kind=kind,
        )
        for kind in sorted(unusable)
    ]
    warnings += [say("有图片没有带来：{why}", "a picture was left: {why}", why=why) for why in refused]
    return shaped(converter.title, text, tuple(images), tuple(warnings))
