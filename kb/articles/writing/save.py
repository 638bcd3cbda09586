"""This module answers: how is an article's file saved so that nobody's work is lost?

A file is replaced only while it is what the editor started from, and every version goes into the history first:
the editor's, and one that came from outside the site (by git, by another program).
"""

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select, update

from kb.articles.atomic import save
from kb.articles.files import ArticleFile, change, decode, digest, is_article
from kb.articles.numbering import next_number
from kb.articles.writing.form import edited, encoded
from kb.database import tables
from kb.database.connection import Store
from kb.errors import ConflictError, InputError, KbError, NotFoundError
from kb.language import say
from kb.privacy import ARTICLE_KINDS, masked

MAX_REVISIONS = 200
"""Versions of an article that are kept."""
MAX_NOTE = 500
NOTHING_EXTRA: Mapping[str, str] = {}
MAX_EDITOR = 60


@dataclass(frozen=True, slots=True)
class Revision:
    """A version that was saved. editor: "" when it came from outside the site."""

    id: int
    at: datetime
    editor: str
    note: str
    text: str


class Editions:
    """The articles of a folder as files that people change, and their history in the database."""

    def __init__(self, store: Store, root: Path, max_kb: int) -> None:
        self.root = root
        self._store, self._max_kb = store, max_kb

    def open(self, path: str) -> ArticleFile:
        """Raises NotFoundError for what is no article's file below the folder, ArticleError for a binary one."""
        raw = self._read(path)
        return ArticleFile.of(path, decode(raw, path)[0], raw)

    def _read(self, path: str) -> bytes:
        place = self.root / path
        try:
            if not path or not is_article(place, self.root):
                raise OSError
            return place.read_bytes()
        except (OSError, ValueError):  # ValueError: not a name at all
            raise NotFoundError(say("没有文章文件 {path}", "there is no file {path}", path=path))

    def save(self, then: ArticleFile, base: str, editor: str, note: str) -> ArticleFile:
        """Replace a file that is still what its editor started from (base: its digest). Returns it as it is now.

        A text that changes nothing writes nothing. Raises ConflictError, NotFoundError, KbError and its kin.
        """
        with self.locked():
            raw = self._read(then.path)
            if digest(raw) != base:
                raise ConflictError(
                    say("{path} 已被别人改过", "{path} was changed by somebody else meanwhile", path=then.path)
                )
            return self.replace(raw, then, editor, note)

    def replace(self, raw: bytes, then: ArticleFile, editor: str, note: str) -> ArticleFile:
        """The same for callers that hold the lock and have just read the file. raw: its bytes."""
        written = self._checked(encoded(then.text, raw))
        if written != raw:
            self._keep_outside(then.path, decode(raw, then.path)[0])
            # The link of a file is kept, what it leads to is replaced.
            place = (self.root / then.path).resolve()
            self._keep(then.path, editor, note, then.text, lambda: save(place, written))
        return replace(then, raw=written)

    def relocate(self, now: ArticleFile, then: ArticleFile, editor: str, note: str) -> None:
        """Write a file under another name and take the old one away; history and drafts follow. As replace() for locks.

        Raises KbError when the name is taken.
        """

        def write() -> None:
            save(self.root / then.path, then.raw, new=True)
            (self.root / now.path).unlink()

        self._keep_outside(now.path, now.text)
        self._keep(then.path, editor, note, then.text, write)
        with self._store.session() as session:
            session.execute(delete(tables.Draft).where(tables.Draft.path == then.path))
            for table in (tables.Revision, tables.Draft):
                session.execute(update(table).where(table.path == now.path).values(path=then.path))

    def create(
        self,
        values: Mapping[str, str],
        body: Callable[[str, str], str],
        editor: str,
        note: str,
        extra: Mapping[str, str] = NOTHING_EXTRA,
    ) -> ArticleFile:
        """Write a new article under the next number, in the folder of its area or kind.

        values: of the front matter, as a form has them; extra: keys of its own; body(path, number) gives its Markdown.
        Raises KbError and its kin; two editors never get one number.
        """
        folder = folder_for(values)
        with self.locked():
            while True:
                number = next_number(self.root)
                path = f"{folder}/{number}.md"
                if not (self.root / folder).resolve().is_relative_to(self.root.resolve()):
                    raise InputError(say("{path} 不在文章文件夹里", "{path} leaves the articles folder", path=path))
                then = edited(ArticleFile.of(path, ""), {**values, "id": number}, body(path, number))
                then = change(then, extra) if extra else then
                raw = self._checked(then.text.encode())
                try:
                    self._keep(path, editor, note, then.text, lambda: save(self.root / path, raw, new=True))  # noqa: B023
                except KbError:
                    if (self.root / path).exists():  # `kb new` was faster
                        continue
                    raise
                return replace(then, raw=raw)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the folder, among all processes and threads of this machine. Raises NotFoundError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.root, os.O_RDONLY)
        except OSError as error:
            raise NotFoundError(
                say("打不开文件夹 {root}：{why}", "can't open {root}: {why}", root=self.root, why=error.strerror)
            )
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _checked(self, raw: bytes) -> bytes:
        if len(raw) > self._max_kb * 1024:
            raise InputError(
                say(
                    "{size} KB，超过上限 {limit} KB（设置 max_file_kb），没有保存",
                    "{size} KB, over the limit of {limit} KB (setting max_file_kb), not saved",
                    size=len(raw) // 1024,
                    limit=self._max_kb,
                )
            )
        return raw

    # --- history -----------------------------------------------------------------------------

    def history(self, path: str) -> list[Revision]:
        """What was saved, newest first. A change from outside that nothing was saved over yet is not among it."""
        with self._store.reading() as session:
            rows = session.scalars(
                select(tables.Revision).where(tables.Revision.path == path).order_by(tables.Revision.id.desc())
            ).all()
        return [Revision(r.id, r.at, r.editor, r.note, r.text) for r in rows]

    def changed_outside(self, now: ArticleFile) -> bool:
        """Whether a file is not what its history ends with."""
        last = self._last(now.path)
        return last is None or last.text != _kept(now.text)

    def version_of(self, now: ArticleFile, base: str) -> str | None:
        """The text that an editor started from, by its digest, when the history has it."""
        versions = (r.text for r in self.history(now.path))
        return next((text for text in versions if digest(encoded(text, now.raw)) == base), None)

    def _last(self, path: str) -> tables.Revision | None:
        with self._store.reading() as session:
            query = select(tables.Revision).where(tables.Revision.path == path)
            return session.scalars(query.order_by(tables.Revision.id.desc()).limit(1)).first()

    def _keep_outside(self, path: str, text: str) -> None:
        last = self._last(path)
        if last is None or last.text != _kept(text):
            note = "" if last is None else say("在网站之外改动", "changed outside the site")
            self._keep(path, "", note, text, lambda: None)

    def _keep(self, path: str, editor: str, note: str, text: str, write: Callable[[], None]) -> None:
        """Enter a version into the history and write its file: both or neither."""
        with self._store.session() as session:
            row = tables.Revision(
                at=datetime.now(UTC), path=path, editor=editor, note=note[:MAX_NOTE], text=_kept(text)
            )
            session.add(row)
            session.flush()
            kept = select(tables.Revision.id).where(tables.Revision.path == path)
            oldest = session.scalars(kept.order_by(tables.Revision.id.desc()).offset(MAX_REVISIONS)).all()
            session.execute(delete(tables.Revision).where(tables.Revision.id.in_(oldest)))
            write()


def _kept(text: str) -> str:
    """A text as the database may hold it: customer data that got into a file stays out of there."""
    return masked(text, ARTICLE_KINDS)


def folder_for(values: Mapping[str, str]) -> str:
    """The folder a new article goes into: a case into that of its area, others into that of their kind."""
    kind, area = values.get("kind") or "case", values.get("area", "")
    name = area or "case" if kind == "case" else kind
    return name if re.fullmatch(r"[\w-]+", name) else "case"
