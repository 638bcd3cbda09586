"""Pastes as people write them: one telling thing, such as an error code, within talk, mails, forms and logs.

The words are in tests/frames/*.yml. What is drawn is drawn by a seed made of the text itself, so that every run gives
the same paste. This module knows nothing of Guzhi: it makes texts, which test_frames.py and scripts/frames ask.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parent / "frames"
LENGTHS = (20, 100, 500, 2000)
"""Lines of a log."""
WINDOW_LINES = (1, 5, 30)
WINDOWS = 2
"""Windows of each of WINDOW_LINES cut out of each unrelated log."""
START = datetime(2025, 3, 3, 8, 0, 0)

_SLOT = re.compile(r"\{([a-z]+)\}")


class Frame(NamedTuple):
    """A text with a place for the telling thing. kind: plain, talk, mail, ...; number: its place in its kind."""

    kind: str
    number: int
    text: str


class Text(NamedTuple):
    """A text that nothing answers. kind: talk, office, ..., or log; lines: of a log's window, else 0."""

    kind: str
    text: str
    lines: int = 0


@cache
def frames() -> tuple[Frame, ...]:
    """All frames, kind by kind."""
    kinds = _read("frames")["frames"]
    return tuple(Frame(kind, i, text) for kind, texts in kinds.items() for i, text in enumerate(texts))


@cache
def formats() -> tuple[str, ...]:
    """The names of the formats of logs."""
    return tuple(_read("logs"))


def framed(frame: Frame, it: str) -> str:
    """A paste: the frame with the telling thing at its place."""
    rng = random.Random(f"{frame.kind} {frame.number} {it}")
    words = _read("frames")["words"]
    return _filled(frame.text, {"it": it}, words, rng).strip("\n")


def log(name: str, lines: int, it: str) -> str:
    """A log of so many lines of which one, anywhere, holds the telling thing."""
    about = _read("logs")[name]
    rng = random.Random(f"{name} {lines} {it}")
    telling = about["telling"].strip("\n").split("\n")
    around = list(_lines(about, lines - len(telling), rng))
    at = rng.randrange(len(around) + 1)
    now = {"it": it, "time": _time(about, at)}
    told = [_filled(line, now, about["words"], rng) for line in telling]
    return "\n".join([*around[:at], *told, *around[at:]])


def noise(name: str, lines: int, seed: str) -> list[str]:
    """So many lines of a log in which nothing happens, drawn by a seed."""
    return list(_lines(_read("logs")[name], lines, random.Random(f"{name} {lines} {seed}")))


@cache
def unanswerable() -> tuple[Text, ...]:
    """All texts without an answer: those that are written out, and windows of unrelated logs."""
    read = _read("unanswerable")
    written = [Text(kind, text.strip("\n")) for kind, texts in read["texts"].items() for text in texts]
    cut = [
        Text("log", "\n".join(_lines(about, lines, random.Random(f"{name} {lines} {n}"))), lines)
        for lines in WINDOW_LINES
        for name, about in read["logs"].items()
        for n in range(WINDOWS)
    ]
    return (*written, *cut)


@cache
def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf8"))


def _lines(about: Mapping[str, Any], count: int, rng: random.Random) -> Iterator[str]:
    """So many lines of a log; the last block may be cut."""
    made = 0
    while made < count:
        block = rng.choice(about["lines"]).strip("\n")
        for line in block.split("\n")[: count - made]:
            yield _filled(line, {"time": _time(about, made)}, about["words"], rng)
            made += 1


def _time(about: Mapping[str, Any], line: int) -> str:
    return (START + timedelta(seconds=line * about["step"] * 0.6)).strftime(about["time"])


def _filled(text: str, given: Mapping[str, str], words: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """A text whose slots hold what is given, or is drawn. Raises KeyError for a slot that nobody knows."""

    def value(slot: re.Match[str]) -> str:
        name = slot[1]
        return given[name] if name in given else rng.choice(words[name]) if name in words else _drawn(name, rng)

    return _SLOT.sub(value, text)


def _drawn(name: str, rng: random.Random) -> str:
    if name == "ip":
        return f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    if name == "mac":
        return "-".join(f"{rng.randrange(65536):04x}" for _ in range(3))
    if name == "uuid":
        return "-".join(f"{rng.randrange(16**size):0{size}x}" for size in (8, 4, 4, 4, 12))
    if name == "hex":
        return f"{rng.randrange(16**8):08x}"
    low, high = {"int": (1, 99999), "small": (0, 99), "port": (1024, 65535), "pid": (300, 32768)}[name]
    return str(rng.randint(low, high))
