"""This module says what one may ask a customer about an article, and in which words.

    code      an error code of the title or the symptom
    message   what a screen or a log shows there
    symptom   the customers' own words, a clause of the title, a sentence of the symptom
    product   a product that is named there
    word      a tag or a word of the user's dictionary that stands there
    area      printer and network, which everybody tells apart

What one person reported on one day is no question: who said it, when, how many machines it were, on which address.
"""

import re
from collections import Counter
from collections.abc import Iterator

from kb.language import say
from kb.model import Article
from kb.search.corpus import Corpus
from kb.search.observed import Observed, clauses, without_contrast
from kb.search.sentences import (
    LEAST_ENGLISH,
    is_asked,
    is_chinese,
    is_clause,
    is_general,
    is_message,
    is_plain,
    is_short,
    line,
    stripped,
)
from kb.text.identifiers import CODE_KINDS

EACH = {"code": 3, "message": 2, "symptom": 4, "product": 1, "word": 3, "area": 1}
"""How many questions of each kind are taken from an article."""
KINDS = tuple(EACH)
AREAS = ("printer", "network")
"""What a caller knows without thinking; whether it is the database or the server, he asks us."""
_WORDINGS = {
    "code": ("报错或提示里有没有 {value}？", "Does {value} appear in the message?"),
    "message": ("屏幕上或日志里有没有“{value}”？", "Does the screen or the log say “{value}”?"),
    "symptom": ("情况是不是这样：{value}？", "Is it like this: {value}?"),
    "question": ("是不是想问：{value}？", "Is this what you want to know: {value}?"),
    "product": ("用的是 {value} 吗？", "Is it {value} that you use?"),
    "word": ("和“{value}”有关吗？", "Has it to do with “{value}”?"),
    "area": ("是{value}的问题吗？", "Is it about the {value}?"),
}
_AREA_NAMES = {"printer": ("打印机", "printer"), "network": ("网络", "network")}

_CODE = re.compile(
    r"0x[0-9a-f]{4,8}|c0[0-9a-f]{6}|[\w:]*[a-z]+_[\w]+|[a-z]{2,}-?\d{3,}|[\w]+-\d+(?:-\w+)?", re.IGNORECASE
)
"""What is a code by its shape; x509 may be a model or a standard."""
_CALLED = re.compile(r"(?:报错?|错误码?|代码|故障码|error|code) ?[:：]? ?[(（]?$", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:\b(?:offset|address|addr|page|at|from|checksum|actual|expected)|地址|偏移量?) ?[:：=(（]? ?$", re.IGNORECASE
)
"""A number behind these is of one moment."""
_NAME = re.compile(r"[^\W\d_]{4,}|[^\W\d_]\w*\d\w*\d\w*\d|[\u4e00-\u9fff]{2,}")
_EDITION = re.compile(r"\d|[一-龥]|^(?:server|gen)$", re.IGNORECASE)
_NO_THING = re.compile(r"\d|[不没无未了]")
"""Not a thing one can ask whether it has to do with it."""
_SITE = frozenset({"ip", "mac", "port", "path", "cve", "standard"})
"""Kinds of identifiers that belong to one site, or to nobody's screen."""
FEW = 2
"""Sentences of customers' words and title; with fewer those of the symptom are asked, too."""


def kind_of(key: str) -> str:
    return key.partition(":")[0]


def value_of(key: str) -> str:
    return key.partition(":")[2]


def name_of(key: str) -> str:
    """The value as people say it."""
    value = value_of(key)
    return say(*_AREA_NAMES[value]) if kind_of(key) == "area" and value in _AREA_NAMES else value


def wording(key: str) -> str:
    """The question of a key, as one asks it on the phone."""
    kind, value = kind_of(key), name_of(key)
    zh, en = _WORDINGS["question" if kind == "symptom" and is_asked(value) else kind]
    return say(zh, en, value=value.rstrip("？?。."))


def is_of(key: str, chinese: bool) -> bool:
    """Whether who wrote in Chinese, or not, can be asked this: an English sentence can't be read to a Chinese."""
    return kind_of(key) != "symptom" or not chinese or is_chinese(value_of(key))


def values(index: Corpus, article: Article, seen: Observed) -> Iterator[tuple[str, str]]:
    """(kind, value) of what one may ask about an article, the clearest of each kind first, so many as EACH says."""
    taken: Counter[str] = Counter()
    for kind, value in dict.fromkeys(_all(index, article, seen)):
        if taken[kind] < EACH[kind] and len(value) > 1 and is_short(value):
            taken[kind] += 1
            yield kind, value


