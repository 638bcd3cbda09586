"""This module is the tables of the database: what people did, looked for, said and wrote.

The articles are not here: they are files. A change of a table needs a migration (kb/database/migrations) and a new
HEAD.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

HEAD = "0016"
"""The last migration: with it these tables are made."""


class _Moment(TypeDecorator[datetime]):
    """A moment in UTC, on databases that know no zones too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Words(TypeDecorator[str]):
    """Text of people's, without what a database refuses: NUL, and halves of a character."""

    impl: type[String] = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\0", "").encode("utf8", "replace").decode("utf8")


class _Name(_Words):
    """The same with a bound."""

    impl = String
    cache_ok = True


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it once
        datetime: _Moment,
        str: _Words,
        float: Double,
        list[str]: JSON,
        dict[str, str]: JSON,
        dict[str, Any]: JSON,
    }


_NAME = _Name(300)
"""An article's number or path, a person's name."""


class Search(Base):
    """A search or a paste, masked. mode: search or suggest; shown: numbers of the first articles, best first.

    best: the score of the first, 0 to 1. visitor: a random name of one browser's session.
    """

    __tablename__ = "searches"
    __table_args__ = (Index("ix_searches_counted", "at", "mode", "total", "best"),)  # counts need not read the texts
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    mode: Mapped[str] = mapped_column(String(8))
    text: Mapped[str]
    total: Mapped[int]
    best: Mapped[float]
    shown: Mapped[list[str]]
    visitor: Mapped[str] = mapped_column(String(32))


class Visit(Base):
    """An article was opened, from a search when search is given."""

    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    article: Mapped[str] = mapped_column(_NAME, index=True)
    search: Mapped[int | None] = mapped_column(ForeignKey("searches.id", ondelete="SET NULL"))
    visitor: Mapped[str] = mapped_column(String(32))


