"""Tests of kb.text.tokens: the two invariants, folding, cutting, user words, pairs."""

import logging
import random
import re
from pathlib import Path

import jieba
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from kb.text.tokens import HAN, MAX_COMPOUND, REMEMBERED, SHORT, TAIWAN_WORDS, Tokenizer, fold, pairs

HERE = Path(__file__).parents[1]
CASES = yaml.load((HERE / "golden" / "tokens.yml").read_text("utf8"), yaml.BaseLoader)
ARTICLES = sorted((HERE.parent / "articles").rglob("*.md"))

PLAIN = Tokenizer()
WITH_WORDS = Tokenizer(["工单系统", "三码", "vm ware", "a-b_c", "lic", "双11大促", "M.2"])

PIECES = [
    *"连連网網路路机機后後乾著㎡①ﬁ½İßΣςéÅ😀🇨🇳\u0301\u200d\u3000　ＶＰ０：／，。…",
    *("資料庫", "印表機", "滑鼠", "登入", "記憶體", "打印机", "卡纸", "文件", "程序", "上海交通大学", "不亦乐乎"),
    *("ORA-01653", "GE0/0/1", "0x0000011B", "10.0.0.1:80", "v7.5.0", "node_exporter", "c++", "NullPointer", "VM ware"),
    *("2024-01-02 12:33:44", "00:50:56:ab:cd:ef", "pid=12", "\n", " ", "\t", "-", ".", "_", "\x00", "\u2028", "三码"),
]
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=12),
)


def written(tokenizer: Tokenizer, text: str) -> str:
    """Terms as the golden file writes them: parts in brackets."""
    return " ".join(f"({t.term})" if t.part else t.term for t in tokenizer.tokens(text))


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_golden(text: str, expected: str) -> None:
    """Each text of golden/tokens.yml is cut as written there."""
    assert written(PLAIN, text) == expected


# --- the invariants --------------------------------------------------------------------------


@pytest.mark.parametrize("tokenizer", [PLAIN, WITH_WORDS], ids=["plain", "user words"])
@given(text=texts)
def test_pieces_concatenate_to_the_folded_text(tokenizer: Tokenizer, text: str) -> None:
    """Nothing is lost between two cuts, and nothing is cut twice."""
    folded = fold(text).text
    position = 0
    for _, start, end in tokenizer.pieces(folded):
        assert start == position < end
        position = end
    assert position == len(folded)


@pytest.mark.parametrize("tokenizer", [PLAIN, WITH_WORDS], ids=["plain", "user words"])
@given(text=texts)
def test_spans_cover_exactly_the_original_characters(tokenizer: Tokenizer, text: str) -> None:
    """What a token's span holds in the original folds to what the token was made of."""
    assume(not re.search("作[業业]系[統统]", text))  # becomes two words of which neither is converted by itself
    folded = fold(text)
    for token, inner in zip(tokenizer.tokens(text), tokenizer.folded_tokens(folded), strict=True):
        assert 0 <= token.start < token.end <= len(text)
        assert folded.text[inner.start : inner.end] in fold(text[token.start : token.end]).text


@given(text=texts)
def test_the_map_of_a_fold_runs_over_the_whole_text_in_order(text: str) -> None:
    """Every folded character stands for original ones; together they leave none out that can be seen."""
    folded = fold(text)
    assert len(folded.cased) == len(folded.text)
    position = 0
    for i in range(len(folded.text)):
        start, end = folded.span(i, i + 1)
        assert position <= end
        assert not fold(text[position:start]).text
        position = max(position, end)
    assert not fold(text[position:]).text


@given(text=texts)
def test_tokens_come_in_order_and_parts_stay_inside(text: str) -> None:
    """Whole tokens never overlap; a part lies within the token before it."""
    whole = None
    for token in WITH_WORDS.folded_tokens(fold(text)):
        if not token.part:
            assert whole is None or token.start >= whole.end
            whole = token
        elif whole is not None and whole.end - whole.start <= MAX_COMPOUND:
            assert whole.start <= token.start <= token.end <= whole.end


