"""A way to a server that can be shut: what is refused, and what hangs, as when a cluster is away or too busy."""

import select
import socket
import threading
from contextlib import suppress


class Gate:
    """Passes connections on to a port of this machine. port: its own; the same one after it was shut and opened."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._open: list[socket.socket] = []
        self._stalled = False
        self._listening: socket.socket | None = None
        self.port = 0
        self.open()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Let everybody through."""
        self._stalled = False
        if self._listening is None:
            self._listening = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listening.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def stall(self) -> None:
        """Take what is said, and answer nothing."""
        self._stalled = True

    def shut(self) -> None:
        """Refuse who comes, and break off with who is there."""
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            self._open += [near, far]
            threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with near, far, suppress(OSError):
            while True:
                for one in select.select([near, far], [], [], 60)[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    if not self._stalled:
                        other[one].sendall(data)
