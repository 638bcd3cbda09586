"""Clocks: what small teams ask of them, one by one. Dates and hours are those of Shanghai."""

from datetime import timedelta

import pytest
from logs import OFFICE, STANDARD, at, clocks_of, local, log

from kb.service.clocks import clocks, kept
from kb.service.days import Year, statutory
from kb.service.policy import read
from kb.service.reckoning import working_time

RESTORE = read(OFFICE % "restore: {from: reported, to: restored, within: 4 h, time: office, pauses: [customer]}")
LONG = read(OFFICE % "restore: {from: reported, to: restored, within: 8 h, time: office, pauses: [customer]}")
BY_PRIORITY = read(
    OFFICE % "restore: {from: reported, to: restored, within: {P1: 2 h, P3: 8 h}, time: office, pauses: [customer]}"
)
DAYS = read(OFFICE % "repair: {of: repair, from: received, to: sent, within: 60 workdays, time: office}")


@pytest.mark.parametrize(
    ("reported", "due"),
    [
        ("2026-02-13 16:30", "2026-02-14 11:30"),  # Friday; that Saturday is worked in exchange for Spring Festival
        ("2026-02-14 15:30", "2026-02-24 10:30"),  # and behind it lies the festival
        ("2026-03-02 10:00", "2026-03-02 15:30"),  # over lunch
        ("2026-03-06 16:30", "2026-03-09 11:30"),  # an ordinary Saturday is off
        ("2026-03-07 12:00", "2026-03-09 14:00"),  # reported on a day off
        ("2026-03-09 03:00", "2026-03-09 14:00"),
    ],
)
def test_working_time_knows_lunch_days_off_and_worked_saturdays(reported: str, due: str) -> None:
    """Four working hours: lunch does not count, statutory days off do not, a Saturday worked in exchange does."""
    assert local(clocks_of(f"{reported} reported", reported, RESTORE)["restore"].due) == due


def test_only_statutory_days_are_off() -> None:
    """Observances that are no holidays are worked, and the year is known without a network."""
    year = statutory(2026)
    assert year.announced
    assert not {f"{d:%m-%d}" for d in year.closed} & {"02-14", "03-08", "11-11", "12-24", "12-25"}
    assert {"02-14", "02-28", "10-10"} <= {f"{d:%m-%d}" for d in year.opened}


def test_a_year_nobody_announced_is_provisional() -> None:
    """Next year's dates are reckoned and marked, no clock raises, and they move when the announcement comes."""
    over = clocks_of("2026-12-31 16:30 reported", "2026-12-31 16:30", RESTORE)["restore"]
    assert (local(over.due), over.assumed) == ("2027-01-04 11:30", True)
    assumed = clocks(log("2027-02-04 16:30 reported"), RESTORE, now=at("2027-02-04 16:30"))[0]
    assert (local(assumed.due), assumed.assumed) == ("2027-02-05 11:30", True)

    def announced(year: int) -> Year:
        closed = frozenset(at(f"2027-02-{d:02} 12:00").date() for d in range(5, 12))
        return Year(closed, frozenset(), announced=True) if year == 2027 else statutory(year)

    known = clocks(log("2027-02-04 16:30 reported"), RESTORE, announced, at("2027-02-04 16:30"))[0]
    assert (local(known.due), known.assumed) == ("2027-02-12 11:30", False)


def test_the_firms_own_days_win() -> None:
    """service.yml closes and opens days over what is known, and brings a whole announcement."""
    own = OFFICE % "restore: {from: reported, to: restored, within: 4 h, time: office}"
    closed = read(own + "days: {2026: {closed: [03-09], open: [03-07]}}\n")
    assert (
        local(clocks_of("2026-03-06 16:30 reported", "2026-03-06 17:00", closed)["restore"].due) == "2026-03-07 11:30"
    )
    whole = read(own + "days: {2027: {closed: [02-05..02-11], open: [02-20], announced: yes}}\n")
    found = clocks_of("2027-02-04 16:30 reported", "2027-02-04 17:00", whole)["restore"]
    assert (local(found.due), found.assumed) == ("2027-02-12 11:30", False)


