"""This module answers: how near are questions in meaning, while somebody waits?"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from kb.errors import EncoderError
from kb.meaning.encoder import Vectors, encoder_of

REMEMBERED = 2000
"""Texts whose vectors a process keeps: to ask for the same ones again costs nothing."""


def likeness(setting: str, texts: Sequence[str]) -> list[list[float]] | None:
    """The cosine of each text's meaning with each other's, by the encoder that a setting names; None without one."""
    try:
        vectors = np.stack([_vector(setting, text) for text in texts])
    except EncoderError:
        return None
    cosines: list[list[float]] = (vectors @ vectors.T).tolist()
    return cosines


@lru_cache(maxsize=REMEMBERED)
def _vector(setting: str, text: str) -> Vectors:
    vector: Vectors = encoder_of(setting).encode([text])[0]
    return vector
