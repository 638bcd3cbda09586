"""This module is what the writers' pages share: who may write, who does, which file is meant, what follows a save."""

import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any

from flask import flash, request, session
from flask_babel import format_datetime, format_time

from kb.articles.files import ArticleFile
from kb.articles.writing import workflow
from kb.articles.writing.drafts import Drafts
from kb.articles.writing.form import values_of
from kb.articles.writing.rename import moved_to
from kb.articles.writing.save import MAX_EDITOR, Editions
from kb.articles.writing.sittings import Sittings
from kb.desk.after_save import settle
from kb.errors import BundleError, EngineError, InputError, KbError, NotFoundError, StoreError
from kb.language import say
from kb.people.teams import Teams
from kb.search.engine import Engine
from kb.service import cases
from kb.service.publishing import promise_found
from kb.web.identity import may
from kb.web.security import require_own_page, require_token
from kb.web.views import Answer, engine_in_force, person, settings_in_force, sight, store, visitor

MAX_UPLOAD = 20_000_000
"""Bytes of what a writer sends: an article, a picture."""
MAX_IMPORT = 200_000_000
"""Bytes of what is sent to be imported."""
MAX_FILES = 5000
"""Files and fields of it."""


def writing(view: Callable[..., Answer], most: int = MAX_UPLOAD, parts: int = 1000) -> Callable[..., Answer]:
    """A page that changes articles, or helps to: for writers only, with a form token, and larger bounds of size.

    most: bytes of a request; parts: files and fields of it.
    """

    @wraps(view)
    def guarded(**values: Any) -> Answer:
        require_own_page()
        if request.method == "POST":
            request.max_content_length, request.max_form_memory_size, request.max_form_parts = most, MAX_UPLOAD, parts
            require_token()
        return view(**values)

    return guarded


def editions() -> Editions:
    settings = settings_in_force()
    return Editions(store(), settings.articles, settings.max_file_kb)


def drafts() -> Drafts:
    """The drafts of this browser."""
    return Drafts(store(), visitor())


def sittings() -> Sittings:
    """The open forms of this browser."""
    return Sittings(store(), visitor())


def others(path: str) -> list[str]:
    """Who else has an article open, as one reads it."""
    return [
        say(
            "{name}（{at} 打开）",
            "{name} (since {at})",
            name=other.name or say("另一个人", "somebody"),
            at=format_time(other.since.astimezone().replace(tzinfo=None), "short", rebase=False),
        )
        for other in sittings().others(path)
    ]


def engine_or_none() -> Engine | None:
    """The engine in force; writing must be possible before there is one."""
    try:
        return engine_in_force()
    except (BundleError, EngineError):
        return None


def file_of(name: str) -> ArticleFile:
    """The file of an article by its path, its number, or a path it had before; one that who asks does not see is not
    there. Raises NotFoundError, ArticleError.
    """
    try:
        found = editions().open(name)
    except NotFoundError:
        engine = engine_or_none()
        path = name if engine is None else _path_of(engine, name)
        found = editions().open(moved_to(store(), path) or path)
    if not sight().sees(found.article):
        raise NotFoundError(say("没有文章文件 {path}", "there is no file {path}", path=name))
    return found


def is_seen(path: str) -> bool:
    """Whether there is such a file, for who asks."""
    try:
        file_of(path)
    except KbError:
        return False
    return True


def require_allowed(before: ArticleFile | None, after: ArticleFile, content: bool = True) -> None:
    """Raises InputError, HinderedError among them, unless who asks may save this text in place of the one before.

    Nobody takes an article out of their own sight. before, content: see kb.articles.writing.workflow.
    """
    workflow.require_allowed(settings_in_force(), before, after, may("publish"), content)
    if after.error is None and not sight().sees(after.article):
        raise InputError(
            say(
                "audience 设为 {audience} 后您自己也看不到这篇；请让那个团队的人，或负责人来改",
                "with audience {audience} you would not see this article yourself; let a member of that team, or a "
                "lead, change it",
                audience=after.article.audience,
            )
        )


def known_teams() -> Collection[str] | None:
    """The names of all teams, None where the database can't tell."""
    try:
        return Teams(store()).names() if store().exists() else None
    except StoreError:
        return None


def _path_of(engine: Engine, name: str) -> str:
    try:
        return engine.article(name).path
    except NotFoundError:
        return name


def editor() -> str:
    """The name of who is signed in; else the one that this browser's last save was made under, "" for none yet."""
    signed_in = person()
    if signed_in is not None:
        return signed_in.name
    return str(session.get("editor", ""))


def editor_from_form() -> str:
    """The name of who is signed in; else the one a form carries, remembered. Raises InputError when there is none."""
    if person() is not None:
        return editor()
    name = " ".join(request.form.get("editor", "").split())[:MAX_EDITOR]
    name = "".join(c for c in name if c.isprintable())
    if not name:
        raise InputError(
            say("请写上您的名字：历史里要能看出是谁改的", "give your name: the history tells who changed what")
        )
    session["editor"] = name
    session.permanent = True
    return name


def finished(paths: list[str], name: str, note: str) -> bool:
    """Index and commit what was saved, and say how that went. Returns whether it can be found already."""
    told = settle(settings_in_force(), paths, name, note)
    for sentence in told or [say("已保存", "Saved")]:
        flash(sentence)
    if settings_in_force().serves:
        _promise_found(paths)
    return not told


def _promise_found(paths: Sequence[str]) -> None:
    """The report behind an article that was written from a case has to find it once it is published."""
    settings, files = settings_in_force(), []
    for path in paths:
        with suppress(KbError):  # it was renamed, or is gone
            files.append(editions().open(path))
    with suppress(KbError):  # what was saved is saved, whatever service.yml says
        for number in promise_found(cases.opened(settings, store()), settings.articles, files):
            told = say(
                "报障原话已收为必中查询，必须找到 {number}",
                "the report is now a golden query for {number}",
                number=number,
            )
            flash(told)


def title_of(text: str, path: str) -> str:
    """What a draft is about, "" when it does not say."""
    file = ArticleFile.of(path, text)
    return "" if file.error else values_of(file)["title"]


def is_day(text: str) -> bool:
    """Whether a browser's field for dates can show this."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text))


def moment(value: datetime) -> str:
    """A moment as people here write it, by this machine's clock."""
    return str(format_datetime(value.astimezone().replace(tzinfo=None), "short", rebase=False))
