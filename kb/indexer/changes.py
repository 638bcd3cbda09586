"""This module finds out what changed: which articles a build takes over, and which it has to analyse."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from kb.articles import dates
from kb.articles.atomic import read_text
from kb.articles.captions import captions, named
from kb.articles.files import Seen, is_article, load, place, relative, title_of
from kb.articles.numbering import is_number
from kb.bundle import Bundle, open_current
from kb.bundle.stored import Lines, article_record, number_of, passage_record, to_line
from kb.errors import ArticleError, BundleError, InputError
from kb.indexer import batches as packed
from kb.indexer.analysis import Row, analyse
from kb.indexer.batches import Rows
from kb.indexer.parallel import Progress, in_parallel
from kb.language import say
from kb.meaning.texts import key_of, passage_texts
from kb.model import Article
from kb.settings import Settings
from kb.text.synonyms import (
    NOTHING,
    TRADE_WORDS,
    Parsed,
    Table,
    merged,
    parse_dictionary,
    trade_words,
)
from kb.text.synonyms import parse as parse_synonyms
from kb.text.tokens import Tokenizer, tokenizer_of

DICTIONARY = "dictionary.txt"
SYNONYMS = "synonyms.txt"

NEW, BASE, BESIDE = -1, 0, 1
"""Where an article comes from: this build analysed it, or the place of its bundle in Previous.bundles."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article on its way into the bundle.

    record: all that is known of it (kb.bundle.stored), with `passages`, their number. part: where it comes from;
    first: its first passage there; number: its own place there.
    body, lines: its Markdown and its passages as lines of the bundle, when it is new; texts: the keys of the texts
    that each passage is encoded by.
    """

    record: dict[str, Any]
    part: int
    first: int
    number: int = -1
    body: bytes = b""
    lines: tuple[bytes, ...] = ()
    texts: tuple[tuple[int, ...], ...] = ()


def source_of(root: Path, key: str) -> Seen | None:
    """One article by its path below the folder, None when it is no more or a build would not read it."""
    path = root / key
    try:
        if not is_article(path, root):
            return None
        stat = path.stat()
    except OSError:
        return None
    return Seen(relative(path, root), stat.st_size, stat.st_mtime_ns)


class Doubt(NamedTuple):
    """A file that was skipped, or read with doubt. line: 1-based, 0 for all of it; sentence: with its place ahead."""

    path: str
    line: int
    sentence: str


def vocabulary_files(settings: Settings) -> tuple[list[str], Table, list[Doubt]]:
    """The user's dictionary, the synonyms of the base and of the trade, and what is wrong with them."""
    problems: list[Doubt] = []
    texts = []
    for name in (DICTIONARY, SYNONYMS):
        try:
            texts.append(read_text(settings.articles / name))
        except InputError as error:
            told = say("{why}；整个文件没有用上", "{why}; none of it is used", why=error)
            problems.append(Doubt(name, 0, told))
            texts.append("")
    own, shipped = parse_synonyms(texts[1]), shipped_synonyms(settings)
    for name, found in ((SYNONYMS, own), (TRADE_WORDS, shipped)):
        problems += [Doubt(name, p.line, f"{name}:{p.line}: {p.message}") for p in found.problems]
    return parse_dictionary(texts[0]), merged(shipped, own), problems


def shipped_synonyms(settings: Settings) -> Parsed:
    """The words of the trade, unless they are switched off."""
    return trade_words() if settings.trade_words else NOTHING


class Known(NamedTuple):
    """An article of before, as far as it is known without reading it.

    part, number: where it is (see Entry). id: its number. size, mtime_ns: of its file when it was read, -1 for none.
    """

    part: int
    number: int
    id: str
    size: int
    mtime_ns: int


