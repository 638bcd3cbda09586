"""This module tries a change out before it is made: what it does to one query, and to the golden ones.

Synonyms widen only queries, so they are tried on the index in force. Any other change gives another index: it is
built aside from a copy of the articles, and thrown away. Nothing of the user's is touched.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kb.articles import files
from kb.articles.atomic import read_text, save, share
from kb.articles.golden import FILE, Golden
from kb.articles.golden import parse as parse_golden
from kb.desk.golden import Outcome, Shift, run, shift
from kb.errors import InputError
from kb.indexer.changes import DICTIONARY, SYNONYMS
from kb.language import say
from kb.model import Change, Why
from kb.search.engine import Engine
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.search.verdict_memory import Remembered

IN_MEMORY = ("query", "synonym")
"""Kinds of changes that are tried without building an index."""


class Effect(NamedTuple):
    """What a change does. rank: the article's new place for the query, 0 for none.

    golden: what becomes of the golden queries; None when the change is to ask something else.
    """

    rank: int
    golden: Shift | None


def sentence(effect: Effect | None) -> str:
    """What a change does; None for one that was not tried."""
    if effect is None:
        return say("没有试：要重建索引", "not tried: it needs a build")
    place = (
        say("这一篇排到第 {rank}", "the article comes to place {rank}", rank=effect.rank)
        if effect.rank
        else say("仍然找不到这一篇", "the article is still not found")
    )
    if effect.golden is None or not sum(map(len, effect.golden[:2])) + effect.golden.same:
        return place
    golden = effect.golden
    told = say(
        "必中查询：{risen} 条上升，{fallen} 条下降，{same} 条不变",
        "golden queries: {risen} rise, {fallen} fall, {same} stay",
        risen=len(golden.risen),
        fallen=len(golden.fallen),
        same=golden.same,
    )
    broken = say("；不再合格：{queries}", "; no longer good: {queries}", queries=" / ".join(golden.broken[:3]))
    return f"{place}{say('；', '; ')}{told}{broken if golden.broken else ''}"


def rehearsed(
    engine: Engine,
    settings: Settings,
    asked: Why,
    builds: bool,
    most: int | None = None,
    remembered: "Remembered | None" = None,
) -> list[tuple[Change, Effect | None]]:
    """Every change of an answer with its effect; None where it would need a build and builds is False.

    most: golden queries that are looked at, all of them by default; unusable ones are passed over.
    remembered: verdicts that pastes are answered with.
    """
    tried = [c for c in asked.changes if builds or c.kind in IN_MEMORY]
    golden = run(engine, _usable(settings.articles)[:most], remembered) if any(c.query is None for c in tried) else []
    return [
        (c, rehearse(engine, settings, asked, c, golden, remembered) if c in tried else None) for c in asked.changes
    ]


def _usable(folder: Path) -> list[Golden]:
    """The golden queries of a folder that can be read; kb check and kb eval tell of the others."""
    try:
        return parse_golden(read_text(folder / FILE))[0]
    except InputError:
        return []


def rehearse(
    engine: Engine,
    settings: Settings,
    asked: Why,
    change: Change,
    golden: Sequence[Outcome],
    remembered: "Remembered | None" = None,
) -> Effect:
    """Try one change of an answer. golden: how the golden queries stand now.

    Takes a few milliseconds a golden query in memory, else as long as a build. Raises KbError.
    """
    if change.query is not None:
        return Effect(engine.rank_of(change.query, asked.article, asked.mode), None)
    with _changed(engine, settings, asked, change) as changed:
        after = run(changed, (o.golden for o in golden), remembered)
        return Effect(changed.rank_of(asked.query, asked.article, asked.mode), shift(golden, after))


@contextlib.contextmanager
def _changed(engine: Engine, settings: Settings, asked: Why, change: Change) -> Iterator[Engine]:
    """The engine as it would be."""
    if change.kind == "synonym":
        yield engine.with_synonyms(change.text)
        return
    from kb.indexer.build import build  # the site tries synonyms only, and must not wait for what builds
    from kb.indexer.meaning import lend

    with tempfile.TemporaryDirectory(prefix="kb-why-") as folder:
        aside = replace(settings, articles=Path(folder, "articles"), index=Path(folder, "index"))
        _copy_articles(settings.articles, aside.articles)
        engine.copied(aside.index)
        _apply(aside.articles, asked, change)
        build(aside)
        lend(settings.index, aside.index)
        yield engine.opened(aside.index)


def _apply(folder: Path, asked: Why, change: Change) -> None:
    """Make a change in a folder of articles."""
    if change.kind == "dictionary":
        path = folder / DICTIONARY
        save(path, f"{read_text(path).rstrip()}\n{change.text}\n")
        return
    path = folder / asked.article.path
    file = files.ArticleFile.of(asked.article.path, files.decode(path.read_bytes(), asked.article.path)[0])
    values = {"aliases": [*asked.article.aliases, change.text]} if change.kind == "alias" else {"status": change.text}
    save(path, files.change(file, values).text)


def _copy_articles(source: Path, target: Path) -> None:
    """What an index is made of; files are shared where the system can, for who changes one here replaces it."""
    vocabulary = (source / name for name in (DICTIONARY, SYNONYMS))
    for path in (*files.find(source), *(p for p in vocabulary if p.is_file())):
        copied = target / files.relative(path, source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        share(path, copied)
