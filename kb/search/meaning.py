"""This module answers how near passages are to a text by their meaning, in whatever words or language."""

import logging
import re
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle
from kb.errors import EncoderError
from kb.language import say
from kb.meaning import store
from kb.meaning.encoder import Encoder, encoder_of
from kb.meaning.store import Made, Rows, Stored
from kb.meaning.texts import NAME_DISCOUNT, Texts, query_texts
from kb.model import Coverage
from kb.search.result_cache import Recent
from kb.text.hashing import Keys

log = logging.getLogger(__name__)

Cosines = NDArray[np.float32]

REMEMBERED = 300
"""Texts whose vectors are kept, and those of their sentences: whoever asked comes back, or with a filter."""
SENTENCES, MAX_SENTENCE = 12, 200
"""Sentences of a passage, and of a text, that are compared for a reason, and characters of each."""
_END = re.compile(r"[\n。！？；!?;]|\.\s")


class SameMeaning(NamedTuple):
    """The nearest sentences of two texts, as they stand there, and the cosine between them."""

    passage: str
    query: str
    cosine: float


class _Seen(NamedTuple):
    """The vectors that are there, and where those of the index's texts stand."""

    stored: Stored
    rows: Rows


class Meaning:
    """The vectors of an index. Those that are made meanwhile join in. Safe to share between threads.

    Without an encoder, or before any vector is made, nothing is near to anything.
    """

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        """bundles: the base first; their passages are counted through."""
        self._index = bundles[0].folder.parent
        texts = [Texts(bundle) for bundle in bundles]
        self._keys: Keys = np.concatenate([t.keys for t in texts])
        self._first: Rows = np.concatenate([[0], np.cumsum(np.concatenate([np.diff(t.first) for t in texts]))])
        # The last text of a passage is its names, unless it has no other.
        self._discounts = np.zeros(len(self._keys), np.float32)
        self._discounts[self._first[1:][np.diff(self._first) > 1] - 1] = NAME_DISCOUNT
        self._vectors: Recent[Cosines] = Recent(REMEMBERED)
        self._sentences: Recent[Cosines] = Recent(REMEMBERED)
        self._lock = threading.Lock()
        self._seen: _Seen | None = None

    def ready(self) -> bool:
        """Whether there are vectors, and an encoder for what is asked. Loads it, which takes a second or two."""
        seen = self._look()
        return seen is not None and bool((seen.rows >= 0).any()) and _encoder(seen.stored.made) is not None

    def state(self) -> object:
        """Changes when more vectors are there: what was answered before may be answered better now."""
        seen = self._look()
        return seen and seen.stored.state

    def covered(self) -> NDArray[np.bool_]:
        """Passages that have a vector."""
        seen = self._look()
        if seen is None:
            return np.zeros(len(self._first) - 1, bool)
        found: NDArray[np.bool_] = np.maximum.reduceat(seen.rows, self._first[:-1]) >= 0
        return found

    def coverage(self, setting: str, live: NDArray[np.bool_]) -> Coverage:
        """What is said of an installation. setting: names the encoder; live: passages in force. Loads nothing."""
        passages = int((self.covered() & live).sum())
        try:
            return Coverage(encoder_of(setting).name, "", passages, int(live.sum()))
        except EncoderError as error:
            return Coverage("", str(error), passages, int(live.sum()))

    def cosines(self, text: str, passages: NDArray[np.int64] | None = None) -> Cosines:
        """How near each passage is to a text, of all or of these: -1.1 to 1, 0 for a passage without a vector.

        The best of a passage's texts counts, its names less by NAME_DISCOUNT. A text that was not asked before costs
        3 ms, a long one 15 ms; 100,000 passages cost 30 ms.
        """
        first, counts = self._first[:-1], np.diff(self._first)
        if passages is not None:
            first, counts = first[passages], counts[passages]
        seen = self._look()
        vector = None if seen is None else self._vector(seen.stored.made, text)
        if seen is None or vector is None or not len(first):
            return np.zeros(len(first), np.float32)
        starts = np.cumsum(counts) - counts
        rows, discounts = seen.rows, self._discounts
        if passages is not None:
            texts = np.arange(counts.sum()) + np.repeat(first - starts, counts)
            rows, discounts = rows[texts], discounts[texts]
        found = seen.stored.cosines(vector, rows) - np.where(rows >= 0, discounts, np.float32(0))
        cosines: Cosines = np.maximum.reduceat(found, starts)
        return cosines

    def same_meaning(self, text: str, passage: str) -> SameMeaning | None:
        """The nearest sentences of a passage and a text. For the few that are shown: some 15 ms each."""
        seen = self._look()
        encoder = None if seen is None else _encoder(seen.stored.made)
        theirs, ours = sentences(passage), sentences(text)
        if encoder is None or not theirs or not ours:
            return None
        cosines = self._of_sentences(encoder, theirs) @ self._of_sentences(encoder, ours).T
        i, j = divmod(int(cosines.argmax()), len(ours))
        return SameMeaning(theirs[i], ours[j], float(cosines[i, j]))

    def _of_sentences(self, encoder: Encoder, found: Sequence[str]) -> Cosines:
        """Their vectors. A text that is asked is compared with several passages, and a passage with many texts."""
        return self._sentences.get((encoder.fingerprint, *found), lambda: encoder.encode(found))

    def _vector(self, made: Made, text: str) -> Cosines | None:
        """The vector of a text that is asked, of length 1."""
        encoder = _encoder(made)
        asked = query_texts(text)
        return None if encoder is None else self._vectors.get((made, asked), lambda: _sum(encoder, asked))

    def _look(self) -> _Seen | None:
        """The vectors as they are now; None when the index folder has none."""
        made = store.current(self._index)
        if made is None:
            return None
        state = made, store.state(self._index, made)
        with self._lock:
            if self._seen is None or (self._seen.stored.made, self._seen.stored.state) != state:
                stored = Stored(self._index, made)
                self._seen = _Seen(stored, stored.rows(self._keys))
            return self._seen


def _sum(encoder: Encoder, texts: Sequence[tuple[str, float]]) -> Cosines:
    weights = np.array([weight for _, weight in texts], np.float32)
    vector = weights @ encoder.encode([text for text, _ in texts])
    found: Cosines = vector / max(np.linalg.norm(vector), np.finfo(np.float32).tiny)
    return found


def sentences(text: str) -> list[str]:
    """The first sentences of a text, as they stand there."""
    found = (piece.strip() for piece in _END.split(text[: SENTENCES * MAX_SENTENCE]))
    return [piece[:MAX_SENTENCE] for piece in found if len(piece) > 3][:SENTENCES]


# --- the encoder of this process -------------------------------------------------------------

_loading = threading.Lock()
_loaded: dict[Made, Encoder | None] = {}


def _encoder(made: Made) -> Encoder | None:
    """The encoder that vectors were made by, loaded once in a process; None when it can't be had, which is logged."""
    with _loading:
        if made not in _loaded:
            _loaded.clear()
            _loaded[made] = _load(made)
        return _loaded[made]


def _load(made: Made) -> Encoder | None:
    try:
        encoder = encoder_of(made.encoder)
        if encoder.fingerprint != made.fingerprint:
            raise EncoderError(
                say(
                    "向量是别的编码器生成的；运行 kb build，再重启网站",
                    "the vectors were made by another encoder; run kb build, and start the site again",
                )
            )
        encoder.encode([""])
    except EncoderError as error:
        log.warning("%s: %s", say("按语义搜索停用", "searching without meaning"), error)
        return None
    return encoder
