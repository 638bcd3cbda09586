"""This module keeps what a build has analysed on disk, run by run, until the bundle is written.

A run is some 50,000 passages in the files of a bundle that the next build reads too: articles, bodies, passages with
their counts, atoms, words and the keys of their texts. A finished run is sealed like a bundle. What a build leaves that
is killed the next one takes up, article by article, where the file is unchanged and all that decides how it is read
(`made_of`); anything else is removed.

    index/.runs/KEY/0, 1, ...    KEY: the digest of made_of
"""

import shutil
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kb.bundle import Bundle, open_sealed, seal, write_json
from kb.errors import BundleError
from kb.indexer import columns
from kb.indexer.columns import LineFile, cumulated

if TYPE_CHECKING:
    from kb.indexer.batches import Rows

FOLDER = ".runs"


class Analysed(NamedTuple):
    """An article as the process that analysed it hands it over.

    undated: whether it says no day itself; stat: size and time of its file, -1 for none; record, body, passages: its
    lines; texts: the keys of the texts that each passage is encoded by.
    """

    path: str
    id: str
    undated: bool
    stat: tuple[int, int]
    record: bytes
    body: bytes
    passages: tuple[bytes, ...]
    texts: tuple[tuple[int, ...], ...]


class Runs:
    """The runs of a build, in order. opened: those that are complete; the first `taken` are of a build before it.

    lasting: whether a build after this one may take them up.
    """

    def __init__(self, folder: Path, lasting: bool = False) -> None:
        self._folder, self._lasting = folder, lasting
        self.opened = list(self._sound())
        self.taken = len(self.opened)
        self._open: _Run | None = None

    def _sound(self) -> Iterator[Bundle]:
        """The complete runs that are there, numbered anew; others are removed."""
        number = 0
        for folder in sorted(self._folder.glob("*"), key=lambda p: (len(p.name), p.name)):
            try:
                open_sealed(folder)
            except BundleError:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                place = self._folder / str(number)
                if place != folder:
                    folder.rename(place)
                yield open_sealed(place, verify=False)
                number += 1

    def add(self, articles: Sequence[Analysed], rows: "Rows", problems: Sequence[Any]) -> tuple[int, int]:
        """Keep some articles, their passages, and what is wrong with them: (run, place of the first of them there)."""
        if self._open is None:
            self._open = _Run(self._folder / str(len(self.opened)))
        run, first = len(self.opened), self._open.articles
        self._open.add(articles, rows, problems)
        if self._open.passages >= columns.SOME:
            self.close()
        return run, first

    def close(self) -> None:
        """Complete the run that is open."""
        if self._open is not None:
            self.opened.append(self._open.close(self._lasting))
            self._open = None

    def abandon(self) -> None:
        """What is not complete will not be."""
        if self._open is not None:
            self._open.abandon()

    def remove(self) -> None:
        """What was analysed is of no use any more."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._folder.parent.name == FOLDER:
            shutil.rmtree(self._folder.parent, ignore_errors=True)


def kept(index: Path, made_of: Sequence[Any], anew: bool = False) -> Runs:
    """Runs that outlast a build that is killed. anew: take up none that is there."""
    key = blake2b(repr(made_of).encode("utf8", "surrogatepass"), digest_size=8).hexdigest()
    for other in (index / FOLDER).glob("*"):
        if anew or other.name != key:
            shutil.rmtree(other, ignore_errors=True)
    return Runs(index / FOLDER / key, lasting=True)


class _Run:
    """The run that is open: lines are written as they come, arrays when it is complete."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        for place in (*reversed(folder.parents[:2]), folder):  # mkdir(parents=True) would let the umask decide
            place.mkdir(mode=0o755, exist_ok=True)
        self._folder = folder
        self._lines = {name: LineFile(folder, name) for name in ("articles", "bodies", "passages")}
        self._rows: list[Rows] = []
        self._names: dict[str, list[str]] = {"paths": [], "ids": []}
        self._undated: list[bool] = []
        self._stats = array("q")
        self._sizes = array("q")
        self._texts, self._text_counts = array("Q"), array("q")
        self._problems: list[Any] = []
        self.passages = 0

    @property
    def articles(self) -> int:
        return len(self._undated)

    def add(self, articles: Sequence[Analysed], rows: "Rows", problems: Sequence[Any]) -> None:
        for article in articles:
            self._lines["articles"].write(article.record)
            self._lines["bodies"].write(article.body)
            self._lines["passages"].write(*article.passages)
            self._names["paths"].append(article.path)
            self._names["ids"].append(article.id)
            self._undated.append(article.undated)
            self._stats.extend(article.stat)
            self._sizes.append(len(article.passages))
            for keys in article.texts:
                self._texts.extend(keys)
                self._text_counts.append(len(keys))
        self._rows.append(rows)
        self._problems += problems
        self.passages += len(rows)

    def abandon(self) -> None:
        for lines in self._lines.values():
            lines.abandon()

    def close(self, sealed: bool) -> Bundle:
        """Write what is left. sealed: as well what tells that it is complete."""
        from kb.indexer import bm25, positions  # scipy, of which nothing is needed where nothing changed

        folder = self._folder
        for lines in self._lines.values():
            lines.__exit__()
        write_json(folder / "articles.names.json", self._names)
        arrays = {
            "articles.undated": np.array(self._undated, bool),
            "articles.stat": np.array(self._stats, np.int64).reshape(-1, 2),
            "articles.first": cumulated(np.array(self._sizes, np.int64)).astype(np.int32),
            "meaning.keys": np.array(self._texts, np.uint64),
            "meaning.first": cumulated(np.array(self._text_counts, np.int64)),
        }
        for name, values in arrays.items():
            np.save(folder / f"{name}.npy", values)
        bm25.save(folder, bm25.joined([rows.counts for rows in self._rows]))
        positions.save(folder, positions.joined([rows.stream for rows in self._rows]))
        words = sorted(frozenset[str]().union(*(rows.words for rows in self._rows)))
        (folder / "spelling.words.txt").write_bytes(b"".join(w.encode() + b"\n" for w in words))
        told = {"own_articles": self.articles, "own_passages": self.passages, "problems": self._problems}
        return seal(folder, told) if sealed else Bundle(folder, told)
