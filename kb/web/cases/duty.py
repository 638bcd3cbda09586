"""This module is the page of duty: who is on call, the shifts to come, when nobody is and when two are."""

from datetime import UTC, datetime, timedelta

from flask import Flask, Response, flash, redirect, request, url_for

from kb.errors import ArticleError, InputError
from kb.language import say
from kb.service import duty
from kb.service.duty import Roster, Shift
from kb.web.cases.files import allow_files
from kb.web.cases.shared import cases, moments, serving
from kb.web.views import Answer, page, store

AHEAD = timedelta(days=14)


def init_app(app: Flask) -> None:
    app.add_url_rule("/duty", view_func=serving(shown), endpoint="duty")
    app.add_url_rule("/duty", view_func=serving(changed), endpoint="change_duty", methods=["POST"])
    app.jinja_env.globals.update(on_duty=on_duty)


def on_duty() -> list[Shift]:
    """Who can be called now, of every team."""
    return _roster().now()


def shown(problem: str = "") -> Response:
    """The page; problem: why a form was refused, whose words stay in it."""
    now = datetime.now(UTC)
    end = now + AHEAD
    shifts = _roster().between(now, end)
    return page(
        "cases/duty.html",
        shifts=shifts,
        gaps=duty.gaps(shifts, now, end) if shifts else [],
        doubles=duty.doubles(shifts, now, end),
        columns=[names[0] for names in duty.COLUMNS.values()],
        problem=problem,
        days=AHEAD.days,
    )


def changed() -> Answer:
    """Add a shift, those of a file, or remove one."""
    allow_files()
    try:
        _change()
    except (InputError, ArticleError) as error:
        return shown(str(error)), 400
    return redirect(url_for("duty"), 303)


def _change() -> None:
    form, zone, roster = request.form, cases().policy.zone, _roster()
    if "remove" in form:
        roster.remove(form.get("remove", 0, int))
        return
    file = request.files.get("file")
    if file is not None and file.filename:
        n = roster.add(duty.read(file.stream.read(), file.filename, zone))
        flash(say("读入 {n} 段值班", "{n} shifts were read", n=n))
        return
    start, end = moments(form.get("start", ""), form.get("end", ""))
    team, person, phone, note = (form.get(key, "") for key in ("team", "person", "phone", "note"))
    roster.add([Shift(team, start, end, person, phone, note)])


def _roster() -> Roster:
    return Roster(store())
