"""This module is what stands in the cluster: documents of four kinds, their fields, and numbers that are packed.

    p   a passage: its terms, weighed as the ranking weighs them; what can be quoted; what is known of its article;
        `row`: all that the ranking needs of it, which is never searched
    a   an article: what is known of it, its Markdown
    g   a page of several passages: its terms, weighed
    s   a piece of what every process knows of all words (kb.search.opensearch.snapshot)
    and one document "build", which says what is in force, and one "ledger", from which an edit goes on

Weights are whole numbers in the index, the term frequencies of a similarity that multiplies and adds: the score of the
engine is the sum that kb.search.ranking makes. Terms are written as the hexadecimal of their keys (kb.text.hashing).
"""

import base64
import json
import re
import struct
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle.fields import FIELDS, REPEATED, SEGMENTS
from kb.model import folders
from kb.model.schema import DATES, FACETS, FOLDER, How
from kb.text.hashing import Keys, keys
from kb.text.tokens import HAN, fold
from kb.text.unigrams import RUN, spell

LAYOUT = 1
"""Raise when the fields change their meaning."""
SCALE = 10_000
"""Of weights that are written as whole numbers."""
ZONE_SCALE = 100
SAID = "said"
"""The field of all that a phrase of no field is looked for in."""
BUILD, LEDGER = "build", "ledger"
GAP = 100
"""Places between two values of a field, so that no phrase runs from one into the next."""

FACTS = tuple(f for f in FIELDS if f.how == How.FACT)

_KEYWORD = {"type": "keyword"}
_WEIGHED = {"type": "text", "analyzer": "weighed", "index_options": "freqs", "norms": False, "similarity": "sum"}
_QUOTED = {
    "type": "text",
    "analyzer": "atoms",
    "index_options": "positions",
    "norms": False,
    "position_increment_gap": GAP,
}
_KEPT = {"type": "object", "enabled": False}
_PACKED = {"type": "binary", "doc_values": True}


def definition(shards: int) -> dict[str, Any]:
    """Settings and fields of an index that is about to be filled: without copies, and looked at when it is full."""
    quoted = {name: _QUOTED for name in (SAID, *SEGMENTS) if name != "text"}
    facts = {f"fact_{f.name}": _QUOTED for f in FACTS}
    return {
        "settings": {
            "index": {
                "number_of_shards": shards,
                "number_of_replicas": 0,
                "refresh_interval": "-1",
                "max_result_window": 20_000,
                "similarity": {"sum": {"type": "scripted", "script": {"source": "return query.boost * doc.freq;"}}},
                "analysis": {
                    "filter": {"weight": {"type": "delimited_term_freq", "delimiter": "|"}},
                    "tokenizer": {
                        "blanks": {"type": "char_group", "tokenize_on_chars": [" "], "max_token_length": 8000}
                    },
                    "analyzer": {
                        "weighed": {"type": "custom", "tokenizer": "blanks", "filter": ["weight"]},
                        "atoms": {"type": "custom", "tokenizer": "blanks"},
                    },
                },
            }
        },
        "mappings": {
            "dynamic": "strict",
            "_source": {"excludes": ["w", "codes", "row", SAID, *quoted, *facts]},
            "properties": {
                "kind": _KEYWORD,
                "article": _KEYWORD,
                "page": _KEYWORD,
                "n": {"type": "integer"},
                "number": _KEYWORD,
                "path": _KEYWORD,
                "pictures": _KEYWORD,
                "w": _WEIGHED,
                "codes": _WEIGHED,
                "row": _PACKED,
                **quoted,
                **facts,
                **dict.fromkeys((facet_field(name) for name in FACETS), _KEYWORD),
                **dict.fromkeys(DATES, _KEYWORD),
                "record": _KEPT,
                "passage": _KEPT,
                "body": {"type": "text", "index": False},
                "told": _KEPT,
                "piece": {"type": "binary"},
            },
        },
    }


def facet_field(name: str) -> str:
    """The field of a facet's values: none may be called as what is quoted is."""
    return f"is_{name}"


