"""This module writes the files of a bundle from analysed articles and from what stays of the bundle before.

Beside the files of kb.indexer.bm25, topics, positions, facts, facets and spellings:

    articles.jsonl   one article a line: what is known of it, its source file's size, time and digest
    articles.names.json  the paths and the numbers of all of them; articles.stat: size and time of their files in
                     nanoseconds (int64, articles x 2), -1 for none: a look at the folder reads no article
    bodies.jsonl     its Markdown, line by line as above; passages.jsonl: its passages
    *.offsets        where each line starts (int64, one more than lines)
    passages.article   the article each passage belongs to; articles.first: the first passage of each (int32)
    meaning.keys     the keys of the texts that passages are encoded by (uint64); meaning.first: the first of each
                     passage (int64, one more than passages); their vectors are kept beside the bundles (kb.meaning)
    synonyms.json    folded word -> synonyms; dictionary.json: the user's dictionary
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, write_json
from kb.bundle.fields import TROUBLE_FACTOR
from kb.bundle.stored import to_line
from kb.indexer import batches as packed
from kb.indexer import bm25, facets, metadata, positions, spellings
from kb.indexer.analysis import is_about_trouble
from kb.indexer.batches import Rows
from kb.indexer.changes import NEW, Entry, Previous
from kb.indexer.parallel import PARALLEL_FROM, Progress, pool, reported
from kb.language import say
from kb.meaning.texts import Texts
from kb.text.hashing import find, keys
from kb.text.tokens import index_term


@dataclass(frozen=True)
class Plan:
    """All that a bundle is written from.

    entries: its articles; rows: the passages of the new ones; base: the bundle it will stand beside, or None.
    """

    entries: list[Entry]
    rows: Rows
    previous: Previous | None
    base: Bundle | None
    words: list[str]
    synonyms: dict[str, tuple[str, ...]]


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


class Work:
    """What the steps write from. rows: the passages of all articles, made when the first step needs them."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan

    @cached_property
    def rows(self) -> Rows:
        return _rows(self.plan)


class Step(NamedTuple):
    """Some files of a bundle. name: by which its time is told; zh, en: what is told while it runs, "" for nothing."""

    name: str
    write: Callable[[Work], None]
    zh: str = ""
    en: str = ""


def _lines(work: Work) -> None:
    folder, plan = work.folder, work.plan
    _write_lines(folder, plan.entries, plan.previous)
    _write_texts(folder, plan.entries, plan.previous)
    facets.write(folder, [e.record for e in plan.entries])
    write_json(folder / "dictionary.json", plan.words)
    write_json(folder / "synonyms.json", plan.synonyms)


def _weights(work: Work) -> None:
    plan = work.plan
    bm25.write(work.folder, work.rows.counts, _pages(plan.entries), _factors(plan.entries), plan.base)


def _spellings(work: Work) -> None:
    spellings.write(work.folder, *_vocabulary(work.rows))


def _positions(work: Work) -> None:
    positions.write(work.folder, work.rows.stream)


STEPS = (
    Step("lines", _lines),
    Step("vectors", _weights, "计算权重", "weighing terms"),
    Step("spellings", _spellings),
    Step("positions", _positions, "写全文索引", "writing full text"),
)
"""In this order; what Whoosh knows of the front matter is written beside them. What a new ranking signal needs of a
bundle is a row here."""


def write(folder: Path, plan: Plan, workers: int, progress: Progress, clock: Clock) -> int:
    """All files of a bundle but the manifest; returns the number of passages."""
    work = Work(folder, plan)
    with _FactsWriter(folder, plan.entries, workers) as facts_written:
        for step in STEPS:
            if step.zh:
                progress(say(step.zh, step.en), 0, 1)
            step.write(work)
            clock.lap(step.name)
        facts_written()
        clock.lap("facts")
    return len(work.rows)


def _write_lines(folder: Path, entries: Sequence[Entry], previous: Previous | None) -> None:
    """Articles, bodies and passages."""
    first = 0
    with (
        _Lines(folder, "articles") as records,
        _Lines(folder, "bodies") as bodies,
        _Lines(folder, "passages") as passages,
    ):
        for entry in entries:
            records.write(to_line({**entry.record, "first": first}))
            first += entry.record["passages"]
            if entry.part == NEW:
                bodies.write(entry.body)
                passages.write(*entry.lines)
            else:
                assert previous is not None
                bodies.write(previous.body(entry))
                passages.write(*previous.lines(entry))
    names = {"paths": [e.record["path"] for e in entries], "ids": [e.record["id"] for e in entries]}
    write_json(folder / "articles.names.json", names)
    stats = np.array([e.record.get("stat") or (-1, -1) for e in entries], np.int64)
    np.save(folder / "articles.stat.npy", stats.reshape(-1, 2))
    sizes = np.array([e.record["passages"] for e in entries], np.int64)
    np.save(folder / "passages.article.npy", np.repeat(np.arange(len(entries), dtype=np.int32), sizes))
    np.save(folder / "articles.first.npy", np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))


