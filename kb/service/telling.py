"""This module tells cases as people read them, and as JSON: clocks, times, facts, the same words on every surface."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kb.labels import label
from kb.language import say
from kb.service.events import Event, moment
from kb.service.fields import FIELDS

if TYPE_CHECKING:
    from kb.service.clocks import Clock, Kept
    from kb.service.snapshot import Snapshot

GROUPS = {"priority": "severity"}
"""The group of kb.labels that names a column's values, where it is not the column's own."""
NAMES = {
    "priority": ("优先级", "priority"),
    "state": ("状态", "state"),
    "channel": ("渠道", "channel"),
    "area": ("领域", "area"),
    "cause": ("原因", "cause"),
    "handling": ("处理方式", "handling"),
    "outcome": ("结果", "outcome"),
    "customer": ("客户", "customer"),
    "contact": ("联系人", "contact"),
    "site": ("地点", "site"),
    "owner": ("负责人", "owner"),
    "team": ("班组", "team"),
    "article": ("文章", "article"),
    "merged_into": ("并入", "merged into"),
    "parent": ("总单", "parent"),
    "follows": ("接着", "follows"),
}
"""Columns of a case as people call them."""


def name_of(column: str) -> str:
    return say(*NAMES[column])


def stamp(when: datetime | None, zone: ZoneInfo) -> str:
    return "–" if when is None else f"{when.astimezone(zone):%Y-%m-%d %H:%M}"


def length(time: timedelta, days: bool = False) -> str:
    """A time that is reckoned, as people read it: 3 天, 2 小时 5 分钟. days: it is whole days that are counted."""
    if days:
        return say("{n} 天", "{n} days", n=time.days)
    hours, minutes = divmod(int(abs(time).total_seconds() // 60), 60)
    told = say("{n} 分钟", "{n} min", n=minutes)
    told = say("{n} 小时 ", "{n} h ", n=hours) + told if hours else told
    return ("-" if time.total_seconds() < 0 else "") + told


LONG = timedelta(days=2)
"""From this on a stretch of the calendar is told in days."""


def span(time: timedelta) -> str:
    """A stretch of the calendar, whose days have 24 hours each: 3 天 4 小时."""
    if time < LONG:
        return length(time)
    return say("{n} 天 {h} 小时", "{n} days {h} h", n=time.days, h=time.seconds // 3600)


def left(due: datetime, now: datetime) -> str:
    """What is left until a moment, or how long it is past."""
    told = span(abs(due - now))
    return say("还剩 {t}", "{t} left", t=told) if due >= now else say("超时 {t}", "{t} late", t=told)


def clock_name(name: str) -> str:
    return label("promise", name)


def clock_line(clock: "Clock", zone: ZoneInfo) -> str:
    """One clock: its name, how it stands, when it is due, what is left."""
    name = clock_name(clock.name) + (f" #{clock.work}" if clock.work else "")
    assumed = say("（暂定）", " (provisional)") if clock.assumed else ""
    stopped = say("，{t} 做到", ", kept {t}", t=stamp(clock.stopped, zone)) if clock.stopped else ""
    interim = say("（临时恢复）", " (for the time being)") if clock.provisional else ""
    parts = [
        name,
        label("clock", clock.state),
        say("到期 ", "due ") + stamp(clock.due, zone) + assumed + stopped + interim,
    ]
    if clock.stopped is None and clock.ended is None:
        parts.append(say("剩 ", "left ") + length(clock.left, in_days(clock)))
    return "  ".join(parts)


def in_days(clock: "Clock") -> bool:
    """Whether it is days that are promised."""
    return clock.within is not None and clock.within.counts_days


def why_counted(reason: str) -> str:
    """Why a stretch of a reckoning counts, or does not."""
    known = {"counted": say("计入", "counts"), "closed": say("非工作时间", "outside hours")}
    told = known.get(reason) or label("waits_for", reason)
    return label("state", reason) if told == reason else told


def share(kept: "Kept") -> str:
    """The share of promises kept, never without its denominator."""
    part = "–" if kept.share is None else f"{kept.share:.1%}"
    return f"{part} ({kept.met}/{kept.of})"


UNTOLD = ("policy", "files", "strokes")
"""Fields of an event that are shown in another way, or not at all."""


def facts_of(event: Event, zone: ZoneInfo) -> Mapping[str, str]:
    """What an event says beside its words: the name of each field -> its value, as people read it."""
    return {
        say(FIELDS[name].zh, FIELDS[name].en): fact(name, value, zone)
        for name, value in event.data.items()
        if name not in UNTOLD
    }


def fact(name: str, value: Any, zone: ZoneInfo) -> str:
    field = FIELDS[name]
    if field.form == "flag":
        return say("是", "yes") if value else say("否", "no")
    return stamp(moment(value), zone) if field.form == "moment" else label(field.group, str(value))


def case_data(now: "Snapshot", clocks: "Iterable[Clock]", log: Iterable[Event]) -> dict[str, Any]:
    """A case as JSON."""
    told = [
        {k: v for k, v in vars(c).items() if k not in ("time", "pauses", "within")} | {"within": str(c.within or "")}
        for c in clocks
    ]
    return {"case": plain(asdict(now)), "clocks": plain(told), "log": plain([asdict(e) for e in log])}


def plain(value: Any) -> Any:
    """Moments as ISO, times in minutes."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    return value.total_seconds() / 60 if hasattr(value, "total_seconds") else value
