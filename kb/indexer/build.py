"""This module builds an index bundle from a folder of articles; build() shows the pipeline as a list of steps.

Files of a bundle, beside those of kb.indexer.vectors and kb.indexer.fulltext:

    articles.jsonl   one article a line: what is known of it, its source file's size, time and digest
    bodies.jsonl     its Markdown, line by line as above; passages.jsonl: its passages
    *.offsets.npy    where each line starts (int64, one more than lines)
    passages.article.npy   the article each passage belongs to (int32)
    synonyms.json    folded word -> synonyms; words.json: the user's dictionary
"""

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kb import __version__, fields
from kb.bundle import SCHEMA, Bundle, building, open_current, publish
from kb.errors import ArticleError, BundleError
from kb.indexer import fulltext, vectors
from kb.indexer.analysis import Row, analyse
from kb.indexer.articles import find, load, relative
from kb.language import say
from kb.model import Article
from kb.records import Lines, article_from, article_record, passage_record, to_line
from kb.settings import Settings
from kb.synonyms import parse as parse_synonyms
from kb.synonyms import parse_dictionary
from kb.tokens import Tokenizer

DICTIONARY = "dictionary.txt"
SYNONYMS = "synonyms.txt"
PARALLEL_FROM = 200
"""Changed articles; below it, starting processes costs more than they save."""
BATCH = 16

Progress = Callable[[str, int, int], None]
"""Called with a step's name, what is done and what there is to do."""


@dataclass(frozen=True)
class Report:
    """What a build did. problems: sentences, one for each article that was skipped or read with doubt."""

    articles: int
    passages: int
    analysed: int
    reused: int
    removed: int
    seconds: float
    published: bool
    problems: tuple[str, ...] = ()
    steps: dict[str, float] = field(default_factory=dict)


class _Source(NamedTuple):
    """One file to index. key: the path below the articles folder."""

    key: str
    path: Path
    size: int
    mtime_ns: int


@dataclass
class _Entry:
    """An article on its way into the bundle; rows is None when its old rows are reused (from `old`)."""

    record: dict[str, Any]
    body: str
    rows: list[Row] | None = None
    old: int = -1


def build(settings: Settings, full: bool = False, progress: Progress | None = None) -> Report:
    """Bring the index up to date with the articles folder and publish it.

    full: look at nothing of an earlier build. Nothing is published when nothing changed.
    Raises BusyError, BundleError (nothing can be written), NotFoundError (no such folder).
    """
    progress = progress or (lambda step, done, total: None)
    started = time.perf_counter()
    clock = _Clock()
    sources = list(_sources(settings.articles))
    words, synonyms, problems = _vocabulary_files(settings.articles)
    tokenizer = Tokenizer(words)
    made_by = _made_by(tokenizer, synonyms)
    with building(settings.index) as folder:
        previous = None if full else _previous(settings.index, tokenizer)
        entries, skipped = _read(sources, previous, settings, words, progress)
        clock.lap("read")
        removed = len(_gone(previous, entries))
        problems += skipped
        analysed = sum(e.rows is not None for e in entries)
        report = Report(
            len(entries), 0, analysed, len(entries) - analysed, removed, 0, False, tuple(problems), clock.laps
        )
        if previous and not analysed and not removed and previous.bundle.manifest["made_by"] == made_by:
            seconds = time.perf_counter() - started
            return replace(report, passages=previous.bundle.manifest["passages"], seconds=seconds)
        plan = _Plan(entries, previous, words, synonyms, made_by, tokenizer.fingerprint, problems)
        passages = _publish(settings, folder, plan, progress, clock)
    return replace(report, passages=passages, seconds=time.perf_counter() - started, published=True)


def build_documents(settings: Settings, articles: Sequence[Article], progress: Progress | None = None) -> Report:
    """Build an index of articles that are in memory already, such as a judged set's documents."""
    progress = progress or (lambda step, done, total: None)
    started = time.perf_counter()
    clock = _Clock()
    tokenizer = Tokenizer()
    with building(settings.index) as folder:
        entries = []
        for result, _ in _in_parallel(_analyse_article, [(a, ()) for a in articles], settings, progress):
            assert result is not None
            entries.append(result)
        clock.lap("read")
        plan = _Plan(entries, None, [], {}, _made_by(tokenizer, {}), tokenizer.fingerprint, [])
        passages = _publish(settings, folder, plan, progress, clock)
    seconds = time.perf_counter() - started
    return Report(len(entries), passages, len(entries), 0, 0, seconds, True, (), clock.laps)


