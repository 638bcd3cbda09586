"""This module reads the rows of a table: CSV, a JSON array, JSON lines."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kb.errors import InputError
from kb.indexer.articles import decode
from kb.indexer.importing import escape
from kb.indexer.importing.sources import MAX_FILE, opened
from kb.language import say

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
MAX_ROWS = 100_000


class Row(NamedTuple):
    """One entry. number: as a spreadsheet counts (the header is row 1), or of the entry or line of a JSON file."""

    number: int
    cells: dict[str, str]


Problem = tuple[int, str]
"""The number of a row, and a sentence."""


def read(path: Path) -> tuple[list[Row], list[Problem]]:
    """The rows of a file, and sentences about those that can't be read.

    Raises ArticleError and InputError for a file that is no table, or too large a one.
    """
    with opened(path) as source:
        text = decode(source.read(path.name, MAX_FILE), path.name)[0]
    problems: list[Problem] = []
    rows = list((_csv if path.suffix.lower() in (".csv", ".tsv") else _json)(text, path, problems))
    if len(rows) > MAX_ROWS:
        raise InputError(
            say(
                "{path} 有 {count} 行，一次最多 {limit} 行；请分开",
                "{path} has {count} rows; at most {limit} at a time, divide it",
                path=path.name,
                count=len(rows),
                limit=MAX_ROWS,
            )
        )
    return rows, problems


def _csv(text: str, path: Path, problems: list[Problem]) -> Iterator[Row]:
    """Rows of a CSV; the delimiter is the one that makes most columns of the header."""
    csv.field_size_limit(MAX_FILE)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=lambda d: len(next(csv.reader([first], delimiter=d), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    last, start, number = 0, 0, 0
    for number, cells in enumerate(reader, 1):
        start, last = last, reader.line_num
        if not any(c.strip() for c in cells):
            continue
        if not header:
            header = _header(cells)
        elif any(c.strip() for c in cells[len(header) :]):
            problems.append(
                (
                    number,
                    say(
                        "有 {cells} 格，表头只有 {columns} 列；大概是引号或分隔符不对",
                        "it has {cells} cells, the header {columns}; a quote or delimiter is wrong",
                        cells=len(cells),
                        columns=len(header),
                    ),
                )
            )
        else:
            yield Row(number, dict(zip(header, cells, strict=False)))
    if last - start > 1 and "\n".join(text.split("\n")[start:]).count('"') % 2:
        problems.append(
            (
                number,
                say(
                    "引号没有闭合，后面的内容都成了这一行；请检查这一行",
                    "a quote is never closed, so all that follows became this row; look at it",
                ),
            )
        )


def _header(cells: list[str]) -> list[str]:
    """Names of columns, each different."""
    out: list[str] = []
    for i, cell in enumerate(cells, 1):
        name = escape.cleaned(" ".join(cell.split())) or say("列 {i}", "column {i}", i=i)
        out.append(name if name not in out else f"{name} ({i})")
    return out


def _json(text: str, path: Path, problems: list[Problem]) -> Iterator[Row]:
    """Rows of a JSON array, of an object that holds one, or of JSON lines."""
    lines = path.suffix.lower() in (".jsonl", ".ndjson")
    data: Any = None
    try:
        data = None if lines else json.loads(text)
    except RecursionError:
        raise InputError(say("{path}：嵌套太深", "{path}: nested too deep", path=path.name))
    except ValueError as error:
        if "Extra data" not in str(error):  # more than one value: lines
            raise InputError(
                say("{path} 不是正确的 JSON：{error}", "{path} is not valid JSON: {error}", path=path.name, error=error)
            )
        lines = True
    if isinstance(data, dict):
        held = [v for v in data.values() if isinstance(v, list)]
        data = held[0] if len(held) == 1 else [data]
    entries = _lines(text, path, problems) if lines else enumerate(data if isinstance(data, list) else [data], 1)
    for number, entry in entries:
        if isinstance(entry, dict):
            yield Row(number, {escape.cleaned(str(k)): _text(v) for k, v in entry.items()})
        else:
            problems.append((number, say("应为有键和值的对象", "it should be an object of keys and values")))


def _lines(text: str, path: Path, problems: list[Problem]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                message = say("不是正确的 JSON：{error}", "not valid JSON: {error}", error=error)
                problems.append((number, message))
                continue
            yield number, entry


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_text(v) for v in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
