"""This module elects one of several machines that share a database: who holds its lock is the one, until he is gone.

PostgreSQL lets go of a session's lock when the session ends, however that ends: no clock, no name that is left behind.
A file of SQLite is one machine's, which is elected already.
"""

import threading
from contextlib import ExitStack, suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from kb.database.connection import Store
from kb.errors import StoreError

INDEXING = 0x6775_7A69_78
"""The number of the lock of the machine that indexes."""

_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' "
    "AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((l.classid::bigint << 32) | l.objid::bigint) = :lock"
)


class Election:
    """One machine's wish for an office. name: by which the others know the one who holds it, 60 characters at most."""

    def __init__(self, store: Store, name: str, lock: int = INDEXING) -> None:
        self._store, self._name, self._lock = store, name, lock
        self._kept = ExitStack()
        self._connection: Connection | None = None
        self._alone = threading.Lock()

    def held(self) -> bool:
        """Whether this machine is the one, asked of the database each time; False while that does not answer."""
        with self._alone:
            try:
                if self._connection is None:
                    return self._try()
                self._connection.execute(text("SELECT 1"))
                self._connection.commit()
            except (StoreError, SQLAlchemyError):
                self._let_go()
                return False
            return True

    def _try(self) -> bool:
        kept = ExitStack()
        connection = kept.enter_context(self._store.asking())
        if connection.dialect.name == "sqlite":
            kept.close()
            return True
        connection.detach()  # given back to the others it would keep the lock
        named = text("SELECT set_config('application_name', :name, false), pg_try_advisory_lock(:lock)")
        row = connection.execute(named, {"name": self._name, "lock": self._lock}).one()
        connection.commit()
        if row[1]:
            self._kept, self._connection = kept, connection
        else:
            kept.close()
        return bool(row[1])

    def _let_go(self) -> None:
        kept, self._kept, self._connection = self._kept, ExitStack(), None
        with suppress(StoreError, SQLAlchemyError):  # it is gone already
            kept.close()

    def close(self) -> None:
        """Give the office up."""
        with self._alone:
            self._let_go()


def holder(store: Store, lock: int = INDEXING) -> str | None:
    """The name of the machine that holds an office, None for nobody; "" where nobody shares the database.

    Raises StoreError.
    """
    with store.asking() as connection:
        if connection.dialect.name == "sqlite":
            return ""
        found = connection.execute(_HOLDER, {"lock": lock}).scalar()
        return None if found is None else str(found)
