"""This module runs work in processes of its own when there is enough of it to pay."""

import contextlib
import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from kb.articles.importing.bounded import begin
from kb.errors import BundleError
from kb.language import say

Job = TypeVar("Job")
Result = TypeVar("Result")

PARALLEL_FROM = 200
"""Articles; below it, starting processes costs more than they save."""
BATCH = 100
"""Articles that are analysed together: enough to make arrays worth while, few enough to share the work evenly."""
AHEAD = 16
"""Batches for each process that may wait to be taken: it works on while a run is completed, which takes seconds."""


Progress = Callable[[str, int, int], None]
"""Called with a step's name, what is done and what there is to do."""


def in_parallel(
    work: Callable[..., Result],
    jobs: Sequence[Job],
    arguments: tuple[Any, ...],
    workers: int,
    progress: Progress,
    step: str,
) -> Iterator[Result]:
    """work(some jobs, *arguments) for all jobs, in order. workers: 0 for as many as there are processors."""
    workers = workers or os.cpu_count() or 1
    batches = (jobs[i : i + BATCH] for i in range(0, len(jobs), BATCH))
    with reported(), contextlib.ExitStack() as stack:
        if workers == 1 or len(jobs) < PARALLEL_FROM:
            results: Iterator[Result] = (work(batch, *arguments) for batch in batches)
        else:
            submit = stack.enter_context(pool(workers)).submit
            results = _in_order(lambda batch: submit(work, batch, *arguments), batches, AHEAD * workers)
        for number, result in enumerate(results, 1):
            yield result
            progress(step, min(number * BATCH, len(jobs)), len(jobs))


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Inside, nobody looks for circles among what was read: that would look through all of it again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Inside, a process that was ended by the system is a BundleError."""
    try:
        yield
    except BrokenProcessPool:
        raise BundleError(
            say(
                "读取文章的进程被中止（内存不足？）；设置 workers = 1 再试",
                "a process that read articles was ended (out of memory?); try again with workers = 1",
            )
        )


def _in_order(
    submit: Callable[[Sequence[Job]], Future[Result]], batches: Iterable[Sequence[Job]], ahead: int
) -> Iterator[Result]:
    """Results in order, with no more than `ahead` batches on their way: what waits takes memory."""
    waiting: deque[Future[Result]] = deque()
    for batch in batches:
        waiting.append(submit(batch))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def pool(workers: int) -> ProcessPoolExecutor:
    """Processes that end with this one. Started anew, not forked: the caller may have threads."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=begin)
