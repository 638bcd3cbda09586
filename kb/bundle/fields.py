"""This module holds the fields and weights: the one schema that writer, engine and ranking read.

Each number has its reason; the figures are nDCG@10 on three judged sets of fault descriptions
(BENCHMARKS.md says which and how to run them): issues / FAQ / English questions.
"""

from typing import NamedTuple

from kb.model.schema import FOLDER, KEYS, How


class Field(NamedTuple):
    """A field one can ask for as name:value.

    how: see kb.model.schema. aliases: other names people type. key: of the front matter, "" for what is none.
    """

    name: str
    how: How
    aliases: tuple[str, ...]
    key: str = ""


FIELDS: tuple[Field, ...] = (
    Field("heading", How.TEXT, ("章节",)),
    Field("code", How.TEXT, ("代码",)),
    Field("text", How.TEXT, ("正文", "body")),
    *(Field(k.asked_as, k.how, k.asked, k.name) for k in (*KEYS, FOLDER)),
)

SEGMENTS = {"text": 0, "title": 1, "heading": 2, "alias": 3, "fact": 4, "code": 5, "id": 6}
"""What a stretch of quotable text belongs to."""
REPEATED = ("code", "id")
"""Segments that others hold, too: a phrase of no field is not looked for in them."""

BY_NAME = {name: f for f in FIELDS for name in (f.name, *f.aliases)}

TEXT_WEIGHT = 1.0
"""Words of title, headings, aliases and body together, BM25."""
BM25_K1 = 1.2
"""Term frequency saturation, the usual value: 1.5 is up to 0.005 worse on issues, 0.002 on FAQ, the same on English
questions."""
BM25_B = 0.9
"""Length normalisation. Manual sections differ in length by a factor of 100: 0.7 costs 0.02 on issues and FAQ."""

TITLE_WEIGHT = 0.7
"""The title, heading path and aliases once more as their own field."""
TITLE_K1 = 1.2
TITLE_B = 0.5
"""A title is short by nature; full normalisation would punish a precise one."""

PAIR_WEIGHT = 0.4
"""Neighbouring words written together stand for phrases."""
PART_WEIGHT = 0.5
"""A part of an identifier (ora of ORA-01653), in text and query: says less than the whole: +0.01 on issues and FAQ."""
PAGE_WEIGHT = 1.0
"""A page stands behind each of its sections: BM25 of its whole text, with document frequencies of pages."""
PAGE_PAIRS = 0.5
"""Of the pairs of a page, beside its words."""
PAGE_B = 0.5
"""Length normalisation of a page: a long one is about more."""
LARGEST_WEIGHT = 0.3
"""The largest weight a term has in one section of the page, beside its weight in the whole."""
GENERAL = 500.0
GENERAL_LENGTH = 300.0
"""Texts of general language, of so many words each, that are counted in when a term's document frequency is taken."""
GENERAL_RISE = 1.0
"""By so much at most they make a term rarer that all of a base is about: without a bound the one product of ten
articles swamps the symptom, at 0 asks lose 0.016."""
TROUBLE_FACTOR = 1.2
"""Of cases, FAQ and pages about trouble against reference pages, of equal evidence."""
TOPICS = 64
TOPIC_WEIGHT = 0.15
"""Of the best score: what nearness of topic adds to the best hundred passages, for words that mean the same and share
no character."""
TOPIC_FROM = 8
"""Terms of a query that has a topic; a few words have none."""
SENTENCE_WEIGHT = 0.4
"""Of the best score: what the passage gains that one sentence of the text is most about."""
PRODUCT_WEIGHT = 0.1
"""Of the best score: what an article gains that is about a product of the text, or of the case."""
MEANING_SHORT = 1.0
MEANING_LONG = 0.3
"""Of the best score: what the cosine of a passage's meaning and a short, or a long, text's adds."""
SUBJECT_WEIGHT = 2.0
"""Of words in the first line of several, or in a mail's subject: it says what the rest is about."""
QUERY_K1 = 1.0
"""Saturation of words repeated in the query: a log repeats its noise. 0.3 costs 0.04 on issues, 3 changes nothing."""
CODE_ZONES = {
    "title": 1.0,
    "heading": 0.9,
    "symptom": 0.8,
    "question": 0.8,
    "cause": 0.4,
    "diagnosis": 0.4,
    "text": 0.3,
    "answer": 0.3,
    "environment": 0.3,
    "fix": 0.3,
    "customer": 0.3,
    "verification": 0.2,
    "apart": 0.05,
}
"""How much a code at such a place of an article is the one that it is about. apart: mentioned to tell another fault."""
CODE_LIFT = 1.5
"""Of the best score by words: what a code adds that one article is about, so that it comes before all words."""
CODE_HOLDERS = 3
CODE_HALVINGS = 2.0
"""A code that up to 3 articles are about counts whole, and so much less for each doubling that 12 make it no code."""
CODE_WEIGHT = 1.5
"""An error code in the query counts for more than a word as rare."""
SYNONYM_WEIGHT = 0.7
"""A synonym of a query word counts for less than the word itself."""
TYPED_WEIGHT = 0.5
"""What was typed where another word is meant: it must still find what it finds, not decide."""

