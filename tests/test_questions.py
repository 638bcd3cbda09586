"""Which question is asked, what an answer changes, and that asking helps: measured on the repository's own articles."""

from collections.abc import Callable
from itertools import product as every
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InputError
from kb.language import use
from kb.model import AREAS, CAUSES, Answer, Article, Suggestions
from kb.search import questions as asking
from kb.search.index import Index
from kb.search.questions import (
    AHEAD,
    COUNT,
    MAX_ANSWERS,
    MAX_KEY,
    MAX_RATIO,
    MAX_VALUE,
    MIN_GAIN,
    REPLIES,
    Candidate,
    checked_answer,
    latest,
    read_answer,
    updated,
    wording,
)
from kb.search.suggest import suggest
from kb.search.terms import read
from kb.search.threshold import THRESHOLD

Write = Callable[[str, str], Path]
Indexed = Callable[[], Index]

CASE = """\
---
id: KB-00000{n}
kind: case
title: {title}
product: [{product}]
area: printer
cause: {cause}
aliases: [{alias}]
versions: [8.9, 固件 {n}A]
---
## 现象

打印机不能打印。{symptom}

```text
{line}
```

## 原因

神秘的根因{n}。

## 解决

第 {n} 种办法。
"""

FAULTS = (
    ("LaserJet 100", "hardware", "面板红灯闪烁", "报 E-1101。", "FUSER TOO COLD"),
    ("LaserJet 200", "software", "队列里的任务消失", "报 E-2202。", "SPOOLER STOPPED"),
    ("LaserJet 300", "line", "电脑上显示灰色", "报 E-3303。", "HOST UNREACHABLE"),
)


@pytest.fixture
def printers(write: Write, indexed: Indexed) -> Index:
    """Three faults that a vague paste can't tell apart, and other articles around them."""
    for n, (name, cause, alias, symptom, line) in enumerate(FAULTS, 1):
        title = f"打印机不能打印，{alias[:4]}的那种"
        text = CASE.format(n=n, title=title, product=name, cause=cause, alias=alias, symptom=symptom, line=line)
        write(f"{n}.md", text)
    for i in range(20):
        write(f"other{i}.md", f"# 文章 {i}\n\n交换机 路由器 {i}\n")
    return indexed()


VAGUE = "打印机不能打印"


def ids(index: Index, text: str, *answers: str) -> list[str]:
    return [s.article.id for s in suggest(index, text, answers=[read_answer(a) for a in answers]).suggestions]


# --- what is asked ---------------------------------------------------------------------------


def test_close_suggestions_are_asked_about(printers: Index) -> None:
    """A vague paste brings questions of different kinds, each held by some of the suggestions and not by all."""
    found = suggest(printers, VAGUE)
    suggested = {s.article.id for s in found.suggestions}
    assert len(suggested) == len(FAULTS)
    assert 2 <= len(found.questions) <= COUNT
    assert len({q.kind for q in found.questions}) == len(found.questions)
    for question in found.questions:
        assert question.ask == f"{question.kind}:{question.value}"
        assert question.gain >= MIN_GAIN
        assert set(question.articles) < suggested


def test_texts_are_asked_as_they_are_written(printers: Index) -> None:
    """A question shows the words of the article, not index terms, and as a whole phrase."""
    asked: list[str] = []
    while len(asked) < MAX_ANSWERS and (
        found := suggest(printers, VAGUE, answers=[Answer(a, "unknown") for a in asked]).questions
    ):
        asked.append(found[0].ask)
    values = {a.partition(":")[2] for a in asked}
    assert {"E-1101", "FUSER TOO COLD", "面板红灯闪烁"} & values
    articles = " ".join(printers.body(n) + repr(printers.articles[n]) for n in range(len(printers.articles)))
    assert all(value in articles or value in AREAS for value in values)


def test_no_question_without_rivals(printers: Index) -> None:
    """One suggestion, none, or one far ahead of the others: nothing to ask."""
    assert suggest(printers, "川菜馆").questions == ()
    ahead = suggest(printers, "打印机不能打印 E-1101 FUSER TOO COLD 面板红灯闪烁 LaserJet 100")
    odds = [s.score / (1 - s.score) for s in ahead.suggestions]
    assert odds[0] > AHEAD * sum(odds)
    assert ahead.questions == ()


