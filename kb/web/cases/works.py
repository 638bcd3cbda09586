"""This module is the pages of visits, repairs, exchanges and trainings: what is planned, one on a phone, paper.

- /works: what is planned or going on, by its time
- /cases/NUMBER/works/N: its steps, each a button; the customer signs on this screen
- /cases/NUMBER/works/N/paper: what is printed of it, with the signature, or a line for one
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from secrets import token_hex
from typing import NamedTuple

from flask import Flask, Response, flash, redirect, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from kb.errors import ConflictError, InputError, NotFoundError
from kb.labels import label
from kb.language import say
from kb.model import Article
from kb.model.casework import State
from kb.service import signatures
from kb.service.assets.devices import Devices
from kb.service.assets.known import tailored
from kb.service.assets.stock import Stock
from kb.service.cases import Case
from kb.service.events import effective
from kb.service.fields import FIELDS, Field
from kb.service.handling import planned
from kb.service.states import BY_NAME, possible
from kb.service.works import STEPS, Piece
from kb.web.cases.shared import author, cases, me, person_in, role, serving
from kb.web.cases.strip import strip
from kb.web.views import Answer, page, store
from kb.web.writers import engine_or_none

MOST = 200
"""Pieces of work of a list."""
ONCE = ("leave", "arrive", "finish", "receive", "send", "exchange")
"""Steps that are taken once."""
HIDDEN = ("work", "strokes", "device", "text")
"""Fields of a step that are no boxes of their own."""


class Step(NamedTuple):
    """A step that may be taken now. fields: (field, needed, what it is filled with); words, needs_words: whether it
    has, or needs some. next: it is the one to take."""

    name: str
    label: str
    fields: Sequence[tuple[Field, bool, str]]
    words: bool
    needs_words: bool
    next: bool


def init_app(app: Flask) -> None:
    app.add_url_rule("/works", view_func=serving(works), endpoint="works")
    path = "/cases/<number>/works/<int:work>"
    app.add_url_rule(path, view_func=serving(show), endpoint="case_work")
    app.add_url_rule(path, view_func=serving(act), endpoint="work_act", methods=["POST"])
    app.add_url_rule(path + "/paper", view_func=serving(paper), endpoint="case_paper")
    app.jinja_env.globals.update(
        works_of=works_of,
        signed_picture=picture,
        action_kind=lambda name: BY_NAME[name].kind,
        field_name=lambda name: say(FIELDS[name].zh, FIELDS[name].en),
    )


def works_of(case: Case) -> list[Piece]:
    return cases().works(case)


def picture(strokes: str, signer: str) -> Markup:
    """A signature as it is shown, made of its numbers."""
    told = say("{who} 的签字", "signature of {who}", who=signer)
    return Markup(signatures.picture(strokes, told))  # noqa: S704 - our own picture, of numbers


def works() -> Answer:
    """What is planned or going on; of who asks alone, when that is asked."""
    mine = request.args.get("mine") == "1" and bool(me())
    with store().reading() as session:
        found = planned(session, MOST, me() if mine else "")
    return page("cases/works.html", rows=found, mine=mine, me=me())


def show(number: str, work: int) -> Answer:
    return _page(number, work)


def act(number: str, work: int) -> Answer:
    """Take a step. What is refused comes back with what was typed."""
    form, case = request.form, cases().find(number)
    piece, name = _piece(case, work), form.get("action", "")
    try:
        if name not in STEPS[piece.kind]:
            raise InputError(say("请先选做什么", "choose first what to do"))
        given = {n: v.strip() for n, v in form.items() if n in _fields(name) and v.strip()} | {"work": str(work)}
        who, key, seen = author(), form.get("key", "")[:40], form.get("seen", type=int)
        done = cases().add(number, name, who, form.get("text", ""), given, None, None, seen, key or None)
        if name == "sign" and form.get("confirm") == "1" and done.now.state == State.RESTORED:
            told = say("{who} 现场签字确认", "{who} confirmed by signing on site", who=given.get("signer", ""))
            cases().add(number, "confirm", who, told, key=f"{key}c" if key else None)
    except ConflictError as error:
        return _page(number, work, str(error)), 409
    except InputError as error:
        return _page(number, work, str(error)), 422
    flash(say("已记下：{what}", "Noted: {what}", what=label("event", BY_NAME[name].kind)))
    return redirect(url_for("case_work", number=case.now.number, work=work), 303)


def _fields(name: str) -> set[str]:
    return set(_ordered(name)) - {"text", "work", "files"}


def _piece(case: Case, work: int) -> Piece:
    """Raises NotFound."""
    for piece in cases().works(case):
        if piece.number == work:
            return piece
    raise NotFound(say("这一单没有第 {n} 项工作", "this case has no work {n}", n=work))


def _steps(case: Case, piece: Piece) -> list[Step]:
    may = {a.name for a in possible(effective(case.log), role(), datetime.now(UTC))}
    over = piece.ended is not None
    out: list[Step] = []
    for name in STEPS[piece.kind]:
        action = BY_NAME[name]
        taken = action.kind in piece.reached and name in ONCE
        if name not in may or taken or (over and name != "sign"):
            continue
        fields = [(FIELDS[n], n in action.asks, _known(case, piece, n)) for n in _ordered(name) if n not in HIDDEN]
        words = name not in ("sign", "leave", "arrive", "receive", "send")
        first = not out and name not in ("sign", "drop")
        out.append(Step(name, label("event", action.kind), fields, words, "text" in action.asks, first))
    return out


def _ordered(name: str) -> list[str]:
    action = BY_NAME[name]
    return list(dict.fromkeys(n for asked in (*action.asks, *action.takes) for n in asked.split("|")))


def _known(case: Case, piece: Piece, name: str) -> str:
    """What a field of a step is filled with."""
    if name == "signer":
        return person_in(case.now.contact)
    if name == "old":
        devices = Devices(store()).of_case(case.now.number)
        return devices[0].row.serial if len(devices) == 1 else ""
    return ""


def _page(number: str, work: int, problem: str = "") -> Response:
    case = cases().find(number)
    piece = _piece(case, work)
    return page(
        "cases/work.html",
        case=case,
        piece=piece,
        steps=_steps(case, piece),
        bars=[b for b in strip(cases().clocks(case)) if b.clock.work == work],
        problem=problem,
        typed=request.form,
        key=token_hex(8),
        signature=(signatures.WIDTH, signatures.HEIGHT),
        **_around(case, piece),
    )


def paper(number: str, work: int) -> Answer:
    """What is printed of a piece of work, and signed."""
    case = cases().find(number)
    piece = _piece(case, work)
    return page("cases/paper.html", case=case, piece=piece, report=case.log[0].text, **_around(case, piece))


def _around(case: Case, piece: Piece) -> dict[str, object]:
    """What page and paper tell beside the work itself."""
    with store().reading() as session:
        own = tailored(session, case.now.customer, cases().policy)
    return {
        "now": case.now.at(datetime.now(UTC)),
        "devices": Devices(store()).of_case(case.now.number),
        "parts": Stock(store()).of_case(case.now.number),
        "manuals": _manuals(piece),
        "checklist": own.checklist,
    }


def _manuals(piece: Piece) -> list[tuple[str, Article | None]]:
    """The manuals of a training by their numbers, each with its article, None for what is not there, or not seen."""
    engine, out = engine_or_none(), []
    for name in piece.manuals:
        found = None
        with suppress(NotFoundError):
            found = engine.article(name) if engine is not None else None
        out.append((name, found))
    return out
