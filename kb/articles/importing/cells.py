"""This module reads the rows of a table: CSV, a JSON array, JSON lines."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from kb.articles.files import decode
from kb.articles.importing import columns, escape
from kb.errors import InputError
from kb.language import say

MAX_ROWS = 100_000
MAX_COLUMNS = 500
MAX_CELL = 200_000
"""Characters; an article is seldom larger."""
HEADER_WITHIN = 20
"""Rows: titles and dates of a report stand above its header."""


class Row(NamedTuple):
    """One entry. number: as a spreadsheet counts (the header is row 1), or of the entry or line of a JSON file.

    sheet: the name of its sheet, "" where the file has but one.
    """

    number: int
    cells: dict[str, str]
    sheet: str = ""


class Problem(NamedTuple):
    """A sentence about a row. number: 0 for one about its sheet."""

    number: int
    message: str
    sheet: str = ""


def read(raw: bytes, name: str) -> tuple[list[Row], list[Problem]]:
    """The rows of a CSV or JSON file, and sentences about those that can't be read.

    Raises ArticleError and InputError for a file that is no table, or too large a one.
    """
    text = decode(raw, name)[0]
    return _collected(_csv if name.lower().endswith((".csv", ".tsv")) else _json, text, name)


def separated(text: str, name: str) -> tuple[list[Row], list[Problem]]:
    """The rows of a text of values between commas, semicolons or tabs."""
    return _collected(_csv, text, name)


def _collected(
    reader: Callable[[str, str, "Tell"], Iterator[Row]], text: str, name: str
) -> tuple[list[Row], list[Problem]]:
    problems: list[Problem] = []
    rows = reader(text, name, lambda number, told: problems.append(Problem(number, told)))
    return within_bounds(rows, name), problems


Tell = Callable[[int, str], None]
"""Notes a sentence about the row of a number."""


def within_bounds(rows: Iterable[Row], name: str) -> list[Row]:
    """All of the rows. Raises InputError when there are too many."""
    found = list(islice(rows, MAX_ROWS + 1))
    if len(found) > MAX_ROWS:
        raise InputError(
            say(
                "{name} 超过 {limit} 行；请分开",
                "{name} has more than {limit} rows; divide it",
                name=name,
                limit=MAX_ROWS,
            )
        )
    return found


def _csv(text: str, _name: str, tell: Tell) -> Iterator[Row]:
    """Rows of a CSV; the delimiter is the one that makes most columns of the header."""
    csv.field_size_limit(MAX_CELL)
    hint = _SEPARATOR.match(text)
    skipped = 1 if hint else 0
    text = text[hint.end() :] if hint else text
    delimiter = hint[1] if hint else max(",;\t|", key=lambda d: _fit(text, d))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    at = header_row(list(_beginning(text, delimiter))) + skipped
    header: list[str] = []
    last, start, number = 0, 0, 0
    for number, cells in _rows(reader, skipped + 1, tell):
        start, last = last, reader.line_num
        if not any(c.strip() for c in cells) or number < at:
            continue
        if not header:
            header = names(cells)
        elif any(c.strip() for c in cells[len(header) :]):
            tell(
                number,
                say(
                    "有 {cells} 格，表头只有 {columns} 列；大概是引号或分隔符不对",
                    "it has {cells} cells, the header {columns}; a quote or delimiter is wrong",
                    cells=len(cells),
                    columns=len(header),
                ),
            )
        else:
            yield Row(number, dict(zip(header, cells, strict=False)))
    if last - start > 1 and "\n".join(text.split("\n")[start:]).count('"') % 2:
        tell(
            number,
            say(
                "引号没有闭合，后面的内容都成了这一行；请检查这一行",
                "a quote is never closed, so all that follows became this row; look at it",
            ),
        )


_SEPARATOR = re.compile(r"sep=([,;\t|])[ \t]*\n", re.IGNORECASE)
"""A hint to Excel, on a line of its own."""


def _fit(text: str, delimiter: str) -> tuple[int, int]:
    """How well a delimiter fits: (columns that a row names, cells of the first row that says anything)."""
    said = [cells for cells in _beginning(text, delimiter) if any(c.strip() for c in cells)]
    return max(map(_named, said), default=0), len(said[0]) if said else 0


def header_row(beginning: Sequence[Sequence[str]]) -> int:
    """The row (from 1) that reads like a header: it names two columns, or is the first that says anything."""
    said = [(i, cells) for i, cells in enumerate(beginning, 1) if any(c.strip() for c in cells)]
    return next((i for i, cells in said if _named(cells) > 1), said[0][0] if said else 1)


def _named(cells: Sequence[str]) -> int:
    return sum(bool(c.strip()) and columns.means(c) for c in cells[:MAX_COLUMNS])


def _beginning(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text[: HEADER_WITHIN * 10_000], newline=""), delimiter=delimiter)
    with suppress(csv.Error):
        yield from islice(reader, HEADER_WITHIN)


def _rows(reader: Iterable[list[str]], first: int, tell: Tell) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers, up to the first with a cell that is too large: what follows can't be told apart."""
    number = first - 1
    try:
        for number, cells in enumerate(reader, first):
            yield number, cells
    except csv.Error:
        tell(
            number + 1,
            say(
                "有一格超过 {limit} 个字符，或引号没有闭合；从这一行起没有读",
                "a cell has over {limit} characters, or a quote is never closed; nothing was read from here on",
                limit=MAX_CELL,
            ),
        )


def names(cells: Sequence[str]) -> list[str]:
    """Names of columns, each different. Raises InputError when there are too many."""
    if len(cells) > MAX_COLUMNS:
        raise InputError(
            say("有 {n} 列，最多 {most} 列", "{n} columns, {most} at most", n=len(cells), most=MAX_COLUMNS)
        )
    out: list[str] = []
    for i, cell in enumerate(cells, 1):
        name = escape.cleaned(" ".join(cell.split())) or say("列 {i}", "column {i}", i=i)
        out.append(name if name not in out else f"{name} ({i})")
    return out


def _json(text: str, name: str, tell: Tell) -> Iterator[Row]:
    """Rows of a JSON array, of an object that holds one, or of JSON lines."""
    lines = name.lower().endswith((".jsonl", ".ndjson"))
    data: Any = None
    try:
        data = None if lines else json.loads(text)
    except RecursionError:
        raise InputError(say("{name}：嵌套太深", "{name}: nested too deep", name=name))
    except ValueError as error:
        if "Extra data" not in str(error):  # more than one value: lines
            raise InputError(
                say("{name} 不是正确的 JSON：{error}", "{name} is not valid JSON: {error}", name=name, error=error)
            )
        lines = True
    if isinstance(data, dict):
        held = [v for v in data.values() if isinstance(v, list)]
        data = held[0] if len(held) == 1 else [data]
    entries = _lines(text, tell) if lines else enumerate(data if isinstance(data, list) else [data], 1)
    for number, entry in entries:
        if isinstance(entry, dict) and len(entry) > MAX_COLUMNS:
            many = say("有 {n} 个键，最多 {most} 个", "{n} keys, {most} at most", n=len(entry), most=MAX_COLUMNS)
            tell(number, many)
        elif isinstance(entry, dict):
            yield Row(number, {escape.cleaned(str(k)): _text(v)[:MAX_CELL] for k, v in entry.items()})
        else:
            tell(number, say("应为有键和值的对象", "it should be an object of keys and values"))


def _lines(text: str, tell: Tell) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                message = say("不是正确的 JSON：{error}", "not valid JSON: {error}", error=error)
                tell(number, message)
                continue
            yield number, entry


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_text(v) for v in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
