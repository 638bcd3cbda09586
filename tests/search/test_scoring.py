"""The steps of a score: words, then topics, sentences, meaning, codes; the threshold that a base finds for itself."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from encoders import PairEncoder

from kb.bundle.fields import CODE_ZONES
from kb.desk.calibration import FEWEST, MOST, calibrate
from kb.indexer.build import build, build_documents
from kb.indexer.meaning import fill
from kb.model import Article, Band
from kb.search import scoring, threshold
from kb.search.corpus import Corpus
from kb.search.index import Index, Library
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores
from kb.search.suggest import read_paste, suggest
from kb.search.threshold import THRESHOLD
from kb.settings import Settings

CHATTER = (
    "您好，麻烦帮忙看一下，同事那边{}，昨天还是好的，今天早上来就这样了。领导催得急，谢谢！",
    "在吗在吗 😭\n[图片]\n@李工 又来了\n{}\n昨天还好好的\n孙会计说她那边也等着",
    "Dear support,\nhope you are well. Since this morning we see {} here.\nMy boss is waiting\nBest regards",
)


def opened(settings: Settings, *articles: Article) -> Index:
    build_documents(settings, articles)
    return Library(settings.index).index()


def case(number: int, title: str, symptom: str = "不能用", fix: str = "重启", aliases: tuple[str, ...] = ()) -> Article:
    body = f"## 现象\n\n{symptom}\n\n## 解决\n\n{fix}\n"
    return Article(f"{number}.md", f"KB-{number:06}", "case", title, aliases=aliases, body=body)


@pytest.mark.parametrize("chatter", CHATTER)
@pytest.mark.parametrize(("code", "number"), [("ORA-01653", "KB-000077"), ("0x0000011b", "KB-000014")])
def test_a_code_decides(built: Index, chatter: str, code: str, number: str) -> None:
    """The article with the code in its title comes first, whatever is said around the code."""
    assert suggest(built, chatter.format(code)).suggestions[0].article.id == number


def test_a_mention_apart_does_not(settings: Settings) -> None:
    """An article that names a code only to set itself apart is not taken for the one about it."""
    about = case(1, "连接共享打印机失败，错误 0x0000011b")
    other = case(2, "共享打印机打印慢", "打印共享打印机很慢，与 0x0000011b 不同，能连接上打印机")
    index = opened(settings, about, other)
    found = suggest(index, "共享打印机 打印 很慢吗？不，是报 0x0000011b")
    assert found.suggestions[0].article.id == "KB-000001"


def test_places_of_a_code(settings: Settings) -> None:
    """How much a passage is about a code depends on where it stands: title, symptom, fix."""
    articles = [case(1, "事件 4740 反复"), case(2, "锁定", "日志里是事件 4740"), case(3, "锁定", fix="查事件 4740")]
    index = opened(settings, *articles)
    ((passages, zones),) = index.weights.about(["#4740"])
    found = {index.articles[int(index.article_of[p])].id: float(z) for p, z in zip(passages, zones, strict=True)}
    expected = {"KB-000001": "title", "KB-000002": "symptom", "KB-000003": "fix"}
    assert found == pytest.approx({number: CODE_ZONES[zone] for number, zone in expected.items()})


def test_a_code_that_many_are_about_is_a_word(settings: Settings) -> None:
    """A model number in every title lifts none of them."""
    index = opened(settings, *(case(i, f"R740 服务器故障 {i}") for i in range(1, 30)))
    told = [share for _, shares in scoring.told_by_code(index, {"r740": 1.0}) for share in shares]
    assert not any(told)


def test_lifts_add_up(built: Index) -> None:
    """Words and what each step adds are the whole score; no step takes anything away."""
    query = read_paste(built, "您好，打印机一直卡纸。红灯亮，报 49.4C02\n麻烦看一下")
    lifted: dict[str, scoring.Lift] = {}
    scores = built.scores(query, lifted=lifted)
    added = {name: lift.of(np.arange(len(scores))) for name, lift in lifted.items()}
    np.testing.assert_array_equal(scores, built.scores(query))
    words = built.weights.scores(query.weights)
    np.testing.assert_allclose(words + sum(added.values()), scores, rtol=1e-4)
    assert all((a >= 0).all() for a in added.values())
    assert added["about"].any()


def test_the_sentence_that_tells(settings: Settings) -> None:
    """Of two articles that share as many words with a story, the one that a sentence of it is about comes first."""
    about = case(1, "扫描到共享文件夹失败")
    words = case(2, "扫描", "共享", "文件夹 失败")
    index = opened(settings, about, words)
    query = read_paste(index, "上午开了会。扫描到共享文件夹失败。下午放假。晚上加班。")
    lifted: dict[str, scoring.Lift] = {}
    index.scores(query, lifted=lifted)
    first, second = lifted["sentence"].of(np.array([0, 1]))
    assert first > second


# --- the threshold of a base -------------------------------------------------------------------


def complained_of() -> list[Article]:
    """Enough faults that customers have words for."""
    things = "打印机 交换机 投影仪 扫描仪 显示器 键盘 门禁 摄像头 电话 路由器 服务器 硬盘".split()
    faults = "不亮 卡住 断线 花屏 很慢 异响".split()
    return [case(i, f"{t}{f}", aliases=(f"我的{t}老是{f}",)) for i, (t, f) in
                enumerate(((t, f) for t in things for f in faults), 1)]  # fmt: skip


def test_threshold_of_a_base(settings: Settings) -> None:
    """It is found from aliases whose articles are hidden, written once, and known until the base changes."""
    articles = complained_of()
    assert len(articles) > FEWEST
    index = opened(settings, *articles)
    found = calibrate(settings)
    assert found is not None
    assert THRESHOLD <= found <= MOST
    assert index.threshold == found
    written = (settings.index / threshold.FILE).stat().st_mtime_ns
    assert calibrate(settings) == found
    assert (settings.index / threshold.FILE).stat().st_mtime_ns == written


def test_a_threshold_is_found_anew_when_meaning_joins_in(pairs: Settings) -> None:
    """What was found by words alone holds no longer, and the articles without their aliases are encoded, too."""
    opened(pairs, *complained_of())
    calibrate(pairs)
    assert threshold.details(pairs.index)["encoder"] == ""
    fill(pairs)
    encoded = len(PairEncoder.texts)
    found = calibrate(pairs)
    assert threshold.details(pairs.index)["encoder"] == PairEncoder().fingerprint
    assert len(PairEncoder.texts) > encoded
    encoded = len(PairEncoder.texts)
    assert calibrate(pairs) == found
    assert len(PairEncoder.texts) == encoded


def test_no_threshold_without_aliases(settings: Settings) -> None:
    """A base without customers' words keeps the usual one."""
    index = opened(settings, *(case(i, f"故障 {i}") for i in range(1, 60)))
    assert calibrate(settings) is None
    assert index.threshold == THRESHOLD


