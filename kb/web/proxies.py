"""This module answers: through which proxies does a request come? Those that are named are believed, no other.

What a trusted proxy says of the address, the name and TLS is taken (X-Forwarded-For, -Proto, -Host); from anybody else
the same headers change nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TrustedProxies:
    """Around the application: believes named proxies, and marks what came through one (environ guzhi.trusted)."""

    def __init__(self, app: Wsgi, proxies: Sequence[str]) -> None:
        """proxies: addresses or networks, such as 127.0.0.1 and 10.0.0.0/8."""
        self._app, self._behind = app, ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._networks = [ip_network(p, strict=False) for p in proxies]

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        environ["guzhi.trusted"] = self._is_trusted(environ.get("REMOTE_ADDR", ""))
        return self._behind(environ, start) if environ["guzhi.trusted"] else self._app(environ, start)

    def _is_trusted(self, address: str) -> bool:
        try:
            sender = ip_address(address)
        except ValueError:
            return False
        return any(sender in network for network in self._networks)
