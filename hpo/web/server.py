"""How the server listens: one thread a request, on IPv4 or IPv6, quiet unless asked."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from hpo.storage.errors import UserError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SILENCE_SECONDS = 60
"""How long a connection may say nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """A WSGI server whose requests have a thread each."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[Any, ...], family: socket.AddressFamily, *, verbose: bool) -> None:
        self.address_family = family
        self._verbose = verbose
        super().__init__(address, _Handler if verbose else _QuietHandler)

    def server_bind(self) -> None:
        """Bind; the standard library asks a name server for this machine's name here, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep still about browsers that leave before they have heard the answer."""
        if self._verbose or not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    timeout = SILENCE_SECONDS


class _QuietHandler(_Handler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing about a request."""


def listen(host: str, port: int, *, verbose: bool = False) -> Server:
    """Return a server that listens at `host` and `port` (0: any that is free) and is to be given its application.

    Raises UserError if it cannot, saying why.
    """
    if not 0 <= port <= 65535:
        raise UserError(f"--port {port}: ports are numbers from 0 (any that is free) to 65535")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise UserError(f"--host {host}: no such host; 127.0.0.1 is this machine, 0.0.0.0 all its addresses") from error
    try:
        return Server(address, family, verbose=verbose)
    except OSError as error:
        hints = {
            errno.EADDRINUSE: f"port {port} is in use; name another one with --port, or --port 0 for any that is free",
            errno.EACCES: f"port {port} is for administrators; take one from 1024 on",
            errno.EADDRNOTAVAIL: f"--host {host} is no address of this machine",
        }
        raise UserError(hints.get(error.errno or 0, f"cannot listen at {host}, port {port}: {error}")) from error


def address_of(host: str, port: int) -> str:
    """Return the address to open in a browser; for all addresses of a machine, the one that works on it itself."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def run(server: Server, application: WSGIApplication, *, verbose: bool = False) -> None:
    """Serve `application` until somebody stops it."""
    if not verbose:
        logging.getLogger("optuna_dashboard").setLevel(logging.CRITICAL)
    server.set_app(application)
    with server:
        server.serve_forever(poll_interval=0.2)
