"""This module finds articles that say the same: copies of a text, and one fault written up twice.

Candidates share rare words. Of these a pair is listed when the evidence holds in both directions:

    text    the texts use the same words equally often, and so do their titles and what they are about;
            two texts cut from one template differ in exactly these words, over and over
    fault   other texts, but the rare words of the shorter one stand in the longer one,
            and the words of both titles too; only for cases and questions, a manual has no fault

Whatever else is alike, another error code, model or version in the title is another fault.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from kb.model import Article, Duplicate, Token
from kb.search.corpus import Corpus
from kb.search.query_terms import Group, read
from kb.search.ranking import rarity, top
from kb.text.identifiers import CODE_KINDS, EXACT_KINDS
from kb.text.stopwords import STOP_WORDS

RARE = 200
RARE_SHARE = 0.03
"""A rare word stands in at most so many passages, and so large a share of them (but at least in 5)."""
CANDIDATES = 20
"""Articles that are compared with a single text, those first that share most of its rare words."""
PARTNERS = 5
"""Later articles that each article of a base is compared with, those that share most: a template of a thousand
articles has half a million pairs."""
REMEMBERED = 2000
"""Articles that are kept as they were read last."""
MAX_BODY = 30_000
"""Characters of an article that are compared."""

SAME_TEXT = 0.7
TEMPLATE = 0.5
"""Overlap of two texts that makes them one, and from which on they at least come from one template.
Of near copies with a tenth to a third of the sentences changed, nine in ten overlap by more than 0.7."""
SELDOM = 1 / 3
"""A text lacks a word that it uses less than a third as often as the other."""
TELLING = 10
TELLING_LACK = 0.12
TITLE_LACK = 0.1
"""Of a text's ten most telling words, and of its title's, a copy lacks at most this share by weight."""
SAME_TITLE = 0.6
"""Share of all words of two titles that both of them have."""

SAME_FAULT = 0.5
"""Share of the shorter one's rare words that stand in the longer one. Different faults of the sample base stay
below 0.4, the same fault in another engineer's words is above 0.5 nine times in ten."""
NAMED = 0.5
"""Share of the titles' words that the other article says, on average."""
MIN_RARE = 5

FAULT_KINDS = frozenset({"case", "faq"})
NAME_KINDS = EXACT_KINDS | CODE_KINDS | {"model", "user"}


@dataclass(frozen=True, slots=True)
class _Said:
    """What an article says.

    Of the title: the things it says, its terms -> rarity, its codes and models, its plain numbers.
    Of everything: term -> frequency, their sum, term -> rarity, identifier -> as written.
    """

    article: Article
    title: tuple[Group, ...]
    words: dict[str, float]
    marks: frozenset[str]
    numbers: frozenset[str]
    counts: Counter[str]
    size: int
    weight: dict[str, float]
    surface: dict[str, str]


def similar(index: Corpus, article: Article, count: int = 5) -> list[Duplicate]:
    """The articles of a base that may say the same as this one, surest first.

    article: with its body; it need not be in the base, nor be finished. What the base holds under its path is
    the article itself and not a duplicate; nor are archived articles.
    """
    said = _said(index, article)
    worth = _worth_reading(index)
    near = [n for n in top(_shared(index, said), CANDIDATES).tolist() if worth(article, index.articles[n])]
    others = [n for n in _named_alike(index, said, near) if index.articles[n].path != article.path]
    found = [pair for n in others if (pair := _compare(index, said, _said(index, _with_body(index, n))))]
    return sorted(found, key=lambda d: -d.sure)[:count]


def duplicates(index: Corpus) -> list[Duplicate]:
    """Every pair of articles that may say the same, copies first, then surest first; archived ones aside."""

    @lru_cache(maxsize=REMEMBERED)
    def said(number: int) -> _Said:
        return _said(index, _with_body(index, number))

    worth = _worth_reading(index)
    pairs = (
        _compare(index, said(a), said(b)) for a, b in _candidates(index) if worth(index.articles[a], index.articles[b])
    )
    return sorted((p for p in pairs if p), key=lambda d: (d.kind != "text", -d.sure, d.first.path, d.second.path))


def _worth_reading(index: Corpus) -> Callable[[Article, Article], bool]:
    """Whether the titles leave it possible that two articles say the same: texts are long, titles short."""

    @cache
    def words(title: str) -> dict[str, float]:
        return _title_words(index, title)

    return lambda a, b: _may_share_a_fault(a, b) or _jaccard(words(a.title), words(b.title)) >= SAME_TITLE


def _title_words(index: Corpus, title: str) -> dict[str, float]:
    return index.idfs(t.term for t in _tokens(index, title))


def _with_body(index: Corpus, number: int) -> Article:
    return replace(index.articles[number], body=index.body(number))


