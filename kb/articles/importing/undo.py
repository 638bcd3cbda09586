"""This module remembers what imports brought, and takes one back as a whole.

Nothing is deleted: the files move to a folder that no index reads, .undone/import-N beside the articles, in the same
tree, so that they can be put back by hand.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from sqlalchemy import select

from kb.articles.files import digest, find
from kb.articles.importing.bounded import Told
from kb.articles.importing.model import Plan
from kb.articles.importing.plan import carry_out, files_of
from kb.database import tables
from kb.database.connection import Store
from kb.errors import ConflictError, InputError, KbError, NotFoundError
from kb.language import first_of, say

UNDONE = ".undone"
MAX_SHOWN = 5
"""Articles that a sentence names."""
MAX_LISTED = 20


class Brought(NamedTuple):
    """One import. source: names of what was imported; articles: paths below the articles folder; undone: or None."""

    id: int
    at: datetime
    editor: str
    source: str
    articles: tuple[str, ...]
    undone: datetime | None


class Imports:
    """The imports of one base. Every method raises StoreError."""

    def __init__(self, store: Store, root: Path) -> None:
        self._store, self._root = store, root

    def carry_out(
        self, planned: Plan, sources: Sequence[str], editor: str, told: Told | None = None
    ) -> tuple[list[Path], int]:
        """Write what a plan holds and remember it; the articles' files, and the number of the import. Raises KbError.

        Nothing is written when it could not be remembered: then it could not be taken back.
        """
        self._store.ping()
        made = carry_out(planned, told)
        return made, self.note(files_of(planned), sources, editor)

    def note(self, files: Mapping[str, bytes], sources: Sequence[str], editor: str) -> int:
        """Remember what an import wrote: path -> content. Returns its number."""
        with self._store.session() as session:
            digests = {path: digest(content) for path, content in files.items()}
            row = tables.Import(
                at=datetime.now(UTC), editor=editor, source=first_of(sources, MAX_SHOWN), files=digests, undone=None
            )
            session.add(row)
            session.flush()
            return row.id

    def last(self, count: int = MAX_LISTED) -> list[Brought]:
        """The newest first."""
        with self._store.reading() as session:
            rows = session.scalars(select(tables.Import).order_by(tables.Import.id.desc()).limit(count)).all()
        return [Brought(r.id, r.at, r.editor, r.source, tuple(filter(_is_text, r.files)), r.undone) for r in rows]

    def articles(self, number: int) -> list[str]:
        """The paths of the articles that an import brought. Raises NotFoundError."""
        with self._store.reading() as session:
            row = session.get(tables.Import, number)
        if row is None or row.undone is not None:
            raise NotFoundError(say("没有第 {n} 次导入", "there is no import {n}", n=number))
        return sorted(filter(_is_text, row.files))

    def undo(self, number: int, changed_too: bool = False) -> list[str]:
        """Move everything away that an import brought; the paths of the articles that went. All of it or nothing.

        For callers that are alone with the folder (kb.articles.writing.save.Editions.locked). Raises NotFoundError,
        InputError for one that is undone, and ConflictError for articles that were changed since, unless changed_too.
        """
        with self._store.session() as session:
            row = session.get(tables.Import, number)
            if row is None:
                raise NotFoundError(say("没有第 {n} 次导入", "there is no import {n}", n=number))
            if row.undone is not None:
                raise InputError(say("第 {n} 次导入已经撤销过了", "import {n} was undone already", n=number))
            there = {path: made for path, made in row.files.items() if (self._root / path).is_file()}
            changed = [path for path, made in there.items() if digest((self._root / path).read_bytes()) != made]
            if changed and not changed_too:
                raise ConflictError(
                    say(
                        "有 {n} 个文件导入后改过，没有撤销：{names}；连同它们一起撤销请再确认",
                        "{n} files were changed since, nothing was undone: {names}; say that they shall go as well",
                        n=len(changed),
                        names=first_of(changed, MAX_SHOWN),
                    )
                )
            going = set(there) - self._shown_elsewhere(there)
            row.undone = datetime.now(UTC)
            session.flush()
            self._move(sorted(going), self._free(number))
        return [path for path in there if _is_text(path)]

    def _free(self, number: int) -> Path:
        """A folder that is not there yet."""
        wanted = self._root / UNDONE / f"import-{number}"
        others = (wanted.with_name(f"{wanted.name}-{i}") for i in range(2, 1000))
        return next(place for place in (wanted, *others) if not place.exists())

    def _move(self, paths: Sequence[str], to: Path) -> None:
        """All of the files or none. Raises KbError."""
        moved: list[str] = []
        try:
            for path in paths:
                (to / path).parent.mkdir(parents=True, exist_ok=True)
                (self._root / path).rename(to / path)
                moved.append(path)
        except OSError as error:
            for path in reversed(moved):
                (to / path).rename(self._root / path)
            raise KbError(say("没有撤销：{why}", "nothing was undone: {why}", why=error.strerror or error))
        for folder in sorted({p for path in paths for p in PurePosixPath(path).parents}, reverse=True):
            if str(folder) != ".":
                with suppress(OSError):  # one that holds something else stays
                    (self._root / folder).rmdir()

    def _shown_elsewhere(self, brought: Mapping[str, str]) -> set[str]:
        """Pictures of an import that articles of others show by their names."""
        names = {PurePosixPath(p).name: p for p in brought if not _is_text(p)}
        if not names:
            return set()
        texts = (p.read_bytes() for p in find(self._root) if p.relative_to(self._root).as_posix() not in brought)
        return {path for text in texts for name, path in names.items() if name.encode() in text}


def _is_text(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown"))
