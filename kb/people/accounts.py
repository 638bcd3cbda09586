"""This module answers: who is there, how does somebody come in, and is this really them?

Somebody is added by name and role and gets a link, once, by which they choose a password; a reset is such a link, too.
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kb.database import tables
from kb.database.connection import Store
from kb.database.secret import digest, new_secret
from kb.errors import InputError, NotFoundError, SignInError, TooOftenError
from kb.language import say
from kb.people import journal, passwords, second_factor
from kb.people.roles import ROLES, role_name

INVITED = timedelta(days=7)
"""How long an invitation is good."""
RESET = timedelta(hours=24)
"""How long a link to choose another password is good."""
MAX_NAME = 100

WINDOW = timedelta(minutes=15)
"""Failures older than that are forgotten."""
FREE = {"login": 5, "address": 20}
"""Failures that cost nothing, of one login and from one address; each one more doubles the wait, from a second."""
LONGEST_WAIT = 300
"""Seconds: whoever guesses is stopped, whoever is guessed at comes in five minutes later at most."""


class Person(NamedTuple):
    """Somebody with an account. password: they chose one; vouched: another login vouches for them."""

    id: int
    login: str
    name: str
    role: str
    teams: tuple[str, ...]
    active: bool
    password: bool
    vouched: bool
    second_factor: bool
    created: datetime

    @property
    def invited(self) -> bool:
        """Whether they can't come in yet."""
        return not self.password and not self.vouched


def leads(people: Sequence[Person]) -> list[Person]:
    """Who leads, of some people; where nobody does, who administers."""
    return [p for p in people if p.role == "lead"] or [p for p in people if p.role == "administrator"]


