"""This module builds an index bundle: read what changed, write everything aside, publish in one step."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from kb import __version__, fields
from kb.bundle import SCHEMA, building, publish
from kb.errors import BundleError
from kb.indexer.processes import Progress
from kb.indexer.reading import analyse_documents, gone, previous_build, read, sources, vocabulary_files
from kb.indexer.writing import Clock, Plan, write
from kb.language import say
from kb.model import Article
from kb.settings import Settings
from kb.tokens import Tokenizer


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

    full: look at nothing of an earlier build. Nothing is published when nothing changed.
    Raises BusyError, BundleError (nothing can be written), NotFoundError (no such folder).
    """
    progress = progress or (lambda step, done, total: None)
    started = time.perf_counter()
    clock = Clock()
    found = list(sources(settings.articles))
    words, synonyms, problems = vocabulary_files(settings.articles)
    tokenizer = Tokenizer(words)
    made_by = _made_by(tokenizer, synonyms)
    with building(settings.index) as folder:
        previous = None if full else previous_build(settings.index, tokenizer)
        entries, skipped = read(found, previous, settings, words, progress)
        clock.lap("read")
        removed = len(gone(previous, entries))
        problems += skipped
        analysed = sum(e.rows is not None for e in entries)
        report = Report(
            len(entries), 0, analysed, len(entries) - analysed, removed, 0, False, tuple(problems), clock.laps
        )
        if previous and not analysed and not removed and previous.bundle.manifest["made_by"] == made_by:
            seconds = time.perf_counter() - started
            return replace(report, passages=previous.bundle.manifest["passages"], seconds=seconds)
        plan = Plan(entries, previous, words, synonyms, {"made_by": made_by, "tokens": tokenizer.fingerprint}, problems)
        passages = _publish(settings, folder, plan, progress, clock)
    return replace(report, passages=passages, seconds=time.perf_counter() - started, published=True)


def build_documents(settings: Settings, articles: Sequence[Article], progress: Progress | None = None) -> Report:
    """Build an index of articles that are in memory already, such as a judged set's documents."""
    progress = progress or (lambda step, done, total: None)
    started = time.perf_counter()
    clock = Clock()
    tokenizer = Tokenizer()
    with building(settings.index) as folder:
        entries = analyse_documents(articles, settings, progress)
        clock.lap("read")
        made_by = _made_by(tokenizer, {})
        plan = Plan(entries, None, [], {}, {"made_by": made_by, "tokens": tokenizer.fingerprint}, [])
        passages = _publish(settings, folder, plan, progress, clock)
    seconds = time.perf_counter() - started
    return Report(len(entries), passages, len(entries), 0, 0, seconds, True, (), clock.laps)


def _publish(settings: Settings, folder: Path, plan: Plan, progress: Progress, clock: Clock) -> int:
    """Write every file and switch to the new bundle; returns the number of passages. Raises BundleError."""
    try:
        passages = write(folder, plan, progress, clock)
        manifest = {
            "guzhi": __version__,
            **plan.origin,
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


def _made_by(tokenizer: Tokenizer, synonyms: dict[str, tuple[str, ...]]) -> str:
    """Changes when the same articles would give another bundle."""
    weights = [v for k, v in sorted(vars(fields).items()) if isinstance(v, float)]
    parts = json.dumps([SCHEMA, __version__, tokenizer.fingerprint, weights, sorted(synonyms.items())])
    return blake2b(parts.encode(), digest_size=8).hexdigest()
