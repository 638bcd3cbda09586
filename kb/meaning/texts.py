"""This module says which text of a passage, or of a query, is turned into a vector."""

from kb.model import Article, Passage

MAX_TEXT = 700
"""Characters that are encoded of a text. A vector of more says less of each of them, and costs in proportion."""
MAX_BODY = 500
"""Characters of a passage's own text among them."""


def passage_text(article: Article, passage: Passage) -> str:
    """What a passage is encoded by: title, headings, and how its text begins."""
    heading = passage.heading[1:] if passage.heading[:1] == (article.title,) else passage.heading
    return "\n".join([article.title, *heading, passage.text[:MAX_BODY]])[:MAX_TEXT]


def query_text(text: str) -> str:
    """What a query or a paste is encoded by."""
    return text[:MAX_TEXT]
