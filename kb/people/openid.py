"""This module answers: who is it that the company's own login vouches for, and which role do their groups give?

Somebody is known by issuer and subject (OpenID Connect Core, 5.7), never by a mail address or a name: those are given
to others later.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, SettingsError, SignInError
from kb.language import say
from kb.people import journal
from kb.people.accounts import MAX_NAME, Person, checked_login, checked_name, new_row, person_of
from kb.people.roles import ROLES

EVERYBODY = "*"
"""Stands for whoever is in none of the groups."""
STEPS = frozenset(("mfa", "otp", "hwk", "swk", "sc", "sms", "tel", "fpt", "face", "iris"))
"""Ways of a second step, as amr tells them (RFC 8176)."""


class Vouched(NamedTuple):
    """What another login says of somebody. login, name: as they are to be called here; steps: whether it asked more
    than a password.
    """

    issuer: str
    subject: str
    login: str
    name: str
    groups: tuple[str, ...]
    steps: bool


def vouched(issuer: str, claims: Mapping[str, Any], groups: str) -> Vouched:
    """Read the claims of an ID token that was checked. groups: the claim of them, dots lead inside.

    Raises SignInError where it does not say who this is.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable() or not 1 <= len(subject) <= 255:
        raise SignInError(say("公司登录系统没有说这是谁", "the company's login does not say who this is"))
    given = [str(claims[key]) for key in ("preferred_username", "email") if isinstance(claims.get(key), str)]
    login = next(filter(None, map(_login, given)), "") or checked_login("oidc-" + "".join(filter(str.isalnum, subject)))
    name = str(claims.get("name") or login)[:MAX_NAME]
    ways = claims.get("amr")
    steps = bool(STEPS.intersection(map(str, ways))) if isinstance(ways, list) else False
    return Vouched(issuer, subject, login, name, _groups(claims, groups), steps)


def _login(text: str) -> str:
    try:
        return checked_login(text)
    except InputError:
        return ""


def _groups(claims: Any, place: str) -> tuple[str, ...]:
    for key in place.split("."):
        claims = claims.get(key) if isinstance(claims, Mapping) else None
    if isinstance(claims, str):
        return (claims,)
    return tuple(str(g) for g in claims) if isinstance(claims, list) else ()


def role_table(lines: Sequence[str]) -> dict[str, str]:
    """Group -> role, of the setting oidc_roles. Raises SettingsError."""
    table = {}
    for line in lines:
        group, _, role = (part.strip() for part in line.rpartition("="))
        if role not in ROLES:
            raise SettingsError(
                say(
                    "oidc_roles：'{line}' 里没有角色 {role}（可用：{known}）",
                    "oidc_roles: '{line}': there is no role {role} ({known})",
                    line=line,
                    role=role,
                    known=", ".join(ROLES),
                )
            )
        table[group] = role
    return table


def role_of(groups: Collection[str], table: Mapping[str, str]) -> str | None:
    """The highest role of somebody's groups, None when none of them may come in."""
    given = [table[g] for g in (*groups, EVERYBODY) if g in table]
    return max(given, key=ROLES.index, default=None)


def enter(store: Store, who: Vouched, table: Mapping[str, str], address: str = "", two_steps: bool = False) -> Person:
    """The person of this, made at the first sign-in; where groups give roles, theirs is the one of today.

    two_steps: administrators must have taken two. Raises SignInError, in words, for who may not come in.
    """
    try:
        with store.session() as session:
            row = session.scalar(select(tables.Person).where(*_is(who)))
            role = role_of(who.groups, table) if table else (row.role if row is not None else "reader")
            if row is not None and not row.active:
                raise SignInError(say("这个账号已停用；请找管理员", "this account is disabled; ask an administrator"))
            if role is None:
                raise SignInError(
                    say(
                        "您所在的组都不能使用故知；请找管理员",
                        "none of your groups may use this site; ask an administrator",
                    )
                )
            if two_steps and role == "administrator" and not who.steps:
                raise SignInError(
                    say(
                        "管理员要分两步登录：请在公司的登录系统里启用两步验证，再来一次",
                        "administrators sign in in two steps: turn that on in the company's login, then come again",
                    )
                )
            if row is None:
                row = _made(session, who, role)
            elif row.role != role:
                row.role = role
                journal.write(session, "person_role", "", f"{row.login} ({role})", address)
            journal.write(session, "signed_in", row.login, who.issuer, address)
            return person_of(row)
    except SignInError:
        with store.session() as session:
            journal.write(session, "sign_in_failed", "", f"{who.login} ({who.issuer})", address)
        raise


def connect(store: Store, login: str, who: Vouched) -> None:
    """From now on this other login opens somebody's account here. Raises InputError when it opens another's."""
    with store.session() as session:
        if session.scalar(select(tables.Person.id).where(*_is(who))) is not None:
            raise InputError(
                say("这个公司账号已经连着一个人", "that account of the company is somebody's here already")
            )
        row = session.scalars(select(tables.Person).where(tables.Person.login == login)).one()
        row.issuer, row.subject = who.issuer, who.subject
        journal.write(session, "person_connected", login, who.issuer)


def _is(who: Vouched) -> tuple[Any, Any]:
    return tables.Person.issuer == who.issuer, tables.Person.subject == who.subject


def _made(session: Session, who: Vouched, role: str) -> tables.Person:
    """Raises SignInError when the login is another's, or nobody looks after the site yet."""
    if role != "administrator" and not session.scalar(select(func.count()).select_from(tables.Person)):
        raise SignInError(
            say(
                "还没有管理员；请先打开第一次启动时给出的链接",
                "there is no administrator yet; open the link that the first start printed",
            )
        )
    if session.scalar(select(tables.Person.id).where(tables.Person.login == who.login)) is not None:
        raise SignInError(
            say(
                "已有登录名为 {login} 的账号。若是您的，先用密码登录，再在“我的账号”里连接公司账号；否则请找管理员",
                "there is an account {login} already. If it is yours, sign in with its password and connect the "
                "company's login on your account's page; else ask an administrator",
                login=who.login,
            )
        )
    row = new_row(session, who.login, checked_name(who.name), role)
    row.issuer, row.subject = who.issuer, who.subject
    session.flush()
    journal.write(session, "person_added", who.login, f"{who.login} ({role})")
    return row
