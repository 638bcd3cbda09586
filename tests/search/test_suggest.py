"""What a paste is answered with: golden/suggest.yml holds pastes and the article expected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import GOLDEN

from kb.model import MAX_TEXT, Query
from kb.search.confidence import band
from kb.search.index import Index
from kb.search.searcher import search
from kb.search.suggest import MAX_LINES, rank, suggest
from kb.search.threshold import THRESHOLD

Write = Callable[[str, str], Path]
Indexed = Callable[[], Index]

PASTES = yaml.safe_load((GOLDEN / "suggest.yml").read_text("utf8"))

OFF_TOPIC = [
    "今天晚上吃什么好呢，附近有没有川菜馆推荐",
    "公司年会节目单请大家踊跃报名",
    "How do I bake sourdough bread at home with whole wheat flour?",
    "请问高铁票怎么改签退票",
    "红烧肉的做法：五花肉切块焯水，加冰糖炒色，小火炖一个小时",
    "Best hiking trails near Vancouver in autumn",
    "离职证明和社保转移怎么办理",
    "你好",
    "谢谢",
    "????",
    "",
]


@pytest.mark.parametrize("case", PASTES, ids=lambda c: c["expect"])
def test_golden(built: Index, case: dict[str, Any]) -> None:
    """A paste in the customer's own words brings the article with the fix among the first three."""
    found = suggest(built, case["paste"]).suggestions[:3]
    assert case["expect"] in [s.article.id for s in found]


def test_enough_golden_pastes() -> None:
    """The data stays large enough to notice a change, and names each article once."""
    assert len(PASTES) >= 30
    assert len({c["expect"] for c in PASTES}) == len(PASTES)


@pytest.mark.parametrize("text", OFF_TOPIC)
def test_off_topic_gives_nothing(built: Index, text: str) -> None:
    """A text about something else gets an honest nothing, and the best score that there was."""
    answer = suggest(built, text)
    assert answer.suggestions == ()
    assert 0 <= answer.best < THRESHOLD
    assert (answer.areas, answer.causes) == ((), ())


def test_chinese_alone_is_enough(built: Index) -> None:
    """Nothing in cleaning a paste drops Chinese: one without any Latin letter finds its article."""
    assert suggest(built, "一下雨整栋楼的网络就时断时续").suggestions[0].article.id == "KB-000024"


@pytest.mark.parametrize("case", PASTES[:12], ids=lambda c: c["expect"])
def test_noise_does_not_drown_the_symptom(built: Index, case: dict[str, Any]) -> None:
    """Timestamps, process and thread ids, UUIDs and addresses around a symptom change neither order nor score."""
    noise = "".join(
        f"2025-03-12 09:14:{i:02d}.{i:03d} pid={2000 + i} thread-{i} 0x00007ffa{i:08x} "
        f"550e8400-e29b-41d4-a716-4466554400{i:02d}\n"
        for i in range(50)
    )
    plain = suggest(built, case["paste"])
    noisy = suggest(built, noise + case["paste"] + "\n" + noise)
    assert [s.article.id for s in noisy.suggestions[:3]] == [s.article.id for s in plain.suggestions[:3]]
    assert [s.score for s in noisy.suggestions[:3]] == pytest.approx([s.score for s in plain.suggestions[:3]], abs=0.02)


def test_numbers_do_not_drown_the_symptom(built: Index) -> None:
    """A log with every number from 0 to 49 ranks the article of its one telling line first, not a table of numbers."""
    log = "".join(f"request done in {i} ms\n" for i in range(50)) * 20
    article, _ = rank(built, "ORA-00257: Archiver error\n" + log, 3)[0]
    assert built.articles[article].id == "KB-000074"


def test_greetings_do_not_drown_the_symptom(built: Index) -> None:
    """A mail's politeness around the symptom leaves the article first."""
    mail = (
        "您好，\n\n打扰了，我们公司今天早上遇到一个问题想请教一下，麻烦您帮忙看看，谢谢！\n\n"
        "{}\n\n祝工作顺利！\n此致\n敬礼\n王小明\n行政部 | 电话 138-0000-0000\n"
    )
    answer = suggest(built, mail.format("两个灯来回闪的爱普生 L3118，提示废墨垫"))
    assert answer.suggestions[0].article.id == "KB-000018"


def test_a_hundred_kilobytes(built: Index) -> None:
    """A paste longer than is read is cut and said so; what stands in the part that is read is found."""
    log = "".join(f"2025-07-02 03:00:{i % 60:02d} pid={i} INFO request done in {i % 50} ms\n" for i in range(3000))
    paste = "ORA-00257: Archiver error. Connect AS SYSDBA only until resolved.\n" + log
    assert len(paste) > MAX_TEXT
    answer = suggest(built, paste)
    assert answer.truncated
    assert answer.suggestions[0].article.id == "KB-000074"
    assert len(answer.lines) == MAX_LINES
    assert not suggest(built, paste[: MAX_TEXT - 1]).truncated


def test_scores_and_bands(built: Index) -> None:
    """Scores lie between the threshold and 1, and the band is the score's."""
    answers = [a for case in PASTES if (a := suggest(built, case["paste"])).suggestions]
    assert len(answers) >= len(PASTES) // 2
    for answer in answers:
        for s in answer.suggestions:
            assert THRESHOLD <= s.score <= 1
            assert s.band == band(s.score)
        assert answer.best >= max(s.score for s in answer.suggestions)


