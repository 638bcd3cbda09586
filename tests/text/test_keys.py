"""Terms are known by hashes: the same ones everywhere, and found in a table or not."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kb.text.hashing import find, keys, table

ROOT = Path(__file__).parents[2]

KNOWN = {
    "": 0,
    "ora1653": 6220835374733536627,
    "打印机": 14632300651939247315,
    "\ud800": 10227815358732675072,
}
"""A lone surrogate is text that UTF-8 can't hold; a file name may have one."""

names = st.text(st.characters(exclude_characters="\0"), max_size=6)
"""Neither a word nor the name of a file holds a NUL, and keys do without it."""


def test_known_values() -> None:
    """An index of today is read by the program of tomorrow: these numbers never change."""
    assert keys(KNOWN).tolist() == list(KNOWN.values())


def split_mix(place: int) -> int:
    """The number of SplitMix64 at a place, from 1 on, made odd."""
    z = place * 0x9E3779B97F4A7C15 % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return (z ^ z >> 31) | 1


@given(st.lists(names | st.text("a打", min_size=30, max_size=60), max_size=5))
def test_the_formula(texts: list[str]) -> None:
    """Code points times odd numbers, added up in whole numbers without end; short beside long ones too."""
    by_hand = [sum(ord(c) * split_mix(i) for i, c in enumerate(text, 1)) % 2**64 for text in texts]
    assert keys(texts).tolist() == by_hand


def test_the_same_in_another_process() -> None:
    """No hash depends on the process, as Python's own does."""
    program = "from kb.text.hashing import keys; print(*keys(['ora1653', '打印机']))"
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}
    told = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert [int(n) for n in told.stdout.split()] == [KNOWN["ora1653"], KNOWN["打印机"]]


def test_no_texts() -> None:
    """A table without texts finds nothing, and nothing is found in any table."""
    nothing, order = table([])
    assert (len(nothing), len(order), len(keys([]))) == (0, 0, 0)
    assert find(nothing, keys(["a", "b"])).tolist() == [-1, -1]
    assert find(nothing, keys([])).tolist() == []
    assert find(table(["a"])[0], keys([])).tolist() == []


def test_before_after_and_between() -> None:
    """A key smaller than all, larger than all or between two is not in a table."""
    some = np.array([10, 20, 30], np.uint64)
    wanted = np.array([0, 10, 15, 30, 31, 2**64 - 1, 20], np.uint64)
    assert find(some, wanted).tolist() == [-1, 0, -1, 2, -1, -1, 1]


@given(st.lists(names, unique=True, max_size=30), st.lists(names, max_size=30))
def test_what_is_in_a_table_is_found(texts: list[str], others: list[str]) -> None:
    """Each text is found at its own place, every other text nowhere."""
    sorted_keys, order = table(texts)
    assert (np.diff(sorted_keys.astype(object)) > 0).all()
    wanted = [*texts, *others]
    places = find(sorted_keys, keys(wanted))
    assert [texts[order[p]] if p >= 0 else None for p in places] == [t if t in texts else None for t in wanted]


@given(st.lists(st.sampled_from("abc"), max_size=9))
def test_repeats_keep_their_order(texts: list[str]) -> None:
    """Of texts that stand in a table twice the first is found."""
    sorted_keys, order = table(texts)
    for text, place in zip("abc", find(sorted_keys, keys("abc")), strict=True):
        assert (texts.index(text) if text in texts else -1) == (order[place] if place >= 0 else -1)
