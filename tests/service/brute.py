"""An oracle of clocks: random logs, and what becomes of each promise when it is counted minute by minute.

It shares no line with kb.service: states are a plain loop over the events, time is an array of minutes.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import chinese_calendar
import numpy as np

from kb.model.casework import EVENT_KINDS, EventKind
from kb.service.events import Event
from kb.service.policy import Duration, Policy, Promise, read

MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2018, 12, 1)
DAYS = 365 * 12
EPOCH = datetime.combine(FIRST, datetime.min.time(), ZONE).astimezone(UTC)
HORIZON = 400 * 1440
"""Minutes behind the report that are looked at."""

TEXT = """
calendars:
  office: {{zone: Asia/Shanghai, week: {{mon-fri: [8:30-12:00, 13:30-17:30]}}, holidays: cn}}
  always: 24x7
  shop: {{zone: Asia/Shanghai, week: {{mon-sat: [9:00-12:00, 13:00-18:00], sun: [10:00-16:00]}}, holidays: none}}
days: {{2027: {{closed: [02-05..02-11, 12-24], open: [02-20]}}}}
priority:
  high: {{wide: P1, part: P1, one: P2}}
  normal: {{wide: P2, part: P3, one: P3}}
  low: {{wide: P3, part: P4, one: P4}}
promises:
  standard:
    answer: {{from: reported, to: answered, within: {answer}, time: office}}
    restore: {{from: reported, to: restored, within: {restore}, time: {time}, pauses: [customer, window]}}
    whole: {{from: reported, to: restored, within: {whole}, time: office, pauses: [part, customer]}}
    over: {{from: reported, to: confirmed, within: 30 days, time: office, pauses: [vendor]}}
    arrive: {{of: visit, from: reported, to: arrived, within: 8 h, time: office, pauses: [window]}}
    repair: {{of: repair, from: received, to: sent, within: 12 workdays, time: office, pauses: [part]}}
