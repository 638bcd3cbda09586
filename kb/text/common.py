"""This module knows common words of languages in Latin letters: who types one has not misspelled another.

The words are in kb/text/data/common.txt, which also says where they are from.
"""

from bisect import bisect_left
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "common.txt"


@lru_cache(maxsize=10_000)
def is_common(word: str) -> bool:
    """Whether a word of small letters, at least four of them, is a common one of some language."""
    text, wanted = _text(), word.encode()

    def line(place: int) -> bytes:
        return text[text.rfind(b"\n", 0, place) + 1 : text.find(b"\n", place)]

    place = bisect_left(range(len(text)), wanted, key=line)
    return place < len(text) and line(place) == wanted


@lru_cache(maxsize=1)
def _text() -> bytes:
    """The file as it is: its lines are sorted, and a set of them takes ten times the memory."""
    return _FILE.read_bytes()
