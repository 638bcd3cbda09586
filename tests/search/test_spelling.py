"""Misspelled words: by sound, in pinyin, with a wrong letter or character; what is left alone; how it is undone."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import GOLDEN
from hypothesis import given
from hypothesis import strategies as st

from kb.indexer import spellings
from kb.model import Correction, Query
from kb.search.index import Index
from kb.search.query_terms import read, respelled
from kb.search.searcher import search
from kb.search.spelling import MAX_PROPOSED, better_query, check, shown
from kb.search.suggest import suggest
from kb.text.hashing import keys
from kb.text.spelling_keys import blurred, keys_without_one
from kb.text.synonyms import Synonyms

Write = Callable[[str, str], Path]


@pytest.fixture
def small(write: Write, indexed: Callable[[], Index]) -> Index:
    """A few words, each in its usual forms."""
    write("a.md", "# 打印机卡纸\n\n打印机无法连接。Connection refused, connections dropped. 浙江分公司。\n")
    write("b.md", "# 打印机脱机\n\n重启打印机。Outlook batteries. 数据库激活失败。PPR-1044 ABCE-1044 printers\n")
    write("c.md", "# 交换机\n\n浙江 GE0/0/1 网络 防火墙 ping 不通 绿色\n")
    write("dictionary.txt", "因机\n")
    return indexed()


def corrected(index: Index, text: str) -> str:
    """The text with what is surely misspelled in it mended."""
    return respelled(text, check(index, text)).text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # a letter left out, inserted, changed, swapped
        ("conection", "connection"),
        ("Conection refused", "connection refused"),
        ("conections", "connections"),
        ("connecction", "connection"),
        ("comnection", "connection"),
        ("refsued", "refused"),
        ("OUTLOK", "outlook"),
        ("outlok", "outlook"),
        # a character of the same sound
        ("打音机", "打印机"),
        ("打音机卡纸", "打印机卡纸"),
        ("打印几", "打印机"),
        ("浙将", "浙江"),
        ("网洛", "网络"),
        ("数据哭激活失拜", "数据库激活失败"),
        ("防火强", "防火墙"),
        ("虫启打印机", "重启打印机"),
        # of nearly the same sound, of like shape
        ("黄火墙", "防火墙"),
        ("交环机", "交换机"),
        ("打卯机", "打印机"),
        # pinyin by words, by syllables, in one
        ("dayinji kazhi", "打印机 卡纸"),
        ("da yin ji ka zhi", "打印机 卡纸"),
        ("dayinjikazhi", "打印机卡纸"),
        ("dayinji卡纸", "打印机卡纸"),
        ("lvse", "绿色"),
        ("luse", "绿色"),
        ("zejiang", "浙江"),
        # traditional characters and full width are folded, then as any
        ("打音機 ｃｏｎｅｃｔｉｏｎ", "打印机 connection"),
        ("打音机 conection", "打印机 connection"),
    ],
)
def test_what_is_surely_misspelled_is_mended(small: Index, typed: str, meant: str) -> None:
    """Each kind of mistake alone and beside others."""
    assert corrected(small, typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "打印机 列印機 印表機 connection Connection",
        "PPR-9087 ABCD-1044 GE0/0/2 GE0/0/1 v7.5.1 0x8007 192.168.1.1",
        "FooConnection PrinterXy",  # names put together of known words
        "ping",
        "pin ping",
        "conection.log",
        "打因机",  # 因机 is the user's own word
        "量子力学",
        "xyzzyx",
        "abc",
        "",
    ],
)
def test_what_is_left_alone(small: Index, typed: str) -> None:
    """Known words, identifiers, names, the user's own words, and what is near to nothing."""
    assert check(small, typed, 0) == ()


def test_a_known_word_is_mended_in_its_context(write: Write, indexed: Callable[[], Index]) -> None:
    """事物 stands in the base, but never beside 隔离, where 事务 does."""
    for i in range(20):
        write(f"a{i}.md", "# 数据库\n\n事务隔离级别，事务隔离，提交事务\n")
    write("b.md", "# 别的\n\n任何事物\n")
    write("c.md", "# Words\n\n" + " ".join(map("".join, product("abcdefghijkl", repeat=3))) + "\n")
    index = indexed()
    assert corrected(index, "事物隔离") == "事务隔离"
    assert check(index, "任何事物", 0) == ()


