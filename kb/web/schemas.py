"""This module holds what requests and answers of the API are made of: models, and fields in two languages."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kb.language import say

Facet = Literal["kind", "product", "area", "cause", "handling", "severity", "status", "tags"]
Sort = Literal["relevance", "updated", "created", "used"]
Table = Literal[
    "weeks",
    "gaps",
    "articles",
    "unused",
    "stale",
    "areas",
    "products",
    "quality",
    "duplicates",
    "synonyms",
    "promotions",
]
"""What the lead's pages tell, a table each."""


def told(zh: str, en: str, default: Any = ..., **limits: Any) -> Any:
    """A field that is described in the language the description is made in."""
    return Field(default, json_schema_extra=lambda schema: schema.update(description=say(zh, en)), **limits)


class Sent(BaseModel):
    """What a request brings as JSON: nothing is converted, nothing unknown is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Given(BaseModel):
    """What a request brings in its address."""


class Answered(BaseModel):
    """What comes back; the description names every key."""

    model_config = ConfigDict(extra="forbid")
