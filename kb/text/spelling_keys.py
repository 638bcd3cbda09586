"""This module says which spellings are near: sounds that are confused, keys that near words share.

The build writes words by these keys (kb.indexer.spellings), a query looks them up (kb.search.spelling).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kb.text.hashing import codes, keys_of

LETTERS = range(4, 25)
"""Lengths of words of letters that are corrected. Shorter ones are abbreviations, one letter away from all others."""
CHARACTERS = range(1, 5)
"""Lengths of Chinese words that are found by their sound."""

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("r", "l"))
_HU_FU = {"hu": "fu", "hua": "fa", "huan": "fan", "huang": "fang", "hui": "fei", "hun": "fen", "hong": "feng"}
_NASAL = re.compile(r"(?<=[aei]n)g$")


@lru_cache(maxsize=1000)
def blurred(syllable: str) -> str:
    """A syllable of pinyin as those hear it who mix up zh/z, ch/c, sh/s, n/l, r/l, hu/fu, ang/an, eng/en, ing/in.

    >>> blurred("zheng"), blurred("lv")
    ('zen', 'lu')
    """
    sound = syllable.replace("v", "u")
    sound = _HU_FU.get(sound, sound)
    for initial, plain in _INITIALS:
        if sound.startswith(initial):
            sound = plain + sound.removeprefix(initial)
            break
    return _NASAL.sub("", sound)


def keys_without_one(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Keys of each text with each of its characters left out, and the position in texts each belongs to.

    Two words one letter apart (inserted, deleted, changed, swapped with its neighbour) share such a key,
    or one has the other's own: SymSpell's symmetric deletion (Garbe 2012).
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    found: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
    owners: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        letters = codes([texts[i] for i in rows.tolist()])
        for place in range(length):
            found.append(keys_of(np.delete(letters, place, axis=1)))
            owners.append(rows)
    return np.concatenate(found), np.concatenate(owners)
