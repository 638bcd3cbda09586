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

from kb.identifiers import CODE_KINDS
from kb.language import say
from kb.model import Article
from kb.search.index import Index
from kb.search.observed import Observed, clauses, without_contrast
from kb.tokens import HAN

EACH = {"code": 3, "message": 2, "symptom": 4, "product": 1, "word": 3, "area": 1}
"""How many questions of each kind are taken from an article."""
KINDS = tuple(EACH)
AREAS = ("printer", "network")
"""What a caller knows without thinking; whether it is the database or the server, he asks us."""
MAX_COLUMNS = 52
"""Of a value; a Chinese character takes two. More can't be followed on the phone."""
LEAST_CHINESE, LEAST_ENGLISH = 4, 3
"""Characters or words of a clause; less says nothing."""

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

_CHINESE = re.compile(f"[{HAN}]")
_ASKED = re.compile(
    r"怎么|如何|怎样|该.{1,9}还是|多少|哪[个些里种]|什么|为何|是否|能不能|要不要|会不会|行不行|可不可|好不好|吗$|呢$|多久|谁的"
    r"|^(?:how|what|why|when|where|which|can|could|should|do|does|is|are)\b",
    re.IGNORECASE,
)
"""What is a question already: of an FAQ."""
_WONDERING = re.compile(r"(?:怎么办|怎么回事|是什么原因|是怎么了|怎么解决|怎么处理|为什么|什么原因)$")
_SOMEBODY = re.compile(
    r"客户|客戶|反映|报修|报障|据说|表示|描述|[用使]户?[者户]?(?:说|称|打来|发现)|[一-龥]说[：:“]"
    r"|\b(?:customers?|(?:users?|he|she|they|colleagues?) (?:say|says|said|told|reported|claims?)|according to)\b",
    re.IGNORECASE,
)
"""Who reported it."""
_SOMETIME = re.compile(
    r"早上|早晨|上午|中午|下午|晚上|昨晚|今早|凌晨|当晚|每晚|当天|今天|昨天|前天|次日|第二天|周末|周[一二三四五六日]|星期|上周|上个?月|去年|今年"
    r"|\d{1,2} ?[点时:：]|\b(?:this|last|every) (?:morning|week|month|year)|\bmornings?\b|\bafternoon\b|\bevening\b"
    r"|\b(?:to|yester)day\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bat \d",
    re.IGNORECASE,
)
"""When it was."""
_SOMANY = re.compile(
    r"(?:\d|[一二三四五六七八九十几两百])+[多余]?(?:台|个?人|户|间|层|家|个?工位|部电脑|部门)"
    r"|\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|dozens? of|hundred) (?:\w+ )?"
    r"(?:pcs?|computers?|machines?|people|users?|hosts?|servers?|desks?)\b",
    re.IGNORECASE,
)
"""How many it were."""
_INCIDENT = re.compile(
    r"\d|[同员领][事工导]|老板|负责人|值班|工程师|管理员|当时|之前|以前|最近|近[两三几]|认为|以为|怀疑|怕|要求|准备|计划|刚|已经?"
    r"|[一二三四五六七八九十几两半]+ ?多?(?:分钟?|小时|秒|天|个?月|年|次|个|份|块|条|位|遍)"
    r"|[^全分内外局上下底头尾头干](?:部|科|处|厂|院|局|室|店)的?(?:[^分件位门长]|$)"
    r"|\b(?:we|our|us|he|his|she|her|minutes?|hours?|days?|weeks?|months?|years?|seconds?|ago|already|insisted)\b",
    re.IGNORECASE,
)
"""What a sentence of a symptom tells of this one time and place; title and aliases are written for all times."""
_HALF = re.compile(
    r"^(?:[后再就也但而还却又并且则才均亦及与和或以之其该此这那它他她各另]|于是|因此|所以|然后|结果|其中|其余|同样|同时|随后"
    r"|接着|以便|只是|只好|不过|可是|如果|因为|由于|虽然|即使|除了|包括|例如|比如|如下|上述|以下|直到|随即|甚至"
    r"|照|按|经|据|从|对(?![方端])|把|将|被|让|使|给|向|往|想着|尤其|特别是|说明|表明|导致"
    r"|(?:and|but|or|then|so|which|that|while|because|although|until|after|before|when|where|whose|with|without|if|as"
    r"|this|these|those|it|they|there|here|also|only|even|same|such|however|therefore|no|none|nothing|the (?:same|rest)"
    r"|(?:all )?(?:the )?others?)\b)"
    r"|(?:[后时是为在和与及或把被从向给让将就也但而却又并且以等于]|[^不]对|包含|如下|显示|提示|弹出|[^不]报|称|认为|怀疑"
    r"|以前|之前|以后|之后|依旧|依然|照旧|同时|期间|情况下|过程中"
    r"|\b(?:and|but|or|the|a|an|of|to|on|at|for|with|by|from|is|are|was|were|that|which))$",
    re.IGNORECASE,
)
"""How a clause begins, or ends, that is no sentence by itself."""
_NUMBER = re.compile(r"\d{2}")
"""A code, an address or a measure; codes are asked about by themselves."""
_CUT = re.compile(r"[：:]$|[“”‘’\"^<>《》\[\]{}（）()|\\/=_*#@…]|\.\.\.|--")
_NO_MESSAGE = re.compile(
    r"[\[\]|\\]|[#$>%] ?\S| [-/]\S|\s/\S|\d:\d\d|\d ?[KMGT]B\b|[:=] ?\d{5,}|^[a-z][^:]*$|^(?:PS |C:|sudo )|\w/\w+/|['\"]/|'\w[^']*'|^\d+ -|^\W|^[\d\s.]+$|事件 ?ID|\bEvent ID|[(（][^)）]*$|^(?:[A-Z]\S* ){3,}[A-Z]\S*$"
)
"""A command, a row of a table, a line that goes on, what is one moment's or one machine's."""
_SAYING = re.compile(
    r"[a-z]{2}\S* +\S*[a-z]{3}|[\w.]*\d[\w.]+ +[a-z]{4}|[a-z]{4}\S* +\S*\d\S*[a-z.-]\S*", re.IGNORECASE
)
"""Two words, or one and a code."""
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
    zh, en = _WORDINGS["question" if kind == "symptom" and _ASKED.search(value) else kind]
    return say(zh, en, value=value.rstrip("？?。."))


