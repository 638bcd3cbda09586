"""This module takes files for cases and gives them out: to staff alone, and never as a page."""

from collections.abc import Mapping
from io import BytesIO

from flask import Flask, Response, request, send_file
from werkzeug.exceptions import NotFound

from kb.errors import InputError
from kb.language import say
from kb.service import files
from kb.service.cases import Case
from kb.service.files import MAX_FILES, Files, Kept
from kb.service.wording import attached
from kb.web.cases.shared import cases, serving
from kb.web.views import Answer, settings_in_force, store
from kb.web.writers import MAX_UPLOAD


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/<number>/files/<digest>", view_func=serving(case_file), endpoint="case_file")


def kept() -> Files:
    return files.opened(settings_in_force(), store())


def allow_files() -> None:
    """Files may be larger than a form. To be called before the form is read."""
    if request.mimetype == "multipart/form-data":
        request.max_content_length = MAX_UPLOAD


def taken() -> str:
    """Keep the files that came with a form; their digests, "" for none. Raises InputError."""
    sent = [f for f in request.files.getlist("file") if f.filename]
    if len(sent) > MAX_FILES:
        raise InputError(say("一次最多 {n} 个文件", "at most {n} files at once", n=MAX_FILES))
    return " ".join(kept().keep(f.filename or "", f.stream.read()).digest for f in sent)


def of_case(case: Case) -> Mapping[str, Kept]:
    """The files of a case, by their digests."""
    return kept().of(_digests(case))


def _digests(case: Case) -> list[str]:
    return list(dict.fromkeys(digest for event in case.log for digest in attached(event)))


def case_file(number: str, digest: str) -> Answer:
    """One file of a case, to be saved."""
    return as_download(of_case(cases().find(number)).get(digest))


def as_download(found: Kept | None) -> Response:
    """A file, to be saved: whatever it holds, no browser shows it as a page of this site. Raises NotFound for none."""
    if found is None:
        raise NotFound(say("这一单没有这个文件", "this case has no such file"))
    response: Response = send_file(
        BytesIO(kept().path(found.digest).read_bytes()),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=found.name,
        etag=False,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
