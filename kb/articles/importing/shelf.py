"""This module lays a plan aside for who looks at it page by page: no page reads all of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.articles.atomic import save
from kb.articles.importing.model import Item, Plan

HEAD, ITEMS = "plan.json", "items.jsonl"
KEPT = 1000
"""Sentences of a kind that are kept."""


@dataclass(frozen=True)
class Shelved:
    """A plan without what it writes. total: its articles; counts: sentences of each kind there were.

    skipped, problems, left_out, columns, missing: as of a Plan, the first KEPT.
    """

    place: Path
    total: int
    skipped: tuple[str, ...]
    problems: tuple[str, ...]
    left_out: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, int], ...]
    counts: tuple[int, int, int]
    starts: tuple[int, ...]

    def items(self, first: int, count: int) -> list[Item]:
        """Some of the articles, from 0; of their pictures there is nothing."""
        wanted = self.starts[first : first + count]
        with (self.place / ITEMS).open("rb") as file:
            found = []
            for start in wanted:
                file.seek(start)
                source, path, number, kind, title, text, warnings = json.loads(file.readline())
                found.append(Item(source, path, number, kind, title, text, (), tuple(warnings)))
        return found


def lay_aside(planned: Plan, place: Path) -> None:
    """Write a plan into a folder. Raises KbError."""
    starts, at = [], 0
    lines: list[bytes] = []
    for i in planned.items:
        fields = (i.source, i.path, i.number, i.kind, i.title, i.text, i.warnings)
        line = json.dumps(fields, ensure_ascii=False).encode("utf8", "replace") + b"\n"
        starts.append(at)
        at += len(line)
        lines.append(line)
    save(place / ITEMS, b"".join(lines))
    sentences: list[Sequence[str]] = [planned.skipped, planned.problems, planned.left_out]
    head = {
        "sentences": [list(some[:KEPT]) for some in sentences],
        "counts": [len(some) for some in sentences],
        "columns": planned.columns,
        "missing": planned.missing,
        "starts": starts,
    }
    save(place / HEAD, json.dumps(head, ensure_ascii=False).encode("utf8", "replace"))


def shelved(place: Path) -> Shelved | None:
    """The plan in a folder, None when there is none."""
    try:
        head = json.loads((place / HEAD).read_bytes())
    except (OSError, ValueError):
        return None
    skipped, problems, left_out = (tuple(some) for some in head["sentences"])
    columns = tuple((column, key) for column, key in head["columns"])
    missing = tuple((what, count) for what, count in head["missing"])
    a, b, c = head["counts"]
    starts = tuple(head["starts"])
    return Shelved(place, len(starts), skipped, problems, left_out, columns, missing, (a, b, c), starts)