def is_chinese(text: str) -> bool:
    return bool(_CHINESE.search(text))


def is_of(key: str, chinese: bool) -> bool:
    """Whether who wrote in Chinese, or not, can be asked this: an English sentence can't be read to a Chinese."""
    return kind_of(key) != "symptom" or not chinese or is_chinese(value_of(key))


def values(index: Index, article: Article, seen: Observed) -> Iterator[tuple[str, str]]:
    """(kind, value) of what one may ask about an article, the clearest of each kind first, so many as EACH says."""
    taken: Counter[str] = Counter()
    for kind, value in dict.fromkeys(_all(index, article, seen)):
        if taken[kind] < EACH[kind] and len(value) > 1 and columns(value) <= MAX_COLUMNS:
            taken[kind] += 1
            yield kind, value


def columns(text: str) -> int:
    return len(text) + sum(c > "\u2e7f" for c in text)


def _all(index: Index, article: Article, seen: Observed) -> Iterator[tuple[str, str]]:
    yield from (("code", code) for code in _codes(index, article, seen))
    yield from (("message", said) for said in _messages(index, article, seen))
    yield from (("symptom", said) for said in _sentences(article, seen))
    yield from (("product", name) for name in _products(article, seen))
    yield from (("word", word) for word in _words(index, article, seen))
    if article.area in AREAS:
        yield "area", article.area


# --- codes and messages ----------------------------------------------------------------------


def _codes(index: Index, article: Article, seen: Observed) -> Iterator[str]:
    """Error codes as they are written: those of the title, else of the customers' words, else of the screen.

    The number of a model, which looks like a code, is none.
    """
    products = " ".join(article.product).lower()
    for texts in ((article.title,), (*article.aliases, *seen.prose), seen.lines):
        found = [code for text in texts for code in _codes_in(index, text) if code.lower() not in products]
        if found:
            yield from dict.fromkeys(found)
            return


def _codes_in(index: Index, text: str) -> Iterator[str]:
    text = without_contrast(text)
    folded, tokens = index.tokenizer.read(text)
    for token in tokens:
        start, end = folded.span(token.start, token.end)
        code = text[start:end]
        if token.kind in CODE_KINDS and not token.part and not _PLACE.search(text[:start]):
            if _CODE.fullmatch(code) or _CALLED.search(text[:start]):
                yield code


