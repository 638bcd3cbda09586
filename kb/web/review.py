"""This module is the pages that keep articles right: what waits for review, what is overdue, and changing a state."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from flask import Flask, flash, redirect, request, url_for

from kb.articles.files import ArticleFile
from kb.articles.importing.undo import Imports
from kb.articles.writing.form import edited, values_of, with_value
from kb.desk.after_save import settle
from kb.errors import ConflictError, InputError, KbError
from kb.labels import label
from kb.language import say
from kb.model import Article
from kb.service.sayings import LOOKED_AT, Refused, Saying, sayings
from kb.web.cases.shared import cases
from kb.web.editor import NEW
from kb.web.jobs import Report, new_job
from kb.web.views import Answer, article_url, page, settings_in_force, store
from kb.web.writers import (
    drafts,
    editions,
    editor_from_form,
    engine_or_none,
    file_of,
    finished,
    require_allowed,
    title_of,
    writing,
)

SOON = timedelta(days=60)
AGAIN = timedelta(days=365)
"""How far "still right" moves the date of review."""
MAX_SAYING = 100
"""Characters of an alias that is taken from customers."""
MAX_ROWS = 200
MAX_AT_ONCE = 100_000
"""Articles of a state that are changed together."""


def init_app(app: Flask) -> None:
    for rule, view, methods in (
        ("/review", review, ["GET"]),
        ("/review/saying", decide_saying, ["POST"]),
        ("/review/<path:name>", still_right, ["POST"]),
        ("/state/<path:name>", change_state, ["POST"]),
        ("/states", change_states, ["POST"]),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)


@writing
def review() -> Answer:
    """What asks for a writer's eye: drafts, articles in review, overdue ones, and those due soon."""
    found = awaited()
    return page(
        "review.html",
        drafts=_unfinished(found["drafts"]),
        total=_count("draft"),
        waiting=found["review"],
        overdue=found["overdue"],
        soon=found["soon"],
        again=AGAIN.days,
        sayings=_sayings(),
    )


def _sayings() -> list[Saying]:
    """What customers said in cases, that may become aliases; none where no cases are served, or before an index."""
    engine, settings = engine_or_none(), settings_in_force()
    if engine is None or not settings.serves:
        return []
    return sayings(engine, cases().taught(LOOKED_AT), Refused(store()))


@writing
def decide_saying() -> Answer:
    """Make a saying of customers an alias of its article, as it is or as it was put right; or propose it no more."""
    article, said = request.form.get("article", ""), request.form.get("said", "")
    text = " ".join(request.form.get("text", "").split())[:MAX_SAYING]
    if request.form.get("decision") != "accept" or not text:
        Refused(store()).refuse(article, said)
        flash(say("不再提议“{text}”", "“{text}” will not be proposed again", text=said))
        return redirect(url_for("review", _anchor="sayings"), 303)
    now = file_of(article)
    note = say("采用客户的说法：{text}", "taken from customers: {text}", text=text)
    answer = _change(now.path, {"aliases": with_value("aliases", values_of(now)["aliases"], text)}, note)
    if text != said:
        Refused(store()).refuse(article, said)
    return answer


class Unfinished(NamedTuple):
    """Something that is not finished: an article that is a draft, or what this browser typed and did not save.

    address: where it is written on. article: None for what has no file yet. typed: when something was typed last that
    is not saved, None for nothing.
    """

    title: str
    address: str
    article: Article | None
    typed: datetime | None


def _unfinished(articles: list[Article]) -> list[Unfinished]:
    """Both in one list, what was typed last first."""
    typed = {draft.path: draft for draft in drafts().all()}
    mine = [
        Unfinished(title_of(d.text, d.path), _address(d.path), next((a for a in articles if a.path == p), None), d.at)
        for p, d in typed.items()
    ]
    return mine + [Unfinished(a.title, _address(a.path), a, None) for a in articles if a.path not in typed]


def _address(path: str) -> str:
    if not path.startswith(NEW):
        return url_for("edit", name=path)
    _, kind, token = path.split("/")
    return url_for("new_article", kind=kind, draft=token)


def _count(state: str) -> int:
    engine = engine_or_none()
    return 0 if engine is None else len(engine.in_state(state, MAX_AT_ONCE))