def _said(index: Corpus, article: Article) -> _Said:
    title = read(article.title, index.tokenizer, index.synonyms)
    marks = [t for t in title.tokens if not t.part and (t.kind in CODE_KINDS or any(c.isdigit() for c in t.term))]
    text = _text(article)
    tokens = _tokens(index, text)
    counts = Counter(t.term for t in tokens)
    return _Said(
        article,
        title.groups,
        _title_words(index, article.title),
        frozenset(t.term for t in marks if t.kind != "number"),
        frozenset(t.term for t in marks if t.kind == "number"),
        counts,
        len(tokens) or 1,
        index.idfs(counts),
        {t.term: text[t.start : t.end] for t in reversed(tokens) if t.kind in NAME_KINDS},
    )


def _tokens(index: Corpus, text: str) -> list[Token]:
    return [t for t in index.tokenizer.tokens(text) if not t.part and t.raw not in STOP_WORDS]


def _text(article: Article) -> str:
    return "\n".join((article.title, *article.aliases, article.body[:MAX_BODY]))


# --- candidates ------------------------------------------------------------------------------


def _compared(index: Corpus) -> NDArray[np.bool_]:
    """Articles that can be one of two: in force, not archived."""
    compared: NDArray[np.bool_] = index.live & ~index.facets["status"].having(("archived",))
    return compared


def rare_words(index: Corpus, article: Article) -> dict[str, float]:
    """The rare words of an article, which has its body, by how rare they are."""
    return _rare_words(index, _said(index, article))


def _rare_words(index: Corpus, said: _Said) -> dict[str, float]:
    bound = _rare(index)
    return {term: weight for term, weight in said.weight.items() if weight >= bound}


def _shared(index: Corpus, said: _Said) -> NDArray[np.float32]:
    """The rarity of the rare words of a text that each article holds."""
    shared = np.zeros(len(index.articles), np.float32)
    for term, weight in _rare_words(index, said).items():
        shared[index.article_of[index.weights.column(term)[0]]] += weight
    return shared * _compared(index)


def _named_alike(index: Corpus, said: _Said, numbers: Sequence[int]) -> Iterator[int]:
    """Those of some articles that say enough of a text's title, as it does of theirs: titles are read before texts."""
    if not numbers:
        return
    titles = [read(index.articles[n].title, index.tokenizer, index.synonyms).groups for n in numbers]
    weight = index.idfs({t for title in titles for g in title for t in _terms(g)})
    wanted = list({t.term for g in said.title for tokens in g.alternatives for t in tokens})
    passages = np.concatenate([np.arange(index.first[n], index.first[n + 1]) for n in numbers])
    holding = index.weights.within(wanted, passages)[0] > 0
    for number, title in zip(numbers, titles, strict=True):
        inside = holding[:, index.article_of[passages] == number].any(axis=1)
        held = {term for term, holds in zip(wanted, inside.tolist(), strict=True) if holds}
        if _named(_unsaid(said.title, said.weight, held), _unsaid(title, weight, said.counts)) >= NAMED:
            yield number


def _candidates(index: Corpus) -> Iterator[tuple[int, int]]:
    """Pairs of articles that share much of their rare words.

    A word has at most RARE entries for each article that has it, so the work grows with the base, not with its square.
    """
    numbers = np.flatnonzero(_compared(index)).tolist()
    bound = _rare(index)
    rarities = cache(index.weights.rarity)
    place: dict[str, int] = {}
    terms = []
    for n in numbers:
        said = {t.term for t in _tokens(index, _text(_with_body(index, n)))}
        rare = (place.setdefault(term, len(place)) for term in said if rarities(term) >= bound)
        terms.append(np.fromiter(rare, np.int32))
    weights = np.fromiter(map(rarities, place), np.float64)
    total = np.array([weights[held].sum() for held in terms])
    every = np.concatenate([np.empty(0, np.int32), *terms])
    holders = np.repeat(np.arange(len(terms)), [len(held) for held in terms])[np.argsort(every, kind="stable")]
    of_term = np.split(holders, np.cumsum(np.bincount(every, minlength=len(place)))[:-1])
    for first, held in enumerate(terms):
        shared = np.zeros(len(terms))
        for term in held:
            shared[of_term[term]] += weights[term]
        later = np.arange(first + 1, len(terms))[shared[first + 1 :] > 0]
        share = shared[later] / np.minimum(total[first], total[later])
        order = np.argsort(-share, kind="stable")[:PARTNERS]
        yield from ((numbers[first], numbers[second]) for second in later[order[share[order] >= SAME_FAULT]])


def _rare(index: Corpus) -> float:
    """The inverse document frequency from which on a word is rare."""
    passages = index.weights.known
    return rarity(max(5, min(RARE, int(RARE_SHARE * passages))), passages)


# --- the decision ----------------------------------------------------------------------------


