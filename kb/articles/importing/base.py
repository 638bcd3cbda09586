"""This module knows what the base holds already, so that an import doubles and replaces nothing."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from kb.articles.files import find, load
from kb.articles.importing import columns
from kb.articles.importing.model import Draft, Item
from kb.articles.numbering import numbers
from kb.errors import ArticleError
from kb.language import say
from kb.model import Article


@dataclass
class Base:
    """The articles that are there, and those planned so far."""

    root: Path
    numbers: set[str]
    highest: int
    bodies: dict[bytes, str] = field(default_factory=dict)
    tickets: dict[str, str] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, max_kb: int) -> "Base":
        """Every article below root; a folder that is not there yet holds none."""
        used = numbers(root) if root.is_dir() else set()
        base = cls(root, used, max((_count(n) for n in used), default=0))
        for path in find(root) if root.is_dir() else ():
            with suppress(ArticleError):  # kb check and kb build tell of those
                base._remember(load(path, root, max_kb)[0])
        return base

    def reserve(self, brought: Iterable[str]) -> None:
        """New numbers come after these, too."""
        self.highest = max([self.highest, *map(_count, brought)])

    def _remember(self, article: Article) -> None:
        self.bodies.setdefault(_digest(article.body), article.id)
        if ticket := article.extra.get(columns.TICKET):
            self.tickets.setdefault(str(ticket), article.id)

    def known(self, draft: Draft) -> str:
        """A sentence when the base has this already, or ""."""
        same = self.bodies.get(_digest(draft.body)) if draft.body.strip() else None
        if draft.ticket:
            number = self.tickets.get(draft.ticket)
            if number is None:
                return ""  # two tickets may say the same
            return say(
                "工单 {ticket} 已是 {number}{changed}",
                "ticket {ticket} is {number} already{changed}",
                ticket=draft.ticket,
                number=number,
                changed="" if same == number else say("（内容有不同，没有改动它）", " (it differs and stays as it is)"),
            )
        if same:
            return say("和 {number} 的内容相同", "its text is that of {number}", number=same)
        return ""

    def number(self, draft: Draft) -> tuple[str, list[str]]:
        """A free number, and what to say when it isn't the one the draft brought."""
        if draft.number and draft.number not in self.numbers:
            return draft.number, []
        number = f"KB-{self.highest + 1:06d}"
        if not draft.number:
            return number, []
        return number, [
            say(
                "编号 {old} 已被占用，改为 {new}；提到 {old} 的地方请核对",
                "number {old} is in use, it becomes {new}; check where {old} is mentioned",
                old=draft.number,
                new=number,
            )
        ]

    def place(self, item: Item) -> None:
        """Raises ValueError with a sentence when a file would replace another."""
        for path, content in ((item.path, None), *item.images):
            there = self.root / path
            try:
                exists = there.exists() or there.is_symlink()
                other = content is not None and self.images.get(path, content) != content
                same = exists and content is not None and there.read_bytes() == content
            except (OSError, ValueError) as error:
                raise ValueError(say("{path} 不能用：{why}", "{path} can't be used: {why}", path=path, why=error))
            if other or (exists and not same):
                raise ValueError(
                    say(
                        "{path} 已经存在，内容不同，不会覆盖；若是另一篇，请改名后再导入",
                        "{path} exists, differs and is never replaced; if this is another article, rename it first",
                        path=path,
                    )
                )

    def add(self, draft: Draft, number: str) -> None:
        """Count a draft as there."""
        self.numbers.add(number)
        self.highest = max(self.highest, _count(number))
        if draft.body.strip():
            self.bodies.setdefault(_digest(draft.body), number)
        if draft.ticket:
            self.tickets.setdefault(draft.ticket, number)
        self.images.update((p.path, p.content) for p in draft.images)

    def without_repeated_images(self, items: list[Item]) -> Iterator[Item]:
        """Each image is written once, with the first article that shows it; one that is there already, never."""
        written: set[str] = set()
        for item in items:
            new = tuple(p for p in item.images if p.path not in written and not (self.root / p.path).exists())
            written.update(p.path for p in new)
            yield replace(item, images=new)


def _count(number: str) -> int:
    return int(number.removeprefix("KB-"))


def _digest(body: str) -> bytes:
    return sha256(body.strip().encode("utf8", "replace")).digest()