def test_a_long_compound_is_known_by_its_parts_only() -> None:
    """A URL of 200 characters is no term of its own, but its words are."""
    found = PLAIN.tokens("https://intranet.example.com/" + "/".join(f"part{n}" for n in range(40)))
    assert found
    assert all(t.part for t in found)
    assert "part7" in {t.term for t in found}


# --- fold ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("連不上網路", "连不上网络"),
        ("資料庫連線失敗", "数据库连接失败"),
        ("印表機", "打印机"),
        ("作業系統", "操作系统"),
        ("ＶＰＮ，Ｗｉ－Ｆｉ", "vpn,wi-fi"),
        ("文件和程序", "文件和程序"),
        ("文檔", "文档"),
        ("資料庫文件", "数据库文件"),
        ("著資料庫", "著数据库"),
        ("之後", "之后"),
        ("ΟΔΟΣ", "οδοσ"),
        ("ﬁ㎡①½", "fim211/2"),
        ("", ""),
    ],
)
def test_fold(text: str, expected: str) -> None:
    """Half width, lower case, simplified Chinese with the mainland's words; its own words stay."""
    assert fold(text).text == expected


@pytest.mark.parametrize("word", sorted(TAIWAN_WORDS))
def test_taiwan_words_also_fold_in_traditional(word: str) -> None:
    """A word of the table folds the same whether typed in simplified or in traditional characters."""
    import opencc

    traditional = opencc.OpenCC("s2t").convert(word)
    assert fold(traditional).text == fold(word).text == TAIWAN_WORDS[word]


