"""This module reads service.yml: what is promised, by which calendar, and how cases are handled.

The file stands by itself and beside the articles; kb/service/data/service.yml holds where there is none. Its text is
kept under its digest with each case, so that what was promised then can be computed ever after.

    calendars: {office: {zone: Asia/Shanghai, week: {mon-fri: [8:30-12:00, 13:30-17:30]}, holidays: cn}, always: 24x7}
    days:      {2027: {closed: [02-05..02-11], open: [02-20], announced: yes}}
    priority:  {high: {wide: P1, part: P1, one: P2}, normal: ..., low: ...}       # urgency: {impact: priority}
    promises:  {standard: {restore: {from: reported, to: restored, within: 4 h, time: always, pauses: [customer]}}}

Durations are minutes, hours (`20 min`, `4 h`), days or working days (`30 days`, `60 workdays`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import yaml

from kb.errors import InputError
from kb.language import say
from kb.model.casework import EventKind, Impact, Urgency, WaitsFor, Work
from kb.model.schema import CAUSES, SEVERITIES
from kb.settings import PROMISES

SHIPPED = Path(__file__).with_name("data") / PROMISES
MAX_CHARACTERS = 200_000
MAX_DEPTH = 8
"""Lists in lists; more is an attack on the parser's stack."""
MAX_YEARS = 10
"""The longest time that can be promised."""
WARN = 0.75
"""The part of a promised time after which it is told that it runs out."""
SCALE = 5
"""The best score of a survey."""
ZONE = "Asia/Shanghai"
EVERYBODY = "else"
"""The customer that stands for all who have nothing of their own."""
MAX_ASKED = 20
"""Questions, templates or items of a customer's checklist."""
MAX_TOLD = 4000
"""Characters of one of them."""
ANSWERED = "answered"
"""The first word of a human to the customer: no event by itself, see Event.answers."""
T = TypeVar("T")


class Problem(NamedTuple):
    """What is wrong with a line of the file (1-based)."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A time as people promise it. unit: min, h, days or workdays."""

    count: int
    unit: str

    @property
    def counts_days(self) -> bool:
        return self.unit in ("days", "workdays")

    @property
    def length(self) -> timedelta:
        """As a time; of working days, as many days."""
        seconds = {"min": 60, "h": 3600}.get(self.unit, 86400)
        return timedelta(seconds=self.count * seconds)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works. week: of Monday to Sunday, the (from, to) of each day in seconds of its local time.

    holidays: whether statutory days off, and weekends worked in exchange, count.
    """

    zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: bool = False

    @property
    def usual(self) -> tuple[tuple[int, int], ...]:
        """The hours of a weekend that is worked in exchange: those of the first day of the week that has any."""
        return next(hours for hours in self.week if hours)


ALWAYS = Calendar(ZONE, (((0, 86400),),) * 7)


@dataclass(frozen=True, slots=True)
class OwnDays:
    """What the file says of a year's days, over what is known of them. announced: it is the whole announcement."""

    year: int
    closed: tuple[date, ...] = ()
    opened: tuple[date, ...] = ()
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """A time that is promised. start, stop: what begins and keeps it, kinds of events or ANSWERED.

    of: the kind of work that each has one of, "" for the case. within: by priority, "" for every other one.
    calendar: the name of the time that counts. pauses: what a case may wait for without it counting.
    warn: the part of the time after which it is told. target: the share that has to be kept, 0 for none.
    """

    name: str
    start: str
    stop: str
    within: Mapping[str, Duration]
    calendar: str
    of: str = ""
    pauses: tuple[str, ...] = ()
    warn: float = WARN
    target: float = 0.0

    def duration(self, priority: str) -> Duration | None:
        """How long, for a priority; None where nothing is promised."""
        return self.within.get(priority, self.within.get(""))


@dataclass(frozen=True, slots=True)
class Emergency:
    """The rhythm of an emergency. daily: the local time of the daily report. to: whom it is told."""

    update: Duration | None = None
    daily: time | None = None
    to: tuple[str, ...] = ()
    leader: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """What becomes of a restored case. after: of silence, it is closed; reopen: how long it can be opened again."""

    after: Duration
    reopen: Duration
    remind: tuple[Duration, ...] = ()
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long before the end of a wait somebody is reminded of it; None for not at all."""

    remind: Duration | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An event that another one must come before, for these priorities (all, when empty)."""

    needs: str
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    notify: str = ""
    areas: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """scale: the best score; ask: what is asked; comment_below: a lower score asks for words."""

    scale: int = SCALE
    ask: tuple[str, ...] = ()
    comment_below: int = 0


