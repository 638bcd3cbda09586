"""Numbers of cases: what the check digit notices, how they are read, and that none is given twice."""

import multiprocessing
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError
from kb.model import Query
from kb.model.casework import Role
from kb.search.autocomplete import complete
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import suggest
from kb.service import numbers
from kb.service.cases import Author, Cases
from kb.service.policy import shipped
from kb.text.check_digits import checks
from kb.text.tokens import Tokenizer

Write = Callable[[str, str], Path]

TODAY = date(2026, 11, 29)
PROCESSES, EACH = 6, 20
ME = Author("李四", Role.LEAD)


def test_a_misheard_digit_and_swapped_neighbours_are_noticed() -> None:
    """No single wrong digit, and no two neighbours that changed places, make another valid number."""
    for counter in range(1, 40_000, 97):
        digits = numbers.written(2026, counter).replace("-", "")
        for i, digit in enumerate(digits):
            assert not any(checks(digits[:i] + wrong + digits[i + 1 :]) for wrong in "0123456789" if wrong != digit)
        for i, (a, b) in enumerate(pairwise(digits)):
            assert a == b or not checks(digits[:i] + b + a + digits[i + 2 :])


@pytest.mark.parametrize(
    "text",
    ["26-00137-7", "26001377", "26-137-7", "26-00137", "26-137", "137", "00137", "２６－００１３７－７", " 26 - 137 "],
)
def test_one_number_in_many_forms(text: str) -> None:
    """As people type and say it."""
    assert numbers.read(text, TODAY) == "26-00137-7"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("26-00137-8", "校验位"),
        ("26-00173-7", "校验位"),
        ("", "26-00137-7"),
        ("KB-000001", "单号"),
        ("1-2-3-4", "单号"),
    ],
)
def test_what_is_no_number(text: str, part: str) -> None:
    """A wrong digit is told as one; anything else with how a number is written."""
    with pytest.raises(InputError, match=part):
        numbers.read(text, TODAY)


def test_it_grows() -> None:
    """The hundred thousandth case of a year has a longer number, and is read all the same."""
    number = numbers.written(2026, 123_456)
    assert numbers.read(number, TODAY) == number
    assert numbers.read(number.replace("-", ""), TODAY) == number
    assert numbers.parts(number) == ("26", 123_456)


@pytest.mark.parametrize(
    "text", ["见 26-00137-7。", "Re: [26-00137-7] 打印机", "单号26-00137-7的后续", "（２６－００１３７－７）"]
)
def test_it_is_one_token(text: str) -> None:
    """Search, completion and pastes know it as one identifier; 137 alone is none of its parts."""
    tokens = [t for t in Tokenizer().tokens(text) if any(c.isdigit() for c in t.term)]
    assert [(t.term, t.kind) for t in tokens] == [("26.137.7", "case"), ("26.137", "part")]


def _report(where: str, n: int) -> None:
    cases = Cases(Store(where), shipped())
    for i in range(EACH):
        cases.report(f"{n} {i}", {"channel": "program"}, ME)


def test_processes_draw_no_number_twice(store: Store, database: str) -> None:
    """Several processes report at once: each case has its own number, and none is left out."""
    context = multiprocessing.get_context("fork")
    started = [context.Process(target=_report, args=(database, n)) for n in range(PROCESSES)]
    for process in started:
        process.start()
    for process in started:
        process.join()
        assert process.exitcode == 0
    with store.reading() as session:
        found = sorted(session.scalars(select(tables.Case.number)))
    year = numbers.parts(found[0])[0]
    assert found == [numbers.written(int(year), n + 1) for n in range(PROCESSES * EACH)]


def test_a_report_that_comes_to_nothing_takes_no_number(store: Store) -> None:
    """What is refused is no case and leaves no gap."""
    cases = Cases(store, shipped())
    with pytest.raises(InputError, match="channel"):
        cases.report("x", {"channel": "pigeon"}, ME)
    assert numbers.parts(cases.report("x", {"channel": "fax"}, ME).now.number)[1] == 1


def test_a_lost_counter_gives_nothing_away(store: Store) -> None:
    """With the counter of an older backup no number is used again, and `check` puts it forward."""
    cases = Cases(store, shipped())
    first = cases.report("x", {"channel": "fax"}, ME).now.number
    with store.session() as session:
        session.execute(delete(tables.Number))
    assert any("编号" in sentence for sentence in cases.check())
    cases.rebuild()
    assert cases.check() == []
    assert numbers.parts(cases.report("y", {"channel": "fax"}, ME).now.number)[1] == numbers.parts(first)[1] + 1


@pytest.mark.parametrize("query", ["26-00137-7", "26-00137", "单号 26-00137-7"])
def test_search_and_completion_know_a_number(indexed: Callable[[], Index], write: Write, query: str) -> None:
    """An article that names a case is found by its number, whole or without the check digit, and by no other one."""
    write("a.md", "# 打印机卡纸\n\n出自 26-00137-7，换搓纸轮。\n")
    write("b.md", "# 打印机脱机\n\n出自 26-00138-9，共 137 台。\n")
    index = indexed()
    assert [hit.article.title for hit in search(index, Query(query)).hits] == ["打印机卡纸"]
    assert "26-00137-7" in [c.text for c in complete(index, "26-0013", 8)]
    recognised = suggest(index, "客户又提到 26-00137-7 那次的卡纸").identifiers
    assert [(i.text, i.kind, i.known) for i in recognised] == [("26-00137-7", "case", 1)]
