"""This module answers: which area, cause, products and tags may a text have that somebody is writing?

The nearest articles vote, each with the square of its score in shares of the best. On the sample base, each case
hidden and asked for by its title and text, an area with half of the votes is right six times in ten, with seven tenths
nine times; a cause with half of them every second time. So a proposal is shown with its share, and taken by hand.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kb.model import Article
from kb.model.schema import LISTS
from kb.search.engine import Engine

PROPOSED = ("area", "cause", "product", "tags")
NEAREST = 12
"""Articles that vote."""
LEAST = {"area": 0.5, "cause": 0.5, "product": 0.6, "tags": 0.6}
"""Share of the votes from which on a value is proposed; near articles tell area and cause better than the rest."""
MAX_VALUES = 3
"""Of one key."""
MAX_KNOWN = 1000
"""Products that are looked for in the text itself."""
SHORTEST = 3
"""Characters of a product's name that a text can be said to hold."""
MAX_TEXT = 4000


class ProposedFact(NamedTuple):
    """A value for a key of the front matter. share: of the votes, 0 to 1; named: the text itself says it."""

    key: str
    value: str
    share: float
    named: bool = False


def proposed_facts(engine: Engine, text: str, given: Mapping[str, Sequence[str]]) -> list[ProposedFact]:
    """What may be known of a text, key by key, surest first. given: the values it has; their keys take no other one."""
    near = engine.ranked(text[:MAX_TEXT], NEAREST)
    found: list[ProposedFact] = []
    for key in PROPOSED:
        there = given.get(key, ())
        if there and key not in LISTS:
            continue
        named = _named(engine, text) if key == "product" else []
        voted = [p for p in _voted(key, near) if p.value not in {n.value for n in named}]
        found += [p for p in (*named, *voted) if p.value not in there][: MAX_VALUES if key in LISTS else 1]
    return found


def proposed(engine: Engine, text: str, least: Mapping[str, float]) -> list[ProposedFact]:
    """The surest value of each of these keys that hold one value. least: key -> share of the votes to be told."""
    near = engine.ranked(text[:MAX_TEXT], NEAREST)
    return [found for key, share in least.items() for found in _voted(key, near, share)[:1]]


def _voted(key: str, near: Sequence[tuple[Article, float]], least: float = 0.0) -> list[ProposedFact]:
    best = max((score for _, score in near), default=0.0)
    votes: defaultdict[str, float] = defaultdict(float)
    total = 0.0
    for article, score in near:
        value = getattr(article, key)
        values = value if isinstance(value, tuple) else (value,) if value else ()
        weight = (score / best) ** 2 if best > 0 else 0.0
        if values or key in LISTS:  # who names no area says nothing about it
            total += weight
        for each in values:
            votes[each] += weight
    ranked = sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))
    least = least or LEAST[key]
    return [ProposedFact(key, value, vote / total) for value, vote in ranked if total and vote / total >= least]


def _named(engine: Engine, text: str) -> list[ProposedFact]:
    """Products whose whole name stands in the text; of one within another the longer."""
    said = text.casefold()
    known = (name for name, _ in engine.counts("product", hidden=True)[:MAX_KNOWN] if len(name) >= SHORTEST)
    held = sorted((name for name in known if _stands_in(name.casefold(), said)), key=len, reverse=True)
    outer: list[str] = []
    for name in held:
        if not any(name.casefold() in other.casefold() for other in outer):
            outer.append(name)
    return [ProposedFact("product", name, 1.0, named=True) for name in outer]


def _stands_in(name: str, said: str) -> bool:
    """Whether a name stands there by itself: H3C is not in CH3COOH."""
    at = said.find(name)
    while at >= 0:
        before, after = said[at - 1 : at], said[at + len(name) : at + len(name) + 1]
        if not (_joins(before) and _joins(name[0])) and not (_joins(after) and _joins(name[-1])):
            return True
        at = said.find(name, at + 1)
    return False


def _joins(character: str) -> bool:
    return character.isascii() and character.isalnum()