def test_neighbours_choose_between_words_of_one_sound(write: Write, indexed: Callable[[], Index]) -> None:
    """shijian is 时间 beside 同步 and 事件 beside 日志."""
    write("a.md", "# 时间同步\n\n时间同步失败\n")
    write("b.md", "# 事件日志\n\n查看事件日志\n")
    index = indexed()
    assert corrected(index, "shijian tongbu") == "时间 同步"
    assert corrected(index, "shijian rizhi") == "事件 日志"


def test_a_correction_adds_and_loses_nothing(small: Index) -> None:
    """The corrected words find what they find themselves, and what was typed still counts."""
    for typed, meant in (("打音机 卡纸", "打印机 卡纸"), ("dayinjikazhi", "打印机卡纸"), ("conection", "connection")):
        found = search(small, Query(typed))
        wanted = [h.article.path for h in search(small, Query(meant)).hits]
        assert [h.article.path for h in found.hits] == wanted
        assert wanted
    terms = read("conection 卡纸", small.tokenizer, Synonyms({}), check(small, "conection 卡纸"))
    assert 0 < terms.weights["conect"] < terms.weights["connect"] == 1
    assert [g.text for g in terms.groups] == ["connection", "卡纸"]
    assert [[t.raw for t in tokens] for tokens in terms.groups[0].alternatives] == [["connection"], ["conection"]]
    assert [(t.start, t.end) for t in terms.tokens] == [(0, 9), (10, 12)]


def test_corrections_are_shown_and_undone(small: Index) -> None:
    """A page and a paste say what was searched beside what was typed; exact takes words as they stand."""
    page = search(small, Query("da yin ji  卡纸 -outlok"))
    assert [(c.typed, c.better) for c in page.corrections] == [("da yin ji", "打印机")]
    assert page.total
    assert page.suggestion == "打印机  卡纸 -outlook"
    exact = search(small, Query("da yin ji", exact=True))
    assert exact.corrections == ()
    assert exact.total == 0
    assert exact.suggestion == "打印机"
    text = "打音机突然坏了，提示 conection refused"
    assert {(c.typed, c.better) for c in suggest(small, text).corrections} == {
        ("打音机", "打印机"),
        ("conection", "connection"),
    }
    assert suggest(small, text, exact=True).corrections == ()


def test_what_is_asked_for_exactly_is_not_corrected(small: Index) -> None:
    """Phrases, fields and patterns mean what they say; another spelling is proposed only."""
    for typed in ('"conection"', "conectio*", "title:outlok"):
        assert search(small, Query(typed)).corrections == ()
    assert search(small, Query('"conection refused"')).suggestion == '"connection refused"'


@pytest.mark.parametrize("typed", ["conection", "打因机", "数据哭", "databse", "certifcate", "jiaohuanji", "lanping"])
def test_on_the_page_of_the_sample_base(built: Index, typed: str) -> None:
    """A misspelled word finds what the right one finds."""
    page = search(built, Query(typed))
    assert len(page.corrections) == 1
    assert page.total >= search(built, Query(page.corrections[0].better)).total > 0


@pytest.mark.parametrize(
    "typed",
    [
        "打印机 卡纸",
        "网卡坏了",
        "卡纸",
        "开不了机",
        "电脑很慢",
        "又卡又慢",
        "掉线",
        "connection refused",
        "can ping",
        "无法上网",
    ],
)
def test_good_queries_are_left_alone(built: Index, typed: str) -> None:
    """What is spelled well gets no proposal, even when the words don't stand together anywhere."""
    page = search(built, Query(typed))
    assert page.corrections == ()
    assert page.suggestion == ""


def listed(name: str) -> list[Any]:
    return list(yaml.safe_load((GOLDEN / name).read_text("utf8")))


def test_what_people_write_every_day_is_left_alone(built: Index) -> None:
    """No sentence of the list is corrected, however little the base has seen of it; nor are all in one paste."""
    said = listed("uncorrected.yml")
    assert len(said) >= 150
    wrong = {text: [(c.typed, c.better) for c in check(built, text)] for text in said}
    assert {text: found for text, found in wrong.items() if found} == {}
    assert check(built, "\n".join(said)) == ()


