"""Accounts: coming in by a link, passwords, sign-in that is slowed, the second factor, sessions, limits, the log."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError, SignInError, TooOftenError
from kb.people import limits, passwords, roles, second_factor
from kb.people.accounts import FREE, LONGEST_WAIT, People
from kb.people.journal import Journal
from kb.people.sessions import IDLE, MOST, Sessions

GOOD = "蓝色 cable 与 47 只乌鸦"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that cost nothing: what they cost in earnest is another's to prove."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def somebody(store: Store, login: str = "wang.wu", role: str = "agent", password: str = GOOD) -> None:
    """Add an account that has a password."""
    people = People(store)
    people.choose(people.add(login, "王五", role), password)


# --- coming in --------------------------------------------------------------------------------


def test_the_first_administrator_comes_by_a_link(store: Store) -> None:
    """The link of an empty database makes one administrator, once; afterwards there is no such link."""
    people = People(store)
    assert not people.any()
    old, secret = people.found(), people.found()
    assert old is not None
    assert secret is not None
    with pytest.raises(InputError):  # only the newest is good
        people.invited(old)
    assert people.invited(secret) is None
    made = people.choose(secret, GOOD, "Chen.Li", "陈丽")
    assert (made.login, made.name, made.role) == ("chen.li", "陈丽", "administrator")
    assert people.any()
    assert people.found() is None
    with pytest.raises(InputError):
        people.choose(secret, GOOD, "mallory")
    assert [p.login for p in people.all()] == ["chen.li"]


def test_an_invitation_is_good_once(store: Store) -> None:
    """Who was added chooses a password by the link; the link, older links and expired ones open nothing."""
    people = People(store)
    first = people.add("wang.wu", "王五", "agent")
    assert people.named("WANG.WU").invited
    with pytest.raises(SignInError):
        people.sign_in("wang.wu", "")
    again = people.reset("wang.wu")
    with pytest.raises(InputError):
        people.choose(first, GOOD)
    people.choose(again, GOOD)
    assert not people.named("wang.wu").invited
    with pytest.raises(InputError):
        people.choose(again, GOOD)
    late = people.reset("wang.wu")
    with store.session() as session:
        session.execute(update(tables.Invitation).values(until=datetime.now(UTC)))
    with pytest.raises(InputError):
        people.choose(late, GOOD)
    assert people.sign_in("wang.wu", GOOD).name == "王五"


def test_nothing_that_opens_is_kept(store: Store, tmp_path: Path) -> None:
    """Neither passwords nor the secrets of links, sessions and recovery codes stand in the database."""
    people = People(store)
    link = people.add("wang.wu", "王五", "agent")
    person = people.choose(link, GOOD)
    session = Sessions(store).start(person.id)
    secret = second_factor.new_secret()
    codes = people.confirm_second_factor("wang.wu", secret, pyotp.TOTP(secret).now())
    raw = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    for opens in (GOOD, link, session, *codes):
        assert opens.encode() not in raw


def test_the_last_administrator_stays(store: Store) -> None:
    """Nobody can lock everybody out, neither by a role nor by disabling; with a second one both work."""
    somebody(store, "chen.li", "administrator")
    people = People(store)
    with pytest.raises(InputError, match="唯一的管理员"):
        people.disable("chen.li")
    with pytest.raises(InputError, match="唯一的管理员"):
        people.set_role("chen.li", "lead")
    somebody(store, "wang.wu", "administrator")
    people.set_role("chen.li", "lead")
    assert people.named("chen.li").role == "lead"


@pytest.mark.parametrize("login", ["", " ", "a b", "x" * 101, "a/b", "<b>", "a\nb"])
def test_logins_are_checked(store: Store, login: str) -> None:
    """A login is one word of letters, digits and a few signs."""
    with pytest.raises(InputError, match="登录名"):
        People(store).add(login, "某人", "reader")


def test_who_is_unknown_or_wrong_is_told(store: Store) -> None:
    """An unknown login or role, and one that is taken, are sentences."""
    somebody(store)
    people = People(store)
    with pytest.raises(NotFoundError, match="nobody"):
        people.reset("nobody")
    with pytest.raises(InputError, match="boss"):
        people.set_role("wang.wu", "boss")
    with pytest.raises(InputError, match="已有"):
        people.add("Wang.Wu", "另一个", "reader")


# --- passwords --------------------------------------------------------------------------------


POOR = (
    "short|password|Password123|12345678|87654321|aaaaaaaa|qwertyui|1qaz2wsx|woaini1314|5201314a|wang.wu1|Guzhi2026|"
    "ABABABAB|iloveyou99|" + "x" * 129
).split("|")


@pytest.mark.parametrize("password", POOR)
def test_poor_passwords_are_refused(password: str) -> None:
    """Too short, too long, and what everybody has or is made of one's own name."""
    with pytest.raises(InputError, match="密码"):
        passwords.check(password, "wang.wu")


