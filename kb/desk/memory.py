"""This module keeps the verdicts that pastes are answered with: as new as the log, read again when one comes."""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import StoreError
from kb.privacy import without_placeholders
from kb.search.engine import Engine
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.database.activity import Feedback
    from kb.search.verdict_memory import Remembered

log = logging.getLogger(__name__)

AT_ONCE = 300
"""Verdicts that are read while a request waits; the first time, more of them are read beside it."""


class Memory:
    """The verdicts of one log, made ready for an engine. Safe to share between threads."""

    def __init__(self, feedback: "Feedback") -> None:
        self._feedback = feedback
        self._lock = threading.Lock()
        self._made: tuple[object, Engine, Remembered] | None = None

    def remembered(self, engine: Engine, wait: bool = False) -> "Remembered | None":
        """What is remembered; None when that is nothing, or the log can't be read.

        One thread at a time reads new verdicts; the others go on with what was known before.
        wait: many verdicts are read here, too, not beside.
        """
        try:
            state = self._feedback.state()
            if not self._is_current(state, engine) and self._lock.acquire(blocking=False):
                if self._made is None and state[0] > AT_ONCE and not wait:
                    threading.Thread(target=self._renew, args=(state, engine), daemon=True).start()
                else:
                    self._renew(state, engine)
        except StoreError as error:
            log.warning("verdicts can't be read: %s", error)
        return self._made[2] if self._made and len(self._made[2]) else None

    def _renew(self, state: object, engine: Engine) -> None:
        """For who holds the lock."""
        try:
            self._made = (state, engine, self._read(engine))
        except StoreError as error:
            log.warning("verdicts can't be read: %s", error)
        finally:
            self._lock.release()

    def _is_current(self, state: object, engine: Engine) -> bool:
        return self._made is not None and self._made[0] == state and self._made[1] is engine

    def _read(self, engine: Engine) -> "Remembered":
        earlier = self._made[2] if self._made else None
        verdicts = self._feedback.verdicts() if self._feedback.kept else []
        told = [v._replace(text=without_placeholders(v.text)) for v in verdicts]
        return engine.remember(told, earlier)


def remembered_by(settings: Settings, engine: Engine) -> "Remembered | None":
    """The same for a command that asks once: what the log of an installation tells. A log is not made for that."""
    if settings.log_days <= 0 or ("://" not in settings.database and not Path(settings.database).exists()):
        return None
    from kb.database.activity import Feedback  # the database's packages cost more than an answer without them
    from kb.database.connection import Store

    store = Store(settings.database)
    try:
        return Memory(Feedback(store, settings.log_days)).remembered(engine, wait=True)
    finally:
        store.close()
