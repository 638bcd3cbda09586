"""The site: Flask, rendered on the server, useful without JavaScript."""

from flask import Flask

from kb.search.index import Library
from kb.settings import Settings
from kb.web import api, security
from kb.web.pages import init_app as init_pages

MAX_BODY = 2_000_000
"""Bytes of a request: a paste of 100,000 characters, percent-encoded."""


def create_app(settings: Settings) -> Flask:
    """The WSGI application. It opens the index in force and follows newly published ones."""
    app = Flask(__name__)
    app.config.update(
        SETTINGS=settings,
        LIBRARY=Library(settings.index),
        SECRET_KEY=security.secret_key(settings.index),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_NAME="guzhi",
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    security.init_app(app)
    init_pages(app)
    app.register_blueprint(api.blueprint)
    return app
