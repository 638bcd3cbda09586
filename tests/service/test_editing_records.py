"""Editing by hand: over the version that was seen, checked as an import is, kept so that it can be taken back."""

import pytest
from tablets import POLICY, everything, imports

from kb.database.connection import Store
from kb.errors import ConflictError, InputError, NotFoundError
from kb.model.casework import Role
from kb.service.assets.customers import Customers
from kb.service.assets.devices import Devices
from kb.service.assets.editing import Editing, before_and_after
from kb.service.assets.known import filled_in, with_answers
from kb.service.cases import Author, Cases
from kb.service.policy import read

LI = Author("李四", Role.LEAD)
CORE = "210235A1QDH18C000123"


@pytest.fixture
def editing(store: Store) -> Editing:
    everything(store)
    return Editing(store, POLICY)


def number_of(store: Store, name: str = "省厅") -> int:
    return Customers(store).find(name).row.id


def test_two_editors_lose_nothing(editing: Editing, store: Store) -> None:
    """The second is told who changed it, and nothing of his is written over it; having seen it, he may."""
    number = number_of(store)
    seen = editing.show("customers", number).version
    editing.save("customers", number, {"note": "甲"}, "王五", seen)
    with pytest.raises(ConflictError, match="王五刚改过"):
        editing.save("customers", number, {"note": "乙"}, "李四", seen)
    assert Customers(store).find("省厅").row.note == "甲"
    again = editing.show("customers", number).version
    editing.save("customers", number, {"note": "甲乙"}, "李四", again)
    assert Customers(store).find("省厅").row.note == "甲乙"
    told = [before_and_after(change) for change in editing.changes("customers", number)]
    assert told == [[("备注", "甲", "甲乙")], [("备注", "", "甲")]]


def test_an_edit_is_taken_back_like_an_import(editing: Editing, store: Store) -> None:
    """By its number; what was changed since keeps it."""
    number = number_of(store)
    first = editing.save("customers", number, {"promises": "standard", "aliases": "厅里、省厅"}, "王五")
    second = editing.save("customers", number, {"promises": "telecom"}, "王五")
    with pytest.raises(InputError, match="之后改过"):
        imports(store).undo(first.change, "李四")
    imports(store).undo(second.change, "李四")
    imports(store).undo(first.change, "李四")
    assert Customers(store).find("省厅").row.aliases == ["省厅"]
    assert editing.save("customers", number, {"aliases": "省厅"}, "王五").change == 0


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("customers", {"name": " "}, "没有写客户"),
        ("customers", {"name": "农商行"}, "已经有 农商行"),
        ("customers", {"promises": "gold"}, "service.yml 里没有 promises 'gold'"),
        ("customers", {"colour": "red"}, "没有名为 colour 的项"),
        ("contracts", {"starts": "2030-01-01", "ends": "2029-01-01"}, "合同的结束在开始之前"),
        ("contracts", {"ends": "下个月"}, "应为日期"),
        ("contacts", {"phone": "没有"}, "'没有' 不是电话"),
        ("devices", {"warranty_until": "2020-01-01"}, "质保到期在终验之前"),
        ("devices", {"serial": "-"}, "至少要有三个字母或数字"),
        ("devices", {"serial": "210235A1QDH18C000124"}, "已经有"),
        ("devices", {"customer": "市局"}, "没有客户“市局”"),
        ("devices", {"customer": "农商行", "site": "机房"}, "没有 site '机房'"),
        ("parts", {"minimum": "多"}, "应为整数"),
    ],
)
def test_what_is_refused(editing: Editing, store: Store, kind: str, given: dict[str, str], told: str) -> None:
    """In the words of an import; the row stays as it was."""
    before = editing.show(kind, 1)
    with pytest.raises(InputError, match=told):
        editing.save(kind, 1, given, "李四")
    assert editing.show(kind, 1) == before


