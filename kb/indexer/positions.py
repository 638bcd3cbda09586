"""This module writes where every atom of every text stands, so that a quotation is found at once.

All that can be quoted is one long stream of atoms (kb.text.unigrams): passage by passage, segment by segment, a BREAK
before each segment. Files, all arrays but the first:

    words.txt            the words of letters and digits, sorted; their place is their number
    stream               the atoms (int32)
    stream.segments      where each segment starts (int32); stream.passages: its passage (int32)
    stream.fields        what each segment belongs to: a value of kb.bundle.fields.SEGMENTS (uint8)
    stream.indptr        for each atom, BREAK and characters first: where its places start in stream.places (int64)
    stream.places        the places of each atom in the stream, ascending (int32)
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.indexer.analysis import Numbers, Row
from kb.indexer.columns import ArrayFile, Columns, cumulated, ranges
from kb.text.unigrams import BREAK, FIRST_WORD, encode


@dataclass(frozen=True)
class Stream:
    """The atoms of some passages. words: sorted; first: of each passage the first of its segments (one more than
    passages); starts: where each segment's BREAK stands in atoms (one more than segments); fields: of each segment."""

    words: list[str]
    atoms: NDArray[np.int32]
    starts: NDArray[np.int64]
    fields: NDArray[np.uint8]
    first: NDArray[np.int64]

    def take(self, order: NDArray[np.int64]) -> "Stream":
        """These passages in this order, with the words that stand there."""
        segments = ranges(self.first[order], self.first[order + 1])
        lengths = np.diff(self.starts)[segments]
        atoms = self.atoms[ranges(self.starts[segments], self.starts[segments + 1])]
        return Stream(
            self.words, atoms, cumulated(lengths), self.fields[segments], cumulated(np.diff(self.first)[order])
        )._with_its_words()

    def between(self, start: int, end: int) -> "Stream":
        """Passages that lie one behind the other, with the words that stand there."""
        first, last = self.first[start], self.first[end]
        starts = self.starts[first : last + 1]
        atoms = self.atoms[starts[0] : starts[-1]]
        segments = self.first[start : end + 1] - first
        return Stream(self.words, atoms, starts - starts[0], self.fields[first:last], segments)._with_its_words()

    def _with_its_words(self) -> "Stream":
        """Without words that stand nowhere."""
        used = np.zeros(len(self.words), bool)
        used[self.atoms[self.atoms >= FIRST_WORD] - FIRST_WORD] = True
        if used.all():
            return self
        words = [word for word, stands in zip(self.words, used.tolist(), strict=True) if stands]
        return replace(self, words=words, atoms=_renumbered(self.atoms, np.cumsum(used, dtype=np.int32) - 1))


def cut(rows: Sequence[Row]) -> Stream:
    """The stream of analysed passages."""
    place = Numbers()
    atoms = array("i")
    starts, fields, first = [], [], [0]
    for row in rows:
        for field, text in row.segments:
            starts.append(len(atoms))
            fields.append(field)
            atoms.append(BREAK)
            atoms.extend(encode(text, place.__getitem__))
        first.append(len(starts))
    starts.append(len(atoms))
    words = sorted(place)
    moved = np.empty(len(words), np.int32)
    moved[[place[w] for w in words]] = np.arange(len(words), dtype=np.int32)
    stream = _renumbered(np.frombuffer(atoms, np.int32), moved)
    return Stream(words, stream, np.array(starts, np.int64), np.array(fields, np.uint8), np.array(first, np.int64))


def _renumbered(atoms: NDArray[np.int32], place: NDArray[np.int32]) -> NDArray[np.int32]:
    """Atoms whose word i becomes word place[i]."""
    is_word = atoms >= FIRST_WORD
    out = atoms.copy()
    out[is_word] = place[atoms[is_word] - FIRST_WORD] + FIRST_WORD
    return out


