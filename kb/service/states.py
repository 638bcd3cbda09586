"""This module is the life of a case: one table of actions, and what a log says of the state by it.

An action is an event that somebody adds. The table says from which states it may be, to which it leads, who may and
what it asks for. The state is never stored: it is read from the log, each event at the time at which it happened, so
that an event which is written up later takes its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import STAFF, EventKind, Outcome, Role, State
from kb.service.events import Event, moment
from kb.service.fields import FACTS, FIELDS

if TYPE_CHECKING:
    from kb.service.policy import Policy

NEW, OPEN, WAITING, RESTORED, CLOSED = State
UNRESTORED = (NEW, OPEN, WAITING)
UNCLOSED = (*UNRESTORED, RESTORED)
EVERY = tuple(State)
CUSTOMER_OR_STAFF = (Role.CUSTOMER, *STAFF)
ANYBODY = tuple(Role)


class Action(NamedTuple):
    """A row of the table.

    name: as people say it; kind: of the event. states: from which it may be; to: where it leads, None for nowhere.
    who: may. asks: fields that must be given, "text" among them; "a|b": one of them is enough. takes: fields that
    may be. outcome: of the case that it closes. public: whether the customer sees it unless it is said otherwise.
    """

    name: str
    kind: EventKind
    states: tuple[State, ...]
    to: State | None = None
    who: tuple[Role, ...] = STAFF
    asks: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    outcome: Outcome | None = None
    public: bool = False


_E = EventKind
_FACTS = ("title", "customer", "contact", "site", "area", "cause", "handling", "urgency", "impact")

ACTIONS: tuple[Action, ...] = (
    Action("report", _E.REPORTED, (), NEW, ANYBODY, ("text", "channel"), (*_FACTS, "kind", "promises", "calendar",
           "device", "follows", "owner", "team", "policy", "files"), public=True),
    Action("assign", _E.ASSIGNED, UNCLOSED, None, STAFF, ("owner|team",)),
    Action("classify", _E.CLASSIFIED, EVERY, None, (*STAFF, Role.SYSTEM),
           ("|".join((*_FACTS, "priority", "promises", "calendar", "device")),)),
    Action("message", _E.MESSAGE_IN, EVERY, None, (Role.CUSTOMER, *STAFF, Role.SYSTEM), ("text",),
           ("automatic", "files"), public=True),
    Action("reply", _E.MESSAGE_OUT, EVERY, None, (*STAFF, Role.SYSTEM), ("text",), ("automatic", "files"),
           public=True),
    Action("call", _E.CALL, EVERY, None, STAFF, ("text",), ("direction",), public=True),
    Action("note", _E.NOTE, EVERY, None, (*STAFF, Role.WRITER, Role.SYSTEM), ("text",), ("files",)),
    Action("wait", _E.WAIT, UNRESTORED, WAITING, STAFF, ("for", "until", "text"), public=True),
    Action("resume", _E.RESUME, (WAITING,), OPEN, (*STAFF, Role.SYSTEM)),
    Action("diagnose", _E.DIAGNOSED, UNCLOSED, None, STAFF, ("text",), ("looked", "files")),
    Action("ask", _E.ASKED, UNCLOSED, None, STAFF, ("ask", "answer")),
    Action("look", _E.LOOKED_AT, UNCLOSED, None, STAFF, ("article",)),
    Action("propose", _E.PROPOSED, UNCLOSED, None, STAFF, ("text",), ("article",)),
    Action("test", _E.TESTED, UNCLOSED, None, STAFF, ("text", "where")),
    Action("apply", _E.APPLIED, UNCLOSED, None, STAFF, ("text", "undo"), ("waived",), public=True),
    Action("undo", _E.UNDONE, UNCLOSED, None, STAFF, ("text",)),
    Action("promise", _E.PROMISED, UNCLOSED, None, STAFF, ("text", "until"), public=True),
    Action("plan", _E.WORK_PLANNED, UNCLOSED, None, STAFF, ("of",), ("from", "until", "who", "device", "manuals"),
           public=True),
    Action("leave", _E.LEFT, UNCLOSED, None, STAFF, ("work",), public=True),
    Action("arrive", _E.ARRIVED, UNCLOSED, None, STAFF, ("work",), public=True),
    Action("act", _E.ACTED, UNCLOSED, None, STAFF, ("work", "text"), public=True),
    Action("finish", _E.FINISHED, UNCLOSED, None, STAFF, ("work",), ("text", "attended"), public=True),
    Action("receive", _E.RECEIVED, EVERY, None, STAFF, ("work",), ("device",), public=True),
    Action("repair", _E.REPAIRED, EVERY, None, STAFF, ("work", "text")),
    Action("send", _E.SENT, EVERY, None, STAFF, ("work",), ("device",), public=True),
    Action("exchange", _E.EXCHANGED, EVERY, None, STAFF, ("work", "old", "new"), public=True),
    Action("drop", _E.DROPPED, EVERY, None, STAFF, ("work", "text"), public=True),
    Action("sign", _E.SIGNED, EVERY, None, STAFF, ("work", "signer"), ("text", "strokes"), public=True),
    Action("restore", _E.RESTORED, (OPEN, WAITING, RESTORED), RESTORED, STAFF,
           ("text", "verification", "cause", "handling"), ("provisional", "article"), public=True),
    Action("confirm", _E.CONFIRMED, (RESTORED,), CLOSED, CUSTOMER_OR_STAFF, (), ("text", "score"), Outcome.CONFIRMED,
           public=True),
    Action("reject", _E.REJECTED, (RESTORED,), OPEN, CUSTOMER_OR_STAFF, ("text",), public=True),
    Action("survey", _E.SURVEYED, (RESTORED, CLOSED), None, CUSTOMER_OR_STAFF, ("score",), ("text", "marks")),
    Action("escalate", _E.ESCALATED, UNCLOSED, None, STAFF, ("text", "group"), ("leader",)),
    Action("update", _E.UPDATE, UNCLOSED, None, STAFF, ("text",), public=True),
    Action("daily", _E.DAILY, UNCLOSED, None, STAFF, ("text",)),
    Action("stand-down", _E.STOOD_DOWN, EVERY, None, (Role.LEAD, Role.ADMIN), ("text",), public=True),
    Action("join", _E.JOINED, UNCLOSED, None, STAFF, ("parent",)),
    Action("merge", _E.MERGED, UNCLOSED, CLOSED, STAFF, ("into",), (), Outcome.MERGED),
    Action("split", _E.SPLIT, (CLOSED,), None, STAFF),
    Action("link", _E.LINKED, (RESTORED, CLOSED), None, (*STAFF, Role.WRITER), ("article",)),
    Action("write", _E.WRITTEN, (RESTORED, CLOSED), None, (*STAFF, Role.WRITER), ("article",)),
    Action("unwritten", _E.UNWRITTEN, (RESTORED, CLOSED), None, (*STAFF, Role.WRITER), ("unwritten",)),
    Action("close", _E.CLOSED, (RESTORED,), CLOSED, (*STAFF, Role.SYSTEM), (), ("text",), Outcome.UNCONFIRMED,
           public=True),
    Action("reopen", _E.REOPENED, (CLOSED,), OPEN, CUSTOMER_OR_STAFF, ("text",), ("files",), public=True),
    Action("cancel", _E.CANCELLED, (NEW, OPEN), CLOSED, STAFF, ("reason",), ("text",), Outcome.CANCELLED),
    Action("adopt", _E.ADOPTED, EVERY, None, (Role.LEAD, Role.ADMIN, Role.SYSTEM), ("policy",)),
    Action("correct", _E.CORRECTED, EVERY, None, STAFF, ("corrects", "to|void|text")),
)  # fmt: skip
"""Every action there is, one for each kind of event."""

BY_NAME = {a.name: a for a in ACTIONS}
BY_KIND = {a.kind: a for a in ACTIONS}
OF_WORK = frozenset(a.kind for a in ACTIONS if "work" in a.asks)


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a case's life in one state. end: None while it lasts.

    waits_for, until: while waiting. provisional: restored for the time being. outcome: when closed.
    """

    state: State
    start: datetime
    end: datetime | None = None
    waits_for: str = ""
    until: datetime | None = None
    provisional: bool = False
    outcome: Outcome | None = None