def test_what_the_paste_says_is_not_asked(printers: Index) -> None:
    """Neither words of the paste, nor what was answered, with whatever reply."""
    for reply in REPLIES:
        first = suggest(printers, VAGUE + "，红灯闪烁").questions
        assert "symptom:面板红灯闪烁" not in [q.ask for q in first]
        then = suggest(printers, VAGUE, answers=[Answer("code:E-1101", reply)]).questions
        assert "code:E-1101" not in [q.ask for q in then]


def test_no_question_after_the_last_answer(printers: Index) -> None:
    """More answers than a request may carry are never asked for."""
    answers = [Answer(f"word:词{i}", "unknown") for i in range(MAX_ANSWERS)]
    assert suggest(printers, VAGUE, answers=answers[:-1]).questions
    assert suggest(printers, VAGUE, answers=answers).questions == ()


def test_only_what_a_customer_can_see(built: Index) -> None:
    """Of every article: no cause, no address or port of one site, no version of nobody knows what, nothing long."""
    for number, article in enumerate(built.articles):
        keys = asking.keys_of(built, [Candidate(number, int(built.first[number]), 0.5)])
        assert keys or article.kind == "manual"
        for key in keys:
            kind, _, value = key.partition(":")
            assert wording(key)
            assert len(key) <= MAX_KEY
            assert len(value) <= MAX_VALUE
            assert value not in CAUSES
            assert kind != "version" or not value.replace(".", "").isdigit()
            assert read_answer(f"{key}=no") == Answer(key, "no")


# --- which question is best ------------------------------------------------------------------


def joint_information(yes: np.ndarray, beliefs: np.ndarray) -> float:
    """Mutual information of the candidate and the answers to all questions together, in bits, by counting."""
    bits = 0.0
    for replies in every((True, False), repeat=len(yes)):
        given = np.prod([row if reply else 1 - row for row, reply in zip(yes, replies, strict=True)], axis=0)
        joint = given * beliefs
        bits += float(np.sum(joint * np.log2(given / joint.sum())))
    return bits


CHANCES = st.lists(st.lists(st.floats(0.05, 0.95), min_size=3, max_size=3), min_size=3, max_size=6)


@given(CHANCES, st.lists(st.floats(0.05, 1), min_size=3, max_size=3))
def test_gains_are_mutual_information(yes: list[list[float]], weights: list[float]) -> None:
    """The first question is the one that tells most; gains of all together add up to what they tell together."""
    table, beliefs = np.array(yes), np.array(weights) / sum(weights)
    kinds = list(asking.EACH)
    keys = [f"{kind}:x" for kind, _ in zip(kinds, yes, strict=False)]
    found = list(asking.best_rows(keys, table[: len(keys)], beliefs))
    assert len({row for row, _ in found}) == len(found) <= COUNT
    alone = [joint_information(table[[row]], beliefs) for row in range(len(keys))]
    if found:
        assert found[0][1] == pytest.approx(max(alone))
        together = joint_information(table[[row for row, _ in found]], beliefs)
        assert sum(gain for _, gain in found) == pytest.approx(together)
    else:
        assert max(alone) < MIN_GAIN


def test_one_of_a_kind() -> None:
    """Of two questions of a kind the better one is asked; two that say the same are not both worth asking."""
    yes = np.array([[0.85, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.85]])
    rows = [row for row, _ in asking.best_rows(["code:a", "code:b", "word:c"], yes, np.full(3, 1 / 3))]
    assert rows == [0, 2]


def test_what_a_candidate_holds(printers: Index) -> None:
    """All of a phrase is 1, half of it nothing; a product is one of those listed; an area is a fact."""
    candidate = [Candidate(n, int(printers.first[n]), 0.5) for n in map(printers.number_of, ("KB-000001", "other1"))]

    def held(key: str) -> list[float]:
        return asking.holding(printers, {key: asking.words_of(printers, key)}, candidate)[0].tolist()

    assert held("symptom:面板红灯闪烁") == [1, 0]
    assert held("symptom:川菜馆") == [0, 0]
    assert held("area:printer") == [1, 0]
    assert held("product:LaserJet") == [1, 0]
    assert held("product:LaserJet 200") == [0, 0]
    assert held("version:固件 1A") == [0.5, 0]


# --- what an answer changes ------------------------------------------------------------------


