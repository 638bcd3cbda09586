"""This module finds the threshold of a base: how sure an article must be to be taken for this fault.

No judged data is needed. Each article is hidden and its own aliases are asked, of an index without aliases: what is
suggested then is wrong, and a good threshold lets little of it through. It belongs to a base, for where every article
has neighbours a neighbour looks like an answer.
"""

import json
import logging
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from kb.articles.atomic import save
from kb.bundle import open_current
from kb.errors import KbError
from kb.indexer.build import build_documents
from kb.indexer.meaning import fill, lend
from kb.meaning import store
from kb.model import Article
from kb.search import threshold
from kb.search.confidence import confidence
from kb.search.evidence import Evidence
from kb.search.index import Index, Library
from kb.search.ranking import top
from kb.search.suggest import read_paste
from kb.search.threshold import THRESHOLD
from kb.settings import Settings

log = logging.getLogger(__name__)

SILENT = 0.8
"""Share of texts without an answer that are to get no suggestion."""
MOST = 0.35
"""Above it a base would be silent where it has the answer."""
FEWEST, ASKED = 30, 400
"""Aliases: with fewer nothing can be said of a base, and more say the same."""
ARTICLES = 3000
"""Articles of a large base that are looked at."""
GROWN = 0.1
"""Share of its articles by which a base may change before it is looked at again."""


def calibrate(settings: Settings) -> float | None:
    """Find the threshold of the index in force and write it beside the bundles, unless it is known already.

    Returns it; None when the base has too few aliases. Raises as opening an index does.
    """
    bundle = open_current(settings.index, verify=False)  # an index that is known already need not be opened whole
    known = threshold.details(settings.index)
    articles = sum(b.manifest["own_articles"] for b in (bundle, bundle.base) if b)
    vectors = store.current(settings.index)
    by = {"made_by": bundle.manifest["made_by"], "encoder": vectors.fingerprint if vectors else ""}
    if by.items() <= known.items() and abs(articles - known.get("articles", 0)) <= GROWN * articles:
        return known.get("threshold")
    found = _found(Library(settings.index).index(), settings)
    written = {"threshold": found, "articles": articles, **by}
    save(settings.index / threshold.FILE, json.dumps(written).encode())
    return found


def calibrate_quietly(settings: Settings) -> None:
    """The same for the site, which goes on with the threshold it has when there is no finding one."""
    try:
        calibrate(settings)
    except KbError as error:
        log.warning("%s", error)


def _found(index: Index, settings: Settings) -> float | None:
    chance = np.random.default_rng(0)
    count = len(index.articles)
    chosen = np.sort(chance.choice(count, min(ARTICLES, count), replace=False)).tolist()
    known = [replace(index.articles[n], body=index.body(n)) for n in chosen if index.visible[n]]
    aliases = [(alias, article) for article in known for alias in article.aliases]
    if len(aliases) < FEWEST:
        return None
    with tempfile.TemporaryDirectory(prefix="kb-calibrate-") as aside:
        without = replace(settings, index=Path(aside))
        build_documents(without, [replace(a, aliases=()) for a in known])
        if store.current(settings.index):  # it is searched by meaning, which makes all surer
            lend(settings.index, without.index)
            fill(without)
        bare = Library(without.index).index()
        asked = chance.choice(len(aliases), min(ASKED, len(aliases)), replace=False)
        scores = np.array([_best_but(bare, *aliases[i]) for i in asked.tolist()])
    return round(float(np.clip(np.quantile(scores, SILENT), THRESHOLD, MOST)), 3)


def _best_but(index: Index, text: str, hidden: Article) -> float:
    """How sure the best article is, when one is hidden."""
    terms = read_paste(index, text)
    scores = index.scores(terms)
    number = index.number_of(hidden.path)
    scores[index.first[number] : index.first[number + 1]] = 0
    best = [index.best_passage(int(a), scores) for a in top(index.best(scores), 3)]
    return max(confidence(Evidence(index, terms, scores, best)).values(), default=0.0)
