"""This module keeps processes alive: one that ends is started again, later each time that it ends at once.

It waits for its own children and no others, whatever else the process may have started.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import NamedTuple

from kb.errors import KbError
from kb.language import say

log = logging.getLogger(__name__)

SETTLED = 10.0
"""Seconds after which a process that ends did not end at once."""
PAUSE, LONGEST = 1.0, 60.0
"""Seconds before a process is started again that ended at once: doubled each time, up to the longest."""
MOST_FAILURES = 6
"""So often in a row a process that is needed may end at once."""
GRACE = 8.0
"""Seconds that processes have to end by themselves."""

_fork = multiprocessing.get_context("fork")


class Job(NamedTuple):
    """What a process is for. run: works until it is stopped, by KeyboardInterrupt; needed: nothing goes without it."""

    name: str
    run: Callable[[], None]
    needed: bool = True


class _Child:
    """The process of a job, and how it went with those before. due: when it is to be started, on time.monotonic."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.process: multiprocessing.context.ForkProcess | None = None
        self.due = 0.0
        self._started = 0.0
        self._failures = 0

    def start(self, lifeline: tuple[int, int]) -> None:
        self.process = _fork.Process(target=_live, args=(self.job, *lifeline), name=self.job.name)
        self.process.start()
        self._started = time.monotonic()

    def ended(self) -> None:
        """Decide when the next one is started. Raises KbError when that has been tried too often."""
        assert self.process is not None
        self.process.join()
        now = time.monotonic()
        self._failures = self._failures + 1 if now - self._started < SETTLED else 0
        if self.job.needed and self._failures > MOST_FAILURES:
            raise KbError(
                say(
                    "进程 {name} 一启动就退出，已连续 {n} 次（退出码 {code}）；原因见日志，网站停止",
                    "the process {name} ended at once, {n} times in a row (exit code {code}): see the log; stopped",
                    name=self.job.name,
                    n=self._failures,
                    code=self.process.exitcode,
                )
            )
        pause = min(PAUSE * 2 ** (self._failures - 2), LONGEST) if self._failures > 1 else 0.0
        log.warning("%s ended (%s); another one in %.0f s", self.job.name, self.process.exitcode, pause)
        self.due = now + pause
        self.process = None


def supervise(jobs: Sequence[Job]) -> None:
    """Keep a process for each job until this one is told to stop (SIGTERM, Ctrl+C). They end with it in any case.

    Raises KbError when a process that is needed does not stay.
    """
    children = [_Child(job) for job in jobs]
    lifeline = os.pipe()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            _turn(children, lifeline)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        _stop(children)
        for end in lifeline:
            os.close(end)


def _turn(children: Sequence[_Child], lifeline: tuple[int, int]) -> None:
    """Start what is due, and wait until a process ends or the next is due."""
    now = time.monotonic()
    for child in children:
        if child.process is None and child.due <= now:
            child.start(lifeline)
    running = {c.process.sentinel: c for c in children if c.process is not None}
    waiting = [c.due - now for c in children if c.process is None]
    for sentinel in wait(list(running), min(waiting) if waiting else None):
        running[sentinel].ended()  # type: ignore[index] # wait() gives back what it was given


def _stop(children: Sequence[_Child]) -> None:
    processes = [c.process for c in children if c.process is not None and c.process.pid]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _live(job: Job, lifeline: int, held: int) -> None:
    """What a new process does. It ends with its parent, however that ends: then the other end of the line closes."""
    os.close(held)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=lambda: (os.read(lifeline, 1), os._exit(1)), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        job.run()


def is_alive(process: int) -> bool:
    """Whether there is a process of this number, whoever owns it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