def test_an_answer_moves_the_right_one_up(printers: Index) -> None:
    """Yes brings the article that holds it to the top, no behind the others; both by each article's own number."""
    for n, code in ((1, "E-1101"), (2, "E-2202"), (3, "E-3303")):
        assert ids(printers, VAGUE, f"code:{code}=yes")[0] == f"KB-00000{n}"
        assert ids(printers, VAGUE, f"code:{code}=no")[-1] == f"KB-00000{n}"
        assert ids(printers, VAGUE, f"code:{code}=unknown") == ids(printers, VAGUE)


def test_a_no_hides_nothing(printers: Index) -> None:
    """Whatever was answered with no, what the paste alone suggests stays in the list."""
    answers = [f"{q.ask}=no" for q in suggest(printers, VAGUE).questions]
    answers += [f"code:{code}=no" for code in ("E-1101", "E-2202", "E-3303")]
    assert set(ids(printers, VAGUE, *answers)) == set(ids(printers, VAGUE))


def test_a_yes_brings_articles_in(built: Index) -> None:
    """An article that the paste does not find is suggested when a code of it is confirmed; the words are marked."""
    paste = "邮件发不出去"
    target = "KB-000014"
    assert target not in ids(built, paste)
    found = suggest(built, paste, answers=[Answer("code:0x0000011b", "yes")]).suggestions
    [brought] = [s for s in found if s.article.id == target]
    assert brought.score >= THRESHOLD
    assert brought.factor > 1
    assert "0x11b" in {m.term for m in brought.matches}


def test_bayes_by_hand(printers: Index) -> None:
    """Two rivals with equal odds, one of which holds the code: odds times P(yes | right) / P(yes | wrong)."""
    numbers = [printers.number_of("KB-000001"), printers.number_of("KB-000002")]
    rivals = [Candidate(n, int(printers.first[n]), 0.4) for n in numbers]
    odds, yes, nothing = 0.4 / 0.6, asking.YES_HELD, asking.YES_CODE_NOT_HELD
    first, second = updated(printers, rivals, [Answer("code:E-1101", "yes")])
    assert first.article == numbers[0]
    assert first.factor == pytest.approx(yes / nothing)  # the other and an unknown article both lack it
    assert first.score == pytest.approx(odds * yes / nothing / (1 + odds * yes / nothing))
    assert second.factor == pytest.approx(nothing / ((odds * yes + nothing) / (odds + 1)))


@given(st.data())
def test_answers_are_bounded_and_commute(built: Index, data: st.DataObject) -> None:
    """However many answers: scores inside 0 and 1, factors within MAX_RATIO, the same in any order."""
    numbers = data.draw(st.lists(st.integers(0, len(built.articles) - 1), min_size=1, max_size=5, unique=True))
    rivals = [Candidate(n, int(built.first[n]), data.draw(st.floats(0, 1))) for n in numbers]
    keys = data.draw(st.lists(st.sampled_from(asking.keys_of(built, rivals)), max_size=6, unique=True))
    answers = [Answer(key, data.draw(st.sampled_from(("yes", "no")))) for key in keys]
    if not answers:
        return
    after = updated(built, rivals, answers)
    assert [c.score for c in after] == sorted((c.score for c in after), reverse=True)
    assert all(0 < c.score < 1 and 1 / MAX_RATIO <= c.factor <= MAX_RATIO for c in after)
    again = {c.article: c.score for c in updated(built, rivals[::-1], answers[::-1])}
    assert again == pytest.approx({c.article: c.score for c in after})


# --- keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "=", "yes", "code=yes", "code:=yes", "code: =yes", "code:E-1=maybe", "code:E-1", "code:E-1=", "cause:x=yes",
     "Code:E-1=yes", "code:" + "x" * MAX_KEY + "=yes"],
)  # fmt: skip
def test_what_is_no_answer(text: str) -> None:
    """A key of an unknown kind, without a value, too long, or with another reply is refused, in both languages."""
    for language, word in (("zh", "unknown，如"), ("en", "such as")):
        use(language)
        with pytest.raises(InputError, match=word):
            read_answer(text)


def test_a_key_may_hold_anything() -> None:
    """The last = parts key and reply; colons and signs in a value are part of it."""
    assert read_answer("message:a=b: c=yes") == Answer("message:a=b: c", "yes")
    assert checked_answer("code:E-1", "no") == Answer("code:E-1", "no")


