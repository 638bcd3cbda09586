"""This module notices articles that change under a running server, and has them indexed by a process of its own.

Vectors of meaning are made after it by another one, which may take long: articles are found by words meanwhile.
"""

import contextlib
import logging
import subprocess
import sys
import threading
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from kb.bundle import current_name
from kb.errors import BundleError, KbError
from kb.indexer.articles import find
from kb.indexer.meaning import fill_quietly
from kb.indexer.processes import beside
from kb.indexer.reading import DICTIONARY, SYNONYMS
from kb.settings import Settings

log = logging.getLogger(__name__)

State = frozenset[tuple[str, int, int]]


def state(settings: Settings) -> State:
    """What the articles folder looks like: path, size and time of everything that an index is made of."""
    found = set()
    for path in (*find(settings.articles), settings.articles / DICTIONARY, settings.articles / SYNONYMS):
        try:
            stat = path.stat()
        except OSError:
            continue
        found.add((str(path), stat.st_size, stat.st_mtime_ns))
    return frozenset(found)


def watch(settings: Settings, seconds: float, known: State) -> threading.Thread:
    """Look at the articles folder every so many seconds, for as long as the process lives.

    known: the state that is indexed already, taken before that build, so that no change falls between.
    """
    thread = threading.Thread(target=_loop, args=(settings, seconds, known, threading.Event()), daemon=True)
    thread.start()
    return thread


def _loop(settings: Settings, seconds: float, known: State, never: threading.Event) -> None:
    vectors = _Vectors(settings)
    while not never.wait(seconds):
        seen = _state_or_none(settings)
        if seen is not None and seen != known:
            command = [sys.executable, "-m", "kb", "build", "--quiet", "--no-meaning"]
            folders = ["--articles", str(settings.articles), "--index", str(settings.index)]
            result = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)  # noqa: S603
            if result.returncode:
                log.warning("kb build: %s", result.stderr.strip())
            else:
                known = seen
        vectors.look()


class _Vectors:
    """Has the vectors of whatever index is in force made, by one process at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: BaseProcess | None = None
        self._done: str | None = None

    def look(self) -> None:
        """Start the process when another index was published than the last one that it was started for."""
        if self._process is not None:
            if not wait([self._process.sentinel], timeout=0):  # not is_alive(): another thread may wait for children
                return
            self._process = None
        with contextlib.suppress(BundleError):
            name = current_name(self._settings.index)
            if name is not None and name != self._done:
                self._done = name
                self._process = beside(fill_quietly, self._settings)


def _state_or_none(settings: Settings) -> State | None:
    try:
        return state(settings)
    except (KbError, OSError):
        return None