class Verdict(Base):
    """Whether an article helped, as said by one visitor of one text (masked; empty: of the article by itself).

    verdict: helpful or unhelpful; reason: a key of kb.labels, or empty. The last one of a visitor counts.
    """

    __tablename__ = "verdicts"
    __table_args__ = (UniqueConstraint("visitor", "digest", "article"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    article: Mapped[str] = mapped_column(_NAME, index=True)
    search: Mapped[int | None] = mapped_column(ForeignKey("searches.id", ondelete="SET NULL"))
    text: Mapped[str]
    digest: Mapped[str] = mapped_column(String(32))
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    comment: Mapped[str]
    visitor: Mapped[str] = mapped_column(String(32))


class Revision(Base):
    """A version of an article's file as it was saved. path: below the articles folder; note: what was changed."""

    __tablename__ = "revisions"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    path: Mapped[str] = mapped_column(_NAME, index=True)
    editor: Mapped[str] = mapped_column(_NAME)
    note: Mapped[str]
    text: Mapped[str]


class Draft(Base):
    """What somebody typed and did not save yet. base: digest of the file it was started from, empty for a new one."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("path", "visitor"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    path: Mapped[str] = mapped_column(_NAME)
    visitor: Mapped[str] = mapped_column(String(32))
    text: Mapped[str]
    base: Mapped[str] = mapped_column(String(64))


class Sitting(Base):
    """One form of an article from its opening to its saving. path: as a draft's; editor: the name typed so far.

    until: as long it counts as being written in. saved: the path under which it was saved, - for dropped, empty before.
    """

    __tablename__ = "sittings"
    token: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    path: Mapped[str] = mapped_column(_NAME, index=True)
    visitor: Mapped[str] = mapped_column(String(32))
    editor: Mapped[str] = mapped_column(_NAME)
    until: Mapped[datetime]
    saved: Mapped[str] = mapped_column(_NAME)


class GapDecision(Base):
    """What a lead decided on a gap. digest: of its text; state: open, ignored or done; owner: empty for none."""

    __tablename__ = "gap_decisions"
    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    text: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(_NAME)


class RefusedSaying(Base):
    """What customers say, that a writer does not want as an alias of an article. digest: of the words."""

    __tablename__ = "refused_sayings"
    article: Mapped[str] = mapped_column(_NAME, primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]


class Rename(Base):
    """An article's file that moved; old links lead on."""

    __tablename__ = "renames"
    old: Mapped[str] = mapped_column(_NAME, primary_key=True)
    new: Mapped[str] = mapped_column(_NAME)
    at: Mapped[datetime]


class Token(Base):
    """A program's key to the API; only its digest is kept. scope: one of kb.model.SCOPES.

    owner: who answers for it, empty when it was made before that was asked; expires: None for one that never does;
    a_minute: how many requests it may send in one, 0 for as many as it likes.
    """

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_NAME, unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(16))
    created: Mapped[datetime]
    used: Mapped[datetime | None]
    owner: Mapped[str] = mapped_column(_NAME)
    expires: Mapped[datetime | None]
    a_minute: Mapped[int]


class Import(Base):
    """What an import brought. source: names of files; files: path below the articles folder -> digest, as written."""

    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    editor: Mapped[str] = mapped_column(_NAME)
    source: Mapped[str]
    files: Mapped[dict[str, str]]
    undone: Mapped[datetime | None]


class Mapping(Base):
    """What the columns of somebody's tickets become, under a name. columns: column -> key or section, "" for none."""

    __tablename__ = "mappings"
    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    at: Mapped[datetime]
    columns: Mapped[dict[str, str]]


class Person(Base):
    """Somebody with an account. login: folded, unique; digest: of the password, empty until one is chosen.

    role: one of kb.people.roles.ROLES; teams: their names; secret: of the second factor, empty for none; step: of its
    last code that was taken; recovery: digests of codes; active: False for who may come in no more. issuer, subject: by
    which another login vouches for them (OpenID Connect), None where none does.
    """

    __tablename__ = "people"
    __table_args__ = (Index("ix_people_issuer_subject", "issuer", "subject", unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(_NAME, unique=True)
    name: Mapped[str] = mapped_column(_NAME)
    role: Mapped[str] = mapped_column(String(16))
    teams: Mapped[list[str]]
    digest: Mapped[str] = mapped_column(String(200))
    secret: Mapped[str] = mapped_column(String(64))
    step: Mapped[int]
    recovery: Mapped[list[str]]
    active: Mapped[bool]
    created: Mapped[datetime]
    issuer: Mapped[str | None] = mapped_column(_NAME)
    subject: Mapped[str | None] = mapped_column(_NAME)


class Team(Base):
    """A team: who belongs to it stands with the people. areas, products: what it looks after, as articles write it."""

    __tablename__ = "teams"
    name: Mapped[str] = mapped_column(_NAME, primary_key=True)
    areas: Mapped[list[str]]
    products: Mapped[list[str]]


class SignIn(Base):
    """A browser in which somebody is signed in. digest: of the cookie's secret; browser: what it calls itself.

    vouched: whether another login vouched for them, so that passwords and second steps are its affair.
    """

    __tablename__ = "sign_ins"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime]
    used: Mapped[datetime]
    until: Mapped[datetime]
    browser: Mapped[str] = mapped_column(_NAME)
    vouched: Mapped[bool]


class Invitation(Base):
    """A link by which one person chooses a password, once. digest: of its secret; person: None for the first of all."""

    __tablename__ = "invitations"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    until: Mapped[datetime]


class Attempt(Base):
    """A sign-in that failed. key: a digest of the login, or of the address it came from."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    key: Mapped[str] = mapped_column(String(64), index=True)


class Entry(Base):
    """A line of the security log. who: a login, empty for nobody; action: a key of kb.people.journal; what: of what."""

    __tablename__ = "journal"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(_NAME)
    action: Mapped[str] = mapped_column(String(32))
    what: Mapped[str] = mapped_column(_NAME)
    address: Mapped[str] = mapped_column(String(64))


class Use(Base):
    """How often somebody asked for something that costs, in one minute. key: who and what; minute: since 1970."""

    __tablename__ = "uses"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    minute: Mapped[int] = mapped_column(primary_key=True)
    times: Mapped[int]


class Policy(Base):
    """A text of service.yml that cases were promised by, under its digest."""

    __tablename__ = "policies"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    text: Mapped[str]


class Number(Base):
    """The counter from which the numbers of a year's cases are drawn. next: the one to give."""

    __tablename__ = "numbers"
    series: Mapped[str] = mapped_column(String(16), primary_key=True)
    next: Mapped[int]


OPEN = text("state <> 'closed'")
UNANSWERED = text("article = '' AND unwritten = ''")
ANSWERED = text("article <> ''")
WRITTEN = text("kind = 'written'")
"""What four indexes hold alone. A query names it by these very words, or the index is not used."""
COUNTED = (
    *("opened", "customer", "outcome", "state", "channel", "area", "cause", "handling", "priority"),
    *("score", "article"),
)
"""What figures read of a case: an index of all of it, in which whole rows are not opened."""


class Case(Base):
    """What lists of cases sort by. All of it follows from the case's events: a snapshot that can be proved.

    version: how many events it has. next_due, next_clock: the clock that runs out first, of those that tick.
    until: the end of a wait, behind which the case is open. merged_into, parent, follows: numbers of other cases.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_customer_opened", "customer", "opened"),
        Index("ix_cases_owner_state", "owner", "state"),
        Index(
            "ix_cases_open", "next_due", "state", "owner", "team", "emergency", sqlite_where=OPEN, postgresql_where=OPEN
        ),
        Index("ix_cases_counted", *COUNTED),
        Index("ix_cases_answered", "article", sqlite_where=ANSWERED, postgresql_where=ANSWERED),
        Index("ix_cases_unanswered", "opened", "state", sqlite_where=UNANSWERED, postgresql_where=UNANSWERED),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    opened: Mapped[datetime] = mapped_column(index=True)
    customer: Mapped[str] = mapped_column(_NAME)
    site: Mapped[str] = mapped_column(_NAME)
    contact: Mapped[str] = mapped_column(_NAME)
    title: Mapped[str] = mapped_column(_NAME)
    area: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(32))
    handling: Mapped[str] = mapped_column(String(32))
    urgency: Mapped[str] = mapped_column(String(16))
    impact: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    waits_for: Mapped[str] = mapped_column(String(16))
    until: Mapped[datetime | None]
    owner: Mapped[str] = mapped_column(_NAME)
    team: Mapped[str] = mapped_column(_NAME)
    emergency: Mapped[bool]
    parent: Mapped[str] = mapped_column(String(24), index=True)
    merged_into: Mapped[str] = mapped_column(String(24), index=True)
    follows: Mapped[str] = mapped_column(String(24))
    policy: Mapped[str] = mapped_column(ForeignKey("policies.digest"))
    next_due: Mapped[datetime | None]
    next_clock: Mapped[str] = mapped_column(String(64))
    closed: Mapped[datetime | None] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    article: Mapped[str] = mapped_column(_NAME)
    unwritten: Mapped[str] = mapped_column(String(32))
    score: Mapped[int | None]
    opened_by: Mapped[str] = mapped_column(_NAME)


class Event(Base):
    """What happened to a case. Rows are only added. place: of the case's log, from 1: two writers can't have the same.

    key: of a program, or of a form, that may ask twice; message_id: of the mail it came by. Both once.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("case_id", "place"),
        Index("ix_events_written", "case_id", sqlite_where=WRITTEN, postgresql_where=WRITTEN),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    place: Mapped[int]
    at: Mapped[datetime]
    noted: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(_NAME)
    kind: Mapped[str] = mapped_column(String(16))
    public: Mapped[bool]
    text: Mapped[str]
    data: Mapped[dict[str, Any]]
    work: Mapped[int]
    corrects: Mapped[int]
    key: Mapped[str | None] = mapped_column(_NAME, unique=True)
    message_id: Mapped[str | None] = mapped_column(_NAME, unique=True)


class CaseClock(Base):
    """How a case stands with one promise, as its last event left it (kb.service.ledger); follows from its events.

    place: of several clocks of one name. state: met, missed, or running; of a running one, due: from then on it is
    late, None while nothing makes it late. opened, customer: the case's, so that figures read nothing else.
    """

    __tablename__ = "case_clocks"
    __table_args__ = (
        Index("ix_case_clocks_counted", "opened", "name", "state", "due", "provisional", "customer"),
        {"sqlite_with_rowid": False},
    )
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    due: Mapped[datetime | None]
    provisional: Mapped[bool]
    opened: Mapped[datetime]
    customer: Mapped[str] = mapped_column(_NAME)


class CaseWork(Base):
    """A piece of work of a case, as its last event left it (kb.service.works); follows from its events.

    place: its number within the case; state: one of kb.model.casework.WorkState. opened, customer: the case's, so that
    figures read nothing else.
    """

    __tablename__ = "case_works"
    __table_args__ = (
        Index("ix_case_works_counted", "opened", "kind", "state", "customer"),
        Index("ix_case_works_planned", "state", "planned_from"),
        {"sqlite_with_rowid": False},
    )
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(_NAME)
    planned_from: Mapped[datetime | None]
    planned_until: Mapped[datetime | None]
    began: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    opened: Mapped[datetime]
    customer: Mapped[str] = mapped_column(_NAME)


class CaseWord(Base):
    """Which case holds which word, of which 64 bits are kept (kb.service.finding)."""

    __tablename__ = "case_words"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it once
    word: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)


class CaseFile(Base):
    """A file that came with a case; its bytes are in a folder, under the same digest. text: what was read of it."""

    __tablename__ = "case_files"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(_NAME)
    size: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]