def phases(log: Sequence[Event], now: datetime) -> tuple[Phase, ...]:
    """A case's life until now, in order and without gaps; empty before it was reported.

    log: as kb.service.events.effective gives it.
    """
    out: list[Phase] = []

    def enter(phase: Phase) -> None:
        if out:
            out[-1] = replace(out[-1], end=phase.start)
        out.append(phase)

    def wake(moment: datetime) -> None:
        if out and out[-1].until is not None and out[-1].until <= moment:
            enter(Phase(OPEN, out[-1].until))

    for event in log:
        if event.at > now:
            break
        wake(event.at)
        after = _after(out[-1] if out else None, event)
        if after is not None:
            enter(after)
    wake(now)
    return tuple(out)


def _after(phase: Phase | None, event: Event) -> Phase | None:
    """The phase that an event begins; None when it changes nothing."""
    if phase is None:
        return Phase(NEW, event.at) if event.kind == EventKind.REPORTED else None
    action = BY_KIND[event.kind]
    if action.to is not None and _leads_on(action, phase):
        waiting = action.to is WAITING
        return Phase(
            action.to,
            event.at,
            waits_for=str(event.data.get("for", "")) if waiting else "",
            until=_later(moment(event.data.get("until")), event.at) if waiting else None,
            provisional=action.to is RESTORED and bool(event.data.get("provisional")),
            outcome=action.outcome,
        )
    begun = phase.state is NEW and (event.answers or event.kind == EventKind.ASSIGNED)
    answered = phase.state is WAITING and event.from_customer
    return Phase(OPEN, event.at) if begun or answered else None


