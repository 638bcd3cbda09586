"""This module is the pages to write an article: new, edit, preview, save, and what to do when two editors met."""

import re
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from flask import Flask, Response, flash, g, jsonify, redirect, render_template, request, url_for

from kb.articles.check import Problem
from kb.articles.files import ArticleFile
from kb.articles.pictures import MAX_BYTES as MAX_PICTURE
from kb.articles.templates import template
from kb.articles.writing import images
from kb.articles.writing.boxes import boxes, joined
from kb.articles.writing.diff import compare, merged
from kb.articles.writing.form import changes_of, edited, values_of
from kb.articles.writing.sittings import is_token
from kb.articles.writing.workflow import HinderedError, next_states
from kb.errors import ArticleError, ConflictError, InputError, KbError
from kb.labels import label
from kb.language import current, say
from kb.model.schema import KINDS, NAMES
from kb.privacy import ARTICLE_KINDS, masked
from kb.web import writers
from kb.web.editor import NEW, Form, form_of, form_page, sent, side_of
from kb.web.forms import MAX_NAME
from kb.web.identity import may
from kb.web.views import Answer, article_url, page, person, settings_in_force
from kb.web.writers import drafts, editions, file_of, finished, sittings, writing

REVIEW = timedelta(days=2 * 365)
"""How far the review of a new article is away."""


def init_app(app: Flask) -> None:
    for rule, view, methods in (
        ("/new", new_article, ["GET", "POST"]),
        ("/edit/<path:name>", edit, ["GET"]),
        ("/save", save_article, ["POST"]),
        ("/preview", preview, ["POST"]),
        ("/images", image, ["POST"]),
        ("/sitting", sitting, ["POST"]),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)
    app.jinja_env.filters.update(moment=writers.moment, is_day=writers.is_day)
    app.jinja_env.globals.update(editor_name=writers.editor, states_from=_states_from)


# --- opening -----------------------------------------------------------------------------------


@writing
def new_article() -> Answer:
    """The choice of a template, an empty form, one filled from a paste, or one that was left unsaved."""
    kind = request.values.get("kind", "")
    if kind not in KINDS:
        return page("new.html", drafts=len(drafts().all()))
    token = request.args.get("draft", "")
    path = f"{NEW}{kind}/{token if re.fullmatch('[0-9a-f]{8}', token) else secrets.token_hex(4)}"
    draft = drafts().find(path)
    if draft is not None:
        return form_page(form_of(ArticleFile.of(path, draft.text), ""), None, draft=draft)
    today = date.today()
    values = {
        "kind": kind,
        "title": request.form.get("title", ""),
        "created": today.isoformat(),
        "updated": today.isoformat(),
        "review_after": (today + REVIEW).isoformat(),
    }
    body = request.form.get("text", "").replace("\r\n", "\n") or _empty(kind)
    return form_page(Form(path, "", dict.fromkeys(NAMES, "") | values, body), None)


def _empty(kind: str) -> str:
    """The text a new article begins with; where each section has a box, the boxes are empty."""
    written = template(kind, current())
    sections = boxes(written, kind)
    return joined((box.heading, "") for box in sections) if sections else written


@writing
def edit(name: str) -> Answer:
    now = file_of(name)
    draft = drafts().find(now.path)
    if draft is not None and draft.text != now.text:
        kept = form_of(ArticleFile.of(now.path, draft.text), draft.base)
        return form_page(kept, now, draft=draft, outdated=draft.base != now.digest)
    return form_page(form_of(now, now.digest, "whole" in request.args), now)


# --- saving ------------------------------------------------------------------------------------


@writing
def save_article() -> Answer:
    """What the form's buttons do: save, save in another state, keep or drop the draft, preview, mask, add a picture."""
    form = sent()
    now = _now(form)
    action = request.form.get("action", "save")
    if action == "draft":
        return _keep_draft(form, now)
    if action == "discard":
        sittings().close(form.sitting, form.path)
        return redirect(url_for("new_article") if now is None else url_for("edit", name=now.path), 303)
    if action == "mask":
        values = {key: masked(value, ARTICLE_KINDS) for key, value in form.values.items()}
        return _shown_again(replace(form, values=values, body=masked(form.body, ARTICLE_KINDS)), now)
    if action == "preview":
        return _shown_again(form, now)
    if action in ("flat", "sections"):
        return _shown_again(replace(form, flat=action == "flat"), now)
    if action == "image":
        return _with_image(form, now)
    try:
        return _saved_before(form, now, action) or _save(form, now, action)
    except ConflictError:
        return _conflict(form)
    except KbError as error:
        return _refused(form, now, str(error))


