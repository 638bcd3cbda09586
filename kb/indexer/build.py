"""This module builds an index bundle: read what changed, write everything aside, publish in one step.

A large base is not written again for a few articles: they become a small bundle beside it, which the next build
replaces by another one, until there are so many that all is merged.
"""

import contextlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from kb import __version__
from kb.articles import captions
from kb.articles.files import look
from kb.articles.numbering import is_number
from kb.bundle import SCHEMA, Bundle, building, fields, open_current, publish, verify
from kb.errors import BundleError
from kb.indexer.changes import (
    FIRST_RUN,
    Doubt,
    Entry,
    Previous,
    Reading,
    by_path,
    doubts,
    previous_build,
    read,
    read_documents,
    shipped_synonyms,
    source_of,
    taken,
    vocabulary_files,
)
from kb.indexer.parallel import Progress
from kb.indexer.runs import Runs, kept
from kb.language import say
from kb.model import Article
from kb.settings import Settings
from kb.text.tokens import tokenizer_of

BESIDE_FROM = 2000
"""Articles; a smaller base is written anew in a second or two."""
BESIDE_SHARE = 0.02
"""Of a base that may be changed beside it: its statistics still hold, and a query pays for a few more rows."""


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


def build(settings: Settings, full: bool = False, progress: Progress | None = None) -> Report:
    """Bring the index up to date with the articles folder and publish it.

    full: look at nothing of an earlier build. Nothing is published when nothing changed. A build that was killed is
    gone on with. Raises BusyError, BundleError (nothing can be written), NotFoundError (no such folder).
    """
    run = _Run(settings, progress)
    found = list(look(settings.articles))
    words, synonyms, problems = vocabulary_files(settings)
    with building(settings.index) as folder, _kept_runs(settings, words, full) as runs:
        previous = None if full else previous_build(settings.index, tokenizer_of(tuple(words)))
        reading = read(found, previous, runs, settings, words, run.progress)
        run.clock.lap("read")
        change = Change(previous, runs, reading, reading.entries)
        if previous:
            hidden = frozenset(range(previous.base.manifest["own_articles"])) - reading.stays
            change = replace(change, hidden=hidden, removed=reading.gone)
        return run.publish(folder, change, words, synonyms, problems + reading.problems)


@contextlib.contextmanager
def _kept_runs(settings: Settings, words: list[str], anew: bool) -> Iterator[Runs]:
    """What is analysed outlasts whatever ends the build, but for a full disk. anew: take up nothing."""
    made_by = _made_by(tokenizer_of(tuple(words)).fingerprint)
    said = captions.state(settings.index)
    with _written(settings.index):
        runs = kept(settings.index, [made_by, str(settings.articles.absolute()), settings.max_file_kb, said], anew)
        try:
            yield runs
        except OSError:
            runs.remove()
            raise
        finally:
            runs.abandon()
        runs.remove()


@contextlib.contextmanager
def _passing_runs(settings: Settings, folder: Path) -> Iterator[Runs]:
    """What is analysed is gone with the build."""
    with _written(settings.index):
        runs = Runs(folder.with_name(f"{folder.name}.runs"))
        try:
            yield runs
        finally:
            runs.abandon()
            runs.remove()


@contextlib.contextmanager
def _written(index: Path) -> Iterator[None]:
    """Inside, what the system refuses to write is a BundleError."""
    try:
        yield
    except OSError as error:
        raise BundleError(
            say(
                "索引写不进 {index}：{why}。原来的索引没有变",
                "the index can't be written to {index}: {why}. The one before is unchanged",
                index=index,
                why=error.strerror or error,
            )
        )


def build_documents(settings: Settings, articles: Sequence[Article], progress: Progress | None = None) -> Report:
    """Build an index of articles that are in memory already, such as a judged set's documents."""
    run = _Run(settings, progress)
    with building(settings.index) as folder, _passing_runs(settings, folder) as runs:
        reading = read_documents(articles, runs, [], settings, run.progress)
        run.clock.lap("read")
        change = Change(None, runs, reading, reading.entries)
        return run.publish(folder, change, [], shipped_synonyms(settings).table, reading.problems)


