"""This module answers what a customer is told of his case: its state in plain words, the next time, what he may see.

What is not public is no part of it, and of what is public only the facts that are his: no name, no contact, no class.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from kb.labels import label
from kb.language import say
from kb.model.casework import ClockState, EventKind, Outcome, State
from kb.service.clocks import DAILY, UPDATE, Clock
from kb.service.events import Event, effective
from kb.service.policy import Policy
from kb.service.snapshot import Snapshot
from kb.service.telling import clock_name, facts_of, stamp
from kb.service.wording import attached

SURVEY_LASTS = timedelta(days=30)
"""How long after its closing a case may be rated."""
SHOWN = ("for", "until", "of", "from", "signer", "attended", "verification", "provisional", "score", "marks")
"""Facts of an entry that a customer sees."""
_HIS = (EventKind.MESSAGE_IN, EventKind.CONFIRMED, EventKind.REJECTED, EventKind.REOPENED, EventKind.SURVEYED)


class Line(NamedTuple):
    """An entry as a customer sees it. his: whether it came from him; facts: name -> value; files: their digests."""

    at: datetime
    what: str
    his: bool
    text: str
    facts: dict[str, str]
    files: tuple[str, ...]


def lines(log: Sequence[Event], policy: Policy) -> list[Line]:
    """What was said and done, as far as it is public, as it was corrected, in the order in which it happened."""
    return [_line(event, policy) for event in effective(log) if event.public]


def _line(event: Event, policy: Policy) -> Line:
    shown = {name: value for name, value in event.data.items() if name in SHOWN}
    facts = dict(facts_of(Event(event.kind, event.at, event.noted, data=shown), policy.zone))
    his = event.kind in _HIS or event.kind == EventKind.REPORTED or event.from_customer
    what = say("您的报障", "Your report") if event.kind == EventKind.REPORTED else label("event", event.kind)
    if event.kind == EventKind.MESSAGE_IN:
        what = say("您的补充", "You added")
    return Line(event.at, what, his, event.text, facts, tuple(attached(event)))


def in_plain_words(now: Snapshot, provisional: bool = False) -> str:
    """The state of a case as one says it to a customer."""
    if now.outcome == Outcome.MERGED:
        return say(
            "和另一单是同一个故障，一起处理；您的补充会写到那一单",
            "it is the same fault as another case and handled with it; what you add goes there",
        )
    if now.state == State.WAITING:
        return _waiting(now.waits_for)
    if provisional:
        return say("先用临时办法恢复了，还在彻底处理", "it works for the time being; we go on until it is solved")
    words: dict[str, str] = {
        State.NEW: say("已收到，马上有人处理", "it arrived; somebody will look at it soon"),
        State.OPEN: say("正在处理", "we are working on it"),
        State.RESTORED: say(
            "我们这边已恢复，请您看看好了没有", "it is restored on our side; please tell us whether it is"
        ),
    }
    return words.get(now.state) or _closed(now.outcome)


def _waiting(whom: str) -> str:
    return {
        "customer": say("在等您的消息", "we wait for a word from you"),
        "part": say("在等备件", "we wait for a spare part"),
        "vendor": say("在等厂商答复", "we wait for the vendor"),
        "visit": say("已约上门，到时有工程师来", "a visit is arranged"),
        "window": say("在等约好的停机时间", "we wait for the hours that were agreed on"),
    }[whom]


def _closed(outcome: str) -> str:
    words: dict[str, str] = {
        Outcome.CONFIRMED: say("已关闭，您确认好了", "closed: you confirmed that it is well"),
        Outcome.CANCELLED: say("已取消", "cancelled"),
    }
    return words.get(outcome) or say("已关闭，没有等到您的回音", "closed: we heard nothing from you")


def next_time(clocks: Sequence[Clock], policy: Policy) -> str:
    """The next time that was promised, as a sentence; "" where none runs. One that is past is told as it is."""
    ticking = [c for c in clocks if c.ticking and c.due is not None and c.name not in (UPDATE, DAILY)]
    if not ticking:
        return ""
    first = ticking[0]
    when = stamp(first.due, policy.zone)
    if first.state is ClockState.LATE:
        return say(
            "{what}应在 {when} 之前，我们晚了，正在赶",
            "{what} was due by {when}: we are late, and on it",
            what=clock_name(first.name),
            when=when,
        )
    assumed = say("（暂定）", " (provisional)") if first.assumed else ""
    return say("{what}最晚 {when}", "{what} by {when}", what=clock_name(first.name), when=when) + assumed


def may_rate(now: Snapshot, moment: datetime) -> bool:
    """Whether a case may be rated: once it is closed, confirmed or not, until the survey ends."""
    ended = now.outcome in (Outcome.CONFIRMED, Outcome.UNCONFIRMED)
    return ended and now.closed is not None and moment <= now.closed + SURVEY_LASTS
