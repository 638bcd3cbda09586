"""This module answers: what turns a text into a vector of its meaning, and is there such a thing here?"""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.errors import EncoderError, NoEncoderError
from kb.language import say
from kb.settings import OFF

Vectors = NDArray[np.float32]
"""Texts x dimensions, each row of length 1: the product of two is the cosine between them."""


class Encoder(Protocol):
    """Texts -> vectors. Safe to share between threads; cheap to make, loaded by its first text.

    name: for people. fingerprint: letters and digits, others when the same text would get another vector.
    dimensions: numbers of a vector.
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector a text. Raises EncoderError when the model can't be loaded."""
        ...


def whole(text: str) -> str:
    """The text without halves of characters (lone surrogates), which no tokeniser reads."""
    return text.encode("utf8", "replace").decode("utf8")


def warm(setting: str) -> None:
    """Load the encoder that a setting names, when there is one: processes that are forked later have it in common."""
    with contextlib.suppress(EncoderError):
        encoder_of(setting).encode([""])


@lru_cache(maxsize=2)
def encoder_of(setting: str) -> Encoder:
    """The encoder that a setting names: "" for the one of the extra `semantic`, or a folder with a model.

    One for all of a process: what it loads is large. Raises NoEncoderError, which says why there is none, and
    EncoderError when it can't be used.
    """
    if setting == OFF:
        raise NoEncoderError(say('已关闭（设置 encoder = "off"）', 'switched off (encoder = "off")'))
    if setting:
        from kb.meaning.folder import FolderEncoder

        return FolderEncoder(Path(setting))
    from kb.meaning.universal import UniversalEncoder

    return UniversalEncoder()
