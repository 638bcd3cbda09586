"""Codes of a text: what names a fault by itself, and what is mentioned only to set one apart."""

import pytest

from kb.text import telling
from kb.text.tokens import Tokenizer

TOKENIZER = Tokenizer([])


def found(text: str) -> dict[str, float]:
    folded, tokens = TOKENIZER.read(text)
    return telling.weights(folded, tokens)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("导出时提示 ORA-01653，昨天还是好的", "ora1653"),
        ("蓝屏 0x0000007B", "0x7b"),
        ("日志里有 %LINK-3-UPDOWN", "link3updown"),
        ("报 KRB_AP_ERR_SKEW", "krbaperrskew"),
        ("扫到 CVE-2021-44228", "cve2021.44228"),
        ("系统日志事件 5719 时有时无", "#5719"),
        ("SQL Server 报 9002", "#9002"),
        ("824 错误又来了", "#824"),
        ("it shows 79 Service Error", "#79"),
        ("exit code 137", "#137"),
        ("备份状态 84", "#84"),
        ("传真失败 #806", "#806"),
        ("错误：18456", "#18456"),
        ("49.4C02 Error", "#49.4c2"),
    ],
)
def test_codes(text: str, code: str) -> None:
    """Codes by their shape, and numbers that something calls a code, name a fault for sure."""
    assert found(text)[code] == 1


@pytest.mark.parametrize(
    ("text", "name"), [("NullPointerException at", "nullpointerexception"), ("模块 csagent.sys 崩了", "csagentsys")]
)
def test_names_tell_less(text: str, name: str) -> None:
    """A part of a program is named in many faults."""
    assert found(text)[name] == telling.NAME < 1


@pytest.mark.parametrize(
    "text", ["今天 3 楼 12 个人", "下午 2 点 30 分", "用了 5.7 版", "网关 192.168.1.1", "一共 24 台"]
)
def test_no_codes(text: str) -> None:
    """Numbers that count something, versions and addresses name no fault for sure."""
    assert all(sure < 1 for sure in found(text).values())


def test_a_bare_number_may_be_one() -> None:
    """Somebody may type nothing but the number; among many numbers none of them is meant."""
    assert found("18456")["#18456"] == telling.BARE
    assert not found(" ".join(str(n) for n in range(1000, 1010)))


@pytest.mark.parametrize(
    "text",
    [
        "不同于 {}，这一例没有提示",
        "与 {} 不同，本例能打印",
        "和 {} 不是一回事，是两码事",
        "注意与{}区分",
        "区别于常见的 {}",
        "unlike {}, nothing is shown",
        "this is different from {}",
        "not to be confused with {}",
    ],
)
def test_apart(text: str) -> None:
    """A code that is mentioned to set another fault apart, in Chinese and English."""
    whole = text.format("0x0000011b")
    start = whole.index("0x")
    assert telling.is_apart(whole, start, start + 10)


@pytest.mark.parametrize(
    "text", ["连接共享打印机时提示 {}", "{}：操作失败", "与服务器断开后报 {}", "it fails with {} on every printer"]
)
def test_not_apart(text: str) -> None:
    """The article's own code is none of them."""
    whole = text.format("0x0000011b")
    start = whole.index("0x")
    assert not telling.is_apart(whole, start, start + 10)