@given(text=texts)
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is folded is its own fold, save where a compatibility sign opens new Taiwan words."""
    once = fold(re.sub(rf"[{HAN}]", "", text)).text
    assert fold(once).text == once


def test_span_of_a_taiwan_word_is_the_whole_word() -> None:
    """A highlight covers exactly the characters that matched: 印表機 for 打印机, 資料庫 for 数据库."""
    text = "這台印表機連不上資料庫①記憶體"
    tokens = {t.term: text[t.start : t.end] for t in PLAIN.tokens(text)}
    assert tokens["打印机"] == "印表機"
    assert tokens["数据库"] == "資料庫"
    assert tokens["1"] == "①"
    assert tokens["内存"] == "記憶體"
    assert [t.term for t in PLAIN.tokens("作業系統")] == ["操作", "系统"]
    assert [(t.start, t.end) for t in PLAIN.tokens("作業系統")] == [(0, 2), (2, 4)]


def test_span_of_one_character_that_becomes_several() -> None:
    """Each half of ㎡ stands for the whole sign."""
    folded = fold("5㎡x")
    assert folded.text == "5m2x"
    assert [folded.span(i, i + 1) for i in range(4)] == [(0, 1), (1, 2), (1, 2), (2, 3)]
    assert folded.span(2, 2) == (2, 2)


@given(
    text=st.text(st.sampled_from("打印机连接数据库失败卡纸文件程序ＶＰＮ：，㎡①ﬁΣİ後於aB1 -"), max_size=20),
    data=st.data(),
)
def test_a_quotation_folds_like_the_text_around_it(text: str, data: st.DataObject) -> None:
    """Cut anywhere, the two halves fold to the fold of the whole."""
    at = data.draw(st.integers(0, len(text)))
    assert fold(text[:at]).text + fold(text[at:]).text == fold(text).text


@pytest.mark.parametrize("around", ["請問{}怎麼辦", "{}", "我的{}壞了", "ＡＢ{}①", "客户说：“{}”。"])
@pytest.mark.parametrize("quoted", ["網路", "印表機", "資料庫連線失敗", "滑鼠", "登入", "作業系統", "伺服器", "文件"])
def test_a_quoted_taiwan_word_folds_like_the_text_around_it(around: str, quoted: str) -> None:
    """A word is converted by itself, never by its neighbours."""
    assert fold(quoted).text in fold(around.format(quoted)).text


# --- cut -------------------------------------------------------------------------------------

HARD = """
南京市长江大桥 研究生命起源 结婚的和尚未结婚的 乒乓球拍卖完了 工信处女干事每月经过下属科室 下雨天留客天留我不留
他来到了网易杭研大厦 买水果然后来世博园 中国科学院计算所 永和服装饰品有限公司 雷猴回归人间 我不喜欢日本和服
程序员祝海林和朱会震 欢迎使用结巴分词 三级和二三级 一二三四五 打印机打印不出来 打印机卡纸了怎么办 连不上无线网络
双控存储更换电池后变为只读 交换机端口反复上下线 数据库连接池耗尽 虚拟机无法启动 蓝屏重启后恢复 备份任务失败 证书过期
域控同步失败 内存不足 磁盘空间不足 权限被拒绝 网页打不开 邮件收不到 视频会议没有声音 扫描到文件夹失败 账号被锁定
㐀㐁 龘靐齉 的的的的 不不不 上上下下左左右右 啊 亲口交代 提高人民生活水平 化妆和服装 独立自主和平等互利的原则
""".split()


def han_runs() -> list[str]:
    """All runs of Chinese characters of the sample articles, the hard ones, and shuffled mixtures of them."""
    dice = random.Random(7)
    runs = set(HARD)
    for path in ARTICLES:
        runs.update(re.findall(f"[{HAN}]+", path.read_text("utf8")))
    characters = sorted(set("".join(runs)))
    runs.update("".join(dice.choices(characters, k=dice.randint(1, 15))) for _ in range(300))
    runs.update("".join(dice.sample(HARD, 2)) for _ in range(100))
    return sorted(runs)


def test_rjieba_cuts_exactly_like_jieba() -> None:
    """The fast segmenter and the original agree on every run, without the hidden Markov model."""
    jieba.setLogLevel(logging.ERROR)
    reference = jieba.Tokenizer()
    runs = han_runs()
    assert len(runs) > 400
    differing = [r for r in runs if list(PLAIN._jieba.cut(r, False)) != list(reference.cut(r, HMM=False))]
    assert differing == []


@pytest.mark.parametrize("tokenizer", [PLAIN, WITH_WORDS], ids=["plain", "user words"])
def test_words_concatenate_to_their_run(tokenizer: Tokenizer) -> None:
    """Every run of the articles is a partition of its words; long words are cut without overlap."""
    for run in han_runs():
        assert "".join(tokenizer.cut(run)) == run


# --- user words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (["三码"], "三码不符", "三码 不符"),
        (["工单系统"], "打开工单系统", "打开 工单系统"),
        (["lic"], "license", "licens"),
        (["lic"], "lic 过期，license.lic", "lic 过期 licens lic"),
        (["VM ware"], "打开vm  ware后", "打开 vmware (vm) (ware) 后"),
        (["a-b_c"], "A-B_C 坏", "abc (a) (b) (c) 坏"),
        (["双11大促"], "今年双11大促", "今年 双11大促 (双) (11) (大) (促)"),
        (["iDRAC", "iDRAC9 企业版"], "iDRAC9 企业版", "idrac9企业版 (idrac9) (企业) (版)"),
        (["m.2"], "m.2 m.20 xm.2", "m2 (m) (2) m20 (20) xm2 (xm) (2)"),
        (["Visual C++"], "visual c++ 运行库", "visualc++ (visual) (c) 运行库"),
        (["**", "x" * 2000], "** 卡纸", "卡纸"),
        (["印表機"], "打印机", "打印机"),
        (["ＥＲＰ系统"], "erp系统慢", "erp系统 (erp) (系统) 慢"),
        (["  ", ""], "卡纸", "卡纸"),
    ],
)
def test_user_words(words: list[str], text: str, expected: str) -> None:
    """A word of the dictionary stays whole wherever it stands by itself, and never cuts an English word."""
    terms = written(Tokenizer(words), text)
    assert re.sub(r"\s+", " ", terms) == expected


def test_one_tokenizers_words_are_not_anothers() -> None:
    """User words of one knowledge base don't leak into the shared dictionary."""
    Tokenizer(["卡纸了怎"])
    assert written(Tokenizer(["别的词语"]), "卡纸了怎么办") == written(PLAIN, "卡纸了怎么办")