def test_what_is_misspelled_is_still_found(built: Index) -> None:
    """Each mistake of the list is corrected to the words it says."""
    given = listed("corrected.yml")
    assert len(given) >= 60
    found = {g["typed"]: " ".join(c.better for c in check(built, g["typed"])) for g in given}
    missed = [g["typed"] for g in given if g["better"] not in found[g["typed"]]]
    assert len(missed) <= 0.07 * len(given), missed


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0x0000o11b", "0x0000011b"),
        ("0xO0000bcb", "0x00000bcb"),
        ("0x8OO7o643", "0x80070643"),
        ("0xc000000l", "0xc0000001"),
        ("0xC00000lI", "0xC0000011"),
        ("OxC0000005", "0xC0000005"),
        ("错误：０ｘｃ０００００ｏ５。", "错误：0xc0000005。"),
        # no code, or one already
        ("0x0000011b", "0x0000011b"),
        ("oxford oxidol oxoo", "oxford oxidol oxoo"),
        ("0xlib", "0xlib"),
        ("0xO0000bcb0000", "0xO0000bcb0000"),
        ("a/0xO0000bcb", "a/0xO0000bcb"),
    ],
)
def test_letters_for_digits(small: Index, typed: str, meant: str) -> None:
    """In a hexadecimal code o is 0, l and i are 1, in a query and in a paste; elsewhere they are letters."""
    assert corrected(small, typed) == meant
    assert corrected(small, f"打印机\n{typed}") == f"打印机\n{meant}"


def test_a_code_with_letters_is_shown_and_undone(built: Index) -> None:
    """The code that was meant finds its article, and exact takes the text as it stands."""
    page = search(built, Query("0x0000o11b"))
    assert [(c.typed, c.better) for c in page.corrections] == [("0x0000o11b", "0x0000011b")]
    assert "KB-000014" in [h.article.id for h in page.hits]
    assert search(built, Query("0x0000o11b", exact=True)).corrections == ()


PASTE = """\
您好，打因机连不上，wangluo butong，conection refused
我们用的是 Widnows 和 Excahnge
错误 0x0000o11b
"""


def test_a_paste_is_mended_in_names_and_codes_only(built: Index) -> None:
    """In lines, or in a long line, words of daily life stay; who knows what the text is says so."""
    names = [("Widnows", "windows"), ("Excahnge", "exchange"), ("0x0000o11b", "0x0000011b")]
    assert [(c.typed, c.better) for c in check(built, PASTE)] == names
    assert [(c.typed, c.better) for c in check(built, PASTE.replace("\n", " ") * 3)] == names * 3
    assert {"wangluo", "conection", "Widnows"} <= {c.typed for c in check(built, PASTE, paste=False)}
    assert [c.typed for c in check(built, "打因机卡纸")] == ["打因机"]
    assert check(built, "打因机卡纸", paste=True) == ()


def test_a_word_of_the_dictionary_needs_its_neighbours(write: Write, indexed: Callable[[], Index]) -> None:
    """登陆 is a word: it is mended where the base writes 登录 beside the same words, and not by itself."""
    for i in range(20):
        write(f"a{i}.md", f"# 登录失败 {i}\n\n用户登录失败\n")
    write("b.md", "# Words\n\n" + " ".join(map("".join, product("abcdefghijkl", repeat=4))) + "\n")
    index = indexed()
    assert corrected(index, "登陆失败") == "登录失败"
    assert check(index, "舰队登陆海岛") == ()


def test_a_word_that_stands_everywhere_is_not_meant(write: Write, indexed: Callable[[], Index]) -> None:
    """时间 helps nobody to find anything: 十件 is no misspelled 时间, though the base holds it."""
    write("a.md", "# 备份\n\n每次时间不同\n")
    write("b.md", "# Words\n\n" + " ".join(map("".join, product("abcdefghijkl", repeat=4))) + "\n")
    assert check(indexed(), "十件") == ()


def test_corrections_are_words_as_written(built: Index) -> None:
    """A word of the sample articles with one letter left out is answered, if at all, by a word that stands in one."""
    words = set()
    for number in range(len(built.article_of)):
        words |= set(re.findall(r"(?<![\w.-])[a-z]{7,}(?![\w.-])", built.passage(number).text))
    right = answered = 0
    for word in sorted(words)[::11]:
        typed = word[:3] + word[4:]
        corrections = check(built, typed)
        answered += bool(corrections)
        right += [c.better for c in corrections] == [word]
    assert answered > 20
    assert right > 0.8 * answered