@pytest.mark.parametrize("change", ["classified urgency=high impact=wide", "note"])
def test_a_pause_survives_a_change_of_priority_and_policy(change: str) -> None:
    """What was paused before the priority or the policy changed is paused behind it."""
    text = f"""
    2026-03-02 08:30 reported
    2026-03-02 09:00 call
    2026-03-02 09:30 wait for=customer
    2026-03-02 10:00 {change}
    2026-03-02 11:30 message_in
    """
    now = "2026-03-02 11:45"
    by_priority = {"classified urgency=high impact=wide": "2026-03-02 14:00", "note": "2026-03-03 11:00"}
    assert local(clocks_of(text, now, BY_PRIORITY)["restore"].due) == by_priority[change]
    assert local(clocks_of(text, now, RESTORE)["restore"].due) == "2026-03-02 16:00"
    assert local(clocks_of(text, now, LONG)["restore"].due) == "2026-03-03 11:00"


def test_time_restored_or_closed_never_counts() -> None:
    """Reopened after days, a case has what was left when it was restored; reopening alone makes nothing late."""
    text = """
    2026-03-02 08:30 reported
    2026-03-02 08:40 call
    2026-03-02 11:30 restored
    2026-03-03 10:00 confirmed
    2026-03-05 15:00 reopened
    """
    assert clocks_of(text, "2026-03-04 10:00", RESTORE)["restore"].state == "met"
    clock = clocks_of(text, "2026-03-05 15:00", RESTORE)["restore"]
    assert (clock.state, clock.left, local(clock.due)) == ("running", timedelta(hours=1), "2026-03-05 16:00")
    assert clocks_of(text, "2026-03-05 16:01", RESTORE)["restore"].state == "late"


def test_waiting_pauses_by_reason() -> None:
    """A promise pauses for what it names, for nothing else; not while the customer's turn lasts is anything due."""
    text = """
    2026-03-02 08:30 reported
    2026-03-02 08:40 call
    2026-03-02 09:30 wait for={}
    """
    paused = clocks_of(text.format("customer"), "2026-03-04 09:30", RESTORE)["restore"]
    assert (paused.state, paused.ticking, paused.left) == ("paused", False, timedelta(hours=3))
    assert clocks_of(text.format("part"), "2026-03-04 09:30", RESTORE)["restore"].state == "late"


def test_a_wait_ends_by_itself() -> None:
    """When its time comes the case is open again, whether or not a program says so; known before, it is counted in."""
    text = """
    2026-03-02 08:30 reported
    2026-03-02 08:40 call
    2026-03-02 09:30 wait for=customer until=2026-03-03T09:30
    """
    waiting = clocks_of(text, "2026-03-02 10:00", RESTORE)["restore"]
    assert (waiting.state, local(waiting.due)) == ("paused", "2026-03-03 14:00")
    assert clocks_of(text, "2026-03-03 09:31", RESTORE)["restore"].state == "running"


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("message_out", "met"),
        ("call", "met"),
        ("note public=yes", "met"),  # what is written on the web counts as what is mailed
        ("note", "running"),
        ("message_out by=", "running"),  # a receipt is no answer
        ("message_out automatic=yes", "running"),
    ],
)
def test_a_human_word_answers(event: str, state: str) -> None:
    """An answer is the first word of a human to the customer, on whatever way; a receipt is none."""
    assert (
        clocks_of(f"2026-03-02 09:00 reported\n2026-03-02 09:10 {event}", "2026-03-02 09:15")["answer"].state == state
    )


