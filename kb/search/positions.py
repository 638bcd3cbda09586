"""This module finds quotations: which passages hold a phrase or a word of some shape, by the places of atoms.

A phrase costs as much as its rarest atom: its places are looked up, and at each the stream itself (see
kb.indexer.positions for the files) tells whether the other atoms stand around it.
"""

import bisect
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.bundle.fields import REPEATED, SEGMENTS
from kb.search.wildcards import beginning, expanded
from kb.text.unigrams import FIRST_WORD, encode

Places = NDArray[np.int32]


class Positions:
    """The stream of one bundle, mapped from disk. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._stream = bundle.array("stream")
        self._starts = bundle.array("stream.segments")
        self._passages = bundle.array("stream.passages")
        self._fields = bundle.array("stream.fields")
        self._indptr = bundle.array("stream.indptr")
        self._places = bundle.array("stream.places")

    @cached_property
    def words(self) -> list[str]:
        """All words of letters and digits as they are written, lower case, sorted."""
        return self._bundle.lines("words.txt")

    def phrase(self, folded: str, field: str = "text") -> NDArray[np.int32]:
        """Passages where the words of a folded text stand in a row, in a field or, for "text", anywhere but in code.

        Signs between words may be any signs; between two Chinese characters they stand in both or in neither.
        """
        atoms = encode(folded, self._number)
        if not atoms or min(atoms[1:], default=0) < 0 or atoms[0] < 0:
            return np.empty(0, np.int32)
        return self._within(self._sequence(atoms), field)

    def _number(self, word: str) -> int:
        place = bisect.bisect_left(self.words, word)
        return place if place < len(self.words) and self.words[place] == word else -FIRST_WORD - 1

    def _sequence(self, atoms: list[int]) -> Places:
        """Where these atoms stand in a row; the first may follow another character."""
        firsts = [atoms[0]] if atoms[0] >= FIRST_WORD else [atoms[0], atoms[0] + 1]
        sizes = [sum(self._size(a) for a in firsts), *map(self._size, atoms[1:])]
        rarest = int(np.argmin(sizes))
        wanted = firsts if rarest == 0 else [atoms[rarest]]
        places = np.concatenate([self._at(a) for a in wanted]) - np.int32(rarest)
        places = places[(places >= 0) & (places + len(atoms) <= len(self._stream))]
        for i in sorted(range(len(atoms)), key=sizes.__getitem__):
            if i != rarest:
                found = self._stream[places + np.int32(i)]
                places = places[(found | 1 == firsts[-1]) if i == 0 and len(firsts) == 2 else found == atoms[i]]
        return places

    def _size(self, atom: int) -> int:
        return int(self._indptr[atom + 1] - self._indptr[atom])

    def _at(self, atom: int) -> Places:
        places: Places = self._places[self._indptr[atom] : self._indptr[atom + 1]]
        return places

    def _within(self, places: Places, field: str) -> NDArray[np.int32]:
        """The passages of places that lie in a field."""
        segments = np.searchsorted(self._starts, places, side="right") - 1
        fields = self._fields[segments]
        inside = fields == SEGMENTS[field]
        if field == "text":
            inside = ~np.isin(fields, [SEGMENTS[name] for name in REPEATED])
        return np.asarray(self._passages[segments[inside]])

    def shaped(self, pattern: str, field: str = "text") -> NDArray[np.int32]:
        """Passages that hold a word of this shape, with * for any letters and ? for one."""
        words = ((word, number) for number, word in self._starting(beginning(pattern)))
        found = [self._at(FIRST_WORD + number) for number in expanded(pattern, words)]
        return self._within(np.concatenate(found), field) if found else np.empty(0, np.int32)

    def starting(self, start: str) -> dict[str, NDArray[np.int32]]:
        """Words that begin so: word -> the passages that hold it, repeats included."""
        return {word: self._within(self._at(FIRST_WORD + n), "text") for n, word in self._starting(start)}

    def _starting(self, start: str) -> "list[tuple[int, str]]":
        first = bisect.bisect_left(self.words, start)
        last = bisect.bisect_left(self.words, start + "\U0010ffff")
        return list(enumerate(self.words[first:last], first))