def _all(index: Corpus, article: Article, seen: Observed) -> Iterator[tuple[str, str]]:
    yield from (("code", code) for code in _codes(index, article, seen))
    yield from (("message", said) for said in _messages(index, article, seen))
    yield from (("symptom", said) for said in _sentences(article, seen))
    yield from (("product", name) for name in _products(article))
    yield from (("word", word) for word in _words(index, article))
    if article.area in AREAS:
        yield "area", article.area


# --- codes and messages ----------------------------------------------------------------------


def _codes(index: Corpus, article: Article, seen: Observed) -> Iterator[str]:
    """Error codes as they are written: those of the title, else of the customers' words, else of the screen.

    The number of a model, which looks like a code, is none.
    """
    products = " ".join(article.product).lower()
    for texts in ((article.title,), (*article.aliases, *seen.prose), seen.lines):
        found = [code for text in texts for code in _codes_in(index, text) if code.lower() not in products]
        if found:
            yield from dict.fromkeys(found)
            return


def _codes_in(index: Corpus, text: str) -> Iterator[str]:
    text = without_contrast(text)
    folded, tokens = index.tokenizer.read(text)
    for token in (t for t in tokens if t.kind in CODE_KINDS and not t.part):
        start, end = folded.span(token.start, token.end)
        code, before = text[start:end], text[:start]
        if (_CODE.fullmatch(code) or _CALLED.search(before)) and not _PLACE.search(before):
            yield code


def _messages(index: Corpus, article: Article, seen: Observed) -> Iterator[str]:
    """What a screen shows: in quotation marks, in another language than the title, in a code block."""
    title = article.title
    foreign = title.split(": ")[1:] if title.isascii() else [c for c in clauses(title) if c.isascii()]
    ends = [text.rpartition(": ")[2] for text in seen.lines if ": " in text]
    foreign, ends = ([text for text in texts if len(text.split()) >= LEAST_ENGLISH] for texts in (foreign, ends))
    for text in map(line, (*seen.quoted, *foreign, *seen.lines, *ends)):
        if is_message(text) and not any(t.kind in _SITE for t in index.tokenizer.read(text)[1]):
            yield text


# --- sentences -------------------------------------------------------------------------------


def _sentences(article: Article, seen: Observed) -> Iterator[str]:
    """What a customer would say: the aliases, then what the title says, and with few of these the symptom."""
    if article.kind == "manual":
        return  # its title names a subject, not a fault
    found = [*filter(is_plain, map(stripped, article.aliases)), *_parts(article.title)]
    if article.kind == "case":  # what is asked there is what somebody wondered, not what he saw
        found = [said for said in found if not is_asked(said)]
    yield from found
    if len(found) < FEW:
        yield from filter(is_general, map(stripped, seen.prose))


def _parts(title: str) -> list[str]:
    """A title, or those of its clauses that are sentences by themselves; what it quotes from a screen is none."""
    whole, foreign = stripped(title), not title.isascii()
    parts = [stripped(c) for c in clauses(title if foreign else title.split(": ", maxsplit=1)[0])]
    if is_short(whole) and is_clause(whole) and not any(map(is_asked, parts[1:])):
        return [whole]
    return [p for p in parts if is_clause(p) and not (foreign and p.isascii())]


# --- products and words ----------------------------------------------------------------------


def _products(article: Article) -> Iterator[str]:
    """Products as the title or the aliases name them: Outlook of Microsoft Outlook 2019."""
    if article.kind != "manual":
        said = "\n".join((article.title, *article.aliases)).lower()
        yield from dict.fromkeys(filter(None, (_named(name, said) for name in article.product)))


def _named(product: str, said: str) -> str:
    """The longest name of a product, without its maker or edition, that stands in a text; "" when none does."""
    words = product.split()
    for length in range(len(words), 0, -1):
        for start in range(min(2, len(words) - length + 1)):
            run, rest = " ".join(words[start : start + length]), words[start + length :]
            whole = (start, length) == (0, 1) or all(map(_EDITION.search, rest))  # Oracle of Oracle Database 19c
            telling = start == 0 or not all(map(_EDITION.search, run.split()))
            if whole and telling and _NAME.search(run) and _stands(run.lower(), said):
                return run
    return ""


def _stands(run: str, said: str) -> bool:
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(run)}(?![a-z0-9])", said))


def _words(index: Corpus, article: Article) -> Iterator[str]:
    """Tags and words of the user's dictionary that customers use themselves: that stand in an alias or a question."""
    if article.kind == "manual":
        return
    said = "\n".join(article.aliases)
    own = frozenset(index.tokenizer.words)
    folded, tokens = index.tokenizer.read(said)
    written = {t.raw: said[slice(*folded.span(t.start, t.end))] for t in tokens if not t.part}
    wanted = [*(t for t in article.tags if t.lower() in said.lower()), *(w for raw, w in written.items() if raw in own)]
    yield from (w for w in dict.fromkeys(wanted) if is_chinese(w) and not _NO_THING.search(w))
