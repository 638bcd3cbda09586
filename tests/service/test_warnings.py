"""Warnings of promises: once, in time, to whom it concerns; silence, waits, and the minute's run over many cases."""

import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from logs import STANDARD, at, local, log
from sqlalchemy import func, select

from kb.database import tables
from kb.database.connection import Store
from kb.keeping.tick import Ticker
from kb.model.casework import Role
from kb.notices.outbox import Outbox
from kb.notices.wishes import Wishes
from kb.people.accounts import People, Person
from kb.service import cases as module
from kb.service.cases import Author, Case, Cases
from kb.service.clocks import clocks
from kb.service.duty import Roster, Shift
from kb.service.letters import Letters
from kb.service.links import Links
from kb.service.policy import Policy, Team, shipped
from kb.service.snapshot import standing
from kb.service.warnings import Around, Seen, look
from kb.settings import Settings

LI = Author("李四", Role.LEAD)
RESTORE = {"verification": "试打十页", "cause": "hardware", "handling": "onsite"}


def person(login: str, role: str = "engineer", teams: Sequence[str] = ()) -> Person:
    return Person(1, login, login, role, tuple(teams), True, False, False, False, at("2026-01-01 00:00"))


PEOPLE = (person("li"), person("wang", teams=["网络组"]), person("zhao"), person("lead", "lead"))
AROUND = Around(PEOPLE, {})


def seen(text: str, now: str, around: Around = AROUND, policy: Policy = STANDARD) -> Seen:
    events = log(text)
    found = clocks(events, policy, now=at(now))
    return look(standing("26-00137-7", events, policy).now.at(at(now)), events, policy, found, around, at(now))


def told(text: str, now: str, around: Around = AROUND, policy: Policy = STANDARD) -> list[tuple[str, list[str]]]:
    """(what, to whom) of what is told at a moment, without the number of the case."""
    news = seen(text, now, around, policy).news
    return [(c.news.key.replace("26-00137-7:", ""), [p.login for p in c.people]) for c in news]


MONDAY = "2026-03-02 09:00 reported channel=phone owner=li"


def test_a_promise_is_warned_of_and_is_late() -> None:
    """When the part of its time that the policy names is used up, and when all is; its owner, and when it is late the
    leads, too. An answer ends it."""
    assert told(MONDAY, "2026-03-02 09:09") == []
    assert told(MONDAY, "2026-03-02 09:10") == [("warn:answer:0:soon", ["li"])]
    assert told(MONDAY, "2026-03-02 09:20") == [("warn:answer:0:late", ["li", "lead"])]
    answered = MONDAY + "\n2026-03-02 09:12 call"
    assert told(answered, "2026-03-02 11:59") == []
    assert told(answered, "2026-03-02 14:00") == [("warn:restore:0:late", ["li", "lead"])]


def test_each_look_says_when_the_next_one_is() -> None:
    """The next moment at which something falls due; a day at most."""
    assert local(seen(MONDAY, "2026-03-02 09:00").next) == "2026-03-02 09:10"
    assert local(seen(MONDAY, "2026-03-02 09:10").next) == "2026-03-02 09:20"
    assert local(seen(MONDAY, "2026-03-02 09:20").next) == "2026-03-02 12:00"
    assert local(seen(MONDAY, "2026-03-02 20:00").next) == "2026-03-03 08:30"
    restored = MONDAY + "\n2026-03-02 09:12 call\n2026-03-02 10:00 restored"
    assert local(seen(restored, "2026-03-02 10:00").next) == "2026-03-03 10:00"


def test_nobody_is_warned_while_it_is_the_customers_turn() -> None:
    """A case that waits for its customer warns of nothing, not even of a clock that runs on; then it does again."""
    waiting = MONDAY + "\n2026-03-02 09:05 wait for=customer until=2026-03-02T16:00"
    assert told(waiting, "2026-03-02 15:59") == []
    assert [key for key, _ in told(waiting, "2026-03-02 16:01")] == ["warn:answer:0:late", "waited:260302080000"]
    assert local(seen(waiting, "2026-03-02 15:00").next) == "2026-03-02 16:00"