class Previous:
    """The bundle in force with the base it may stand beside, as far as they can be reused.

    bundles: the base, then what stands beside it. hidden: articles of the base that are in force no longer.
    beside: path -> the articles of the second. verified: whether every byte of them was looked at.
    """

    def __init__(self, bundle: Bundle, verified: bool = True) -> None:
        self.bundle = bundle
        self.verified = verified
        self.base = bundle.base or bundle
        self.bundles = [bundle] if bundle.base is None else [bundle.base, bundle]
        self.hidden = frozenset(bundle.manifest["hidden"])
        self.beside = {} if bundle.base is None else {e.record["path"]: e for e in _entries(bundle, BESIDE)}
        self._bodies = [Lines(b, "bodies") for b in self.bundles]
        self._passages = [Lines(b, "passages") for b in self.bundles]
        self._records = [Lines(b, "articles") for b in self.bundles]

    @cached_property
    def base_entries(self) -> list[Entry]:
        """All articles of the base, hidden ones too."""
        return list(_entries(self.base, BASE))

    @cached_property
    def known(self) -> dict[str, Known]:
        """path -> the article in force."""
        found: dict[str, Known] = {}
        for part, bundle in enumerate(self.bundles):
            names = bundle.json("articles.names.json")
            stats = bundle.array("articles.stat").tolist()
            rows = zip(names["paths"], names["ids"], stats, strict=True)
            hidden = self.hidden if part == BASE else ()
            found |= {p: Known(part, n, i, *stat) for n, (p, i, stat) in enumerate(rows) if n not in hidden}
        return found

    def entry(self, known: Known) -> Entry:
        """An article of before, read."""
        record = self._records[known.part][known.number]
        return Entry(record, known.part, record["first"], known.number)

    def base_number(self, path: str) -> int:
        """Place of an article in the base, -1 when it is not there."""
        return number_of(self.base, "paths", path)

    def path_of(self, number: str) -> str | None:
        """Path of the article in force that has this number (KB-000137)."""
        for path, entry in self.beside.items():
            if entry.record["id"] == number:
                return str(path)
        place = number_of(self.base, "ids", number)
        return None if place < 0 or place in self.hidden else str(self._records[BASE][place]["path"])

    def body(self, entry: Entry) -> bytes:
        return self._bodies[entry.part].raw(entry.number)

    def lines(self, entry: Entry) -> Iterator[bytes]:
        passages = self._passages[entry.part]
        return (passages.raw(i) for i in range(entry.first, entry.first + entry.record["passages"]))


def _entries(bundle: Bundle, part: int) -> Iterator[Entry]:
    for number, line in enumerate(bundle.file("articles.jsonl").read_bytes().splitlines()):
        record = json.loads(line)
        yield Entry(record, part, record["first"], number)


def previous_build(index: Path, tokenizer: Tokenizer) -> Previous | None:
    """The bundle in force when it is sound and was cut by this tokeniser."""
    try:
        bundle = open_current(index)
    except BundleError:
        return None
    return Previous(bundle) if bundle.manifest["tokens"] == tokenizer.fingerprint else None


@dataclass(frozen=True)
class Reading:
    """What was read: entries in order of their paths, the passages of the new ones, and problems.

    entries: all articles but those that stay in the base as they are; stays: the numbers of these there.
    paths: of all articles that are there, wherever they stand.
    """

    entries: list[Entry]
    rows: Rows
    problems: list[Doubt]
    stays: frozenset[int] = frozenset()
    paths: frozenset[str] = frozenset()


def read(
    sources: Iterable[Seen], previous: Previous | None, settings: Settings, words: list[str], progress: Progress
) -> Reading:
    """Take over what is unchanged, analyse the rest."""
    known = previous.known if previous else {}
    kept: dict[str, Known] = {}
    todo: list[tuple[Seen, Entry | None]] = []
    for source in sources:
        was = known.get(source.key)
        if was is not None and (was.size, was.mtime_ns) == source[1:]:
            kept[source.key] = was
        else:
            todo.append((source, previous.entry(was) if previous and was else None))
    problems = [doubt for doubt in doubts(previous.bundle) if doubt.path in kept] if previous else []
    files = [_File(s, e, settings.articles, settings.max_file_kb, settings.index) for s, e in todo]
    found, rows = _analysed(files, words, settings, progress)
    new: dict[str, Entry] = {}
    for (source, _), (entry, problem) in zip(todo, found, strict=True):
        problems += [problem] if problem else []
        if entry and entry.part == BASE:  # only its time is another
            kept[source.key] = known[source.key]
        elif entry:
            new[source.key] = entry
    new |= _dated([(s, new[s.key]) for s, _ in todo if s.key in new], settings.articles)
    stays = {path: was for path, was in kept.items() if was.part == BASE}
    if previous:
        new |= {path: previous.beside[path] for path, was in kept.items() if was.part == BESIDE}
    if todo:  # else nobody's number can be another's
        _without_duplicates(new, stays, problems, previous)
    numbers = frozenset(was.number for was in stays.values())
    return Reading([new[path] for path in sorted(new)], rows, problems, numbers, frozenset((*stays, *new)))


def doubts(bundle: Bundle) -> list[Doubt]:
    """What was skipped, or read with doubt, when a bundle was built."""
    return [Doubt(*told) for told in bundle.manifest["problems"]]


def _dated(read: Sequence[tuple[Seen, Entry]], root: Path) -> dict[str, Entry]:
    """Those of the files read that say no day themselves, with the day they were changed."""
    undated = {s.key: (s, e) for s, e in read if not e.record["updated"] and not e.record["created"]}
    days = dates.changed(root, {key: source.mtime_ns for key, (source, _) in undated.items()})
    return {key: replace(e, record={**e.record, "updated": days[key].isoformat()}) for key, (_, e) in undated.items()}


def read_documents(articles: Sequence[Article], words: list[str], settings: Settings, progress: Progress) -> Reading:
    """Analyse articles that are in memory already."""
    found, rows = _analysed([_Document(a) for a in articles], words, settings, progress)
    problems: list[Doubt] = []
    entries = {e.record["path"]: e for e, _ in found if e}
    _without_duplicates(entries, {}, problems, order=list(entries))
    return Reading(list(entries.values()), rows, problems)


