"""This module asks Whoosh which articles have a fact: words of a field, or a pattern.

Every answer is an array of article numbers of one bundle.
"""

import threading

import numpy as np
from numpy.typing import NDArray
from whoosh import index as wi
from whoosh import query as wq

from kb.bundle import Bundle
from kb.bundle.pickles import guard
from kb.search.wildcards import beginning, expanded
from kb.text.unigrams import spell

Numbers = NDArray[np.int32]

guard()


class Facts:
    """The Whoosh index of one bundle, open for reading. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self._articles = bundle.array("facts.articles")
        self._index = wi.open_dir(bundle.file("whoosh"))
        self._searcher = self._index.searcher()
        self._reader = self._searcher.reader()
        self._lock = threading.Lock()

    def close(self) -> None:
        self._searcher.close()
        self._index.close()

    def _ask(self, query: wq.Query) -> Numbers:
        with self._lock:
            found = np.fromiter(self._searcher.docs_for_query(query), np.int64)
        numbers: Numbers = self._articles[found]
        return numbers

    def phrase(self, field: str, folded: str) -> Numbers:
        """Articles whose field holds these words in a row."""
        words = spell(folded)
        if not words:
            return np.empty(0, np.int32)
        return self._ask(wq.Phrase(field, words) if len(words) > 1 else wq.Term(field, words[0]))

    def shaped(self, field: str, pattern: str) -> Numbers:
        """Articles whose field holds a word of this shape, with * for any letters and ? for one."""
        with self._lock:
            words = (raw.decode("utf8") for raw in self._reader.expand_prefix(field, beginning(pattern)))
            found = expanded(pattern, ((word, word) for word in words))
        return self._ask(wq.Or([wq.Term(field, t) for t in found]))
