"""Tests of kb.articles.lettering and kb.text.misread: what a screenshot says, and what a picture can't do."""

import io
import os
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image
from screenshots import shot

from kb.articles import lettering, pictures
from kb.desk.intake import read
from kb.errors import InputError
from kb.text.misread import repaired

CHINESE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
engine = pytest.mark.skipif(not find_spec("rapidocr"), reason="guzhi[ocr] is not installed")


@engine
def test_a_screenshot() -> None:
    """Lines come in their order, and a code is the code; that a machine read them is told."""
    found = read("error.png", shot("Windows cannot connect to the printer.", "Operation failed with error 0x0000011b"))
    first, second = found.text.split("\n")
    assert first.startswith("Windows cannot connect")
    assert second.endswith("0x0000011b")
    assert found.kind == "picture"
    assert "对照原图" in found.notes[0]


@engine
@pytest.mark.skipif(not CHINESE.exists(), reason="there is no font with Chinese characters")
def test_a_chinese_screenshot() -> None:
    """Chinese with a code in it."""
    [text] = lettering.read([shot("无法连接到打印机，错误为 0x0000011b。", font=CHINESE)])
    assert "无法连接到打印机" in text
    assert "0x0000011b" in text


@engine
def test_a_picture_without_words() -> None:
    """Is told to have none."""
    with pytest.raises(InputError, match=r"photo\.png.*没有读到字"):
        read("photo.png", shot())


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("错误为0x0000o11b。", "错误为0x0000011b。"),
        ("0x0000Ol1B", "0x000001" + "1B"),
        ("Ox80070035", "0x80070035"),
        ("0×8007O035", "0x80070035"),
        ("C00OOO05", "C0000005"),
        ("0xlIb", "0x11b"),
        ("oxide, coolball, Oil, 0xzl, hello", "oxide, coolball, Oil, 0xzl, hello"),
        ("OOM killer, lo, I/O", "OOM killer, lo, I/O"),
    ],
)
def test_digits_that_were_taken_for_letters(seen: str, meant: str) -> None:
    """Are digits inside hexadecimal codes, and nowhere else."""
    assert repaired(seen) == meant


def test_rows() -> None:
    """Pieces side by side are one line, from the left, however their boxes differ by a pixel or two."""
    pieces = [("停止", 200, 12, 20), ("服务", 10, 10, 21), ("Spooler", 10, 50, 20)]
    assert lettering._lines([lettering.Piece(*p) for p in pieces]) == "服务  停止\nSpooler"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what to install."""
    monkeypatch.setattr(lettering, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"pip install 'guzhi\[ocr\]'"):
        read("error.png", shot("x"))


def hang(raws: list[bytes]) -> list[str]:
    time.sleep(3600)
    return [""] * len(raws)


def crash(raws: list[bytes]) -> list[str]:
    os.abort()


@pytest.mark.parametrize("reader", [hang, crash])
def test_a_reader_that_does_not_come_back(monkeypatch: pytest.MonkeyPatch, reader: object) -> None:
    """Is ended, and said in a sentence; the next picture is read."""
    monkeypatch.setattr(lettering, "is_available", lambda: True)
    monkeypatch.setattr(lettering, "SECONDS", 2)
    monkeypatch.setattr(lettering, "_read", reader)
    for _ in range(2):
        with pytest.raises(InputError, match="已停止"):
            lettering.read([b"x"])


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (6000, 6000)])
def test_a_picture_that_swells(width: int, height: int) -> None:
    """Is refused by what it says of its size, before it is decoded."""
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    with pytest.raises(InputError, match="万像素"):
        pictures.opened(out.getvalue())


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        (b"\x89PNG\r\n\x1a\n", True),
        (b"\xff\xd8\xff\xe0", True),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", True),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00", True),
        (b"BMC watchdog reset the host, see the log below", False),
        (b"RIFF of a sound", False),
        (b"GIF is what they sent", False),
    ],
)
def test_what_is_a_picture(beginning: bytes, told: bool) -> None:
    """Bytes decide; a log may begin like the name of a format."""
    assert lettering.is_picture(beginning) is told
