"""This module takes the mails that come in: each becomes an entry of the case that it belongs to, or a new case, once.

It belongs to the case whose mail it answers (our signed Message-ID, or that of a mail of the case), else to the one
whose number its subject holds, else to none. What nobody wrote opens, answers and reopens nothing: it is noted on its
case, or counted. Whoever sends very much is held until somebody has looked at it. What became of a mail is kept under
its Message-ID, and the event has it in its own transaction: a mail that is read again does nothing again.
"""

import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import delete, func, select, update

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model.casework import Channel, Role, State
from kb.service.cases import Author, Case, Cases
from kb.service.fields import MAX_TEXT
from kb.service.files import MAX_FILES, Files
from kb.service.letters import writers
from kb.text import envelopes, mails
from kb.text.envelopes import Envelope
from kb.text.tokens import fold

Attached = Sequence[tuple[str, bytes]]
"""Names and contents of the files of a mail."""
MAX_BYTES = 25_000_000
"""Of a mail: what mail servers take. Of a larger one the beginning is read."""
AN_HOUR = timedelta(hours=1)
MOST, MOST_AUTOMATIC = 20, 5
"""Mails of one sender within an hour that are taken; of programs, that are noted on cases."""
KEPT_BACK = 50
"""Mails of one sender within an hour that are kept for somebody to look at; beyond them they are only counted."""
SAME = timedelta(days=1)
"""How long a mail with the same sender and subject belongs to the same case, although it answers nothing."""
REMEMBERED = timedelta(days=90)
"""How long it is remembered what became of a mail; the event of one that became any remembers it for good."""
MAX_TITLE = 80


class Fate(StrEnum):
    """What became of a mail: an entry of a case; nobody wrote it; our own; held, as too many came, or as one that can't
    be read, or has no sender."""

    CASE = "case"
    AUTOMATIC = "automatic"
    OWN = "own"
    MANY = "many"
    UNREADABLE = "unreadable"


HELD = (Fate.MANY, Fate.UNREADABLE)


class Taken(NamedTuple):
    """What became of a mail. number: of the case that it went to, "" for none; opened: whether it made that case."""

    fate: Fate
    number: str = ""
    opened: bool = False


class Held(NamedTuple):
    """A mail that somebody has to look at."""

    id: int
    at: datetime
    sender: str
    subject: str
    fate: str


