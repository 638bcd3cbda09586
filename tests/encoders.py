"""Encoders that tests can afford: one of character pairs, and a folder with a tiny model in ONNX form."""

import json
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from kb.meaning.encoder import Vectors, encoder_of


class PairEncoder:
    """Texts are near when they share pairs of characters: deterministic, without a model.

    texts: all that was encoded so far, of all its instances.
    """

    name = "pairs"
    fingerprint = "pairs1"
    dimensions = 64
    texts: list[str] = []  # noqa: RUF012

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts.extend(texts)
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for i in range(len(text)):
                row[crc32(text[i : i + 2].lower().encode("utf8", "replace")) % self.dimensions] += 1
            row[0] += 0.01
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process: no encoder was loaded, no bundle is open."""
    from kb.indexer import meaning

    monkeypatch.setattr("kb.search.meaning._loaded", {})
    encoder_of.cache_clear()
    meaning._part.cache_clear()


WORDS = "[PAD] [UNK] 打印机 printer 卡纸 jam 网络 network 慢 slow".split()
MEANINGS = {"打印机": 0, "printer": 0, "卡纸": 1, "jam": 1, "网络": 2, "network": 2, "慢": 3, "slow": 3}


def tiny_model(folder: Path, pooled: bool = False, inputs: Sequence[str] = ("input_ids", "attention_mask")) -> Path:
    """A model whose words are vectors of one axis each, 打印机 and printer the same.

    pooled: whether it gives one vector a text, or one a token, which is what most exported models do.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    table = np.zeros((len(WORDS), 4), np.float32)
    for word, axis in MEANINGS.items():
        table[WORDS.index(word), axis] = 1
    constants = [numpy_helper.from_array(table, "table")]
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    shape: list[str | int | None] = ["texts", "length", 4]
    name = "last_hidden_state"
    if pooled:
        constants.append(numpy_helper.from_array(np.array([1]), "axis"))
        nodes.append(helper.make_node("ReduceSum", ["tokens", "axis"], ["sentence_embedding"], keepdims=0))
        outputs = [
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["texts", 4]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["tokens"], [name]))
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(i, TensorProto.INT64, ["texts", "length"]) for i in inputs],
        outputs,
        constants,
    )
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx"
    )
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    assert json.loads((folder / "tokenizer.json").read_bytes())["model"]
    return folder