def _later(until: datetime | None, at: datetime) -> datetime | None:
    return until if until is not None and until > at else None


def _leads_on(action: Action, phase: Phase) -> bool:
    """Whether an action may be in a phase: by its table, and where a state alone does not tell."""
    if action.kind == EventKind.RESTORED and phase.state is RESTORED:
        return phase.provisional
    if action.kind == EventKind.REOPENED:
        return phase.state is CLOSED and phase.outcome is not Outcome.MERGED
    if action.kind == EventKind.SPLIT:
        return phase.outcome is Outcome.MERGED
    return phase.state in action.states


def facts(log: Iterable[Event]) -> dict[str, Any]:
    """What the log says of a case: the last value of each of FACTS. What was rejected takes its article back."""
    out: dict[str, Any] = {}
    for event in log:
        if event.kind in (EventKind.REJECTED, EventKind.REOPENED):
            out.pop("article", None)
            out.pop("unwritten", None)
        if event.kind in _WITHOUT_FACTS:
            continue
        out |= {name: event.data[name] for name in FACTS if name in event.data}
    return {name: value for name, value in out.items() if value != ""}


_WITHOUT_FACTS = (EventKind.LOOKED_AT, EventKind.PROPOSED)
"""The articles that they name did not solve the case, or not yet."""


def priority(known: Mapping[str, Any], policy: "Policy") -> str:
    """The priority that was given, or that of urgency and impact by the policy's table."""
    given = str(known.get("priority", ""))
    return given or policy.priority_of(str(known.get("urgency", "")), str(known.get("impact", "")))


