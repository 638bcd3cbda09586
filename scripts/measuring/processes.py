"""This module runs things in processes of their own and tells what they cost: seconds, processors, memory."""

import multiprocessing
import os
import resource
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
KB = (sys.executable, "-m", "kb")
SAMPLED_EVERY = 0.2
PAGE = os.sysconf("SC_PAGE_SIZE")


def environment(**settings: object) -> dict[str, str]:
    """This environment with these settings of Guzhi and no others, for a process that is started."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("KB_")}
    path = os.pathsep.join([str(ROOT), *filter(None, [own.get("PYTHONPATH")])])
    return own | {"PYTHONPATH": path} | {"KB_" + k.upper(): str(v) for k, v in settings.items()}


def kb(*words: str, cwd: Path | str, check: bool = True, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command of Guzhi's. Raises CalledProcessError, unless it need not succeed."""
    return subprocess.run(
        [*KB, *words], cwd=cwd, env=environment(**settings), check=check, capture_output=True, text=True
    )


def resident(process: int) -> int:
    """Bytes of memory a process has, its mapped files included; 0 when it has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * PAGE
    return 0


def children() -> dict[int, list[int]]:
    """Of each process those that it started and that have not ended."""
    found = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has just ended
                state, parent = (entry / "stat").read_text("utf8", "replace").rpartition(")")[2].split()[:2]
                if state != "Z":
                    found[int(parent)].append(int(entry.name))
    return found


def family(process: int) -> list[int]:
    """A process and all that it started, directly or not."""
    started = children()
    found = [process]
    for one in found:
        found += started.get(one, [])
    return found


def shared_out(process: int) -> int:
    """Bytes of memory of a process and all that it started, what several of them share counted once."""
    total = 0
    for one in family(process):
        with suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text("ascii").splitlines()
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


class Cost(NamedTuple):
    """What a function cost. cpu: processor seconds, peak: bytes, what several share counted once; both with the
    processes it started."""

    seconds: float
    cpu: float
    peak: int


class _Peak:
    """The most memory that this process and those it started had at once, looked at every so often."""

    def __enter__(self) -> "_Peak":
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._done.wait(SAMPLED_EVERY):
            self.bytes = max(self.bytes, shared_out(os.getpid()))

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.bytes = max(self.bytes, shared_out(os.getpid()))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _measured(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Cost]:
    with _Peak() as peak:
        started, used = time.perf_counter(), _cpu()
        result = function(*arguments)
        seconds, cpu = time.perf_counter() - started, _cpu() - used
    return result, Cost(seconds, cpu, peak.bytes)


def fresh(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Cost]:
    """Call a function in a new process: its result, and what it cost there."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        result: tuple[Any, Cost] = process.submit(_measured, function, arguments).result()
        return result
