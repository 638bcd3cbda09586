"""This module answers which articles helped, or did not, with pastes like this one: verdicts of before are remembered.

A verdict keeps a customer's own wording beside an article, as an alias would, even where they share no word. A new
paste is compared with the remembered ones (cosine of term weights), and the nearest vote (nearest neighbours):

    vote      how far the similarity is above a floor, 0 to 1; the floor rises with what the best article says of
              the paste, so that memory speaks where the text is silent
    evidence  (helpful - unhelpful) / (helpful + unhelpful + MEMORY_PRIOR) of these votes, -1 to 1

The words are weighed by the lesser of two rarities, in the base and among the articles remembered: a signature or a
greeting is rare in articles and common in mails. What evidence does is bounded, however many verdicts there are: to
the order by lift(), to the score by kb.search.confidence.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle.fields import (
    MEMORY_COVERED,
    MEMORY_FLOOR,
    MEMORY_LIFT,
    MEMORY_LIFTED,
    MEMORY_LOWER,
    MEMORY_NEAREST,
    MEMORY_POPULATION,
    MEMORY_PRIOR,
    MEMORY_SAME,
)
from kb.errors import NotFoundError
from kb.language import say
from kb.model import OTHER_FAULT, VERDICTS, Match, Recalled, Verdict
from kb.search.corpus import Corpus
from kb.search.query_terms import QueryTerms, read
from kb.search.ranking import Scores
from kb.text.hashing import Keys, find, keys

MAX_TEXTS = 5000
"""Remembered pastes, the newest ones; a paste is compared with all of them in a millisecond or two."""
MAX_LENGTH = 4000
"""Characters of one that are read."""

Floats = NDArray[np.float32]


class _Paste(NamedTuple):
    """The terms of a remembered text: their keys, weights in it, and rarities in the base when it was read."""

    keys: Keys
    weights: Floats
    rarities: Floats


class Remembered:
    """Verdicts made ready for looking up; never changes, safe to share between threads.

    It goes on working with any newer index: articles are known by number or path, and one that is gone is passed
    over. earlier: what was remembered before; texts that it has read are not read again.
    """

    def __init__(self, index: Corpus, verdicts: Sequence[Verdict], earlier: "Remembered | None" = None) -> None:
        """verdicts: newest last. On a text and an article people may disagree; one pair has one vote."""
        said = _by_text(verdicts)
        self._cut = (index.tokenizer.fingerprint, index.synonyms)
        known: dict[str, _Paste] = earlier._pastes if earlier is not None and earlier._cut == self._cut else {}
        found = {text: known[text] if text in known else _paste(index, text) for text in said}
        # Texts of one article stand together, see _arrange.
        main = {text: next(iter(said[text])) for text, paste in found.items() if len(paste.keys)}
        texts = sorted(main, key=main.__getitem__)
        self._pastes: dict[str, _Paste] = {text: found[text] for text in texts}
        self._said = [said[text] for text in texts]
        self._arrange([main[text] for text in texts])

    def __len__(self) -> int:
        """How many texts are remembered."""
        return len(self._said)

    def _arrange(self, owners: list[str]) -> None:
        """Lay the terms of all texts one after the other, as numbers and weights; each text has length 1."""
        pastes = list(self._pastes.values())
        lengths = [len(p.keys) for p in pastes]
        self._starts = np.cumsum([0, *lengths[:-1]])
        every = np.concatenate([np.empty(0, np.uint64), *(p.keys for p in pastes)])
        order = np.argsort(every, kind="stable")
        ordered = every[order]
        first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        self._keys: Keys = ordered[first]
        self._terms = np.empty(len(every), np.int64)
        self._terms[order] = np.cumsum(first) - 1
        numbers = {name: i for i, name in enumerate(dict.fromkeys(owners))}
        owner = np.repeat(np.array([numbers[name] for name in owners], np.int64), lengths)[order]
        fresh = first | np.append(True, owner[1:] != owner[:-1])[: len(owner)]
        population = max(len(numbers), MEMORY_POPULATION)
        df = np.bincount((np.cumsum(first) - 1)[fresh], minlength=len(self._keys))
        self._rarities = _rarity(df, population)
        self._unheard = float(_rarity(np.zeros(1, np.int64), population)[0])
        rarities = np.concatenate([np.empty(0, np.float32), *(p.rarities for p in pastes)])
        weights = np.concatenate([np.empty(0, np.float32), *(p.weights for p in pastes)])
        self._weights = weights * np.minimum(rarities, self._rarities[self._terms])
        if pastes:
            self._weights /= np.repeat(np.sqrt(np.add.reduceat(self._weights**2, self._starts)), lengths)

    def similarities(self, index: Corpus, query: QueryTerms) -> Floats:
        """The cosine of a query and each remembered text, 0 to 1."""
        if not query.weights or not self._said:
            return np.zeros(len(self._said), np.float32)
        places = find(self._keys, keys(query.weights))
        held = places >= 0
        rarities = np.fromiter(index.idfs(query.weights).values(), np.float32)
        here = np.where(held, self._rarities[places], self._unheard)
        weights = np.fromiter(query.weights.values(), np.float32) * np.minimum(rarities, here)
        asked = np.zeros(len(self._keys), np.float32)
        asked[places[held]] = weights[held] / np.linalg.norm(weights)
        found: Floats = np.add.reduceat(asked[self._terms] * self._weights, self._starts)
        return np.minimum(found, np.float32(1))

    def recall(self, index: Corpus, query: QueryTerms, scores: Scores, covered: float) -> dict[int, Recalled]:
        """What was said after similar pastes, of articles that are shown: position -> evidence and its effect.

        scores: of all passages for the query. covered: the share of the query that the first one holds.
        Of those that helped there are MEMORY_LIFTED at most. lift is bounded: MEMORY_LIFT of the first article's
        score up, MEMORY_LOWER of an article's own down.
        """
        similar = self.similarities(index, query)
        floor = max(MEMORY_FLOOR, MEMORY_COVERED * covered)
        near = _nearest(similar, floor)
        votes: dict[int, list[tuple[float, int, int]]] = defaultdict(list)
        for text in near.tolist():
            vote = (float(similar[text]) - floor) / (1 - floor)
            for article, (helpful, unhelpful, other) in _present(index, self._said[text]):
                bad = unhelpful + (other if similar[text] >= MEMORY_SAME else 0)
                if helpful or bad:
                    votes[article].append((vote, helpful, bad))
        unit = float(scores.max(initial=0)) or 1.0
        own = {a: float(scores[index.best_passage(a, scores)]) for a in votes}
        found = {a: _tally(cast, MEMORY_LIFT * unit, MEMORY_LOWER * own[a]) for a, cast in votes.items()}
        ranked = sorted(found.items(), key=lambda p: -p[1].evidence)
        return dict(p for i, p in enumerate(ranked) if p[1].evidence < 0 or (i < MEMORY_LIFTED and p[1].evidence > 0))

    def about(self, index: Corpus, query: QueryTerms) -> list[str]:
        """The articles that recall() may look at, by number or path."""
        near = _nearest(self.similarities(index, query), MEMORY_FLOOR)
        return list(dict.fromkeys(name for text in near.tolist() for name in self._said[text]))


def _nearest(similar: Floats, floor: float) -> NDArray[np.int64]:
    """The texts that are more similar than that, most similar first, MEMORY_NEAREST of them."""
    near = np.flatnonzero(similar > floor)
    return near[np.argsort(-similar[near], kind="stable")][:MEMORY_NEAREST]


def reason(recalled: Recalled) -> Match:
    """The same as one of the reasons for a suggestion."""
    if recalled.evidence > 0:
        word = say("以前有效：{n} 次，相似的粘贴", "helped before: {n}, similar pastes", n=recalled.helpful)
    else:
        word = say("以前无效：{n} 次，相似的粘贴", "did not help before: {n}, similar pastes", n=recalled.unhelpful)
    return Match(word, "", "remembered", "remembered", round(recalled.lift, 3), "")


_Counts = tuple[int, int, int]
"""helpful, unhelpful, and about another fault."""


def _by_text(verdicts: Sequence[Verdict]) -> dict[str, dict[str, _Counts]]:
    """The newest MAX_TEXTS texts -> article -> what was said of it."""
    said: dict[str, dict[str, _Counts]] = {}
    for text, article, verdict, why in verdicts:
        text = text[:MAX_LENGTH].strip()
        articles = said[text] = said.pop(text, {})  # moved to the end
        helpful, unhelpful, other = articles.get(article, (0, 0, 0))
        good, elsewhere = verdict == VERDICTS[0], why == OTHER_FAULT
        articles[article] = (helpful + good, unhelpful + (not good and not elsewhere), other + (elsewhere and not good))
    return {text: said[text] for text in list(said)[-MAX_TEXTS:]}


def _paste(index: Corpus, text: str) -> _Paste:
    weights = read(text, index.tokenizer, index.synonyms, spread=index.weights.spread).weights
    rarities = index.idfs(weights)
    return _Paste(keys(weights), *(np.fromiter(x.values(), np.float32) for x in (weights, rarities)))


def _rarity(df: NDArray[np.int64], population: int) -> Floats:
    """Inverse document frequency of each term among so many articles, as kb.search.ranking.rarity."""
    found: Floats = np.log1p((population - df + 0.5) / (df + 0.5)).astype(np.float32)
    return found


def _present(index: Corpus, said: Mapping[str, _Counts]) -> Iterator[tuple[int, _Counts]]:
    """(position, verdicts) of the articles that are there and shown."""
    for name, verdicts in said.items():
        try:
            article = index.number_of(name)
        except NotFoundError:
            continue
        if index.visible[article]:
            yield article, verdicts


def _tally(cast: Sequence[tuple[float, int, int]], most: float, least: float) -> Recalled:
    """The votes for one article, each of a text: (vote, helpful, unhelpful). Who disagrees shares the vote.

    most, least: what full evidence adds to the article's score, and takes from it.
    """
    up = sum(vote * good / (good + bad) for vote, good, bad in cast)
    down = sum(vote * bad / (good + bad) for vote, good, bad in cast)
    evidence = (up - down) / (up + down + MEMORY_PRIOR)
    lift = evidence * (most if evidence > 0 else least)
    return Recalled(evidence, lift, sum(good for _, good, _ in cast), sum(bad for *_, bad in cast))
