"""A real OpenSearch for tests, made of Maven's artifacts alone, where Java and Maven are there.

A cluster is shared by all processes of one run of the tests: the first that asks starts it, and it ends with the run.
Its jars are fetched once and kept in the user's cache. Loopback only, no TLS, no users.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).parent / "opensearch"
HEAP = "512m"
FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Dlog4j2.disable.jmx=true")
"""A node that lives for minutes starts in half the time when nothing of it is compiled twice."""
PATIENCE = 240.0
"""Seconds until a node answers, on a busy machine."""
LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def require() -> None:
    """Skip a test that needs a cluster where there can be none; where CI is set and there could be one, it fails."""
    absent = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
    if absent:
        told = f"there is no {', '.join(absent)} (Debian: default-jdk-headless maven)"
    elif find_spec("opensearchpy") is None:
        told = "opensearch-py is not installed (pip install guzhi[opensearch])"
        if os.environ.get("CI"):
            pytest.fail(told, pytrace=False)
    else:
        return
    pytest.skip(f"no OpenSearch tests: {told}")


class Cluster(NamedTuple):
    """A running cluster. folder: of its nodes, n0, n1, ...; ports: of their HTTP, on 127.0.0.1."""

    folder: Path
    ports: tuple[int, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(f"http://127.0.0.1:{port}" for port in self.ports)

    def ask(self, path: str, node: int = 0, body: Any = None, method: str | None = None) -> Any:
        """The answer of one node, as JSON. Raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.addresses[node] + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def pid(self, node: int) -> int:
        return int((self.folder / f"n{node}" / "pid").read_text())

    def signal(self, node: int, number: signal.Signals) -> None:
        os.kill(self.pid(node), number)

    def kill(self, node: int) -> None:
        """As a power failure does."""
        self.signal(node, signal.SIGKILL)
        _ended(self.pid(node))

    def start(self, node: int) -> None:
        """A node again, with its data."""
        _launch(self, node)

    def wait(self, nodes: int | None = None, health: str = "green") -> None:
        """Until so many nodes, or all, are there and all indexes are well."""
        wanted = len(self.ports) if nodes is None else nodes
        deadline = time.monotonic() + PATIENCE
        while True:
            for node in range(len(self.ports)):
                with suppress(OSError):
                    found = self.ask("/_cluster/health", node)
                    if found["number_of_nodes"] >= wanted and (found["status"] in (health, "green")):
                        return
            living = any(_lives(self.pid(node)) for node in range(len(self.ports)))
            assert living, _log(self.folder)
            assert time.monotonic() < deadline, _log(self.folder)
            time.sleep(0.2)


def shared(name: str, nodes: int) -> Cluster:
    """A cluster of this run of the tests, started by whoever asks first."""
    folder = _of_run() / name
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        described = folder / "ports"
        if not described.exists():
            cluster = Cluster(folder, tuple(_free_ports(nodes)))
            _fetched()
            for node in range(nodes):
                _launch(cluster, node)
            cluster.wait()
            described.write_text(json.dumps(cluster.ports))
        return Cluster(folder, tuple(json.loads(described.read_text())))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Inside, no other process of the run is here."""
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def end() -> None:
    """End all clusters of this run; called by its first process when the others are done."""
    for file in _of_run().glob("*/n*/pid"):
        with suppress(OSError):
            os.kill(int(file.read_text()), signal.SIGKILL)
            _ended(int(file.read_text()))
    shutil.rmtree(_of_run(), ignore_errors=True)


def _of_run() -> Path:
    return Path(tempfile.gettempdir()) / f"guzhi-opensearch-{_run()}"


def _run() -> int:
    """The process that runs the tests: with several workers, the one that started them."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _free_ports(count: int) -> Sequence[int]:
    with socket.socket() as one, socket.socket() as other:
        sockets = (one, other)[:count]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


def _fetched() -> Path:
    """The folder of the jars and of our class, made once for these sources."""
    sources = (HERE / "pom.xml", HERE / "ClusterNode.java")
    digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "guzhi-tests"
    place = cache / f"opensearch-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with alone(cache):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=cache) as aside:
                jars = Path(aside) / "jars"
                fetch = ["mvn", "-q", "-B", "-f", str(sources[0]), "dependency:copy-dependencies"]
                fetch.append(f"-DoutputDirectory={jars}")
                done = subprocess.run(fetch, check=False, capture_output=True, text=True)
                if done.returncode:  # without the network there can be none
                    pytest.skip("no OpenSearch tests: Maven fetches nothing: " + done.stdout.strip()[:300])
                compiled = ["javac", "-d", str(jars), "-cp", f"{jars}/*", str(sources[1])]
                subprocess.run(compiled, check=True, capture_output=True)
                jars.rename(place)
    return place


def _launch(cluster: Cluster, node: int, heap: str = HEAP, flags: Sequence[str] = FLAGS) -> None:
    home = cluster.folder / f"n{node}"
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "log4j2.properties").write_text(LOGGING)
    others = (cluster.folder / f"n{other}" / "transport" for other in range(len(cluster.ports)))
    for place in others:
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(str(_free_ports(1)[0]))
    transport = [int((cluster.folder / f"n{n}" / "transport").read_text()) for n in range(len(cluster.ports))]
    settings = {
        "cluster.name": "guzhi-tests",
        "node.name": f"n{node}",
        "network.host": "127.0.0.1",
        "http.port": cluster.ports[node],
        "transport.port": transport[node],
        "discovery.seed_hosts": ",".join(f"127.0.0.1:{port}" for port in transport),
        "cluster.initial_cluster_manager_nodes": ",".join(f"n{n}" for n in range(len(cluster.ports))),
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "indices.breaker.total.use_real_memory": "false",  # the serial collector lets the heap fill up
        "cluster.fault_detection.leader_check.timeout": "2s",
        "cluster.fault_detection.follower_check.timeout": "2s",
        "node.processors": 2,
    }
    jars = _fetched()
    java = ["java", f"-Xms{heap}", f"-Xmx{heap}", *flags, "-cp", f"{jars}:{jars}/*", "ClusterNode"]
    arguments = [str(home), str(_run()), *(f"{key}={value}" for key, value in settings.items())]
    with (home / "log").open("ab") as log:
        started = subprocess.Popen([*java, *arguments], stdout=log, stderr=log, start_new_session=True)
    started.returncode = 0  # it is no child to wait for: the run ends it, whichever of its processes this one is
    (home / "pid").write_text(str(started.pid))


def _lives(pid: int) -> bool:
    with suppress(ChildProcessError):  # it is a child of whoever started it
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _ended(pid: int) -> None:
    """Wait until a process is gone."""
    deadline = time.monotonic() + 20
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def _log(folder: Path) -> str:
    """The last words of all nodes."""
    return "\n".join(log.read_text(errors="replace")[-2000:] for log in sorted(folder.glob("n*/log")))
