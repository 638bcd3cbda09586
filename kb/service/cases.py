"""This module keeps cases: it adds events to their logs, each in one transaction with the snapshot that follows.

Who adds to a case waits for whoever adds to it now, then sees what that one wrote. The texts are customers' data: they
are in the database and nowhere else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import groupby
from logging import getLogger
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.activity import Feedback
from kb.database.connection import Store, upsert
from kb.errors import ConflictError, InputError, NotFoundError, StoreError
from kb.labels import label
from kb.language import first_of, say
from kb.model.casework import EVENT_KINDS, EventKind, Outcome, Role, State
from kb.service import finding, numbers
from kb.service import policy as policies
from kb.service.assets import devices
from kb.service.assets.known import filled
from kb.service.clocks import Clock, clocks
from kb.service.credit import Solved, solved, verdicts
from kb.service.days import statutory
from kb.service.events import Event, effective
from kb.service.fields import FIELDS, MAX_TEXT, read
from kb.service.ledger import Row
from kb.service.letters import Letters, letters, number_of
from kb.service.policy import Policy
from kb.service.reckoning import Years
from kb.service.rounds import guarded
from kb.service.snapshot import Snapshot, Standing, standing
from kb.service.states import BY_KIND, BY_NAME, Action, check, facts, phases, works_for
from kb.service.windows import reopens_until, silence
from kb.service.works import Piece, pieces
from kb.service.works import Row as WorkRow
from kb.settings import Settings

logger = getLogger(__name__)

MAX_LISTED = 200
COUNTED = 1000
"""Cases of a view that are counted; of more it is said that there are more."""
SOON = timedelta(hours=1)
"""How long before it is late a case is shown as soon late."""
LAST = 20
"""Cases of an article by which its figures are told."""
TRIES = 6
"""Times that a writer waits for the others, each as long as the database does."""
STREAMED = 1000
"""Rows of logs that are fetched at once."""
_OF_DEVICES = {"device", "old", "new"}
"""Fields that name one."""
_BEYOND = "z"
"""What comes after every digit and dash, in whatever order a database sorts."""
_COLUMNS = tuple(f.name for f in fields(Snapshot))


class Author(NamedTuple):
    """Who writes. name: "" for the program itself."""

    name: str
    role: Role


class Entry(NamedTuple):
    """What was written elsewhere, to be added to a case once. key: by which it is known again. work: the key of the
    entry that plans the piece of work it is about, "" when `given` says it."""

    key: str
    action: str
    text: str = ""
    given: Mapping[str, Any] = {}
    at: datetime | None = None
    work: str = ""


class Taken(NamedTuple):
    """An entry, and what became of it. known: it was there already; differs: it said something else then."""

    entry: Entry
    known: bool
    differs: bool = False


class _NotKept(Exception):  # noqa: N818 - how a transaction that only looks ends
    pass


class Case(NamedTuple):
    """A case with its log, in the order of writing, and the policy that it is promised by."""

    now: Snapshot
    log: tuple[Event, ...]
    policy: Policy


class Filter(NamedTuple):
    """Which cases are listed; what is empty does not count.

    states: those that are not closed, when none is named and nothing asks for what was closed too. any_state: closed
    ones too. teams, customers: of one of these. unassigned: without an owner. late: the first clock ran out; soon: or
    will within SOON. unwritten: restored or closed, and not yet answered which article it becomes. merged_into, parent:
    of these cases, closed ones too.
    """

    states: tuple[str, ...] = ()
    owner: str = ""
    team: str = ""
    teams: tuple[str, ...] = ()
    customer: str = ""
    customers: tuple[str, ...] = ()
    unassigned: bool = False
    emergency: bool = False
    late: bool = False
    soon: bool = False
    any_state: bool = False
    unwritten: bool = False
    merged_into: str = ""
    parent: str = ""


EVERYTHING = Filter()


class Like(NamedTuple):
    """A case like a text. share: of what the text's words tell that it says, too."""

    now: Snapshot
    share: float


class Alike(NamedTuple):
    """Cases like a text: those that are not closed, and closed ones that did not become an article."""

    open: tuple[Like, ...]
    unwritten: tuple[Like, ...]


class Taught(NamedTuple):
    """A closed case that an article solved. report: as it was told."""

    number: str
    article: str
    report: str


ALIKE = 0.3
"""The share from which on a case is like a text."""
TOGETHER = timedelta(hours=2)
OUTAGE = 3
"""So many cases alike within TOGETHER are proposed as one outage."""
MAX_RECENT = 12
"""Cases, the newest, among which an outage is looked for."""
OPEN = tables.OPEN
UNWRITTEN = and_(
    tables.UNANSWERED,
    tables.Case.state.in_((State.RESTORED, State.CLOSED)),
    tables.Case.outcome.not_in((Outcome.CANCELLED, Outcome.MERGED)),
)
"""Restored or closed, and not yet answered which article it becomes."""


