"""The database: migrations make what the code declares, sessions are whole or nothing, errors are sentences."""

import multiprocessing
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import databases
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import Cluster
from sqlalchemy import create_engine, select, text

from kb.articles.writing.drafts import Drafts
from kb.database import connection as store_module
from kb.database import tables
from kb.database.activity import Feedback
from kb.database.connection import KEPT_CONNECTIONS, Store
from kb.errors import StoreError
from kb.settings import load

MIGRATIONS = Path(tables.__file__).with_name("migrations")


def visit(article: str) -> tables.Visit:
    return tables.Visit(at=datetime.now(UTC), article=article, visitor="v")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    """A database that is a file of SQLite."""
    store = Store(str(tmp_path / "data" / "guzhi.db"))
    yield store
    store.close()


def test_migrations_make_the_declared_tables(store: Store, database: str) -> None:
    """A database brought up by migrations and the declared tables are the same."""
    with store.session():
        pass
    engine = create_engine(database if "://" in database else f"sqlite:///{database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.Base.metadata) == []
    engine.dispose()


def test_head_is_the_last_migration() -> None:
    """The number that says whether a database is up to date is the newest step's."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [tables.HEAD]


def test_a_session_is_whole_or_nothing(store: Store) -> None:
    """What is added before an error is not kept."""

    def fail() -> None:
        with store.session() as session:
            session.add(visit("a"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.session() as session:
        assert session.scalars(select(tables.Visit)).all() == []


def test_moments_come_back_in_utc(store: Store) -> None:
    """SQLite knows no zones; what comes back does."""
    with store.session() as session:
        session.add(visit("a"))
    with store.session() as session:
        at = session.scalars(select(tables.Visit.at)).one()
    assert at.tzinfo is UTC
    assert abs((datetime.now(UTC) - at).total_seconds()) < 600


def _visits(where: str, _: int) -> None:
    store = Store(where)
    for n in range(20):
        with store.session() as session:
            session.scalars(select(tables.Visit.id)).all()  # who reads first and writes then has to wait as well
            session.add(visit(str(n)))


def _at_once(work: Callable[..., None], *arguments: Any, processes: int = 4) -> None:
    """The same in several processes, none of which may fail."""
    context = multiprocessing.get_context("fork")
    started = [context.Process(target=work, args=(*arguments, n)) for n in range(processes)]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0


@pytest.fixture
def empty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, database: str) -> str:
    """The setting of a new database of each kind, without tables."""
    monkeypatch.setattr(Store, "_open", databases.OPEN)
    return request.getfixturevalue("postgresql").database(empty=True) if "://" in database else database


def test_processes_write_side_by_side(empty: str) -> None:
    """Several processes open, migrate and write one new database at once; nothing is lost."""
    _at_once(_visits, empty)
    store = Store(empty)
    with store.session() as session:
        assert len(session.scalars(select(tables.Visit)).all()) == 80
    store.close()


def _say(where: str, n: int) -> None:
    log, drafts = Feedback(Store(where), 30), Drafts(Store(where), "v")
    for i in range(10):
        log.give_verdict("KB-000001", "helpful" if i % 2 else "unhelpful", "v", "卡纸")
        log.give_verdict("KB-000001", "helpful", f"v{n}", "卡纸")
        drafts.keep("a.md", f"{n} {i}", "")


def test_the_last_word_counts_at_once(store: Store, database: str) -> None:
    """A verdict and a draft that one visitor gives from two windows at the same time: one stays, and none fails."""
    with store.session():
        pass
    _at_once(_say, database)
    log = Feedback(store, 30)
    assert len(log.verdicts()) == 5
    assert log.helped(["KB-000001"]) == {"KB-000001": 5}
    assert [draft.text.split()[1] for draft in Drafts(store, "v").all()] == ["9"]


def test_what_no_database_takes(store: Store) -> None:
    """NUL and half characters are left out of texts, wherever they come from."""
    Drafts(store, "v").keep("a.md", "甲\0乙\ud800丙", "")
    assert Drafts(store, "v").all()[0].text == "甲乙?丙"
    assert Drafts(store, "v").find("a\0.md") is not None


def test_connections_are_closed(postgresql: Cluster) -> None:
    """A store that is closed leaves no connection behind, nor does a fork of one that is not."""
    where = postgresql.database()
    store, watching = Store(where), Store(postgresql.address("postgres"))

    def connected() -> int:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = :name"
        with watching.reading() as session:
            return int(session.scalar(text(count), {"name": where.rpartition("/")[2]}) or 0)

    with store.session() as session:
        session.add(visit("a"))
    _at_once(_visits, where, processes=2)
    assert connected() <= KEPT_CONNECTIONS
    with store.session() as session:
        assert len(session.scalars(select(tables.Visit)).all()) == 41
    store.close()
    assert connected() == 0
    watching.close()


def test_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a sentence, and not every request waits for it: it is asked again after a while."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        where = f"postgresql+psycopg://guzhi:secret@127.0.0.1:{closed.getsockname()[1]}/guzhi"
    tries: list[object] = []
    patience = store_module._Patience()
    dialect = SimpleNamespace(loaded_dbapi=SimpleNamespace(OperationalError=ConnectionError))

    def connect(*_: Any, **__: Any) -> None:
        tries.append(None)
        raise ConnectionError("away")

    dialect.connect = connect
    for _ in range(3):
        with pytest.raises(ConnectionError, match="away"):
            patience.connect(dialect, None, [], {})
    assert len(tries) == 1
    monkeypatch.setattr(store_module, "CONNECT_SECONDS", 0)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1") as caught, Store(where).session():
        pass
    assert "secret" not in str(caught.value)


def test_a_fork_has_connections_of_its_own(store: Store) -> None:
    """A store that was used before a fork is used behind it."""
    with store.session() as session:
        session.add(visit("before"))

    def child() -> None:
        with store.session() as session:
            session.add(visit("child"))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
    with store.session() as session:
        assert set(session.scalars(select(tables.Visit.article))) == {"before", "child"}


@pytest.mark.parametrize("where", ["nosuch://x", "postgresql+nosuch://user:secret@host/db", "://"])
def test_an_address_that_is_none(where: str) -> None:
    """A wrong setting is told by its name, without the password in it."""
    with pytest.raises(StoreError, match="database") as caught, Store(where).session():
        pass
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Another file under that name is told, and left as it is."""
    path = tmp_path / "guzhi.db"
    path.write_text("这不是数据库，是别的文件。" * 100, "utf8")
    with pytest.raises(StoreError, match=r"guzhi\.db"), Store(str(path)).session():
        pass
    assert "别的文件" in path.read_text("utf8")


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="data"), Store(str(tmp_path / "data" / "guzhi.db")).session():
        pass


def test_a_newer_database_is_left_alone(file: Store, tmp_path: Path) -> None:
    """A database of a later version is not taken for an old one."""
    with file.session():
        pass
    with sqlite3.connect(tmp_path / "data" / "guzhi.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="9999"), Store(str(tmp_path / "data" / "guzhi.db")).session():
        pass


def test_the_setting_is_a_file_or_an_address(tmp_path: Path) -> None:
    """A file's name starts at the folder of the settings, an address stays as it is."""
    assert load({"database": "x/kb.db"}, tmp_path).database == str(tmp_path / "x" / "kb.db")
    assert load({"database": "postgresql://a@b/c"}, tmp_path).database == "postgresql://a@b/c"


def test_nobody_else_on_this_machine_reads_it(file: Store, tmp_path: Path) -> None:
    """The file and what SQLite puts beside it are for their owner alone."""
    with file.session() as session:
        session.add(visit("a"))
        session.flush()
        files = list((tmp_path / "data").iterdir())
        assert files
        assert all(path.stat().st_mode & 0o077 == 0 for path in files)