@dataclass(frozen=True, slots=True)
class Replacing:
    """When a device is due to be replaced by a new one: at which fault of a cause, counted within its warranty or
    always. after: 0 for never."""

    after: int = 0
    of: str = "hardware"
    within: str = "warranty"


@dataclass(frozen=True, slots=True)
class Tailored:
    """What a customer has of its own. ask: questions of a report; templates: replies, by their names; checklist: of a
    visit; promises, calendar: where the register of customers names none."""

    ask: tuple[str, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    checklist: tuple[str, ...] = ()
    promises: str = ""
    calendar: str = ""


@dataclass(frozen=True)
class Policy:
    """All of a service.yml. digest: of its text. promises: set -> name -> promise; the first set is everybody's."""

    digest: str
    text: str
    calendars: Mapping[str, Calendar]
    priority: Mapping[str, Mapping[str, str]]
    promises: Mapping[str, Mapping[str, Promise]]
    close: Close
    days: tuple[OwnDays, ...] = ()
    emergency: Emergency = Emergency()
    steps: Mapping[str, Step] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    near: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    survey: Survey = Survey()
    devices: Replacing = Replacing()
    waits: Waits = Waits()
    customers: Mapping[str, Tailored] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the first calendar: where days begin and numbers get their year."""
        return ZoneInfo(next(iter(self.calendars.values())).zone)

    def set_of(self, name: str) -> Mapping[str, Promise]:
        """The promises of a set; everybody's, where there is none of that name."""
        return self.promises.get(name) or next(iter(self.promises.values()))

    def tailored(self, *names: str) -> Tailored:
        """What a customer has of its own, by one of its names, over what is everybody's."""
        all_, own = self.customers.get(EVERYBODY, Tailored()), Tailored()
        own = next((self.customers[name] for name in names if name in self.customers and name != EVERYBODY), own)
        return Tailored(
            own.ask or all_.ask,
            {**all_.templates, **own.templates},
            own.checklist or all_.checklist,
            own.promises or all_.promises,
            own.calendar or all_.calendar,
        )

    def priority_of(self, urgency: str, impact: str) -> str:
        return self.priority[urgency or Urgency.NORMAL][impact or Impact.ONE]


def shipped() -> Policy:
    """The policy that holds where there is no service.yml."""
    return _of_file(SHIPPED.read_text("utf8"), SHIPPED.name)


def load(folder: Path) -> Policy:
    """The policy of the folder that holds `articles`, the shipped one where it has no file.

    Raises InputError with file and line.
    """
    path = folder / PROMISES
    try:
        return _of_file(path.read_text("utf-8-sig"), str(path))
    except FileNotFoundError:
        return shipped()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(say("{path}：读不了：{error}", "{path}: can't be read: {error}", path=path, error=error))


@lru_cache(maxsize=4)
def _of_file(text: str, name: str) -> Policy:
    """A page asks for it each time; as long as the file says the same it is read once."""
    return read(text, name)


def read(text: str, name: str = PROMISES) -> Policy:
    """A policy of its text. Raises InputError with file, line and what would be right, for the first problem."""
    policy, problems = parse(text)
    if policy is None:
        raise InputError(f"{name}:{problems[0].line}: {problems[0].message}")
    return policy


def parse(text: str) -> tuple[Policy | None, list[Problem]]:
    """The policy of a text, or all that is wrong with it."""
    reader = _Reader()
    try:
        root = _root(text)
        sections = dict(_entries(root, tuple(_SECTIONS)))
    except _Refused as refused:
        return None, [Problem(refused.line, refused.message)]
    values: dict[str, Any] = {}
    for name, (required, read_section) in _SECTIONS.items():
        if name not in sections:
            if required:
                reader.problems.append(Problem(1, say("缺少 {name}", "{name} is missing", name=name)))
            continue
        try:
            values[name] = read_section(reader, sections[name])
        except _Refused as refused:
            reader.problems.append(Problem(refused.line, refused.message))
    if reader.problems:
        return None, sorted(reader.problems)
    return Policy(digest=digest_of(text), text=text, **values), []


def digest_of(text: str) -> str:
    return sha256(text.encode("utf8", "replace")).hexdigest()


# --- nodes of YAML -----------------------------------------------------------------------------


class _Refused(Exception):  # noqa: N818 - it says what is refused, and never leaves this module
    def __init__(self, node: yaml.Node | int, message: str) -> None:
        self.line = node if isinstance(node, int) else node.start_mark.line + 1
        self.message = message
        super().__init__(message)


def _root(text: str) -> yaml.Node:
    """The mapping that the text is; aliases, depth and length are bounded before anything is built."""
    if len(text) > MAX_CHARACTERS:
        raise _Refused(1, say("超过 {n} 个字符", "over {n} characters", n=MAX_CHARACTERS))
    depth = 0
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise _Refused(line, say("YAML 里不能用 * 引用", "YAML aliases (*) are not allowed"))
            if depth > MAX_DEPTH:
                raise _Refused(line, say("列表嵌套太深", "lists are nested too deep"))
        root = yaml.compose(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        told = say("不是正确的 YAML：{why}", "not valid YAML: {why}", why=why)
        raise _Refused(mark.line + 1 if mark else 1, told)
    if root is None:
        raise _Refused(1, say("是空的", "it is empty"))
    return root


def _entries(node: yaml.Node, known: tuple[str, ...] | None = None) -> Iterator[tuple[str, yaml.Node]]:
    """(key, value) of a mapping. known: the keys that there are, None for any."""
    if not isinstance(node, yaml.MappingNode):
        raise _Refused(node, say("应为“键: 值”", "should be 'key: value'"))
    seen = set()
    for key, value in node.value:
        name = _text(key)
        if known is not None and name not in known:
            told = say("不认识的键 {name}（可用：{known}）", "unknown key {name} ({known})",
                       name=name, known=", ".join(known))  # fmt: skip
            raise _Refused(key, told)
        if name in seen:
            raise _Refused(key, say("{name} 写了两次", "{name} is given twice", name=name))
        seen.add(name)
        yield name, value


def _text(node: yaml.Node) -> str:
    """A scalar as it is written, without YAML's guesses: 8:30 is no number of seconds."""
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise _Refused(node, say("应为一个值", "should be one value"))
    return str(node.value).strip()


def _items(node: yaml.Node) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]


def _texts(node: yaml.Node) -> tuple[str, ...]:
    return tuple(_text(item) for item in _items(node))


def _one_of(node: yaml.Node, known: tuple[str, ...]) -> str:
    value = _text(node)
    if value not in known:
        told = say("'{value}' 不认识（可用：{known}）", "unknown '{value}' ({known})",
                   value=value, known=", ".join(known))  # fmt: skip
        raise _Refused(node, told)
    return value


def _whole(node: yaml.Node, low: int, high: int) -> int:
    value = _text(node)
    if not (value.isascii() and value.isdigit() and low <= int(value[:9]) <= high):
        told = say("'{value}' 应为 {low} 到 {high}", "'{value}' should be {low} to {high}",
                   value=value, low=low, high=high)  # fmt: skip
        raise _Refused(node, told)
    return int(value)


_DURATION = re.compile(r"([0-9]{1,6})\s*(min|h|days?|workdays?)")


def _duration(node: yaml.Node) -> Duration:
    m = _DURATION.fullmatch(_text(node))
    if m is None or int(m[1]) == 0:
        told = say(
            "'{value}' 不是时长；写成 20 min、4 h、30 days 或 60 workdays",
            "'{value}' is no duration; write 20 min, 4 h, 30 days or 60 workdays",
            value=_text(node),
        )
        raise _Refused(node, told)
    unit = m[2] if m[2] in ("min", "h") else m[2].rstrip("s") + "s"
    found = Duration(int(m[1]), unit)
    if found.length > timedelta(days=365 * MAX_YEARS):
        raise _Refused(node, say("不能超过 {n} 年", "at most {n} years", n=MAX_YEARS))
    return found


def _share(node: yaml.Node) -> float:
    m = re.fullmatch(r"([0-9]{1,3})\s*%", _text(node))
    if m is None or not 0 < int(m[1]) <= 100:
        raise _Refused(node, say("应为百分比，如 75%", "should be a percentage, such as 75%"))
    return int(m[1]) / 100


def _clock_time(node: yaml.Node, text: str) -> int:
    """Seconds of a day; 24:00 is its end."""
    m = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if m is None or int(m[2]) > 59 or int(m[1]) * 60 + int(m[2]) > 1440:
        raise _Refused(node, say("'{value}' 不是时刻，如 8:30", "'{value}' is no time, such as 8:30", value=text))
    return (int(m[1]) * 60 + int(m[2])) * 60


def _day(node: yaml.Node, year: int, text: str) -> date:
    m = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text.strip())
    try:
        return date(year, int(m[1]), int(m[2])) if m else date(0, 0, 0)
    except ValueError:
        told = say("{year} 年没有 '{value}'；写成 月-日，如 02-05",
                   "{year} has no day '{value}'; write MM-DD, as 02-05", year=year, value=text)  # fmt: skip
        raise _Refused(node, told)


