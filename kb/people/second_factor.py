"""This module answers: is this the code of somebody's telephone now, or one of their recovery codes?

One-time codes by time (TOTP, RFC 6238: six digits, 30 seconds, one step early or late), each taken once.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from hmac import compare_digest

import pyotp

from kb.database.secret import digest as digest_of

STEP = 30
"""Seconds that a code lasts."""
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Characters that nobody takes for another."""


def new_secret() -> str:
    """A secret, as telephones take it: 160 bits in base 32."""
    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """What the telephone's picture code says (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Guzhi")


def step_of(secret: str, code: str, now: datetime, last: int) -> int | None:
    """The step of time a code belongs to, None when it is none that is in force and later than the last one taken.

    last: the step of the last code that was taken, so that one who looked over the shoulder comes too late.
    """
    digits = "".join(code.split())
    for step in _steps(now):
        right = pyotp.TOTP(secret).generate_otp(step)
        if compare_digest(right.encode(), digits.encode("utf8", "replace")) and step > last:
            return step
    return None


def _steps(now: datetime) -> tuple[int, ...]:
    here = int(now.timestamp()) // STEP
    return here - 1, here, here + 1


def recovery_codes() -> list[str]:
    """Codes for the day that the telephone is gone, of 118 bits each: abcdef-ghjkmn-pqrstu-vwxyz2.

    So long that a plain digest of one can be kept (ASVS 6.5.2).
    """
    made = ("".join(secrets.choice(_ALPHABET) for _ in range(24)) for _ in range(RECOVERY_CODES))
    return ["-".join(code[i : i + 6] for i in range(0, 24, 6)) for code in made]


def digest(code: str) -> str:
    """What is kept of a recovery code: it is random, so a plain digest is enough."""
    plain = "".join(c for c in code.casefold() if c.isalnum())
    return digest_of(plain)


def without(digests: Sequence[str], code: str) -> list[str] | None:
    """The digests that are left when this code was one of them, None when it was not."""
    sent = digest(code)
    return [d for d in digests if not compare_digest(d, sent)] if sent in digests else None
