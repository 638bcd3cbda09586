"""This module carries a base over to another engine, and proves it: the same articles, read from the same files, and
the golden queries at the same places.

Nothing is taken away from the engine before: until the setting is changed the site answers from that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.articles import golden as golden_file
from kb.articles.atomic import read_text
from kb.desk import golden, publishing
from kb.errors import InputError, SettingsError
from kb.indexer.parallel import Progress
from kb.language import say
from kb.search.engine import engines
from kb.settings import OFF, Settings

SHOWN = 20
"""Differences that are told."""


@dataclass(frozen=True)
class Moved:
    """What was carried over.

    missing: paths that the new engine lacks; others: those it has beside, or read from another state of the file.
    golden: queries that were asked of both; fallen: those that stand lower than before.
    """

    articles: int
    passages: int
    missing: tuple[str, ...]
    others: tuple[str, ...]
    golden: int
    fallen: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not (self.missing or self.others or self.fallen)


def move(settings: Settings, to: str, progress: Progress | None = None) -> Moved:
    """Bring another engine up to date, and compare it with the one of this machine. Raises KbError."""
    if to == "opensearch" and not settings.opensearch:
        raise SettingsError(
            say(
                '先在 kb.toml 里写 opensearch = ["https://…"]，再运行一次',
                'first write opensearch = ["https://..."] into kb.toml, then run it again',
            )
        )
    there = replace(settings, engine="opensearch" if settings.opensearch else "embedded", encoder=OFF)
    here = replace(settings, engine="embedded")
    publishing.build(here if to == "embedded" else there, progress=progress)
    return compared(here, there, to)


def compared(here: Settings, there: Settings, to: str) -> Moved:
    """How the engine of files and that of the cluster differ; `to` is the one that has to have all of the other."""
    settings = {"embedded": here, "opensearch": there}
    after = engines(settings[to]).in_force()
    before = engines(settings["embedded" if to == "opensearch" else "opensearch"]).in_force()
    had, has = dict(before.digests()), dict(after.digests())
    missing = sorted(had.keys() - has.keys())
    others = sorted(path for path, digest in has.items() if had.get(path) != digest)
    queries = list(_golden(here))
    outcomes = [golden.run(engine, queries) for engine in (before, after)]
    build = after.build()
    fallen = golden.shift(*outcomes).fallen
    return Moved(build.articles, build.passages, tuple(missing), tuple(others), len(queries), fallen)


def _golden(settings: Settings) -> Iterator[golden_file.Golden]:
    """Golden queries, where there are any."""
    try:
        yield from golden_file.parse(read_text(settings.articles / golden_file.FILE))[0]
    except InputError:
        return
