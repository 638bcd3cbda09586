"""This module is the import page: upload documents or old tickets, see what would come of them, then let it be done.

An import stands in a list from which it can be taken back as a whole, and a mapping of columns keeps its name.
"""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from flask import Flask, flash, redirect, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import NotFound

from kb.articles import markdown
from kb.articles.atomic import save, usable
from kb.articles.files import ArticleFile, left_out, relative
from kb.articles.importing import columns
from kb.articles.importing.mappings import Mappings
from kb.articles.importing.model import Options
from kb.articles.importing.plan import bounded_plan
from kb.articles.importing.readers import SUFFIXES, reader_of
from kb.articles.importing.shelf import ITEMS, lay_aside, shelved
from kb.articles.importing.undo import Imports
from kb.articles.writing.form import values_of
from kb.desk.after_save import settle
from kb.errors import ConflictError, InputError, KbError
from kb.labels import label
from kb.language import say
from kb.model.schema import AREAS, AUDIENCES, KINDS
from kb.model.sight import TEAM
from kb.privacy import placeholders
from kb.web.jobs import Job, Report, Work, drop_ended, job_of, new_job
from kb.web.marks import mark
from kb.web.views import Answer, page, settings_in_force, sight, store
from kb.web.writers import (
    MAX_FILES,
    MAX_IMPORT,
    editions,
    editor,
    editor_from_form,
    finished,
    known_teams,
    moment,
    writing,
)

SECONDS = 300
"""Of a processor for one import."""
SHOWN = 50
"""Articles of a page of the preview."""
SENT, ASKED = "sent", "asked.json"
"""In the folder of a job: what was uploaded, and what the form said."""


class Upload(NamedTuple):
    """Files and folders that wait to be imported. key: of their job, which only the browser that sent them knows."""

    job: Job

    @property
    def key(self) -> str:
        return self.job.key

    @property
    def sources(self) -> list[Path]:
        return sorted((self.job.place / SENT).iterdir())

    @property
    def name(self) -> str:
        names = [source.name for source in self.sources]
        return say("、", ", ").join(names[:3]) + (f" … ({len(names)})" if len(names) > 3 else "")

    def remember(self, asked: MultiDict[str, str]) -> None:
        """Keep what the form said, for the pages of the preview."""
        kept = {k: v for k, v in asked.items() if k not in ("token", "editor")}
        save(self.job.place / ASKED, json.dumps(kept, ensure_ascii=False).encode("utf8", "replace"))

    def asked(self) -> MultiDict[str, str]:
        try:
            return MultiDict(json.loads((self.job.place / ASKED).read_bytes()))
        except (OSError, ValueError):
            return MultiDict()


def init_app(app: Flask) -> None:
    app.add_url_rule("/import", view_func=import_, methods=["GET", "POST"])
    app.add_url_rule("/import/<key>", view_func=preview_import, methods=["GET"])
    app.add_url_rule("/import/<key>/<int:number>", view_func=preview_article, methods=["GET"])
    app.add_url_rule("/import/<int:number>/undo", view_func=undo, methods=["POST"])


@partial(writing, most=MAX_IMPORT, parts=MAX_FILES)
def import_() -> Answer:
    """The form; after an upload what would be imported (nothing is written); on the button's word the import."""
    mappings = Mappings(store())
    upload, error = None, ""
    try:
        if request.method == "POST":
            options = _options(mappings, request.form)
            upload = _waiting()
            upload.remember(request.form)
            if request.form.get("action") == "import":
                work = _import(upload, options, editor_from_form())
            else:
                work = _look(upload, options)
            progress = upload.job.start(work)
            if progress.error:
                raise InputError(progress.error)
            if not progress.ended:
                return redirect(url_for("job", key=upload.key), 303)
            if request.form.get("action") == "import":
                upload.job.drop()
                for sentence in progress.told:
                    flash(sentence)
                return redirect(progress.to, 303)
            if request.form.get("action") == "save-mapping" and (found := shelved(upload.job.place)):
                saved = mappings.save(request.form.get("save_mapping", ""), dict(found.columns))
                flash(say("列的对应已保存为“{name}”", "the mapping is saved as '{name}'", name=saved))
    except KbError as problem:
        error = str(problem)
    return _form(upload, request.form, error)


def _look(upload: Upload, options: Options) -> Work:
    """Look what would come of an upload, and lay that aside."""
    settings, to = settings_in_force(), url_for("preview_import", key=upload.key)

    def work(report: Report) -> tuple[list[str], str]:
        told = partial(report, say("正在查看", "Looking at"))
        lay_aside(bounded_plan(upload.sources, settings.articles, options, SECONDS, told), upload.job.place)
        return [], to

    return work


def _import(upload: Upload, options: Options, who: str) -> Work:
    """Import an upload: all of it or nothing."""
    settings, to = settings_in_force(), url_for("review", _anchor="drafts")
    imports, alone = Imports(store(), settings.articles), editions()

    def work(report: Report) -> tuple[list[str], str]:
        names, name = [source.name for source in upload.sources], upload.name
        with alone.locked():  # between the plan and what is made of it nobody saves
            told = partial(report, say("正在查看", "Looking at"))
            planned = bounded_plan(upload.sources, settings.articles, options, SECONDS, told)
            made, _ = imports.carry_out(planned, names, who, partial(report, say("正在写入", "Writing")))
        report(say("写好了，正在更新索引", "Written, updating the index"), 0, 0)
        paths = [relative(path, settings.articles) for path in made]
        sentences = settle(settings, paths, who, say("从 {name} 导入", "imported from {name}", name=name))
        upload.job.clear()
        return [*sentences, say("导入了 {n} 篇", "{n} articles were imported", n=len(made))], to

    return work


