"""This module tells who else writes in a case, and what came since one opened it, to a script that asks for it."""

from flask import Flask, jsonify, render_template, request

from kb.articles.writing.sittings import is_token
from kb.web.cases.files import of_case
from kb.web.cases.shared import cases, me, serving
from kb.web.cases.timeline import entries
from kb.web.views import Answer
from kb.web.writers import others, sittings


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/<number>/here", view_func=serving(here), endpoint="case_here", methods=["POST"])


def here(number: str) -> Answer:
    """The version of a case, the entries behind the one that was seen, and who else types.

    typing: whether the caller does; sitting: the token that an earlier answer gave, "" at first. leave: the page is
    left.
    """
    case, form = cases().find(number), request.form
    path, token = f"case/{case.now.number}", form.get("sitting", "")
    known = token if is_token(token) else ""
    if known and "leave" in form:
        sittings().leave(known)
    elif known and form.get("typing") == "1":
        sittings().stay(known, me())
    elif form.get("typing") == "1":
        known = sittings().open(path, me())
    seen = form.get("seen", 0, int)
    new = [entry for entry in entries(case, seen=seen) if entry.new]
    shown = render_template("cases/_entries.html", entries=new, case=case, files=of_case(case)) if new else ""
    return jsonify(version=case.now.version, sitting=known, others=others(path), entries=shown)
