"""This module is work that takes longer than a page may: it goes on beside the site, and a page tells how far it is.

A job has a folder beside the index that only the browser which began it can name. What it says stands in a file there,
so that any process of the site can tell; one whose process has ended is over.
"""

import json
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, flash, g, redirect, request
from werkzeug.exceptions import NotFound

from kb.articles.atomic import save
from kb.errors import KbError
from kb.language import current, say, use
from kb.web.supervisor import is_alive
from kb.web.views import Answer, page, settings_in_force, sight, visitor
from kb.web.writers import writing

log = logging.getLogger(__name__)

FOLDER = ".uploads"
"""Beside the index, which holds nothing of worth."""
HOURS = 24
SECONDS = 0.5
"""Between two words on how far a job is."""
SOON = 4.0
"""Seconds in which a page waits for a job, so that small ones need no second page."""
_STATE = "job.json"


@dataclass(frozen=True)
class Progress:
    """What a job says of itself. what: it does just now; ended, error: "" when it went well; told: sentences; to: the
    address of what comes next."""

    what: str
    done: int = 0
    total: int = 0
    ended: bool = False
    error: str = ""
    told: tuple[str, ...] = ()
    to: str = ""
    process: int = 0


Report = Callable[[str, int, int], None]
"""(what is being done, how many of it are, of how many)."""
Work = Callable[[Report], tuple[list[str], str]]
"""Does a job; returns sentences, and the address of what comes next. Raises KbError."""


class Job:
    """key: 16 hex digits. place: a folder for what the job needs."""

    def __init__(self, key: str, place: Path) -> None:
        self.key, self.place = key, place
        self._said = 0.0

    def start(self, work: Work) -> Progress:
        """Begin the work; how far it is after a moment."""
        self._write(Progress(say("准备", "Preparing"), process=os.getpid()))
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        asked = {"who": g.get("who"), "sight": sight()}
        thread = threading.Thread(target=self._run, args=(app, current(), asked, work), daemon=True)
        thread.start()
        thread.join(SOON)
        return self.progress()

    def progress(self) -> Progress:
        """How far it is. A job that its process did not end well is over, with a sentence."""
        try:
            state = json.loads((self.place / _STATE).read_bytes())
        except (OSError, ValueError):
            raise NotFound(say("没有这项任务，或已过期", "there is no such task, or it is too old"))
        found = Progress(**{**state, "told": tuple(state["told"])})
        if not found.ended and not is_alive(found.process):
            stopped = say(
                "处理中断了（网站重启过），请重新来一次", "it was interrupted (the site restarted), start again"
            )
            return Progress(found.what, found.done, found.total, True, stopped)
        return found

    def clear(self) -> None:
        """Delete what the job needed; how far it is can still be asked."""
        for path in self.place.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _STATE:
                path.unlink(missing_ok=True)

    def drop(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)

    def _run(self, app: Flask, language: str, asked: dict[str, Any], work: Work) -> None:
        """asked: who began it, and what they see: no more is done for them than they could do themselves."""
        use(language)
        with app.app_context():
            vars(g._get_current_object()).update(asked)
            try:
                told, to = work(self._report)
                self._write(Progress("", ended=True, told=tuple(told), to=to))
            except KbError as error:
                self._write(Progress("", ended=True, error=str(error)))
            except Exception:  # the page must not wait for ever
                log.exception("a job failed")
                self._write(
                    Progress("", ended=True, error=say("出错了，请看网站的日志", "it failed, see the site's log"))
                )

    def _report(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said >= SECONDS:
            self._said = now
            self._write(Progress(what, done, total, process=os.getpid()))

    def _write(self, progress: Progress) -> None:
        with suppress(KbError):
            save(self.place / _STATE, json.dumps(asdict(progress), ensure_ascii=False))


def init_app(app: Flask) -> None:
    app.add_url_rule("/jobs/<key>", view_func=job, methods=["GET"])


@writing
def job(key: str) -> Answer:
    """How far a job is; when it is done, the way to what came of it."""
    found = job_of(key)
    progress = found.progress()
    if progress.ended and "X-Part" in request.headers:  # a script hears that it is over, and opens the page
        return "", 204
    if progress.ended and progress.to:
        for sentence in progress.told:
            flash(sentence)
        return redirect(progress.to, 303)
    return page("job.html", key=key, progress=progress)


def new_job() -> Job:
    """A job of this browser; folders that nobody came back for are dropped."""
    folder = settings_in_force().index / FOLDER
    for place in folder.glob("*"):
        if place.stat().st_mtime < time.time() - HOURS * 3600:
            shutil.rmtree(place, ignore_errors=True)
    key = secrets.token_hex(8)
    place = folder / f"{visitor()}-{key}"
    place.mkdir(mode=0o700, parents=True)
    return Job(key, place)


def drop_ended() -> None:
    """Drop what this browser left behind, unless it goes on."""
    for place in (settings_in_force().index / FOLDER).glob(f"{visitor()}-*"):
        with suppress(NotFound):
            if not Job("", place).progress().ended:
                continue
        shutil.rmtree(place, ignore_errors=True)


def job_of(key: str) -> Job:
    """A job that this browser began. Raises NotFound."""
    place = settings_in_force().index / FOLDER / f"{visitor()}-{key}"
    if not re.fullmatch("[0-9a-f]{16}", key) or not place.is_dir():
        raise NotFound(say("没有这项任务，或已过期", "there is no such task, or it is too old"))
    return Job(key, place)
