"""This module answers "why was it not found?": the first thing that kept one article away from a query.

In the order in which a search decides: status, filters and dates, conditions of the query, required words,
weight. What would help is in kb.search.improvements.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, assert_never

import numpy as np

from kb.labels import label
from kb.language import say
from kb.model import (
    HIDDEN_STATUSES,
    MAX_TEXT,
    Article,
    Change,
    Edge,
    Passage,
    Query,
    Reason,
    ReasonCode,
    Rival,
    Stream,
    Why,
    Word,
)
from kb.search.confidence import confidence
from kb.search.corpus import Corpus
from kb.search.engine import COUNT
from kb.search.evidence import Evidence
from kb.search.explain import field_texts, places
from kb.search.improvements import remedies, stands
from kb.search.query import And, Enough, Near, Node, Not, Or, Pattern, Phrase, Range, Term, Value, Words, parse
from kb.search.query_terms import QueryTerms
from kb.search.ranking import Scores, top
from kb.search.searcher import KEYWORDS, Matcher, in_order, within_bounds
from kb.search.suggest import read_paste

MAX_WORDS = 40
"""Words of a query that are looked at one by one; of a longer paste the most telling ones."""
MAX_STREAM = 60
"""Tokens of a field that are shown."""
MAX_RIVAL = 6
"""Words that are named as the reason why another article comes first."""


class _Found(NamedTuple):
    """What a query finds, as far as this module needs it. order: all that is shown, positions of articles."""

    order: list[int]
    scores: Scores
    terms: QueryTerms
    matcher: Matcher | None = None


def why(index: Corpus, query: Query, number: int, mode: str = "search") -> Why:
    """Why the article at this position is not (the first) found. Never raises on any text."""
    query = replace(query, text=query.text[:MAX_TEXT])
    found = _look_up(index, query, mode)
    article = index.articles[number]
    chosen = index.best_passage(number, found.scores)
    passage = index.passage(chosen)
    words = tuple(_words(index, number, chosen, found))
    rank = _rank(found, number)
    reason, changes = _reason(index, query, number, found, rank)
    if reason.code in _OF_WORDS:
        alias = found.matcher is None or isinstance(found.matcher.root, Words)
        changes = tuple(remedies(index, query, article, passage, words, found.terms, alias))
    return Why(
        query=query,
        mode=mode,
        article=article,
        heading=passage.heading,
        rank=rank,
        total=len(found.order),
        standing=_standing(index, number, found.scores),
        score=_sure(index, chosen, found),
        words=words,
        streams=tuple(_streams(index, article, passage, found.terms)),
        rival=_rival(index, found, chosen) if rank != 1 and found.order else None,
        reason=reason,
        changes=changes,
    )


def standing(found: Why) -> str:
    """The article's place and score, in a sentence."""
    if found.rank:
        place = say("第 {rank}（共 {total} 篇）", "place {rank} of {total}", rank=found.rank, total=found.total)
    else:
        place = say("未列入（共 {total} 篇）", "not shown (of {total})", total=found.total)
    by_score = (
        say("按得分在全部文章里第 {n}", "by score at place {n} of all articles", n=found.standing)
        if found.standing
        else say("没有得分", "no score")
    )
    return say(
        "名次：{place}；{by_score}；把握 {score:.0%}",
        "standing: {place}; {by_score}; {score:.0%} sure",
        place=place,
        by_score=by_score,
        score=found.score,
    )


def rank_of(index: Corpus, query: Query, number: int, mode: str) -> int:
    """The place at which an article is shown for a query, 1-based, 0 when it is not."""
    return _rank(_look_up(index, query, mode), number)


def _rank(found: _Found, number: int) -> int:
    return found.order.index(number) + 1 if number in found.order else 0


def _look_up(index: Corpus, query: Query, mode: str) -> _Found:
    if mode == "suggest":
        terms = read_paste(index, query.text, query.exact)
        scores = index.scores(terms)
        ranked = [int(a) for a in top(index.best(scores), 10)]
        best = {a: index.best_passage(a, scores) for a in ranked}
        sure = confidence(Evidence(index, terms, scores, list(best.values())))
        ranked = [a for a in ranked if sure[best[a]] >= index.threshold]
        return _Found(ranked[:COUNT], index.scores(terms, hidden=True), terms)
    matcher = Matcher(index, parse(query.text), query.exact)
    shown = matcher.found()[0] & within_bounds(index, query, matcher)
    for name, values in query.filters.items():
        shown &= index.facets[name].having(values)
    scores = matcher.scores()
    order = in_order(index, query, matcher, shown, scores, len(index.articles), {})
    return _Found([int(a) for a in order], scores, matcher.terms, matcher)