@pytest.mark.parametrize(
    "password", [GOOD, "correct horse battery staple", "x9!kQ2#v", "打印机卡在第三层楼", "q" * 7 + "xyz w"]
)
def test_good_passwords_are_taken(password: str) -> None:
    """No rule of composition: long, or strange, in any script."""
    passwords.check(password, "wang.wu")


@given(st.text(st.characters(codec="utf8"), min_size=1, max_size=60))
def test_a_password_is_its_own(password: str) -> None:
    """What was chosen is right, with anything behind it is not."""
    kept = passwords.digest(password)
    assert kept.startswith("$argon2id$")
    assert passwords.is_right(kept, password)
    assert not passwords.is_right(kept, password + "x")
    assert not passwords.is_right("", password)


def test_digests_cost_what_they_should() -> None:
    """Argon2id with OWASP's least parameters."""
    found = extract_parameters(passwords.hasher().hash("x"))
    assert (found.type.name, found.time_cost, found.memory_cost, found.parallelism) == ("ID", 2, 19456, 1)


def test_composed_characters_are_one(store: Store) -> None:
    """é typed as one character or as two opens the same account."""
    somebody(store, password="caf\u00e9 au lait 17")
    assert People(store).sign_in("wang.wu", "cafe\u0301 au lait 17").login == "wang.wu"


# --- sign-in ----------------------------------------------------------------------------------


def test_what_is_wrong_is_not_told(store: Store) -> None:
    """A wrong name, a wrong password, a missing code and a disabled account are refused in the same words."""
    somebody(store)
    somebody(store, "gone", password=GOOD)
    somebody(store, "careful")
    people = People(store)
    people.disable("gone")
    secret = second_factor.new_secret()
    people.confirm_second_factor("careful", secret, pyotp.TOTP(secret).now())
    told = set()
    for login, password in (("wang.wu", "wrong"), ("nobody", GOOD), ("gone", GOOD), ("careful", GOOD), ("", "")):
        with pytest.raises(SignInError) as refused:
            people.sign_in(login, password)
        told.add(str(refused.value))
    assert len(told) == 1


def test_guessing_is_slowed(store: Store) -> None:
    """After a few failures one waits, longer each time up to a bound; even the right password does not help before."""
    somebody(store)
    people, now = People(store), datetime.now(UTC)

    def fail() -> int:
        with pytest.raises((SignInError, TooOftenError)) as refused:
            people.sign_in("wang.wu", "wrong", now=now)
        return refused.value.seconds if isinstance(refused.value, TooOftenError) else 0

    waits = []
    for _ in range(FREE["login"] + 12):
        waits.append(fail())
        now += timedelta(seconds=waits[-1])
        if waits[-1]:
            assert fail() == 0  # the wait is over: this one counts
    slowed = [w for w in waits if w]
    assert slowed[0] <= 2
    assert slowed == sorted(slowed)
    assert max(slowed) <= LONGEST_WAIT
    with pytest.raises(TooOftenError):
        people.sign_in("wang.wu", GOOD, now=now)
    assert people.sign_in("wang.wu", GOOD, now=now + timedelta(seconds=LONGEST_WAIT)).login == "wang.wu"
    assert fail() == 0  # what succeeded wiped the slate


