"""This module is what all pages share: addresses, the language, rendering, and who asks."""

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from flask import Flask, Response, current_app, g, render_template, request, session, url_for
from flask_babel import format_date, format_decimal
from werkzeug.wrappers import Response as BaseResponse

from kb import __version__
from kb.articles import markdown
from kb.articles.check import normal_path
from kb.articles.parser import slug
from kb.articles.writing.rename import moved_to
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.desk.memory import Memory
from kb.errors import EngineError, NotFoundError, StoreError
from kb.labels import label
from kb.language import LANGUAGES, current, say, use
from kb.model import MAX_TEXT, Article, Completion
from kb.model.schema import FACETS
from kb.model.sight import Sight
from kb.people.accounts import Person
from kb.search.asking import wording
from kb.search.engine import Engine, Engines
from kb.search.snippets import stretches
from kb.search.verdict_memory import Remembered
from kb.settings import Settings
from kb.web import forms

log = logging.getLogger(__name__)

YEAR = 365 * 24 * 3600

Answer = str | BaseResponse | tuple[str | BaseResponse, int]
T = TypeVar("T")


def init_app(app: Flask) -> None:
    """Choose the language of each request, and give templates what they use."""
    app.before_request(_choose_language)
    app.jinja_env.filters.update(day=day, number=format_decimal)
    app.jinja_env.globals.update(
        url_for=_url_for,
        say=say,
        label=label,
        language=current,
        version=__version__,
        stretches=stretches,
        article_url=article_url,
        search_url=forms.address,
        toggled=forms.toggled,
        posted=lambda: request.method == "POST",
        language_url=_language_url,
        today=date.today,
        facets=FACETS,
        max_text=MAX_TEXT,
        wording=wording,
    )


# --- what a request is about -----------------------------------------------------------------


def settings_in_force() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def whole_engine() -> Engine:
    """The engine of all articles, whoever asks. Raises BundleError."""
    engines: Engines = current_app.config["ENGINES"]
    return engines.in_force()


def engine_in_force() -> Engine:
    """The engine that answers this request: of what its sender sees. Raises BundleError."""
    return whole_engine().seen_by(sight())


def unless_away(ask: Callable[[], Sequence[T]]) -> Sequence[T]:
    """What stands beside an article; it can be read while nobody finds anything."""
    try:
        return ask()
    except EngineError:
        return ()


def sight() -> Sight:
    """What who asks sees of the base (kb.web.identity), found once for a request."""
    if "sight" not in g:
        g.sight = current_app.config["SIGHT"]()
    found: Sight = g.sight
    return found


def remembered() -> Remembered | None:
    """The verdicts that pastes are answered with: of all articles, and used of those that are seen."""
    memory: Memory = current_app.config["MEMORY"]
    return memory.remembered(whole_engine())


def store() -> Store:
    found: Store = current_app.config["STORE"]
    return found


def feedback() -> Feedback:
    """The log of searches, visits and verdicts."""
    found: Feedback = current_app.config["FEEDBACK"]
    return found


def person() -> Person | None:
    """Who is signed in, as it was found when this request was permitted."""
    found = g.get("who")
    return None if found is None else found.person


def visitor() -> str:
    """Whose searches, verdicts and drafts these are: somebody's with an account, in whichever browser; else a random
    name of this browser's session, that tells visitors apart, not who they are.
    """
    found = person()
    if found is not None:
        return f"person-{found.id}"
    if "visitor" not in session:
        session["visitor"] = secrets.token_hex(8)
    return str(session["visitor"])


# --- addresses ------------------------------------------------------------------------------


def _url_for(endpoint: str, **values: Any) -> str:
    """As Flask's; a page has thirty addresses that are the same on every page, and those are remembered."""
    if values and endpoint != "static":
        return url_for(endpoint, **values)
    return _fixed_address(request.script_root, endpoint, *values.items())


