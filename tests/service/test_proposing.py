"""Urgency and impact: what plain words tell, and how the desk's own cases weigh against them."""

import pytest

from kb.service.proposing import LEAST, TRUE, VALUES, WORDS, levels, said

TOLD = [
    ("全楼断网，停产了", {"urgency": "high", "impact": "wide"}),
    ("财务室好几台电脑连不上打印机，不急", {"urgency": "low", "impact": "part"}),
    ("３台电脑都无法登录".replace("３", "3"), {"impact": "part"}),
    ("十二台都坏了", {"impact": "part"}),
    ("三楼 1 台打印机卡纸", {}),
    ("不是所有人都这样，也不是很急，只有我", {}),
    ("everybody in the whole office can't work", {"urgency": "high", "impact": "wide"}),
    ("it is not urgent, when you have time", {"urgency": "low"}),
    ("insurgents, somebody", {}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_what_plain_words_tell(text: str, expected: dict[str, str]) -> None:
    """Chinese and English; what is denied is not told, and nothing is told of the usual."""
    assert {field: value for field, (value, _) in said(text).items()} == expected
    assert {level.field: level.value for level in levels(text, [])} == expected


def test_a_new_desk_goes_by_its_words() -> None:
    """Without cases the probability is that which a rule is assumed to have, with the words that told it."""
    [level] = levels("全公司登录不了", [])
    assert (level.value, level.said, level.cases) == ("wide", "全公司", 0)
    assert level.share == pytest.approx(TRUE)


def test_an_old_desk_goes_by_its_cases() -> None:
    """Enough cases that are like it outweigh a word, and tell where no word does; few do not."""
    like = [(0.9, "high", "part")] * 12
    assert {(level.field, level.value) for level in levels("三楼打印机卡纸", like)} == {
        ("urgency", "high"),
        ("impact", "part"),
    }
    assert levels("三楼打印机卡纸", like[:2]) == []
    assert levels("全楼都卡", [(0.9, "normal", "one")] * 30) == []
    surer = [levels("全楼都卡", [(0.9, "normal", "wide")] * n)[-1].share for n in range(5)]
    assert surer == sorted(surer)
    assert all(LEAST <= share < 1 for share in surer)


def test_the_words_name_levels_that_there_are() -> None:
    """Each heading of the file is a level, and no wording stands there twice."""
    lines = WORDS.read_text("utf8").splitlines()
    headings = [tuple(line.strip("[]").split()) for line in lines if line.startswith("[")]
    assert all(value in VALUES[field] for field, value in headings)
    wordings = [line for line in lines if line and line[0] not in "[#"]
    assert len(wordings) == len(set(wordings))
