"""Parts: what lies somewhere is the sum of moves; nobody takes what is not there; the nearest store comes first."""

import multiprocessing
import random
import re

import pytest
from tablets import PARTS, POLICY, everything, imports, write

from kb.database.connection import Store
from kb.errors import InputError, NotFoundError
from kb.model.casework import Role
from kb.service.assets.stock import Stock, sums
from kb.service.cases import Author, Cases

LI = Author("李四", Role.LEAD)
POWER = "0231A0QN"


@pytest.fixture
def stock(store: Store) -> Stock:
    everything(store)
    return Stock(store)


@pytest.fixture
def case(stock: Stock, store: Store) -> str:
    given = {"channel": "phone", "customer": "省厅", "site": "分中心"}
    return Cases(store, POLICY).report("电源坏", given, LI).now.number


def shelves(stock: Stock, number: str = POWER) -> dict[str, int]:
    return {s.place.name: s.quantity for s in stock.shelves() if s.part.number == number}


def test_a_part_held_for_a_case_is_off_the_shelf(stock: Stock, case: str) -> None:
    """It lies with the case, goes back or to the customer, and no more of it than was held."""
    stock.move(POWER, 2, "济南库", "case", "李四", case=case)
    assert shelves(stock) == {"济南库": 1, "德州库": 1}
    assert [(s.place.kind, s.quantity) for s in stock.of_case(case)] == [("case", 2)]
    stock.move(POWER, 1, "case", "customer", "李四", case=case)
    stock.move(POWER, 1, "case", "济南库", "李四", case=case)
    assert shelves(stock) == {"济南库": 2, "德州库": 1}
    assert [(s.place.kind, s.quantity) for s in stock.of_case(case)] == [("customer", 1)]
    with pytest.raises(InputError, match="只有 0 件"):
        stock.move(POWER, 1, "case", "济南库", "李四", case=case)


def test_one_case_does_not_take_what_another_holds(stock: Stock, store: Store, case: str) -> None:
    """The place of cases is counted for each of them."""
    other = Cases(store, POLICY).report("也坏", {"channel": "phone"}, LI).now.number
    stock.move(POWER, 1, "济南库", "case", "李四", case=case)
    with pytest.raises(InputError, match="只有 0 件"):
        stock.move(POWER, 1, "case", "customer", "李四", case=other)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"quantity": 4}, "济南库 只有 3 件 0231A0QN（全新），不够 4 件"),
        ({"quantity": 0}, "数量应为 1 到"),
        ({"target": "济南库"}, "同一个地方"),
        ({"target": "青岛库"}, "没有库房 '青岛库'（有：德州库, 济南库, 济宁库"),
        ({"target": "case"}, "要写服务单号"),
        ({"target": "case", "case": "26-99999-9"}, "没有单号"),
        ({"condition": "shiny"}, "成色应为"),
        ({"condition": "repaired"}, "只有 0 件"),
    ],
)
def test_what_may_not_be_moved(stock: Stock, given: dict[str, object], told: str) -> None:
    """Each refusal says what would be right; nothing moved."""
    whole = {"quantity": 1, "source": "济南库", "target": "德州库", **given}
    with pytest.raises(InputError, match=re.escape(told)):
        stock.move(POWER, by="李四", **whole)  # type: ignore[arg-type]
    assert shelves(stock) == {"济南库": 3, "德州库": 1}


def test_less_than_nothing_only_when_it_is_said(stock: Stock) -> None:
    """As when the paper is behind the shelf; a count puts it right, with its reason."""
    stock.move(POWER, 5, "济南库", "德州库", "李四", anyway=True)
    assert shelves(stock) == {"济南库": -2, "德州库": 6}
    with pytest.raises(InputError, match="原因"):
        stock.count(POWER, "济南库", 0, "李四", " ")
    assert stock.count(POWER, "济南库", 0, "李四", "盘点") == 2
    assert stock.count(POWER, "济南库", 0, "李四", "盘点") == 0
    assert shelves(stock) == {"德州库": 6}
    assert stock.moves(POWER)[0][0].reason == "盘点"


def test_only_new_parts_unless_permitted(stock: Stock, case: str) -> None:
    """A repaired one goes to a customer with the name of who permitted it in writing."""
    stock.move(POWER, 1, "vendor", "济南库", "李四", condition="repaired")
    with pytest.raises(InputError, match="书面许可"):
        stock.move(POWER, 1, "济南库", "case", "李四", condition="repaired", case=case)
    stock.move(POWER, 1, "济南库", "case", "李四", condition="repaired", case=case, permit="省厅王工，邮件")
    assert stock.moves(POWER)[0][0].permit == "省厅王工，邮件"


def test_what_is_kept_by_serial(stock: Stock, store: Store) -> None:
    """One at a time, and only from where that one is."""
    write(store, "parts", "备件号,逐件,带序列号\nCTRL-1,,是\n")
    with pytest.raises(InputError, match="逐件管理"):
        stock.move("CTRL-1", 2, "vendor", "济南库", "李四", serial="A")
    stock.move("CTRL-1", 1, "vendor", "济南库", "李四", serial="A")
    stock.move("CTRL-1", 1, "vendor", "济南库", "李四", serial="B")
    stock.move("CTRL-1", 1, "济南库", "德州库", "李四", serial="A")
    with pytest.raises(InputError, match="没有序列号 A"):
        stock.move("CTRL-1", 1, "济南库", "德州库", "李四", serial="A")


