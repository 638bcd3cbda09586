"""This module reads tables of customers, devices and parts: which column is what, and what each cell means."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kb.articles.importing import cells, sheets
from kb.articles.importing.cells import Problem
from kb.articles.importing.columns import day, words
from kb.errors import InputError
from kb.labels import guessed_value
from kb.language import say
from kb.text.tokens import fold

MOST = 20_000
"""Rows of a file."""
MAX_CELL = 1000
YES = frozenset(("是", "有", "y", "yes", "1", "true", "√", "✓"))
NO = frozenset(("否", "无", "n", "no", "0", "false", "x", "×"))


class Column(NamedTuple):
    """What a column may be called, the first the one it is told by. form: how a cell is read, one of FORMS."""

    key: str
    names: tuple[str, ...]
    form: str = "line"
    group: str = ""
    values: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        return f"{self.names[0]} ({self.key})"

    @property
    def called(self) -> str:
        """What it is, as people read it."""
        return say(self.names[0], self.key.replace("_", " "))

    def is_called(self, name: str) -> bool:
        """Whether a name is one of its own, however it is written."""
        return _plain(name) in {_plain(n) for n in (self.key, *self.names)}


class Entry(NamedTuple):
    """A row. place: as people find it; values: by column, those that say something."""

    place: str
    number: int
    values: Mapping[str, Any]


class Wrong(ValueError):  # noqa: N818 - a row's, and told with its place
    """What is unclear about a row, in a sentence."""


def read(raw: bytes, name: str, columns: Sequence[Column], needed: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """The rows of a .csv or a workbook, and sentences about what is unclear, each with its row.

    Raises InputError, ArticleError for a file that is no such table.
    """
    reader = cells.read if name.lower().endswith((".csv", ".tsv")) else sheets.read
    rows, problems = reader(raw, name)
    if not rows or len(rows) > MOST:
        raise InputError(say("{name}：应有 1 到 {n} 行", "{name}: should have 1 to {n} rows", name=name, n=MOST))
    known = {_plain(n): column for column in columns for n in (column.key, *column.names)}
    headers = list(dict.fromkeys(header for row in rows for header in row.cells))
    chosen: dict[str, Column] = {}
    for header in headers:
        column = known.get(_plain(header))
        if column is not None and column not in chosen.values():
            chosen[header] = column
    there = {column.key for column in chosen.values()}
    if missing := [c.told for c in columns if c.key in needed and c.key not in there]:
        raise InputError(
            say("{name}：缺少列 {missing}；有：{there}", "{name}: there is no column {missing}; there are: {there}",
                name=name, missing=", ".join(missing), there=", ".join(headers[:20]))
        )  # fmt: skip
    told = [place_of(p) + say("：", ": ") + p.message for p in problems]
    entries = []
    for row in rows:
        try:
            values = {c.key: v for h, c in chosen.items() if (v := read_cell(c, row.cells.get(h, ""))) is not None}
            if values:
                entries.append(Entry(place_of(row), row.number, values))
        except Wrong as wrong:
            told.append(place_of(row) + say("：", ": ") + str(wrong))
    return entries, told


def place_of(row: cells.Row | Problem) -> str:
    """Where a row stands, as people count."""
    sheet = say("工作表“{s}”", "sheet '{s}', ", s=row.sheet) if row.sheet else ""
    return sheet + say("第 {n} 行", "row {n}", n=row.number)


def _plain(name: str) -> str:
    return "".join(c for c in fold(name).text.lower() if c.isalnum())


def read_cell(column: Column, cell: str) -> Any:
    """What a cell says, None for nothing. Raises Wrong."""
    text = " ".join(cell.split()) if column.form != "lines" else cell.strip()
    if not text:
        return None
    if len(text) > MAX_CELL:
        raise Wrong(say("{column} 超过 {n} 个字符", "{column} has over {n} characters", column=column.told, n=MAX_CELL))
    value = FORMS[column.form](text, column)
    if value is None:
        raise Wrong(_unclear(column, text))
    return value


def _unclear(column: Column, text: str) -> str:
    right = {
        "day": say("应为日期，如 2026-12-31", "should be a date, such as 2026-12-31"),
        "whole": say("应为整数", "should be a whole number"),
        "flag": say("应为 是 或 否", "should be yes or no"),
        "pairs": say("应写成 软件=版本", "should be written software=version"),
        "choice": say("应为 {known}", "should be one of {known}", known=", ".join(column.values)),
    }
    return say("{column}：'{text}' {right}", "{column}: '{text}' {right}", column=column.told, text=text[:40],
               right=right[column.form])  # fmt: skip


def _date(text: str, _: Column) -> str | None:
    found = day(text)
    return None if found is None else found.isoformat()


def _whole(text: str, _: Column) -> int | None:
    text = text.removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _flag(text: str, _: Column) -> bool | None:
    said = text.lower()
    return True if said in YES else False if said in NO else None


def _pairs(text: str, _: Column) -> dict[str, str] | None:
    """软件=1.2；固件=3."""
    pairs = [part.replace("：", "=").replace(":", "=").split("=", 1) for part in words(text)]
    if any(len(pair) != 2 for pair in pairs):
        return None
    return {name.strip(): value.strip() for name, value in pairs}


def _choice(text: str, column: Column) -> str | None:
    found = guessed_value(column.group, text)
    return found if found in column.values else None


FORMS: dict[str, Callable[[str, Column], Any]] = {
    "line": lambda text, _: text,
    "lines": lambda text, _: text,
    "list": lambda text, _: list(words(text)),
    "day": _date,
    "whole": _whole,
    "flag": _flag,
    "pairs": _pairs,
    "choice": _choice,
}
"""How a cell is read. Days are kept as ISO text until they are written."""


def choice(key: str, names: tuple[str, ...], group: str, values: Iterable[str]) -> Column:
    return Column(key, names, "choice", group, tuple(str(v) for v in values))
