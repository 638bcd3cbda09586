"""This module answers: which pictures are taken in? What comes in is decoded and written anew.

Nothing of the original file survives but its pixels. Pictures come from editors, programs and imports.
"""

import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

from PIL import Image, ImageOps

from kb.errors import InputError
from kb.language import say

MAX_BYTES = 10_000_000
MAX_PIXELS = 25_000_000
"""Decoded, they take a hundred megabytes; a photo of a good telephone has 12 million as it is set when one buys it."""
MAX_SIDE = 2000
"""Pixels; a larger picture is made smaller: a reader on site waits for every byte."""
SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WEBP": ".webp"}

Result = TypeVar("Result")

_one_at_a_time = threading.Lock()


def cleaned(raw: bytes) -> tuple[bytes, str]:
    """A picture written anew, without metadata, turned as its camera meant it: (bytes, suffix). Raises InputError."""
    if len(raw) > MAX_BYTES:
        raise _refused("图片超过 {n} MB", "the picture is over {n} MB", n=MAX_BYTES // 1_000_000)
    with _one_at_a_time:
        return _told(lambda: _decoded(raw))


def _told(work: Callable[[], Result]) -> Result:
    """What Pillow says of files that are none, in a sentence."""
    try:
        return work()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused("图片超过 {n} 万像素", "the picture has over {n}0,000 pixels", n=MAX_PIXELS // 10_000)
    except (OSError, ValueError, SyntaxError, EOFError):
        raise _refused(
            "不是完整的 PNG、JPEG、GIF 或 WebP 图片（SVG 等不收）",
            "not a whole PNG, JPEG, GIF or WebP picture (SVG and others are not taken)",
        )


def opened(raw: bytes) -> Image.Image:
    """A picture decoded, turned as its camera meant it, for who only looks at it. Raises InputError."""
    if len(raw) > MAX_BYTES:
        raise _refused("图片超过 {n} MB", "the picture is over {n} MB", n=MAX_BYTES // 1_000_000)
    return _told(lambda: _image(raw, (*SUFFIXES, "BMP"))[0])


def _decoded(raw: bytes) -> tuple[bytes, str]:
    return _written(*_image(raw, tuple(SUFFIXES)))


def _image(raw: bytes, formats: tuple[str, ...]) -> tuple[Image.Image, str]:
    """(picture, its format)"""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(BytesIO(raw), formats=formats)
    if image.width * image.height > MAX_PIXELS:
        raise _refused("图片超过 {n} 万像素", "the picture has over {n}0,000 pixels", n=MAX_PIXELS // 10_000)
    if getattr(image, "n_frames", 1) > 1:
        raise _refused("动图不收；请截一张静止的图", "animated pictures are not taken; use a still one")
    kind = image.format or ""
    image.load()
    upright = ImageOps.exif_transpose(image)
    assert upright is not None
    return upright, kind


def _written(image: Image.Image, kind: str) -> tuple[bytes, str]:
    clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    plain = image.convert("RGBA" if clear else "RGB")
    plain.thumbnail((MAX_SIDE, MAX_SIDE))
    plain.info.clear()  # comments, profiles and the like would be written again
    out = BytesIO()
    if kind == "JPEG":
        plain.convert("RGB").save(out, "JPEG", quality=85, optimize=True)
    elif kind == "GIF":
        plain.save(out, "GIF")
    elif kind == "WEBP":
        plain.save(out, "WEBP", quality=85)
    else:
        plain.save(out, "PNG", optimize=True)
    return out.getvalue(), SUFFIXES[kind]


def _refused(zh: str, en: str, **values: object) -> InputError:
    return InputError(say(zh, en, **values))
