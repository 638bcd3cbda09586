"""This module answers which programs may use the API: tokens with a scope, of which only a digest is kept."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update

from kb.database import tables
from kb.database.connection import Store
from kb.database.secret import digest, new_secret
from kb.errors import InputError, NotFoundError
from kb.language import say
from kb.model import SCOPES, TOKEN_DAYS, TOKEN_MINUTE

PREFIX = "kb_"
"""By which people, and scanners of leaked secrets, recognise a token."""
FRESH = timedelta(minutes=1)
"""So exact is the time of the last use: a busy program must not write at every request."""
MAX_NAME = 100
MAX_DAYS = 3650
MAX_MINUTE = 100_000


class Token(NamedTuple):
    """What is known of a token but its secret. scope: one of SCOPES; used: the last time, to the minute.

    owner: who answers for it; expires: from then on it opens nothing, None for never; a_minute: requests it may send
    in one, 0 for as many as it likes.
    """

    name: str
    scope: str
    owner: str
    created: datetime
    used: datetime | None
    expires: datetime | None
    a_minute: int

    def may(self, scope: str) -> bool:
        """Whether it allows what needs a scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= _now()


class Access:
    """The tokens of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self, name: str, scope: str = "read", owner: str = "", days: int = TOKEN_DAYS, a_minute: int = TOKEN_MINUTE
    ) -> str:
        """Make a token and return its secret, which is shown this once. Raises InputError.

        days: until it expires, 0 for never. a_minute: requests it may send in one, 0 for as many as it likes.
        """
        _check_word(name, say("令牌的名字", "the name of a token"), "dify")
        if owner:
            _check_word(owner, say("负责人", "the owner"), say("张三", "Zhang San"))
        if not 0 <= days <= MAX_DAYS:
            raise InputError(
                say("天数应为 0（不到期）到 {most}", "days should be 0 (never expires) to {most}", most=MAX_DAYS)
            )
        if not 0 <= a_minute <= MAX_MINUTE:
            raise InputError(
                say(
                    "每分钟的次数应为 0（不限）到 {most}",
                    "requests a minute should be 0 (any number) to {most}",
                    most=MAX_MINUTE,
                )
            )
        if scope not in SCOPES:
            raise InputError(
                say("权限 '{scope}' 不认识（可用：{known}）", "unknown scope '{scope}' ({known})",
                    scope=scope, known=", ".join(SCOPES))
            )  # fmt: skip
        secret = PREFIX + new_secret()
        with self._store.session() as session:
            if session.scalar(select(tables.Token.id).where(tables.Token.name == name)) is not None:
                raise InputError(
                    say(
                        "已有名为 {name} 的令牌；先用 kb token revoke {name} 收回",
                        "there is a token {name} already; revoke it first: kb token revoke {name}",
                        name=name,
                    )
                )
            created = _now()
            expires = created + timedelta(days=days) if days else None
            known = {"name": name, "scope": scope, "owner": owner, "created": created, "expires": expires}
            session.add(tables.Token(digest=digest(secret), used=None, a_minute=a_minute, **known))
        return secret

    def tokens(self) -> list[Token]:
        """All of them, by name."""
        with self._store.reading() as session:
            rows = session.scalars(select(tables.Token).order_by(tables.Token.name)).all()
            return [_token(row) for row in rows]

    def revoke(self, name: str, owner: str | None = None) -> None:
        """Forget a token: from now on its secret opens nothing. owner: it has to be theirs. Raises NotFoundError."""
        mine = (
            [tables.Token.name == name] if owner is None else [tables.Token.name == name, tables.Token.owner == owner]
        )
        with self._store.session() as session:
            found = session.execute(delete(tables.Token).where(*mine).returning(tables.Token.id))
            if found.first() is None:
                raise NotFoundError(say("没有名为 {name} 的令牌", "there is no token {name}", name=name))

    def find(self, secret: str) -> Token | None:
        """The token of a secret, None when it is no one's; its use is noted. One that has expired is found, too.

        The database compares digests: how long that takes tells nothing of a secret that is random.
        """
        mine = tables.Token.digest == digest(secret)
        with self._store.reading() as session:
            row = session.scalar(select(tables.Token).where(mine))
        if row is None:
            return None
        found, now = _token(row), _now()
        if found.expired or (found.used is not None and now - found.used < FRESH):
            return found
        with self._store.session() as session:
            session.execute(update(tables.Token).where(mine).values(used=now))
        return found._replace(used=now)


def _token(row: tables.Token) -> Token:
    return Token(row.name, row.scope, row.owner, row.created, row.used, row.expires, row.a_minute)


def _check_word(text: str, what: str, example: str) -> None:
    if not text.isprintable() or text != text.strip() or not 1 <= len(text) <= MAX_NAME:
        raise InputError(
            say(
                "{what}应为 1 到 {n} 个可见字符，例如 {example}",
                "{what} should be 1 to {n} printable characters, such as {example}",
                what=what,
                n=MAX_NAME,
                example=example,
            )
        )


def _now() -> datetime:
    return datetime.now(UTC)
