"""This module says how rare a term is: one formula for the weights of a bundle and for who sees only a part of it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kb.bundle.fields import GENERAL, GENERAL_LENGTH, GENERAL_RISE

Rarities = NDArray[np.float32]


def idf(held: ArrayLike, texts: float, shares: Rarities) -> Rarities:
    """Inverse document frequency of terms, ln(1 + (N - df + 0.5) / (df + 0.5)) as in Lucene: never negative.

    held: how many of N texts hold each; shares: what share of all words of its language each is (kb.text.general).

    GENERAL texts of GENERAL_LENGTH words are counted in, as general language would write them (a Dirichlet prior,
    Zhai and Lafferty 2001): what everybody says is not rare because a small base hardly says it. That makes a
    term, such as the one product that all of a small base is about, rarer than there by GENERAL_RISE at most.
    """
    df = np.asarray(held)
    said = GENERAL * -np.expm1(-GENERAL_LENGTH * shares)
    own, with_general = (
        np.log1p((np.maximum(texts + more - n, 0) + 0.5) / (n + 0.5)) for more, n in ((0, df), (GENERAL, df + said))
    )
    lower: Rarities = np.minimum(own + GENERAL_RISE, with_general).astype(np.float32)
    return lower