def _standing(index: Corpus, number: int, scores: Scores) -> int:
    best = index.best(scores)
    if best[number] <= 0:
        return 0
    visible = index.visible
    ahead = visible & ((best > best[number]) | ((best == best[number]) & (np.arange(len(best)) < number)))
    return int(ahead.sum()) + 1


# --- the reason ------------------------------------------------------------------------------


_OF_WORDS = (
    ReasonCode.NOTHING,
    ReasonCode.MISSING,
    ReasonCode.APART,
    ReasonCode.FEW,
    ReasonCode.UNSURE,
    ReasonCode.WEIGHT,
)
"""Reasons that other words would mend."""


def _reason(index: Corpus, query: Query, number: int, found: _Found, rank: int) -> tuple[Reason, tuple[Change, ...]]:
    """What stands in the way first, and its remedy where that is not a matter of words."""
    article = index.articles[number]
    if rank:
        return _placed(rank), ()
    if article.status in HIDDEN_STATUSES and not _asks_status(query, found):
        return Reason(
            ReasonCode.STATUS,
            say(
                "文章状态是“{status}”，平时不显示，也不会被推荐",
                "the article is {status}: not shown and never suggested",
                status=label("status", article.status).lower(),
            ),
        ), (Change("status", "published"),)
    kept_out = None
    if found.matcher is not None:
        kept_out = _filtered(index, query, number) or _conditioned(index, query, number, found.matcher)
    kept_out = kept_out or _corrected(index, query, number, found)
    if kept_out is not None:
        reason, without = kept_out
        return reason, () if without is None else (Change("query", without.text, without),)
    if found.matcher is None:
        return _not_suggested(index, number, found), ()
    return _worded(index, number, found.matcher), ()


def _placed(rank: int) -> Reason:
    if rank == 1:
        return Reason(ReasonCode.FOUND, say("找到了，排在第 1", "it is found, at place 1"))
    return Reason(
        ReasonCode.WEIGHT,
        say(
            "找到了，但排在第 {rank}：别的文章更合这几个词",
            "it is found, but at place {rank}: other articles fit the words better",
            rank=rank,
        ),
    )


def _sure(index: Corpus, passage: int, found: _Found) -> float:
    return confidence(Evidence(index, found.terms, found.scores, [passage]))[passage]


def _asks_status(query: Query, found: _Found) -> bool:
    return bool(query.filters.get("status")) or (found.matcher is not None and found.matcher.asks_status)


def _not_suggested(index: Corpus, number: int, found: _Found) -> Reason:
    chosen = index.best_passage(number, found.scores)
    if found.scores[chosen] <= 0:
        return _nothing()
    sure = _sure(index, chosen, found)
    if sure < index.threshold:
        return Reason(
            ReasonCode.UNSURE,
            say(
                "把握只有 {sure:.0%}，低于 {threshold:.0%} 不推荐：共有的词太少",
                "the match is only {sure:.0%} sure, and below {threshold:.0%} nothing is suggested: "
                "too few words in common",
                sure=sure,
                threshold=index.threshold,
            ),
        )
    return Reason(
        ReasonCode.WEIGHT,
        say(
            "按得分排在第 {rank}，只推荐前 {count} 篇",
            "it stands at place {rank} by score, and the first {count} are suggested",
            rank=_standing(index, number, found.scores),
            count=COUNT,
        ),
    )


def _nothing() -> Reason:
    return Reason(
        ReasonCode.NOTHING, say("文章与查询没有一个共同的词", "the article has no word in common with the query")
    )


def _filtered(index: Corpus, query: Query, number: int) -> tuple[Reason, Query] | None:
    """The first filter or bound of the date that keeps the article out."""
    for name, values in query.filters.items():
        if not index.facets[name].having(values)[number]:
            rest = {k: v for k, v in query.filters.items() if k != name}
            shown = say("、", ", ").join(label(name, v) for v in values)
            text = say(
                "筛选“{facet}：{values}”挡住了它",
                "the filter {facet}: {values} keeps it out",
                facet=label("facet", name),
                values=shown,
            )
            return Reason(ReasonCode.FILTER, text), replace(query, filters=rest)
    day = int(index.days("updated")[number])
    late = query.after is not None and day < query.after.toordinal()
    early = query.before is not None and (day == 0 or day > query.before.toordinal())
    if late or early:
        article = index.articles[number]
        text = say(
            "更新日期 {day} 在所限的日期之外",
            "its date {day} is outside the bounds",
            day=article.updated or article.created or say("（无）", "(none)"),
        )
        return Reason(ReasonCode.DATE, text), replace(query, after=None, before=None)
    return None


