"""This module answers how the write-up of a new fault begins: with its paste, what was recognised, what was looked at.

The symptom is the paste as it came, so that the next one like it is found by the same words.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from kb.labels import label
from kb.language import say
from kb.model import Article, Recognised
from kb.privacy import DEFAULT_KINDS, masked

MAX_SYMPTOM = 10_000
"""Characters of a paste that are taken over; the rest of a long log tells a reader nothing more."""
MAX_TITLE = 80
MAX_IDENTIFIERS = 12
NOTHING_TOLD: Mapping[str, str] = {}
_LOOKED_THROUGH = 8
"""Lines among which a title is looked for when nothing was recognised."""

_STAMP = re.compile(r"^[\s\[(]*(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T ]*)?(?:\d{1,2}:\d{2}(?::\d{2})?[.,\dZ+:]*)?[\])\s]*")
"""When something was logged, at the beginning of its line."""
_GREETING = re.compile(
    r"^(?:[^，,。：:]{0,8}(?:您好|你好|老师好)|dear\b|hi\b|hello\b)[^，,。！!]{0,12}[，,。！!：:\s]*", re.I
)
_REPORTED = re.compile(r"^(?:客户|用户)?(?:反馈|反映|报修|报障|来电)(?:说|称|内容)?\s*[:：，,]\s*")
"""Who said it belongs to no title, which is the symptom."""
_HEADER = re.compile(r"^(?:from|to|cc|date|sent|发件人|收件人|抄送|日期|发送时间)\s*[:：]", re.IGNORECASE)
_SUBJECT = re.compile(r"^(?:subject|主题)\s*[:：]\s*(?:(?:re|fwd?|回复|转发|答复)\s*[:：]\s*)*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[。！？!?；;]|\.(?=\s)")


class WriteUp(NamedTuple):
    """The beginning of an article about a case. body: Markdown with all sections of a case."""

    title: str
    body: str


def started(
    text: str,
    identifiers: Sequence[Recognised],
    looked_at: Iterable[Article],
    kinds: Collection[str] = DEFAULT_KINDS,
    told: Mapping[str, str] = NOTHING_TOLD,
) -> WriteUp:
    """A write-up from a paste, in the language in use; customer data of these kinds is masked.

    identifiers: what was recognised in the text. looked_at: articles that were seen and did not help.
    told: Markdown of other sections as far as they are known, by their keys (kb.model.CASE_SECTIONS), masked already.
    """
    paste = masked(text.replace("\r\n", "\n").replace("\r", "\n").strip(), kinds)
    known = [i for i in identifiers if i.text in paste][:MAX_IDENTIFIERS]  # a password may look like one
    sections = (
        (say("现象", "Symptom"), _quoted(paste)),
        (say("环境", "Environment"), "\n".join(filter(None, (_by_kind(known), told.get("environment"))))),
        (say("原因", "Cause"), told.get("cause", "")),
        (say("排查", "Diagnosis"), _looked_at(looked_at) + told.get("diagnosis", "1. ")),
        (say("解决", "Fix"), told.get("fix", "1. ")),
        (say("验证", "Verification"), told.get("verification", "")),
    )
    body = "\n".join(f"## {heading}\n\n{content}\n" for heading, content in sections)
    return WriteUp(_cut(_telling(paste, known)), body)


def _quoted(paste: str) -> str:
    """The paste as a block of code: whatever it holds, it changes nothing of the article's shape."""
    kept = paste
    if len(paste) > MAX_SYMPTOM:
        kept = paste[:MAX_SYMPTOM].rpartition("\n")[0] or paste[:MAX_SYMPTOM]
    quoted = "\n".join("    " + line for line in kept.split("\n"))
    rest = paste[len(kept) :].count("\n")
    if not rest:
        return quoted
    return f"{quoted}\n\n" + say("（后面还有 {n} 行）", "({n} more lines)", n=rest)


def _by_kind(identifiers: Sequence[Recognised]) -> str:
    kinds: dict[str, list[str]] = {}
    for found in identifiers:
        kinds.setdefault(label("identifier", found.kind), []).append("`" + found.text.replace("`", "") + "`")
    colon, comma = say("：", ": "), say("、", ", ")
    return "\n".join(f"- {name}{colon}{comma.join(texts)}" for name, texts in kinds.items())


def _looked_at(articles: Iterable[Article]) -> str:
    lines = [f"- {a.id} {' '.join(a.title.split())}" for a in articles]
    if not lines:
        return ""
    return "\n".join((say("看过，没有解决：", "Looked at, did not help:"), "", *lines, "", ""))


def _telling(paste: str, identifiers: Sequence[Recognised]) -> str:
    """The subject of a mail; else the first line that holds something recognised; else the longest of the first."""
    lines = [line.strip() for line in paste.split("\n") if line.strip() and not _HEADER.match(line.strip())]
    first = lines[:_LOOKED_THROUGH]
    for line in first:
        if _SUBJECT.match(line) and (subject := _SUBJECT.sub("", line).strip()):
            return subject
    telling = next((line for line in lines if any(i.text in line for i in identifiers)), "")
    line = telling or max(first, key=len, default="")
    for opening in (_STAMP, _GREETING, _REPORTED):
        line = opening.sub("", line).strip() or line
    return line


def _cut(line: str) -> str:
    """The first sentence, and no more of it than a title holds."""
    end = _SENTENCE_END.search(line, 4)
    sentence = line[: end.start()] if end else line
    return sentence[:MAX_TITLE].strip(" ，,：:")
