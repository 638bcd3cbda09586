"""This module is the pages of accounts: sign in and out, the first password, one's own account, people, the log."""

import segno
from flask import Flask, Response, current_app, flash, redirect, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from kb.database.api_tokens import Access
from kb.errors import InputError, KbError, NotFoundError, SignInError, TooOftenError
from kb.keeping.record import kept
from kb.language import say
from kb.notices.wishes import KINDS, Wishes
from kb.people import second_factor
from kb.people.accounts import MAX_NAME, People
from kb.people.forgetting import Forgetting
from kb.people.journal import Journal
from kb.people.passwords import LEAST, MOST
from kb.people.roles import ROLES, role_name
from kb.people.sessions import Sessions
from kb.people.teams import checked_name
from kb.web import identity
from kb.web.errors import status_of, with_time
from kb.web.security import require_own_page, require_token
from kb.web.spreadsheets import as_file
from kb.web.views import Answer, page, settings_in_force, store

LINES = 200
"""Of the log on a page."""
MAX_LINES = 100_000
"""Of the log in a file."""


def init_app(app: Flask) -> None:
    for rule, view, methods in (
        ("/sign-in", sign_in, ["GET", "POST"]),
        ("/sign-out", sign_out, ["POST"]),
        ("/welcome/<secret>", welcome, ["GET", "POST"]),
        ("/account", account, ["GET"]),
        ("/account", change_account, ["POST"]),
        ("/people", people, ["GET"]),
        ("/people", change_people, ["POST"]),
        ("/people/<login>", kept_of, ["GET"]),
        ("/journal", journal, ["GET"]),
        ("/journal.csv", journal_file, ["GET"]),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)
    app.jinja_env.globals.update(role_name=role_name)


def _posted() -> bool:
    """Whether a form of ours was sent. Raises Forbidden, BadRequest."""
    if request.method != "POST":
        return False
    require_own_page()
    require_token()
    return True


# --- coming in and going --------------------------------------------------------------------------


def sign_in() -> Answer:
    """The form; sent with the right words it opens a session, new each time, and leads on."""
    then = inside(request.values.get("next", ""))
    if not _posted():
        return redirect(then) if identity.who().person else _form(then)
    login = request.form.get("login", "")
    try:
        person = People(store()).sign_in(
            login, request.form.get("password", ""), request.form.get("code", ""), request.remote_addr or ""
        )
    except (SignInError, TooOftenError) as error:
        return refused(error, then, login)
    return signed_in(person.id, then)


def _form(then: str, login: str = "", error: str = "") -> Response:
    by_company = bool(settings_in_force().oidc_issuer)
    return page("sign_in.html", then=then, login=login, error=error, by_company=by_company)


def refused(error: KbError, then: str = "", login: str = "") -> Answer:
    """The form again, with why somebody did not come in."""
    shown = _form(then, login, str(error))
    shown.status_code = status_of(error)
    return with_time(shown, error)


def signed_in(person: int, then: str, vouched: bool = False) -> BaseResponse:
    """Open a session in this browser and go on. vouched: by another login."""
    Journal(store()).forget(settings_in_force().audit_days)  # few sign in, and often enough
    session.clear()  # what a stranger's page was given opens nothing of a person's
    response = redirect(then, 303)
    secret = Sessions(store()).start(person, request.headers.get("User-Agent", ""), vouched)
    identity.sign_in(response, secret)  # type: ignore[arg-type]
    return response


def sign_out() -> Answer:
    """End this browser's session, here and in the database."""
    _posted()
    Sessions(store()).sign_out(request.cookies.get(identity.cookie_name(request), ""))
    session.clear()
    response = redirect(url_for("sign_in"), 303)
    identity.sign_out(response)  # type: ignore[arg-type]
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def inside(address: str) -> str:
    """An address of this site to go on to; the start for any other."""
    plain = address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()
    return address if plain and "\\" not in address else url_for("home")


def welcome(secret: str) -> Answer:
    """Choose a password by a link that is good once."""
    people, error, status = People(store()), "", 200
    person = people.invited(secret)
    if _posted():
        try:
            if request.form.get("password", "") != request.form.get("again", ""):
                raise InputError(say("两次输入的密码不一样", "the two passwords differ"))
            name = {key: request.form.get(key, "") for key in ("login", "name")}
            chosen = people.choose(secret, request.form.get("password", ""), **name)
        except InputError as refused:
            error, status = str(refused), 400
        else:
            current_app.config.pop("ACCOUNTS", None)
            return signed_in(chosen.id, url_for("home"))
    bounds = {"least": LEAST, "most": MOST, "name": MAX_NAME}
    shown = page("welcome.html", person=person, error=error, bounds=bounds, sent=request.form)
    shown.status_code = status
    return shown


# --- one's own account ------------------------------------------------------------------------------


def account() -> Answer:
    return _account()