def test_spelling_of_deleted_articles(small: Index, write: Write, indexed: Callable[[], Index]) -> None:
    """Words of deleted articles are meant no longer."""
    write("a.md", "# 交换机\n\n别的内容\n")
    index = indexed()
    assert check(index, "conection", 0) == ()
    assert corrected(index, "浙将") == "浙江"


def test_long_queries_get_no_proposal(small: Index) -> None:
    """Who pastes a text is not asked whether another spelling is meant."""
    assert better_query(small, "conection")
    assert better_query(small, "conection " * (MAX_PROPOSED // 10 + 1)) == ""


def test_an_empty_base_knows_no_words(indexed: Callable[[], Index]) -> None:
    assert check(indexed(), "打因机 conection dayinji") == ()


def test_shown_as_one() -> None:
    """Words that were typed together are shown together, and each but once."""
    text = "dayinji kazhi, conection, conection"
    found = (
        Correction(0, 7, "dayinji", "打印机"),
        Correction(8, 13, "kazhi", "卡纸"),
        Correction(15, 24, "conection", "connection"),
        Correction(26, 35, "conection", "connection"),
    )
    assert [(c.typed, c.better) for c in shown(text, found)] == [
        ("dayinji kazhi", "打印机 卡纸"),
        ("conection", "connection"),
    ]


PIECES = [
    "打因机",
    "打印机",
    "dayinji",
    "conection",
    "ka zhi",
    "PPR-9087",
    "GE0/0/2",
    " ",
    "，",
    "\n",
    "連綫",
    "ＶＰＮ",
    "的",
    "0xO0000bcb",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join))
def test_any_text(built: Index, text: str) -> None:
    """Never raises; corrections are stretches of the text, in order, digits only of codes; with exact there is none."""
    found = check(built, text)
    position = 0
    for c in found:
        assert position <= c.start < c.end <= len(text)
        assert text[c.start : c.end] == c.typed != c.better
        assert not re.search(r"\d", c.typed) or re.fullmatch("0x[0-9a-f]{4,8}", c.better, re.IGNORECASE)
        position = c.end
    terms = read(text, built.tokenizer, built.synonyms, found)
    assert all(0 <= t.start <= t.end <= len(text) for t in terms.tokens)
    assert search(built, Query(text, exact=True)).corrections == ()
    assert suggest(built, text, exact=True).corrections == ()


@given(st.text("abc", min_size=1, max_size=8), st.text("abc", min_size=1, max_size=8))
def test_keys_of_near_words_meet(a: str, b: str) -> None:
    """Each character of each text is left out once."""
    found, owners = keys_without_one([a, b])
    for number, text in enumerate((a, b)):
        assert found[owners == number].tolist() == keys([text[:i] + text[i + 1 :] for i in range(len(text))]).tolist()


@pytest.mark.parametrize(
    ("one", "other"), [("zhang", "zan"), ("shi", "si"), ("nan", "lan"), ("ren", "len"), ("hui", "fei"), ("lv", "lu")]
)
def test_sounds_that_are_mixed_up(one: str, other: str) -> None:
    assert blurred(one) == blurred(other)


def test_sounds_that_are_told_apart() -> None:
    assert len({blurred(s) for s in ("ba", "pa", "ta", "da", "ji", "qi", "xi", "zi", "ci", "si", "long", "lun")}) == 12


def test_files_of_words(tmp_path: Path) -> None:
    """Heteronyms are read as the word asks; words of one key stand by falling frequency."""
    words = ["机起", "重启", "重量", "battery"]
    spellings.write(tmp_path, sorted(words), np.array([1, 2, 3, 4], np.int32))
    stored = np.load(tmp_path / "spelling.keys.npy")
    assert np.all(stored[:-1] <= stored[1:])
    for sound in ("congqi", "zonglian", "battery", "batery"):
        assert keys([sound])[0] in stored, sound
    assert (tmp_path / "spelling.words.txt").read_text("utf8").split() == sorted(words)
