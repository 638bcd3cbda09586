"""This module is the page of guarded times, and what of them is shown wherever people look."""

from datetime import UTC, datetime, timedelta

from flask import Flask, Response, flash, redirect, request, url_for

from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.service.duty import Roster
from kb.service.rounds.guarded import LONGEST, Guard, Guards, thin
from kb.web.cases.shared import author, moments, serving
from kb.web.views import Answer, page, store

AHEAD = timedelta(days=14)
"""How long before it begins a guarded time is shown."""
LISTED = timedelta(days=400)


def init_app(app: Flask) -> None:
    app.add_url_rule("/guarded", view_func=serving(shown), endpoint="guarded")
    app.add_url_rule("/guarded", view_func=serving(change), endpoint="change_guarded", methods=["POST"])
    app.jinja_env.globals.update(guarded_soon=guarded_soon)


def guarded_soon(customer: str = "") -> list[tuple[Guard, bool]]:
    """(guarded time, whether it has begun), of a customer or of all: what goes on, or begins soon."""
    now = datetime.now(UTC)
    return [(g, g.start <= now) for g in Guards(store()).between(now, now + AHEAD, customer)]


def shown(problem: str = "") -> Response:
    """All that goes on or is to come, with the times at which too few are on duty."""
    now = datetime.now(UTC)
    found = Guards(store()).between(now, now + LISTED)
    last = max((g.end for g in found), default=now)
    shifts = Roster(store()).between(now, min(last, now + LONGEST)) if found else []
    rows = [(g, thin(g, shifts, now)) for g in found]
    return page("rounds/guarded.html", rows=rows, problem=problem)


def change() -> Answer:
    """Add a guarded time, or remove one."""
    form = request.form
    try:
        if "remove" in form:
            Guards(store()).remove(form.get("remove", 0, int))
        else:
            start, end = moments(form.get("start", ""), form.get("end", ""))
            name, customer, site, note = (form.get(key, "") for key in ("name", "customer", "site", "note"))
            people = form.get("people", 0, int)
            Guards(store()).add(name, customer, site, start, end, people, note, author().name)
            flash(say("已记下", "Noted"))
    except (InputError, NotFoundError) as error:
        return shown(str(error)), 422
    return redirect(url_for("guarded"), 303)
