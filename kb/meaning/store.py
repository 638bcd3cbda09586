"""This module keeps vectors on disk: one a text, made once, for every bundle that holds the text.

    index/meaning/
      current               JSON: which encoder made the vectors that are searched by
      FINGERPRINT.vectors   records of one size, only added at its end; replaced when most of them are used no more
      .lock                 held by whoever adds

A record is the key of a text, a check of all the rest, and its vector in 8 bits a number with one scale: a quarter
of the room, cosines within .002, and multiplied fifteen times faster than 16 bits, which processors must widen one by
one. What is not whole, such as a record that a killed process was writing, counts as missing.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.articles.atomic import save
from kb.errors import BusyError
from kb.language import say
from kb.meaning.encoder import Vectors
from kb.text.hashing import Keys, find, keys_of

FOLDER = "meaning"
CURRENT = "current"
ASIDE = ".new"
BLOCK = 1024
"""Vectors that are widened together to be multiplied: few enough to stay in the processor's cache."""
FLUSH, FLUSH_SHARE = 500, 0.02
"""Vectors that are written together, and of those that are there: readers look at all of them again."""

Rows = NDArray[np.int64]
State = tuple[int, int]
"""Of a file: which one it is, and how many whole records it holds."""


# --- which encoder made them -----------------------------------------------------------------


class Made(NamedTuple):
    """What vectors were made by: the setting that names the encoder, its fingerprint, the numbers of a vector."""

    encoder: str
    fingerprint: str
    dimensions: int


