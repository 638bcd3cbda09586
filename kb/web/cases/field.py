"""This module gives the field pack of a case out, and reads back what was typed into one: seen before it is written."""

from io import BytesIO

from flask import Flask, flash, redirect, request, send_file, url_for

from kb.errors import InputError, NotFoundError
from kb.language import current, say
from kb.service.fieldpack import field_pack
from kb.service.fieldwork import MAX_BYTES, FieldWork
from kb.web import identity
from kb.web.cases.files import of_case
from kb.web.cases.shared import author, cases, serving
from kb.web.views import Answer, page, settings_in_force, store
from kb.web.writers import engine_or_none


def init_app(app: Flask) -> None:
    app.add_url_rule("/cases/<number>/pack", view_func=serving(pack), endpoint="case_pack", methods=["POST"])
    app.add_url_rule("/cases/<number>/field", view_func=serving(bring), endpoint="case_field", methods=["POST"])


def pack(number: str) -> Answer:
    """The file, to be saved. It holds data of a customer: who takes it along is noted."""
    found = cases().find(number)
    texts = {digest: kept.text for digest, kept in of_case(found).items()}
    number, text = field_pack(cases(), store(), engine_or_none(), settings_in_force(), number, current(), texts)
    identity.note("exported", f"field pack {number}")
    name = f"guzhi-field-{number}.html"
    return send_file(BytesIO(text.encode()), mimetype="text/html", as_attachment=True, download_name=name, etag=False)


def bring(number: str) -> Answer:
    """What a file would add to its case; or, once that was seen, what it added."""
    found = cases().find(number)
    request.max_content_length = 4 * MAX_BYTES
    request.max_form_memory_size = 4 * MAX_BYTES
    sent, typed = request.files.get("file"), request.form.get("content", "")
    raw = sent.stream.read(MAX_BYTES + 1) if sent is not None and sent.filename else typed.encode()
    keep = request.form.get("action") == "write"
    try:
        if not raw:
            raise InputError(say("请选一个文件", "choose a file"))
        brought = FieldWork(store(), cases()).bring(raw, author(), found.now.number, keep)
    except (InputError, NotFoundError) as error:
        return page("cases/field.html", now=found.now, problem=str(error), brought=None, content=""), 422
    if not keep:
        content = raw.decode("utf-8-sig", "replace")
        return page("cases/field.html", now=found.now, problem="", brought=brought, content=content)
    flash(say("已读入 {n} 条", "{n} entries were read", n=brought.new))
    return redirect(url_for("case", number=found.now.number), 303)
