"""This module tells what one can read to a customer from what one can't: whole sentences, messages of a screen.

No sentence is one that begins or ends in the middle, or that tells of one day: who reported it, when, how many
machines it were. No message is a command, a row of a table, or what names one machine.
"""

import re

from kb.text.tokens import HAN

MAX_COLUMNS = 52
"""Of a value; a Chinese character takes two. More can't be followed on the phone."""
LEAST_CHINESE, LEAST_ENGLISH = 4, 3
"""Characters or words of a clause; less says nothing."""

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
    r"(?:\d|[一二三四五六七八九十几两百])+[多余]? ?(?:台|个?人|户|间|层|家|个?工位|部电脑|部门)"
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
_NUMBER = re.compile(r"\d{2}|\w\.[a-z]{2,4}\b", re.IGNORECASE)
"""A code, an address, a measure or a file; codes are asked about by themselves."""
_CUT = re.compile(r"[：:]$|[“”‘’\"^<>《》\[\]{}（）()|\\/=_*#@…]|\.\.\.|--")
_COMMAND = re.compile(r"[#$>%] ?\S| [-/]\S|\s/\S|^(?:PS |C:|sudo )|\w/\w+/|['\"]/|事件 ?ID|\bEvent ID")
"""A command, a path, an entry of a log that names its number."""
_MOMENT = re.compile(r"\d:\d\d|\d ?[KMGT]B\b|[:=] ?\d{5,}|'\w[^']*'|^\d+ -|^[\d\s.]+$|(?:\b\d+ ){2,}\d+\b")
"""Times, sizes, numbers of processes, names of machines, rows of numbers."""
_BROKEN = re.compile(r"[\[\]|\\]|^[a-z][^:]*$|^\W|[(（][^)）]*$|^(?:[A-Z]\S* ){3,}[A-Z]\S*$")
"""A row or the head of a table, a line that goes on from the one before."""
_SAYING = re.compile(
    r"[a-z]{2}\S* +\S*[a-z]{3}|[\w.]*\d[\w.]+ +[a-z]{4}|[a-z]{4}\S* +\S*\d\S*[a-z.-]\S*", re.IGNORECASE
)
"""Two words, or one and a code."""


def is_chinese(text: str) -> bool:
    return bool(_CHINESE.search(text))


def is_asked(text: str) -> bool:
    """Whether it is a question itself, as titles of FAQ are."""
    return bool(_ASKED.search(text))


def is_short(text: str) -> bool:
    """Whether one can follow it on the phone."""
    return len(text) + sum(c > "\u2e7f" for c in text) <= MAX_COLUMNS


def is_plain(text: str) -> bool:
    """A sentence about a fault, nothing about who, when or how many."""
    if any(shape.search(text) for shape in (_CUT, _SOMEBODY, _SOMETIME, _SOMANY)):
        return False
    return len(text) >= LEAST_CHINESE if is_chinese(text) else len(text.split()) >= LEAST_ENGLISH


def is_clause(text: str) -> bool:
    """The same of what a title was cut into: a sentence by itself, without codes and measures."""
    return is_plain(text) and not _HALF.search(text) and not _NUMBER.search(text)


def is_general(text: str) -> bool:
    """The same of a sentence of a symptom: true at any time and place."""
    return is_plain(text) and not _HALF.search(text) and not _INCIDENT.search(text)


def stripped(text: str) -> str:
    """A title or sentence without its stop, and without asking what to do."""
    return _WONDERING.sub("", text.strip(" 。.？?，,")).rstrip("，,")


def is_message(text: str) -> bool:
    """More than a word, nothing of one moment or one machine, no command."""
    if any(shape.search(text) for shape in (_COMMAND, _MOMENT, _BROKEN)):
        return False
    return bool(_SAYING.search(text)) if text.isascii() else len(text) >= LEAST_CHINESE


def line(text: str) -> str:
    """A line with single blanks, and without a sentence that goes on in the next one."""
    text = re.sub(r"\s+", " ", text.strip())
    return (text[: text.rfind("。")] if "。" in text else text).strip(" .:：")
