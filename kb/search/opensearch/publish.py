"""This module brings a build into the cluster: all of it into a new index that the alias then stands for, or what
changed into the one that is there.

A build is made on this machine as ever (kb.indexer): its bundle is what is read here, and by nobody who searches. What
it weighed goes to the cluster with the passages; what it knows of words goes there in pieces (kb.search.opensearch
.snapshot). Documents carry the time of the build as their version: of two that write at once the later one stays.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.bundle import Bundle, open_current
from kb.bundle.fields import SEGMENTS
from kb.bundle.stored import Lines
from kb.search import threshold
from kb.search.opensearch import layout, snapshot
from kb.search.opensearch.client import Client
from kb.search.opensearch.following import published
from kb.search.opensearch.layout import BUILD, LEDGER, SAID, Row, key_of
from kb.settings import Settings
from kb.text.unigrams import BREAK, FIRST_WORD

Document = dict[str, Any]
Progress = Callable[[str, int, int], None]

AT_ONCE = 20_000
"""Passages whose columns are turned into rows together: some 80 MB."""


@dataclass(frozen=True)
class Published:
    """What was done. index: its name; anew: whether it is another one; passages: that were written."""

    index: str
    anew: bool
    passages: int
    seconds: float


def publish(settings: Settings, progress: Progress | None = None) -> Published | None:
    """Bring the cluster to the build in force on this machine; None when it is there already.

    Raises BundleError, EngineError; readers then go on with what they have.
    """
    done = _publish(settings, progress)
    published()
    return done


def remove(settings: Settings) -> None:
    """Delete all that a base has in the cluster. Raises EngineError."""
    client = Client(settings)
    for index in client.indexes():
        client.delete(index)


def _publish(settings: Settings, progress: Progress | None) -> Published | None:
    started = time.perf_counter()
    bundle = open_current(settings.index, verify=False)
    client = Client(settings)
    current = client.current()
    told = client.get(BUILD, current) if current else None
    build = told["told"] if told else None
    sure = threshold.read(settings.index)
    if current and build and build["name"] == bundle.folder.name and build["layout"] == layout.LAYOUT:
        if build["threshold"] == sure:
            return None
        client.write(current, [_document(BUILD, {**build, "threshold": sure, "serial": time.time_ns()})])
        client.refresh(current)
        return Published(current, False, 0, time.perf_counter() - started)
    base = bundle.base or bundle
    fits = build and build["layout"] == layout.LAYOUT and build["base"] == base.folder.name
    if current and build and fits:
        written = _brought_up_to_date(client, current, build, bundle, sure)
        return Published(current, False, written, time.perf_counter() - started)
    index = _anew(client, settings, bundle, sure, progress or (lambda step, done, total: None))
    return Published(index, True, int(bundle.manifest["passages"]), time.perf_counter() - started)


def _anew(client: Client, settings: Settings, bundle: Bundle, sure: float, progress: Progress) -> str:
    """Fill a new index, and let the alias stand for it. What a killed build left is removed before and after."""
    before = client.current()
    for leftover in client.indexes():
        if before is None or leftover > before:
            client.delete(leftover)
    index = f"{client.alias}-{time.strftime('%Y%m%dt%H%M%S', time.gmtime())}-{time.time_ns() % 1_000_000:06d}"
    client.create(index, layout.definition(settings.opensearch_shards))
    base, hidden = bundle.base or bundle, frozenset(bundle.manifest["hidden"])
    everything = [_Part(base, "", hidden)] + ([_Part(bundle, "b", frozenset())] if bundle.base else [])
    total, done = int(bundle.manifest["passages"]), 0

    def counted(documents: Iterable[Document]) -> Iterator[Document]:
        nonlocal done
        for document in documents:
            done += document["_source"]["kind"] == "p"
            if done % 1000 == 0:
                progress("OpenSearch", done, total)
            yield document

    for part in everything:
        client.write(index, counted(part.documents()))
    pieces = _snapshots(client, index, bundle, [])
    client.refresh(index)
    client.write(index, [_document(LEDGER, _ledger(bundle)), _document(BUILD, _told(bundle, pieces, sure))])
    client.settle(index, settings.opensearch_replicas)
    client.refresh(index)
    client.switch(index, before)
    for old in client.indexes():
        if old not in (index, before):  # somebody may still ask the one before
            client.delete(old)
    return index


def _brought_up_to_date(client: Client, index: str, build: Document, bundle: Bundle, sure: float) -> int:
    """Write what stands beside the base, and take away what is in force no longer."""
    base, version = bundle.base or bundle, time.time_ns()
    hidden = frozenset(bundle.manifest["hidden"])
    ledger = (client.get(LEDGER, index) or {})["told"]
    known: dict[str, list[Any]] = ledger["beside"]
    beside = _beside(bundle) if bundle.base else {}
    had = {path: int(passages) for path, (_, passages) in known.items()}
    was_hidden = frozenset(ledger["hidden"])
    back = sorted(was_hidden - hidden)  # an edit that was undone stands in the base as it was
    records, first = Lines(base, "articles"), base.array("articles.first")
    for number in sorted(hidden - was_hidden):
        path, passages = records[number]["path"], int(first[number + 1] - first[number])
        had[path] = max(passages, had.get(path, 0))
    gone = [(path, n) for path, most in had.items() for n in range(beside.get(path, ("", 0))[1], most)]
    gone += [(path, -1) for path in had if path not in beside]
    documents: list[Iterable[Document]] = []
    if back:
        documents.append(_Part(base, "", frozenset(range(len(records))) - frozenset(back)).documents())
    if bundle.base:
        changed = {path for path, state in beside.items() if known.get(path) != list(state)}
        names = bundle.json("articles.names.json")["paths"]
        same = frozenset(n for n, path in enumerate(names) if path not in changed)
        documents.append(_Part(bundle, "b", same).documents())
    # Who asks by a view sees neither; a run that is ended here is done again, for the ledger is as it was.
    client.write(index, ({"_id": _id(key_of(path), n), "_version": version} for path, n in gone), versioned=True)
    written = 0
    for some in documents:
        counted = [{**document, "_version": version} for document in some]
        written += sum(d["_source"]["kind"] == "p" for d in counted)
        client.write(index, counted, versioned=True)
    pieces = _snapshots(client, index, bundle, build["snapshots"])
    client.refresh(index)
    client.write(index, [_document(LEDGER, _ledger(bundle)), _document(BUILD, _told(bundle, pieces, sure))])
    stale = [s for s in build["snapshots"] if s not in pieces]
    client.write(index, ({"_id": name} for s in stale for name in snapshot.piece_names(s)))
    return written


def _beside(bundle: Bundle) -> dict[str, tuple[str, int]]:
    """path -> (what its file was, passages) of the articles beside the base."""
    sizes = np.diff(bundle.array("articles.first")).tolist()
    stats, names = bundle.array("articles.stat").tolist(), bundle.json("articles.names.json")
    rows = zip(names["paths"], names["ids"], stats, sizes, strict=True)
    return {path: (f"{id_} {stat}", size) for path, id_, stat, size in rows}


def _snapshots(client: Client, index: str, bundle: Bundle, there: Sequence[Document]) -> list[Document]:
    """What is known of words, of the base and of what stands beside it; the digests of those in the cluster."""
    found = []
    for part in (bundle.base, bundle) if bundle.base else (bundle,):
        known = next((s for s in there if s["name"] == part.folder.name), None)
        if known is None:
            known, pieces = snapshot.pieces(part)
            client.write(index, pieces)
        found.append(known)
    return found


def _told(bundle: Bundle, snapshots: list[Document], sure: float) -> Document:
    """What is in force, for who asks the cluster."""
    manifest, base = bundle.manifest, bundle.base or bundle
    return {
        "layout": layout.LAYOUT,
        "serial": time.time_ns(),
        "name": bundle.folder.name,
        "base": base.folder.name,
        **{key: manifest[key] for key in ("built", "articles", "passages", "tokens")},
        "rows": sum(int(b.manifest["own_passages"]) for b in (base, bundle)[: 2 if bundle.base else 1]),
        "problems": [sentence for _, _, sentence in manifest["problems"]],
        "snapshots": snapshots,
        "threshold": sure,
    }


def _ledger(bundle: Bundle) -> Document:
    """What the next edit goes on from."""
    return {"beside": _beside(bundle) if bundle.base else {}, "hidden": bundle.manifest["hidden"]}


def _document(name: str, told: Document) -> Document:
    return {"_id": name, "_source": {"kind": name, "told": told}}


def _id(article: str, n: int) -> str:
    """n: which passage, -1 for the article itself."""
    return f"{article}:{n}" if n >= 0 else article


# --- documents of a bundle -------------------------------------------------------------------


class _Part:
    """The documents of one bundle. mark: sets its pages apart; left_out: places of articles that are not wanted."""

    def __init__(self, bundle: Bundle, mark: str, left_out: frozenset[int]) -> None:
        self._bundle, self._mark, self._left_out = bundle, mark, left_out
        self._keys = bundle.array("terms.keys")
        self._names = [f"{key:x}" for key in self._keys.tolist()]
        self._records, self._bodies, self._passages = (Lines(bundle, n) for n in ("articles", "bodies", "passages"))
        self._article_of = bundle.array("passages.article")
        self._page = bundle.array("passages.page")
        self._topics = bundle.array("topics.passages")
        self._texts, self._first_text = bundle.array("meaning.keys"), bundle.array("meaning.first")
        self._words = bundle.lines("words.txt")
        self._atom = lru_cache(maxsize=200_000)(lambda n: layout.atom(n, self._words, FIRST_WORD))
        self._pages: dict[int, str] = {}

    def documents(self) -> Iterator[Document]:
        """Passages and articles in order, then pages."""
        passages = len(self._article_of)
        weights, codes = _Rows(self._bundle, "weights"), _Rows(self._bundle, "codes")
        stream = _Stream(self._bundle)
        if len(self._left_out) >= len(self._records):
            return
        if len(self._left_out) > len(self._records) // 2:  # an edit: a few articles of many
            wanted = [n for n in range(len(self._records)) if n not in self._left_out]
            first = self._bundle.array("articles.first")
            spans = [(int(first[n]), int(first[n + 1])) for n in wanted]
        else:
            spans = [(start, min(start + AT_ONCE, passages)) for start in range(0, passages, AT_ONCE)]
        for start, end in spans:
            yield from self._of(start, end, weights.between(start, end), codes.between(start, end), stream)
        yield from self._of_pages()

    def _of(self, start: int, end: int, weights: "_Block", codes: "_Block", stream: "_Stream") -> Iterator[Document]:
        first = self._bundle.array("articles.first")
        article, record, known, facts = -1, {}, {}, {}
        for number in range(start, end):
            owner = int(self._article_of[number])
            if owner in self._left_out:
                continue
            if owner != article:
                article, record = owner, self._records[owner]
                known, facts = layout.known(record), layout.facts(record)
                if number == first[owner]:
                    yield self._article(owner, record, known, int(first[owner + 1] - first[owner]))
            yield self._passage(number, number - int(first[owner]), record, known | facts, weights, codes, stream)

    def _article(self, owner: int, record: Document, known: Document, passages: int) -> Document:
        source = {
            "kind": "a",
            "n": passages,
            **known,
            "pictures": record.get("pictures", []),
            "record": record,
            "body": self._bodies[owner],
        }
        return {"_id": known["article"], "_source": source}

    def _passage(
        self,
        number: int,
        n: int,
        record: Document,
        known: Document,
        weights: "_Block",
        codes: "_Block",
        stream: "_Stream",
    ) -> Document:
        columns, values = weights.row(number)
        held, zones = codes.row(number)
        page = self._page_key(number, record)
        texts = self._texts[self._first_text[number] : self._first_text[number + 1]]
        told = {"article": record, "n": n, "page": page, "texts": [f"{t:x}" for t in texts.tolist()]}
        topic = self._topics[number] if len(self._topics) else np.empty(0, np.float16)
        source = {
            "kind": "p",
            "n": n,
            **known,
            "page": page,
            "w": layout.weighed([self._names[c] for c in columns.tolist()], values),
            "codes": layout.weighed([self._names[c] for c in held.tolist()], zones, layout.ZONE_SCALE),
            "row": layout.packed(Row(self._keys[columns], values, self._keys[held], zones, topic, told)),
            **self._quotable(stream, number),
            "passage": self._passages[number],
        }
        return {"_id": _id(known["article"], n), "_source": source}

    def _page_key(self, number: int, record: Document) -> str:
        """Of the page that a passage shares with others, "" for one that is alone."""
        page = int(self._page[number])
        if page < 0:
            return ""
        if page not in self._pages:
            self._pages[page] = key_of(record["page"] or record["path"]) + self._mark
        return self._pages[page]

    def _quotable(self, stream: "_Stream", number: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, atoms in stream.segments(number):
            text = " ".join(map(self._atom, atoms))
            if not layout.is_repeated(name):
                found.setdefault(SAID, []).append(text)
            if name != "text":
                found.setdefault(name, []).append(text)
        return found

    def _of_pages(self) -> Iterator[Document]:
        rows = _Rows(self._bundle, "pages")
        pages = sorted(self._pages)
        wanted = iter(pages)
        while some := list(islice(wanted, AT_ONCE // 10)):
            block = rows.between(some[0], some[-1] + 1)
            for page in some:
                columns, values = block.row(page)
                nothing = np.empty(0, np.uint64), np.empty(0, np.float32), np.empty(0, np.float16)
                source = {
                    "kind": "g",
                    "page": self._pages[page],
                    "w": layout.weighed([self._names[c] for c in columns.tolist()], values),
                    "row": layout.packed(Row(self._keys[columns], values, *nothing, {})),
                }
                yield {"_id": f"g:{self._pages[page]}", "_source": source}


class _Block:
    """Some rows of a matrix, from one on."""

    def __init__(self, start: int, indptr: NDArray[np.int64], columns: NDArray[Any], data: NDArray[np.float32]) -> None:
        self._start, self._indptr, self._columns, self._data = start, indptr, columns, data

    def row(self, number: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """The columns that a row has entries in, ascending, and these."""
        a, b = self._indptr[number - self._start], self._indptr[number - self._start + 1]
        return self._columns[a:b], self._data[a:b]


class _Rows:
    """A matrix of a bundle, which lies by columns, some rows at a time."""

    def __init__(self, bundle: Bundle, name: str) -> None:
        self._indptr, self._rows, self._data = (bundle.array(f"{name}.{part}") for part in ("indptr", "rows", "data"))

    def between(self, start: int, end: int) -> _Block:
        chosen = np.flatnonzero((self._rows >= start) & (self._rows < end))
        columns = np.searchsorted(self._indptr, chosen, "right") - 1
        rows = self._rows[chosen] - start
        order = np.argsort(rows, kind="stable")
        indptr = np.zeros(end - start + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=end - start), out=indptr[1:])
        return _Block(start, indptr, columns[order], self._data[chosen][order])


class _Stream:
    """What can be quoted of a bundle, passage by passage."""

    def __init__(self, bundle: Bundle) -> None:
        self._stream = bundle.array("stream")
        self._starts = np.append(bundle.array("stream.segments").astype(np.int64), len(self._stream))
        self._passages = bundle.array("stream.passages")
        self._fields = bundle.array("stream.fields")

    def segments(self, passage: int) -> Iterator[tuple[str, list[int]]]:
        """(field, its atoms) of each text of a passage."""
        first, last = np.searchsorted(self._passages, [passage, passage + 1]).tolist()
        for segment in range(first, last):
            atoms = self._stream[self._starts[segment] + 1 : self._starts[segment + 1]].tolist()
            assert BREAK not in atoms
            yield layout.QUOTABLE[int(self._fields[segment])], atoms


assert set(layout.QUOTABLE.values()) == set(SEGMENTS)
