"""Tests of kb.text.synonyms: the two files support engineers edit, and finding their words in a query."""

import re
import time
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.synonyms import NOTHING, Synonyms, absent_pairs, joined, merged, parse, parse_dictionary
from kb.text.tokens import Tokenizer, fold


def test_mutual_synonyms() -> None:
    """Each word of a line finds the others, whichever sign stands between them."""
    table, apart, problems = parse("连不上网 = 上不了网, 网络不通")
    assert (apart, problems) == ({}, [])
    assert table == {
        "连不上网": ("上不了网", "网络不通"),
        "上不了网": ("连不上网", "网络不通"),
        "网络不通": ("连不上网", "上不了网"),
    }


def test_one_way_synonyms() -> None:
    """The left find the right, not the other way round."""
    assert parse("死机、卡死 => 无响应") == ({"死机": ("无响应",), "卡死": ("无响应",)}, {}, [])


def test_lines_add_up_and_repeat_nothing() -> None:
    """A word on several lines has the synonyms of all, each once, and never itself."""
    table = parse("甲 = 乙\n甲 => 丙, 乙\n甲 = 甲\n丁 => 丁").table
    assert table["甲"] == ("乙", "丙")
    assert "丁" not in table


@pytest.mark.parametrize(
    "line", ["ＶＰＮ ＝ 虛擬專用網，拨号", "vpn = 虚拟专用网 = 拨号", "  VPN=虚拟专用网、拨号   # 注释"]
)
def test_words_are_folded(line: str) -> None:
    """Full width, capitals, traditional characters and comments make no difference."""
    assert parse(line).table["vpn"] == ("虚拟专用网", "拨号")


def test_blanks_inside_a_word_are_one_blank() -> None:
    """VM   ware is VM ware."""
    assert parse("VM \t ware = vmw").table["vmw"] == ("vm ware",)


def test_comments_and_empty_lines() -> None:
    """A # starts a comment at the start of a line or behind a blank; C# is a word."""
    assert parse("# 标题\n\n   # 又一行\nC# = csharp # 语言\n") == ({"c#": ("csharp",), "csharp": ("c#",)}, {}, [])


@pytest.mark.parametrize(
    "line",
    [
        "孤零零",
        "甲 =>",
        "=> 乙",
        "= 乙",
        "甲 => 乙 = 丙",
        "甲 = 乙 => 丙",
        "甲 => 乙 => 丙",
        "，，",
        "甲 != 乙 != 丙",
        "甲 != 乙 = 丙",
        "甲 !=",
    ],
)
def test_unusable_lines_are_told_with_their_number(line: str) -> None:
    """What can't be read is a problem at its line; the other lines still count."""
    table, _, problems = parse(f"一 = 二\n\n{line}\n三 = 四")
    assert [p.line for p in problems] == [3]
    assert set(table) == {"一", "二", "三", "四"}


@pytest.mark.parametrize("line", ["甲, 乙 != 丙", "甲 ≠ 丙\n乙 ！＝ 丙"])
def test_pairs_that_are_no_synonyms(line: str) -> None:
    """Each word of the left is kept apart from each of the right, in either order; nothing else is said of them."""
    found = parse("\n" + line)
    assert (found.table, found.problems) == ({}, [])
    assert found.separates("甲", "丙")
    assert found.separates("丙", "乙")
    assert not found.separates("甲", "乙")
    assert set(found.apart.values()) <= {2, 3}


@given(st.text(st.sampled_from("甲乙a=>!≠,# \n，＝")))
def test_parse_takes_any_text(text: str) -> None:
    """No text breaks it; keys and synonyms are folded, and no word is its own synonym."""
    table, _, problems = parse(text)
    assert all(1 <= p.line <= len(text.splitlines()) for p in problems)
    for word, others in table.items():
        assert word == fold(word).text.strip() != ""
        assert others
        assert word not in others
        assert len(set(others)) == len(others)


def test_dictionary() -> None:
    """One word a line; comments and empty lines are none."""
    assert parse_dictionary("# 产品\n工单系统\n\n VM ware  # 注释\nC#\n  # x\n") == ["工单系统", "VM ware", "C#"]


# --- shipped and own -------------------------------------------------------------------------

SHIPPED = parse("死机 = 卡死 = 无响应\n打不了 => 无法打印")


