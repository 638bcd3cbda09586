"""This module answers a lead's questions: what do people miss, what helps, and what is in the way?

It reads the log (kb.database.activity) and the index; nothing here changes anything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kb.articles.golden import same
from kb.database import tables
from kb.database.connection import Store
from kb.model import HIDDEN_STATUSES, OTHER_FAULT, VERDICTS, Article
from kb.search.confidence import MEDIUM
from kb.search.engine import Engine
from kb.search.threshold import THRESHOLD

Moment = InstrumentedAttribute[datetime]
Number = InstrumentedAttribute[int]

MAX_ROWS = 50_000
"""Searches, visits and verdicts of a period that are looked at, the newest ones."""
MAX_JUDGED = 5000
"""Verdicts that golden queries are proposed from, the newest ones."""
MAX_TEXTS = 1500
"""Different texts that are grouped."""
MAX_GROUPED = 600
"""Characters of a text that it is grouped by."""
ALIKE = 0.35
"""Cosine of two texts' words, weighed by rarity, from which on they ask for the same."""
SAMPLES = 5
UNUSED_AFTER = 30
"""Days in which a new article need not have been used."""


class Week(NamedTuple):
    """What happened in seven days. start: their Monday; nothing: searches and pastes that found nothing."""

    start: date
    searches: int
    pastes: int
    nothing: int
    helpful: int
    unhelpful: int


class Gap(NamedTuple):
    """Texts that ask for the same and found nothing, or nothing sure. text: the most frequent of them.

    best: the highest score that any of them reached.
    """

    text: str
    times: int
    best: float
    last: datetime
    samples: tuple[str, ...]


class Use(NamedTuple):
    """How an article was used. shown: among the first results; last: its last use, None when there was none."""

    article: Article
    shown: int
    opened: int
    helpful: int
    unhelpful: int
    last: datetime | None


class Outcome(NamedTuple):
    """What became of pastes. seconds: median time from a paste to its first verdict, None without any."""

    pastes: int
    suggested: int
    helpful: int
    unhelpful: int
    seconds: float | None


class Demand(NamedTuple):
    """One value of a facet: what there is, and how much it is asked for. unsure: searches near it without answer."""

    value: str
    articles: int
    searches: int
    unsure: int


class Promotion(NamedTuple):
    """A text and the article that helped it, to be kept as a golden query."""

    text: str
    article: Article
    helpful: int


class _Found(NamedTuple):
    id: int
    at: datetime
    mode: str
    text: str
    total: int
    best: float
    shown: list[str]


class _Said(NamedTuple):
    at: datetime
    article: str
    search: int | None
    text: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Doings:
    """The log of a period, oldest first. since: its first moment."""

    since: datetime
    searches: list[_Found] = field(default_factory=list)
    visits: list[tuple[datetime, str]] = field(default_factory=list)
    verdicts: list[_Said] = field(default_factory=list)


def doings(store: Store, days: int) -> Doings:
    """What people did in the last so many days. Raises StoreError."""
    since = datetime.now(UTC) - timedelta(days=days)
    s, v = tables.Search, tables.Visit
    with store.reading() as session:
        return Doings(
            since,
            [
                _Found(*row)
                for row in _rows(session, since, MAX_ROWS, s.id, s.at, s.mode, s.text, s.total, s.best, s.shown)
            ],
            [(at, article) for _, at, article in _rows(session, since, MAX_ROWS, v.id, v.at, v.article)],
            _said(session, since, MAX_ROWS),
        )


def judged(store: Store, days: int) -> Doings:
    """Of what people did the newest MAX_JUDGED verdicts alone, for a table that needs no more. Raises StoreError."""
    since = datetime.now(UTC) - timedelta(days=days)
    with store.reading() as session:
        return Doings(since, verdicts=_said(session, since, MAX_JUDGED))


def _said(session: Session, since: datetime, most: int) -> list[_Said]:
    w = tables.Verdict
    columns = (w.id, w.at, w.article, w.search, w.text, w.verdict, w.reason)
    return [_Said(*row[1:]) for row in _rows(session, since, most, *columns)]


def _rows(
    session: Session, since: datetime, most: int, number: Number, at: Moment, *columns: Any
) -> Iterator[tuple[Any, ...]]:
    """The newest rows since then, oldest first."""
    wanted = select(number, at, *columns).where(at >= since).order_by(number.desc()).limit(most)
    return (tuple(row) for row in reversed(session.execute(wanted).all()))


def weeks(log: Doings) -> list[Week]:
    """The period week by week, weeks without anything too."""
    counts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for row in log.searches:
        counts[_monday(row.at)][row.mode] += 1
        counts[_monday(row.at)]["nothing"] += row.total == 0
    for said in log.verdicts:
        counts[_monday(said.at)][said.verdict] += 1
    monday, last = _monday(log.since), _monday(datetime.now(UTC))
    out = []
    while monday <= last:
        c = counts[monday]
        out.append(Week(monday, c["search"], c["suggest"], c["nothing"], c[VERDICTS[0]], c[VERDICTS[1]]))
        monday += timedelta(days=7)
    return out


def _monday(at: datetime) -> date:
    day = at.astimezone().date()
    return day - timedelta(days=day.weekday())


def outcome(log: Doings) -> Outcome:
    """How pastes ended."""
    pastes = {row.id: row for row in log.searches if row.mode == "suggest"}
    first: dict[int, float] = {}
    for said in log.verdicts:
        if said.search in pastes:
            seconds = (said.at - pastes[said.search].at).total_seconds()
            first[said.search] = min(first.get(said.search, seconds), seconds)
    verdicts = Counter(said.verdict for said in log.verdicts)
    return Outcome(
        len(pastes),
        sum(row.total > 0 for row in pastes.values()),
        verdicts[VERDICTS[0]],
        verdicts[VERDICTS[1]],
        median(first.values()) if first else None,
    )