class Link(Base):
    """A way for a customer to his case without an account; only its digest is kept. purpose: track or confirm."""

    __tablename__ = "links"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    until: Mapped[datetime]
    revoked: Mapped[datetime | None]


class Message(Base):
    """Something to tell somebody, once: key says what of. sent: when it went; then its text is emptied.

    not_before: when it may be sent, or tried again. channel: one of kb.notices.channels; to: an address there.
    extra: headers of a mail, fields of a call. joined: whether all that waits for one receiver goes as one message.
    tries: how often it was begun; error: why the last one failed.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "sent", "not_before"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(_NAME, unique=True)
    at: Mapped[datetime]
    not_before: Mapped[datetime]
    channel: Mapped[str] = mapped_column(String(16))
    to: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    extra: Mapped[dict[str, str]]
    joined: Mapped[bool]
    tries: Mapped[int]
    sent: Mapped[datetime | None]
    error: Mapped[str]


class Wish(Base):
    """How somebody wants to be told. mail, url: where, empty for nowhere; chosen: kind of notice -> when."""

    __tablename__ = "wishes"
    person: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    mail: Mapped[str] = mapped_column(_NAME)
    url: Mapped[str]
    chosen: Mapped[dict[str, str]]


class Look(Base):
    """When the clocks of a case have to be looked at again. version: of the case, when they were looked at."""

    __tablename__ = "looks"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int]
    at: Mapped[datetime]


class Shift(Base):
    """Who is on duty for a team, from start until end. person: a login, or a name."""

    __tablename__ = "shifts"
    __table_args__ = (UniqueConstraint("team", "start", "person"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(_NAME)
    start: Mapped[datetime]
    end: Mapped[datetime] = mapped_column(index=True)
    person: Mapped[str] = mapped_column(_NAME)
    phone: Mapped[str] = mapped_column(_NAME)
    note: Mapped[str] = mapped_column(_NAME)


class Mail(Base):
    """A mail that came in. message_id: its own, or a digest; thread: of sender and subject; fate: what became of it.

    case: the number it went to, empty for none. content: the mail itself, packed, while somebody has to look at it.
    """

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_sender_at", "sender", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(_NAME, unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    sender: Mapped[str] = mapped_column(_NAME)
    subject: Mapped[str] = mapped_column(_NAME)
    thread: Mapped[str] = mapped_column(String(64), index=True)
    fate: Mapped[str] = mapped_column(String(16), index=True)
    case: Mapped[str] = mapped_column(String(24))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)


class Key(Base):
    """A secret that all processes of a base sign with, by what it is for."""

    __tablename__ = "keys"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))


class Customer(Base):
    """Who is served. aliases: other names; promises: of a set of service.yml; calendar: one of its, by which theirs
    counts; empty for everybody's."""

    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_NAME, unique=True)
    aliases: Mapped[list[str]] = mapped_column(default=list)
    promises: Mapped[str] = mapped_column(_NAME, default="")
    calendar: Mapped[str] = mapped_column(_NAME, default="")
    note: Mapped[str] = mapped_column(default="")


