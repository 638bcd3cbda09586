"""This module analyses articles in processes of their own, and says what they hand over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from kb.articles.captions import captions, named
from kb.articles.files import load, place, title_of
from kb.bundle.stored import article_record, passage_record, to_line
from kb.errors import ArticleError
from kb.indexer.analysis import Row, analyse
from kb.indexer.batches import Rows, pack
from kb.indexer.changes import Doubt, Todo
from kb.indexer.runs import Analysed
from kb.language import say
from kb.meaning.texts import key_of, passage_texts
from kb.model import Article
from kb.text.tokens import tokenizer_of


@dataclass(frozen=True)
class Batch:
    """What a process hands over. same: paths of those that only have another time; problems: what is wrong with any."""

    articles: list[Analysed]
    rows: Rows
    same: list[str]
    problems: list[Doubt]


def analyse_documents(articles: Sequence[Article], words: tuple[str, ...]) -> Batch:
    tokenizer = tokenizer_of(words)
    found: list[Analysed] = []
    rows: list[Row] = []
    for given in articles:
        article = given if given.title else replace(given, title=title_of(given.body, given.path))
        own = analyse(article, tokenizer)
        found.append(_kept(article_record(article), article, own))
        rows += own
    return Batch(found, pack(rows), [], [])


def analyse_files(jobs: Sequence[Todo], words: tuple[str, ...], root: Path, max_kb: int, index: Path) -> Batch:
    """index: the folder that knows what pictures say."""
    tokenizer = tokenizer_of(words)
    batch = Batch([], pack([]), [], [])
    rows: list[Row] = []
    for (key, *stat), known in jobs:
        try:
            article, told = load(place(root, key), root, max_kb)
            problem = Doubt(key, 0, told) if told else None
            facts = article_record(article)
            said = captions(article, root, index)
            made_of = [facts, article.body, said] if said else [facts, article.body]
            digest = blake2b(to_line(made_of), digest_size=16).hexdigest()
            if known == digest:
                batch.same.append(key)
            else:
                own = analyse(article, tokenizer, said)
                record = {**facts, "stat": stat, "digest": digest, "problem": problem}
                batch.articles.append(_kept(record, article, own))
                rows += own
            batch.problems.extend([problem] if problem else [])
        except ArticleError as error:
            batch.problems.append(Doubt(key, error.line, str(error)))
        except (RecursionError, MemoryError) as error:
            told = say("读不了：{error!r}", "can't be read: {error!r}", error=error)
            batch.problems.append(Doubt(key, 0, f"{key}: {told}"))
    return replace(batch, rows=pack(rows))


def _kept(record: dict[str, Any], article: Article, rows: Sequence[Row]) -> Analysed:
    return Analysed(
        article.path,
        article.id,
        not article.updated and not article.created and "stat" in record,
        tuple(record.get("stat") or (-1, -1)),
        to_line({**record, "passages": len(rows), "pictures": named(article)}),
        to_line(article.body),
        tuple(to_line(passage_record(row.passage)) for row in rows),
        tuple(tuple(map(key_of, passage_texts(article, row.passage))) for row in rows),
    )