def update(settings: Settings, paths: Sequence[str], progress: Progress | None = None) -> Report:
    """Bring some articles up to date, by their paths below the articles folder, without looking at the others.

    Raises as build() does, and NoBundleError and its kin when there is no index to bring up to date.
    """
    run = _Run(settings, progress)
    found = [source_of(settings.articles, path) for path in paths]

    def read_files(words: list[str], runs: Runs) -> Reading:
        return read([s for s in found if s], None, runs, settings, words, run.progress)

    return _update(run, read_files, {s.key if s else path for path, s in zip(paths, found, strict=True)})


def update_documents(settings: Settings, articles: Sequence[Article], gone: Collection[str] = ()) -> Report:
    """The same for articles that are in memory. gone: paths of those that are no more."""
    run = _Run(settings, None)
    about = {a.path for a in articles} | set(gone)
    return _update(run, lambda words, runs: read_documents(articles, runs, words, settings, run.progress), about)


def _update(run: "_Run", read_new: Callable[[list[str], Runs], Reading], about: set[str]) -> Report:
    """about: paths of all articles that are read anew or are no more."""
    with building(run.settings.index) as folder, _passing_runs(run.settings, folder) as runs:
        previous = Previous(open_current(run.settings.index, verify=False), verified=False)
        words, synonyms = previous.bundle.json("dictionary.json"), previous.bundle.json("synonyms.json")
        previous.bundle.check_cut(tokenizer_of(tuple(words)).fingerprint)
        reading = read_new(words, runs)
        mine = (_placed(previous, e, about, reading.problems) for e in reading.entries)
        entries = {e.path: e for e in mine if e is not None}
        run.clock.lap("read")
        replaced = {n for path in about if (n := previous.base_number(path)) >= 0}
        beside = {p: e for p, e in previous.beside.items() if p not in about} | entries
        gone = about - set(entries)
        known = {p for p in gone if p in previous.beside or previous.base_number(p) in replaced - previous.hidden}
        problems = [p for p in doubts(previous.bundle) if p.path not in about]
        change = Change(
            previous,
            runs,
            reading,
            [beside[path] for path in sorted(beside)],
            previous.hidden | replaced,
            frozenset(known),
        )
        return run.publish(folder, change, words, synonyms, problems + reading.problems)


def _placed(previous: Previous, entry: Entry, about: set[str], problems: list[Doubt]) -> Entry | None:
    """The article, or None and a problem when one that this update is not about has its number."""
    number, path = entry.id, entry.path
    other = previous.path_of(number)
    if other is None or other in about:
        return entry
    if not is_number(number):
        return by_path(entry)
    problems.append(Doubt(path, 0, f"{path}: " + taken(number, other)))
    return None


@dataclass(frozen=True)
class Change:
    """What is to be written.

    beside: the articles that the base doesn't have in this form; hidden: articles of the base that are in force
    no longer; removed: paths of articles that are no more.
    """

    previous: Previous | None
    runs: Runs
    reading: Reading
    beside: list[Entry]
    hidden: frozenset[int] = frozenset()
    removed: frozenset[str] = frozenset()

    def fits_beside(self) -> bool:
        """Whether it is little enough to stand beside the base."""
        if self.previous is None:
            return False
        base = self.previous.base.manifest
        changed = max(len(self.beside), len(self.hidden))
        return bool(base["own_articles"] >= BESIDE_FROM and changed <= BESIDE_SHARE * base["own_articles"])

    def merged(self) -> list[Entry]:
        """All articles in force, in order of their paths."""
        if self.previous is None:
            return self.beside
        stays = (e for e in self.previous.base_entries if e.number not in self.hidden)
        return sorted([*stays, *self.beside], key=lambda e: e.path)

    @property
    def parts(self) -> list[Bundle]:
        """Where articles come from, see kb.indexer.changes.Entry."""
        bundles = self.previous.bundles if self.previous else []
        # Where there is no such bundle, no article comes from it.
        return [*bundles, *[Bundle(Path(), {})] * (FIRST_RUN - len(bundles)), *self.runs.opened]


