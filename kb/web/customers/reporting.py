"""This module is the form by which a customer reports a fault, without an account, and its receipt.

What keeps programs off needs nobody else: a token of the session, a field that people do not see, a limit an address.
"""

from secrets import token_hex

from flask import Flask, Response, redirect, request, session, url_for
from werkzeug.exceptions import NotFound

from kb.errors import InputError
from kb.language import say
from kb.model.casework import Channel, Role
from kb.service.assets.known import tailored, with_answers
from kb.service.cases import Author
from kb.service.fields import FIELDS
from kb.service.links import Links
from kb.web.cases.files import allow_files, taken
from kb.web.cases.shared import cases, serving
from kb.web.customers.answers import public_answers
from kb.web.views import Answer, page, settings_in_force, store

MAX_REPORT = 10_000
"""Characters of a report by this form."""
MAX_FIELD = 200
ASKED = ("contact", "customer", "site")
TRAP = "website"
"""The field that people do not see."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/report", view_func=serving(report), endpoint="report", methods=["GET", "POST"])
    app.add_url_rule("/report/done", view_func=serving(receipt), endpoint="report_done")
    app.jinja_env.globals.update(report_form=lambda: settings_in_force().serves and settings_in_force().report_form)


def report() -> Answer:
    """The form; what may help for what was typed so far; or the case that it becomes."""
    if not settings_in_force().report_form:
        raise NotFound(say("这里没有报障页，请来电", "there is no form here; please call us"))
    if request.method == "GET":
        return _shown()
    allow_files()
    if request.form.get("action") == "look":
        return _shown()
    try:
        number, secret = _reported()
    except InputError as error:
        return _shown(str(error)), 422
    session["reported"] = [number, secret]
    return redirect(url_for("report_done"), 303)


def receipt() -> Answer:
    """The number and the link, for the browser that reported."""
    number, secret = session.get("reported") or ("", "")
    if not number:
        return redirect(url_for("report"), 303)
    case = cases().find(number)
    reported = case.log[0].text
    return page("customers/receipt.html", number=number, secret=secret, answers=public_answers(reported))


def _reported() -> tuple[str, str]:
    """(number, secret of its link) of the new case. Raises InputError."""
    form = request.form
    if form.get(TRAP, ""):
        raise InputError(say("请让“网址”一栏空着再提交", "please leave the field 'website' empty"))
    text = form.get("text", "").replace("\r\n", "\n").strip()
    given = {name: form.get(name, "").strip() for name in ASKED}
    if not text or not given["contact"]:
        raise InputError(say("请写出了什么问题、怎样联系您", "please say what happens, and how you are reached"))
    if len(text) > MAX_REPORT or any(len(value) > MAX_FIELD for value in given.values()):
        raise InputError(
            say("描述最多 {n} 字，其余每项最多 {m} 字；日志请作为附件",
                "the description has at most {n} characters, the others {m}; logs are better sent as files",
                n=MAX_REPORT, m=MAX_FIELD)
        )  # fmt: skip
    fields = {name: value for name, value in given.items() if value} | {"channel": str(Channel.FORM)}
    if digests := taken():
        fields["files"] = digests
    asks = _asks(given["customer"])
    if asks and form.get("asked") != given["customer"]:
        raise InputError(
            say("请再答下面几个问题，答不上来可以空着", "please answer the questions below; leave empty what you can't")
        )
    text = with_answers(text, {ask: form.get(f"ask.{ask}", "")[:MAX_FIELD] for ask in asks})
    author = Author(given["contact"], Role.CUSTOMER)
    case = cases().report(text, fields, author, key="form:" + (form.get("key", "")[:40] or token_hex(8)))
    return case.now.number, Links(store()).make(case.now.number)


def _asks(customer: str) -> tuple[str, ...]:
    """The questions that a customer is asked."""
    with store().reading() as session:
        return tailored(session, customer, cases().policy).ask


PARTS = {"1": "customers/_answers.html", "asked": "customers/_asked.html"}


def _shown(problem: str = "") -> Response:
    typed = request.form
    customer = (typed.get("customer") or request.args.get("customer", "")).strip()[:MAX_FIELD]
    text = typed.get("text", "")[:MAX_REPORT] or request.args.get("text", "")[:MAX_REPORT]
    return page(
        PARTS.get(request.headers.get("X-Part", ""), "customers/report.html"),
        text=text,
        typed=typed,
        customer=customer,
        asks=_asks(customer),
        problem=problem,
        answers=public_answers(text),
        asked=[(FIELDS[name], name == "contact") for name in ASKED],
        key=typed.get("key") or token_hex(8),
        most=MAX_REPORT,
    )
