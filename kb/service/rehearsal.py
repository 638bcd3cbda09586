"""This module rehearses a policy on cases that were: which due times and which shares of kept promises would change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kb.model.casework import Outcome
from kb.service.clocks import DAILY, PROMISED, UPDATE, Clock, Kept, clocks, kept
from kb.service.days import statutory
from kb.service.events import Event, effective
from kb.service.policy import Policy
from kb.service.reckoning import Years
from kb.service.states import phases

OF_EVENTS = (PROMISED, UPDATE, DAILY)
"""Clocks that no promise of a policy makes."""


class Moved(NamedTuple):
    """A clock of a case that still runs, whose due time would be another one; None where there would be none."""

    number: str
    clock: str
    before: datetime | None
    after: datetime | None


class Share(NamedTuple):
    """A promise's figures as they are, and as they would be."""

    before: Kept
    after: Kept


@dataclass(frozen=True)
class Rehearsal:
    """What a policy would change. cases: how many were looked at; shares: by the name of a promise."""

    cases: int
    moved: tuple[Moved, ...]
    shares: dict[str, Share]


def rehearse(
    cases: Iterable[tuple[str, tuple[Event, ...], Policy]], policy: Policy, now: datetime, years: Years = statutory
) -> Rehearsal:
    """Reckon cases under their own policy and under another one; cancelled and merged ones have nothing to keep.

    cases: number, log, policy of each.
    """
    moved: list[Moved] = []
    before: dict[str, list[Clock]] = {}
    after: dict[str, list[Clock]] = {}
    looked_at = 0
    for name, log, own in cases:
        life = phases(effective(log), now)
        if not life or life[-1].outcome in (Outcome.CANCELLED, Outcome.MERGED):
            continue
        looked_at += 1
        found = [{(c.name, c.work): c for c in clocks(log, p, years, now) if c.name not in OF_EVENTS}
                 for p in (own, policy)]  # fmt: skip
        for key in sorted({*found[0], *found[1]}):
            old, new = found[0].get(key), found[1].get(key)
            for clock, side in ((old, before), (new, after)):
                if clock is not None:
                    side.setdefault(clock.name, []).append(clock)
            due = [clock.due if clock is not None else None for clock in (old, new)]
            going_on = any(clock is not None and clock.stopped is None and clock.ended is None for clock in (old, new))
            if going_on and due[0] != due[1]:
                moved.append(Moved(name, key[0], due[0], due[1]))
    names = sorted({*before, *after})
    shares = {name: Share(kept(before.get(name, ())), kept(after.get(name, ()))) for name in names}
    return Rehearsal(looked_at, tuple(moved), shares)
