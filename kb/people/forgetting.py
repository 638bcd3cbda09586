"""This module answers: what is kept of one person, and how does it go? Of a colleague, and of a customer's contact.

What was searched, said, drafted and begun goes, and the account with its sessions, links and tokens. What others stand
on stays without the name: versions of articles under "former editor", cases, and the security log, whose lines are kept
for audit_days whoever they tell of.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.people import journal
from kb.people.accounts import folded, keep_an_administrator

SHOWN = 20
"""Rows of each kind that are shown."""
REMOVED = "〔…〕"
"""In place of a contact's words in the text of a case."""


class Kept(NamedTuple):
    """One kind of what is kept: how many rows, the newest of them in words, whether they go or lose the name."""

    kind: str
    rows: int
    newest: tuple[str, ...]
    goes: bool

    @property
    def called(self) -> str:
        """The kind, in words."""
        return say(*KINDS[self.kind])


KINDS: dict[str, tuple[str, str]] = {
    "account": ("账号", "account"),
    "sessions": ("登录在哪里", "sessions"),
    "tokens": ("令牌", "tokens"),
    "searches": ("搜索与粘贴", "searches and pastes"),
    "visits": ("打开过的文章", "articles opened"),
    "verdicts": ("评价与说明", "verdicts and comments"),
    "drafts": ("草稿", "drafts"),
    "sittings": ("打开过的编辑页", "forms opened"),
    "revisions": ("文章的版本", "versions of articles"),
    "imports": ("导入", "imports"),
    "gaps": ("负责的缺口", "gaps to fill"),
    "events": ("工单记录", "events of cases"),
    "cases": ("工单", "cases"),
    "wishes": ("怎样通知", "how they are told"),
    "outbox": ("还没发出的通知", "notices not yet sent"),
    "shifts": ("值班", "shifts"),
    "plans": ("负责的巡检计划", "plans of rounds"),
    "rounds": ("做过的巡检", "rounds"),
    "guarded": ("记下的重保", "guarded times"),
    "windows": ("约定的升级窗口", "windows for updates"),
    "mails": ("收到的邮件", "mails that came in"),
    "contacts": ("客户的联系人", "contacts of customers"),
    "journal": ("安全记录", "lines of the security log"),
}
"""Every kind, with what it is called."""


def former() -> str:
    """Under which name the versions of somebody who was forgotten stand."""
    return say("前编辑", "former editor")


class Forgetting:
    """One database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_person(self, name: str) -> list[Kept]:
        """What is kept of who has this login, or, without an account, wrote under this name. Raises NotFoundError."""
        with self._store.reading() as session:
            return [part.kept(session) for part in _person(session, name)]

    def of_contact(self, contact: str) -> list[Kept]:
        """What is kept of a customer's contact, in cases. Raises NotFoundError, InputError."""
        with self._store.reading() as session:
            return [part.kept(session) for part in _contact(session, contact)]

    def forget_person(self, name: str, by: str = "") -> list[Kept]:
        """Remove it. Returns what there was. Raises NotFoundError, InputError for the only administrator."""
        with self._store.session() as session:
            row, alias = _row(session, name), _alias()
            if row is not None:
                keep_an_administrator(session, row)
                session.execute(delete(tables.Invitation).where(tables.Invitation.person == row.id))
            return _forget(session, _person(session, name, alias), by, alias)

    def forget_contact(self, contact: str, by: str = "") -> list[Kept]:
        """Take a contact out of every case. Returns what there was. Raises NotFoundError, InputError."""
        with self._store.session() as session:
            return _forget(session, _contact(session, contact), by, _alias())


class _Part(NamedTuple):
    """One kind in one table. remove: what is done to its rows; None deletes them."""

    kind: str
    table: Any
    where: ColumnElement[bool]
    told: Callable[[Any], str]
    remove: Callable[[Session], None] | None = None

    def kept(self, session: Session) -> Kept:
        rows = session.scalar(select(func.count()).select_from(self.table).where(self.where)) or 0
        newest = session.scalars(select(self.table).where(self.where).order_by(*_newest(self.table)).limit(SHOWN))
        return Kept(self.kind, rows, tuple(self.told(row) for row in newest), self.remove is None)


