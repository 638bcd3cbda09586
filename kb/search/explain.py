"""This module tells why: which word of the query met which field of a passage, and its share of the score."""

from collections.abc import Iterator

from kb.language import say
from kb.model import Article, Match, Passage
from kb.search import scoring
from kb.search.corpus import Corpus
from kb.search.evidence import Evidence
from kb.text.tokens import neighbours

MAX_MATCHES = 12
TOPIC_SHOWN = 0.01
"""Share of a score; less is no reason."""


def matches(evidence: Evidence, number: int, quoting: bool = True) -> tuple[Match, ...]:
    """What earned a passage its score, with the share of each, largest first: terms of the query, and its topic.

    number: of the passage. quoting: whether the sentences that mean the same are told, which takes some 10 ms.
    The shares add up to its score, before MAX_MATCHES cuts the tail.
    """
    shares = evidence.shares(number)
    telling = sorted(shares.items(), key=lambda p: -p[1])[:MAX_MATCHES]
    written = places(evidence.index, number, {term for term, _ in telling})
    out = []
    for term, score in telling:
        # What doesn't stand in the passage stands in another section of its page.
        word, field, kind = written.get(term, (term, "page", "page"))
        out.append(Match(word, term, field, kind, round(score, 3), evidence.query.via.get(term, "")))
    out += _lifts(evidence, number, quoting)
    return tuple(sorted(out, key=lambda m: -m.score))


def _lifts(evidence: Evidence, number: int, quoting: bool) -> Iterator[Match]:
    """What lifted a passage beyond its words, each a share of its score."""
    index, query = evidence.index, evidence.query
    lifts = evidence.lifts(number)
    for step in scoring.STEPS:
        if lifts[step.name] <= TOPIC_SHOWN * evidence.score(number):
            continue
        quoted = step.quoted(index, query, index.passage(number)) if step.quoted and quoting else None
        word, via = quoted or (say(step.zh, step.en), "")
        yield Match(word, "", step.name, step.name, round(lifts[step.name], 3), via)


def places(index: Corpus, number: int, terms: set[str]) -> dict[str, tuple[str, str, str]]:
    """term -> (as it is written in a passage, field, kind), at the first of these fields that holds it."""
    passage = index.passage(number)
    article = index.articles[int(index.article_of[number])]
    found: dict[str, tuple[str, str, str]] = {}
    for field, text in field_texts(article, passage):
        if len(found) == len(terms):
            break
        folded, tokens = index.tokenizer.read(text)
        for token in tokens:
            if token.term in terms and token.term not in found:
                start, end = folded.span(token.start, token.end)
                found[token.term] = (text[start:end], field, token.kind)
        for a, b in neighbours(tokens, folded.text) if len(found) < len(terms) else ():
            pair = a.raw + b.raw
            if pair in terms and pair not in found:
                start, end = folded.span(a.start, b.end)
                found[pair] = (text[start:end], field, "pair")
    return found


def field_texts(article: Article, passage: Passage) -> tuple[tuple[str, str], ...]:
    """(field, its text) of a passage, the most telling field first."""
    code = "\n".join(passage.text[a:b] for a, b in passage.code)
    facts = (article.id, *article.quoted)
    return (
        ("title", article.title),
        ("alias", "\n".join(article.aliases)),
        ("heading", "\n".join(passage.heading)),
        ("fact", "\n".join(facts)),
        ("code", code),
        ("text", passage.text),
    )