MEMORY_LIFT = 0.5
"""Of the best score: what remembered verdicts add to an article at most, so that one with twice the text evidence of
another stays before it whatever was clicked. With half of the paraphrases of English questions remembered the others
gain 0.007, and questions about something else lose 0.001; 1.0 gains 0.011, and these lose 0.002."""
MEMORY_LOWER = 0.3
"""Of its own score: what an article loses at most that did not help. 0 gains 0.001 less, 0.5 hardly more."""
MEMORY_LIFTED = 2
"""Articles that are lifted, so that the first by its text stays among the first three; 3 and 10 gain nothing."""
MEMORY_FLOOR = 0.3
"""Least similarity of a remembered paste. 0.15 costs issues 0.004, 0.4 a fifth of the gain."""
MEMORY_COVERED = 0.9
"""Of the share of the paste that the best article holds: as similar must a remembered paste be. 0 costs other FAQ
questions 0.007, 0.9 less than 0.001; 1.0 costs a fifth of the gain."""
MEMORY_PRIOR = 0.5
"""Verdicts that not knowing weighs as much as: one on a paste of the same words is 0.67 of full evidence, two are 0.8,
five 0.9. 1 costs a third of the gain; 0.25 gains half as much again, and other questions lose as much more."""
MEMORY_NEAREST = 20
"""Remembered pastes that vote; 5 and 50 give the same figures."""
MEMORY_SAME = 0.9
"""Similarity of a paste of the same fault: for those alone counts that an article was about another one."""
MEMORY_POPULATION = 100
"""Articles that a word of remembered pastes is counted among at least: with a few of them nothing is rare yet. 30 and
300 give the same figures; without this count 37 rather than 26 other questions fall."""

SHORT_QUERY = 40
"""Tokens. In a short question "how do I" and 怎么 say something; in a log they are noise: 0.014 on issues."""
STOP_WEIGHT_CHINESE = 0.6
STOP_WEIGHT_LATIN = 0.2
"""Of stop words in a short query. FAQ 0.552 -> 0.557 by the Chinese ones, English questions 0.803 -> 0.808."""

TALK_SHARE = 1.0
"""How much of a paste is talk, beside what is about the fault: see kb.text.talk."""

BUILD_TIME = (
    *("FIELDS", "SEGMENTS", "CODE_ZONES", "TOPICS", "TROUBLE_FACTOR", "GENERAL", "GENERAL_LENGTH"),
    "GENERAL_RISE",
    *("TEXT_WEIGHT", "BM25_K1", "BM25_B", "TITLE_WEIGHT", "TITLE_K1", "TITLE_B", "PAIR_WEIGHT", "PART_WEIGHT"),
    *("PAGE_WEIGHT", "PAGE_PAIRS", "PAGE_B", "LARGEST_WEIGHT"),
)
"""What an index is made with: when one of these changes, all is analysed anew. The others weigh at the query."""
