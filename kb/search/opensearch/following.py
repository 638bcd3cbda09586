"""This module answers which build is in force in the cluster, without asking at every question."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kb.articles.atomic import save
from kb.errors import EngineError
from kb.search.opensearch.client import Client
from kb.search.opensearch.layout import BUILD
from kb.search.opensearch.snapshot import FOLDER

SECONDS = 1.0
"""After which a process looks again: a save is found everywhere within twice that."""


class _Own:
    """What this process published itself is found at once."""

    times = 0


def published() -> None:
    """Tell all who follow in this process that there is something new."""
    _Own.times += 1


class Follower:
    """What is in force; while nobody answers, what was: also in a process that begins then, for it stands in a file."""

    def __init__(self, client: Client, index: Path) -> None:
        self._client = client
        self._file = index / FOLDER / f"{client.alias}.json"
        self._told: Mapping[str, Any] | None = None
        self._looked = self._saw = -1.0

    def told(self) -> Mapping[str, Any] | None:
        """What a build says of itself, None before the first. Raises EngineError where nothing was ever heard."""
        now, saw = time.monotonic(), float(_Own.times)
        if self._told is not None and now - self._looked < SECONDS and self._saw == saw:
            return self._told
        try:
            found = self._client.get(BUILD)
        except EngineError:
            self._told = self._told or self._remembered()
            if self._told is None:
                raise
        else:
            if found is not None and found["told"] != self._told:
                self._remember(found["told"])
            self._told = found["told"] if found else None
        self._looked, self._saw = now, saw
        return self._told

    def _remember(self, told: Mapping[str, Any]) -> None:
        self._file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        save(self._file, json.dumps(told, ensure_ascii=False))

    def _remembered(self) -> Mapping[str, Any] | None:
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None