def test_new_rows_and_emptied_ones(editing: Editing, store: Store) -> None:
    """A site, a contact and a contract of a customer; what is given empty becomes empty; days are days."""
    number = number_of(store)
    site = editing.save("sites", 0, {"name": "新机房", "city": "德州"}, "李四", customer=number)
    editing.save("contacts", 0, {"name": "孙工", "phone": "139 0000 0001"}, "李四", customer=number)
    editing.save("contracts", 0, {"number": "HT-9", "kind": "维保", "calendar": "always"}, "李四", customer=number)
    editing.save("sites", site.number, {"city": ""}, "李四")
    found = Customers(store).find("省厅")
    assert [(s.name, s.city) for s in found.sites][-1] == ("新机房", "")
    assert found.contacts[-1].phone == "13900000001"
    assert (found.contracts[-1].kind, found.contracts[-1].ends) == ("maintenance", None)
    editing.save("customers", number, {"aliases": "", "calendar": ""}, "李四")
    assert Customers(store).find("山东省厅").row.aliases == []
    made = editing.save("devices", 0, {"product": "X", "serial": "SN-1", "versions": "", "accepted": ""}, "李四")
    assert editing.save("devices", made.number, {"versions": "", "state": "spare"}, "李四").change
    with pytest.raises(NotFoundError):
        editing.save("sites", 0, {"name": "x"}, "李四", customer=999)
    with pytest.raises(NotFoundError):
        editing.show("sites", 999)


def test_a_device_moves_to_another_customer(editing: Editing, store: Store) -> None:
    """It leaves site and contract of the former one behind; its dates are real days."""
    known = Devices(store).find(CORE)
    editing.save("devices", known.row.id, {"customer": "农商行", "maintained_until": "2030-01-31"}, "李四")
    moved = Devices(store).find(CORE)
    assert (moved.customer, moved.site, moved.contract) == ("农商行", "", "")
    assert str(moved.row.maintained_until) == "2030-01-31"
    assert editing.show("devices", known.row.id).values["versions"] == "软件=7.1.070"


def test_a_customer_who_is_renamed_is_found_by_the_former_name(editing: Editing, store: Store) -> None:
    """So that the cases of before still are theirs."""
    editing.save("customers", number_of(store), {"name": "省数据局"}, "李四")
    assert Customers(store).find("山东省厅").row.name == "省数据局"
    case = Cases(store, POLICY).report("掉线", {"channel": "phone", "customer": "山东省厅"}, LI)
    assert case.now.customer == "省数据局"


TAILORED = """
  省厅:
    promises: telecom
    calendar: always
    ask: [资产编号, 影响几个窗口]
    templates: {收到: "{contact}您好，专人跟进 {number}"}
    checklist: [登记入场]
"""


def test_what_a_customer_has_of_its_own(store: Store) -> None:
    """By whichever name; over what is everybody's; its promises where the register has none."""
    policy = read(POLICY.text + TAILORED)
    own = policy.tailored("山东省厅", "省厅")
    assert own.ask == ("资产编号", "影响几个窗口")
    assert own.templates["收到"].startswith("{contact}您好，专人")
    assert "请试" in own.templates
    assert policy.tailored("别人").ask == ()
    editing = Editing(store, policy)
    editing.save("customers", 0, {"name": "山东省厅", "aliases": "省厅"}, "李四")
    cases = Cases(store, policy)
    case = cases.report("掉线", {"channel": "phone", "customer": "省厅"}, LI)
    assert [c.name for c in cases.clocks(case)] == ["reply"]
    editing.save("customers", number_of(store), {"promises": "standard"}, "李四")
    case = cases.report("掉线", {"channel": "phone", "customer": "省厅"}, LI)
    assert {c.name for c in cases.clocks(case)} == {"answer", "restore"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  甲: {promises: gold}\n", "gold"),
        ("  甲: {asks: [乙]}\n", "asks"),
        ("  甲: {templates: {乙: []}}\n", "一个值"),
        (f"  甲: {{ask: [{', '.join(f'q{n}' for n in range(21))}]}}\n", "最多 20 个"),
    ],
)
def test_what_is_wrong_about_it_is_told_with_its_line(text: str, told: str) -> None:
    """As everywhere in service.yml."""
    with pytest.raises(InputError, match=rf"service.yml:\d+: .*{told}"):
        read(POLICY.text + text)


def test_answers_and_replies() -> None:
    """Answers stand below the report; a reply has the case's facts, and leaves alone what it does not know."""
    assert with_answers("坏了", {"资产编号": "A-1", "几个": " "}) == "坏了\n\n资产编号：A-1"
    assert with_answers("坏了", {}) == "坏了"
    assert filled_in("{contact}，{number}：{x}", {"contact": "王工", "number": "26-1"}) == "王工，26-1：{x}"
