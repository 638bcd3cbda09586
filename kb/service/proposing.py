"""This module proposes how urgent a report is and how far it reaches, each with its probability, for a person to take.

Plain words tell most of it: 全楼, 停产 (data/levels.txt). What they say is weighed against the desk's own cases that
are like the text: a rule counts as much as RULE_WEIGHS cases that are wholly alike, so that it decides on a new desk,
and the desk's habit on an old one. The probability is the mean of a Dirichlet distribution: (votes + weight of the
rule) / sum of all. How often the rules are right by themselves, TRUE, is assumed: there are no cases to tell it by yet.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from kb.model.casework import Impact, Urgency

WORDS = Path(__file__).with_name("data") / "levels.txt"
RULE_WEIGHS = 4.0
TRUE = 0.7
LEAST = 0.5
"""The probability from which on a value is proposed."""
MAX_READ = 4000
"""Characters of a text that are read."""
USUAL = {"urgency": str(Urgency.NORMAL), "impact": str(Impact.ONE)}
"""What holds where nothing is said: no proposal."""
VALUES = {"urgency": [str(u) for u in Urgency], "impact": [str(i) for i in Impact]}
# Two to ten, hundred, some, many.
_NUMBER = (
    r"(?:[2-9]|[1-9]\d{1,3}|[\u4e8c\u4e24\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u51e0\u591a\u767e]{1,3}) ?"
)
_NOT = re.compile(r"(?:不是|并非|不算|没有|没|not|n't)\s*(?:是|很|那么|really|so)?\s*$", re.IGNORECASE)


class Level(NamedTuple):
    """A proposed value. share: its probability; said: the words that tell it, "" when only other cases do; cases: that
    had a say.
    """

    field: str
    value: str
    share: float
    said: str
    cases: int


def levels(text: str, like: Iterable[tuple[float, str, str]]) -> list[Level]:
    """What is proposed for a text; what nobody has to be told, that it is as usual, is left out.

    like: (how much it is like the text, urgency, impact) of the desk's own cases.
    """
    cases, told = list(like), said(text)
    votes: dict[str, list[tuple[float, str]]] = {
        "urgency": [(share, urgency) for share, urgency, _ in cases],
        "impact": [(share, impact) for share, _, impact in cases],
    }
    found = (_level(field, told.get(field), of) for field, of in votes.items())
    return [level for level in found if level is not None]


def said(text: str) -> dict[str, tuple[str, str]]:
    """What the plain words of a text tell: field -> (value, those words)."""
    out: dict[str, tuple[str, str]] = {}
    for (field, value), pattern in _rules().items():
        if field in out:
            continue
        found = (
            m for m in pattern.finditer(text[:MAX_READ]) if not _NOT.search(text[max(0, m.start() - 8) : m.start()])
        )
        if (first := next(found, None)) is not None:
            out[field] = (value, first[0].strip())
    return out


def _level(field: str, rule: tuple[str, str] | None, votes: Sequence[tuple[float, str]]) -> Level | None:
    values = VALUES[field]
    expected = rule[0] if rule else USUAL[field]
    others = (1 - TRUE) / (len(values) - 1)
    weights = {value: RULE_WEIGHS * (TRUE if value == expected else others) for value in values}
    for share, value in votes:
        weights[value] = weights.get(value, 0.0) + share * share
    best = max(weights, key=lambda value: weights[value])
    share = weights[best] / sum(weights.values())
    if best == USUAL[field] or share < LEAST:
        return None
    return Level(field, best, share, rule[1] if rule and rule[0] == best else "", len(votes))


@lru_cache(maxsize=1)
def _rules() -> Mapping[tuple[str, str], re.Pattern[str]]:
    """(field, value) -> what says so, the strongest first."""
    wordings: dict[tuple[str, str], list[str]] = {}
    key = ("", "")
    for line in WORDS.read_text("utf8").splitlines():
        if line.startswith("["):
            field, value = line.strip("[]").split()
            key = (field, value)
        elif line and not line.startswith("#"):
            wordings.setdefault(key, []).append(_wording(line))
    return {of: re.compile("|".join(found), re.IGNORECASE) for of, found in wordings.items()}


def _wording(line: str) -> str:
    """English words are whole ones; what is Chinese stands anywhere."""
    pattern = re.escape(line).replace("N\\ ", _NUMBER) if line.startswith("N ") else re.escape(line)
    pattern = _NUMBER + pattern[1:] if line.startswith("N") and not line.startswith("N ") else pattern
    return rf"\b{pattern}\b" if line.isascii() and line[-1].isalpha() else pattern
