"""This module answers what is new of the articles, and whom it concerns: what waits for review, is due for one, did not
help, and where a team was mentioned.

It is computed from what is there, whenever it is asked: under its key each piece is told once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store
from kb.labels import label
from kb.language import say
from kb.model import OTHER_FAULT, Article
from kb.notices.news import Concerned, News
from kb.people.accounts import Person
from kb.people.teams import Staff
from kb.privacy import masked

LATELY = timedelta(days=2)
"""What people said before that was told, or is not news any more."""
MAX_SAID = 500
"""Characters of what somebody said."""

Find = Callable[[str], Article | None]
"""An article by its number."""


def of_review(waiting: Iterable[Article], due: Iterable[Article], staff: Staff) -> Iterator[Concerned]:
    """What waits for review, and what is due for another one."""
    for article in waiting:
        subject = say("送审：{title}", "For review: {title}", title=article.title)
        text = say("{owner} 的文章等待审核：{id}", "an article of {owner} waits for review: {id}",
                   owner=article.owner or "–", id=article.id)  # fmt: skip
        yield _news(
            f"review_wanted:{article.id}:{article.updated or ''}", "review_wanted", subject, text, article, staff
        )
    for article in due:
        subject = say("该复核了：{title}", "Due for review: {title}", title=article.title)
        text = say("{id} 应在 {day} 前复核：内容还对，就在“待办”里点一下",
                   "{id} was to be read again by {day}: if it still holds, one click on the page of reviews says so",
                   id=article.id, day=article.review_after or date.today())  # fmt: skip
        yield _news(f"review_due:{article.id}:{article.review_after}", "review_due", subject, text, article, staff)


def of_verdicts(store: Store, find: Find, staff: Staff, now: datetime) -> Iterator[Concerned]:
    """Articles that did not help. That it was another fault says nothing of an article."""
    bad = (tables.Verdict.verdict == "unhelpful") & (tables.Verdict.reason != OTHER_FAULT)
    lately = select(tables.Verdict).where(bad & (tables.Verdict.at > now - LATELY)).order_by(tables.Verdict.id)
    with store.reading() as session:
        rows = list(session.scalars(lately))
    for row in rows:
        article = find(row.article)
        if article is None:
            continue
        subject = say("没用：{title}", "Did not help: {title}", title=article.title)
        said = [label("reason", row.reason) if row.reason else "", masked(row.comment)[:MAX_SAID]]
        text = "\n".join([article.id, *filter(None, said)])
        yield _news(f"unhelpful:{row.id}:{row.at:%Y-%m-%d}", "unhelpful", subject, text, article, staff)


def of_mentions(store: Store, everybody: Sequence[Person], now: datetime) -> Iterator[Concerned]:
    """Where a team was mentioned (@team) in what was said of an article, or of a version of one."""
    lately = now - LATELY
    comments = select(tables.Verdict.id, tables.Verdict.article, tables.Verdict.comment).where(
        tables.Verdict.at > lately, tables.Verdict.comment.contains("@")
    )
    notes = select(tables.Revision.id, tables.Revision.path, tables.Revision.note).where(
        tables.Revision.at > lately, tables.Revision.note.contains("@")
    )
    with store.reading() as session:
        said = [("comment", *row) for row in session.execute(comments)] + [
            ("note", *row) for row in session.execute(notes)
        ]
    for where, row, article, text in said:
        yield from mentions(f"{where}:{row}", article, text, everybody, {"article": article})


def mentions(key: str, of: str, text: str, everybody: Sequence[Person], facts: dict[str, str]) -> Iterator[Concerned]:
    """A piece of news for each team that a text mentions. of: what the text belongs to."""
    for team in sorted({t for p in everybody for t in p.teams}):
        if re.search(rf"@{re.escape(team)}(?![A-Za-z0-9_])", text):
            subject = say("提到 {team}：{of}", "{team} was mentioned: {of}", team=team, of=of)
            news = News(f"mention:{key}:{team}", "mention", subject, masked(text)[:MAX_SAID], {**facts, "team": team})
            yield Concerned(news, [p for p in everybody if team in p.teams])


def _news(key: str, kind: str, subject: str, text: str, article: Article, staff: Staff) -> Concerned:
    return Concerned(News(key, kind, subject, text, {"article": article.id}), staff.concerned(article))