class Site(Base):
    """Where a customer has devices. note: how one gets in, where one parks."""

    __tablename__ = "sites"
    __table_args__ = (UniqueConstraint("customer", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    name: Mapped[str] = mapped_column(_NAME)
    city: Mapped[str] = mapped_column(_NAME, default="")
    address: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")


class Contact(Base):
    """Whom a customer calls us by. phone, mail: in the one way of writing by which they are found."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("customer", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    name: Mapped[str] = mapped_column(_NAME)
    phone: Mapped[str] = mapped_column(_NAME, index=True, default="")
    mail: Mapped[str] = mapped_column(_NAME, index=True, default="")
    wechat: Mapped[str] = mapped_column(_NAME, default="")
    qq: Mapped[str] = mapped_column(_NAME, default="")


class Contract(Base):
    """What a customer was promised, from starts to ends; promises, calendar: as of a customer, and before theirs."""

    __tablename__ = "contracts"
    __table_args__ = (UniqueConstraint("customer", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    number: Mapped[str] = mapped_column(_NAME)
    kind: Mapped[str] = mapped_column(String(16), default="maintenance")
    starts: Mapped[date | None]
    ends: Mapped[date | None]
    promises: Mapped[str] = mapped_column(_NAME, default="")
    calendar: Mapped[str] = mapped_column(_NAME, default="")
    note: Mapped[str] = mapped_column(default="")


class Device(Base):
    """One machine. key: its serial's letters and digits, by which a scanned text finds it.

    accepted: the day from which its warranty counts; replaced_by: the device that took its place. versions_at: the day
    on which somebody looked which versions it runs.
    """

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("product", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(_NAME)
    serial: Mapped[str] = mapped_column(_NAME)
    key: Mapped[str] = mapped_column(_NAME, index=True)
    name: Mapped[str] = mapped_column(_NAME, default="")
    customer: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    site: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    contract: Mapped[int | None] = mapped_column(ForeignKey("contracts.id"))
    accepted: Mapped[date | None]
    warranty_until: Mapped[date | None] = mapped_column(index=True)
    maintained_until: Mapped[date | None] = mapped_column(index=True)
    versions: Mapped[dict[str, str]] = mapped_column(default=dict)
    versions_at: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(16), default="in_use")
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("devices.id"), index=True)
    note: Mapped[str] = mapped_column(default="")


class CaseDevice(Base):
    """Which device a case is about: it follows from the events of the case that name one."""

    __tablename__ = "case_devices"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    device: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, index=True)


class Part(Base):
    """A kind of spare part. equals: numbers of parts that do in its place; wear: worn by use; keep: when it breaks it
    stays with the customer; serialised: each has a serial; minimum: how many should lie in stores."""

    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(_NAME, unique=True)
    name: Mapped[str] = mapped_column(_NAME, default="")
    products: Mapped[list[str]] = mapped_column(default=list)
    equals: Mapped[list[str]] = mapped_column(default=list)
    wear: Mapped[bool] = mapped_column(default=False)
    keep: Mapped[bool] = mapped_column(default=False)
    serialised: Mapped[bool] = mapped_column(default=False)
    minimum: Mapped[int] = mapped_column(default=0)


class Place(Base):
    """Where parts can be. kind: one of kb.model.casework.PlaceKind; keeper, phone: who hands them out."""

    __tablename__ = "places"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_NAME, unique=True)
    city: Mapped[str] = mapped_column(_NAME, default="")
    kind: Mapped[str] = mapped_column(String(16), default="common")
    keeper: Mapped[str] = mapped_column(_NAME, default="")
    phone: Mapped[str] = mapped_column(_NAME, default="")


class Move(Base):
    """Parts went from one place to another; what lies where is the sum of these. Rows are only added.

    case: the number of the case that it was for, empty for none; permit: who allowed it, in writing, where it needs
    that; key: of a form or a program that may ask twice.
    """

    __tablename__ = "moves"
    __table_args__ = (Index("ix_moves_part", "part", "condition", "source", "target", "quantity"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    part: Mapped[int] = mapped_column(ForeignKey("parts.id"))
    quantity: Mapped[int]
    source: Mapped[int] = mapped_column(ForeignKey("places.id"))
    target: Mapped[int] = mapped_column(ForeignKey("places.id"))
    condition: Mapped[str] = mapped_column(String(16))
    serial: Mapped[str] = mapped_column(_NAME)
    case: Mapped[str] = mapped_column(String(24), index=True)
    permit: Mapped[str] = mapped_column(_NAME)
    reason: Mapped[str]
    by: Mapped[str] = mapped_column(_NAME)
    key: Mapped[str | None] = mapped_column(_NAME, unique=True)


class AssetImport(Base):
    """A table of customers, devices or parts that was looked at, and what it changed once it was written.

    content: the file, until it is written; changes: each row as it was before and is after; undone: when it was.
    about: the one row that an edit by hand changed, as table:id; empty for a table.
    """

    __tablename__ = "asset_imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(_NAME)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(_NAME)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    written: Mapped[datetime | None]
    undone: Mapped[datetime | None]
    about: Mapped[str] = mapped_column(String(64), index=True, default="")


class Plan(Base):
    """What is looked at again and again: at one site, of one device, or after each closed case of a customer.

    checklist: the number of the article with its items, empty for none. every, unit: the rhythm; of a call-back, how
    long after closing. starts: the day of the first one; ends: the last day on which one may be due. ahead: days
    before it is due at which it is listed. owner: whose it is. part: the number of the part that is worn.
    """

    __tablename__ = "plans"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(_NAME)
    checklist: Mapped[str] = mapped_column(_NAME)
    customer: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    site: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    device: Mapped[int | None] = mapped_column(ForeignKey("devices.id"), index=True)
    part: Mapped[str] = mapped_column(_NAME)
    every: Mapped[int]
    unit: Mapped[str] = mapped_column(String(16))
    starts: Mapped[date]
    ends: Mapped[date | None]
    ahead: Mapped[int]
    owner: Mapped[str] = mapped_column(_NAME)
    note: Mapped[str]


class Round(Base):
    """One round that was begun, done or skipped; what is only due is computed from its plan (kb.service.rounds.plans).

    period: the day on which it was due, or the number of the case that it follows. done: when; skipped: why it was not.
    """

    __tablename__ = "rounds"
    __table_args__ = (UniqueConstraint("plan", "period"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    plan: Mapped[int] = mapped_column(ForeignKey("plans.id"))
    period: Mapped[str] = mapped_column(String(24))
    due: Mapped[date] = mapped_column(index=True)
    done: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(_NAME)
    skipped: Mapped[str]
    note: Mapped[str]


class Check(Base):
    """How one item of a round was found. place: in its checklist, from 1; case: the number of the one it opened."""

    __tablename__ = "round_checks"
    round: Mapped[int] = mapped_column(ForeignKey("rounds.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]
    result: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(_NAME)
    note: Mapped[str]
    case: Mapped[str] = mapped_column(String(24))


class Guarded(Base):
    """A time in which nothing is changed at a customer, or at one site, and more people are on duty."""

    __tablename__ = "guarded"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_NAME)
    customer: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    site: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    start: Mapped[datetime]
    end: Mapped[datetime] = mapped_column(index=True)
    people: Mapped[int]
    note: Mapped[str]
    by: Mapped[str] = mapped_column(_NAME)


class WantedVersion(Base):
    """The version that devices of a product should run. product: as devices name it; a * at its end stands for any."""

    __tablename__ = "wanted_versions"
    __table_args__ = (UniqueConstraint("product", "software"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[str] = mapped_column(_NAME)
    software: Mapped[str] = mapped_column(_NAME)
    version: Mapped[str] = mapped_column(_NAME)
    since: Mapped[date]


class UpdateWindow(Base):
    """When an update that an article publishes is put in at a customer's."""

    __tablename__ = "update_windows"
    __table_args__ = (UniqueConstraint("article", "customer"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    article: Mapped[str] = mapped_column(_NAME)
    customer: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    start: Mapped[datetime]
    end: Mapped[datetime]
    note: Mapped[str]
    by: Mapped[str] = mapped_column(_NAME)