def _account(codes: list[str] | None = None, status: int = 200) -> Answer:
    """codes: recovery codes, shown this once."""
    who = identity.who()
    if who.person is None:
        return redirect(url_for("sign_in"), 303)
    secret = ""
    if not who.person.second_factor:
        secret = session.setdefault("second_factor", second_factor.new_secret())
    shown = page(
        "account.html",
        person=who.person,
        sessions=Sessions(store()).of(who.person.id),
        here=who.session,
        secret=secret,
        picture=_picture(second_factor.address(secret, who.login)) if secret else "",
        codes=codes or [],
        bounds={"least": LEAST, "most": MOST},
        wish=Wishes(store()).of(who.login),
        kinds={
            name: say(kind.zh, kind.en) for name, kind in KINDS.items() if settings_in_force().serves or name != "case"
        },
        tokens=[t for t in Access(store()).tokens() if t.owner == who.login],
        may_connect=session.get("may_connect", False),
        by_company=bool(settings_in_force().oidc_issuer),
        must=not (who.session and who.session.vouched)
        and settings_in_force().two_step_administrators
        and who.person.role == "administrator",
    )
    shown.status_code = status
    return shown


def _picture(address: str) -> Markup:
    """A QR code as SVG without styles of its own."""
    return Markup(segno.make(address, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff"))  # noqa: S704 - made here


def change_account() -> Answer:
    """What the forms of one's own account do."""
    _posted()
    who, action = identity.who(), request.form.get("action", "")
    if who.person is None:
        return redirect(url_for("sign_in"), 303)
    try:
        if action == "password":
            People(store()).change_password(who.login, request.form.get("old", ""), request.form.get("password", ""))
            flash(say("密码已改；请用新密码登录", "the password is changed; sign in with it"))
            return redirect(url_for("sign_in"), 303)
        if action == "notices":
            chosen = {kind: request.form[kind] for kind in KINDS if kind in request.form}
            Wishes(store()).change(who.login, request.form.get("mail", ""), request.form.get("url", ""), **chosen)
            flash(say("通知的设置已保存", "how you are told is saved"))
        elif action == "end":
            Sessions(store()).end(who.person, request.form.get("session", ""))
        elif action == "revoke":
            name = request.form.get("name", "")
            Access(store()).revoke(name, who.login)
            identity.note("token_revoked", name)
        elif action == "connect":
            People(store()).require_password(who.login, request.form.get("old", ""))
            session["may_connect"] = True
        elif action == "two_step":
            People(store()).require_password(who.login, request.form.get("old", ""))
            codes = People(store()).confirm_second_factor(
                who.login, str(session.get("second_factor", "")), request.form.get("code", "")
            )
            session.pop("second_factor", None)
            return _account(codes)
        elif action == "one_step":
            People(store()).require_password(who.login, request.form.get("old", ""))
            People(store()).stop_second_factor(who.login)
    except (InputError, SignInError, NotFoundError) as error:
        flash(str(error))
        return _account(status=400)
    return redirect(url_for("account"), 303)


# --- people, and what happened ----------------------------------------------------------------------


def people() -> Answer:
    return _people()


def _people(secret: str = "", login: str = "", status: int = 200) -> Answer:
    """secret: of a link that was made just now, for a login; shown this once."""
    link = url_for("welcome", secret=secret, _external=True) if secret else ""
    known = {"everybody": People(store()).all(), "roles": ROLES, "backups": kept(settings_in_force().index)}
    shown = page("people.html", **known, link=link, login=login, sent=request.form)
    shown.status_code = status
    return shown


def change_people() -> Answer:
    """What the forms of the page of people do."""
    _posted()
    known, by, login = People(store()), identity.who().login, request.form.get("login", "")
    try:
        match request.form.get("action", ""):
            case "add":
                secret = known.add(login, request.form.get("name", ""), request.form.get("role", ""), by, _teams())
                return _people(secret, login)
            case "reset":
                return _people(known.reset(login, by), login)
            case "role":
                known.set_role(login, request.form.get("role", ""), by)
            case "teams":
                known.set_teams(login, _teams(), by)
            case "disable":
                known.disable(login, by)
            case "forget" if request.form.get("sure"):
                Forgetting(store()).forget_person(login, by)
                flash(say("已移除 {login} 的数据", "what was kept of {login} is removed", login=login))
            case "enable":
                known.enable(login, by)
            case other:
                raise InputError(say("没有操作 {other}", "no action {other}", other=other))
    except KbError as error:
        flash(str(error))
        return _people(status=status_of(error))
    return redirect(url_for("people"), 303)


def kept_of(login: str) -> Answer:
    """What is kept of one person, and a button that removes it. Raises NotFoundError."""
    person = People(store()).named(login)
    identity.note("person_shown", person.login)
    kept = Forgetting(store()).of_person(person.login)
    return page("kept.html", person=person, kept=kept)


def _teams() -> list[str]:
    """The teams of a form. Raises InputError."""
    given = request.form.get("teams", "").replace("，", ",").split(",")
    return [checked_name(team) for team in given if team.strip()]


def journal() -> Answer:
    """The newest lines; ?before= goes on with older ones."""
    before = request.args.get("before", "")
    lines = Journal(store()).lines(LINES, int(before) if before.isascii() and before.isdigit() else None)
    return page("journal.html", lines=lines, older=lines[-1][0] if len(lines) == LINES else None)


def journal_file() -> Answer:
    """The log as a table."""
    identity.note("exported", "journal")
    columns = (("时间", "At"), ("谁", "Who"), ("做了什么", "What happened"), ("对象", "To"), ("来自", "From"))
    lines = (line for _, line in Journal(store()).lines(MAX_LINES))
    rows = ((f"{li.at.astimezone():%Y-%m-%d %H:%M:%S%z}", li.who, li.told, li.what, li.address) for li in lines)
    return as_file("journal", columns, rows)
