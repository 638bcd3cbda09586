"""This module shows a base by its folders, where articles say of themselves no area to look them up by."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import Flask

from kb.model import Page, folders
from kb.model.schema import FOLDER

Counts = Sequence[tuple[str, int]]
"""(folder, articles in it and below), of every folder."""


class Branch(NamedTuple):
    """One folder. path: below the articles folder; name: the last of it; articles: in it and below."""

    path: str
    name: str
    articles: int
    inside: tuple["Branch", ...]


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(folders_of=folders, folder_choices=choices)


def tree(counts: Counts) -> tuple[Branch, ...]:
    """The folders in each other, by name. One that holds everything and no choice is left out: docs/zh -> zh's own."""
    below: dict[str, list[str]] = {}
    articles = dict(counts)
    for path in sorted(articles):
        below.setdefault(path.rpartition("/")[0], []).append(path)

    def branch(path: str) -> Branch:
        return Branch(path, path.rpartition("/")[2], articles[path], tuple(map(branch, below.get(path, ()))))

    top = tuple(map(branch, below.get("", ())))
    while len(top) == 1 and sum(b.articles for b in top[0].inside) == top[0].articles:
        top = top[0].inside
    return top


def sort_articles(counts: Counts, areas: Counts, total: int) -> bool:
    """Whether folders are what articles are looked up by: there are some, and most articles say no area."""
    return bool(counts) and 2 * sum(n for _, n in areas) < total


def choices(page: Page, chosen: Sequence[str]) -> list[tuple[str, str, int, int]]:
    """The folders to narrow a search by: (path, name, depth, articles); below the chosen ones, those inside."""
    counts, areas = page.facets[FOLDER.name], page.facets["area"]
    if not chosen and not sort_articles(counts, areas, page.total):
        return []
    opened = {f for path in chosen for f in (path, *folders(path))}
    out: list[tuple[str, str, int, int]] = []

    def add(branches: Sequence[Branch], depth: int) -> None:
        for b in branches:
            out.append((b.path, b.name, depth, b.articles))
            if b.path in opened:
                add(b.inside, depth + 1)

    add(tree(counts), 0)
    return out