@dataclass(frozen=True)
class _Plan:
    """All that a bundle is written from."""

    entries: list[_Entry]
    previous: "_Previous | None"
    words: list[str]
    synonyms: dict[str, tuple[str, ...]]
    made_by: str
    tokens: str
    problems: list[str]


def _publish(settings: Settings, folder: Path, plan: _Plan, progress: Progress, clock: "_Clock") -> int:
    """Write every file and switch to the new bundle; returns the number of passages. Raises BundleError."""
    try:
        passages = _write(folder, plan, progress, clock)
        manifest = {
            "guzhi": __version__,
            "made_by": plan.made_by,
            "tokens": plan.tokens,
            "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "articles_folder": str(settings.articles),
            "articles": len(plan.entries),
            "passages": passages,
            "steps": {k: round(v, 3) for k, v in clock.laps.items()},
            "problems": plan.problems,
        }
        publish(settings.index, folder, manifest)
    except OSError as error:
        raise BundleError(
            say(
                "索引写不进 {index}：{why}。原来的索引没有变",
                "the index can't be written to {index}: {why}. The one before is unchanged",
                index=settings.index,
                why=error.strerror or error,
            )
        )
    return passages


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _made_by(tokenizer: Tokenizer, synonyms: dict[str, tuple[str, ...]]) -> str:
    """Changes when the same articles would give another bundle."""
    weights = [v for k, v in sorted(vars(fields).items()) if isinstance(v, float)]
    parts = json.dumps([SCHEMA, __version__, tokenizer.fingerprint, weights, sorted(synonyms.items())])
    return blake2b(parts.encode(), digest_size=8).hexdigest()


def _sources(root: Path) -> Iterator[_Source]:
    for path in find(root):
        try:
            stat = path.stat()
        except OSError:
            stat = None
        yield _Source(relative(path, root), path, stat.st_size if stat else 0, stat.st_mtime_ns if stat else 0)


def _vocabulary_files(root: Path) -> tuple[list[str], dict[str, tuple[str, ...]], list[str]]:
    """The user's dictionary and synonyms, and what is wrong with them."""
    problems: list[str] = []
    texts = []
    for name in (DICTIONARY, SYNONYMS):
        try:
            texts.append((root / name).read_text("utf-8-sig"))
        except (FileNotFoundError, NotADirectoryError):
            texts.append("")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(say("{name}：读不了：{error}", "{name}: can't be read: {error}", name=name, error=error))
            texts.append("")
    synonyms, unusable = parse_synonyms(texts[1])
    problems += [f"{SYNONYMS}:{p.line}: {p.message}" for p in unusable]
    return parse_dictionary(texts[0]), synonyms, problems


# --- what is already known ---------------------------------------------------------------------


