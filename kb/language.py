"""This module answers: in which language does Guzhi speak right now? Chinese first, English complete.

A text is written where it is used, in both languages at once, so that neither can be forgotten:

    say("没有找到 {path}", "{path} was not found", path=path)
"""

from collections.abc import Sequence
from contextvars import ContextVar

LANGUAGES = ("zh", "en")
_current: ContextVar[str] = ContextVar("language", default="zh")


def current() -> str:
    """The language in use: "zh" or "en"."""
    return _current.get()


def use(language: str) -> None:
    """Speak this language from here on, in this thread or request; anything but "en" means Chinese."""
    _current.set("en" if language.lower().startswith("en") else "zh")


def first_of(names: Sequence[str], most: int) -> str:
    """The first of some names, with a sign where there are more."""
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def say(zh: str, en: str, /, **values: object) -> str:
    """One of the two texts, with {values} filled in."""
    text = en if _current.get() == "en" else zh
    return text.format(**values) if values else text