@pytest.mark.parametrize("content", ["", "[]", "{", '{"threshold": "much"}', '{"threshold": 0}'])
def test_a_file_that_says_nothing(tmp_path: Path, content: str) -> None:
    """A threshold that can't be read is none."""
    (tmp_path / threshold.FILE).write_text(content)
    assert threshold.read(tmp_path) == THRESHOLD


def test_two_bands(settings: Settings) -> None:
    """What is less sure than the base's threshold is of the same topic: apart, and never an answer."""
    build(replace(settings, articles=Path(__file__).parents[2] / "articles"))
    index = Library(settings.index).index()
    text = "打印机 很慢"
    every = suggest(index, text, count=10).suggestions
    assert every
    (settings.index / threshold.FILE).write_text(json.dumps({"threshold": every[0].score + 0.01}))
    found = suggest(index, text, count=10)
    assert not found.suggestions
    assert every[0].article.id == found.related[0].article.id
    assert {s.band for s in found.related} == {Band.RELATED}


def test_a_known_product(settings: Settings) -> None:
    """Of equal articles the one about the product of the text, or of the case, comes first; the other stays."""
    articles = [
        replace(case(i, "扫描不出图"), product=(name,)) for i, name in enumerate(("Epson V39", "Fujitsu fi-7160"), 1)
    ]
    index = opened(settings, *articles)
    assert index.products.named(index.tokenizer.tokens("fi-7160 扫描不出图")) == {"Fujitsu fi-7160"}
    for text, products in (("扫描不出图 fi-7160", ()), ("扫描不出图", ("Fujitsu fi-7160",))):
        found = suggest(index, text, products=products)
        numbers = [s.article.id for s in (*found.suggestions, *found.related)]
        assert numbers == ["KB-000002", "KB-000001"]


def test_a_new_signal_is_one_row(built: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function and its row are enough: it lifts, its share is known, and it is among the reasons."""
    text = "打印机一直卡纸"
    number = built.number_of("KB-000077")
    passages = np.arange(built.first[number], built.first[number + 1])

    def lift(index: Corpus, found: Scores, query: QueryTerms) -> Iterator[scoring.Touched]:
        yield passages, np.full(len(passages), 2 * found.max(), np.float32)

    assert suggest(built, text).suggestions[0].article.id != "KB-000077"
    row = scoring.Step("wish", lift, "有人想要", "somebody wishes it")
    monkeypatch.setattr(scoring, "STEPS", (*scoring.STEPS, row))
    first = suggest(built, text, exact=True).suggestions[0]
    assert first.article.id == "KB-000077"
    assert ("有人想要", "wish") in {(m.word, m.kind) for m in first.matches}
