"""This module writes the tree of a query as OpenSearch asks it: the same passages as kb.search.filters finds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from kb.bundle.fields import SEGMENTS
from kb.model import HIDDEN_STATUSES, Query, Where
from kb.model.sight import Sight
from kb.search.fulltext import runs_of
from kb.search.opensearch.layout import FACTS, SAID, facet_field, glued, term
from kb.search.query import And, Enough, Near, Node, Not, Or, Pattern, Phrase, Range, Term, Value
from kb.search.wildcards import beginning, expanded
from kb.text.tokens import HAN, fold
from kb.text.unigrams import spell

Asked = dict[str, Any]

ALL: Asked = {"match_all": {}}
NONE: Asked = {"match_none": {}}
MOST_CLAUSES = 350
"""Words of a sentence that are asked for, the most telling ones. OpenSearch takes 1,024 clauses of one question, and
the weights of MAX_TERMS terms are among them."""

_CHINESE = re.compile(f"[{HAN}]")
_FACT_NAMES = frozenset(f.name for f in FACTS)


def all_of(asked: Iterable[Asked]) -> Asked:
    """Every one of some conditions."""
    wanted = [one for one in asked if one != ALL]
    return ALL if not wanted else wanted[0] if len(wanted) == 1 else {"bool": {"filter": wanted}}


def any_of(asked: Iterable[Asked]) -> Asked:
    wanted = list(asked)
    if not wanted:
        return NONE
    return wanted[0] if len(wanted) == 1 else {"bool": {"should": wanted, "minimum_should_match": 1}}


def none_of(asked: Asked) -> Asked:
    return {"bool": {"must_not": [asked]}}


class Conditions:
    """Writes conditions. words: all words of letters and digits that stand in a build, sorted, some lists of them."""

    def __init__(self, words: Sequence[Sequence[str]]) -> None:
        self._words = words

    def of(self, node: Node) -> Asked:
        """What a part of a query asks of a passage."""
        match node:
            case Term(name):
                return {"term": {"w": term(name)}}
            case And(children):
                return all_of(map(self.of, children))
            case Or(children):
                return any_of(map(self.of, children))
            case Not(child):
                return none_of(self.of(child))
            case Phrase(text, field):
                return phrase(text, field)
            case Pattern(text, field):
                return self._pattern(text, field)
            case Range(field, low, high):
                return {"range": {field: {"gte": low or "0", "lte": f"{high or 9}~"}}}
            case Value(field, value):
                return having(field, [value])
            case Enough(children, weights, least):
                return self._enough(children, weights, least)
            case Near():
                return NONE  # meaning ranks what words find: see kb.search.opensearch.window
        raise TypeError(f"{node} is no condition: which words are enough is the ranking's")

    def _pattern(self, text: str, field: str) -> Asked:
        wanted = []
        for run, pieces in runs_of(text):
            if pieces is not None:
                wanted += [phrase(piece, field) for piece in pieces]
            else:
                wanted.append(self._shaped(run, field))
        return all_of(wanted) if wanted else NONE

    def _shaped(self, run: str, field: str) -> Asked:
        if field in _FACT_NAMES:
            return {"wildcard": {f"fact_{field}": {"value": run}}}
        start = beginning(run)
        found = dict.fromkeys(word for words in self._words for word in expanded(run, _starting(words, start)))
        return {"terms": {_field(field): list(found)}} if found else NONE

    def words_starting(self, start: str, most: int) -> list[str]:
        """Words that begin so, the first of them."""
        found = dict.fromkeys(word for words in self._words for word, _ in islice(_starting(words, start), most))
        return sorted(found)[:most]

    def _enough(self, children: Sequence[Node], weights: Sequence[float], least: float) -> Asked:
        telling = sorted(range(len(children)), key=lambda i: -weights[i])[:MOST_CLAUSES]
        should = [{"constant_score": {"filter": self.of(children[i]), "boost": weights[i]}} for i in sorted(telling)]
        held = {"bool": {"should": should, "minimum_should_match": 1}}
        return {"function_score": {"query": held, "min_score": max(least, 1e-6)}} if should else NONE


def _starting(words: Sequence[str], start: str) -> Iterable[tuple[str, str]]:
    import bisect

    first, last = bisect.bisect_left(words, start), bisect.bisect_left(words, start + "\U0010ffff")
    return ((word, word) for word in words[first:last])


def _field(name: str) -> str:
    return SAID if name == "text" else name


def phrase(text: str, field: str = "text") -> Asked:
    """Passages that hold a quotation. What begins with a Chinese character may follow another one, or not."""
    folded = fold(text).text
    if field not in SEGMENTS:
        return _in_a_row(f"fact_{field}", spell(folded))
    atoms = glued(folded)
    if not atoms:
        return NONE
    first = [atoms[0], "~" + atoms[0]] if _CHINESE.match(atoms[0]) else [atoms[0]]
    return any_of(_in_a_row(_field(field), [f, *atoms[1:]]) for f in first)


def _in_a_row(field: str, atoms: Sequence[str]) -> Asked:
    if not atoms:
        return NONE
    return {"term": {field: atoms[0]}} if len(atoms) == 1 else {"match_phrase": {field: {"query": " ".join(atoms)}}}


# --- what is known of articles ---------------------------------------------------------------


def having(facet: str, values: Iterable[str]) -> Asked:
    """Articles with one of these values."""
    return {"terms": {facet_field(facet): sorted(values)}}


SHOWN = none_of(having("status", HIDDEN_STATUSES))
"""Articles that are shown to who doesn't ask for a status."""


def seen(sight: Sight, without: frozenset[str]) -> Asked:
    """Articles that somebody sees. without: keys of articles that are taken for gone."""
    wanted = [
        having(name, values)
        for name, values in (("status", sight.statuses), ("audience", sight.audiences))
        if values is not None
    ]
    if without:
        wanted.append(none_of({"terms": {"article": sorted(without)}}))
    return all_of(wanted)


def allowed(query: Query, asks_status: bool) -> Asked:
    """Articles by status and by the bounds on their date."""
    wanted = [] if query.filters.get("status") or asks_status else [SHOWN]
    if query.after is not None:
        wanted.append({"range": {"updated": {"gte": query.after.isoformat()}}})
    if query.before is not None:
        wanted.append({"range": {"updated": {"lte": query.before.isoformat()}}})
    return all_of(wanted)


def filtered(filters: Mapping[str, Sequence[str]]) -> dict[str, Asked]:
    """Each filter that is set."""
    return {name: having(name, values) for name, values in filters.items() if values}


def meeting(where: Where, values: Mapping[str, Sequence[str]]) -> Asked:
    """The articles that meet conditions, as kb.search.conditions.meeting. values: all of each facet."""
    from kb.search.conditions import DAYS, wanted_values

    shown = [] if any(c.name == "status" for c in where.conditions) else [SHOWN]
    met = []
    for c in where.conditions:
        if c.name not in DAYS:
            chosen = wanted_values(c, values[c.name])
            one = having(c.name, chosen) if chosen else NONE
        elif c.comparison == "there" or c.day is None:
            one = {"exists": {"field": c.name}}
        else:
            day = c.day.isoformat()
            bounds = {"is": {"gte": day, "lte": day}, "before": {"lt": day}, "until": {"lte": day},
                      "after": {"gt": day}, "since": {"gte": day}}  # fmt: skip
            one = {"range": {c.name: bounds[c.comparison]}}
        met.append(none_of(one) if c.negated else one)
    combined = [any_of(met) if where.any else all_of(met)] if met else []
    return all_of([*shown, *filtered(where.filters).values(), *combined])
