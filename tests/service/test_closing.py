"""A case's log as an article: each section from its entries, in order, and without a customer's data."""

import pytest
from logs import STANDARD, log

from kb.articles.parser import parse
from kb.language import use
from kb.model import CASE_SECTIONS
from kb.service.closing import write_up
from kb.service.events import Event

NUMBER = "26-00137-7"
LOG = log(
    """
    2026-03-02 08:30 reported text=三楼打印机卡纸，请回电13800138000 area=printer
    2026-03-02 08:40 call text=回电
    2026-03-02 08:50 diagnosed text=定影器有异物 looked=定影器
    2026-03-02 08:55 asked ask=面板报错吗？ answer=是
    2026-03-02 09:00 applied text=清洁定影器 undo=不需要
    2026-03-02 09:10 undone text=还是卡
    2026-03-02 09:20 diagnosed text=搓纸轮磨损
    2026-03-02 09:30 tested text=十页不卡 where=备机
    2026-03-02 09:40 applied text=更换搓纸轮 undo=装回旧轮
    2026-03-02 09:50 restored text=恢复 verification=试打十页 cause=hardware handling=onsite
    """
)


def sections(body: str) -> dict[str, str]:
    """heading -> text"""
    found = {}
    for part in body.split("## ")[1:]:
        heading, _, text = part.partition("\n")
        found[heading] = text.strip()
    return found


def test_a_log_becomes_an_article() -> None:
    """Report, diagnosis, the step that stayed and how it is undone, and how it was verified."""
    made = write_up(NUMBER, LOG, STANDARD)
    found = sections(made.body)
    assert list(found) == [names[0] for names in CASE_SECTIONS.values()]
    assert found["现象"] == "三楼打印机卡纸，请回电〔手机号码〕"
    assert found["原因"] == "硬件故障\n\n搓纸轮磨损"
    assert found["排查"] == "1. 定影器：定影器有异物\n2. 面板报错吗？ 是\n3. 搓纸轮磨损"
    assert found["解决"] == "1. 更换搓纸轮\n\n回退：装回旧轮"
    assert found["验证"] == "在 备机 试过：十页不卡\n\n试打十页"
    assert made.front == {
        "title": "三楼打印机卡纸，请回电〔手机号码〕",
        "severity": "P3",
        "ticket": NUMBER,
        "area": "printer",
        "cause": "hardware",
        "handling": "onsite",
    }
    assert "13800138000" not in str(made)


@pytest.mark.parametrize(
    "text", ["# 标题", "## 解决\n\n假的", "- a", "1. b", "```\n x", "---\n\n## 验证", "> q", "<script>"]
)
def test_what_was_typed_changes_no_section(text: str) -> None:
    """Marks of Markdown in an entry are shown as they were typed: the article keeps its six sections."""
    last = LOG[-1].place
    more = [
        Event(kind, LOG[-1].at, LOG[-1].at, "李四", text, data={"undo": text}, place=last + i)
        for i, kind in enumerate((LOG[2].kind, LOG[4].kind), 1)
    ]
    body = write_up(NUMBER, [*LOG, *more], STANDARD).body
    headings = [node for node in parse(body)[0] if node.type == "heading_open"]
    assert len(headings) == len(CASE_SECTIONS)
    assert not [node for node in parse(body)[0] if node.type in ("hr", "blockquote_open", "fence", "html_block")]


def test_in_english() -> None:
    use("en")
    found = sections(write_up(NUMBER, LOG, STANDARD).body)
    assert list(found) == ["Symptom", "Environment", "Cause", "Diagnosis", "Fix", "Verification"]
    assert found["Fix"].endswith("To undo: 装回旧轮")


def test_a_case_that_says_little() -> None:
    """Without diagnosis and step the sections wait to be written."""
    found = sections(write_up(NUMBER, LOG[:2], STANDARD).body)
    assert (found["排查"], found["解决"], found["验证"]) == ("1.", "1.", "")
