"""This module writes what no memory holds: arrays and lines that grow, and matrices merged column by column.

A matrix comes as pieces, each some rows further down. A piece is kept as it is, by columns, in files of its own; at the
end some columns at a time are put together from all pieces and written behind the ones before. So memory holds a few
million entries, and every file is written from its beginning to its end.
"""

import shutil
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

SOME = 50_000
"""Passages that are in memory at once: the terms and atoms of so many take 300 MB."""
AT_ONCE = 4_000_000
"""Entries that are put together in memory."""
COPIED = 1 << 20
"""Bytes that are copied at once."""


class ArrayFile:
    """An .npy file that is written piece by piece, with the bytes that np.save gives of the whole.

    row: the shape of each entry, () for a number.
    """

    def __init__(self, path: Path, dtype: type, row: tuple[int, ...] = ()) -> None:
        self._dtype, self._row = np.dtype(dtype), row
        self._length = 0
        self._file = path.open("wb")
        self._head()

    def append(self, values: NDArray[Any]) -> None:
        self._length += len(values)
        self._file.write(np.ascontiguousarray(values, self._dtype).data)

    def _head(self) -> None:
        # numpy leaves room for the digits of a length, so that this one is as long as the first.
        told = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": (self._length, *self._row)}
        self._file.seek(0)
        npy.write_array_header_1_0(self._file, told)

    def __enter__(self) -> "ArrayFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._head()
        self._file.close()


class LineFile:
    """A file of lines that is written together with its offsets; kb.bundle.stored reads it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}.jsonl").open("wb")
        self._offsets_file = folder / f"{name}.offsets.npy"
        self._offsets = array("q", [0])

    def write(self, *lines: bytes) -> None:
        for line in lines:
            self._offsets.append(self._offsets[-1] + self._file.write(line))

    def copy(self, source: Path, offsets: NDArray[np.int64]) -> None:
        """Lines of another such file that lie one behind the other. offsets: where each starts, and where they end."""
        with source.open("rb") as lines:
            lines.seek(int(offsets[0]))
            left = int(offsets[-1] - offsets[0])
            while left and (read := lines.read(min(left, COPIED))):
                left -= self._file.write(read)
        self._offsets.frombytes((offsets[1:] - offsets[0] + self._offsets[-1]).astype(np.int64).tobytes())

    def __enter__(self) -> "LineFile":
        return self

    def abandon(self) -> None:
        """Close it as it is."""
        self._file.close()

    def __exit__(self, *_: object) -> None:
        self._file.close()
        np.save(self._offsets_file, np.array(self._offsets, np.int64))


def ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers from each start up to its end, one range after the other."""
    lengths = ends - starts
    begin = cumulated(lengths)
    return np.arange(begin[-1]) + np.repeat(starts - begin[:-1], lengths)


def cumulated(lengths: NDArray[Any]) -> NDArray[np.int64]:
    """Where each of some stretches starts that lie one behind the other, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


class Columns:
    """A matrix that is written by columns: NAME.indptr.npy (int64), where each starts, and a file for each of `arrays`.

    arrays: what is told of an entry, such as rows, and its type. width: columns.
    """

    def __init__(self, folder: Path, name: str, width: int, arrays: Mapping[str, type]) -> None:
        self._folder, self._name, self._arrays = folder, name, arrays
        self._lengths = np.zeros(width, np.int64)
        self._pieces: list[_Piece] = []

    def __enter__(self) -> "Columns":
        self._aside = self._folder / f".{self._name}"
        self._aside.mkdir()
        return self

    def add(self, columns: NDArray[Any], indptr: NDArray[Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """The next rows. columns: the place of each column of the piece, ascending; the entries of column i are those
        from indptr[i] to indptr[i + 1], in order of their rows."""
        piece = _Piece(self._aside / str(len(self._pieces)), columns)
        np.save(piece.path("indptr"), np.asarray(indptr, np.int64))
        for name, dtype in self._arrays.items():
            np.save(piece.path(name), np.asarray(arrays[name], dtype))
        self._lengths[columns] += np.diff(indptr)
        self._pieces.append(piece)

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            indptr = cumulated(self._lengths)
            np.save(self._path("indptr"), indptr)
            if len(self._pieces) == 1:
                for name in self._arrays:
                    self._pieces[0].path(name).rename(self._path(name))
            else:
                self._merge(indptr)
            shutil.rmtree(self._aside)

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._name}.{name}.npy"

    def _merge(self, indptr: NDArray[np.int64]) -> None:
        for name, dtype in self._arrays.items():
            with ArrayFile(self._path(name), dtype) as out:
                for first, last in _blocks(indptr):
                    out.append(self._block(name, dtype, indptr, first, last))

    def _block(self, name: str, dtype: type, indptr: NDArray[np.int64], first: int, last: int) -> NDArray[Any]:
        """What is told of the entries of some columns."""
        out = np.empty(indptr[last] - indptr[first], dtype)
        filled = indptr[first:last] - indptr[first]
        for piece in self._pieces:
            start, end = np.searchsorted(piece.columns, [first, last])
            own = piece.array("indptr")[start : end + 1]
            lengths = np.diff(own)
            places = piece.columns[start:end] - first
            begin = filled[places]
            out[ranges(begin, begin + lengths)] = piece.array(name)[own[0] : own[-1]]
            filled[places] += lengths
        return out


class _Piece:
    """Some rows of a matrix on disk. columns: the place of each of its columns in the whole."""

    def __init__(self, stem: Path, columns: NDArray[Any]) -> None:
        self._stem, self.columns = stem, columns

    def path(self, name: str) -> Path:
        return self._stem.with_name(f"{self._stem.name}.{name}.npy")

    def array(self, name: str) -> NDArray[Any]:
        """Mapped anew each time, so that no page of it stays in memory."""
        return np.asarray(np.load(self.path(name), mmap_mode="r")).view(np.ndarray)


def _blocks(indptr: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Columns from one to another that hold AT_ONCE entries together, or one that holds more."""
    first, width = 0, len(indptr) - 1
    while first < width:
        last = int(np.searchsorted(indptr, indptr[first] + AT_ONCE, "right")) - 1
        yield first, (last := min(max(last, first + 1), width))
        first = last
