"""This module is the JSON API that keeps articles right: history, states, names, pictures, what waits for review."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict
from werkzeug.exceptions import NotFound

from kb.articles.pictures import MAX_BYTES as MAX_PICTURE
from kb.articles.writing import images
from kb.articles.writing.form import edited, restored
from kb.articles.writing.rename import checked_path, move
from kb.articles.writing.save import Revision
from kb.desk import answers
from kb.desk.schemas import Answered, Given, Sent, View, told
from kb.errors import ConflictError
from kb.labels import label
from kb.language import say
from kb.web.api_writing import conflict, editor_of, saved_over, settled
from kb.web.errors import about
from kb.web.forms import MAX_NAME
from kb.web.openapi import Api
from kb.web.requests import Signed
from kb.web.review import awaited
from kb.web.validation import read_base64
from kb.web.views import settings_in_force, store
from kb.web.writers import MAX_UPLOAD, editions, file_of

blueprint = Api("api_keeping", __name__)

KEEP = ("维护", "Keeping articles right")
_ARTICLE = "KB-000012"
"""The article of the examples."""
_DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4IScHAAK2AQU0pnWqAAAAAElFTkSuQmCC"
"""A picture of one pixel."""


class Version(Answered):
    id: int = told("取全文、恢复时用", "to read or restore it")
    at: datetime
    editor: str = told("空为在网站之外改动", "empty when it came from outside the site")
    note: str


class History(Answered):
    path: str
    digest: str = told("现在这一版的摘要，改动时放进 If-Match", "of the file as it is now, for If-Match of a change")
    outside: bool = told("文件已在网站之外改过", "the file was changed outside the site since")
    versions: list[Version] = told("新的在前", "newest first")


class Old(Version):
    path: str
    text: str = told("那一版的整个文件", "the whole file as it was")


class Kept(Given):
    article: str = told("哪篇文章", "of which article", max_length=MAX_NAME, pattern=r"\S", examples=[_ARTICLE])


class About(Signed):
    article: str = told("文章的编号或路径", "the article's number or path", max_length=MAX_NAME, pattern=r"\S")


class Restored(About):
    model_config = ConfigDict(json_schema_extra={"examples": [{"article": _ARTICLE, "revision": 1}]})
    revision: int = told("哪一版的 id", "id of the version", ge=1, lt=2**31)


class Moved(About):
    model_config = ConfigDict(json_schema_extra={"examples": [{"article": _ARTICLE, "to": "review"}]})
    to: Literal["draft", "review", "published", "archived"] = told("成为什么状态", "the state to bring it into")


class Renamed(About):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"article": _ARTICLE, "to": "printer/fuser-49-4c02.md", "note": "归到打印机"}]}
    )
    to: str = told("文章文件夹下的新路径", "the new path below the folder of articles", max_length=MAX_NAME)


class Picture(Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "article": _ARTICLE,
                    "alt": "定影器的位置",
                    "content": _DOT,
                }
            ]
        }
    )
    article: str = told("文章的编号或路径", "the article's number or path", max_length=MAX_NAME, pattern=r"\S")
    alt: str = told("图上是什么", "what the picture shows", max_length=images.MAX_ALT, pattern=r"\S")
    content: str = told(
        "PNG、JPEG、GIF 或 WebP，base64", "PNG, JPEG, GIF or WebP, as base64", max_length=MAX_PICTURE * 4 // 3 + 4
    )


class Placed(Answered):
    markdown: str = told("插进正文的一行", "to be put into the text")


class Awaited(Answered):
    drafts: list[answers.Facts]
    review: list[answers.Facts] = told("待审", "in review")
    overdue: list[answers.Facts] = told("复审已过期，最早的在前", "their review is overdue, earliest first")
    soon: list[answers.Facts] = told("复审快到期", "their review is due soon")


@blueprint.operation(
    "GET",
    "/api/v1/history/<path:name>",
    KEEP,
    ("一篇文章保存过的版本，不带全文", "The versions of an article that were saved, without their texts"),
    {200: History, 404: answers.Error},
    scope="write",
)
def history_api(name: str) -> dict[str, Any]:
    now = file_of(name)
    versions = editions().history(now.path)
    return {
        "path": now.path,
        "digest": now.digest,
        "outside": bool(versions) and editions().changed_outside(now),
        "versions": [_facts(v) for v in versions],
    }


@blueprint.operation(
    "GET",
    "/api/v1/revisions/<int(max=2147483647):revision>",
    KEEP,
    ("一个版本的全文", "The text of a version"),
    {200: Old, 404: answers.Error},
    query=Kept,
    scope="write",
)
def revision_api(revision: int, query: Kept) -> dict[str, Any]:
    path = file_of(query.article).path
    found = _version(path, revision)
    return {**_facts(found), "path": path, "text": found.text}


@blueprint.operation(
    "POST",
    "/api/v1/restore",
    KEEP,
    (
        "恢复一个版本的内容：作为新的一版保存，状态和复审日期不变",
        "Restore the text of a version: it is saved as a new one, state and review date stay as they are",
    ),
    {200: answers.Saved, 404: answers.Error},
    body=Restored,
    scope="write",
    versioned=True,
)
def restore_api(base: str, body: Restored) -> dict[str, Any]:
    now = file_of(body.article)
    found = _version(now.path, body.revision)
    at = f"{found.at.astimezone():%Y-%m-%d %H:%M}"
    note = body.note or say("恢复 {at} 的内容", "restored the text of {at}", at=at)
    return saved_over(now, restored(now, found.text), base, editor_of(body), note, "revision")


@blueprint.operation(
    "POST",
    "/api/v1/state",
    KEEP,
    ("改变一篇文章的状态，别的不动", "Bring an article into another state, and change nothing else"),
    {200: answers.Saved, 404: answers.Error},
    body=Moved,
    scope="write",
    versioned=True,
)
def state_api(base: str, body: Moved) -> dict[str, Any]:
    now = file_of(body.article)
    with about("article"):
        then = edited(now, {"status": body.to})
    return saved_over(now, then, base, editor_of(body), body.note or label("to", body.to), "to")


@blueprint.operation(
    "POST",
    "/api/v1/rename",
    KEEP,
    ("换文件名：链接跟着走，旧地址仍有效", "Another file name: links follow, and old addresses lead on"),
    {200: answers.Saved, 404: answers.Error},
    body=Renamed,
    scope="write",
    versioned=True,
)
def rename_api(base: str, body: Renamed) -> dict[str, Any]:
    now, who = file_of(body.article), editor_of(body)
    with about("to"):
        to = checked_path(body.to)
        note = body.note or say("从 {old} 移到 {new}", "moved from {old} to {new}", old=now.path, new=to)
        try:
            touched = move(editions(), store(), now.path, to, base, who, note)
        except ConflictError:
            raise conflict(now.path, base)
    return settled(file_of(to), touched, who, note)


@blueprint.operation(
    "POST",
    "/api/v1/images",
    KEEP,
    ("把一张图片存到文章旁边", "Store a picture beside an article"),
    {201: Placed, 404: answers.Error},
    body=Picture,
    scope="write",
    large=MAX_UPLOAD,
)
def image_api(body: Picture) -> tuple[dict[str, Any], int]:
    now, raw = file_of(body.article), read_base64(body.content, "content")
    with about("content"):
        images.shown(body.alt, "")  # before anything is stored
        number = now.strict().id.rpartition("/")[2]
        link = images.add(settings_in_force().articles, now.path, number, raw)
        return {"markdown": images.shown(body.alt, link)}, 201


@blueprint.operation(
    "GET",
    "/api/v1/review",
    KEEP,
    ("等人看的文章：草稿、待审、复审过期与快到期的", "What waits for a writer: drafts, in review, overdue, due soon"),
    {200: Awaited},
    scope="write",
)
def review_api() -> dict[str, Any]:
    return Awaited.model_validate(View(**awaited())).data()


def _version(path: str, revision: int) -> Revision:
    found = next((v for v in editions().history(path) if v.id == revision), None)
    if found is None:
        raise NotFound(say("没有这个版本", "there is no such version"))
    return found


def _facts(version: Revision) -> dict[str, Any]:
    return {"id": version.id, "at": version.at.isoformat(), "editor": version.editor, "note": version.note}
