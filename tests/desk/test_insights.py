"""What a lead is told: gaps, outcomes, use, and what to do about them."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kb.database import tables
from kb.database.activity import Feedback
from kb.database.connection import Store
from kb.desk import insights
from kb.search.embedded import EmbeddedEngine
from kb.search.index import Index
from kb.settings import Settings

Write = Callable[[str, str], Path]
NOW = datetime.now(UTC)

ARTICLE = """\
---
id: {id}
kind: manual
title: {title}
area: {area}
product: [{product}]
created: 2025-01-01
review_after: {due}
status: {status}
---
# {title}

{title}，这样处理。
"""


@pytest.fixture
def engine(write: Write, indexed: Callable[[], Index]) -> EmbeddedEngine:
    for number, title, area, due, status in (
        ("KB-000001", "打印机卡纸", "printer", "2025-06-01", "published"),
        ("KB-000002", "交换机端口不亮", "network", "2099-01-01", "published"),
        ("KB-000003", "还没写完", "network", "2025-01-01", "draft"),
    ):
        text = ARTICLE.format(id=number, title=title, area=area, product="HP " + area, due=due, status=status)
        write(f"{number}.md", text)
    return EmbeddedEngine(indexed())


def searched(store: Store, *rows: tuple[str, str, float, list[str]], days: float = 0) -> None:
    """Rows of the log: mode, text, best score, numbers of the articles shown."""
    with store.session() as session:
        for mode, text, best, shown in rows:
            at = NOW - timedelta(days=days)
            session.add(
                tables.Search(at=at, mode=mode, text=text, total=len(shown), best=best, shown=shown, visitor="v")
            )


def test_gaps_group_what_asks_for_the_same(store: Store, engine: EmbeddedEngine) -> None:
    """The same fault in other words is one gap; what was found for sure is none."""
    searched(
        store,
        ("suggest", "投影仪 没有信号 HDMI 黑屏", 0.0, []),
        ("suggest", "投影仪 没有信号，黑屏了", 0.05, ["KB-000002"]),
        ("search", "投影仪 没有信号 HDMI 黑屏", 0.0, []),
        ("suggest", "空调滴水", 0.0, []),
        ("suggest", "打印机卡纸", 0.9, ["KB-000001"]),
        ("search", "打印机", 0.2, ["KB-000001"]),  # a word or two can't be sure, and found something
    )
    first, second = insights.gaps(insights.doings(store, 30), engine)
    assert (first.text, first.times, first.best) == ("投影仪 没有信号 HDMI 黑屏", 3, 0.05)
    assert set(first.samples) == {"投影仪 没有信号 HDMI 黑屏", "投影仪 没有信号，黑屏了"}
    assert (second.text, second.times) == ("空调滴水", 1)


def test_gaps_are_grouped_by_meaning(store: Store, engine: EmbeddedEngine) -> None:
    """Questions without a common word are one gap where they mean the same, but never with another code."""
    searched(
        store,
        *[("search", "密码忘了", 0.0, [])] * 2,
        ("search", "口令想不起来", 0.0, []),
        ("search", "空调滴水", 0.0, []),
        ("search", "报错 E-1001", 0.0, []),
        ("search", "报错 E-2002", 0.0, []),
    )
    axes = {"密": [1.0, 0.0], "口": [0.9, 0.435], "空": [0.0, 1.0], "报": [-1.0, 0.0]}
    log = insights.doings(store, 30)

    def cosines(texts: Sequence[str]) -> list[list[float]]:
        vectors = [axes[text[0]] for text in texts]
        return [[a * c + b * d for c, d in vectors] for a, b in vectors]

    meant = insights.gaps(log, engine, likeness=cosines)
    assert (meant[0].times, set(meant[0].samples)) == (3, {"密码忘了", "口令想不起来"})
    assert {"报错 E-1001", "报错 E-2002"} <= {g.text for g in meant} | {t for g in meant for t in g.samples}
    assert len(meant) == len(insights.gaps(log, engine)) - 1
    assert insights.gaps(log, engine, likeness=lambda _: None) == insights.gaps(log, engine)


def test_a_gap_ends_with_the_period(store: Store, engine: EmbeddedEngine) -> None:
    searched(store, ("suggest", "空调滴水", 0.0, []), days=31)
    assert insights.gaps(insights.doings(store, 30), engine) == []
    assert len(insights.gaps(insights.doings(store, 90), engine)) == 1


def test_weeks_without_anything_are_there(store: Store) -> None:
    """Every Monday of the period is a row; what happened is in its own."""
    searched(store, ("search", "卡纸", 0.0, []), ("suggest", "卡纸", 0.5, ["KB-000001"]))
    searched(store, ("search", "卡纸", 0.5, ["KB-000001"]), days=21)
    found = insights.weeks(insights.doings(store, 30))
    assert all(b.start - a.start == timedelta(days=7) for a, b in pairwise(found))
    assert found[-1][1:4] == (1, 1, 1)
    assert (found[-1].strong, found[-1].strong_share) == (0, 0.0)
    assert sum(w.searches for w in found) == 2
    assert found[-1].start.weekday() == 0


def test_what_became_of_pastes(store: Store) -> None:
    """The time to a verdict is the median of each paste's first one."""
    log = Feedback(store, 365)
    rows = [log.log_search("suggest", f"卡纸 {n}", ["KB-000001"][: n % 2], n % 2, 0.5, "v") for n in range(4)]
    log.give_verdict("KB-000001", "helpful", "v", "卡纸 1", rows[1])
    log.give_verdict("KB-000002", "unhelpful", "v", "卡纸 1", rows[1])
    found = insights.outcome(insights.doings(store, 30))
    assert found[:4] == (4, 2, 1, 1)
    assert found.seconds is not None
    assert 0 <= found.seconds < 600