# --- sections ----------------------------------------------------------------------------------

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MILESTONES = (ANSWERED, *(k.value for k in EventKind))


class _Reader:
    """Reads one file: what a section says is checked against what those before it said."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.calendars: dict[str, Calendar] = {}
        self.sets: dict[str, dict[str, Promise]] = {}

    def read_calendars(self, node: yaml.Node) -> dict[str, Calendar]:
        for name, value in _entries(node):
            self.calendars[name] = self._calendar(value)
        if not self.calendars:
            raise _Refused(node, say("至少要有一个日历", "at least one calendar is needed"))
        return self.calendars

    def _calendar(self, node: yaml.Node) -> Calendar:
        if isinstance(node, yaml.ScalarNode):
            _one_of(node, ("24x7",))
            return ALWAYS
        found = dict(_entries(node, ("zone", "week", "holidays")))
        zone = _zone(found["zone"]) if "zone" in found else ZONE
        if "week" not in found:
            example = "{mon-fri: [8:30-12:00, 13:30-17:30]}"
            raise _Refused(node, say("缺少 week，如 {e}", "week is missing, such as {e}", e=example))
        week: list[tuple[tuple[int, int], ...]] = [()] * 7
        for days, hours in _entries(found["week"]):
            for day in _weekdays(hours, days):
                week[day] = _hours(hours)
        if not any(week):
            raise _Refused(found["week"], say("一周里没有工作时间", "the week has no working time"))
        holidays = "holidays" in found and _one_of(found["holidays"], ("cn", "none")) == "cn"
        return Calendar(zone, tuple(week), holidays)

    def read_days(self, node: yaml.Node) -> tuple[OwnDays, ...]:
        out = []
        for name, value in _entries(node):
            if not re.fullmatch(r"(19|20|21)\d\d", name):
                raise _Refused(value, say("'{name}' 不是年份", "'{name}' is no year", name=name))
            found = dict(_entries(value, ("closed", "open", "announced")))
            closed, opened = (_days(found[k], int(name)) if k in found else () for k in ("closed", "open"))
            if both := set(closed) & set(opened):
                told = say("{day} 既是休息又是上班", "{day} is both closed and open", day=min(both))
                raise _Refused(value, told)
            announced = "announced" in found and _one_of(found["announced"], ("yes", "no", "true", "false"))
            out.append(OwnDays(int(name), closed, opened, announced in ("yes", "true")))
        return tuple(out)

    def read_priority(self, node: yaml.Node) -> dict[str, dict[str, str]]:
        urgencies, impacts = tuple(u.value for u in Urgency), tuple(i.value for i in Impact)
        table = {
            urgency: {impact: _one_of(v, SEVERITIES) for impact, v in _entries(value, impacts)}
            for urgency, value in _entries(node, urgencies)
        }
        missing = [f"{u}: {{{i}: …}}" for u in urgencies for i in impacts if i not in table.get(u, {})]
        if missing:
            raise _Refused(node, say("缺少 {what}", "{what} is missing", what=missing[0]))
        return table

    def read_promises(self, node: yaml.Node) -> dict[str, dict[str, Promise]]:
        self.sets = {
            name: {promise: self._promise(promise, v) for promise, v in _entries(value)}
            for name, value in _entries(node)
        }
        if not self.sets:
            raise _Refused(node, say("至少要有一组承诺", "at least one set of promises is needed"))
        return self.sets

    def _promise(self, name: str, node: yaml.Node) -> Promise:
        found = dict(_entries(node, ("of", "from", "to", "within", "time", "pauses", "warn", "target")))
        for key in ("from", "to", "within"):
            if key not in found:
                raise _Refused(node, say("承诺 {name} 缺少 {key}", "promise {name} has no {key}", name=name, key=key))
        return Promise(
            name,
            start=_one_of(found["from"], _MILESTONES),
            stop=_one_of(found["to"], _MILESTONES),
            within=_within(found["within"]),
            calendar=self._name_of_a_calendar(found["time"]) if "time" in found else next(iter(self.calendars), ""),
            of=_one_of(found["of"], tuple(w.value for w in Work)) if "of" in found else "",
            pauses=tuple(_one_of(n, tuple(w.value for w in WaitsFor)) for n in _items(found["pauses"]))
            if "pauses" in found
            else (),
            warn=_share(found["warn"]) if "warn" in found else WARN,
            target=_share(found["target"]) if "target" in found else 0.0,
        )

    def _name_of_a_calendar(self, node: yaml.Node) -> str:
        return _one_of(node, tuple(self.calendars))

    def read_emergency(self, node: yaml.Node) -> Emergency:
        found = dict(_entries(node, ("update", "daily", "to", "leader")))
        update = _duration(found["update"]) if "update" in found else None
        if update is not None and update.counts_days:
            raise _Refused(found["update"], say("应为分钟或小时", "should be minutes or hours"))
        daily = _clock_time(found["daily"], _text(found["daily"])) % 86400 if "daily" in found else None
        return Emergency(
            update,
            None if daily is None else time(daily // 3600, daily // 60 % 60),
            _texts(found["to"]) if "to" in found else (),
            "leader" in found and _one_of(found["leader"], ("required", "optional")) == "required",
        )

    def read_close(self, node: yaml.Node) -> Close:
        found = dict(_entries(node, ("remind", "after", "reopen", "time")))
        for key in ("after", "reopen"):
            if key not in found:
                raise _Refused(node, say("缺少 {key}", "{key} is missing", key=key))
        return Close(
            _duration(found["after"]),
            _duration(found["reopen"]),
            tuple(_duration(n) for n in _items(found["remind"])) if "remind" in found else (),
            self._name_of_a_calendar(found["time"]) if "time" in found else next(iter(self.calendars), ""),
        )

    def read_waits(self, node: yaml.Node) -> Waits:
        found = dict(_entries(node, ("remind",)))
        remind = _duration(found["remind"]) if "remind" in found else None
        if remind is not None and remind.unit == "workdays":
            raise _Refused(found["remind"], say("应为分钟、小时或天", "should be minutes, hours or days"))
        return Waits(remind)

    def read_steps(self, node: yaml.Node) -> dict[str, Step]:
        kinds = tuple(k.value for k in EventKind)
        out = {}
        for name, value in _entries(node, kinds):
            found = dict(_entries(value, ("needs", "when")))
            if "needs" not in found:
                raise _Refused(value, say("缺少 needs", "needs is missing"))
            when = _text(found["when"]).replace(",", " ").split() if "when" in found else []
            if unknown := [w for w in when if w not in SEVERITIES]:
                told = say("'{value}' 不是优先级（{known}）", "'{value}' is no priority ({known})",
                           value=unknown[0], known=", ".join(SEVERITIES))  # fmt: skip
                raise _Refused(found["when"], told)
            out[name] = Step(_one_of(found["needs"], kinds), tuple(when))
        return out

    def read_teams(self, node: yaml.Node) -> dict[str, Team]:
        out = {}
        for name, value in _entries(node):
            found = dict(_entries(value, ("notify", "areas", "cities")))
            areas, cities = (_texts(found[k]) if k in found else () for k in ("areas", "cities"))
            out[name] = Team(_text(found["notify"]) if "notify" in found else "", areas, cities)
        return out

    def read_near(self, node: yaml.Node) -> dict[str, tuple[str, ...]]:
        return {city: _texts(value) for city, value in _entries(node)}

    def read_survey(self, node: yaml.Node) -> Survey:
        found = dict(_entries(node, ("scale", "ask", "comment_below")))
        scale = _whole(found["scale"], 2, 10) if "scale" in found else SCALE
        below = _whole(found["comment_below"], 0, scale + 1) if "comment_below" in found else 0
        return Survey(scale, _texts(found["ask"]) if "ask" in found else (), below)

    def read_devices(self, node: yaml.Node) -> Replacing:
        found = dict(_entries(node, ("replace_after", "of", "within")))
        if "replace_after" not in found:
            raise _Refused(node, say("缺少 replace_after", "replace_after is missing"))
        return Replacing(
            _whole(found["replace_after"], 1, 100),
            _one_of(found["of"], tuple(CAUSES)) if "of" in found else "hardware",
            _one_of(found["within"], ("warranty", "always")) if "within" in found else "warranty",
        )

    def read_customers(self, node: yaml.Node) -> dict[str, Tailored]:
        return {name: self._tailored(value) for name, value in _entries(node)}

    def _tailored(self, node: yaml.Node) -> Tailored:
        found = dict(_entries(node, ("ask", "templates", "checklist", "promises", "calendar")))
        templates = {n: _some_text(v) for n, v in _entries(found["templates"])} if "templates" in found else {}
        if len(templates) > MAX_ASKED:
            raise _Refused(found["templates"], say("最多 {n} 个", "at most {n}", n=MAX_ASKED))
        return Tailored(
            _asked(found["ask"]) if "ask" in found else (),
            templates,
            _asked(found["checklist"]) if "checklist" in found else (),
            _one_of(found["promises"], tuple(self.sets)) if "promises" in found else "",
            self._name_of_a_calendar(found["calendar"]) if "calendar" in found else "",
        )


_SECTIONS: dict[str, tuple[bool, Callable[[_Reader, yaml.Node], Any]]] = {
    "calendars": (True, _Reader.read_calendars),
    "days": (False, _Reader.read_days),
    "priority": (True, _Reader.read_priority),
    "promises": (True, _Reader.read_promises),
    "emergency": (False, _Reader.read_emergency),
    "close": (True, _Reader.read_close),
    "steps": (False, _Reader.read_steps),
    "teams": (False, _Reader.read_teams),
    "near": (False, _Reader.read_near),
    "survey": (False, _Reader.read_survey),
    "devices": (False, _Reader.read_devices),
    "waits": (False, _Reader.read_waits),
    "customers": (False, _Reader.read_customers),
}
"""Name -> (whether it must be there, what reads it), in the order of reading; each is a field of Policy."""


def _zone(node: yaml.Node) -> str:
    name = _text(node)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # it is a file below the zones, whatever is asked for
        told = say("没有时区 {name}，如 Asia/Shanghai", "there is no zone {name}; such as Asia/Shanghai", name=name)
        raise _Refused(node, told)
    return name


def _weekdays(node: yaml.Node, text: str) -> range:
    first, _, last = text.partition("-")
    if first not in _WEEK or (last or first) not in _WEEK or _WEEK.index(last or first) < _WEEK.index(first):
        told = say("'{value}' 不是星期；写成 mon-fri 或 sat", "'{value}' are no weekdays; write mon-fri or sat",
                   value=text)  # fmt: skip
        raise _Refused(node, told)
    return range(_WEEK.index(first), _WEEK.index(last or first) + 1)


def _hours(node: yaml.Node) -> tuple[tuple[int, int], ...]:
    out: list[tuple[int, int]] = []
    for item in _items(node):
        start, dash, end = _text(item).partition("-")
        found = (_clock_time(item, start), _clock_time(item, end)) if dash else (0, 0)
        if found[1] <= found[0] or (out and found[0] < out[-1][1]):
            told = say("'{value}' 不是一段时间；写成 8:30-12:00，按先后，不重叠；跨夜的写成两段",
                       "'{value}' is no stretch of time; write 8:30-12:00, in order, without overlap; split what goes "
                       "over midnight", value=_text(item))  # fmt: skip
            raise _Refused(item, told)
        out.append(found)
    return tuple(out)


def _days(node: yaml.Node, year: int) -> tuple[date, ...]:
    """Days and ranges of days of a year."""
    out: list[date] = []
    for item in _items(node):
        first, _, last = _text(item).partition("..")
        start, end = _day(item, year, first), _day(item, year, last or first)
        if end < start:
            raise _Refused(item, say("{value} 的先后反了", "{value} ends before it begins", value=_text(item)))
        out += [start + timedelta(n) for n in range((end - start).days + 1)]
    return tuple(dict.fromkeys(out))


def _some_text(node: yaml.Node) -> str:
    """A text of a bounded length."""
    text = _text(node)
    if len(text) > MAX_TOLD:
        raise _Refused(node, say("超过 {n} 个字符", "over {n} characters", n=MAX_TOLD))
    return text


def _asked(node: yaml.Node) -> tuple[str, ...]:
    """A few texts, each once."""
    if len(_items(node)) > MAX_ASKED:
        raise _Refused(node, say("最多 {n} 个", "at most {n}", n=MAX_ASKED))
    return tuple(dict.fromkeys(_some_text(item) for item in _items(node)))


def _within(node: yaml.Node) -> dict[str, Duration]:
    """One duration for all, or one for each priority; `else` is for the others."""
    if not isinstance(node, yaml.MappingNode):
        return {"": _duration(node)}
    found = {key: _duration(value) for key, value in _entries(node, (*SEVERITIES, "else"))}
    return {"" if key == "else" else key: value for key, value in found.items()}
