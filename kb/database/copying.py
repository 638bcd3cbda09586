"""This module copies a database while others use it, counts its rows, and loads a copy: SQLite's backup, PostgreSQL's
pg_dump and pg_restore.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, make_url

from kb.database.connection import BUSY_SECONDS, sentences
from kb.errors import StoreError
from kb.language import say

Rows = dict[str, int]
"""Table -> how many rows it has."""

VERSION = "alembic_version"
"""The table that tells which version made the others; it is nobody's work."""


def kind_of(where: str) -> str:
    """What a setting `database` names: sqlite, postgresql, or another that SQLAlchemy knows. Raises StoreError."""
    with sentences(where):
        return make_url(where).get_backend_name() if "://" in where else "sqlite"


def copy(where: str, place: Path) -> Rows:
    """Write a database as it is at one moment to a new file, and count what is in it. Nobody who writes waits for it.

    Raises StoreError, which also tells of a database that is damaged.
    """
    place.touch(mode=0o600)
    with sentences(where):
        return _copy_file(where, place) if kind_of(where) == "sqlite" else _dump(make_url(where), place)


def rows(where: str) -> Rows:
    """How many rows each table has; {} when there is no database yet. Nothing is changed. Raises StoreError."""
    with sentences(where):
        if kind_of(where) != "sqlite":
            engine = create_engine(where)
            try:
                with engine.connect() as connection:
                    names = inspect(connection).get_table_names()
                    return {n: int(connection.scalar(text(f'SELECT count(*) FROM "{n}"')) or 0) for n in names}  # noqa: S608 - names of tables
            finally:
                engine.dispose()
        if not Path(where).exists():
            return {}
        with closing(sqlite3.connect(where, timeout=BUSY_SECONDS)) as connection:
            return _counted(connection)


def work(counted: Rows) -> int:
    """How many rows are somebody's work."""
    return sum(n for name, n in counted.items() if name != VERSION)


def load(where: str, copied: Path, over: bool = False) -> None:
    """Load a copy into a database of PostgreSQL: all of it or, when anything goes wrong, nothing.

    over: what is there goes. Raises StoreError.
    """
    with sentences(where):
        options = ["--clean", "--if-exists"] if over else []
        _run("pg_restore", make_url(where), "--single-transaction", "--no-owner", "--no-privileges", *options,
             str(copied))  # fmt: skip


@contextmanager
def scratch(where: str) -> Iterator[str]:
    """An empty database beside one of PostgreSQL, gone afterwards: its address. Raises StoreError."""
    url = make_url(where)
    name = f"guzhi_drill_{secrets.token_hex(6)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with sentences(where), engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            with sentences(where), engine.connect() as connection:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
    finally:
        engine.dispose()


def _copy_file(where: str, place: Path) -> Rows:
    with closing(sqlite3.connect(where, timeout=BUSY_SECONDS)) as source, closing(sqlite3.connect(place)) as target:
        source.backup(target)  # in one step, so that it is of one moment; in WAL mode writers go on
        target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        found = target.execute("PRAGMA quick_check(1)").fetchone()[0]
        counted = _counted(target)
    if found != "ok":
        raise StoreError(
            say(
                "数据库 {file} 已损坏（{why}），没有复制；请用以前的备份恢复",
                "the database {file} is damaged ({why}) and was not copied; restore an earlier backup",
                file=where,
                why=found,
            )
        )
    return counted


def _counted(connection: sqlite3.Connection) -> Rows:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - names of tables
        for (name,) in names.fetchall()
    }


def _dump(url: URL, place: Path) -> Rows:
    """What pg_dump writes and what is counted are of the same moment, by one snapshot."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            names = inspect(connection).get_table_names()
            counted = {n: int(connection.scalar(text(f'SELECT count(*) FROM "{n}"')) or 0) for n in names}  # noqa: S608 - names of tables
            _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}",
                 f"--file={place}")  # fmt: skip
    finally:
        engine.dispose()
    return counted


def _run(name: str, url: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database. Its password is in no list of processes. Raises StoreError."""
    program = shutil.which(name)
    if program is None:
        raise StoreError(
            say(
                "没有程序 {name}；装上与服务器同版本的 PostgreSQL 客户端（Debian：apt-get install postgresql-client）",
                "there is no program {name}: install PostgreSQL's client of the server's version "
                "(Debian: apt-get install postgresql-client)",
                name=name,
            )
        )
    from psycopg.conninfo import make_conninfo

    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    address = make_conninfo("", **{k: str(v) for k, v in parts.items() if v is not None and k != "password"})
    secret = {"PGPASSWORD": str(url.password)} if url.password is not None else {}
    done = subprocess.run(  # noqa: S603 - no shell
        [program, f"--dbname={address}", "--no-password", *arguments],
        env={**os.environ, **secret},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip().split("\n")[0][:300] or str(done.returncode)
        raise StoreError(say("{name} 没有完成：{why}", "{name} did not finish: {why}", name=name, why=why))
