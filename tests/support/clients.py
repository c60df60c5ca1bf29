"""A server on a free port of this machine, and who asks it."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hpo.web.server import listen


@contextmanager
def served(application: Any, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve `application` on a free port, which is given."""
    with listen(host, 0) as server:
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class Client:
    """A browser, or what claims to be one."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port, self.host = port, host
        self.origin = f"http://{host}:{port}"

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
        """Return the status, the headers by their names in small letters, and the body of an answer."""
        status, found, content = self._ask(method, path, body, headers)
        return status, found, content.decode()

    def load(self, path: str) -> bytes:
        """Return the content of a file."""
        status, _, content = self._ask("GET", path, None, {})
        assert status == 200
        return content

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def uploaded(client: Client, study: int, filename: str, content: bytes) -> str:
    """Upload a file to a study, as the dashboard's pages do; return its path."""
    file = f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
    headers = {"Origin": client.origin, "Content_Type": "application/json"}
    body = json.dumps({"file": file, "filename": filename})
    status, _, answer = client.ask("POST", f"/api/artifacts/{study}", body, **headers)
    assert status == 201
    return f"/artifacts/{study}/{json.loads(answer)['artifact_id']}"
