"""This module answers what a column of old tickets means, and what its values are in an article."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from kb.articles.importing.model import Options
from kb.errors import InputError
from kb.labels import guessed_value
from kb.language import say
from kb.model import CASE_SECTIONS, FAQ_SECTIONS, schema
from kb.model.sight import team_of

TICKET = "ticket"
"""The key that keeps a ticket's own number, by which the next import knows it."""

SECTIONS = {"case": CASE_SECTIONS, "faq": FAQ_SECTIONS}
_KEYS = tuple(k for k in schema.KEYS if k.columns is not None)
LISTS = tuple(k.name for k in _KEYS if k.many)
DATES = tuple(k.name for k in _KEYS if k.how == schema.How.DATE)
CHOICES = {k.name: schema.CHOICES[k.name] for k in _KEYS if k.choices}
TEXTS = tuple(k.name for k in _KEYS if k.name not in (*LISTS, *DATES, *CHOICES))
KEYS = (*(k.name for k in _KEYS), TICKET)

_NAMES = {
    "symptom": "现象 故障现象 问题现象 问题描述 故障描述 描述 详细描述 问题 故障 内容 报障内容 工单内容 问题详情 "
    "重现步骤 复现步骤 bug描述 stepstoreproduce reprosteps "
    "description details problem issue problemdescription body",
    "environment": "环境 使用环境 系统环境",
    "diagnosis": "排查 排查过程 诊断 诊断过程 处理过程 分析过程 worknotes troubleshooting analysis",
    "fix": "解决 解决方案 解决方法 解决办法 处理 处理方法 处理方案 处理办法 处理措施 处理结果 "
    "closenotes resolutionnotes workaround",
    "verification": "验证 验证结果 验证情况 回访 回访结果",
    "question": "问题 问题描述 提问 question",
    "answer": "回答 答案 答复 解答 解决方案 解决方法 answer reply",
    TICKET: "工单号 单号 工单编号 编号 报修单号 序号 bug编号 "
    "issuekey incident ticketid ticketnumber ticketno number id key case caseid",
}
"""Section -> what its column is usually called, folded as _folded does; of keys kb.model.schema tells it."""

_STATES = frozenset(
    """
    已解决 未解决 已修复 已关闭 已完成 未完成 已处理 处理中 处理完成 处理完毕 待处理 完成 解决 关闭 结束 结案 已结案
    正常 无 是 否 同上 已确认 已恢复 恢复 已恢复正常 恢复正常 已反馈 已转派
    外部原因 重复 重复bug 无法重现 延期处理 不予解决 设计如此 转为需求 转需求 新建 激活 挂起
    fixed done resolved solved closed completed complete duplicate invalid wontfix willnotfix cannotreproduce notrepro
    worksforme bydesign asdesigned worksasdesigned notabug notaproblem
    external postponed tostory open reopened inprogress pending cancelled ok yes no none na
    """.split()
)
"""What a column for the fix says of its state instead, folded as _folded does."""
_WHOSE = re.compile("^(?:该|此|本)?(?:问题|故障|工单|客户|用户|现在?|目前)?(?:均|都|已经)?(?=.)")
"""What stands before a state without saying more."""
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
"""Days of 1954 and 2119: other numbers of five digits are no dates."""

_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})|(\d{2})(\d{2}))(?!\d)(?:日|\D.*)?", re.DOTALL)

_DAY_FIRST = re.compile(r"(\d{1,2})[-/ .](\d{1,2}|[A-Za-z]{3,9})[-/ .,]{1,2}(\d{4}|\d{2})(?!\d)(?:\D.*)?", re.DOTALL)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def _folded(text: str) -> str:
    return re.sub(r"\(.*?\)|（.*?）|[\s_*:：#./-]", "", text).lower()


_TARGETS = {
    target: {_folded(target), *names.split()}
    for target, names in (*((k.name, k.columns or "") for k in _KEYS), *_NAMES.items())
}
for _table in SECTIONS.values():
    for _role, _headings in _table.items():
        _TARGETS[_role] |= {_folded(h) for h in _headings}


