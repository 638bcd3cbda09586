"""This module fills a database with the cases of a large desk: copies of made-up stories, moved in time.

A few hundred stories are written through the service itself, so that every row is what it really is; their rows are
copied under other numbers, customers and owners, by the quickest way that each database has.
"""

import json
import random
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from kb.database import tables
from kb.database.connection import Store
from kb.service import finding
from kb.service.cases import Cases
from kb.service.numbers import written
from kb.service.policy import shipped
from kb.service.sampling import _Teller

STORIES = 240
"""Closed ones, and as many that are still at work."""
YEARS = 2
CUSTOMERS, OWNERS, CODES = 400, 30, 3000
MAX_WORDS = 12
"""Words of a story that lead to its copies, beside a code of its own."""
AT_ONCE = 5000
TABLES = (tables.Case, tables.Event, tables.CaseClock, tables.CaseWord)
Row = dict[str, Any]


def fill(store: Store, still: int, closed: int, seed: int = 1) -> None:
    """Put in so many cases that are not closed, and closed ones of YEARS years."""
    rng, now = random.Random(seed), datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        aside = Store(str(Path(folder) / "stories.db"))
        done, at_work, policies = _stories(aside, rng, now)
        aside.close()
    moments = sorted(rng.random() for _ in range(closed))
    copies = [(rng.choice(done), now - timedelta(days=365 * YEARS * (1 - m) + 30)) for m in moments]
    copies += [(rng.choice(at_work), None) for _ in range(still)]
    with store.session() as session:
        session.add_all([tables.Policy(**row) for row in policies])
    words: list[Row] = []
    with _Writer(store) as writer:
        for first in range(0, len(copies), AT_ONCE):
            rows: dict[Any, list[Row]] = {table: [] for table in TABLES[:3]}
            for number, (story, opened) in enumerate(copies[first : first + AT_ONCE], first + 1):
                words += _copied(rows, story, number, opened, rng)
            for table, found in rows.items():
                writer.write(table, found)
        writer.write(tables.CaseWord, sorted(words, key=lambda row: (row["word"], row["case_id"])))
    with store.session() as session:
        if session.get_bind().dialect.name == "postgresql":  # its own process does so; of SQLite nobody does
            session.execute(text("ANALYZE"))


Story = dict[Any, list[Row]]


def _stories(store: Store, rng: random.Random, now: datetime) -> tuple[list[Story], list[Story], list[Row]]:
    """(closed ones, those at work, policies), each with its rows by table."""
    cases, teller = Cases(store, shipped()), _Teller(rng, [], now)
    for _ in range(STORIES):
        cases.bring(teller.story(now - timedelta(days=60 + 60 * rng.random())).until(now))
        cases.bring(teller.story(now - timedelta(minutes=5 + 90 * rng.random())).until(now))
    found: dict[int, Story] = {}
    with store.reading() as session:
        for table in TABLES:
            for row in session.scalars(select(table)):
                values = {c.name: getattr(row, c.key) for c in table.__table__.columns}
                of = values["id"] if table is tables.Case else values["case_id"]
                found.setdefault(of, {t: [] for t in TABLES})[table].append(values)
        policies = [{"digest": p.digest, "at": p.at, "text": p.text} for p in session.scalars(select(tables.Policy))]
    ended = [story for story in found.values() if story[tables.Case][0]["state"] == "closed"]
    return ended, [story for story in found.values() if story not in ended], policies


def _copied(
    rows: dict[Any, list[Row]], story: Story, number: int, opened: datetime | None, rng: random.Random
) -> Iterator[Row]:
    """Add the rows of a copy; the rows by which its words lead to it. opened: when it was reported, or None."""
    case = story[tables.Case][0]
    moved = opened - case["opened"] if opened else timedelta()
    customer, code = f"客户{int(CUSTOMERS * rng.random() ** 3) + 1}", f"e{rng.randrange(CODES)}"
    own = {"customer": customer, "number": written(10 + number // 90_000, number % 90_000 + 1)}
    own |= {
        "owner": f"人{rng.randrange(OWNERS)}" if case["owner"] and rng.random() < 0.9 else "",
        "title": f"{case['title']} {code}",
    }
    own |= {"parent": "", "merged_into": "", "follows": ""}
    rows[tables.Case].append(_moved(case, moved) | own | {"id": number})
    for event in story[tables.Event]:
        copy = _moved(event, moved) | {"case_id": number}
        del copy["id"]
        rows[tables.Event].append(copy)
    for clock in story[tables.CaseClock]:
        rows[tables.CaseClock].append(_moved(clock, moved) | {"case_id": number, "customer": customer})
    held = [row["word"] for row in story[tables.CaseWord][:MAX_WORDS]]
    return ({"word": word, "case_id": number} for word in {*held, *finding.words(code)})


def _moved(row: Row, by: timedelta) -> Row:
    return {name: value + by if isinstance(value, datetime) else value for name, value in row.items()}


class _Writer:
    """Writes rows past the object layer: millions of them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __enter__(self) -> "_Writer":
        with self.store.reading() as session:
            url = session.get_bind().engine.url  # type: ignore[union-attr]
        self.file = url.get_backend_name() == "sqlite"
        if self.file:
            self.raw: Any = sqlite3.connect(url.database, isolation_level=None)
            self.raw.execute("PRAGMA synchronous = OFF")
        else:
            import psycopg

            self.raw = psycopg.connect(
                url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.close()

    def write(self, table: Any, rows: Sequence[Row]) -> None:
        if not rows:
            return
        columns = list(rows[0])
        names = ", ".join(f'"{name}"' for name in columns)
        if self.file:
            marks = ", ".join("?" * len(columns))
            self.raw.execute("BEGIN")
            statement = f"INSERT INTO {table.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
            self.raw.executemany(statement, _plain(rows, _stamp))
            self.raw.execute("COMMIT")
            return
        with self.raw.cursor().copy(f"COPY {table.__tablename__} ({names}) FROM STDIN") as copy:
            for values in _plain(rows, lambda moment: moment):
                copy.write_row(values)


def _stamp(moment: datetime) -> str:
    """A moment as SQLAlchemy keeps it in SQLite."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _plain(rows: Iterable[Row], stamp: Any) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield tuple(
            json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else stamp(v) if isinstance(v, datetime) else v
            for v in row.values()
        )
