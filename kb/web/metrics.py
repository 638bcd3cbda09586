"""This module counts what the site does and tells it to Prometheus: /metrics, for programs with a token.

Counts lie in memory that all processes of a site share, each in a row of its own, so that nobody waits for anybody and
a process that is started anew goes on in the row of the one before. Nothing of a request is kept but which page it was.
"""

import mmap
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from kb import __version__
from kb.errors import BundleError, EngineError, StoreError
from kb.keeping.record import kept
from kb.web import authorization
from kb.web.supervisor import is_alive
from kb.web.views import engine_in_force, settings_in_force, store

SLOTS = 64
"""Rows: as many as a site may have processes."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper ends of the classes of durations; one class more is for what took longer."""
STATUSES = (
    200,
    201,
    204,
    206,
    301,
    302,
    303,
    304,
    308,
    400,
    401,
    403,
    404,
    405,
    409,
    412,
    413,
    415,
    421,
    429,
    500,
    503,
)
OTHER = "other"
"""What stands for an address that leads nowhere, and for a status that is none of these."""
PASTES = {("suggestions", "POST"): "page", ("ask", "POST"): "page", ("api.suggest_api", "POST"): "api",
          ("retrieval.retrieval", "POST"): "retrieval"}  # fmt: skip
"""Where pastes come in."""


class Counts:
    """How often each page was answered with which status, how long it took, and pastes, for all processes together."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = (*pages, OTHER)
        self._kinds = tuple(dict.fromkeys(PASTES.values()))
        self._page_numbers = {page: n for n, page in enumerate(self._pages)}
        self._status_numbers = {status: n for n, status in enumerate(STATUSES)}
        self._width = len(STATUSES) + 1 + len(SECONDS) + 1 + 1  # of a page: statuses, durations, their sum
        self._row = 1 + len(self._kinds) + len(self._pages) * self._width  # of a process: its number, pastes, pages
        self._memory = mmap.mmap(-1, SLOTS * self._row * 8)
        self._values = memoryview(self._memory).cast("d")
        self._lock = threading.Lock()
        self.use(0)

    def use(self, slot: int) -> None:
        """Count in this row from now on: what a new process does first."""
        self._start = slot * self._row
        self._values[self._start] = os.getpid()

    def add(self, page: str, status: int, seconds: float, paste: str = "") -> None:
        """Count a request. paste: where it came in, "" for what is none."""
        start = self._page(self._start, self._page_numbers.get(page, len(self._pages) - 1))
        durations = start + len(STATUSES) + 1
        with self._lock:
            self._values[start + self._status_numbers.get(status, len(STATUSES))] += 1
            self._values[durations + bisect_left(SECONDS, seconds)] += 1
            self._values[durations + len(SECONDS) + 1] += seconds
            if paste:
                self._values[self._start + 1 + self._kinds.index(paste)] += 1

    def processes(self) -> int:
        """How many of the processes that ever counted are alive."""
        numbers = {int(self._values[slot * self._row]) for slot in range(SLOTS)} - {0}
        return sum(map(is_alive, numbers))

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("guzhi_requests", "Requests answered.", labels=["endpoint", "status"])
        seconds = HistogramMetricFamily("guzhi_request_seconds", "Seconds a request took.", labels=["endpoint"])
        for number, page in enumerate(self._pages):
            sums = [sum(column) for column in zip(*self._rows(number), strict=True)]
            statuses, durations = sums[: len(STATUSES) + 1], sums[len(STATUSES) + 1 :]
            for status, count in zip((*map(str, STATUSES), OTHER), statuses, strict=True):
                if count:
                    requests.add_metric([page, status], count)
            if any(statuses):
                ends = (*map(str, SECONDS), "+Inf")
                seconds.add_metric([page], list(zip(ends, accumulate(durations[:-1]), strict=True)), durations[-1])
        pastes = CounterMetricFamily("guzhi_pastes", "Pastes answered.", labels=["by"])
        for number, kind in enumerate(self._kinds):
            pastes.add_metric([kind], sum(self._values[slot * self._row + 1 + number] for slot in range(SLOTS)))
        yield from (requests, seconds, pastes)

    def _page(self, start: int, number: int) -> int:
        return start + 1 + len(self._kinds) + number * self._width

    def _rows(self, number: int) -> Iterator[list[float]]:
        for slot in range(SLOTS):
            start = self._page(slot * self._row, number)
            yield list(map(float, self._values[start : start + self._width]))


class State:
    """How the base is right now."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("guzhi_up", "Whether questions can be answered.", float(self._engine()))
        yield _gauge("guzhi_info", "The version that runs.", 1, version=__version__)
        yield GaugeMetricFamily("guzhi_database_up", "Whether the database answers.", float(_database()))
        yield GaugeMetricFamily("guzhi_processes", "Processes of the site that are alive.", counts().processes())
        if self._engine():
            build = engine_in_force().build()
            built = datetime.fromisoformat(build.built)
            yield GaugeMetricFamily("guzhi_articles", "Articles in the index.", build.articles)
            yield GaugeMetricFamily("guzhi_passages", "Passages in the index.", build.passages)
            yield GaugeMetricFamily("guzhi_index_age_seconds", "Since the index was built.", _age(built))
        known = kept(settings_in_force().index)
        if known.made:
            yield GaugeMetricFamily("guzhi_backup_age_seconds", "Since the last backup.", _age(known.made))
        if known.drilled:
            yield GaugeMetricFamily("guzhi_drill_age_seconds", "Since a backup was proved.", _age(known.drilled))
        yield GaugeMetricFamily("guzhi_drill_failed", "Whether a drill failed since.", float(known.failed is not None))

    def _engine(self) -> bool:
        try:
            engine_in_force()
        except (BundleError, EngineError):
            return False
        return True


def _gauge(name: str, told: str, value: float, **labels: str) -> Metric:
    gauge = GaugeMetricFamily(name, told, labels=list(labels))
    gauge.add_metric(list(labels.values()), value)
    return gauge


def _database() -> bool:
    try:
        store().ping()
    except StoreError:
        return False
    return True


def _age(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment.astimezone(UTC)).total_seconds())


def counts() -> Counts:
    found: Counts = current_app.config["METRICS"]
    return found


def metrics() -> Response:
    """What Prometheus reads."""
    authorization.require("metrics", closed=True)
    registry = CollectorRegistry()
    registry.register(counts())
    registry.register(State())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def init_app(app: Flask) -> None:
    """Count every request, also those that others refuse: it comes before them."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        g.seconds = time.perf_counter() - g.started
        paste = PASTES.get((request.endpoint or "", request.method), "") if response.status_code == 200 else ""
        counts().add(request.endpoint or OTHER, response.status_code, g.seconds, paste)
        return response

    app.add_url_rule("/metrics", view_func=metrics)


def begin(app: Flask) -> None:
    """What counts, when all pages are known. Processes that are forked later count in the same memory."""
    app.config["METRICS"] = Counts(sorted(app.view_functions))
