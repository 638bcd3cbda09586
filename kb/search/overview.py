"""This module answers: what is there? Articles counted by two facets at once, and all about one product."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.model import Article, FacetRow, ProductPage
from kb.model.schema import CAUSES, KINDS
from kb.search.corpus import Corpus
from kb.search.filters import Mask
from kb.search.identifier_page import common_codes
from kb.search.ranking import top
from kb.text.tokens import fold

Counts = Sequence[tuple[str, int]]

LISTED = 6
"""Articles that are listed under one cause or kind; the others are behind a link."""
LOOKED_AT = 30
"""Articles of a product whose identifiers are read."""


def crossed(index: Corpus, rows: str, columns: str) -> tuple[tuple[str, ...], tuple[FacetRow, ...]]:
    """Articles that are shown by two facets: (values of the second, rows), most frequent rows first."""
    second, first = index.facets[columns], index.facets[rows]
    found = first.counts(index.visible)
    pairs = {value: second.counts(first.having([value]) & index.visible) for value, _ in found}
    return table(found, second.counts(index.visible), pairs)


def table(rows: Counts, columns: Counts, pairs: Mapping[str, Counts]) -> tuple[tuple[str, ...], tuple[FacetRow, ...]]:
    """The same of counts: of the values of both facets, and of the second for each value of the first."""
    values = tuple(sorted((v for v, _ in columns), key=_in_order))
    counts = {value: dict(found) for value, found in pairs.items()}
    return values, tuple(FacetRow(v, n, tuple(counts[v].get(c, 0) for c in values)) for v, n in rows)


def _in_order(value: str) -> tuple[int, str]:
    """Known causes and kinds as they are always listed, then others by name."""
    known = (*CAUSES, *KINDS)
    return (known.index(value) if value in known else len(known), value)


def product_named(index: Corpus, name: str) -> str | None:
    """The product as articles write it, whatever its letter case and width; None when no shown article has it."""
    wanted = fold(name.strip()).text
    same = (v for v in index.values("product") if fold(v).text == wanted)
    found = sorted(same, key=lambda v: v != name)
    shown = dict(index.totals("product")) if found else {}
    return next((v for v in found if v in shown), None)


def products_like(index: Corpus, name: str, count: int = 12) -> tuple[tuple[str, int], ...]:
    """Products that share a word with this name: (product, articles), most articles first."""
    words = set(fold(name).text.split())
    return tuple((v, n) for v, n in index.totals("product") if words & set(fold(v).text.split()))[:count]


def product_page(index: Corpus, name: str) -> ProductPage:
    """All about a product that product_named returned."""
    mask = index.facets["product"].having([name]) & index.visible
    cases = mask & index.facets["kind"].having(["case"])
    causes = index.facets["cause"]
    return ProductPage(
        name=name,
        total=int(mask.sum()),
        areas=index.facets["area"].counts(mask),
        tags=index.facets["tags"].counts(mask)[:12],
        causes=tuple((v, n, newest(index, cases & causes.having([v]), LISTED)) for v, n in causes.counts(cases)),
        kinds=tuple(
            (v, n, newest(index, mask & index.facets["kind"].having([v]), LISTED))
            for v, n in index.facets["kind"].counts(mask)
            if v != "case"
        ),
        newest=newest(index, mask, LISTED),
        codes=common_codes(index, _newest(index, mask, LOOKED_AT).tolist()),
    )


RELATED = 0.1
"""Share of an article's own score for what it is about that another one reaches to be related."""


def about(article: Article) -> str:
    """What an article is about, as a text to be ranked by."""
    return "\n".join((article.title, *article.aliases, *article.product))


def related(ranked: Sequence[tuple[Article, float]], article: Article, count: int) -> list[Article]:
    """Of the articles that its own description finds those that answer it, too."""
    own = next((score for a, score in ranked if a.path == article.path), 0.0)
    return [a for a, score in ranked if a.path != article.path and score > own * RELATED][:count]


def newest(index: Corpus, articles: Mask, count: int) -> list[Article]:
    """Of these articles those that were changed or created last, newest first."""
    return [index.articles[a] for a in _newest(index, articles, count)]


def _newest(index: Corpus, articles: Mask, count: int) -> NDArray[np.int64]:
    return top(np.where(articles, index.days("updated") + 1, 0).astype(np.float32), count)
