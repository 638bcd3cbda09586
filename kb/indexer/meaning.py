"""This module makes the vectors that an index still misses, while it is searched already."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, current_name, open_current
from kb.bundle.stored import Lines, article_from, passage_from
from kb.errors import BundleError, BusyError, EncoderError, KbError
from kb.indexer.columns import ranges
from kb.indexer.parallel import Progress, in_parallel
from kb.language import say, use
from kb.meaning import store
from kb.meaning.encoder import encoder_of
from kb.meaning.store import Made, Stored
from kb.meaning.texts import Texts, key_of, passage_texts
from kb.settings import OFF, Settings
from kb.text.hashing import Keys

log = logging.getLogger(__name__)

MOST_UNUSED = 0.5
"""Of the vectors that are kept; when more of them belong to no text of the index, they are dropped."""

Places = NDArray[np.int32]
"""Texts x 3: the part of the index (0 for the base, 1 beside it), the passage there, which of its texts."""


@dataclass(frozen=True)
class Filled:
    """What was done. encoder: its name; "" for none, and then reason says why.

    texts: of the index in force, that have vectors now; made: of which were made by this run; damaged: vectors that
    were not what had been written, and were made again.
    """

    encoder: str = ""
    reason: str = ""
    texts: int = 0
    made: int = 0
    damaged: int = 0
    seconds: float = 0.0


def fill(settings: Settings, progress: Progress | None = None) -> Filled:
    """Make the vectors that the index in force misses, also those of one that is published meanwhile.

    What was made stays: a run that was ended is gone on with by the next. Without an encoder nothing is done.
    Raises BusyError while another process does the same, BundleError.
    """
    started = time.perf_counter()
    if settings.encoder == OFF:
        store.use(settings.index, None)
    try:
        encoder = encoder_of(settings.encoder)
        made = Made(settings.encoder, encoder.fingerprint, encoder.dimensions)
        filled = Filled(encoder.name)
        with store.alone(settings.index):
            store.use(settings.index, made)
            while True:
                name = current_name(settings.index)
                try:
                    filled = _round(filled, settings, made, progress or (lambda step, done, total: None))
                except BundleError:
                    if name == current_name(settings.index):
                        raise
                if name == current_name(settings.index):
                    return replace(filled, seconds=time.perf_counter() - started)
    except EncoderError as error:
        return Filled(reason=str(error))
    except OSError as error:
        raise BundleError(
            say(
                "语义向量写不进 {index}：{why}。没有它们也能搜索",
                "vectors of meaning can't be written to {index}: {why}. Searches work without them",
                index=settings.index,
                why=error.strerror or error,
            )
        )


def fill_quietly(settings: Settings) -> None:
    """The same beside a site: what hinders it is logged."""
    use(settings.language)
    try:
        fill(settings)
    except BusyError:
        pass  # it makes those of this index, too
    except KbError as error:
        log.warning("%s", error)


def lend(index: Path, aside: Path) -> None:
    """Let an index that is built aside use the vectors of another; fill() adds to them what it misses."""
    folder = index / store.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    aside.mkdir(parents=True, exist_ok=True)
    (aside / store.FOLDER).symlink_to(folder.absolute())


def _round(filled: Filled, settings: Settings, made: Made, progress: Progress) -> Filled:
    """What one bundle misses."""
    bundle = open_current(settings.index, verify=False)
    bundles = [bundle] if bundle.base is None else [bundle.base, bundle]
    keys, places = _texts(bundles)
    stored = Stored(settings.index, made)
    damaged = stored.damaged
    if damaged:
        stored = store.rewrite(stored, stored.keys)
    missing = np.flatnonzero(stored.rows(keys) < 0)
    first = np.sort(missing[np.unique(keys[missing], return_index=True)[1]])
    arguments = ([str(b.folder) for b in bundles], settings.encoder)
    with store.adding(stored) as add:
        step = say("生成语义向量", "making vectors of meaning")
        todo = cast("Sequence[Any]", places[first])  # an array is sliced as a list is, in a tenth of the room
        for packed in in_parallel(_encoded, todo, arguments, settings.workers, progress, step):
            add(packed)
    _tidy(Stored(settings.index, made), keys)
    texts = len(np.unique(keys))
    return replace(filled, texts=texts, made=filled.made + len(first), damaged=filled.damaged + damaged)


def _texts(bundles: Sequence[Bundle]) -> tuple[Keys, Places]:
    """The keys of all texts in force, and where they stand."""
    keys, places = [], []
    for part, bundle in enumerate(bundles):
        texts = Texts(bundle)
        counts = np.diff(texts.first)
        if bundle is not bundles[-1]:
            counts[~_in_force(bundle, bundles[-1].manifest["hidden"])] = 0
        starts = texts.first[:-1]
        chosen = ranges(starts, starts + counts)
        passages = np.repeat(np.arange(len(texts)), counts)
        keys.append(texts.keys[chosen])
        places.append(np.stack([np.full(len(chosen), part), passages, chosen - starts[passages]], axis=1))
    return np.concatenate(keys), np.concatenate(places).astype(np.int32)


def _in_force(base: Bundle, hidden: Sequence[int]) -> NDArray[np.bool_]:
    """Passages of a base whose articles are not replaced."""
    live = np.ones(base.manifest["own_articles"], bool)
    live[hidden] = False
    found: NDArray[np.bool_] = live[base.array("passages.article")]
    return found


def _tidy(stored: Stored, keys: Keys) -> None:
    """Drop vectors that are used no more, and files of other encoders; not where another index lends them."""
    folder = stored.path.parent
    if folder.is_symlink():
        return
    used = np.isin(stored.keys, keys)
    if used.sum() < (1 - MOST_UNUSED) * len(stored):
        store.rewrite(stored, stored.keys[used])
    for other in folder.glob("*.vectors"):
        if other != stored.path:
            other.unlink(missing_ok=True)


# --- in processes of their own ---------------------------------------------------------------


def _encoded(places: Places, folders: Sequence[str], encoder: str) -> NDArray[Any]:
    """The records of some texts."""
    parts = [_part(folder) for folder in folders]
    texts = [parts[part].texts(passage)[place] for part, passage, place in places.tolist()]
    return store.records(map(key_of, texts), encoder_of(encoder).encode(texts))


@lru_cache(maxsize=2)
def _part(folder: str) -> "_Part":
    return _Part(Bundle(Path(folder), {}))


class _Part:
    """The texts of one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._articles, self._passages = Lines(bundle, "articles"), Lines(bundle, "passages")
        self._article_of = bundle.array("passages.article")

    def texts(self, passage: int) -> tuple[str, ...]:
        article = article_from(self._articles[int(self._article_of[passage])])
        return passage_texts(article, passage_from(self._passages[passage]))
