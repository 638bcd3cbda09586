"""This module says which texts a passage, or a query, is encoded by."""

from hashlib import blake2b

from kb.bundle import Bundle
from kb.model import Article, Passage

MAX_TEXT = 700
"""Characters that are encoded of a text. A vector of more says less of each of them, and costs in proportion."""
MAX_BODY = 500
"""Characters of a passage's own text among them."""


def passage_texts(article: Article, passage: Passage) -> tuple[str, ...]:
    """What a passage is encoded by: title, headings, and how its text begins."""
    heading = passage.heading[1:] if passage.heading[:1] == (article.title,) else passage.heading
    return ("\n".join([article.title, *heading, passage.text[:MAX_BODY]])[:MAX_TEXT],)


def query_text(text: str) -> str:
    """What a query or a paste is encoded by."""
    return text[:MAX_TEXT]


def key_of(text: str) -> int:
    """What a text is known by: 64 bits of its digest."""
    return int.from_bytes(blake2b(text.encode("utf8", "replace"), digest_size=8).digest(), "little")


class Texts:
    """The keys of the texts of a bundle's passages: keys[first[n]:first[n + 1]] are those of passage n."""

    def __init__(self, bundle: Bundle) -> None:
        self.keys = bundle.array("meaning.keys")
        self.first = bundle.array("meaning.first")

    def __len__(self) -> int:
        """Passages."""
        return len(self.first) - 1
