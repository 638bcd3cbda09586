"""This module encodes by a model of the user's own: a folder with model.onnx and tokenizer.json.

That is what sentence-transformers exports. The extra `onnx` brings what runs it.
"""

import threading
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b, file_digest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import EncoderError
from kb.language import say
from kb.meaning.encoder import Vectors, whole

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
POOLED = "sentence_embedding"
"""The output that is a vector already; of a model without it, the mean of its tokens' vectors is taken."""
MAX_TOKENS = 512
AT_ONCE = 16
"""Texts that are computed together. Each is filled up to the longest of them, so they are sorted before."""


class FolderEncoder:
    """A sentence encoder in ONNX form, run on one processor: processes compute side by side."""

    def __init__(self, folder: Path) -> None:
        """Raises EncoderError when the packages or the files are not there."""
        if find_spec("onnxruntime") is None or find_spec("tokenizers") is None:
            raise EncoderError(
                say(
                    "{folder} 里的模型要用 onnxruntime 与 tokenizers：pip install 'guzhi[onnx]'",
                    "the model in {folder} needs onnxruntime and tokenizers: pip install 'guzhi[onnx]'",
                    folder=folder,
                )
            )
        for name in (MODEL, TOKENIZER):
            if not (folder / name).is_file():
                raise EncoderError(
                    say("{folder} 里没有 {name}", "there is no {name} in {folder}", folder=folder, name=name)
                )
        self.name = folder.name
        self._folder = folder
        self._opened: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """Of every byte of both files: a second for a gigabyte."""
        digest = blake2b(digest_size=8)
        for name in (MODEL, TOKENIZER):
            with (self._folder / name).open("rb") as file:
                digest.update(file_digest(file, "sha256").digest())
        return digest.hexdigest()

    @cached_property
    def dimensions(self) -> int:
        return int(self._encoded([""]).shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            vectors[some] = self._encoded([texts[i] for i in some])
        return vectors

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        tokenizer, session = self._loaded
        found = tokenizer.encode_batch([whole(text) for text in texts])
        columns = {
            "input_ids": np.array([e.ids for e in found], np.int64),
            "attention_mask": np.array([e.attention_mask for e in found], np.int64),
            "token_type_ids": np.array([e.type_ids for e in found], np.int64),
        }
        vectors = session.run([_output(session)], {i.name: columns[i.name] for i in session.get_inputs()})[0]
        if vectors.ndim == 3:
            mask = columns["attention_mask"][:, :, None]
            vectors = (vectors * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        scaled: Vectors = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        return scaled

    @property
    def _loaded(self) -> tuple[Any, Any]:
        """The tokeniser and the model. Raises EncoderError."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> tuple[Any, Any]:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
            session = onnxruntime.InferenceSession(self._folder / MODEL, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # what both raise has no common class of its own
            why = " ".join(str(error).split())[:200]
            raise EncoderError(
                say(
                    "{folder} 里的模型打不开：{why}",
                    "the model in {folder} can't be opened: {why}",
                    folder=self._folder,
                    why=why,
                )
            )
        self._require_known(session)
        padding = tokenizer.padding or {}
        tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer, session

    def _require_known(self, session: Any) -> None:
        """Raise EncoderError when the model asks for, or gives, something else than a sentence encoder does."""
        asked = {i.name for i in session.get_inputs()}
        if not asked <= INPUTS:
            raise EncoderError(
                say(
                    "{folder} 里的模型要输入 {names}；认得的是 {known}",
                    "the model in {folder} asks for {names}; known are {known}",
                    folder=self._folder,
                    names=", ".join(sorted(asked - INPUTS)),
                    known=", ".join(sorted(INPUTS)),
                )
            )
        given = next(o for o in session.get_outputs() if o.name == _output(session))
        if len(given.shape) not in (2, 3):
            raise EncoderError(
                say(
                    "{folder} 里的模型给出的 {name} 是 {n} 维的；应为每段文字（或每个词元）一个向量",
                    "the model in {folder} gives {name} of {n} axes; it should be a vector for each text or token",
                    folder=self._folder,
                    name=given.name,
                    n=len(given.shape),
                )
            )


def _output(session: Any) -> str:
    names = [o.name for o in session.get_outputs()]
    return POOLED if POOLED in names else str(names[0])
