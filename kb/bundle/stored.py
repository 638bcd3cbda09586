"""This module turns articles and passages into lines of a bundle and back."""

import json
import os
import weakref
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from kb.bundle import Bundle
from kb.model import Article, Passage, Section
from kb.model.schema import DATES, LISTS
from kb.text.hashing import find, keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ARTICLE = tuple(name for name in Article.__dataclass_fields__ if name != "body")
_PASSAGE = tuple(Passage.__dataclass_fields__)


def to_line(value: Any) -> bytes:
    """One JSON line; text that UTF-8 can't hold (a lone surrogate) becomes "?"."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf8", "replace") + b"\n"


def article_record(article: Article) -> dict[str, Any]:
    """All that is known of an article but its body."""
    facts = {name: getattr(article, name) for name in _ARTICLE}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in facts.items()}


def article_from(record: dict[str, Any], body: str = "") -> Article:
    """Inverse of article_record; keys that are not an Article's are left out."""
    values = {k: v for k, v in record.items() if k in Article.__dataclass_fields__}
    for key in LISTS:
        values[key] = tuple(values[key])
    for key in DATES:
        values[key] = date.fromisoformat(values[key]) if values[key] else None
    return Article(**values, body=body)


def passage_record(passage: Passage) -> dict[str, Any]:
    # Not asdict(): it copies every value, which takes longer than all the rest of a line.
    return {name: getattr(passage, name) for name in _PASSAGE}


def passage_from(record: dict[str, Any]) -> Passage:
    """Inverse of passage_record."""
    return Passage(
        record["text"],
        tuple(record["heading"]),
        record["anchor"],
        record["line"],
        tuple(Section(*s) for s in record["sections"]),
        tuple((a, b) for a, b in record["code"]),
        tuple((a, b) for a, b in record["inline"]),
    )


def number_of(bundle: Bundle, column: str, value: str) -> int:
    """The article of a bundle with this value in a column of names ("ids" or "paths"), -1 for none."""
    return int(numbers_of(bundle, column, [value])[0])


def numbers_of(bundle: Bundle, column: str, values: Sequence[str]) -> "NDArray[np.int64]":
    """The same of many values at once."""
    names, numbers = bundle.array(f"articles.{column}"), bundle.array(f"articles.{column}.numbers")
    places = find(names, keys(values))
    places[places >= 0] = numbers[places[places >= 0]]
    return places


class Lines:
    """A JSON-lines file of a bundle with its offsets: any line without reading the others.

    Safe to use from several threads at once.
    """

    def __init__(self, bundle: Bundle, name: str) -> None:
        self._file = os.open(bundle.file(f"{name}.jsonl"), os.O_RDONLY)
        # Readers keep an old bundle until they are done; the last one to let go closes its file.
        weakref.finalize(self, os.close, self._file)
        self._offsets = bundle.array(f"{name}.offsets")

    def raw(self, i: int) -> bytes:
        start, end = int(self._offsets[i]), int(self._offsets[i + 1])
        return os.pread(self._file, end - start, start)

    def __getitem__(self, i: int) -> Any:
        return json.loads(self.raw(i))

    def __len__(self) -> int:
        return len(self._offsets) - 1