def test_an_address_is_slowed_whatever_the_names(store: Store) -> None:
    """Who tries one password on many names waits, too; others do not."""
    somebody(store)
    people, now = People(store), datetime.now(UTC)
    for i in range(FREE["address"]):
        with pytest.raises(SignInError):
            people.sign_in(f"name{i}", "wrong", address="192.0.2.7", now=now)
    with pytest.raises(TooOftenError):
        people.sign_in("another", "wrong", address="192.0.2.7", now=now)
    assert people.sign_in("wang.wu", GOOD, address="192.0.2.8", now=now).login == "wang.wu"


def test_failures_are_forgotten(store: Store) -> None:
    """What failed long ago is removed: the table does not grow with the years."""
    people, now = People(store), datetime.now(UTC)
    for hour in range(10):
        with pytest.raises(SignInError):
            people.sign_in("wang.wu", "wrong", now=now + timedelta(hours=hour))
    with store.reading() as session:
        assert len(session.scalars(select(tables.Attempt)).all()) == 2  # the name and the address of the last


# --- the second factor ------------------------------------------------------------------------


def test_codes_are_taken_once(store: Store) -> None:
    """With a second factor its code is asked; a code that was taken is taken no more, nor an older one."""
    somebody(store)
    people, secret = People(store), second_factor.new_secret()
    with pytest.raises(InputError):
        people.confirm_second_factor("wang.wu", secret, "000000")
    people.confirm_second_factor("wang.wu", secret, pyotp.TOTP(secret).now())
    now = datetime.now(UTC) + timedelta(minutes=2)
    code = pyotp.TOTP(secret).at(now)
    assert people.sign_in("wang.wu", GOOD, code, now=now).second_factor
    for used in (code, pyotp.TOTP(secret).at(now - timedelta(seconds=30)), "", "١٢٣٤٥٦"):
        with pytest.raises(SignInError):
            people.sign_in("wang.wu", GOOD, used, now=now)


def test_recovery_codes(store: Store) -> None:
    """Each opens once, however it is typed."""
    somebody(store)
    people, secret = People(store), second_factor.new_secret()
    codes = people.confirm_second_factor("wang.wu", secret, pyotp.TOTP(secret).now())
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert people.sign_in("wang.wu", GOOD, codes[3].upper().replace("-", " ")).login == "wang.wu"
    with pytest.raises(SignInError):
        people.sign_in("wang.wu", GOOD, codes[3])
    assert people.sign_in("wang.wu", GOOD, codes[0]).login == "wang.wu"


# --- sessions ---------------------------------------------------------------------------------


def test_sessions_begin_and_end(store: Store) -> None:
    """A secret finds its session; signing out, another's end, a new password and disabling close it."""
    somebody(store)
    somebody(store, "chen.li", "administrator")
    people, sessions = People(store), Sessions(store)
    person = people.named("wang.wu")

    def opened() -> str:
        secret = sessions.start(person.id, "Firefox")
        found = sessions.find(secret)
        assert found is not None
        assert (found.person.login, found.browser) == ("wang.wu", "Firefox")
        return secret

    def closes(end: Callable[[str], object]) -> None:
        secret = opened()
        end(secret)
        assert sessions.find(secret) is None

    closes(sessions.sign_out)
    here = opened()
    other = sessions.find(opened())
    assert other is not None
    assert sessions.end(person, other.id)
    assert not sessions.end(people.named("chen.li"), sessions.of(person.id)[0].id)  # only one's own
    assert sessions.find(here) is not None
    closes(lambda _: people.change_password("wang.wu", GOOD, GOOD + "!"))
    closes(lambda _: people.choose(people.reset("wang.wu"), GOOD))
    closes(lambda _: people.disable("wang.wu"))
    for wrong in ("", "x", "\ud800"):
        assert sessions.find(wrong) is None


