"""This module answers: who asks? A person with a session, a program with a token, or whoever sits at this machine.

Without accounts the old rule holds: who sits at this machine may do everything, whoever else reaches the site may read.
From the first account on, people sign in, and their role decides.
"""

import re
import time
from typing import NamedTuple

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import Unauthorized

from kb.database.connection import Store
from kb.errors import NotFoundError, StoreError
from kb.language import say
from kb.model.sight import EVERYTHING, Sight
from kb.people import roles
from kb.people.accounts import People, Person
from kb.people.journal import Journal
from kb.people.sessions import LONGEST, Session, Sessions
from kb.people.sight import sight_of
from kb.settings import Settings, is_local
from kb.web import authorization
from kb.web.security import is_local_name

PASSING = ("read", "retrieve", "measure", "say", "explain", "insights")
"""What whoever reaches a site without accounts may do from elsewhere: nothing of it changes an article."""
PROGRAMS = ("/api/", "/retrieval", "/metrics")
"""How addresses begin that programs ask: there tokens count, because their scope is looked at."""
FRESH = 2.0
"""Seconds that a process remembers whether there are accounts."""


class Who(NamedTuple):
    """Who asks. role: NOBODY for a stranger; name: as others see it, "" when nobody said."""

    role: str
    login: str = ""
    name: str = ""
    person: Person | None = None
    session: Session | None = None


def init_app(app: Flask) -> None:
    app.config["SIGHT"] = sight
    app.jinja_env.globals.update(may=_shown, may_write=lambda: _shown("write"), who=_seen, accounts_on=_known)


# A page is shown even where nobody can be asked who one is: that is what the page tells.


def _seen() -> Who:
    try:
        return who()
    except (StoreError, Unauthorized):
        return Who(roles.NOBODY)


def _shown(action: str) -> bool:
    try:
        return may(action)
    except (StoreError, Unauthorized):
        return False


def _known() -> bool:
    try:
        return accounts_on()
    except StoreError:
        return True


# --- who asks --------------------------------------------------------------------------------------


def accounts_on() -> bool:
    """Whether there is anybody with an account: then roles decide.

    Where the database can't be asked, and strangers may read anyway, the old rule holds. Raises StoreError elsewhere.
    """
    try:
        return _have_accounts()
    except StoreError:
        if current_app.config["ACCOUNTS"][1] or not is_open():
            raise
        return False


def _have_accounts() -> bool:
    """The same, as the database says. Raises StoreError."""
    known = current_app.config.setdefault("ACCOUNTS", [0.0, False])
    if time.monotonic() - known[0] > FRESH or not known[0]:
        store: Store = current_app.config["STORE"]
        known[:] = [time.monotonic(), store.exists() and People(store).any()]
    return bool(known[1])


def who() -> Who:
    """Who sends this request, found once. Raises StoreError, Unauthorized for a token that is not in force."""
    if "who" not in g:
        g.who = _find()
    found: Who = g.who
    return found


def may(action: str) -> bool:
    """Whether who asks may do this, one of kb.people.roles.ACTIONS."""
    if not accounts_on():
        return who().role == "administrator" or action in PASSING  # found once, for all that a page asks
    found = who()
    if action == "publish":
        return roles.may(found.role, action) and roles.reaches(found.role, current_app.config["SETTINGS"].publish_role)
    return roles.may(found.role, action) or (action in ("read", "retrieve") and is_open() and found.person is None)


def sight() -> Sight:
    """What who asks sees of the base. Without accounts all of it: the files lie open on this machine."""
    try:
        if not _have_accounts():
            return EVERYTHING
        found, token = who(), authorization.token()
    except (StoreError, Unauthorized):  # nobody sees more than a stranger because they can't be asked
        found, token = Who(roles.NOBODY), None
    staff = (request.endpoint or "").startswith(CALLS) or _alone()
    role = "reader" if found.role == roles.NOBODY and staff else found.role
    teams = found.person.teams if found.person is not None else ()
    return sight_of(role, teams, drafts=token is None or token.may("write"))


CALLS = "hooks."
"""Addresses that systems call by a secret of their own (kb.web.hooks): their answers are read by staff."""


def refusal(action: str) -> str:
    """Why who asks may not do this, and what would help."""
    if accounts_on():
        return roles.refusal(who().role, action)
    return say(
        "还没有账号，只有在本机（http://127.0.0.1）打开网站才能{what}；要让别的机器也能用，先建账号：kb person add",
        "there are no accounts yet: only on this machine (http://127.0.0.1) can one {what}; for other machines, make "
        "accounts: kb person add",
        what=say(roles.ACTIONS[action].zh, roles.ACTIONS[action].en),
    )


