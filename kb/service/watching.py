"""This module looks at the cases whose time has come: it tells what is due, reminds, and closes what nobody answers.

Only those are computed that changed since they were looked at, or for which something falls due: each look says when
the next one is. Two that look at once find the same, and the outbox takes it once.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store, insert_into
from kb.errors import ConflictError, InputError
from kb.language import say
from kb.model.casework import Role
from kb.notices.knowledge import LATELY, mentions
from kb.notices.news import Concerned, Known, messages
from kb.notices.outbox import post
from kb.notices.wishes import Wishes
from kb.service.cases import Author, Case, Cases
from kb.service.clocks import clocks
from kb.service.duty import Roster
from kb.service.warnings import Around, Seen, ask_by_phone, look
from kb.settings import Settings

MOST = 1000
"""Cases that are looked at in one run, those longest due first."""
TOGETHER = 200
"""Cases whose looks are written in one transaction."""


class Watched(NamedTuple):
    """told: messages that are new in the outbox; closed: cases that nobody answered in time."""

    told: int = 0
    closed: int = 0


def watch(cases: Cases, store: Store, settings: Settings, now: datetime) -> Watched:
    """Look at what is due. Raises StoreError."""
    due = _due(store, now)
    known = Wishes(store).everybody()
    around = Around([person for person, _ in known], _on_duty(store, now), settings.public_url)
    told = _tell_of_mentions(store, settings, around, known, now)
    silent: list[Case] = []
    for i in range(0, len(due), TOGETHER):
        seen = [(row, case, _look(case, around, now)) for row, case in cases.some(due[i : i + TOGETHER])]
        with store.session() as session:
            news = [n for row, case, found in seen for n in _news(session, cases, row, case, found, around)]
            told += post(session, [n for concerned in news for n in messages(settings, concerned, known, now)], now)
            _remember(session, [(row, case.now.version, found.next) for row, case, found in seen])
        silent += [case for _, case, found in seen if found.closes]
    return Watched(told, sum(_close(cases, case) for case in silent))


def _due(store: Store, now: datetime) -> list[int]:
    """Rows of the cases to look at."""
    case, looked = tables.Case, tables.Look
    changed = or_(looked.case_id.is_(None), looked.version != case.version, looked.at <= now)
    statement = (
        select(case.id)
        .outerjoin(looked, looked.case_id == case.id)
        .where(tables.OPEN, changed)
        .order_by(looked.at, case.id)
        .limit(MOST)
    )
    with store.reading() as session:
        return list(session.scalars(statement))


def _on_duty(store: Store, now: datetime) -> dict[str, tuple[str, ...]]:
    """Team -> who is on duty; "" for whoever is."""
    out: dict[str, tuple[str, ...]] = {}
    for shift in Roster(store).now(at=now):
        for team in {shift.team, ""}:
            out[team] = (*out.get(team, ()), shift.person)
    return out


def _look(case: Case, around: Around, now: datetime) -> Seen:
    return look(case.now.at(now), case.log, case.policy, clocks(case.log, case.policy, now=now), around, now)


def _news(session: Session, cases: Cases, row: int, case: Case, found: Seen, around: Around) -> list[Concerned]:
    """What a look found is to be told to those at work. The customer is reminded by mail, or by one of them."""
    if not found.remind or cases.letters.remind(session, row, case.now, case.log, found.remind):
        return list(found.news)
    return [*found.news, ask_by_phone(case.now, case.policy, around, found.remind)]


def _remember(session: Session, looks: Iterable[tuple[int, int, datetime]]) -> None:
    rows = [{"case_id": case, "version": version, "at": at} for case, version, at in looks]
    if not rows:
        return
    statement = insert_into(session, tables.Look)
    changed = {"version": statement.excluded.version, "at": statement.excluded.at}
    session.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=changed), rows)


def _close(cases: Cases, case: Case) -> bool:
    """Close a case for silence. Somebody may have been quicker, or cases that were joined to it may be open."""
    words = say("没有回音，按已恢复关闭", "nobody answered, closed as restored")
    key = f"close:{case.now.number}:{case.now.version}"
    try:
        cases.add(case.now.number, "close", Author("", Role.SYSTEM), words, seen=case.now.version, key=key)
    except (InputError, ConflictError):
        return False
    return True


def _tell_of_mentions(store: Store, settings: Settings, around: Around, known: Known, now: datetime) -> int:
    """What was written in cases, among those at work, that names a team."""
    teams = {team for person in around.people for team in person.teams}
    if not teams:
        return 0
    statement = (
        select(tables.Event.id, tables.Case.number, tables.Event.text)
        .join(tables.Case, tables.Case.id == tables.Event.case_id)
        .where(tables.Event.noted > now - LATELY, ~tables.Event.public)
        .where(tables.Event.text.contains("@"))
    )
    with store.session() as session:
        said = list(session.execute(statement))
        found = [
            concerned
            for row, number, text in said
            for concerned in mentions(f"event:{row}", number, text, around.people, {"case": number})
        ]
        return post(session, [n for c in found for n in messages(settings, c, known, now)], now)
