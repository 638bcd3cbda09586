"""The site: Flask, rendered on the server, useful without JavaScript."""

import logging

from flask import Flask
from flask_babel import Babel

from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.errors import StoreError
from kb.search.engine import engines
from kb.settings import Settings
from kb.web import (
    api,
    api_browsing,
    api_insights,
    api_keeping,
    api_pasting,
    api_writing,
    browse,
    editing,
    errors,
    feeds,
    history,
    importing,
    insights,
    merging,
    pages,
    paste,
    reading,
    reference,
    retrieval,
    review,
    security,
    spreadsheets,
    views,
)

MAX_BODY = 2_000_000
"""Bytes of a request: a paste of 100,000 characters, percent-encoded."""


def create_app(settings: Settings) -> Flask:
    """The WSGI application. It answers from the build in force and follows newly published ones."""
    app = Flask(__name__)
    store = Store(settings.database)
    log = Feedback(store, settings.log_days)
    _forget(store, log)
    app.config.update(
        SETTINGS=settings,
        ENGINES=engines(settings.index),
        STORE=store,
        FEEDBACK=log,
        SECRET_KEY=security.secret_key(settings.index),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_NAME="guzhi",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    Babel(app, locale_selector=views.locale)
    reading_pages = (pages, browse, reading, paste, feeds, reference, insights, spreadsheets)
    for module in (views, security, errors, *reading_pages, editing, history, review, importing, merging):
        module.init_app(app)
    for part in (api, api_browsing, api_pasting, api_writing, api_keeping, api_insights, retrieval):
        app.register_blueprint(part.blueprint)
    return app


def _forget(store: Store, log: Feedback) -> None:
    """Where nothing is to be kept any more, what was kept goes too. The database is not made for that."""
    if log.kept or not store.exists():
        return
    try:
        log.forget()
    except StoreError as error:
        logging.getLogger(__name__).warning("what was kept can't be forgotten: %s", error)
    finally:
        store.close()  # processes that are forked from this one have connections of their own