def _now(form: Form) -> ArticleFile | None:
    """The file that a form is about as it is, None for a new article."""
    return None if form.new else file_of(form.path)


def _saved_before(form: Form, now: ArticleFile | None, action: str) -> Answer | None:
    """Where a form leads that was saved already, as by a second click or the browser's way back; None for others.

    Raises InputError when it says something else by now: a second article would come of it, or a conflict.
    """
    path = sittings().saved_as(form.sitting) if form.sitting else ""
    if not path:
        return None
    saved = editions().open(path)
    same = saved.text == _written(form, now, action).text if now else saved.article.body.strip() == form.body.strip()
    if same:
        return redirect(article_url(saved.strict()), 303)
    if now is not None:
        return None
    raise InputError(
        say(
            "这一篇已经保存为 {number}；要接着改，请打开它编辑，把这里改过的内容带过去",
            "this was saved as {number} already; open and edit that one, and take along what you changed here",
            number=saved.number,
        )
    )


def _save(form: Form, now: ArticleFile | None, action: str) -> Answer:
    """Raises KbError and its kin; then nothing was written."""
    if now is not None and now.digest != form.base:
        raise ConflictError
    name = writers.editor_from_form()
    settings, then = settings_in_force(), _written(form, now, action)
    try:
        writers.require_allowed(now, then)
    except HinderedError as error:
        return _refused(form, now, say("没有保存：先改好下面这些", "not saved: fix these first"), error.problems)
    if now is None:
        values = {**form.values, "kind": form.kind, "status": then.status}
        pictures = partial(images.settle, settings.articles, form.body, _pictures_of(form))
        saved = editions().create(values, pictures, name, form.note)
    else:
        saved = editions().save(then, form.base, name, form.note)
    sittings().close(form.sitting, form.path, saved.path)
    if finished([saved.path], name, form.note or say("修改 {path}", "change {path}", path=saved.path)):
        return redirect(article_url(saved.strict()), 303)
    return redirect(url_for("edit", name=saved.path), 303)


def _written(form: Form, now: ArticleFile | None, action: str) -> ArticleFile:
    """The file a form asks for, in the state of its button, and dated today where it says so. Raises ArticleError."""
    if form.whole:
        file, body = ArticleFile.of(form.place, form.body), None
    else:
        file, body = now or ArticleFile.of(form.place, ""), form.body
    if form.whole and file.error:
        return file
    values = {} if form.whole else dict(form.values)
    to = action.removeprefix("to:") if action.startswith("to:") else "" if now else "draft"
    if to and (to != file.status or not file.text):
        values["status"] = to
    if now is not None and now.error is None and "touch" in request.form:
        differs = changes_of(file, values) or file.text != now.text or body not in (None, now.article.body)
        day = {"updated": values.get("updated", values_of(file)["updated"])}
        if differs and not changes_of(now, day):
            values["updated"] = date.today().isoformat()
    return edited(file, values, body)


def _refused(form: Form, now: ArticleFile | None, error: str, problems: list[Problem] | None = None) -> Answer:
    response = _shown_again(replace(form, error=error, problems=problems or [], tried=True), now)
    response.status_code = 422
    return response


def _shown_again(form: Form, now: ArticleFile | None) -> Response:
    """The answer to a form that was sent: what was typed is a draft, too, and the page has an address."""
    with suppress(ConflictError):  # of a form that was saved before: it is shown, and no draft
        _remember(form, now)
    g.address = _draft_address(form)
    return form_page(form, now)


def _keep_draft(form: Form, now: ArticleFile | None) -> Answer:
    at = _remember(form, now)
    if at is None:
        raise InputError(say("太长，草稿没有保存", "too long, the draft was not saved"))
    if request.headers.get("X-Part"):
        return jsonify(at=writers.moment(at), address=_draft_address(form))
    flash(say("草稿已保存", "Draft saved"))
    return redirect(_draft_address(form), 303)


def _remember(form: Form, now: ArticleFile | None) -> datetime | None:
    """Keep a draft of a form; None when it is longer than an article may be."""
    try:
        text = form.file(now).text
    except ArticleError:
        text = form.body
    if len(text.encode("utf8", "replace")) > settings_in_force().max_file_kb * 1024:
        return None
    return drafts().keep(form.path, text, form.base, form.sitting)


