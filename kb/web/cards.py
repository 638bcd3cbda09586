"""This module prepares what a paste is answered with: each suggestion with its fix, replies and verdicts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from flask import url_for
from markupsafe import Markup

from kb.articles import markdown
from kb.articles.plain import plain
from kb.desk.reply import FORMS, reply
from kb.model import Article, Suggestion, Suggestions
from kb.privacy import without_placeholders
from kb.search.engine import Engine
from kb.text.taiwan import is_traditional
from kb.web.verdicts import Standing
from kb.web.views import resolver, settings_in_force

_HAN = re.compile(r"[\u3400-\u9fff]")


class Card(NamedTuple):
    """One suggestion. fix: as HTML, for engineers, and plain: the same to paste into a ticket; reasons: the words that
    tell most; chat, mail: replies to the customer; standing: None when no verdicts are kept."""

    suggestion: Suggestion
    fix: Markup
    plain: str
    reasons: tuple[str, ...]
    chat: str
    mail: str
    standing: Standing | None


def cards(engine: Engine, text: str, found: Suggestions, verdicts: Mapping[str, Standing]) -> list[Card]:
    """The suggestions for a text, best first. verdicts: by the articles' numbers, see kb.web.verdicts."""
    language, traditional = language_of(text), is_traditional(text)
    out = []
    for s in found.suggestions:
        article = replace(s.article, body=engine.body(s.article))
        html = Markup(markdown.render(s.fix, resolver(engine, s.article)))  # noqa: S704 - our renderer's own output
        link = public_link(s.article)
        told = _Told(article.id, article.title, article.product, article.body, article)
        chat, mail = _replies(told, s.fix, link, language, traditional)
        out.append(Card(s, html, plain(s.fix), _reasons(s), chat, mail, verdicts.get(s.article.id)))
    return out


@dataclass(frozen=True, slots=True)
class _Told:
    """An article as far as a reply tells of it."""

    id: str
    title: str
    product: tuple[str, ...]
    body: str
    article: Article = field(compare=False)


@lru_cache(maxsize=256)
def _replies(told: _Told, fix: str, link: str, language: str, traditional: bool) -> tuple[str, ...]:
    """The reply in each of FORMS. The page of a case shows the same ones time and again."""
    return tuple(reply(told.article, fix, link, form, language, traditional) for form in FORMS)


def public_link(article: Article) -> str:
    """The address of an article for customers, "" where they reach none. Percent-encoded titles are hard to read."""
    site = settings_in_force().public_url
    return site and site + url_for("article", name=article.id)


MAX_REASONS = 4


def _reasons(suggestion: Suggestion) -> tuple[str, ...]:
    """The words that tell most, as a line below a title."""
    told = sorted((m for m in suggestion.matches if m.kind not in _UNMARKED), key=lambda m: -m.score)
    return tuple(dict.fromkeys(m.word for m in told))[:MAX_REASONS]


def language_of(text: str) -> str:
    """The customer's language: zh or en. A Chinese sentence above an English log is enough."""
    return "zh" if len(_HAN.findall(without_placeholders(text))) > 1 else "en"


def matched_words(found: Suggestions) -> str:
    """The words to mark in an article that is opened from a card."""
    words = (m.word for s in found.suggestions[:1] for m in s.matches if m.term and m.kind not in _UNMARKED)
    return " ".join(list(dict.fromkeys(words))[:8])


_UNMARKED = ("pair", "page")
"""Two words, or words of another section. What is no term of the article has nothing to mark either."""
