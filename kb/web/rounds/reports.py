"""This module is the month's report of a customer: a page to be printed, and a file, encrypted where a key is set."""

import io
from datetime import UTC, datetime

from flask import Flask, Response, redirect, request, url_for

from kb.keeping.sealing import Lock, seal
from kb.service.assets.customers import Customers
from kb.service.reports import COLUMNS, Report, report, rows
from kb.service.telling import name_of
from kb.web import identity
from kb.web.assets.pages import today
from kb.web.cases.figures import months
from kb.web.cases.shared import cases, serving
from kb.web.forms import MAX_QUERY
from kb.web.spreadsheets import as_file
from kb.web.views import Answer, page, settings_in_force, store

MONTHS = 13
"""That are offered."""


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(told_name=name_of)
    app.add_url_rule("/reports", view_func=serving(choose), endpoint="month_reports")
    app.add_url_rule("/reports/<int:customer>/<month>", view_func=serving(shown), endpoint="month_report")
    app.add_url_rule("/reports/<int:customer>/<month>.csv", view_func=serving(file), endpoint="month_report_file")


def choose() -> Answer:
    """Whose report, of which month."""
    number = request.args.get("number", 0, int)
    month = request.args.get("month", "")
    if number and month:
        return redirect(url_for("month_report", customer=number, month=month[:7]), 303)
    text = request.args.get("q", "")[:MAX_QUERY].strip()
    return page("rounds/reports.html", rows=Customers(store()).all(text), text=text, months=months(today(), MONTHS))


def shown(customer: int, month: str) -> Answer:
    return page("rounds/report.html", r=_report(customer, month), months=months(today(), MONTHS), sealed=_keys() != ())


def file(customer: int, month: str) -> Answer:
    """The report as CSV; where a key is set it is encrypted for it."""
    found = _report(customer, month)
    identity.note("exported", f"report {found.number} {month}")
    answer = as_file(f"report-{found.number}-{month}", COLUMNS, rows(found))
    return _sealed(answer, f"report-{found.number}-{month}.csv.age") if _keys() else answer


def _sealed(answer: Response, name: str) -> Response:
    out = io.BytesIO()
    seal([answer.get_data()], out, Lock(_keys()))
    headers = {"Content-Disposition": f"attachment; filename=guzhi-{name}"}
    return Response(out.getvalue(), mimetype="application/octet-stream", headers=headers)


def _report(customer: int, month: str) -> Report:
    return report(cases(), store(), str(customer), month, datetime.now(UTC))


def _keys() -> tuple[str, ...]:
    return settings_in_force().report_recipients
