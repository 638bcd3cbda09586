"""This module answers: which files can be imported, and what reads them? One table, by suffix."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from kb.articles.importing import documents, sheets, tickets
from kb.articles.importing.model import Options, Reading
from kb.errors import InputError
from kb.language import say


class Reader(NamedTuple):
    """What reads files of some suffixes.

    columns: they are tables, whose columns --map can name. heavy: even a small file can take long to read.
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, Options], Reading]
    columns: bool = False
    heavy: bool = False


FOLDER = Reader((), documents.read, heavy=True)
"""What reads a folder."""
READERS = (
    Reader(documents.PLAIN, documents.read),
    Reader(tuple(documents.CONVERTERS), documents.read, heavy=True),
    Reader((".zip",), documents.read, heavy=True),
    Reader((".csv", ".tsv", ".json", ".jsonl", ".ndjson"), tickets.read, columns=True),
    Reader(documents.WORKBOOKS, partial(tickets.read, cells_of=sheets.read), columns=True, heavy=True),
)
SUFFIXES = tuple(suffix for reader in READERS for suffix in reader.suffixes)


def reader_of(source: Path) -> Reader:
    """What reads a file or folder. Raises InputError, with what can be done, for a suffix that nothing reads."""
    if source.is_dir():
        return FOLDER
    suffix = source.suffix.lower()
    for reader in READERS:
        if suffix in reader.suffixes:
            return reader
    raise InputError(
        say(
            "{source} 不是能导入的格式（{known}）{advice}",
            "{source} is of no format that can be imported ({known}){advice}",
            source=source.name,
            known=", ".join(SUFFIXES),
            advice=say("；", "; ") + say(*documents.ADVICE[suffix]) if suffix in documents.ADVICE else "",
        )
    )


def is_heavy(source: Path) -> bool:
    """Whether reading a source can take long however small it is."""
    return source.is_dir() or any(r.heavy and source.suffix.lower() in r.suffixes for r in READERS)
