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

from array import array
from collections.abc import Callable, Iterator, Sequence
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


class Work:
    """What the steps write from. order: the articles; pages, factors: of each passage, told by their lines: its page,
    -1 for one that is alone on it, and what the kind of its article multiplies its weights by."""

    pages: NDArray[np.int32]
    factors: NDArray[np.float32]

    def __init__(self, folder: Path, plan: Plan, aside: "_Aside") -> None:
        self.folder, self.plan = folder, plan
        self._aside = aside
        self._begun: dict[str, Callable[[], None]] = {}
        part, number = (np.array([e[i] for e in plan.entries], np.int32) for i in (2, 3))
        self.order = Order(plan.parts, part, number)

    def begin(self, name: str, write: Callable[..., None], *arguments: Any) -> None:
        """Write some files beside what follows."""
        self._begun[name] = self._aside.begin(write, *arguments)

    def wait(self, name: str) -> None:
        """Until they are written."""
        self._begun[name]()


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
    work.begin("positions", positions.write, folder, order.streams())
    work.begin("facts", metadata.write, folder)


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
    Step("positions", lambda work: work.wait("positions"), "写全文索引", "writing full text"),
    Step("spellings", _spellings),
    Step("facts", lambda work: work.wait("facts")),
)
"""In this order; positions and facts are written beside them as soon as there are lines. What a new ranking signal
needs of a bundle is a row here."""


def write(folder: Path, plan: Plan, workers: int, progress: Progress, lap: Callable[[str], None]) -> int:
    """All files of a bundle but the manifest; returns the number of passages. lap: hears the name of each step."""
    with _Aside(workers if len(plan.entries) >= PARALLEL_FROM else 1) as aside:
        work = Work(folder, plan, aside)
        for step in STEPS:
            if step.zh:
                progress(say(step.zh, step.en), 0, 1)
            step.write(work)
            lap(step.name)
    return work.order.passages


class _Aside:
    """Work in a process beside this one, or here when there may be one process only."""

    def __init__(self, workers: int) -> None:
        self._pool = None if workers == 1 else pool(1)

    def begin(self, work: Callable[..., None], *arguments: Any) -> Callable[[], None]:
        """Start some work; what is given waits until it is done."""
        if self._pool is None:
            work(*arguments)
            return lambda: None
        future = self._pool.submit(work, *arguments)

        def wait() -> None:
            with reported():
                future.result()

        return wait

    def __enter__(self) -> "_Aside":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
