"""This module finds a string among millions without loading them: each is known by 64 bits.

A table of keys is a sorted array that can be mapped from disk; looking one up is a binary search. Two of ten
million strings share a key with a probability of one in a hundred thousand; a term would then count for another.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Codes = NDArray[np.uint32]

_AT_ONCE = 10_000
"""Texts; an array of code points is as wide as the longest of them."""


def keys(texts: Iterable[str]) -> Keys:
    """The key of each text: its code points times fixed odd numbers, added up in 64 bits.

    Multilinear hashing (Carter and Wegman 1979): strings that differ collide by chance alone.
    """
    every = list(texts)
    found = [keys_of(codes(every[i : i + _AT_ONCE])) for i in range(0, len(every), _AT_ONCE)]
    return found[0] if len(found) == 1 else np.concatenate([np.empty(0, np.uint64), *found])


def codes(texts: Sequence[str]) -> Codes:
    """Code points, one row a text, filled up with zeros."""
    found: Codes = np.array(texts).view(np.uint32).reshape(len(texts), -1)
    return found


def keys_of(rows: Codes) -> Keys:
    """The key of each row of code points."""
    found: Keys = (rows * _factors(rows.shape[1])).sum(axis=1)
    return found


@lru_cache(maxsize=1000)
def _factors(count: int) -> Keys:
    """So many odd numbers: the sequence of SplitMix64 (Steele, Lea and Flood 2014), the same everywhere."""
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Keys = (z ^ (z >> np.uint64(31))) | np.uint64(1)
    return found


def find(table: Keys, wanted: Keys) -> NDArray[np.int64]:
    """The place of each key in a sorted table, -1 where it is not in it."""
    if not len(table):
        return np.full(len(wanted), -1, np.int64)
    places = table.searchsorted(wanted)
    places[places == len(table)] = 0
    places[table[places] != wanted] = -1
    return places


def table(texts: Sequence[str]) -> tuple[Keys, NDArray[np.int64]]:
    """A sorted table of texts: (keys, position of each in texts)."""
    unsorted = keys(texts)
    order = np.argsort(unsorted, kind="stable")
    return unsorted[order], order
