"""This module says which articles meet conditions on what is known of them: states, days of review, metadata."""

import operator
from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce
from typing import Any

import numpy as np

from kb.labels import LABELS
from kb.model import Article, Criterion, Where
from kb.search.corpus import Corpus
from kb.search.filters import Mask

DAYS = ("updated", "created")

_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "starts": str.startswith,
    "ends": str.endswith,
    "is": operator.eq,
}
_DAYS: dict[str, Callable[[Any, int], Mask]] = {
    "is": operator.eq,
    "before": operator.lt,
    "until": operator.le,
    "after": operator.gt,
    "since": operator.ge,
}


def meeting(index: Corpus, where: Where) -> Mask:
    """The articles that meet conditions."""
    shown = index.live if any(c.name == "status" for c in where.conditions) else index.visible
    for name, values in where.filters.items():
        shown = shown & index.facets[name].having(values)
    if not where.conditions:
        return shown
    combine = np.logical_or if where.any else np.logical_and
    met: Mask = reduce(combine, (_meeting_one(index, c) for c in where.conditions))
    return shown & met


def _meeting_one(index: Corpus, condition: Criterion) -> Mask:
    met = _dated(index, condition) if condition.name in DAYS else _valued(index, condition)
    return ~met if condition.negated else met


def _dated(index: Corpus, condition: Criterion) -> Mask:
    days = index.days(condition.name)
    there: Mask = days > 0
    if condition.comparison == "there" or condition.day is None:
        return there
    return there & _DAYS[condition.comparison](days, condition.day.toordinal())


def _valued(index: Corpus, condition: Criterion) -> Mask:
    facet = index.facets[condition.name]
    return facet.having(wanted_values(condition, facet.values))


def wanted_values(condition: Criterion, values: Sequence[str]) -> list[str]:
    """Of a facet's values those that meet a condition as they are stored, or by their names in either language, without
    regard to case."""
    if condition.comparison == "there":
        return list(values)
    holds, wanted = _TEXTS[condition.comparison], [text.lower() for text in condition.texts]
    named = {v: [n.lower() for n in (v, *LABELS.get(condition.name, {}).get(v, ()))] for v in values}
    return [v for v, names in named.items() if any(holds(n, w) for n in names for w in wanted)]


def in_state(index: Corpus, status: str, most: int) -> list[Article]:
    """Articles in force of one status, in the order of the index."""
    numbers = np.flatnonzero(index.live & index.facets["status"].having((status,)))
    return [index.articles[n] for n in numbers[:most].tolist()]


def due(index: Corpus, after: date | None, until: date, most: int) -> list[Article]:
    """Articles that are not archived whose review is due between two days, both included, earliest first."""
    dated = index.dates("review_after") != b""
    within = index.between("review_after", after.isoformat() if after else "", until.isoformat())
    numbers = np.flatnonzero(dated & index.live & within & ~index.facets["status"].having(("archived",)))
    order = np.argsort(index.days("review_after")[numbers], kind="stable")
    return [index.articles[n] for n in numbers[order[:most]].tolist()]
