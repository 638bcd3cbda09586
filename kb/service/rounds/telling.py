"""This module is what is told of rounds and updates: to those at work, and to customers, each once.

It is computed from what is there, whenever somebody looks; under its key each piece is told once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store
from kb.labels import label
from kb.language import say
from kb.model import Article
from kb.model.casework import RoundState
from kb.model.schema import Audience
from kb.notices.channels import MAIL, headers_of_notices, sends_mail
from kb.notices.news import Concerned, News
from kb.notices.outbox import Notice
from kb.people.accounts import Person, leads
from kb.service.rounds.plans import Rounds
from kb.service.rounds.releases import Concern, concerned, publishes
from kb.settings import Settings

LATELY, FRESH = timedelta(days=60), timedelta(days=7)
"""Rounds that were due, and updates that were published, before that were told."""
LISTED = 50
"""Devices that a mail to a customer names."""


def of_rounds(rounds: Rounds, people: Sequence[Person], now: datetime, zone: ZoneInfo) -> Iterable[Concerned]:
    """Rounds that are overdue: whose they are, else the leads."""
    today = now.astimezone(zone).date()
    for due in rounds.open(today):
        if due.state(today) != RoundState.OVERDUE or due.day < today - LATELY:
            continue
        row = due.plan.row
        subject = say("{kind}逾期：{name} {where}", "{kind} overdue: {name} {where}",
                      kind=label("round_kind", row.kind), name=row.name, where=due.where)  # fmt: skip
        text = say("应在 {day} 前做：/rounds/{plan}/{period}", "it was due on {day}: /rounds/{plan}/{period}",
                   day=due.day, plan=row.id, period=due.period)  # fmt: skip
        facts = {"plan": str(row.id), "period": due.period, "due": due.day.isoformat()}
        own = [p for p in people if row.owner and row.owner in (p.login, p.name, *p.teams)]
        yield Concerned(News(f"round:{row.id}:{due.period}", "round", subject, text, facts), own or leads(people))


def of_updates(
    store: Store, settings: Settings, articles: Iterable[Article], people: Sequence[Person], now: datetime
) -> tuple[list[Concerned], list[Notice]]:
    """What leads are told of published updates, and the mails to the contacts of customers whose devices they concern:
    of public articles alone."""
    news: list[Concerned] = []
    mails: list[Notice] = []
    for article in articles:
        when = article.updated or article.created
        if not publishes(article) or when is None or when < (now - FRESH).date():
            continue
        found = concerned(store, article)
        if not found:
            continue
        key = f"update:{article.id}:{','.join(article.versions)}"[:200]
        owners = sorted({c.known.customer for c in found if c.known.customer})
        subject = say("更新涉及 {n} 台设备：{title}", "an update concerns {n} devices: {title}",
                      n=len({c.known.row.id for c in found}), title=article.title)  # fmt: skip
        text = "\n".join([f"{article.id} /updates/{article.id}", *owners[:LISTED]])
        news.append(Concerned(News(key, "update", subject, text, {"article": article.id}), leads(people)))
        if article.audience == Audience.PUBLIC and sends_mail(settings):
            mails += _mails(store, settings, key, article, found)
    return news, mails


def _mails(store: Store, settings: Settings, key: str, article: Article, found: Sequence[Concern]) -> Iterable[Notice]:
    """One for each contact with an address of each customer."""
    by_customer: dict[int, list[Concern]] = {}
    for concern in found:
        if concern.known.row.customer:
            by_customer.setdefault(concern.known.row.customer, []).append(concern)
    row = tables.Contact
    with store.reading() as session:
        contacts = session.scalars(select(row).where(row.customer.in_(by_customer), row.mail != "").order_by(row.id))
        reached = [(contact.id, contact.customer, contact.mail) for contact in contacts]
    for contact, customer, mail in reached:
        yield Notice(f"{key} > contact {contact}", MAIL, mail, article.title,
                     _letter(settings, article, by_customer[customer]), headers_of_notices())  # fmt: skip


def _letter(settings: Settings, article: Article, found: Sequence[Concern]) -> str:
    lines = [f"- {c.known.label} {c.known.row.name}: {c.have or '?'} → {c.new}" for c in found[:LISTED]]
    more = [say("……共 {n} 台", "... {n} in all", n=len(found))] if len(found) > LISTED else []
    link = [f"{settings.public_url}/a/{article.id}"] if settings.public_url else []
    return "\n".join([
        say("有适用于贵方设备的更新：{title}", "There is an update for your devices: {title}", title=article.title),
        *lines, *more, *link, "",
        say("我们会另约工作时间以外的窗口；您方便的时间请回信告诉我们。",
            "We will agree on a time outside your working hours; please answer when it suits you."),
    ])  # fmt: skip