def key_of(path: str) -> str:
    """By which an article, or a page, is known in the cluster."""
    return blake2b(path.encode("utf8", "replace"), digest_size=10).hexdigest()


def term(name: str) -> str:
    """A term as the index writes it."""
    return f"{int(keys([name])[0]):x}"


def known(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of what is known of an article (kb.bundle.stored), for its own document and those of its passages."""
    out: dict[str, Any] = {"article": key_of(record["path"]), "number": record["id"], "path": record["path"]}
    for name in FACETS:
        values = folders(record["path"]) if name == FOLDER.name else record[name]
        if values:
            out[facet_field(name)] = values
    for name in DATES:
        if day := record[name] or (record["created"] if name == "updated" else None):
            out[name] = day
    return out


def facts(record: Mapping[str, Any]) -> dict[str, list[str]]:
    """What can be quoted of an article's front matter."""
    found = {}
    for f in FACTS:
        if value := record.get(f.key):
            values = [value] if isinstance(value, str) else value
            found[f"fact_{f.name}"] = [" ".join(spell(fold(v).text)) for v in values]
    return found


# --- what can be quoted ----------------------------------------------------------------------

_CHINESE = re.compile(f"[{HAN}]")
QUOTABLE = {number: name for name, number in SEGMENTS.items()}


def atom(number: int, words: Sequence[str], first_word: int) -> str:
    """An atom of a stream (kb.text.unigrams) as text: a Chinese character right behind another one has a ~."""
    if number >= first_word:
        return words[number - first_word]
    return f"~{chr(number >> 1)}" if number & 1 else chr(number >> 1)


def glued(folded: str) -> list[str]:
    """The atoms of a folded text in that form."""
    out: list[str] = []
    for run in RUN.findall(folded):
        out += [run[0], *("~" + c for c in run[1:])] if _CHINESE.match(run) else [run]
    return out


def is_repeated(name: str) -> bool:
    """Whether other segments hold what stands in it."""
    return name in REPEATED


# --- rows ------------------------------------------------------------------------------------

_HEAD = struct.Struct("<4I")


class Row(NamedTuple):
    """What the ranking needs of a passage, or of a page.

    terms, weights: its column of each term; codes, zones: how much it is about each; topic: its direction, empty for
    none. told: article (its record), n (which of its passages), page; texts: the keys of what it is encoded by.
    """

    terms: Keys
    weights: NDArray[np.float32]
    codes: Keys
    zones: NDArray[np.float32]
    topic: NDArray[np.float16]
    told: dict[str, Any]


def packed(row: Row) -> str:
    """A row as text."""
    told = json.dumps(row.told, ensure_ascii=False, separators=(",", ":")).encode("utf8", "replace")
    head = _HEAD.pack(len(row.terms), len(row.codes), len(row.topic), len(told))
    arrays = (row.terms.astype("<u8"), row.weights.astype("<f4"), row.codes.astype("<u8"), row.zones.astype("<f4"),
              row.topic.astype("<f2"))  # fmt: skip
    return base64.b64encode(b"".join((head, *(a.tobytes() for a in arrays), told))).decode()


def unpacked(text: str) -> Row:
    """Inverse of packed()."""
    data = base64.b64decode(text + "==")  # OpenSearch gives it back without what fills it up
    terms, codes, topic, told = _HEAD.unpack_from(data)
    place = _HEAD.size
    found: list[NDArray[Any]] = []
    for kind, count in (("<u8", terms), ("<f4", terms), ("<u8", codes), ("<f4", codes), ("<f2", topic)):
        found.append(np.frombuffer(data, kind, count, place))
        place += found[-1].nbytes
    keys_, weights, held, zones, direction = found
    return Row(keys_, weights, held, zones, direction, json.loads(data[place : place + told] or b"{}"))


def weighed(names: Sequence[str], weights: NDArray[np.float32], scale: int = SCALE) -> str:
    """Terms with their weights, for the analyzer "weighed"."""
    whole = np.maximum(np.rint(weights * scale), 1).astype(np.int64).tolist()
    return " ".join(f"{name}|{n}" for name, n in zip(names, whole, strict=True))
