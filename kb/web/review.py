"""This module is the pages that keep articles right: what waits for review, what is overdue, and changing a state."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from flask import Flask, flash, redirect, request, url_for

from kb.articles.files import ArticleFile
from kb.articles.writing.form import edited
from kb.articles.writing.workflow import require_allowed
from kb.errors import ConflictError, InputError, KbError
from kb.labels import label
from kb.language import say
from kb.model import Article
from kb.web.editor import NEW
from kb.web.views import Answer, article_url, page, settings_in_force
from kb.web.writers import (
    drafts,
    editions,
    editor_from_form,
    engine_or_none,
    file_of,
    finished,
    title_of,
    writing,
)

SOON = timedelta(days=60)
AGAIN = timedelta(days=365)
"""How far "still right" moves the date of review."""
MAX_ROWS = 200


def init_app(app: Flask) -> None:
    for rule, view, methods in (
        ("/review", review, ["GET"]),
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
        waiting=found["review"],
        overdue=found["overdue"],
        soon=found["soon"],
        again=AGAIN.days,
    )


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
    note = say("复核过，内容仍有效", "reviewed, still right")
    # That an article still holds can be said by everybody who reads it.
    return _change(name, {"review_after": (date.today() + AGAIN).isoformat()}, note, content=False)


@writing
def change_state(name: str) -> Answer:
    """Bring an article into another state, and change nothing else."""
    state = request.form.get("to", "")
    return _change(name, {"status": state}, label("to", state))


@writing
def change_states() -> Answer:
    """Bring all chosen articles into another state, each by the rules for one; what was refused is told."""
    state = request.form.get("to", "")
    chosen = list(dict.fromkeys(request.form.getlist("article")))[:MAX_ROWS]
    done: list[str] = []
    refused: list[str] = []
    try:
        who = editor_from_form()
        if not chosen:
            raise InputError(say("先勾选文章", "choose articles first"))
        for name in chosen:
            try:
                done.append(_saved(file_of(name), {"status": state}, who, label("to", state)))
            except KbError as error:
                refused.append(f"{name}{say('：', ': ')}{error}")
        if done:
            finished(done, who, label("to", state))
            flash(say("{state}：{n} 篇", "{state}: {n} articles", state=label("to", state), n=len(done)))
        if refused:
            more = "\n…" if len(refused) > SHOWN else ""
            why = "\n".join(refused[:SHOWN]) + more
            flash(say("{n} 篇没有改：\n{why}", "{n} were not changed:\n{why}", n=len(refused), why=why))
    except InputError as error:
        flash(str(error))
    return redirect(url_for("review"), 303)


SHOWN = 5
"""Articles that were refused and that a sentence names."""


def _saved(now: ArticleFile, values: dict[str, str], who: str, note: str, content: bool = True) -> str:
    """The path of a file that was saved with other values. Raises ConflictError, InputError, HinderedError.

    content: whether this is a change of what the article says, as far as who may make it is concerned.
    """
    then = edited(now, values)
    require_allowed(settings_in_force(), now, then, who, content=content)
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
