"""This module is what the pages of cases share: the cases, who writes, and that there is a desk at all."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from time import time
from typing import Any

from flask import Flask, g, request
from werkzeug.exceptions import NotFound

from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model.casework import Role
from kb.people.accounts import People
from kb.service import cases as service
from kb.service.cases import Author, Cases
from kb.service.fields import read_moment
from kb.service.snapshot import Snapshot
from kb.service.telling import in_days, left, length, span, stamp, why_counted
from kb.text.tokens import fold
from kb.web import identity, writers
from kb.web.security import require_own_page, require_token
from kb.web.views import Answer, person, settings_in_force, store

ROLES = {
    "agent": Role.AGENT,
    "engineer": Role.ENGINEER,
    "writer": Role.WRITER,
    "lead": Role.LEAD,
    "administrator": Role.ADMIN,
}
"""The role of an account -> that of who works on a case."""
FOUND = 3
"""Cases that stand above the articles of a search."""
MAX_WORDS = 200
"""Characters of a search that is asked in cases, too."""
_WHOLE = re.compile(r"\d{2}-\d{5,9}-\d")


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(
        serves=lambda: settings_in_force().serves,
        cases_found=found_in,
        time_left=lambda due: left(due, datetime.now(UTC)),
        now_seconds=time,
        why_counted=why_counted,
        told_length=length,
        told_span=span,
        length_of=lambda counts, clock: length(counts, in_days(clock)),
    )
    app.jinja_env.filters.update(short=short, exact=exact)


def person_in(contact: str) -> str:
    """The name of a contact, without number and address."""
    return " ".join(w for w in contact.split() if not any(c.isdigit() or c == "@" for c in w))


def moments(start: str, end: str) -> tuple[datetime, datetime]:
    """From when until when, as a form says it, by the time of the desk. Raises InputError."""
    zone, now = cases().policy.zone, datetime.now(UTC)
    return read_moment(start, zone, now, say("从", "from")), read_moment(end, zone, now, say("到", "until"))


def serving(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """A page of the desk: none where the site serves no cases; what is posted comes from a page of this site."""

    @wraps(view)
    def guarded(**values: Any) -> Answer:
        if not settings_in_force().serves:
            raise NotFound(say("这个网站没有启用服务台", "this site has no service desk"))
        if request.method == "POST":
            require_own_page()
            require_token()
        return view(**values)

    return guarded


def cases() -> Cases:
    """The cases of this site, as one request sees them."""
    if "cases" not in g:
        g.cases = service.opened(settings_in_force(), store())
    found: Cases = g.cases
    return found


def role() -> Role:
    return ROLES.get(identity.who().role, Role.READER)


def author() -> Author:
    """Who writes, by account or by the name of the form. Raises InputError when there is none."""
    return Author(writers.editor_from_form(), role())


def me() -> str:
    """The name by which cases are mine, "" when nobody said it yet."""
    return writers.editor()


def my_teams() -> tuple[str, ...]:
    found = person()
    return () if found is None else found.teams


def colleagues() -> Sequence[str]:
    """Names that a case may be given to."""
    if not identity.accounts_on():
        return [me()] if me() else []
    return [p.name for p in People(store()).all() if p.active and p.role in ROLES]


def is_asked(text: str) -> bool:
    """Whether a search is asked of the desk, too: somebody who may see cases searches for a few words."""
    return bool(text.strip()) and len(text) < MAX_WORDS and settings_in_force().serves and identity.may("cases")


def found_in(text: str) -> list[Snapshot]:
    """Cases that hold the words of a search, for who may see them; none for anybody else."""
    return cases().holding(text, FOUND + 1) if is_asked(text) else []


def case_named(text: str) -> str:
    """The case whose whole number a text is, for who may see it; "" for anything else."""
    if not (_WHOLE.fullmatch(fold(text).text.strip()) and settings_in_force().serves and identity.may("cases")):
        return ""
    with suppress(InputError, NotFoundError):
        return cases().find(text).now.number
    return ""


def exact(when: datetime | None) -> str:
    return stamp(when, cases().policy.zone)


def short(when: datetime | None) -> str:
    """A moment as one says it: of today the time alone."""
    if when is None:
        return "–"
    local, now = when.astimezone(cases().policy.zone), datetime.now(cases().policy.zone)
    if local.date() == now.date():
        return f"{local:%H:%M}"
    return f"{local:%m-%d %H:%M}" if local.year == now.year else f"{local:%Y-%m-%d %H:%M}"