def current(index: Path) -> Made | None:
    """What the vectors of an index folder were made by; None when there are none or the note of it is damaged."""
    try:
        values = json.loads((index / FOLDER / CURRENT).read_bytes())
        made = Made(str(values["encoder"]), str(values["fingerprint"]), int(values["dimensions"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if made.fingerprint.isalnum() and 0 < made.dimensions < 1 << 16 else None


def use(index: Path, made: Made | None) -> None:
    """Search by the vectors of this encoder from here on, or by none."""
    if made is None:
        (index / FOLDER / CURRENT).unlink(missing_ok=True)
    elif made != current(index):
        save(index / FOLDER / CURRENT, json.dumps(made._asdict(), ensure_ascii=False))


def file_of(index: Path, made: Made) -> Path:
    return index / FOLDER / f"{made.fingerprint}.vectors"


# --- records ---------------------------------------------------------------------------------


def record_type(dimensions: int) -> np.dtype[Any]:
    """key, check: 64 bits each; scale: what the numbers are multiplied by. Filled up to a multiple of 8 bytes."""
    fields = [("key", "<u8"), ("check", "<u8"), ("scale", "<f4"), ("vector", "i1", dimensions)]
    return np.dtype([*fields, ("filling", "u1", -(dimensions + 4) % 8)])


def records(keys: Iterable[int], vectors: Vectors) -> NDArray[Any]:
    """Vectors with the keys of their texts, as they are written."""
    packed = np.zeros(len(vectors), record_type(vectors.shape[1]))
    scales = np.abs(vectors).max(axis=1) / 127
    packed["key"] = np.fromiter(keys, np.uint64, len(vectors))
    packed["scale"] = scales
    packed["vector"] = np.rint(vectors / np.where(scales > 0, scales, 1)[:, None])
    packed["check"] = _checks(packed)
    return packed


def _checks(packed: NDArray[Any]) -> Keys:
    """What stands in `check` of a record that is whole. One of zeros is not."""
    words = packed.copy()
    words["check"] = 0
    return ~keys_of(words.view(np.uint32).reshape(len(words), -1))


def _sound(packed: NDArray[Any]) -> Rows:
    """The places of records that are whole."""
    blocks = range(0, len(packed), BLOCK)
    whole = [_checks(packed[i : i + BLOCK]) == packed["check"][i : i + BLOCK] for i in blocks]
    return np.flatnonzero(np.concatenate([np.empty(0, bool), *whole]))


# --- reading ---------------------------------------------------------------------------------


def state(index: Path, made: Made) -> State:
    """Changes when vectors were added, or the file was replaced."""
    try:
        status = file_of(index, made).stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size // record_type(made.dimensions).itemsize


class Stored:
    """The vectors of a file as it is now, mapped; never changes. Safe to share between threads.

    keys: of the texts that have one, sorted. damaged: how many records are not what was written.
    """

    def __init__(self, index: Path, made: Made) -> None:
        self.index, self.made = index, made
        self.path = file_of(index, made)
        self.state = state(index, made)
        self._records = np.empty(0, record_type(made.dimensions))
        if count := self.state[1]:
            with contextlib.suppress(OSError, ValueError):  # it was replaced by a shorter one at this moment
                mapped = np.memmap(self.path, self._records.dtype, "r", shape=(count,))
                self._records = np.asarray(mapped).view(np.ndarray)
        sound = _sound(self._records)
        self.damaged = len(self._records) - len(sound)
        keys = self._records["key"][sound]
        order = np.argsort(keys, kind="stable")
        self.keys: Keys = keys[order]
        self._rows: Rows = sound[order]

    def __len__(self) -> int:
        return len(self._records)

    def rows(self, keys: Keys) -> Rows:
        """Where the vector of each text stands, -1 for a text without."""
        found = find(self.keys, keys)
        return np.where(found >= 0, self._rows[found], -1) if len(self._rows) else found

    def cosines(self, vector: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        """Of a vector of length 1 to those in these rows, 0 for -1. Takes 15 ms for 100,000."""
        if 2 * len(rows) < len(self):
            return np.where(rows >= 0, self._products(vector, np.maximum(rows, 0)), np.float32(0))
        # Reading one after the other is faster than by places, and most of them are wanted.
        return np.append(self._products(vector, None), np.float32(0))[rows]

    def _products(self, vector: NDArray[np.float32], rows: Rows | None) -> NDArray[np.float32]:
        count = len(self) if rows is None else len(rows)
        products = np.empty(count, np.float32)
        for start in range(0, count, BLOCK):
            some = slice(start, start + BLOCK)
            block = self._records[some if rows is None else rows[some]]
            products[some] = (block["vector"].astype(np.float32) @ vector) * block["scale"]
        return np.clip(np.nan_to_num(products), -1, 1)

    def of(self, keys: Keys) -> Iterator[NDArray[Any]]:
        """The records of these texts, some at a time, in the order in which they stand."""
        rows = np.unique(self.rows(keys))
        rows = rows[rows >= 0]
        for start in range(0, len(rows), BLOCK):
            yield self._records[rows[start : start + BLOCK]]


# --- writing, by one process at a time -------------------------------------------------------


@contextlib.contextmanager
def alone(index: Path) -> Iterator[None]:
    """The only process that writes to the vectors of an index folder. Raises BusyError, OSError."""
    folder = index / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(say("另一个进程正在生成语义向量", "another process is making vectors of meaning"))
        for leftover in folder.glob(f"*{ASIDE}"):
            leftover.unlink(missing_ok=True)
        yield


@contextlib.contextmanager
def adding(stored: Stored) -> Iterator[Callable[[NDArray[Any]], None]]:
    """A function that adds records to the file; all are on disk at the end. Raises OSError."""
    size = record_type(stored.made.dimensions).itemsize
    waiting: list[NDArray[Any]] = []
    with stored.path.open("ab") as file:
        # Half a record may follow, of a process that was killed. Whole ones stay: others have them mapped.
        file.truncate(stored.state[1] * size)

        def add(packed: NDArray[Any], enough: float = max(FLUSH, FLUSH_SHARE * len(stored))) -> None:
            waiting.append(packed)
            if sum(map(len, waiting)) >= enough:
                flush()

        def flush() -> None:
            file.write(np.concatenate(waiting).tobytes())
            file.flush()
            os.fsync(file.fileno())
            waiting.clear()

        try:
            yield add
        finally:
            if waiting:
                flush()


def rewrite(stored: Stored, keys: Keys) -> Stored:
    """Keep the vectors of these texts alone. Whoever has the old file open keeps it. Raises OSError."""
    aside = stored.path.with_suffix(ASIDE)
    with aside.open("wb") as file:
        for packed in stored.of(keys):
            file.write(packed.tobytes())
        file.flush()
        os.fsync(file.fileno())
    aside.replace(stored.path)
    return Stored(stored.index, stored.made)