def awaited() -> dict[str, list[Article]]:
    """Articles that wait for somebody: drafts, review, overdue, soon; all empty before there is an index."""
    engine, today = engine_or_none(), date.today()
    if engine is None:
        return {"drafts": [], "review": [], "overdue": [], "soon": []}
    return {
        "drafts": engine.in_state("draft", MAX_ROWS),
        "review": engine.in_state("review", MAX_ROWS),
        "overdue": engine.due(None, today - timedelta(days=1), MAX_ROWS),
        "soon": engine.due(today, today + SOON, MAX_ROWS),
    }


@writing
def still_right(name: str) -> Answer:
    """One click says that an article was read and holds: its review is due a year from now."""
    note = say("复核过，内容仍有效", "reviewed, still valid")
    # That an article still holds can be said by everybody who reads it.
    return _change(name, {"review_after": (date.today() + AGAIN).isoformat()}, note, content=False)


@writing
def change_state(name: str) -> Answer:
    """Bring an article into another state, and change nothing else."""
    state = request.form.get("to", "")
    return _change(name, {"status": state}, label("to", state))


@writing
def change_states() -> Answer:
    """Bring all chosen articles into another state, each by the rules for one; what was refused is told.

    Chosen are single ones, all drafts, or all drafts of an import; many of them are a job, which tells how far it is.
    """
    state, back = request.form.get("to", ""), url_for("review")
    try:
        who, names = editor_from_form(), _chosen()
        if not names:
            raise InputError(say("先勾选文章", "choose articles first"))
    except KbError as error:
        flash(str(error))
        return redirect(back, 303)
    job = new_job()
    progress = job.start(lambda report: (_changed_all(names, state, who, report), back))
    if not progress.ended:
        return redirect(url_for("job", key=job.key), 303)
    job.drop()
    for sentence in progress.told or filter(None, [progress.error]):
        flash(sentence)
    return redirect(back, 303)


def _chosen() -> list[str]:
    """The names of the articles that a form is about. Raises NotFoundError for an import that there is not."""
    engine = engine_or_none()
    if "all" in request.form:
        return [] if engine is None else [a.path for a in engine.in_state("draft", MAX_AT_ONCE)]
    if number := request.form.get("import", type=int):
        drafts = {a.path for a in engine.in_state("draft", MAX_AT_ONCE)} if engine else set()
        brought = Imports(store(), settings_in_force().articles).articles(number)
        return [path for path in brought if path in drafts]
    return list(dict.fromkeys(request.form.getlist("article")))[:MAX_ROWS]


def _changed_all(names: list[str], state: str, who: str, report: Report) -> list[str]:
    """Bring articles into a state, one after the other, and index them together. Returns what to say of it."""
    done: list[str] = []
    refused: list[str] = []
    for count, name in enumerate(names):
        report(label("to", state), count, len(names))
        try:
            done.append(_saved(file_of(name), {"status": state}, who, label("to", state)))
        except KbError as error:
            refused.append(f"{name}{say('：', ': ')}{error}")
    told: list[str] = []
    if done:
        report(say("改好了，正在更新索引", "Changed, updating the index"), 0, 0)
        told = settle(settings_in_force(), done, who, label("to", state)) or [say("已保存", "Saved")]
        told.append(say("{state}：{n} 篇", "{state}: {n} articles", state=label("to", state), n=len(done)))
    if refused:
        more = "\n…" if len(refused) > SHOWN else ""
        why = "\n".join(refused[:SHOWN]) + more
        told.append(say("{n} 篇没有改：\n{why}", "{n} were not changed:\n{why}", n=len(refused), why=why))
    return told


SHOWN = 5
"""Articles that were refused and that a sentence names."""


def _saved(now: ArticleFile, values: dict[str, str], who: str, note: str, content: bool = True) -> str:
    """The path of a file that was saved with other values. Raises ConflictError, InputError, HinderedError.

    content: whether this is a change of what the article says, as far as who may make it is concerned.
    """
    then = edited(now, values)
    require_allowed(now, then, content=content)
    editions().save(then, now.digest, who, note)
    return now.path


def _change(name: str, values: dict[str, str], note: str, content: bool = True) -> Answer:
    now = file_of(name)
    back = url_for("review") if request.form.get("back") == "review" else None
    try:
        who = editor_from_form()
        found = finished([_saved(now, values, who, note, content)], who, note)
    except (ConflictError, InputError) as error:
        flash(str(error))
        found = True
    if back is None and (engine := engine_or_none()) is not None and found:
        back = article_url(engine.article(now.path))
    return redirect(back or url_for("edit", name=now.path), 303)
