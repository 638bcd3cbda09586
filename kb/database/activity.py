"""This module keeps what people look for, open and say: the log of searches, visits and verdicts.

Everything is masked before it is stored, bounded in length and age, and none of it is kept when log_days is 0.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError
from kb.language import say
from kb.model import OTHER_FAULT, VERDICTS, Verdict
from kb.privacy import masked

MAX_TEXT = 4000
"""Characters of a search or paste that are kept: enough to recognise it by."""
MAX_COMMENT = 1000
MAX_SHOWN = 10
MAX_ROWS = 200_000
"""Searches that are kept, and visits, and verdicts; beyond it the oldest go, however young."""
EVERY = 1000
"""Rows after which it is looked whether there are too many."""
REMEMBERED = 5000
"""Verdicts that take part in ranking, the newest ones."""
MOST_HELPFUL = 1000
"""Articles that stand before the others in the order of use."""
REASONS = (OTHER_FAULT, "incomplete", "wrong", "unclear", "links", "other")


class Feedback:
    """The log of one database. With log_days 0 nothing is written, and verdicts are refused."""

    def __init__(self, store: Store, log_days: int) -> None:
        self._store, self._days = store, log_days
        self._forgotten: date | None = None  # the day on which this process deleted last what is too old

    @property
    def kept(self) -> bool:
        return self._days > 0

    def log_search(
        self,
        mode: str,
        text: str,
        shown: Sequence[str],
        total: int,
        best: float,
        visitor: str,
        replaces: int | None = None,
    ) -> int | None:
        """Note a search or paste; None when nothing is kept. Raises StoreError.

        shown: numbers of the articles, best first. replaces: an earlier row of the same visitor that this one
        continues, so that a text that is still being typed is one search; in mode search only the same words are.
        """
        if not self.kept:
            return None
        kept = _kept(text)
        found = {"text": kept, "shown": list(shown[:MAX_SHOWN]), "total": total, "best": best}
        with self._store.writing() as connection:
            if replaces is not None and _continues(connection, replaces, mode, visitor, kept):
                connection.execute(_CHANGE_SEARCH, {"row": replaces, **found})
                row = replaces
            else:
                new = {"at": _now(), "mode": mode, "visitor": visitor, **found}
                row = connection.execute(_ADD_SEARCH, new).scalar_one()
            self._forget_sometimes(connection, row)
            return row

    def log_visit(self, article: str, visitor: str, search: int | None = None) -> None:
        """Note that an article was opened. search: where it was shown, if it is this visitor's. Raises StoreError."""
        if not self.kept:
            return
        with self._store.session() as session:
            found = session.get(tables.Search, search) if search is not None else None
            of = found.id if found is not None and found.visitor == visitor and article in found.shown else None
            row = tables.Visit(at=_now(), article=article, search=of, visitor=visitor)
            session.add(row)
            session.flush()
            self._forget_sometimes(session, row.id)

    def give_verdict(
        self,
        article: str,
        verdict: str,
        visitor: str,
        text: str = "",
        search: int | None = None,
        reason: str = "",
        comment: str = "",
    ) -> int:
        """Keep a verdict; an earlier one of the same visitor on the same text and article is replaced.

        Returns its row, for take_back. Raises InputError for a word that is none of ours, StoreError.
        """
        if not self.kept:
            raise InputError(
                say("没有记录判定：设置 log_days 是 0", "verdicts are not kept: the setting log_days is 0")
            )
        for value, known in ((verdict, VERDICTS), (reason, ("", *REASONS))):
            if value not in known:
                raise InputError(
                    say("'{value}' 不认识（可用：{known}）", "unknown '{value}' ({known})",
                        value=value, known=", ".join(filter(None, known)))
                )  # fmt: skip
        kept = _kept(text)
        digest = _digest(kept)
        with self._store.session() as session:
            row: int = upsert(
                session,
                tables.Verdict,
                ("visitor", "digest", "article"),
                at=_now(),
                article=article,
                search=_own(session, search, visitor),
                text=kept,
                digest=digest,
                verdict=verdict,
                reason=reason,
                comment=masked(comment)[:MAX_COMMENT],
                visitor=visitor,
            )
            self._forget_sometimes(session, row)
            return row

    def take_back(self, verdict: int, visitor: str) -> bool:
        """Undo a verdict of this visitor. Returns whether there was one."""
        with self._store.session() as session:
            row = session.get(tables.Verdict, verdict)
            if row is None or row.visitor != visitor:
                return False
            session.delete(row)
            return True

    def state(self) -> tuple[int, datetime | None]:
        """Changes whenever a verdict comes or goes: (rows, moment of the last one)."""
        if not self.kept:
            return (0, None)
        with self._store.reading() as session:
            rows, last = session.execute(select(func.count(), func.max(tables.Verdict.at))).one()
            return (rows, last)

    def verdicts(self) -> list[Verdict]:
        """Verdicts about texts, the newest REMEMBERED ones, newest last."""
        with self._store.reading() as session:
            rows = session.execute(
                select(tables.Verdict.text, tables.Verdict.article, tables.Verdict.verdict, tables.Verdict.reason)
                .where(tables.Verdict.text != "")
                .order_by(tables.Verdict.at.desc(), tables.Verdict.id.desc())
                .limit(REMEMBERED)
            ).all()
        return [Verdict(*row) for row in reversed(rows)]

    def helped(self, articles: Collection[str]) -> dict[str, int]:
        """How often each of these articles was called helpful; those never called so are left out."""
        if not articles or not self.kept:
            return {}
        with self._store.asking() as connection:
            rows = connection.execute(_HELPED, {"articles": list(articles)}).all()
        return {row[0]: row[1] for row in rows}

    def most_helpful(self) -> dict[str, int]:
        """How often articles were called helpful, those most often so first: at most MOST_HELPFUL of them."""
        if not self.kept:
            return {}
        with self._store.reading() as session:
            rows = session.execute(
                select(tables.Verdict.article, func.count())
                .where(tables.Verdict.verdict == VERDICTS[0])
                .group_by(tables.Verdict.article)
                .order_by(func.count().desc(), tables.Verdict.article)
                .limit(MOST_HELPFUL)
            ).all()
        return {row[0]: row[1] for row in rows}

    def given(self, visitor: str, text: str) -> dict[str, tuple[int, str]]:
        """What this visitor said of a text: article -> (row, verdict)."""
        if not self.kept:
            return {}
        digest = _digest(_kept(text))
        with self._store.reading() as session:
            rows = session.execute(
                select(tables.Verdict.article, tables.Verdict.id, tables.Verdict.verdict).where(
                    tables.Verdict.visitor == visitor, tables.Verdict.digest == digest
                )
            ).all()
        return {article: (row, verdict) for article, row, verdict in rows}

    def count(self, which: "Chosen") -> tuple[int, int]:
        """How many searches and visits delete() would delete."""
        with self._store.reading() as session:
            found = (session.scalar(select(func.count()).select_from(t).where(c)) for t, c in which.rows())
            searches, visits = (int(n or 0) for n in found)
        return searches, visits

    def delete(self, which: "Chosen") -> tuple[int, int]:
        """Delete what was chosen for good. Returns how many searches and visits. Verdicts stay: ranking knows them."""
        done = self.count(which)
        with self._store.session() as session:
            for table, condition in which.rows():
                session.execute(delete(table).where(condition))
        return done

    def forget(self) -> None:
        """Delete what is older than log_days, all of it when that is 0, and the oldest rows beyond MAX_ROWS."""
        with self._store.session() as session:
            self._forget(session)

    def _forget(self, session: Session | Connection) -> None:
        oldest = _now() - timedelta(days=self._days)
        for table in (tables.Visit, tables.Verdict, tables.Search):
            session.execute(delete(table).where(table.at < oldest))
            excess = select(table.id).order_by(table.at.desc(), table.id.desc()).offset(MAX_ROWS)
            session.execute(delete(table).where(table.id.in_(excess)))

    def _forget_sometimes(self, session: Session | Connection, written: int) -> None:
        """Once a day, and after every EVERY rows. written: the number of the row that was just written."""
        today = _now().date()
        if self._forgotten != today or written % EVERY == 0:
            self._forget(session)
            self._forgotten = today


