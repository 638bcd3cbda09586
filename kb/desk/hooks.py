"""This module speaks the shapes of ticket systems and chats: what they send becomes a text, what answers it their call.

Everything here is a function of what was sent; who may send, and the network, are in kb/web/hooks.py. Shapes: Zammad's
webhooks and REST API, Jira's webhooks and REST API v2, Feishu's events 2.0, WeCom's robots of groups.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from kb.articles.plain import plain
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model import MAX_TEXT, Article, Suggestion
from kb.privacy import ARTICLE_KINDS, masked
from kb.text import hypertext

MAX_SHOWN = 3
MAX_STEPS = 1500
"""Characters of the steps of the first suggestion."""
_ISSUE = re.compile(r"[A-Z][A-Z0-9_]{1,40}-\d{1,12}")
_MESSAGE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MENTION = re.compile(r"@_user_\d+|@\S+\s")


class Asked(NamedTuple):
    """What a system asks. key: which of its tickets or messages; subject, text: what stands there."""

    key: str
    subject: str
    text: str


class Call(NamedTuple):
    """What is to be called to answer. path: below the address of the system; body: its JSON."""

    path: str
    body: Mapping[str, Any]


def signed(secret: str, data: bytes, header: str) -> bool:
    """Whether X-Hub-Signature (sha1=... or sha256=...) is that of the data."""
    method, _, given = header.partition("=")
    if method not in ("sha1", "sha256") or not secret:
        return False
    made = hmac.new(secret.encode(), data, getattr(hashlib, method)).hexdigest()
    return hmac.compare_digest(made.encode(), given.strip().lower().encode())


# --- Zammad ----------------------------------------------------------------------------------


def from_zammad(sent: Mapping[str, Any]) -> Asked | None:
    """A ticket with its newest article; None for an article that is no customer's. Raises InputError."""
    ticket, article = _table(sent, "ticket"), _table(sent, "article")
    number = ticket.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        raise _unlike("ticket.id")
    if article.get("internal") is True or _name(article.get("sender")) not in ("", "Customer"):
        return None
    body = _string(article.get("body"))
    html = "html" in _string(article.get("content_type")) or body.lstrip().startswith("<")
    return Asked(str(number), _string(ticket.get("title")), hypertext.text(body) if html else body)


def to_zammad(asked: Asked, text: str) -> Call:
    """An internal note on the ticket."""
    note = {"ticket_id": int(asked.key), "subject": say("故知的建议", "Guzhi suggests"), "body": text}
    return Call("/api/v1/ticket_articles", {**note, "content_type": "text/plain", "type": "note", "internal": True})


def _name(value: Any) -> str:
    """A sender is told by its name, or by an object that has one."""
    return _string(value.get("name")) if isinstance(value, Mapping) else _string(value)


# --- Jira ------------------------------------------------------------------------------------


def from_jira(sent: Mapping[str, Any]) -> Asked | None:
    """An issue that was made; None for other events. Raises InputError."""
    if sent.get("webhookEvent") != "jira:issue_created":
        return None
    issue = _table(sent, "issue")
    key, fields = _string(issue.get("key")), _table(issue, "fields")
    if not _ISSUE.fullmatch(key):
        raise _unlike("issue.key")
    described = fields.get("description")
    text = "\n".join(_document(described)) if isinstance(described, Mapping) else _string(described)
    return Asked(key, _string(fields.get("summary")), text)


def to_jira(asked: Asked, text: str) -> Call:
    """A comment; in a service project one that only the team sees."""
    inner = [{"key": "sd.public.comment", "value": {"internal": True}}]
    return Call(f"/rest/api/2/issue/{quote(asked.key)}/comment", {"body": text, "properties": inner})


MAX_DEPTH = 20


def _document(node: Any, depth: int = 0) -> list[str]:
    """The lines of a text in Atlassian's document format."""
    if not isinstance(node, Mapping) or depth > MAX_DEPTH:
        return []
    inside = node.get("content")
    children = inside if isinstance(inside, list) else []
    if node.get("type") in ("paragraph", "heading", "codeBlock"):
        return ["".join(_string(c.get("text")) or "\n" for c in children if isinstance(c, Mapping))]
    return [line for child in children for line in _document(child, depth + 1)]


# --- Feishu, Lark ----------------------------------------------------------------------------


def feishu_token(sent: Mapping[str, Any]) -> str:
    """The verification token that a call of Feishu carries."""
    header = sent.get("header")
    return _string(header.get("token") if isinstance(header, Mapping) else sent.get("token"))


def from_feishu(sent: Mapping[str, Any]) -> Asked | None:
    """A text message to the bot; None for other events. Raises InputError."""
    if "encrypt" in sent:
        raise InputError(
            say(
                "飞书的事件是加密的：请在“事件与回调 - 加密策略”里清空 Encrypt Key，只留 Verification Token",
                "Feishu's events are encrypted: leave Encrypt Key empty, and use the Verification Token alone",
            )
        )
    if _table(sent, "header").get("event_type") != "im.message.receive_v1":
        return None
    message = _table(_table(sent, "event"), "message")
    key = _string(message.get("message_id"))
    if not _MESSAGE.fullmatch(key):
        raise _unlike("event.message.message_id")
    if message.get("message_type") != "text":
        return None
    try:
        content = json.loads(_string(message.get("content")))
    except ValueError:
        raise _unlike("event.message.content")
    text = _string(content.get("text")) if isinstance(content, Mapping) else ""
    return Asked(key, "", _MENTION.sub("", text).strip())


def to_feishu(asked: Asked, text: str) -> Call:
    content = json.dumps({"text": text}, ensure_ascii=False)
    return Call(f"/open-apis/im/v1/messages/{quote(asked.key)}/reply", {"msg_type": "text", "content": content})


# --- WeCom -----------------------------------------------------------------------------------

MAX_WECOM = 2048
"""Bytes of a text that the robot of a group takes."""


def to_wecom(key: str, text: str) -> Call:
    """A message of the robot of a group, cut where it must be."""
    cut = text.encode()[:MAX_WECOM].decode(errors="ignore")
    return Call(f"/cgi-bin/webhook/send?key={quote(key, safe='')}", {"msgtype": "text", "text": {"content": cut}})


# --- what is answered ------------------------------------------------------------------------


def suggestion_note(found: Sequence[Suggestion], address: Callable[[Article], str], most: int = MAX_TEXT) -> str:
    """The best suggestions as a note for engineers, plain text of at most so many characters; "" for none."""
    if not found:
        return ""
    lines = [say("故知找到 {n} 个相似案例：", "Guzhi found {n} similar cases:", n=len(found[:MAX_SHOWN]))]
    for number, s in enumerate(found[:MAX_SHOWN], 1):
        title = masked(" ".join(s.article.title.split()), ARTICLE_KINDS)
        lines.append(f"{number}. {title} ({label('band', s.band)} {s.score:.0%})\n   {address(s.article)}")
    steps = masked(plain(found[0].fix), ARTICLE_KINDS)
    steps = steps if len(steps) <= MAX_STEPS else steps[: MAX_STEPS - 1] + "…"
    note = "\n".join([*lines, "", say("第 1 个的解决办法：", "The fix of the first:"), steps])
    return note if len(note) <= most else note[: most - 1] + "…"


# --- reading JSON of strangers ---------------------------------------------------------------


def _table(sent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = sent.get(key)
    if not isinstance(found, Mapping):
        raise _unlike(key)
    return found


def _string(value: Any) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _unlike(key: str) -> InputError:
    return InputError(say("{key} 不是应有的样子", "{key} is not what it should be", key=key))