def _corrected(index: Corpus, query: Query, number: int, found: _Found) -> tuple[Reason, Query] | None:
    """Whether the article is only kept out because a word was taken for a misspelled one."""
    exact = replace(query, exact=True)
    mode = "suggest" if found.matcher is None else "search"
    if not found.terms.corrections or not rank_of(index, exact, number, mode):
        return None
    words = say("、", ", ").join(f"{c.typed} → {c.better}" for c in found.terms.corrections)
    text = say("查询里的词被当作错字：{words}", "words of the query were taken for misspelled: {words}", words=words)
    return Reason(ReasonCode.CORRECTED, text), exact


def _conditioned(index: Corpus, query: Query, number: int, matcher: Matcher) -> tuple[Reason, Query | None] | None:
    """The first condition of the query (minus, phrase, field, pattern, date) that the article does not meet."""
    inside = slice(int(index.first[number]), int(index.first[number + 1]))
    failed = _failed(matcher, matcher.root, inside) if matcher.root is not None else None
    if failed is None or isinstance(failed, Words):
        return None
    text = say(
        "查询里的条件 {condition} 不成立",
        "the condition {condition} of the query does not hold",
        condition=spell(failed),
    )
    loosened = _loosened(matcher.root, failed)
    rest = "" if loosened is None else spell(loosened)
    readable = loosened is not None and parse(rest).root == loosened
    return Reason(ReasonCode.CONDITION, text), replace(query, text=rest) if readable else None


def _failed(matcher: Matcher, node: Node, inside: slice) -> Node | None:
    """The part of a query that holds in no passage of an article, conditions before words; None when all hold."""
    if matcher.holds(node)[inside].any():
        return None
    if isinstance(node, (And, Or)):
        children = sorted(node.children, key=lambda n: isinstance(n, Words))
        failed = [f for child in children if (f := _failed(matcher, child, inside)) is not None]
        return next((f for f in failed if not isinstance(f, Words)), failed[0] if failed else None)
    return node


def _loosened(node: Node | None, condition: Node) -> Node | None:
    """A query without one of its conditions; a phrase stays as plain words."""
    if node == condition:
        return Words(node.text) if isinstance(node, Phrase) and node.field == "text" else None
    if not isinstance(node, (And, Or)):
        return node
    children = [c for child in node.children if (c := _loosened(child, condition)) is not None]
    joined: list[Node] = []
    for child in children:
        if isinstance(node, And) and joined and isinstance(child, Words) and isinstance(joined[-1], Words):
            joined[-1] = Words(joined[-1].text + " " + child.text)
        else:
            joined.append(child)
    return type(node)(tuple(joined)) if len(joined) > 1 else joined[0] if joined else None


def spell(node: Node) -> str:
    """A query tree as people type it; kb.search.query.parse reads it back."""
    match node:
        case And(children):
            return " ".join(map(_inner, children))
        case Or(children):
            return " OR ".join(map(_inner, children))
        case Not(child):
            return f"-{_inner(child)}"
        case Phrase(text, field):
            return f'"{text}"' if field == "text" else f'{field}:"{text}"'
        case Value(field, value):
            return f"{field}:{value}"
        case Pattern(text, field):
            return text if field == "text" else f"{field}:{text}"
        case Range():
            return f"{node.field}:{_bounds(node)}"
        case Words(text) | Term(text) | Near(text):
            return text
        case Enough(children):
            return " ".join(map(_inner, children))
        case _:
            assert_never(node)


def _inner(node: Node) -> str:
    """The same inside another node."""
    return f"({spell(node)})" if isinstance(node, (And, Or)) else spell(node)


def _bounds(node: Range) -> str:
    """A range of dates; an exclusive bound stands in the tree as the text just behind or before a day."""
    if node.low.endswith("~"):
        return f">{node.low[:-1]}"
    if node.high.endswith("~"):
        return f"<{node.high[:-2]}{chr(ord(node.high[-2]) + 1)}"
    return f"{node.low}..{node.high}"


