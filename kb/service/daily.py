"""This module drafts the daily report of an emergency from its log: counts, steps, what waits, what comes next.

No model writes it: each line is an event's. A person reads, completes and sends it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kb.labels import label
from kb.language import say
from kb.model.casework import EventKind, State
from kb.service.clocks import Clock
from kb.service.events import Event, effective
from kb.service.policy import Policy
from kb.service.snapshot import Snapshot
from kb.service.states import emergencies, phases
from kb.service.telling import clock_name, stamp
from kb.service.tracking import in_plain_words

DAY = timedelta(days=1)
MAX_STEP = 200
"""Characters of an entry that are quoted."""
TOLD = (EventKind.DIAGNOSED, EventKind.TESTED, EventKind.APPLIED, EventKind.UNDONE, EventKind.RESTORED,
        EventKind.UPDATE, EventKind.ARRIVED, EventKind.ACTED)  # fmt: skip
"""What is told of a day."""


def daily_draft(
    now: Snapshot,
    log: Sequence[Event],
    clocks: Sequence[Clock],
    children: Sequence[Snapshot],
    policy: Policy,
    moment: datetime,
) -> str:
    """The report since the last one, or the escalation, of a day at most. children: cases joined to it."""
    known = effective(log)
    since = _since(known, moment)
    day = [e for e in known if since < e.at <= moment]
    zone = policy.zone
    open_ones = sum(c.state != State.CLOSED for c in children)
    counts = say("归入 {n} 单，未关 {m} 单；通报 {u} 次", "{n} joined cases, {m} not closed; {u} updates",
                 n=len(children), m=open_ones, u=sum(e.kind == EventKind.UPDATE for e in day))  # fmt: skip
    steps = [f"- {stamp(e.at, zone)[5:]} {label('event', e.kind)}{say('：', ': ')}{_short(e.text)}"
             for e in day if e.kind in TOLD and e.text]  # fmt: skip
    last = phases(known, moment)[-1]
    due = [f"- {clock_name(c.name)} {stamp(c.due, zone)}" for c in clocks if c.ticking and c.due is not None]
    parts = (
        say("{from_} 至 {to}", "{from_} to {to}", from_=stamp(since, zone), to=stamp(moment, zone)),
        counts,
        "\n".join([say("做了什么：", "What was done:"), *(steps or [say("- （没有记录）", "- (nothing noted)")])]),
        say("现在：", "Now: ") + in_plain_words(now, last.provisional),
        "\n".join([say("接下来：", "Next:"), *due]) if due else say("接下来：", "Next: "),
    )
    return "\n\n".join(parts)


def _since(log: Sequence[Event], moment: datetime) -> datetime:
    began = emergencies(log)[-1][0]
    reported = [e.at for e in log if e.kind == EventKind.DAILY]
    return max(began, moment - DAY, *reported)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_STEP else line[: MAX_STEP - 1] + "…"
