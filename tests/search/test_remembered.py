"""What verdicts on earlier pastes do: at once, for similar pastes only, within bounds, and never by hiding."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from conftest import GOLDEN
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from kb.bundle.fields import MEMORY_LIFT, MEMORY_LIFTED, MEMORY_LOWER
from kb.cli import cli
from kb.desk import answers
from kb.errors import InputError
from kb.model import Suggestions, Verdict
from kb.search import verdict_memory as module
from kb.search.confidence import remembering
from kb.search.embedded import EmbeddedEngine
from kb.search.evaluate import evaluate, read_verdicts
from kb.search.index import Index
from kb.search.query_terms import read
from kb.search.suggest import rank, read_paste, suggest
from kb.search.threshold import THRESHOLD
from kb.search.verdict_memory import Remembered

Write = Callable[[str, str], Path]
Indexed = Callable[[], Index]

PASTES = yaml.safe_load((GOLDEN / "suggest.yml").read_text("utf8"))
OWN_WORDS = "大屏幕一早就黑着转圈圈，领导催得急"
"""A customer's wording of which no article holds a telling word."""
TARGET = "KB-000077"


def helpful(text: str, *articles: str) -> list[Verdict]:
    return [Verdict(text, article, "helpful") for article in articles]


def unhelpful(text: str, *articles: str) -> list[Verdict]:
    return [Verdict(text, article, "unhelpful") for article in articles]


def numbers(found: Suggestions) -> list[str]:
    return [s.article.id for s in found.suggestions]


def evidence(index: Index, memory: Remembered, text: str) -> dict[str, float]:
    """What is remembered of each article, as if no article held a word of the text."""
    none = np.zeros(len(index.article_of), np.float32)
    found = memory.recall(index, read_paste(index, text), none, 0)
    return {index.articles[a].id: r.evidence for a, r in found.items()}


def ranked(index: Index, text: str, memory: Remembered | None = None) -> list[str]:
    return [index.articles[a].id for a, _ in rank(index, text, 1000, memory)]


# --- what it is for --------------------------------------------------------------------------


def test_a_verdict_counts_at_once(built: Index) -> None:
    """Words that no article holds find the article that helped, with the reason; before it was not suggested."""
    assert TARGET not in numbers(suggest(built, OWN_WORDS))
    memory = Remembered(built, helpful(OWN_WORDS, TARGET))
    (found,) = (s for s in suggest(built, OWN_WORDS, remembered=memory).suggestions if s.article.id == TARGET)
    assert found.score >= THRESHOLD
    assert found.remembered is not None
    assert (found.remembered.helpful, found.remembered.unhelpful) == (1, 0)
    assert (found.matches[0].kind, found.matches[0].word) == ("remembered", "以前有效：1 次，相似的粘贴")
    assert found.matches[0].score == pytest.approx(found.remembered.lift, abs=0.001)


def test_a_similar_paste_is_enough(built: Index) -> None:
    """The same wording with another greeting is helped, a text about something else is not."""
    memory = Remembered(built, helpful(OWN_WORDS, TARGET))
    assert TARGET in numbers(suggest(built, f"您好王工，{OWN_WORDS}，多谢", remembered=memory))
    assert TARGET not in numbers(suggest(built, "公司年会节目单请大家踊跃报名", remembered=memory))
    assert set(evidence(built, memory, "大屏幕的说明书在哪里下载，想看看接线图")) == set()


def test_who_agrees_is_surer(built: Index) -> None:
    """Pastes of the same words that helped raise score and place further, each by less."""
    texts = [OWN_WORDS + end for end in ("", "！", "。急", "，在吗")]
    scores = [0.0]
    for n in range(1, len(texts) + 1):
        memory = Remembered(built, [v for t in texts[:n] for v in helpful(t, TARGET)])
        scores.append(evidence(built, memory, OWN_WORDS)[TARGET])
    gains = np.diff(scores)
    assert (gains > 0).all()
    assert (np.diff(gains) < 0).all()
    assert scores[-1] < 1


def test_what_did_not_help_falls_and_stays(built: Index) -> None:
    """A bad verdict lowers score and place, is told, and hides nothing."""
    for case in PASTES[:8]:
        plain = suggest(built, case["paste"])
        before = {s.article.id: s.score for s in plain.suggestions}
        first = plain.suggestions[0].article.id
        memory = Remembered(built, unhelpful(case["paste"], first))
        told = suggest(built, case["paste"], remembered=memory)
        after = {s.article.id: s for s in told.suggestions}
        assert first in after
        assert THRESHOLD <= after[first].score <= before[first]
        assert after[first].score < before[first] or before[first] < 0.2
        assert "以前无效：1 次，相似的粘贴" in [m.word for m in after[first].matches]


