"""A link to a server that can go dead: connections stay open, and nothing comes through."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Self


class Link:
    """Carries what comes to its `port` to another port of this machine, and back."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open, self._closed = threading.Event(), threading.Event()
        self._open.set()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._carry, daemon=True, name="link")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._open.set()
        self._thread.join()
        for each in (*self._pairs, self._listener):
            each.close()

    def freeze(self) -> None:
        """Let nothing through, new connections neither."""
        self._open.clear()

    def thaw(self) -> None:
        """Let everything through again, also what has waited."""
        self._open.set()

    def _carry(self) -> None:
        while not self._closed.is_set():
            self._open.wait()
            ready, _, _ = select.select([self._listener, *self._pairs], [], [], 0.1)
            for each in ready:
                if not self._open.is_set():
                    break
                if each is self._listener:
                    self._connect()
                elif each in self._pairs:
                    self._pass_on(each)

    def _connect(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            client.close()
            return
        self._pairs |= {client: server, server: client}

    def _pass_on(self, each: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if data := each.recv(65536):
                self._pairs[each].sendall(data)
                return
        other = self._pairs.pop(each)
        self._pairs.pop(other, None)
        each.close()
        other.close()