class Cases:
    """The cases of one database. Every method raises StoreError when it can't be used.

    policy: what new cases are promised by. areas: a base's own. years: what is known of the days of a year.
    feedback: where it is told which articles solved a case, and which did not; None for nowhere. letters: what leaves a
    case by itself.
    """

    def __init__(
        self,
        store: Store,
        policy: Policy,
        areas: tuple[str, ...] = (),
        years: Years = statutory,
        feedback: Feedback | None = None,
        letters: Letters = Letters(),  # noqa: B008 - frozen
    ) -> None:
        self._store, self._years, self._feedback = store, years, feedback
        self.policy, self.areas, self.letters = policy, areas, letters

    # --- reading ---

    def find(self, number: str) -> Case:
        """A case by whatever form of its number (kb.service.numbers.read). Raises InputError, NotFoundError."""
        with self._store.reading() as session:
            return self._case(session, self._row(session, number))

    def works(self, case: Case, now: datetime | None = None) -> list[Piece]:
        """The pieces of work of a case."""
        log = effective(case.log)
        return pieces(log, phases(log, now or _now()))

    def clocks(self, case: Case, now: datetime | None = None) -> list[Clock]:
        return clocks(case.log, case.policy, self._years, now)

    def all(self, which: Filter = EVERYTHING, most: int = MAX_LISTED, skip: int = 0) -> list[Snapshot]:
        """Cases as they are now: those whose time runs out first, then the newest; what was closed too by their age."""
        now = _now()
        case = tables.Case
        by_age = which.any_state or which.unwritten or which.states == (State.CLOSED,)
        order = (case.opened.desc(),) if by_age else (case.next_due.nulls_last(), case.opened.desc())
        statement = _where(select(case), which, now).order_by(*order).offset(skip).limit(most)
        with self._store.reading() as session:
            found = [_snapshot_of(row).at(now) for row in session.scalars(statement)]
        return [case for case in found if not which.states or case.state in which.states]

    def counts(self, views: Mapping[str, Filter]) -> dict[str, int]:
        """How many cases each view has, COUNTED at most."""
        now = _now()
        some = (_where(select(tables.Case.id), which, now).limit(COUNTED).subquery() for which in views.values())
        statement = select(*(select(func.count()).select_from(each).scalar_subquery() for each in some))
        with self._store.reading() as session:
            return dict(zip(views, session.execute(statement).one(), strict=True))

    def holding(self, text: str, most: int = MAX_LISTED) -> list[Snapshot]:
        """The case that a text numbers; else those that hold all of its words, the newest first."""
        with self._store.reading() as session:
            with suppress(InputError, NotFoundError):
                return [_snapshot_of(self._row(session, text)).at(_now())]
            return _in_order(session, finding.holding(session, text, most))

    def like(self, text: str, but: str = "", most: int = 5) -> Alike:
        """Cases like a text, those most like it first. but: the number of the case that it is the text of."""
        case = tables.Case
        with self._store.reading() as session:
            shares = {found: share for found, share in finding.like(session, text) if share >= ALIKE}
            known = select(case.id, case.number, case.state, case.article, case.outcome).where(case.id.in_(shares))
            rows = {row.id: row for row in session.execute(known) if row.number != but}
            still = [i for i in shares if i in rows and rows[i].state != State.CLOSED][:most]
            lost = [i for i in shares if i in rows and _became_nothing(rows[i])][:most]
            now = dict(zip((*still, *lost), _in_order(session, (*still, *lost)), strict=True))
        return Alike(*(tuple(Like(now[i], shares[i]) for i in chosen) for chosen in (still, lost)))

    def outage(self) -> list[Snapshot]:
        """Cases of the last two hours that tell the same, three at least, the oldest first: one outage? [] for none.

        What was joined already is no news.
        """
        case, now = tables.Case, _now()
        recent = (case.opened >= now - TOGETHER) & (case.parent == "") & OPEN
        statement = select(case.id, case.title).where(recent).order_by(case.id.desc()).limit(MAX_RECENT)
        with self._store.reading() as session:
            found = tuple((row.id, row.title) for row in session.execute(statement))
            if len(found) < OUTAGE:
                return []
            return _in_order(session, _alike(self._store, found))

    def caller(self, text: str) -> Snapshot | None:
        """The newest case of who is reached by a number or an address that stands in a text, or has a serial of it."""
        with self._store.reading() as session:
            for piece in (*finding.reached(text), *finding.serials(text)):
                for case in _in_order(session, finding.holding(session, piece, LAST)):
                    if case.contact or case.customer:
                        return case
        return None

    def solved(self, article: str) -> Solved | None:
        """What an article did in cases; None when it solved none."""
        case = tables.Case
        by_it = and_(tables.ANSWERED, case.article == article, case.state.in_((State.RESTORED, State.CLOSED)))
        with self._store.reading() as session:
            count = session.scalar(select(func.count()).select_from(case).where(by_it)) or 0
            last = select(case.id).where(by_it).order_by(case.id.desc()).limit(LAST)
            logs = [log for _, log in _with_logs(session, case.id.in_(session.scalars(last).all()))] if count else []
        return solved(count, logs, _now()) if count else None

    def taught(self, most: int) -> list[Taught]:
        """What the newest closed cases say that an article solved."""
        case, event = tables.Case, tables.Event
        real = case.outcome.not_in((Outcome.CANCELLED, Outcome.MERGED))
        statement = (
            select(case.number, case.article, event.text)
            .join(event, and_(event.case_id == case.id, event.place == 1))
            .where(case.closed.is_not(None), case.article != "", real)
            .order_by(case.closed.desc())
            .limit(most)
        )
        with self._store.reading() as session:
            return [Taught(*row) for row in session.execute(statement)]

    def beginning(self, digits: str, most: int) -> list[Snapshot]:
        """Cases whose number begins so, or is meant so (137, 26-137), the newest first."""
        with self._store.reading() as session:
            with suppress(InputError, NotFoundError):
                return [_snapshot_of(self._row(session, digits)).at(_now())]
            number = tables.Case.number
            statement = select(tables.Case).where(number >= digits, number < digits + _BEYOND)
            found = session.scalars(statement.order_by(number.desc()).limit(most))
            return [_snapshot_of(row).at(_now()) for row in found]

    def classes_of(self, text: str) -> list[tuple[float, str, str]]:
        """(how much it is like a text, urgency, impact) of cases like it, whatever became of them."""
        case = tables.Case
        with self._store.reading() as session:
            shares = {found: share for found, share in finding.like(session, text) if share >= ALIKE}
            known = select(case.id, case.urgency, case.impact).where(case.id.in_(shares))
            return [(shares[row.id], row.urgency, row.impact) for row in session.execute(known)]

    def named(self, wanted: Sequence[str]) -> list[Case]:
        """Cases by their whole numbers, with their logs, in that order."""
        with self._store.reading() as session:
            found = _with_logs(session, tables.Case.number.in_(wanted))
            by = {row.number: Case(_snapshot_of(row), log, self._policy(session, row.policy)) for row, log in found}
        return [by[number] for number in wanted if number in by]

    def logs(self, since: datetime) -> Iterator[Case]:
        """Cases that are open, or were opened since then, with their logs."""
        wanted = or_(OPEN, tables.Case.opened >= since)
        with self._store.reading() as session:
            for row, log in _with_logs(session, wanted):
                yield Case(_snapshot_of(row), log, self._policy(session, row.policy))

    def some(self, rows: Sequence[int]) -> Iterator[tuple[int, Case]]:
        """Cases by their rows, with these, in the order of their reports."""
        with self._store.reading() as session:
            for row, log in _with_logs(session, tables.Case.id.in_(rows)):
                yield row.id, Case(_snapshot_of(row), log, self._policy(session, row.policy))

    def answered_by(self, message_ids: Sequence[str]) -> str:
        """The number of the case that a mail belongs to that answers these: ours, or one that came in; "" for none."""
        with self._store.reading() as session:
            if number := number_of(session, " ".join(message_ids)):
                return number
            statement = (
                select(tables.Event.message_id, tables.Case.number)
                .join(tables.Case, tables.Event.case_id == tables.Case.id)
                .where(tables.Event.message_id.in_(message_ids))
            )
            known = {row.message_id: row.number for row in session.execute(statement)}
        return next((known[name] for name in message_ids if name in known), "")

    # --- writing ---

    def report(
        self,
        text: str,
        given: Mapping[str, Any],
        author: Author,
        at: datetime | None = None,
        key: str | None = None,
        message_id: str | None = None,
    ) -> Case:
        """A new case. given: fields of the report, `channel` at least. key: whoever asks twice gets the same case.

        Raises InputError that names the field.
        """

        def write(session: Session) -> Case:
            now = _now()
            told = filled(session, given, self.policy, now.astimezone(self.policy.zone).date())
            event = self._event("report", text, told, author, now, at or now, self.policy)
            event = replace(event, data={**event.data, "policy": self.policy.digest})
            check((), event, author.role, self.policy, now)
            self._keep_policy(session, self.policy, now)
            row = tables.Case(number=numbers.draw(session, now.astimezone(self.policy.zone).year))
            return self._write(session, row, (), event, self.policy, key, message_id)

        return self._once(write, key, message_id)

    def bring(self, log: Sequence[Event]) -> Case:
        """A new case whose whole log is there already, each event checked in its turn as an administrator's.

        Raises InputError. What depends on a calendar, or on other cases, is not asked.
        """

        def write(session: Session) -> Case:
            first = replace(log[0], data={**log[0].data, "policy": self.policy.digest})
            events: list[Event] = []
            for place, event in enumerate((first, *log[1:]), 1):
                check(effective(events), event, Role.ADMIN, self.policy, event.noted)
                events.append(replace(event, place=place, data=_clean(event.data), text=_clean(event.text)))
            self._keep_policy(session, self.policy, _now())
            row = tables.Case(number=numbers.draw(session, first.at.astimezone(self.policy.zone).year))
            return self._keep(session, row, events, 0, self.policy)

        return self._once(write)

    def add(
        self,
        number: str,
        action: str,
        author: Author,
        text: str = "",
        given: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        public: bool | None = None,
        seen: int | None = None,
        key: str | None = None,
        message_id: str | None = None,
    ) -> Case:
        """Add an event to a case. given: what the action asks for, see kb.service.states.ACTIONS.

        seen: the version that the author looked at. Raises InputError that names the field, NotFoundError,
        ConflictError when somebody else wrote something since.
        """

        def write(session: Session) -> Case:
            row = self._row(session, number, lock=True)
            case = self._case(session, row)
            _check_seen(case, seen, author)
            now = max(_now(), case.log[-1].noted)  # whatever this machine's clock did since
            event = self._event(action, text, given or {}, author, now, at or now, case.policy, public)
            event = _about_work(event, case.log)
            log = effective(case.log)
            check(log, event, author.role, case.policy, now)
            event = self._check_beyond(session, case, log, event, now)
            guarded.check(session, case.now, event, author.role, self.policy.zone)
            if event.kind == EventKind.UPDATE:
                self._tell_children(session, row.number, event)
            return self._write(session, row, case.log, event, case.policy, key, message_id)

        return self._once(write, key, message_id)

    def take(
        self,
        number: str,
        entries: Sequence[Entry],
        author: Author,
        keep: bool = True,
        beside: Callable[[Session], None] = lambda session: None,
    ) -> list[Taken]:
        """Add what was written elsewhere to a case, all of it or nothing, each entry once; what became of each.

        keep: whether it is written, or only looked at. beside: what else the transaction does. Raises InputError that
        names the entry, NotFoundError.
        """
        taken: list[Taken] = []

        def write(session: Session) -> Case:
            row = self._row(session, number, lock=True)
            case = self._case(session, row)
            works: dict[str, int] = {}
            taken.clear()
            for entry in entries:
                known = session.scalar(select(tables.Event).where(tables.Event.key == entry.key))
                if known is None:
                    case = self._take(session, row, case, entry, author, works)
                differs = known is not None and known.text != entry.text.strip()
                taken.append(Taken(entry, known is not None, differs))
                works[entry.key] = known.work if known is not None else case.log[-1].work
            beside(session)
            if not keep:
                raise _NotKept
            return case

        with suppress(_NotKept):
            self._once(write)
        return taken

    def _take(
        self, session: Session, row: tables.Case, case: Case, entry: Entry, author: Author, works: Mapping[str, int]
    ) -> Case:
        """Raises InputError that names the entry."""
        given = dict(entry.given) | ({"work": str(works[entry.work])} if entry.work else {})
        now = max(_now(), case.log[-1].noted)
        try:
            event = self._event(entry.action, entry.text, given, author, now, entry.at or now, case.policy)
            event = _about_work(event, case.log)
            log = effective(case.log)
            check(log, event, author.role, case.policy, now)
            event = self._check_beyond(session, case, log, event, now)
        except InputError as error:
            what = label("event", BY_NAME[entry.action].kind)
            raise InputError(f"{what}{say('：', ': ')}{error}") from None
        return self._write(session, row, case.log, event, case.policy, entry.key)

    def receive(
        self,
        number: str,
        text: str,
        author: Author,
        given: Mapping[str, Any] | None = None,
        key: str | None = None,
        message_id: str | None = None,
    ) -> Case:
        """What a customer wrote to a case, where it belongs now.

        To a merged case: in the one it was merged into. To a closed one: it is reopened, or, when its time for that is
        over, there is a new one that follows it. Something automatic is noted and changes nothing.
        """
        case = self.find(number)
        while case.now.merged_into:
            case = self.find(case.now.merged_into)
        given = given or {}
        written = {"author": author, "key": key, "message_id": message_id}
        files = {name: value for name, value in given.items() if name == "files"}
        if case.now.state == State.CLOSED and not given.get("automatic"):
            until = reopens_until(phases(effective(case.log), _now()), case.policy, self._years)
            if until is not None and _now() <= until:
                return self.add(case.now.number, "reopen", text=text, given=files, **written)  # type: ignore[arg-type]
            kept = {
                k: v for k, v in facts(case.log).items() if k in ("customer", "contact", "site", "channel", "promises")
            }
            return self.report(text, {**kept, **files, "follows": case.now.number}, **written)  # type: ignore[arg-type]
        return self.add(case.now.number, "message", text=text, given=given, **written)  # type: ignore[arg-type]

    def adopt(self, author: Author) -> list[str]:
        """Move the cases that are not closed on to the present policy; their numbers."""
        with self._store.reading() as session:
            other = and_(OPEN, tables.Case.policy != self.policy.digest)
            found = list(session.scalars(select(tables.Case.number).where(other).order_by(tables.Case.id)))

        def write(number: str, session: Session) -> Case:
            row = self._row(session, number, lock=True)
            case = self._case(session, row)
            now = max(_now(), case.log[-1].noted)
            event = Event(EventKind.ADOPTED, now, now, author.name, data={"policy": self.policy.digest})
            check(effective(case.log), event, author.role, case.policy, now)
            self._keep_policy(session, self.policy, now)
            return self._write(session, row, case.log, event, self.policy)

        return [self._once(partial(write, number)).now.number for number in found]

    # --- proving ---

    def check(self) -> list[str]:
        """What the rows say that the logs do not, in sentences; empty when all is proved."""
        with self._store.reading() as session:
            found = []
            for row, log in _with_logs(session):
                computed = self._computed(session, row.number, log)
                told, follows = asdict(_snapshot_of(row)), asdict(computed.now)
                wrong = [name for name in _COLUMNS if told[name] != follows[name]]
                found += [
                    say("{number}：{name} 记为 {told}，按记录应为 {follows}",
                        "{number}: {name} is {told}, by its log it should be {follows}",
                        number=row.number, name=name, told=told[name], follows=follows[name])
                    for name in wrong
                ]  # fmt: skip
                if _promises_of(session, row.id) != computed.promises:
                    found.append(say("{number}：承诺的账与记录不符", "{number}: its promises are not those of its log",
                                     number=row.number))  # fmt: skip
                if _works_of(session, row.id) != computed.works:
                    found.append(say("{number}：工作的账与记录不符", "{number}: its works are not those of its log",
                                     number=row.number))  # fmt: skip
            found += [
                say(
                    "编号 {series}：下一个应为 {n}",
                    "numbers of {series}: the next one should be {n}",
                    series=series,
                    n=n,
                )
                for series, n in numbers.behind(session).items()
            ]
            return found

    def rebuild(self) -> int:
        """Compute all rows anew from their logs, and put counters forward; how many rows changed."""
        with self._store.session() as session:
            wrong = []
            for row, log in _with_logs(session):
                follows = self._computed(session, row.number, log)
                kept = Standing(_snapshot_of(row), _promises_of(session, row.id), _works_of(session, row.id))
                wrong += [] if kept == follows else [(row, follows)]
            for row, follows in wrong:
                _set(row, follows.now)
                _set_promises(session, row.id, follows.promises)
                _set_works(session, row.id, follows.works)
            for series, n in numbers.behind(session).items():
                numbers.advance(session, series, n)
            finding.forget(session)
            for row, log in _with_logs(session):
                for event in effective(log):
                    finding.note(session, row.id, event)
                devices.link(session, row.id, log)
            return len(wrong)

    # --- inside a transaction ---

    def _row(self, session: Session, number: str, lock: bool = False) -> tables.Case:
        """The row of a case; locked, it is nobody else's until the transaction ends."""
        wanted = numbers.read(number, _now().astimezone(self.policy.zone).date())
        statement = select(tables.Case).where(tables.Case.number == wanted)
        row = session.scalar(statement.with_for_update() if lock else statement)
        if row is None:
            raise NotFoundError(say("没有单号 {number}", "there is no case {number}", number=wanted))
        return row

    def _case(self, session: Session, row: tables.Case) -> Case:
        return Case(_snapshot_of(row), _log(session, row), self._policy(session, row.policy))

    def _computed(self, session: Session, number: str, log: Sequence[Event]) -> Standing:
        digest = str(facts(effective(log))["policy"])
        return standing(number, log, self._policy(session, digest), self._years)

    def _policy(self, session: Session, digest: str) -> Policy:
        if digest == self.policy.digest:
            return self.policy
        return _read(session.scalars(select(tables.Policy.text).where(tables.Policy.digest == digest)).one())

    def _keep_policy(self, session: Session, policy: Policy, now: datetime) -> None:
        if session.get(tables.Policy, policy.digest) is None:
            upsert(session, tables.Policy, ("digest",), digest=policy.digest, at=now, text=policy.text)

    def _event(
        self,
        action: str,
        text: str,
        given: Mapping[str, Any],
        author: Author,
        now: datetime,
        at: datetime,
        policy: Policy,
        public: bool | None = None,
    ) -> Event:
        row = _action(action)
        if len(text) > MAX_TEXT:
            raise InputError(
                say("正文 (text) 超过 {n} 个字符", "the words (text) have over {n} characters", n=MAX_TEXT)
            )
        if unknown := [name for name in given if name not in FIELDS]:
            raise InputError(say("没有名为 {name} 的项", "there is no field {name}", name=unknown[0]))
        data = read(given, policy.zone, now, self.areas)
        shown = row.public if public is None else public
        of = {name: data.pop(name, 0) for name in ("work", "corrects")}
        return Event(row.kind, at.astimezone(UTC), now, author.name, _clean(text.strip()), shown, _clean(data), **of)

    def _check_beyond(self, session: Session, case: Case, log: Sequence[Event], event: Event, now: datetime) -> Event:
        """What depends on times of a calendar, and on other cases. Numbers of cases are written whole."""
        life = phases(log, now)
        if event.kind == EventKind.REOPENED:
            until = reopens_until(life, case.policy, self._years)
            if until is None or now > until:
                raise InputError(
                    say("重开的期限已过；请报一个新单，写上 follows={number}",
                        "the time to reopen it is over; report a new case with follows={number}",
                        number=case.now.number)
                )  # fmt: skip
        if event.kind == EventKind.CLOSED:
            quiet = silence(life, case.policy, self._years)
            if quiet is None or quiet.closes is None or now < quiet.closes:
                raise InputError(_not_silent(quiet.closes if quiet else None, case.policy))
        if BY_KIND[event.kind].to is State.CLOSED:
            self._check_children(session, case.now.number)
        for name in ("into", "parent"):
            if name in event.data:
                other = self._check_other(session, case.now.number, name, str(event.data[name]))
                event = replace(event, data={**event.data, name: other})
        return event

    def _check_children(self, session: Session, number: str) -> None:
        children = (tables.Case.parent == number) & (tables.Case.state != State.CLOSED)
        if still := list(session.scalars(select(tables.Case.number).where(children).limit(6))):
            raise InputError(
                say("总单下还有没关的单：{numbers}", "cases that were joined to it are still open: {numbers}",
                    numbers=first_of(still, 5))
            )  # fmt: skip

    def _check_other(self, session: Session, number: str, name: str, text: str) -> str:
        """The number of another case that this one goes into: an open one, and not back to itself."""
        other = self._row(session, text)
        column = "merged_into" if name == "into" else "parent"
        chain = {number}
        while getattr(other, column) and other.number not in chain:
            chain.add(other.number)
            other = self._row(session, getattr(other, column))
        if other.number in chain:
            raise InputError(
                say("{field}：{number} 绕回自己", "{field}: {number} leads back to itself",
                    field=FIELDS[name].asked, number=other.number)
            )  # fmt: skip
        if other.state == State.CLOSED:
            raise InputError(
                say(
                    "{field}：{number} 已关闭",
                    "{field}: {number} is closed",
                    field=FIELDS[name].asked,
                    number=other.number,
                )
            )
        return other.number

    def _tell_children(self, session: Session, number: str, event: Event) -> None:
        """An update of an outage goes to each case that was joined to it."""
        open_ones = (tables.Case.parent == number) & (tables.Case.state != State.CLOSED)
        for row in session.scalars(select(tables.Case).where(open_ones).order_by(tables.Case.id).with_for_update()):
            case = self._case(session, row)
            told = replace(event, kind=EventKind.MESSAGE_OUT, public=True, data={})
            self._write(session, row, case.log, told, case.policy)

    def _write(
        self,
        session: Session,
        row: tables.Case,
        before: Sequence[Event],
        event: Event,
        policy: Policy,
        key: str | None = None,
        message_id: str | None = None,
    ) -> Case:
        """Add an event, and the snapshot that follows from it."""
        event = replace(event, place=len(before) + 1)
        done = self._keep(session, row, (*before, event), len(before), policy, key, message_id)
        self.letters.post(session, row.id, done.now, done.log)
        return done

    def _keep(
        self,
        session: Session,
        row: tables.Case,
        log: Sequence[Event],
        known: int,
        policy: Policy,
        key: str | None = None,
        message_id: str | None = None,
    ) -> Case:
        """Keep a log of which some events are kept already, and what follows from all of it."""
        now, promises, done = standing(row.number, log, policy, self._years)
        _set(row, now)
        session.add(row)
        session.flush()
        for event in log[known:]:
            values = {**asdict(event), "kind": str(event.kind), "data": dict(event.data)}
            session.add(tables.Event(case_id=row.id, key=key, message_id=message_id, **values))
        session.flush()
        _set_promises(session, row.id, promises)
        _set_works(session, row.id, done)
        for place, event in enumerate(log[known:], known):
            finding.note(session, row.id, event)
            if event.corrects or _OF_DEVICES & event.data.keys():
                devices.follow(session, event, log[:place])
                devices.link(session, row.id, log[: place + 1])
        return Case(now, tuple(log), policy)

    def _once(
        self,
        write: Callable[[Session], Case],
        key: str | None = None,
        message_id: str | None = None,
        tries: int = TRIES,
    ) -> Case:
        """Write in a transaction, unless an earlier request with this key, or mail with this id, was written.

        Of two at the same moment the later one fails by the constraint, and gets what the other wrote. SQLite lets
        writers in in no order: one that was passed over for long asks again.
        """
        known = self._known(key, message_id)
        if known is not None:
            return self.find(known)
        try:
            with self._store.session() as session:
                written = write(session)
            self._credit(written)
            return written
        except StoreError as error:
            beaten = isinstance(error.__cause__, IntegrityError) and self._known(key, message_id) is not None
            passed_over = isinstance(error.__cause__, OperationalError) and "locked" in str(error.__cause__)
            if tries == 1 or not (beaten or passed_over):
                raise
        return self._once(write, key, message_id, tries - 1)

    def _credit(self, case: Case) -> None:
        """Tell of each article whether it solved this case. A log that fails keeps nobody from writing."""
        said = verdicts(case.log)
        if not said or self._feedback is None or not self._feedback.kept:
            return
        report, visitor = next(e.text for e in case.log if e.kind == EventKind.REPORTED), f"case-{case.now.number}"
        try:
            given = self._feedback.given(visitor, report)
            for article, verdict in said.items():
                row, before = given.get(article, (0, ""))
                if verdict and verdict != before:
                    self._feedback.give_verdict(article, verdict, visitor, report)
                elif before and not verdict:
                    self._feedback.take_back(row, visitor)
        except StoreError as error:
            logger.warning("%s", error)

    def _known(self, key: str | None, message_id: str | None) -> str | None:
        given = ((tables.Event.key, key), (tables.Event.message_id, message_id))
        same = [column == value for column, value in given if value is not None]
        if not same:
            return None
        of_case = tables.Event.case_id == tables.Case.id
        statement = select(tables.Case.number).join(tables.Event, of_case).where(or_(*same))
        with self._store.reading() as session:
            return session.scalar(statement)