def test_another_fault_counts_for_that_text_alone(built: Index) -> None:
    """That an article was about another fault lowers it for that text; a similar one finds it as before."""
    text, similar = OWN_WORDS, f"{OWN_WORDS}，投影也不亮，换过线和电源"
    said = Verdict(text, TARGET, "unhelpful", "fault")
    plain = Remembered(built, unhelpful(text, TARGET))
    other = Remembered(built, [said])
    assert evidence(built, other, text) == evidence(built, plain, text)
    assert evidence(built, plain, similar)[TARGET] < 0
    assert evidence(built, other, similar) == {}
    both = Remembered(built, [said, *helpful(text, TARGET)])
    assert evidence(built, both, similar)[TARGET] > 0


def test_pastes_about_something_else_stay_as_they_are(built: Index) -> None:
    """With every other golden paste remembered, the first suggestion and its score stay what they were."""
    for case in PASTES:
        others = [v for c in PASTES if c is not case for v in helpful(c["paste"], c["expect"])]
        plain = suggest(built, case["paste"]).suggestions
        found = suggest(built, case["paste"], remembered=Remembered(built, others)).suggestions
        assert [(s.article.id, s.score) for s in found[:1]] == [(s.article.id, s.score) for s in plain[:1]]


def test_a_signature_is_no_similarity(built: Index) -> None:
    """What the mails about many articles share says nothing about the next one with it."""
    mail = "您好，我是远山集团信息部的小高，{}。烦请尽快安排，顺祝商祺。远山集团信息部 高先生 分机八零二"
    said = [v for c in PASTES[:25] for v in helpful(mail.format(c["paste"]), c["expect"])]
    new = mail.format("鸬鹚饲养场的围栏倒了")
    assert evidence(built, Remembered(built, said[:1]), new) != {}
    assert evidence(built, Remembered(built, said), new) == {}


# --- what it may not do ----------------------------------------------------------------------

ANY_ARTICLE = st.sampled_from([c["expect"] for c in PASTES] + ["KB-000001", "KB-000002", "KB-000003"])


