"""What people do is kept masked, bounded, and not at all when it is switched off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from kb.database import activity, tables
from kb.database.activity import MAX_TEXT, Feedback
from kb.database.connection import Store
from kb.errors import InputError
from kb.model import Verdict
from kb.settings import load
from kb.web import create_app


@pytest.fixture
def log(store: Store) -> Feedback:
    return Feedback(store, 365)


def searches(store: Store) -> list[tables.Search]:
    with store.session() as session:
        return list(session.scalars(select(tables.Search).order_by(tables.Search.id)))


def test_a_search_is_kept_masked_and_bounded(store: Store, log: Feedback) -> None:
    """No telephone number and no more than so many characters reach the database."""
    log.log_search("suggest", "打印机坏了，电话 13912345678 " + "长" * 2 * MAX_TEXT, ["KB-000001"], 3, 0.5, "v")
    (row,) = searches(store)
    assert "13912345678" not in row.text
    assert len(row.text) == MAX_TEXT
    assert (row.shown, row.total, row.best) == (["KB-000001"], 3, 0.5)


def test_a_text_that_is_still_typed_is_one_search(store: Store, log: Feedback) -> None:
    """The same visitor's row is continued; another's is not touched."""
    row = log.log_search("suggest", "打印", [], 0, 0.0, "v")
    assert log.log_search("suggest", "打印机卡纸", ["KB-000031"], 1, 0.7, "v", replaces=row) == row
    assert log.log_search("suggest", "别人的", [], 0, 0.0, "w", replaces=row) != row
    assert [r.text for r in searches(store)] == ["打印机卡纸", "别人的"]


def test_switched_off(store: Store) -> None:
    """With log_days 0 nothing is written, and a verdict is refused in words."""
    log = Feedback(store, 0)
    assert log.log_search("search", "卡纸", [], 0, 0.0, "v") is None
    log.log_visit("KB-000001", "v")
    with pytest.raises(InputError, match="log_days"):
        log.give_verdict("KB-000001", "helpful", "v")
    assert log.helped(["KB-000001"]) == {}
    assert searches(store) == []


def test_the_last_verdict_counts(log: Feedback) -> None:
    """One visitor has one verdict on a text and an article; it can be taken back, by nobody else."""
    log.give_verdict("KB-000001", "helpful", "v", "卡纸")
    row = log.give_verdict("KB-000001", "unhelpful", "v", "卡纸", reason="wrong")
    assert log.verdicts() == [Verdict("卡纸", "KB-000001", "unhelpful", reason="wrong")]
    assert log.given("v", "卡纸") == {"KB-000001": (row, "unhelpful")}
    assert not log.take_back(row, "w")
    assert log.take_back(row, "v")
    assert not log.take_back(row, "v")
    assert log.verdicts() == []


def test_helpful_ones_are_counted(log: Feedback) -> None:
    """By visitor and text; an article by itself counts too."""
    for visitor, text in (("v", "卡纸"), ("w", "卡纸"), ("v", "")):
        log.give_verdict("KB-000001", "helpful", visitor, text)
    log.give_verdict("KB-000002", "unhelpful", "v", "卡纸")
    assert log.helped(["KB-000001", "KB-000002", "KB-000003"]) == {"KB-000001": 3}
    assert log.most_helpful() == {"KB-000001": 3}
    assert len(log.verdicts()) == 3  # those without a text say nothing about texts


@pytest.mark.parametrize(("verdict", "reason"), [("good", ""), ("helpful", "because")])
def test_words_that_are_none_of_ours(log: Feedback, verdict: str, reason: str) -> None:
    with pytest.raises(InputError, match="可用"):
        log.give_verdict("KB-000001", verdict, "v", reason=reason)


def test_a_verdict_is_masked(store: Store, log: Feedback) -> None:
    log.give_verdict("KB-000001", "unhelpful", "v", "请回电 13912345678", comment="问 13912345678")
    with store.session() as session:
        row = session.scalars(select(tables.Verdict)).one()
        assert "139" not in row.text + row.comment


def test_the_state_changes_with_every_verdict(log: Feedback) -> None:
    """Given, given anew, taken back: who keeps what is remembered must notice."""
    states = [log.state()]
    log.give_verdict("KB-000001", "helpful", "v", "卡纸")
    states.append(log.state())
    row = log.give_verdict("KB-000001", "unhelpful", "v", "卡纸")
    states.append(log.state())
    log.take_back(row, "v")
    states.append(log.state())
    assert states[0] != states[1] != states[2] != states[3]


def test_what_is_old_is_forgotten(store: Store, log: Feedback) -> None:
    """Older than log_days: searches, visits and verdicts go, and a verdict outlives its search until then."""
    row = log.log_search("suggest", "卡纸", [], 0, 0.0, "v")
    log.log_visit("KB-000001", "v", row)
    log.give_verdict("KB-000001", "helpful", "v", "卡纸", row)
    with store.session() as session:
        session.execute(update(tables.Search).values(at=datetime.now(UTC) - timedelta(days=366)))
    log.forget()
    assert searches(store) == []
    with store.session() as session:
        assert session.scalars(select(tables.Verdict)).one().search is None
        session.execute(update(tables.Verdict).values(at=datetime.now(UTC) - timedelta(days=366)))
    log.forget()
    assert log.verdicts() == []


def test_only_so_many_are_kept(store: Store, log: Feedback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of searches, visits and verdicts alike, the newest, also within one day."""
    monkeypatch.setattr(activity, "MAX_ROWS", 3)
    monkeypatch.setattr(activity, "EVERY", 1)
    for n in range(5):
        log.log_search("search", str(n), [], 0, 0.0, "v")
        log.log_visit(str(n), "v")
        log.give_verdict(str(n), "helpful", "v", "卡纸")
    log.give_verdict("2", "unhelpful", "v", "卡纸")  # said once more, it is among the newest
    log.give_verdict("5", "helpful", "v", "卡纸")
    assert [r.text for r in searches(store)] == ["2", "3", "4"]
    with store.session() as session:
        assert list(session.scalars(select(tables.Visit.article).order_by(tables.Visit.id))) == ["2", "3", "4"]
    assert [v.article for v in log.verdicts()] == ["4", "2", "5"]


