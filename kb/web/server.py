"""This module serves the application with waitress: several threads, bounded requests."""

from typing import Any

from flask import Flask
from waitress import create_server

from kb.errors import InputError
from kb.language import say
from kb.settings import Settings
from kb.web import MAX_BODY


def listen(app: Flask, settings: Settings) -> Any:
    """A waitress server that has its socket and waits for run(). Raises InputError when it can't have it."""
    try:
        return create_server(
            app,
            # localhost may stand for two addresses; with port 0 they would get a port each.
            host="127.0.0.1" if settings.host == "localhost" else settings.host,
            port=settings.port,
            threads=settings.threads,
            max_request_body_size=MAX_BODY,
            channel_timeout=30,
            connection_limit=200,
            ident=None,
        )
    except OSError as error:
        raise InputError(
            say(
                "不能在 {host}:{port} 上监听（{why}）；用 --port 换一个端口",
                "can't listen on {host}:{port} ({why}); choose another port with --port",
                host=settings.host,
                port=settings.port,
                why=error.strerror,
            )
        )
