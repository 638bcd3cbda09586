"""This module turns answers into plain data for JSON, the same for the command line and the API."""

from datetime import date
from typing import Any

from kb.model import Article, Hit, Match, Page, Snippet, Suggestion, Suggestions

_FACTS = ("kind", "title", "product", "area", "cause", "handling", "severity", "parts", "versions", "tags", "aliases")


def article_data(article: Article, body: str | None = None) -> dict[str, Any]:
    """An article's facts, with its Markdown when it is given."""
    data: dict[str, Any] = {"id": article.id, "path": article.path}
    for name in (*_FACTS, "status", "owner", "created", "updated", "review_after"):
        value = getattr(article, name)
        data[name] = (
            value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
        )
    return data if body is None else {**data, "body": body}


def page_data(page: Page) -> dict[str, Any]:
    """A page of search results."""
    query = page.query
    return {
        "query": query.text,
        "filters": {k: list(v) for k, v in query.filters.items()},
        "total": page.total,
        "page": query.page,
        "size": query.size,
        "sort": query.sort,
        "widened": page.widened,
        "suggestion": page.suggestion,
        "notes": list(page.notes),
        "hidden": page.hidden,
        "milliseconds": round(page.milliseconds, 1),
        "hits": [_hit(h) for h in page.hits],
        "facets": {name: [{"value": v, "count": n} for v, n in values] for name, values in page.facets.items()},
    }


def suggestions_data(found: Suggestions) -> dict[str, Any]:
    """The suggestions for a paste. similar is False when nothing is: then the list is empty."""
    return {
        "similar": bool(found.suggestions),
        "best": found.best,
        "suggestions": [_suggestion(s) for s in found.suggestions],
        "identifiers": [i._asdict() for i in found.identifiers],
        "areas": [{"value": v, "share": n} for v, n in found.areas],
        "causes": [{"value": v, "share": n} for v, n in found.causes],
        "lines": [{"text": t, "explained": e} for t, e in found.lines],
        "truncated": found.truncated,
        "milliseconds": round(found.milliseconds, 1),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        **_where(hit.article, hit.anchor, hit.heading),
        "score": hit.score,
        "title_spans": [list(s) for s in hit.title.spans],
        "snippet": _snippet(hit.snippet),
        "matches": [_match(m) for m in hit.matches],
        "passages": hit.passages,
    }


def _suggestion(s: Suggestion) -> dict[str, Any]:
    return {
        **_where(s.article, s.anchor, s.heading),
        "score": s.score,
        "band": s.band,
        "fix": s.fix,
        "fix_anchor": s.fix_anchor,
        "snippet": _snippet(s.snippet),
        "matches": [_match(m) for m in s.matches],
    }


def _where(article: Article, anchor: str, heading: tuple[str, ...]) -> dict[str, Any]:
    return {**article_data(article), "anchor": anchor, "heading": list(heading)}


def _snippet(snippet: Snippet) -> dict[str, Any]:
    return {"text": snippet.text, "spans": [list(s) for s in snippet.spans]}


def _match(match: Match) -> dict[str, Any]:
    return match._asdict()
