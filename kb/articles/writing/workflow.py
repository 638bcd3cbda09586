"""This module answers: from which state may an article go to which, by whom, and what stands in its way?"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kb.articles.check import Problem, check_text, private
from kb.articles.files import parse
from kb.articles.writing.save import number_changed
from kb.errors import ArticleError, InputError
from kb.labels import label
from kb.language import say
from kb.settings import Settings

ANYONE, REVIEWER = "anyone", "reviewer"

TRANSITIONS: dict[tuple[str, str], str] = {
    ("draft", "draft"): ANYONE,
    ("draft", "review"): ANYONE,
    ("draft", "published"): REVIEWER,
    ("draft", "archived"): REVIEWER,
    ("review", "review"): ANYONE,
    ("review", "published"): REVIEWER,
    ("review", "draft"): ANYONE,
    ("review", "archived"): REVIEWER,
    ("published", "published"): REVIEWER,
    ("published", "review"): ANYONE,
    ("published", "archived"): REVIEWER,
    ("archived", "archived"): REVIEWER,
    ("archived", "published"): REVIEWER,
    ("archived", "draft"): REVIEWER,
}
"""(state, state after saving) -> who may. What is not here can't be done. Who may not change a published article
can still hand in a change: it is saved for review."""

MAX_PROBLEMS = 5
"""Problems that the sentence about a text tells."""


class HinderedError(InputError):
    """A text that can't be saved as it is. problems: what to mend, each with its line."""

    def __init__(self, problems: list[Problem]) -> None:
        reasons = "\n".join(map(str, problems[:MAX_PROBLEMS]))
        super().__init__(say("没有保存：\n{why}", "not saved:\n{why}", why=reasons))
        self.problems = problems


def require_allowed(settings: Settings, path: str, before: str, after: str, editor: str, content: bool = True) -> None:
    """Raises InputError, HinderedError among them, unless an editor may save this text in place of the one before.

    before: "" for a new article, which gets its number when it is saved. content: False for a change of the front
    matter alone that everybody may make while the state stays.
    """
    was, becomes = status_of(before) if before else "draft", status_of(after)
    if (content or was != becomes) and not may(was, becomes, editor, settings.reviewers):
        raise InputError(refusal(was, becomes, settings.reviewers))
    if number_changed(before, after):
        raise InputError(say("编号不能改，也不能去掉", "the number can't be changed or taken away"))
    problems = hindrances(settings.articles, path, before, after, settings.areas)
    if not before:
        problems = [p for p in problems if p.line != 1 or "id" not in p.message.split()]
    if problems:
        raise HinderedError(problems)


def status_of(text: str) -> str:
    """The state a file's text puts it into; one that can't be read is no better than a draft."""
    try:
        return parse(text, "x.md").status
    except ArticleError:
        return "draft"


def may(before: str, after: str, editor: str, reviewers: Sequence[str]) -> bool:
    """Whether an editor may save an article from one state into another. Without reviewers everybody is one."""
    who = TRANSITIONS.get((before, after))
    return who == ANYONE or (who == REVIEWER and (not reviewers or editor in reviewers))


def next_states(before: str, editor: str, reviewers: Sequence[str]) -> list[str]:
    """The other states an editor may bring an article into, in the order of the table."""
    return [b for a, b in TRANSITIONS if a == before != b and may(a, b, editor, reviewers)]


def refusal(before: str, after: str, reviewers: Sequence[str]) -> str:
    """The sentence for who may not."""
    if (before, after) not in TRANSITIONS:
        return say(
            "“{before}”不能直接变成“{after}”",
            "an article can't go from {before} to {after}",
            before=label("status", before),
            after=label("status", after),
        )
    return say(
        "“{after}”要由审核人来做：{names}（设置 reviewers）；您可以保存为待审",
        "only a reviewer may do that ({after}): {names} (setting reviewers); you can save it for review",
        after=label("status", after),
        names="、".join(reviewers),
    )


def hindrances(root: Path, path: str, before: str, after: str, areas: Iterable[str]) -> list[Problem]:
    """What keeps a text from being saved: customer data that it brings in, and in a published article any new error.

    before: the file's text, "" for a new one. Errors a published article had already don't keep it from being mended.
    """
    found = list(private(path, after, before))
    try:
        published = parse(after, path).status == "published"
    except ArticleError as error:
        return [*found, Problem(path, error.line, "error", error.message)]
    if published:
        known = {p.message for p in check_text(root, path, before, areas)} if _published(before) else set()
        errors = (p for p in check_text(root, path, after, areas) if p.level == "error")
        found += [p for p in errors if p.message not in known and p not in found]
    return sorted(found)


def _published(text: str) -> bool:
    """Whether a file's text is a published article; one without text, or that can't be read, is none."""
    return bool(text) and status_of(text) == "published"
