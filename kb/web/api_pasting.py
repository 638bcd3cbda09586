"""This module is the JSON API of the paste page beside its suggestions: files, masking, replies. Nothing is kept."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import ConfigDict

from kb import privacy
from kb.articles.markdown import section
from kb.desk import answers
from kb.desk.intake import MAX_BYTES, read
from kb.desk.paste import Paste, answer_paste
from kb.desk.reply import reply
from kb.desk.schemas import Answered, Sent, told
from kb.language import say
from kb.model import FIX_ROLES, MAX_TEXT, Article
from kb.search.engine import Engine
from kb.text.taiwan import is_traditional
from kb.web.cards import language_of, public_link
from kb.web.errors import about
from kb.web.forms import MAX_NAME
from kb.web.openapi import Api
from kb.web.requests import MAX_COUNT
from kb.web.validation import BadField, read_base64
from kb.web.views import article_named, engine_in_force, remembered
from kb.web.writers import MAX_UPLOAD

blueprint = Api("api_pasting", __name__)

PASTE = ("粘贴", "Pastes")

if TYPE_CHECKING:
    PrivateKind: TypeAlias = str
else:
    PrivateKind = Literal[privacy.KINDS]


class Dropped(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "print.log", "content": "MTA6MDI6MzEgRVJST1IgNDkuNEMwMgo="}]}
    )
    name: str = told(
        "文件名，如 mail.eml、app.log.gz、error.png",
        "its name, as mail.eml, app.log.gz or error.png",
        max_length=MAX_NAME,
    )
    content: str = told("文件内容，base64", "what the file holds, as base64", max_length=MAX_BYTES * 4 // 3 + 4)


class Read(Answered):
    text: str
    kind: Literal["mail", "log", "text", "picture"]
    subject: str = told("邮件的主题，别的为空", "of a mail, else empty")
    sender: str = told("邮件的发件人，别的为空", "of a mail, else empty")
    notes: list[str] = told("没有读的部分", "what was left out")
    attachments: list[str]


class Unmasked(Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "张工 13912345678，打印机卡纸"}]})
    text: str = told("要打码的文字", "the text to mask", max_length=MAX_TEXT)
    kinds: list[PrivateKind] = told(
        "哪几种；不给时没有 ip、mac",
        "which kinds; without it neither ip nor mac",
        list(privacy.DEFAULT_KINDS),
        max_length=len(privacy.KINDS),
    )


class Original(Answered):
    placeholder: str
    original: str
    kind: str


class Masked(Answered):
    text: str
    originals: list[Original] = told("占位各代表什么；这里不保存", "what each placeholder hides; not kept here")


class Answering(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"article": "KB-000013", "form": "chat", "text": "激光打印机报50.2"}]}
    )
    article: str = told("文章的编号或路径", "the article's number or path", max_length=MAX_NAME, min_length=1)
    form: Literal["chat", "mail"] = told("短（聊天）或全（邮件）", "short for a chat, in full for a mail")
    language: Literal["", "zh", "en"] = told("客户的语言；空为 text 的语言", "the customer's; empty: that of text", "")
    text: str = told(
        "客户的描述：手册里由它选出一节",
        "the customer's text: of a manual it chooses the section",
        "",
        max_length=MAX_TEXT,
    )


class Reply(Answered):
    text: str = told("纯文本", "plain text")
    language: Literal["zh", "en"]


@blueprint.operation(
    "POST",
    "/api/v1/intake",
    PASTE,
    ("邮件、日志、文本文件或截图里的文字", "The text that a mail, a log, a text file or a screenshot holds"),
    {200: Read},
    body=Dropped,
    large=MAX_UPLOAD,
)
def intake_api(body: Dropped) -> dict[str, Any]:
    with about("content"):
        found = read(body.name, read_base64(body.content, "content"))
    return {
        **{k: getattr(found, k) for k in ("text", "kind", "subject", "sender")},
        "notes": list(found.notes),
        "attachments": list(found.attachments),
    }


@blueprint.operation(
    "POST",
    "/api/v1/mask",
    PASTE,
    ("给客户资料打码，并告诉每个占位代表什么", "Mask customer data, and tell what each placeholder stands for"),
    {200: Masked},
    body=Unmasked,
)
def mask_api(body: Unmasked) -> dict[str, Any]:
    found = privacy.mask(body.text, body.kinds)
    return {"text": found.text, "originals": [o._asdict() for o in found.originals]}


@blueprint.operation(
    "POST",
    "/api/v1/reply",
    PASTE,
    ("给客户的回复", "A reply to the customer"),
    {200: Reply, 404: answers.Error},
    body=Answering,
)
def reply_api(body: Answering) -> dict[str, Any]:
    engine = engine_in_force()
    named = article_named(engine, body.article)
    article = replace(named, body=engine.body(named))
    fix = _fix(engine, article, body.text)
    told = body.text or article.title
    language = body.language or language_of(told)
    text = reply(article, fix, public_link(article), body.form, language, is_traditional(told))
    return {"text": text, "language": language}


def _fix(engine: Engine, article: Article, text: str) -> str:
    """The Markdown of what to do: as the suggestion for this text has it, else the article's own fix."""
    found = answer_paste(engine, Paste(text, count=MAX_COUNT), remembered()).suggestions if text.strip() else ()
    for suggestion in found:
        if suggestion.article.id == article.id:
            return suggestion.fix
    own = next(filter(None, (section(article, role) for role in FIX_ROLES)), "")
    if not own:
        raise BadField(
            say(
                "{id} 没有“解决”一节；给出 text，由客户的描述选出一节",
                "{id} has no section with a fix; send text: the customer's words choose the section",
                id=article.id,
            ),
            "text",
        )
    return own