class _Clock:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a step here."""
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


class _Run:
    """One build, from its start to what it reports."""

    def __init__(self, settings: Settings, progress: Progress | None) -> None:
        self.settings = settings
        self.progress = progress or (lambda step, done, total: None)
        self.clock = _Clock()
        self._started = time.perf_counter()

    def publish(
        self,
        folder: Path,
        change: Change,
        words: list[str],
        synonyms: dict[str, tuple[str, ...]],
        problems: list[Doubt],
    ) -> Report:
        """Write every file and switch to the new bundle, when anything changed. Raises BundleError."""
        previous = change.previous
        tokens = tokenizer_of(tuple(words)).fingerprint
        origin = {"made_by": _made_by(tokens), "tokens": tokens}
        same_maker = previous is not None and previous.base.manifest["made_by"] == origin["made_by"]
        new = [e.part - FIRST_RUN for e in change.beside if e.part >= FIRST_RUN]
        analysed = sum(run >= change.runs.taken for run in new)
        report = Report(
            0, 0, analysed, 0, len(change.removed), 0, True, tuple(p.sentence for p in problems), self.clock.laps
        )
        if previous and same_maker and not new and not change.removed:
            bundle = previous.bundle
            same_words = {k: tuple(v) for k, v in bundle.json("synonyms.json").items()} == synonyms
            if same_words and _places(doubts(bundle)) == _places(problems):
                return self._finished(replace(report, published=False), bundle)
        base = previous.base if previous and same_maker and change.fits_beside() else None
        entries = change.beside if base else change.merged()
        if previous and not previous.verified:
            # What is taken over gets new checksums: damage in it would never be noticed again.
            for bundle in previous.bundles[1:] if base else previous.bundles:
                verify(bundle)
        from kb.indexer.writer import Plan, write  # what weighs and writes takes as long to import as nothing to do

        plan = Plan(entries, change.parts, base, words, synonyms)
        own_passages = write(folder, plan, self.settings.workers, self.progress, self.clock.lap)
        own = {"own_articles": len(entries), "own_passages": own_passages}
        hidden = sorted(change.hidden) if base else []
        manifest = {
            "guzhi": __version__,
            **origin,
            "built": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "articles_folder": str(self.settings.articles),
            **own,
            **_in_force(own, base, hidden),
            "hidden": hidden,
            "steps": {k: round(v, 3) for k, v in self.clock.laps.items()},
            "problems": problems,
        }
        return self._finished(report, publish(self.settings.index, folder, manifest, base))

    def _finished(self, report: Report, bundle: Bundle) -> Report:
        articles, passages = bundle.manifest["articles"], bundle.manifest["passages"]
        seconds = time.perf_counter() - self._started
        reused = articles - report.analysed
        return replace(report, articles=articles, passages=passages, reused=reused, seconds=seconds)


def _in_force(own: dict[str, int], base: Bundle | None, hidden: list[int]) -> dict[str, int]:
    """How many articles and passages a search sees."""
    if base is None:
        return {"articles": own["own_articles"], "passages": own["own_passages"]}
    first = base.array("articles.first")
    covered = int(np.diff(first)[hidden].sum())
    return {
        "articles": base.manifest["own_articles"] - len(hidden) + own["own_articles"],
        "passages": base.manifest["own_passages"] - covered + own["own_passages"],
    }


def _places(problems: Sequence[Doubt]) -> list[tuple[str, int]]:
    """What problems are about, in whichever language they were told."""
    return sorted((p.path, p.line) for p in problems)


def _made_by(tokens: str) -> str:
    """Changes when the same articles would give other weights."""
    made_with = {name: getattr(fields, name) for name in fields.BUILD_TIME}
    return blake2b(json.dumps([SCHEMA, __version__, tokens, made_with]).encode(), digest_size=8).hexdigest()
