"""This module is the page of one case: everything about it, and the one form by which anything is added to it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from flask import Flask, flash, redirect, request, url_for
from werkzeug.datastructures import MultiDict

from kb.errors import ConflictError, InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import State
from kb.service.assets.known import filled_in, tailored
from kb.service.cases import Case, Filter
from kb.service.daily import daily_draft
from kb.service.events import effective
from kb.service.fields import read_moment
from kb.service.links import Links
from kb.service.snapshot import Snapshot
from kb.service.states import BY_NAME
from kb.web.cases import actions
from kb.web.cases.beside import beside
from kb.web.cases.closing import best_used, question
from kb.web.cases.files import allow_files, of_case, taken
from kb.web.cases.proposed import of_case as of_case_class
from kb.web.cases.shared import author, cases, colleagues, person_in, role, serving
from kb.web.cases.strip import strip
from kb.web.cases.timeline import FILTERS, entries
from kb.web.forms import with_parameters
from kb.web.views import Answer, page, settings_in_force, store
from kb.web.writers import others

EARLIER = 5
"""Cases of the same customer that are listed."""
QUICK = ("ask", "look", "join", "merge", "link", "unwritten", "take")
"""Buttons beside the composer, each an action with its one value."""
_VALUE = {"look": "article", "join": "parent", "merge": "into", "link": "article", "unwritten": "unwritten"}


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/<number>", view_func=serving(case), endpoint="case")
    app.add_url_rule("/cases/<number>/do", view_func=serving(act), endpoint="case_act", methods=["POST"])
    app.add_url_rule("/cases/<number>/link", view_func=serving(link), endpoint="case_link", methods=["POST"])


def case(number: str) -> Answer:
    """The page. 137 and 26-137 lead to the whole number."""
    found = cases().find(number)
    if number != found.now.number:
        return redirect(with_parameters(url_for("case", number=found.now.number), request.args), 302)
    return page("cases/case.html", **_shown(found))


def act(number: str) -> Answer:
    """Add what a form asks for. What is refused comes back with all that was typed; a stale form shows what is new."""
    allow_files()
    form = request.form
    if article := form.get("insert", ""):
        return _again(number, "", _inserted(number, article), 200)
    if template := form.get("template", ""):
        return _again(number, "", _from_template(number, template), 200)
    name, given = _asked_for(form, cases().find(number))
    try:
        done = _done(number, name, given)
    except ConflictError as error:
        return _again(number, str(error), form, 409)
    except InputError as error:
        return _again(number, str(error), form, 422)
    flash(say("已记下：{what}", "Noted: {what}", what=label("event", BY_NAME[name].kind)))
    return redirect(url_for("case", number=done.now.number, _anchor=f"e{done.now.version}"), 303)


def link(number: str) -> Answer:
    """Make a link by which the customer sees this case, shown once; or take back all there are."""
    case, links = cases().find(number), Links(store())
    if request.form.get("do") == "revoke":
        links.revoke(case.now.number)
        flash(say("给客户的链接都已收回", "All links for the customer are revoked"))
    else:
        path = url_for("track", secret=links.make(case.now.number))
        flash((settings_in_force().public_url or request.host_url.rstrip("/")) + path, "link")
    return redirect(url_for("case", number=case.now.number), 303)


def _asked_for(form: "MultiDict[str, str]", found: Case) -> tuple[str, dict[str, str]]:
    """(action, its fields) of a form: of a button with a value of its own, or of the composer."""
    for name in QUICK:
        if value := form.get(name, ""):
            if name == "ask":
                ask, _, answer = value.rpartition("=")
                return name, {"ask": ask, "answer": answer}
            if name == "take":
                field, _, proposed = value.partition("=")
                return "classify", {field: proposed}
            return name, {_VALUE[name]: value}
    name = form.get("action", "")
    return name, actions.given(form, name, found)


def _done(number: str, name: str, given: dict[str, str]) -> Case:
    """Raises InputError, ConflictError."""
    form = request.form
    if not actions.is_action(name):
        raise InputError(say("请先选做什么", "choose first what to do"))
    who, key = author(), form.get("key", "")[:40]
    if digests := taken():
        given = {**given, "files": digests}
    text = "" if name in QUICK else form.get("text", "")
    if not text.strip() and "files" in given:
        text = say("附件", "Files")
    if name == "message":
        return cases().receive(number, text, who, given, key or None)
    shown = {"yes": True, "no": False}.get(form.get("public", ""))
    seen = form.get("seen", type=int)
    return cases().add(number, name, who, text, given, _moment(form.get("at", "")), shown, seen, key or None)


def _moment(text: str) -> datetime | None:
    zone = cases().policy.zone
    return read_moment(text, zone, datetime.now(UTC), say("时间 (at)", "time (at)")) if text.strip() else None


def _inserted(number: str, article: str) -> "MultiDict[str, str]":
    """The form with the fix of an article behind what was typed."""
    found = cases().find(number)
    form = MultiDict(request.form)
    kind = "chat" if form.get("action") in ("reply", "message") else "plain"
    fix = beside(found, of_case(found)).plain(article, kind)
    form["text"] = "\n\n".join(filter(None, (form.get("text", "").rstrip(), fix)))
    form["propose.article"] = form.get("propose.article") or article
    return form


def templates_of(now: Snapshot) -> dict[str, str]:
    """The replies that this case's customer has, by their names, with the case's facts filled in."""
    with store().reading() as session:
        own = tailored(session, now.customer, cases().policy)
    named = {n: getattr(now, n) for n in ("number", "title", "customer", "site")}
    facts = named | {"contact": person_in(now.contact), "owner": now.owner or say("我们", "we")}
    return {name: filled_in(text, facts) for name, text in own.templates.items()}


def _from_template(number: str, name: str) -> "MultiDict[str, str]":
    """The form with a reply of the customer's behind what was typed."""
    form = MultiDict(request.form)
    reply = templates_of(cases().find(number).now).get(name, "")
    form["text"] = "\n".join(filter(None, (form.get("text", "").rstrip(), reply)))
    return form