class _Previous:
    """The bundle in force, as far as it can be reused: cut by the same tokeniser."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.records: dict[str, tuple[int, dict[str, Any]]] = {}
        for i, line in enumerate(bundle.file("articles.jsonl").read_bytes().splitlines()):
            record = json.loads(line)
            self.records[record["path"]] = (i, record)
        self.bodies = Lines(bundle, "bodies")
        self.passages = Lines(bundle, "passages")


def _previous(index: Path, tokenizer: Tokenizer) -> _Previous | None:
    try:
        bundle = open_current(index)
    except BundleError:
        return None
    return _Previous(bundle) if bundle.manifest.get("tokens") == tokenizer.fingerprint else None


# --- reading ---------------------------------------------------------------------------------


def _read(
    sources: Sequence[_Source], previous: _Previous | None, settings: Settings, words: list[str], progress: Progress
) -> tuple[list[_Entry], list[str]]:
    """Entries in order of their paths, and problems."""
    known = previous.records if previous else {}
    entries: dict[str, _Entry] = {}
    problems: list[str] = []
    todo = []
    for source in sources:
        i, record = known.get(source.key, (-1, {}))
        if previous and [source.size, source.mtime_ns] == record.get("stat"):
            entries[source.key] = _Entry(record, "", None, i)
            problems += [record["problem"]] if record.get("problem") else []
        else:
            todo.append(source)
    for source, (entry, problem) in zip(todo, _analyse_all(todo, known, settings, words, progress), strict=True):
        if problem:
            problems.append(problem)
        if entry:
            entries[source.key] = entry
    kept = _without_duplicates([entries[k] for k in sorted(entries)], problems)
    return kept, problems


def _without_duplicates(entries: list[_Entry], problems: list[str]) -> list[_Entry]:
    """The first article of each number; the others are reported."""
    seen: dict[str, str] = {}
    kept = []
    for entry in entries:
        number, path = entry.record["id"], entry.record["path"]
        if number in seen:
            problems.append(
                f"{path}: "
                + say(
                    "编号 {number} 已被 {other} 使用，已跳过",
                    "number {number} is used by {other}, skipped",
                    number=number,
                    other=seen[number],
                )
            )
        else:
            seen[number] = path
            kept.append(entry)
    return kept


_Known = dict[str, tuple[int, dict[str, Any]]]
_Result = tuple[_Entry | None, str]


def _analyse_all(
    todo: Sequence[_Source], known: _Known, settings: Settings, words: list[str], progress: Progress
) -> Iterator[_Result]:
    jobs = [(s, known.get(s.key, (-1, {})), settings.articles, settings.max_file_kb, tuple(words)) for s in todo]
    return _in_parallel(_analyse_file, jobs, settings, progress)


def _in_parallel(
    work: Callable[[Any], _Result], jobs: Sequence[tuple[Any, ...]], settings: Settings, progress: Progress
) -> Iterator[_Result]:
    """Results in order of the jobs; in several processes when that pays."""
    workers = settings.workers or os.cpu_count() or 1
    step = say("读取文章", "reading articles")
    if workers == 1 or len(jobs) < PARALLEL_FROM:
        for done, job in enumerate(jobs, 1):
            yield work(job)
            progress(step, done, len(jobs))
        return
    with _processes(workers) as pool:
        for done, result in enumerate(pool.map(work, jobs, chunksize=BATCH), 1):
            yield result
            progress(step, done, len(jobs))


def _processes(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


@lru_cache(maxsize=1)
def _tokenizer(words: tuple[str, ...]) -> Tokenizer:
    return Tokenizer(words)


def _analyse_article(job: tuple[Article, tuple[str, ...]]) -> _Result:
    article, words = job
    return _Entry(article_record(article), article.body, analyse(article, _tokenizer(words))), ""


def _analyse_file(job: tuple[_Source, tuple[int, dict[str, Any]], Path, int, tuple[str, ...]]) -> _Result:
    """One file -> its entry and a problem, either may be missing."""
    source, known, root, max_kb, words = job
    problem = ""
    try:
        article, encoding = load(source.path, root, max_kb)
        if encoding == "gb18030":
            problem = f"{source.key}: " + say(
                "不是 UTF-8，已按 GB 18030 读取；请转存为 UTF-8", "not UTF-8, read as GB 18030; save it as UTF-8"
            )
        facts = article_record(article)
        digest = blake2b(to_line([facts, article.body]), digest_size=16).hexdigest()
        record = {**facts, "stat": [source.size, source.mtime_ns], "digest": digest, "problem": problem}
        if digest == known[1].get("digest"):
            return _Entry(record, "", None, known[0]), problem
        return _Entry(record, article.body, analyse(article, _tokenizer(words))), problem
    except ArticleError as error:
        return None, str(error)
    except (RecursionError, MemoryError) as error:
        return None, f"{source.key}: " + say("读不了：{error!r}", "can't be read: {error!r}", error=error)


def _gone(previous: _Previous | None, entries: Iterable[_Entry]) -> set[str]:
    """Articles of the earlier build that are no more."""
    return set(previous.records) - {e.record["path"] for e in entries} if previous else set()


# --- writing ---------------------------------------------------------------------------------


def _write(folder: Path, plan: _Plan, progress: Progress, clock: _Clock) -> int:
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


def _write_lines(folder: Path, entries: list[_Entry], previous: _Previous | None) -> dict[str, int]:
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


def _counts(entries: list[_Entry], previous: _Previous | None) -> vectors.CountTable:
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

    def __init__(self, folder: Path, entries: list[_Entry], previous: _Previous | None) -> None:
        new = [e for e in entries if e.rows is not None]
        self._documents = [
            fulltext.document(article_from(e.record), i, row.atoms) for e in new for i, row in enumerate(e.rows or ())
        ]
        old = previous.bundle.file(fulltext.FOLDER) if previous else None
        gone = _gone(previous, entries) | {e.record["path"] for e in new} if previous else set()
        self._arguments = (folder, self._documents, old, gone)
        self._pool = _processes(1) if len(new) >= PARALLEL_FROM else None

    def __enter__(self) -> Callable[[], None]:
        if self._pool is None:
            return lambda: fulltext.write(*self._arguments)
        future: Future[None] = self._pool.submit(fulltext.write, *self._arguments)
        return future.result

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
