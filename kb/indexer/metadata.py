"""This module writes the index of facts: Whoosh, which answers what is asked of an article's front matter.

One short document for an article that has any: product, tags, versions. What articles say is not in it: Whoosh takes
twelve microseconds for each posting, and a text has hundreds (see kb.indexer.positions). It gets ready-made atoms
through its own space-separated tokenizer, because it pickles its schema with the analyzers in it: no code of ours
is ever part of an index, and none but what kb.bundle.pickles lists is read from one. Beside the folder: facts.articles,
the article of each document (int32).
"""

import contextlib
import json
from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from whoosh import fields as wf
from whoosh import index as wi
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.codec.whoosh3 import W3Codec, W3PerDocReader

from kb.bundle.fields import FIELDS
from kb.bundle.pickles import guard
from kb.model.schema import How
from kb.text.tokens import fold
from kb.text.unigrams import spell

FOLDER = "whoosh"
MEMORY_MB = 256
COMPRESSION = 0
"""Of zlib: without it writing takes a fifth less time."""
BREAK = "|"
"""Stands between two values of a field, so that no phrase runs from one into the next."""

Facts = dict[str, str]

guard()


@contextlib.contextmanager
def _columns_remembered() -> Iterator[None]:
    """Whoosh asks the file system once for every posting whether a column exists, which never changes.

    Its own class is patched while we write: one of ours would be pickled into the index by name.
    """
    asked = W3PerDocReader.has_column
    W3PerDocReader.has_column = lru_cache(maxsize=None)(asked)
    try:
        yield
    finally:
        W3PerDocReader.has_column = asked


def schema() -> Any:
    """The Whoosh schema of the facts among kb.bundle.fields.FIELDS."""
    words = wf.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=True)
    return wf.Schema(**{f.name: words for f in FIELDS if f.how == How.FACT})


def document(record: dict[str, Any]) -> Facts:
    """The Whoosh document of an article's record (kb.bundle.stored), empty for one without facts."""
    values = {}
    for f in FIELDS:
        value = record.get(f.key)
        if value and f.how == How.FACT:
            values[f.name] = f" {BREAK} ".join(_spelled(v) for v in ([value] if isinstance(value, str) else value))
    return values


@lru_cache(maxsize=20_000)
def _spelled(value: str) -> str:
    return " ".join(spell(fold(value).text))


def write(folder: Path) -> None:
    """Write the facts of the articles in folder/articles.jsonl into folder/whoosh."""
    target = folder / FOLDER
    target.mkdir()
    index = wi.create_in(target, schema())
    writer = index.writer(limitmb=MEMORY_MB, codec=W3Codec(compression=COMPRESSION))
    numbers = array("i")
    try:
        with (folder / "articles.jsonl").open("rb") as lines:
            for number, line in enumerate(lines):
                if values := document(json.loads(line)):
                    writer.add_document(**values)
                    numbers.append(number)
        with _columns_remembered():
            writer.commit()
    except BaseException:
        writer.cancel()
        raise
    finally:
        index.close()
    np.save(folder / "facts.articles.npy", np.array(numbers, np.int32))
