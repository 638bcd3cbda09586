"""This module is the outbox: what is to be told waits in the database until it was sent, and goes once.

Whoever has something to tell writes it in the transaction of what it tells, under a key that is that event's own. What
can't be sent is tried again, later each time, and in the end it is kept for people to see. A message is claimed before
it is sent, so that of several senders one takes it; what was sent keeps its key and loses its words.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store, insert_into
from kb.errors import NotFoundError
from kb.language import say

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)
"""Before a message is tried again: doubled each time. The first is longer than sending can take."""
MOST_TRIES = 12
"""More than a day of them."""
STUCK = timedelta(hours=1)
"""A message that waits longer than that is told to who looks after the site."""
KEPT = timedelta(days=400)
"""How long a key is remembered after its message was sent."""
MAX_SUBJECT, MAX_TEXT, MAX_ERROR = 200, 100_000, 200
"""Characters."""


class Notice(NamedTuple):
    """A message to send. key: of what it tells, and to whom; the fields as in kb.database.tables.Message."""

    key: str
    channel: str
    to: str
    subject: str
    text: str
    extra: Mapping[str, str] = {}
    not_before: datetime | None = None
    joined: bool = False


class Waiting(NamedTuple):
    """A message in the outbox."""

    id: int
    key: str
    at: datetime
    not_before: datetime
    channel: str
    to: str
    subject: str
    text: str
    extra: Mapping[str, str]
    joined: bool
    tries: int
    error: str


class State(NamedTuple):
    """How the outbox is. stuck: waits for over an hour; failed: will not be tried again; error: the last one."""

    waiting: int
    stuck: int
    failed: int
    error: str

    @property
    def well(self) -> bool:
        return not (self.stuck or self.failed)


class Undelivered(Exception):  # noqa: N818 - what happened to a message
    """Why a message was not taken, without words of it. final: never will be; away: nor are others by this way now."""

    def __init__(self, why: str, final: bool = False, away: bool = False) -> None:
        self.why, self.final, self.away = why, final, away
        super().__init__(why)


class Channel(Protocol):
    """A way by which messages go."""

    def send(self, message: Waiting) -> None:
        """Raises Undelivered."""

    def close(self) -> None: ...


def post(session: Session, notices: Iterable[Notice], now: datetime | None = None) -> int:
    """Put messages into the outbox, in this session's transaction; how many of them were not there yet."""
    now = now or datetime.now(UTC)
    rows = [_row(notice, now) for notice in notices]
    if not rows:
        return 0
    # Rows are given beside the statement, which is then made once, however many they are.
    statement = (
        insert_into(session, tables.Message).on_conflict_do_nothing(index_elements=["key"]).returning(tables.Message.id)
    )
    return len(session.scalars(statement, rows).all())


def posted(session: Session, key: str) -> bool:
    """Whether a message of this key is, or was, in the outbox."""
    return session.scalar(select(tables.Message.id).where(tables.Message.key == key)) is not None


def _row(notice: Notice, now: datetime) -> dict[str, Any]:
    values = notice._asdict() | {"not_before": notice.not_before or now, "extra": dict(notice.extra)}
    values |= {"subject": " ".join(notice.subject.split())[:MAX_SUBJECT], "text": notice.text[:MAX_TEXT]}
    return values | {"at": now, "tries": 0, "sent": None, "error": ""}


