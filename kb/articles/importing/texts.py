"""This module reads plain text (.txt) as a document: paragraphs, steps and logs; its first line is the title."""

from kb.articles.files import decode
from kb.articles.importing import escape
from kb.articles.importing.model import Document
from kb.articles.importing.shaping import shaped


def read(raw: bytes, name: str, _image: str) -> Document:
    """Raises ArticleError for what is no text."""
    text, _ = decode(raw, name)
    return shaped("", escape.markdown(text))
