"""This module is the desk: lists of cases by what is to be done, the most urgent first, and search in them."""

from typing import NamedTuple

from flask import Flask, flash, redirect, request, url_for

from kb.language import say
from kb.model.casework import State
from kb.service.cases import COUNTED, Filter
from kb.service.snapshot import Snapshot
from kb.web.cases.shared import author, cases, me, my_teams, serving
from kb.web.forms import MAX_QUERY
from kb.web.views import Answer, page

SIZE = 50
"""Cases of a page."""
MAX_PAGES = 200
MAX_JOINED = 20


class View(NamedTuple):
    """One list. key: in the address; which: None for one that nobody can have here."""

    key: str
    name: str
    which: Filter | None


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases", view_func=serving(desk), endpoint="cases")
    app.add_url_rule("/cases/outage", view_func=serving(outage), endpoint="outage", methods=["POST"])


def views() -> list[View]:
    """The lists there are; mine and the team's only for who has a name and a team."""
    return [
        View("mine", say("我的", "Mine"), Filter(owner=me()) if me() else None),
        View("team", say("本组", "My team"), Filter(teams=my_teams()) if my_teams() else None),
        View("unassigned", say("没人负责", "Unassigned"), Filter(unassigned=True)),
        View("waiting", say("等待", "Waiting"), Filter(states=(State.WAITING,))),
        View("soon", say("超时或将超时", "Late or soon late"), Filter(soon=True)),
        View("emergencies", say("紧急", "Emergencies"), Filter(emergency=True)),
        View("unwritten", say("待写", "To be written up"), Filter(unwritten=True)),
        View("open", say("全部未关", "All open"), Filter()),
        View("closed", say("已关闭", "Closed"), Filter(states=(State.CLOSED,))),
    ]


def desk() -> Answer:
    """A page of one list; with words, the cases that hold them; a number leads to its case."""
    text = request.args.get("q", "")[:MAX_QUERY].strip()
    every = {view.key: view for view in views() if view.which is not None}
    asked = request.args.get("view", "")
    chosen = every.get(asked) or every.get("mine") or every["open"]
    number = max(1, min(request.args.get("page", 1, int), MAX_PAGES))
    found = _holding(text) if text else cases().all(chosen.which or Filter(), SIZE + 1, SIZE * (number - 1))
    if text and len(found) == 1 and found[0].number.startswith(_as_number(text)):
        return redirect(url_for("case", number=found[0].number), 303)
    return page(
        "cases/desk.html",
        views=every.values(),
        counts=cases().counts({v.key: v.which for v in every.values() if v.which is not None and v.key != "closed"}),
        counted=COUNTED,
        view=None if text else chosen,
        text=text,
        rows=found[:SIZE],
        more=len(found) > SIZE and not text,
        number=number,
        together=cases().outage() if not text and number == 1 else (),
    )


def outage() -> Answer:
    """Join cases that are one outage to the oldest of them, or to that which is an emergency already."""
    numbers = request.form.getlist("number")[:MAX_JOINED]
    found = [cases().find(number).now for number in numbers]
    if not found:
        return redirect(url_for("cases"), 303)
    parent = next((c for c in found if c.emergency), min(found, key=lambda c: c.opened)).number
    for case in found:
        if case.number != parent and not case.parent:
            cases().add(case.number, "join", author(), given={"parent": parent})
    flash(say("已归入总单 {n}；紧急就升级，写上组长", "joined to {n}; escalate it with a leader if it is an emergency",
              n=parent))  # fmt: skip
    return redirect(url_for("case", number=parent), 303)


def _holding(text: str) -> list[Snapshot]:
    return cases().holding(text, SIZE)


def _as_number(text: str) -> str:
    """What a case's number begins with that is meant by a text; what no number begins with when none is."""
    digits = text.replace(" ", "")
    return "" if digits.replace("-", "").isdigit() and len(digits) < 16 else "-"
