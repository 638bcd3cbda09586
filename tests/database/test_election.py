"""One of several machines is elected by the database, and another one when it is gone."""

from pathlib import Path

import databases
import pytest
from sqlalchemy import text

from kb.database.connection import Store
from kb.database.election import Election, holder
from kb.indexer.watch import Watcher, watch
from kb.settings import Settings


def test_one_at_a_time(postgresql: databases.Cluster) -> None:
    """The first that asks has the office until its connection is gone, however that happened."""
    where = postgresql.database()
    first, second = (Election(Store(where), name) for name in ("guzhi-a", "guzhi-b"))
    other = Store(where)
    assert holder(other) is None
    assert [first.held(), second.held(), first.held()] == [True, False, True]
    assert holder(other) == "guzhi-a"
    with other.writing() as connection:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guzhi-a'"
        connection.execute(text(ended))
    assert second.held()
    assert holder(other) == "guzhi-b"
    assert not first.held()  # what is left of it knows that it is no more
    assert not first.held()
    second.close()
    assert first.held()
    first.close()
    other.close()


def test_a_file_is_one_machines(tmp_path: Path) -> None:
    """SQLite needs no election."""
    store = Store(f"{tmp_path}/guzhi.db")
    assert Election(store, "guzhi-a").held()
    assert holder(store) == ""
    store.close()


def test_who_is_not_elected_looks_at_nothing(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A machine follows the articles only while it is the one, and looks at everything when it becomes it."""
    looked: list[tuple[Watcher, str | None]] = []
    answers = iter([False, True, False, True, True])
    monkeypatch.setattr(Watcher, "look", lambda self: looked.append((self, self._known)))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(StopIteration):
        watch(settings, 1.0, "a state", elected=lambda: next(answers))
    assert [known for _, known in looked] == [None, None, None]
    assert looked[1][0] is looked[2][0] is not looked[0][0]