def test_the_last_of_two_answers_counts(printers: Index) -> None:
    """Who contradicts himself has the last word."""
    twice = ids(printers, VAGUE, "code:E-1101=yes", "code:E-1101=no")
    assert twice == ids(printers, VAGUE, "code:E-1101=no")


def test_the_latest_answer_counts() -> None:
    """Each question once, at most MAX_ANSWERS of them."""
    assert latest([Answer("code:a", "yes"), Answer("code:b", "no"), Answer("code:a", "no")]) == (
        Answer("code:a", "no"),
        Answer("code:b", "no"),
    )
    many = [Answer(f"code:{i}", "yes") for i in range(MAX_ANSWERS + 1)]
    assert len(latest(many[1:])) == MAX_ANSWERS
    with pytest.raises(InputError, match=str(MAX_ANSWERS)):
        latest(many)


@given(st.text(max_size=40), st.sampled_from(list(asking.EACH)), st.sampled_from(REPLIES))
def test_any_value_is_answered(built: Index, value: str, kind: str, reply: str) -> None:
    """Suggesting never raises, whatever the value of a key."""
    answer = Answer(f"{kind}:{value}", reply)
    assert suggest(built, "打印机连不上", answers=[answer]).answers == (answer,)


def test_questions_in_both_languages() -> None:
    """Every kind has a question; an area is named as everywhere."""
    for kind in asking.EACH:
        use("zh")
        assert wording(f"{kind}:X1").endswith("？")
        use("en")
        assert wording(f"{kind}:X1").endswith("?")
        assert "X1" in wording(f"{kind}:X1")
    assert wording("area:printer") == "Is it a matter of “Printer”?"


# --- does it help? ---------------------------------------------------------------------------


def vague(index: Index, article: Article) -> str:
    """The two most common words of an article's title and aliases: what a poor description shares with many."""
    terms = read("\n".join((article.title, *article.aliases)), index.tokenizer, {})
    words = {t.raw: index.weights.rarity(t.term) for t in terms.tokens if t.kind == "word" and len(t.raw) > 1}
    return " ".join(sorted(words, key=lambda w: (words[w], w))[:2])


def truth(index: Index, number: int, key: str) -> bool:
    """What a customer with this article's fault says: the product and version are the first of those listed."""
    kind, _, _ = key.partition(":")
    words = asking.words_of(index, key)
    if listed := kind in asking.LISTED and getattr(index.articles[number], asking.LISTED[kind]):
        return words.keys() <= asking.words_of(index, f"{kind}:{listed[0]}").keys()
    return bool(asking.holding(index, {key: words}, [Candidate(number, int(index.first[number]), 0.5)])[0, 0] > 0.5)


def reciprocal_rank(found: Suggestions, wanted: str) -> float:
    ranked = [s.article.id for s in found.suggestions]
    return 1 / (ranked.index(wanted) + 1) if wanted in ranked else 0.0


def simulated(index: Index, wrong: float) -> tuple[float, float]:
    """Mean reciprocal rank of the right case before and after up to three answers, so many of which are wrong.

    Every third case, so that it takes seconds.
    """
    random = Random(1)
    before, after = [], []
    for number, article in [(n, a) for n, a in enumerate(index.articles) if a.kind == "case"][::3]:
        text = vague(index, article)
        answers: list[Answer] = []
        found = suggest(index, text, 10)
        before.append(reciprocal_rank(found, article.id))
        while found.questions and len(answers) < 3:
            yes = truth(index, number, found.questions[0].ask) != (random.random() < wrong)
            answers.append(Answer(found.questions[0].ask, "yes" if yes else "no"))
            found = suggest(index, text, 10, answers)
        after.append(reciprocal_rank(found, article.id))
    return float(np.mean(before)), float(np.mean(after))


def test_answers_bring_the_right_case_up(built: Index) -> None:
    """Asked for by two common words, the right case rises far with three true answers."""
    before, after = simulated(built, wrong=0)
    assert after > before + 0.2
    assert after > 0.9


def test_wrong_answers_do_little_harm(built: Index) -> None:
    """With a tenth of the answers wrong, asking still helps on average."""
    before, after = simulated(built, wrong=0.1)
    assert after > before
