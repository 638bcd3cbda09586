"""This package holds the data that flows: Article -> Passage -> Token -> index -> Page and Suggestions.

Everything is frozen; who needs a changed one makes a new one.

- Which keys has an article, which values do they take, what are they called? schema.py: one table, all else derives
- Which articles does a reader see? sight.py
- What can happen to a case, and which values have its facts? casework.py
- What is an article, a passage, a hit, a suggestion? kb/model (frozen dataclasses)
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from kb.model.schema import KEYS, QUOTED

HIDDEN_STATUSES = ("draft", "archived")
"""Shown only to those who ask for them by status."""

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

CUSTOMER_SECTIONS = {
    "customer": ("客户可做", "客戶可做", "客户自助", "客戶自助", "For the customer", "What customers can do")
}
"""What a customer can do alone: a reply is made of it."""

SECTION_ROLES = {
    h.lower(): role
    for table in (CASE_SECTIONS, FAQ_SECTIONS, CUSTOMER_SECTIONS)
    for role, hs in table.items()
    for h in hs
}
"""Folded heading -> role."""

FIX_ROLES = ("fix", "answer")
"""Sections that tell what to do."""


T = TypeVar("T")


def with_every_key(cls: type[T]) -> type[T]:
    """The class of articles with a field for each key of the table, also for those that no code of ours asks for."""
    for key in KEYS:
        if key.name not in cls.__annotations__:
            cls.__annotations__[key.name] = tuple[str, ...] if key.many else type(key.empty) | None
            setattr(cls, key.name, key.empty)
    return cls


@dataclass(frozen=True, slots=True)
@with_every_key
class Article:
    """One Markdown file: the keys of its front matter (kb.model.schema) and its text.

    path: relative to the articles folder, with forward slashes; it is the article's key.
    id: the number in the front matter, or the path without ".md" when there is none.
    body: the Markdown behind the front matter; body_line: the file's line on which it starts (1-based).
    extra: keys of the front matter that Guzhi doesn't know, kept as they are.
    page: what it is a piece of, when it is one (a section that is judged by itself); else it is a page of its own.
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
    audience: str = "internal"
    owner: str = ""
    created: date | None = None
    updated: date | None = None
    review_after: date | None = None
    body: str = ""
    body_line: int = 1
    extra: dict[str, Any] = field(default_factory=dict)
    page: str = ""

    @property
    def quoted(self) -> tuple[str, ...]:
        """The values of its keys that are words of it, to be found and quoted as its text is."""
        values = (getattr(self, name) for name in QUOTED)
        return tuple(v for value in values for v in ((value,) if isinstance(value, str) else value))


def folders(path: str) -> tuple[str, ...]:
    """The folders that a file lies in, from the top: a/b/c.md -> ("a", "a/b")."""
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[:n]) for n in range(1, len(parts) + 1))


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
    line: of the file (1-based). code, inline: (start, end) in text of each code block, and of code within a line.
    """

    text: str
    heading: tuple[str, ...] = ()
    anchor: str = ""
    line: int = 1
    sections: tuple[Section, ...] = ()
    code: tuple[tuple[int, int], ...] = ()
    inline: tuple[tuple[int, int], ...] = ()


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


class Correction(NamedTuple):
    """A misspelled word, characters start to end of a text, and the one that was searched beside it."""

    start: int
    end: int
    typed: str
    better: str


class Sort(StrEnum):
    """The order of what is found."""

    RELEVANCE = "relevance"
    UPDATED = "updated"
    CREATED = "created"
    USED = "used"


SORTS = tuple(sort.value for sort in Sort)
MAX_TEXT = 100_000
"""Characters of a paste that are read; it is cut there and said so."""
MAX_SIZE = 100
MAX_PAGE = 1000
"""Hits of one page, and pages."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a search asks for. filters: facet -> accepted values; after, before: bounds of `updated`, inclusive.

    exact: misspelled words are searched as they stand, and nothing else.
    """

    text: str
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    after: date | None = None
    before: date | None = None
    sort: str = "relevance"
    page: int = 1
    size: int = 10
    exact: bool = False


class Snippet(NamedTuple):
    """A piece of a passage, with "…" where it was cut within a sentence.

    spans, code: the matched characters, and those set as code: (start, end) within text, in order, apart.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    code: tuple[tuple[int, int], ...] = ()


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


