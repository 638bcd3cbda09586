"""The field pack: one file for a case, and what was typed in it read back, whole, once, by its own case alone."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tablets import POLICY, everything

from kb.database.connection import Store
from kb.errors import InputError
from kb.model.casework import Role
from kb.search.embedded import EmbeddedEngine
from kb.search.index import Index
from kb.service.assets.devices import Devices
from kb.service.assets.stock import Stock
from kb.service.cases import Author, Cases
from kb.service.fieldpack import field_pack
from kb.service.fieldwork import FieldWork, read
from kb.settings import Settings

LI = Author("李四", Role.ENGINEER)
CORE = "210235A1QDH18C000123"
DRAWN = "10,10 20,30 40,35;300,100"
FAULT = "HP P3015 打印机屏幕一直是 49.4C02 ERROR，关了再开还是"


@pytest.fixture
def cases(store: Store) -> Cases:
    everything(store)
    return Cases(store, POLICY)


@pytest.fixture
def number(cases: Cases) -> str:
    given = {"channel": "phone", "customer": "省厅", "site": "机房", "contact": "王工 13800138000", "device": CORE}
    return cases.report(FAULT, given, LI, at=datetime.now(UTC) - timedelta(hours=5)).now.number


def pack(cases: Cases, store: Store, settings: Settings, number: str, engine: Any = None) -> str:
    return field_pack(cases, store, engine, settings, number, "zh", {})[1]


def known(text: str) -> dict[str, str]:
    found = re.search(r'data-known="([^"]+)"', text)
    assert found
    told: dict[str, str] = json.loads(html.unescape(found[1]))
    return told


def ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def filled(told: dict[str, str], **said: Any) -> bytes:
    return json.dumps({**told, "saved": ago(0), **said}).encode()


WHOLE = {
    "left_at": "240", "arrived_at": "180", "acted_at": "120", "finished_at": "60",
    "diagnosis": "电源灯不亮", "measures": "换了电源", "restored": "yes", "verification": "通了", "cause": "hardware",
    "handling": "onsite", "signer": "王工", "strokes": DRAWN, "confirmed": "yes", "score": "5", "note": "门禁换了",
}  # fmt: skip


def hour_on_site(told: dict[str, str], **said: Any) -> bytes:
    times = {name: ago(int(value)) if name.endswith("_at") else value for name, value in WHOLE.items()}
    checks = [{"item": "备份配置", "done": True, "note": "U 盘"}]
    return filled(told, **{**times, "checks": checks, **said})


def test_one_file_has_all_of_it(
    cases: Cases, store: Store, number: str, built: Index, sample_settings: Settings
) -> None:
    """The case, its device and that one's history, the whole article, checklist, parts; nothing leads out of it."""
    earlier = cases.report("以前坏过", {"channel": "phone", "device": CORE}, LI).now.number
    Stock(store).move("0231A0QN", 1, "济南库", "case", "李四", case=number)
    text = pack(cases, store, sample_settings, number, EmbeddedEngine(built))
    for told in (
        "省厅",
        "经十路1号",
        "王工 13800138000",
        CORE,
        earlier,
        "KB-000012",
        "出示工牌",
        "0231A0QN",
        "49.4C02",
    ):
        assert told in text, told
    assert "存储介质" in text
    assert "default-src &#39;none&#39;" in text
    assert text.count("<script>") == 1


def test_what_was_typed_becomes_entries(cases: Cases, store: Store, number: str, sample_settings: Settings) -> None:
    """At the times at which it happened; seen first, then written; the case is restored, signed and confirmed."""
    Stock(store).move("0231A0QN", 2, "济南库", "case", "李四", case=number)
    told = known(pack(cases, store, sample_settings, number))
    raw = hour_on_site(told, parts=[{"number": "0231A0QN", "quantity": "1", "serial": ""}])
    work = FieldWork(store, cases)
    seen = work.bring(raw, LI, number)
    assert seen.new == len(seen.taken) == 12
    assert len(cases.find(number).log) == 1
    assert work.bring(raw, LI, number, keep=True).new == 12
    case = cases.find(number)
    assert (case.now.state, case.now.outcome, case.now.score, case.now.owner) == ("closed", "confirmed", 5, "李四")
    [piece] = cases.works(case)
    assert (str(piece.state), piece.signer, piece.strokes) == ("done", "王工", DRAWN)
    assert {str(k) for k in piece.reached} == {"left", "arrived", "acted", "finished", "signed"}
    assert piece.began is not None
    assert piece.began < case.now.closed  # type: ignore[operator]
    assert "☑ 备份配置：U 盘" in "\n".join(e.text for e in case.log)
    assert sorted((s.place.kind, s.quantity) for s in Stock(store).of_case(number)) == [("case", 1), ("customer", 1)]
    assert cases.check() == []


