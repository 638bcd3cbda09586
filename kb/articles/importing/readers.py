"""This module answers: which files can be imported, and what reads them? One table, by suffix."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kb.articles.importing import documents, tickets
from kb.articles.importing.model import Options, Reading
from kb.errors import InputError
from kb.language import say


class Reader(NamedTuple):
    """What reads files of some suffixes. columns: they are tables, whose columns --map can name."""

    suffixes: tuple[str, ...]
    read: Callable[[Path, Options], Reading]
    columns: bool = False


FOLDER = Reader((), documents.read)
"""What reads a folder."""
READERS = (
    Reader(tuple(documents.DOCUMENTS), documents.read),
    Reader((".zip",), documents.read),
    Reader((".csv", ".tsv", ".json", ".jsonl", ".ndjson"), tickets.read, columns=True),
)
SUFFIXES = tuple(suffix for reader in READERS for suffix in reader.suffixes)

_SHEET = ("请在 Excel 里另存为“CSV UTF-8”", "save it as 'CSV UTF-8' in Excel")
_PACKED = ("请解压后导入文件夹，或改用 .zip", "unpack it and import the folder, or use .zip")
_ADVICE = {
    ".doc": ("请用 Word 另存为 .docx", "save it as .docx in Word"),
    ".xls": _SHEET,
    ".xlsx": _SHEET,
    ".rar": _PACKED,
    ".7z": _PACKED,
}
"""What to do with files that can't be read."""


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
            advice=say("；", "; ") + say(*_ADVICE[suffix]) if suffix in _ADVICE else "",
        )
    )
