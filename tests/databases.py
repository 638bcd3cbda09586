"""The databases that tests run on: SQLite, and PostgreSQL where one is installed (Debian: postgresql)."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kb.database.connection import Store

PROGRAMS = "/usr/lib/postgresql/*/bin"
"""Where Debian puts what it keeps off the path."""
PATIENCE = 60.0


READY = "guzhi_ready"
"""A database with all tables, which others are copies of: a second each is saved."""

OPEN = Store._open
"""By the migrations, see copied()."""


class Cluster(NamedTuple):
    """A running PostgreSQL of our own. port: on 127.0.0.1."""

    port: int
    names: Iterator[int]

    def database(self, empty: bool = False) -> str:
        """The address of a new database; empty: without tables, too."""
        name = f"guzhi_{next(self.names)}"
        self.create(name, "template1" if empty else READY)
        return self.address(name)

    def create(self, name: str, template: str) -> None:
        from sqlalchemy import create_engine, text

        engine = create_engine(self.address("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()

    def address(self, name: str) -> str:
        return f"postgresql+psycopg://guzhi@127.0.0.1:{self.port}/{name}"


def missing() -> str:
    """What keeps tests from running on PostgreSQL, "" for nothing."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "no PostgreSQL tests: psycopg is not installed (pip install guzhi[postgresql])"
    return (
        "" if _program("initdb") else "no PostgreSQL tests: no server is installed (Debian: apt-get install postgresql)"
    )


def _program(name: str) -> str | None:
    folders = sorted(Path("/").glob(PROGRAMS.lstrip("/")), key=lambda p: p.parent.name)
    return shutil.which(name) or next((str(f / name) for f in reversed(folders) if (f / name).exists()), None)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server in a temporary folder, on loopback alone. It refuses to run as root, so then nobody runs it."""
    user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="guzhi-pg-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        options = "-U guzhi -A trust -E UTF8 --locale=C --no-sync".split()
        made = [str(_program("initdb")), "-D", str(data), *options]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, **identity)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
        command = [str(_program("postgres")), "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **identity}
        server: subprocess.Popen[bytes] = subprocess.Popen(command, cwd=folder, **quiet)
        try:
            _wait(port, server)
            cluster = Cluster(port, count())
            cluster.create(READY, "template1")
            _made(cluster.address(READY))
            yield cluster
        finally:
            server.send_signal(signal.SIGINT)  # whoever is still connected is not waited for
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
            server.wait()


def _made(where: str) -> None:
    """All tables in a new database."""
    store = Store(where)
    store.examine()
    store.close()


@contextmanager
def copied(folder: Path) -> Iterator[None]:
    """Inside, each new file of SQLite is a copy of one that was made by the migrations: a tenth of a second each."""
    ready = folder / "ready.db"
    _made(str(ready))

    def open_copy(self: Store) -> Any:
        file = Path(self._where)
        if "://" not in self._where and not file.exists():
            aside = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
            with suppress(OSError):
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ready, aside)
                aside.chmod(0o600)
                with suppress(FileExistsError):
                    os.link(aside, file)  # whole, or not at all
                aside.unlink()
        return OPEN(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_open", open_copy)
        yield


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    import psycopg

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="guzhi", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
