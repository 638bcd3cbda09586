"""This module answers which of two versions is the newer one, and what a text says of versions."""

import re
from typing import NamedTuple

_PIECE = re.compile(r"[0-9]+|[a-z]+")
_NAMED = re.compile(r"(?P<software>.*?)[\s=：:]*(?<![\w.])(?P<version>[vV]?[0-9][\w.()-]*)")

Key = tuple[tuple[int, int, str], ...]


class Named(NamedTuple):
    """A version that a text names. software: of what, "" where it does not say."""

    software: str
    version: str


def key(version: str) -> Key:
    """By which versions are put in order: numbers by their value, above letters."""
    return tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in _PIECE.findall(version.lower())[:40])


def is_behind(have: str, wanted: str) -> bool:
    """Whether a version is older than another one."""
    have, wanted = (v.lower().removeprefix("v") for v in (have.strip(), wanted.strip()))
    return have != wanted and key(have) < key(wanted)


def named(text: str) -> Named | None:
    """软件 7.1.075, S5130=7.1.075, or 8.9 alone; None where there is no version."""
    m = _NAMED.fullmatch(" ".join(text.split()))
    return None if m is None else Named(m["software"].strip(), m["version"])