close: {{after: 5 workdays, reopen: 7 days}}
"""

POLICIES: tuple[Policy, ...] = (
    read(TEXT.format(answer="20 min", restore="4 h", whole="6 workdays", time="always")),
    read(
        TEXT.format(
            answer="{P1: 10 min, else: 3 h}", restore="{P1: 2 h, P2: 9 h, P3: 27 h}", whole="10 days", time="office"
        )
    ),
    read(TEXT.format(answer="90 min", restore="{P1: 4 h, else: 20 h}", whole="60 workdays", time="shop")),
)
BY_DIGEST = {p.digest: p for p in POLICIES}


class Counted(NamedTuple):
    """What a promise came to. due, stop: minutes since EPOCH, None for none; spent: minutes, or days."""

    due: int | None
    stop: int | None
    state: str
    spent: int


# --- random logs -------------------------------------------------------------------------------

KINDS = (
    "note message_in message_out call assigned wait wait wait resume classified adopted restored rejected confirmed "
    "closed reopened cancelled work_planned arrived received sent dropped public"
).split()


def random_log(seed: int) -> tuple[list[Event], datetime]:
    """A log of up to 25 events from 2019 to 2027, in the order of noting, and the moment at which it is looked at.

    Events need not be possible one after the other: a clock takes what it gets. A third are written up later.
    """
    rng = random.Random(seed)
    start = datetime(2019, 1, 1, tzinfo=UTC) + MINUTE * rng.randrange(1440 * 365 * 9)
    scale = rng.choice((60, 600, 6000, 60000))
    offsets = sorted(rng.sample(range(1, scale * 2), rng.randrange(25)))
    events = [Event(EventKind.REPORTED, start, start, "甲", data={"policy": rng.choice(POLICIES).digest})]
    works = 0
    for offset in offsets:
        kind = rng.choice(KINDS)
        data: dict[str, object] = {}
        at = start + MINUTE * offset
        if kind == "wait":
            data = {"for": rng.choice(("customer", "part", "vendor", "visit", "window"))}
            if rng.random() < 0.6:
                data["until"] = (at + MINUTE * rng.randrange(-20, scale)).isoformat()
        elif kind == "classified":
            data = {"urgency": rng.choice(("high", "normal", "low")), "impact": rng.choice(("wide", "part", "one"))}
        elif kind == "adopted":
            data = {"policy": rng.choice(POLICIES).digest}
        elif kind == "restored":
            data = {"provisional": rng.random() < 0.3}
        elif kind == "call":
            data = {"direction": rng.choice(("in", "out"))}
        elif kind in ("message_in", "message_out") and rng.random() < 0.3:
            data = {"automatic": True}
        elif kind == "work_planned":
            works += 1
            data = {"of": rng.choice(("visit", "repair"))}
        work = rng.randrange(1, works + 1) if works and kind in ("arrived", "received", "sent", "dropped") else 0
        if kind == "work_planned":
            work = works
        public, kind = kind == "public", "note" if kind == "public" else kind
        noted = at + MINUTE * rng.randrange(scale) if rng.random() < 0.3 else at
        by = "" if rng.random() < 0.05 else "甲"
        events.append(Event(EVENT_KINDS[kind], at, noted, by, public=public, data=data, work=work))
    events.sort(key=lambda e: e.noted)
    placed = [replace(e, place=i) for i, e in enumerate(events, 1)]
    return placed, start + MINUTE * rng.randrange(1, scale * 3)


# --- minute by minute ----------------------------------------------------------------------------


@lru_cache(maxsize=8)
def grid(calendar: str) -> tuple[np.ndarray, dict[date, int]]:
    """Whether each minute since EPOCH is working time, and the minute at which each working day closes."""
    always = calendar == "always"
    minutes = np.full(DAYS * 1440, always)
    closings: dict[date, int] = {}
    for n in range(DAYS):
        day = FIRST + timedelta(days=n)
        for a, b in _hours(calendar, day):
            minutes[n * 1440 + a : n * 1440 + b] = True
            closings[day] = n * 1440 + b
    return minutes, closings


def _hours(calendar: str, day: date) -> list[tuple[int, int]]:
    if calendar == "always":
        return [(0, 1440)]
    if calendar == "shop":
        return [(600, 960)] if day.weekday() == 6 else [(540, 720), (780, 1080)]
    return [(510, 720), (810, 1050)] if works(day) else []


def works(day: date) -> bool:
    """Whether people work on a day, by the announcement or as far as one knows."""
    if ((day.year, day.month) == (2027, 2) and 5 <= day.day <= 11) or day == date(2027, 12, 24):
        return False
    if day == date(2027, 2, 20):
        return True
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        feast = (day.month, day.day) in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
        return day.weekday() < 5 and not feast


def minute(moment: datetime) -> int:
    return int((moment - EPOCH) / MINUTE)


@dataclass
class Life:
    """The state of a case in each minute, from its report on; what it waits for; whether restored for now.

    waiting: what it waits for at the moment at which it is looked at; since: the last minute of that.
    """

    start: int
    state: np.ndarray
    waits: np.ndarray
    provisional: np.ndarray
    waiting: str = ""
    since: int = 0


REASONS = ("", "customer", "part", "vendor", "visit", "window")
STATES = ("new", "open", "waiting", "restored", "closed", "cancelled", "confirmed")


def life(events: Sequence[Event], now: int) -> Life:
    """Each minute filled with what the events before it say; behind now, a wait goes on until its end."""
    ordered = sorted(events, key=lambda e: e.at)
    start = minute(next(e.at for e in ordered if e.kind == "reported"))
    state, waits = np.zeros(HORIZON, np.int8), np.zeros(HORIZON, np.int8)
    provisional = np.zeros(HORIZON, bool)
    current, reason, until, interim = "new", "", None, False

    def fill(at: int) -> None:
        state[at - start :] = STATES.index(current)
        waits[at - start :] = REASONS.index(reason)
        provisional[at - start :] = interim

    fill(start)
    for e in ordered:
        at = minute(e.at)
        if at > now:
            break
        if until is not None and until <= at:
            current, reason, interim, at_end, until = "open", "", False, until, None
            fill(at_end)
        before = (current, reason, until, interim)
        human = bool(e.by) and not e.data.get("automatic")
        said = human and (e.kind in ("message_out", "call") or (e.kind == "note" and e.public))
        came = human and (e.kind == "message_in" or (e.kind == "call" and e.data.get("direction") == "in"))
        closed = current in ("closed", "cancelled", "confirmed")
        if e.kind == "wait" and current in ("new", "open", "waiting"):
            end = datetime.fromisoformat(e.data["until"]) if "until" in e.data else None
            current, reason, interim = "waiting", e.data["for"], False
            until = minute(end) if end is not None and minute(end) > at else None
        elif e.kind == "resume" and current == "waiting":
            current = "open"
        elif e.kind == "restored" and (current in ("open", "waiting") or (current == "restored" and interim)):
            current, interim = "restored", bool(e.data.get("provisional"))
        elif e.kind == "confirmed" and current == "restored":
            current = "confirmed"
        elif e.kind == "closed" and current == "restored":
            current = "closed"
        elif (e.kind == "rejected" and current == "restored") or (e.kind == "reopened" and closed):
            current = "open"
        elif e.kind == "cancelled" and current in ("new", "open"):
            current = "cancelled"
        elif (current == "new" and (said or e.kind == "assigned")) or (current == "waiting" and came):
            current = "open"
        if current != "waiting":
            reason, until = "", None
        if current != "restored":
            interim = False
        if (current, reason, until, interim) != before or e.kind == "restored":
            fill(at)
    if until is not None and until <= now:
        current, reason = "open", ""
        fill(until)
    lived = Life(start, state, waits, provisional, reason)
    if reason:  # what lasts without an end is taken to end now
        begun = start + _since(waits == REASONS.index(reason), now - start)
        lived.since = until if until is not None else now - 1
        lived.waiting = reason if until is not None or begun < now else ""
        current, reason = "open", ""
        if (until or now) - start < HORIZON:
            fill(until or now)
    return lived


def count(events: Sequence[Event], at: datetime) -> dict[tuple[str, int], Counted]:
    """(promise, work) -> what it came to."""
    now = minute(at)
    seen = [e for e in sorted(events, key=lambda e: e.at) if minute(e.at) <= now]
    if not any(e.kind == "reported" for e in seen):
        return {}
    policy = BY_DIGEST[[e.data["policy"] for e in seen if "policy" in e.data][-1]]
    classified = [e.data for e in seen if e.kind == "classified"]
    urgency, impact = (classified[-1]["urgency"], classified[-1]["impact"]) if classified else ("normal", "one")
    priority = policy.priority[urgency][impact]
    lived = life(events, now)
    out = {}
    for promise in policy.promises["standard"].values():
        within = promise.within.get(priority, promise.within.get(""))
        planned = [e.work for e in seen if e.kind == "work_planned" and e.data["of"] == promise.of]
        for work in planned if promise.of else [0]:
            begun = [minute(e.at) for e in seen if e.kind == promise.start and (e.kind == "reported" or e.work == work)]
            if within is not None and begun:
                out[promise.name, work] = _counted(promise, within, work, seen, lived, begun[0], now)
    return out


def _counted(
    promise: Promise, within: Duration, work: int, seen: Sequence[Event], lived: Life, start: int, now: int
) -> Counted:
    here = lived.start
    closed = np.isin(lived.state, [STATES.index(s) for s in ("closed", "cancelled", "confirmed")])
    restored = lived.state == STATES.index("restored")
    if promise.of == "repair":
        resting = lived.state == STATES.index("cancelled")
    else:
        resting = closed | (restored & ~lived.provisional if promise.of else restored)
    stop = ended = None
    if promise.stop in ("restored", "confirmed"):
        first = _since(closed | restored, now - here)
        reached = np.flatnonzero(lived.state[first : now - here + 1] == STATES.index(promise.stop))
        stop = here + first + int(reached[0]) if len(reached) else None
    else:
        for e in seen:
            human = bool(e.by) and not e.data.get("automatic")
            answered = human and (e.kind in ("message_out", "call") or (e.kind == "note" and e.public))
            hit = answered if promise.stop == "answered" else e.kind == promise.stop and e.work == work
            if hit and minute(e.at) >= start:
                stop = minute(e.at)
                break
    if stop is None:
        ends = [here + _since(resting, now - here)] if resting[now - here] else []
        if promise.of:
            ends += [minute(e.at) for e in seen if e.kind == "dropped" and e.work == work]
        ended = min(ends, default=None)
    rested = stop if stop is not None else ended
    until = now if rested is None else rested
    paused = resting | np.isin(lived.waits, [REASONS.index(r) for r in promise.pauses])
    if rested is not None:  # behind a stop nothing is paused any more
        paused[rested - here :] = False
    paused = paused[start - here :]
    minutes, closings = grid(promise.calendar)
    if within.unit in ("min", "h"):
        total = np.cumsum(minutes[start : start + len(paused)] & ~paused)
        i = int(np.searchsorted(total, within.count * (60 if within.unit == "h" else 1)))
        due = start + i + 1 if i < len(total) else None
        spent = int(total[until - start - 1]) if until > start else 0
    else:
        due, spent = _days(within, start, until, paused, closings)
    if rested is not None:
        state = ("met" if stop is not None else "not_needed") if due is None or rested <= due else "missed"
    elif due is not None and now > due:
        state = "late"
    elif lived.waiting in promise.pauses and lived.since >= start:
        state = "paused"
    else:
        state = "running" if minutes[now] else "outside"
    return Counted(due, stop, state, spent)


def _since(mask: np.ndarray, last: int) -> int:
    """Where the run of set minutes begins that reaches to the last one; behind it, when that is not set."""
    off = np.flatnonzero(~mask[: last + 1])
    return int(off[-1]) + 1 if len(off) else 0


def _days(
    within: Duration, start: int, until: int, paused: np.ndarray, closings: dict[date, int]
) -> tuple[int | None, int]:
    """The minute at which a number of days is over, and how many of them were used up at a minute."""
    day = (EPOCH + MINUTE * start).astimezone(ZONE).date()
    due, left, spent = None, within.count, 0
    while True:
        day += timedelta(days=1)
        ends = closings.get(day) if within.unit == "workdays" else ((day - FIRST).days + 1) * 1440
        if ends is not None:
            if ends - start > len(paused):
                return due, spent
            counts = not paused[ends - start - 1]
            left -= counts
            spent += counts and ends <= until
        if due is None and left <= 0:
            closing = closings.get(day)
            if closing is not None and not paused[closing - start - 1]:
                due = closing
        if due is not None and ends is not None and ends > until:
            return due, int(spent)