def _messages(index: Index, article: Article, seen: Observed) -> Iterator[str]:
    """What a screen shows: in quotation marks, in another language than the title, in a code block."""
    foreign = [c for c in clauses(article.title) if c.isascii() and not article.title.isascii()]
    foreign += article.title.split(": ")[1:] if article.title.isascii() else []
    yield from (text for said in seen.quoted if _is_message(index, text := _spaced(said)))
    yield from (
        text for said in foreign if len(said.split()) >= LEAST_ENGLISH and _is_message(index, text := _spaced(said))
    )
    for line in seen.lines:
        text, end = _spaced(line), _spaced(line.rpartition(": ")[2])
        if _is_message(index, text):
            yield text
        elif len(end.split()) >= LEAST_ENGLISH and _is_message(index, end):
            yield end


def _spaced(text: str) -> str:
    """A line with single blanks, and without a sentence that goes on in the next one."""
    text = re.sub(r"\s+", " ", text.strip())
    return (text[: text.rfind("。")] if "。" in text else text).strip(" .:：")


def _is_message(index: Index, text: str) -> bool:
    """More than a word, nothing of one site or one moment, no command."""
    if _NO_MESSAGE.search(text) or not (_SAYING.search(text) if text.isascii() else len(text) >= LEAST_CHINESE):
        return False
    return not any(t.kind in _SITE for t in index.tokenizer.read(text)[1])


# --- sentences -------------------------------------------------------------------------------


def _sentences(article: Article, seen: Observed) -> Iterator[str]:
    """What a customer would say: the aliases, then what the title says, and with few of these the symptom."""
    if article.kind == "manual":
        return  # its title names a subject, not a fault
    found = [alias for alias in map(_stripped, article.aliases) if _is_plain(alias)]
    found += _parts(article.title)
    if article.kind == "case":  # what is asked there is what somebody wondered, not what he saw
        found = [said for said in found if not _ASKED.search(said)]
    yield from found
    if len(found) < FEW:
        yield from (s for s in map(_stripped, seen.prose) if _is_plain(s, _HALF, _INCIDENT))


def _parts(title: str) -> list[str]:
    """A title, or those of its clauses that are sentences by themselves; what it quotes from a screen is none."""
    foreign = not title.isascii()
    parts = [_stripped(c) for c in clauses(title if foreign else title.split(": ", maxsplit=1)[0])]
    whole = _stripped(title)
    if columns(whole) <= MAX_COLUMNS and _is_plain(whole, _HALF, _NUMBER) and not any(map(_ASKED.search, parts[1:])):
        return [whole]
    return [p for p in parts if _is_plain(p, _HALF, _NUMBER) and not (foreign and p.isascii())]


def _stripped(text: str) -> str:
    return _WONDERING.sub("", text.strip(" 。.？?，,")).rstrip("，,")


def _is_plain(text: str, *but: re.Pattern[str]) -> bool:
    """A whole sentence about a fault, nothing about who, when or how many."""
    if any(shape.search(text) for shape in (_CUT, _SOMEBODY, _SOMETIME, _SOMANY, *but)):
        return False
    return len(text) >= LEAST_CHINESE if _CHINESE.search(text) else len(text.split()) >= LEAST_ENGLISH


# --- products and words ----------------------------------------------------------------------


def _products(article: Article, seen: Observed) -> Iterator[str]:
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


def _words(index: Index, article: Article, seen: Observed) -> Iterator[str]:
    """Tags and words of the user's dictionary that customers use themselves: that stand in an alias or a question."""
    if article.kind == "manual":
        return
    said = "\n".join(article.aliases)
    own = frozenset(index.tokenizer.words)
    folded, tokens = index.tokenizer.read(said)
    written = {t.raw: said[slice(*folded.span(t.start, t.end))] for t in tokens if not t.part}
    wanted = [*(t for t in article.tags if t.lower() in said.lower()), *(w for raw, w in written.items() if raw in own)]
    yield from (w for w in dict.fromkeys(wanted) if _CHINESE.search(w) and not _NO_THING.search(w))
