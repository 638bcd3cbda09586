"""This module is the database's connection: sessions, migrations, and errors as sentences. It knows no domain words."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from kb.database.tables import HEAD, Base
from kb.errors import StoreError
from kb.language import say

BUSY_SECONDS = 10
"""How long a writer waits for another one."""
CONNECT_SECONDS = 5
"""How long a server's database has to answer; as long it is then left alone, so that not every request waits for it."""
KEPT_CONNECTIONS = 2
"""To a server's database, by each process; more are made when they are needed, and closed."""
MIGRATING = 0x6775_7A68_69
"""The number of PostgreSQL's lock under which one process at a time changes tables."""


class Store:
    """One database. Safe to share between threads, and across a fork: each process has connections of its own."""

    def __init__(self, where: str) -> None:
        """where: a file of SQLite, made when missing, or an address such as postgresql+psycopg://user@host/guzhi."""
        self._where = where
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._process = 0

    def exists(self) -> bool:
        """Whether there is a file already, or an address that is somebody else's to look after."""
        return "://" in self._where or Path(self._where).exists()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that is committed at its end, or rolled back when something is raised. Raises StoreError."""
        with sentences(self._where):
            engine = self._connected().execution_options(writes=True)
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads: it waits for no writer. Raises StoreError."""
        with sentences(self._where), Session(self._connected(), expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """As session(), for statements alone: what every page writes costs a third of the time without objects."""
        with (
            sentences(self._where),
            self._connected().connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """As reading(), for statements alone."""
        with sentences(self._where), self._connected().connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections; the next session opens new ones."""
        with self._lock:
            engine, self._engine = self._engine, None
            if engine is not None:
                engine.dispose(close=self._process == os.getpid())

    def ping(self) -> None:
        """Raises StoreError when the database does not answer."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def examine(self) -> int:
        """Open the database, bring it up to date, look whether it is whole; its size in bytes. Raises StoreError."""
        with self.reading() as session:
            if session.get_bind().dialect.name != "sqlite":
                return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
            found = session.scalar(text("PRAGMA quick_check(1)"))
            if found != "ok":
                raise StoreError(
                    say(
                        "数据库 {place} 已损坏（{why}）；请用备份恢复",
                        "the database {place} is damaged ({why}); restore a backup",
                        place=self._where,
                        why=found,
                    )
                )
            pages, size = session.scalar(text("PRAGMA page_count")), session.scalar(text("PRAGMA page_size"))
            return int(pages or 0) * int(size or 0)

    def _connected(self) -> Engine:
        with self._lock:
            if self._engine is not None and self._process != os.getpid():
                self._engine.dispose(close=False)  # they are the other process's to close
                self._engine = None
            if self._engine is None:
                self._engine, self._process = self._open(), os.getpid()
            return self._engine

    def _open(self) -> Engine:
        url = make_url(_url(self._where))
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url)
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)
        else:
            limit = {"connect_timeout": str(CONNECT_SECONDS), **url.query} if "psycopg" in url.drivername else url.query
            engine = create_engine(url.set(query=limit), pool_pre_ping=True, pool_size=KEPT_CONNECTIONS)
            event.listen(engine, "do_connect", _Patience().connect)
        try:
            if _version(engine) != HEAD:
                _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine


class _Patience:
    """A server that did not answer is not asked again for some seconds."""

    def __init__(self) -> None:
        self._again = 0.0
        self._said = ""

    def connect(self, dialect: Any, _record: object, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        """What SQLAlchemy asks for a connection (its event do_connect)."""
        failed = dialect.loaded_dbapi.OperationalError
        if time.monotonic() < self._again:
            raise failed(self._said)
        try:
            return dialect.connect(*arguments, **named)
        except failed as error:
            self._again, self._said = time.monotonic() + CONNECT_SECONDS, str(error)
            raise


def insert_into(session: Session, table: type[Base]) -> Any:
    """An insert that can say what is done where there is a row with the same key: each database has its own."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)


def upsert(session: Session, table: type[Base], key: Sequence[str], **values: Any) -> Any:
    """Insert a row, or give the one that has the same key these values: two processes that do so at once lose nothing.

    key: columns of a unique constraint. Returns the row's primary key.
    """
    changed = {name: value for name, value in values.items() if name not in key}
    statement = insert_into(session, table).values(**values).on_conflict_do_update(index_elements=key, set_=changed)
    return session.scalar(statement.returning(*inspect(table).primary_key))


def _url(where: str) -> str:
    if "://" in where:
        return where
    Path(where).parent.mkdir(parents=True, exist_ok=True)
    if not Path(where).exists():  # what people said is nobody else's business on this machine
        os.close(os.open(where, os.O_CREAT | os.O_WRONLY, 0o600))
    return f"sqlite:///{where}"


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    """Readers don't wait for the writer; transactions are ours to begin, so that migrations are whole or not at all."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",  # first: the next one may have to wait
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail instead of waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        if engine.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
        try:
            command.upgrade(config, "head")
        except CommandError as error:  # of a version that this one does not know
            raise StoreError(
                say(
                    "数据库 {place} 是更新的版本建的（{why}）；请升级故知",
                    "the database {place} was made by a newer version ({why}); update Guzhi",
                    place=_shown(str(engine.url)),
                    why=error,
                )
            ) from error


@contextmanager
def sentences(where: str) -> Iterator[None]:
    """Inside, whatever a database complains of is a StoreError that names it without its password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
        raise StoreError(_told(where, error)) from error


def _told(where: str, error: Exception) -> str:
    place = _shown(where)
    if isinstance(error, (ArgumentError, ImportError)):
        return say(
            "设置 database 的值 '{place}' 用不了：{why}",
            "the setting database '{place}' can't be used: {why}",
            place=place,
            why=str(error).replace(where, place),
        )
    why: Any = error.orig if isinstance(error, DBAPIError) else error
    return say("数据库 {place} 用不了：{why}", "the database {place} can't be used: {why}", place=place, why=why)


def _shown(where: str) -> str:
    """An address without its password."""
    if "://" not in where:
        return where
    try:
        return make_url(where).render_as_string()
    except ArgumentError:
        return where.rpartition("@")[2]
