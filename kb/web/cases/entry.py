"""This module is the quick entry: one box for what somebody says on the telephone or in a chat.

A number, a mail address or a serial in it finds who calls; the rest is the report. Fixes, area, cause and cases like it
are there while it is still typed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from types import MappingProxyType
from typing import NamedTuple

from flask import Flask, Response, flash, redirect, request, url_for

from kb import privacy
from kb.desk.facts import ProposedFact, proposed
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import Channel, Impact, Urgency
from kb.service.assets.known import tailored, with_answers
from kb.service.cases import OUTAGE, TOGETHER, Case
from kb.service.fields import FIELDS, MAX_VALUE
from kb.service.finding import REACHED, reached
from kb.service.snapshot import Snapshot
from kb.service.wording import Told
from kb.web.assets.beside import registered
from kb.web.cases.beside import Beside, of_text
from kb.web.cases.files import allow_files, taken
from kb.web.cases.proposed import Proposal, of_levels
from kb.web.cases.shared import author, cases, colleagues, me, serving
from kb.web.views import Answer, page, store
from kb.web.writers import engine_or_none

ASKED = ("channel", "contact", "customer", "site", "device", "title", "urgency", "impact", "area", "cause", "owner",
         "team", "promises")  # fmt: skip
"""Fields of a report that are asked for."""
PROPOSED = {"area": 0.5, "cause": 0.5, "severity": 0.3}
"""What is proposed by the articles most like the text, from which share of their votes on."""
TAKEN = 0.5
"""The share from which on a proposal is filled in by itself."""


class Read(NamedTuple):
    """What was read of the box. text: the report; contact: how the caller is reached; before: their newest case.

    known: contact, customer, site and device, by the registers of customers and devices.
    """

    text: str
    contact: str
    before: Snapshot | None
    known: Mapping[str, str] = MappingProxyType({})


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/new", view_func=serving(new), endpoint="new_case", methods=["GET", "POST"])


def new() -> Answer:
    """The box, what is found by what stands in it, or the case that it becomes."""
    if request.method == "GET":
        return _shown(request.args.get("text", ""), {})
    allow_files()
    text, action = request.form.get("text", "").replace("\r\n", "\n"), request.form.get("action", "look")
    name, _, value = request.form.get("take", "").partition("=")
    if name or action == "look" or not text.strip():
        return _shown(text, {**request.form, name: value} if name in ASKED else request.form)
    try:
        done = _joined(text, action.removeprefix("join ")) if action.startswith("join ") else _reported(text)
        if action.startswith("under "):
            cases().add(done.now.number, "join", author(), given={"parent": action.removeprefix("under ")})
    except InputError as error:
        return _shown(text, request.form, str(error)), 422
    flash(say("单号 {number}", "The number is {number}", number=done.now.number))
    return redirect(url_for("case", number=done.now.number), 303)


def _reported(text: str) -> Case:
    """Raises InputError."""
    read = read_box(text)
    given = {n: v for n in ASKED if (v := request.form.get(n, "").strip())}
    given = _of_caller(read) | given
    if digests := taken():
        given["files"] = digests
    asks = _asks(given.get("customer", ""))
    told = with_answers(read.text or text, {ask: request.form.get(f"ask.{ask}", "")[:MAX_VALUE] for ask in asks})
    return cases().report(told, given, author(), key=request.form.get("key") or None)


def _asks(customer: str) -> tuple[str, ...]:
    """The questions that a customer is asked."""
    with store().reading() as session:
        return tailored(session, customer, cases().policy).ask


def _joined(text: str, number: str) -> Case:
    """What was said belongs to a case that there is."""
    read = read_box(text)
    return cases().receive(number, read.text or text, author(), key=request.form.get("key") or None)


def read_box(text: str) -> Read:
    """What of a text is the report, and who reports: what reaches somebody is taken out of it."""
    found = reached(text)
    before = cases().caller(text)
    rest = text
    for start, end, _ in reversed(privacy.find(text, REACHED)):
        rest = rest[:start] + rest[end:]
    rest = re.sub(r"[ \t]{2,}", " ", "\n".join(line.strip(" \t,，;；:：") for line in rest.split("\n"))).strip()
    return Read(rest, " ".join(found), before, registered(text))


def _of_caller(read: Read) -> dict[str, str]:
    """What is known of who reports: by the registers, else by their former cases."""
    if read.known or read.before is None:
        return ({"contact": read.contact} if read.contact else {}) | dict(read.known)
    return {n: v for n in ("contact", "customer", "site") if (v := getattr(read.before, n))}


# --- what is shown -----------------------------------------------------------------------------


class Choice(NamedTuple):
    """A field of the form. value: what is filled in; choices: value -> name; share: of a proposal, 0 for none.

    offer: another value that is proposed, for a person to take.
    """

    name: str
    label: str
    value: str
    choices: Mapping[str, str]
    share: float = 0.0
    offer: Proposal | None = None


def _shown(text: str, typed: Mapping[str, str], problem: str = "") -> Response:
    read = read_box(text) if text.strip() else Read("", "", None)
    near = of_text(Told(read.text, (), ()))
    proposals = _proposals(read.text)
    choices = _choices(typed, read, proposals)
    script = "X-Part" in request.headers
    return page(
        "cases/_found.html" if script else "cases/new.html",
        text=text,
        typed=typed,
        read=read,
        near=near,
        together=_together(near),
        choices=choices,
        priority=_priority(choices),
        asks=_asks(next(c.value for c in choices if c.name == "customer")),
        severity=proposals.get("severity"),
        problem=problem,
        key=typed.get("key") or token_hex(8),
        me=me(),
    )


def _together(near: Beside) -> list[Snapshot]:
    """The cases of the last hours like a new one, the oldest first, when they are with it as many as an outage."""
    recent = [like.now for like in near.open if like.now.opened >= datetime.now(UTC) - TOGETHER]
    recent.sort(key=lambda c: (not c.parent, not c.emergency, c.opened))
    return recent if len(recent) + 1 >= OUTAGE else []


def _proposals(text: str) -> dict[str, ProposedFact]:
    engine = engine_or_none()
    return {} if engine is None or not text.strip() else {p.key: p for p in proposed(engine, text, PROPOSED)}


def _priority(choices: Sequence[Choice]) -> str:
    """The priority that follows when what is offered is taken, "" when nothing is."""
    levels = {c.name: c.offer.value if c.offer else c.value for c in choices if c.name in ("urgency", "impact")}
    return cases().policy.priority_of(**levels) if any(c.offer for c in choices) else ""


def _choices(typed: Mapping[str, str], read: Read, proposals: Mapping[str, ProposedFact]) -> Sequence[Choice]:
    caller = _of_caller(read)
    usual = {"channel": str(Channel.PHONE), "urgency": str(Urgency.NORMAL), "impact": str(Impact.ONE), "owner": me()}
    offers = {offer.name: offer for offer in of_levels(read.text)}
    out = []
    for name in ASKED:
        proposal = proposals.get(name)
        likely = proposal.value if proposal and proposal.share >= TAKEN else ""
        value = typed.get(name, "") or caller.get(name, "") or likely or ({} if name in typed else usual).get(name, "")
        field = FIELDS[name]
        offer = offers.get(name)
        offered = offer if offer is not None and offer.value != value else None
        share = proposal.share if proposal else 0.0
        out.append(Choice(name, say(field.zh, field.en), value, _values(name), share, offered))
    return out


def _values(name: str) -> dict[str, str]:
    if name == "team":
        return {team: team for team in cases().policy.teams}
    if name == "promises":
        return {promises: promises for promises in cases().policy.promises}
    if name == "owner":
        return {name: name for name in colleagues()}
    field = FIELDS[name]
    values = (*field.values, *(cases().areas if name == "area" else ()))
    return {v: label(field.group, v) for v in values if v != "program"}
