"""This module answers what is to be told of a case at a moment, to those who work on it and to its customer.

A promise is warned of when most of its time is used up, and once more when it is late; not while it is the customer's
turn, and not outside working hours, but for P1 and emergencies. All of it is a function of the log: under its key each
piece is told once, whoever computes it, however often.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from kb.labels import label
from kb.language import say
from kb.model.casework import EventKind, State, WaitsFor
from kb.notices.news import Concerned, News
from kb.people.accounts import Person, leads
from kb.privacy import masked
from kb.service.clocks import DAILY, PROMISED, UPDATE, Clock
from kb.service.days import statutory
from kb.service.events import Event, effective, moment
from kb.service.policy import Policy
from kb.service.reckoning import Years, working_time
from kb.service.snapshot import Snapshot
from kb.service.states import Phase, emergencies, phases
from kb.service.windows import Silence, silence, wait_reminder

AGAIN = timedelta(days=1)
"""A case is looked at once a day at least: days off may have been announced."""
SOON = timedelta(minutes=1)
"""How soon it is looked at again when something could not be done."""
OPENS_WITHIN = timedelta(days=30)


class Around(NamedTuple):
    """Who may be told. people: all with an account. duty: persons on duty now, by login or name, team -> them ("" is
    whoever). site: the address of the site, "" where nobody may follow a link."""

    people: Sequence[Person]
    duty: dict[str, tuple[str, ...]]
    site: str = ""


class Seen(NamedTuple):
    """What a look at a case found. news: for those at work. remind: the reminder of its customer that is due, whether
    it is well, or that he is waited for; "" for none. closes: whether its silence is over. next: when to look again."""

    news: tuple[Concerned, ...]
    remind: str
    closes: bool
    next: datetime


def look(
    case: Snapshot,
    log: Sequence[Event],
    policy: Policy,
    clocks: Sequence[Clock],
    around: Around,
    now: datetime,
    years: Years = statutory,
) -> Seen:
    """What is due for a case that is not closed. clocks: its clocks now."""
    counted = effective(log)
    life = phases(counted, now)
    office = working_time(policy, policy.close.calendar, years)
    pressing = case.emergency or case.priority == "P1"
    may_tell = pressing or office.open_at(now)
    told = [
        *_of_emergency(case, counted),
        *_of_clocks(case, clocks, life[-1], policy, now),
        *_of_wait(case, counted, life, now),
    ]
    moments = [*_moments(clocks), *(m for m in (life[-1].until,) if m)]
    quiet = silence(life, policy, years)
    remind, closes = "", False
    if quiet is not None:
        remind = _reminder(quiet, life[-1], now)
        closes = quiet.closes is not None and quiet.closes <= now
        moments += [*quiet.reminders, *([quiet.closes] if quiet.closes else [])]
    before_end = wait_reminder(life, policy)
    if before_end is not None:
        moments.append(before_end)
        if before_end <= now and life[-1].waits_for != WaitsFor.CUSTOMER:
            told.append((_running_out(case, life[-1], policy), False))
        elif before_end <= now and may_tell:
            remind = f"w{life[-1].start:%y%m%d%H%M}"
    later = [m for m in moments if m > now]
    if (told or (before_end is not None and before_end <= now)) and not may_tell:
        later += [start for start, _ in office.intervals(now, now + OPENS_WITHIN)][:1]
    if closes:
        later.append(now + SOON)
    out_of_hours = not office.open_at(now)
    news = tuple(_concerned(n, late, case, policy, around, out_of_hours) for n, late in told if may_tell)
    return Seen(news, remind, closes, min([*later, now + AGAIN]))


def _moments(clocks: Sequence[Clock]) -> list[datetime]:
    return [m for c in clocks if c.stopped is None and c.ended is None for m in (c.warn, c.due) if m is not None]


# --- what is told --------------------------------------------------------------------------------


def _of_clocks(
    case: Snapshot, clocks: Sequence[Clock], phase: Phase, policy: Policy, now: datetime
) -> list[tuple[News, bool]]:
    """(news, whether it is late) of each clock whose time is nearly used up, or over."""
    out = []
    for clock in clocks:
        customers_turn = phase.waits_for == WaitsFor.CUSTOMER and clock.name not in (UPDATE, DAILY, PROMISED)
        if not clock.ticking or clock.due is None or customers_turn:
            continue
        late = clock.due <= now
        if late or (clock.warn is not None and clock.warn <= now):
            out.append((_warning(case, clock, policy, late), late))
    return out


def _warning(case: Snapshot, clock: Clock, policy: Policy, late: bool) -> News:
    assert clock.due is not None
    name, due = label("promise", clock.name), f"{clock.due.astimezone(policy.zone):%m-%d %H:%M}"
    subject = (
        f"{say('已超时', 'Late') if late else say('快到期', 'Due soon')}{say('：', ': ')}{case.number} {name} {due}"
    )
    # A clock of a rhythm is another one each time; those of promises begin where they begin.
    again = f":{clock.started:%y%m%d%H%M}" if clock.name in (UPDATE, DAILY, PROMISED) else ""
    key = f"warn:{case.number}:{clock.name}:{clock.work}{again}:{'late' if late else 'soon'}"
    facts = {"case": case.number, "clock": clock.name, "due": clock.due.isoformat(), "priority": case.priority}
    return News(key, "case", subject, _about(case), facts, urgent=late or case.priority == "P1" or case.emergency)


def _of_emergency(case: Snapshot, log: Sequence[Event]) -> list[tuple[News, bool]]:
    """That a case was escalated: its leader, its group, and the leads."""
    begun = [start for start, end in emergencies(log) if end is None]
    if not begun:
        return []
    last = next(e for e in reversed(log) if e.kind == EventKind.ESCALATED)
    group = str(last.data.get("group", ""))
    led = say("组长 {who}", "led by {who}", who=last.data["leader"]) if last.data.get("leader") else ""
    subject = say("升级为紧急：{number}", "Escalated: {number}", number=case.number)
    text = " · ".join(filter(None, (_about(case), led, group)))
    facts = {"case": case.number, "leader": str(last.data.get("leader", "")), "group": group}
    return [(News(f"escalated:{case.number}:{begun[-1]:%y%m%d%H%M}", "case", subject, text, facts, urgent=True), True)]


def _of_wait(case: Snapshot, log: Sequence[Event], life: Sequence[Phase], now: datetime) -> list[tuple[News, bool]]:
    """That a wait is over which had an end: nothing else woke the case."""
    if life[-1].state is not State.OPEN or len(life) < 2 or life[-2].state is not State.WAITING:
        return []
    waits = [e for e in log if e.kind == EventKind.WAIT and e.at == life[-2].start]
    until = moment(waits[-1].data.get("until")) if waits else None
    if until is None or until != life[-1].start or until > now:
        return []
    subject = say("等待到期：{number}", "The wait is over: {number}", number=case.number)
    key = f"waited:{case.number}:{until:%y%m%d%H%M%S}"
    return [(News(key, "case", subject, _about(case), {"case": case.number}), False)]


def _running_out(case: Snapshot, wait: Phase, policy: Policy) -> News:
    """That a wait for a part, a vendor, a visit or a window ends soon."""
    assert wait.until is not None
    what, until = label("waits_for", wait.waits_for), f"{wait.until.astimezone(policy.zone):%m-%d %H:%M}"
    subject = say(
        "等待快到期：{number} 等{what}到 {until}",
        "The wait ends soon: {number} waits for {what} until {until}",
        number=case.number,
        what=what,
        until=until,
    )
    key = f"waits:{case.number}:{wait.start:%y%m%d%H%M}"
    return News(key, "case", subject, _about(case), {"case": case.number, "due": wait.until.isoformat()})


def ask_by_phone(case: Snapshot, policy: Policy, around: Around, which: str) -> Concerned:
    """That a customer without a mail address is to be asked whether it is restored, or for what he is waited for."""
    if case.state == State.WAITING:
        subject = say(
            "请问客户：{number} 在等他的消息", "Ask the customer: {number} waits for a word of his", number=case.number
        )
    else:
        subject = say("请问客户是否好了：{number}", "Ask the customer whether it is well: {number}", number=case.number)
    news = News(f"ask:{case.number}:{which}", "case", subject, _about(case), {"case": case.number})
    return _concerned(news, False, case, policy, around, False)


def _reminder(quiet: Silence, phase: Phase, now: datetime) -> str:
    """The last reminder whose time has come, by the rest that it belongs to."""
    due = [i for i, at in enumerate(quiet.reminders, 1) if at <= now]
    return f"r{phase.start:%y%m%d%H%M}n{due[-1]}" if due and not (quiet.closes and quiet.closes <= now) else ""


def _about(case: Snapshot) -> str:
    """A case in a line that may leave the site."""
    owner = case.owner or case.team or say("没有负责人", "nobody's")
    return f"{case.priority} · {label('state', case.state)} · {owner} · {masked(case.title)}"


# --- whom it concerns ----------------------------------------------------------------------------


def _concerned(news: News, late: bool, case: Snapshot, policy: Policy, around: Around, out_of_hours: bool) -> Concerned:
    if around.site:
        news = news._replace(text=f"{news.text}\n{around.site}/cases/{case.number}")
    team = policy.teams.get(case.team)
    chats = (team.notify,) if team is not None and team.notify else ()
    if out_of_hours and (on_duty := _on_duty(case, around)):
        return Concerned(news, [*on_duty, *(p for p in _named(news, around) if p not in on_duty)], chats)
    own = [p for p in around.people if case.owner and case.owner in (p.login, p.name)]
    own = own or [p for p in around.people if case.team and case.team in p.teams]
    told = [*own, *_named(news, around), *(leads(around.people) if late or not (own or chats) else ())]
    return Concerned(news, list({p.login: p for p in told}.values()), chats)


def _named(news: News, around: Around) -> list[Person]:
    """Whom a piece of news names itself: the leader of an emergency, and its group."""
    leader, group = news.facts.get("leader", ""), news.facts.get("group", "")
    return [p for p in around.people if (leader and leader in (p.login, p.name)) or (group and group in p.teams)]


def _on_duty(case: Snapshot, around: Around) -> list[Person]:
    names = around.duty.get(case.team) or around.duty.get("", ())
    return [p for p in around.people if p.login in names or p.name in names]