@lru_cache(maxsize=8)
def _alike(store: Store, recent: tuple[tuple[int, str], ...]) -> tuple[int, ...]:
    """The first of these cases, as (row, title), that are alike, OUTAGE of them at least; looked for once."""
    rows = {row for row, _ in recent}
    with store.reading() as session:
        for row, title in recent:
            near = {other for other, share in finding.like(session, title) if share >= ALIKE} & rows | {row}
            if len(near) >= OUTAGE:
                return tuple(sorted(near))
    return ()


@lru_cache(maxsize=64)
def _read(text: str) -> Policy:
    return policies.read(text)


def _action(name: str) -> Action:
    if name not in BY_NAME:
        raise InputError(
            say("没有动作 '{name}'（可用：{known}）", "there is no action '{name}' ({known})",
                name=name, known=", ".join(BY_NAME))
        )  # fmt: skip
    return BY_NAME[name]


def _check_seen(case: Case, seen: int | None, author: Author) -> None:
    """Whoever writes has seen what others wrote."""
    new = [e for e in case.log if seen is not None and e.place > seen and e.by != author.name]
    if new:
        last = new[-1]
        raise ConflictError(
            say("{who}刚写了“{what}”；请先看过再写（现在是第 {version} 版）",
                "{who} has just added '{what}'; look at it first (this is version {version} now)",
                who=last.by or say("程序", "the program"), what=label("event", last.kind), version=case.now.version)
        )  # fmt: skip


