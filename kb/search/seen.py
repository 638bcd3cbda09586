"""This module is the words of an index as who sees only some of its passages knows them.

A word that only others hold is unknown: it corrects nothing, is proposed nowhere and leads to no topic. How rare a word
is says the part that is seen, and the weights of the index, which were made of all of it, are scaled to that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from kb.bundle.rarity import idf
from kb.search.ranking import Scores, Weights, rarity
from kb.search.vocabulary import Vocabulary
from kb.text.general import shares
from kb.text.hashing import keys
from kb.text.tokens import index_term

Mask = NDArray[np.bool_]

REMEMBERED = 50_000
"""Terms whose counts are remembered."""


class SeenWeights(Weights):
    """The columns of an index with the rows that are seen. seen: over its passages.

    known, count: how many passages are seen, and how many of these hold terms, where these rows are not all of them.
    """

    def __init__(
        self,
        whole: Weights,
        seen: Mask,
        known: int | None = None,
        count: Callable[[Sequence[str]], list[int]] | None = None,
    ) -> None:
        self.__dict__.update(vars(whole))
        self._whole = whole
        self._seen = seen
        self.known = int(seen.sum()) if known is None else known
        self.rarest = rarity(0, self.known)
        # Pairs of words are counted apart: their rarity is that of what no text holds.
        self._pairs = tuple(float(idf([0], texts, np.zeros(1, np.float32))[0]) for texts in (whole.known, self.known))
        # They remember by what they need, not through this object: it would keep itself alive.
        self._counted = _Counted(count or partial(_dfs, whole, seen))
        self.df = self._counted.one  # type: ignore[assignment]
        self._scale = lru_cache(maxsize=10_000)(partial(_scale, whole, self.df, self.known))

    def column(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        rows, data = self._whole.column(term)
        kept = self._seen[rows]
        return rows[kept], data[kept] * np.float32(self._scale(term))

    def dfs(self, terms: Sequence[str]) -> list[int]:
        held = dict.fromkeys((t for t, n in zip(terms, self._whole.dfs(terms), strict=True) if n), 0)
        held.update(zip(held, self._counted(list(held)), strict=True))
        return [held.get(term, 0) for term in terms]

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        found = self._whole.rarities(terms)
        held = self.dfs(list(found))
        return {
            term: self.rarest if not n else self._pairs[1] if rare >= self._pairs[0] else rare * self._scale(term)
            for (term, rare), n in zip(found.items(), held, strict=True)
        }

    def held(self, query: Mapping[str, float]) -> dict[str, float]:
        return {term: weight for (term, weight), n in zip(query.items(), self.dfs(list(query)), strict=True) if n}

    def within(self, terms: Sequence[str], passages: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._whole.within(terms, passages) * self._scales(terms)[:, None]

    def own(self, terms: Sequence[str], passages: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._whole.own(terms, passages) * self._scales(terms)[:, None]

    def about(self, terms: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        return [(p[self._seen[p]], zones[self._seen[p]]) for p, zones in self._whole.about(terms)]

    def scores(self, query: Mapping[str, float]) -> Scores:
        scores = self._whole.scores({term: w * self._scale(term) for term, w in self.held(query).items()})
        scores[~self._seen] = 0
        return scores

    def _scales(self, terms: Sequence[str]) -> NDArray[np.float32]:
        known = zip(terms, self.dfs(terms), strict=True)
        return np.fromiter((self._scale(term) if n else 1.0 for term, n in known), np.float32, len(terms))


class _Counted:
    """Document frequencies that are remembered. count: what counts those that are not."""

    def __init__(self, count: Callable[[Sequence[str]], list[int]]) -> None:
        self._count = count
        self._known: dict[str, int] = {}

    def __call__(self, terms: Sequence[str]) -> list[int]:
        known = self._known
        if unknown := [term for term in dict.fromkeys(terms) if term not in known]:
            if len(known) > REMEMBERED:  # another thread goes on with what it has in hand
                known = self._known = {t: n for t in terms if (n := known.get(t)) is not None}
            known.update(zip(unknown, self._count(unknown), strict=True))
        return [known[term] for term in terms]

    def one(self, term: str) -> int:
        return self([term])[0]


def _dfs(whole: Weights, seen: Mask, terms: Sequence[str]) -> list[int]:
    return [int(np.count_nonzero(seen[whole.column(term)[0]])) for term in terms]


def _scale(whole: Weights, df: Callable[[str], int], known: int, term: str) -> float:
    """How much rarer, or more frequent, a term is in the part than in the whole."""
    said = shares(keys([term]))
    here, there = (float(idf([n], texts, said)[0]) for n, texts in ((df(term), known), (whole.df(term), whole.known)))
    return here / there if there > 0 else 1.0


class SeenVocabulary(Vocabulary):
    """The words that stand in passages that are seen. named: of products and tags there.

    written: whether a word stands there as it is written, where its stem does.
    """

    def __init__(
        self, whole: Vocabulary, weights: SeenWeights, named: Iterable[str], written: Callable[[str], bool]
    ) -> None:
        self.__dict__.update(vars(whole))
        self._whole = whole
        self._weights = weights
        self._written = written
        self.total = round(whole.total * weights.known / max(weights.passages, 1))
        self.trade = self.letters(named)

    def find(self, texts: Sequence[str], limit: int) -> Iterator[dict[str, int]]:
        for words in self._whole.find(texts, LOOKED_AT):
            held = zip(words, self._weights.dfs([index_term(word) for word in words]), strict=True)
            known = sorted(((word, n) for word, n in held if n), key=lambda pair: -pair[1])
            yield dict([(w, n) for w, n in known if index_term(w) == w or self._written(w)][:limit])


LOOKED_AT = 1000
"""Words of one sound, or of the same letters but one, that are looked at for those that are seen."""
