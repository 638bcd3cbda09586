"""This module turns answers into plain data for JSON, the same for the command line and the API."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from kb.model import Article, Change, Correction, Hit, Match, Page, Snippet, Suggestion, Suggestions, Why
from kb.model.schema import NAMES
from kb.search.asking import wording

if TYPE_CHECKING:  # a search must not wait for what measures and builds
    from kb.desk.golden import Outcome
    from kb.desk.what_if import Effect
    from kb.model import CodePage, Completion, Duplicate
    from kb.search.evaluate import Comparison, Measured


def article_data(article: Article, body: str | None = None) -> dict[str, Any]:
    """An article's facts, with its Markdown when it is given."""
    data: dict[str, Any] = {"id": article.id, "path": article.path}
    for name in NAMES:
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
        "exact": query.exact,
        "corrections": [_correction(c) for c in page.corrections],
        "notes": list(page.notes),
        "hidden": page.hidden,
        "milliseconds": round(page.milliseconds, 1),
        "hits": [_hit(h) for h in page.hits],
        "facets": {name: [{"value": v, "count": n} for v, n in values] for name, values in page.facets.items()},
    }


def completion_data(found: "Completion", address: str) -> dict[str, Any]:
    """A line of the list below the search box, and where it leads."""
    number = found.article.id if found.article else ""
    return {"kind": found.kind, "text": found.text, "id": number, "articles": found.articles, "address": address}


def code_data(found: "CodePage") -> dict[str, Any]:
    """What is known of an identifier. places: the best ones of each kind of article; articles: how many hold it."""
    places = (place for some in found.places.values() for place in some)
    return {
        "text": found.text,
        "kind": found.kind,
        "articles": found.total,
        "places": [{**_where(p.article, p.anchor, p.heading), "snippet": _snippet(p.snippet)} for p in places],
        "areas": [{"value": v, "count": n} for v, n in found.areas],
        "products": [{"value": v, "count": n} for v, n in found.products],
        "related": [r._asdict() for r in found.related],
    }


def suggestions_data(found: Suggestions) -> dict[str, Any]:
    """The suggestions for a paste. similar is False when nothing is: then the list is empty."""
    return {
        "similar": bool(found.suggestions),
        "best": found.best,
        "suggestions": [_suggestion(s) for s in found.suggestions],
        "related": [_suggestion(s) for s in found.related],
        "faults": list(found.faults),
        "identifiers": [i._asdict() for i in found.identifiers],
        "areas": [{"value": v, "share": n} for v, n in found.areas],
        "causes": [{"value": v, "share": n} for v, n in found.causes],
        "lines": [{"text": t, "explained": e} for t, e in found.lines],
        "questions": [{**q._asdict(), "articles": list(q.articles), "text": wording(q.ask)} for q in found.questions],
        "answers": [{**a._asdict(), "text": wording(a.ask)} for a in found.answers],
        "corrections": [_correction(c) for c in found.corrections],
        "truncated": found.truncated,
        "milliseconds": round(found.milliseconds, 1),
    }


def why_data(found: Why, tried: Sequence[tuple[Change, "Effect | None"]]) -> dict[str, Any]:
    """Why an article was not found. tried: each change with its effect, None where it was not tried."""
    rival = found.rival
    return {
        "query": found.query.text,
        "filters": {k: list(v) for k, v in found.query.filters.items()},
        "mode": found.mode,
        "article": article_data(found.article),
        "reason": found.reason._asdict(),
        "rank": found.rank,
        "total": found.total,
        "standing": found.standing,
        "score": found.score,
        "words": [w._asdict() for w in found.words],
        "streams": [{"field": s.field, "tokens": [list(t) for t in s.tokens]} for s in found.streams],
        "rival": rival
        and {**article_data(rival.article), "score": rival.score, "edges": [e._asdict() for e in rival.edges]},
        "changes": [_change(change, effect) for change, effect in tried],
    }


