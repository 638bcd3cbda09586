"""The database: migrations make what the code declares, sessions are whole or nothing, errors are sentences."""

import multiprocessing
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, select

from kb import tables
from kb.errors import StoreError
from kb.settings import load
from kb.store import Store

MIGRATIONS = Path(tables.__file__).with_name("migrations")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "data" / "guzhi.db"))


def visit(article: str) -> tables.Visit:
    return tables.Visit(at=datetime.now(UTC), article=article, visitor="v")


def test_migrations_make_the_declared_tables(store: Store, tmp_path: Path) -> None:
    """A database brought up by migrations and the declared tables are the same."""
    with store.session():
        pass
    engine = create_engine(f"sqlite:///{tmp_path}/data/guzhi.db")
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


def _visits(where: str, count: int) -> None:
    store = Store(where)
    for n in range(count):
        with store.session() as session:
            session.scalars(select(tables.Visit.id)).all()  # who reads first and writes then has to wait as well
            session.add(visit(str(n)))


def test_processes_write_side_by_side(tmp_path: Path) -> None:
    """Several processes open, migrate and write one new database at once; nothing is lost."""
    where = str(tmp_path / "guzhi.db")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_visits, args=(where, 20)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with Store(where).session() as session:
        assert len(session.scalars(select(tables.Visit)).all()) == 60


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


def test_a_newer_database_is_left_alone(store: Store, tmp_path: Path) -> None:
    """A database of a later version is not taken for an old one."""
    with store.session():
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


def test_nobody_else_on_this_machine_reads_it(store: Store, tmp_path: Path) -> None:
    """The file and what SQLite puts beside it are for their owner alone."""
    with store.session() as session:
        session.add(visit("a"))
        session.flush()
        files = list((tmp_path / "data").iterdir())
        assert files
        assert all(path.stat().st_mode & 0o077 == 0 for path in files)
