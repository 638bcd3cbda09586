"""This module runs work in processes of its own when there is enough of it to pay."""

import contextlib
import gc
import multiprocessing
import os
import resource
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, TypeVar

from kb.errors import BundleError, InputError, KbError
from kb.language import current, say, use

Job = TypeVar("Job")
Result = TypeVar("Result")

PARALLEL_FROM = 200
"""Articles; below it, starting processes costs more than they save."""
BATCH = 100
"""Articles that are analysed together: enough to make arrays worth while, few enough to share the work evenly."""


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


def within(seconds: int, work: Callable[..., Result], *arguments: Any) -> Result:
    """work(*arguments) in a process of its own, which is ended after that much time of a processor.

    For what a stranger sent: no bound on its size tells how long it takes. Raises the KbErrors of the work itself, and
    InputError when the time is up.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_bounded, args=(sender, seconds, current(), work, arguments), daemon=True)
    process.start()
    sender.close()
    outcome: Any = None
    try:
        if receiver.poll(seconds * WAITING):
            outcome = receiver.recv()
    except (EOFError, OSError):  # the process was ended
        pass
    finally:
        process.kill()
        process.join()
        receiver.close()
    if outcome is None:
        raise InputError(
            say(
                "处理超过 {seconds} 秒，已停止，什么都没有写；请拆成几份",
                "it took more than {seconds} seconds and was stopped, nothing was written; divide it",
                seconds=seconds,
            )
        )
    succeeded, value = outcome
    if not succeeded:
        raise value
    result: Result = value
    return result


WAITING = 5
"""A busy machine takes that much longer than its processor works."""


def _bounded(sender: Any, seconds: int, language: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    _begin()
    use(language)
    try:
        sender.send((True, work(*arguments)))
    except KbError as error:
        sender.send((False, error))


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
