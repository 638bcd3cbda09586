"""This module is the JSON API for writing: verdicts and articles. Until accounts come it is for this machine."""

from dataclasses import replace
from typing import Any

from werkzeug.exceptions import NotFound, PreconditionFailed

from kb.articles.files import ArticleFile
from kb.articles.writing.form import values_of
from kb.articles.writing.save import folder_for
from kb.desk import answers
from kb.desk.after_save import settle
from kb.errors import ConflictError, InputError
from kb.language import say
from kb.web import authorization, requests
from kb.web.errors import about
from kb.web.openapi import Api
from kb.web.validation import VERSION
from kb.web.views import article_named, engine_in_force, feedback, person, settings_in_force
from kb.web.writers import editions, file_of, require_allowed

blueprint = Api("api_writing", __name__)

VERDICTS = ("判定", "Verdicts")
WRITE = ("写", "Write")


@blueprint.operation(
    "POST",
    "/api/v1/verdicts",
    VERDICTS,
    (
        "一篇文章有没有解决问题；对同一描述的前一次判定被替换",
        "Whether an article helped; an earlier verdict of the same caller on the same text is replaced",
    ),
    {201: answers.Kept, 404: answers.Error},
    body=requests.Judged,
    scope="write",
)
def give_verdict(body: requests.Judged) -> tuple[dict[str, Any], int]:
    article = article_named(engine_in_force(), body.article).id
    row = feedback().give_verdict(
        article, body.verdict, authorization.judge(), body.text, body.search, body.reason, body.comment
    )
    return {"id": row}, 201


@blueprint.operation(
    "DELETE",
    "/api/v1/verdicts/<int(max=2147483647):verdict>",
    VERDICTS,
    ("撤回自己的判定", "Take one's own verdict back"),
    {204: None, 404: answers.Error},
    scope="write",
)
def take_back_verdict(verdict: int) -> tuple[str, int]:
    if not feedback().take_back(verdict, authorization.judge()):
        raise NotFound(say("没有这个判定，或不是您给的", "there is no such verdict of yours"))
    return "", 204


# --- articles as files ------------------------------------------------------------------------


@blueprint.operation(
    "GET",
    "/api/v1/sources/<path:name>",
    WRITE,
    ("文章的文件，用来修改：现在磁盘上的样子", "An article's file as it is now, to change it"),
    {200: answers.Source, 404: answers.Error},
)
def source(name: str) -> dict[str, Any]:
    now = file_of(name)
    return {"path": now.path, "digest": now.digest, "text": now.text}


@blueprint.operation(
    "PUT",
    "/api/v1/sources/<path:name>",
    WRITE,
    (
        "保存一篇文章的文件，只在它还是读到的那一版时",
        "Save an article's file while it is still the version that was read",
    ),
    {200: answers.Saved, 404: answers.Error},
    body=requests.Edited,
    scope="write",
    versioned=True,
)
def save_source(name: str, base: str, body: requests.Edited) -> dict[str, Any]:
    now = file_of(name)
    return saved_over(now, ArticleFile.of(now.path, body.text), base, editor_of(body), body.note)


@blueprint.operation(
    "POST",
    "/api/v1/sources",
    WRITE,
    ("新写一篇文章，编号由这里给", "Write a new article; its number is given here"),
    {201: answers.Saved},
    body=requests.Edited,
    scope="write",
)
def create_source(body: requests.Edited) -> tuple[dict[str, Any], int]:
    editor = editor_of(body)
    with about("text"):
        sent = ArticleFile.of("new.md", body.text)
        article, values = sent.strict(), values_of(sent)
        if values["id"] or article.extra:
            raise InputError(
                say(
                    "新文章的文件头里去掉：{keys}",
                    "leave out of the front matter of a new article: {keys}",
                    keys=", ".join(["id"] * bool(values["id"]) + sorted(article.extra)),
                )
            )
        values |= {"kind": article.kind, "title": article.title, "status": article.status}
        then = replace(sent, path=f"{folder_for(values)}/new.md")
        require_allowed(None, then)
        saved = editions().create(values, lambda path, number: article.body, editor, body.note)
    return settled(saved, [saved.path], editor, body.note), 201


# --- what all writing shares ------------------------------------------------------------------


def saved_over(
    now: ArticleFile, then: ArticleFile, base: str, editor: str, note: str, field: str = "text"
) -> dict[str, Any]:
    """Save a file in place of one that is still the version of base. field: the key that its text came from."""
    with about(field):
        try:
            if now.digest != base:
                raise ConflictError
            require_allowed(now, then)
            saved = editions().save(then, base, editor, note)
        except ConflictError:
            raise conflict(now.path, base)
    return settled(saved, [saved.path], editor, note)


def editor_of(body: requests.Signed) -> str:
    """Who a change is told to be of: somebody with an account, a program, or the name that was sent."""
    signed_in, token = person(), authorization.token()
    if signed_in is not None:
        return signed_in.name
    return token.name if token else " ".join(body.editor.split()) or "API"


def conflict(path: str, base: str) -> PreconditionFailed:
    """The error for a version that is no longer the one that was read."""
    error = PreconditionFailed(
        say(
            "{path} 已被别人改过：现在是 {now}，您从 {base} 开始",
            "{path} was changed by somebody else meanwhile: it is {now} now, you started from {base}",
            path=path,
            now=file_of(path).digest,
            base=base,
        )
    )
    error.field = VERSION["name"]  # type: ignore[attr-defined]
    return error


def settled(file: ArticleFile, paths: list[str], editor: str, note: str) -> dict[str, Any]:
    """Index and commit what was saved, and tell how that went. paths: all files that were touched."""
    told = settle(settings_in_force(), paths, editor, note or say("修改 {path}", "change {path}", path=file.path))
    return {"id": file.strict().id, "path": file.path, "digest": file.digest, "notes": told}