def _about_work(event: Event, log: Sequence[Event]) -> Event:
    """A new piece of work gets its number; an event that names none is about the only one that goes on."""
    if event.kind == EventKind.WORK_PLANNED:
        return replace(event, work=max((e.work for e in log), default=0) + 1)
    known = works_for(event.kind, effective(log))
    if "work" in BY_KIND[event.kind].asks and not event.work and len(known) == 1:
        return replace(event, work=next(iter(known)))
    return event


def _not_silent(closes: datetime | None, policy: Policy) -> str:
    if closes is None:
        return say("还没有最终恢复，不能关闭", "it is not restored for good, so it can't be closed")
    return say(
        "{until:%Y-%m-%d %H:%M} 之前客户还可以回话，不能自行关闭；客户确认了用 confirm",
        "the customer may answer until {until:%Y-%m-%d %H:%M}, so it can't be closed yet; a confirmation is `confirm`",
        until=closes.astimezone(policy.zone),
    )


def _where(statement: Select[Any], which: Filter, now: datetime) -> Select[Any]:
    case = tables.Case
    if not (which.states or which.any_state or which.unwritten or which.merged_into or which.parent):
        statement = statement.where(OPEN)
    if which.states:
        if State.CLOSED not in which.states:
            statement = statement.where(OPEN)
        wider = {*which.states, *({State.WAITING} if State.OPEN in which.states else ())}  # a wait may be over by now
        statement = statement.where(case.state.in_(sorted(wider)))
    for name in ("owner", "team", "customer", "merged_into", "parent"):
        if value := getattr(which, name):
            statement = statement.where(getattr(case, name) == value)
    if which.teams:
        statement = statement.where(case.team.in_(which.teams))
    if which.customers:
        statement = statement.where(case.customer.in_(which.customers))
    if which.unassigned:
        statement = statement.where(case.owner == "")
    if which.emergency:
        statement = statement.where(case.emergency)
    if which.late:
        statement = statement.where(case.next_due < now)
    if which.soon:
        statement = statement.where(case.next_due < now + SOON)
    if which.unwritten:
        statement = statement.where(UNWRITTEN)
    return statement