class Place(NamedTuple):
    """A section of an article: its heading path and the anchor that leads to it."""

    heading: tuple[str, ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found, by its best passage. passages: how many match; sections: the best of the others.

    alias: what customers say of it, where the query met it there.
    """

    article: Article
    anchor: str
    heading: tuple[str, ...]
    score: float
    title: Snippet
    snippet: Snippet
    matches: tuple[Match, ...]
    passages: int
    sections: tuple[Place, ...] = ()
    alias: Snippet | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to a search. total counts articles; facets: facet -> ((value, count), ...).

    widened: True when not every word was found together and any word was enough.
    suggestion: a better spelled query, or "". corrections: what was searched beside what was typed.
    notes: sentences about how the query was read. hidden: articles that only the filters keep away.
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
    corrections: tuple[Correction, ...] = ()


class Recalled(NamedTuple):
    """What verdicts on similar pastes say of an article, see kb.search.verdict_memory.

    evidence: -1 to 1. lift: what that adds to its score in the ranking. helpful, unhelpful: how many verdicts.
    """

    evidence: float
    lift: float
    helpful: int
    unhelpful: int


class Band(StrEnum):
    """How sure it is, as people read a score."""

    STRONG = "strong"
    MEDIUM = "medium"
    WEAK = "weak"
    RELATED = "related"  # no answer: of the same topic, perhaps another fault


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One article that may hold the fix.

    score: 0 to 1, see kb.search.confidence. band: strong, medium, weak, or related (see Suggestions).
    fix: Markdown of the section that tells what to do; fix_anchor links to it.
    fault: which of several faults it is about, from 1; 0 when the text tells of one.
    factor: what the answers to questions did to its odds. remembered: what was said of it after similar pastes.
    """

    article: Article
    anchor: str
    heading: tuple[str, ...]
    score: float
    band: Band
    fix: str
    fix_anchor: str
    snippet: Snippet
    matches: tuple[Match, ...]
    factor: float = 1.0
    remembered: Recalled | None = None
    fault: int = 0


class Recognised(NamedTuple):
    """An identifier of the paste; known counts the articles that hold it."""

    text: str
    kind: str
    known: int


class Question(NamedTuple):
    """What to ask to tell close suggestions apart, see kb.search.clarify.

    ask: its key, kind and value in one, such as "product:HP LaserJet P3015"; it travels with the answer.
    gain: bits that an answer is expected to tell. articles: numbers of the suggestions that hold it.
    """

    ask: str
    kind: str
    value: str
    gain: float
    articles: tuple[str, ...]


REPLIES = ("yes", "no", "unknown")
MAX_ANSWERS = 12
"""Answers that travel with one text."""


class Answer(NamedTuple):
    """What the customer said to a question. answer: one of REPLIES."""

    ask: str
    answer: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The answer to a paste. best: the top score even when it is below the threshold.

    faults: the pieces of a text that tells of several, which are answered apart.
    related: articles of the same topic, perhaps about another fault; they are no answer.

    areas, causes: (value, share) of the probable ones, best first. lines: (text, explained) of the paste.
    questions: those whose answers tell the suggestions apart best, if these are close; answers: those given.
    corrections: what was looked up beside what was typed.
    """

    suggestions: tuple[Suggestion, ...]
    best: float
    identifiers: tuple[Recognised, ...]
    areas: tuple[tuple[str, float], ...]
    causes: tuple[tuple[str, float], ...]
    lines: tuple[tuple[str, bool], ...]
    milliseconds: float
    truncated: bool = False
    questions: tuple[Question, ...] = ()
    answers: tuple[Answer, ...] = ()
    corrections: tuple[Correction, ...] = ()
    related: tuple[Suggestion, ...] = ()
    faults: tuple[str, ...] = ()


VERDICTS = ("helpful", "unhelpful")
SCOPES = ("metrics", "retrieval", "read", "write")
"""What a program's token allows; each allows what the ones before it do."""
TOKEN_DAYS = 365
"""How long a token works unless another time is asked for."""
TOKEN_MINUTE = 600
"""How many requests it may send in a minute unless another number is asked for."""


class Verdict(NamedTuple):
    """What somebody said of an article as an answer to a text. verdict: helpful or unhelpful; reason: why it is."""

    text: str
    article: str
    verdict: str
    reason: str = ""


OTHER_FAULT = "fault"
"""The reason that the text is about another fault: it says nothing of the article as an answer to its own."""


# --- what there is ---------------------------------------------------------------------------


class Completion(NamedTuple):
    """One line of the list. kind: code, product or article; text: what is shown; articles: how many hold it.

    article: the article itself, for that kind.
    """

    kind: str
    text: str
    articles: int = 1
    article: Article | None = None


class Occurrence(NamedTuple):
    """Where an identifier stands in one article: its best passage. Heading and anchor as in a Hit."""

    article: Article
    heading: tuple[str, ...]
    anchor: str
    snippet: Snippet


class CodePage(NamedTuple):
    """What is known of one identifier.

    text: as most passages write it. total: articles that hold it; places, counts: by kind of article, the best
    of each kind. areas, products: (value, articles) of those that hold it. related: identifiers that stand
    in the same passages; of each, articles that hold it anywhere.
    """

    text: str
    kind: str
    total: int
    places: dict[str, tuple[Occurrence, ...]]
    counts: dict[str, int]
    areas: tuple[tuple[str, int], ...]
    products: tuple[tuple[str, int], ...]
    related: tuple[Recognised, ...]


class FacetRow(NamedTuple):
    """One value of the first facet: its articles, and of these how many have each value of the second.

    counts: in the order of the columns.
    """

    value: str
    total: int
    counts: tuple[int, ...]


class ProductPage(NamedTuple):
    """What is known of one product. updated: newest first, some of each.

    causes: (cause, articles, the newest of them), cases alone; kinds: the same of manuals and questions.
    """

    name: str
    total: int
    areas: tuple[tuple[str, int], ...]
    tags: tuple[tuple[str, int], ...]
    causes: tuple[tuple[str, int, list[Article]], ...]
    kinds: tuple[tuple[str, int, list[Article]], ...]
    newest: list[Article]
    codes: tuple[Recognised, ...]


class Record(NamedTuple):
    """One text for a program that reads for itself.

    heading: titles down to its section; text: Markdown of what tells what to do.
    anchor: of that text on the article's page. score: 0 to 1, as everywhere.
    """

    article: Article
    heading: tuple[str, ...]
    text: str
    anchor: str
    score: float


class Coverage(NamedTuple):
    """How much of an index is searched by meaning.

    encoder: its name, "" for none, and then reason says why. passages: those in force that have a vector, of all.
    """

    encoder: str
    reason: str
    passages: int
    of: int


class Build(NamedTuple):
    """The build that an engine answers from. built: when, ISO; size: bytes; problems: what it left out, sentences."""

    name: str
    articles: int
    passages: int
    built: str
    size: int
    problems: tuple[str, ...]


class EngineState(NamedTuple):
    """How what finds articles is. state: ok, of files here; of a cluster green, yellow, red, read-only, slow, away or
    refused. answers: whether questions are answered; told: the sentence for people."""

    state: str
    answers: bool
    told: str


class Criterion(NamedTuple):
    """What the metadata of an article has to be. name: one of FACETS, or updated or created, which are days.

    comparison: contains, starts, ends or is, for a facet, where one of texts is enough (a value or its name, whatever
    its letter case); is, before, until, after or since, for a day; there, for any value. negated: it must not be so.
    """

    name: str
    comparison: str
    texts: tuple[str, ...] = ()
    day: date | None = None
    negated: bool = False


class Where(NamedTuple):
    """Which articles may be found. filters: as of a Query; conditions: all of them hold, or one where `any` is set.

    Drafts and archived articles are among them only when a condition is about the status.
    """

    filters: dict[str, tuple[str, ...]]
    conditions: tuple[Criterion, ...] = ()
    any: bool = False


# --- why it was not found --------------------------------------------------------------------


class Word(NamedTuple):
    """One word of the query against the article's best passage.

    text: as typed; kind: of its token; cut: the terms it was cut into. how: same, synonym (another word for it
    stands there), cut (the characters stand there, as other words), elsewhere (in another section), absent,
    unknown (in no article at all).
    written, field: how and where it stands there, or "". score: its part of the article's score.
    """

    text: str
    kind: str
    cut: tuple[str, ...]
    how: str
    written: str
    field: str
    score: float


class Stream(NamedTuple):
    """The tokens of one field of the article, (text, whether the query has it); field: as Match names them."""

    field: str
    tokens: tuple[tuple[str, bool], ...]


class Edge(NamedTuple):
    """A word by which the first hit is ahead: its part of that one's score, and of the article's."""

    word: str
    theirs: float
    ours: float


class Rival(NamedTuple):
    """The first hit, when it is another article."""

    article: Article
    score: float
    edges: tuple[Edge, ...]


class ReasonCode(StrEnum):
    """What kept an article away."""

    FOUND = "found"
    STATUS = "status"
    FILTER = "filter"
    DATE = "date"
    CONDITION = "condition"
    CORRECTED = "corrected"  # taken for misspelled
    NOTHING = "nothing"  # no word in common
    MISSING = "missing"  # a required word
    APART = "apart"  # all words, in different sections
    FEW = "few"  # too little of a sentence
    UNSURE = "unsure"  # below the threshold of suggestions
    WEIGHT = "weight"
    NOWHERE = "nowhere"  # of what the index does not have: there is no such file
    UNREADABLE = "unreadable"
    UNBUILT = "unbuilt"


class Reason(NamedTuple):
    """What kept the article away, and the sentence that tells it."""

    code: ReasonCode
    text: str


class Change(NamedTuple):
    """A remedy. kind: query, synonym, dictionary, alias or status; text: what to write.

    query: what to ask instead, for the first kind.
    """

    kind: str
    text: str
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One article and one query. mode: search or suggest.

    rank: the article's place among the total that are shown, 1-based, 0 when it is none of them.
    standing: its place by score alone among all articles but drafts and archived ones, 0 without a common word.
    score: as everywhere, 0 to 1 (kb.search.confidence). streams: the article's own words, best passage.
    """

    query: Query
    mode: str
    article: Article
    heading: tuple[str, ...]
    rank: int
    total: int
    standing: int
    score: float
    words: tuple[Word, ...]
    streams: tuple[Stream, ...]
    rival: Rival | None
    reason: Reason
    changes: tuple[Change, ...]


# --- what two articles have in common ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two articles that seem to say the same.

    kind: text or fault. sure: 0 to 1. overlap: how much of the texts is the same, 0 to 1.
    names: identifiers both hold, rarest first; words: what both titles say. As they stand in the first.
    """

    first: Article
    second: Article
    kind: str
    sure: float
    overlap: float
    names: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two wordings that seem to mean the same. how: brackets, alias or verdict, see
    kb.search.synonym_mining; score: evidence of its kind, higher is surer.

    line: as it would stand in synonyms.txt. evidence: (article's number or path, where the words stand).
    """

    left: str
    right: str
    how: str
    score: float
    evidence: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        return f"{self.left} {'=>' if self.how == 'verdict' else '='} {self.right}"