def is_open() -> bool:
    """Whether who has not signed in may read: as the setting says; by itself who sits at this machine, where no other
    is listened to. What comes through a proxy comes from elsewhere.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return settings.open_reading == "yes" or _alone()


def _alone() -> bool:
    """Whether somebody sits at this machine, where no other is listened to, and the setting leaves it at that."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.open_reading == "auto" and is_local(settings.host) and at_this_machine()


def _find() -> Who:
    if not accounts_on():
        return Who("administrator" if at_this_machine() else "reader")
    token = authorization.token() if _for_programs() else None
    if token is not None:
        return _of_token(token.owner, token.name)
    store: Store = current_app.config["STORE"]
    settings: Settings = current_app.config["SETTINGS"]
    if settings.proxy_login and request.environ.get("guzhi.trusted"):
        login = request.headers.get(settings.proxy_login, "")
        return _of_person(_active(store, login)) if login else Who(roles.NOBODY)
    secret = request.cookies.get(cookie_name(request), "")
    session = Sessions(store).find(secret) if secret else None
    return Who(roles.NOBODY) if session is None else _of_person(session.person, session)


def _of_person(person: Person | None, session: Session | None = None) -> Who:
    if person is None:
        return Who(roles.NOBODY)
    return Who(_role_in_force(person, session), person.login, person.name, person, session)


def _for_programs() -> bool:
    """Whether tokens open this address; the panel's is looked at, too. A page has people alone."""
    return request.endpoint == "panel" or request.path.startswith(PROGRAMS)


def _role_in_force(person: Person, session: Session | None = None) -> str:
    """Where administrators need two steps, one without them only reads, until they are set up.

    Who came by another login took both there.
    """
    settings: Settings = current_app.config["SETTINGS"]
    one_step = not person.second_factor and (session is None or not session.vouched)
    if settings.two_step_administrators and person.role == "administrator" and one_step:
        return "reader"
    return person.role


def _of_token(owner: str, name: str) -> Who:
    """A program acts for its owner, and never longer than they may come in."""
    store: Store = current_app.config["STORE"]
    person = _active(store, owner) if owner else None
    if person is None:
        raise Unauthorized(
            say(
                "令牌 {name} 没有在册的负责人；收回它，再发一个：kb token create --owner 登录名",
                "nobody with an account answers for the token {name}; make another: kb token create --owner LOGIN",
                name=name,
            )
        )
    return Who(_role_in_force(person), person.login, person.name, person)


def _active(store: Store, login: str) -> Person | None:
    try:
        person = People(store).named(login)
    except NotFoundError:
        return None
    return person if person.active else None


def note(action: str, what: str) -> None:
    """Tell the security log, once there are accounts. action: one of kb.people.journal.ACTIONS."""
    if accounts_on():
        Journal(current_app.config["STORE"]).write(action, who().login, what, request.remote_addr or "")


# --- the cookie ----------------------------------------------------------------------------------


def cookie_name(of: Request) -> str:
    """Behind TLS the name itself says that no other site, and no plain connection, can have set it."""
    return "__Host-guzhi-person" if of.is_secure else "guzhi-person"


def sign_in(response: Response, secret: str) -> None:
    """Give this browser the secret of a session."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=LONGEST,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def sign_out(response: Response) -> None:
    """Take it away."""
    response.delete_cookie(cookie_name(request), path="/", secure=request.is_secure, httponly=True, samesite="Lax")


# --- this machine --------------------------------------------------------------------------------

_FORWARDING = re.compile(
    r"via|(?:x-)?forwarded(?:-.*)?|x-.*-ip|(?:.*-)?client-?ip|.*-connecting-ip|x-(?:original|proxy|envoy|host)(?:-.*)?"
    r"|(?:.*-)?cdn(?:-.*)?|cf-.*|fastly-.*|akamai-.*|x-amz-cf-.*|x-azure-.*|x-remote-.*|x-varnish|x-cache|eagleid",
    re.IGNORECASE,
)
"""Headers by which proxies, load balancers and content delivery networks say that a request comes through them."""


def at_this_machine() -> bool:
    """Whether this request comes from this machine, by an address of this machine, and through nobody else."""
    forwarded = request.environ.get("guzhi.trusted") or any(_FORWARDING.fullmatch(name) for name, _ in request.headers)
    return not forwarded and is_local(request.remote_addr or "") and is_local_name()
