"""This module runs golden queries: at which place stands the article that has to be found?"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from kb.articles.golden import Golden
from kb.desk.paste import Paste, answer_paste
from kb.errors import NotFoundError
from kb.model import Query
from kb.search.engine import Engine

if TYPE_CHECKING:
    from kb.search.verdict_memory import Remembered
from kb.search.evaluate import DEPTH, Qrels, Run


class Outcome(NamedTuple):
    """What became of a golden query.

    rank: the best place of its articles, 1-based, 0 when none is among the first DEPTH.
    found: the articles that were shown (numbers), best first. missing: its articles that are not in the index.
    """

    golden: Golden
    rank: int
    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether an answer stands within the places that are good enough."""
        return 0 < self.rank <= self.golden.within


class Shift(NamedTuple):
    """Golden queries before and after a change, by the place of their article. broken: held before, no longer."""

    risen: tuple[str, ...]
    fallen: tuple[str, ...]
    broken: tuple[str, ...]
    same: int


def run(engine: Engine, queries: Iterable[Golden], remembered: "Remembered | None" = None) -> list[Outcome]:
    """Put the golden queries to an engine, as the site and the command line answer them.

    remembered: verdicts on texts of before.
    """
    return [_outcome(engine, golden, remembered) for golden in queries]


def _outcome(engine: Engine, golden: Golden, remembered: "Remembered | None") -> Outcome:
    wanted = set()
    missing = []
    for name in golden.articles:
        try:
            wanted.add(engine.article(name).id)
        except NotFoundError:
            missing.append(name)
    found = shown(engine, golden.query, golden.mode, remembered)
    rank = next((i for i, number in enumerate(found, 1) if number in wanted), 0)
    return Outcome(golden, rank, found, tuple(missing))


def shown(engine: Engine, text: str, mode: str, remembered: "Remembered | None" = None) -> tuple[str, ...]:
    """The numbers of the first DEPTH articles that are shown for a text, best first. mode: search or suggest."""
    if mode == "suggest":
        return tuple(s.article.id for s in answer_paste(engine, Paste(text, count=DEPTH), remembered).suggestions)
    return tuple(h.article.id for h in engine.search(Query(text, size=DEPTH)).hits)


def shift(before: Sequence[Outcome], after: Sequence[Outcome]) -> Shift:
    """What a change did to the same golden queries."""
    pairs = list(zip(before, after, strict=True))
    risen = tuple(b.golden.query for b, a in pairs if _place(a) < _place(b))
    fallen = tuple(b.golden.query for b, a in pairs if _place(a) > _place(b))
    broken = tuple(b.golden.query for b, a in pairs if b.holds and not a.holds)
    return Shift(risen, fallen, broken, len(pairs) - len(risen) - len(fallen))


def _place(outcome: Outcome) -> int:
    return outcome.rank or DEPTH + 1


def identity(golden: Golden) -> str:
    """A name of a golden query for a run file, the same as long as mode and text are."""
    mode, text = golden.key
    return f"{mode}-{blake2b(text.encode(), digest_size=5).hexdigest()}"


def as_run(outcomes: Iterable[Outcome]) -> Run:
    """Outcomes as a run that TREC's tools read."""
    return {identity(o.golden): [(d, float(DEPTH - i)) for i, d in enumerate(o.found)] for o in outcomes}


def as_qrels(queries: Iterable[Golden]) -> Qrels:
    """Golden queries as judgements, every article of grade 1."""
    qrels: Qrels = {}
    for golden in queries:
        qrels.setdefault(identity(golden), {}).update(dict.fromkeys(golden.articles, 1))
    return qrels
