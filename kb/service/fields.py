"""This module is what actions on a case ask for beside its text: each field once, with its name, values and reading."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kb.errors import InputError
from kb.labels import guessed_value
from kb.language import say
from kb.model.casework import Cancelled, CaseKind, Channel, Impact, Unwritten, Urgency, WaitsFor, Work
from kb.model.schema import AREAS, CAUSES, HANDLINGS, SEVERITIES, Choice
from kb.service import signatures

MAX_VALUE = 1000
"""Characters of a field."""
MAX_TEXT = 100_000
"""Characters of an event's text."""


class Field(NamedTuple):
    """One field. form: text, moment, choice, whole (a number from 1), flag, or strokes (of kb.service.signatures).

    group: of kb.labels, whose names are understood too; values: those of a choice.
    """

    name: str
    zh: str
    en: str
    form: str = "text"
    group: str = ""
    values: tuple[str, ...] = ()

    @property
    def asked(self) -> str:
        """What it is, as people read it, with the name under which it is given."""
        return f"{say(self.zh, self.en)} ({self.name})"


def _choice(name: str, zh: str, en: str, group: str, values: type[Choice] | Iterable[str]) -> Field:
    return Field(name, zh, en, "choice", group, tuple(str(v) for v in values))


FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        _choice("channel", "渠道", "channel", "channel", Channel),
        Field("contact", "联系人", "contact"),
        Field("customer", "客户", "customer"),
        Field("site", "地点", "site"),
        Field("title", "标题", "title"),
        _choice("kind", "类型", "kind", "case_kind", CaseKind),
        _choice("area", "领域", "area", "area", AREAS),
        _choice("cause", "原因", "cause", "cause", CAUSES),
        _choice("handling", "处理方式", "handling", "handling", HANDLINGS),
        _choice("urgency", "紧急程度", "urgency", "urgency", Urgency),
        _choice("impact", "影响范围", "impact", "impact", Impact),
        _choice("priority", "优先级", "priority", "severity", SEVERITIES),
        Field("promises", "服务承诺的名字", "set of promises"),
        Field("calendar", "客户的工作时间", "working hours of the customer"),
        Field("owner", "负责人", "owner"),
        Field("team", "班组", "team"),
        _choice("direction", "呼入还是呼出", "direction of the call", "", ("in", "out")),
        _choice("for", "等什么", "what it waits for", "waits_for", WaitsFor),
        Field("until", "到什么时候", "until when", "moment"),
        Field("looked", "看了什么", "what was looked at"),
        Field("ask", "问题", "question"),
        Field("answer", "回答", "answer"),
        Field("article", "文章编号", "number of the article"),
        Field("where", "在哪里试的", "where it was tested"),
        Field("undo", "如何回退", "how it is undone"),
        Field("waived", "免去步骤的理由", "why a step is waived"),
        _choice("of", "哪种工作", "kind of work", "work", Work),
        Field("from", "从什么时候", "from when", "moment"),
        Field("who", "谁去", "who goes"),
        Field("device", "设备", "device"),
        Field("work", "第几项工作", "number of the work", "whole"),
        Field("manuals", "用哪些手册（文章编号）", "manuals, by their numbers"),
        Field("attended", "谁参加了", "who attended"),
        Field("signer", "谁签字", "who signs"),
        Field("strokes", "笔迹", "the strokes of a signature", "strokes"),
        Field("old", "换下的序列号", "serial taken out"),
        Field("new", "换上的序列号", "serial put in"),
        Field("verification", "如何验证", "how it was verified"),
        Field("provisional", "临时恢复", "restored for the time being", "flag"),
        Field("score", "评分", "score", "whole"),
        Field("marks", "逐项评分", "a score for each question"),
        Field("leader", "组长", "leader"),
        Field("group", "处置组", "group"),
        Field("into", "并入的单号", "number of the other case"),
        Field("parent", "总单的单号", "number of the parent"),
        _choice("unwritten", "为什么不写", "why it is not written", "unwritten", Unwritten),
        _choice("reason", "为什么取消", "why it is cancelled", "cancelled", Cancelled),
        Field("policy", "服务承诺的摘要", "digest of the policy"),
        Field("corrects", "更正第几条", "number of the entry that is corrected", "whole"),
        Field("to", "改为什么时候", "when it really was", "moment"),
        Field("void", "作废", "take it out", "flag"),
        Field("follows", "接着哪一单", "case that it follows"),
        Field("automatic", "自动产生的", "nobody wrote it", "flag"),
        Field("files", "文件的摘要", "digests of files"),
    )
}

FACTS = (
    "title channel contact customer site kind area cause handling urgency impact priority promises calendar owner team "
    "leader group parent follows article unwritten score policy device"
).split()
"""Fields whose last value is a fact about the case."""


def read(given: Mapping[str, Any], zone: ZoneInfo, now: datetime, areas: tuple[str, ...] = ()) -> dict[str, Any]:
    """What is given for fields, as an event keeps it. areas: those of a base's own.

    Raises InputError that names the field.
    """
    return {name: _value(FIELDS[name], value, zone, now, areas) for name, value in given.items()}


def _value(field: Field, value: Any, zone: ZoneInfo, now: datetime, areas: tuple[str, ...]) -> Any:
    if field.form == "flag":
        return bool(value)
    text = str(value).strip()
    if field.form == "strokes":
        return signatures.checked(text, field.asked)
    if not text or len(text) > MAX_VALUE:
        raise InputError(
            say(
                "{field} 应有 1 到 {n} 个字符",
                "{field} should have 1 to {n} characters",
                field=field.asked,
                n=MAX_VALUE,
            )
        )
    if field.form == "choice":
        known = (*field.values, *areas) if field.name == "area" else field.values
        found = guessed_value(field.group, text)
        if found not in known:
            raise InputError(
                say("{field}：'{value}' 不认识（可用：{known}）", "{field}: unknown '{value}' ({known})",
                    field=field.asked, value=text, known=", ".join(known))
            )  # fmt: skip
        return found
    if field.form == "whole":
        if not (text.isascii() and text.isdigit() and 1 <= int(text) < 1_000_000):
            raise InputError(say("{field}：应为整数", "{field}: should be a whole number", field=field.asked))
        return int(text)
    if field.form == "moment":
        return read_moment(text, zone, now, field.asked).isoformat()
    return text


_TIME = re.compile(r"(\d{1,2}):(\d{2})")
FARTHEST = timedelta(days=3660)


def read_moment(text: str, zone: ZoneInfo, now: datetime, asked: str) -> datetime:
    """A moment as people write it: 10:30 (today), 2026-11-29 10:30, or ISO with a zone. Raises InputError."""
    today = now.astimezone(zone).date().isoformat()
    whole = f"{today} {text.zfill(5)}" if _TIME.fullmatch(text) else text
    try:
        found = datetime.fromisoformat(whole)
    except ValueError:
        raise InputError(
            say("{field}：'{value}' 不是时间，写成 10:30 或 2026-11-29 10:30",
                "{field}: '{value}' is no time; write 10:30 or 2026-11-29 10:30", field=asked, value=text)
        )  # fmt: skip
    found = (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)
    if abs(found - now) > FARTHEST:
        raise InputError(say("{field}：{value} 太远了", "{field}: {value} is too far away", field=asked, value=text))
    return found