def _draft_address(form: Form) -> str:
    if not form.new:
        return url_for("edit", name=form.path)
    _, kind, token = form.path.split("/")
    return url_for("new_article", kind=kind, draft=token)


def _conflict(form: Form) -> Answer:
    """Both texts, their differences, and a form that would save over the other one's knowingly."""
    now = file_of(form.path)
    try:
        mine = form.file(now).text
    except ArticleError:
        mine = form.body
    with suppress(ConflictError):
        _remember(form, now)
    g.address = _draft_address(form)
    started_from = editions().version_of(now, form.base)
    shown = replace(form, base=now.digest)
    both: list[str] = []
    mergeable = started_from is not None and not form.whole
    if started_from is not None and mergeable:
        shown, both = _merged(shown, ArticleFile.of(now.path, started_from), now)
    last = next(iter(editions().history(now.path)), None)
    response = form_page(
        shown,
        now,
        "conflict.html",
        rows=compare(now.text, mine),
        theirs=now.text,
        mine=mine,
        last=last,
        mergeable=mergeable,
        both=both,
    )
    response.status_code = 409
    return response


def _merged(form: Form, base: ArticleFile, theirs: ArticleFile) -> tuple[Form, list[str]]:
    """What only the other one changed is taken over, key by key and section by section; what both did stays mine.

    Returns the form and the names of what both changed.
    """
    was, other = values_of(base), values_of(theirs)
    values = {k: other[k] if v == was[k] else v for k, v in form.values.items()}
    both = [label("key", k) for k, v in form.values.items() if v != was[k] and other[k] not in (was[k], v)]
    body, sections = merged(base.article.body, form.body, theirs.article.body)
    names = [s.removeprefix("## ") or say("正文", "Text") for s in sections]
    return replace(form, values=values, body=body), both + names


# --- pictures ----------------------------------------------------------------------------------


@writing
def image() -> Answer:
    """Store a picture that was pasted, dropped or chosen. Returns the Markdown to insert."""
    form = sent()
    return jsonify(markdown=_store_image(form, _now(form)))


def _with_image(form: Form, now: ArticleFile | None) -> Answer:
    try:
        link = _store_image(form, now)
    except KbError as error:
        return _refused(form, now, str(error))
    return _shown_again(replace(form, body=form.body.rstrip("\n") + f"\n\n{link}\n"), now)


def _store_image(form: Form, now: ArticleFile | None) -> str:
    file = request.files.get("image")
    alt = request.form.get("alt", "")
    if file is None or not file.filename:
        raise InputError(say("请选择图片", "choose a picture"))
    images.shown(alt, "")  # before anything is stored
    raw = file.stream.read(MAX_PICTURE + 1)
    root = settings_in_force().articles
    if now is None:  # its folder is not known yet: the picture waits at the top
        return images.shown(alt, "/" + images.add(root, "new.md", _pictures_of(form), raw))
    number = now.strict().id
    return images.shown(alt, images.add(root, form.path, number.rpartition("/")[2], raw))


def _pictures_of(form: Form) -> str:
    """What the pictures of a new article are called until it has a number."""
    return "new-" + form.path.rpartition("/")[2]


# --- who else ---------------------------------------------------------------------------------


@writing
def sitting() -> Answer:
    """A script says that a form is still open, or that it was left, and hears who else writes in the article."""
    token = request.form.get("sitting", "")
    if not is_token(token):
        raise InputError(say("没有打开的编辑页", "no form is open"))
    if "left" in request.form:
        sittings().leave(token)
        return jsonify(others=[])
    sittings().stay(token, writers.editor() if person() else request.form.get("editor", ""))
    path = request.form.get("path", "")[:MAX_NAME]
    return jsonify(others=writers.others(path) if path.startswith(NEW) or writers.is_seen(path) else [])


# --- showing -----------------------------------------------------------------------------------


@writing
def preview() -> Answer:
    """Preview, findings and proposals by themselves, for a script that asks while one types."""
    form = sent()
    return Response(render_template("_editing.html", form=form, **side_of(form, _now(form))), mimetype="text/html")


def _states_from(state: str) -> list[str]:
    """The states that who asks may bring an article into from another."""
    return next_states(state, may("publish"))