def test_back_dated_entries_move_the_clock() -> None:
    """A call that is written up late counts from when it was made; both times are kept."""
    late = "2026-03-02 09:00 reported\n2026-03-02 09:10 call noted=2026-03-02T11:00"
    clock = clocks_of(late, "2026-03-02 12:00")["answer"]
    assert (clock.state, local(clock.stopped)) == ("met", "2026-03-02 09:10")
    assert local(log(late)[1].noted) == "2026-03-02 11:00"


def test_corrections_are_entries() -> None:
    """A wrong restoration is taken out by another entry, a wrong time put right; nothing is overwritten."""
    text = """
    2026-03-02 08:30 reported
    2026-03-02 08:40 call
    2026-03-02 09:30 restored
    2026-03-02 10:00 corrected corrects=3 void=yes
    2026-03-02 10:00 corrected corrects=2 to=2026-03-02T08:55
    """
    found = clocks_of(text, "2026-03-02 10:30")
    assert (found["restore"].state, local(found["answer"].stopped)) == ("running", "2026-03-02 08:55")


def test_days_are_whole() -> None:
    """60 working days begin with the next one and end with the working time of the last; 30 days with midnight."""
    work = "2026-03-02 09:00 reported\n2026-03-02 10:00 work_planned of=repair work=1\n2026-03-03 15:00 received work=1"
    repair = clocks_of(work, "2026-03-04 10:00", DAYS)["repair"]
    days = [d for d, _ in working_time(DAYS, "office").worked(2026) if d > at("2026-03-03 15:00").date()]
    assert local(repair.due) == f"{days[59]} 17:30"
    assert sum((s.counts for s in repair.reckoning), timedelta()) == timedelta(days=60)
    exchange = clocks_of(
        "2026-03-02 09:00 reported\n2026-03-02 10:00 work_planned of=exchange work=1", "2026-03-03 09:00"
    )
    assert local(exchange["exchange"].due) == "2026-04-02 00:00"


def test_a_spare_restores_and_the_repair_goes_on() -> None:
    """Restored for the time being counts as restored, told apart; the clocks of repair and visit run on."""
    text = """
    2026-03-02 09:00 reported
    2026-03-02 09:10 call
    2026-03-02 09:20 work_planned of=visit work=1
    2026-03-02 09:20 work_planned of=repair work=2
    2026-03-02 09:30 received work=2
    2026-03-02 09:40 restored provisional=yes
    """
    found = clocks_of(text, "2026-03-02 09:50")
    assert (found["restore"].state, found["restore"].provisional) == ("met", True)
    assert (found["repair"].state, found["arrive"].state) == ("running", "running")
    done = clocks_of(text + "2026-03-02 09:45 restored", "2026-03-02 09:50")
    assert (done["repair"].state, done["arrive"].state) == ("running", "not_needed")


def test_each_visit_has_its_clocks() -> None:
    """Arrival and measures belong to one piece of work; one that was dropped needs no arrival."""
    text = """
    2026-03-02 09:00 reported promises=telecom
    2026-03-02 09:20 work_planned of=visit work=1
    2026-03-02 09:30 work_planned of=visit work=2
    2026-03-02 12:00 arrived work=1
    2026-03-02 13:00 dropped work=2
    2026-03-02 19:00 acted work=1
    """
    found = {(c.name, c.work): str(c.state) for c in clocks(log(text), STANDARD, now=at("2026-03-02 20:00"))}
    assert found["arrive", 1] == "met"
    assert found["arrive", 2] == "not_needed"
    assert found["act", 1] == "missed"


def test_a_time_said_is_a_clock() -> None:
    """What was said to the customer is kept by the next word to him; said again, the new time counts."""
    text = """
    2026-03-02 09:00 reported
    2026-03-02 09:05 promised until=2026-03-02T10:00
    2026-03-02 09:50 promised until=2026-03-02T11:00
    """
    found = [c for c in clocks(log(text), STANDARD, now=at("2026-03-02 11:30")) if c.name == "promised"]
    assert [(str(c.state), local(c.due)) for c in found] == [("met", "2026-03-02 10:00"), ("late", "2026-03-02 11:00")]


