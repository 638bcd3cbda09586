"""This module makes forms of the table of actions: what may be done to a case now, and what was filled in.

There is no form of one action: what an action asks for stands in kb.service.states, each field in kb.service.fields.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from werkzeug.datastructures import MultiDict

from kb.labels import label
from kb.language import say
from kb.model.casework import Role
from kb.service.cases import Case
from kb.service.events import effective
from kb.service.fields import FIELDS, Field
from kb.service.states import BY_NAME, Action, facts, possible, signable

ELSEWHERE = ("link", "write", "unwritten", "look", "ask", "adopt")
"""Actions with a place of their own on the page, or on none."""
HIDDEN = ("automatic", "policy", "files", "kind", "follows", "strokes")
"""Fields that nobody types."""
GROUPS = (
    (("说", "Say"), ("reply", "call", "message", "note")),
    (("查与修", "Diagnose and fix"), ("diagnose", "propose", "test", "apply", "undo")),
    (("时间", "Time"), ("promise", "wait", "resume")),
    (("进展", "Progress"), ("restore", "confirm", "reject", "close", "reopen")),
    (
        ("上门与送修", "Works"),
        ("plan", "leave", "arrive", "act", "finish", "receive", "repair", "send", "exchange", "sign", "drop"),
    ),
    (("紧急", "Emergency"), ("escalate", "update", "daily", "stand-down")),
)
"""What is done most, by what it is about; everything else stands behind it."""


class Asked(NamedTuple):
    """A field of an action. needed: it has to be filled in; known: what it is filled with; choices: value -> name."""

    field: Field
    needed: bool
    known: str
    choices: Mapping[str, str]

    @property
    def called(self) -> str:
        """The field's name, in words."""
        return say(self.field.zh, self.field.en)


class Offer(NamedTuple):
    """An action that may be taken now."""

    action: Action
    label: str
    fields: tuple[Asked, ...]


def offered(case: Case, who: Role, known: Mapping[str, str], areas: tuple[str, ...]) -> dict[str, list[Offer]]:
    """The actions that somebody may take now, by group. known: what fields are filled with beside the case's facts."""
    now = datetime.now(UTC)
    log = effective(case.log)
    may = {a.name: a for a in possible(log, who, now) if a.name not in ELSEWHERE}
    filled = {name: str(value) for name, value in facts(log).items()} | dict(known)
    out: dict[str, list[Offer]] = {}
    for names, members in GROUPS:
        if found := [_offer(may.pop(name), case, who, filled, areas) for name in members if name in may]:
            out[say(*names)] = found
    if may:
        out[say("其它", "Other")] = [_offer(action, case, who, filled, areas) for action in may.values()]
    return out


def _offer(action: Action, case: Case, who: Role, filled: Mapping[str, str], areas: tuple[str, ...]) -> Offer:
    needed = {name for asked in action.asks if "|" not in asked for name in [asked]}
    names = dict.fromkeys(n for asked in (*action.asks, *action.takes) for n in asked.split("|"))
    if who not in (Role.LEAD, Role.ADMIN):
        names.pop("waived", None)
    fields = tuple(
        Asked(FIELDS[n], n in needed, _known(action, n, filled), _choices(FIELDS[n], case, areas))
        for n in names
        if n != "text" and n not in HIDDEN
    )
    return Offer(action, label("event", action.kind), fields)


def _known(action: Action, name: str, filled: Mapping[str, str]) -> str:
    """What a field is filled with: facts of the case only where they are what is asked for."""
    keeps = action.name in ("classify", "assign", "restore") or name == "article"
    return filled.get(name, "") if keeps else ""


def _choices(field: Field, case: Case, areas: tuple[str, ...]) -> dict[str, str]:
    if field.name == "promises":
        return {name: name for name in case.policy.promises}
    if field.name == "team":
        return {name: name for name in case.policy.teams}
    if field.name == "work":
        return {str(n): f"{n} {label('work', of)}" for n, of in signable(effective(case.log)).items()}
    if field.name == "direction":
        return {"out": say("呼出", "out"), "in": say("呼入", "in")}
    values = (*field.values, *(areas if field.name == "area" else ()))
    return {value: label(field.group, value) for value in values}


def given(form: "MultiDict[str, str]", name: str, case: Case | None) -> dict[str, str]:
    """What was filled in for an action; what a classification leaves as it was is left out."""
    prefix = f"{name}."
    found = {k.removeprefix(prefix): v.strip() for k, v in form.items() if k.startswith(prefix) and v.strip()}
    known = {n: v for n, v in found.items() if n in FIELDS and n not in HIDDEN}
    if name in ("classify", "assign") and case is not None:
        now = {n: str(v) for n, v in facts(effective(case.log)).items()}
        known = {n: v for n, v in known.items() if now.get(n) != v}
    return known


def is_action(name: str) -> bool:
    return name in BY_NAME and name not in ("report", "adopt")
