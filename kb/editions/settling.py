"""This module answers: what follows a save? The article is found at once, and git has it when it is asked to."""

import time
from collections.abc import Sequence

from kb.editions.commits import commit
from kb.errors import BundleError, BusyError, KbError
from kb.indexer.build import build, update
from kb.language import say
from kb.settings import Settings

TRIES = 6
WAIT_SECONDS = 0.5
"""Between two tries while another build runs."""


def settle(settings: Settings, paths: Sequence[str], editor: str, note: str) -> list[str]:
    """Commit and index files that were saved, renamed or created. What went wrong, as sentences: the save stands."""
    told = [commit(settings.articles, paths, editor, note)] if settings.git_commit else []
    return [sentence for sentence in (*told, _index(settings, paths)) if sentence]


def _index(settings: Settings, paths: Sequence[str]) -> str:
    for attempt in range(TRIES):
        try:
            _update(settings, paths)
        except BusyError:
            if attempt + 1 < TRIES:
                time.sleep(WAIT_SECONDS)
        except KbError as error:
            return say("已保存，但索引没有更新：{why}", "saved, but the index is not up to date: {why}", why=error)
        else:
            return ""
    return say(
        "已保存；索引正在重建，稍后就能搜到", "saved; the index is being built, it will be found in a short while"
    )


def _update(settings: Settings, paths: Sequence[str]) -> None:
    try:
        update(settings, paths)
    except BusyError:
        raise
    except BundleError:  # none yet, or one that can't be brought up to date
        build(settings)
