"""This module lets readers take articles along: what a search finds, or one article, as a file that reads itself."""

import re
import threading
from datetime import date
from io import BytesIO
from urllib.parse import urlsplit

from flask import Flask, request, send_file, url_for
from werkzeug.exceptions import Forbidden, ServiceUnavailable

from kb.articles.parser import slug
from kb.desk.pack import found, pack
from kb.language import current, say
from kb.model import Article, Query
from kb.web import forms
from kb.web.reading import is_meant
from kb.web.views import Answer, article_named, engine_in_force, settings_in_force

MAX_PACKED = 500
"""Articles of one file that the site makes; `kb pack` makes larger ones."""
SECONDS = 20.0
"""How long it may take."""
MAX_SLUG = 40

_turn = threading.Lock()
"""Each process makes one file at a time: who reads meanwhile is answered."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/pack", view_func=packed)
    app.jinja_env.globals.update(pack_url=pack_url)


def pack_url(query: Query) -> str:
    """The address of a file with what a search finds."""
    return f"{url_for('packed')}?{urlsplit(forms.address(query)).query}"


def packed() -> Answer:
    """The file with the article that is named, or else with all that a search finds, bounded in size and time."""
    if not is_meant(followed=request.headers.get("Sec-Fetch-User") == "?1"):
        raise Forbidden(say("请从本站的页面打包", "pack from a page of this site"))
    if not _turn.acquire(blocking=False):
        raise ServiceUnavailable(
            say("正在打包另一份，请过几秒再点", "another file is being packed; try again in a few seconds")
        )
    try:
        articles, name = _chosen()
        text = pack(engine_in_force(), settings_in_force(), articles, current(), SECONDS)
    finally:
        _turn.release()
    file = f"{name}-{date.today()}.html"
    response = send_file(BytesIO(text.encode()), "text/html", as_attachment=True, download_name=file)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _chosen() -> tuple[list[Article], str]:
    """(articles, what the file is called). Raises InputError for too many, NotFoundError."""
    engine = engine_in_force()
    if name := request.args.get("article", "")[: forms.MAX_NAME]:
        article = article_named(engine, name)
        return [article], article.id if re.fullmatch(r"KB-\d+", article.id) else slug(article.title)[:MAX_SLUG]
    query = forms.query_from(request.args)
    told = "-" + slug(query.text)[:MAX_SLUG] if query.text else ""
    return found(engine, query, MAX_PACKED), "guzhi" + told
