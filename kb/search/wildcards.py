"""This module says which words a pattern stands for: * is any letters, ? is one."""

import fnmatch
import re
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

Named = TypeVar("Named")

MAX_EXPANSIONS = 2000
"""Words a pattern may stand for; beyond it says nothing anyway and would take seconds."""


def beginning(pattern: str) -> str:
    """What every word of this shape begins with."""
    return re.split(r"[*?]", pattern)[0]


def expanded(pattern: str, words: Iterable[tuple[str, Named]]) -> list[Named]:
    """Of words, each with what stands for it, those of a shape; the first MAX_EXPANSIONS of them."""
    # fnmatch writes patterns that never go back: a*a*a*a*b against aaaa… would take years.
    shape = re.compile(fnmatch.translate(pattern))
    return list(islice((named for word, named in words if shape.fullmatch(word)), MAX_EXPANSIONS))