def test_warnings_are_held_out_of_working_hours() -> None:
    """Until somebody works; lunch and days off are no working hours. What was done meanwhile is not told at all."""
    friday = "2026-03-06 17:20 reported channel=phone owner=li"
    assert told(friday, "2026-03-06 17:45") == []
    assert local(seen(friday, "2026-03-06 17:45").next) == "2026-03-06 20:20"
    assert local(seen(friday, "2026-03-06 22:00").next) == "2026-03-07 22:00"
    assert local(seen(friday, "2026-03-08 09:00").next) == "2026-03-09 08:30"
    assert len(told(friday, "2026-03-09 08:30")) == 2
    done = friday + "\n2026-03-06 17:50 call\n2026-03-06 18:00 restored"
    assert told(done, "2026-03-09 08:30") == []


def test_the_pressing_ones_go_to_whoever_is_on_duty() -> None:
    """P1 and emergencies at any hour: the duty of the team, else whoever is on duty, else as in working hours."""
    urgent = "2026-03-07 03:00 reported channel=phone owner=li team=网络组 urgency=high impact=wide"
    assert told(urgent, "2026-03-07 03:11") == [("warn:answer:0:soon", ["li"])]
    on_duty = replace_duty({"网络组": ("wang",), "": ("zhao", "wang")})
    assert told(urgent, "2026-03-07 03:11", on_duty) == [("warn:answer:0:soon", ["wang"])]
    assert told(urgent, "2026-03-07 03:11", replace_duty({"": ("zhao",)})) == [("warn:answer:0:soon", ["zhao"])]
    assert told(urgent, "2026-03-07 03:11", replace_duty({"": ("外包",)})) == [("warn:answer:0:soon", ["li"])]
    escalated = "2026-03-07 03:00 reported channel=phone owner=li team=网络组\n"
    escalated += "2026-03-07 03:05 escalated leader=li group=网络组"
    assert told(escalated, "2026-03-07 03:06", on_duty)[0] == ("escalated:2603061905", ["wang", "li"])
    assert told(escalated, "2026-03-09 10:00", on_duty)[0] == ("escalated:2603061905", ["li", "wang", "lead"])
    assert told(escalated, "2026-03-07 04:06", on_duty)[-1] == ("warn:update:0:2603061905:late", ["wang"])


def replace_duty(duty: dict[str, tuple[str, ...]]) -> Around:
    return AROUND._replace(duty=duty)


def test_whom_it_concerns() -> None:
    """The owner, else the team, and its chat; else the leads."""
    text = "2026-03-02 09:00 reported channel=phone"
    assert told(text, "2026-03-02 09:10") == [("warn:answer:0:soon", ["lead"])]
    assert told(text + " team=网络组", "2026-03-02 09:10") == [("warn:answer:0:soon", ["wang"])]
    teams = {"网络组": Team("dingtalk://x")}
    news = seen(text + " team=网络组", "2026-03-02 09:10", policy=replace(STANDARD, teams=teams)).news
    assert news[0].chats == ("dingtalk://x",)


def test_reopening_alone_raises_no_alarm() -> None:
    """What was warned of is not told again under another key, and the time at rest does not count."""
    text = MONDAY + "\n2026-03-02 09:12 call\n2026-03-02 10:00 restored\n2026-03-09 10:00 confirmed"
    assert told(text + "\n2026-03-10 10:00 reopened", "2026-03-10 10:01") == []


def test_silence_is_reminded_and_closed() -> None:
    """Two reminders and the end, by the policy's working days; of several that were missed the last one alone."""
    text = MONDAY + "\n2026-03-02 09:12 call\n2026-03-02 10:00 restored"
    found = {day: seen(text, f"2026-03-{day} 18:00") for day in ("03", "04", "06", "09")}
    assert [f.remind[-2:] for f in found.values()] == ["", "n1", "n2", ""]
    assert [f.closes for f in found.values()] == [False, False, False, True]
    assert seen(text.replace("restored", "restored provisional=yes"), "2026-03-09 18:00").remind == ""


WAITS = MONDAY + "\n2026-03-02 09:12 call\n2026-03-02 10:00 wait for={whom} until=2026-03-03T16:00+08:00"


@pytest.mark.parametrize("whom", ["part", "vendor", "visit", "window"])
def test_somebody_is_told_before_a_wait_runs_out(whom: str) -> None:
    """Four hours before its end, in working time, once, and who looks after the case."""
    text = WAITS.format(whom=whom)
    said = {
        minute: [(what, who) for what, who in told(text, f"2026-03-03 {minute}") if what.startswith("waits:")]
        for minute in ("11:59", "12:30", "13:31", "15:59")  # lunch is no working time
    }
    assert said["11:59"] == said["12:30"] == []
    assert said["13:31"] == said["15:59"] == [("waits:2603020200", ["li"])]
    assert seen(text, "2026-03-03 12:30").next <= at("2026-03-03 13:30")


