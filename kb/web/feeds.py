"""This module is what browsers and feed readers ask for beside the pages."""

import re

from flask import Flask, Response, current_app, render_template, request, send_from_directory, url_for

from kb.language import say
from kb.model import Completion
from kb.web.forms import MAX_QUERY
from kb.web.views import Answer, completion_url, engine_in_force

ENTRIES = 30
PROPOSED = 8
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to write."""


def init_app(app: Flask) -> None:
    for rule, view in (
        ("/opensearch.xml", opensearch),
        ("/opensearch/suggestions", proposals),
        ("/feed.xml", feed),
        ("/favicon.ico", favicon),
    ):
        app.add_url_rule(rule, view_func=view)


def opensearch() -> Answer:
    """The description by which a browser searches from its address bar."""
    pages, lists = (url_for(view, _external=True) + "?q={searchTerms}" for view in ("results", "proposals"))
    content = render_template("opensearch.xml", pages=pages, lists=lists)
    return Response(content, mimetype="application/opensearchdescription+xml")


def proposals() -> Answer:
    """What the address bar proposes while one types: [typed, [text], [description], [address]]."""
    typed = request.args.get("q", "")[:MAX_QUERY]
    found = engine_in_force().complete(typed, PROPOSED)
    addresses = [request.url_root.rstrip("/") + completion_url(c) for c in found]
    content = current_app.json.dumps([typed, [c.text for c in found], list(map(_told, found)), addresses])
    return Response(content, mimetype="application/x-suggestions+json")


def _told(found: Completion) -> str:
    if found.article is not None:
        return found.article.id
    return say("{n} 篇文章", "{n} articles", n=found.articles)


def feed() -> Answer:
    """The newest articles as an Atom feed, new ones and changed ones told apart."""
    engine = engine_in_force()
    found = [a for a in engine.newest(ENTRIES) if a.updated or a.created]
    base = request.url_root.rstrip("/")
    built = engine.build().built
    content = render_template("feed.xml", articles=found, base=base, built=built)
    return Response(without_controls(content), mimetype="application/atom+xml")


def without_controls(content: str) -> str:
    """XML without the characters that it has no way to write."""
    return _NOT_XML.sub("", content)


def favicon() -> Answer:
    return send_from_directory(str(current_app.static_folder), "icon.svg", mimetype="image/svg+xml")