def _became_nothing(row: Any) -> bool:
    """Whether a case was closed, and no article tells of it."""
    real = row.outcome not in (Outcome.CANCELLED, Outcome.MERGED)
    return bool(row.state == State.CLOSED and real and not row.article)


def _in_order(session: Session, wanted: Sequence[int]) -> list[Snapshot]:
    """Cases by their ids, in that order."""
    rows = {row.id: row for row in session.scalars(select(tables.Case).where(tables.Case.id.in_(wanted)))}
    return [_snapshot_of(rows[i]).at(_now()) for i in wanted]


def _log(session: Session, row: tables.Case) -> tuple[Event, ...]:
    statement = select(tables.Event).where(tables.Event.case_id == row.id).order_by(tables.Event.place)
    return tuple(_event_of(event) for event in session.scalars(statement))


def _with_logs(
    session: Session, wanted: ColumnElement[bool] | None = None
) -> Iterator[tuple[tables.Case, tuple[Event, ...]]]:
    """Cases with their logs, by two statements however many there are; all of them when nothing is wanted."""
    chosen = select(tables.Case.id) if wanted is None else select(tables.Case.id).where(wanted)
    events = (
        select(tables.Event)
        .where(tables.Event.case_id.in_(chosen))
        .order_by(tables.Event.case_id, tables.Event.place)
        .execution_options(yield_per=STREAMED)
    )
    rows = select(tables.Case).where(tables.Case.id.in_(chosen)).order_by(tables.Case.id)
    logs = groupby(session.scalars(events), key=lambda event: event.case_id)
    for row, (of, log) in zip(session.scalars(rows), logs, strict=True):
        assert row.id == of, "every case has its report"
        yield row, tuple(_event_of(event) for event in log)