def emergencies(log: Iterable[Event]) -> list[tuple[datetime, datetime | None]]:
    """(escalated, stood down) of each emergency; None while it lasts."""
    out: list[tuple[datetime, datetime | None]] = []
    for event in log:
        going_on = bool(out) and out[-1][1] is None
        if event.kind == EventKind.ESCALATED and not going_on:
            out.append((event.at, None))
        elif event.kind == EventKind.STOOD_DOWN and going_on:
            out[-1] = (out[-1][0], event.at)
    return out


_ENDS_WORK = (EventKind.FINISHED, EventKind.DROPPED, EventKind.SENT, EventKind.EXCHANGED)


def works(log: Iterable[Event]) -> dict[int, str]:
    """The pieces of work of a case that are neither finished nor dropped: number -> kind."""
    return _planned_without(log, _ENDS_WORK)


def signable(log: Iterable[Event]) -> dict[int, str]:
    """The pieces of work of a case that a customer may sign for, those that are finished too: number -> kind."""
    return _planned_without(log, (EventKind.DROPPED,))


def _planned_without(log: Iterable[Event], ends: Sequence[EventKind]) -> dict[int, str]:
    """What was planned, but for what ended so; a plan may be written down after what it was for."""
    events = list(log)
    over = {e.work for e in events if e.kind in ends}
    return {
        e.work: str(e.data.get("of", "")) for e in events if e.kind == EventKind.WORK_PLANNED and e.work not in over
    }


def works_for(kind: EventKind, log: Iterable[Event]) -> dict[int, str]:
    """The pieces of work that an event of a kind may be about."""
    return signable(log) if kind == EventKind.SIGNED else works(log)


def possible(log: Sequence[Event], who: Role, now: datetime) -> list[Action]:
    """The actions that somebody may take on a case as it is, in the order of the table.

    log: effective. What depends on the text of an action, the policy or other cases is seen when it is taken.
    """
    phase = phases(log, now)[-1]
    in_emergency = any(end is None for _, end in emergencies(log))

    def fits(action: Action) -> bool:
        if action.kind in OF_WORK and not works_for(action.kind, log):
            return False
        if action.kind in _OF_EMERGENCIES and not in_emergency:
            return False
        return action.kind != EventKind.ESCALATED or not in_emergency

    return [a for a in ACTIONS[1:] if who in a.who and _leads_on(a, phase) and fits(a)]


_OF_EMERGENCIES = (EventKind.UPDATE, EventKind.DAILY, EventKind.STOOD_DOWN)


def check(log: Sequence[Event], event: Event, who: Role, policy: "Policy", now: datetime) -> None:
    """Whether this event may be added to a log. Raises InputError with a sentence that names the field.

    log: effective, without the event. What depends on times of a calendar, or on other cases, is asked elsewhere.
    """
    action = BY_KIND[event.kind]
    if who not in action.who:
        raise InputError(
            say("{who}不能做“{action}”（可以的：{may}）", "{who} may not do '{action}' ({may})", who=label("role", who),
                action=action.name, may=", ".join(label("role", r) for r in action.who))
        )  # fmt: skip
    _check_time(log, event, now)
    if event.kind != EventKind.REPORTED and not _leads_on(action, phase := phases(log, event.at)[-1]):
        raise InputError(_not_in(action, phase))
    _check_fields(action, event, log)
    _check_steps(log, event, who, policy)
    leader = event.kind == EventKind.ESCALATED and policy.emergency.leader and not event.data.get("leader")
    if leader:
        raise InputError(_missing("leader"))
    until = moment(event.data.get("until"))
    if event.kind in (EventKind.WAIT, EventKind.PROMISED) and (until is None or until <= event.at):
        raise InputError(
            say("{field} 应在发生的时间之后", "{field} should be later than the time at which it happened",
                field=FIELDS["until"].asked)
        )  # fmt: skip
    in_emergency = any(end is None for _, end in emergencies(log))
    if event.kind in _OF_EMERGENCIES and not in_emergency:
        raise InputError(say("这一单不是紧急单：先 escalate", "the case is no emergency: escalate it first"))
    for name, there_are in (("promises", policy.promises), ("calendar", policy.calendars)):
        if (named := event.data.get(name)) is not None and named not in there_are:
            raise InputError(
                say("{field}：没有 '{name}'（有：{known}）", "{field}: there is no '{name}' ({known})",
                    field=FIELDS[name].asked, name=named, known=", ".join(there_are))
            )  # fmt: skip
    scored = event.data.get("score")
    if scored is not None and not 1 <= scored <= policy.survey.scale:
        raise InputError(say("{field} 应为 1 到 {n}", "{field} should be 1 to {n}",
                             field=FIELDS["score"].asked, n=policy.survey.scale))  # fmt: skip


