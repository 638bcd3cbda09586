"""This module reads tables of customers, devices and parts in: what one would change is shown before it is written."""

from flask import Flask, Response, flash, redirect, request, url_for
from werkzeug.exceptions import NotFound

from kb.errors import ArticleError, InputError, NotFoundError
from kb.language import say
from kb.service.assets.importing import COLUMNS, Imports, Seen
from kb.web.cases.files import allow_files
from kb.web.cases.shared import author, cases, serving
from kb.web.views import Answer, page, store


def init_app(app: Flask) -> None:
    app.add_url_rule("/assets/<kind>", view_func=serving(show), endpoint="import_assets")
    app.add_url_rule("/assets/<kind>", view_func=serving(act), endpoint="write_assets", methods=["POST"])


def _imports(kind: str) -> Imports:
    if kind not in COLUMNS:
        raise NotFound()
    return Imports(store(), cases().policy)


def show(kind: str) -> Answer:
    return _page(kind, _imports(kind))


def act(kind: str) -> Answer:
    """Look at a file, write what was looked at, or take back what was written."""
    allow_files()
    imports, action = _imports(kind), request.form.get("action", "look")
    try:
        who = author().name
        if action == "write":
            done = imports.write_kept(request.form.get("number", 0, int), who)
            flash(say("已写入 {name}：{n} 行", "{name} was written: {n} rows", name=done.name, n=done.rows))
            return redirect(url_for("import_assets", kind=kind), 303)
        if action == "undo":
            imports.undo(request.form.get("number", 0, int), who)
            flash(say("已撤销", "Taken back"))
            return redirect(url_for("import_assets", kind=kind), 303)
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise InputError(say("请选一个文件", "choose a file"))
        return _page(kind, imports, imports.look(kind, sent.stream.read(), sent.filename, who, keep=True))
    except (InputError, ArticleError, NotFoundError) as error:
        return _page(kind, imports, problem=str(error)), 422


def _page(kind: str, imports: Imports, seen: Seen | None = None, problem: str = "") -> Response:
    done = [i for i in imports.all() if i.kind == kind]
    columns = [(c, c.key in COLUMNS[kind][1]) for c in COLUMNS[kind][0]]
    return page("assets/import.html", kind=kind, seen=seen, problem=problem, done=done, columns=columns)
