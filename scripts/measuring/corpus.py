"""This module holds the passages to measure with: real ones, and as many more as are asked for made of their pieces."""

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from kb.model import Article
from kb.model.schema import AREAS, SEVERITIES

SEED = 20260102
_PIECE = re.compile(r"[^。！？；\n]+[。！？；]*")


class Corpus(Sequence[Article]):
    """Articles made of a file's lines {id, title, text}, each read when it is asked for; can be pickled.

    Each is one passage: of kind faq, as `kb eval` has it, or case. Area, severity and date go round, each at its own
    pace, for filters.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as f:
            self._offsets = np.cumsum([0, *map(len, f)])

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        number = range(len(self))[number]
        with self.path.open("rb") as f:
            f.seek(self._offsets[number])
            return _article(number, f.readline())

    def __iter__(self) -> Iterator[Article]:
        with self.path.open("rb") as f:
            for number, line in enumerate(f):
                yield _article(number, line)


def _article(number: int, line: bytes) -> Article:
    row = json.loads(line)
    name = f"{number // 1000:04d}/{number:07d}"
    return Article(
        path=name + ".md",
        id=name,
        kind=("faq", "case")[number % 2],
        title=row["title"],
        area=AREAS[number // 2 % len(AREAS)],
        severity=SEVERITIES[number // 24 % len(SEVERITIES)],
        updated=date(2020, 1, 1) + timedelta(days=number % 2000),
        body=row["text"],
    )


def prepare(source: Path, passages: int, target: Path) -> Corpus:
    """Write that many passages to target: the first ones of the source, then recombined ones, by a fixed seed."""
    rows = []
    with (gzip.open if source.suffix == ".gz" else open)(source, "rt", encoding="utf8") as lines:
        for line in lines:
            rows.append({k: str(json.loads(line)[k]) for k in ("id", "title", "text")})
            if len(rows) == passages:
                break
    with target.open("w", encoding="utf8") as out:
        for row in (*rows, *recombined(rows, passages - len(rows))):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return Corpus(target)


def recombined(rows: Sequence[dict[str, str]], count: int) -> Iterator[dict[str, str]]:
    """New passages as long as those there are, of sentences and lines of any of them, with the title of one."""
    draw = random.Random(SEED)
    pieces = [(row["title"], found) for row in rows if (found := _PIECE.findall(row["text"]))]
    lengths = [len(row["text"]) for row in rows]
    for i in range(count):
        length = draw.choice(lengths)
        text = ""
        while len(text) < length:
            title, found = draw.choice(pieces)
            text += draw.choice(found) + "\n"
        yield {"id": f"recombined-{i}", "title": title, "text": text[:length]}
