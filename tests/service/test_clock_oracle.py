"""Clocks against an oracle: random logs counted minute by minute (brute.py), and what must hold of any log."""

import os
import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from brute import BY_DIGEST, EPOCH, MINUTE, count, minute, random_log

from kb.model.casework import EventKind
from kb.service.clocks import Clock, clocks
from kb.service.events import Event, effective
from kb.service.reckoning import NONE
from kb.service.states import facts

LOGS = int(os.environ.get("CLOCK_LOGS", "300"))
"""Random logs that are compared; CLOCK_LOGS=10000 takes some minutes."""


def reckoned(events: list[Event], now: datetime) -> list[Clock]:
    """The clocks of a log under the policy that it last adopted."""
    seen = [e for e in effective(events) if e.at <= now]
    return clocks(events, BY_DIGEST[facts(seen)["policy"]], now=now)


def in_minutes(clock: Clock) -> tuple[int | None, int | None, str, int]:
    unit = timedelta(days=1) if clock.within is not None and clock.within.counts_days else MINUTE
    return (
        None if clock.due is None else minute(clock.due),
        None if clock.stopped is None else minute(clock.stopped),
        str(clock.state),
        clock.spent // unit,
    )


@pytest.mark.parametrize("block", range(10))
def test_minute_by_minute(block: int) -> None:
    """Due time, stop, state and time spent of every clock are what counting each minute gives.

    The logs hold pauses with and without an end, entries written up later, rejected and provisional restorations,
    changes of priority and of the policy, from 2019 to 2027, over working Saturdays and a year nobody has announced.
    """
    for seed in range(block * LOGS // 10, (block + 1) * LOGS // 10):
        events, now = random_log(seed)
        found = {(c.name, c.work): in_minutes(c) for c in reckoned(events, now)}
        assert found == {key: tuple(c) for key, c in count(events, now).items()}, f"seed {seed}, now {now}"


@pytest.mark.parametrize("seed", range(100))
def test_the_order_of_noting_does_not_matter(seed: int) -> None:
    """The same events, written in any order, give the same clocks."""
    events, now = random_log(seed)
    shuffled = random.Random(seed).sample(events, len(events))
    again = [replace(e, place=i, noted=now) for i, e in enumerate(shuffled, 1)]
    assert reckoned(again, now) == reckoned(events, now)


@pytest.mark.parametrize("seed", range(100))
def test_a_pause_never_makes_anything_due_earlier(seed: int) -> None:
    """Of a case that is open, a wait that is added to the log moves no due time forward."""
    rng = random.Random(seed)
    events, now = random_log(seed)
    quiet = [e for e in events if e.kind not in (EventKind.WAIT, EventKind.RESTORED, EventKind.CANCELLED)]
    start = quiet[0].at if quiet else now
    at = start + MINUTE * rng.randrange(1, 5000)
    wait = Event(
        EventKind.WAIT, at, at, "甲", place=99, data={"for": "customer", "until": (at + MINUTE * 300).isoformat()}
    )
    before = {(c.name, c.work): c for c in reckoned(quiet, now)}
    for clock in reckoned([*quiet, wait], now):
        due = before[clock.name, clock.work].due
        assert clock.due is None or due is None or clock.due >= due


@pytest.mark.parametrize("seed", range(100))
def test_the_reckoning_is_the_due_time(seed: int) -> None:
    """The stretches of a reckoning follow on one another from start to due, and what counts is what was promised."""
    events, now = random_log(seed)
    for clock in reckoned(events, now):
        if clock.due is None or clock.within is None:
            continue
        stretches = clock.reckoning
        assert [s.start for s in stretches] == [clock.started, *(s.end for s in stretches[:-1])]
        assert not stretches or stretches[-1].end == clock.due
        counted = sum((s.counts for s in stretches), NONE)
        assert counted >= clock.within.length if clock.within.counts_days else counted == clock.within.length


def test_the_oracle_is_no_echo() -> None:
    """Random logs meet every state of a clock, and hold what they say they hold."""
    states, kinds = set(), set()
    for seed in range(300):
        events, now = random_log(seed)
        states |= {str(c.state) for c in reckoned(events, now)}
        kinds |= {str(e.kind) for e in events}
    assert states == {"running", "outside", "paused", "late", "met", "missed", "not_needed"}
    assert {"wait", "adopted", "reopened", "rejected", "dropped"} <= kinds
    assert EPOCH.year == 2018
