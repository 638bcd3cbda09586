"""This module writes the full-text index: Whoosh, which answers what only positions and fields can.

Whoosh gets ready-made atoms (kb.tokens.atoms) through its own space-separated tokenizer, because it
pickles its schema with the analyzers in it: no code of ours is ever part of an index.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh import fields as wf
from whoosh import index as wi
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.codec.whoosh3 import W3Codec, W3PerDocReader

from kb.fields import FIELDS
from kb.model import Article

FOLDER = "whoosh"
DOCNUMS = "whoosh.passages.npy"
MEMORY_MB = 512
COMPRESSION = 0
"""Of zlib: without it writing takes a fifth less time, and the files are about twice as large."""


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
    """The Whoosh schema of kb.fields.FIELDS. article and row say which passage a document is."""
    kinds = {
        "text": lambda: wf.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=True),
        "exact": wf.ID,
        "date": wf.ID,
    }
    return wf.Schema(article=wf.ID(stored=True), row=wf.STORED, **{f.name: kinds[f.how]() for f in FIELDS})


def document(article: Article, row: int, atoms: dict[str, str]) -> dict[str, Any]:
    """One Whoosh document. row: the passage's number within its article."""
    values: dict[str, Any] = {"article": article.path, "row": row}
    for f in FIELDS:
        value = atoms[f.name] if f.how == "text" else getattr(article, f.name)
        if f.name == "updated":
            value = value or article.created
        if value:
            values[f.name] = str(value)
    return values


def write(
    folder: Path,
    documents: Iterable[dict[str, Any]],
    previous: Path | None = None,
    gone: Iterable[str] = (),
) -> None:
    """Write the full text of a bundle into folder/whoosh.

    previous: the Whoosh folder of the bundle before, whose documents stay but for the articles in
    `gone`; its files are linked, not copied, and Whoosh never writes into a file again.
    """
    target = folder / FOLDER
    target.mkdir()
    if previous is not None:
        for file in previous.iterdir():
            if not file.name.endswith("LOCK"):
                _link(file, target / file.name)
        index = wi.open_dir(target)
    else:
        index = wi.create_in(target, schema())
    writer = index.writer(limitmb=MEMORY_MB, codec=W3Codec(compression=COMPRESSION))
    try:
        for path in gone:
            writer.delete_by_term("article", path)
        for values in documents:
            writer.add_document(**values)
        with _columns_remembered():
            writer.commit()
    except BaseException:
        writer.cancel()
        raise
    finally:
        index.close()


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; a copy where the file system can't."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_docnums(folder: Path, first: dict[str, int]) -> None:
    """Write which passage each Whoosh document number is. first: article path -> number of its first passage."""
    index = wi.open_dir(folder / FOLDER)
    with index.reader() as reader:
        docnums: NDArray[np.int32] = np.full(reader.doc_count_all(), -1, np.int32)
        for number, stored in reader.iter_docs():
            docnums[number] = first[stored["article"]] + stored["row"]
    index.close()
    np.save(folder / DOCNUMS, docnums)
