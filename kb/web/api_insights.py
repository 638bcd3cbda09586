"""This module is the JSON API of the lead's pages: each of their tables as rows, and the decisions made on a row."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import ConfigDict
from werkzeug.exceptions import NotFound

from kb.desk import answers
from kb.desk.schemas import Answered, Given, Sent, Table, told
from kb.language import say
from kb.web.forms import MAX_NAME
from kb.web.insights import DAYS, ROWS, decide, examined, is_compared, make_golden
from kb.web.openapi import Api
from kb.web.requests import MAX_ARTICLE

blueprint = Api("api_insights", __name__)

INSIGHTS = ("数据看板", "Insights")
MAX_LINE = 500
"""Characters of a line of synonyms; what is no line is refused with a sentence."""


class Week(Answered):
    start: date = told("周一", "its Monday")
    searches: int
    pastes: int
    nothing: int = told("没有结果的搜索与粘贴", "searches and pastes that found nothing")
    helpful: int
    unhelpful: int
    strong: int = told("第一篇就是强匹配的", "those whose first article is a strong match")


class Settled(Answered):
    state: Literal["open", "ignored", "done"]
    owner: str
    at: datetime


class Gap(Answered):
    text: str = told("最常见的问法，已打码", "the most frequent wording, masked")
    times: int
    best: float = told("最高把握，0 到 1", "the highest score, 0 to 1")
    last: datetime
    samples: list[str]
    decision: Settled | None = told("处理情况，没有处理过为 null", "what was decided, null for nothing")


class Use(Answered):
    article: answers.Named
    shown: int = told("在靠前的结果里出现几次", "times among the first results")
    opened: int
    helpful: int
    unhelpful: int
    last: datetime | None = told("最近一次使用", "its last use")


class Stale(answers.Named):
    review_after: date = told("复审日期", "when its review was due")
    owner: str


class Demand(Answered):
    value: str
    articles: int
    searches: int
    unsure: int = told("没有可靠答案的搜索", "searches without a sure answer")


class Promotion(Answered):
    text: str
    article: answers.Named
    helpful: int


class Rows(Answered):
    table: Table
    days: int = told("多少天之内", "of how many days")
    complete: bool = told(
        "否：还没有检查完，或文章太多，不在这里比较（用 kb duplicates、kb synonyms）",
        "false: not examined yet, or too many articles, compared on the command line only (kb duplicates, kb synonyms)",
    )
    rows: (
        list[Week]
        | list[Gap]
        | list[Use]
        | list[Stale]
        | list[Demand]
        | list[answers.Finding]
        | list[answers.Pair]
        | list[answers.Synonym]
        | list[Promotion]
    )


MODELS: dict[str, type[Answered]] = {
    "weeks": Week,
    "gaps": Gap,
    "articles": Use,
    "unused": Use,
    "stale": Stale,
    "areas": Demand,
    "products": Demand,
    "quality": answers.Finding,
    "duplicates": answers.Pair,
    "synonyms": answers.Synonym,
    "promotions": Promotion,
}
COMPARED = ("duplicates", "synonyms")
"""Tables for which articles are compared with each other."""
EXAMINED = ("quality", *COMPARED)
"""Tables of what is found beside the site, after an index was published."""


class Period(Given):
    days: Literal["7", "30", "90", "365"] = told("多少天之内", "of how many days", str(DAYS))


class Decided(Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"line": "卡纸 = 夹纸", "decision": "refuse"}]})
    line: str = told("甲词 = 乙词，或甲词 => 乙词", "word = word, or word => word", max_length=MAX_LINE, min_length=1)
    decision: Literal["accept", "refuse"] = told("接受或拒绝", "what was decided")


class Promoted(Sent):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "激光打印机报50.2，字一摸就掉", "article": "KB-000013"}]}
    )
    text: str = told("promotions 里的 text", "the text of a row of promotions", max_length=MAX_ARTICLE, pattern=r"\S")
    article: str = told("有效的那篇的编号", "number of the article that helped", max_length=MAX_NAME, pattern=r"\S")


class Line(Answered):
    line: str
    decision: Literal["accept", "refuse"]


class Query(Answered):
    text: str
    article: str


@blueprint.operation(
    "GET",
    "/api/v1/insights/<table>",
    INSIGHTS,
    ("一张表的全部行：被搜的、缺的、过期的、重复的……", "All rows of a table: what is asked, missing, stale, double"),
    {200: Rows, 404: answers.Error},
    query=Period,
)
def insights_api(table: str, query: Period) -> dict[str, Any]:
    if table not in MODELS:
        raise NotFound(say("没有这张表（有：{names}）", "there is no such table ({names})", names=", ".join(MODELS)))
    return {
        "table": table,
        "days": int(query.days),
        "complete": (table not in EXAMINED or examined() is not None) and (table not in COMPARED or is_compared()),
        "rows": [MODELS[table].model_validate(row).data() for row in ROWS[table]()],
    }


@blueprint.operation(
    "POST",
    "/api/v1/synonyms",
    INSIGHTS,
    ("接受或拒绝一行同义词，下次建索引时生效", "Accept or refuse a line of synonyms; the next build knows it"),
    {201: Line},
    body=Decided,
    scope="write",
)
def decide_synonym(body: Decided) -> tuple[dict[str, Any], int]:
    return {"line": decide(body.line, body.decision == "accept"), "decision": body.decision}, 201


@blueprint.operation(
    "POST",
    "/api/v1/golden",
    INSIGHTS,
    ("把判为有效的一段描述收为必中查询", "Keep a text that an article helped as a golden query"),
    {201: Query},
    body=Promoted,
    scope="write",
)
def promote(body: Promoted) -> tuple[dict[str, Any], int]:
    make_golden(body.text, body.article)
    return {"text": body.text.strip(), "article": body.article}, 201