def _set(row: tables.Case, values: Snapshot) -> None:
    for name in _COLUMNS:
        setattr(row, name, getattr(values, name))


def _set_promises(session: Session, case: int, now: Sequence[Row]) -> None:
    """Keep how a case stands with its promises in place of how it stood."""
    before = _promises_of(session, case)
    if now == before:
        return
    if before:
        session.execute(delete(tables.CaseClock).where(tables.CaseClock.case_id == case))
    if now:
        session.execute(insert(tables.CaseClock), [{"case_id": case, **row._asdict()} for row in now])


def _promises_of(session: Session, case: int) -> list[Row]:
    table = tables.CaseClock
    columns = [getattr(table, name) for name in Row._fields]
    statement = select(*columns).where(table.case_id == case).order_by(table.name, table.place)
    return [Row(*row) for row in session.execute(statement)]


def _set_works(session: Session, case: int, now: Sequence[WorkRow]) -> None:
    """Keep how a case's pieces of work stand in place of how they stood."""
    before = _works_of(session, case)
    if now == before:
        return
    if before:
        session.execute(delete(tables.CaseWork).where(tables.CaseWork.case_id == case))
    if now:
        session.execute(insert(tables.CaseWork), [{"case_id": case, **row._asdict()} for row in now])


def _works_of(session: Session, case: int) -> list[WorkRow]:
    table = tables.CaseWork
    columns = [getattr(table, name) for name in WorkRow._fields]
    return [
        WorkRow(*row) for row in session.execute(select(*columns).where(table.case_id == case).order_by(table.place))
    ]


