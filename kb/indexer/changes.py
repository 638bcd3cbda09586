"""This module finds out what changed: which articles a build takes over, and which it has to analyse."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.articles import dates
from kb.articles.atomic import read_text
from kb.articles.files import Seen, is_article, relative
from kb.articles.numbering import is_number
from kb.bundle import Bundle, open_current
from kb.bundle.stored import Lines, number_of, numbers_of
from kb.errors import BundleError, InputError
from kb.indexer.parallel import Progress, in_parallel, uncollected
from kb.indexer.runs import Runs
from kb.language import say
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
from kb.text.tokens import Tokenizer

if TYPE_CHECKING:
    from kb.indexer.reading import Batch

DICTIONARY = "dictionary.txt"
SYNONYMS = "synonyms.txt"

BASE, BESIDE, FIRST_RUN = 0, 1, 2
"""Parts that articles come from: the places of bundles in Previous.bundles, then the runs of this build."""


class Entry(NamedTuple):
    """An article on its way into the bundle; all else that is known of it is where it comes from.

    id: the number that it is known by; part: where it comes from; number: its place there; updated: the day its file
    was changed, for one that says none itself, else "".
    """

    path: str
    id: str
    part: int
    number: int
    updated: str = ""


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
    """The build before this one. bundles: the base, and what stands beside it when something does.

    hidden: articles of the base that are in force no longer; known_beside, beside: path -> article beside it; verified:
    whether every byte of them was looked at.
    """

    def __init__(self, bundle: Bundle, verified: bool = True) -> None:
        self.bundle = bundle
        self.verified = verified
        self.base = bundle.base or bundle
        self.bundles = [bundle] if bundle.base is None else [bundle.base, bundle]
        self.hidden = frozenset(bundle.manifest["hidden"])
        self.known_beside = {} if bundle.base is None else known_of(bundle, BESIDE)
        self.beside = {path: Entry(path, was.id, BESIDE, was.number) for path, was in self.known_beside.items()}
        self._bodies = [Lines(b, "bodies") for b in self.bundles]
        self._records = [Lines(b, "articles") for b in self.bundles]

    @cached_property
    def base_entries(self) -> list[Entry]:
        """All articles of the base, hidden ones too."""
        return list(entries_of(self.base, BASE))

    @cached_property
    def _paths(self) -> list[str]:
        """Of all articles of the base, hidden ones too."""
        return list(self.base.json("articles.names.json")["paths"])

    @cached_property
    def base_numbers(self) -> dict[str, int]:
        """path -> article of the base, hidden ones too."""
        return dict(zip(self._paths, range(len(self._paths)), strict=True))

    def known(self, path: str) -> Known | None:
        """The article in force."""
        if self.part(path) == BASE:
            return self.standing(self.base_numbers[path])[1]
        return self.known_beside.get(path)

    def part(self, path: str) -> int:
        """Where the article in force comes from: BASE, BESIDE, or -1 for none."""
        if path in self.beside:
            return BESIDE
        number = self.base_numbers.get(path, -1)
        return -1 if number < 0 or number in self.hidden else BASE

    def standing(self, number: int) -> tuple[str, Known]:
        """An article of the base, and its path."""
        size, mtime_ns = self.base.array("articles.stat")[number].tolist()
        return self._paths[number], Known(BASE, number, self._records[BASE][number]["id"], size, mtime_ns)

    def staying(self, found: Sequence[Seen]) -> NDArray[np.int64]:
        """For each file its article in the base when that is in force and of this size and time, else -1.

        Looked up as columns: a hundred thousand files that nobody changed take a moment.
        """
        numbers = np.fromiter((self.base_numbers.get(source.key, -1) for source in found), np.int64, len(found))
        files = np.array([source[1:] for source in found], np.int64).reshape(-1, 2)
        same = numbers >= 0
        same[same] = (self.base.array("articles.stat")[numbers[same]] == files[same]).all(axis=1)
        same &= ~np.isin(numbers, list(self.hidden))
        return np.where(same, numbers, -1)

    def gone(self, stays: Collection[int], there: Collection[str]) -> frozenset[str]:
        """Paths of the articles in force that neither stay in the base nor are there otherwise."""
        left = (self._paths[n] for n in set(range(len(self._paths))).difference(stays, self.hidden))
        return frozenset(path for path in (*left, *self.beside) if path not in there)

    def differing(self, found: Sequence[Seen]) -> frozenset[str]:
        """Paths of files that are new, changed or gone since."""
        numbers = self.staying(found)
        others = {found[i].key: found[i][1:] for i in np.flatnonzero(numbers < 0).tolist()}
        gone = self.gone(frozenset(numbers.tolist()), others.keys())
        beside = {path: (was.size, was.mtime_ns) for path, was in self.known_beside.items()}
        return gone | {path for path, stat in others.items() if beside.get(path) != stat}

    def record(self, place: Known | Entry) -> dict[str, Any]:
        """What is known of an article of before (kb.bundle.stored)."""
        record: dict[str, Any] = self._records[place.part][place.number]
        return record

    def body(self, place: Known | Entry) -> bytes:
        return self._bodies[place.part].raw(place.number)

    def base_number(self, path: str) -> int:
        """Place of an article in the base, -1 when it is not there."""
        return number_of(self.base, "paths", path)

    def path_of(self, number: str) -> str | None:
        """Path of the article in force that has this number (KB-000137)."""
        for path, entry in self.beside.items():
            if entry.id == number:
                return str(path)
        place = number_of(self.base, "ids", number)
        return None if place < 0 or place in self.hidden else str(self._records[BASE][place]["path"])


def known_of(bundle: Bundle, part: int) -> dict[str, Known]:
    """path -> article of a bundle or run."""
    names = bundle.json("articles.names.json")
    stats = bundle.array("articles.stat").tolist()
    rows = zip(names["paths"], names["ids"], stats, strict=True)
    return {path: Known(part, n, id_, *stat) for n, (path, id_, stat) in enumerate(rows)}


def entries_of(bundle: Bundle, part: int) -> Iterator[Entry]:
    """All articles of a bundle."""
    names = bundle.json("articles.names.json")
    for number, (path, id_) in enumerate(zip(names["paths"], names["ids"], strict=True)):
        yield Entry(path, id_, part, number)


def previous_build(index: Path, tokenizer: Tokenizer) -> Previous | None:
    """The bundle in force when it is sound and was cut by this tokeniser."""
    try:
        bundle = open_current(index)
    except BundleError:
        return None
    return Previous(bundle) if bundle.manifest["tokens"] == tokenizer.fingerprint else None


@dataclass(frozen=True)
class Reading:
    """What was read: entries in order of their paths, and problems.

    entries: all articles but those that stay in the base as they are; stays: the numbers of these there.
    gone: paths of articles of before that are no more.
    """

    entries: list[Entry]
    problems: list[Doubt]
    stays: frozenset[int] = frozenset()
    gone: frozenset[str] = frozenset()


def read(
    sources: Iterable[Seen],
    previous: Previous | None,
    runs: Runs,
    settings: Settings,
    words: list[str],
    progress: Progress,
) -> Reading:
    """Take over what is unchanged, analyse the rest."""
    found = list(sources)
    done = {path: was for n, run in enumerate(runs.opened) for path, was in known_of(run, FIRST_RUN + n).items()}
    places = previous.staying(found) if previous else np.full(len(found), -1)
    stays = set(places[places >= 0].tolist())
    kept: dict[str, Known] = {}
    new: dict[str, Entry] = {}
    todo: list[Todo] = []
    for source in (found[i] for i in np.flatnonzero(places < 0).tolist()):
        before = previous.known(source.key) if previous else None
        for was in (before, done.get(source.key)):
            if was is not None and (was.size, was.mtime_ns) == source[1:]:
                kept[source.key] = was
                break
        else:
            todo.append(Todo(source, previous.record(before).get("digest", "") if previous and before else ""))
    old = doubts(previous.bundle) if previous else []
    problems = [d for d in old if previous and _is_taken_over(previous, d.path, stays, kept)]
    for n, run in enumerate(runs.opened):
        problems += [d for d in doubts(run) if d.path in kept and kept[d.path].part == FIRST_RUN + n]
    undated = dict(_undated(runs, kept))
    for batch in _read_anew(todo, runs, settings, words, progress) if todo else ():
        problems += batch.problems
        new |= {entry.path: entry for entry in batch.entries}
        undated |= batch.undated
        if previous:  # only the time of these is another
            kept |= {path: was for path in batch.same if (was := previous.known(path))}
    days = dates.changed(settings.articles, undated)
    stays.update(was.number for was in kept.values() if was.part == BASE)
    new |= {path: Entry(path, was.id, was.part, was.number) for path, was in kept.items() if was.part != BASE}
    new |= {path: new[path]._replace(updated=day.isoformat()) for path, day in days.items()}
    if new.keys() - (previous.beside.keys() if previous else ()) or todo:  # else nobody's number can be another's
        rivals = _rivals(previous, stays, new) if previous else {}
        standing = dict(rivals)
        _without_duplicates(new, standing, problems)
        stays -= {rivals[path].number for path in rivals.keys() - standing.keys()}
    gone = previous.gone(stays, new.keys()) if previous else frozenset[str]()
    return Reading([new[path] for path in sorted(new)], problems, frozenset(stays), gone)


def _is_taken_over(previous: Previous, path: str, stays: Collection[int], kept: Mapping[str, Known]) -> bool:
    """Whether the article of before is taken over: what was told of its file is still so."""
    if path in kept:
        return kept[path].part in (BASE, BESIDE)
    return previous.part(path) == BASE and previous.base_numbers[path] in stays


def _rivals(previous: Previous, stays: Collection[int], new: Mapping[str, Entry]) -> dict[str, Known]:
    """path -> article that stays in the base and may have the number of a new one, or of one that gives way to it."""
    rivals: dict[str, Known] = {}
    wanted = {number for entry in new.values() for number in (entry.id, by_path(entry).id)}
    while wanted:
        numbers = numbers_of(previous.base, "ids", sorted(wanted)).tolist()
        found = dict(previous.standing(n) for n in numbers if n in stays)
        wanted = {_stem(path) for path in found.keys() - rivals.keys()}
        rivals |= found
    return rivals


def doubts(bundle: Bundle) -> list[Doubt]:
    """What was skipped, or read with doubt, when a bundle or run was built."""
    return [Doubt(*told) for told in bundle.manifest["problems"]]


def _undated(runs: Runs, kept: Mapping[str, Known]) -> Iterator[tuple[str, int]]:
    """(path, time) of articles that are taken over from runs and say no day."""
    undated = [run.array("articles.undated") for run in runs.opened]
    for path, was in kept.items():
        if was.part >= FIRST_RUN and undated[was.part - FIRST_RUN][was.number]:
            yield path, was.mtime_ns


def read_documents(
    articles: Sequence[Article], runs: Runs, words: list[str], settings: Settings, progress: Progress
) -> Reading:
    """Analyse articles that are in memory already."""
    from kb.indexer.reading import analyse_documents

    entries: dict[str, Entry] = {}
    problems: list[Doubt] = []
    for found in _analysed(analyse_documents, articles, (tuple(words),), runs, settings, progress):
        entries |= {entry.path: entry for entry in found.entries}
    _without_duplicates(entries, {}, problems, order=list(entries))
    return Reading(list(entries.values()), problems)


def _without_duplicates(
    entries: dict[str, Entry], stays: dict[str, Known], problems: list[Doubt], order: Sequence[str] = ()
) -> None:
    """Keep the first article of each number; the others go, and are reported. An id of other tools, which only the
    first has for itself, gives way to the path.

    entries, stays: path -> article, both changed in place. order: of the paths, by name when it is not given.
    """
    seen: dict[str, str] = {}
    for path in order or sorted((*entries, *stays)):
        entry = entries.get(path)
        number = entry.id if entry else stays[path].id
        if number in seen and not is_number(number):
            entry = entries[path] = by_path(entry or _leaving(path, stays))
            number = entry.id
        if number in seen:
            problems.append(Doubt(path, 0, f"{path}: " + taken(number, seen[number])))
            entries.pop(path, None)
            stays.pop(path, None)
        else:
            seen[number] = path


def _leaving(path: str, stays: dict[str, Known]) -> Entry:
    """An article that can't stay in the base as it is."""
    was = stays.pop(path)
    return Entry(path, was.id, was.part, was.number)