@dataclass(frozen=True)
class Chosen:
    """Searches, and visits, that are to be deleted. All that is given must hold; nothing given chooses nothing.

    visitors: of these browsers and programs. texts: searches for these words exactly; they choose no visits.
    since, until: from the one moment to before the other.
    """

    visitors: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def rows(self) -> list[tuple[type[tables.Search] | type[tables.Visit], ColumnElement[bool]]]:
        return [(tables.Search, self._of(tables.Search)), (tables.Visit, self._of(tables.Visit))]

    def _of(self, table: type[tables.Search] | type[tables.Visit]) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = []
        if self.visitors:
            conditions.append(table.visitor.in_(self.visitors))
        if self.texts:
            conditions.append(table.text.in_(self.texts) if table is tables.Search else false())
        if self.since is not None:
            conditions.append(table.at >= self.since)
        if self.until is not None:
            conditions.append(table.at < self.until)
        return and_(*conditions) if conditions else false()


# What every page asks: the statements are made once.
_ADD_SEARCH = insert(tables.Search).returning(tables.Search.id)
_CHANGE_SEARCH = update(tables.Search).where(tables.Search.id == bindparam("row"))
_EARLIER = select(tables.Search.visitor, tables.Search.mode, tables.Search.text).where(
    tables.Search.id == bindparam("row")
)
_HELPED = (
    select(tables.Verdict.article, func.count())
    .where(tables.Verdict.verdict == VERDICTS[0], tables.Verdict.article.in_(bindparam("articles", expanding=True)))
    .group_by(tables.Verdict.article)
)


def _continues(connection: Connection, row: int, mode: str, visitor: str, kept: str) -> bool:
    """Whether a search is still the one of an earlier row."""
    found = connection.execute(_EARLIER, {"row": row}).one_or_none()
    if found is None or (found.visitor, found.mode) != (visitor, mode):
        return False
    return mode != "search" or found.text == kept


def _own(session: Session, search: int | None, visitor: str) -> int | None:
    """The number of a search, when it was made by this visitor."""
    found = session.get(tables.Search, search) if search is not None else None
    return found.id if found is not None and found.visitor == visitor else None


def _digest(kept: str) -> str:
    return blake2b(kept.encode(), digest_size=16).hexdigest()


def _kept(text: str) -> str:
    return masked(text.strip()[: MAX_TEXT * 2])[:MAX_TEXT]


def _now() -> datetime:
    return datetime.now(UTC)
