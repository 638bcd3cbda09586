"""Tests of kb.synonyms: the two files support engineers edit, and finding their words in a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.synonyms import find, parse, parse_dictionary
from kb.tokens import fold


def test_mutual_synonyms() -> None:
    """Each word of a line finds the others, whichever sign stands between them."""
    table, problems = parse("连不上网 = 上不了网, 网络不通")
    assert problems == []
    assert table == {
        "连不上网": ("上不了网", "网络不通"),
        "上不了网": ("连不上网", "网络不通"),
        "网络不通": ("连不上网", "上不了网"),
    }


def test_one_way_synonyms() -> None:
    """The left find the right, not the other way round."""
    assert parse("死机、卡死 => 无响应") == ({"死机": ("无响应",), "卡死": ("无响应",)}, [])


def test_lines_add_up_and_repeat_nothing() -> None:
    """A word on several lines has the synonyms of all, each once, and never itself."""
    table, _ = parse("甲 = 乙\n甲 => 丙, 乙\n甲 = 甲")
    assert table["甲"] == ("乙", "丙")


@pytest.mark.parametrize(
    "line", ["ＶＰＮ ＝ 虛擬專用網，拨号", "vpn = 虚拟专用网 = 拨号", "  VPN=虚拟专用网、拨号   # 注释"]
)
def test_words_are_folded(line: str) -> None:
    """Full width, capitals, traditional characters and comments make no difference."""
    assert parse(line)[0]["vpn"] == ("虚拟专用网", "拨号")


def test_blanks_inside_a_word_are_one_blank() -> None:
    """VM   ware is VM ware."""
    assert parse("VM \t ware = vmw")[0]["vmw"] == ("vm ware",)


def test_comments_and_empty_lines() -> None:
    """A # starts a comment at the start of a line or behind a blank; C# is a word."""
    table, problems = parse("# 标题\n\n   # 又一行\nC# = csharp # 语言\n")
    assert (table, problems) == ({"c#": ("csharp",), "csharp": ("c#",)}, [])


@pytest.mark.parametrize(
    "line", ["孤零零", "甲 =>", "=> 乙", "= 乙", "甲 => 乙 = 丙", "甲 = 乙 => 丙", "甲 => 乙 => 丙", "，，"]
)
def test_unusable_lines_are_told_with_their_number(line: str) -> None:
    """What can't be read is a problem at its line; the other lines still count."""
    table, problems = parse(f"一 = 二\n\n{line}\n三 = 四")
    assert [p.line for p in problems] == [3]
    assert set(table) == {"一", "二", "三", "四"}


@given(st.text(st.sampled_from("甲乙a=>,# \n，＝")))
def test_parse_takes_any_text(text: str) -> None:
    """No text breaks it; keys and synonyms are folded, and no word is its own synonym."""
    table, problems = parse(text)
    assert all(1 <= p.line <= len(text.splitlines()) for p in problems)
    for word, others in table.items():
        assert word == fold(word).text.strip() != ""
        assert word not in others
        assert len(set(others)) == len(others)


def test_dictionary() -> None:
    """One word a line; comments and empty lines are none."""
    assert parse_dictionary("# 产品\n工单系统\n\n VM ware  # 注释\nC#\n  # x\n") == ["工单系统", "VM ware", "C#"]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("今天连不上网了", ["连不上网"], ["连不上网"]),
        ("连不上网络", ["连不上网", "连不上网络"], ["连不上网络"]),
        ("license", ["lic"], []),
        ("lic 过期", ["lic"], ["lic"]),
        ("lic过期", ["lic"], ["lic"]),
        ("license lic", ["lic"], ["lic"]),
        ("d2b d2bx", ["d2b"], ["d2b"]),
        ("ab a b a b", ["a b"], ["a b", "a b"]),
        ("xaba aba", ["a", "aba"], ["aba"]),
        ("卡卡卡", ["卡卡"], ["卡卡"]),
        ("什么也没有", ["连不上网"], []),
        ("", ["甲"], []),
    ],
)
def test_find(text: str, words: list[str], expected: list[str]) -> None:
    """Longest first, no overlap, never inside a longer run of letters or digits."""
    found = find(text, words)
    assert [word for _, _, word in found] == expected
    assert all(text[start:end] == word for start, end, word in found)


@given(st.text(st.sampled_from("卡死机ab ")), st.sets(st.text(st.sampled_from("卡死机ab"), min_size=1, max_size=3)))
def test_found_words_do_not_overlap(text: str, words: set[str]) -> None:
    """Places come in order, one behind the other."""
    position = 0
    for start, end, word in find(text, words):
        assert position <= start < end
        assert text[start:end] == word
        position = end