@pytest.mark.parametrize(
    ("own", "changed"),
    [
        ("", {}),
        ("死机 = 蓝屏", {"死机": ("卡死", "无响应", "蓝屏"), "蓝屏": ("死机",)}),
        ("死机 != 卡死", {"死机": ("无响应",), "卡死": ("无响应",)}),
        ("无法打印 ≠ 打不了", {"打不了": None}),
        ("死机 != 卡死\n死机 => 卡死", {"死机": ("无响应", "卡死"), "卡死": ("无响应",)}),
        ("死机 != 电脑", {}),
    ],
    ids=["nothing", "added", "both ways", "the last one", "what a base says itself stays", "not shipped"],
)
def test_a_base_adds_to_the_shipped_words_and_takes_away(own: str, changed: dict[str, tuple[str, ...] | None]) -> None:
    """Its lines come behind the shipped ones; a pair it takes away is gone in both directions."""
    expected = {**SHIPPED.table, **changed}
    assert merged(SHIPPED, parse(own)) == {word: others for word, others in expected.items() if others}


def test_a_base_alone() -> None:
    """Without shipped words its own are all there are."""
    assert merged(NOTHING, parse("甲 = 乙\n丙 != 丁")) == {"甲": ("乙",), "乙": ("甲",)}


def test_pairs_that_were_never_shipped() -> None:
    """Taking away what is not there is told with its line; one direction is enough to be there."""
    own = parse("死机 != 卡死\n\n电脑 != 死机, 卡死\n无法打印 != 打不了\n死机 = 电脑")
    assert list(absent_pairs(SHIPPED, own)) == [(3, "电脑", "死机"), (3, "电脑", "卡死")]


def test_two_tables_in_one() -> None:
    """A word of both has the synonyms of both, each once; neither table changes."""
    one = {"甲": ("乙", "丙")}
    assert joined(one, {"甲": ("丁", "乙"), "戊": ("己",)}) == {"甲": ("乙", "丙", "丁"), "戊": ("己",)}
    assert one == {"甲": ("乙", "丙")}


# --- found in a text -------------------------------------------------------------------------


def in_turn(folded: str, words: list[str]) -> list[tuple[int, int, str]]:
    """The same by looking for each word in turn, the longest first."""
    found: list[tuple[int, int, str]] = []
    for word in sorted(words, key=len, reverse=True):
        for m in re.finditer(f"(?={re.escape(word)})", folded):
            start, end = m.start(), m.start() + len(word)
            joined = any(re.fullmatch("[a-z0-9]{2}", folded[i - 1 : i + 1]) for i in (start, end) if i)
            if not joined and all(end <= a or b <= start for a, b, _ in found):
                found.append((start, end, word))
    return sorted(found)


@given(
    st.text(st.sampled_from("卡死机ab 1-"), max_size=60),
    st.lists(st.text(st.sampled_from("卡死机ab 1"), min_size=1, max_size=5), unique=True, max_size=12),
)
def test_one_pass_finds_what_looking_for_each_word_finds(text: str, words: list[str]) -> None:
    """Whatever the words: overlapping ones, one inside another, of one character, of letters."""
    assert Synonyms(dict.fromkeys(words, ("x",))).find(text) == in_turn(text, words)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("判断网络是否正常", ["断网"], []),
        ("公司断网", ["断网"], ["断网"]),
        ("连不上网络", ["连不上网"], ["连不上网"]),
        ("严重影响打印", ["重影", "影响打"], ["影响打"]),
        ("err_connection_refused", ["connection"], []),
        ("err connection refused", ["connection refused"], ["connection refused"]),
    ],
)
def test_words_that_stand_there_by_chance(text: str, words: list[str], expected: list[str]) -> None:
    """What cuts a word of the text at both its ends is none; one end in common is enough, and it hides no other."""
    edges = {edge for token in Tokenizer().tokens(text) if not token.part for edge in (token.start, token.end)}
    assert [word for _, _, word in Synonyms(dict.fromkeys(words, ("x",))).find(text, edges)] == expected


def test_the_time_does_not_grow_with_the_table() -> None:
    """Thirty times the words cost hardly more."""
    text = "今天早上打印机卡纸，重启之后连不上网 connection refused 求助。" * 60
    words = [
        f"{a}{b}{c}" for a in "卡连打上重" for b in "纸不印网启" for c in "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸"
    ]

    def seconds(count: int) -> float:
        table = Synonyms(dict.fromkeys(words[:: len(words) // count], ("x",)))
        best = inf
        for _ in range(5):
            start = time.process_time()
            table.find(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(480) < 8 * seconds(16)


def test_a_table_is_a_mapping() -> None:
    """It reads as the dictionary it is made of, and equals it."""
    table = {"甲乙": ("丙",), "丁": ("戊", "己")}
    synonyms = Synonyms(table)
    assert synonyms == table
    assert synonyms == Synonyms(table) != Synonyms()
    assert synonyms["丁"] == ("戊", "己")
    assert (len(synonyms), len(Synonyms())) == (2, 0)
    with pytest.raises(KeyError):
        synonyms["丙"]


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
    found = Synonyms(dict.fromkeys(words, ("x",))).find(text)
    assert [word for _, _, word in found] == expected
    assert all(text[start:end] == word for start, end, word in found)
