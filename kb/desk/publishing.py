"""This module brings what finds articles up to date, whichever engine it is: the index of files here, and the cluster.

A build is made of files on this machine in any case; where the engine is a cluster, it is published there afterwards.
"""

import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from secrets import token_hex

from kb.database.connection import Store
from kb.database.election import Election, holder
from kb.errors import KbError, StoreError
from kb.indexer import build as indexing
from kb.indexer.build import Report
from kb.indexer.parallel import Progress
from kb.settings import Settings

log = logging.getLogger(__name__)


def build(settings: Settings, full: bool = False, progress: Progress | None = None) -> Report:
    """Bring the index up to date with the articles folder. Raises as kb.indexer.build.build, and EngineError."""
    report = indexing.build(settings, full, progress)
    publish(settings, progress)
    return report


def update(settings: Settings, paths: Sequence[str], progress: Progress | None = None) -> Report:
    """The same for some articles, without looking at the others."""
    report = indexing.update(settings, paths, progress)
    publish(settings, progress)
    return report


def publish(settings: Settings, progress: Progress | None = None) -> None:
    """Bring the cluster to the build of this machine, and to what was found out about it since. Raises EngineError."""
    if settings.engine == "opensearch":
        from kb.search.opensearch.publish import publish as to_the_cluster

        to_the_cluster(settings, progress)


@contextlib.contextmanager
def aside(settings: Settings) -> Iterator[Settings]:
    """What was built in an index folder of its own, as an index of its own in the cluster, which is gone afterwards."""
    if settings.engine != "opensearch":
        yield settings
        return
    from kb.search.opensearch.publish import remove

    there = replace(settings, opensearch_index=f"{settings.opensearch_index}.aside{token_hex(4)}")
    try:
        publish(there)
        yield there
    finally:
        remove(there)


def publish_quietly(settings: Settings) -> None:
    """The same beside a site, which tries again with the next index."""
    try:
        publish(settings)
    except KbError as error:
        log.warning("%s", error)


# --- which machine indexes -------------------------------------------------------------------


def _is_shared(settings: Settings) -> bool:
    """Whether other machines may answer from what this one finds."""
    return settings.engine == "opensearch" and "://" in settings.database


def _name(settings: Settings) -> str:
    """By which the other machines know this one, and this index folder."""
    place = f"{socket.gethostname()}:{settings.index}"
    return f"guzhi-{blake2b(place.encode('utf8', 'surrogatepass'), digest_size=12).hexdigest()}"


class Indexer:
    """Whether this machine is the one that indexes: of several that share a database and a cluster one is elected."""

    def __init__(self, settings: Settings) -> None:
        self._election = Election(Store(settings.database), _name(settings)) if _is_shared(settings) else None

    def elected(self) -> bool:
        return self._election is None or self._election.held()

    def close(self) -> None:
        if self._election is not None:
            self._election.close()


def indexes_here(settings: Settings) -> bool:
    """Whether what is saved on this machine is indexed by it at once; else the machine that indexes sees the file."""
    if not _is_shared(settings):
        return True
    store = Store(settings.database)
    try:
        return holder(store) == _name(settings)
    except StoreError:
        return False
    finally:
        store.close()
