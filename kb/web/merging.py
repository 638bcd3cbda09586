"""This module is the page that makes one article of two: what the other one adds is written into the one that stays."""

from flask import Flask, flash, redirect, request, url_for

from kb.articles.files import ArticleFile, change
from kb.articles.writing.diff import compare
from kb.articles.writing.form import MERGED_INTO
from kb.errors import ArticleError, ConflictError, InputError, NotFoundError
from kb.language import say
from kb.model import Article
from kb.search.engine import Engine
from kb.web.views import Answer, article_url, page
from kb.web.writers import editions, editor_from_form, file_of, finished, require_allowed, writing


def init_app(app: Flask) -> None:
    app.add_url_rule("/merge", view_func=merge, methods=["GET", "POST"])


@writing
def merge() -> Answer:
    """GET: both texts and their differences. POST: save the one that stays, archive the other."""
    keep, other = file_of(request.values.get("keep", "")), file_of(request.values.get("other", ""))
    if keep.path == other.path:
        raise InputError(say("这是同一篇文章", "these are one article"))
    if request.method == "GET":
        return _form(keep, other, keep.text)
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        return _merged(keep, other, text)
    except (ConflictError, InputError) as error:
        flash(str(error))
        return _form(keep, other, text)


def _form(keep: ArticleFile, other: ArticleFile, text: str) -> Answer:
    return page(
        "merge.html",
        keep=keep.strict(),
        other=other.strict(),
        bases=(keep.digest, other.digest),
        text=text,
        other_text=other.text,
        rows=compare(keep.text, other.text),
    )


def _merged(keep: ArticleFile, other: ArticleFile, text: str) -> Answer:
    who = editor_from_form()
    bases = (request.form.get("keep_base", ""), request.form.get("other_base", ""))
    if bases != (keep.digest, other.digest):  # told before one of them is written
        raise ConflictError(
            say(
                "有人刚改过其中一篇；请对照下面的新差别再保存",
                "one of them was changed meanwhile; look at the new differences below and save again",
            )
        )
    then = ArticleFile.of(keep.path, text)
    stays, goes = then.strict(), other.strict()
    archived = change(other, {"status": "archived", MERGED_INTO: stays.id})
    require_allowed(keep, then)
    require_allowed(other, archived, content=False)
    editions().save(then, bases[0], who, _note("并入", "merged in", goes.id))
    editions().save(archived, bases[1], who, _note("并入了", "merged into", stays.id))
    finished([keep.path, other.path], who, _note("并入", "merged in", goes.id))
    return redirect(article_url(stays) if stays.id.startswith("KB-") else url_for("edit", name=keep.path), 303)


def _note(zh: str, en: str, number: str) -> str:
    return say(f"{zh} {{number}}", f"{en} {{number}}", number=number)


def successor(engine: Engine, found: Article) -> Article | None:
    """The article that took the place of an archived one, as its file tells; None when there is none."""
    if found.status != "archived":
        return None
    try:
        name = editions().open(found.path).strict().extra.get(MERGED_INTO)
        return engine.article(str(name)) if name else None
    except (ArticleError, NotFoundError):
        return None