def _snapshot_of(row: tables.Case) -> Snapshot:
    return Snapshot(**{name: getattr(row, name) for name in _COLUMNS})


def _event_of(row: tables.Event) -> Event:
    own = (f.name for f in fields(Event) if f.name != "kind")
    return Event(EVENT_KINDS[row.kind], **{name: getattr(row, name) for name in own})


def _clean(value: Any) -> Any:
    """Texts without what a database refuses, see kb.database.tables."""
    if isinstance(value, dict):
        return {name: _clean(v) for name, v in value.items()}
    return value.replace("\0", "").encode("utf8", "replace").decode("utf8") if isinstance(value, str) else value


def opened(chosen: Settings, store: Store | None = None) -> Cases:
    """The cases of a base, under the policy in force. store: of its database, when there is one already.

    Raises InputError where there is no service desk.
    """
    if not chosen.serves:
        raise InputError(
            say("服务台没有启用；设置 service = \"on\"，或在 {folder} 放一个 service.yml（kb policy show 可以作底稿）",
                "there is no service desk; set service = \"on\", or put a service.yml into {folder} "
                "(kb policy show is one to start from)", folder=chosen.articles.parent)
        )  # fmt: skip
    store = store or Store(chosen.database)
    policy = policies.load(chosen.articles.parent)
    log = Feedback(store, chosen.log_days)
    return Cases(store, policy, chosen.areas, feedback=log, letters=letters(chosen))


def _now() -> datetime:
    return datetime.now(UTC)