class Outbox:
    """The outbox of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, now: datetime, most: int) -> list[Waiting]:
        """What may be sent, in the order in which it was to be."""
        wanted = (_UNSENT & (tables.Message.tries < MOST_TRIES)) & (tables.Message.not_before <= now)
        statement = select(tables.Message).where(wanted).order_by(tables.Message.not_before, tables.Message.id)
        with self._store.reading() as session:
            return [_waiting(row) for row in session.scalars(statement.limit(most))]

    def unsent(self, most: int = 200) -> list[Waiting]:
        """All that was not sent, what failed first."""
        order = (tables.Message.tries.desc(), tables.Message.not_before, tables.Message.id)
        statement = select(tables.Message).where(_UNSENT).order_by(*order).limit(most)
        with self._store.reading() as session:
            return [_waiting(row) for row in session.scalars(statement)]

    def claim(self, messages: Sequence[Waiting], now: datetime) -> list[Waiting]:
        """Those of the messages that nobody else took since they were read; they are this sender's for a while."""
        with self._store.session() as session:
            return [m for m in messages if session.scalar(_claim(m, now)) is not None]

    def sent(self, messages: Iterable[Waiting], now: datetime) -> None:
        """Their words are nobody's business any more."""
        emptied = {"to": "", "subject": "", "text": "", "extra": {}, "error": ""}
        self._change(messages, sent=now, **emptied)

    def failed(self, messages: Iterable[Waiting], why: Undelivered) -> None:
        self._change(messages, error=why.why[:MAX_ERROR], **({"tries": MOST_TRIES} if why.final else {}))

    def retry(self, key: str = "") -> int:
        """Have what failed tried again now: one message, or all; how many. Raises NotFoundError for a key of none."""
        failed = _UNSENT & (tables.Message.error != "")
        wanted = failed & (tables.Message.key == key) if key else failed
        now = datetime.now(UTC)
        with self._store.session() as session:
            changed = update(tables.Message).where(wanted).values(tries=0, not_before=now)
            found = len(session.scalars(changed.returning(tables.Message.id)).all())
        if key and not found:
            raise NotFoundError(say("没有发送失败的 {key}", "no message {key} failed", key=key))
        return found

    def state(self, now: datetime | None = None) -> State:
        now = now or datetime.now(UTC)
        given_up = tables.Message.tries >= MOST_TRIES
        late = (tables.Message.at < now - STUCK) & (tables.Message.error != "") & ~given_up
        forgotten = (tables.Message.not_before < now - STUCK) & (tables.Message.error == "") & ~given_up
        counts = (func.count(), func.count().filter(late | forgotten), func.count().filter(given_up))
        last = select(tables.Message.error).where(_UNSENT & (tables.Message.error != ""))
        with self._store.reading() as session:
            waiting, stuck, failed = session.execute(select(*counts).where(_UNSENT)).one()
            error = session.scalar(last.order_by(tables.Message.not_before.desc()).limit(1))
        return State(waiting - failed, stuck, failed, error or "")

    def forget(self, now: datetime) -> None:
        """Remove the keys of what was sent long ago."""
        with self._store.session() as session:
            session.execute(delete(tables.Message).where(tables.Message.sent < now - KEPT))

    def _change(self, messages: Iterable[Waiting], **values: Any) -> None:
        ids = [message.id for message in messages]
        with self._store.session() as session:
            session.execute(update(tables.Message).where(tables.Message.id.in_(ids)).values(**values))


_UNSENT = tables.Message.sent.is_(None)


def _waiting(row: tables.Message) -> Waiting:
    return Waiting(*(getattr(row, name) for name in Waiting._fields))


def _claim(message: Waiting, now: datetime) -> Any:
    pause = min(FIRST_PAUSE * 2 ** min(message.tries, 20), LONGEST_PAUSE)
    same = _UNSENT & (tables.Message.id == message.id) & (tables.Message.tries == message.tries)
    changed = update(tables.Message).where(same).values(tries=message.tries + 1, not_before=now + pause)
    return changed.returning(tables.Message.id)


class Delivered(NamedTuple):
    sent: int
    failed: int


def deliver(outbox: Outbox, channels: Mapping[str, Channel], now: datetime, most: int) -> Delivered:
    """Send what is due. What has no channel waits; a channel that is away is asked once.

    Raises StoreError.
    """
    sent = failed = 0
    away: set[str] = set()
    for messages in _packets(outbox.due(now, most)):
        name = messages[0].channel
        if name in away or name not in channels:
            continue
        mine = outbox.claim(messages, now)
        if not mine:
            continue
        try:
            channels[name].send(_as_one(mine))
        except Undelivered as why:
            log.warning("%d message(s) by %s were not taken: %s", len(mine), name, why.why)
            outbox.failed(mine, why)
            failed += len(mine)
            away |= {name} if why.away else set()
        else:
            outbox.sent(mine, now)
            sent += len(mine)
    return Delivered(sent, failed)


def _packets(messages: Iterable[Waiting]) -> list[list[Waiting]]:
    """What goes together: what is joined, for one receiver."""
    out: dict[Any, list[Waiting]] = defaultdict(list)
    for message in messages:
        out[(message.channel, message.to) if message.joined else message.id].append(message)
    return list(out.values())


def _as_one(messages: Sequence[Waiting]) -> Waiting:
    first = messages[0]
    if len(messages) == 1:
        return first
    subject = say("故知：{n} 条通知", "Guzhi: {n} notices", n=len(messages))
    text = "\n\n".join(f"{i}. {m.subject}\n{m.text}".strip() for i, m in enumerate(messages, 1))
    return first._replace(subject=subject, text=text[:MAX_TEXT])
