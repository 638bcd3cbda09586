"""This module is the one question at the end of a case: which article? Linked, written up, or not worth it."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Flask, flash, redirect, request, url_for

from kb.articles.writing.save import MAX_EDITOR
from kb.desk.paste import Paste, answer_paste
from kb.language import say
from kb.model import Article, Query
from kb.model.casework import EventKind, Outcome, State
from kb.service.cases import Case
from kb.service.closing import write_up
from kb.service.credit import Solved
from kb.service.events import effective
from kb.service.wording import told
from kb.web import identity
from kb.web.cases.beside import Beside
from kb.web.cases.shared import author, cases, serving
from kb.web.forms import MAX_QUERY
from kb.web.views import Answer, settings_in_force
from kb.web.writers import editions, engine_or_none, finished

FOUND = 5
"""Articles that a search in the question offers."""


class Question(NamedTuple):
    """choices: articles that may be the one, the best first; chosen: the one that is marked; text: searched for."""

    choices: Sequence[Article]
    chosen: str
    text: str


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/<number>/write-up", view_func=serving(write), endpoint="case_write_up", methods=["POST"])
    app.jinja_env.globals.update(solved_by=solved_by)


def question(case: Case, near: Beside) -> Question | None:
    """The question, once a case is restored and until it is answered; None before and after."""
    now = case.now
    ended = now.state in (State.RESTORED, State.CLOSED) and now.outcome not in (Outcome.CANCELLED, Outcome.MERGED)
    if not ended or now.article or now.unwritten:
        return None
    text = request.args.get("q", "")[:MAX_QUERY].strip()
    found = _searched(text) if text else [card.suggestion.article for card in near.cards]
    used = best_used(case)
    return Question(found, used if used in {a.id for a in found} else "", text)


def best_used(case: Case) -> str:
    """The article that was proposed last and did not turn out to be of no help; "" for none."""
    looked = told(case.log).looked_at
    used = [
        str(e.data["article"]) for e in effective(case.log) if e.kind == EventKind.PROPOSED and e.data.get("article")
    ]
    return next((name for name in reversed(used) if name not in looked), "")


def _searched(text: str) -> list[Article]:
    engine = engine_or_none()
    return [] if engine is None else [hit.article for hit in engine.search(Query(text, size=FOUND)).hits]


def write(number: str) -> Answer:
    """Begin an article with a case's log, masked, as a draft that names the case, and open it in the editor."""
    who = author()
    case = cases().find(number)
    engine = engine_or_none()
    asked = told(case.log)
    identifiers = answer_paste(engine, Paste(asked.text)).identifiers if engine and asked.text.strip() else ()
    looked = [engine.article(name) for name in asked.looked_at] if engine else []
    made = write_up(case.now.number, case.log, case.policy, identifiers, looked)
    today = case.log[-1].noted.astimezone(case.policy.zone).date().isoformat()
    values = {**made.front, "kind": "case", "status": "draft", "created": today, "updated": today}
    note = say("由服务单 {number} 写成", "written up from case {number}", number=case.now.number)
    saved = editions().create(
        values, lambda path, n: made.body, who.name[:MAX_EDITOR], note, {"ticket": case.now.number}
    )
    cases().add(case.now.number, "write", who, given={"article": saved.number})
    finished([saved.path], who.name, note)
    flash(
        say("草稿已由记录写好并打码；改好后发布", "The draft is written from the log and masked; edit and publish it")
    )
    return redirect(url_for("edit", name=saved.path), 303)


def solved_by(article: str) -> Solved | None:
    """What an article did in cases, for who may see them."""
    if not settings_in_force().serves or not identity.may("cases"):
        return None
    return cases().solved(article)
