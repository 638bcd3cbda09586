"""This module says what a reader sees of a base: articles of some states, for some circles of readers."""

from dataclasses import dataclass

from kb.model import Article

PUBLIC, INTERNAL = "public", "internal"
TEAM = "team:"
"""Begins the audience, or the owner, that is a team: team:NAME."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees. statuses, audiences: values of these keys that an article must have, None for any."""

    statuses: frozenset[str] | None = None
    audiences: frozenset[str] | None = None

    def sees(self, article: Article) -> bool:
        """Whether this article is one of them. An audience that nobody knows is nobody's."""
        return (self.statuses is None or article.status in self.statuses) and (
            self.audiences is None or article.audience in self.audiences
        )


EVERYTHING = Sight()


def team_of(value: str) -> str:
    """The team of an audience or an owner, "" for what is none."""
    return value.removeprefix(TEAM) if value.startswith(TEAM) else ""
