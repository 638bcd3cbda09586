"""This module holds what requests and answers of the API are made of: models, and fields in two languages."""

from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from kb.language import say
from kb.model import SORTS
from kb.model.schema import FACETS, FOLDER, KEYS, How, Key

if TYPE_CHECKING:
    Facet: TypeAlias = str
    Sort: TypeAlias = str
else:
    Facet = Literal[FACETS]
    Sort = Literal[SORTS]
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
    """What comes back; the description names every key. It is read from the value itself, by the names it has there."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    @model_validator(mode="before")
    @classmethod
    def _from_value(cls, value: Any) -> Any:
        """A pair such as (value, count) is read by its places, anything but JSON by view()."""
        if type(value) is tuple:
            return dict(zip(cls.model_fields, value, strict=True))
        return value if isinstance(value, dict) else cls.view(value)

    @classmethod
    def view(cls, value: Any) -> Any:
        """What the keys are read from; a model says how where that is not the value as it is."""
        return value

    def data(self) -> dict[str, Any]:
        """The JSON of it, without keys that the value does not have."""
        return self.model_dump(mode="json", exclude_unset=True)


class View:
    """Several objects as one, for reading: what is given by name, then what the first, the second ... has."""

    def __init__(self, *objects: Any, **given: Any) -> None:
        self._objects = objects
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        for one in self._objects:
            if hasattr(one, name):
                return getattr(one, name)
        raise AttributeError(name)


_AREA = {"examples": [["printer"]]}
_BELOW = ("，连同下面的文件夹", ", with those below it")
_STATUS = ("；不给时没有草稿与归档", "; without it there are neither drafts nor archived ones")


def _filter(key: Key) -> Any:
    """The parameter of a facet."""
    zh, en = {"status": _STATUS, "folder": _BELOW}.get(key.name, ("", ""))
    more = _AREA if key.name == "area" else {}
    return told(f"{key.zh}，可多次{zh}", f"{key.asked_as}, may be repeated{en}", [], **more)


def _fact(key: Key) -> tuple[Any, Any]:
    """What an answer holds of a key of the front matter."""
    kind = list[str] if key.many else date | None if key.how == How.DATE else str
    return kind, told(key.zh, key.en)


if TYPE_CHECKING:

    class ByFacet(Given):
        """The filters of a search, one for each facet."""

    class ByKey(Answered):
        """All keys of an article's front matter."""
else:
    ByFacet = create_model(
        "ByFacet", __base__=Given, **{k.name: (list[str], _filter(k)) for k in (*KEYS, FOLDER) if k.facet}
    )
    ByKey = create_model("ByKey", __base__=Answered, **{k.name: _fact(k) for k in KEYS})
