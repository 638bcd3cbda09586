"""This module answers a program that reads for itself: the best texts for a question, however sure, within filters.

Suggestions are for people and stop where it gets doubtful; a program says how doubtful is too much.
"""

import numpy as np

from kb.model import MAX_TEXT, Record
from kb.search.confidence import confidence
from kb.search.corpus import Corpus
from kb.search.evidence import Evidence
from kb.search.filters import Mask
from kb.search.ranking import top
from kb.search.snippets import Highlighter, place
from kb.search.suggest import fix_of, read_paste


def retrieve(index: Corpus, text: str, count: int, allowed: Mask, threshold: float = 0.0) -> list[Record]:
    """At most so many records of the allowed articles with at least that score, surest first. Never raises on any text.

    An article gives one record: of a case its fix, of a manual the section that fits best.
    """
    terms = read_paste(index, text[:MAX_TEXT])
    scores = index.scores(terms, hidden=True)
    within = np.where(index.over_passages(allowed), scores, np.float32(0))
    ranked = [(int(a), index.best_passage(int(a), within)) for a in top(index.best(within), count)]
    sure = confidence(Evidence(index, terms, scores, [passage for _, passage in ranked]))
    marker = Highlighter(index.tokenizer, index.idfs(terms.shown()))
    surest = sorted(ranked, key=lambda r: -sure[r[1]])
    return [_record(index, a, p, sure[p], marker) for a, p in surest if sure[p] >= threshold]


def _record(index: Corpus, article: int, number: int, score: float, marker: Highlighter) -> Record:
    passage = index.passage(number)
    _, section = marker.snippet(passage)
    text, anchor = fix_of(passage, section, index.body(article))
    found, found_anchor = place(passage, section)
    told = found if found_anchor == anchor else tuple(s.title for s in passage.sections if s.anchor == anchor)[:1]
    return Record(index.articles[article], told, text, anchor, score)
