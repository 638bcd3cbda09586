"""This module answers when a restored case may be closed for silence, until when a closed one may be reopened, and
when it is told that a wait runs out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from kb.model.casework import Outcome, State
from kb.service.days import statutory
from kb.service.policy import Policy
from kb.service.reckoning import Years, working_time
from kb.service.states import Phase


class Silence(NamedTuple):
    """What follows when nobody says whether it is restored. closes: None when not within ten years."""

    reminders: tuple[datetime, ...]
    closes: datetime | None


def silence(life: Sequence[Phase], policy: Policy, years: Years = statutory) -> Silence | None:
    """When to remind, and when to close; None for a case that is not restored, or only for the time being."""
    last = life[-1]
    if last.state is not State.RESTORED or last.provisional:
        return None
    time = working_time(policy, policy.close.calendar, years)
    reminders = (time.end(last.start, within) for within in policy.close.remind)
    return Silence(tuple(r for r in reminders if r is not None), time.end(last.start, policy.close.after))


def reopens_until(life: Sequence[Phase], policy: Policy, years: Years = statutory) -> datetime | None:
    """Until when a closed case may be reopened; None for one that may not, or is not closed."""
    last = life[-1]
    if last.state is not State.CLOSED or last.outcome is Outcome.MERGED:
        return None
    return working_time(policy, policy.close.calendar, years).end(last.start, policy.close.reopen)


def wait_reminder(life: Sequence[Phase], policy: Policy) -> datetime | None:
    """When it is told that a wait runs out: as long before as the policy says, of a short one half of it before.

    None for a case that does not wait, or whose wait has no end.
    """
    last, remind = life[-1], policy.waits.remind
    if last.state is not State.WAITING or last.until is None or remind is None:
        return None
    return last.until - min(remind.length, (last.until - last.start) / 2)
