"""This module reads the rows of a workbook: .xlsx and .xls, each of its sheets as a table."""

import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from typing import Any

from kb.articles.importing import cells, packages
from kb.articles.importing.cells import Problem, Row
from kb.language import say
from kb.text import encodings

MAX_SHEETS = 200
MAX_MERGED = 200_000
"""Merged areas of a sheet."""
MAX_AREA = 20_000_000
"""Cells between the first and the last that says something: so many are held, empty or not."""
BOUNDS = packages.Bounds(".xlsx", "Excel", 512 * 1024 * 1024, 768 * 1024 * 1024, {})

_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_VALUES = frozenset(("v", "is", "t"))


def read(raw: bytes, name: str) -> tuple[list[Row], list[Problem]]:
    """The rows of all sheets that are shown, and sentences about those that can't be read.

    A title above the header is passed over; what is merged over rows stands in each of them. Macros are never read.
    Raises ArticleError and InputError for a file that is no workbook, or too large a one.
    """
    if not raw.startswith((packages.OLE, b"PK")):
        return _exported(raw, name)
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    if raw.startswith(b"PK"):
        packages.examine(raw, name, BOUNDS, lambda part: _Extent(name) if "worksheets/" in part else None)
    problems: list[Problem] = []
    rows: list[Row] = []
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        if len(workbook.sheet_names) > MAX_SHEETS:
            raise packages.too_large(name)
        shown = [s.name for s in workbook.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
        problems += [
            Problem(0, say("是隐藏的，没有读", "it is hidden and was not read"), title)
            for title in workbook.sheet_names
            if title not in shown
        ]
        for title in shown:
            sheet = workbook.get_sheet_by_name(title)
            label = title if len(shown) > 1 else ""
            left = sheet.start[1] if sheet.start is not None else 0
            table = ([_text(v) for v in row] for row in sheet.iter_rows())
            rows += cells.within_bounds(_rows(table, left, sheet.merged_cell_ranges or [], label), name)
    except PasswordError:
        raise packages.protected(name)
    except (CalamineError, ValueError, OSError) as error:
        if raw.startswith(packages.OLE) and _is_encrypted(raw):
            raise packages.protected(name)
        raise packages.unfit(name, BOUNDS, str(error))
    if len(rows) > cells.MAX_ROWS:
        cells.within_bounds(rows, name)
    return rows, problems


class _Extent:
    """Refuses a sheet that says little over a large area: a file of one kilobyte could ask for all memory."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._at = (0, 0)
        self._least, self._most = (1 << 30, 1 << 30), (0, 0)

    def __call__(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            m = _PLACE.fullmatch(attributes.get("r", ""))
            self._at = (int(m[2]), _column(m[1])) if m else (self._at[0], self._at[1] + 1)
        elif tag == "row":
            given = attributes.get("r", "")
            self._at = (int(given) if given.isdecimal() and len(given) < 8 else self._at[0] + 1, 0)
        elif tag in _VALUES:
            self._least = (min(self._least[0], self._at[0]), min(self._least[1], self._at[1]))
            self._most = (max(self._most[0], self._at[0]), max(self._most[1], self._at[1]))
            if (self._most[0] - self._least[0] + 1) * (self._most[1] - self._least[1] + 1) > MAX_AREA:
                raise packages.too_large(self._name)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


Area = tuple[tuple[int, int], tuple[int, int]]
"""(row, column) of the first and of the last cell of a merged area, from 0."""


def _rows(table: Iterator[list[str]], left: int, merged: Sequence[Area], sheet: str) -> Iterator[Row]:
    """The rows below the header of a sheet. left: columns before the first of the table."""
    beginning = list(islice(table, cells.HEADER_WITHIN))
    at = cells.header_row(beginning)
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, column), (bottom, _) in islice(merged, MAX_MERGED):
        if bottom > top and column >= left:
            spans.setdefault(top + 1, []).append((column - left, bottom + 1))
    # A header of two rows: what is merged over both stands in the last as well, beside the names of its parts.
    at = max([at, *(bottom for _, bottom in spans.get(at, ()) if bottom - at < cells.HEADER_WITHIN)])
    header: list[str] = []
    above: dict[int, tuple[int, str]] = {}
    for number, row in enumerate(chain(beginning, table), 1):
        said = any(c.strip() for c in row)
        above = {column: held for column, held in above.items() if held[0] >= number}
        for column, (_, text) in above.items():
            if column < len(row) and not row[column].strip():
                row[column] = text
        for column, bottom in spans.get(number, ()):
            if column < len(row):
                above[column] = (bottom, row[column])
        if number < at or not said:
            continue
        if not header:
            header = cells.names(row[: _width(row)])
        else:
            wide = row[: max(_width(row), len(header))]
            if len(wide) > len(header):
                header = cells.names([*header, *[""] * (len(wide) - len(header))])
            yield Row(number, {name: cell[: cells.MAX_CELL] for name, cell in zip(header, wide, strict=False)}, sheet)


def _width(row: list[str]) -> int:
    """Cells up to the last that says something."""
    return max((i for i, c in enumerate(row, 1) if c.strip()), default=0)


def _text(value: Any) -> str:
    """A cell as people read it: 13912345678, not 13912345678.0; a day without midnight."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else f"{value:.15g}"
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return "" if value is None else str(value)


# --- what calls itself a workbook ---------------------------------------------------------------


def _exported(raw: bytes, name: str) -> tuple[list[Row], list[Problem]]:
    """Tickets that a system exported as ".xls" and that are a page of HTML, or text between tabs. Excel opens them."""
    text, encoding = encodings.read(raw)
    if "\0" in text or "\ufffd" in text[:2000] or not text.strip():
        raise packages.unfit(name, BOUNDS, encoding)
    if not re.search(r"<table\b", text, re.IGNORECASE):
        return cells.separated(text, name)
    from kb.articles.importing.webpages import tables

    rows: list[Row] = []
    found = tables(text)
    for i, table in enumerate(found, 1):
        label = str(i) if len(found) > 1 else ""
        rows += cells.within_bounds(_rows(iter(table), 0, (), label), name)
    return rows, []


def _is_encrypted(raw: bytes) -> bool:
    """Whether a container holds an encrypted package; its names are in UTF-16."""
    return "EncryptedPackage".encode("utf-16-le") in raw