def _without_duplicates(
    entries: dict[str, Entry],
    stays: dict[str, Known],
    problems: list[Doubt],
    previous: Previous | None = None,
    order: Sequence[str] = (),
) -> None:
    """Keep the first article of each number; the others go, and are reported. An id of other tools, which only the
    first has for itself, gives way to the path.

    entries, stays: path -> article, both changed in place. order: of the paths, by name when it is not given.
    """
    seen: dict[str, str] = {}
    for path in order or sorted((*entries, *stays)):
        entry = entries.get(path)
        number = entry.record["id"] if entry else stays[path].id
        if number in seen and not is_number(number):
            entry = entries[path] = by_path(entry or previous.entry(stays.pop(path)))  # type: ignore[union-attr]
            number = entry.record["id"]
        if number in seen:
            problems.append(Doubt(path, 0, f"{path}: " + taken(number, seen[number])))
            entries.pop(path, None)
            stays.pop(path, None)
        else:
            seen[number] = path


def by_path(entry: Entry) -> Entry:
    """An article that is known by its path, since another one has its id."""
    return replace(entry, record={**entry.record, "id": entry.record["path"].rsplit(".", 1)[0]})


def taken(number: str, other: str) -> str:
    """What is said of an article whose number another one has."""
    return say(
        "编号 {number} 已被 {other} 使用，已跳过",
        "number {number} is used by {other}, skipped",
        number=number,
        other=other,
    )


# --- analysing, in processes of their own ----------------------------------------------------

_Result = tuple[Entry | None, Doubt | None]
"""An article, when there is one, and what is wrong with it."""


@dataclass(frozen=True)
class _Document:
    """An article in memory to analyse."""

    article: Article

    def analysed(self, tokenizer: Tokenizer) -> tuple[Entry | None, Doubt | None, list[Row]]:
        article = self.article
        if not article.title:
            article = replace(article, title=title_of(article.body, article.path))
        rows = analyse(article, tokenizer)
        return _entry(article_record(article), article, rows), None, rows


@dataclass(frozen=True)
class _File:
    """A file to analyse. known: the article of before; index: the folder that knows what pictures say."""

    source: Seen
    known: Entry | None
    root: Path
    max_kb: int
    index: Path

    def analysed(self, tokenizer: Tokenizer) -> tuple[Entry | None, Doubt | None, list[Row]]:
        key = self.source.key
        try:
            article, told = load(place(self.root, key), self.root, self.max_kb)
            problem = Doubt(key, 0, told) if told else None
            facts = article_record(article)
            said = captions(article, self.root, self.index)
            made_of = [facts, article.body, said] if said else [facts, article.body]
            digest = blake2b(to_line(made_of), digest_size=16).hexdigest()
            record = {**facts, "stat": [self.source.size, self.source.mtime_ns], "digest": digest, "problem": problem}
            if self.known and digest == self.known.record.get("digest"):
                return replace(self.known, record={**self.known.record, **record}), problem, []
            rows = analyse(article, tokenizer, said)
            return _entry(record, article, rows), problem, rows
        except ArticleError as error:
            return None, Doubt(key, error.line, str(error)), []
        except (RecursionError, MemoryError) as error:
            told = say("读不了：{error!r}", "can't be read: {error!r}", error=error)
            return None, Doubt(key, 0, f"{key}: {told}"), []


def _entry(record: dict[str, Any], article: Article, rows: Sequence[Row]) -> Entry:
    lines = tuple(to_line(passage_record(row.passage)) for row in rows)
    texts = tuple(tuple(map(key_of, passage_texts(article, row.passage))) for row in rows)
    known = {**record, "passages": len(rows), "pictures": named(article)}
    return Entry(known, NEW, 0, body=to_line(article.body), lines=lines, texts=texts)


def _analysed(
    jobs: Sequence[_Document] | Sequence[_File], words: list[str], settings: Settings, progress: Progress
) -> tuple[list[_Result], Rows]:
    """The articles in order of the jobs, and their passages."""
    results: list[_Result] = []
    parts: list[Rows] = []
    first = 0
    step = say("读取文章", "reading articles")
    for found, part in in_parallel(_analyse, jobs, (tuple(words),), settings.workers, progress, step):
        parts.append(part)
        for entry, problem in found:
            if entry and entry.part == NEW:
                entry = replace(entry, first=first)
                first += entry.record["passages"]
            results.append((entry, problem))
    return results, packed.joined(parts or [packed.pack([])])


def _analyse(jobs: Sequence[_Document | _File], words: tuple[str, ...]) -> tuple[list[_Result], Rows]:
    tokenizer = tokenizer_of(words)
    results: list[_Result] = []
    rows: list[Row] = []
    for job in jobs:
        entry, problem, found = job.analysed(tokenizer)
        results.append((entry, problem))
        rows += found
    return results, packed.pack(rows)
