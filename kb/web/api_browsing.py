"""This module is the JSON API for looking around: what there is by area and cause, and all about one product."""

from typing import Any, Self

from werkzeug.exceptions import NotFound

from kb import model
from kb.desk import answers
from kb.desk.schemas import Answered, View, told
from kb.language import say
from kb.web.api import FIND
from kb.web.browse import MAX_NAME
from kb.web.openapi import Api
from kb.web.views import engine_in_force

blueprint = Api("api_browsing", __name__)


class AreaRow(Answered):
    value: str
    count: int
    causes: list[answers.Count] = told("其中各种原因几篇", "how many of them have each cause")

    @classmethod
    def of(cls, row: model.FacetRow, causes: tuple[str, ...]) -> Self:
        """causes: what the row's counts are of."""
        counts = [(cause, count) for cause, count in zip(causes, row.counts, strict=True) if count]
        return cls.model_validate(View(value=row.value, count=row.total, causes=counts))


class Overview(Answered):
    areas: list[AreaRow]
    kinds: list[answers.Count]
    products: list[answers.Count]
    tags: list[answers.Count]


class Group(Answered):
    value: str
    count: int
    newest: list[answers.Facts] = told("最新的几篇", "the newest of them")


class Product(Answered):
    name: str = told("文章里的写法", "as articles write it")
    articles: int = told("几篇文章", "how many articles")
    areas: list[answers.Count]
    tags: list[answers.Count]
    causes: list[Group] = told("案例，按原因", "cases by cause")
    kinds: list[Group] = told("案例以外的，按类型", "what is no case, by kind")
    newest: list[answers.Facts]
    codes: list[answers.Identifier] = told("常见的标识", "identifiers that are common in them")

    @classmethod
    def view(cls, value: Any) -> Any:
        return View(value, articles=value.total)


@blueprint.operation(
    "GET",
    "/api/v1/overview",
    FIND,
    ("有什么：各领域、原因、类型、产品的文章数", "What there is: articles by area and cause, kind, product"),
    {200: Overview},
)
def overview() -> dict[str, Any]:
    engine = engine_in_force()
    causes, areas = engine.crossed("area", "cause")
    rows = [AreaRow.of(area, causes) for area in areas]
    counts = {key: engine.counts(facet) for key, facet in _FACETS.items()}
    return Overview.model_validate(View(areas=rows, **counts)).data()


_FACETS = {"kinds": "kind", "products": "product", "tags": "tags"}


@blueprint.operation(
    "GET",
    "/api/v1/products/<path:product>",
    FIND,
    ("一个产品：原因、手册、常见的标识", "A product: its causes, manuals and common identifiers"),
    {200: Product, 404: answers.Error},
)
def product_api(product: str) -> dict[str, Any]:
    engine, name = engine_in_force(), product[:MAX_NAME].strip()
    known = engine.product(name)
    if known is None:
        like = ", ".join(value for value, _ in engine.products_like(name))
        near = say("；相近的：{names}", "; near it: {names}", names=like) if like else ""
        raise NotFound(say("没有文章写到这个产品", "no article is about this product") + near)
    return Product.model_validate(engine.product_page(known)).data()