def test_an_emergency_has_a_rhythm() -> None:
    """From escalation on an update is due each hour, day and night, and a report each day, until it is stood down."""
    text = """
    2026-03-02 22:00 reported
    2026-03-02 22:10 call
    2026-03-02 22:30 escalated leader=赵 group=甲
    2026-03-02 23:20 update
    2026-03-03 00:40 update
    2026-03-03 17:00 daily
    """
    found = [c for c in clocks(log(text), STANDARD, now=at("2026-03-03 18:00")) if c.name == "update"]
    assert [(str(c.state), local(c.due)) for c in found] == [
        ("met", "2026-03-02 23:30"),
        ("missed", "2026-03-03 00:20"),
        ("late", "2026-03-03 01:40"),
    ]
    daily = [c for c in clocks(log(text), STANDARD, now=at("2026-03-03 18:00")) if c.name == "daily"]
    assert [str(c.state) for c in daily] == ["met", "running"]
    over = text + "2026-03-03 01:00 stood_down"
    last = [c for c in clocks(log(over), STANDARD, now=at("2026-03-03 18:00")) if c.name == "update"][-1]
    assert last.state == "not_needed"


def test_merged_needs_nothing_and_split_counts_all() -> None:
    """A merged case has no time to keep; split again, it counts as if it had never been merged."""
    text = "2026-03-02 08:30 reported\n2026-03-02 08:40 call\n2026-03-02 09:30 merged into=26-00001-0\n"
    assert clocks_of(text, "2026-03-02 10:00", RESTORE)["restore"].state == "not_needed"
    split = clocks_of(text + "2026-03-02 11:30 split", "2026-03-02 11:30", RESTORE)["restore"]
    assert (split.state, local(split.due)) == ("running", "2026-03-02 14:00")


def test_the_share_counts_late_ones() -> None:
    """In time is met of met, missed and those that are late already; without any it is no number."""
    texts = {
        "met": "2026-03-02 09:00 reported\n2026-03-02 09:10 call",
        "missed": "2026-03-02 09:00 reported\n2026-03-02 09:30 call",
        "late": "2026-03-02 09:00 reported",
        "running": "2026-03-02 11:50 reported",
    }
    found = {name: clocks_of(text, "2026-03-02 12:00")["answer"] for name, text in texts.items()}
    assert {name: str(c.state) for name, c in found.items()} == {name: name for name in texts}
    figures = kept(found.values())
    assert (figures, figures.of, figures.share) == ((1, 1, 1), 3, 1 / 3)
    assert kept([found["running"]]).share is None


def test_no_clock_raises() -> None:
    """Neither a log without a report nor years without end keep a page from being shown."""
    assert clocks([], STANDARD) == []
    assert clocks(log("2026-03-02 09:00 note"), STANDARD, now=at("2026-03-03 09:00")) == []
    never = read(
        OFFICE % "restore: {from: reported, to: restored, within: 8 h, time: office}"
        + "days:\n"
        + "".join(f"  {year}: {{closed: [01-01..12-31]}}\n" for year in range(2026, 2045))
    )
    clock = clocks(log("2026-03-02 09:00 reported"), never, now=at("2026-03-03 09:00"))[0]
    assert (clock.due, str(clock.state), clock.reckoning) == (None, "outside", [])
    far = clocks(log("2199-12-31 09:00 reported"), STANDARD, now=at("2199-12-31 10:00"))
    assert all(c.due is not None for c in far)


def test_warned_at_its_part() -> None:
    """A clock knows from when on it is told that it runs out."""
    clock = clocks_of("2026-03-02 09:00 reported", "2026-03-02 09:01")["answer"]
    assert local(clock.warn) == "2026-03-02 09:10"
