"""This module answers what an article says while the cluster does not: articles are files, and can be read as such."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from kb.articles.files import is_article, load
from kb.bundle import Bundle
from kb.errors import ArticleError, EngineError, NotFoundError
from kb.language import say
from kb.model import Article
from kb.model.sight import Sight
from kb.settings import Settings


class Files:
    """The articles of the folder. bundles: what is known of a build, which numbers the articles had."""

    def __init__(self, settings: Settings, bundles: Sequence[Bundle]) -> None:
        self._settings, self._bundles = settings, bundles

    @cached_property
    def _paths(self) -> dict[str, str]:
        """number -> path."""
        names = [bundle.json("articles.names.json") for bundle in self._bundles]
        return {id_: path for name in names for path, id_ in zip(name["paths"], name["ids"], strict=True)}

    def article(self, name: str, sight: Sight) -> Article:
        """An article with its body, by its number or path. Raises NotFoundError."""
        root = self._settings.articles
        for path in filter(None, (self._paths.get(name), name, self._paths.get(name.upper()))):
            try:
                if is_article(root / path, root):
                    found, _ = load(root / path, root, self._settings.max_file_kb)
                    if sight.sees(found):
                        return found
            except (ArticleError, OSError):
                continue
        raise NotFoundError(say("没有文章 {name}", "there is no article {name}", name=name))

    def without_body(self, name: str, sight: Sight) -> Article:
        """The same as an engine gives it."""
        return replace(self.article(name, sight), body="")


class Unreachable:
    """The engine of who sees a part, while nobody can tell which part that is: what is read is read from files."""

    def __init__(self, files: Files, sight: Sight, error: EngineError) -> None:
        self._files, self._sight, self._error = files, sight, error

    def article(self, name: str) -> Article:
        return self._files.without_body(name, self._sight)

    def body(self, article: Article) -> str:
        return self._files.article(article.path, self._sight).body

    def seen_by(self, sight: Sight) -> "Unreachable":
        return Unreachable(self._files, sight, self._error)

    def __getattr__(self, name: str) -> Any:
        """Anything else is what it can't do. Raises EngineError."""
        raise self._error
