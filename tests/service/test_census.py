"""Versions and updates: who is behind, whom a published update concerns, when it may be put in, what is told, once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tablets import POLICY, everything, imports, write

from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model import Article
from kb.model.casework import Role
from kb.notices.channels import HOOK, MAIL
from kb.notices.news import messages
from kb.people.accounts import Person
from kb.service.assets.devices import Devices
from kb.service.cases import Author, Cases
from kb.service.duty import Shift
from kb.service.rounds.census import Census, half_of, matches
from kb.service.rounds.guarded import Guards, thin
from kb.service.rounds.plans import Rounds
from kb.service.rounds.releases import Windows, concerned, publishes
from kb.service.rounds.telling import of_rounds, of_updates
from kb.settings import Settings

TODAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)
"""A Friday morning."""
CORE, SPARE = "210235A1QDH18C000123", "210235A1QDH18C000124"
UPDATE = Article(
    "u.md", "KB-000901", title="S5130 软件升级", product=("H3C S5130",), versions=("软件 7.1.075",), audience="public",
    updated=NOW.date(),
)  # fmt: skip


@pytest.fixture
def census(store: Store) -> Census:
    everything(store)
    return Census(store)


def behind(census: Census, **which: object) -> list[tuple[str, str, str]]:
    found = census.behind(**which)  # type: ignore[arg-type]
    return [(b.known.row.serial, b.have, b.wanted) for b in found]


def test_who_is_behind(census: Census) -> None:
    """Older, or unknown; by the most exact word on a product; what is not wanted is not behind."""
    census.want("S5130*", "软件", "7.1.075", TODAY)
    assert behind(census) == [(CORE, "7.1.070", "7.1.075"), (SPARE, "", "7.1.075")]
    census.want("S5130-28S", "软件", "7.1.060", TODAY)
    census.tell(SPARE, {"": "7.1.060"}, TODAY)
    assert behind(census) == []
    census.want("S5130-28S", "软件", "", TODAY)
    assert len(behind(census)) == 2
    assert behind(census, product="ME4024") == []
    with pytest.raises(NotFoundError):
        census.want("S5130-28S", "软件", "", TODAY)


def test_lines_of_a_census(census: Census) -> None:
    """Versions with how many run them, how many are not known, how many were asked this half year."""
    census.want("S5130*", "软件", "7.1.075", TODAY)
    (line,) = [line for line in census.lines(TODAY) if line.wanted]
    assert (dict(line.counts), line.behind, line.unknown, line.asked, line.devices) == ({"7.1.070": 1}, 1, 1, 0, 2)
    census.tell(CORE, {"软件": "7.1.075"}, TODAY)
    (line,) = [line for line in census.lines(TODAY) if line.wanted]
    assert (line.behind, line.asked) == (0, 1)
    assert [line.asked for line in census.lines(date(2027, 1, 1)) if line.wanted] == [0]


@pytest.mark.parametrize(("day", "first"), [("2026-06-30", "2026-01-01"), ("2026-07-01", "2026-07-01")])
def test_halves_of_a_year(day: str, first: str) -> None:
    """A census begins with each."""
    assert half_of(date.fromisoformat(day)) == date.fromisoformat(first)


def test_a_table_of_versions(census: Census, store: Store) -> None:
    """Seen before it is written, with its row where it is unclear; taken back as a whole."""
    text = f"序列号,软件,版本,普查日期\n{CORE},软件,7.1.075,2026-11-01\n{SPARE},BIOS,1.2,\n"
    seen = imports(store).look("versions", text.encode(), "版本.csv", "李四")
    assert seen.counts == {"devices": {"changed": 2}}
    assert Devices(store).find(CORE).row.versions == {"软件": "7.1.070"}
    done = write(store, "versions", text)
    row = Devices(store).find(CORE).row
    assert (row.versions, row.versions_at) == ({"软件": "7.1.075"}, date(2026, 11, 1))
    assert Devices(store).find(SPARE).row.versions == {"BIOS": "1.2"}
    imports(store).undo(done.id, "李四")
    assert Devices(store).find(CORE).row.versions == {"软件": "7.1.070"}
    wrong = imports(store).look("versions", "序列号,版本\nNO0001,1.2\n".encode(), "版本.csv", "李四")
    assert "第 2 行" in wrong.unclear[0]


@pytest.mark.parametrize(("given", "told"), [({}, "1 到"), ({"软件": "x" * 61}, "60"), ({"软件": " "}, "1 到")])
def test_a_wrong_version_is_refused(census: Census, given: dict[str, str], told: str) -> None:
    """Nothing is written then; a device that is not there is told."""
    with pytest.raises(InputError, match=told):
        census.tell(CORE, given, TODAY)
    with pytest.raises(NotFoundError):
        census.tell("NICHTDA0", {"软件": "1"}, TODAY)


def test_patterns_of_products() -> None:
    """The whole name, or its beginning before a star, in whatever case."""
    assert matches("s5130*", "S5130-28S")
    assert not matches("S5130", "S5130-28S")
    assert matches(" ME4024 ", "me4024")


# --- updates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "is_one"),
    [({}, True), ({"kind": "case"}, False), ({"versions": ()}, False), ({"product": ()}, False),
     ({"status": "draft"}, False), ({"versions": ("最新",)}, False)],
)  # fmt: skip
def test_which_articles_publish_an_update(changed: dict[str, object], is_one: bool) -> None:
    """A published manual that names product and versions."""
    assert publishes(replace(UPDATE, **changed)) is is_one  # type: ignore[arg-type]


def test_whom_an_update_concerns(census: Census, store: Store) -> None:
    """Devices of the product with an older version, or an unknown one; not those that have it, nor other products."""
    found = [(c.known.row.serial, c.have, c.new) for c in concerned(store, UPDATE)]
    assert found == [(CORE, "7.1.070", "7.1.075"), (SPARE, "", "7.1.075")]
    census.tell(CORE, {"软件": "7.2.001"}, TODAY)
    assert [c.known.row.serial for c in concerned(store, UPDATE)] == [SPARE]
    assert concerned(store, replace(UPDATE, product=("H3C",))) == []
    assert concerned(store, UPDATE, customer=2) == []


def test_windows_lie_outside_working_hours(census: Census, store: Store) -> None:
    """Proposed from the calendar; one within working hours is refused and told what would do, a guarded one, why."""
    windows = Windows(store, POLICY)
    first = windows.proposed("省厅", NOW)[0]
    local = first.start.astimezone(POLICY.zone)
    assert local.hour == 22
    assert first.start >= NOW + timedelta(hours=24)
    monday = datetime(2026, 11, 30, 2, tzinfo=UTC)
    with pytest.raises(InputError, match="工作时间之外，如 11-28 22:00"):
        windows.agree("KB-000901", "省厅", monday, monday + timedelta(hours=2), "李四", "", NOW)
    Guards(store).add("两会", "省厅", "", NOW, NOW + timedelta(days=10), 2, "", "李四")
    with pytest.raises(InputError, match=r"两会.*不升级"):
        windows.agree("KB-000901", "省厅", first.start, first.end, "李四", "", NOW)
    later = windows.proposed("省厅", NOW)[0]
    assert later.start >= NOW + timedelta(days=10)
    windows.agree("KB-000901", "省厅", later.start, later.end, "李四", "", NOW)
    (kept,) = windows.of("KB-000901")
    assert (kept.customer, kept.start) == ("山东省厅", later.start)
    windows.remove(kept.id)
    with pytest.raises(NotFoundError):
        windows.remove(kept.id)


# --- guarded times ------------------------------------------------------------------------------


LEAD, ENGINEER = Author("主管", Role.LEAD), Author("李四", Role.ENGINEER)
UNDO = {"undo": "装回去"}


@pytest.fixture
def guarded(store: Store) -> Cases:
    everything(store)
    now = datetime.now(UTC)
    Guards(store).add("两会", "省厅", "机房", now - timedelta(days=1), now + timedelta(days=5), 2, "", "主管")
    return Cases(store, POLICY)


def report(cases: Cases, **given: str) -> str:
    return cases.report("慢", {"channel": "phone", "customer": "省厅", "site": "机房", **given}, LEAD).now.number


def test_nothing_is_changed_in_a_guarded_time(guarded: Cases) -> None:
    """The refusal says why; a lead lets it pass with a reason."""
    number = report(guarded)
    with pytest.raises(InputError, match=r"两会.*不实施变更.*waived"):
        guarded.add(number, "apply", ENGINEER, "升级", UNDO)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with pytest.raises(InputError, match="约在它之后"):
        guarded.add(number, "wait", ENGINEER, "周末停机", {"for": "window", "until": until})
    later = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    guarded.add(number, "wait", ENGINEER, "会后停机", {"for": "window", "until": later})
    guarded.add(number, "apply", LEAD, "升级", {**UNDO, "waived": "客户要求"})


def test_a_promise_of_a_change_is_refused(guarded: Cases) -> None:
    """Of a request; of a fault a time may be promised."""
    until = {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    with pytest.raises(InputError, match="约在它之后"):
        guarded.add(report(guarded, kind="request"), "promise", ENGINEER, "明天换版本", until)
    guarded.add(report(guarded), "promise", ENGINEER, "明天答复", until)


@pytest.mark.parametrize(
    "given", [{"urgency": "high", "impact": "wide"}, {"site": "分中心"}, {"customer": "农商行", "site": "营业部"}]
)
def test_what_presses_or_lies_elsewhere_is_mended(guarded: Cases, given: dict[str, str]) -> None:
    """A P1 fault, another site, another customer."""
    number = report(guarded, **given)
    guarded.add(number, "test", ENGINEER, "试过", {"where": "备机"})
    guarded.add(number, "apply", ENGINEER, "换电源", UNDO)


def test_too_few_on_duty() -> None:
    """Each stretch with fewer people than a guarded time asks for, from now on."""
    start = datetime(2027, 3, 1, tzinfo=UTC)
    guard = type("G", (), {"start": start, "end": start + timedelta(hours=24), "people": 2})()
    shifts = [Shift("", start, start + timedelta(hours=12), "甲"), Shift("", start, start + timedelta(hours=24), "乙")]
    (one,) = thin(guard, shifts, start - timedelta(days=1))
    assert (one.start, one.end, one.people) == (start + timedelta(hours=12), guard.end, ("乙",))
    assert thin(guard, shifts, guard.end) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [({"name": " "}, "名称"), ({"customer": "没有的"}, "没有客户"), ({"site": "没有的"}, "没有地点"),
     ({"end": NOW}, "先开始"), ({"people": 99}, "people")],
)  # fmt: skip
def test_a_wrong_guarded_time(store: Store, change: dict[str, object], told: str) -> None:
    """Says which field, and what would be right."""
    everything(store)
    given = {"name": "会", "customer": "省厅", "site": "", "start": NOW, "end": NOW + timedelta(days=1), "people": 2,
             "note": "", "by": "李四"}  # fmt: skip
    with pytest.raises(InputError, match=told):
        Guards(store).add(**{**given, **change})  # type: ignore[arg-type]


# --- what is told -------------------------------------------------------------------------------


def person(login: str, role: str = "engineer", name: str = "") -> Person:
    return Person(1, login, name or login, role, (), True, True, False, False, NOW)


def test_overdue_rounds_are_told_to_whose_they_are(store: Store) -> None:
    """Else to the leads; under one key each, however often it is looked."""
    everything(store)
    rounds = Rounds(store, Cases(store, POLICY))
    rounds.add("round", 3, "months", date(2026, 11, 1), "省厅", site="机房", owner="李四", name="巡检")
    rounds.add("instrument", 12, "months", date(2026, 11, 2), device=CORE, name="校准")
    people = [person("li", name="李四"), person("boss", "lead"), person("x")]
    told = list(of_rounds(rounds, people, NOW, POLICY.zone))
    assert [(n.news.key, [p.login for p in n.people]) for n in told] == [
        ("round:1:2026-11-01", ["li"]),
        ("round:2:2026-11-02", ["boss"]),
    ]
    assert list(of_rounds(rounds, people, NOW + timedelta(days=40), POLICY.zone)) == []


def test_updates_are_told_to_owners_once(census: Census, store: Store, sample_settings: Settings) -> None:
    """Leads, and contacts with an address of the customers; of what is not public customers are not told."""
    settings = replace(sample_settings, mail_host="localhost", mail_from="desk@example.com", webhook_url="http://x/")
    news, mails = of_updates(store, settings, [UPDATE], [person("boss", "lead")], NOW)
    assert [(m.channel, m.to) for m in mails] == [(MAIL, "wang@example.com")]
    assert CORE in mails[0].text
    assert SPARE in mails[0].text
    assert [p.login for p in news[0].people] == ["boss"]
    assert messages(settings, news[0], [], NOW)[0].channel == HOOK
    again = of_updates(store, settings, [UPDATE], [], NOW + timedelta(days=1))
    assert [m.key for m in again[1]] == [m.key for m in mails]
    assert of_updates(store, settings, [replace(UPDATE, audience="internal")], [], NOW)[1] == []
    assert of_updates(store, settings, [UPDATE], [], NOW + timedelta(days=30)) == ([], [])