# --- gaps ------------------------------------------------------------------------------------


def gaps(log: Doings, engine: Engine) -> list[Gap]:
    """Searches without an answer, or with a doubtful one, grouped by what they ask for; most frequent first."""
    asked: dict[str, list[_Found]] = {}
    for row in reversed(log.searches):
        if row.text and _missed(row):
            asked.setdefault(same(row.text), []).append(row)
    groups: list[list[_Found]] = []
    vectors: list[Mapping[str, float]] = []
    holding: defaultdict[str, list[int]] = defaultdict(list)
    for rows in sorted(list(asked.values())[:MAX_TEXTS], key=len, reverse=True):
        vector = engine.vector(rows[0].text[:MAX_GROUPED])
        shared: defaultdict[int, float] = defaultdict(float)
        for term, weight in vector.items():
            for number in holding[term]:
                shared[number] += weight * vectors[number][term]
        number, likeness = max(shared.items(), key=lambda item: item[1], default=(-1, 0.0))
        if likeness >= ALIKE:
            groups[number] += rows
            continue
        for term in vector:
            holding[term].append(len(groups))
        groups.append(list(rows))
        vectors.append(vector)
    found = [_gap(group) for group in groups]
    return sorted(found, key=lambda g: (-g.times, -g.last.timestamp()))


def _missed(row: _Found) -> bool:
    """A search's words may be too few for a high score; a paste's are not."""
    return row.total == 0 or row.best < (MEDIUM if row.mode == "suggest" else THRESHOLD)


def _gap(rows: Sequence[_Found]) -> Gap:
    texts = Counter(row.text for row in rows)
    ordered = [text for text, _ in texts.most_common(SAMPLES)]
    return Gap(ordered[0], len(rows), max(r.best for r in rows), max(r.at for r in rows), tuple(ordered))


# --- articles --------------------------------------------------------------------------------


def uses(log: Doings, engine: Engine) -> list[Use]:
    """Every article that is shown to readers, most used first: helpful, then opened, then shown.

    That a text was about another fault counts against none.
    """
    shown = Counter(name for row in log.searches for name in row.shown)
    opened = Counter(article for _, article in log.visits)
    verdicts = Counter((said.article, said.verdict) for said in log.verdicts if said.reason != OTHER_FAULT)
    last: dict[str, datetime] = {}
    for at, article in (*log.visits, *((said.at, said.article) for said in log.verdicts)):
        last[article] = max(last.get(article, at), at)
    found = [
        Use(a, shown[a.id], opened[a.id], verdicts[a.id, VERDICTS[0]], verdicts[a.id, VERDICTS[1]], last.get(a.id))
        for a in _readable(engine)
    ]
    return sorted(found, key=lambda u: (-u.helpful, -u.opened, -u.shown, u.unhelpful, u.article.id))


def stale(engine: Engine, today: date) -> list[Article]:
    """Articles whose review is overdue, longest first."""
    due = [a for a in _readable(engine) if a.review_after and a.review_after < today]
    return sorted(due, key=lambda a: (a.review_after or today, a.id))


def unused(found: Iterable[Use], today: date) -> list[Use]:
    """Articles that nobody opened or judged in the period, but new ones; oldest first."""
    before = today - timedelta(days=UNUSED_AFTER)
    idle = (u for u in found if u.last is None and (u.article.updated or u.article.created or date.min) < before)
    return sorted(idle, key=lambda u: (u.article.updated or u.article.created or date.min, u.article.id))


def _readable(engine: Engine) -> Iterator[Article]:
    return (a for a in engine.articles() if a.status not in HIDDEN_STATUSES)


def demand(log: Doings, engine: Engine, facet: str) -> list[Demand]:
    """Values of a facet by what is there and what is asked for: searches count for their first result's values."""
    by_number = {a.id: a for a in _readable(engine)}
    there, asked, unsure = Counter[str](), Counter[str](), Counter[str]()
    for article in by_number.values():
        there.update(_values(article, facet))
    for row in log.searches:
        first = by_number.get(row.shown[0]) if row.shown else None
        for value in _values(first, facet) if first else ():
            asked[value] += 1
            unsure[value] += _missed(row)
    found = [Demand(v, there[v], asked[v], unsure[v]) for v in there | asked]
    return sorted(found, key=lambda d: (-d.searches, -d.articles, d.value))


def _values(article: Article, facet: str) -> tuple[str, ...]:
    value = getattr(article, facet)
    return value if isinstance(value, tuple) else (value,) if value else ()


def promotions(log: Doings, engine: Engine, golden: Iterable[str]) -> list[Promotion]:
    """Texts that an article helped and nobody said otherwise, that are no golden query yet; most helpful first.

    golden: the texts of the golden queries.
    """
    known = {same(text) for text in golden}
    by_number = {a.id: a for a in _readable(engine)}
    said: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    texts: dict[str, str] = {}
    for row in log.verdicts:
        if row.text and row.article in by_number:
            texts[same(row.text)] = row.text
            said[same(row.text), row.article][row.verdict] += 1
    found = [
        Promotion(texts[key], by_number[article], counts[VERDICTS[0]])
        for (key, article), counts in said.items()
        if key not in known and counts[VERDICTS[0]] and not counts[VERDICTS[1]]
    ]
    return sorted(found, key=lambda p: -p.helpful)