def by_path(entry: Entry) -> Entry:
    """An article that is known by its path, since another one has its id."""
    return entry._replace(id=_stem(entry.path))


def _stem(path: str) -> str:
    return path.rsplit(".", 1)[0]


def taken(number: str, other: str) -> str:
    """What is said of an article whose number another one has."""
    return say(
        "编号 {number} 已被 {other} 使用，已跳过",
        "number {number} is used by {other}, skipped",
        number=number,
        other=other,
    )


class Todo(NamedTuple):
    """A file to analyse. digest: of what it was before, "" for nothing."""

    source: Seen
    digest: str


def _read_anew(
    todo: Sequence[Todo], runs: Runs, settings: Settings, words: list[str], progress: Progress
) -> Iterator["_Found"]:
    from kb.indexer.reading import analyse_files  # where nothing changed, nobody waits for what reads articles

    arguments = (tuple(words), settings.articles, settings.max_file_kb, settings.index)
    return _analysed(analyse_files, todo, arguments, runs, settings, progress)


@dataclass(frozen=True)
class _Found:
    """What a process handed over (kb.indexer.reading.Batch), once it is kept.

    undated: path -> time of those that say no day.
    """

    entries: list[Entry]
    undated: dict[str, int]
    same: list[str]
    problems: list[Doubt]


def _analysed(
    work: "Callable[..., Batch]",
    jobs: Sequence[Any],
    arguments: tuple[Any, ...],
    runs: Runs,
    settings: Settings,
    progress: Progress,
) -> Iterator[_Found]:
    """The articles in order of the jobs; what is known of them goes into runs."""
    step = say("读取文章", "reading articles")
    with uncollected():
        for batch in in_parallel(work, jobs, arguments, settings.workers, progress, step):
            entries: list[Entry] = []
            if batch.articles:
                run, first = runs.add(batch.articles, batch.rows, batch.problems)
                entries = [Entry(a.path, a.id, FIRST_RUN + run, first + n) for n, a in enumerate(batch.articles)]
            undated = {a.path: a.stat[1] for a in batch.articles if a.undated}
            yield _Found(entries, undated, batch.same, batch.problems)
    runs.close()
