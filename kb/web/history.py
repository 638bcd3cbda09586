"""This module is the pages about an article's file: its history, restoring a version, another name."""

from typing import Any

from flask import Flask, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound

from kb.articles.files import ArticleFile
from kb.articles.writing.diff import compare
from kb.articles.writing.form import restored
from kb.articles.writing.rename import checked_path, move
from kb.articles.writing.save import MAX_EDITOR, MAX_NOTE, Revision
from kb.errors import ConflictError, InputError, KbError
from kb.language import say
from kb.web.views import Answer, page, store
from kb.web.writers import (
    drafts,
    editions,
    editor,
    editor_from_form,
    file_of,
    finished,
    require_allowed,
    writing,
)


def init_app(app: Flask) -> None:
    for rule, view, methods in (
        ("/history/<path:name>", history, ["GET"]),
        ("/restore/<path:name>", restore, ["POST"]),
        ("/rename/<path:name>", rename, ["GET", "POST"]),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)


@writing
def history(name: str) -> Answer:
    """Every version that was saved; with ?old= and ?new= (a version's number, or now), what differs."""
    now = file_of(name)
    versions = editions().history(now.path)
    shown: dict[str, Any] = {"rows": None}
    if "old" in request.args:
        old, new = (_version(versions, now, request.args.get(side, "now")) for side in ("old", "new"))
        shown = {"rows": compare(old[1], new[1]), "old": old[0], "new": new[0]}
    outside = bool(versions) and editions().changed_outside(now)
    return page("history.html", file=now, versions=versions, outside=outside, bound=MAX_EDITOR, **shown)


def _version(versions: list[Revision], now: ArticleFile, wanted: str) -> tuple[Revision | None, str]:
    """A version and its text; None and the file's own for now. Raises NotFound."""
    if wanted == "now":
        return None, now.text
    found = next((v for v in versions if str(v.id) == wanted), None)
    if found is None:
        raise NotFound(say("没有这个版本", "there is no such version"))
    return found, found.text


@writing
def restore(name: str) -> Answer:
    """Save the text of an old version once more; the state stays as it is, and the rules of every save hold."""
    now = file_of(name)
    found, text = _version(editions().history(now.path), now, request.form.get("revision", ""))
    try:
        who = editor_from_form()
        then = restored(now, text)
        require_allowed(now, then)
        at = "" if found is None else f"{found.at.astimezone():%Y-%m-%d %H:%M}"
        note = say("恢复 {at} 的内容", "restored the text of {at}", at=at)
        editions().save(then, request.form.get("base", ""), who, note)
    except (ConflictError, InputError) as error:
        flash(str(error))
        return redirect(url_for("history", name=now.path), 303)
    drafts().discard(now.path)
    finished([now.path], who, note)
    return redirect(url_for("history", name=now.path), 303)


@writing
def rename(name: str) -> Answer:
    """Another file name: its links and those of others to it follow, and its old addresses lead on."""
    now = file_of(name)
    wanted = request.form.get("to", now.path)
    error = ""
    if request.method == "POST":
        try:
            who, to = editor_from_form(), checked_path(wanted)
            note = request.form.get("note", "").strip()[:MAX_NOTE] or say(
                "从 {old} 移到 {new}", "moved from {old} to {new}", old=now.path, new=to
            )
            touched = move(editions(), store(), now.path, to, request.form.get("base", ""), who, note)
            if touched:
                finished(touched, who, note)
            return redirect(url_for("edit", name=to), 303)
        except KbError as problem:
            error = str(problem)
    bounds = {"editor": MAX_EDITOR, "note": MAX_NOTE}
    response = page("rename.html", file=now, wanted=wanted, error=error, bounds=bounds, name=editor())
    response.status_code = 422 if error else 200
    return response
