"""This module answers: what turns a text into a vector of its meaning, and is there such a thing here?"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Texts -> vectors whose products are cosines.

    name: for people. fingerprint: changes when the same text would get another vector. dimensions: of a vector.
    """

    name: str
    fingerprint: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """texts x dimensions, each row of length 1."""
        ...
