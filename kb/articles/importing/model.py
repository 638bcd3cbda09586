"""This module holds what an import is made of: options, drafts of articles, the plan that people read first."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Options:
    """What the user chose. "" leaves the choice to the source.

    kind: of documents that name none (a manual then) and of tickets (a case). area: where none is given.
    status: of everything imported; by default an article that brings its number keeps its own, others are drafts.
    columns: column of a table -> key or section, beside what its names tell; "" leaves a column out.
    usual: the same of a saved mapping, for those columns that a table has.
    mask: customer data is replaced by a note. areas: values allowed beside the built-in ones.
    max_file_kb: the largest article. audience: where none is given, "" for internal.
    """

    kind: str = ""
    area: str = ""
    status: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    usual: dict[str, str] = field(default_factory=dict)
    mask: bool = False
    areas: tuple[str, ...] = ()
    max_file_kb: int = 2048
    today: date = field(default_factory=date.today)
    audience: str = ""


class Document(NamedTuple):
    """title: "" when it has none. roles: the sections of a case that it holds. images: (ending, content), in order."""

    title: str
    body: str
    roles: frozenset[str]
    images: tuple[tuple[str, bytes], ...]
    warnings: tuple[str, ...]


class Picture(NamedTuple):
    """An image beside an article. path: below the articles folder."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """One article as read, before it has its number.

    source: where it comes from, as people name it. number: the one it brings, or "".
    path: below the articles folder, {number} standing for its number.
    text: number -> the whole file. body: what stands behind its front matter. ticket: the number of the ticket it was,
    or "". roles: the sections of a case or FAQ that it holds, None where they were not looked for.
    """

    source: str
    path: str
    text: Callable[[str], str]
    body: str
    number: str = ""
    ticket: str = ""
    roles: frozenset[str] | None = None
    images: tuple[Picture, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a source. problems: sentences about what can't be imported; left_out: other files.

    columns: (column, its key or section) of a table, in its order; "" for a column that is not used.
    """

    drafts: tuple[Draft, ...]
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One article that will be written. path: below the articles folder; text: the whole file."""

    source: str
    path: str
    number: str
    kind: str
    title: str
    text: str
    images: tuple[Picture, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import will do; nothing is written yet.

    root: the articles folder. skipped: sentences about what is in the base already. problems: about what can't be
    imported, with file, row and column. left_out, columns: see Reading. missing: (what cases and FAQs lack, how many
    of them).
    """

    root: Path
    items: tuple[Item, ...]
    skipped: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, int], ...] = ()