def _forget(session: Session, parts: Sequence[_Part], by: str, alias: str) -> list[Kept]:
    found = [part.kept(session) for part in parts]
    for part in reversed(parts):  # the account last: others point to it
        if part.remove is None:
            session.execute(delete(part.table).where(part.where))
        else:
            part.remove(session)
    told = ", ".join(f"{kept.kind} {kept.rows}" for kept in found if kept.rows)
    journal.write(session, "person_forgotten", by, f"{alias}: {told}")
    return found


def _alias() -> str:
    """By which lines of the log that belong together are known, and nobody."""
    return f"former-{secrets.token_hex(4)}"


_WHEN = ("at", "created", "opened", "start")


def _newest(table: Any) -> tuple[Any, ...]:
    return tuple(getattr(table, name).desc() for name in _WHEN if hasattr(table, name))[:1]


def _day(row: Any) -> str:
    when = next((getattr(row, name) for name in _WHEN if hasattr(row, name)), None)
    return "" if when is None else f"{when.astimezone():%Y-%m-%d %H:%M}"


def _line(*names: str) -> Callable[[Any], str]:
    """Tells a row by its day and these columns."""
    return lambda row: " · ".join(filter(None, (_day(row), *(str(getattr(row, n))[:200] for n in names))))


# --- a colleague ----------------------------------------------------------------------------


def _row(session: Session, name: str) -> tables.Person | None:
    return session.scalar(select(tables.Person).where(tables.Person.login == folded(name)))


def _person(session: Session, name: str, alias: str = "") -> list[_Part]:
    row = _row(session, name)
    parts = [_typed(name)] if row is None else _of_account(row, alias)
    called = name if row is None else row.name
    names = [called] if row is None or not _shared(session, row) else []
    parts += _of_name(names + ([] if row is None else [row.login]))
    if row is None and not any(part.kept(session).rows for part in parts):
        raise NotFoundError(
            say(
                "没有登录名为 {name} 的账号，也没有人用这个名字写过什么",
                "there is no account {name}, and nobody wrote anything under that name",
                name=name,
            )
        )
    return parts


def _typed(name: str) -> _Part:
    """Forms in which somebody without an account typed their name."""
    return _Part("sittings", tables.Sitting, tables.Sitting.editor == name, _line("path"))


def _shared(session: Session, row: tables.Person) -> bool:
    """Whether somebody else has the same name: then what stands under it may be theirs."""
    return bool(
        session.scalar(select(tables.Person.id).where(tables.Person.name == row.name, tables.Person.id != row.id))
    )


def _of_account(row: tables.Person, alias: str) -> list[_Part]:
    """What programs noted that they answer for is the programs', and stays."""
    t, login, visitor = tables, row.login, f"person-{row.id}"
    about = or_(t.Entry.who == login, t.Entry.what == login, t.Entry.what.startswith(f"{login} (", autoescape=True))

    def unname(session: Session) -> None:
        session.execute(update(t.Entry).where(t.Entry.who == login).values(who=alias, address=""))
        session.execute(update(t.Entry).where(t.Entry.what == login).values(what=alias, address=""))
        begun = t.Entry.what.startswith(f"{login} (", autoescape=True)
        rest = func.substr(t.Entry.what, len(login) + 1)
        session.execute(update(t.Entry).where(begun).values(what=alias + rest, address=""))

    wished = select(t.Wish.mail).where(t.Wish.person == row.id).union(select(t.Wish.url).where(t.Wish.person == row.id))
    waiting = t.Message.sent.is_(None) & t.Message.to.in_(wished) & (t.Message.to != "")
    return [
        _Part("account", t.Person, t.Person.id == row.id, _line("login", "name", "role")),
        _Part("sessions", t.SignIn, t.SignIn.person == row.id, _line("browser")),
        _Part("tokens", t.Token, t.Token.owner == login, _line("name", "scope")),
        _Part("visits", t.Visit, t.Visit.visitor == visitor, _line("article")),
        _Part("searches", t.Search, t.Search.visitor == visitor, _line("mode", "text")),
        _Part("verdicts", t.Verdict, t.Verdict.visitor == visitor, _line("article", "verdict", "comment")),
        _Part("drafts", t.Draft, t.Draft.visitor == visitor, _line("path")),
        _Part("sittings", t.Sitting, t.Sitting.visitor == visitor, _line("path")),
        _Part("wishes", t.Wish, t.Wish.person == row.id, _line("mail", "url")),
        _Part("outbox", t.Message, waiting, _line("subject")),
        _Part("journal", t.Entry, about, _line("action", "what", "address"), unname),
    ]