def _compare(index: Corpus, a: _Said, b: _Said) -> Duplicate | None:
    """The evidence that two articles say the same, None when it is not enough."""
    if a.marks - b.counts.keys() or b.marks - a.counts.keys():
        return None
    if a.numbers - b.numbers and b.numbers - a.numbers:
        return None
    overlap = min(_overlap(a, b), _overlap(b, a))
    if overlap >= TEMPLATE:
        kind, sure = "text", overlap if _same_text(a, b, overlap) else 0.0
    else:
        kind, sure = "fault", _same_fault(a, b, _rare(index))
    if not sure:
        return None
    names = sorted(a.surface.keys() & b.surface.keys(), key=lambda t: (-a.weight[t], t))
    words = [g.text for g in a.title if any(_terms(g) == _terms(h) for h in b.title)]
    return Duplicate(
        a.article,
        b.article,
        kind,
        round(sure, 2),
        round(overlap, 2),
        tuple(dict.fromkeys(a.surface[t] for t in names))[:6],
        tuple(dict.fromkeys(words)),
    )


def _overlap(a: _Said, b: _Said) -> float:
    """Share of the words of `a`, by frequency and rarity, that `b` has as often for its length."""
    scale = max(1.0, a.size / b.size)
    lacking = sum(a.weight[t] * max(0.0, n - b.counts[t] * scale) for t, n in a.counts.items())
    every = sum(a.weight[t] * n for t, n in a.counts.items())
    return 1 - lacking / every if every else 0.0


def _same_text(a: _Said, b: _Said, overlap: float) -> bool:
    """Whether two overlapping texts are also about the same, by their titles and their most telling words."""
    return (
        overlap >= SAME_TEXT
        and _jaccard(a.words, b.words) >= SAME_TITLE
        and max(_title_lack(a, b), _title_lack(b, a)) <= TITLE_LACK
        and max(_telling_lack(a, b), _telling_lack(b, a)) <= TELLING_LACK
    )


def _same_fault(a: _Said, b: _Said, rare: float) -> float:
    """How sure it is that two texts tell of one fault, 0 when it is not enough."""
    if not _may_share_a_fault(a.article, b.article):
        return 0.0
    short, long = sorted((a, b), key=lambda s: s.size)
    terms = {t: w for t, w in short.weight.items() if w >= rare}
    if len(terms) < MIN_RARE:
        return 0.0
    shared = sum(w for t, w in terms.items() if t in long.counts) / sum(terms.values())
    named = _named(_unsaid(a.title, a.weight, b.counts), _unsaid(b.title, b.weight, a.counts))
    return shared if shared >= SAME_FAULT and named >= NAMED else 0.0


def _may_share_a_fault(a: Article, b: Article) -> bool:
    return a.kind == b.kind and a.kind in FAULT_KINDS


def _telling_lack(a: _Said, b: _Said) -> float:
    """Share of the most telling words of `a` that `b` says seldom: what `a` is about, and `b` not."""
    telling = sorted(((a.weight[t] * n, t) for t, n in a.counts.items()), reverse=True)[:TELLING]
    return _share((w, b.counts[t] / b.size <= SELDOM * a.counts[t] / a.size) for w, t in telling)


def _title_lack(a: _Said, b: _Said) -> float:
    """Share of the words of a's title that `b` says seldom: under SELDOM of how often `a` does."""
    return _share((_weight(g, a.weight), _frequency(g, b) <= SELDOM * _frequency(g, a)) for g in a.title)


def _unsaid(title: Iterable[Group], weight: Mapping[str, float], said: Container[str]) -> float:
    """Share of the words of a title that a text never says, in any wording. said: the text's terms."""
    return _share(
        (_weight(g, weight), not any(all(t.term in said for t in tokens) for tokens in g.alternatives)) for g in title
    )


def _named(first: float, second: float) -> float:
    """Share of the titles' words that the other article says, on average, from what each leaves unsaid."""
    return 1 - (first + second) / 2


def _jaccard(a: dict[str, float], b: dict[str, float]) -> float:
    """Weight of the words both have, as a share of all they have (Jaccard's coefficient)."""
    return _share((w, t in a and t in b) for t, w in (a | b).items())


def _share(weighed: Iterable[tuple[float, bool]]) -> float:
    """The weight of what holds, as a share of all; 0 of nothing."""
    every = list(weighed)
    total = sum(w for w, _ in every)
    return sum(w for w, holds in every if holds) / total if total else 0.0


def _frequency(group: Group, said: _Said) -> float:
    """How often a text says a thing, in any of its wordings, for its length."""
    return max(min(said.counts[t.term] for t in tokens) for tokens in group.alternatives) / said.size


def _weight(group: Group, weight: Mapping[str, float]) -> float:
    return max(weight.get(t, 0.0) for t in _terms(group))


def _terms(group: Group) -> list[str]:
    return [t.term for t in group.alternatives[0]]
