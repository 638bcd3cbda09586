"""Facets, dates and numbers say what the articles themselves say."""

import json
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.bundle.stored import article_record
from kb.errors import NotFoundError
from kb.indexer import facets
from kb.model import HIDDEN_STATUSES, Article, folders
from kb.model.schema import FACETS, NAMES
from kb.search.facets import Facet
from kb.search.index import Index
from kb.text.hashing import find, keys

few = st.sampled_from(["", "a", "b", "值"])
several = st.lists(few, max_size=4).map(tuple)
dates = st.none() | st.dates(date(2000, 1, 1), date(2040, 1, 1))
facts = st.fixed_dictionaries(
    {name: several if name in ("product", "tags") else few for name in FACETS if name in NAMES}
    | {"created": dates, "updated": dates}
)


def values_of(article: Article, name: str) -> list[str]:
    """What an article has of a facet, each once, without empty ones."""
    found = getattr(article, name) if name in NAMES else folders(article.path)
    return [v for v in dict.fromkeys((found,) if isinstance(found, str) else found) if v]


def assert_counts(facet: Facet, name: str, articles: list[Article], chosen: np.ndarray) -> None:
    """counts() and having() of a facet against a look at each article."""
    expected = Counter(v for a, c in zip(articles, chosen, strict=True) if c for v in values_of(a, name))
    assert list(facet.counts(chosen)) == sorted(expected.items(), key=lambda p: (-p[1], p[0]))
    for wanted in ([], ["a"], ["b", "值"], ["unknown"], list(expected)[:3]):
        having = [any(v in wanted for v in values_of(a, name)) for a in articles]
        assert facet.having(wanted).tolist() == having


@given(found=st.lists(facts, max_size=8), data=st.data())
def test_facets(found: list[dict[str, object]], data: st.DataObject) -> None:
    """Written and read again: every facet, both dates, every number and path."""
    articles = [Article(path=f"p/{i % 3}/{i}.md", id=f"KB-{i}", **f) for i, f in enumerate(found)]  # type: ignore[arg-type]
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found))), bool)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facets.write(folder, [article_record(a) for a in articles])

        def array(column: str) -> np.ndarray:
            loaded: np.ndarray = np.load(folder / f"{column}.npy")
            return loaded

        values = json.loads((folder / "facets.json").read_bytes())
        for facet in FACETS:
            owners, codes = (array(f"facet.{facet}.{column}") for column in ("articles", "values"))
            assert_counts(Facet(values[facet], owners, codes, len(articles)), facet, articles, chosen)
        for column, days in (
            ("updated", [a.updated or a.created for a in articles]),
            ("created", [a.created for a in articles]),
            ("review_after", [a.review_after for a in articles]),
        ):
            assert array(f"articles.{column}").tolist() == [d.isoformat().encode() if d else b"" for d in days]
        for column, names in (("ids", [a.id for a in articles]), ("paths", [a.path for a in articles])):
            places = find(array(f"articles.{column}"), keys(names))
            assert array(f"articles.{column}.numbers")[places].tolist() == list(range(len(articles)))


def test_facets_of_a_real_base(built: Index) -> None:
    """The same over the sample base, for all articles, none, and some."""
    articles = list(built.articles)
    random = np.random.default_rng(1)
    masks = [np.full(len(articles), True), np.full(len(articles), False), random.random(len(articles)) < 0.3]
    for name in FACETS:
        for mask in masks:
            assert_counts(built.facets[name], name, articles, mask)
    assert built.visible.tolist() == [a.status not in HIDDEN_STATUSES for a in articles]
    unseen = [i for i, a in enumerate(built.article_of) if not built.visible[a]]
    assert (built.unseen if built.unseen is not None else np.empty(0)).tolist() == unseen


def test_articles_are_a_sequence(built: Index) -> None:
    """Read from disk one by one, in the order of their paths, as lists are."""
    every = list(built.articles)
    assert len(built.articles) == len(every) > 100
    assert [a.path for a in every] == sorted(a.path for a in every)
    assert [built.articles[i] for i in range(len(every))] == every
    assert built.articles[3:20:5] == every[3:20:5]
    of_array: Any = np.int64(2)  # as positions come out of an array
    assert (built.articles[-1], built.articles[of_array]) == (every[-1], every[2])
    for number in (len(every), -len(every) - 1):
        with pytest.raises(IndexError):
            built.articles[number]


def test_number_of(built: Index) -> None:
    """An article is found by its number in any case and by its path, nothing else is found."""
    for number, article in enumerate(built.articles):
        assert built.number_of(article.id) == built.number_of(article.id.lower()) == number
        assert built.number_of(article.path) == number
    for name in ("", "KB-999999", "nowhere.md", "KB-00013", "../" + built.articles[0].path, "\ud800"):
        with pytest.raises(NotFoundError):
            built.number_of(name)