def _of_name(names: Sequence[str]) -> list[_Part]:
    t = tables
    in_case = or_(t.Case.owner.in_(names), t.Case.opened_by.in_(names))

    def rename(table: Any, column: str) -> Callable[[Session], None]:
        mine = getattr(table, column).in_(names)
        return lambda session: _run(session, update(table).where(mine).values({column: former()}))

    def in_cases(session: Session) -> None:
        for column in ("owner", "opened_by"):
            rename(t.Case, column)(session)

    def in_events(session: Session) -> None:
        rename(t.Event, "by")(session)
        for event in session.scalars(select(t.Event)):
            data = {k: former() if v in names else v for k, v in event.data.items() if isinstance(v, str)}
            if {**event.data, **data} != event.data:
                event.data = {**event.data, **data}

    return [
        _Part(
            "revisions", t.Revision, t.Revision.editor.in_(names), _line("path", "note"), rename(t.Revision, "editor")
        ),
        _Part("imports", t.Import, t.Import.editor.in_(names), _line("source"), rename(t.Import, "editor")),
        _Part("shifts", t.Shift, t.Shift.person.in_(names), _line("team", "phone")),
        _Part("plans", t.Plan, t.Plan.owner.in_(names), _line("name"), rename(t.Plan, "owner")),
        _Part("rounds", t.Round, t.Round.by.in_(names), _line("period"), rename(t.Round, "by")),
        _Part("guarded", t.Guarded, t.Guarded.by.in_(names), _line("name"), rename(t.Guarded, "by")),
        _Part("windows", t.UpdateWindow, t.UpdateWindow.by.in_(names), _line("article"), rename(t.UpdateWindow, "by")),
        _Part("gaps", t.GapDecision, t.GapDecision.owner.in_(names), _line("text"), rename(t.GapDecision, "owner")),
        _Part("events", t.Event, t.Event.by.in_(names), _line("kind"), in_events),
        _Part("cases", t.Case, in_case, _line("number", "title"), in_cases),
    ]


def _run(session: Session, statement: Any) -> None:
    session.execute(statement)


# --- a customer's contact -------------------------------------------------------------------


def _contact(session: Session, contact: str) -> list[_Part]:
    """A case and its events tell the same afterwards: the one is computed from the others."""
    contact = contact.strip()
    if len(contact) < 2:
        raise InputError(
            say(
                "联系人至少两个字，否则会改到别的词", "a contact takes two characters at least: else other words change"
            )
        )
    t = tables
    found = session.execute(select(t.Case.id, t.Case.number).where(t.Case.contact == contact)).all()
    cases, numbers = [row.id for row in found], [row.number for row in found]
    known = session.scalar(select(t.Contact.id).where(t.Contact.name == contact))
    if not cases and known is None:
        raise NotFoundError(say("没有联系人是 {name} 的工单", "there is no case of the contact {name}", name=contact))

    def in_cases(session: Session) -> None:
        for case in session.scalars(select(t.Case).where(t.Case.id.in_(cases))):
            case.contact, case.title = "", case.title.replace(contact, REMOVED)

    def in_events(session: Session) -> None:
        for event in session.scalars(select(t.Event).where(t.Event.case_id.in_(cases))):
            event.text, event.by = event.text.replace(contact, REMOVED), "" if event.by == contact else event.by
            event.data = {k: _without(v, contact, k == "contact") for k, v in event.data.items()}

    def in_mails(session: Session) -> None:
        """That they came stays, so that none is taken twice."""
        session.execute(update(t.Mail).where(t.Mail.case.in_(numbers)).values(sender="", subject="", content=None))

    return [
        _Part("contacts", t.Contact, t.Contact.name == contact, _line("name", "phone", "mail")),
        _Part("mails", t.Mail, t.Mail.case.in_(numbers), _line("sender", "subject"), in_mails),
        _Part("cases", t.Case, t.Case.id.in_(cases), _line("number", "title"), in_cases),
        _Part("events", t.Event, t.Event.case_id.in_(cases), _line("kind"), in_events),
    ]


def _without(value: Any, contact: str, itself: bool) -> Any:
    if not isinstance(value, str):
        return value
    return "" if itself and value == contact else value.replace(contact, REMOVED)