def test_use_stale_and_unused(store: Store, engine: EmbeddedEngine) -> None:
    """Drafts are nobody's business here; an article is used when it was opened or judged, not when it was shown."""
    log = Feedback(store, 365)
    searched(store, ("search", "端口", 0.5, ["KB-000002", "KB-000001"]))
    log.log_visit("KB-000001", "v")
    log.give_verdict("KB-000001", "helpful", "v")
    used, idle = insights.uses(insights.doings(store, 30), engine)
    assert (used.article.id, used.shown, used.opened, used.helpful) == ("KB-000001", 1, 1, 1)
    assert (idle.article.id, idle.shown, idle.last) == ("KB-000002", 1, None)
    assert [u.article.id for u in insights.unused([used, idle], date.today())] == ["KB-000002"]
    assert insights.unused([used, idle], date(2025, 1, 20)) == []  # new ones have time
    assert [a.id for a in insights.stale(engine, date.today())] == ["KB-000001"]


def test_demand_and_supply(store: Store, engine: EmbeddedEngine) -> None:
    """A search counts for the area and the products of what it found first."""
    searched(store, ("search", "端口", 0.5, ["KB-000002"]), ("suggest", "端口", 0.2, ["KB-000002"]))
    log = insights.doings(store, 30)
    assert insights.demand(log, engine, "area") == [("network", 1, 2, 1), ("printer", 1, 0, 0)]
    assert insights.demand(log, engine, "product")[0] == ("HP network", 1, 2, 1)


def test_what_may_become_golden(store: Store, engine: EmbeddedEngine) -> None:
    """Texts that an article helped and nobody contradicted, and that are not golden already."""
    log = Feedback(store, 365)
    log.give_verdict("KB-000001", "helpful", "v", "卡纸了")
    log.give_verdict("KB-000001", "helpful", "w", "卡纸了")
    log.give_verdict("KB-000002", "helpful", "v", "不亮")
    log.give_verdict("KB-000002", "unhelpful", "w", "不亮")
    log.give_verdict("KB-000002", "helpful", "v", "灯 灭了")
    log.give_verdict("KB-000099", "helpful", "v", "没有这一篇")
    found = insights.promotions(insights.doings(store, 30), engine, ["灯  灭了"])
    assert [(p.text, p.article.id, p.helpful) for p in found] == [("卡纸了", "KB-000001", 2)]


def test_nothing_happened(store: Store, engine: EmbeddedEngine, settings: Settings) -> None:
    log = insights.doings(store, 30)
    assert insights.gaps(log, engine) == []
    assert insights.outcome(log) == (0, 0, 0, 0, None)
    assert sum(sum(w[1:]) for w in insights.weeks(log)) == 0
    assert {w.strong_share for w in insights.weeks(log)} == {None}


def test_verdicts_alone_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only needs verdicts reads the newest of them, and neither searches nor visits."""
    for visitor in "vw":
        Feedback(store, 365).give_verdict("KB-000001", "helpful", visitor, "卡纸了")
    searched(store, ("search", "卡纸", 0.5, ["KB-000001"]))
    whole = insights.doings(store, 30)
    assert len(whole.verdicts) == 2
    assert insights.judged(store, 30).verdicts == whole.verdicts
    monkeypatch.setattr(insights, "MAX_JUDGED", 1)
    assert insights.judged(store, 30).verdicts == whole.verdicts[-1:]
