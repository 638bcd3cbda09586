"""This module is the import page: upload documents or old tickets, see what would come of them, then let it be done.

An import stands in a list from which it can be taken back as a whole, and a mapping of columns keeps its name.
"""

import re
import secrets
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from flask import Flask, flash, redirect, request, url_for
from werkzeug.datastructures import FileStorage

from kb.articles.atomic import usable
from kb.articles.files import left_out, relative
from kb.articles.importing import columns
from kb.articles.importing.mappings import Mappings
from kb.articles.importing.model import Options, Plan
from kb.articles.importing.plan import bounded_plan
from kb.articles.importing.readers import SUFFIXES, reader_of
from kb.articles.importing.undo import Imports
from kb.errors import ConflictError, InputError, KbError
from kb.labels import label
from kb.language import say
from kb.model.schema import AREAS, KINDS
from kb.web.views import Answer, page, settings_in_force, store, visitor
from kb.web.writers import MAX_FILES, MAX_IMPORT, editions, editor, editor_from_form, finished, moment, writing

WAITING = ".uploads"
"""Where an upload lies between the look at it and its import: beside the index, which holds nothing of worth."""
HOURS = 24
SECONDS = 300
"""Of a processor for one import."""
SHOWN = 200
READ = 20
"""Articles whose text is shown before they are written."""
READ_LENGTH = 3000


@dataclass(frozen=True)
class Upload:
    """Files and folders that wait to be imported. key: 16 hex digits; only the browser that sent it knows them."""

    key: str
    place: Path

    @property
    def sources(self) -> list[Path]:
        return sorted(self.place.iterdir())

    @property
    def name(self) -> str:
        names = [source.name for source in self.sources]
        return say("、", ", ").join(names[:3]) + (f" … ({len(names)})" if len(names) > 3 else "")


def init_app(app: Flask) -> None:
    app.add_url_rule("/import", view_func=import_, methods=["GET", "POST"])
    app.add_url_rule("/import/<int:number>/undo", view_func=undo, methods=["POST"])


@partial(writing, most=MAX_IMPORT, parts=MAX_FILES)
def import_() -> Answer:
    """The form; after an upload what would be imported (nothing is written); on the button's word the import."""
    settings = settings_in_force()
    mappings = Mappings(store())
    upload, planned, error, options = None, None, "", Options()
    try:
        options = _options(mappings)
        if request.method == "POST":
            upload = _waiting(settings.index / WAITING)
            if request.form.get("action") != "import":
                planned = bounded_plan(upload.sources, settings.articles, options, SECONDS)
                if request.form.get("action") == "save-mapping":
                    saved = mappings.save(request.form.get("save_mapping", ""), dict(planned.columns))
                    flash(say("列的对应已保存为“{name}”", "the mapping is saved as '{name}'", name=saved))
            else:
                return _imported(upload, options)
    except KbError as problem:
        error = str(problem)
    return _form(upload, planned, options, error)


def _form(upload: Upload | None, planned: Plan | None, options: Options, error: str) -> Answer:
    settings = settings_in_force()
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
        mappings=Mappings(store()).names(),
        mapping=request.form.get("mapping", ""),
        imports=Imports(store(), settings.articles).last(),
        again=request.args.get("again", type=int),
        moment=moment,
        name=editor(),
        shown=SHOWN,
        read=READ,
        read_length=READ_LENGTH,
    )
    response.status_code = 422 if error else 200
    return response


def _options(mappings: Mappings) -> Options:
    """What the form says. Raises NotFoundError for a mapping that is no more."""
    settings = settings_in_force()
    chosen = request.form.get("mapping", "")
    # Another file, or another mapping: the columns that the form shows are those of the last look.
    anew = bool(_sent()) or chosen != request.form.get("mapping_was", chosen)
    return Options(
        kind=_one_of("kind", KINDS),
        area=_one_of("area", (*AREAS, *settings.areas)),
        columns={} if anew else _chosen_columns(),
        usual=mappings.find(chosen) if chosen else {},
        mask="mask" in request.form or request.method == "GET",
        areas=settings.areas,
        max_file_kb=settings.max_file_kb,
    )