def test_thousands_of_model_numbers() -> None:
    """Ten thousand user words make one pattern whose work does not grow with their number: each one is still found
    whole, the longest wins, and a near one is not cut."""
    models = [f"AX-{n:05d}" for n in range(0, 20000, 2)]
    tokenizer = Tokenizer([*models, "AX-00002 Pro"])
    found = tokenizer.tokens(" ".join(models))
    assert sum(t.kind == "user" for t in found) == len(models)
    assert [t.raw for t in tokenizer.tokens("ax-00002 pro") if t.kind == "user"] == ["ax2pro"]
    assert not any(t.kind == "user" for t in tokenizer.tokens("AX-00003 AX-000020 BAX-00002"))


def test_the_fingerprint_follows_the_words() -> None:
    """Another dictionary means another index; order and spelling of the same words don't."""
    assert Tokenizer(["甲乙", "VM"]).fingerprint == Tokenizer([" ｖｍ", "甲乙", "甲乙"]).fingerprint
    assert Tokenizer(["甲乙"]).fingerprint != PLAIN.fingerprint


# --- pairs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("网络连接", ["网络连接"]),
        ("网络 连接", ["网络连接"]),
        ("网络  连接", []),
        ("网络，连接", []),
        ("ora 1653", ["ora1653"]),
        ("node exporter", ["nodeexporter"]),
        ("ORA-01653 报错", ["ora1653报错"]),
    ],
)
def test_pairs(text: str, expected: list[str]) -> None:
    """Neighbours with at most one blank between them are written together; parts take no part."""
    folded = fold(text)
    assert list(pairs(PLAIN.folded_tokens(folded), folded.text)) == expected


# --- texts that are read again -----------------------------------------------------------------


@pytest.mark.parametrize("tokenizer", [PLAIN, WITH_WORDS], ids=["plain", "words"])
@given(text=texts)
def test_read(tokenizer: Tokenizer, text: str) -> None:
    """Folded, and its tokens with places in that; the second time the same."""
    folded = fold(text)
    for _ in range(2):
        assert tokenizer.read(text) == (folded, tokenizer.folded_tokens(folded))


def test_what_is_remembered() -> None:
    """Short texts, the last ones of them; a long one is read anew, or a few logs would fill the memory."""
    tokenizer = Tokenizer()
    short, long = "打印机卡纸 " * (SHORT // 6), "打印机卡纸 " * (SHORT // 6 + 1)
    assert len(short) <= SHORT < len(long)
    assert tokenizer.read(short) is tokenizer.read(short)
    assert tokenizer.read(long) is not tokenizer.read(long)
    assert tokenizer.read(long) == tokenizer.read(long)
    first = tokenizer.read("0")
    for number in range(REMEMBERED + 1):
        tokenizer.read(str(number))
    assert tokenizer.read("0") is not first


def test_each_tokenizer_remembers_for_itself() -> None:
    """What one reads with the user's words another reads without."""
    text = "打开三码"
    assert [t.term for t in WITH_WORDS.read(text)[1]] != [t.term for t in PLAIN.read(text)[1]]
    assert [t.term for t in PLAIN.read(text)[1]] == [t.term for t in PLAIN.tokens(text)]