def _worded(index: Corpus, number: int, matcher: Matcher) -> Reason:
    """Which words of the query keep the article out."""
    inside = slice(int(index.first[number]), int(index.first[number + 1]))
    failed = _failed(matcher, matcher.root, inside) if matcher.root is not None else None
    groups = matcher.groups(failed) if isinstance(failed, Words) else ()
    keyword = len(groups) <= KEYWORDS
    missing = [g.text for g in groups if not matcher.has(g, keyword)[inside].any()]
    if len(missing) == len(groups):
        return _nothing()
    if not missing:
        return Reason(
            ReasonCode.APART,
            say(
                "词都有，但不在同一节里；一节要含全部的词",
                "it has every word, but not in one section; a section needs them all",
            ),
        )
    named = say("、", ", ").join(dict.fromkeys(missing[:MAX_RIVAL]))
    if keyword:
        return Reason(
            ReasonCode.MISSING, say("缺少必需的词：{words}", "required words are missing: {words}", words=named)
        )
    text = say(
        "这句话里的词有得太少，缺：{words}", "it holds too little of the sentence; missing: {words}", words=named
    )
    return Reason(ReasonCode.FEW, text)


# --- word by word ----------------------------------------------------------------------------


def _words(index: Corpus, number: int, chosen: int, found: _Found) -> Iterator[Word]:
    """The words of the query, in their order, against one passage of the article."""
    article, passage, terms = index.articles[number], index.passage(chosen), found.terms
    groups = list({g.text: g for g in reversed(terms.groups)}.values())[::-1]
    if len(groups) > MAX_WORDS:
        telling = sorted(groups, key=lambda g: -min(index.weights.rarity(t.term) for t in g.alternatives[0]))
        groups = [g for g in groups if g in telling[:MAX_WORDS]]
    shares = Evidence(index, terms, found.scores, [chosen]).shares(chosen)
    written = places(index, chosen, {t.term for g in groups for a in g.alternatives for t in a})
    texts = field_texts(article, passage)
    start, end = int(index.first[number]), int(index.first[number + 1])
    for group in groups:
        own, *others = group.alternatives
        held = next((a for a in (own, *others) if all(index.weights.holds(chosen, t.term) for t in a)), None)
        how, word, field = "absent", "", ""
        if held is not None:
            how = "same" if held is own else "synonym"
            word = " ".join(written.get(t.term, (t.raw, "", ""))[0] for t in held)
            field = written.get(held[0].term, ("", "text", ""))[1]
        elif around := stands(group.text, texts):
            how, (word, field) = "cut", around
        elif any(all(index.weights.holds(p, t.term) for t in a) for p in range(start, end) for a in group.alternatives):
            how = "elsewhere"
        elif not any(all(t.term in index.weights for t in a) for a in group.alternatives):
            how = "unknown"
        score = sum(shares.get(term, 0.0) for term in {t.term for t in held or ()})
        yield Word(group.text, own[0].kind, tuple(t.raw for t in own), how, word, field, round(score, 3))


def _streams(index: Corpus, article: Article, passage: Passage, terms: QueryTerms) -> Iterator[Stream]:
    """The article's own words, field by field; of the text the stretch that says most."""
    for field, text in field_texts(article, passage):
        if field == "code" or not text.strip():
            continue
        tokens = [t for t in index.tokenizer.tokens(text) if not t.part]
        hits = [i for i, t in enumerate(tokens) if t.term in terms.weights]
        start = max(0, hits[0] - MAX_STREAM // 4) if hits else 0
        shown = tokens[start : start + MAX_STREAM]
        yield Stream(field, tuple((text[t.start : t.end], t.term in terms.weights) for t in shown))


def _rival(index: Corpus, found: _Found, chosen: int) -> Rival:
    """The first hit, and by which words it is ahead of a passage."""
    first = found.order[0]
    best = index.best_passage(first, found.scores)
    evidence = Evidence(index, found.terms, found.scores, [best, chosen])
    theirs, ours = evidence.shares(best), evidence.shares(chosen)
    ahead = sorted(theirs, key=lambda t: ours.get(t, 0.0) - theirs[t])[:MAX_RIVAL]
    article = index.articles[first]
    written = places(index, best, set(ahead))
    edges = tuple(
        Edge(written.get(t, (t,))[0], round(theirs[t], 2), round(ours.get(t, 0.0), 2))
        for t in ahead
        if theirs[t] > ours.get(t, 0.0)
    )
    return Rival(article, _sure(index, best, found), edges)
