"""This module brings what finds articles up to date, whichever engine it is: the index of files here, and the cluster.

A build is made of files on this machine in any case; where the engine is a cluster, it is published there afterwards.
"""

import logging
from collections.abc import Sequence

from kb.errors import KbError
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


def publish_quietly(settings: Settings) -> None:
    """The same beside a site, which tries again with the next index."""
    try:
        publish(settings)
    except KbError as error:
        log.warning("%s", error)
