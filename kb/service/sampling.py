"""This module makes up a year of a service desk, for whoever tries it: the same seed, the same year.

A case is a story with its times, cut off at the present moment: so the last ones are still at work. Nothing of it is
anybody's; names and texts are invented.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from kb.language import say
from kb.model.casework import Channel, EventKind, Unwritten
from kb.service.cases import Cases
from kb.service.events import Event

YEAR = timedelta(days=365)
EMERGENCIES = 4
"""Outages of the year, each with CHILDREN cases; the last one goes on."""
CHILDREN = 3
BURST = 3
"""Like reports of the last half hour."""
LEAST = EMERGENCIES * (1 + CHILDREN) + 1 + BURST
"""Cases of the smallest year: outages, one that waits, and the burst."""
_E = EventKind


class Known(NamedTuple):
    """An article that cases can be solved by."""

    id: str
    title: str
    area: str


class _Fault(NamedTuple):
    area: str
    cause: str
    handling: str
    report: str
    seen: str
    fix: str
    article: str = ""


@dataclass
class _Story:
    """The events of a case so far; after: the next one happens so many minutes later."""

    moment: datetime
    by: str
    log: list[Event] = field(default_factory=list)

    def add(self, kind: EventKind, after: float = 0, text: str = "", public: bool = True, **data: Any) -> "_Story":
        self.moment += timedelta(minutes=after)
        by, work = data.pop("by", self.by), data.pop("work", 0)
        self.log.append(Event(kind, self.moment, self.moment, by, text, public, data, work))
        return self

    def until(self, now: datetime) -> list[Event]:
        return [event for event in self.log if event.at <= now]


class Machine(NamedTuple):
    """A device that cases can be about. label: its product and serial; area: of its faults."""

    label: str
    customer: str
    site: str
    area: str


def service_year(
    cases: Cases,
    seed: int,
    count: int,
    known: Sequence[Known],
    now: datetime | None = None,
    machines: Sequence[Machine] = (),
) -> int:
    """Bring in so many made-up cases, LEAST at least; how many. known: articles of the base, that solve some; machines:
    devices, that some are about."""
    now, rng = now or datetime.now(UTC), Random(seed)  # noqa: S311 - a sample, no secret
    teller = _Teller(rng, known, now, machines, Random(seed + 1))  # noqa: S311
    rest = count - LEAST
    moments = [(now - YEAR * rng.random(), i < EMERGENCIES - 1) for i in range(EMERGENCIES - 1 + rest)]
    brought, before = 0, ""
    for start, emergency in sorted(moments):
        if emergency:
            brought += _outage(cases, teller, start)
            continue
        story = teller.duplicate(start, before) if before and rng.random() < 0.03 else teller.story(start)
        before = cases.bring(story.until(now)).now.number
        brought += 1
    brought += _outage(cases, teller, now - timedelta(minutes=100))
    cases.bring(teller.waiting(now - timedelta(minutes=80)).until(now))
    brought += 1
    for i in range(BURST):
        cases.bring(teller.burst(now - timedelta(minutes=25 - 10 * i)).until(now))
        brought += 1
    return brought


def _outage(cases: Cases, teller: "_Teller", start: datetime) -> int:
    """An emergency, and the cases that were joined to it."""
    parent, told = teller.emergency(start)
    number = cases.bring(parent.until(teller.now)).now.number
    for i in range(CHILDREN):
        cases.bring(teller.child(start + timedelta(minutes=4 * i + 2), number, told).until(teller.now))
    return 1 + CHILDREN


class _Teller:
    """Tells stories."""

    def __init__(
        self, rng: Random, known: Sequence[Known], now: datetime, machines: Sequence[Machine], drawn: Random
    ) -> None:
        self.rng, self.known, self.now, self.drawn = rng, known, now, drawn
        self.staff, self.customers = staff(), customers()
        self.machines: dict[tuple[str, str], list[Machine]] = {}
        for machine in machines:
            self.machines.setdefault((machine.customer, machine.area), []).append(machine)
        self.people = say("王工,赵老师,陈主任,周姐,孙工", "Mr Wang,Ms Zhao,Mr Chen,Ms Zhou,Mr Sun").split(",")
        self.faults = list(_faults())

    def story(self, start: datetime) -> _Story:
        """A case from its report to its article, as most of them go."""
        rng, fault = self.rng, self._fault()
        story = self._reported(start, fault)
        self._answered(story)
        self._diagnosed(story, fault)
        if rng.random() < 0.1:
            story.add(_E.RESTORED, rng.uniform(20, 60), say("先换备机用着", "a spare is in place"), **_restored(fault),
                      provisional=True)  # fmt: skip
        solved = fault.article if rng.random() < 0.7 else ""
        self._restored(story, fault, solved)
        self._ended(story, fault)
        self._written(story, fault, solved)
        return story

    def duplicate(self, start: datetime, other: str) -> _Story:
        """The same fault told twice."""
        story = self._reported(start, self._fault())
        return story.add(_E.MERGED, self.rng.uniform(3, 20), public=False, into=other)

    def burst(self, start: datetime) -> _Story:
        """One of several reports of the same, a moment ago."""
        return self._reported(start, self.faults[0], floor=self.rng.randint(2, 9), owner="")

    def waiting(self, start: datetime) -> _Story:
        """One that waits for a part by now."""
        fault = self.faults[5]
        story = self._reported(start, fault)
        story.add(_E.CALL, 5, say("收到，正在看", "it arrived; we are on it"))
        story.add(_E.DIAGNOSED, 20, fault.seen, False)
        until: dict[str, Any] = {"for": "part", "until": (start + timedelta(days=1)).isoformat()}
        return story.add(_E.WAIT, 5, say("备件明天上午到", "the part comes tomorrow"), **until)

    def emergency(self, start: datetime) -> tuple[_Story, list[tuple[datetime, str]]]:
        """An outage with its updates; (story, what was told when)."""
        fault = self.faults[1]
        story = self._reported(start, fault, urgency="high", impact="wide")
        story.add(_E.CALL, 6, say("已回电，全楼受影响", "called back: the whole building"))
        story.add(_E.ESCALATED, 4, say("核心交换机停机", "the core switch is down"), False, leader=self.staff[0],
                  group=say("网络组、厂商", "network team, vendor"))  # fmt: skip
        told = []
        for i, words in enumerate((say("正在定位，下一次通报一小时内", "we look for it; more within the hour"),
                                   say("备机已到，正在切换", "the spare is here and takes over"))):  # fmt: skip
            story.add(_E.UPDATE, 50 if i else 20, words)
            told.append((story.moment, words))
        story.add(
            _E.TESTED, 20, say("备机上一切正常", "all is well on the spare"), False, where=say("备机", "the spare")
        )
        story.add(_E.APPLIED, 10, fault.fix, undo=say("换回原机", "put the old one back"))
        story.add(_E.RESTORED, 10, fault.fix, **_restored(fault))
        story.add(_E.DAILY, 30, say("当日情况：已恢复，原因待查", "today: restored, the cause is looked for"), False)
        story.add(_E.STOOD_DOWN, 10, say("已恢复，解除紧急", "restored: no emergency any more"))
        story.add(_E.CONFIRMED, 24 * 60, score=4)
        self._written(story, fault, "")
        return story, told

    def child(self, start: datetime, parent: str, told: Sequence[tuple[datetime, str]]) -> _Story:
        """A case of an outage: its customer reads the updates."""
        story = self._reported(start, self.faults[1])
        story.add(_E.JOINED, 10, public=False, parent=parent)
        for moment, words in told:
            story.moment = max(moment, story.moment)
            story.add(_E.MESSAGE_OUT, 0, words)
        story.add(_E.RESTORED, 50, self.faults[1].fix, **_restored(self.faults[1]))
        story.add(_E.CONFIRMED, self.rng.uniform(30, 300))
        return story.add(_E.UNWRITTEN, 10, public=False, unwritten=str(Unwritten.ONE_OFF))

    # --- parts of a story ---

    def _fault(self) -> _Fault:
        article = self.rng.choice(self.known) if self.known and self.rng.random() < 0.5 else None
        if article is None:
            return self.rng.choice(self.faults)
        told = say("按文章处理", "done as the article says")
        return _Fault(article.area, "software", "remote", article.title, article.title, told, article.id)

    def _reported(self, start: datetime, fault: _Fault, floor: int = 0, **given: Any) -> _Story:
        rng = self.rng
        channels = [c for c in Channel if c != Channel.PROGRAM]
        data: dict[str, Any] = {
            "channel": str(rng.choices(channels, [9, 5, 4, 2, 1, 1, 4, 1])[0]),
            "contact": rng.choice(self.people),
            "customer": self.customers[min(int(rng.paretovariate(0.9)) - 1, len(self.customers) - 1)],
            "site": say("{n} 楼", "floor {n}", n=floor or rng.randint(1, 9)),
            "urgency": rng.choices(["high", "normal", "low"], [2, 6, 2])[0],
            "impact": rng.choices(["wide", "part", "one"], [1, 3, 6])[0],
            "owner": rng.choice(self.staff),
        } | given
        data |= {"area": fault.area} if fault.area else {}
        data |= self._about(data["customer"], fault)
        data = {name: value for name, value in data.items() if value}
        story = _Story(start, data.get("owner", self.staff[0]))
        return story.add(_E.REPORTED, 0, fault.report.format(n=floor or rng.randint(2, 9)), **data)

    def _about(self, customer: str, fault: _Fault) -> Mapping[str, str]:
        """The device that a fault is of, the same ones more often than others; nothing for most."""
        there = self.machines.get((customer, fault.area))
        if not there or self.drawn.random() > 0.4:
            return {}
        machine = there[min(int(self.drawn.paretovariate(1.2)) - 1, len(there) - 1)]
        return {"device": machine.label, "site": machine.site}

    def _exchanged(self, story: _Story, fault: _Fault) -> None:
        """Now and then a device that failed is replaced by a new one."""
        label = str(story.log[0].data.get("device", ""))
        if not label or fault.handling != "parts" or self.drawn.random() > 0.5:
            return
        customer = str(story.log[0].data["customer"])
        there = self.machines[customer, fault.area]
        old = next(m for m in there if m.label == label)
        new = old._replace(label=f"{label}R")
        there[there.index(old)] = new
        story.add(_E.WORK_PLANNED, 20, work=1, of="exchange")
        story.add(_E.EXCHANGED, 60, say("换上新机", "a new one was put in"), work=1, old=label.rsplit(maxsplit=1)[-1],
                  new=new.label.split()[-1])  # fmt: skip

    def _answered(self, story: _Story) -> None:
        late = self.rng.random() < 0.12
        kind = _E.CALL if self.rng.random() < 0.6 else _E.MESSAGE_OUT
        story.add(kind, self.rng.uniform(25, 70) if late else self.rng.uniform(2, 18),
                  say("收到，正在看", "it arrived; we are on it"))  # fmt: skip

    def _diagnosed(self, story: _Story, fault: _Fault) -> None:
        rng = self.rng
        story.add(_E.DIAGNOSED, rng.uniform(5, 40), fault.seen, False)
        if self.known and not fault.article and rng.random() < 0.3:
            story.add(_E.LOOKED_AT, 3, public=False, article=rng.choice(self.known).id)
        if rng.random() < 0.25:
            whom = rng.choice(["customer", "part", "vendor", "window"])
            until = story.moment + timedelta(hours=rng.uniform(4, 60))
            waits: dict[str, Any] = {"for": whom, "until": until.isoformat()}
            story.add(_E.WAIT, 5, say("请稍等，到时再联系", "please wait; we call again then"), **waits)
            story.add(_E.MESSAGE_IN, rng.uniform(60, 600), say("还是那样，请尽快", "still the same, please hurry"),
                      by=self.people[0])  # fmt: skip
        if rng.random() < 0.15:
            story.add(_E.PROMISED, 5, say("两小时内再答复", "we answer within two hours"),
                      until=(story.moment + timedelta(hours=2)).isoformat())  # fmt: skip

    def _restored(self, story: _Story, fault: _Fault, solved: str) -> None:
        rng = self.rng
        self._exchanged(story, fault)
        story.add(_E.TESTED, rng.uniform(5, 30), say("备机上试过，正常", "tried on a spare: well"), False,
                  where=say("备机", "a spare"))  # fmt: skip
        story.add(_E.APPLIED, rng.uniform(2, 15), fault.fix, undo=say("换回原样", "put it back as it was"))
        late = rng.random() < 0.12
        named: dict[str, Any] = {"article": solved} if solved else {}
        story.add(_E.RESTORED, rng.uniform(200, 500) if late else rng.uniform(5, 60), fault.fix, **_restored(fault),
                  **named)  # fmt: skip

    def _ended(self, story: _Story, fault: _Fault) -> None:
        rng = self.rng
        if rng.random() < 0.06:
            story.add(_E.REJECTED, rng.uniform(60, 900), say("又出现了", "it is there again"))
            story.add(_E.RESTORED, rng.uniform(60, 300), fault.fix, **_restored(fault))
        if rng.random() < 0.35:
            story.add(_E.CLOSED, 9 * 24 * 60, by="")
        else:
            story.add(_E.CONFIRMED, rng.uniform(60, 2000), say("好了，谢谢", "it is well, thank you"))
            if rng.random() < 0.5:
                score = rng.choices([5, 4, 3, 2], [6, 3, 1, 1])[0]
                story.add(_E.SURVEYED, 10, "" if score > 3 else say("等得有点久", "it took long"), score=score)
        if rng.random() < 0.04:
            story.add(_E.REOPENED, rng.uniform(600, 5000), say("第二天又坏了", "broken again the next day"))
            story.add(_E.RESTORED, rng.uniform(60, 300), fault.fix, **_restored(fault))
            story.add(_E.CONFIRMED, rng.uniform(60, 600))

    def _written(self, story: _Story, fault: _Fault, solved: str) -> None:
        """Credit goes to the article that the fault is of: what is made up spoils no ranking."""
        rng, draw = self.rng, self.rng.random()
        if solved and draw < 0.8:
            story.add(_E.LINKED, 30, public=False, article=solved)
        elif fault.article and not solved and draw < 0.5:
            story.add(_E.WRITTEN, 60, public=False, article=fault.article)
        elif draw < 0.7:
            story.add(_E.UNWRITTEN, 30, public=False, unwritten=str(rng.choice(list(Unwritten))))


def staff() -> list[str]:
    """Who works there."""
    return say("李明,王芳,张伟,刘洋", "Li Ming,Wang Fang,Ann Reed,Tom Hill").split(",")


def customers() -> list[str]:
    """Whom they serve."""
    return say(
        "省厅信息中心,市第一医院,育才中学,东港物流,华光电子,南山区政务中心,新城酒店,大河银行",
        "Province Office,City Hospital,Grove School,East Port,Lumen Works,South Office,New Hotel,River Bank",
    ).split(",")


def _restored(fault: _Fault) -> dict[str, Any]:
    return {
        "verification": say("客户试用正常", "the customer tried it"),
        "cause": fault.cause,
        "handling": fault.handling,
    }


def _faults() -> Iterator[_Fault]:
    """Faults of any office; {n} is a floor. The first two are those of a burst and of an outage."""
    yield _Fault("network", "configuration", "remote",
                 say("{n} 楼无线 office-wifi 连不上，提示无法获取 IP 地址",
                     "wireless office-wifi on floor {n} does not connect: no IP address"),
                 say("DHCP 地址池用尽", "the DHCP pool is used up"),
                 say("扩大地址池，缩短租期", "made the pool larger and the lease shorter"))  # fmt: skip
    yield _Fault("network", "hardware", "parts",
                 say("{n} 楼全断网，核心交换机 SW-CORE-01 灯全灭",
                     "no network on floor {n}: all lights of SW-CORE-01 are off"),
                 say("电源模块烧毁", "the power module burnt out"),
                 say("更换电源模块", "new power module"))  # fmt: skip
    yield _Fault("printer", "hardware", "onsite",
                 say("{n} 楼打印机老卡纸，走廊那台", "the printer in the corridor of floor {n} jams all the time"),
                 say("搓纸轮磨损", "the roller is worn"), say("更换搓纸轮", "new roller"))  # fmt: skip
    yield _Fault("desktop", "software", "remote",
                 say("开机到登录要十分钟，{n} 号机", "logging in takes ten minutes on PC {n}"),
                 say("启动项过多，磁盘占满", "the disk is full"), say("清理磁盘", "cleared the disk"))  # fmt: skip
    yield _Fault("account", "operator", "remote",
                 say("{n} 个人登不上域，说密码过期", "{n} people can't sign in: the password is over"),
                 say("密码到期没有提醒", "nobody was reminded"), say("重置密码", "reset the passwords"))  # fmt: skip
    yield _Fault("server", "hardware", "parts",
                 say("机房 {n} 号服务器报硬盘黄灯", "amber light on a disk of server {n}"),
                 say("阵列一块盘离线", "one disk of the array is out"),
                 say("换盘重建", "new disk, rebuilt"))  # fmt: skip
    yield _Fault("application", "configuration", "remote",
                 say("邮箱收不到外面的信，已经 {n} 小时", "no mail from outside for {n} hours"),
                 say("域名解析记录过期", "the MX record is wrong"),
                 say("改正解析", "put the record right"))  # fmt: skip
    yield _Fault("monitoring", "line", "onsite",
                 say("{n} 号摄像头黑屏", "camera {n} shows nothing"),
                 say("网线水晶头氧化", "the plug is corroded"), say("重做水晶头", "new plug"))  # fmt: skip
    yield _Fault("", "operator", "remote",
                 say("投影仪没有声音，会议室 {n}", "no sound from the projector in room {n}"),
                 say("音频输出选错", "the wrong output was chosen"), say("改回 HDMI", "set to HDMI"))  # fmt: skip
