"""This module knows the words that people talk with rather than about: courtesy, urgency, time, who is asking.

They are learned from how many of the messages in data/talk.txt hold them, beside how many passages of a base do:
领导 is talk in a base about printers, and a subject where articles are about it.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from kb.text.stopwords import STOP_WORDS
from kb.text.tokens import Tokenizer, fold


def factors(terms: Sequence[str], spread: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """What is left of the weight of each term, 0 to 1.

    spread: the share of a base's passages that hold it. share: how much of a paste is talk, beside what is about it.

    By Bayes' rule the chance that a word of a paste is about the fault: it comes from an article or from talk.
    """
    talk = share * np.fromiter((_spread().get(t, 0.0) for t in terms), np.float64, len(terms))
    return spread / np.maximum(spread + talk, 1e-12)


@lru_cache(maxsize=1)
def _spread() -> dict[str, float]:
    """The share of messages that hold each term."""
    text = (files("kb.text") / "data" / "talk.txt").read_text("utf8")
    messages = [line for line in text.splitlines() if not line.startswith("#")]
    tokenizer = Tokenizer([])
    held = Counter(term for m in messages for term in {t.term for t in tokenizer.folded_tokens(fold(m))})
    return {term: n / len(messages) for term, n in held.items() if term not in STOP_WORDS}
