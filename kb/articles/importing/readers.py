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
    Reader((".xlsx", ".xls", ".xlsm", ".et"), partial(tickets.read, cells_of=sheets.read), columns=True, heavy=True),
)
SUFFIXES = tuple(suffix for reader in READERS for suffix in reader.suffixes)

_PACKED = ("请解压后导入文件夹，或改用 .zip", "unpack it and import the folder, or use .zip")
_ADVICE = {
    ".doc": ("请用 Word 另存为 .docx", "save it as .docx in Word"),
    ".ppt": ("请用 PowerPoint 或 WPS 另存为 .pptx", "save it as .pptx in PowerPoint"),
    ".wps": ("请用 WPS 另存为 .docx", "save it as .docx in WPS"),
    ".dps": ("请用 WPS 另存为 .pptx", "save it as .pptx in WPS"),
    ".rtf": ("请用 Word 另存为 .docx", "save it as .docx in Word"),
    ".odt": ("请另存为 .docx", "save it as .docx"),
    ".ods": ("请另存为 .xlsx", "save it as .xlsx"),
    ".odp": ("请另存为 .pptx", "save it as .pptx"),
    ".xlsb": ("请在 Excel 里另存为 .xlsx", "save it as .xlsx in Excel"),
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
