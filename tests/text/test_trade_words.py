"""Tests of the shipped words of the trade: what the file holds, and that builds use it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Write

from kb.articles.files import parse as parse_article
from kb.bundle import open_current
from kb.indexer.build import build, build_documents
from kb.model import Query
from kb.search.index import Index
from kb.search.query_terms import read
from kb.search.searcher import search
from kb.search.synonym_mining import proposals
from kb.settings import Settings
from kb.text.stopwords import STOP_WORDS
from kb.text.synonyms import TRADE_WORDS, Synonyms, parse, shipped_text, trade_words
from kb.text.tokens import Tokenizer

TEXT = shipped_text("trade_words.txt")
EVERYWHERE = frozenset(
    "系统 网络 软件 硬件 设备 服务 服务器 数据 文件 用户 程序 应用 配置 设置 信息 功能 操作 连接 启动 打开 失败 错误 "
    "报错 error errors open server service system file data user name time network device failed failure code key "
    "session memory disk node".split()
)
"""Words that stand in every other article or log: as they stand, they tell nothing apart."""


def test_every_line_is_usable() -> None:
    """It parses, takes nothing away, and is large: at least six hundred lines of pairs."""
    found = trade_words()
    assert (found.problems, found.apart) == ([], {})
    lines = [line for line in TEXT.split("\n") if line.strip() and not line.startswith("#")]
    assert len(lines) >= 600


def test_the_file_is_where_messages_say() -> None:
    """Its name in messages is its path."""
    assert (Path(__file__).parents[2] / TRADE_WORDS).read_text("utf8") == TEXT


def test_no_word_is_too_general() -> None:
    """No single characters, no stop words or words of small talk, nothing that stands everywhere."""
    table = trade_words().table
    words = {*table, *(other for others in table.values() for other in others)}
    assert not [w for w in words if len(w) < 2]
    assert not words & STOP_WORDS
    assert not table.keys() & EVERYWHERE


def test_no_pair_is_there_twice() -> None:
    """A pair stands on one line; the next reader finds where."""
    pairs = Counter(
        (word, other) for line in TEXT.split("\n") for word, others in parse(line).table.items() for other in others
    )
    assert [pair for pair, times in pairs.items() if times > 1] == []


def test_a_mutual_line_is_never_one_way_too() -> None:
    """What is mutual needs no arrow: no one-way pair whose way back stands on another line."""
    one_way = [
        (word, other)
        for line in TEXT.split("\n")
        if "=>" in line
        for word, others in parse(line).table.items()
        for other in others
    ]
    mutual = {
        (word, other)
        for line in TEXT.split("\n")
        if "=>" not in line
        for word, others in parse(line).table.items()
        for other in others
    }
    assert not mutual & set(one_way)


def test_the_sample_base_repeats_nothing() -> None:
    """What is shipped does not stand in the sample base's own file as well."""
    own = parse((Path(__file__).parents[2] / "articles" / "synonyms.txt").read_text("utf8"))
    shipped = trade_words().table
    assert own.problems == []
    assert not [(w, o) for w, others in own.table.items() for o in others if o in shipped.get(w, ())]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("connection refused", "连接被拒绝"),
        ("连接被拒绝", "connection refused"),
        ("ECONNREFUSED 10.0.0.1:3306", "连接被拒绝"),
        ("权限不足", "permission denied"),
        ("certificate expired", "证书过期"),
        ("OOM", "内存溢出"),
        ("双工不匹配", "duplex mismatch"),
        ("飞塔防火墙", "fortigate"),
        ("飞塔", "fortinet"),
        ("税控盘", "ukey"),
        ("新华三", "h3c"),
        ("惠普打印机", "laserjet"),
        ("C盘满了", "磁盘空间不足"),
        ("打印机不动", "无法打印"),
        ("cannot log in", "无法登录"),
    ],
)
def test_what_one_asks_in_the_other_language(query: str, expected: str) -> None:
    """Chinese finds English, English finds Chinese, a customer's words the technical ones."""
    synonyms = Synonyms(trade_words().table)
    assert expected in [other for _, _, word in synonyms.find(query.lower()) for other in synonyms[word]]


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("从系统信息中删除", "uos"),
        ("判断网络是否正常", "上不了"),
        ("增加域名记录", "join"),
        ("写错误报告", "posit"),
        ("说明基于模块", "benq"),
        ("每日立即备份", "hitachi"),
        ("强大华为设备", "dahua"),
        ("连接地址", "ground"),
        ("严重影响业务", "ghost"),
        ("unexpected token in login session memory", "令牌"),
    ],
)
def test_chance_neighbours_are_no_words(text: str, absent: str) -> None:
    """Characters that only stand side by side, and words that every log holds, widen nothing."""
    terms = read(text, Tokenizer(), Synonyms(trade_words().table))
    assert absent not in terms.via


# --- in a build ------------------------------------------------------------------------------

ARTICLE = "---\nid: KB-000001\ntitle: 端口一侧强制速率之后很慢\n---\n两端 duplex mismatch，改为自动协商。\n"


@pytest.fixture
def shipped(settings: Settings, write: Write) -> Settings:
    """Settings with the shipped words, and one article that says it in English."""
    write("a.md", ARTICLE)
    return replace(settings, trade_words=True)


def found(settings: Settings, text: str) -> int:
    return search(Index(open_current(settings.index)), Query(text)).total


def test_a_build_knows_them_unless_they_are_switched_off(shipped: Settings) -> None:
    """The bundle holds the shipped table with the base's own; the setting alone makes a new bundle."""
    assert build(shipped).published
    assert found(shipped, "双工不匹配") == 1
    assert open_current(shipped.index).json("synonyms.json").keys() >= trade_words().table.keys()
    assert not build(shipped).published
    off = replace(shipped, trade_words=False)
    assert build(off).published
    assert found(off, "双工不匹配") == 0
    assert open_current(off.index).json("synonyms.json") == {}


def test_a_base_adds_and_takes_away(shipped: Settings, write: Write) -> None:
    """Its own line finds beside the shipped ones; a pair it takes away finds nothing any more."""
    write("synonyms.txt", "网线两头不一样 => 双工不匹配, duplex mismatch\n")
    build(shipped)
    assert (found(shipped, "网线两头不一样"), found(shipped, "双工不匹配")) == (1, 1)
    write("synonyms.txt", "双工不匹配 != duplex mismatch\n")
    build(shipped)
    assert found(shipped, "双工不匹配") == 0


def test_documents_in_memory_know_them(shipped: Settings) -> None:
    """A judged set is searched as a base is."""
    build_documents(shipped, [parse_article(ARTICLE, "a.md")])
    assert found(shipped, "双工不匹配") == 1


def test_what_is_shipped_is_not_proposed(shipped: Settings, write: Write) -> None:
    """A base that gives evidence for a shipped pair has nothing to decide."""
    write("b.md", "# 登录失败\n\nNetwork Address Translation (NAT)，活动目录（AD）\n")
    line = "network address translation = nat"
    build(replace(shipped, trade_words=False))
    assert line in [p.line for p in proposals(Index(open_current(shipped.index)))]
    build(shipped)
    assert line not in [p.line for p in proposals(Index(open_current(shipped.index)))]
