"""Tests of kb.search.synonym_mining: synonyms mined from a base, and what is done with the proposals."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kb.errors import InputError
from kb.search.index import Index
from kb.search.synonym_mining import accept, proposals, read_decided, refuse
from kb.text.synonyms import parse

Write = Callable[[str, str], Path]


def article(title: str, body: str = "正文。", aliases: str = "") -> str:
    return f"---\nkind: case\ntitle: {title}\naliases: [{aliases}]\n---\n{body}\n"


def lines(index: Index, **options: object) -> list[str]:
    return [p.line for p in proposals(index, **options)]  # type: ignore[arg-type]


def test_an_abbreviation_in_brackets(write: Write, indexed: Callable[[], Index]) -> None:
    """The letters of an abbreviation are enough evidence, in whichever order the two names stand."""
    write("a.md", article("登录失败", "检查 Active Directory (AD) 的时间。"))
    write("b.md", article("时间不对", "先看 NTP（Network Time Protocol）的偏移。"))
    assert lines(indexed()) == ["active directory = ad", "ntp = network time protocol"]


def test_a_chinese_name_needs_two_articles(write: Write, indexed: Callable[[], Index]) -> None:
    """Where a Chinese name begins is told by what differs before it; one place is no evidence."""
    write("a.md", article("登录失败", "登录到活动目录（AD）失败。"))
    write("b.md", article("换密码", "密码在活动目录（AD）里改；另见校验和（checksum）。"))
    found = proposals(indexed())
    assert [p.line for p in found] == ["活动目录 = ad"]
    assert {name for name, _ in found[0].evidence} == {"a", "b"}
    assert all("活动目录（AD）" in text for _, text in found[0].evidence)


def test_an_example_in_brackets_is_no_name(write: Write, indexed: Callable[[], Index]) -> None:
    """What stands with several different names in brackets, or behind several, means none of them."""
    for name, tool in (("a", "ping"), ("b", "ping"), ("c", "tracert"), ("d", "tracert")):
        write(f"{name}.md", article(f"排查 {name}", f"先运行命令（{tool}）。"))
    for name, thing in (("e", "地址"), ("f", "地址"), ("g", "掩码"), ("h", "掩码")):
        write(f"{name}.md", article(f"设置 {name}", f"看{thing}（default）。"))
    assert lines(indexed()) == []


def test_the_customers_words_beside_the_title(write: Write, indexed: Callable[[], Index]) -> None:
    """Two short names of one article that differ in one stretch give a pair; more differences give none."""
    write("a.md", article("财务室打印机不打印", aliases="财务室打印机没反应, 今天纸全是白的"))
    assert lines(indexed()) == ["不打印 = 没反应"]


@pytest.mark.parametrize("alias", ["会议室投影机打开", "会议室投影机 2 台", "会议室投影机没关闭", "会议室投影机"])
def test_opposites_numbers_and_parts_are_not_proposed(write: Write, indexed: Callable[[], Index], alias: str) -> None:
    """关闭 is not 打开, and 没关闭 still less; numbers have no synonyms."""
    write("a.md", article("会议室投影机关闭", aliases=alias))
    assert lines(indexed()) == []


def test_known_synonyms_are_not_proposed(write: Write, indexed: Callable[[], Index]) -> None:
    """Nor what follows from two known lines; nor what was refused."""
    write("synonyms.txt", "活动目录 = 目录服务\n目录服务 = ad\n")
    write("a.md", article("登录失败", "Active Directory (AD)，活动目录（AD）"))
    write("b.md", article("换密码", "查活动目录（AD）"))
    index = indexed()
    assert lines(index) == ["active directory = ad"]
    assert lines(index, decided="AD = Active Directory") == []


def test_a_pair_that_a_base_takes_away_is_not_proposed(write: Write, indexed: Callable[[], Index]) -> None:
    """Whoever says that two words are no synonyms is not asked again, in whichever order."""
    write("a.md", article("登录失败", "Active Directory (AD)，活动目录（AD）"))
    index = indexed()
    assert lines(index) == ["active directory = ad"]
    assert lines(index, decided="AD != Active Directory") == []


def test_words_of_helpful_answers(write: Write, indexed: Callable[[], Index]) -> None:
    """A word of two questions that the answer lacks leads, one way, to words of its title."""
    write("a.md", article("定影器过热"))
    write("b.md", article("网口灯不亮"))
    index = indexed()
    assert lines(index, verdicts=[("机器冒烟了", "a")]) == []
    found = proposals(index, verdicts=[("机器冒烟了", "a"), ("后面冒烟", "a"), ("机器没网", "b")])
    assert "冒烟 => 过热" in [p.line for p in found]
    assert all("机器" not in p.line for p in found), "a word of other answers too says nothing"


def test_accept_appends_a_line(tmp_path: Path) -> None:
    """What stood there stays, comments too; the new line can be read."""
    path = tmp_path / "synonyms.txt"
    path.write_text("# 我们的\n卡死 = 死机 # 常见", "utf8")
    accept(tmp_path, "连不上网 = 网络不通")
    accept(tmp_path, "冒烟 => 过热")
    text = path.read_text("utf8")
    assert text.startswith("# 我们的\n卡死 = 死机 # 常见\n")
    table, _, problems = parse(text)
    assert problems == []
    assert table["连不上网"] == ("网络不通",)
    assert table["冒烟"] == ("过热",)
    assert text.count("# ---") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["synonyms.txt"]


def test_accept_starts_a_file(tmp_path: Path) -> None:
    """A folder without synonyms gets its first line."""
    accept(tmp_path, "连不上网 = 网络不通")
    assert parse((tmp_path / "synonyms.txt").read_text("utf8")).table["网络不通"] == ("连不上网",)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "孤零零",
        "甲 = 乙",
        "网 = 网络不通",
        "甲甲 = 乙乙\n丙丙 = 丁丁",
        "甲甲 =>",
        "# 甲甲 = 乙乙",
        "长" * 201 + " = 短短",
    ],
)
def test_nonsense_is_refused(tmp_path: Path, line: str) -> None:
    """What is not one usable line is not written."""
    with pytest.raises(InputError):
        accept(tmp_path, line)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_refused(tmp_path: Path) -> None:
    """The same again, in another order and case, changes nothing."""
    accept(tmp_path, "VPN = 拨号网络")
    before = (tmp_path / "synonyms.txt").read_bytes()
    with pytest.raises(InputError):
        accept(tmp_path, "拨号网络 = ｖｐｎ")
    assert (tmp_path / "synonyms.txt").read_bytes() == before


def test_refusals_are_remembered(tmp_path: Path) -> None:
    """They stand in a file of their own beside the synonyms."""
    assert not read_decided(tmp_path).strip()
    refuse(tmp_path, "主机 = 服务器")
    assert parse(read_decided(tmp_path)).table["主机"] == ("服务器",)
    assert not (tmp_path / "synonyms.txt").exists()
