"""This module answers: what is there? Articles counted by two facets at once, and all about one product."""

import numpy as np
from numpy.typing import NDArray

from kb.model import Article, FacetRow, ProductPage
from kb.model.schema import CAUSES, KINDS
from kb.search.corpus import Corpus
from kb.search.filters import Mask
from kb.search.identifier_page import common_codes
from kb.search.ranking import top
from kb.text.tokens import fold

LISTED = 6
"""Articles that are listed under one cause or kind; the others are behind a link."""
LOOKED_AT = 30
"""Articles of a product whose identifiers are read."""


def crossed(index: Corpus, rows: str, columns: str) -> tuple[tuple[str, ...], tuple[FacetRow, ...]]:
    """Articles that are shown by two facets: (values of the second, rows), most frequent rows first."""
    second, first = index.facets[columns], index.facets[rows]
    values = tuple(sorted((v for v, _ in second.counts(index.visible)), key=_in_order))
    out = []
    for value, total in first.counts(index.visible):
        counts = dict(second.counts(first.having([value]) & index.visible))
        out.append(FacetRow(value, total, tuple(counts.get(v, 0) for v in values)))
    return values, tuple(out)


def _in_order(value: str) -> tuple[int, str]:
    """Known causes and kinds as they are always listed, then others by name."""
    known = (*CAUSES, *KINDS)
    return (known.index(value) if value in known else len(known), value)


def product_named(index: Corpus, name: str) -> str | None:
    """The product as articles write it, whatever its letter case and width; None when no shown article has it."""
    wanted = fold(name.strip()).text
    facet = index.facets["product"]
    same = sorted((v for v in facet.values if fold(v).text == wanted), key=lambda v: v != name)
    return next((v for v in same if (facet.having([v]) & index.visible).any()), None)


def products_like(index: Corpus, name: str, count: int = 12) -> tuple[tuple[str, int], ...]:
    """Products that share a word with this name: (product, articles), most articles first."""
    words = set(fold(name).text.split())
    counts = index.facets["product"].counts(index.visible)
    return tuple((v, n) for v, n in counts if words & set(fold(v).text.split()))[:count]


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


def newest(index: Corpus, articles: Mask, count: int) -> list[Article]:
    """Of these articles those that were changed or created last, newest first."""
    return [index.articles[a] for a in _newest(index, articles, count)]


def _newest(index: Corpus, articles: Mask, count: int) -> NDArray[np.int64]:
    return top(np.where(articles, index.days("updated") + 1, 0).astype(np.float32), count)
