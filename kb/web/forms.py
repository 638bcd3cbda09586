"""This module reads a search from an address, and writes the address of a search: the whole state is in the URL."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

from werkzeug.datastructures import MultiDict

from kb.errors import InputError
from kb.labels import value_of
from kb.model import MAX_ANSWERS, SORTS, Answer, Query
from kb.model.schema import FACETS, FOLDER
from kb.search.clarify import read_answer

SIZE = 10
MAX_QUERY = 2000
"""Characters of a query in an address; a longer text belongs into the paste box."""
MAX_NAME = 300
"""Characters of an article's number, path or address."""


def query_from(args: MultiDict[str, str]) -> Query:
    """A query from URL parameters; a value that makes no sense is left out, never an error."""
    filters = {f: tuple(dict.fromkeys(_values(f, args.getlist(f)))) for f in FACETS}
    sort = args.get("sort", "")
    return Query(
        text=args.get("q", "")[:MAX_QUERY].strip(),
        filters={f: values for f, values in filters.items() if values},
        after=_date(args.get("after", "")),
        before=_date(args.get("before", "")),
        sort=sort if sort in SORTS else SORTS[0],
        page=_number(args.get("page", ""), 1),
        size=_number(args.get("size", ""), SIZE),
        exact=args.get("exact") == "1",
    )


MAX_VALUES = 50
"""Of one facet in an address; a page offers fewer."""


def _values(facet: str, given: list[str]) -> Iterator[str]:
    return (value_of(facet, v[:MAX_NAME]) for v in given[:MAX_VALUES] if v.strip())


def answers_from(form: MultiDict[str, str]) -> tuple[Answer, ...]:
    """Answers to questions from the fields answer=key=reply, but the one that the field back=key takes back.

    What is no answer is left out, and so are answers beyond MAX_ANSWERS.
    """
    found: dict[str, Answer] = {}
    for given in form.getlist("answer"):
        with suppress(InputError):
            answer = read_answer(given)
            found[answer.ask] = answer
    found.pop(form.get("back", ""), None)
    return tuple(found.values())[:MAX_ANSWERS]


def why_from(args: MultiDict[str, str]) -> tuple[Query, str, str]:
    """(query, article, mode) from URL parameters; an article's address is as good as its number."""
    name = args.get("article", "")[:MAX_NAME].strip()
    number = re.search(r"\bKB-\d+", name, re.IGNORECASE)
    return (
        query_from(args),
        number[0].upper() if number else name,
        "suggest" if args.get("mode") == "suggest" else "search",
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0 else default


def address(query: Query, **changes: object) -> str:
    """The address of a search, with changes: a facet's values, sort, page, after, before, text, exact; None removes."""
    state: dict[str, object] = {
        "text": query.text,
        **query.filters,
        "after": query.after,
        "before": query.before,
        "sort": query.sort if query.sort != SORTS[0] else None,
        "size": query.size if query.size != SIZE else None,
        "page": None,
        "exact": "1" if query.exact else None,
        **changes,
    }
    pairs: list[tuple[str, str]] = []
    for name, value in state.items():
        if isinstance(value, (tuple, list)):
            pairs += [(name, str(v)) for v in value]
        elif value is not None and value != "":
            pairs.append(("q" if name == "text" else name, str(value)))
    return "/search?" + "&".join(f"{name}={_encoded(value)}" for name, value in pairs)


@lru_cache(maxsize=2000)
def _encoded(value: str) -> str:
    """A value in an address. A page holds its query in thirty of them."""
    return quote_plus(value)


def toggled(query: Query, facet: str, value: str) -> str:
    """The address with one value of a facet added, or removed when it is there."""
    chosen = query.filters.get(facet, ())
    if facet == FOLDER.name:  # a folder holds those below it: another one is chosen instead, not beside
        return address(query, **{facet: None if value in chosen else (value,)})
    values = tuple(v for v in chosen if v != value) if value in chosen else (*chosen, value)
    return address(query, **{facet: values or None})


def with_parameters(path: str, args: MultiDict[str, str], **changes: str) -> str:
    """An address without parameters (percent-encoded) with these, some of them changed."""
    pairs = [*((k, v) for k, v in args.items(multi=True) if k not in changes), *changes.items()]
    return path + ("?" + urlencode(pairs) if pairs else "")