def test_sessions_do_not_last(store: Store) -> None:
    """One that rested too long, and one that is too old, opens nothing; a person has a bounded number."""
    somebody(store)
    sessions, person = Sessions(store), People(store).named("wang.wu")
    rested, old = sessions.start(person.id), sessions.start(person.id)
    now = datetime.now(UTC)
    with store.session() as session:
        first, second = session.scalars(select(tables.SignIn).order_by(tables.SignIn.created)).all()
        first.used, second.until = now - IDLE, now
    assert sessions.find(rested) is None
    assert sessions.find(old) is None
    secrets = [sessions.start(person.id) for _ in range(MOST + 5)]
    assert len(sessions.of(person.id)) == MOST
    assert sessions.find(secrets[-1]) is not None


# --- roles, limits, the log -------------------------------------------------------------------


def test_roles_grow(store: Store) -> None:
    """What a role may, those above it may; nobody and unknown roles may nothing, nor anybody an unknown action."""
    for action in roles.ACTIONS:
        allowed = [roles.may(role, action) for role in roles.ROLES]
        assert allowed == sorted(allowed)
        assert allowed[-1]
        for stranger in (roles.NOBODY, "boss"):
            assert not roles.may(stranger, action)
        for role in (roles.NOBODY, *roles.ROLES):
            assert roles.refusal(role, action)
    assert not any(roles.may(role, "fly") for role in roles.ROLES)


def test_what_costs_is_counted(store: Store) -> None:
    """So many a minute for each who asks; the next minute begins anew; old minutes are removed."""
    used, most = limits.Limits(store), limits.LIMITS["pack"].times
    for _ in range(most):
        used.use("pack", "wang.wu", 600.0)
    with pytest.raises(TooOftenError) as refused:
        used.use("pack", "wang.wu", 659.0)
    assert refused.value.seconds == 1
    used.use("pack", "chen.li", 659.0)
    used.use("why", "wang.wu", 659.0)
    used.use("pack", "wang.wu", 660.0)
    used.use("pack", "wang.wu", 60_000.0)
    with store.reading() as session:
        assert len(session.scalars(select(tables.Use)).all()) == 1


def test_the_log_tells_what_happened(store: Store) -> None:
    """Every change of an account stands there, newest first, by whom; it is forgotten by age alone."""
    people = People(store)
    people.choose(people.found() or "", GOOD, "chen.li")
    people.add("wang.wu", "王五", "agent", by="chen.li")
    people.set_role("wang.wu", "writer", by="chen.li")
    with pytest.raises(SignInError):
        people.sign_in("wang.wu", "wrong", address="192.0.2.7")
    people.sign_in("chen.li", GOOD)
    people.set_teams("wang.wu", ["网络组"], by="chen.li")
    people.disable("wang.wu", by="chen.li")
    people.enable("wang.wu", by="chen.li")
    log = Journal(store)
    told = [(line.who, line.action, line.what) for _, line in reversed(log.lines())]
    assert told == [
        ("chen.li", "person_added", "chen.li (administrator)"),
        ("chen.li", "password_chosen", ""),
        ("chen.li", "person_added", "wang.wu (agent)"),
        ("chen.li", "person_role", "wang.wu (writer)"),
        ("", "sign_in_failed", "wang.wu"),
        ("chen.li", "signed_in", ""),
        ("chen.li", "person_teams", "wang.wu (网络组)"),
        ("chen.li", "person_disabled", "wang.wu"),
        ("chen.li", "person_enabled", "wang.wu"),
    ]
    newest = log.lines(2)
    assert [line.action for _, line in log.lines(1, newest[-1][0])] == ["person_teams"]
    assert all(line.told for _, line in log.lines())
    assert log.forget(1) == 0
    assert log.forget(0) == len(told)
