"""This module answers while somebody types: which identifiers, products and articles may be meant?"""

from contextlib import suppress

import numpy as np

from kb.errors import NotFoundError
from kb.model import Article, Completion
from kb.search.confidence import confidence
from kb.search.corpus import Corpus
from kb.search.evidence import Evidence
from kb.search.filters import Mask
from kb.search.identifier_page import beginning
from kb.search.query import Pattern
from kb.search.ranking import top
from kb.search.suggest import read_paste
from kb.search.threshold import THRESHOLD
from kb.text.tokens import fold

MAX_TYPED = 80
"""Characters; a longer text is a description, and is completed by nothing."""
CODES = 3
PRODUCTS = 2
LOOKED_AT = 3
"""Times as many articles as are wanted, when those that say what was typed word for word are put first."""
NAMES = ("title", "alias", "id")
"""Fields by which an article is called: one that is called as typed comes before one that is about it."""


def complete(index: Corpus, text: str, count: int, articles: bool = True) -> tuple[Completion, ...]:
    """At most so many completions of what was typed so far: identifiers, products, then articles, best first.

    articles: whether these are wanted. Costs a few milliseconds: no snippet, no facet, no reason is made.
    """
    text = typed_of(text)
    if not text:
        return ()
    found = [Completion("code", c.text, c.known) for c in beginning(index, text, CODES)]
    found += _products(index, text)
    if articles:
        found += _articles(index, text, count)
    return tuple(found[:count])


def typed_of(text: str) -> str:
    """What is completed of a text, "" where it says nothing, or too much."""
    text = text.strip()
    return text if any(map(str.isalnum, text)) and len(text) <= MAX_TYPED else ""


def _products(index: Corpus, text: str) -> list[Completion]:
    wanted = fold(text).text
    if not any(wanted in fold(value).text for value in index.values("product")):
        return []
    counted = ((value, n) for value, n in index.totals("product") if wanted in fold(value).text)
    order = sorted(counted, key=lambda p: (not fold(p[0]).text.startswith(wanted), -p[1]))
    return [Completion("product", value, n) for value, n in order[:PRODUCTS]]


def _articles(index: Corpus, text: str, count: int) -> list[Completion]:
    """Articles that are called as typed, then those that are about it as surely as a suggestion must be."""
    terms = read_paste(index, text)
    scores = index.scores(terms)
    best = index.best(scores)
    called = _called(index, text)
    # One without a common word has no score, yet its name begins as typed.
    named = top(np.where(called, best + np.float32(1e-6), np.float32(0)), LOOKED_AT * count).tolist()
    first = sorted(named, key=lambda a: not _says(index.articles[a], fold(text).text))[:count]
    others = top(np.where(called, np.float32(0), best), count - len(first)) if len(first) < count else ()
    passages = {int(a): index.best_passage(int(a), scores) for a in others}
    sure = confidence(Evidence(index, terms, scores, list(passages.values())))
    chosen = [*first, *(a for a, p in passages.items() if sure[p] >= THRESHOLD)]
    return [Completion("article", index.articles[a].title, article=index.articles[a]) for a in chosen]


def _says(article: Article, typed: str) -> bool:
    """Whether one of an article's names holds a folded text as it stands."""
    return any(typed in fold(name).text for name in (article.title, article.id, *article.aliases))


def _called(index: Corpus, text: str) -> Mask:
    """Articles that are shown and whose name holds all words of a text, the last one perhaps unfinished."""
    called = np.zeros(len(index.articles), bool)
    for pattern in calling(text):
        called |= index.any_passage(index.fulltext.pattern(pattern))
    with suppress(NotFoundError):
        called[index.number_of(text)] = True
    called &= index.visible
    return called


def calling(text: str) -> tuple[Pattern, ...]:
    """What holds of a passage whose article's name holds all words of a text, by each of NAMES."""
    pattern = text.replace("*", " ").replace("?", " ") + "*"
    return tuple(Pattern(pattern, field) for field in NAMES)
