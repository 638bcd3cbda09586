"""This module asks a cluster: every call has its time, one node that is away is no failure, and each state a sentence.

away        no node answers: what is asked is told so at once, and again when one does
slow        a node answers, but not in time
red         some shard is on no node: what is there can't be found whole
read-only   the disks are full: searches answer, saves are refused
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from kb.errors import BundleError, EngineError, RefusedSaveError
from kb.language import say
from kb.model import EngineState
from kb.settings import Settings, secret_of

log = logging.getLogger(__name__)

SECONDS = 10.0
"""A search is waited for so long; a node that is away costs a second of it at most."""
CONNECT_SECONDS = 1.0
CLOSE_SECONDS = 2.0
"""What is given back, also when a process ends."""
WRITE_SECONDS = 60.0
"""A request that writes."""
RETRIES = 3
KEPT_MINUTES = 5
"""A view of the index stays for so long after it was last asked."""
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before what was not taken, or found no shard for a moment, is asked again."""
BATCH_BYTES = 4_000_000
"""Of documents that are written together."""

Body = dict[str, Any]
T = TypeVar("T")


class Client:
    """The cluster of a base. Safe to share between threads; processes that are forked open connections of their own."""

    def __init__(self, settings: Settings) -> None:
        self.alias = settings.opensearch_index
        self._settings = settings
        self._lock = threading.Lock()
        self._connected: Any = None
        self._process = 0

    @property
    def _asked(self) -> Any:
        """opensearch-py's client, one for each process: two that share a connection would read each other's answers."""
        with self._lock:
            if self._connected is None or self._process != os.getpid():
                self._connected, self._process = self._connect(), os.getpid()
            return self._connected

    def _connect(self) -> Any:
        """All nodes are known, and one that fails is passed over for a while."""
        try:
            from opensearchpy import OpenSearch
            from urllib3 import Timeout
        except ModuleNotFoundError:
            raise BundleError(
                say(
                    "engine = opensearch 要用 opensearch-py：pip install 'guzhi[opensearch]'",
                    "engine = opensearch needs opensearch-py: pip install 'guzhi[opensearch]'",
                )
            )
        logging.getLogger("opensearch").setLevel(logging.ERROR)  # it would log addresses, and what people search for
        chosen = self._settings
        login: dict[str, Any] = {}
        if key := secret_of("KB_OPENSEARCH_KEY"):
            login["headers"] = {"Authorization": f"ApiKey {key}"}
        elif chosen.opensearch_user:
            login["http_auth"] = (chosen.opensearch_user, secret_of("KB_OPENSEARCH_PASSWORD"))
        if any(host.startswith("https:") for host in chosen.opensearch):
            login |= {"verify_certs": True, "ca_certs": chosen.opensearch_ca or None}
        return OpenSearch(
            list(chosen.opensearch),
            timeout=Timeout(connect=CONNECT_SECONDS, read=SECONDS),
            max_retries=RETRIES,
            retry_on_timeout=False,
            retry_on_status=(429, 502, 503, 504),
            http_compress=False,
            pool_maxsize=max(chosen.threads, 4),
            **login,
        )

    # --- reading ---

    def search(self, body: Body, index: str | None = None) -> Body:
        """One question; with a view of the index (see view) in the body it names no index."""
        with reported():
            target = {} if "pit" in body else {"index": index or self.alias}
            found: Body = self._asked.search(body=body, **target, params=_PARTIAL)
        return _whole(found)

    def searches(self, bodies: Sequence[Body]) -> list[Body]:
        """Several at once."""
        if len(bodies) == 1:
            return [self.search(bodies[0])]
        lines: list[Body] = []
        for body in bodies:
            lines += [{} if "pit" in body else {"index": self.alias}, body]
        with reported():
            found = self._asked.msearch(body=lines)["responses"] if lines else []
        return [_whole(one) for one in found]

    def get(self, number: str, index: str | None = None) -> Body | None:
        """A document as it was written last, None when there is none."""
        return _patiently(lambda: self._get(number, index))

    def _get(self, number: str, index: str | None) -> Body | None:
        from opensearchpy.exceptions import NotFoundError

        with reported():
            try:
                found: Body = self._asked.get(index=index or self.alias, id=number)
            except NotFoundError:
                return None
        source: Body = found["_source"]
        return source

    def view(self) -> str:
        """What the index holds now, which stays so for who asks by it while others write."""
        with reported():
            kept = {"keep_alive": f"{KEPT_MINUTES}m", "allow_partial_pit_creation": "false"}
            made = self._asked.create_pit(index=self.alias, params=kept)
        return str(made["pit_id"])

    def close_view(self, view: str) -> None:
        """It is asked no more. One that the cluster lost is closed already."""
        from opensearchpy.exceptions import OpenSearchException

        try:
            self._asked.delete_pit(body={"pit_id": [view]}, request_timeout=CLOSE_SECONDS)
        except OpenSearchException as error:
            log.debug("a view is not closed: %s", type(error).__name__)

    # --- writing ---

    def create(self, index: str, body: Body) -> None:
        with reported():
            self._asked.indices.create(index=index, body=body, params={"timeout": "30s"}, request_timeout=WRITE_SECONDS)

    def write(self, index: str, actions: Iterable[Body], versioned: bool = False) -> None:
        """Write or delete documents by their ids: {"_id": ..., "_source": ...}, without a source to delete.

        versioned: what has a _version replaces only what is not newer. Raises EngineError, RefusedSaveError.
        """
        batch: list[str] = []
        size = 0
        for line in _lines(actions, versioned):
            batch.append(line)
            size += len(line)
            if size > BATCH_BYTES:
                _patiently(partial(self._write, index, batch))
                batch, size = [], 0
        if batch:
            _patiently(partial(self._write, index, batch))

    def _write(self, index: str, lines: Sequence[str]) -> None:
        with reported():
            told = self._asked.bulk(
                index=index, body="\n".join(lines) + "\n", params={"timeout": "30s"}, request_timeout=WRITE_SECONDS
            )
        for item in told["items"] if told["errors"] else ():
            ((_, done),) = item.items()
            if done["status"] >= 400 and done["status"] not in (404, 409):  # gone already; a newer one is there
                if done["status"] in (429, 503):
                    raise RejectedError(_slow(), "slow")
                why = f"{done['error']['type']}: {done['error'].get('reason', '')}"
                if done["error"]["type"] == "cluster_block_exception":
                    raise RefusedSaveError(_read_only())
                raise EngineError(_refused(why[:300]))

    def refresh(self, index: str) -> None:
        """What was written is found from here on."""
        _patiently(lambda: self._refresh(index))

    def _refresh(self, index: str) -> None:
        with reported():
            told = self._asked.indices.refresh(index=index, request_timeout=WRITE_SECONDS)
        if told["_shards"]["successful"] == 0:
            raise EngineError(_red(), "red")

    def settle(self, index: str, replicas: int) -> None:
        """An index that was filled gets its copies, and is as it will be."""
        with reported():
            body = {"index": {"number_of_replicas": replicas, "refresh_interval": "1s"}}
            self._asked.indices.put_settings(index=index, body=body, request_timeout=WRITE_SECONDS)
            self._asked.indices.flush(index=index, request_timeout=WRITE_SECONDS)

    def indexes(self) -> list[str]:
        """The indexes of this base, oldest first."""
        with reported():
            return sorted(self._asked.indices.get(index=f"{self.alias}-*", params={"expand_wildcards": "open"}))

    def current(self) -> str | None:
        """The index that the alias stands for, None for none."""
        from opensearchpy.exceptions import NotFoundError

        with reported():
            try:
                return min(self._asked.indices.get_alias(name=self.alias), default=None)
            except NotFoundError:
                return None

    def switch(self, index: str, before: str | None) -> None:
        """Let the alias stand for another index, in one step."""
        actions: list[Body] = [{"add": {"index": index, "alias": self.alias}}]
        if before is not None:
            actions.insert(0, {"remove": {"index": before, "alias": self.alias}})
        with reported():
            self._asked.indices.update_aliases(body={"actions": actions}, request_timeout=WRITE_SECONDS)

    def delete(self, index: str) -> None:
        with reported():
            self._asked.indices.delete(
                index=index, params={"ignore_unavailable": "true"}, request_timeout=WRITE_SECONDS
            )

    # --- how it is ---

    def state(self) -> EngineState:
        """The state of the cluster and of this base's indexes in it. Never raises."""
        try:
            with reported():
                found = self._asked.cluster.health(index=f"{self.alias}-*", params={"timeout": "2s"}, request_timeout=3)
                blocks = self._asked.indices.get_settings(
                    index=f"{self.alias}-*", name="index.blocks.*", params={"flat_settings": "true"}, request_timeout=3
                )
        except EngineError as error:
            return EngineState(error.state, False, str(error))
        if found["status"] == "red":
            return EngineState("red", False, _red())
        values = [value for index in blocks.values() for value in index.get("settings", {}).values()]
        if "true" in values or True in values:
            return EngineState("read-only", True, _read_only())
        nodes, status = found["number_of_nodes"], found["status"]
        return EngineState(status, True, say("{n} 个节点，{status}", "{n} nodes, {status}", n=nodes, status=status))


