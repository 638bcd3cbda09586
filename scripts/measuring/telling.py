"""This module finds what tells the articles of a base: codes and messages in titles, and golden queries."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kb.articles import golden
from kb.search.identifier_page import compounds
from kb.search.index import Index
from kb.text.identifiers import CODE_KINDS

FAULT_KINDS = CODE_KINDS | {"file"}
SHORTEST = 5
"""Characters of a code that tells a fault; 0x5 and R740 stand in too many contexts."""
FEW = 5
"""Articles that hold it at most."""
MESSAGE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.:'/_()=-]{18,}[A-Za-z0-9)]")
MESSAGE_WORDS = 4
LONG = 200
"""Characters; a longer golden query is a paste by itself."""
_OPERATOR = re.compile(r'\w:\S|"| -')


class Telling(NamedTuple):
    """What tells an article. what: code, message or golden. right: numbers of the articles that answer.

    known: paths of all articles that hold it. within: the last place that is good enough.
    """

    what: str
    text: str
    right: frozenset[str]
    known: frozenset[str]
    within: int = 1


def codes(index: Index) -> Iterator[Telling]:
    """The codes in titles that few articles hold; those that have it in their title answer."""
    titled: dict[str, set[str]] = defaultdict(set)
    written: dict[str, str] = {}
    for article in index.articles:
        for form, found in compounds(article.title):
            if found.kind in FAULT_KINDS and len(form) >= SHORTEST:
                titled[found.canonical].add(article.id)
                written.setdefault(found.canonical, form)
    for canonical, right in titled.items():
        known = [index.articles[int(a)].path for a in np.flatnonzero(index.holding(canonical))]
        if 0 < len(known) <= FEW:
            yield Telling("code", written[canonical], frozenset(right), frozenset(known))


def messages(index: Index) -> Iterator[Telling]:
    """The messages that Chinese titles quote; every article whose title quotes one answers."""
    for article in index.articles:
        found = [m[0] for m in MESSAGE.finditer(article.title) if len(m[0].split()) >= MESSAGE_WORDS]
        if found and not article.title.isascii():
            message = max(found, key=len)
            told = [a for a in index.articles if message.lower() in a.title.lower()]
            yield Telling("message", message, frozenset(a.id for a in told), frozenset(a.path for a in told))


def golden_queries(index: Index, folder: Path) -> Iterator[Telling]:
    """Golden queries of one line without operators."""
    for entry in golden.load(folder):
        if "\n" not in entry.query and len(entry.query) <= LONG and not _OPERATOR.search(entry.query):
            paths = (index.articles[index.number_of(name)].path for name in entry.articles)
            yield Telling("golden", entry.query, frozenset(entry.articles), frozenset(paths), entry.within)
