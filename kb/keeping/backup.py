"""This module writes a backup of a base while it is used: one encrypted file, whole or not at all."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from kb.database import copying
from kb.errors import BackupError, InputError
from kb.keeping import base, record, rotation
from kb.keeping.archive import Contents, packed
from kb.keeping.rotation import Keep
from kb.keeping.sealing import Lock, seal
from kb.language import say
from kb.settings import Settings

PART = ".part"


class Backup(NamedTuple):
    """What was written. size: bytes; files, articles, rows: what is in it; gone: older ones that were deleted."""

    path: Path
    size: int
    files: int
    articles: int
    rows: int
    gone: tuple[Path, ...]


def backup(settings: Settings, folder: Path, target: Path, lock: Lock, name: str = "guzhi") -> Backup:
    """Write a backup into the folder target and delete there what of its name need not stay.

    folder: of kb.toml. Raises InputError, StoreError, BusyError, BackupError; then all older ones are untouched.
    """
    _check(settings, target, name)
    with record.workplace(settings.index) as aside:
        rows = base.database(settings, aside)
        contents, known = Contents(), base.facts(settings, rows)
        places = base.places(settings, folder, aside, target)
        made = record.now()
        path = target / rotation.file_name(name, made, ".age" if lock.recipients else ".age.tar")
        with _written(path, name) as file:
            seal(
                packed(places, contents, lambda: {**known, "articles": base.articles_among(contents.files)}), file, lock
            )
    gone = _rotated(target, name, Keep(*settings.backup_keep))
    record.note(settings.index, made=made)
    articles = base.articles_among(contents.files)
    return Backup(path, path.stat().st_size, len(contents.files), articles, copying.work(rows or {}), gone)


def _check(settings: Settings, target: Path, name: str) -> None:
    if not re.fullmatch(r"\w[\w-]*", name):
        raise InputError(
            say(
                "名字 '{name}' 用不了：用字母、数字、- 与 _",
                "the name '{name}' can't be used: letters, digits, - and _",
                name=name,
            )
        )
    if not target.is_dir():
        raise InputError(
            say(
                "没有文件夹 {path}：备份盘挂上了吗？先建好它",
                "there is no folder {path}: is the disk for backups mounted? make the folder first",
                path=target,
            )
        )
    if not settings.articles.is_dir():
        raise InputError(say("没有文章文件夹 {path}", "there is no folder of articles {path}", path=settings.articles))


@contextmanager
def _written(path: Path, name: str) -> Iterator[IO[bytes]]:
    """A file that is there under its name when all of it is on the disk, and not at all otherwise."""
    try:
        for left in path.parent.glob(f".{name}-*{PART}"):  # of one that was killed; there is one at a time
            left.unlink(missing_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{name}-", suffix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            Path(aside).unlink(missing_ok=True)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BackupError(
            say(
                "备份没有写成：{why}（{path}）；以前的备份都在",
                "no backup was written: {why} ({path}); the earlier ones are as they were",
                path=error.filename or path.parent,
                why=error.strerror or error,
            )
        )


def _rotated(target: Path, name: str, keep: Keep) -> tuple[Path, ...]:
    try:
        return tuple(rotation.rotate(target, name, keep))
    except OSError as error:
        raise BackupError(
            say(
                "备份已写成，但旧的删不掉：{why}（{path}）",
                "the backup was written, but an old one can't be deleted: {why} ({path})",
                path=error.filename,
                why=error.strerror,
            )
        )
