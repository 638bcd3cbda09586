"""This module is the pages for a paste: the one box, suggestions as one types, files, masking, and a started write-up.

Nothing of a paste stays here: the log masks what it keeps, and what a mask hid is only in the visitor's page.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from flask import Flask, Response, jsonify, redirect, request, url_for
from werkzeug.exceptions import NotFound

from kb import privacy
from kb.articles.files import render
from kb.articles.lettering import is_available
from kb.database.activity import REASONS
from kb.desk.intake import MAX_BYTES, pasted, read
from kb.desk.memory import Memory
from kb.desk.paste import Paste, answer_paste, is_brief
from kb.desk.writeup import started
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model import HIDDEN_STATUSES, MAX_TEXT, Article
from kb.search.engine import Engine
from kb.search.query import is_paste
from kb.web import forms
from kb.web.cards import cards, matched_words
from kb.web.reading import is_meant, remember_search
from kb.web.security import require_token
from kb.web.verdicts import give, noted, standings
from kb.web.views import Answer, engine_in_force, feedback, page, remembered, visitor
from kb.web.writers import MAX_UPLOAD

MAX_SEEN = 10
"""Articles that travel with a paste because its visitor looked at them."""
MAX_PIECES = 20
"""Pieces of customer data that are shown one by one."""
ADDRESSES = ("ip", "mac")
"""Kinds of customer data that are hidden only when the visitor says so."""

LOGGED = 10_000
"""Characters of a text in which addresses are hidden for the log; it keeps fewer."""


def init_app(app: Flask) -> None:
    app.config["MEMORY"] = Memory(app.config["FEEDBACK"])
    app.jinja_env.globals.update(
        max_file=MAX_BYTES, max_pieces=MAX_PIECES, reasons_here=REASONS, reads_pictures=is_available
    )
    for rule, view, methods in (
        ("/ask", ask, ("POST",)),
        ("/suggest", suggestions, ("GET", "POST")),
        ("/intake", intake, ("POST",)),
        ("/mask", mask, ("POST",)),
        ("/verdict", verdict, ("POST",)),
        ("/draft", draft, ("POST",)),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)


# --- what is asked ---------------------------------------------------------------------------


def ask() -> Answer:
    """The one box: a few words become a search with an address of its own, a paste becomes suggestions."""
    require_token()
    text = _text()
    if not text.strip():
        return redirect(url_for("home"), 303)
    if not is_paste(text):
        return redirect(url_for("results", q=text.strip()), 303)
    return _answered(text)


def suggestions() -> Answer:
    """The answers to a text, and to the file that may come with it."""
    if request.method != "POST":
        return _answered(request.args.get("text", "")[: forms.MAX_QUERY])
    _allow_file()
    require_token()
    text = _text()
    if not request.files.get("file"):
        return _answered(text)
    try:
        told, note = _file()
    except InputError as error:
        return _answered(text, problem=str(error))
    return _answered(f"{text.rstrip()}\n\n{told}".lstrip("\n"), note=note)


def intake() -> Answer:
    """The text of a mail or log file, for a script: {"text": "...", "note": "..."}."""
    _allow_file()
    require_token()
    text, note = _file()
    return jsonify(text=text, note=note)


def mask() -> Answer:
    """The text with placeholders for customer data.

    A script gets {"text": "...", "originals": [[placeholder, original], ...]} and can bring them back. A page without
    one can't: it would have to carry what it hides.
    """
    require_token()
    found = privacy.mask(_text(), _kinds())
    if _is_script():
        return jsonify(text=found.text, originals=[(o.placeholder, o.original) for o in found.originals])
    count = len(found.originals)
    note = say("已打码 {n} 处，原文没有保留", "{n} pieces masked; the originals were not kept", n=count)
    return _answered(found.text, note=note)


def verdict() -> Answer:
    """What the visitor says of a suggested article: a script gets the article's own standing, others the page anew."""
    require_token()
    text = _text()
    said, _, name = request.form.get("verdict", "").partition(" ")
    article = _shown(engine_in_force(), [name])
    if not article:
        raise NotFound(say("没有文章 {name}", "there is no article {name}", name=name))
    kept = _kept(text)
    reason = give(kept, said, article[0].id, _number("search"))
    if not _is_script():
        return _answered(text, note=say("已记下", "Noted"))
    standing = standings(kept, [article[0].id])[article[0].id]
    return page("_verdict.html", standing=standing._replace(reason=reason))


