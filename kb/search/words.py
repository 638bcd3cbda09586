"""This module answers what the words of a text weigh, and where they stand: texts compared, a query's words marked."""

from math import sqrt

from kb.search.corpus import Corpus
from kb.search.engine import Marker
from kb.search.query_terms import read
from kb.search.snippets import Highlighter, merged
from kb.text.synonyms import Synonyms


def vector(corpus: Corpus, text: str) -> dict[str, float]:
    """The words of a text, weighed by how rare they are, of length 1."""
    terms = read(text, corpus.tokenizer, Synonyms()).weights
    weights = {t: w * rare for (t, w), rare in zip(terms.items(), corpus.idfs(terms).values(), strict=True)}
    length = sqrt(sum(w * w for w in weights.values()))
    return {t: w / length for t, w in weights.items() if w} if length else {}


def marker(corpus: Corpus, words: str) -> Marker:
    """Marks the words of a query, and their synonyms."""
    terms = read(words, corpus.tokenizer, corpus.synonyms)
    highlighter = Highlighter(corpus.tokenizer, corpus.idfs(terms.shown()))
    return lambda text: merged((start, end) for start, end, _ in highlighter.found(text))
