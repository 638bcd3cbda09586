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

import json
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, write_json
from kb.bundle.fields import TROUBLE_FACTOR
from kb.bundle.stored import Lines, to_line
from kb.indexer import bm25, facets, metadata, positions, spellings
from kb.indexer.analysis import Numbers, is_about_trouble
from kb.indexer.batches import Order
from kb.indexer.changes import Entry
from kb.indexer.columns import ArrayFile, LineFile, cumulated
from kb.indexer.parallel import PARALLEL_FROM, Progress, pool, reported
from kb.language import say
from kb.meaning.texts import Texts
from kb.text.hashing import find, keys
from kb.text.tokens import index_term


@dataclass(frozen=True)
class Plan:
    """All that a bundle is written from.

    entries: its articles; parts: where they come from; base: the bundle it will stand beside, or None.
    """

    entries: list[Entry]
    parts: Sequence[Bundle]
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
    """What the steps write from. order: the articles; pages, factors: of each passage, told by their lines: its page,
    -1 for one that is alone on it, and what the kind of its article multiplies its weights by."""

    pages: NDArray[np.int32]
    factors: NDArray[np.float32]

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        part, number = (np.array([e[i] for e in plan.entries], np.int32) for i in (2, 3))
        self.order = Order(plan.parts, part, number)


class Step(NamedTuple):
    """Some files of a bundle. name: by which its time is told; zh, en: what is told while it runs, "" for nothing."""

    name: str
    write: Callable[[Work], None]
    zh: str = ""
    en: str = ""


def _lines(work: Work) -> None:
    folder, plan, order = work.folder, work.plan, work.order
    facets.write(folder, _records(work))
    for name, spans in (("bodies", order.articles()), ("passages", order.rows())):
        with LineFile(folder, name) as lines:
            for span in spans:
                part = plan.parts[span.part]
                offsets = part.array(f"{name}.offsets")[span.start : span.end + 1]
                lines.copy(part.file(f"{name}.jsonl"), offsets)
    names = {"paths": [e.path for e in plan.entries], "ids": [e.id for e in plan.entries]}
    write_json(folder / "articles.names.json", names)
    np.save(folder / "passages.article.npy", np.repeat(np.arange(len(plan.entries), dtype=np.int32), order.sizes))
    np.save(folder / "articles.first.npy", cumulated(order.sizes).astype(np.int32))
    _write_texts(folder, order)
    write_json(folder / "dictionary.json", plan.words)
    write_json(folder / "synonyms.json", plan.synonyms)


def _records(work: Work) -> Iterator[dict[str, Any]]:
    """What is known of each article, written as it is given."""
    plan, sizes = work.plan, work.order.sizes.tolist()
    read = {p: Lines(plan.parts[p], "articles") for p in work.order.used}
    pages = _PageNumbers()
    factors = array("f")
    first = 0
    with (
        LineFile(work.folder, "articles") as lines,
        ArrayFile(work.folder / "articles.stat.npy", np.int64, (2,)) as stats,
    ):
        for entry, size in zip(plan.entries, sizes, strict=True):
            record = read[entry.part][entry.number] | {"id": entry.id, "first": first}
            if entry.updated:
                record["updated"] = entry.updated
            first += size
            lines.write(to_line(record))
            stats.append(np.array([record.get("stat") or (-1, -1)], np.int64))
            pages.add(record["page"] or entry.path, size)
            factors.append(TROUBLE_FACTOR if is_about_trouble(record) else 1.0)
            yield record
    work.pages = np.repeat(pages.numbers(), sizes)
    work.factors = np.repeat(np.array(factors, np.float32), sizes)


class _PageNumbers:
    """Numbers the pages that hold several passages, in order of their first ones."""

    def __init__(self) -> None:
        self._place = Numbers()
        self._of, self._sizes = array("i"), array("q")

    def add(self, page: str, passages: int) -> None:
        """An article on a page."""
        place = self._place[page]
        self._of.append(place)
        if place == len(self._sizes):
            self._sizes.append(0)
        self._sizes[place] += passages

    def numbers(self) -> NDArray[np.int32]:
        """The page of each article, -1 for one that holds one passage."""
        several = np.array(self._sizes, np.int64) > 1
        number = np.where(several, np.cumsum(several) - 1, -1).astype(np.int32)
        return number[np.array(self._of, np.int32)]


def _write_texts(folder: Path, order: Order) -> None:
    """The texts that each passage is encoded by."""
    texts = {p: Texts(order.parts[p]) for p in order.used}
    counts = array("q")
    with ArrayFile(folder / "meaning.keys.npy", np.uint64) as keys_of:
        for span in order.rows():
            first = texts[span.part].first[span.start : span.end + 1]
            keys_of.append(texts[span.part].keys[first[0] : first[-1]])
            counts.frombytes(np.diff(first).astype(np.int64).tobytes())
    np.save(folder / "meaning.first.npy", cumulated(np.array(counts, np.int64)))


def _weights(work: Work) -> None:
    bm25.write(work.folder, work.order.counts(), work.pages, work.factors, work.plan.base)


def _positions(work: Work) -> None:
    positions.write(work.folder, work.order.streams())


def _spellings(work: Work) -> None:
    """The words that passages hold, and how many hold each; those of articles that are no more are left out.

    A word that is counted by its stem may be gone while others of that stem are not: it must stand in a text.
    """
    written = Bundle(work.folder, {})
    terms, df, standing = written.array("terms.keys"), written.array("text.df"), frozenset(written.lines("words.txt"))
    every = frozenset[str]().union(*(spellings.words_of(work.plan.parts[p]) for p in work.order.used))
    words = sorted(word for word in every if index_term(word) == word or word in standing)
    places = find(terms, keys(map(index_term, words)))
    held = np.where(places >= 0, df[places] if len(df) else 0, 0).astype(np.int32)
    standing_words = [w for w, n in zip(words, held.tolist(), strict=True) if n]
    spellings.write(work.folder, standing_words, held[held > 0], work.plan.base)


STEPS = (
    Step("lines", _lines),
    Step("vectors", _weights, "计算权重", "weighing terms"),
    Step("positions", _positions, "写全文索引", "writing full text"),
    Step("spellings", _spellings),
)
"""In this order; what Whoosh knows of the front matter is written beside them. What a new ranking signal needs of a
bundle is a row here."""


def write(folder: Path, plan: Plan, workers: int, progress: Progress, clock: Clock) -> int:
    """All files of a bundle but the manifest; returns the number of passages."""
    work = Work(folder, plan)
    with _FactsWriter(folder, workers) as facts:
        for step in STEPS:
            if step.zh:
                progress(say(step.zh, step.en), 0, 1)
            step.write(work)
            clock.lap(step.name)
            if step.write is _lines:
                facts.begin()
        facts.finish()
        clock.lap("facts")
    return work.order.passages


class _FactsWriter:
    """Writes the facts from the lines of articles, beside this process when there are many."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder, self._alone = folder, workers == 1
        self._pool: ProcessPoolExecutor | None = None

    def begin(self) -> None:
        with (self._folder / "articles.jsonl").open("rb") as lines:
            found = sum(metadata.has_any(json.loads(line)) for line in lines)
        if not self._alone and found >= PARALLEL_FROM:
            self._pool = pool(1)
            self._future = self._pool.submit(metadata.write, self._folder)

    def finish(self) -> None:
        if self._pool is None:
            metadata.write(self._folder)
        else:
            with reported():
                self._future.result()

    def __enter__(self) -> "_FactsWriter":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
