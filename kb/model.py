"""This module holds the data that flows: Article -> Passage -> Token -> index -> Page and Suggestions.

Everything is frozen; who needs a changed one makes a new one.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

KINDS = ("case", "manual", "faq")
AREAS = (
    "desktop",
    "printer",
    "network",
    "server",
    "storage",
    "virtualization",
    "database",
    "application",
    "account",
    "security",
    "monitoring",
    "backup",
)
CAUSES = ("operator", "configuration", "line", "hardware", "software")
HANDLINGS = ("remote", "onsite", "return", "parts")
SEVERITIES = ("P1", "P2", "P3", "P4")
STATUSES = ("draft", "review", "published", "archived")

CASE_SECTIONS = {
    "symptom": ("现象", "現象", "故障现象", "Symptom", "Symptoms"),
    "environment": ("环境", "環境", "Environment"),
    "cause": ("原因", "故障原因", "Cause"),
    "diagnosis": ("排查", "排查过程", "Diagnosis"),
    "fix": ("解决", "解決", "解决方案", "解决方法", "处理", "Fix", "Solution", "Resolution"),
    "verification": ("验证", "驗證", "Verification"),
}
"""The sections of a case and the headings that mean them."""

FAQ_SECTIONS = {"question": ("问题", "問題", "Question"), "answer": ("回答", "Answer")}

SECTION_ROLES = {h.lower(): role for table in (CASE_SECTIONS, FAQ_SECTIONS) for role, hs in table.items() for h in hs}
"""Folded heading -> role."""


@dataclass(frozen=True, slots=True)
class Article:
    """One Markdown file.

    path: relative to the articles folder, with forward slashes; it is the article's key.
    id: the number in the front matter, or the path without ".md" when there is none.
    body: the Markdown behind the front matter; body_line: the file's line on which it starts (1-based).
    extra: keys of the front matter that Guzhi doesn't know, kept as they are.
    """

    path: str
    id: str
    kind: str = "manual"
    title: str = ""
    product: tuple[str, ...] = ()
    area: str = ""
    cause: str = ""
    handling: str = ""
    severity: str = ""
    parts: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    status: str = "published"
    owner: str = ""
    created: date | None = None
    updated: date | None = None
    review_after: date | None = None
    body: str = ""
    body_line: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


class Section(NamedTuple):
    """A heading inside a passage: start is the offset in the passage's text where its content begins.

    first, last: its lines of the body, counted from 0, last excluded; deeper headings are sections of their own.
    """

    start: int
    anchor: str
    title: str
    role: str
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """What is ranked: a section of a manual, or the whole of a case or FAQ, as plain text.

    heading: titles from the top down to this section. anchor: of the page, without "#".
    line: of the file (1-based). code: (start, end) of each code block in text.
    """

    text: str
    heading: tuple[str, ...] = ()
    anchor: str = ""
    line: int = 1
    sections: tuple[Section, ...] = ()
    code: tuple[tuple[int, int], ...] = ()


class Token(NamedTuple):
    """One index term and where it stands.

    term: what is indexed (stemmed, canonical). raw: the same before stemming.
    start, end: characters of the text. kind: word, part, number, user, or an identifier's kind.
    part: True for a piece of the token before it, which it can also be found by.
    """

    term: str
    raw: str
    start: int
    end: int
    kind: str
    part: bool


# --- search ----------------------------------------------------------------------------------

FACETS = ("kind", "product", "area", "cause", "handling", "severity", "status", "tags")
SORTS = ("relevance", "updated", "created")


@dataclass(frozen=True, slots=True)
class Query:
    """What a search asks for. filters: facet -> accepted values; after, before: bounds of `updated`, inclusive."""

    text: str
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    after: date | None = None
    before: date | None = None
    sort: str = "relevance"
    page: int = 1
    size: int = 10


class Snippet(NamedTuple):
    """A piece of a passage; spans are the matched characters (start, end) within text."""

    text: str
    spans: tuple[tuple[int, int], ...]


class Match(NamedTuple):
    """One reason for a score: word as it stands in the article, its field, and its share of the score.

    term: the index term; via: the word of the query when a synonym led here, else "".
    """

    word: str
    term: str
    field: str
    kind: str
    score: float
    via: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found, by its best passage."""

    article: Article
    anchor: str
    heading: tuple[str, ...]
    score: float
    title: Snippet
    snippet: Snippet
    matches: tuple[Match, ...]
    passages: int


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to a search. total counts articles; facets: facet -> ((value, count), ...).

    widened: True when not every word was found together and any word was enough.
    suggestion: a better spelled query, or "". notes: sentences about how the query was read.
    hidden: articles that only the filters keep away.
    """

    query: Query
    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[tuple[str, int], ...]]
    milliseconds: float
    widened: bool = False
    suggestion: str = ""
    notes: tuple[str, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One article that may hold the fix.

    score: 0 to 1, see kb.search.suggest. band: strong, medium or weak.
    fix: Markdown of the section that tells what to do; fix_anchor links to it.
    """

    article: Article
    anchor: str
    heading: tuple[str, ...]
    score: float
    band: str
    fix: str
    fix_anchor: str
    snippet: Snippet
    matches: tuple[Match, ...]


class Recognised(NamedTuple):
    """An identifier of the paste; known counts the articles that hold it."""

    text: str
    kind: str
    known: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The answer to a paste. best: the top score even when it is below the threshold.

    areas, causes: (value, share) of the probable ones, best first. lines: (text, explained) of the paste.
    """

    suggestions: tuple[Suggestion, ...]
    best: float
    identifiers: tuple[Recognised, ...]
    areas: tuple[tuple[str, float], ...]
    causes: tuple[tuple[str, float], ...]
    lines: tuple[tuple[str, bool], ...]
    milliseconds: float
    truncated: bool = False
