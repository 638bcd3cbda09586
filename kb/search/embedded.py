"""This module asks Whoosh which passages hold a phrase, a field's value, a pattern or a date range.

Every answer is a boolean mask over passages; combining them is the caller's (kb.search.searcher).
"""

import fnmatch
import re
import threading

import numpy as np
from numpy.typing import NDArray
from whoosh import index as wi
from whoosh import query as wq

from kb.bundle import Bundle
from kb.search.query import Pattern, Phrase, Range, Value
from kb.tokens import HAN, fold, phrase_atoms

Mask = NDArray[np.bool_]

_WILD_RUN = re.compile(rf"[{HAN}*?]*[{HAN}][{HAN}*?]*|(?:[^\W_{HAN}]|[*?])+")
_RUN = re.compile(r"[^\W_]")
MAX_EXPANSIONS = 2000
"""Terms a pattern may stand for; beyond it says nothing anyway and would take seconds."""


class FullText:
    """The Whoosh index of one bundle, open for reading. Safe to share between threads."""

    def __init__(self, bundle: Bundle, passages: int) -> None:
        self._index = wi.open_dir(bundle.file("whoosh"))
        self._searcher = self._index.searcher()
        self._reader = self._searcher.reader()
        self._passages = passages
        self._docnums = np.load(bundle.file("whoosh.passages.npy"))
        self._lock = threading.Lock()

    def close(self) -> None:
        self._searcher.close()
        self._index.close()

    def _mask(self, query: wq.Query) -> Mask:
        mask = np.zeros(self._passages, bool)
        with self._lock:
            found = np.fromiter(self._searcher.docs_for_query(query), np.int64)
        numbers = self._docnums[found]
        mask[numbers[numbers >= 0]] = True
        return mask

    def phrase(self, node: Phrase) -> Mask:
        """Passages where these words stand next to each other.

        Signs between words may be any signs; between two Chinese characters they stand in both or in neither.
        """
        words = phrase_atoms(fold(node.text).text)
        if not words:
            return np.zeros(self._passages, bool)
        return self._mask(self._sequence(node.field, words, _open_end(node.text)))

    def _sequence(self, field: str, words: list[str], open_end: bool) -> wq.Query:
        """Words in a row; with open_end the last is one character and stands for all that begin with it."""
        last: list[str] = [words[-1]]
        if open_end:
            with self._lock:
                last = [t.decode("utf8") for t in self._reader.expand_prefix(field, words[-1])]
        if len(words) == 1:
            return wq.Or([wq.Term(field, t) for t in last])
        return wq.Or([wq.Phrase(field, [*words[:-1], t]) for t in last])

    def value(self, node: Value) -> Mask:
        return self._mask(wq.Term(node.field, node.value))

    def range(self, node: Range) -> Mask:
        return self._mask(wq.TermRange(node.field, node.low or "0", (node.high or "9") + "~"))

    def pattern(self, node: Pattern) -> Mask:
        """Passages with a word of this shape. Chinese around a * is a phrase; letters are one word."""
        mask = np.full(self._passages, bool(_RUN.search(node.text)))
        for run in _WILD_RUN.findall(fold(node.text).text):
            if ("*" not in run and "?" not in run) or re.search(f"[{HAN}]", run):
                for piece in re.split(r"[*?]+", run):
                    mask &= self.phrase(Phrase(piece, node.field)) if piece else True
            elif run.strip("*?"):
                mask &= self._mask(wq.Or([wq.Term(node.field, t) for t in self._expand(node.field, run)]))
        return mask

    def words(self, start: str) -> list[tuple[str, int]]:
        """Words of letters and digits as they are written, lower case, that begin so: (word, passages with it)."""
        with self._lock:
            words = [t.decode("utf8") for t in self._reader.expand_prefix("text", start)] if start else []
        # The engine's own list and counts still hold words of deleted articles.
        counted = ((word, int(self._mask(wq.Term("text", word)).sum())) for word in words)
        return [(word, count) for word, count in counted if count]

    def _expand(self, field: str, run: str) -> list[str]:
        # fnmatch writes patterns that never go back: a*a*a*a*b against aaaa… would take years.
        shape = re.compile(fnmatch.translate(run))
        start = re.split(r"[*?]", run)[0]
        found: list[str] = []
        with self._lock:
            for raw in self._reader.expand_prefix(field, start):
                word = raw.decode("utf8")
                if shape.fullmatch(word):
                    found.append(word)
                    if len(found) == MAX_EXPANSIONS:
                        break
        return found


def _open_end(text: str) -> bool:
    """True when a phrase ends with one lone Chinese character, which in the text may start a pair."""
    return bool(re.search(rf"(?:^|[^{HAN}])[{HAN}][\W_]*$", fold(text).text))
