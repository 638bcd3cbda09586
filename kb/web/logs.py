"""This module writes the log: as text, or as a line of JSON for each event, with the number of its request.

No line holds what was asked, pasted or sent, an address, or a name: a request is its page, status and time.
"""

import json
import logging
import re
import secrets
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, request

HEADER = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")
OURS = "kb"
requests = logging.getLogger("kb.requests")


class Lines(logging.Formatter):
    """A line of JSON for each event."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
        }
        if has_request_context() and "request_id" in g:
            told["request"] = g.request_id
        # What others put into a message may quote a request; the message itself does not.
        told["message"] = record.getMessage() if record.name.partition(".")[0] == OURS else str(record.msg)
        told.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[0]:
            told["error"] = record.exc_info[0].__name__
            told["trace"] = "".join(traceback.format_tb(record.exc_info[2]))
        return json.dumps(told, ensure_ascii=False)


def configure(kind: str) -> None:
    """Write the log of this process, and of those it starts, to standard error. kind: text or json."""
    if kind != "json":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.getLogger().handlers[:] = [handler]
    requests.setLevel(logging.INFO)


def init_app(app: Flask) -> None:
    """Give each request a number: that of the proxy in front, when it sends one that is one."""

    @app.before_request
    def number() -> None:
        sent = request.headers.get(HEADER, "")
        g.request_id = sent if _USABLE.fullmatch(sent) else secrets.token_hex(8)

    @app.after_request
    def line(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        if requests.isEnabledFor(logging.INFO):
            facts = {
                "method": request.method,
                "endpoint": request.endpoint or "",
                "status": response.status_code,
                "ms": round(g.seconds * 1000, 1),
            }
            requests.info("answered", extra={"facts": facts})
        return response
