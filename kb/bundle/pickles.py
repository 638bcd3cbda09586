"""This module reads what Whoosh pickled, and nothing else: an index that somebody tampered with executes nothing.

Whoosh keeps its schema, its segments and its postings as pickles. A pickle may name any function there is; here it
may name what the facts of an index consist of (kb.indexer.metadata).
"""

import io
import pickle
import sys
from types import SimpleNamespace
from typing import IO, Any

from kb.errors import DamagedBundleError
from kb.language import say

ALLOWED = frozenset(
    {
        ("_codecs", "encode"),
        ("builtins", "int"),
        ("collections", "defaultdict"),
        ("re", "_compile"),
        ("whoosh.analysis.tokenizers", "RegexTokenizer"),
        ("whoosh.codec.whoosh3", "W3Codec"),
        ("whoosh.codec.whoosh3", "W3Segment"),
        ("whoosh.fields", "Schema"),
        ("whoosh.fields", "TEXT"),
        ("whoosh.formats", "Positions"),
    }
)
"""Module and name of each: a schema of words, segments, and the containers and patterns they are made of."""


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


def load(file: IO[bytes], **_: Any) -> Any:
    """The next object of a file. Raises DamagedBundleError for what no index of ours holds."""
    try:
        return _Reader(file).load()
    except Exception as error:  # a pickle that was made up fails in any way it likes
        raise DamagedBundleError(
            say(
                "索引里有不是故知写的内容（{why}）；运行 kb build --full 重建",
                "the index holds what Guzhi did not write ({why}); run kb build --full",
                why=error,
            )
        )


def loads(data: bytes, **_: Any) -> Any:
    """The object of some bytes, as load()."""
    return load(io.BytesIO(data))


def guard() -> None:
    """From now on every module of Whoosh reads so, also those imported later. To be called once it is imported."""
    from whoosh import compat, legacy

    safe = SimpleNamespace(**{**vars(pickle), "load": load, "loads": loads})
    compat.pickle, compat.load, compat.loads = safe, load, loads
    ours = {id(pickle): safe, id(pickle.load): load, id(pickle.loads): loads}
    for module in [m for name, m in sys.modules.items() if name.startswith("whoosh.")]:
        for name, value in list(vars(module).items()):
            if id(value) in ours:
                setattr(module, name, ours[id(value)])
    legacy.toc_loaders.clear()  # an index of an older Whoosh has a way of its own to be read
