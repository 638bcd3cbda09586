"""This module runs work in processes of its own when there is enough of it to pay."""

import atexit
import contextlib
import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from kb.errors import BundleError
from kb.language import say

Job = TypeVar("Job")
Result = TypeVar("Result")

PARALLEL_FROM = 200
"""Articles; below it, starting processes costs more than they save."""
BATCH = 100
"""Articles that are analysed together: enough to make arrays worth while, few enough to share the work evenly."""

NICE = 10
"""How far work that nobody waits for stands back."""

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
    batches = [jobs[i : i + BATCH] for i in range(0, len(jobs), BATCH)]
    done = 0
    with reported(), contextlib.ExitStack() as stack:
        if workers == 1 or len(jobs) < PARALLEL_FROM:
            results: Iterator[Result] = (work(batch, *arguments) for batch in batches)
        else:
            submit = stack.enter_context(pool(workers)).submit
            results = _in_order(lambda batch: submit(work, batch, *arguments), batches, 2 * workers)
        for batch, result in zip(batches, results, strict=True):
            yield result
            done += len(batch)
            progress(step, done, len(jobs))


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
    submit: Callable[[Sequence[Job]], Future[Result]], batches: Sequence[Sequence[Job]], ahead: int
) -> Iterator[Result]:
    """Results in order, with no more than `ahead` batches on their way: what waits takes memory."""
    waiting: deque[Future[Result]] = deque()
    for batch in batches:
        waiting.append(submit(batch))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def beside(work: Callable[..., object], *arguments: Any) -> BaseProcess:
    """Start work(*arguments) in a process of its own, which leaves the processor to others and ends with this one."""
    process = multiprocessing.get_context("spawn").Process(target=_beside, args=(work, arguments))
    process.start()
    atexit.register(_end, process)  # it would be waited for
    return process


def _end(process: BaseProcess) -> None:
    if not wait([process.sentinel], timeout=0):  # its number may be another's by now
        process.terminate()


def _beside(work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    _begin()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the process that started it
    os.nice(NICE)
    work(*arguments)


def pool(workers: int) -> ProcessPoolExecutor:
    """Processes that end with this one. Started anew, not forked: the caller may have threads."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """A worker whose parent was killed would wait for work for ever.

    It makes millions of small objects without cycles: looking for garbage among them takes a quarter of its time.
    """
    gc.set_threshold(1_000_000)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
