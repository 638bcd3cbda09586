"""This module proposes what would bring an article in: a word that means the same, a word in one piece, a phrase.

Each is a guess for a person to judge; what it would do to other queries, kb.desk.what_if tries out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt

from kb.labels import label
from kb.language import say
from kb.model import Article, Change, Passage, Query, Token, Why, Word
from kb.search.corpus import Corpus
from kb.search.explain import field_texts
from kb.search.query import And, Term
from kb.search.query_terms import Group, QueryTerms
from kb.search.spelling import better_query
from kb.text.stopwords import STOP_WORDS
from kb.text.tokens import HAN, fold

MAX_ALIAS = 40
"""Characters of a query that can be a customer's phrase as it stands."""
LONGEST = 5
"""Characters of a word that is proposed for the dictionary."""
NEAREST = 2
"""Synonyms that are proposed for one missing word."""
CLOSE = 0.3
"""Least closeness of two words, 0 to 2: about one of three characters in common, or one common passage in three."""
COMMON = 2
"""Passages that two words need in common; one may be chance."""

_CHINESE = re.compile(f"[{HAN}]+")
_PLAIN = re.compile(r"[^=#,，、>\n]+")
"""What can stand in a line of synonyms.txt."""


def remedies(
    index: Corpus,
    query: Query,
    article: Article,
    passage: Passage,
    words: Sequence[Word],
    terms: QueryTerms,
    alias: bool,
) -> Iterator[Change]:
    """Changes that may bring an article in, the smallest first.

    words: of the query, against the article's best passage. alias: the query is plain words, so it may become one.
    """
    better = better_query(index, query.text, applied={c.typed for c in terms.corrections})
    if better:
        yield Change("query", better, replace(query, text=better))
    absent = {w.text for w in words if w.how in ("absent", "unknown")}
    missing = [g for g in {g.text: g for g in terms.groups}.values() if g.text in absent]
    yield from (Change("synonym", line) for line in _synonyms(index, article, passage, missing, terms))
    yield from (Change("dictionary", word) for word in _torn(words, query.text, article, passage))
    phrase = " ".join(query.text.split())
    known = {fold(a).text for a in article.aliases}
    if alias and 1 < len(phrase) <= MAX_ALIAS and fold(phrase).text not in known:
        yield Change("alias", phrase)


def sentence(change: Change, found: Why) -> str:
    """A change as an instruction, and where it is made."""
    path = found.article.path
    if change.query is not None:
        return _asked_instead(found.query, change.query)
    if change.kind == "synonym":
        return say(
            "synonyms.txt 加：{text}", "add to synonyms.txt: {text}", text=say("；", "; ").join(change.text.split("\n"))
        )
    if change.kind == "dictionary":
        return say("dictionary.txt 加一个词：{text}", "add a word to dictionary.txt: {text}", text=change.text)
    if change.kind == "alias":
        return say("{path} 的 aliases 加：{text}", "add to the aliases of {path}: {text}", path=path, text=change.text)
    return say("{path} 改为 status: {text}", "in {path}, status: {text}", path=path, text=change.text)


def _asked_instead(before: Query, after: Query) -> str:
    """How one query differs from another."""
    if after.text != before.text:
        return say("改问：{text}", "ask: {text}", text=after.text)
    if after.exact != before.exact:
        return say("按原样搜索，不改错字", "search the words as they stand, without corrections")
    gone = [label("facet", name) for name in before.filters if name not in after.filters]
    if gone:
        return say("去掉筛选：{names}", "remove the filter: {names}", names=say("、", ", ").join(gone))
    return say("去掉日期限制", "remove the bounds of the date")


def _synonyms(
    index: Corpus, article: Article, passage: Passage, absent: Sequence[Group], terms: QueryTerms
) -> Iterator[str]:
    """Lines for synonyms.txt, one-way: the query's word should also find a word of the article.

    Every missing word with its nearest one together; for a single missing word also the second nearest.
    """
    usable = [g for g in absent if _PLAIN.fullmatch(g.text) and len(fold(g.text).text) > 1]
    nearest = [(g, _nearest(index, article, passage, g, terms)) for g in usable]
    found = [(g.text, near) for g, near in nearest if near]
    if not found:
        return
    yield "\n".join(dict.fromkeys(f"{text} => {near[0]}" for text, near in found))
    if len(found) == 1:
        text, near = found[0]
        yield from (f"{text} => {other}" for other in near[1:])