def test_asked_twice_it_moves_once(stock: Stock) -> None:
    """A form that is sent again has the same key."""
    ids = {stock.move(POWER, 1, "济南库", "德州库", "李四", key="k") for _ in range(2)}
    assert len(ids) == 1
    assert shelves(stock) == {"济南库": 2, "德州库": 2}


def test_which_part_where_the_nearest_first(stock: Stock) -> None:
    """By the number in a fix, or whole as an article names it; equal parts beside it; broken ones are none."""
    near = {"济宁": ["济宁", "德州", "济南"]}
    [found] = stock.where(["更换电源（0231A0QN），再上电"], "德州", POLICY.near)
    assert [(s.place.name, s.quantity) for s in found.shelves] == [("德州库", 1), ("济南库", 3)]
    assert [(s.part.number, s.place.name) for s in found.instead] == [("0231A0QP", "济宁库")]
    [found] = stock.where(["交换机电源"], "济宁", near)
    assert [s.place.name for s in found.shelves] == ["德州库", "济南库"]
    stock.move(POWER, 1, "vendor", "济宁库", "李四", condition="broken")
    assert all(s.place.name != "济宁库" for s in stock.where([POWER], "济宁", near)[0].shelves)
    assert stock.where(["重启即可", ""], "", {}) == []


def test_what_runs_low(stock: Stock, case: str) -> None:
    """A part is listed when less lies in stores than should."""
    assert stock.below() == []
    stock.move(POWER, 1, "济南库", "case", "李四", case=case)
    assert [(part.number, n) for part, n in stock.below()] == [(POWER, 3)]


def test_an_import_of_counts_is_undone_by_moves(stock: Stock, store: Store) -> None:
    """The log of moves is never shortened; what is no longer there can't be taken back."""
    done = write(store, "parts", PARTS.replace("济南,3", "济南,9"))
    assert done.moves == 1
    assert shelves(stock)["济南库"] == 9
    imports(store).undo(done.id, "李四")
    assert shelves(stock)["济南库"] == 3
    assert len(stock.moves(POWER)) == 4
    done = write(store, "parts", "备件号,库房,数量\nX-100,济南库,2\n")
    stock.move("X-100", 2, "济南库", "德州库", "李四")
    with pytest.raises(InputError, match="只有 0 件"):
        imports(store).undo(done.id, "李四")
    with pytest.raises(NotFoundError):
        stock.moves("nirgends")


def test_stock_is_the_sum_of_moves(stock: Stock) -> None:
    """What the database adds up is what the moves say, one by one."""
    dice = random.Random(7)
    places = ["济南库", "德州库", "济宁库", "vendor", "transit"]
    for _ in range(40):
        source, target = dice.sample(places, 2)
        stock.move(POWER, dice.randint(1, 3), source, target, "李四", anyway=True)
    told = [(POWER, m.condition, a, b, m.quantity) for m, a, b in stock.moves(POWER)]
    by_hand = {place: n for (_, place, _), n in sums(told).items() if n}
    assert shelves(stock) == {p: n for p, n in by_hand.items() if p in ("济南库", "德州库", "济宁库")}


def _take(database: str, times: int) -> None:
    """What each process of the next test does: take one after the other, as long as there are any."""
    stock = Stock(Store(database))
    for _ in range(times):
        try:
            stock.move(POWER, 1, "济南库", "德州库", "李四")
        except InputError:
            return


def test_processes_that_take_at_once_never_take_too_many(stock: Stock, database: str) -> None:
    """Four of them want twelve, three are there."""
    spawn = multiprocessing.get_context("spawn")
    takers = [spawn.Process(target=_take, args=(database, 3)) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(60)
        assert taker.exitcode == 0
    assert shelves(stock) == {"德州库": 4}


def _shuffle(database: str, seed: int) -> None:
    """What each process of the next test does: moves, holds and counts at random; what is refused is left."""
    stock, dice = Stock(Store(database)), random.Random(seed)
    for _ in range(12):
        source, target = dice.sample(["济南库", "德州库", "济宁库"], 2)
        try:
            if dice.random() < 0.3:
                stock.count(POWER, source, dice.randint(0, 2), "李四", "盘点")
            else:
                stock.move(POWER, dice.randint(1, 2), source, target, "李四")
        except InputError:
            continue


def test_moves_and_counts_at_once_never_make_a_stock_negative(stock: Stock, database: str) -> None:
    """At no moment of the log: move by move, in the order in which they were written, no store falls below nothing."""
    spawn = multiprocessing.get_context("spawn")
    movers = [spawn.Process(target=_shuffle, args=(database, seed)) for seed in range(4)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(90)
        assert mover.exitcode == 0
    there: dict[str, int] = {}
    for move, source, target in reversed(stock.moves(POWER)):
        there[source] = there.get(source, 0) - move.quantity
        there[target] = there.get(target, 0) + move.quantity
        assert all(there.get(place, 0) >= 0 for place in ("济南库", "德州库", "济宁库")), move.id
    assert len(stock.moves(POWER)) > 10
