"""This module finds out what changed: which articles a build takes over, and which it has to analyse."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from kb.bundle import Bundle, open_current
from kb.errors import ArticleError, BundleError
from kb.indexer.analysis import Row, analyse
from kb.indexer.articles import find, load, relative
from kb.indexer.processes import Progress, in_parallel
from kb.language import say
from kb.model import Article
from kb.records import Lines, article_record, to_line
from kb.settings import Settings
from kb.synonyms import parse as parse_synonyms
from kb.synonyms import parse_dictionary
from kb.tokens import Tokenizer

DICTIONARY = "dictionary.txt"
SYNONYMS = "synonyms.txt"


class Source(NamedTuple):
    """One file to index. key: the path below the articles folder."""

    key: str
    path: Path
    size: int
    mtime_ns: int


@dataclass
class Entry:
    """An article on its way into the bundle; rows is None when its old rows are reused (from `old`)."""

    record: dict[str, Any]
    body: str
    rows: list[Row] | None = None
    old: int = -1


def sources(root: Path) -> Iterator[Source]:
    for path in find(root):
        try:
            stat = path.stat()
        except OSError:
            stat = None
        yield Source(relative(path, root), path, stat.st_size if stat else 0, stat.st_mtime_ns if stat else 0)


def vocabulary_files(root: Path) -> tuple[list[str], dict[str, tuple[str, ...]], list[str]]:
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


class Previous:
    """The bundle in force, as far as it can be reused: cut by the same tokeniser."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.records: dict[str, tuple[int, dict[str, Any]]] = {}
        for i, line in enumerate(bundle.file("articles.jsonl").read_bytes().splitlines()):
            record = json.loads(line)
            self.records[record["path"]] = (i, record)
        self.bodies = Lines(bundle, "bodies")
        self.passages = Lines(bundle, "passages")


def previous_build(index: Path, tokenizer: Tokenizer) -> Previous | None:
    try:
        bundle = open_current(index)
    except BundleError:
        return None
    return Previous(bundle) if bundle.manifest.get("tokens") == tokenizer.fingerprint else None


def read(
    sources: Sequence[Source], previous: Previous | None, settings: Settings, words: list[str], progress: Progress
) -> tuple[list[Entry], list[str]]:
    """Entries in order of their paths, and problems."""
    known = previous.records if previous else {}
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    todo = []
    for source in sources:
        i, record = known.get(source.key, (-1, {}))
        if previous and [source.size, source.mtime_ns] == record.get("stat"):
            entries[source.key] = Entry(record, "", None, i)
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


def _without_duplicates(entries: list[Entry], problems: list[str]) -> list[Entry]:
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
_Result = tuple[Entry | None, str]


def _analyse_all(
    todo: Sequence[Source], known: _Known, settings: Settings, words: list[str], progress: Progress
) -> Iterator[_Result]:
    jobs = [(s, known.get(s.key, (-1, {})), settings.articles, settings.max_file_kb, tuple(words)) for s in todo]
    return in_parallel(_analyse_file, jobs, settings.workers, progress, say("读取文章", "reading articles"))


@lru_cache(maxsize=1)
def _tokenizer(words: tuple[str, ...]) -> Tokenizer:
    return Tokenizer(words)


def analyse_documents(articles: Sequence[Article], settings: Settings, progress: Progress) -> list[Entry]:
    """Entries of articles that are in memory already; no user dictionary."""
    step = say("读取文档", "reading documents")
    return list(in_parallel(_analyse_article, [(a,) for a in articles], settings.workers, progress, step))


def _analyse_article(job: tuple[Article]) -> Entry:
    (article,) = job
    return Entry(article_record(article), article.body, analyse(article, _tokenizer(())))


def _analyse_file(job: tuple[Source, tuple[int, dict[str, Any]], Path, int, tuple[str, ...]]) -> _Result:
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
            return Entry(record, "", None, known[0]), problem
        return Entry(record, article.body, analyse(article, _tokenizer(words))), problem
    except ArticleError as error:
        return None, str(error)
    except (RecursionError, MemoryError) as error:
        return None, f"{source.key}: " + say("读不了：{error!r}", "can't be read: {error!r}", error=error)


def gone(previous: Previous | None, entries: Iterable[Entry]) -> set[str]:
    """Articles of the earlier build that are no more."""
    return set(previous.records) - {e.record["path"] for e in entries} if previous else set()
