"""This module tells why: which word of the query met which field of a passage, and its share of the score."""

import numpy as np

from kb.model import Article, Match, Passage
from kb.search.index import Index
from kb.search.terms import QueryTerms
from kb.tokens import Tokenizer, fold, pairs

MAX_MATCHES = 12


def matches(index: Index, article: Article, number: int, passage: Passage, query: QueryTerms) -> tuple[Match, ...]:
    """The terms of a query that a passage holds, with their parts of its score, largest first.

    number: of the passage. The parts add up to the passage's score, before MAX_MATCHES cuts the tail.
    """
    parts = {}
    for term, weight in query.weights.items():
        rows, data = index.weights.column(term)
        at = int(np.searchsorted(rows, number))
        if at < len(rows) and rows[at] == number:
            parts[term] = weight * float(data[at])
    places = _places(index.tokenizer, article, passage, set(parts))
    out = []
    for term, score in sorted(parts.items(), key=lambda p: -p[1])[:MAX_MATCHES]:
        word, field, kind = places.get(term, (term, "text", "pair"))
        out.append(Match(word, term, field, kind, round(score, 3), query.via.get(term, "")))
    return tuple(out)


def _places(
    tokenizer: Tokenizer, article: Article, passage: Passage, terms: set[str]
) -> dict[str, tuple[str, str, str]]:
    """term -> (as it is written there, field, kind), at the first of these fields that holds it."""
    code = "\n".join(passage.text[a:b] for a, b in passage.code)
    facts = (article.id, *article.product, *article.tags, *article.parts, *article.versions)
    found: dict[str, tuple[str, str, str]] = {}
    texts = (
        ("title", article.title),
        ("alias", "\n".join(article.aliases)),
        ("heading", "\n".join(passage.heading)),
        ("fact", "\n".join(facts)),
        ("code", code),
        ("text", passage.text),
    )
    for field, text in texts:
        folded = fold(text)
        tokens = tokenizer.folded_tokens(folded)
        for token in tokens:
            if token.term in terms and token.term not in found:
                start, end = folded.span(token.start, token.end)
                found[token.term] = (text[start:end], field, token.kind)
        for pair in pairs(tokens, folded.text):
            if pair in terms and pair not in found:
                found[pair] = (pair, field, "pair")
    return found