def test_a_customer_is_reminded_before_his_wait_runs_out() -> None:
    """It is his turn: nobody else is alarmed. Of a wait of an hour half is left when he is."""
    text = WAITS.format(whom="customer")
    assert seen(text, "2026-03-03 11:59").remind == ""
    found = seen(text, "2026-03-03 14:00")
    assert (found.remind[:1], found.news) == ("w", ())
    short = text.replace("2026-03-03T16:00", "2026-03-02T11:00")
    assert [bool(seen(short, f"2026-03-02 10:{minute}").remind) for minute in ("29", "31")] == [False, True]
    assert seen(text + "\n2026-03-03 13:00 message_in", "2026-03-03 14:00").remind == ""


# --- the minute's run -----------------------------------------------------------------------------


@pytest.fixture
def site(settings: Settings) -> Settings:
    """A service desk that sends mail, with a lead."""
    (settings.articles.parent / "service.yml").write_text(shipped().text, "utf8")
    store = Store(settings.database)
    People(store).add("lead", "主管", "lead", teams=["网络组"])
    Wishes(store).change("lead", mail="lead@x.example")
    store.close()
    return replace(settings, mail_host="127.0.0.1", mail_port=9, mail_security="none", mail_from="help@desk.example")


def tick(site: Settings, now: datetime) -> tuple[int, int]:
    ticker = Ticker(site)
    try:
        done = ticker.tick(now)
        return done.told, done.done
    finally:
        ticker.close()


def keys(site: Settings) -> list[str]:
    store = Store(site.database)
    try:
        return sorted(m.key for m in Outbox(store).unsent(10_000))
    finally:
        store.close()