def _write_texts(folder: Path, entries: Sequence[Entry], previous: Previous | None) -> None:
    """The texts that each passage is encoded by: those of new articles, and those of bundles that are taken over."""
    earlier = {} if previous is None else {part: Texts(b) for part, b in enumerate(previous.bundles)}
    keys, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for entry in entries:
        if entry.part == NEW:
            keys.append(np.array([key for texts in entry.texts for key in texts], np.uint64))
            counts.append(np.array([len(texts) for texts in entry.texts], np.int64))
        else:
            first = earlier[entry.part].first[entry.first : entry.first + entry.record["passages"] + 1]
            keys.append(earlier[entry.part].keys[first[0] : first[-1]])
            counts.append(np.diff(first))
    np.save(folder / "meaning.keys.npy", np.concatenate(keys))
    np.save(folder / "meaning.first.npy", np.concatenate([[0], np.cumsum(np.concatenate(counts))]))


class _Lines:
    """A file of lines that is written together with its offsets; kb.bundle.stored reads it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}.jsonl").open("wb")
        self._offsets_file = folder / f"{name}.offsets.npy"
        self._offsets = [0]

    def write(self, *lines: bytes) -> None:
        for line in lines:
            self._offsets.append(self._offsets[-1] + self._file.write(line))

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        np.save(self._offsets_file, np.array(self._offsets, np.int64))


def _pages(entries: Sequence[Entry]) -> NDArray[np.int32]:
    """The page of each passage, numbered from 0; -1 for one that is alone on its page."""
    sizes: Counter[str] = Counter()
    for e in entries:
        sizes[e.record["page"] or e.record["path"]] += e.record["passages"]
    numbers = {page: i for i, page in enumerate(page for page, size in sizes.items() if size > 1)}
    each = [numbers.get(e.record["page"] or e.record["path"], -1) for e in entries]
    return np.repeat(np.array(each, np.int32), [e.record["passages"] for e in entries])


def _factors(entries: Sequence[Entry]) -> NDArray[np.float32]:
    """What the kind of its article multiplies the weights of each passage by."""
    each = [TROUBLE_FACTOR if is_about_trouble(e.record) else 1.0 for e in entries]
    return np.repeat(np.array(each, np.float32), [e.record["passages"] for e in entries])


def _rows(plan: Plan) -> Rows:
    """The passages of all entries in order: new ones, and those of bundles that are taken over."""
    parts = sorted({e.part for e in plan.entries if e.part != NEW})
    assert plan.previous is not None or not parts
    tables = [plan.rows] + [packed.read(plan.previous.bundles[p]) for p in parts if plan.previous]
    begin = dict(zip([NEW, *parts], np.cumsum([0, *map(len, tables)]), strict=False))
    starts = np.array([begin[e.part] + e.first for e in plan.entries], np.int64)
    ends = starts + np.array([e.record["passages"] for e in plan.entries], np.int64)
    return packed.joined(tables).take(positions.ranges(starts, ends))


def _vocabulary(rows: Rows) -> tuple[list[str], NDArray[np.int32]]:
    """The words that passages hold, sorted, and how many hold each; those of articles that are no more are left out.

    A word that is counted by its stem may be gone while others of that stem are not: it must stand in a text.
    """
    standing = frozenset(rows.stream.words)
    words = sorted(word for word in rows.words if index_term(word) == word or word in standing)
    df = np.bincount(rows.counts.matrices["text"].indices, minlength=len(rows.counts.terms))
    places = find(rows.counts.terms, keys(map(index_term, words)))
    held = np.where(places >= 0, df[places] if len(df) else 0, 0).astype(np.int32)
    return [word for word, n in zip(words, held.tolist(), strict=True) if n], held[held > 0]


class _FactsWriter:
    """Write the facts, beside this process when there are many; enter gives a function that waits."""

    def __init__(self, folder: Path, entries: Sequence[Entry], workers: int) -> None:
        documents = {number: found for number, e in enumerate(entries) if (found := metadata.document(e.record))}
        self._arguments = (folder, documents)
        self._pool = pool(1) if workers != 1 and len(documents) >= PARALLEL_FROM else None

    def __enter__(self) -> Callable[[], None]:
        if self._pool is None:
            return lambda: metadata.write(*self._arguments)
        future: Future[None] = self._pool.submit(metadata.write, *self._arguments)

        def result() -> None:
            with reported():
                future.result()

        return result

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
