"""This module tells where the time of an answer goes: the processor's share of each named step, from inside.

The functions of STEPS are wrapped while somebody measures. A step's time is its own: without that of the steps it
calls. What is called by none of them is "the rest".
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from time import thread_time
from typing import Any

REST = "the rest"

STEPS: dict[str, tuple[str, ...]] = {
    "spelling": ("kb.search.spelling:check", "kb.search.spelling:better_query"),
    "reading the query": ("kb.search.query_terms:read", "kb.search.query:parse"),
    "cutting texts": ("kb.text.tokens:Tokenizer.read",),
    "looking terms up": ("kb.search.postings:Columns.find",),
    "adding columns": ("kb.search.ranking:Weights.scores",),
    "what lifts": ("kb.search.scoring:scores",),
    "cells of passages": ("kb.search.postings:Matrix.cells",),
    "choosing the best": ("kb.search.ranking:top", "kb.search.index:Index.best"),
    "masks": ("kb.search.searcher:Matcher.found",),
    "facets": ("kb.search.searcher:_facets",),
    "how sure": ("kb.search.confidence:confidence",),
    "snippets": ("kb.search.snippets:Highlighter.snippet", "kb.search.snippets:Highlighter.mark"),
    "reasons": ("kb.search.explain:matches",),
    "questions": ("kb.search.clarify:questions",),
    "lines, codes, votes": ("kb.search.suggest:_told",),
    "log": ("kb.web.verdicts:noted",),
    "template": ("kb.web.views:page",),
}
"""Name -> functions, each module:qualified name."""


class Clock:
    """The processor's seconds of each step so far, in this thread."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys((*STEPS, REST), 0.0)
        self._inside = [REST]
        self._since = thread_time()

    def _turn(self) -> None:
        now = thread_time()
        self.seconds[self._inside[-1]] += now - self._since
        self._since = now

    def start(self) -> None:
        """What passed since the last step is nobody's."""
        self._since = thread_time()

    def stop(self) -> None:
        """What passed is the step's in hand."""
        self._turn()

    def wrapped(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose time is a step's."""

        @wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:
            self._turn()
            self._inside.append(step)
            try:
                return function(*arguments, **named)
            finally:
                self._turn()
                self._inside.pop()

        return measured


@contextmanager
def clocked() -> Iterator[Clock]:
    """Wrap every function of STEPS, wherever it was imported to, and unwrap them all afterwards."""
    clock = Clock()
    changed: list[tuple[Any, str, Any]] = []
    try:
        for step, places in STEPS.items():
            for place in places:
                owner, name, function = _found(place)
                wrapped = clock.wrapped(step, function)
                holders = [owner] if isinstance(owner, type) else [m for n, m in sys.modules.items() if n[:3] == "kb."]
                for holder in holders:
                    if vars(holder).get(name) is function:
                        changed.append((holder, name, function))
                        setattr(holder, name, wrapped)
        yield clock
    finally:
        for holder, name, function in reversed(changed):
            setattr(holder, name, function)


def _found(place: str) -> tuple[Any, str, Callable[..., Any]]:
    """(module or class, name, function) of a place. Raises AttributeError when it is gone: STEPS is to be mended."""
    module, _, path = place.partition(":")
    *outer, name = path.split(".")
    owner: Any = import_module(module)
    for part in outer:
        owner = getattr(owner, part)
    return owner, name, getattr(owner, name)