def _imported(upload: Upload, options: Options) -> Answer:
    settings = settings_in_force()
    with editions().locked():  # between the plan and what is made of it nobody saves
        planned = bounded_plan(upload.sources, settings.articles, options, SECONDS)
        who = editor_from_form()
        names = [source.name for source in upload.sources]
        made, _ = Imports(store(), settings.articles).carry_out(planned, names, who)
    note = say("从 {name} 导入", "imported from {name}", name=upload.name)
    shutil.rmtree(upload.place, ignore_errors=True)
    finished([relative(path, settings.articles) for path in made], who, note)
    flash(say("导入了 {n} 篇，都是草稿或带着自己的状态", "{n} articles were imported", n=len(made)))
    return redirect(url_for("review"), 303)


@writing
def undo(number: int) -> Answer:
    """Take an import back as a whole; asked again where articles of it were changed since."""
    settings = settings_in_force()
    try:
        who = editor_from_form()
        with editions().locked():
            gone = Imports(store(), settings.articles).undo(number, "changed_too" in request.form)
        finished(gone, who, say("撤回第 {n} 次导入", "import {n} taken back", n=number))
        told = ("撤回了 {n} 篇，文件移到了 .undone", "{n} articles were taken back; their files moved to .undone")
        flash(say(*told, n=len(gone)))
    except ConflictError as error:
        flash(str(error))
        return redirect(url_for("import_", again=number, _anchor="imports"), 303)
    except InputError as error:
        flash(str(error))
    return redirect(url_for("import_", _anchor="imports"), 303)


def _targets(kind: str) -> dict[str, str]:
    """What a column may become in an article of that kind -> its name: a key's, or a section's heading."""
    names = {role: say(known[0], known[-1]) for role, known in columns.SECTIONS[kind].items()}
    return {target: names.get(target, label("key", target)) for target in columns.targets(kind)}


def _sent() -> list[tuple[str, FileStorage]]:
    """The files that came with this request, by their paths: of folders below them, else their names alone.

    A browser sends an empty field, too.
    """
    files = [(_parts(f.filename)[-1:], f) for f in request.files.getlist("file") if f.filename]
    files += [(_parts(f.filename), f) for f in request.files.getlist("folder") if f.filename]
    return [("/".join(parts), f) for parts, f in files if parts and not any(map(left_out, parts))]


def _parts(name: str | None) -> list[str]:
    """The parts of a path that stay within a folder, as every system can hold them."""
    parts = str(name).replace("\\", "/").split("/")
    return [usable(part[-100:]) for part in parts if part.strip(". ")]


def _chosen_columns() -> dict[str, str]:
    prefix = "column:"
    return {k.removeprefix(prefix): v for k, v in request.form.items() if k.startswith(prefix)}


def _one_of(field: str, known: tuple[str, ...]) -> str:
    value = request.form.get(field, "")
    return value if value in known else ""


def _waiting(folder: Path) -> Upload:
    """What came with this request, or what came before it. Raises InputError."""
    sent = _sent()
    if not sent:
        key = request.form.get("upload", "")
        place = folder / f"{visitor()}-{key}"
        if not re.fullmatch("[0-9a-f]{16}", key) or not place.is_dir():
            raise InputError(say("选一个文件再继续", "choose a file first"))
        return Upload(key, place)
    for path, _ in sent:
        if "/" not in path:
            reader_of(Path(path))
    _clear(folder)
    key = secrets.token_hex(8)
    place = folder / f"{visitor()}-{key}"
    place.mkdir(mode=0o700, parents=True)
    stems: set[str] = set()
    for path, file in sent:
        target = place / (path if "/" in path else _free(path, stems))
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_dir():
            file.save(target)
    return Upload(key, place)


def _free(name: str, stems: set[str]) -> str:
    """The name of a file whose article will not have the name of another one's: guide.pdf beside guide.docx."""
    pure = PurePosixPath(name)
    stem = next(
        s for s in (pure.stem, *(f"{pure.stem}-{i}" for i in range(2, MAX_FILES + 2))) if s.lower() not in stems
    )
    stems.add(stem.lower())
    return stem + pure.suffix


def _clear(folder: Path) -> None:
    """Drop what this browser sent before, and what nobody came back for."""
    for place in folder.glob("*"):
        old = place.stat().st_mtime < time.time() - HOURS * 3600
        if old or place.name.startswith(f"{visitor()}-"):
            shutil.rmtree(place, ignore_errors=True)
