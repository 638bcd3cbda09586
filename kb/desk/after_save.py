"""This module answers: what follows a save? The article is found at once, and git has it when it is asked to."""

import time
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from kb.articles.check import normal_path
from kb.articles.files import load
from kb.articles.markdown import links
from kb.articles.writing.git import commit
from kb.errors import BundleError, BusyError, KbError
from kb.language import say
from kb.settings import Settings

TRIES = 6
WAIT_SECONDS = 0.5
"""Between two tries while another build runs."""


def settle(settings: Settings, paths: Sequence[str], editor: str, note: str) -> list[str]:
    """Commit and index files that were saved, renamed or created. What went wrong, as sentences: the save stands."""
    told = []
    if settings.git_commit:
        told = [commit(settings.articles, [*paths, *_pictures(settings, paths)], editor, note)]
    return [sentence for sentence in (*told, _index(settings, paths)) if sentence]


def _pictures(settings: Settings, paths: Sequence[str]) -> list[str]:
    """The pictures that articles show, as they lie below the folder: without them a commit is half an article."""
    found: set[str] = set()
    for path in paths:
        try:
            body = load(settings.articles / path, settings.articles, settings.max_file_kb)[0].body
        except (KbError, OSError):  # renamed or not readable: there is only the file itself
            continue
        shown = [normal_path(path, unquote(urlsplit(target).path)) for _, target, image in links(body) if image]
        found.update(place for place in shown if place and (settings.articles / place).is_file())
    return sorted(found)


def _index(settings: Settings, paths: Sequence[str]) -> str:
    from kb.desk.publishing import indexes_here

    if not indexes_here(settings):
        return ""
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
    from kb.desk.publishing import build, update  # a site that only answers needs nothing that builds

    try:
        update(settings, paths)
    except BusyError:
        raise
    except BundleError:  # none yet, or one that can't be brought up to date
        build(settings)