def test_switched_off_later(store: Store, database: str, tmp_path: Path) -> None:
    """When log_days becomes 0, what was kept before is forgotten as soon as the site starts."""
    log = Feedback(store, 365)
    log.give_verdict("KB-000001", "helpful", "v", "卡纸", log.log_search("suggest", "卡纸", [], 0, 0.0, "v"))
    log.log_visit("KB-000001", "v")
    create_app(load({"log_days": 0, "database": database}, tmp_path))
    with store.reading() as session:
        for table in (tables.Search, tables.Visit, tables.Verdict):
            assert session.scalars(select(table)).all() == []


def test_switched_off_makes_no_database(tmp_path: Path) -> None:
    """A site that keeps nothing needs no database to forget from."""
    settings = load({"log_days": 0}, tmp_path)
    create_app(settings)
    assert not Path(settings.database).exists()


def test_nobody_continues_the_visit_of_another(store: Store, log: Feedback) -> None:
    """A search's number is no secret; it counts for the visitor who made it, and for what it showed."""
    row = log.log_search("search", "卡纸", ["KB-000001"], 1, 0.0, "v")
    log.log_visit("KB-000001", "w", row)
    log.log_visit("KB-000002", "v", row)
    log.log_visit("KB-000001", "v", row)
    with store.session() as session:
        assert list(session.scalars(select(tables.Visit.search).order_by(tables.Visit.id))) == [None, None, row]


def test_what_is_old_goes_with_the_first_search_of_a_day(store: Store, log: Feedback) -> None:
    """Nobody has to call for it: a process that notes a search forgets what is too old, once a day."""
    old = datetime.now(UTC) - timedelta(days=366)
    with store.session() as session:
        session.add(tables.Visit(at=old, article="KB-000001", visitor="v"))
    log.log_search("search", "卡纸", [], 0, 0.0, "v")
    with store.session() as session:
        assert list(session.scalars(select(tables.Visit))) == []
        session.add(tables.Visit(at=old, article="KB-000001", visitor="v"))
    log.log_search("search", "卡纸", [], 0, 0.0, "v")
    with store.session() as session:
        assert len(list(session.scalars(select(tables.Visit)))) == 1
