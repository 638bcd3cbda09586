"""This module runs work in processes of its own when there is enough of it to pay."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, TypeVar

from kb.errors import BundleError
from kb.language import say

Result = TypeVar("Result")

PARALLEL_FROM = 200
"""Articles; below it, starting processes costs more than they save."""
BATCH = 16

Progress = Callable[[str, int, int], None]
"""Called with a step's name, what is done and what there is to do."""


def in_parallel(
    work: Callable[[Any], Result], jobs: Sequence[tuple[Any, ...]], workers: int, progress: Progress, step: str
) -> Iterator[Result]:
    """Results in order of the jobs. workers: 0 for as many as there are processors."""
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(jobs) < PARALLEL_FROM:
        for done, job in enumerate(jobs, 1):
            yield work(job)
            progress(step, done, len(jobs))
        return
    try:
        with pool(workers) as processes:
            for done, result in enumerate(processes.map(work, jobs, chunksize=BATCH), 1):
                yield result
                progress(step, done, len(jobs))
    except BrokenProcessPool:
        raise BundleError(
            say(
                "读取文章的进程被中止（内存不足？）；设置 workers = 1 再试",
                "a process that read articles was ended (out of memory?); try again with workers = 1",
            )
        )


def pool(workers: int) -> ProcessPoolExecutor:
    """Processes that end with this one. Started anew, not forked: the caller may have threads."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