def _nearest(index: Corpus, article: Article, passage: Passage, group: Group, terms: QueryTerms) -> list[str]:
    """Words of the article's title, aliases and headings that may mean what a word of the query means."""
    own = group.alternatives[0]
    facts = {t.term for fact in (*article.product, *article.versions) for t in index.tokenizer.tokens(fact)}
    named: list[tuple[Token, str]] = []
    for text in (article.title, *article.aliases, *passage.heading):
        for token in index.tokenizer.tokens(text):
            word = text[token.start : token.end]
            known = token.term in terms.weights or token.term in facts or token.part or token.raw in STOP_WORDS
            if known or len(word) < 2 or token.kind not in ("word", "user") or not _PLAIN.fullmatch(word):
                continue
            named.append((token, word))
    close = _closeness(index, own, [token for token, _ in named])
    rarities = index.idfs(token.term for token, _ in named)
    rated: dict[str, tuple[float, float, str]] = {}
    for (token, word), near in zip(named, close, strict=True):
        if near >= CLOSE:
            rated.setdefault(token.term, (-near, -rarities[token.term], word))
    return [word for _, _, word in sorted(rated.values())[:NEAREST]]


def _closeness(index: Corpus, asked: Sequence[Token], words: Sequence[Token]) -> list[float]:
    """How near each word is to the nearest that was asked for, 0 to 2: common characters (Dice's coefficient of the
    sets) and, for words that the index knows, common passages (cosine of the columns, each passage counted once)."""
    pairs = [(a, b) for b in words for a in asked]
    both = index.counts([And((Term(a.term), Term(b.term))) for a, b in pairs])
    terms = list({t.term for pair in pairs for t in pair})
    held = dict(zip(terms, index.dfs(terms), strict=True))
    close = [
        _common_characters(a, b) + (n / sqrt(held[a.term] * held[b.term]) if n >= COMMON else 0.0)
        for (a, b), n in zip(pairs, both, strict=True)
    ]
    return [max(close[i * len(asked) : (i + 1) * len(asked)], default=0.0) for i in range(len(words))]


def _common_characters(a: Token, b: Token) -> float:
    """Of two Chinese words."""
    chars = set(a.raw), set(b.raw)
    chinese = _CHINESE.fullmatch(a.raw) and _CHINESE.fullmatch(b.raw)
    return 2 * len(chars[0] & chars[1]) / (len(chars[0]) + len(chars[1])) if chinese else 0.0


def _torn(words: Sequence[Word], text: str, article: Article, passage: Passage) -> Iterator[str]:
    """Words for dictionary.txt: stretches of the query that stand in the article, but were cut differently."""
    doubtful = {w.text for w in words if w.how == "cut" or (w.how in ("absent", "unknown") and len(w.text) == 1)}
    if not doubtful:
        return
    texts = field_texts(article, passage)
    names = [w.text for w in words]
    offered: set[str] = set()
    for first, name in enumerate(names):
        if name not in doubtful:
            continue
        around = range(max(0, first - 2), first + 1)
        stretches = ("".join(names[a:b]) for a in around for b in range(first + 1, min(first + 3, len(names)) + 1))
        fitting = [s for s in stretches if 2 <= len(s) <= LONGEST and s in text and stands(s, texts)]
        if fitting and (longest := max(fitting, key=len)) not in offered:
            offered.add(longest)
            yield longest


def stands(word: str, texts: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """Where the characters of a Chinese word stand: (with a little of what is around them, field)."""
    wanted = fold(word).text
    if not _CHINESE.fullmatch(wanted):
        return None
    for field, text in texts:
        folded = fold(text)
        at = folded.text.find(wanted)
        if at >= 0:
            before = re.search(f"[{HAN}]{{0,2}}$", folded.text[:at])
            after = re.match(f"[{HAN}]{{0,2}}", folded.text[at + len(wanted) :])
            assert before is not None
            assert after is not None
            start, end = folded.span(before.start(), at + len(wanted) + after.end())
            return text[start:end], field
    return None