def test_the_same_file_twice_adds_nothing(cases: Cases, store: Store, number: str, sample_settings: Settings) -> None:
    """Nor does one that was saved again with other words: that is told; what is new is added."""
    Stock(store).move("0231A0QN", 2, "济南库", "case", "李四", case=number)
    told = known(pack(cases, store, sample_settings, number))
    work, parts = FieldWork(store, cases), [{"number": "0231A0QN", "quantity": "1"}]
    raw = filled(told, left_at=ago(50), diagnosis="甲", parts=parts)
    work.bring(raw, LI, keep=True)
    before = cases.find(number).now.version
    assert work.bring(raw, LI, keep=True).new == 0
    assert cases.find(number).now.version == before
    assert sorted(s.quantity for s in Stock(store).of_case(number)) == [1, 1]
    more = filled(told, left_at=ago(50), arrived_at=ago(20), diagnosis="乙", parts=parts)
    again = work.bring(more, LI, keep=True)
    assert again.new == 1
    assert [t.entry.action for t in again.taken if t.differs] == ["diagnose"]
    assert len(cases.works(cases.find(number))) == 1


def test_a_file_of_another_case_is_refused(cases: Cases, store: Store, number: str, sample_settings: Settings) -> None:
    """Whether it says so, or says otherwise; and one of another base, and what is no such file."""
    other = cases.report("另一单", {"channel": "phone"}, LI).now.number
    told = known(pack(cases, store, sample_settings, number))
    work = FieldWork(store, cases)
    with pytest.raises(InputError, match="不是"):
        work.bring(hour_on_site(told), LI, other)
    for changed in ({"case": other}, {"pack": "0" * 16}, {"signature": "0" * 32}, {"signature": ""}):
        with pytest.raises(InputError, match="不是这里的现场包"):
            work.bring(hour_on_site({**told, **changed}), LI)
    for raw in (b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"guzhi": 7}', b" " * 400_000):
        with pytest.raises(InputError):
            work.bring(raw, LI)
    assert len(cases.find(other).log) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"left_at": "10", "arrived_at": "60"}, "时间不对"),
        ({"arrived_at": "gestern"}, "时间不对"),
        ({"diagnosis": 7}, "diagnosis：应为文字"),
        ({"diagnosis": "x" * 20_001}, "diagnosis：应为文字"),
        ({"checks": [1]}, "checks：应为"),
        ({"checks": [{}] * 101}, "checks：应为"),
        ({"parts": [{"number": "0231A0QN", "quantity": "viele"}]}, "数量应为整数"),
        ({"parts": [{"number": "0231A0QN", "quantity": "3"}]}, "只有 0 件"),
        ({"signer": "王工", "strokes": "<svg>"}, "客户签字：.*strokes"),
        ({"restored": "yes", "measures": "好了"}, "恢复：缺少"),
        ({"work": "7", "left_at": "10"}, "出发：.*第 7 项"),
        ({}, "什么也没填"),
    ],
)
def test_all_or_nothing(
    cases: Cases, store: Store, number: str, sample_settings: Settings, said: dict[str, Any], told: str
) -> None:
    """What is wrong is named with its entry, and nothing of the file is written."""
    found = known(pack(cases, store, sample_settings, number))
    times = {n: ago(int(v)) if n.endswith("_at") and str(v).isdigit() else v for n, v in said.items()}
    with pytest.raises(InputError, match=told):
        FieldWork(store, cases).bring(filled(found, **times), LI, keep=True)
    assert len(cases.find(number).log) == 1


def test_an_exchange_on_site(cases: Cases, store: Store, number: str, sample_settings: Settings) -> None:
    """Both serials are kept, and the planned visit is the one that it was."""
    cases.add(number, "plan", LI, given={"of": "visit", "who": "李四"})
    told = known(pack(cases, store, sample_settings, number))
    raw = hour_on_site(told, work="1", old=CORE, new="210235A1QDH19C000999")
    FieldWork(store, cases).bring(raw, LI, keep=True)
    found = [(w.kind, str(w.state)) for w in cases.works(cases.find(number))]
    assert found == [("visit", "done"), ("exchange", "done")]
    assert Devices(store).find(CORE).row.state == "replaced"
    assert read(raw).said["new"] == "210235A1QDH19C000999"
