"""This module remembers, beside the index, when the base was backed up and when a backup was proved; one place for work
aside, and who is at it.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from kb.articles.atomic import save
from kb.errors import BackupError, BusyError
from kb.language import say

FILE = ".keeping.json"
LOCK, ASIDE = ".keeping.lock", ".keeping"
SERVING = ".serving"


class Kept(NamedTuple):
    """What is known of backups. made: the last one; drilled: the last that was proved; failed, why: a drill since."""

    made: datetime | None = None
    drilled: datetime | None = None
    failed: datetime | None = None
    why: str = ""


def kept(index: Path) -> Kept:
    """What was noted; nothing where nothing was, or it can't be read."""
    try:
        told = json.loads((index / FILE).read_text("utf8"))
        moments = {key: datetime.fromisoformat(told[key]) for key in ("made", "drilled", "failed") if told.get(key)}
        return Kept(why=str(told.get("why", "")), **moments)
    except (OSError, ValueError, TypeError, AttributeError):
        return Kept()


def note(index: Path, **changed: Any) -> None:
    """Remember something of Kept. Raises KbError."""
    told = kept(index)._replace(**changed)
    moments = {k: v.isoformat() for k, v in told._asdict().items() if isinstance(v, datetime)}
    save(index / FILE, json.dumps({**moments, "why": told.why}, ensure_ascii=False))


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@contextmanager
def workplace(index: Path) -> Iterator[Path]:
    """An empty folder beside the index that only this user may read, for one backup or drill at a time; gone then.

    Raises BusyError, BackupError.
    """
    folder = index / ASIDE
    try:
        index.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = (index / LOCK).open("a")
    except OSError as error:
        raise _unwritable(index, error)
    with lock:
        if not _locked(lock, fcntl.LOCK_EX):
            raise BusyError(
                say("另一个备份或演练正在进行；等它结束再试", "another backup or drill is running; try again later")
            )
        try:
            shutil.rmtree(folder, ignore_errors=True)  # what a killed one left
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise _unwritable(index, error)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _unwritable(index: Path, error: OSError) -> BackupError:
    return BackupError(
        say("{index} 不能写入：{why}", "{index} can't be written: {why}", index=index, why=error.strerror)
    )


@contextmanager
def serving(index: Path) -> Iterator[None]:
    """Inside, and in processes that are forked inside, the base is in use: it is not restored over."""
    try:
        file = (index / SERVING).open("a")
    except OSError:  # where nothing can be written, nothing can be restored either
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)  # whoever looks whether it is held holds it for a moment
        yield


def is_served(index: Path) -> bool:
    """Whether a site of this index is running."""
    try:
        with (index / SERVING).open() as file:
            return not _locked(file, fcntl.LOCK_EX)
    except OSError:
        return False


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def durable(folder: Path) -> None:
    """Wait until what was written to the disk of a folder is there, also its names."""
    os.sync()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