def _again(number: str, problem: str, typed: Mapping[str, str], status: int) -> Answer:
    """The page with what was typed; what was not seen yet is marked."""
    found = cases().find(number)
    seen = request.form.get("seen", type=int)
    return page("cases/case.html", **_shown(found, problem, typed, seen)), status


NOTHING_TYPED: Mapping[str, str] = {}


def _shown(
    found: Case, problem: str = "", typed: Mapping[str, str] = NOTHING_TYPED, seen: int | None = None
) -> dict[str, Any]:
    files = of_case(found)
    near = beside(found, files)
    asked = question(found, near)
    which = request.args.get("show", "")
    children = cases().all(Filter(parent=found.now.number))
    if request.method == "GET" and request.args.get("draft") == "daily" and found.now.emergency:
        moment = datetime.now(UTC)
        draft = daily_draft(found.now.at(moment), found.log, cases().clocks(found), children, found.policy, moment)
        typed = {"action": "daily", "text": draft}
    known = {"article": asked.chosen if asked else best_used(found)}
    now = found.now.at(datetime.now(UTC))
    return {
        "case": found,
        "now": now,
        "bars": strip(cases().clocks(found)),
        "entries": entries(found, which if which in FILTERS else FILTERS[0], seen),
        "report": next(e for e in effective(found.log) if e.kind == "reported"),
        "show": which if which in FILTERS else FILTERS[0],
        "filters": FILTERS,
        "offers": actions.offered(found, role(), known, cases().areas),
        "near": near,
        "proposals": of_case_class(found) if found.now.state != State.CLOSED else None,
        "templates": templates_of(now),
        "question": asked,
        "files": files,
        "typed": typed,
        "problem": problem,
        "stale": seen is not None and bool(problem) and any(e.place > seen for e in found.log),
        "key": token_hex(8),
        "others": others(f"case/{now.number}"),
        "colleagues": colleagues(),
        "children": children,
        "merged": cases().all(Filter(merged_into=now.number)),
        "earlier": _earlier(now),
        "links": Links(store()).of(now.number),
        "emergency": _emergency(found) if now.emergency else {},
    }


def _earlier(now: Snapshot) -> Sequence[Snapshot]:
    """Other cases of the same customer, the newest first."""
    if not now.customer:
        return []
    found = cases().all(Filter(customer=now.customer, any_state=True), EARLIER + 1)
    return [c for c in found if c.number != now.number][:EARLIER]


def _emergency(found: Case) -> dict[str, str]:
    """What is said of an emergency: its leader, its group."""
    last = next(e for e in reversed(effective(found.log)) if e.kind == "escalated")
    return {name: str(last.data.get(name, "")) for name in ("leader", "group")} | {"text": last.text}
