"""This module notices articles that change under a running server, and has them indexed by a process of its own.

What is made of an index once it is published (steps) is made here too, after every build and after what the site saved.
"""

import logging
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING

from kb.articles.files import look
from kb.bundle import current_name
from kb.errors import BundleError, KbError
from kb.indexer.changes import DICTIONARY, SYNONYMS
from kb.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

log = logging.getLogger(__name__)

State = str
Step = Callable[[Settings], None]
"""What is done with each new index, and once a day, in a process that makes way for others. A function of a module, for
that process is started anew; whatever it raises is logged. It has to know by itself when there is nothing to do."""

LOOK = 5.0
"""Seconds between looks for a new index, when the articles are not looked at."""
LONGEST = 300.0
"""Seconds until a build that failed is tried again, at most: twice as long each time."""
NICENESS = 10


def state(settings: Settings) -> State:
    """Changes with the path, size or time of anything that an index is made of. Raises NotFoundError."""
    found = blake2b(digest_size=16)
    for seen in look(settings.articles):
        found.update(repr(seen).encode("utf8", "surrogatepass"))
    for name in (DICTIONARY, SYNONYMS):
        try:
            stat = (settings.articles / name).stat()
        except OSError:
            continue
        found.update(f"{name} {stat.st_size} {stat.st_mtime_ns}".encode())
    return found.hexdigest()


def watch(
    settings: Settings,
    seconds: float,
    known: State | None,
    steps: Sequence[Step] = (),
    elected: Callable[[], bool] = lambda: True,
) -> None:
    """Look at the articles folder every so many seconds, for as long as the process lives; 0: never.

    known: the state that is indexed already, taken before that build, so that no change falls between; None when that
    is not known: then the folder is looked at once, even with 0.
    steps: what follows each new index, in order. elected: whether this machine is the one that indexes, asked each
    time; who becomes it looks at everything once.
    """
    watcher: Watcher | None = Watcher(settings, seconds, known, steps)
    while True:
        if not elected():
            watcher = None
        else:
            watcher = watcher or Watcher(settings, seconds, None, steps)
            watcher.look()
        time.sleep(seconds or LOOK)


class Watcher:
    """What was seen and done so far. look() does what is due."""

    def __init__(self, settings: Settings, seconds: float, known: State | None, steps: Sequence[Step] = ()) -> None:
        self._settings, self._seconds, self._steps = settings, seconds, steps
        self._known = known
        self._followed: tuple[str, date] | None = None  # the index that the steps were done with, and the day
        self._failures = 0
        self._again = 0.0  # when a build that failed may be tried again, on time.monotonic

    def look(self) -> None:
        """Build when articles changed or the last build failed, then do the steps when there is a new index."""
        if (self._seconds or self._known is None) and time.monotonic() >= self._again:
            seen = _state_or_none(self._settings)
            if seen is not None and seen != self._known:
                self._build(seen)
        name = _name_or_none(self._settings)
        if name is not None and (name, date.today()) != self._followed:
            self._followed = (name, date.today())
            _do(self._steps, self._settings)

    def _build(self, seen: State) -> None:
        command = [sys.executable, "-m", "kb", "build", "--quiet", "--no-meaning"]
        folders = ["--articles", str(self._settings.articles), "--index", str(self._settings.index)]
        result = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode == 0:
            self._known, self._failures, self._again = seen, 0, 0.0
            return
        pause = min((self._seconds or LOOK) * 2**self._failures, max(self._seconds, LONGEST))
        self._failures += 1
        self._again = time.monotonic() + pause
        log.warning("kb build ended with %d, again in %.0f s: %s", result.returncode, pause, result.stderr.strip())


def _do(steps: Sequence[Step], settings: Settings) -> None:
    """The steps in a process beside this one, which gives back what memory they took; what one of them does to it
    does not keep the next from being done."""
    context = multiprocessing.get_context("spawn")
    begun = context.Value("i", 0)
    while begun.value < len(steps):
        process = context.Process(target=_yielding, args=(steps, begun, settings))
        process.start()
        try:
            process.join()
        except BaseException:  # told to stop
            process.terminate()
            raise
        if process.exitcode:
            log.warning("%s ended with %d", steps[max(begun.value - 1, 0)].__name__, process.exitcode)
            begun.value = max(begun.value, 1)


def _yielding(steps: Sequence[Step], begun: "Synchronized[int]", settings: Settings) -> None:
    """begun: how many of the steps were."""
    os.nice(NICENESS)
    while begun.value < len(steps):
        begun.value += 1
        steps[begun.value - 1](settings)


def _state_or_none(settings: Settings) -> State | None:
    try:
        return state(settings)
    except (KbError, OSError):
        return None


def _name_or_none(settings: Settings) -> str | None:
    try:
        return current_name(settings.index)
    except BundleError:
        return None