@pytest.mark.parametrize("text", ["打印机卡纸", "ORA-01653", "0x0000011b", "全公司上不了网", "VPN is up but slow"])
def test_search_and_suggest_agree(built: Index, text: str) -> None:
    """The score of an article for a text is the same in both places."""
    suggested = {s.article.id: s.score for s in suggest(built, text).suggestions}
    searched = {h.article.id: h.score for h in search(built, Query(text, size=50)).hits}
    both = suggested.keys() & searched.keys()
    assert both
    assert {i: suggested[i] for i in both} == {i: searched[i] for i in both}


def test_the_fix_itself(built: Index) -> None:
    """A case brings its fix with the anchor of the section, an FAQ its answer, not only a link."""
    found = suggest(built, "面板 50.2 FUSER ERROR 字一擦就掉").suggestions
    case = next(s for s in found if s.article.id == "KB-000013")
    number = built.number_of("KB-000013")
    section = next(s for s in built.passage(int(built.first[number])).sections if s.role == "fix")
    assert case.fix_anchor == section.anchor
    assert case.fix in built.body(number)
    assert "定影" in case.fix
    assert "## " not in case.fix
    faq = suggest(built, "插了网线显示无 Internet，IP 地址是 169.254").suggestions[0]
    assert (faq.article.kind, bool(faq.fix)) == ("faq", True)


def test_identifiers_are_counted_as_their_pages_count(write: Any, indexed: Any) -> None:
    """A draft or an archived article that holds a code is no article where a reader finds it."""
    for name, status in (("a", "published"), ("b", "draft"), ("c", "archived")):
        write(
            f"{name}.md", f"---\ntitle: 报错 ORA-01653 {name}\nstatus: {status}\n---\n\nORA-01653 与 ORA-0{name}999\n"
        )
    found = {i.text: i.known for i in suggest(indexed(), "报 ORA-01653，还有 ORA-12541").identifiers}
    assert found == {"ORA-01653": 1, "ORA-12541": 0}


def test_identifiers(built: Index) -> None:
    """Each identifier of the paste once, with its kind and how many articles hold it; unknown ones last."""
    answer = suggest(built, "错误 0x0000011b、0x11B，端口 GE0/0/25，还有 XYZ-99123，时间 2025-01-01 10:00:00")
    found = [(r.text, r.kind, r.known > 0) for r in answer.identifiers]
    assert ("0x0000011b", "hex", True) in found
    assert ("GE0/0/25", "port", True) in found
    assert found[-1] == ("XYZ-99123", "code", False)
    assert len([r for r in answer.identifiers if r.kind == "hex"]) == 1
    assert not [r for r in answer.identifiers if "2025" in r.text]


def test_explained_lines(built: Index) -> None:
    """Every line of the paste comes back as it was; those that a suggestion holds a word of are explained."""
    paste = "ORA-00257: Archiver error\n\n附近的川菜馆\n  业务账号连不上  "
    lines = suggest(built, paste).lines
    assert [text for text, _ in lines] == ["ORA-00257: Archiver error", "附近的川菜馆", "  业务账号连不上"]
    assert lines[0][1]
    assert not lines[1][1]


def test_probable_area_and_cause(built: Index) -> None:
    """The best articles vote for area and cause; shares are between 0 and 1, largest first."""
    answer = suggest(built, "ORA-00257 Archiver error 归档满了 连不上数据库")
    assert answer.areas[0][0] == "database"
    for votes in (answer.areas, answer.causes):
        shares = [share for _, share in votes]
        assert shares
        assert shares == sorted(shares, reverse=True)
        assert all(0 < s <= 1 for s in shares)
        assert sum(shares) <= 1.02


def test_hidden_articles_are_not_suggested(write: Write, indexed: Indexed) -> None:
    """Drafts and archived articles are no suggestions, and don't push others out."""
    for number, status in enumerate(("draft", "archived", "review", "published")):
        text = f"---\nid: KB-00000{number}\nstatus: {status}\ntitle: 打印机 E-1234 卡纸\n---\n打印机 E-1234 卡纸\n"
        write(f"{status}.md", text)
    for i in range(30):
        write(f"other{i}.md", f"# 别的文章 {i}\n\n交换机 路由器 {i}\n")
    index = indexed()
    found = {s.article.status for s in suggest(index, "打印机 E-1234 卡纸", count=2).suggestions}
    assert found == {"review", "published"}
    assert {index.articles[a].status for a, _ in rank(index, "打印机 E-1234 卡纸", 10)} == {"review", "published"}


def test_a_code_suggests_only_that_code(write: Write, indexed: Indexed) -> None:
    """PPR-9087 pasted into a base of other PPR codes suggests none of them."""
    for code in ("PPR-1044", "PPR-1777", "PPR-580"):
        write(f"{code}.md", f"# 告警 {code}\n\n出现 {code} 时复位。\n")
    for i in range(20):
        write(f"{i}.md", f"# 文章 {i}\n\n交换机 {i}\n")
    assert suggest(indexed(), "PPR-9087").suggestions == ()


def test_customers_words_count(write: Write, indexed: Indexed) -> None:
    """An article is found by its aliases, and the match says so."""
    write("a.md", "---\ntitle: 双控存储 LUN 只读\naliases: [磁盘突然写不进去]\n---\n更换电池。\n")
    for i in range(20):
        write(f"{i}.md", f"# 文章 {i}\n\n交换机 {i}\n")
    found = suggest(indexed(), "我的磁盘突然写不进去了").suggestions
    assert found[0].article.path == "a.md"
    assert "alias" in {m.field for m in found[0].matches}


def test_three_languages_of_nothing(built: Index) -> None:
    """Controls, emoji, lone surrogates and a megabyte of one letter are answered with nothing."""
    for text in ("\0\1\2", "😀😀😀", "\ud800", "a" * 1_000_000, "（）" * 1000, "\n" * 1000):
        assert suggest(built, text).suggestions == ()
