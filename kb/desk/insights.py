"""This module answers a lead's questions: what do people miss, what helps, and what is in the way?

It reads the log (kb.database.activity) and the index; nothing here changes anything.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from json import loads
from statistics import median
from typing import NamedTuple

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from kb.articles.golden import same
from kb.database import tables
from kb.database.connection import Store
from kb.desk.gap_decisions import Decision, key_of
from kb.model import HIDDEN_STATUSES, OTHER_FAULT, VERDICTS, Article
from kb.search.confidence import MEDIUM, STRONG
from kb.search.engine import Engine
from kb.search.threshold import THRESHOLD
from kb.text.identifiers import CODE_KINDS, EXACT_KINDS

MAX_ROWS = 50_000
"""Verdicts of a period that are looked at, the newest ones; searches and visits are counted by the database."""
MAX_ASKED = 30_000
"""Searches whose articles are looked at, the newest ones."""
MAX_JUDGED = 5000
"""Verdicts that golden queries are proposed from, the newest ones."""
MAX_TEXTS = 400
"""Different texts that are grouped, the most frequent ones, of those asked as often the last."""
MAX_GROUPED = 600
"""Characters of a text that it is grouped by."""
ALIKE = 0.35
"""Cosine of two texts' words, weighed by rarity, from which on they ask for the same."""
MAX_ENCODED = 120
"""Groups that are compared by meaning as well, the most frequent ones: a question takes some three milliseconds."""
MEANT_ALIKE = 0.7
"""Cosine of two questions' meanings from which on they ask for the same: 密码忘了 and 重置密码 are at 0.73."""
SAMPLES = 5
UNUSED_AFTER = 30
"""Days in which a new article need not have been used."""

Likeness = Callable[[Sequence[str]], Sequence[Sequence[float]] | None]
"""Texts -> how near each is to each other one in meaning, None where no encoder is (kb.meaning.likeness)."""


class Week(NamedTuple):
    """What happened in seven days. start: their Monday.

    nothing: searches and pastes that found nothing; strong: those whose first article is a strong answer.
    """

    start: date
    searches: int
    pastes: int
    nothing: int
    helpful: int
    unhelpful: int
    strong: int = 0

    @property
    def asked(self) -> int:
        return self.searches + self.pastes

    @property
    def strong_share(self) -> float | None:
        return self.strong / self.asked if self.asked else None


class Gap(NamedTuple):
    """Texts that ask for the same and found nothing, or nothing sure. text: the most frequent of them.

    best: the highest score that any of them reached. decision: what a lead decided on it, None before; again: it was
    settled, and asked for since.
    """

    text: str
    times: int
    best: float
    last: datetime
    samples: tuple[str, ...]
    decision: Decision | None = None

    @property
    def again(self) -> bool:
        return self.decision is not None and self.decision.state == "done" and self.last > self.decision.at

    @property
    def open(self) -> bool:
        """Whether somebody still has to look at it."""
        return self.decision is None or self.decision.state == "open" or self.again


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


class _Said(NamedTuple):
    at: datetime
    article: str
    search: int | None
    text: str
    verdict: str
    reason: str


class _Asked(NamedTuple):
    """Searches and pastes that were shown the same articles. missed: how many of them found nothing sure."""

    shown: list[str]
    times: int
    missed: int


@dataclass(frozen=True)
class Doings:
    """The log of a period, read as far as it is asked for. since: its first moment; most: verdicts that are read."""

    store: Store
    since: datetime
    most: int = MAX_ROWS

    @cached_property
    def verdicts(self) -> list[_Said]:
        """The newest ones, oldest first."""
        w = tables.Verdict
        wanted = select(w.at, w.article, w.search, w.text, w.verdict, w.reason).where(w.at >= self.since)
        with self.store.reading() as session:
            rows = session.execute(wanted.order_by(w.id.desc()).limit(self.most)).all()
        return [_Said(*row) for row in reversed(rows)]

    @cached_property
    def asked(self) -> list[_Asked]:
        s = tables.Search
        newest = (
            select(cast(s.shown, Text).label("shown"), _one_if(_missed()).label("missed"))
            .where(s.at >= self.since)
            .order_by(s.id.desc())
            .limit(MAX_ASKED)
            .subquery()
        )
        wanted = select(newest.c.shown, func.count(), func.sum(newest.c.missed)).group_by(newest.c.shown)
        with self.store.reading() as session:
            rows = session.execute(wanted).all()
        return [_Asked(loads(names), times, missed) for names, times, missed in rows]

    @cached_property
    def visits(self) -> dict[str, tuple[int, datetime]]:
        """Article -> (how often it was opened, when last)."""
        v = tables.Visit
        wanted = select(v.article, func.count(), func.max(v.at)).where(v.at >= self.since).group_by(v.article)
        with self.store.reading() as session:
            return {article: (times, last) for article, times, last in session.execute(wanted).all()}


