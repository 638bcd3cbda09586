"""This module answers: which text does a picture show? Screenshots of errors are read by the engine of the extra `ocr`.

The engine runs in a process of its own that is ended after its time and may not ask for more than its memory: a
picture is a stranger's, and a large one takes long. Nothing is fetched: the models come with the package.
"""

import re
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from kb.articles.importing.bounded import within
from kb.errors import InputError
from kb.language import say
from kb.text.misread import repaired

SECONDS = 60
"""Of a processor for the pictures of one reading; starting takes three of them, a full screen four more."""
PATIENCE = 2
"""A busy machine may take that much longer."""
MAX_PIXELS = 4_000_000
"""Of a picture as it is read: a larger one is made smaller, and letters of a screen stay legible."""
MAX_CHARS = 20_000
"""Of one picture."""
_SAME_ROW = 0.5
"""Of the height of a line: how far pieces of one row may stand above each other."""


class Piece(NamedTuple):
    """Text that stands together. left, top, height: in pixels."""

    text: str
    left: float
    top: float
    height: float


def is_picture(raw: bytes) -> bool:
    """Whether a file begins as one of those that are opened."""
    return bool(_BEGINNING.match(raw[:32]))


_BEGINNING = re.compile(
    rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|BM.{4}\0\0\0\0.{4}[\x0c(l|]\0\0\0", re.DOTALL
)


def is_available() -> bool:
    """Whether the extra `ocr` is installed."""
    return bool(find_spec("rapidocr") and find_spec("onnxruntime"))


def missing() -> str:
    """What is said where it is not."""
    return say(
        "没有安装读图功能：请管理员运行 pip install 'guzhi[ocr]'，或把图里的报错打成文字",
        "reading pictures is not installed: the administrator runs pip install 'guzhi[ocr]'; or type the message",
    )


def read(raws: Sequence[bytes]) -> list[str]:
    """The text of each picture, lines as they stand; "" for one that shows none.

    Raises InputError for what is no picture or too large, when the extra is missing, and when it takes too long.
    """
    if not is_available():
        raise InputError(missing())
    stopped = say(
        "图片读得太久，或占用内存太多，已停止；请裁出报错的部分，或打成文字",
        "reading the picture took too long, or too much memory, and was stopped; cut out the message, or type it",
    )
    if not _one_at_a_time.acquire(timeout=SECONDS):
        raise InputError(say("正在读别的图片，请稍后再试", "other pictures are being read; try again in a while"))
    try:
        return within(SECONDS, _read, list(raws), patience=PATIENCE, stopped=stopped)
    finally:
        _one_at_a_time.release()


_one_at_a_time = threading.Lock()
"""An engine takes a gigabyte."""


def _read(raws: Sequence[bytes]) -> list[str]:
    """To be called in a process of its own."""
    from kb.articles import pictures  # a paste that is a text needs no Pillow

    images = [pictures.opened(raw).convert("RGB") for raw in raws]  # a wrong one is told before the engine starts
    engine = _engine()
    return [repaired(_lines(engine(_fitted(image))))[:MAX_CHARS] for image in images]


def _fitted(image: Any) -> Any:
    share = (MAX_PIXELS / (image.width * image.height)) ** 0.5
    return image.resize((max(1, int(image.width * share)), max(1, int(image.height * share)))) if share < 1 else image


def _engine() -> Any:
    """A function: picture -> pieces."""
    import numpy as np
    from rapidocr import RapidOCR

    # A screen is never upside down; sides are bounded by MAX_PIXELS.
    options = {"Global.log_level": "critical", "Global.use_cls": False, "Global.max_side_len": 20_000}
    engine: Any = RapidOCR(params={**options, "EngineConfig.onnxruntime.intra_op_num_threads": 2})

    def run(image: Any) -> list[Piece]:
        found = engine(np.asarray(image)[:, :, ::-1])  # the engine takes blue first
        if found.boxes is None or found.txts is None:
            return []
        return [_piece(text, box) for text, box in zip(found.txts, found.boxes.tolist(), strict=True)]

    return run


def _piece(text: str, box: Sequence[Sequence[float]]) -> Piece:
    tops, lefts = [y for _, y in box], [x for x, _ in box]
    return Piece(text, min(lefts), min(tops), max(tops) - min(tops))


def _lines(pieces: Sequence[Piece]) -> str:
    """Rows from above, pieces of a row from the left, two spaces between them."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: p.top + p.height / 2):
        last = rows[-1][-1] if rows else None
        apart = last is None or abs(piece.top + piece.height / 2 - last.top - last.height / 2) > _SAME_ROW * min(
            piece.height, last.height
        )
        if apart:
            rows.append([])
        rows[-1].append(piece)
    return "\n".join("  ".join(p.text for p in sorted(row, key=lambda p: p.left)) for row in rows)
