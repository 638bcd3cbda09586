"""This module examines a base once for all who ask: problems of its articles, pairs that say the same, likely synonyms.

It takes seconds to minutes, so it is done beside the site after each new index (kb.indexer.watch), and lies in a file
in the index folder that every process reads. What people decided or mended since counts at once.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from kb import __version__
from kb.articles.atomic import save
from kb.articles.check import Problem, check, check_file, unparsed
from kb.articles.files import ArticleFile, decode
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.errors import ArticleError, KbError, NotFoundError
from kb.language import LANGUAGES, current, use
from kb.model import VERDICTS, Duplicate, Proposal
from kb.people.teams import teams_of
from kb.search.engine import Engine, engines
from kb.search.synonym_mining import read_decided, undecided
from kb.settings import Settings

log = logging.getLogger(__name__)

FILE = ".examined.json"
"""In the index folder."""
MAX_COMPARED = 5000
"""Articles of a base that is searched for duplicates and synonyms."""


@dataclass(frozen=True)
class Examination:
    """What was found. bundle: the name of the index; day: by which reviews are due.

    problems: language -> problems in it; sizes: path of an article with problems -> its size and time then. pairs,
    proposals: fields of Duplicate, articles by their numbers, and of Proposal; None when there are too many articles.
    """

    version: str
    bundle: str
    day: str
    problems: dict[str, list[dict[str, Any]]]
    sizes: dict[str, list[int]]
    pairs: list[dict[str, Any]] | None
    proposals: list[dict[str, Any]] | None


def examine(settings: Settings) -> None:
    """Examine the base in force, unless that was done today. Raises BundleError, NotFoundError, KbError."""
    engine = engines(settings).in_force()
    build, day = engine.build(), date.today().isoformat()
    before = examination(settings.index)
    if before is not None and (before.version, before.bundle, before.day) == (__version__, build.name, day):
        return
    problems = dict(_in_each_language(settings))
    paths = {p.path for found in problems.values() for p in found}
    few = build.articles <= MAX_COMPARED
    found = Examination(
        __version__,
        build.name,
        day,
        {language: [asdict(p) for p in some] for language, some in problems.items()},
        {path: stat for path in sorted(paths) if (stat := _stat(settings.articles / path))},
        [_pair(d) for d in engine.duplicates()] if few else None,
        [asdict(p) for p in engine.synonyms("", _helpful(settings))] if few else None,
    )
    save(settings.index / FILE, json.dumps(asdict(found), ensure_ascii=False))


def _in_each_language(settings: Settings) -> Iterator[tuple[str, list[Problem]]]:
    spoken = current()
    try:
        for language in LANGUAGES:
            use(language)
            yield language, check(settings.articles, None, settings.areas, teams=teams_of(settings))
    finally:
        use(spoken)


def _helpful(settings: Settings) -> list[tuple[str, str]]:
    """Texts, and the articles that helped; none when the log can't be read."""
    store = Store(settings.database)
    log_ = Feedback(store, settings.log_days)
    try:
        said = log_.verdicts() if log_.kept and store.exists() else []
    except KbError as error:
        log.warning("verdicts can't be read: %s", error)
        said = []
    finally:
        store.close()
    return [(v.text, v.article) for v in said if v.verdict == VERDICTS[0]]


def _pair(found: Duplicate) -> dict[str, Any]:
    values = {k: getattr(found, k) for k in ("kind", "sure", "overlap", "names", "words")}
    return {"first": found.first.id, "second": found.second.id, **values}


def _stat(path: Path) -> list[int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


# --- what the pages read ---------------------------------------------------------------------


def examination(folder: Path) -> Examination | None:
    """What was found last, None when nothing was yet. folder: of the index."""
    stat = _stat(folder / FILE)
    return None if stat is None else _read(folder / FILE, *stat)


@lru_cache(maxsize=1)
def _read(path: Path, _size: int, _time: int) -> Examination | None:
    try:
        return Examination(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):  # of another version, or cut short: it is made anew
        return None


def current_problems(found: Examination, settings: Settings) -> list[Problem]:
    """Problems in the current language; an article that was changed since is checked anew."""
    problems = [Problem(**p) for p in found.problems.get(current(), ())]
    paths = dict.fromkeys(p.path for p in problems)
    changed = {path for path in paths if _stat(settings.articles / path) != found.sizes.get(path)}
    kept = [p for p in problems if p.path not in changed]
    for path in changed & found.sizes.keys():  # one that is no article (golden.yml) waits for the next examination
        kept += _checked(settings, path)
    return sorted(kept)


def _checked(settings: Settings, path: str) -> Sequence[Problem]:
    try:
        text, _ = decode((settings.articles / path).read_bytes(), path)
    except OSError:
        return ()
    except ArticleError as error:
        return (unparsed(error, path),)
    return check_file(settings.articles, ArticleFile.of(path, text), settings.areas, teams=teams_of(settings))


def current_pairs(found: Examination, engine: Engine) -> list[Duplicate]:
    """Pairs of which both are still there and neither was archived, as when one was merged into the other."""
    pairs = []
    for values in found.pairs or ():
        with suppress(NotFoundError):
            first, second = (engine.article(values[side]) for side in ("first", "second"))
            if "archived" not in (first.status, second.status):
                lists = {name: tuple(values[name]) for name in ("names", "words")}
                pairs.append(Duplicate(**{**values, **lists, "first": first, "second": second}))
    return pairs


def current_proposals(found: Examination, settings: Settings) -> list[Proposal]:
    """Proposals that were not decided on since. Raises InputError when a file of decisions can't be read."""
    values = (p | {"evidence": tuple(map(tuple, p["evidence"]))} for p in found.proposals or ())
    return undecided([Proposal(**p) for p in values], read_decided(settings.articles))
