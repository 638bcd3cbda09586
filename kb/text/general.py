"""This module tells how often a word stands in general language, so that a small base does not take it for rare.

In a base of 164 articles 领导 and "open" stand in one or two: by their spread there they would weigh as much as an
error code. The frequencies are those of jieba's dictionary for Chinese and of symspellpy's for English.
"""

import re
from collections import defaultdict
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.text.hashing import Keys, find, keys
from kb.text.tokens import fold, index_term

LEAST = 2e-6
"""Share of all words; what is rarer changes no weight."""
_COUNT = re.compile(r"(?<= )\d+")
_FREQUENT = re.compile(r"^(\S+) (\d{3,})", re.MULTILINE)

Shares = NDArray[np.float32]


def shares(terms: Keys, known: tuple[Keys, Shares] | None = None) -> Shares:
    """For each term the share of all words of its language that it is, 0 for what general language does not know.

    known: what table() gave before.
    """
    sorted_keys, values = known or table()
    places = find(sorted_keys, terms)
    return np.where(places >= 0, values[places], np.float32(0))


@lru_cache(maxsize=1)
def table() -> tuple[Keys, Shares]:
    """Sorted keys of frequent terms, and their shares."""
    known = {**_shares("jieba", "dict.txt", "utf8"), **_shares("symspellpy", _ENGLISH, "utf-8-sig")}
    terms = keys(known)
    order = np.argsort(terms)
    return terms[order], np.fromiter(known.values(), np.float32, len(known))[order]


_ENGLISH = "frequency_dictionary_en_82_765.txt"


def _shares(package: str, name: str, encoding: str) -> dict[str, float]:
    """The shares of a package's list of words: word, blank, count on each line. Words of one stem count together.

    Latin words of the Chinese list are left to the English one.
    """
    spec = find_spec(package)  # jieba itself takes a third of a second to import
    assert spec is not None
    assert spec.submodule_search_locations
    text = Path(spec.submodule_search_locations[0], name).read_text(encoding)
    least = LEAST * sum(map(int, _COUNT.findall(text)))
    latin = package != "jieba"
    counts = {w: n for w, digits in _FREQUENT.findall(text) if (n := int(digits)) >= least and w.isascii() == latin}
    merged: dict[str, float] = defaultdict(float)
    for word, n in zip(fold("\n".join(counts)).text.split("\n"), counts.values(), strict=True):
        merged[index_term(word)] += n * LEAST / least
    return merged
