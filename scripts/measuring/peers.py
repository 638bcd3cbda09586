"""This module holds the peers: other engines, each built and asked as it is commonly used.

They are installed by:  pip install -e '.[bench]'
"""

import importlib
import itertools
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kb.model import Article


class MissingPeerError(Exception):
    """A peer is not installed; the text says how to install it."""


def _peer(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPeerError(f"{error.name} is not installed; pip install -e '.[bench]'")


def whoosh_build(folder: Path, articles: Sequence[Article], count: int) -> tuple[float, float]:
    """Index the first articles with Whoosh and jieba's ChineseAnalyzer.

    Returns seconds and processor seconds, without jieba's reading of its dictionary: scaled up it would count twice.
    """
    jieba, fields, index = _peer("jieba"), _peer("whoosh.fields"), _peer("whoosh.index")
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    analyzer = _peer("jieba.analyse").ChineseAnalyzer()
    folder.mkdir(parents=True)
    schema = fields.Schema(id=fields.ID(stored=True), text=fields.TEXT(analyzer=analyzer))
    started, used = time.perf_counter(), time.process_time()
    writer = index.create_in(folder, schema).writer(limitmb=512)
    for article in itertools.islice(articles, count):
        writer.add_document(id=article.id, text=article.title + "\n" + article.body)
    writer.commit()
    return time.perf_counter() - started, time.process_time() - used


class Tantivy:
    """An index of passages given as terms between blanks, in memory, with frequencies and without positions."""

    def __init__(self, passages: Iterable[str]) -> None:
        self._tantivy = _peer("tantivy")
        schema = self._tantivy.SchemaBuilder()
        schema.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
        self._schema = schema.build()
        index = self._tantivy.Index(self._schema)
        writer = index.writer(heap_size=1_000_000_000, num_threads=1)
        for terms in passages:
            writer.add_document(self._tantivy.Document(body=[terms]))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def best(self, terms: Iterable[str], count: int) -> Any:
        """The best passages that hold any of these terms. Nothing is counted, so that it may skip what can't win."""
        tantivy = self._tantivy
        wanted = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "body", t, "freq")) for t in terms]
        return self._searcher.search(tantivy.Query.boolean_query(wanted), count, count=False).hits