def _change(change: Change, effect: "Effect | None") -> dict[str, Any]:
    data: dict[str, Any] = {"kind": change.kind, "text": change.text}
    if change.query is not None:
        data |= {"filters": {k: list(v) for k, v in change.query.filters.items()}, "exact": change.query.exact}
    if effect is None:
        return {**data, "rank": None, "golden": None}
    return {**data, "rank": effect.rank, "golden": None if effect.golden is None else effect.golden._asdict()}


def outcomes_data(outcomes: Sequence["Outcome"]) -> dict[str, Any]:
    """Golden queries and what became of them."""
    return {
        "queries": len(outcomes),
        "held": sum(o.holds for o in outcomes),
        "first": sum(o.rank == 1 for o in outcomes),
        "outcomes": [
            {
                "query": o.golden.query,
                "mode": o.golden.mode,
                "articles": list(o.golden.articles),
                "within": o.golden.within,
                "line": o.golden.line,
                "rank": o.rank,
                "holds": o.holds,
                "found": list(o.found),
                "missing": list(o.missing),
            }
            for o in outcomes
        ],
    }


def measured_data(found: "Measured") -> dict[str, Any]:
    """What was measured on a judged set. silence: shares of texts by the band of their first suggestion."""
    return {
        **found.figures,
        "intervals": {name: list(bounds) for name, bounds in found.intervals.items()},
        "lengths": [
            {
                "length": g.name,
                "queries": g.queries,
                **g.figures,
                "intervals": {name: list(bounds) for name, bounds in g.intervals.items()},
            }
            for g in found.groups
        ],
        "silence": {
            kind: {
                "texts": s.texts,
                "bands": {band: round(n / s.texts, 4) for band, n in s.bands.items()},
                **({"right": round(s.right / s.texts, 4)} if kind == "answerable" else {}),
            }
            for kind, s in found.silence.items()
        },
    }


def comparison_data(found: "Comparison", texts: Mapping[str, str]) -> dict[str, Any]:
    """Two runs compared. texts: query -> what it asks, where that is known."""
    return {
        "ndcg10": {"before": round(found.before, 4), "after": round(found.after, 4), "mean": round(found.mean, 4)},
        "interval": list(found.interval),
        "risen": [{**m._asdict(), "text": texts.get(m.query, "")} for m in found.risen],
        "fallen": [{**m._asdict(), "text": texts.get(m.query, "")} for m in found.fallen],
        "same": found.same,
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        **_where(hit.article, hit.anchor, hit.heading),
        "score": hit.score,
        "title_spans": [list(s) for s in hit.title.spans],
        "snippet": _snippet(hit.snippet),
        "matches": [_match(m) for m in hit.matches],
        "passages": hit.passages,
        "sections": [{"heading": list(s.heading), "anchor": s.anchor} for s in hit.sections],
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
        "factor": s.factor,
        "fault": s.fault,
        "remembered": s.remembered and {"helpful": s.remembered.helpful, "unhelpful": s.remembered.unhelpful},
    }


def duplicate_data(d: "Duplicate") -> dict[str, Any]:
    """A pair of articles that may say the same, with the reasons."""
    return {
        "kind": d.kind,
        "sure": d.sure,
        "overlap": d.overlap,
        "articles": [{"id": a.id, "path": a.path, "title": a.title} for a in (d.first, d.second)],
        "identifiers": list(d.names),
        "words": list(d.words),
    }


def _where(article: Article, anchor: str, heading: tuple[str, ...]) -> dict[str, Any]:
    return {**article_data(article), "anchor": anchor, "heading": list(heading)}


def _snippet(snippet: Snippet) -> dict[str, Any]:
    return {"text": snippet.text, "spans": [list(s) for s in snippet.spans]}


def _correction(correction: Correction) -> dict[str, str]:
    return {"typed": correction.typed, "better": correction.better}


def _match(match: Match) -> dict[str, Any]:
    return match._asdict()