def draft() -> Answer:
    """A started write-up as a file, where articles can't be written in the browser."""
    require_token()
    engine, text = engine_in_force(), _text()
    begun = started(
        text, answer_paste(engine, Paste(text)).identifiers, _shown(engine, request.form.getlist("seen")), _kinds()
    )
    today = date.today()
    article = Article("", "", "case", begun.title, status="draft", created=today, updated=today, body=begun.body)
    headers = {"Content-Disposition": "attachment; filename=KB-draft.md"}
    return Response(render(article), mimetype="text/markdown", headers=headers)


# --- what came with the request ----------------------------------------------------------------


def _text() -> str:
    return pasted(request.form.get("text", ""))


def _allow_file() -> None:
    """A mail may bring large attachments. To be called before the form is read."""
    if request.mimetype == "multipart/form-data":  # its fields keep their bound; only files may be larger
        request.max_content_length = MAX_UPLOAD


def _file() -> tuple[str, str]:
    """(text, note) of the file that was sent. Raises InputError, also when there is none."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InputError(say("请选一个文件", "choose a file"))
    found = read(sent.filename, sent.stream.read())
    return found.text, say("；", "; ").join(found.notes)


def _is_script() -> bool:
    return "X-Part" in request.headers


def _kinds() -> Collection[str]:
    """Kinds of customer data that are hidden from this visitor's log and write-up."""
    return (*privacy.DEFAULT_KINDS, *ADDRESSES) if request.values.get("addresses") == "1" else privacy.DEFAULT_KINDS


def _kept(text: str) -> str:
    """What goes to the log, which hides the rest by itself: the text, without addresses if they are to be hidden."""
    kinds = [kind for kind in ADDRESSES if kind in _kinds()]
    return privacy.masked(text[:LOGGED], kinds) if kinds else text


def _number(field: str) -> int | None:
    """A number that an earlier answer put into the form."""
    sent = request.values.get(field, "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 16 else None


def _shown(engine: Engine, names: Sequence[str]) -> list[Article]:
    """The articles of these numbers that everybody may see."""
    found: list[Article] = []
    for name in names[:MAX_SEEN]:
        with suppress(NotFoundError):
            article = engine.article(name)
            if article.status not in HIDDEN_STATUSES:
                found.append(article)
    return found


# --- what is answered --------------------------------------------------------------------------


class Private(NamedTuple):
    """Customer data in a paste. pieces: value -> kind; addresses: how many would come if they were chosen."""

    pieces: dict[str, str]
    addresses: int
    chosen: bool


def _answered(text: str, note: str = "", problem: str = "") -> Answer:
    """The whole page, or, for a script that asks while one types, only the answers.

    note, problem: sentences about what became of the text.
    """
    values: dict[str, object] = {
        "text": text,
        "note": note,
        "problem": problem,
        "found": None,
        "cards": (),
        "exact": _exact(),
        "logged": feedback().kept,
    }
    if text.strip():
        values |= _answers(text)
    return page("_answers.html" if _is_script() else "suggest.html", **values)


def _answers(text: str) -> dict[str, object]:
    engine, answers = engine_in_force(), forms.answers_from(request.values)
    found = answer_paste(engine, Paste(text, answers=answers, exact=_exact()), remembered())
    numbers = [s.article.id for s in found.suggestions]
    anew = "anew" in request.values  # else the text of before goes on, and is still one search
    before = None if anew else _number("search")
    seen = [] if anew else _shown(engine, request.values.getlist("seen"))
    kept = _kept(text)
    search = None
    if is_meant():
        best, mine = found.best, visitor()
        search = noted(lambda f: f.log_search("suggest", kept, numbers, len(numbers), best, mine, before), None)
    remember_search(search)
    looked_at = {a.id: a for a in (*seen, *(s.article for s in found.suggestions))}
    private = _private(text)
    brief = is_brief(text, found.identifiers) and not answers
    return {
        "found": found,
        "brief": brief,
        "near": (*found.suggestions, *found.related) if brief else found.related,
        "identifiers": [i for i in found.identifiers if not any(i.text in piece for piece in private.pieces)],
        "cards": () if brief else cards(engine, text, found, standings(kept, numbers)),
        "words": matched_words(found),
        "private": private,
        "search": search,
        "seen": [a.id for a in seen],
        "write_up": started(text, found.identifiers, looked_at.values(), _kinds()),
    }


def _exact() -> bool:
    return request.values.getlist("exact")[-1:] == ["1"]  # a button's own value comes after the one in force


def _private(text: str) -> Private:
    every = privacy.find(text[:MAX_TEXT], (*privacy.DEFAULT_KINDS, *ADDRESSES))
    kinds = _kinds()
    pieces = {text[start:end]: kind for start, end, kind in every if kind in kinds}
    addresses = {text[start:end] for start, end, kind in every if kind in ADDRESSES}
    return Private(pieces, len(addresses), kinds != privacy.DEFAULT_KINDS)
