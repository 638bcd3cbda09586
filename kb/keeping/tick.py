"""This module is what is done each minute without anybody asking: news is told, promises are watched, mail goes out.

It may run as often as one likes, and in several processes at once: what is told has a key, what is done is an event.
Clocks and states are right without it.
"""

import logging
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from kb.database.connection import Store
from kb.errors import BundleError, EngineError, KbError, NotFoundError
from kb.model import Article
from kb.notices import knowledge
from kb.notices.channels import CHAT, channels
from kb.notices.news import Concerned, tell
from kb.notices.outbox import Notice, Outbox, deliver, post
from kb.notices.wishes import Wishes
from kb.people.teams import Staff, Teams
from kb.search.engine import Engine, Engines, engines
from kb.service import cases as service
from kb.service import files, watching
from kb.service.incoming import Incoming
from kb.service.mailbox import fetch
from kb.service.rounds import telling as rounds
from kb.service.rounds.plans import Rounds
from kb.settings import Settings

log = logging.getLogger(__name__)

MINUTE = 60.0
MOST_ARTICLES = 500
"""Of each kind of those that wait."""
NEWEST = 100
"""Articles that are looked at for updates that they publish."""
MOST_SENT = 200
"""Messages at once; the others go a minute later."""
OVERDUE = timedelta(days=60)
"""Articles that were due for review before that were told long ago."""


class Ticked(NamedTuple):
    """What one run did. told: messages that are new in the outbox; done: cases that were closed for silence."""

    told: int = 0
    done: int = 0
    sent: int = 0
    failed: int = 0


class Ticker:
    """One base, looked after. A process that ticks each minute keeps one."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._store = settings, Store(settings.database)
        self._engines: Engines = engines(settings)
        self._forgotten: date | None = None

    def tick(self, now: datetime | None = None) -> Ticked:
        """Do what is due. Raises KbError when the database, service.yml or a secret can't be read."""
        if not self._store.exists():
            return Ticked()
        now, outbox = now or datetime.now(UTC), Outbox(self._store)
        told = self._tell_of_articles(now)
        done = 0
        again = self._forgotten == now.date()
        if self._settings.serves:
            cases = service.opened(self._settings, self._store)
            if not again:
                Incoming(cases, self._store, files.opened(self._settings, self._store)).forget(now)
            watched = watching.watch(cases, self._store, self._settings, now)
            told, done = told + watched.told + self._tell_of_rounds(cases, now), watched.closed
        sent = self._deliver(outbox, now)
        if not again:
            outbox.forget(now)
        self._forgotten = now.date()
        return Ticked(told, done, *sent)

    def fetch(self) -> int:
        """Take mail in, where there is a mailbox; how many. Raises KbError."""
        if not (self._settings.serves and self._settings.imap_host):
            return 0
        cases = service.opened(self._settings, self._store)
        incoming = Incoming(cases, self._store, files.opened(self._settings, self._store))
        return fetch(self._settings, incoming.take)

    def close(self) -> None:
        self._store.close()

    def _tell_of_articles(self, now: datetime) -> int:
        known = Wishes(self._store).everybody()
        if not known and not self._settings.webhook_url:
            return 0
        try:
            engine = self._engines.in_force()
        except (BundleError, EngineError):  # there is no base yet
            return 0
        staff, today = Staff([person for person, _ in known], Teams(self._store).all()), now.astimezone().date()
        news: list[Concerned] = [
            *knowledge.of_review(
                engine.in_state("review", MOST_ARTICLES),
                engine.due(today - OVERDUE, today - timedelta(days=1), MOST_ARTICLES),
                staff,
            ),
            *knowledge.of_verdicts(self._store, _finding(engine), staff, now),
            *knowledge.of_mentions(self._store, staff.people, now),
        ]
        return tell(self._store, self._settings, news, known, now)

    def _tell_of_rounds(self, cases: service.Cases, now: datetime) -> int:
        """Rounds that are overdue, and updates that were published."""
        known = Wishes(self._store).everybody()
        people = [person for person, _ in known]
        news = list(rounds.of_rounds(Rounds(self._store, cases), people, now, cases.policy.zone))
        mails: list[Notice] = []
        with suppress(BundleError, EngineError):  # there is no base yet
            newest = self._engines.in_force().newest(NEWEST)
            updates, mails = rounds.of_updates(self._store, self._settings, newest, people, now)
            news += updates
        told = tell(self._store, self._settings, news, known, now)
        if not mails:
            return told
        with self._store.session() as session:
            return told + post(session, mails, now)

    def _deliver(self, outbox: Outbox, now: datetime) -> tuple[int, int]:
        due = {message.channel for message in outbox.due(now, MOST_SENT)}
        if not due:
            return 0, 0
        ways = channels(self._settings)
        if CHAT not in due:
            ways.pop(CHAT, None)  # what it takes is loaded for those who use it
        try:
            return deliver(outbox, ways, now, MOST_SENT)
        finally:
            for way in ways.values():
                way.close()


def _finding(engine: Engine) -> knowledge.Find:
    def find(name: str) -> Article | None:
        try:
            return engine.article(name)
        except NotFoundError:
            return None

    return find


def run(settings: Settings) -> None:
    """Fetch mail and tick each minute, for as long as the process lives."""
    ticker = Ticker(settings)
    while True:
        time.sleep(MINUTE - time.time() % MINUTE)
        for work in (ticker.fetch, ticker.tick):
            try:
                work()
            except KbError as error:
                log.warning("%s", error)