@lru_cache(maxsize=500)
def _fixed_address(root: str, endpoint: str, *values: tuple[str, Any]) -> str:
    """root: where the site is mounted, which url_for() adds by itself."""
    return url_for(endpoint, **dict(values))


def article_url(found: Article, anchor: str = "", words: str = "") -> str:
    """/a/KB-000137-slug?h=words#anchor; the number alone works too."""
    address = _article_address(request.script_root, found.id, found.title)
    if words:
        address += "?h=" + _quoted(words[:200])
    return address + ("#" + _quoted(anchor) if anchor else "")


@lru_cache(maxsize=2000)
def _article_address(root: str, number: str, title: str) -> str:
    """root: where the site is mounted, which url_for() adds by itself."""
    name = number
    if re.fullmatch(r"KB-\d+", number):
        name += "-" + slug(title)[:60].strip("-")
    return url_for("article", name=name)


_quoted = lru_cache(maxsize=2000)(quote)


def completion_url(found: Completion) -> str:
    """Where a line of the list below the search box leads."""
    if found.article is not None:
        return article_url(found.article)
    return url_for("code" if found.kind == "code" else "product", name=found.text)


def resolver(engine: Engine, found: Article) -> markdown.Resolve:
    """Relative links of an article -> addresses of this site."""

    def resolve(target: str) -> str:
        parts = urlsplit(target)
        if not parts.path:
            return target
        place = normal_path(found.path, unquote(parts.path))
        if place is None:
            return "#"
        try:
            linked = _article_at(engine, place)
        except NotFoundError:
            return url_for("file", name=place)
        return article_url(linked, unquote(parts.fragment))

    return resolve


def article_named(engine: Engine, name: str) -> Article:
    """The article of the name in an address: its number, its path (also an earlier one), or its number and any slug.

    Raises NotFoundError.
    """
    try:
        return _article_at(engine, name)
    except NotFoundError:
        m = re.match(r"KB-\d+(?=-)", name, re.IGNORECASE)
        if not m:
            raise
    return engine.article(m[0])


def _article_at(engine: Engine, name: str) -> Article:
    """An article by its number, its path or an earlier path. Raises NotFoundError."""
    try:
        return engine.article(name)
    except NotFoundError:
        place = _moved(name)
        if place is not None:
            with suppress(NotFoundError):  # the error names what was asked for, not where it went
                return engine.article(place)
        raise


def _moved(name: str) -> str | None:
    if PurePosixPath(name).suffix not in ("", ".md"):
        return None
    try:
        return moved_to(store(), name)
    except StoreError as error:
        log.warning("renames can't be read: %s", error)
        return None


# --- language -------------------------------------------------------------------------------


def _language_url(language: str) -> str:
    """This page in another language. A page that answers a posted paste has no address: its own form asks again."""
    if "address" in g:  # an answer to a form that has an address of its own
        return f"{g.address}{'&' if '?' in g.address else '?'}lang={language}"
    path = url_for("suggestions") if request.method == "POST" else "/" + quote(request.path.lstrip("/"))
    return forms.with_parameters(path, request.args, lang=language)


def _choose_language() -> None:
    """?lang= wins and is remembered; else what was remembered; else what the browser asks for; else the setting."""
    wanted = request.args.get("lang", request.cookies.get("lang", ""))
    if wanted not in LANGUAGES:
        wanted = request.accept_languages.best_match(LANGUAGES, settings_in_force().language)
    use(wanted)


def locale() -> str:
    """The locale that dates and numbers are written in."""
    return "zh_CN" if current() == "zh" else "en"


def day(value: date) -> str:
    """A day as people write it here."""
    return str(format_date(value, "medium"))


def _remember_language(response: Response) -> Response:
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            "lang", request.args["lang"], max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return response


# --- answers --------------------------------------------------------------------------------


def page(template: str, **values: Any) -> Response:
    return _remember_language(Response(render_template(template, **values), mimetype="text/html"))