def _patiently(ask: Callable[[], T]) -> T:
    """A cluster that has too much to do, or that a node left, answers later; by their ids nothing is written twice."""
    for pause in PAUSES:
        try:
            return ask()
        except EngineError as error:
            if not isinstance(error, RejectedError) and error.state != "red":
                raise
        time.sleep(pause)
    return ask()


_PARTIAL = {"allow_partial_search_results": "false"}
"""An answer from some shards alone would be no answer."""


def _lines(actions: Iterable[Body], versioned: bool) -> Iterator[str]:
    import json

    for action in actions:
        head: Body = {"_id": action["_id"]}
        if versioned and "_version" in action:
            head |= {"version": action["_version"], "version_type": "external_gte"}
        if "_source" in action:
            source = json.dumps(action["_source"], ensure_ascii=False, separators=(",", ":"))
            yield json.dumps({"index": head}) + "\n" + source
        else:
            yield json.dumps({"delete": head})


def _whole(found: Body) -> Body:
    """An answer. Raises EngineError for one of some shards only."""
    if "error" in found:
        why = found["error"].get("type", "")
        raise LostViewError(_refused(why), "away") if _is_lost(found) else EngineError(_refused(why), "red")
    if found.get("timed_out"):
        raise EngineError(_slow(), "slow")
    if found.get("_shards", {}).get("failed"):
        raise EngineError(_red(), "red")
    return found