def targets(kind: str) -> tuple[str, ...]:
    """What a column may become in an article of that kind."""
    return tuple(dict.fromkeys((*KEYS, *SECTIONS[kind])))


def heading(kind: str, role: str, chinese: bool) -> str:
    """The heading of a section."""
    names = SECTIONS[kind][role]
    return next(n for n in names if n.isascii() != chinese)


def target(name: str, kind: str) -> str:
    """What a column of that name usually means, or ""."""
    wanted = _folded(name)
    order = (*SECTIONS[kind], *KEYS)
    return next((t for t in order if wanted in _TARGETS[t]), "")


def means(name: str) -> bool:
    """Whether a column of that name usually means something, in tickets of any kind."""
    return any(target(name, kind) for kind in SECTIONS)


def mapping(columns: Sequence[str], options: Options, kind: str) -> dict[str, str]:
    """Column -> key or section, "" for none: what was given, what is usual, else what the name tells.

    Raises InputError for what no column can become.
    """
    given = {**options.usual, **options.columns}
    for column in columns:
        if given.get(column) and given[column] not in targets(kind):
            raise InputError(
                say(
                    "列“{column}”不能成为 '{target}'（可用：{targets}）",
                    "the column '{column}' can't become '{target}' ({targets})",
                    column=column,
                    target=given[column],
                    targets=", ".join(targets(kind)),
                )
            )
    return {c: given[c] if c in given else target(c, kind) for c in columns}


def require_known(columns: Sequence[str], given: Iterable[str]) -> None:
    """Raises InputError for a column that was given a meaning and that no table has."""
    for column in given:
        if column not in columns:
            raise InputError(
                say(
                    "没有列“{column}”；有：{columns}",
                    "there is no column '{column}', but: {columns}",
                    column=column,
                    columns=", ".join(columns),
                )
            )


def choice(key: str, text: str, areas: Iterable[str] = ()) -> str:
    """A value of what takes one of a few, as articles write it: 硬件 -> hardware; "" when it is none."""
    own = text.strip()
    if (key == "area" and own in areas) or (key == "audience" and team_of(own)):
        return own
    found = guessed_value(key, text)
    if found in CHOICES[key]:
        return found
    wanted = _folded(text)
    return next((c.value for c in schema.BY_NAME[key].choices or () if wanted in c.others), "")


def is_state(text: str) -> bool:
    """Whether a cell says that something was solved, not how."""
    told = _WHOSE.sub("", re.sub(r"[。.!！'’]", "", _folded(text)))
    return told in _STATES or f"已{told}" in _STATES


def day(text: str) -> date | None:
    """The date of 2024/3/5, 2024年3月5日, 20240305, 2024-03-05T10:22:33 or Excel's 45356; None when it is none."""
    if (serial := _SERIAL.fullmatch(text.strip())) and _FIRST_SERIAL <= int(serial[1]) <= _LAST_SERIAL:
        return date(1899, 12, 30) + timedelta(days=int(serial[1]))
    m, other = _DATE.fullmatch(text.strip()), _DAY_FIRST.fullmatch(text.strip())
    try:
        if m:
            return date(int(m[1]), int(m[2] or m[4]), int(m[3] or m[5]))
        return _named_day(other) if other else None
    except ValueError:
        return None


def _named_day(m: re.Match[str]) -> date | None:
    """5/Mar/24 and 25/12/2024; 03/05/2024 is the fifth of March to some and the third of May to others."""
    first, second, year = int(m[1]), m[2].lower()[:3], int(m[3]) + (2000 if len(m[3]) == 2 else 0)
    if second in _MONTHS:
        return date(year, _MONTHS.index(second) + 1, first)
    if not second.isdigit() or len(m[3]) == 2 or (first <= 12 and int(second) <= 12 and first != int(second)):
        return None
    return date(year, min(first, int(second)), max(first, int(second)))


def words(text: str) -> tuple[str, ...]:
    """The entries of a list written in one cell, each once."""
    parts = (re.sub(r"\(#\d+\)$", "", " ".join(part.split())) for part in re.split(r"[,，;；、\n|]", text))
    return tuple(dict.fromkeys(p for p in parts if p))