def doings(store: Store, days: int) -> Doings:
    """What people did in the last so many days. Whoever reads it raises StoreError."""
    return Doings(store, datetime.now(UTC) - timedelta(days=days))


def judged(store: Store, days: int) -> Doings:
    """The same with the newest MAX_JUDGED verdicts alone, for a table that needs no more."""
    return Doings(store, datetime.now(UTC) - timedelta(days=days), MAX_JUDGED)


def _missed() -> ColumnElement[bool]:
    """Nothing was found, or nothing sure. A search's words may be too few for a high score; a paste's are not."""
    s = tables.Search
    unsure = or_(and_(s.mode == "suggest", s.best < MEDIUM), and_(s.mode != "suggest", s.best < THRESHOLD))
    return or_(s.total == 0, unsure)


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def weeks(log: Doings) -> list[Week]:
    """The period week by week, weeks without anything too. Weeks begin when they do here, on a Monday."""
    monday, last = _monday(log.since), _monday(datetime.now(UTC))
    said: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for verdict in log.verdicts:
        said[_monday(verdict.at)][verdict.verdict] += 1
    out = []
    with log.store.reading() as session:
        while monday <= last:
            begin, end = max(_midnight(monday), log.since), _midnight(monday + timedelta(days=7))
            searches, pastes, nothing, strong = _counted(session, begin, end)
            helpful, unhelpful = (said[monday][verdict] for verdict in VERDICTS[:2])
            out.append(Week(monday, searches, pastes, nothing, helpful, unhelpful, strong))
            monday += timedelta(days=7)
    return out


def _counted(session: Session, begin: datetime, end: datetime) -> tuple[int, int, int, int]:
    """(searches, pastes, those that found nothing, those with a strong answer) between two moments."""
    s = tables.Search
    conditions = (s.mode == "search", s.mode == "suggest", s.total == 0, and_(s.total > 0, s.best >= STRONG))
    row = session.execute(select(*(func.sum(_one_if(c)) for c in conditions)).where(s.at >= begin, s.at < end)).one()
    searches, pastes, nothing, strong = (int(n or 0) for n in row)
    return searches, pastes, nothing, strong


def _midnight(day: date) -> datetime:
    """The beginning of a day by this machine's clock."""
    return datetime(day.year, day.month, day.day).astimezone()


def _monday(at: datetime) -> date:
    day = at.astimezone().date()
    return day - timedelta(days=day.weekday())


def outcome(log: Doings) -> Outcome:
    """How pastes ended."""
    s, v = tables.Search, tables.Verdict
    mine = (s.mode == "suggest", s.at >= log.since)
    timed = select(v.search, v.at, s.at).join(s, v.search == s.id).where(*mine).order_by(v.id.desc()).limit(log.most)
    first: dict[int, float] = {}
    with log.store.reading() as session:
        pastes, suggested = session.execute(select(func.count(), func.sum(_one_if(s.total > 0))).where(*mine)).one()
        for search, said, asked in session.execute(timed).all():
            seconds = (said - asked).total_seconds()
            first[int(search or 0)] = min(first.get(int(search or 0), seconds), seconds)
    verdicts = Counter(said.verdict for said in log.verdicts)
    return Outcome(
        pastes,
        int(suggested or 0),
        verdicts[VERDICTS[0]],
        verdicts[VERDICTS[1]],
        median(first.values()) if first else None,
    )


# --- gaps ------------------------------------------------------------------------------------


class _Wording(NamedTuple):
    """One text that found nothing sure, and how often."""

    text: str
    times: int
    best: float
    last: datetime


def gaps(
    log: Doings, engine: Engine, decisions: Mapping[str, Decision] | None = None, likeness: Likeness | None = None
) -> list[Gap]:
    """Searches without an answer, or with a doubtful one, grouped by what they ask for; most frequent first.

    decisions: by the key of a text (kb.desk.gap_decisions). likeness: groups are compared by their meaning as well,
    in whatever words or language; without it by their words alone.
    """
    groups = _by_words(_wordings(log), engine)
    groups.sort(key=lambda group: -sum(w.times for w in group))
    if likeness is not None:
        groups = _by_meaning(groups, engine, likeness)
    found = [_gap(group, decisions or {}) for group in groups]
    return sorted(found, key=lambda g: (-g.times, -g.last.timestamp()))


