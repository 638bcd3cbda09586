"""This module is what stands beside a case: fixes found by all that it says so far, questions, and cases like it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kb.desk.paste import Paste, answer_paste, is_brief
from kb.model import Article, Suggestions
from kb.service.cases import Case, Like
from kb.service.files import Kept
from kb.service.wording import Told, told
from kb.web.cards import Card, cards
from kb.web.cases.shared import cases
from kb.web.views import remembered
from kb.web.writers import engine_or_none

FIXES = 5


class Beside(NamedTuple):
    """Fixes and cases for a text. found: None without an index. open, unwritten: cases like it that are not closed,
    and closed ones that became no article. looked_at: articles that did not help."""

    found: Suggestions | None
    cards: Sequence[Card]
    looked_at: Sequence[Article]
    open: Sequence[Like]
    unwritten: Sequence[Like]

    def plain(self, article: str, form: str = "plain") -> str:
        """The fix of one of the articles as text, "" when it is none of them. form: plain or chat."""
        return next((str(getattr(c, form)) for c in self.cards if c.suggestion.article.id == article), "")


def beside(case: Case, files: Mapping[str, Kept]) -> Beside:
    """What stands beside a case, by its report, diagnosis and logs, and the answers to questions."""
    return of_text(told(case.log, {digest: kept.text for digest, kept in files.items()}), case.now.number)


def of_text(asked: Told, number: str = "") -> Beside:
    """What stands beside a text. number: of the case that it is, "" for none yet."""
    engine = engine_or_none()
    alike = cases().like(asked.text, number)
    if engine is None or not asked.text.strip():
        return Beside(None, (), (), alike.open, alike.unwritten)
    paste = Paste(asked.text, answers=asked.answers, count=FIXES + len(asked.looked_at))
    found = answer_paste(engine, paste, remembered())
    if is_brief(asked.text, found.identifiers) and not asked.answers:
        return Beside(found, (), (), alike.open, alike.unwritten)
    shown = [c for c in cards(engine, asked.text, found, {}) if c.suggestion.article.id not in asked.looked_at]
    looked = [s.article for s in (*found.suggestions, *found.related) if s.article.id in asked.looked_at]
    return Beside(found, shown[:FIXES], looked, alike.open, alike.unwritten)
