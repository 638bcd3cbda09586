"""This module is a customer's page of one case, by a link that he was given.

Reading it writes nothing. What ends or rates a case takes two human acts: a choice that nothing is preselected of, and
on a second page another one. Programs that open links, and those that send every form they find, get no further.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex

from flask import Flask, Response, flash, g, redirect, request, session, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from kb.database.secret import digest
from kb.errors import InputError, RefusedError
from kb.language import say
from kb.model.casework import Outcome, Role, State
from kb.service.cases import Author, Case
from kb.service.events import effective
from kb.service.links import Links
from kb.service.states import phases
from kb.service.tracking import in_plain_words, lines, may_rate, next_time
from kb.web import identity
from kb.web.cases.files import allow_files, as_download, kept, taken
from kb.web.cases.shared import cases, serving
from kb.web.views import Answer, page, store

MAX_ADDED = 10_000
"""Characters that are added at once."""
CHOICES = {"confirm": ("已经好了", "It is well"), "reject": ("还没好", "It is still broken")}


def init_app(app: Flask) -> None:
    app.add_url_rule("/c/<secret>", view_func=serving(track), endpoint="track", methods=["GET", "POST"])
    app.add_url_rule("/c/<secret>/files/<name>", view_func=serving(track_file), endpoint="track_file")


@dataclass(frozen=True)
class Said:
    """What a customer wants to say. sentence: it in words, to be seen once more, "" when it is written at once."""

    action: str
    text: str = ""
    given: dict[str, str] = field(default_factory=dict)
    sentence: str = ""

    @property
    def mark(self) -> str:
        return digest("\n".join((self.action, self.text, *(f"{k}={v}" for k, v in sorted(self.given.items())))))


def track(secret: str) -> Answer:
    """The page; of a form the second page, or what it wrote."""
    case = cases().find(Links(store()).case(secret))
    g.address = request.path
    if request.method == "GET":
        return _private(_shown(secret, case))
    if identity.accounts_on() and identity.may("cases"):
        raise RefusedError(
            say(
                "您登录着员工账号：这一页只由客户确认和评分，您看到的是客户看到的样子",
                "you are signed in as staff: customers confirm and rate here, you only see what they see",
            )
        )
    allow_files()
    try:
        said = _said(case)
        if said.sentence and request.form.get("sure") != "yes":
            return _private(_asked_again(secret, case, said))
        if said.sentence and session.pop("said", "") != said.mark:
            return _private(_asked_again(secret, case, said))
        return _written(secret, case, said)
    except InputError as error:
        answer = _private(_shown(secret, case, str(error)))
        answer.status_code = 422
        return answer


def _said(case: Case) -> Said:
    """Raises InputError."""
    form = request.form
    text = form.get("text", "").replace("\r\n", "\n").strip()
    if len(text) > MAX_ADDED:
        raise InputError(
            say("最多 {n} 个字；日志请作为附件", "at most {n} characters; send logs as files", n=MAX_ADDED)
        )
    what = form.get("what", "")
    if what == "add":
        return _added(case, text)
    if what == "verdict":
        return _verdict(form, text)
    if what == "survey":
        return _survey(case, form, text)
    raise InputError(say("请先选要做什么", "choose first what to do"))


def _added(case: Case, text: str) -> Said:
    digests = taken() or " ".join(d for d in request.form.get("files", "").split() if d in session.get("sent", ""))
    if not text and not digests:
        raise InputError(say("请写几个字，或附上文件", "please write some words, or attach a file"))
    if digests:
        session["sent"] = digests
    again = say("这一单已关闭；补充的内容会把它重新打开", "this case is closed; what you add opens it again")
    closed = case.now.state == State.CLOSED and case.now.outcome != Outcome.MERGED
    return Said("message", text or say("附件", "Files"), {"files": digests} if digests else {}, again if closed else "")


def _verdict(form: "MultiDict[str, str]", text: str) -> Said:
    choice = form.get("verdict", "")
    if choice not in CHOICES:
        raise InputError(say("请先选“已经好了”或“还没好”", "choose first whether it is well or still broken"))
    if choice == "reject" and not text:
        raise InputError(say("请写一句：哪里还没好", "please say in a sentence what is still broken"))
    return Said(choice, text, sentence=say(*CHOICES[choice]))


def _survey(case: Case, form: "MultiDict[str, str]", text: str) -> Said:
    survey = case.policy.survey
    marks = {ask: form.get(f"mark{i}", "") for i, ask in enumerate(survey.ask)}
    score = form.get("score", "")
    allowed = {str(n) for n in range(1, survey.scale + 1)}
    if not may_rate(case.now, datetime.now(UTC)):
        raise InputError(say("这一单现在不能评分", "this case can't be rated now"))
    if score not in allowed or any(value not in {*allowed, ""} for value in marks.values()):
        raise InputError(say("请先选 1 到 {n} 分", "choose first from 1 to {n}", n=survey.scale))
    if int(score) < survey.comment_below and not text:
        raise InputError(
            say("低于 {n} 分请写一句为什么，我们好改进", "below {n}, please say why: that is how we improve",
                n=survey.comment_below)
        )  # fmt: skip
    given = {"score": score}
    if told := say("；", "; ").join(f"{ask} {value}" for ask, value in marks.items() if value):
        given["marks"] = told
    sentence = say("{score} 分（最高 {n}）", "{score} of {n}", score=score, n=survey.scale)
    return Said("survey", text, given, sentence)


def _written(secret: str, case: Case, said: Said) -> Answer:
    """Raises InputError."""
    author = Author(case.now.contact or say("客户", "Customer"), Role.CUSTOMER)
    sent = request.form.get("key", "")[:40] or token_hex(8)
    key = f"link:{case.now.number}:{sent}:{said.mark[:12]}"  # who goes back and says something else, says it
    if said.action == "message":
        done = cases().receive(case.now.number, said.text, author, said.given, key)
        if done.now.follows == case.now.number:  # too late to open it again: a new one, with a link of its own
            secret = Links(store()).make(done.now.number)
    else:
        done = cases().add(case.now.number, said.action, author, said.text, said.given, key=key)
    session.pop("sent", None)
    flash(say("收到，谢谢", "Thank you, it arrived"))
    return redirect(url_for("track", secret=secret), 303)


# --- what is shown -----------------------------------------------------------------------------


def _asked_again(secret: str, case: Case, said: Said) -> Response:
    """The second page: what was said, and whether to send it. Nothing is preselected, and no comes first."""
    session["said"] = said.mark
    if request.form.get("sure") == "no":
        return _shown(secret, case)
    hidden = [(n, v) for n, v in request.form.items() if n not in ("token", "sure", "files")]
    if files := said.given.get("files"):
        hidden.append(("files", files))
    return page("customers/sure.html", secret=secret, case=case, said=said, hidden=hidden)


def _shown(secret: str, case: Case, problem: str = "") -> Response:
    now, moment = case.now.at(datetime.now(UTC)), datetime.now(UTC)
    told = cases().find(now.merged_into) if now.merged_into else case
    life = phases(effective(told.log), moment)[-1]
    shown = lines(case.log, case.policy)
    return page(
        "customers/track.html",
        secret=secret,
        now=now,
        state=in_plain_words(now, life.provisional),
        target=in_plain_words(told.now.at(moment), life.provisional) if told is not case else "",
        next_time=next_time(cases().clocks(told), told.policy),
        lines=shown,
        files=kept().of([d for line in shown for d in line.files]),
        asks=now.state == State.RESTORED,
        choices={name: say(*both) for name, both in CHOICES.items()},
        rates=may_rate(now, moment),
        survey=case.policy.survey,
        adds=now.outcome != Outcome.CANCELLED,
        typed=request.form,
        problem=problem,
        key=token_hex(8),
    )


def track_file(secret: str, name: str) -> Answer:
    """A file of an entry that the customer sees, to be saved."""
    case = cases().find(Links(store()).case(secret))
    if name not in {d for line in lines(case.log, case.policy) for d in line.files}:
        raise NotFound(say("这一单没有这个文件", "this case has no such file"))
    return as_download(kept().of([name]).get(name))


def _private(answer: Answer) -> Response:
    """A page that no search engine keeps."""
    assert isinstance(answer, Response)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
