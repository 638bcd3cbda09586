"""The lines of a text: its subject, what a log repeats, its most telling sentences, and the faults it tells of."""

import pytest

from kb.search import lines
from kb.search.faults import split
from kb.text.tokens import Tokenizer

TOKENIZER = Tokenizer([])


def subject(text: str, left: dict[str, float] | None = None) -> str:
    folded, tokens = TOKENIZER.read(text)
    start, end = lines.subject(lines.lines(folded.text, tokens), tokens, left or {})
    return folded.text[start:end]


def test_subject() -> None:
    """The first of several lines that says something; one line alone has no subject."""
    assert subject("您好\n财务打印机卡纸红灯亮\n重启过了没有用") == "财务打印机卡纸红灯亮"
    assert subject("财务打印机卡纸红灯亮") == ""
    assert subject("\n\n") == ""


def test_small_talk_is_no_subject() -> None:
    """A line of nothing but talk is passed over."""
    text = "领导催得急谢谢老师\n财务打印机卡纸红灯亮\n重启过了"
    talk = dict.fromkeys(("领导", "催", "得", "急", "谢谢", "老师"), 0.05)
    assert subject(text, talk) == "财务打印机卡纸红灯亮"


def test_seldom() -> None:
    """What every line of a log holds weighs nothing, what one line holds keeps all."""
    text = "\n".join(["session opened for root"] * 30 + ["duplex mismatch discovered"])
    folded, tokens = TOKENIZER.read(text)
    left = lines.seldom(lines.lines(folded.text, tokens), tokens)
    assert left["duplex"] == 1
    assert left["session"] < 0.05


def test_gist() -> None:
    """A short text is its own; of a long one the most telling sentences, in their order."""
    told = "打印机卡纸红灯一直亮"
    talk = "今天天气不错大家都在忙着准备年会" * 3
    assert lines.gist(told, TOKENIZER.tokens(told), {}, (0, 0)) == told
    text = f"{talk}。{told}。{talk}！{talk}"
    weights = dict.fromkeys(("打印机", "卡纸", "红灯", "亮"), 5.0)
    assert told in lines.gist(text, TOKENIZER.tokens(text), weights, (0, 0))
    assert len(lines.gist(text, TOKENIZER.tokens(text), weights, (0, 0))) <= lines.GIST + len(talk)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("打印机一直卡纸。另外，财务那台连不上网", ["打印机一直卡纸。", "财务那台连不上网"]),
        ("1. 打印机一直卡纸\n2、财务那台连不上网", ["打印机一直卡纸", "财务那台连不上网"]),
        ("一、打印机一直卡纸\n二、财务那台连不上网", ["打印机一直卡纸", "财务那台连不上网"]),
        ("①打印机一直卡纸\n②财务那台连不上网", ["打印机一直卡纸", "财务那台连不上网"]),
        ("打印机一直卡纸\n\n财务那台连不上网", ["打印机一直卡纸", "财务那台连不上网"]),
        ("The printer jams. Also, the PC has no network", ["The printer jams.", "the PC has no network"]),
        ("打印机一直卡纸", []),
        ("1. 打印机一直卡纸", []),
        ("", []),
    ],
)
def test_faults_are_set_apart(text: str, pieces: list[str]) -> None:
    """Numbered, after 另外, or by blank lines."""
    assert split(text) == pieces


def test_apart() -> None:
    """A person's words among a program's lines keep their weight; a log whose lines all look alike is left alone."""
    log = [f"2025-03-03 08:00:{i:02d} INFO worker{i} heartbeat sent" for i in range(40)]
    for text, kept in (("\n".join([*log[:20], "打印机一直卡纸", *log[20:]]), {"卡纸": 1.0}), ("\n".join(log), {})):
        folded, tokens = TOKENIZER.read(text)
        left = lines.apart(folded.text, lines.lines(folded.text, tokens), tokens)
        assert {term: left[term] for term in kept} == kept
        assert not kept or left["heartbeat"] < 0.3


def test_a_log_is_one() -> None:
    """A long text is not cut: a log has blank lines of its own."""
    assert split("line of a log\n\n" * 500) == []


def test_a_subject_counts_twice() -> None:
    """Its sentence is told before others that say as much, and not before one that says far more."""
    text = "登记表 第三页 附录\n" + "其他各项 均已 正常。" * 20 + "\n服务器 ORA-01653 表空间 已满"
    tokens = TOKENIZER.tokens(text)
    subject = (0, text.index("\n"))
    alike = {t.term: 1.0 for t in tokens}
    assert lines.gist(text, tokens, alike, subject).startswith("登记表")
    telling = alike | {t.term: 9.0 for t in tokens if t.start > text.index("服务器")}
    assert "ORA-01653" in lines.gist(text, tokens, telling, subject).split("\n")[-1]
