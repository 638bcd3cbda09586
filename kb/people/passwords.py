"""This module answers: may this be a password, and is it the right one? Digests by Argon2id (RFC 9106).

Long enough and none of those that everybody has; no rules of composition, no forced change (NIST SP 800-63B, 5.1.1.2).
"""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kb.errors import InputError
from kb.language import say

LEAST, MOST = 8, 128
"""Characters of a password."""

_OFTEN_HERE = ("woaini", "5201314", "1314520", "guzhi", "zhongguo", "wodemima", "mima", "aptx4869")
"""What the lists of the world forget: alone, or with digits around it, it is guessed first."""


def hasher() -> PasswordHasher:
    """OWASP's least for Argon2id: 19 MiB, two passes, one lane; a tenth of a second of one core at most."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


_hasher = hasher()


def check(password: str, login: str = "") -> None:
    """Raises InputError for one that may not be a password, with what would be right."""
    if not LEAST <= len(password) <= MOST:
        raise InputError(
            say(
                "密码应为 {least} 到 {most} 个字符，现在是 {n} 个",
                "a password takes {least} to {most} characters; this one has {n}",
                least=LEAST,
                most=MOST,
                n=len(password),
            )
        )
    if _is_common(password, login):
        raise InputError(
            say(
                "这个密码太常见，几下就能猜到；几个不相干的词连起来，又长又好记",
                "this password is among the first that are guessed; several unrelated words are long and easy to keep",
            )
        )


def digest(password: str) -> str:
    """What is kept of a password: Argon2id with its parameters and a salt of its own, in PHC format."""
    return _hasher.hash(_normal(password))


def is_right(kept: str, password: str) -> bool:
    """Whether a password is the one of a digest; it takes as long when there is none."""
    try:
        return _hasher.verify(kept or _of_nobody(), _normal(password[: MOST * 4])) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a digest was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _of_nobody() -> str:
    """A digest that no password has: whether there is such an account must not show in the time."""
    import secrets

    return _hasher.hash(secrets.token_hex(16))


def _normal(password: str) -> str:
    """One password, however the keyboard composes its characters."""
    return unicodedata.normalize("NFC", password)


def _is_common(password: str, login: str) -> bool:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # 40 ms, for the few who choose a password

    word = unicodedata.normalize("NFKC", password).casefold()
    core = word.strip("0123456789!@#$%.*_- ")
    common = FREQUENCY_LISTS["passwords"]
    own = [w for w in (login.casefold(), *_OFTEN_HERE) if w]
    rest = len(word) - len(core)
    return (
        word in common
        or len(set(word)) <= 2
        or word in "01234567890123456789"
        or word in "98765432109876543210"
        or any(w == core or (w in word and len(word) - len(w) <= 4) for w in own)
        or (core in common and rest <= 4 and len(core) <= 10)
    )