def _wordings(log: Doings) -> list[list[_Wording]]:
    """What was asked, texts that differ in blanks and letter case together, the most frequent first."""
    s = tables.Search
    last = func.max(s.at)
    wanted = (
        select(s.text, func.count(), func.max(s.best), last)
        .where(s.at >= log.since, s.text != "", _missed())
        .group_by(s.text)
        .order_by(func.count().desc(), last.desc())
        .limit(MAX_TEXTS)
    )
    asked: dict[str, list[_Wording]] = {}
    with log.store.reading() as session:
        for row in session.execute(wanted).all():
            asked.setdefault(same(row[0]), []).append(_Wording(*row))
    return sorted(asked.values(), key=lambda wordings: -sum(w.times for w in wordings))


def _by_words(asked: Sequence[list[_Wording]], engine: Engine) -> list[list[_Wording]]:
    groups: list[list[_Wording]] = []
    vectors: list[Mapping[str, float]] = []
    holding: defaultdict[str, list[int]] = defaultdict(list)
    for wordings in asked:
        vector = engine.vector(wordings[0].text[:MAX_GROUPED])
        shared: defaultdict[int, float] = defaultdict(float)
        for term, weight in vector.items():
            for number in holding[term]:
                shared[number] += weight * vectors[number][term]
        number, likeness = max(shared.items(), key=lambda item: item[1], default=(-1, 0.0))
        if likeness >= ALIKE:
            groups[number] += wordings
            continue
        for term in vector:
            holding[term].append(len(groups))
        groups.append(list(wordings))
        vectors.append(vector)
    return groups


def _by_meaning(groups: Sequence[list[_Wording]], engine: Engine, likeness: Likeness) -> list[list[_Wording]]:
    """The first MAX_ENCODED groups joined where they mean the same and name the same codes."""
    first = groups[:MAX_ENCODED]
    if len(first) < 2:
        return list(groups)
    texts = [group[0].text[:MAX_GROUPED] for group in first]
    cosines = likeness(texts)
    if cosines is None:
        return list(groups)
    codes = [{t.term for t in engine.tokens(text) if t.kind in EXACT_KINDS | CODE_KINDS} for text in texts]
    joined: dict[int, list[_Wording]] = {}
    for i, group in enumerate(first):
        same_codes = (j for j in joined if codes[j] == codes[i])
        near = max(same_codes, key=lambda j: cosines[i][j], default=None)
        if near is not None and cosines[i][near] >= MEANT_ALIKE:
            joined[near] += group
        else:
            joined[i] = list(group)
    return [*joined.values(), *groups[MAX_ENCODED:]]


def _gap(group: Sequence[_Wording], decisions: Mapping[str, Decision]) -> Gap:
    ordered = sorted(group, key=lambda w: (-w.times, -w.last.timestamp()))
    texts = [w.text for w in ordered[:SAMPLES]]
    decided = [decisions[key] for w in group if (key := key_of(w.text)) in decisions]
    return Gap(
        texts[0],
        sum(w.times for w in group),
        max(w.best for w in group),
        max(w.last for w in group),
        tuple(texts),
        max(decided, key=lambda d: d.at, default=None),
    )


# --- articles --------------------------------------------------------------------------------


def uses(log: Doings, engine: Engine) -> list[Use]:
    """Every article that is shown to readers, most used first: helpful, then opened, then shown.

    That a text was about another fault counts against none.
    """
    shown = Counter[str]()
    for asked in log.asked:
        for name in asked.shown:
            shown[name] += asked.times
    verdicts = Counter((said.article, said.verdict) for said in log.verdicts if said.reason != OTHER_FAULT)
    last = {article: at for article, (_, at) in log.visits.items()}
    for said in log.verdicts:
        last[said.article] = max(last.get(said.article, said.at), said.at)
    found = [
        Use(
            a,
            shown[a.id],
            log.visits.get(a.id, (0, log.since))[0],
            verdicts[a.id, VERDICTS[0]],
            verdicts[a.id, VERDICTS[1]],
            last.get(a.id),
        )
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
    for row in log.asked:
        first = by_number.get(row.shown[0]) if row.shown else None
        for value in _values(first, facet) if first else ():
            asked[value] += row.times
            unsure[value] += row.missed
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
