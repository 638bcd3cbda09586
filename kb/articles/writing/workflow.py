"""This module answers: from which state may an article go to which, by whom, and what stands in its way?"""

from collections.abc import Iterable
from pathlib import Path

from kb.articles.check import Problem, check_file, private, unparsed
from kb.articles.files import ArticleFile
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.people.roles import role_name
from kb.settings import Settings

ANYONE, PUBLISHER = "anyone", "publisher"

TRANSITIONS: dict[tuple[str, str], str] = {
    ("draft", "draft"): ANYONE,
    ("draft", "review"): ANYONE,
    ("draft", "published"): PUBLISHER,
    ("draft", "archived"): PUBLISHER,
    ("review", "review"): ANYONE,
    ("review", "published"): PUBLISHER,
    ("review", "draft"): ANYONE,
    ("review", "archived"): PUBLISHER,
    ("published", "published"): PUBLISHER,
    ("published", "review"): ANYONE,
    ("published", "archived"): PUBLISHER,
    ("archived", "archived"): PUBLISHER,
    ("archived", "published"): PUBLISHER,
    ("archived", "draft"): PUBLISHER,
}
"""(state, state after saving) -> who may; a publisher has the role of the setting publish_role, or one above. What
is not here can't be done. Who may not change a published article can still hand in a change: it is saved for review."""

MAX_PROBLEMS = 5
"""Problems that the sentence about a text tells."""


class HinderedError(InputError):
    """A text that can't be saved as it is. problems: what to mend, each with its line."""

    def __init__(self, problems: list[Problem]) -> None:
        reasons = "\n".join(map(str, problems[:MAX_PROBLEMS]))
        super().__init__(say("没有保存：\n{why}", "not saved:\n{why}", why=reasons))
        self.problems = problems


def require_allowed(
    settings: Settings,
    before: ArticleFile | None,
    after: ArticleFile,
    publishes: bool,
    content: bool = True,
) -> None:
    """Raises InputError, HinderedError among them, unless an editor may save this text in place of the one before.

    before: None for a new article, which gets its number when it is saved. publishes: whether the editor may publish.
    content: False for a change of the front matter alone that everybody may make while the state stays.
    """
    was, becomes = before.status if before else "draft", after.status
    if (content or was != becomes) and not may(was, becomes, publishes):
        raise InputError(refusal(was, becomes, settings.publish_role))
    if before and number_changed(before, after):
        raise InputError(say("编号不能改，也不能去掉", "the number can't be changed or taken away"))
    problems = hindrances(settings.articles, before, after, settings.areas)
    if not before or not before.text:
        problems = [p for p in problems if not lacks_number(p)]
    if problems:
        raise HinderedError(problems)


def lacks_number(problem: Problem) -> bool:
    """Whether that an article has no number is the problem: a new one gets it when it is saved."""
    return (problem.code, problem.key) == ("missing_key", "id")


def number_changed(before: ArticleFile, after: ArticleFile) -> bool:
    """Whether an edit takes an article's number away; numbers are never reused, and links hold on to them."""
    if before.error or after.error:  # what can't be read has none
        return False
    return before.article.id.startswith("KB-") and after.article.id != before.article.id


def may(before: str, after: str, publishes: bool) -> bool:
    """Whether an editor may save an article from one state into another. publishes: whether they may publish."""
    who = TRANSITIONS.get((before, after))
    return who == ANYONE or (who == PUBLISHER and publishes)


def next_states(before: str, publishes: bool) -> list[str]:
    """The other states an editor may bring an article into, in the order of the table."""
    return [b for a, b in TRANSITIONS if a == before != b and may(a, b, publishes)]


def refusal(before: str, after: str, least: str) -> str:
    """The sentence for who may not. least: the role from which on one publishes."""
    if (before, after) not in TRANSITIONS:
        return say(
            "“{before}”不能直接变成“{after}”",
            "an article can't go from {before} to {after}",
            before=label("status", before),
            after=label("status", after),
        )
    return say(
        "要{least}及以上才能这样做（{after}，设置 publish_role）；您可以保存为待审",
        "it takes {least} or above to do that ({after}, setting publish_role); you can save it for review",
        after=label("status", after),
        least=role_name(least),
    )


def hindrances(root: Path, before: ArticleFile | None, after: ArticleFile, areas: Iterable[str]) -> list[Problem]:
    """What keeps a text from being saved: customer data that it brings in, and in a published article any new error.

    before: None for a new one. Errors a published article had already don't keep it from being mended.
    """
    found = list(private(after.path, after.text, before.text if before else ""))
    if after.error is not None:
        return [*found, unparsed(after.error, after.path)]
    if after.status == "published":
        mended = before is not None and before.status == "published"
        known = {p.message for p in check_file(root, before, areas)} if before and mended else set()
        errors = (p for p in check_file(root, after, areas) if p.level == "error")
        found += [p for p in errors if p.message not in known and p not in found]
    return sorted(found)
