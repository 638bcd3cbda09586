"""This module serves an index and asks it over HTTP, from clients in processes of their own."""

import http.client
import itertools
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from measuring.processes import environment

PROCESSES = 4
"""That share the clients: in one, they would wait for each other more than for the answers."""
HEALTH = "/health"
PATIENCE = 600.0

SERVER = """
from kb.settings import load
from kb.web import create_app
from kb.web.server import Server
settings = load()
Server(create_app(settings), settings).run()
"""
"""What `kb serve` does behind its build, for an index whose articles were never files."""


class Server(NamedTuple):
    """A running server. ready: seconds from its start until it said that it is well."""

    process: int
    port: int
    ready: float


@contextmanager
def serving(command: Sequence[str], folder: Path, **settings: object) -> Iterator[Server]:
    """Start a server in a process group of its own, wait until it is well, and end it afterwards."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(port=port, **settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _is_well(port):
            if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                raise RuntimeError(f"the server did not start: {' '.join(command[:4])}")
            time.sleep(0.02)
        yield Server(process.pid, port, time.perf_counter() - started)
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_well(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", HEALTH)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def embedded() -> tuple[str, ...]:
    """The command that serves an index alone."""
    return (sys.executable, "-c", SERVER)


class Answers(NamedTuple):
    """What clients saw. milliseconds: of each request; errors: answers that were none; seconds: in all."""

    milliseconds: list[float]
    errors: int
    seconds: float


def ask(port: int, queries: Sequence[str], requests: int, clients: int) -> Answers:
    """Ask /search for these queries in turn, over connections that are kept, until all requests are answered."""
    shares = [requests // clients + (i < requests % clients) for i in range(clients)]
    groups = [shares[i::PROCESSES] for i in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.5] * PROCESSES))  # all have started
        started = time.perf_counter()
        found = list(pool.map(partial(_clients, port, list(queries)), groups, range(PROCESSES)))
        seconds = time.perf_counter() - started
    return Answers([ms for times, _ in found for ms in times], sum(errors for _, errors in found), seconds)


def _clients(port: int, queries: Sequence[str], shares: Sequence[int], offset: int) -> tuple[list[float], int]:
    with ThreadPoolExecutor(len(shares) or 1) as threads:
        starts = range(offset, len(queries), max(1, len(queries) // 7))
        found = list(threads.map(partial(_client, port, queries), shares, itertools.cycle(starts)))
    return [ms for times, _ in found for ms in times], sum(errors for _, errors in found)


def _client(port: int, queries: Sequence[str], count: int, start: int) -> tuple[list[float], int]:
    """One connection that asks and reads the whole page, again and again: (milliseconds of each, errors)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times = []
    errors = 0
    for i in range(count):
        address = "/search?" + urlencode({"q": queries[(start + i) % len(queries)]})
        asked = time.perf_counter()
        try:
            connection.request("GET", address)
            response = connection.getresponse()
            errors += response.status != 200 or b"</html>" not in response.read()
        except (OSError, http.client.HTTPException):
            errors += 1
            connection.close()
        times.append((time.perf_counter() - asked) * 1e3)
    connection.close()
    return times, errors