class People:
    """The people of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- who is there ---

    def any(self) -> bool:
        """Whether there is anybody who may come in: from then on accounts decide who may do what."""
        with self._store.reading() as session:
            return session.scalar(select(tables.Person.id).where(tables.Person.active).limit(1)) is not None

    def all(self) -> Sequence[Person]:
        """Everybody, by login."""
        with self._store.reading() as session:
            return [person_of(p) for p in session.scalars(select(tables.Person).order_by(tables.Person.login))]

    def named(self, login: str) -> Person:
        """Raises NotFoundError."""
        with self._store.reading() as session:
            return person_of(_row(session, login))

    # --- how somebody comes in ---

    def add(self, login: str, name: str, role: str, by: str = "", teams: Sequence[str] = ()) -> str:
        """Add somebody and return the secret of the link by which they choose a password. Raises InputError."""
        login, name = checked_login(login), checked_name(name or login)
        _check_role(role)
        with self._store.session() as session:
            if session.scalar(select(tables.Person.id).where(tables.Person.login == login)) is not None:
                raise InputError(say("已有名为 {login} 的账号", "there is an account {login} already", login=login))
            row = new_row(session, login, name, role)
            row.teams = list(teams)
            session.flush()
            journal.write(session, "person_added", by, f"{login} ({role})")
            return _invite(session, row.id, INVITED)

    def reset(self, login: str, by: str = "") -> str:
        """The secret of a link by which somebody chooses another password; older ones are good no more.

        The second factor and the sessions stay until the password is chosen: then both go. Raises NotFoundError.
        """
        with self._store.session() as session:
            row = _row(session, login)
            journal.write(session, "person_reset", by, row.login)
            return _invite(session, row.id, RESET)

    def found(self) -> str | None:
        """The secret of the link that makes the first administrator, None when there is somebody already."""
        with self._store.session() as session:
            if session.scalar(select(func.count()).select_from(tables.Person)):
                return None
            session.execute(delete(tables.Invitation).where(tables.Invitation.person.is_(None)))
            return _invite(session, None, RESET)

    def invited(self, secret: str) -> Person | None:
        """Whose link this is, None for the first administrator's. Raises InputError for one that is good no more."""
        with self._store.reading() as session:
            row = _invitation(session, secret)
            return None if row.person is None else person_of(session.get_one(tables.Person, row.person))

    def choose(self, secret: str, password: str, login: str = "", name: str = "") -> Person:
        """Take a link's password: its person may sign in, and is signed in nowhere else any more.

        login, name: of the first administrator. Raises InputError.
        """
        with self._store.session() as session:
            row = _invitation(session, secret)
            if row.person is None:
                if session.scalar(select(func.count()).select_from(tables.Person)):
                    raise _spent()
                login = checked_login(login)
                person = new_row(session, login, checked_name(name or login), "administrator")
                session.flush()
                journal.write(session, "person_added", login, f"{login} (administrator)")
            else:
                person = session.get_one(tables.Person, row.person)
            passwords.check(password, person.login)
            person.digest, person.secret, person.recovery = passwords.digest(password), "", []
            session.execute(delete(tables.SignIn).where(tables.SignIn.person == person.id))
            session.delete(row)
            journal.write(session, "password_chosen", person.login)
            return person_of(person)

    def change_password(self, login: str, old: str, new: str) -> None:
        """One's own. All sessions end. Raises InputError, SignInError."""
        with self._store.session() as session:
            row = _row(session, login)
            _require_password(row, old)
            passwords.check(new, row.login)
            row.digest = passwords.digest(new)
            session.execute(delete(tables.SignIn).where(tables.SignIn.person == row.id))
            journal.write(session, "password_chosen", row.login)

    def require_password(self, login: str, password: str) -> None:
        """Raises SignInError unless this is somebody's password, NotFoundError."""
        with self._store.reading() as session:
            _require_password(_row(session, login), password)

    # --- what is changed about somebody ---

    def set_role(self, login: str, role: str, by: str = "") -> None:
        """Raises InputError, NotFoundError."""
        _check_role(role)
        with self._store.session() as session:
            row = _row(session, login)
            if role != "administrator":
                keep_an_administrator(session, row)
            row.role = role
            journal.write(session, "person_role", by, f"{row.login} ({role})")

    def set_teams(self, login: str, teams: Sequence[str], by: str = "") -> None:
        """Raises NotFoundError."""
        with self._store.session() as session:
            row = _row(session, login)
            row.teams = sorted(set(teams))
            journal.write(session, "person_teams", by, f"{row.login} ({', '.join(row.teams)})")

    def disable(self, login: str, by: str = "") -> None:
        """Somebody may come in no more; what they did stays theirs. Raises InputError, NotFoundError."""
        with self._store.session() as session:
            row = _row(session, login)
            keep_an_administrator(session, row)
            row.active = False
            session.execute(delete(tables.SignIn).where(tables.SignIn.person == row.id))
            session.execute(delete(tables.Invitation).where(tables.Invitation.person == row.id))
            journal.write(session, "person_disabled", by, row.login)

    def enable(self, login: str, by: str = "") -> None:
        """Raises NotFoundError."""
        with self._store.session() as session:
            row = _row(session, login)
            row.active = True
            journal.write(session, "person_enabled", by, row.login)

    # --- is this really them? ---

    def sign_in(
        self, login: str, password: str, code: str = "", address: str = "", now: datetime | None = None
    ) -> Person:
        """Who this is. code: of the second factor, or a recovery code.

        Raises TooOftenError after too many failures, SignInError when something is wrong: it does not say what, nor
        whether there is such an account.
        """
        now = now or datetime.now(UTC)
        keys = {"login": _key("login", folded(login)), "address": _key("address", address)}
        with self._store.session() as session:
            wait = _wait(session, keys, now)
            if wait:
                journal.write(session, "sign_in_slowed", "", folded(login), address)
        if wait:
            raise TooOftenError(
                say("尝试过于频繁，请 {n} 秒后再试", "too many attempts; try again in {n} s", n=wait), wait
            )
        with self._store.session() as session:
            row = session.scalar(select(tables.Person).where(tables.Person.login == folded(login)))
            right = passwords.is_right(row.digest if row is not None else "", password)
            if row is not None and right and row.active and _second(session, row, code, now):
                if passwords.is_outdated(row.digest):
                    row.digest = passwords.digest(password)
                session.execute(delete(tables.Attempt).where(tables.Attempt.key == keys["login"]))
                journal.write(session, "signed_in", row.login, "", address)
                return person_of(row)
            session.execute(delete(tables.Attempt).where(tables.Attempt.at < now - WINDOW))
            session.add_all(tables.Attempt(at=now, key=key) for key in keys.values())
            journal.write(session, "sign_in_failed", "", folded(login), address)
        raise SignInError(
            say(
                "名字、密码或验证码不对",
                "name, password or code is wrong",
            )
        )

    # --- the second factor ---

    def confirm_second_factor(self, login: str, secret: str, code: str) -> list[str]:
        """Turn it on once its first code was right; the recovery codes, shown this once. Raises InputError."""
        step = second_factor.step_of(secret, code, datetime.now(UTC), 0)
        if step is None:
            raise InputError(
                say(
                    "验证码不对：请看手机上现在的六位数；手机的时间要准",
                    "that is not the code: take the six digits shown now; the telephone's clock has to be right",
                )
            )
        codes = second_factor.recovery_codes()
        with self._store.session() as session:
            row = _row(session, login)
            row.secret, row.step, row.recovery = secret, step, [second_factor.digest(c) for c in codes]
            journal.write(session, "second_factor_on", row.login)
        return codes

    def stop_second_factor(self, login: str, by: str = "") -> None:
        """Raises NotFoundError."""
        with self._store.session() as session:
            row = _row(session, login)
            row.secret, row.recovery = "", []
            journal.write(session, "second_factor_off", by or row.login, row.login)


def person_of(row: tables.Person) -> Person:
    """What is known of somebody, but how they show who they are."""
    about = (row.id, row.login, row.name, row.role, tuple(row.teams), row.active)
    return Person(*about, bool(row.digest), row.subject is not None, bool(row.secret), row.created)