@writing
def preview_import(key: str) -> Answer:
    """What an upload would bring, page by page."""
    upload = Upload(job_of(key))
    if not (upload.job.place / SENT).is_dir():
        raise NotFound(say("已经导入了", "it was imported already"))
    progress = upload.job.progress()
    if not progress.ended:
        return redirect(url_for("job", key=key), 303)
    return _form(upload, upload.asked(), progress.error)


@writing
def preview_article(key: str, number: int) -> Answer:
    """One of the articles that an import would write, as it will be read, and what was masked in it. number: from 1."""
    upload = Upload(job_of(key))
    planned = shelved(upload.job.place)
    if planned is None or not 1 <= number <= planned.total or not (upload.job.place / ITEMS).exists():
        raise NotFound(say("没有这一篇", "there is no such article"))
    item = planned.items(number - 1, 1)[0]
    file = ArticleFile.of(item.path, item.text)
    html = markdown.render(file.article.body, lambda target: "#", "preview-")
    return page(
        "import_article.html",
        upload=upload,
        planned=planned,
        number=number,
        item=item,
        article=file.article,
        facts=[(key, value) for key, value in values_of(file).items() if value and key not in ("id", "title")],
        masked=len(placeholders(item.text)),
        html=Markup(mark(html, placeholders).html),  # noqa: S704 - our renderer's own output
        shown=SHOWN,
    )


def _form(upload: Upload | None, asked: MultiDict[str, str], error: str) -> Answer:
    settings = settings_in_force()
    planned = shelved(upload.job.place) if upload and not error else None
    options = Options()
    with suppress(KbError):
        options = _options(Mappings(store()), asked)
    first = SHOWN * (max(request.args.get("page", 1, type=int), 1) - 1)
    response = page(
        "import.html",
        upload=upload,
        planned=planned,
        found=planned.items(first, SHOWN) if planned else [],
        first=first,
        options=options,
        error=error,
        kinds=KINDS,
        areas=(*AREAS, *settings.areas),
        audiences=_audiences(),
        targets=_targets(options.kind if options.kind in columns.SECTIONS else "case"),
        suffixes=",".join(SUFFIXES),
        mappings=Mappings(store()).names(),
        mapping=asked.get("mapping", ""),
        imports=Imports(store(), settings.articles).last(),
        again=request.args.get("again", type=int),
        moment=moment,
        name=editor(),
        shown=SHOWN,
    )
    response.status_code = 422 if error else 200
    return response


def _options(mappings: Mappings, asked: MultiDict[str, str]) -> Options:
    """What the form says. Raises NotFoundError for a mapping that is no more."""
    settings = settings_in_force()
    chosen = asked.get("mapping", "")
    # Another file, or another mapping: the columns that the form shows are those of the last look.
    anew = bool(_sent()) or chosen != asked.get("mapping_was", chosen)
    return Options(
        kind=_one_of(asked.get("kind", ""), KINDS),
        area=_one_of(asked.get("area", ""), (*AREAS, *settings.areas)),
        columns={} if anew else _chosen_columns(asked),
        usual=mappings.find(chosen) if chosen else {},
        mask="mask" in asked or not asked,
        areas=settings.areas,
        max_file_kb=settings.max_file_kb,
        audience=_one_of(asked.get("audience", ""), _audiences()),
    )


def _audiences() -> tuple[str, ...]:
    """What articles may be imported for: everybody, the house, and the teams whose articles who asks sees."""
    seen = sight().audiences
    teams = (TEAM + name for name in sorted(known_teams() or ()))
    return (*AUDIENCES, *(team for team in teams if seen is None or team in seen))


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


def _chosen_columns(asked: MultiDict[str, str]) -> dict[str, str]:
    prefix = "column:"
    return {k.removeprefix(prefix): v for k, v in asked.items() if k.startswith(prefix)}


def _one_of(value: str, known: tuple[str, ...]) -> str:
    return value if value in known else ""


def _waiting() -> Upload:
    """What came with this request, or what came before it. Raises InputError."""
    sent = _sent()
    if not sent:
        with suppress(NotFound):
            before = Upload(job_of(request.form.get("upload", "")))
            if (before.job.place / SENT).is_dir():
                return before
        raise InputError(say("选一个文件再继续", "choose a file first"))
    for path, _ in sent:
        if "/" not in path:
            reader_of(Path(path))
    drop_ended()
    job = new_job()
    stems: set[str] = set()
    for path, file in sent:
        target = job.place / SENT / (path if "/" in path else _free(path, stems))
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_dir():
            file.save(target)
    return Upload(job)


def _free(name: str, stems: set[str]) -> str:
    """The name of a file whose article will not have the name of another one's: guide.pdf beside guide.docx."""
    pure = PurePosixPath(name)
    stem = next(
        s for s in (pure.stem, *(f"{pure.stem}-{i}" for i in range(2, MAX_FILES + 2))) if s.lower() not in stems
    )
    stems.add(stem.lower())
    return stem + pure.suffix