def test_a_case_that_nobody_answers(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Warned of once however often it is looked at; reminded by mail; closed as unconfirmed, at the end."""
    clock = [at("2026-03-02 09:00")]
    monkeypatch.setattr(module, "_now", lambda: clock[0])
    cases = module.opened(site)
    number = cases.report("卡纸", {"channel": "phone", "contact": "wang@x.example"}, LI).now.number
    for minute in ("09:00", "09:10", "09:11", "09:25", "09:26"):
        tick(site, at(f"2026-03-02 {minute}"))
    warned = [f"warn:{number}:answer:0:{how} > mail lead" for how in ("late", "soon")]
    assert keys(site) == warned
    clock[0] = at("2026-03-02 10:00")
    cases.add(number, "call", LI, "已回电", at=at("2026-03-02 09:30"))
    cases.add(number, "restore", LI, "换搓纸轮", RESTORE)
    told = []
    for day in ("03", "04", "05", "06", "09", "10"):
        clock[0] = at(f"2026-03-{day} 18:00")
        told.append(tick(site, clock[0]))
    assert told == [(0, 0)] * 4 + [(0, 1), (0, 0)]
    found = cases.find(number).now
    assert (found.state, found.outcome) == ("closed", "unconfirmed")
    assert [k for k in keys(site) if "n1" in k or "n2" in k] == [
        f"mail:{number}:r2603020200n1",
        f"mail:{number}:r2603020200n2",
    ]
    assert cases.check() == []


def test_a_customer_without_mail_is_asked_by_somebody(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [at("2026-03-02 09:00")]
    monkeypatch.setattr(module, "_now", lambda: clock[0])
    cases = module.opened(site)
    number = cases.report("卡纸", {"channel": "phone", "contact": "王工 13800000000"}, LI).now.number
    cases.add(number, "call", LI, "已回电")
    cases.add(number, "restore", LI, "换搓纸轮", RESTORE)
    tick(site, at("2026-03-04 18:00"))
    assert keys(site) == [f"ask:{number}:r2603020100n1 > mail lead"]


def test_a_wait_for_the_customer_is_a_mail_with_his_link(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked, and the link to his case, once; by telephone where he reads no mail."""
    monkeypatch.setattr(module, "_now", lambda: at("2026-03-02 09:00"))
    site = replace(site, public_url="https://kb.example.com")
    cases = module.opened(site)
    given = {"for": "customer", "until": "2026-03-03T16:00+08:00"}
    numbers = []
    for contact in ("wang@x.example", "王工 13800000000"):
        number = cases.report("卡纸", {"channel": "phone", "contact": contact, "owner": "主管"}, LI).now.number
        cases.add(number, "call", LI, "已回电")
        cases.add(number, "wait", LI, "请告诉我们机身上的序列号", given)
        numbers.append(number)
    for minute in ("14:00", "14:01", "15:00"):
        tick(site, at(f"2026-03-03 {minute}"))
    assert keys(site) == [f"ask:{numbers[1]}:w2603020100 > mail lead", f"mail:{numbers[0]}:w2603020100"]
    store = Store(site.database)
    [mail] = [m for m in Outbox(store).unsent() if m.key.startswith("mail:")]
    assert "序列号" in mail.text
    secret = mail.text.partition("https://kb.example.com/c/")[2].split()[0]
    then = at("2026-03-03 16:00")
    assert Links(store).case(secret, then) == numbers[0]
    assert len(Links(store).of(numbers[0], then)) == 1
    store.close()


def test_a_team_that_is_mentioned_in_a_note(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is written among those at work; a mail address is no mention."""
    monkeypatch.setattr(module, "_now", lambda: at("2026-03-02 09:00"))
    cases = module.opened(site)
    number = cases.report("请 @网络组 看", {"channel": "phone"}, LI).now.number
    cases.add(number, "note", LI, "@网络组 端口起不来，wang@x.example")
    tick(site, at("2026-03-02 09:01"))
    assert [k.split(":")[0] for k in keys(site)] == ["mention"]


def _tick(site: Settings, now: datetime) -> None:
    tick(site, now)


def test_sixteen_at_once_tell_it_once(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen processes tick in the same minute: each warning is there once, a silent case is closed once."""
    clock = [at("2026-03-02 09:00")]
    monkeypatch.setattr(module, "_now", lambda: clock[0])
    store = Store(site.database)
    cases = Cases(store, shipped(), letters=Letters("help@desk.example"))
    for i in range(20):
        number = cases.report(f"卡纸 {i}", {"channel": "phone"}, LI).now.number
        if i % 2:
            cases.add(number, "call", LI, "已回电")
            cases.add(number, "restore", LI, "换搓纸轮", RESTORE)
    store.close()
    clock[0] = at("2026-03-10 09:00")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_tick, args=(site, clock[0])) for _ in range(16)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    late = [k for k in keys(site) if k.startswith("warn:")]
    assert len(late) == len(set(late)) == 20
    with store.reading() as session:
        closed = select(func.count()).select_from(tables.Event).where(tables.Event.kind == "closed")
        assert session.scalar(closed) == 10
    assert cases.check() == []
    store.close()


def test_only_what_is_due_is_computed(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that was looked at is not looked at again before its time, or before something is written to it."""
    clock = [at("2026-03-02 09:00")]
    monkeypatch.setattr(module, "_now", lambda: clock[0])
    cases = module.opened(site)
    numbers = [cases.report(f"卡纸 {i}", {"channel": "phone"}, LI).now.number for i in range(3)]
    looked: list[str] = []

    def some(self: Cases, rows: Sequence[int]) -> list[tuple[int, Case]]:
        found = list(whole(self, rows))
        looked.extend(case.now.number for _, case in found)
        return found

    whole = Cases.some
    monkeypatch.setattr(Cases, "some", some)
    tick(site, at("2026-03-02 09:01"))
    tick(site, at("2026-03-02 09:02"))
    assert looked == numbers
    clock[0] = at("2026-03-02 09:03")
    cases.add(numbers[1], "note", LI, "再看看")
    tick(site, at("2026-03-02 09:04"))
    assert looked[3:] == [numbers[1]]
    tick(site, at("2026-03-02 09:10"))
    assert looked[4:] == numbers


def test_whoever_is_on_duty_by_the_roster(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The roster names the person by name or login; a P1 at night goes there."""
    monkeypatch.setattr(module, "_now", lambda: at("2026-03-07 03:00"))
    store = Store(site.database)
    People(store).add("zhao", "赵六", "engineer")
    Wishes(store).change("zhao", mail="zhao@x.example")
    Roster(store).add([Shift("", at("2026-03-06 17:30"), at("2026-03-07 08:30"), "赵六")])
    store.close()
    cases = module.opened(site)
    number = cases.report("全厂断网", {"channel": "phone", "urgency": "high", "impact": "wide"}, LI).now.number
    tick(site, at("2026-03-07 03:00") + timedelta(minutes=11))
    assert keys(site) == [f"warn:{number}:answer:0:soon > mail zhao"]