def _check_time(log: Sequence[Event], event: Event, now: datetime) -> None:
    if event.at > now:
        raise InputError(say("发生的时间 (at) 在将来", "the time at which it happened (at) lies in the future"))
    if event.kind == EventKind.REPORTED:
        return
    reported = next(e for e in log if e.kind == EventKind.REPORTED)
    if event.at < reported.at:
        raise InputError(say("发生的时间 (at) 在报障之前", "the time at which it happened (at) lies before the report"))


def _check_fields(action: Action, event: Event, log: Sequence[Event]) -> None:
    given = {name for name, value in event.data.items() if value not in ("", None, False)}
    given |= {"text"} if event.text.strip() else set()
    given |= {"work"} if event.work and event.kind != EventKind.WORK_PLANNED else set()
    given |= {"corrects"} if event.corrects else set()
    known = facts(log) if {"cause", "handling"} & set(action.asks) else {}
    for asked in action.asks:
        names = asked.split("|")
        if not given & set(names) and not (asked in ("cause", "handling") and known.get(asked)):
            raise InputError(_missing(*names))
    may = {name for asked in (*action.asks, *action.takes) for name in asked.split("|")}
    if unknown := sorted(given - may - {"text"}):
        raise InputError(
            say("“{action}” 没有 {field}", "'{action}' takes no {field}", action=action.name, field=unknown[0])
        )
    if event.kind in OF_WORK and event.work not in works_for(event.kind, log):
        raise InputError(
            say("{field}：没有第 {n} 项进行中的工作", "{field}: there is no work {n} that goes on",
                field=FIELDS["work"].asked, n=event.work)
        )  # fmt: skip


def _missing(*names: str) -> str:
    fields = [say("正文 (text)", "words (text)") if n == "text" else FIELDS[n].asked for n in names]
    return say("缺少 {fields}", "{fields} is missing", fields=say(" 或 ", " or ").join(fields))


def _not_in(action: Action, phase: Phase) -> str:
    state = label("state", phase.state)
    if phase.outcome is not None:
        state += say("（{outcome}）", " ({outcome})", outcome=label("outcome", phase.outcome))
    return say(
        "状态 (state) 是“{state}”，不能做“{action}”；应为 {states}",
        "the state is '{state}', '{action}' is not possible; it should be {states}",
        state=state,
        action=action.name,
        states=", ".join(label("state", s) for s in action.states if s is not phase.state),
    )


def _check_steps(log: Sequence[Event], event: Event, who: Role, policy: "Policy") -> None:
    """What the policy wants to come first; a lead waives it with a reason."""
    step = policy.steps.get(event.kind)
    if step is None or (step.when and priority(facts(log), policy) not in step.when):
        return
    if any(e.kind == step.needs for e in log if e.at <= event.at):
        return
    if not event.data.get("waived"):
        raise InputError(
            say("先要有“{step}”；要免去这一步，写上 {field}", "'{step}' has to come first; to do without, give {field}",
                step=label("event", step.needs), field=FIELDS["waived"].asked)
        )  # fmt: skip
    if who not in (Role.LEAD, Role.ADMIN):
        raise InputError(say("只有主管可以免去步骤 (waived)", "only a lead may waive a step (waived)"))
