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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.indexer.analysis import Numbers, Row
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
        first = _cumulated(np.diff(self.first)[order])
        used = np.zeros(len(self.words), bool)
        used[atoms[atoms >= FIRST_WORD] - FIRST_WORD] = True
        words = self.words
        if not used.all():
            words = [word for word, stands in zip(words, used.tolist(), strict=True) if stands]
            atoms = _renumbered(atoms, np.cumsum(used, dtype=np.int32) - 1)
        return Stream(words, atoms, _cumulated(lengths), self.fields[segments], first)


def _cumulated(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers from each start up to its end, one range after the other."""
    lengths = ends - starts
    begin = _cumulated(lengths)
    return np.arange(begin[-1]) + np.repeat(starts - begin[:-1], lengths)


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
    words = sorted(set().union(*(s.words for s in streams)))
    number = {w: i for i, w in enumerate(words)}
    atoms = [_renumbered(s.atoms, np.array([number[w] for w in s.words], np.int32)) for s in streams]
    lengths = [np.diff(s.starts) for s in streams]
    segments = [np.diff(s.first) for s in streams]
    return Stream(
        words,
        np.concatenate([np.empty(0, np.int32), *atoms]),
        _cumulated(np.concatenate([np.empty(0, np.int64), *lengths])),
        np.concatenate([np.empty(0, np.uint8), *(s.fields for s in streams)]),
        _cumulated(np.concatenate([np.empty(0, np.int64), *segments])),
    )


def write(folder: Path, stream: Stream) -> None:
    """Write the files of a stream."""
    n = len(stream.atoms)
    width = FIRST_WORD + len(stream.words)
    # Each row of this matrix is a place and holds one atom; in column order it lists the places of each atom.
    places = sp.csr_matrix((np.ones(n, np.int8), stream.atoms, np.arange(n + 1, dtype=np.int32)), shape=(n, width))
    by_atom = places.tocsc()
    (folder / "words.txt").write_text("\n".join(stream.words), "utf8")
    np.save(folder / "stream.npy", stream.atoms)
    np.save(folder / "stream.segments.npy", stream.starts[:-1].astype(np.int32))
    np.save(
        folder / "stream.passages.npy",
        np.repeat(np.arange(len(stream.first) - 1, dtype=np.int32), np.diff(stream.first)),
    )
    np.save(folder / "stream.fields.npy", stream.fields)
    np.save(folder / "stream.indptr.npy", by_atom.indptr.astype(np.int64))
    np.save(folder / "stream.places.npy", by_atom.indices.astype(np.int32))


def read(bundle: Bundle) -> Stream:
    """The stream of an earlier build."""
    atoms = np.load(bundle.file("stream.npy"))
    starts = np.append(np.load(bundle.file("stream.segments.npy")).astype(np.int64), len(atoms))
    passages = np.load(bundle.file("stream.passages.npy"))
    counts = np.bincount(passages, minlength=int(bundle.manifest["own_passages"]))
    return Stream(
        bundle.lines("words.txt"), atoms, starts, np.load(bundle.file("stream.fields.npy")), _cumulated(counts)
    )
