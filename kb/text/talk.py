"""This module knows the words that people talk with rather than about: courtesy, urgency, time, who is asking.

They are learned from how many of the messages in data/talk.txt hold them, beside how many passages of a base do:
领导 is talk in a base about printers, and a subject where articles are about it.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kb.text.stopwords import STOP_WORDS
from kb.text.synonyms import shipped_text
from kb.text.tokens import Tokenizer

TERMS = "talk_terms.txt"
HEAD = "# Made of talk.txt by scripts/talk-terms: how many messages there are, and how many of them hold each term.\n"


def factors(terms: Sequence[str], spread: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """What is left of the weight of each term, 0 to 1.

    spread: the share of a base's passages that hold it. share: how much of a paste is talk, beside what is about it.

    By Bayes' rule the chance that a word of a paste is about the fault: it comes from an article or from talk.
    """
    talk = share * np.fromiter((_spread().get(t, 0.0) for t in terms), np.float64, len(terms))
    return spread / np.maximum(spread + talk, 1e-12)


USUAL = 0.01
"""The share of messages from which on a term is what people talk with."""


def is_talk(term: str) -> bool:
    """Whether people usually talk with a term, whatever it is about."""
    return _spread().get(term, 0.0) >= USUAL


@lru_cache(maxsize=1)
def _spread() -> dict[str, float]:
    """The share of messages that hold each term.

    As scripts/talk-terms counted them: to cut the messages here, by jieba's own words, takes a dictionary beside the
    base's, a tenth of a second and 30 MB.
    """
    rows = [line.split("\t") for line in shipped_text(TERMS).splitlines() if not line.startswith("#")]
    (_, messages), *terms = rows
    return {term: int(count) / int(messages) for term, count in terms}


def counted() -> str:
    """What data/talk_terms.txt has to hold: how many messages there are, and how many of them hold each term."""
    messages = [line for line in shipped_text("talk.txt").splitlines() if not line.startswith("#")]
    tokenizer = Tokenizer()
    held = Counter(term for m in messages for term in {t.term for t in tokenizer.tokens(m)} if term not in STOP_WORDS)
    rows = [("", len(messages)), *sorted(held.items())]
    return HEAD + "".join(f"{term}\t{count}\n" for term, count in rows)
