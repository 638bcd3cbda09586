"""This module says what goes into the API: models that check a request and describe it."""

from datetime import date
from typing import Literal

from pydantic import ConfigDict

from kb.articles.writing.save import MAX_EDITOR, MAX_NOTE
from kb.database.activity import MAX_COMMENT
from kb.desk.schemas import ByFacet, Given, Sent, Sort, told
from kb.model import MAX_ANSWERS, MAX_PAGE, MAX_SIZE, REPLIES, SORTS
from kb.web.forms import MAX_NAME, MAX_QUERY, SIZE

MAX_COUNT = 20
"""Suggestions of one request."""
MAX_ARTICLE = 1_000_000
"""Characters of an article that is checked, shown or saved through the API."""


class Filters(ByFacet):
    after: date | None = told("更新日期不早于", "updated on this day or later", None)
    before: date | None = told("更新日期不晚于", "updated on this day or earlier", None)
    page: int = told("第几页", "which page", 1, ge=1, le=MAX_PAGE)


class Searched(Filters):
    """Described only: a search's address is read like the page's, and what makes no sense is left out."""

    q: str = told(
        "查询：词、引号短语、字段:值、-词、通配符",
        "the query: words, quoted phrases, field:value, -word, wildcards",
        "",
        max_length=MAX_QUERY,
        examples=["打印机 卡纸"],
    )
    sort: Sort = told("排序", "order", SORTS[0])
    size: int = told("每页几条", "hits of a page", SIZE, ge=1, le=MAX_SIZE, examples=[3])
    exact: Literal["0", "1"] = told("1：不更正错别字", "1: misspellings are not corrected", "0")


class Listed(Filters):
    sort: Literal["updated", "created"] = told("排序，新的在前", "order, newest first", "updated")
    size: int = told("每页几篇", "articles of a page", 100, ge=1, le=MAX_SIZE, examples=[2])


class Explained(Filters):
    """Described only, as a search."""

    q: str = told("查询", "the query", max_length=MAX_QUERY, pattern=r"\S", examples=["打印机 卡纸"])
    article: str = told(
        "应找到的文章：编号、路径或网址",
        "the article that was expected: its number, path or address",
        max_length=MAX_NAME,
        pattern=r"\S",
        examples=["KB-000013"],
    )
    mode: Literal["search", "suggest"] = told("作为搜索还是粘贴", "as a search or as a paste", "search")
    exact: Literal["0", "1"] = told("1：不更正错别字", "1: misspellings are not corrected", "0")


class Typed(Given):
    q: str = told("已输入的文字", "what was typed so far", "", max_length=MAX_QUERY, examples=["ora-0"])
    size: int = told("最多几行", "lines at most", 8, ge=1, le=MAX_COUNT)
    articles: bool = told("也要文章；0 则只要标识与产品", "articles too; with 0 identifiers and products alone", True)


class Reply(Sent):
    ask: str = told("问题的键", "the key of the question", max_length=MAX_NAME)
    answer: str = told(", ".join(REPLIES), ", ".join(REPLIES), max_length=20)


class Pasted(Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "激光打印机报50.2，打出来的纸字一摸就掉黑",
                    "count": 3,
                    "answers": [{"ask": "code:ORA-01653", "answer": "no"}],
                }
            ]
        }
    )
    text: str = told("故障描述、邮件或日志", "a description of the fault, a mail or a log", pattern=r"\S")
    count: int = told("最多几条", "how many at most", 5, ge=1, le=MAX_COUNT)
    answers: list[Reply] = told(
        "对上一次问题的回答", "answers to the questions of an earlier reply", [], max_length=MAX_ANSWERS
    )
    exact: bool = told("不更正错别字", "misspellings are not corrected", False)
    subject: str = told("主题，比正文要紧一倍", "the subject, which counts twice", "", max_length=300)
    products: list[str] = told(
        "已知的产品，只作参考", "products it is known to be about, a little evidence", [], max_length=10
    )


_WRITTEN = "---\nkind: manual\ntitle: 打印机日常维护\n---\n\n# 打印机日常维护\n\n每周清洁一次搓纸轮。\n"


class Written(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": _WRITTEN, "path": "printer/maintenance.md"}]},
    )
    text: str = told(
        "整个文件：文件头与 Markdown", "the whole file: front matter and Markdown", max_length=MAX_ARTICLE, min_length=1
    )
    path: str = told(
        "文章文件夹下的路径，相对链接由它算起",
        "its path below the folder of articles, where relative links start",
        "draft.md",
        max_length=MAX_NAME,
        pattern=r"\S",
    )


class Signed(Sent):
    """What every change of an article says of itself."""

    note: str = told("改了什么", "what was changed", "", max_length=MAX_NOTE)
    editor: str = told(
        "谁改的；带令牌时是令牌的名字", "who changed it; with a token it is the token's name", "", max_length=MAX_EDITOR
    )


class Edited(Signed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": _WRITTEN, "note": "新写"}]})
    text: str = told(
        "整个文件：文件头与 Markdown", "the whole file: front matter and Markdown", max_length=MAX_ARTICLE, min_length=1
    )


class Judged(Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "激光打印机报50.2，字一摸就掉", "article": "KB-000013", "verdict": "helpful"}]
        }
    )
    article: str = told("文章的编号或路径", "the article's number or path", max_length=MAX_NAME, min_length=1)
    verdict: Literal["helpful", "unhelpful"] = told("有效或无效", "whether it helped")
    text: str = told(
        "对哪段描述而言；先打码再保存",
        "as an answer to which text; masked before it is kept",
        "",
        max_length=MAX_ARTICLE,
    )
    reason: Literal["", "fault", "incomplete", "wrong", "unclear", "links", "other"] = told(
        "无效的原因", "why it did not", ""
    )
    comment: str = told("补充", "what else there is to say", "", max_length=MAX_COMMENT)
    search: int | None = told("答案里的 search", "what an answer calls search", None, ge=1, lt=2**31)