def joined(streams: Sequence[Stream]) -> Stream:
    """All passages of several streams, in order."""
    if len(streams) == 1:
        return streams[0]
    words, places = _together([s.words for s in streams])
    atoms = [_renumbered(s.atoms, place) for s, place in zip(streams, places, strict=True)]
    lengths = [np.diff(s.starts) for s in streams]
    segments = [np.diff(s.first) for s in streams]
    return Stream(
        words,
        np.concatenate([np.empty(0, np.int32), *atoms]),
        cumulated(np.concatenate([np.empty(0, np.int64), *lengths])),
        np.concatenate([np.empty(0, np.uint8), *(s.fields for s in streams)]),
        cumulated(np.concatenate([np.empty(0, np.int64), *segments])),
    )


def _together(lists: Sequence[list[str]]) -> tuple[list[str], list[NDArray[np.int32]]]:
    """The words of several sorted lists, sorted, and the places of those of each list."""
    words = sorted(set().union(*lists)) if len(lists) != 1 else lists[0]
    number = {w: i for i, w in enumerate(words)}
    return words, [np.array([number[w] for w in some], np.int32) for some in lists]


def write(folder: Path, streams: Iterable[Stream]) -> None:
    """Write the files of a stream that comes in pieces, some passages each; they are read twice."""
    words, places = _together([stream.words for stream in streams])
    width = FIRST_WORD + len(words)
    with _Files(folder) as files, Columns(folder, "stream", width, {"places": np.int32}) as by_atom:
        for stream, place in zip(streams, places, strict=True):
            begin = files.length
            by_atom.add(
                np.concatenate([np.arange(FIRST_WORD, dtype=np.int32), FIRST_WORD + place]),
                *_by_atom(stream.atoms, FIRST_WORD + len(place), begin),
            )
            files.append(replace(stream, words=words, atoms=_renumbered(stream.atoms, place)))
    (folder / "words.txt").write_text("\n".join(words), "utf8")


def _by_atom(atoms: NDArray[np.int32], width: int, begin: int) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Where the places of each atom start, and the places, counted from `begin`."""
    n = len(atoms)
    # Each row of this matrix is a place and holds one atom; in column order it lists the places of each atom.
    rows = sp.csr_matrix((np.ones(n, np.int8), atoms, np.arange(n + 1, dtype=np.int32)), shape=(n, width)).tocsc()
    return rows.indptr, {"places": rows.indices + np.int32(begin)}


def save(folder: Path, stream: Stream) -> None:
    """Write what read() needs of a stream."""
    with _Files(folder) as files:
        files.append(stream)
    (folder / "words.txt").write_text("\n".join(stream.words), "utf8")


class _Files:
    """The atoms, segments, passages and fields of a stream that grows. length: its atoms."""

    def __init__(self, folder: Path) -> None:
        self.length = self._passages = 0
        self._atoms = ArrayFile(folder / "stream.npy", np.int32)
        self._starts = ArrayFile(folder / "stream.segments.npy", np.int32)
        self._of = ArrayFile(folder / "stream.passages.npy", np.int32)
        self._fields = ArrayFile(folder / "stream.fields.npy", np.uint8)

    def append(self, stream: Stream) -> None:
        passages = len(stream.first) - 1
        self._atoms.append(stream.atoms)
        self._starts.append(stream.starts[:-1] + self.length)
        self._of.append(np.repeat(np.arange(passages) + self._passages, np.diff(stream.first)))
        self._fields.append(stream.fields)
        self.length += len(stream.atoms)
        self._passages += passages

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._atoms, self._starts, self._of, self._fields):
            file.__exit__()


def read(bundle: Bundle) -> Stream:
    """The stream of an earlier build, mapped from disk."""
    atoms = bundle.array("stream")
    starts = np.append(bundle.array("stream.segments").astype(np.int64), len(atoms))
    counts = np.bincount(bundle.array("stream.passages"), minlength=int(bundle.manifest["own_passages"]))
    return Stream(bundle.lines("words.txt"), atoms, starts, bundle.array("stream.fields"), cumulated(counts))