class Incoming:
    """Where the mails of a service desk go. Every method raises StoreError when the database can't be used."""

    def __init__(self, cases: Cases, store: Store, files: Files) -> None:
        self._cases, self._store, self._files = cases, store, files

    def take(self, data: bytes, now: datetime | None = None, wanted: bool = False) -> Taken:
        """Take a mail as it came. wanted: somebody looked at it and wants it taken, however many there are."""
        now = now or datetime.now(UTC)
        data = data[:MAX_BYTES]
        envelope = envelopes.read(data)
        if not wanted and (known := self._remembered(envelope)) is not None:
            return known
        held_back = self._count(envelope.sender, now, *HELD)
        if not wanted and held_back >= KEPT_BACK:  # of a flood nothing more is read
            taken = Taken(Fate.MANY)
        else:
            taken = self._written(envelope) or self._decide(envelope, data, now, wanted)
        if taken.fate == Fate.CASE:
            self._answer(envelope, taken)
        self._remember(envelope, data if taken.fate in HELD and held_back < KEPT_BACK else None, taken, now)
        return taken

    def held(self, most: int = 200) -> list[Held]:
        """The mails that somebody has to look at, oldest first."""
        statement = select(tables.Mail).where(tables.Mail.content.is_not(None)).order_by(tables.Mail.id).limit(most)
        with self._store.reading() as session:
            return [Held(m.id, m.at, m.sender, m.subject, m.fate) for m in session.scalars(statement)]

    def accept(self, mail: int) -> Taken:
        """Take a mail that was held. Raises NotFoundError, InputError when it can't be read."""
        data = self._content(mail)
        taken = self.take(data, wanted=True)
        if taken.fate in HELD:
            raise InputError(say("这封信读不了", "the mail can't be read"))
        return taken

    def drop(self, mail: int) -> None:
        """Forget what a held mail says. Raises NotFoundError."""
        self._content(mail)
        with self._store.session() as session:
            session.execute(update(tables.Mail).where(tables.Mail.id == mail).values(content=None))

    def text(self, mail: int) -> str:
        """What a held mail says. Raises NotFoundError, InputError."""
        return mails.read("mail", self._content(mail)).text

    def forget(self, now: datetime) -> None:
        """Forget what became of mails long ago; not those that somebody has to look at."""
        old = (tables.Mail.at < now - REMEMBERED) & tables.Mail.content.is_(None)
        with self._store.session() as session:
            session.execute(delete(tables.Mail).where(old))

    # --- what becomes of it ---

    def _decide(self, envelope: Envelope, data: bytes, now: datetime, wanted: bool) -> Taken:
        own = parseaddr(self._cases.letters.sender)[1].casefold()
        if own and envelope.sender == own:
            return Taken(Fate.OWN)
        if not (envelope.sender or wanted):
            return Taken(Fate.UNREADABLE)
        try:
            mail = mails.read("mail", data, least=1)
        except InputError:
            return Taken(Fate.UNREADABLE)
        text = (mail.text.strip() or mail.subject or say("（没有文字）", "(no text)"))[:MAX_TEXT]
        case, answers = self._case_of(envelope, data)
        if envelope.automatic:
            return self._note(envelope, text, mail.attachments, case, now)
        if not wanted and self._count(envelope.sender, now, Fate.CASE, Fate.MANY) >= MOST:
            return Taken(Fate.MANY)
        author = Author(_named(envelope), Role.CUSTOMER)
        if case is None:
            case = self._same_again(envelope, now)
        # Who answers a mail of ours got it; a number in a subject can be guessed.
        if case is None or not (answers or envelope.sender in writers(case.log)):
            return self._open(envelope, text, mail.attachments, author, case)
        given = self._kept(mail.attachments)
        done = self._cases.receive(case.now.number, text, author, given, message_id=envelope.message_id)
        return Taken(Fate.CASE, done.now.number, done.now.version == 1)

    def _open(self, envelope: Envelope, text: str, attached: Attached, author: Author, near: Case | None) -> Taken:
        """near: the case that it names, and that is somebody else's."""
        given = {"channel": Channel.MAIL, "title": envelope.subject[:MAX_TITLE], "contact": author.name}
        if near is not None:
            given["follows"] = near.now.number
        given = {name: value for name, value in given.items() if value} | self._kept(attached)
        done = self._cases.report(text, given, author, message_id=envelope.message_id)
        return Taken(Fate.CASE, done.now.number, True)

    def _note(self, envelope: Envelope, text: str, attached: Attached, case: Case | None, now: datetime) -> Taken:
        """What nobody wrote stands on its case, while that is one that goes on and it is not much."""
        if case is None or case.now.state == State.CLOSED:
            return Taken(Fate.AUTOMATIC)
        if self._count(envelope.sender, now, Fate.AUTOMATIC) >= MOST_AUTOMATIC:
            return Taken(Fate.AUTOMATIC)
        given, author = {"automatic": True, **self._kept(attached)}, Author(_named(envelope), Role.SYSTEM)
        done = self._cases.add(case.now.number, "message", author, text, given, message_id=envelope.message_id)
        return Taken(Fate.AUTOMATIC, done.now.number)

    def _kept(self, attached: Attached) -> dict[str, str]:
        """The field of an entry that tells the files of a mail; what is empty or too large is not kept."""
        digests = []
        for name, content in attached[:MAX_FILES]:
            with suppress(InputError):
                digests.append(self._files.keep(name, content).digest)
        return {"files": " ".join(digests)} if digests else {}

    def _answer(self, envelope: Envelope, taken: Taken) -> None:
        """The receipt of a mail that opened its case. Done again, it changes nothing."""
        case = self._cases.find(taken.number)
        with self._store.session() as session:
            row, place = session.execute(
                select(tables.Event.case_id, tables.Event.place).where(tables.Event.message_id == envelope.message_id)
            ).one()
            if place == 1 and not envelope.quiet:
                self._cases.letters.receipt(session, row, case.now, case.log)

    # --- which case ---

    def _case_of(self, envelope: Envelope, data: bytes) -> tuple[Case | None, bool]:
        """The case that a mail names, and whether it does so by answering one of its mails."""
        references: Sequence[str] = envelope.references
        if envelope.automatic:  # a report of a mail server tells in its body which mail it is about
            references = (*references, data[: envelopes.MAX_HEAD].decode("latin-1"))
        answered = self._cases.answered_by(references) if references else ""
        named = answered or _number_in(envelope.subject)
        try:
            return (self._target(named) if named else None), bool(answered)
        except (NotFoundError, InputError):
            return None, False

    def _target(self, number: str) -> Case:
        """A case, or the one that it was merged into."""
        case = self._cases.find(number)
        while case.now.merged_into:
            case = self._cases.find(case.now.merged_into)
        return case

    def _same_again(self, envelope: Envelope, now: datetime) -> Case | None:
        """The case of a mail of the same sender with the same subject, while it goes on."""
        thread = _thread(envelope)
        statement = select(tables.Mail.case).where(
            tables.Mail.thread == thread, tables.Mail.case != "", tables.Mail.at > now - SAME
        )
        with self._store.reading() as session:
            number = session.scalar(statement.order_by(tables.Mail.id.desc()).limit(1))
        case = self._target(number) if number else None
        return case if case is not None and case.now.state != State.CLOSED else None

    # --- what is remembered ---

    def _remembered(self, envelope: Envelope) -> Taken | None:
        """What became of this mail when it was read before."""
        with self._store.reading() as session:
            row = session.scalar(select(tables.Mail).where(tables.Mail.message_id == envelope.message_id))
            return None if row is None else Taken(Fate(row.fate), row.case)

    def _written(self, envelope: Envelope) -> Taken | None:
        """The entry that this mail became, when whoever read it came no further."""
        statement = (
            select(tables.Case.number, tables.Event.place, tables.Event.data)
            .join(tables.Event, tables.Event.case_id == tables.Case.id)
            .where(tables.Event.message_id == envelope.message_id)
        )
        with self._store.reading() as session:
            event = session.execute(statement).one_or_none()
        if event is None:
            return None
        return Taken(Fate.AUTOMATIC if event.data.get("automatic") else Fate.CASE, event.number, event.place == 1)

    def _remember(self, envelope: Envelope, data: bytes | None, taken: Taken, now: datetime) -> None:
        """data: the mail itself, when somebody has to look at it."""
        with self._store.session() as session:
            upsert(
                session,
                tables.Mail,
                ("message_id",),
                message_id=envelope.message_id,
                at=now,
                sender=envelope.sender[:300],
                subject=envelope.subject[:300] if data is not None else "",
                thread=_thread(envelope),
                fate=str(taken.fate),
                case=taken.number,
                content=None if data is None else zlib.compress(data),
            )

    def _count(self, sender: str, now: datetime, *fates: Fate) -> int:
        """Mails of a sender within the last hour that had one of these fates."""
        wanted = (tables.Mail.sender == sender[:300]) & (tables.Mail.at > now - AN_HOUR) & tables.Mail.fate.in_(fates)
        with self._store.reading() as session:
            return int(session.scalar(select(func.count()).select_from(tables.Mail).where(wanted)) or 0)

    def _content(self, mail: int) -> bytes:
        with self._store.reading() as session:
            found = session.scalar(select(tables.Mail.content).where(tables.Mail.id == mail))
        if found is None:
            raise NotFoundError(say("没有第 {n} 封待看的信", "there is no held mail {n}", n=mail))
        return zlib.decompress(found)


def _named(envelope: Envelope) -> str:
    """Who wrote a mail, as an event tells it."""
    name = re.sub(r"[<>@\"]", "", envelope.name)[:100].strip()
    return f"{name} <{envelope.sender}>".strip() if envelope.sender else name or "–"


_NUMBER = re.compile(r"(?<!\d)(\d\d-\d{5,9}-\d)(?![\d-])")


def _number_in(subject: str) -> str:
    """A case number with its check digit in a subject."""
    found = _NUMBER.search(fold(subject).text)
    return found[1] if found else ""


_PREFIX = re.compile(r"^\s*(?:(?:re|aw|sv|fwd?|fw|回复|答复|转发|回覆|轉寄)\s*(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)


def _thread(envelope: Envelope) -> str:
    """What mails of one sender with one subject have in common."""
    subject = _PREFIX.sub("", fold(envelope.subject).text)
    return sha256(f"{envelope.sender} {' '.join(subject.split())}".encode("utf8", "replace")).hexdigest()
