"""This module answers: how is work on what a stranger sent ended when it takes too long?"""

import gc
import multiprocessing
import os
import resource
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, TypeVar

from kb.errors import InputError, KbError
from kb.language import current, say, use

Result = TypeVar("Result")


WAITING = 5
"""A busy machine takes that much longer than its processor works."""

Told = Callable[[int, int], None]
"""Hears how far some work is: (done, of how many)."""


def within(
    seconds: int,
    work: Callable[..., Result],
    *arguments: Any,
    patience: int = WAITING,
    stopped: str = "",
    told: Told | None = None,
) -> Result:
    """work(*arguments) in a process of its own, which is ended after that much time of a processor.

    For what a stranger sent: no bound on its size tells how long it takes. patience: by the clock it may take that
    many times longer. stopped: what is said then. told: hears what work says by its argument of that name. Raises the
    KbErrors of the work itself, and InputError when the time is up.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_bounded, args=(sender, seconds, current(), work, arguments, told is not None), daemon=True
    )
    process.start()
    sender.close()
    outcome: Any = None
    try:
        while receiver.poll(seconds * patience):
            outcome = receiver.recv()
            if told is None or outcome[0] != PROGRESS:
                break
            told(*outcome[1])
            outcome = None
    except (EOFError, OSError):  # the process was ended
        pass
    finally:
        process.kill()
        process.join()
        receiver.close()
    if outcome is None:
        raise InputError(
            stopped
            or say(
                "处理超过 {seconds} 秒，或占用内存太多，已停止，什么都没有写；请拆成几份",
                "it took over {seconds} seconds, or too much memory, and was stopped; nothing was written; divide it",
                seconds=seconds,
            )
        )
    succeeded, value = outcome
    if not succeeded:
        raise value
    result: Result = value
    return result


MEMORY = 4 * 1024**3
"""Bytes that such a process may ask for."""


PROGRESS = "progress"


def _bounded(
    sender: Any, seconds: int, language: str, work: Callable[..., Any], arguments: tuple[Any, ...], telling: bool
) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with suppress(ValueError, OSError):  # not every system can say so
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    begin()
    use(language)
    try:
        named = {"told": lambda done, total: sender.send((PROGRESS, (done, total)))} if telling else {}
        sender.send((True, work(*arguments, **named)))
    except KbError as error:
        sender.send((False, error))
    except MemoryError:  # nothing sent: the parent says so
        pass


def begin() -> None:
    """To be called first in a process of ours: a worker whose parent was killed would wait for work for ever.

    It makes millions of small objects without cycles: looking for garbage among them takes a quarter of its time.
    """
    gc.set_threshold(1_000_000)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
