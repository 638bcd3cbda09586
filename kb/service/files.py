"""This module keeps the files that come with cases: bytes in a folder under their digest, what was read of them beside.

A file is kept once, however often it comes. Its name and kind are what its sender said: nothing is believed of them.
"""

import os
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.desk.intake import MAX_BYTES, read
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.settings import CASE_FILES, Settings

MAX_FILES = 10
"""Of one entry."""
_DIGEST = re.compile("[0-9a-f]{64}")


class Kept(NamedTuple):
    """A file. size: bytes; kind: mail, log, text, picture, or file for what could not be read; text: what was read."""

    digest: str
    name: str
    size: int
    kind: str
    text: str


class Files:
    """The files of one base. Every method raises StoreError when its database can't be used."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder

    def keep(self, name: str, data: bytes) -> Kept:
        """Keep a file, and read it for the suggester as far as that can be. Raises InputError."""
        name = " ".join(name.replace("\\", "/").rpartition("/")[2].split())[:200] or say("文件", "file")
        if not data:
            raise InputError(say("{name} 是空的", "{name} is empty", name=name))
        if len(data) > MAX_BYTES:
            raise InputError(
                say("{name} 超过 {n} MB", "{name} is larger than {n} MB", name=name, n=MAX_BYTES // 1_000_000)
            )
        digest = sha256(data).hexdigest()
        kind, text = _read(name, data)
        self._write(digest, data)
        kept = Kept(digest, name, len(data), kind, text)
        with self._store.session() as session:
            upsert(session, tables.CaseFile, ("digest",), at=datetime.now(UTC), **kept._asdict())
        return kept

    def of(self, digests: Collection[str]) -> Mapping[str, Kept]:
        """What is known of these files."""
        if not digests:
            return {}
        with self._store.reading() as session:
            rows = session.scalars(select(tables.CaseFile).where(tables.CaseFile.digest.in_(digests)))
            return {r.digest: Kept(r.digest, r.name, r.size, r.kind, r.text) for r in rows}

    def path(self, digest: str) -> Path:
        """Where the bytes of a file are. Raises NotFoundError."""
        place = self._place(digest) if _DIGEST.fullmatch(digest) else None
        if place is None or not place.is_file():
            raise NotFoundError(say("没有这个文件", "there is no such file"))
        return place

    def _write(self, digest: str, data: bytes) -> None:
        """Whole or not at all; what is there under a digest is that file."""
        place = self._place(digest)
        if place.exists():
            return
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = place.with_name(f".{digest}.{os.getpid()}.new")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(place)

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def _read(name: str, data: bytes) -> tuple[str, str]:
    """(kind, text) of a file; what is no text is kept as it is."""
    try:
        found = read(name, data)
    except InputError:
        return "file", ""
    return found.kind, found.text


def opened(settings: Settings, store: Store) -> Files:
    """The files of a base, beside its articles."""
    return Files(store, settings.articles.parent / CASE_FILES)