def folded(login: str) -> str:
    """A login as it is kept: however it is typed, it is one (NFKC, without case)."""
    return unicodedata.normalize("NFKC", login).casefold().strip()[:MAX_NAME]


def checked_login(login: str) -> str:
    """Folded. Raises InputError."""
    name = folded(login)
    if not 1 <= len(login.strip()) <= MAX_NAME or not all(c.isalnum() or c in "._-@+" for c in name) or not name:
        raise InputError(
            say(
                "登录名用字母、数字、汉字和 . _ - @ +，最多 {n} 个，例如 zhang.san",
                "a login takes letters, digits and . _ - @ +, at most {n}, such as zhang.san",
                n=MAX_NAME,
            )
        )
    return name


def checked_name(name: str) -> str:
    """With single spaces. Raises InputError."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InputError(say("名字应为 1 到 {n} 个可见字符", "a name takes 1 to {n} printable characters", n=MAX_NAME))
    return name


def _check_role(role: str) -> None:
    if role not in ROLES:
        known = ", ".join(f"{r} ({role_name(r)})" for r in ROLES)
        raise InputError(say("没有角色 {role}（可用：{known}）", "no role {role} ({known})", role=role, known=known))


def _row(session: Session, login: str) -> tables.Person:
    row = session.scalar(select(tables.Person).where(tables.Person.login == folded(login)))
    if row is None:
        raise NotFoundError(say("没有名为 {login} 的账号", "there is no account {login}", login=login))
    return row


def _require_password(row: tables.Person, password: str) -> None:
    """Raises SignInError unless it is right."""
    if not passwords.is_right(row.digest, password):
        raise SignInError(say("现在的密码不对", "the present password is wrong"))


def new_row(session: Session, login: str, name: str, role: str) -> tables.Person:
    """A row of somebody who can't come in yet."""
    empty = {"teams": [], "secret": "", "step": 0, "recovery": [], "active": True, "created": datetime.now(UTC)}
    row = tables.Person(login=login, name=name, role=role, digest="", **empty)
    session.add(row)
    return row


def keep_an_administrator(session: Session, row: tables.Person) -> None:
    """Raises InputError when this is the last one: nobody could let anybody in again."""
    others = select(tables.Person.id).where(
        tables.Person.role == "administrator", tables.Person.active, tables.Person.id != row.id
    )
    if row.role == "administrator" and row.active and session.scalar(others.limit(1)) is None:
        raise InputError(
            say(
                "{login} 是唯一的管理员；请先让另一个人成为管理员",
                "{login} is the only administrator; make somebody else one first",
                login=row.login,
            )
        )


# --- links that are good once ---


def _invite(session: Session, person: int | None, lasts: timedelta) -> str:
    secret, now = new_secret(), datetime.now(UTC)
    same = tables.Invitation.person.is_(None) if person is None else tables.Invitation.person == person
    session.execute(delete(tables.Invitation).where(same | (tables.Invitation.until < now)))
    session.add(tables.Invitation(digest=digest(secret), person=person, until=now + lasts))
    return secret


def _invitation(session: Session, secret: str) -> tables.Invitation:
    row = session.get(tables.Invitation, digest(secret))
    if row is None or row.until <= datetime.now(UTC):
        raise _spent()
    return row


def _spent() -> InputError:
    return InputError(
        say(
            "这个链接已用过或已过期；请管理员再发一个（kb person reset 登录名）",
            "this link was used or has expired; an administrator makes another (kb person reset LOGIN)",
        )
    )


# --- sign-in, slowed ---


def _key(kind: str, value: str) -> str:
    return digest(f"{kind} {value}")


def _wait(session: Session, keys: dict[str, str], now: datetime) -> int:
    """Seconds until the next attempt may be made."""
    longest = 0.0
    for kind, key in keys.items():
        mine = select(func.count(), func.max(tables.Attempt.at)).where(
            tables.Attempt.key == key, tables.Attempt.at > now - WINDOW
        )
        failures, last = session.execute(mine).one()
        if failures >= FREE[kind]:
            pause = min(2.0 ** (failures - FREE[kind]), LONGEST_WAIT)
            since = (now - (last if last.tzinfo else last.replace(tzinfo=UTC))).total_seconds()
            longest = max(longest, pause - since)
    return max(0, int(longest + 0.999))


def _second(session: Session, row: tables.Person, code: str, now: datetime) -> bool:
    """Whether the second factor is right, where there is one. A code is taken once."""
    if not row.secret:
        return True
    step = second_factor.step_of(row.secret, code, now, row.step)
    if step is not None:
        row.step = step
        return True
    left = second_factor.without(row.recovery, code)
    if left is None:
        return False
    row.recovery = left
    journal.write(session, "recovery_used", row.login, str(len(left)))
    return True
