"""This module answers: which teams are there, what do they look after, and whom does an article concern?

A team has areas and products, and members: the people whose account names it.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import select

from kb.database import tables
from kb.database.connection import Store
from kb.errors import InputError, NotFoundError, StoreError
from kb.labels import value_of
from kb.language import say
from kb.model import Article
from kb.model.schema import AUDIENCES
from kb.model.sight import TEAM, team_of
from kb.people import journal
from kb.people.accounts import People, Person
from kb.people.roles import may
from kb.settings import Settings

MAX_NAME = 60


def teams_of(settings: Settings) -> frozenset[str] | None:
    """The teams of a base, for who checks its articles; None without a database."""
    store = Store(settings.database)
    try:
        return Teams(store).names() if store.exists() else None
    except StoreError:
        return None
    finally:
        store.close()


class Team(NamedTuple):
    """A team. areas, products: what it looks after, as articles write them; members: logins."""

    name: str
    areas: tuple[str, ...]
    products: tuple[str, ...]
    members: tuple[str, ...]


class Teams:
    """The teams of one database. Every method raises StoreError when it can't be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> Sequence[Team]:
        """Every team, by name; also one that only accounts name, which looks after nothing."""
        members: dict[str, list[str]] = {}
        for person in People(self._store).all():
            for name in person.teams:
                members.setdefault(name, []).append(person.login)
        with self._store.reading() as session:
            rows = {row.name: row for row in session.scalars(select(tables.Team))}
        found = []
        for name in sorted({*members, *rows}):
            row = rows.get(name)
            areas, products = (tuple(row.areas), tuple(row.products)) if row else ((), ())
            found.append(Team(name, areas, products, tuple(members.get(name, ()))))
        return found

    def names(self) -> frozenset[str]:
        return frozenset(team.name for team in self.all())

    def set(self, name: str, areas: Collection[str] = (), products: Collection[str] = (), by: str = "") -> None:
        """Add a team, or say anew what it looks after. Raises InputError."""
        name = checked_name(name)
        with self._store.session() as session:
            row = session.get(tables.Team, name)
            if row is None:
                row = tables.Team(name=name)
                session.add(row)
            row.areas, row.products = sorted(set(areas)), sorted(set(products))
            journal.write(session, "team_set", by, name)

    def remove(self, name: str, by: str = "") -> None:
        """A team is no more, for its members neither. Articles that name it are seen by leads alone, until somebody
        changes them. Raises NotFoundError.
        """
        if name not in self.names():
            raise NotFoundError(say("没有团队 {name}", "there is no team {name}", name=name))
        with self._store.session() as session:
            if (row := session.get(tables.Team, name)) is not None:
                session.delete(row)
            for person in session.scalars(select(tables.Person)):
                person.teams = [team for team in person.teams if team != name]
            journal.write(session, "team_removed", by, name)


def checked_name(name: str) -> str:
    """The name of a team, as articles write it behind team:. Raises InputError."""
    name = name.strip().removeprefix(TEAM)
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or any(c in name for c in ",，:\"'"):
        raise InputError(
            say(
                "团队的名字应为 1 到 {n} 个字符，没有逗号、冒号与引号，例如 网络组",
                "the name of a team takes 1 to {n} characters, no comma, colon or quotation mark, such as network",
                n=MAX_NAME,
            )
        )
    return name


def checked_audience(settings: Settings, value: str) -> str:
    """An audience as articles write it, "" for none. Raises InputError for what is none, and for an unknown team."""
    teams = teams_of(settings) or frozenset()
    known = (*AUDIENCES, *(TEAM + name for name in sorted(teams)))
    found = value_of("audience", value) if value else ""
    if found and found not in known:
        raise InputError(
            say(
                "读者 '{value}' 不认识（可用：{known}）",
                "unknown audience '{value}' ({known})",
                value=value,
                known=", ".join(known),
            )
        )
    return found


class Staff(NamedTuple):
    """Who works here: everybody with an account, and the teams."""

    people: Sequence[Person]
    teams: Sequence[Team]

    def concerned(self, article: Article) -> list[Person]:
        """Whom to tell that an article waits for review, asks for another look, or did not help.

        Its owner, by name or login; else the members of the team that owns it; else those of the teams that look after
        its area or one of its products; else the leads. Only people who may write.
        """
        able = [p for p in self.people if p.active and may(p.role, "write")]
        owner = article.owner.strip()
        if owner and not team_of(owner):
            mine = [p for p in able if owner.casefold() in (p.login, p.name.casefold())]
            if mine:
                return mine
        teams = [team_of(owner)] if team_of(owner) else [t.name for t in self.teams if _looks_after(t, article)]
        members = [p for p in able if set(teams) & set(p.teams)]
        return members or [p for p in able if may(p.role, "insights")]


def _looks_after(team: Team, article: Article) -> bool:
    return article.area in team.areas or bool(set(article.product) & set(team.products))