class LostViewError(EngineError):
    """The cluster no longer knows what was seen by a view: a node that held it is away."""


class RejectedError(EngineError):
    """The cluster had too much in hand to begin with a question: it may be asked again at once."""


def _is_lost(found: Body) -> bool:
    told = str(found.get("error", ""))
    return "search_context_missing" in told or "SearchContextMissing" in told


@contextmanager
def reported() -> Iterator[None]:
    """Inside, what the client raises becomes a sentence about the cluster."""
    from opensearchpy import exceptions as known

    try:
        yield
    except known.ConnectionTimeout:
        raise EngineError(_slow(), "slow")
    except known.SSLError:
        raise EngineError(
            say(
                "OpenSearch 的证书不可信：在 opensearch_ca 写签发它的 CA 证书文件",
                "the certificate of OpenSearch is not trusted: name the file of its authority in opensearch_ca",
            )
        )
    except known.ConnectionError as error:
        slow = "timed out" in str(error).lower() and "connect" not in str(error).lower()
        raise EngineError(_slow() if slow else _away(), "slow" if slow else "away")
    except (known.AuthenticationException, known.AuthorizationException):
        raise EngineError(
            say(
                "OpenSearch 不认这个用户：看看 opensearch_user 和 KB_OPENSEARCH_PASSWORD（或 KB_OPENSEARCH_KEY）",
                "OpenSearch does not know this user: look at opensearch_user and KB_OPENSEARCH_PASSWORD (or "
                "KB_OPENSEARCH_KEY)",
            ),
            "refused",
        )
    except known.TransportError as error:
        raise _failed(error)


def _failed(error: Any) -> Exception:
    """What a status and the name of an error mean."""
    name = str(error.error)
    told: Mapping[str, Any] = error.info if isinstance(error.info, dict) else {}
    if _is_lost(dict(told)):
        return LostViewError(_away(), "away")
    if name == "cluster_block_exception":
        if "FORBIDDEN/12" in str(told) or "read-only" in str(told):
            return RefusedSaveError(_read_only())
        return EngineError(_away(), "away")
    if error.status_code == 429:
        return RejectedError(_slow(), "slow")
    if name in ("search_phase_execution_exception", "no_shard_available_action_exception") or error.status_code == 503:
        return EngineError(_red(), "red")
    return EngineError(_refused(f"{error.status_code} {name}"))


def _away() -> str:
    return say(
        "搜索集群（OpenSearch）现在连不上；文章还能打开，搜索等它恢复后自动可用",
        "the search cluster (OpenSearch) does not answer; articles can still be read, and searches work again by "
        "themselves when it does",
    )


def _slow() -> str:
    return say(
        "搜索集群（OpenSearch）在规定时间内没有答复，太忙了；稍后再试",
        "the search cluster (OpenSearch) did not answer in time, it is too busy; try again in a moment",
    )


def _red() -> str:
    return say(
        "搜索集群（OpenSearch）有分片不可用（red）：少了节点，等它们回来",
        "some shards of the search cluster (OpenSearch) are on no node (red): it waits for nodes to come back",
    )


def _read_only() -> str:
    return say(
        "搜索集群（OpenSearch）只读，多半是磁盘满了：能搜，不能更新索引。腾出空间后它会自己恢复",
        "the search cluster (OpenSearch) is read-only, its disks are full as a rule: searches answer, the index can't "
        "be changed. It goes on by itself once there is room",
    )


def _refused(why: str) -> str:
    return say("搜索集群（OpenSearch）没有照做：{why}", "the search cluster (OpenSearch) refused: {why}", why=why)
