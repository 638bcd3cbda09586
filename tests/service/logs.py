"""Logs written as text: one event a line, in the time of Shanghai.

2026-02-13 16:30 reported channel=phone
2026-02-13 16:40 wait for=customer until=2026-02-14T09:00
2026-02-13 17:00 note by= public=yes noted=2026-02-14T08:00
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kb.model.casework import EVENT_KINDS
from kb.service.clocks import Clock, clocks
from kb.service.events import Event
from kb.service.policy import Policy, shipped

ZONE = ZoneInfo("Asia/Shanghai")
STANDARD = shipped()
OFFICE = """
calendars:
  office: {zone: Asia/Shanghai, week: {mon-fri: [8:30-12:00, 13:30-17:30]}, holidays: cn}
  always: 24x7
priority:
  high: {wide: P1, part: P1, one: P2}
  normal: {wide: P2, part: P3, one: P3}
  low: {wide: P3, part: P4, one: P4}
promises: {standard: {%s}}
close: {after: 5 workdays, reopen: 7 days}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}"


def log(text: str) -> list[Event]:
    """The events of a text, in the order of writing."""
    return [_event(line.split(), i) for i, line in enumerate(filter(str.strip, text.splitlines()), 1)]


def _event(words: list[str], place: int) -> Event:
    when = at(f"{words[0]} {words[1]}")
    data: dict[str, Any] = dict(word.split("=", 1) for word in words[3:])
    own = {name: data.pop(name) for name in ("by", "text", "public", "noted", "work", "corrects") if name in data}
    if "score" in data:
        data["score"] = int(data["score"])
    for name in ("until", "to"):
        if name in data:
            data[name] = at(data[name]).isoformat()
    return Event(
        EVENT_KINDS[words[2]],
        when,
        at(own["noted"]) if "noted" in own else when,
        own.get("by", "李四"),
        own.get("text", "……"),
        bool(own.get("public")),
        data,
        int(own.get("work", 0)),
        place,
        int(own.get("corrects", 0)),
    )


def clocks_of(text: str, now: str, policy: Policy = STANDARD) -> dict[str, Clock]:
    """The clocks of a log at a moment, by their names; of several with one name the last one."""
    return {c.name: c for c in clocks(log(text), policy, now=at(now))}
