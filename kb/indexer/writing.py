"""This module writes the files of a bundle from analysed articles and from what stays of the bundle before.

Beside the files of kb.indexer.vectors and kb.indexer.fulltext:

    articles.jsonl   one article a line: what is known of it, its source file's size, time and digest
    bodies.jsonl     its Markdown, line by line as above; passages.jsonl: its passages
    *.offsets.npy    where each line starts (int64, one more than lines)
    passages.article.npy   the article each passage belongs to (int32)
    synonyms.json    folded word -> synonyms; words.json: the user's dictionary
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb.indexer import fulltext, vectors
from kb.indexer.processes import PARALLEL_FROM, Progress, pool
from kb.indexer.reading import Entry, Previous, gone
from kb.language import say
from kb.records import article_from, passage_record, to_line


@dataclass(frozen=True)
class Plan:
    """All that a bundle is written from. origin: what of it the manifest remembers, to tell a stale one."""

    entries: list[Entry]
    previous: Previous | None
    words: list[str]
    synonyms: dict[str, tuple[str, ...]]
    origin: dict[str, str]
    problems: list[str]


class Clock:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a step here."""
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def write(folder: Path, plan: Plan, progress: Progress, clock: Clock) -> int:
    """All files of a bundle but the manifest; returns the number of passages."""
    entries, previous = plan.entries, plan.previous
    first = _write_lines(folder, entries, previous)
    (folder / "words.json").write_bytes(to_line(plan.words))
    (folder / "synonyms.json").write_bytes(to_line(plan.synonyms))
    clock.lap("lines")
    with _FulltextWriter(folder, entries, previous) as written:
        progress(say("计算权重", "weighing terms"), 0, 1)
        vectors.write(folder, _counts(entries, previous))
        clock.lap("vectors")
        progress(say("写全文索引", "writing full text"), 0, 1)
        written()
    fulltext.write_docnums(folder, first)
    clock.lap("fulltext")
    return sum(e.record["passages"] for e in entries)


def _write_lines(folder: Path, entries: list[Entry], previous: Previous | None) -> dict[str, int]:
    """Articles, bodies and passages; returns the number of each article's first passage."""
    first: dict[str, int] = {}
    owner: list[int] = []
    offsets: dict[str, list[int]] = {"bodies": [0], "passages": [0]}
    with (
        (folder / "articles.jsonl").open("wb") as records,
        (folder / "bodies.jsonl").open("wb") as bodies,
        (folder / "passages.jsonl").open("wb") as passages,
    ):
        for number, entry in enumerate(entries):
            first[entry.record["path"]] = len(owner)
            if entry.rows is None:
                assert previous is not None
                old = previous.records[entry.record["path"]][1]
                body = previous.bodies.raw(entry.old)
                lines = [previous.passages.raw(i) for i in range(old["first"], old["first"] + old["passages"])]
            else:
                body = to_line(entry.body)
                lines = [to_line(passage_record(row.passage)) for row in entry.rows]
            record = {**entry.record, "first": len(owner), "passages": len(lines)}
            entry.record = record
            records.write(to_line(record))
            offsets["bodies"].append(offsets["bodies"][-1] + bodies.write(body))
            for line in lines:
                offsets["passages"].append(offsets["passages"][-1] + passages.write(line))
            owner += [number] * len(lines)
    for name, values in offsets.items():
        np.save(folder / f"{name}.offsets.npy", np.array(values, np.int64))
    np.save(folder / "passages.article.npy", np.array(owner, np.int32))
    return first


def _counts(entries: list[Entry], previous: Previous | None) -> vectors.CountTable:
    """Counts of all passages: new ones counted, the others taken from the earlier build."""
    new = vectors.count([row for e in entries if e.rows is not None for row in e.rows])
    if previous is None:
        return new
    kept: list[int] = []
    order: list[tuple[bool, int]] = []
    fresh = 0
    for entry in entries:
        if entry.rows is None:
            start, n = previous.records[entry.record["path"]][1]["first"], entry.record["passages"]
            order += [(False, len(kept) + i) for i in range(n)]
            kept += range(start, start + n)
        else:
            order += [(True, fresh + i) for i in range(len(entry.rows))]
            fresh += len(entry.rows)
    place = np.array([len(kept) + i if is_new else i for is_new, i in order], np.int64)
    return vectors.merge(vectors.read(previous.bundle), np.array(kept, np.int64), new, place)


class _FulltextWriter:
    """Write the full text, beside this process when there is much of it; enter gives a function that waits."""

    def __init__(self, folder: Path, entries: list[Entry], previous: Previous | None) -> None:
        new = [e for e in entries if e.rows is not None]
        self._documents = [
            fulltext.document(article_from(e.record), i, row.atoms) for e in new for i, row in enumerate(e.rows or ())
        ]
        old = previous.bundle.file(fulltext.FOLDER) if previous else None
        leaving = gone(previous, entries) | {e.record["path"] for e in new} if previous else set()
        self._arguments = (folder, self._documents, old, leaving)
        self._pool = pool(1) if len(new) >= PARALLEL_FROM else None

    def __enter__(self) -> Callable[[], None]:
        if self._pool is None:
            return lambda: fulltext.write(*self._arguments)
        future: Future[None] = self._pool.submit(fulltext.write, *self._arguments)
        return future.result

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