@given(data=st.data())
@hypothesis(max_examples=40)
def test_clicks_do_not_bury_text_evidence(built: Index, data: st.DataObject) -> None:
    """With any verdicts at all on other articles, the one that is first by its text stays among the first three; and
    it stays first when it is so far ahead that a full lift does not reach it, even with bad verdicts of its own."""
    paste = data.draw(st.sampled_from(PASTES))["paste"]
    (first, top), *rest = rank(built, paste, 1000)
    name = built.articles[first].id
    texts = st.sampled_from([paste, paste + " 急", "您好 " + paste, paste[: len(paste) // 2]])
    own = data.draw(st.booleans())
    said = [
        Verdict(text, article, verdict)
        for text, article, verdict in data.draw(
            st.lists(st.tuples(texts, ANY_ARTICLE, st.sampled_from(["helpful", "unhelpful"])), max_size=40)
        )
        if article != name
    ]
    memory = Remembered(built, said + (unhelpful(paste, name) if own else []))
    place = ranked(built, paste, memory).index(name)
    if not own:
        assert place <= MEMORY_LIFTED
    second = rest[0][1] if rest else 0
    if top * (1 - MEMORY_LOWER * own) > second + MEMORY_LIFT * top:
        assert place == 0


def test_all_clicks_on_one_article(built: Index) -> None:
    """However many pastes of these words another article is said to have helped, the first falls by one at most."""
    for case in PASTES[:8]:
        first, *_ = ranked(built, case["paste"])
        other = next(n for n in ("KB-000001", "KB-000077") if n != first)
        said = [v for i in range(60) for v in helpful(case["paste"] + "！" * i, other)]
        order = ranked(built, case["paste"], Remembered(built, said))
        assert order.index(first) <= 1
        assert other in order  # though most of these pastes share no word with it


def test_so_many_are_lifted(built: Index) -> None:
    """Of many articles that helped, those that helped most are lifted, no more; all that did not are told."""
    names = [c["expect"] for c in PASTES[:6]]
    said = [v for i, n in enumerate(names) for k in range(i + 1) for v in helpful(OWN_WORDS + "！" * k, n)]
    assert set(evidence(built, Remembered(built, said), OWN_WORDS)) == set(names[-MEMORY_LIFTED:])
    assert set(evidence(built, Remembered(built, unhelpful(OWN_WORDS, *names)), OWN_WORDS)) == set(names)


def test_one_pair_has_one_vote(built: Index) -> None:
    """A thousand verdicts on one paste and one article weigh as much as one; who disagrees shares the vote."""
    once = evidence(built, Remembered(built, helpful(OWN_WORDS, TARGET)), OWN_WORDS)
    often = evidence(built, Remembered(built, helpful(OWN_WORDS, TARGET) * 1000), OWN_WORDS)
    assert often == once
    both = [*helpful(OWN_WORDS, TARGET) * 5, *unhelpful(OWN_WORDS, TARGET) * 5]
    assert evidence(built, Remembered(built, both), OWN_WORDS) == {}
    mostly = [*helpful(OWN_WORDS, TARGET) * 3, *unhelpful(OWN_WORDS, TARGET)]
    assert 0 < evidence(built, Remembered(built, mostly), OWN_WORDS)[TARGET] < once[TARGET]


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_the_score_stays_a_probability(sure: float, a: float, b: float) -> None:
    """More evidence is never less sure; none changes nothing; a bad verdict does not hide what the text suggests."""
    low, high = sorted((a, b))
    assert 0 <= remembering(sure, low) <= remembering(sure, high) <= 1
    assert remembering(sure, 0) == pytest.approx(sure, abs=0.002)
    if sure >= THRESHOLD:
        assert remembering(sure, low) >= THRESHOLD


# --- what it must survive --------------------------------------------------------------------


def test_nothing_remembered(built: Index) -> None:
    """No verdicts, empty texts and texts without words change nothing and raise nothing."""
    for said in ([], helpful("", TARGET), helpful("  \n", TARGET), helpful("？？", TARGET)):
        memory = Remembered(built, said)
        for text in ("", "？？", OWN_WORDS, PASTES[0]["paste"]):
            assert numbers(suggest(built, text, remembered=memory)) == numbers(suggest(built, text))


def test_articles_come_and_go(write: Write, indexed: Indexed) -> None:
    """Verdicts on articles that are gone or hidden are passed over; the others hold when positions change."""
    write("b.md", "---\nid: KB-000002\n---\n# 交换机端口\n\n端口不通\n")
    write("c.md", "---\nid: KB-000003\n---\n# 打印机卡纸\n\n卡纸\n")
    said = helpful(OWN_WORDS, "KB-000001", "KB-000002", "KB-000003", "gone.md", "")
    before = indexed()
    memory = Remembered(before, said)
    assert set(evidence(before, memory, OWN_WORDS)) == {"KB-000002", "KB-000003"}
    write("a.md", "---\nid: KB-000001\n---\n# 显示器\n\n黑屏\n")
    write("b.md", "---\nid: KB-000002\nstatus: archived\n---\n# 交换机端口\n\n端口不通\n")
    assert set(evidence(indexed(), memory, OWN_WORDS)) == {"KB-000001", "KB-000003"}


def test_only_the_newest_texts(built: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten; a text that is judged again is new again."""
    monkeypatch.setattr(module, "MAX_TEXTS", 2)
    said = [v for text in ("红灯闪烁", "绿灯常亮", "黄灯不亮", "红灯闪烁") for v in helpful(text, TARGET)]
    memory = Remembered(built, said)
    assert len(memory) == 2
    assert [TARGET in evidence(built, memory, t) for t in ("红灯闪烁", "绿灯常亮", "黄灯不亮")] == [True, False, True]


def test_what_was_read_is_not_read_again(built: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was remembered before only a new text is read, and the outcome is that of a fresh start."""
    said = [v for c in PASTES[:10] for v in helpful(c["paste"], c["expect"])]
    more = [*said, *helpful(OWN_WORDS, TARGET)]
    earlier, fresh = Remembered(built, said), Remembered(built, more)
    texts: list[str] = []

    def noted(text: str, *rest: Any, **named: Any) -> Any:
        texts.append(text)
        return read(text, *rest, **named)

    monkeypatch.setattr(module, "read", noted)
    grown = Remembered(built, more, earlier)
    assert texts == [OWN_WORDS]
    for text in (OWN_WORDS, PASTES[0]["paste"], PASTES[3]["paste"]):
        query = read_paste(built, text)
        assert grown.similarities(built, query) == pytest.approx(fresh.similarities(built, query))
    assert len(earlier) == len(said)


@given(
    st.lists(st.sampled_from(["卡纸", "红灯", "ORA-01653", "蓝屏", "重启", "交换机", "鸬鹚", "0x0000011b"]), max_size=8)
)
def test_similarity(built: Index, words: list[str]) -> None:
    """The cosine: 1 for the same words, 0 for none in common, between them otherwise."""
    memory = Remembered(built, helpful("卡纸 红灯 鸬鹚", TARGET))
    (similar,) = memory.similarities(built, read_paste(built, " ".join(words), exact=True))
    assert 0 <= similar <= 1
    if set(words) == {"卡纸", "红灯", "鸬鹚"} and len(words) == 3:
        assert similar > 0.6  # the order differs, and with it the pairs of neighbours
    if not set(words) & {"卡纸", "红灯", "鸬鹚"}:
        assert similar == 0
    same = memory.similarities(built, read_paste(built, "卡纸 红灯 鸬鹚", exact=True))
    assert same == pytest.approx([1], abs=1e-5)


# --- shown and measured ----------------------------------------------------------------------


def test_as_data(built: Index) -> None:
    """JSON tells how often it helped, and null where nothing is remembered."""
    memory = Remembered(built, helpful(OWN_WORDS, TARGET))
    data = answers.Suggestions.of(suggest(built, OWN_WORDS, remembered=memory)).data()["suggestions"]
    assert [s["remembered"] for s in data if s["id"] == TARGET] == [{"helpful": 1, "unhelpful": 0}]
    plain = answers.Suggestions.of(suggest(built, PASTES[0]["paste"], remembered=memory)).data()["suggestions"]
    assert plain
    assert {s["remembered"] for s in plain} == {None}


def test_verdicts_are_read(tmp_path: Path) -> None:
    """A log of verdicts, and what is told of one that is none."""
    path = tmp_path / "said.jsonl"
    path.write_text('{"text": "卡纸", "article": "KB-000001", "verdict": "helpful", "at": 1}\n\n', "utf8")
    assert read_verdicts(path) == helpful("卡纸", "KB-000001")
    path.write_text('{"text": "卡纸", "article": "KB-000001", "verdict": "good"}\n', "utf8")
    with pytest.raises(InputError, match=r"said\.jsonl.*good.*helpful 或 unhelpful"):
        read_verdicts(path)
    path.write_text('{"text": "卡纸", "verdict": "helpful"}\n', "utf8")
    with pytest.raises(InputError, match=r"said\.jsonl:1: "):
        read_verdicts(path)


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A judged set whose queries are in words that the documents do not have."""
    folder = tmp_path / "judged"
    folder.mkdir()
    texts = {"d1": "打印机卡纸 更换搓纸轮", "d2": "网口灯不亮 重新压接水晶头", "d3": "数据库表空间不足 ORA-01653"}
    rows = (json.dumps({"id": i, "title": t.split()[0], "text": t}, ensure_ascii=False) for i, t in texts.items())
    asked = {"q1": "领导催得急 大屏转圈", "q2": "大屏转圈圈 领导催得急", "q3": "灯不亮"}
    queries = (json.dumps({"id": i, "text": t}, ensure_ascii=False) for i, t in asked.items())
    (folder / "corpus.jsonl").write_text("\n".join(rows), "utf8")
    (folder / "queries.jsonl").write_text("\n".join(queries), "utf8")
    (folder / "qrels.tsv").write_text("q1\td3\t1\nq2\td3\t1\nq3\td2\t1\n", "utf8")
    return folder


def test_eval_proves_it(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kb eval --verdicts compares with and without; a query that was remembered word for word does not count."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KB_WORKERS", "1")
    verdicts = tmp_path / "said.jsonl"
    line = {"text": "领导催得急 大屏转圈", "article": "d3", "verdict": "helpful"}
    verdicts.write_text(json.dumps(line, ensure_ascii=False), "utf8")
    result = CliRunner().invoke(cli, ["eval", str(judged), "--verdicts", str(verdicts), "--json"])
    assert result.exit_code == 0, result.output
    assert "1 条查询的原文就在判定里" in result.stderr
    told = json.loads(result.stdout)
    assert told["ndcg10"] == {"before": 0.5, "after": 1.0, "mean": 0.5}
    assert [(m["query"], m["before"], m["after"]) for m in told["risen"]] == [("q2", 0, 1)]
    assert (told["fallen"], told["same"]) == ([], 1)
    for more in (["--mode", "search"], ["--against", str(verdicts)]):
        refused = CliRunner().invoke(cli, ["eval", str(judged), "--verdicts", str(verdicts), *more])
        assert refused.exit_code == 2
    assert CliRunner().invoke(cli, ["eval", "--verdicts", str(verdicts)]).exit_code == 2


def test_evaluate_with_memory(built: Index) -> None:
    """The run of a judged set knows what is remembered."""
    text = f"{OWN_WORDS} 表空间"
    queries, qrels = [{"id": "q", "text": text}], {"q": {TARGET: 1}}
    by_number = {a.path: a.id for a in built.articles}
    memory = Remembered(built, helpful(text + "！", TARGET))
    engine = EmbeddedEngine(built)
    before, _ = evaluate(engine, queries, qrels, name=by_number.__getitem__)
    after, _ = evaluate(engine, queries, qrels, name=by_number.__getitem__, remembered=memory)
    assert after["mrr10"] >= before["mrr10"]
    lifted, plain = (ranked(built, OWN_WORDS, m) for m in (memory, None))
    assert TARGET in lifted
    assert TARGET not in plain or lifted.index(TARGET) < plain.index(TARGET)
