"""A database of an earlier version: brought up to date when it is opened, backed up as it is before that."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from bases import base, pair
from sqlalchemy import select

from kb.database import copying, tables
from kb.database.activity import Feedback
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.errors import StoreError
from kb.keeping.backup import backup
from kb.keeping.drill import drill
from kb.keeping.restore import restore_to
from kb.settings import Settings

OLD = {"alembic_version": 1, "drafts": 0, "renames": 0, "revisions": 2, "searches": 1, "tokens": 1, "verdicts": 1,
       "visits": 0}  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """A base whose database was made by version 0.3.0."""
    settings = base(tmp_path / "base")
    Path(settings.database).unlink()
    with closing(sqlite3.connect(settings.database)) as connection:
        connection.executescript((Path(__file__).parent / "0.3.0.sql").read_text("utf8"))
    assert copying.rows(settings.database) == OLD
    return settings


def test_it_is_brought_up_to_date(old: Settings) -> None:
    """Tokens open, verdicts count, versions are there; what is new is empty."""
    store = Store(old.database)
    found = Access(store).find("kb_of_a_test")
    assert found is not None
    assert (found.name, found.scope, found.expired) == ("alt", "write", False)
    assert [v.article for v in Feedback(store, 365).verdicts()] == ["KB-000013"]
    with store.reading() as session:
        assert len(session.scalars(select(tables.Revision)).all()) == 2
    store.close()
    now = copying.rows(old.database)
    assert {name: now[name] for name in OLD} == OLD
    assert {n for name, n in now.items() if name not in OLD} == {0}


def test_the_way_back(old: Settings, tmp_path: Path) -> None:
    """A backup that is made before an upgrade holds the database as the earlier version knows it, and its drill opens
    it by this version; the base in use is upgraded, the one from the backup is not."""
    lock, keys = pair(tmp_path)
    path = backup(old, tmp_path / "base", tmp_path, lock).path
    Store(old.database).ping()
    restore_to(path, keys, tmp_path / "before")
    with closing(sqlite3.connect(tmp_path / "before" / "guzhi.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert drill(path, keys, old).rows == sum(OLD.values()) - 1


def test_a_newer_database_is_told(old: Settings) -> None:
    """Whoever goes back without the backup is told, and nothing is changed."""
    with closing(sqlite3.connect(old.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match="更新的版本"):
        Store(old.database).ping()
    assert copying.rows(old.database) == OLD
