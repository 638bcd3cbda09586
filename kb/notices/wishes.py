"""This module answers: how does somebody want to be told, of what, and where?"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store, upsert
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.notices.channels import checked_chat
from kb.people.accounts import Person, folded, person_of

NOW, DAILY, NEVER = WHEN = ("now", "daily", "never")
DIGEST_HOUR = 8
"""Of the site's own time: when what is told once a day goes."""


class Kind(NamedTuple):
    """A kind of notice: what it is called, when it is told to who chose nothing."""

    zh: str
    en: str
    usual: str


KINDS: dict[str, Kind] = {
    "review_wanted": Kind("有文章送审", "an article waits for review", NOW),
    "review_due": Kind("文章到了复核的日子", "an article is due for review", DAILY),
    "unhelpful": Kind("有人说文章没用", "an article did not help", DAILY),
    "mention": Kind("提到您的团队", "your team was mentioned", NOW),
    "case": Kind("服务单快要超时、已超时、等待到期", "a case runs out of time, is late, or a wait is over", NOW),
    "round": Kind("巡检、校准、回访逾期", "a round, a calibration or a call-back is overdue", DAILY),
    "update": Kind("发布的更新与客户的设备有关", "a published update concerns customers' devices", NOW),
}
"""Everything that people are told."""


class Wish(NamedTuple):
    """How one person wants to be told; chosen lacks what was left as usual."""

    mail: str = ""
    url: str = ""
    chosen: Mapping[str, str] = {}

    def when(self, kind: str) -> str:
        return self.chosen.get(kind, KINDS[kind].usual)


class Wishes:
    """The wishes of one database's people. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, login: str) -> Wish:
        """Raises NotFoundError."""
        with self._store.reading() as session:
            row = session.get(tables.Wish, _person(session, login))
            return _wish(row)

    def change(self, login: str, mail: str | None = None, url: str | None = None, **chosen: str) -> Wish:
        """Change what is given. Raises InputError that names what is wrong, NotFoundError."""
        for kind, when in chosen.items():
            if kind not in KINDS or when not in WHEN:
                known = ", ".join(WHEN if kind in KINDS else KINDS)
                raise InputError(
                    say("{kind}：'{when}' 不认识（可用：{known}）", "{kind}: unknown '{when}' ({known})",
                        kind=kind, when=when, known=known)
                )  # fmt: skip
        with self._store.session() as session:
            person = _person(session, login)
            was = _wish(session.get(tables.Wish, person))
            now = Wish(
                was.mail if mail is None else _checked_mail(mail),
                was.url if url is None else checked_chat(url),
                {**was.chosen, **chosen},
            )
            upsert(session, tables.Wish, ("person",), person=person, **now._asdict())
        return now

    def everybody(self) -> list[tuple[Person, Wish]]:
        """All who may come in, by login."""
        statement = (
            select(tables.Person, tables.Wish)
            .outerjoin(tables.Wish, tables.Wish.person == tables.Person.id)
            .where(tables.Person.active)
            .order_by(tables.Person.login)
        )
        with self._store.reading() as session:
            return [(person_of(person), _wish(wish)) for person, wish in session.execute(statement)]


def next_digest(now: datetime) -> datetime:
    """When what is told once a day goes next: in the morning, of this machine's time."""
    local = now.astimezone()
    morning = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return morning if local < morning else morning + timedelta(days=1)


def _person(session: Session, login: str) -> int:
    found = session.scalar(select(tables.Person.id).where(tables.Person.login == folded(login)))
    if found is None:
        raise NotFoundError(say("没有名为 {login} 的账号", "there is no account {login}", login=login))
    return found


def _wish(row: tables.Wish | None) -> Wish:
    return Wish() if row is None else Wish(row.mail, row.url, dict(row.chosen))


_MAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{3,190}")


def _checked_mail(mail: str) -> str:
    mail = mail.strip()
    if mail and not _MAIL.fullmatch(mail):
        raise InputError(say("邮件地址写成 zhang@example.com 的样子", "a mail address looks like zhang@example.com"))
    return mail
