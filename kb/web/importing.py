"""This module is the import page: upload documents or old tickets, see what would come of them, then let it be done."""

import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, flash, redirect, request, url_for
from werkzeug.datastructures import FileStorage

from kb.articles.atomic import usable
from kb.articles.files import relative
from kb.articles.importing import columns
from kb.articles.importing.model import Options
from kb.articles.importing.plan import bounded_plan, carry_out
from kb.articles.importing.readers import SUFFIXES
from kb.errors import InputError, KbError
from kb.labels import label
from kb.language import say
from kb.model.schema import AREAS, KINDS
from kb.web.views import Answer, page, settings_in_force, visitor
from kb.web.writers import editions, editor, editor_from_form, finished, writing

WAITING = ".uploads"
"""Where an upload lies between the look at it and its import: beside the index, which holds nothing of worth."""
HOURS = 24
SECONDS = 120
"""Of a processor for one import."""
SHOWN = 200


@dataclass(frozen=True)
class Upload:
    """A file that waits to be imported. key: 16 hex digits; only the browser that sent it knows them."""

    key: str
    file: Path


def init_app(app: Flask) -> None:
    app.add_url_rule("/import", view_func=import_, methods=["GET", "POST"])


@writing
def import_() -> Answer:
    """The form; after an upload what would be imported (nothing is written); on the button's word the import."""
    settings = settings_in_force()
    options = Options(
        kind=_one_of("kind", KINDS),
        area=_one_of("area", (*AREAS, *settings.areas)),
        columns={} if _sent() else _chosen_columns(),
        mask="mask" in request.form or request.method == "GET",
        areas=settings.areas,
        max_file_kb=settings.max_file_kb,
    )
    upload, planned, error = None, None, ""
    if request.method == "POST":
        try:
            upload = _waiting(settings.index / WAITING)
            if request.form.get("action") != "import":
                planned = bounded_plan([upload.file], settings.articles, options, SECONDS)
            else:
                with editions().locked():  # between the plan and what is made of it nobody saves
                    planned = bounded_plan([upload.file], settings.articles, options, SECONDS)
                    who = editor_from_form()
                    made = carry_out(planned)
                shutil.rmtree(upload.file.parent, ignore_errors=True)
                note = say("从 {name} 导入", "imported from {name}", name=upload.file.name)
                finished([relative(path, settings.articles) for path in made], who, note)
                flash(say("导入了 {n} 篇，都是草稿或带着自己的状态", "{n} articles were imported", n=len(made)))
                return redirect(url_for("review"), 303)
        except KbError as problem:
            error = str(problem)
    response = page(
        "import.html",
        upload=upload,
        planned=planned,
        options=options,
        error=error,
        kinds=KINDS,
        areas=(*AREAS, *settings.areas),
        targets=_targets(options.kind if options.kind in columns.SECTIONS else "case"),
        suffixes=",".join(SUFFIXES),
        name=editor(),
        shown=SHOWN,
    )
    response.status_code = 422 if error else 200
    return response


def _targets(kind: str) -> dict[str, str]:
    """What a column may become in an article of that kind -> its name: a key's, or a section's heading."""
    names = {role: say(known[0], known[-1]) for role, known in columns.SECTIONS[kind].items()}
    return {target: names.get(target, label("key", target)) for target in columns.targets(kind)}


def _sent() -> FileStorage | None:
    """The file that came with this request; a browser sends an empty field, too."""
    file = request.files.get("file")
    return file if file is not None and file.filename else None


def _chosen_columns() -> dict[str, str]:
    prefix = "column:"
    return {k.removeprefix(prefix): v for k, v in request.form.items() if k.startswith(prefix)}


def _one_of(field: str, known: tuple[str, ...]) -> str:
    value = request.form.get(field, "")
    return value if value in known else ""


def _waiting(folder: Path) -> Upload:
    """The file that came with this request, or the one that came before it. Raises InputError."""
    sent = _sent()
    if sent is None:
        key = request.form.get("upload", "")
        found = list((folder / f"{visitor()}-{key}").glob("*")) if re.fullmatch("[0-9a-f]{16}", key) else []
        if not found:
            raise InputError(say("选一个文件再继续", "choose a file first"))
        return Upload(key, found[0])
    name = str(sent.filename).replace("\\", "/").rpartition("/")[2]
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            say("{name}：只收 {known}", "{name}: only {known} are taken", name=name, known="、".join(SUFFIXES))
        )
    _clear(folder)
    key = secrets.token_hex(8)
    place = folder / f"{visitor()}-{key}"
    place.mkdir(mode=0o700, parents=True)
    file = place / usable(name[-100:])
    sent.save(file)
    return Upload(key, file)


def _clear(folder: Path) -> None:
    """Drop what this browser sent before, and what nobody came back for."""
    for place in folder.glob("*"):
        old = place.stat().st_mtime < time.time() - HOURS * 3600
        if old or place.name.startswith(f"{visitor()}-"):
            shutil.rmtree(place, ignore_errors=True)
