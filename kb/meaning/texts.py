"""This module says which texts a passage, or a query, is encoded by.

Chosen by nDCG@10 of the cosines alone, on samples of six judged sets (questions of the web, of manuals, fault
reports), and by the sample base: its golden queries, and its 444 aliases as queries that the index does not hold.
"""

from hashlib import blake2b

from kb.bundle import Bundle
from kb.model import Article, Passage

MAX_TEXT = 700
"""Characters that are encoded of a text. A vector of more says less of each of them, and costs in proportion."""
MAX_BODY = 500
"""Characters of a passage's own text among them: .676 on average, 300: .670, 700: .671, without code: .662."""
COMPLAINTS = ("symptom", "question")
"""Sections that say what a customer says. By them, too, 39 of 100 unknown aliases find their case, 33 without."""
NAME_DISCOUNT = 0.1
"""Taken from the cosine to the names of a passage. They are short, and near to whatever is short: undiscounted they
hide answers that no title tells, without them titles that are asked for are missed. Without names .676 on average,
by 0: .666, 0.05: .683, 0.1: .689, 0.15: .684."""
SUBJECT_WEIGHT = 0.5
"""Of the first line beside the whole, when there are several: .778 and .728 on two sets of reports with logs, .757
and .704 without, .729 and .747 by a weight of 1."""


def passage_texts(article: Article, passage: Passage) -> tuple[str, ...]:
    """What a passage is encoded by: how its text begins, its complaint, and last its names."""
    heading = passage.heading[1:] if passage.heading[:1] == (article.title,) else passage.heading
    bodies = [passage.text, *_complaints(passage)]
    texts = ["\n".join([article.title, *heading, body[:MAX_BODY]])[:MAX_TEXT] for body in bodies if body.strip()]
    names = "\n".join([article.title, *heading, *article.aliases])[:MAX_TEXT]
    return tuple(dict.fromkeys([*texts, names]))


def _complaints(passage: Passage) -> list[str]:
    """The sections of a passage that say what a customer says."""
    ends = [*(s.start for s in passage.sections[1:]), None]
    return [passage.text[s.start : end] for s, end in zip(passage.sections, ends, strict=False) if s.role in COMPLAINTS]


def query_texts(text: str) -> tuple[tuple[str, float], ...]:
    """What a query or a paste is encoded by, each with the weight of its vector in the sum: the whole, its subject."""
    text = text.strip()
    first, _, rest = text.partition("\n")
    whole = (text[:MAX_TEXT], 1.0)
    return (whole, (first[:MAX_TEXT], SUBJECT_WEIGHT)) if rest else (whole,)


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
