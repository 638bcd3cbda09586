"""This module turns one article into the rows of an index: its passages, their term counts, their atoms."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from kb.fields import PART_WEIGHT
from kb.indexer.markdown import split
from kb.model import Article, Passage
from kb.tokens import Tokenizer, atoms, fold, pairs

Counts = dict[str, float]

BREAK = "|"
"""Stands between the fields in full text, so that no phrase runs from one into the next."""


@dataclass(frozen=True, slots=True)
class Row:
    """One passage, ready for the index.

    text, title: term -> weighted frequency; pairs: neighbours -> frequency. atoms: field -> atoms, space-separated.
    """

    passage: Passage
    text: Counts
    title: Counts
    pairs: Counts
    atoms: dict[str, str]


def title_texts(article: Article, passage: Passage) -> tuple[str, ...]:
    """What counts as title: of the article and of the section, and the customers' own words."""
    heading = passage.heading
    if heading and heading[0] == article.title:
        heading = heading[1:]
    inside = (s.title for s in passage.sections if not s.role and s.title and s.title not in passage.heading)
    return (article.title, *heading, *inside, *article.aliases)


def analyse(article: Article, tokenizer: Tokenizer) -> list[Row]:
    """An article's rows, in order of its passages."""
    facts = {
        "product": article.product,
        "tag": article.tags,
        "part": article.parts,
        "version": article.versions,
        "owner": (article.owner,),
        "id": (article.id,),
    }
    shared = {name: _atoms(values) for name, values in facts.items()}
    metadata = (*article.product, *article.tags, *article.parts, *article.versions)
    number = article.id if article.id != article.path.rsplit(".", 1)[0] else ""
    rows = []
    for passage in split(article):
        title = title_texts(article, passage)
        title_counts, title_pairs = _count(tokenizer, title)
        body_counts, body_pairs = _count(tokenizer, (passage.text,))
        fact_counts, _ = _count(tokenizer, (*metadata, number))
        rows.append(
            Row(
                passage,
                dict(title_counts + body_counts + fact_counts),
                dict(title_counts),
                dict(title_pairs + body_pairs),
                {
                    "title": _atoms((article.title,)),
                    "heading": _atoms((*passage.heading, *(s.title for s in passage.sections))),
                    "alias": _atoms(article.aliases),
                    "code": _atoms(passage.text[a:b] for a, b in passage.code),
                    "text": _atoms((*title, *(s.title for s in passage.sections), *metadata, number, passage.text)),
                    **shared,
                },
            )
        )
    return rows


def _count(tokenizer: Tokenizer, texts: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    terms: Counter[str] = Counter()
    neighbours: Counter[str] = Counter()
    for text in texts:
        folded = fold(text)
        tokens = tokenizer.folded_tokens(folded)
        for token in tokens:
            terms[token.term] += PART_WEIGHT if token.part else 1  # type: ignore[assignment]
        neighbours.update(pairs(tokens, folded.text))
    return terms, neighbours


def _atoms(texts: Iterable[str]) -> str:
    return f" {BREAK} ".join(" ".join(found) for t in texts if t and (found := atoms(fold(t).text)))
