"""This module answers: which pictures are taken in, and as what do they lie beside their article?

What comes in is decoded and written anew: nothing of the original file survives but its pixels.
"""

import re
import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from kb.errors import InputError, KbError
from kb.files import save
from kb.language import say

MAX_BYTES = 10_000_000
MAX_PIXELS = 50_000_000
"""A photo of a good telephone has 12 to 50 million."""
MAX_SIDE = 2000
"""Pixels; a larger picture is made smaller: a reader on site waits for every byte."""

MAX_ALT = 200
"""Characters of what a picture is said to show."""
FOLDER = "images"
_SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".png", "WEBP": ".webp"}
_NUMBERS = 10_000


def add(root: Path, article: str, name: str, raw: bytes) -> str:
    """Store a picture in the folder images beside an article, as NAME-1.png or the next free number.

    article: its path below root; name: what its pictures begin with. Returns the link from the article.
    Raises InputError, KbError.
    """
    content, suffix = cleaned(raw)
    return _placed(root, article, name, content, suffix)


def shown(alt: str, link: str) -> str:
    """The Markdown of a picture. alt: what it shows. Raises InputError when that is not told."""
    told = " ".join(re.sub(r"[\[\]\\]", " ", alt).split())[:MAX_ALT]
    if not told:
        raise _refused(
            "请写一句图片说明：看不见图的人、搜索，都靠它", "say what the picture shows: who can't see it needs it"
        )
    return f"![{told}]({link})"


def _placed(root: Path, article: str, name: str, content: bytes, suffix: str) -> str:
    folder = root.joinpath(article).parent / FOLDER
    name = re.sub(r"[^\w-]+", "-", name).strip("-")[:80] or "image"
    if not folder.resolve().is_relative_to(root.resolve()):
        raise _refused("图片文件夹走出了文章文件夹", "the folder of images leaves the folder of articles")
    for number in range(1, _NUMBERS):
        path = folder / f"{name}-{number}{suffix}"
        # One number for one picture, whatever its suffix.
        if any(path.with_suffix(s).exists() for s in set(_SUFFIXES.values())):
            continue
        try:
            save(path, content, new=True)
        except KbError:
            if path.exists():  # another editor's upload was faster
                continue
            raise
        return f"{FOLDER}/{path.name}"
    raise _refused("这篇文章的图片太多", "this article has too many pictures")


def settle(root: Path, body: str, token: str, article: str, name: str) -> str:
    """The body of a new article, its pictures renamed from what they were called before it had a number.

    token: what they were called; they lie at the top of the folder. name: what they are called beside the article.
    """
    for link in sorted(set(re.findall(rf"\(/({FOLDER}/{re.escape(token)}-\d+\.\w+)\)", body))):
        source = root / link
        if not source.is_file():
            continue
        placed = _placed(root, article, name, source.read_bytes(), source.suffix)
        body = body.replace(f"(/{link})", f"({placed})")
        source.unlink(missing_ok=True)
    return body


def cleaned(raw: bytes) -> tuple[bytes, str]:
    """A picture written anew, without metadata, turned as its camera meant it: (bytes, suffix). Raises InputError."""
    if len(raw) > MAX_BYTES:
        raise _refused("图片超过 {n} MB", "the picture is over {n} MB", n=MAX_BYTES // 1_000_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(raw), formats=tuple(_SUFFIXES))
        if image.width * image.height > MAX_PIXELS:
            raise _refused("图片超过 {n} 万像素", "the picture has over {n}0,000 pixels", n=MAX_PIXELS // 10_000)
        if getattr(image, "n_frames", 1) > 1:
            raise _refused("动图不收；请截一张静止的图", "animated pictures are not taken; use a still one")
        kind = image.format or ""
        image.load()
        upright = ImageOps.exif_transpose(image)
        assert upright is not None
        return _written(upright, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused("图片超过 {n} 万像素", "the picture has over {n}0,000 pixels", n=MAX_PIXELS // 10_000)
    except (OSError, ValueError, SyntaxError, EOFError):  # what Pillow says of files that are none
        raise _refused(
            "不是完整的 PNG、JPEG、GIF 或 WebP 图片（SVG 等不收）",
            "not a whole PNG, JPEG, GIF or WebP picture (SVG and others are not taken)",
        )


def _written(image: Image.Image, kind: str) -> tuple[bytes, str]:
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain = image.convert("RGBA" if clear else "RGB")
    plain.thumbnail((MAX_SIDE, MAX_SIDE))
    plain.info.clear()  # comments, profiles and the like would be written again
    out = BytesIO()
    if kind == "JPEG":
        plain.convert("RGB").save(out, "JPEG", quality=85, optimize=True)
    elif kind == "WEBP":
        plain.save(out, "WEBP", quality=85)
    else:
        plain.save(out, "PNG", optimize=True)
    return out.getvalue(), _SUFFIXES[kind]


def _refused(zh: str, en: str, **values: object) -> InputError:
    return InputError(say(zh, en, **values))
