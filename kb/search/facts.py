"""This module asks Whoosh which articles have a fact: words of a field, or a pattern.

Every answer is an array of article numbers of one bundle.
"""

import fnmatch
import re
import threading

import numpy as np
from numpy.typing import NDArray
from whoosh import index as wi
from whoosh import query as wq

from kb.atoms import spell
from kb.bundle import Bundle

Numbers = NDArray[np.int32]

MAX_EXPANSIONS = 2000


class Facts:
    """The Whoosh index of one bundle, open for reading. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self._articles = np.load(bundle.file("facts.articles.npy"))
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
        # fnmatch writes patterns that never go back: a*a*a*a*b against aaaa… would take years.
        shape = re.compile(fnmatch.translate(pattern))
        found: list[str] = []
        with self._lock:
            for raw in self._reader.expand_prefix(field, re.split(r"[*?]", pattern)[0]):
                word = raw.decode("utf8")
                if shape.fullmatch(word) and len(found) < MAX_EXPANSIONS:
                    found.append(word)
        return self._ask(wq.Or([wq.Term(field, t) for t in found]))
