"""This module serves the application with waitress: processes that share one socket, bounded requests.

Each process answers in several threads, of which only one computes at a time; processes compute side by side, and
what they map from disk they have in common.
"""

import contextlib
import gc
import logging
import os
import socket
from collections.abc import Callable
from functools import partial

from flask import Flask
from waitress import create_server

from kb.errors import BundleError, EngineError, InputError
from kb.keeping import record
from kb.labels import label
from kb.language import say
from kb.model import Query
from kb.settings import Settings
from kb.web import MAX_BODY
from kb.web.supervisor import Job, supervise
from kb.web.writers import MAX_IMPORT, MAX_UPLOAD

# That requests wait for their turn is no news worth a line for each.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)

BACKLOG = 1024
MOST = 4
"""Processes, when the setting leaves it to the machine."""


class Server:
    """A socket that listens, and the processes that answer at it."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Raises InputError when the address can't be had."""
        self._app = app
        self._index = settings.index
        self._threads = settings.threads
        self._processes = settings.processes or min(os.cpu_count() or 1, MOST)
        # localhost may stand for two addresses; with port 0 they would get a port each.
        host = "127.0.0.1" if settings.host == "localhost" else settings.host
        try:
            family = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0][0]
            self._socket = socket.create_server((host, settings.port), family=family, backlog=BACKLOG)
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

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        self._socket.close()

    def run(self, watch: Callable[[], None] | None = None, tick: Callable[[], None] | None = None) -> None:
        """Answer until told to stop (SIGTERM, Ctrl+C). watch, tick: what a process more each does meanwhile.

        Raises KbError when the processes that answer do not stay.
        """
        with contextlib.suppress(BundleError, EngineError):
            # Opened and asked before the processes part, the index and what it makes of itself are in memory once.
            self._app.config["ENGINES"].in_force().search(Query(label("area", "printer") + " prnter"))
        gc.freeze()
        jobs = [Job(f"site-{i + 1}", partial(self._answer, i)) for i in range(self._processes)]
        others = {"watch": watch, "tick": tick}
        jobs += [Job(name, work, needed=False) for name, work in others.items() if work is not None]
        try:
            with record.serving(self._index):
                supervise(jobs)
        finally:
            self.close()

    def _answer(self, number: int) -> None:
        self._app.config["METRICS"].use(number)
        create_server(
            self._app,
            sockets=[self._socket],
            threads=self._threads,
            max_request_body_size=max(MAX_BODY, MAX_UPLOAD, MAX_IMPORT),
            channel_timeout=30,
            connection_limit=200,
            ident=None,
            # Whoever writes must not come through a proxy: the application has to see what a proxy says of itself.
            clear_untrusted_proxy_headers=False,
        ).run()
