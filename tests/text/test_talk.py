"""What everybody says weighs nothing: small talk beside articles, general language in document frequencies."""

import numpy as np
import pytest

from kb.bundle.fields import TALK_SHARE
from kb.text import general, talk
from kb.text.hashing import keys
from kb.text.synonyms import shipped_text
from kb.text.tokens import Tokenizer, index_term

TALK = ["领导", "麻烦", "感谢", "昨天", "老师", "急", "财务", "thank", "boss", "urgent", "regard"]
SUBJECTS = ["卡纸", "双工", "蓝屏", "duplex", "toner", "raid"]


@pytest.mark.parametrize("word", TALK)
def test_talk_weighs_little(word: str) -> None:
    """A word that one passage of many holds, and every third message, is small talk."""
    (left,) = talk.factors([index_term(word)], np.array([1 / 3000]), TALK_SHARE)
    assert left < 0.2


@pytest.mark.parametrize("word", SUBJECTS)
def test_subjects_keep_their_weight(word: str) -> None:
    """A word that no message holds is about the fault, however rare it is."""
    assert talk.factors([index_term(word)], np.array([1 / 3000]), TALK_SHARE).tolist() == [1.0]


def test_a_base_may_be_about_it() -> None:
    """Where many articles hold a word of talk it is a subject: by Bayes' rule, from its spread in both."""
    few, many = talk.factors(["老师", "老师"], np.array([0.001, 0.5]), TALK_SHARE)
    assert few < 0.2 < 0.8 < many
    assert many == pytest.approx(0.5 / (0.5 + TALK_SHARE * talk._spread()["老师"]))


def test_general_language() -> None:
    """Shares of frequent words of both languages, stems together; 0 for what general language does not know."""
    words = ["领导", "open", "sent", "双工", "zzyzx"]
    shares = general.shares(keys(map(index_term, words)))
    assert (shares[:3] > 1e-4).all()
    assert shares[3:].tolist() == [0, 0]
    assert 0 < float(general.shares(keys(["的"]))[0]) < 0.2


def test_messages_are_cut_like_pastes() -> None:
    """Every message of the shipped talk leaves words: none is empty or made of stop words alone."""
    tokens = Tokenizer([]).tokens("领导催得急，谢谢")
    assert {t.term for t in tokens} & set(talk._spread())


def test_the_table_is_of_the_messages() -> None:
    """The shipped counts are those of the shipped messages, cut as texts are now; scripts/talk-terms mends them."""
    assert shipped_text(talk.TERMS) == talk.counted()
