"""Work in several processes: the same results in the same order, not too much on its way, every end told."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from kb.errors import BundleError
from kb.indexer import parallel
from kb.indexer.parallel import BATCH, PARALLEL_FROM, in_parallel

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow

Told = list[tuple[str, int, int]]


def times(jobs: Sequence[int], factor: int) -> tuple[int, list[int]]:
    """Each job times a factor, and which process did it."""
    time.sleep(0.02 * (jobs[0] == 0))  # the first batch is the last to be done
    return os.getpid(), [job * factor for job in jobs]


def failing(jobs: Sequence[int]) -> None:
    raise ZeroDivisionError(jobs[0])


def ending(jobs: Sequence[int]) -> None:
    os._exit(9)


def run(count: int, workers: int, told: Told) -> Iterator[tuple[int, list[int]]]:
    return in_parallel(times, range(count), (3,), workers, lambda *step: told.append(step), "step")


@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1, PARALLEL_FROM - 1])
@pytest.mark.parametrize("workers", [1, 2])
def test_few_jobs_need_no_process(count: int, workers: int) -> None:
    """Done here, batch by batch, each told when it is done."""
    told: Told = []
    results = list(run(count, workers, told))
    assert {pid for pid, _ in results} <= {os.getpid()}
    assert [n for _, done in results for n in done] == [3 * n for n in range(count)]
    assert all(len(done) <= BATCH for _, done in results)
    assert told == [("step", min(BATCH * (i + 1), count), count) for i in range(len(results))]


@pytest.mark.parametrize(("workers", "count"), [(1, PARALLEL_FROM), (2, PARALLEL_FROM), (2, 7 * BATCH + 1)])
def test_many_jobs(workers: int, count: int) -> None:
    """Shared among processes or not: the order of the results is that of the jobs."""
    told: Told = []
    results = list(run(count, workers, told))
    pids = {pid for pid, _ in results}
    assert (os.getpid() in pids) == (workers == 1)
    assert len(pids) <= workers
    assert [n for _, done in results for n in done] == [3 * n for n in range(count)]
    assert told[-1] == ("step", count, count)


def test_as_many_as_there_are_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for 0 workers, there are as many as processors; with one of them no process is started."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert {pid for pid, _ in run(PARALLEL_FROM, 0, [])} == {os.getpid()}
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert os.getpid() not in {pid for pid, _ in run(PARALLEL_FROM, 0, [])}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_that_of_the_work(workers: int) -> None:
    """What fails there fails here, and the processes end."""
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(failing, range(PARALLEL_FROM), (), workers, lambda *_: None, "step"))


def test_a_process_that_is_ended_is_told() -> None:
    """A process that the system ends is a sentence with what helps."""
    with pytest.raises(BundleError, match="workers = 1"):
        list(in_parallel(ending, range(PARALLEL_FROM), (), 2, lambda *_: None, "step"))


def test_not_too_much_is_on_its_way() -> None:
    """Work is handed out as results are taken."""
    handed: list[int] = []

    def submit(batch: Sequence[int]) -> "Future[int]":
        handed.append(batch[0])
        future: Future[int] = Future()
        future.set_result(batch[0])
        return future

    for taken, result in enumerate(parallel._in_order(submit, [[n] for n in range(50)], 4), 1):
        assert result == taken - 1
        assert len(handed) - taken <= 4
    assert handed == list(range(50))


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """A build that is killed leaves no process behind that waits for work."""
    program = (
        "import os, sys, time\n"
        "from kb.indexer.parallel import pool\n"
        "if __name__ == '__main__':\n"
        "    processes = pool(1)\n"
        "    print(processes.submit(os.getpid).result(), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    _ends(tmp_path, program)


def _ends(tmp_path: Path, program: str) -> None:
    """Run a program that prints the number of a process of its own, and see that process end."""
    (tmp_path / "program.py").write_text(program, "utf8")
    told = subprocess.run(
        [sys.executable, "-W", "ignore", str(tmp_path / "program.py")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    worker = int(told.stdout)
    for _ in range(600):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {worker} still waits")
