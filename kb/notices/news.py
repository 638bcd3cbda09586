"""This module makes messages of a piece of news: one for each person and way, as that person wishes, and a call."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from kb.database.connection import Store
from kb.notices.channels import CHAT, HOOK, MAIL, chats, headers_of_notices, sends_mail
from kb.notices.outbox import Notice, post
from kb.notices.wishes import DAILY, NEVER, Wish, next_digest
from kb.people.accounts import Person
from kb.settings import Settings

Known = Sequence[tuple[Person, Wish]]
"""Who may be told, and how: kb.notices.wishes.Wishes.everybody."""


class News(NamedTuple):
    """Something that happened. key: told once under it; kind: of kb.notices.wishes.KINDS, or "" for a program alone.

    facts: what programs are told beside the words. urgent: at once, whatever people chose, but for never.
    """

    key: str
    kind: str
    subject: str
    text: str
    facts: Mapping[str, str] = {}
    urgent: bool = False


class Concerned(NamedTuple):
    """A piece of news, and whom it concerns. chats: addresses of teams."""

    news: News
    people: Sequence[Person]
    chats: Sequence[str] = ()


def tell(store: Store, settings: Settings, told: Iterable[Concerned], known: Known, now: datetime | None = None) -> int:
    """Put news into the outbox; how many messages were not there yet. Raises StoreError."""
    now = now or datetime.now(UTC)
    notices = [n for concerned in told for n in messages(settings, concerned, known, now)]
    if not notices:
        return 0
    with store.session() as session:
        return post(session, notices, now)


def messages(settings: Settings, concerned: Concerned, known: Known, now: datetime) -> list[Notice]:
    """The messages of a piece of news."""
    news, wishes = concerned.news, {person.login: wish for person, wish in known}
    out = []
    if settings.webhook_url:
        facts = {"kind": news.kind, **news.facts}
        out.append(Notice(f"{news.key} > hook", HOOK, "", news.subject, news.text, facts))
    if chats():
        out += [Notice(f"{news.key} > chat {url}"[:300], CHAT, url, news.subject, news.text) for url in concerned.chats]
    for person in concerned.people:
        wish = wishes.get(person.login, Wish())
        when = wish.when(news.kind)
        if when == NEVER:
            continue
        later = when == DAILY and not news.urgent
        held = {"not_before": next_digest(now) if later else None, "joined": later}
        words = (news.subject, news.text)
        if wish.mail and sends_mail(settings):
            key = f"{news.key} > mail {person.login}"
            out.append(Notice(key, MAIL, wish.mail, *words, headers_of_notices(), **held))  # type: ignore[arg-type]
        if wish.url and chats():
            out.append(Notice(f"{news.key} > chat {person.login}", CHAT, wish.url, *words, **held))  # type: ignore[arg-type]
    return out
