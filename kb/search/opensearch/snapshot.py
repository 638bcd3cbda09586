"""This module is what every process knows of all words without asking: how rare they are, spelling, topics, synonyms.

A build writes it into the cluster in pieces, known by the digest of all of it; a process that follows the build fetches
it once and keeps it in its own index folder, as a bundle without passages.
"""

import base64
import io
import shutil
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, open_sealed, seal, write_json
from kb.errors import BundleError, EngineError
from kb.language import say
from kb.search.opensearch.client import Client
from kb.search.ranking import Weights, rarity
from kb.text.hashing import find, keys

FOLDER = ".opensearch"
"""Below the index folder."""
PIECE = 3_000_000
"""Bytes of one, before they are written as text."""
ARRAYS = (
    *("terms.keys", "terms.idf", "topics.terms", "topics.places"),
    *(f"spelling.{name}" for name in ("starts", "df", "keys", "numbers", "readings")),
)
FILES = ("spelling.words.txt", "spelling.syllables.txt", "words.txt", "facets.json", "dictionary.json", "synonyms.json",
         "articles.names.json")  # fmt: skip
_KEPT = 4
"""Snapshots that stay in an index folder: those of the builds of this moment, and of the one before."""


def pieces(bundle: Bundle) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """What a bundle knows of words: its name and digest, and the documents to write."""
    with TemporaryDirectory(prefix="kb-words-") as aside:
        folder = Path(aside) / "words"
        folder.mkdir()
        for name in ARRAYS:
            shutil.copyfile(bundle.file(f"{name}.npy"), folder / f"{name}.npy")
        for name in FILES:
            shutil.copyfile(bundle.file(name), folder / name)
        np.save(folder / "terms.df.npy", np.diff(bundle.array("weights.indptr")).astype(np.int32))
        write_json(folder / "of.json", bundle.folder.name)
        seal(folder, {"base": None, "tokens": bundle.manifest["tokens"], "own_passages": 0})
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w") as tar:
            for path in sorted(folder.iterdir()):
                tar.add(path, path.name)
    data = zlib.compress(written.getvalue(), 3)
    digest = sha256(data).hexdigest()
    told = {"name": bundle.folder.name, "digest": digest, "pieces": -(-len(data) // PIECE)}
    return told, _documents(told, data)


def _documents(told: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    for n, name in enumerate(piece_names(told)):
        piece = base64.b64encode(data[n * PIECE : (n + 1) * PIECE]).decode()
        yield {"_id": name, "_source": {"kind": "s", "n": n, "piece": piece}}


def piece_names(told: dict[str, Any]) -> list[str]:
    """The ids of the documents of one."""
    return [f"s:{told['digest']}:{n}" for n in range(told["pieces"])]


def fetched(client: Client, index: Path, told: Sequence[dict[str, Any]]) -> list[Bundle]:
    """The snapshots of a build, from this machine where they are, else from the cluster. Raises EngineError."""
    folder = index / FOLDER
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = [_opened(folder / one["digest"]) or _fetch(client, folder, one) for one in told]
    wanted = {one["digest"] for one in told}
    others = sorted((p for p in folder.iterdir() if p.name not in wanted), key=lambda p: p.stat().st_mtime)
    for old in others[: max(0, len(others) - _KEPT)]:
        shutil.rmtree(old, ignore_errors=True)
    return found


def _opened(folder: Path) -> Bundle | None:
    try:
        return open_sealed(folder)
    except BundleError:
        return None


def _fetch(client: Client, folder: Path, told: dict[str, Any]) -> Bundle:
    read = (client.get(name) for name in piece_names(told))
    data = b"".join(base64.b64decode(piece["piece"]) for piece in read if piece is not None)
    if sha256(data).hexdigest() != told["digest"]:
        raise EngineError(
            say(
                "集群里的词表不是构建时写的；运行 kb build --full",
                "what the cluster knows of words is not what a build wrote; run kb build --full",
            )
        )
    with TemporaryDirectory(prefix=".fetching-", dir=folder) as aside:
        place = Path(aside) / "words"
        with tarfile.open(fileobj=io.BytesIO(zlib.decompress(data))) as tar:
            tar.extractall(place, filter="data")
        for path in (place, *place.iterdir()):
            path.chmod(path.stat().st_mode & ~0o022)
        try:
            place.rename(folder / told["digest"])
        except OSError:  # another process of this machine was faster, or half of one is there
            if _opened(folder / told["digest"]) is None:
                shutil.rmtree(folder / told["digest"], ignore_errors=True)
                place.rename(folder / told["digest"])
    return open_sealed(folder / told["digest"])


class _Terms:
    """The terms of one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self.keys, self.idf, self.df = (bundle.array(f"terms.{name}") for name in ("keys", "idf", "df"))


class Statistics:
    """What the passages of a build tell of terms, as kb.search.ranking.Weights tells it. passages: all there are."""

    def __init__(self, bundles: Sequence[Bundle], passages: int) -> None:
        self.bundles = bundles
        self._terms = [_Terms(bundle) for bundle in bundles]
        self.passages = passages
        self.rarest = rarity(0, passages)

    def dfs(self, terms: Sequence[str]) -> list[int]:
        """How many passages hold each of these terms."""
        counts = np.zeros(len(terms), np.int64)
        wanted = keys(terms)
        for known in self._terms:
            places = find(known.keys, wanted)
            counts += np.where(places >= 0, known.df[places] if len(known.df) else 0, 0)
        return counts.tolist()

    def idfs(self, terms: Iterable[str]) -> dict[str, float]:
        """The inverse document frequency of each: what the base says of it, or what stands beside the base."""
        asked = list(terms)
        found, wanted = np.full(len(asked), self.rarest, np.float32), keys(asked)
        for known in reversed(self._terms):
            places = find(known.keys, wanted)
            found = np.where(places >= 0, known.idf[places], found) if len(known.idf) else found
        return dict(zip(asked, found.tolist(), strict=True))

    @cached_property
    def topic_terms(self) -> tuple[NDArray[np.uint64], NDArray[np.float16]]:
        """The keys of terms that have a place among topics, and these."""
        base = self.bundles[0]
        return base.array("terms.keys")[base.array("topics.terms")], base.array("topics.places")

    def values(self, facet: str) -> list[str]:
        """All values that articles have, or had."""
        return list(dict.fromkeys(v for bundle in self.bundles for v in bundle.json("facets.json")[facet]))


class GlobalWeights(Weights):
    """The columns of the passages at hand; of terms it tells what all passages of the build tell."""

    def __init__(self, columns: Sequence[Any], statistics: Statistics) -> None:
        super().__init__(columns)
        self._statistics = statistics
        self.known = statistics.passages
        self.rarest = statistics.rarest
        self.df = lambda term: statistics.dfs([term])[0]  # type: ignore[assignment]

    def dfs(self, terms: Sequence[str]) -> list[int]:
        return self._statistics.dfs(terms)

    def rarities(self, terms: Iterable[str]) -> dict[str, float]:
        return self._statistics.idfs(terms)
